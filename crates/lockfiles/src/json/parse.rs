//! The parser: RFC 8259 as `JSON.parse` takes it, with the tolerance of Node.js
//! for a byte-order mark and for bytes that are no UTF-8 (read as U+FFFD).

use std::borrow::Cow;

use vetch_model::evidence::{Location, Span};

use super::{Kind, Lines, Member, Object, Value};
use crate::error::{ReadError, ReadErrorKind, excerpt, short};
use crate::files::too_large;

/// Deepest nesting: honest files stay below 40; the stack of a thread bears this in every build.
pub(crate) const MAX_DEPTH: usize = 256;

/// What a file may hold at most. A value costs some 60 bytes of memory, however short it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) values: usize,
}

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) root: Value<'a>,
    pub(crate) lines: Lines,
    /// Offset of the first string with bytes that are no UTF-8.
    pub(crate) invalid_utf8: Option<u32>,
    pub(crate) file: &'a str,
    bytes: &'a [u8],
}

impl<'a> Document<'a> {
    /// A tree that another syntax than JSON was read into.
    pub(crate) fn of(root: Value<'a>, bytes: &'a [u8], file: &'a str) -> Document<'a> {
        Document { root, lines: Lines::of(bytes), invalid_utf8: None, file, bytes }
    }
}

impl Document<'_> {
    /// The place of a span.
    pub(crate) fn location(&self, span: Span) -> Location {
        self.lines.location(self.file, span)
    }

    /// The text of a span, cut to a length that fits a message.
    pub(crate) fn excerpt(&self, span: Span) -> String {
        excerpt(self.bytes, span)
    }
}

/// What is taken beyond RFC 8259.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Nothing.
    Strict,
    /// Comments of both kinds, and a comma after the last member: `bun.lock`, `deno.jsonc`.
    Relaxed,
    /// A value that starts at this offset of a larger text; what follows it is not looked at.
    Part(usize),
}

/// Parses one file within `limits`; `hint` tells what to do with a broken one.
pub(crate) fn parse<'a>(bytes: &'a [u8], file: &'a str, limits: Limits, hint: &str) -> Result<Document<'a>, ReadError> {
    parse_as(Syntax::Strict, bytes, file, limits, hint)
}

/// [`parse`] for a text of this `syntax`.
pub(crate) fn parse_as<'a>(
    syntax: Syntax,
    bytes: &'a [u8],
    file: &'a str,
    limits: Limits,
    hint: &str,
) -> Result<Document<'a>, ReadError> {
    // Offsets are kept in 32 bits.
    let limit = limits.bytes.min(u32::MAX as usize - 1);
    if bytes.len() > limit {
        return Err(too_large(file, bytes.len() as u64, limit as u64));
    }
    let start = match syntax {
        Syntax::Part(start) => start,
        _ if bytes.starts_with(b"\xef\xbb\xbf") => 3,
        _ => 0,
    };
    let mut parser = Parser { bytes, at: start, syntax, depth: 0, room: limits.values, invalid_utf8: None };
    match parser.document() {
        Ok(root) => Ok(Document { root, lines: Lines::of(bytes), invalid_utf8: parser.invalid_utf8, file, bytes }),
        Err(fault) => Err(explain(&fault, bytes, file, hint)),
    }
}

/// Turns a fault into an error with its place; an unfinished merge is told by its markers.
fn explain(fault: &Fault, bytes: &[u8], file: &str, hint: &str) -> ReadError {
    let lines = Lines::of(bytes);
    let (kind, at, problem, hint) = match conflict_marker(bytes) {
        Some(at) if fault.kind == ReadErrorKind::Syntax => (
            ReadErrorKind::Conflict,
            at,
            "an unfinished merge left its conflict markers here".to_owned(),
            "finish the merge: resolve package.json first, then run `npm install`, which merges a lockfile by itself",
        ),
        _ => (fault.kind, fault.at, fault.problem.clone(), hint),
    };
    let offset = at as u32;
    ReadError::new(kind, lines.location(file, Span { start: offset, end: offset }), problem, hint)
}

/// Offset of the first line that starts like a Git conflict marker.
pub(crate) fn conflict_marker(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        if line.starts_with(b"<<<<<<<") {
            return Some(at);
        }
        at += line.len() + 1;
    }
    None
}

