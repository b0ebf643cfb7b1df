//! The parser: TOML 1.0, with what 1.1 adds (<https://toml.io/en/v1.1.0>), in one
//! pass that borrows from the text.
//!
//! Why not the `toml` crate: of a lockfile of 10,000 packages, some 20 MB and half a
//! million values, it makes a tree without the spans of tables in more time than
//! this and the reader together take for the whole inventory. A property test
//! holds the two to the same opinion. [`super::values`] reads what stands after a `=`.

use std::borrow::Cow;
use std::collections::HashMap;

use vetch_model::evidence::Span;

use super::{Kind, Member, Table, Value};
use crate::error::{ReadErrorKind, short};

/// Deepest nesting of values; honest files stay below 10.
pub(super) const MAX_DEPTH: usize = 64;

/// Up to this many members a look at each is quicker than a hash.
pub(super) const FEW: usize = 16;

/// Why the text is not taken.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: ReadErrorKind,
    pub(super) at: usize,
    pub(super) problem: String,
}

/// Parses a text. `skipped` bytes of the file stand before it: spans count them.
pub(super) fn parse(text: &str, skipped: usize, max_values: usize) -> Result<Table<'_>, Fault> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, skipped, room: max_values };
    let mut builder = Builder::new();
    loop {
        parser.blank_lines()?;
        match parser.peek() {
            None => break,
            Some(b'[') => parser.header(&mut builder)?,
            Some(_) => parser.assignment(&mut builder)?,
        }
        parser.line_end()?;
    }
    Ok(builder.finish())
}

/// A cursor over the text.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) skipped: usize,
    /// Values that may still come.
    pub(super) room: usize,
}

/// A key of one or more parts, and where it starts.
pub(super) struct Key<'a> {
    pub(super) first: Vec<Cow<'a, str>>,
    pub(super) last: Cow<'a, str>,
    pub(super) start: usize,
}

impl<'a> Parser<'a> {
    /// `[a.b]` or `[[a.b]]`.
    fn header(&mut self, builder: &mut Builder<'a>) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        let is_list = self.eat(b'[');
        self.spaces();
        let key = self.key(0)?;
        self.spaces();
        if !self.eat(b']') || (is_list && !self.eat(b']')) {
            return self.unexpected(if is_list { "`]]`" } else { "`]`" });
        }
        self.take_room(start)?;
        let span = self.span_from(start);
        builder.open(key, is_list, span).map_err(|problem| Fault { kind: ReadErrorKind::Syntax, at: start, problem })
    }

    /// `a.b = value`.
    fn assignment(&mut self, builder: &mut Builder<'a>) -> Result<(), Fault> {
        let depth = builder.depth();
        let key = self.key(depth)?;
        self.spaces();
        if !self.eat(b'=') {
            return self.unexpected("`=`");
        }
        self.spaces();
        let start = key.start;
        let value = self.value(depth + key.first.len() + 1)?;
        let span = self.span_from(start);
        builder.assign(key, value, span).map_err(|problem| Fault { kind: ReadErrorKind::Syntax, at: start, problem })
    }

    /// A key; with what is around it, it may not nest deeper than [`MAX_DEPTH`].
    pub(super) fn key(&mut self, depth: usize) -> Result<Key<'a>, Fault> {
        let start = self.at;
        let mut key = Key { first: Vec::new(), last: self.key_part()?, start };
        loop {
            let back = self.at;
            self.spaces();
            if !self.eat(b'.') {
                self.at = back;
                return Ok(key);
            }
            self.spaces();
            let part = self.key_part()?;
            key.first.push(std::mem::replace(&mut key.last, part));
            if depth + key.first.len() > MAX_DEPTH {
                return self.too_deep();
            }
        }
    }

