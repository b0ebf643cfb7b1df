//! The quick reader: block mappings, lists of scalars, one-line `{…}` and `[…]`,
//! one-line scalars, `|` and `|-` texts. That is what pnpm and Yarn write. At
//! anything else it gives up, and the file is read in full by [`super::events`]:
//! `None` means "not for me", never "wrong".

use std::borrow::Cow;

use vetch_model::evidence::Span;

use super::parse::MAX_DEPTH;
use super::{Kind, Mapping, Member, Style, Value, span};

/// Longest key on one line: YAML allows 1024 characters before its `:`.
const MAX_KEY: usize = 1000;

/// Reads every document, if all of them are in the style that this reader knows.
pub(super) fn read(text: &str, room: usize) -> Option<Vec<Value<'_>>> {
    let bytes = text.as_bytes();
    let is_odd = |byte: &u8| (*byte < 0x20 && *byte != b'\n' && *byte != b'\r') || *byte == 0x7f;
    if bytes.iter().any(is_odd) || text.starts_with('\u{feff}') || has_lone_return(text) {
        return None;
    }
    let mut reader = Reader { text, at: 0, room, depth: 0, next: None };
    reader.advance();
    let mut documents = Vec::new();
    loop {
        if reader.next.is_some_and(|line| line.indent == 0 && reader.content(line) == "---") {
            reader.advance();
        } else if !documents.is_empty() {
            break;
        }
        documents.push(reader.mapping(0)?);
    }
    reader.next.is_none().then_some(documents)
}

fn has_lone_return(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.contains('\r')
        && bytes.iter().enumerate().any(|(at, byte)| *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
}

/// A line with something on it.
#[derive(Clone, Copy)]
struct Line {
    /// Blanks in front.
    indent: usize,
    /// Byte offset of its first character that is no blank.
    start: usize,
    /// Past its last character that is no blank.
    end: usize,
}

struct Reader<'a> {
    text: &'a str,
    /// Where the line after `next` starts.
    at: usize,
    room: usize,
    depth: usize,
    /// The line to be read.
    next: Option<Line>,
}

/// A scalar's text and style.
type Scalar<'a> = (Cow<'a, str>, Style);

