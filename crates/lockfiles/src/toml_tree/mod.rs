//! TOML with spans, as a tree in file order.
//!
//! The `toml` crate parses; this tree gives what readers of lockfiles need on top:
//! tables in file order, spans that cover a table's members and not only its
//! header, places with lines, and bounds that hold before the parser starts
//! ([`scan`]). A key that stands twice is an error, as for every tool that reads TOML.

mod scan;

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vetch_model::evidence::{Location, Span};

use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::too_large;
use crate::json::{Limits, Lines, conflict_marker};

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) root: Table<'a>,
    pub(crate) lines: Lines,
    pub(crate) file: &'a str,
    bytes: &'a [u8],
}

/// A value and where it stands. A table's span reaches from its header (or the
/// key that made it) to the end of its last member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value<'a> {
    pub(crate) span: Span,
    pub(crate) kind: Kind<'a>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'a> {
    String(Cow<'a, str>),
    /// As written.
    Integer(&'a str),
    /// As written.
    Float(&'a str),
    Bool(bool),
    /// As written.
    Datetime(&'a str),
    Array(Vec<Value<'a>>),
    Table(Table<'a>),
}

/// Members in file order; no key stands twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table<'a> {
    pub(crate) members: Vec<Member<'a>>,
}

/// One key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member<'a> {
    pub(crate) key: Cow<'a, str>,
    /// From the first byte of key or value to past the value's last byte.
    pub(crate) span: Span,
    pub(crate) value: Value<'a>,
}

impl<'a> Table<'a> {
    /// The value of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// The value under a path of keys, as long as each leads to a table.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Value<'a>> {
        let (last, folders) = path.split_last()?;
        let mut table = self;
        for key in folders {
            table = table.get(key)?.as_table()?;
        }
        table.get(last)
    }
}

impl<'a> Value<'a> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A decimal integer that fits.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self.kind {
            Kind::Integer(text) => text.replace('_', "").parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Value<'a>]> {
        match &self.kind {
            Kind::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_table(&self) -> Option<&Table<'a>> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The member `key`, if this is a table that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_table().and_then(|table| table.get(key))
    }

    /// The type in words, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::String(_) => "a string",
            Kind::Integer(_) => "an integer",
            Kind::Float(_) => "a float",
            Kind::Bool(_) => "a boolean",
            Kind::Datetime(_) => "a date or time",
            Kind::Array(_) => "an array",
            Kind::Table(_) => "a table",
        }
    }

    /// `field` holds another type than it should: the problem in words.
    pub(crate) fn wrong_type(&self, field: &str, wanted: &str) -> String {
        format!("`{}` is {}, not {wanted}", short(field), self.type_name())
    }
}

impl Document<'_> {
    /// The place of a span.
    pub(crate) fn location(&self, span: Span) -> Location {
        let (line, column) = self.lines.position(span.start);
        Location { file: self.file.to_owned(), line, column, span }
    }

    /// The text of a span, cut to a length that fits a message.
    pub(crate) fn excerpt(&self, span: Span) -> String {
        let end = (span.end as usize).min(span.start as usize + 512);
        short(&String::from_utf8_lossy(self.bytes.get(span.start as usize..end).unwrap_or_default()))
    }
}

/// Parses one file within `limits`; `hint` tells what to do with a broken one.
///
/// # Errors
/// When it is too large, no UTF-8, no TOML, nested too deeply, or an unfinished merge.
pub(crate) fn parse<'a>(bytes: &'a [u8], file: &'a str, limits: Limits, hint: &str) -> Result<Document<'a>, ReadError> {
    // Offsets are kept in 32 bits.
    let limit = limits.bytes.min(u32::MAX as usize - 1);
    if bytes.len() > limit {
        return Err(too_large(file, bytes.len() as u64, limit as u64));
    }
    let skipped = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let fail = |kind, at: usize, problem: String| Err(explain(kind, at, problem, bytes, file, hint));
    let text = match std::str::from_utf8(bytes.get(skipped..).unwrap_or_default()) {
        Ok(text) => text,
        Err(error) => {
            let problem = "it holds a byte that is no UTF-8".to_owned();
            return fail(ReadErrorKind::Syntax, skipped + error.valid_up_to(), problem);
        }
    };
    if let Err(fault) = scan::check(text.as_bytes(), limits.values) {
        let (kind, problem) = match fault.kind {
            scan::FaultKind::TooDeep => (ReadErrorKind::TooDeep, "it nests deeper than any honest file of its kind"),
            scan::FaultKind::TooMany => {
                (ReadErrorKind::TooLarge, "it holds more values than any honest file of its kind")
            }
        };
        return fail(kind, skipped + fault.at, problem.to_owned());
    }
    match DeTable::parse(text) {
        Ok(root) => {
            let tree = Tree { text, skipped };
            let root = tree.table(root.into_inner());
            Ok(Document { root, lines: Lines::of(bytes), file, bytes })
        }
        Err(error) => {
            let at = skipped + error.span().map_or(0, |span| span.start);
            let kind = if error.message().contains("recurs") { ReadErrorKind::TooDeep } else { ReadErrorKind::Syntax };
            fail(kind, at, format!("it is no valid TOML: {}", short(error.message())))
        }
    }
}