    fn key_part(&mut self) -> Result<Cow<'a, str>, Fault> {
        match self.peek() {
            Some(b'"') => self.basic(),
            Some(b'\'') => self.literal(),
            _ => {
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                let is_bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                let length = rest.iter().position(|byte| !is_bare(byte)).unwrap_or(rest.len());
                if length == 0 {
                    return self.unexpected("a key");
                }
                let start = self.at;
                self.at += length;
                Ok(Cow::Borrowed(self.slice(start, self.at)))
            }
        }
    }

    /// Spaces, comments and line ends.
    pub(super) fn blank_lines(&mut self) -> Result<(), Fault> {
        loop {
            self.spaces();
            match self.peek() {
                Some(b'\n') => self.at += 1,
                Some(b'\r') if self.bytes.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                Some(b'#') => self.comment(),
                Some(b'\r') => return self.unexpected("a line feed after the carriage return"),
                _ => return Ok(()),
            }
        }
    }

    /// Nothing but a comment may follow on the line.
    fn line_end(&mut self) -> Result<(), Fault> {
        self.spaces();
        match self.peek() {
            None | Some(b'\n' | b'\r' | b'#') => Ok(()),
            Some(_) => self.unexpected("the end of the line"),
        }
    }

    fn comment(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    pub(super) fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn span_from(&self, start: usize) -> Span {
        Span { start: (start + self.skipped) as u32, end: (self.at + self.skipped) as u32 }
    }

    pub(super) fn take_room(&mut self, at: usize) -> Result<(), Fault> {
        match self.room.checked_sub(1) {
            Some(room) => {
                self.room = room;
                Ok(())
            }
            None => {
                let problem = "it holds more values than any honest file of its kind".to_owned();
                Err(Fault { kind: ReadErrorKind::TooLarge, at, problem })
            }
        }
    }

    pub(super) fn too_deep<T>(&self) -> Result<T, Fault> {
        let problem = "it nests deeper than any honest file of its kind".to_owned();
        Err(Fault { kind: ReadErrorKind::TooDeep, at: self.at, problem })
    }

    pub(super) fn fault<T>(&self, problem: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { kind: ReadErrorKind::Syntax, at: self.at, problem: problem.into() })
    }

    pub(super) fn unexpected<T>(&self, wanted: &str) -> Result<T, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return self.fault(format!("the file ends where {wanted} should follow"));
        }
        let found: String = rest.lines().next().unwrap_or_default().chars().take(12).collect();
        self.fault(format!("it is no valid TOML: expected {wanted}, found `{found}`"))
    }
}

/// How a table came to be, which decides what may still be added to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// It stands before the last dot of a header.
    Implied,
    /// It has a header of its own.
    Header,
    /// It stands before a dot of a key.
    Dotted,
}

enum Slot<'a> {
    Value(Value<'a>),
    Table(usize),
    Tables(Vec<usize>),
}

struct Entry<'a> {
    key: Cow<'a, str>,
    span: Span,
    slot: Slot<'a>,
}

struct Node<'a> {
    entries: Vec<Entry<'a>>,
    /// Key → entry, once there are more than a [`FEW`].
    index: HashMap<Cow<'a, str>, usize>,
    span: Span,
    origin: Origin,
}

impl<'a> Node<'a> {
    fn find(&self, key: &str) -> Option<usize> {
        if self.index.is_empty() {
            return self.entries.iter().position(|entry| entry.key == key);
        }
        self.index.get(key).copied()
    }

    fn push(&mut self, entry: Entry<'a>) {
        if !self.index.is_empty() {
            self.index.insert(entry.key.clone(), self.entries.len());
        }
        self.entries.push(entry);
        if self.index.is_empty() && self.entries.len() > FEW {
            self.index = self.entries.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
        }
    }
}

/// Tables by headers, which may come in any order, before they become a tree.
struct Builder<'a> {
    nodes: Vec<Node<'a>>,
    /// The root, and the tables of the last header from the outermost on.
    path: Vec<usize>,
}