impl<'a> Reader<'a> {
    fn content(&self, line: Line) -> &'a str {
        self.text.get(line.start..line.end).unwrap_or_default()
    }

    /// Moves on to the next line that is neither blank nor a comment.
    fn advance(&mut self) {
        self.next = None;
        while let Some((start, end)) = self.raw_line() {
            let raw = self.text.get(start..end).unwrap_or_default();
            let indent = raw.bytes().take_while(|byte| *byte == b' ').count();
            let trimmed = raw.trim_end_matches([' ', '\r']);
            if trimmed.len() > indent && raw.as_bytes().get(indent) != Some(&b'#') {
                self.next = Some(Line { indent, start: start + indent, end: start + trimmed.len() });
                return;
            }
        }
    }

    /// The next line as it is, without its line break.
    fn raw_line(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').unwrap_or(rest.len());
        self.at = (start + length + 1).min(self.text.len());
        Some((start, start + length))
    }

    fn charge(&mut self, text: &str) -> Option<()> {
        self.room = self.room.checked_sub(1 + text.len() / 64)?;
        Some(())
    }

    /// A block mapping whose keys stand at `indent`.
    fn mapping(&mut self, indent: usize) -> Option<Value<'a>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.charge("")?;
        let mut members: Vec<Member<'a>> = Vec::new();
        while let Some(line) = self.next {
            if line.indent != indent {
                if line.indent > indent {
                    return None;
                }
                break;
            }
            let content = self.content(line);
            if indent == 0 && content == "---" {
                break;
            }
            let (key, key_length) = key(content)?;
            self.charge(&key)?;
            let key_end = line.start + key_length;
            self.advance();
            let value = self.value(line, key_end)?;
            members.push(Member { key, span: span(line.start, value.span.end as usize), value });
        }
        self.depth -= 1;
        let start = members.first()?.span.start;
        let end = members.last()?.span.end;
        Some(Value { span: span(start as usize, end as usize), kind: Kind::Mapping(Mapping::new(members)) })
    }

    /// What stands behind the `:` at `key_end`.
    fn value(&mut self, line: Line, key_end: usize) -> Option<Value<'a>> {
        let rest = self.text.get(key_end + 1..line.end)?;
        let text = rest.trim_start_matches(' ');
        let start = line.end - text.len();
        match text {
            "" => self.below(line, key_end),
            "|" | "|-" => self.literal(line, text == "|"),
            _ => self.inline(start, text),
        }
    }

    /// The block below a key, or nothing.
    fn below(&mut self, line: Line, key_end: usize) -> Option<Value<'a>> {
        if let Some(next) = self.next {
            let is_item = is_item(self.content(next));
            if is_item && next.indent >= line.indent {
                return self.sequence(next.indent);
            }
            if next.indent > line.indent {
                return self.mapping(next.indent);
            }
        }
        self.charge("")?;
        Some(Value { span: span(key_end, key_end), kind: Kind::Null })
    }

    /// A list of scalars, one a line.
    fn sequence(&mut self, indent: usize) -> Option<Value<'a>> {
        self.charge("")?;
        let mut items: Vec<Value<'a>> = Vec::new();
        while let Some(line) = self.next {
            let content = self.content(line);
            if line.indent != indent || !is_item(content) {
                if line.indent > indent {
                    return None;
                }
                break;
            }
            let text = content.get(1..)?.trim_start_matches(' ');
            if text.is_empty() {
                return None;
            }
            self.advance();
            items.push(self.inline(line.end - text.len(), text)?);
        }
        let (start, end) = (items.first()?.span.start, items.last()?.span.end);
        Some(Value { span: Span { start, end }, kind: Kind::Sequence(items) })
    }

    /// A value that fills the rest of its line.
    fn inline(&mut self, start: usize, text: &'a str) -> Option<Value<'a>> {
        let mut cursor = Cursor { text, at: 0 };
        let value = if text.starts_with(['{', '[']) {
            self.flow(&mut cursor, start)?
        } else {
            let (scalar, style) = match quoted(text) {
                Some(found) => {
                    let (text, length) = found?;
                    cursor.at = length;
                    (text, Style::Quoted)
                }
                None => {
                    cursor.at = text.len();
                    (Cow::Borrowed(plain(text)?), Style::Plain)
                }
            };
            self.charge(&scalar)?;
            Value { span: span(start, start + cursor.at), kind: Kind::Scalar(scalar, style) }
        };
        (cursor.at == text.len()).then_some(value)
    }

    /// A value inside brackets; `start` is where the cursor's text starts in the file.
    fn flow(&mut self, cursor: &mut Cursor<'a>, start: usize) -> Option<Value<'a>> {
        let from = cursor.at;
        let close = match cursor.peek() {
            Some(b'{') => b'}',
            Some(b'[') => b']',
            _ => {
                let (text, style) = cursor.scalar()?;
                self.charge(&text)?;
                return Some(Value { span: span(start + from, start + cursor.at), kind: Kind::Scalar(text, style) });
            }
        };
        self.charge("")?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        cursor.at += 1;
        let (mut members, mut items) = (Vec::new(), Vec::new());
        cursor.blanks();
        while !cursor.eat(close) {
            if !(members.is_empty() && items.is_empty()) {
                if !cursor.eat(b',') {
                    return None;
                }
                cursor.blanks();
            }
            if close == b'}' {
                let key_start = cursor.at;
                let (key, _) = cursor.scalar()?;
                if key == "<<" || !cursor.eat(b':') || !cursor.eat(b' ') {
                    return None;
                }
                self.charge(&key)?;
                cursor.blanks();
                let value = self.flow(cursor, start)?;
                members.push(Member { key, span: span(start + key_start, value.span.end as usize), value });
            } else {
                items.push(self.flow(cursor, start)?);
            }
            cursor.blanks();
        }
        self.depth -= 1;
        let kind = if close == b'}' { Kind::Mapping(Mapping::new(members)) } else { Kind::Sequence(items) };
        Some(Value { span: span(start + from, start + cursor.at), kind })
    }

    /// A `|` text: the lines below, as they are, without their indentation.
    fn literal(&mut self, line: Line, keeps_break: bool) -> Option<Value<'a>> {
        let first = self.next.filter(|next| next.indent > line.indent)?;
        // Comments and blank lines in front belong to the text: start over behind the key's line.
        self.at = line.end + self.text.get(line.end..)?.find('\n')? + 1;
        let mut lines = Vec::new();
        let mut end = first.start;
        loop {
            let before = self.at;
            let Some((start, stop)) = self.raw_line() else { break };
            let raw = self.text.get(start..stop)?.trim_end_matches('\r');
            let indent = raw.bytes().take_while(|byte| *byte == b' ').count();
            if raw.is_empty() {
                lines.push("");
                continue;
            }
            if indent < first.indent {
                if indent > line.indent || indent == raw.len() {
                    return None;
                }
                self.at = before;
                break;
            }
            end = start + raw.trim_end_matches(' ').len();
            lines.push(raw.get(first.indent..)?);
        }
        // A first line that is not the one found above was blank or a comment.
        if lines.first().is_none_or(|text| text.is_empty() || text.trim_end_matches(' ').is_empty())
            || lines.iter().any(|text| !text.is_empty() && text.trim_end_matches(' ').is_empty())
            || (keeps_break && !self.text.ends_with('\n'))
        {
            return None;
        }
        let kept = lines.len() - lines.iter().rev().take_while(|text| text.is_empty()).count();
        let mut text = lines.get(..kept)?.join("\n");
        if keeps_break {
            text.push('\n');
        }
        self.charge(&text)?;
        self.advance();
        Some(Value { span: span(first.start, end), kind: Kind::Scalar(Cow::Owned(text), Style::Quoted) })
    }
}

