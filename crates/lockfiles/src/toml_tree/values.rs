//! Values: strings, numbers, dates, arrays, inline tables.

use std::borrow::Cow;
use std::collections::HashSet;
use std::str::FromStr;

use super::parse::{FEW, Fault, Key, MAX_DEPTH, Parser, covering};
use super::{Kind, Member, Table, Value};
use crate::error::short;

impl<'a> Parser<'a> {
    /// One value, `depth` levels below the root. Its recursion is bounded by [`MAX_DEPTH`].
    pub(super) fn value(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        let start = self.at;
        self.take_room(start)?;
        if depth > MAX_DEPTH {
            return self.too_deep();
        }
        let rest = self.bytes.get(start..).unwrap_or_default();
        let kind = match rest.first() {
            Some(b'"') if rest.starts_with(b"\"\"\"") => Kind::String(self.long_basic()?),
            Some(b'\'') if rest.starts_with(b"'''") => Kind::String(self.long_literal()?),
            Some(b'"') => Kind::String(self.basic()?),
            Some(b'\'') => Kind::String(self.literal()?),
            Some(b'[') => Kind::Array(self.array(depth)?),
            Some(b'{') => Kind::Table(self.inline_table(depth)?),
            _ => self.scalar()?,
        };
        Ok(Value { span: self.span_from(start), kind })
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value<'a>>, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank_lines()?;
            if self.eat(b']') {
                return Ok(items);
            }
            items.push(self.value(depth + 1)?);
            self.blank_lines()?;
            if !self.eat(b',') {
                return if self.eat(b']') { Ok(items) } else { self.unexpected("`,` or `]`") };
            }
        }
    }

    fn inline_table(&mut self, depth: usize) -> Result<Table<'a>, Fault> {
        self.at += 1;
        let mut members = Vec::with_capacity(4);
        loop {
            self.blank_lines()?;
            if self.eat(b'}') {
                break;
            }
            let key = self.key(depth)?;
            self.blank_lines()?;
            if !self.eat(b'=') {
                return self.unexpected("`=`");
            }
            self.blank_lines()?;
            let value = self.value(depth + key.first.len() + 1)?;
            self.nest(&mut members, key, value)?;
            self.blank_lines()?;
            if !self.eat(b',') {
                if self.eat(b'}') {
                    break;
                }
                return self.unexpected("`,` or `}`");
            }
        }
        match twice(&members) {
            Some(key) => self.fault(format!("the key `{}` stands twice", short(key))),
            None => Ok(Table { members }),
        }
    }

    /// Puts a value under its key, through the tables that the dots of the key make.
    fn nest(&self, members: &mut Vec<Member<'a>>, key: Key<'a>, value: Value<'a>) -> Result<(), Fault> {
        let span = self.span_from(key.start);
        let mut members = members;
        for part in key.first {
            let at = match members.iter().position(|member| member.key == part) {
                Some(at) => at,
                None => {
                    let value = Value { span, kind: Kind::Table(Table::default()) };
                    members.push(Member { key: part, span, value });
                    members.len() - 1
                }
            };
            let Some(member) = members.get_mut(at) else { return Ok(()) };
            // What braces closed stays closed.
            let first = self.bytes.get((member.value.span.start as usize).wrapping_sub(self.skipped));
            let is_closed = first == Some(&b'{');
            member.span = covering(member.span, span);
            member.value.span = covering(member.value.span, span);
            match &mut member.value.kind {
                Kind::Table(table) if !is_closed => members = &mut table.members,
                _ => return self.fault("a key stands twice in an inline table"),
            }
        }
        if key_stands_in_small(members, &key.last) {
            return self.fault(format!("the key `{}` stands twice", short(&key.last)));
        }
        members.push(Member { key: key.last, span, value });
        Ok(())
    }

    /// `"…"` on one line.
    pub(super) fn basic(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.at += 1;
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        match memchr::memchr3(b'"', b'\\', b'\n', rest) {
            Some(length) if rest.get(length) == Some(&b'"') => {
                let text = self.checked(start, start + length)?;
                self.at = start + length + 1;
                Ok(Cow::Borrowed(text))
            }
            _ => self.basic_with_escapes(),
        }
    }

    fn basic_with_escapes(&mut self) -> Result<Cow<'a, str>, Fault> {
        let mut decoded = String::new();
        loop {
            let start = self.at;
            let rest = self.bytes.get(start..).unwrap_or_default();
            let length = memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
            decoded.push_str(self.checked(start, start + length)?);
            self.at = start + length;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(decoded));
                }
                Some(b'\\') => decoded.push(self.escape()?),
                _ => return self.fault("a string is not closed on its line"),
            }
        }
    }

    /// `'…'` on one line.
    pub(super) fn literal(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.at += 1;
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        match memchr::memchr2(b'\'', b'\n', rest) {
            Some(length) if rest.get(length) == Some(&b'\'') => {
                let text = self.checked(start, start + length)?;
                self.at = start + length + 1;
                Ok(Cow::Borrowed(text))
            }
            _ => self.fault("a string is not closed on its line"),
        }
    }

    /// `"""…"""`.
    fn long_basic(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.open_long();
        let mut decoded = String::new();
        loop {
            let start = self.at;
            let rest = self.bytes.get(start..).unwrap_or_default();
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                return self.fault("a string is not closed");
            };
            decoded.push_str(self.checked_lines(start, start + length)?);
            self.at = start + length;
            if self.peek() == Some(b'\\') {
                if !self.skip_line_break() {
                    decoded.push(self.escape()?);
                }
                continue;
            }
            let (quotes, is_end) = self.quotes(b'"');
            decoded.extend(std::iter::repeat_n('"', quotes));
            if is_end {
                return Ok(Cow::Owned(decoded));
            }
        }
    }

    /// `'''…'''`.
    fn long_literal(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.open_long();
        let begin = self.at;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(length) = memchr::memchr(b'\'', rest) else {
                return self.fault("a string is not closed");
            };
            self.at += length;
            let from = self.at;
            let (quotes, is_end) = self.quotes(b'\'');
            if is_end {
                return self.checked_lines(begin, from + quotes).map(Cow::Borrowed);
            }
        }
    }

    /// The opening quotes, and the line end right after them, which does not count.
    fn open_long(&mut self) {
        self.at += 3;
        if self.bytes.get(self.at..).unwrap_or_default().starts_with(b"\r\n") {
            self.at += 2;
        } else {
            self.eat(b'\n');
        }
    }

    /// A run of quotes in a long string: how many belong to it, and whether it ends.
    fn quotes(&mut self, quote: u8) -> (usize, bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let run = rest.iter().take(5).take_while(|byte| **byte == quote).count();
        self.at += run;
        if run < 3 { (run, false) } else { (run - 3, true) }
    }

    /// `\` at the end of a line: the white space after it does not count.
    fn skip_line_break(&mut self) -> bool {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let after = rest.get(blanks..).unwrap_or_default();
        if !after.starts_with(b"\n") && !after.starts_with(b"\r\n") {
            return false;
        }
        let space = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += 1 + blanks + space;
        true
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let Some(byte) = self.peek() else { return self.unexpected("an escape sequence") };
        let digits = match byte {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        let character = match byte {
            b'b' => '\u{8}',
            b't' => '\t',
            b'n' => '\n',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'e' => '\u{1b}',
            b'"' => '"',
            b'\\' => '\\',
            _ if digits == 0 => return self.unexpected("an escape sequence"),
            _ => {
                let raw = self.text.get(self.at + 1..self.at + 1 + digits).unwrap_or_default();
                let is_hex = raw.len() == digits && raw.bytes().all(|byte| byte.is_ascii_hexdigit());
                let code = u32::from_str_radix(raw, 16).ok().filter(|_| is_hex);
                match code.and_then(char::from_u32) {
                    Some(character) => character,
                    None => return self.unexpected("an escape sequence"),
                }
            }
        };
        self.at += 1 + digits;
        Ok(character)
    }

    /// Text of one line, which may hold no control characters but tabs.
    fn checked(&self, start: usize, end: usize) -> Result<&'a str, Fault> {
        let bytes = self.bytes.get(start..end).unwrap_or_default();
        // Without a branch for each byte, so that it runs many at a time.
        let is_control =
            bytes.iter().fold(false, |found, byte| found | ((*byte < 0x20) & (*byte != b'\t')) | (*byte == 0x7f));
        if is_control {
            return self.fault("a control character stands unescaped in a string");
        }
        Ok(self.slice(start, end))
    }

    /// The same for several lines.
    fn checked_lines(&self, start: usize, end: usize) -> Result<&'a str, Fault> {
        let text = self.slice(start, end);
        for line in text.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.bytes().any(|byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f) {
                return self.fault("a control character stands unescaped in a string");
            }
        }
        Ok(text)
    }

    /// A boolean, a number, a date.
    fn scalar(&mut self) -> Result<Kind<'a>, Fault> {
        let start = self.at;
        let word = |at: usize| {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-' | b'.' | b':');
            at + rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len())
        };
        let mut end = word(start);
        // A date and a time may stand apart.
        let is_date = end == start + 10 && self.bytes.get(start + 4) == Some(&b'-');
        if is_date && self.bytes.get(end) == Some(&b' ') && self.bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = word(end + 1);
        }
        let text = self.slice(start, end);
        let kind = match text {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            _ if is_integer(text) => Kind::Integer(text),
            _ if is_float(text) => Kind::Float(text),
            _ if text.starts_with(|first: char| first.is_ascii_digit())
                && toml::value::Datetime::from_str(text).is_ok() =>
            {
                Kind::Datetime(text)
            }
            _ => return self.unexpected("a value"),
        };
        self.at = end;
        Ok(kind)
    }
}