/// An error with its place; an unfinished merge is told by its markers.
fn explain(kind: ReadErrorKind, at: usize, problem: String, bytes: &[u8], file: &str, hint: &str) -> ReadError {
    let (kind, at, problem, hint) = match conflict_marker(bytes) {
        Some(at) if kind == ReadErrorKind::Syntax => (
            ReadErrorKind::Conflict,
            at,
            "an unfinished merge left its conflict markers here".to_owned(),
            "finish the merge, then let the tool that owns the file write it again",
        ),
        _ => (kind, at, problem, hint),
    };
    let offset = at as u32;
    let (line, column) = Lines::of(bytes).position(offset);
    let span = Span { start: offset, end: offset };
    ReadError::new(kind, Location { file: file.to_owned(), line, column, span }, problem, hint)
}

/// Makes the tree. Its recursion is bounded by what [`scan`] and the parser let through.
struct Tree<'a> {
    text: &'a str,
    /// Bytes of a byte-order mark before the text.
    skipped: usize,
}

impl<'a> Tree<'a> {
    fn table(&self, table: DeTable<'a>) -> Table<'a> {
        let mut members: Vec<Member<'a>> = table
            .into_iter()
            .map(|(key, value)| {
                let key_span = self.span(key.span());
                let value = self.value(value);
                let span = covering(key_span, value.span);
                Member { key: key.into_inner(), span, value }
            })
            .collect();
        members.sort_by_key(|member| member.span.start);
        Table { members }
    }

    fn value(&self, value: Spanned<DeValue<'a>>) -> Value<'a> {
        let written = value.span();
        let raw = self.text.get(written.clone()).unwrap_or_default();
        let mut span = self.span(written);
        let kind = match value.into_inner() {
            DeValue::String(text) => Kind::String(text),
            DeValue::Integer(_) => Kind::Integer(raw),
            DeValue::Float(_) => Kind::Float(raw),
            DeValue::Boolean(value) => Kind::Bool(value),
            DeValue::Datetime(_) => Kind::Datetime(raw),
            DeValue::Array(items) => {
                let items: Vec<Value<'a>> = items.into_iter().map(|item| self.value(item)).collect();
                span = items.iter().fold(span, |span, item| covering(span, item.span));
                Kind::Array(items)
            }
            DeValue::Table(table) => {
                let table = self.table(table);
                span = table.members.iter().fold(span, |span, member| covering(span, member.span));
                Kind::Table(table)
            }
        };
        Value { span, kind }
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span { start: (range.start + self.skipped) as u32, end: (range.end + self.skipped) as u32 }
    }
}

fn covering(one: Span, other: Span) -> Span {
    Span { start: one.start.min(other.start), end: one.end.max(other.end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: 1 << 20, values: 100_000 };

    fn fault(text: &str) -> ReadError {
        parse(text.as_bytes(), "x.toml", LIMITS, "mend it").unwrap_err()
    }

    #[test]
    fn members_keep_their_order_and_place() {
        let text = "\u{feff}b = 'x'\r\n[[package]]\r\nname = \"a\"\r\nn = 1_0\r\n[package.deps]\r\nz = {v = 1.5}\r\na = [1, true]\r\n";
        let document = parse(text.as_bytes(), "x.toml", LIMITS, "mend it").unwrap();
        let keys: Vec<&str> = document.root.members.iter().map(|member| member.key.as_ref()).collect();
        assert_eq!(keys, ["b", "package"]);
        let package = &document.root.get("package").unwrap().as_array().unwrap()[0];
        let location = document.location(package.span);
        assert_eq!((location.line, location.column), (2, 1));
        assert_eq!(&text[package.span.start as usize..package.span.end as usize], text[12..].trim_end());
        assert_eq!(package.get("n").unwrap().as_integer(), Some(10));
        let deps = package.get("deps").unwrap().as_table().unwrap();
        assert_eq!(deps.members.iter().map(|member| member.key.as_ref()).collect::<Vec<_>>(), ["z", "a"]);
        assert_eq!(document.excerpt(deps.get("z").unwrap().span), "{v = 1.5}");
        assert_eq!(deps.at(&["z", "v"]).unwrap().type_name(), "a float");
    }

    #[test]
    fn broken_files_are_told_with_their_place() {
        for (text, kind, line) in [
            ("a = 1\na = 2", ReadErrorKind::Syntax, 2),
            ("a = 1\n<<<<<<< HEAD\nb = 1\n=======\n", ReadErrorKind::Conflict, 2),
            ("a = ", ReadErrorKind::Syntax, 1),
        ] {
            let error = fault(text);
            assert_eq!((error.kind, error.location.line), (kind, line), "{text}");
        }
        let error = parse(b"a = 1\nb = '\xff'", "x.toml", LIMITS, "mend it").unwrap_err();
        assert_eq!((error.kind, error.location.line), (ReadErrorKind::Syntax, 2));
    }

    #[test]
    fn nesting_is_bounded_however_it_is_written() {
        let dotted = format!("{}x = 1", "a.".repeat(100_000));
        let header = format!("[{}x]", "a.".repeat(100_000));
        let arrays = "a = ".to_owned() + &"[".repeat(100_000);
        let both = "a = ".to_owned() + &format!("{{{}a = ", "a.".repeat(70)).repeat(70) + "1" + &"}".repeat(70);
        for text in [dotted, header, arrays, both] {
            assert_eq!(fault(&text).kind, ReadErrorKind::TooDeep, "{}", &text[..40]);
        }
        let many = "a = [".to_owned() + &"1,".repeat(200_000) + "]";
        assert_eq!(fault(&many).kind, ReadErrorKind::TooLarge);
    }
}