/// Whether a line is an item of a list.
fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// The key that a line starts with, and its length as written.
fn key(content: &str) -> Option<(Cow<'_, str>, usize)> {
    let (key, length) = match quoted(content) {
        Some(found) => found?,
        None => {
            let bytes = content.as_bytes();
            let mut colons = content.match_indices(':').map(|(at, _)| at);
            let length = colons.find(|at| matches!(bytes.get(at + 1), None | Some(b' ')))?;
            let text = plain(content.get(..length)?)?;
            if text == "<<" {
                return None;
            }
            (Cow::Borrowed(text), length)
        }
    };
    let mut rest = content.get(length..)?.bytes();
    let is_key = rest.next() == Some(b':') && matches!(rest.next(), None | Some(b' '));
    (is_key && length <= MAX_KEY).then_some((key, length))
}

/// A bare scalar, if nothing in it could mean anything else.
fn plain(text: &str) -> Option<&str> {
    let first = *text.as_bytes().first()?;
    let is_safe =
        first.is_ascii_alphanumeric() || matches!(first, b'/' | b'.' | b'_' | b'^' | b'~' | b'<' | b'=' | b'(' | b'$');
    let is_document_mark = text.starts_with("...");
    let is_ambiguous = text.ends_with([':', ' ']) || text.contains(": ") || text.contains(" #");
    (is_safe && !is_document_mark && !is_ambiguous).then_some(text)
}

/// For a text that starts with a quote: what is in the quotes, and the length
/// with them; `Some(None)` if it does not end here or holds an escape.
fn quoted(text: &str) -> Option<Option<(Cow<'_, str>, usize)>> {
    let quote = *text.as_bytes().first().filter(|byte| matches!(byte, b'\'' | b'"'))?;
    Some(in_quotes(text, quote))
}

fn in_quotes(text: &str, quote: u8) -> Option<(Cow<'_, str>, usize)> {
    let bytes = text.as_bytes();
    let mut at = 1;
    let mut has_doubled = false;
    loop {
        match *bytes.get(at)? {
            b'\\' if quote == b'"' => return None,
            byte if byte == quote => {
                if quote == b'"' || bytes.get(at + 1) != Some(&b'\'') {
                    break;
                }
                has_doubled = true;
                at += 2;
            }
            _ => at += 1,
        }
    }
    let inner = text.get(1..at)?;
    let inner = if has_doubled { Cow::Owned(inner.replace("''", "'")) } else { Cow::Borrowed(inner) };
    Some((inner, at + 1))
}

/// A place in the text of one line.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn blanks(&mut self) {
        while self.eat(b' ') {}
    }

    /// A scalar inside brackets.
    fn scalar(&mut self) -> Option<Scalar<'a>> {
        let rest = self.text.get(self.at..)?;
        if let Some(found) = quoted(rest) {
            let (text, length) = found?;
            self.at += length;
            return Some((text, Style::Quoted));
        }
        let bytes = rest.as_bytes();
        let ends = |(at, byte): (usize, &u8)| match byte {
            b',' | b'[' | b']' | b'{' | b'}' => true,
            b':' => matches!(bytes.get(at + 1), None | Some(b' ' | b',' | b'[' | b']' | b'{' | b'}')),
            _ => false,
        };
        let length = bytes.iter().enumerate().position(|(at, byte)| ends((at, byte)))?;
        let text = rest.get(..length)?.trim_end_matches(' ');
        self.at += text.len();
        Some((Cow::Borrowed(plain(text)?), Style::Plain))
    }
}