struct Fault {
    kind: ReadErrorKind,
    at: usize,
    problem: String,
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    syntax: Syntax,
    depth: usize,
    /// Values that may still come.
    room: usize,
    invalid_utf8: Option<u32>,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Value<'a>, Fault> {
        self.space();
        if self.at == self.bytes.len() {
            return self.fault("the file is empty");
        }
        let root = self.value()?;
        self.space();
        if self.at < self.bytes.len() && !matches!(self.syntax, Syntax::Part(_)) {
            return self.fault("there is more text after the end of the JSON value");
        }
        Ok(root)
    }

    fn value(&mut self) -> Result<Value<'a>, Fault> {
        let start = self.at;
        self.room = match self.room.checked_sub(1) {
            Some(room) => room,
            None => {
                let problem = "it holds more values than any honest file of its kind".to_owned();
                return Err(Fault { kind: ReadErrorKind::TooLarge, at: start, problem });
            }
        };
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Kind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Kind::Bool(true))?,
            Some(b'f') => self.word("false", Kind::Bool(false))?,
            Some(b'n') => self.word("null", Kind::Null)?,
            _ => return self.unexpected("a value"),
        };
        Ok(Value { span: self.span_from(start), kind })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Kind<'a>, Fault>) -> Result<Kind<'a>, Fault> {
        if self.depth == MAX_DEPTH {
            let problem = format!("it nests deeper than {MAX_DEPTH} levels");
            return Err(Fault { kind: ReadErrorKind::TooDeep, at: self.at, problem });
        }
        self.depth += 1;
        self.at += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn object(&mut self) -> Result<Kind<'a>, Fault> {
        let mut members = Vec::new();
        self.space();
        if self.eat(b'}') {
            return Ok(Kind::Object(Object::new(members)));
        }
        loop {
            self.space();
            if self.ends_after_comma(b'}', members.len()) {
                return Ok(Kind::Object(Object::new(members)));
            }
            let start = self.at;
            if self.peek() != Some(b'"') {
                return self.unexpected("a key in double quotes");
            }
            let key = self.string()?;
            self.space();
            if !self.eat(b':') {
                return self.unexpected("`:`");
            }
            self.space();
            let value = self.value()?;
            members.push(Member { key, span: self.span_from(start), value });
            self.space();
            if self.eat(b'}') {
                return Ok(Kind::Object(Object::new(members)));
            }
            if !self.eat(b',') {
                return self.unexpected("`,` or `}`");
            }
        }
    }

    fn array(&mut self) -> Result<Kind<'a>, Fault> {
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(Kind::Array(items));
        }
        loop {
            self.space();
            if self.ends_after_comma(b']', items.len()) {
                return Ok(Kind::Array(items));
            }
            items.push(self.value()?);
            self.space();
            if self.eat(b']') {
                return Ok(Kind::Array(items));
            }
            if !self.eat(b',') {
                return self.unexpected("`,` or `]`");
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.at += 1;
        let start = self.at;
        let plain = self.plain()?;
        if self.eat(b'"') {
            return Ok(self.text(plain, start));
        }
        let mut decoded = plain.to_vec();
        while !self.eat(b'"') {
            self.escape(&mut decoded)?;
            decoded.extend_from_slice(self.plain()?);
        }
        let text = String::from_utf8(decoded).unwrap_or_else(|error| {
            self.invalid_utf8.get_or_insert(start as u32);
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        });
        Ok(Cow::Owned(text))
    }

    /// The bytes up to the next quote or backslash.
    fn plain(&mut self) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(length) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) else {
            self.at = self.bytes.len();
            return self.fault("the file ends inside a string");
        };
        let plain = rest.get(..length).unwrap_or_default();
        self.at += length;
        match self.peek() {
            Some(b'"' | b'\\') => Ok(plain),
            _ => self.fault("a control character stands unescaped in a string"),
        }
    }

    fn text(&mut self, raw: &'a [u8], start: usize) -> Cow<'a, str> {
        match std::str::from_utf8(raw) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                self.invalid_utf8.get_or_insert(start as u32);
                String::from_utf8_lossy(raw)
            }
        }
    }

    fn escape(&mut self, decoded: &mut Vec<u8>) -> Result<(), Fault> {
        self.at += 1;
        let byte = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.at += 1;
                let character = self.unicode()?;
                decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return self.unexpected("an escape sequence"),
        };
        self.at += 1;
        decoded.push(byte);
        Ok(())
    }

    /// The character after `\u`; a lone surrogate, which JavaScript allows, becomes U+FFFD.
    fn unicode(&mut self) -> Result<char, Fault> {
        let first = self.hex4()?;
        if (0xd800..0xdc00).contains(&first) && self.bytes.get(self.at..).unwrap_or_default().starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.hex4()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => code = code << 4 | digit,
                None => return self.unexpected("four hexadecimal digits"),
            }
            self.at += 1;
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<Kind<'a>, Fault> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        Ok(Kind::Number(std::str::from_utf8(raw).unwrap_or_default()))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.unexpected("a digit") } else { Ok(()) }
    }

    fn word(&mut self, word: &str, kind: Kind<'a>) -> Result<Kind<'a>, Fault> {
        if self.bytes.get(self.at..).unwrap_or_default().starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(kind);
        }
        self.unexpected("a value")
    }

    fn space(&mut self) {
        loop {
            while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
            }
            if self.syntax != Syntax::Relaxed || !self.comment() {
                return;
            }
        }
    }

    /// Passes over a comment. One that is never closed is left for [`Self::unexpected`].
    fn comment(&mut self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = if rest.starts_with(b"//") {
            Some(rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()))
        } else if rest.starts_with(b"/*") {
            rest.get(2..).and_then(|inner| inner.windows(2).position(|pair| pair == b"*/")).map(|length| length + 4)
        } else {
            None
        };
        self.at += length.unwrap_or(0);
        length.is_some()
    }

    /// Whether a list ends here, after a comma, where that is allowed.
    fn ends_after_comma(&mut self, end: u8, count: usize) -> bool {
        self.syntax == Syntax::Relaxed && count > 0 && self.eat(end)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn span_from(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.at as u32 }
    }

    fn fault<T>(&self, problem: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { kind: ReadErrorKind::Syntax, at: self.at, problem: problem.into() })
    }

    fn unexpected<T>(&self, wanted: &str) -> Result<T, Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return self.fault(format!("the file ends where {wanted} should follow"));
        }
        let found = String::from_utf8_lossy(rest.get(..rest.len().min(8)).unwrap_or_default()).into_owned();
        let found = short(found.lines().next().unwrap_or_default());
        self.fault(format!("expected {wanted}, found `{found}`"))
    }
}

#[cfg(test)]
mod tests;