/// A decimal, hexadecimal, octal or binary integer.
fn is_integer(text: &str) -> bool {
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return are_digits(digits, radix);
        }
    }
    is_decimal(text.strip_prefix(['+', '-']).unwrap_or(text))
}

/// Digits without a sign, and without zeros before them.
fn is_decimal(digits: &str) -> bool {
    are_digits(digits, 10) && (digits == "0" || !digits.starts_with('0'))
}

/// Digits; `_` only between two of them.
fn are_digits(text: &str, radix: u32) -> bool {
    !text.is_empty() && text.split('_').all(|run| !run.is_empty() && run.chars().all(|digit| digit.is_digit(radix)))
}

fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(text, "inf" | "nan") {
        return true;
    }
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let is_exponent =
        exponent.is_none_or(|exponent| are_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent), 10));
    is_exponent
        && match number.split_once('.') {
            Some((whole, fraction)) => is_decimal(whole) && are_digits(fraction, 10),
            None => exponent.is_some() && is_decimal(number),
        }
}

fn key_stands_in_small(members: &[Member<'_>], key: &str) -> bool {
    members.len() <= FEW && members.iter().any(|member| member.key == key)
}

/// A key that stands twice, where [`key_stands_in_small`] did not look: in large
/// tables, and in those that dots make inside of this one.
fn twice<'t>(members: &'t [Member<'_>]) -> Option<&'t str> {
    if members.len() > FEW {
        let mut seen = HashSet::with_capacity(members.len());
        let found = members.iter().map(|member| member.key.as_ref()).find(|key| !seen.insert(*key));
        if found.is_some() {
            return found;
        }
    }
    members.iter().find_map(|member| match &member.value.kind {
        Kind::Table(table) => twice(&table.members),
        _ => None,
    })
}