impl<'a> Builder<'a> {
    fn new() -> Builder<'a> {
        let mut builder = Builder { nodes: Vec::new(), path: vec![0] };
        builder.add(Origin::Header, Span::default());
        builder
    }

    fn add(&mut self, origin: Origin, span: Span) -> usize {
        self.nodes.push(Node { entries: Vec::new(), index: HashMap::new(), span, origin });
        self.nodes.len() - 1
    }

    fn depth(&self) -> usize {
        self.path.len() - 1
    }

    fn current(&self) -> usize {
        self.path.last().copied().unwrap_or(0)
    }

    /// The table `key` of `node`, made if it is not there; of a list of tables the last.
    fn child(&mut self, node: usize, key: Cow<'a, str>, origin: Origin, span: Span) -> Result<usize, String> {
        let found = self.nodes.get(node).and_then(|node| node.find(&key).and_then(|at| node.entries.get(at)));
        match found.map(|entry| &entry.slot) {
            Some(Slot::Table(table)) => Ok(*table),
            Some(Slot::Tables(tables)) if origin == Origin::Implied => Ok(tables.last().copied().unwrap_or(0)),
            Some(_) => Err(not_a_table(&key)),
            None => {
                let table = self.add(origin, span);
                if let Some(node) = self.nodes.get_mut(node) {
                    node.push(Entry { key, span, slot: Slot::Table(table) });
                }
                Ok(table)
            }
        }
    }

    /// Starts the table of a header.
    fn open(&mut self, key: Key<'a>, is_list: bool, span: Span) -> Result<(), String> {
        self.path.clear();
        self.path.push(0);
        let mut node = 0;
        for part in key.first {
            node = self.child(node, part, Origin::Implied, span)?;
            self.path.push(node);
        }
        let fresh = self.nodes.len();
        let Some(parent) = self.nodes.get_mut(node) else { return Ok(()) };
        let place = parent.find(&key.last);
        let table = match place.and_then(|at| parent.entries.get_mut(at)).map(|entry| &mut entry.slot) {
            None => {
                let slot = if is_list { Slot::Tables(vec![fresh]) } else { Slot::Table(fresh) };
                parent.push(Entry { key: key.last, span, slot });
                self.add(Origin::Header, span)
            }
            Some(Slot::Tables(tables)) if is_list => {
                tables.push(fresh);
                self.add(Origin::Header, span)
            }
            Some(Slot::Table(table)) if !is_list => {
                let table = *table;
                match self.nodes.get_mut(table) {
                    Some(node) if node.origin == Origin::Implied => node.origin = Origin::Header,
                    _ => return Err(twice(&key.last)),
                }
                table
            }
            Some(_) => return Err(twice(&key.last)),
        };
        self.path.push(table);
        self.grow(span);
        Ok(())
    }

    /// Sets a key of the current table.
    fn assign(&mut self, key: Key<'a>, value: Value<'a>, span: Span) -> Result<(), String> {
        let mut node = self.current();
        for part in key.first {
            let name = part.clone();
            node = self.child(node, part, Origin::Dotted, span)?;
            match self.nodes.get_mut(node) {
                Some(node) if node.origin == Origin::Dotted => node.span = covering(node.span, span),
                _ => return Err(twice(&name)),
            }
        }
        if let Some(node) = self.nodes.get_mut(node) {
            if node.find(&key.last).is_some() {
                return Err(twice(&key.last));
            }
            node.push(Entry { key: key.last, span, slot: Slot::Value(value) });
        }
        self.grow(span);
        Ok(())
    }

    /// The tables of the last header reach to the end of `span`.
    fn grow(&mut self, span: Span) {
        for node in &self.path {
            if let Some(node) = self.nodes.get_mut(*node) {
                node.span = covering(node.span, span);
            }
        }
    }

    fn finish(mut self) -> Table<'a> {
        self.take(0).0
    }

    /// Moves a table out. Its recursion is bounded: no key nests deeper than [`MAX_DEPTH`].
    fn take(&mut self, node: usize) -> (Table<'a>, Span) {
        let Some(node) = self.nodes.get_mut(node) else { return (Table::default(), Span::default()) };
        let (entries, span) = (std::mem::take(&mut node.entries), node.span);
        let mut members = Vec::with_capacity(entries.len());
        for Entry { key, span, slot } in entries {
            let value = match slot {
                Slot::Value(value) => value,
                Slot::Table(table) => self.take_value(table),
                Slot::Tables(tables) => {
                    let items: Vec<_> = tables.into_iter().map(|table| self.take_value(table)).collect();
                    let span = items.iter().fold(span, |span, item| covering(span, item.span));
                    Value { span, kind: Kind::Array(items) }
                }
            };
            members.push(Member { key, span: covering(span, value.span), value });
        }
        (Table { members }, span)
    }

    fn take_value(&mut self, node: usize) -> Value<'a> {
        let (table, span) = self.take(node);
        Value { span, kind: Kind::Table(table) }
    }
}

fn twice(key: &str) -> String {
    format!("the key `{}` stands twice", short(key))
}

fn not_a_table(key: &str) -> String {
    format!("the key `{}` is no table that can be added to", short(key))
}

pub(super) fn covering(one: Span, other: Span) -> Span {
    Span { start: one.start.min(other.start), end: one.end.max(other.end) }
}
