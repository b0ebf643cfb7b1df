//! Strings, templates, comments, regular expressions: what is passed over.

use memchr::{memchr, memchr2, memchr3, memmem};

use super::{Before, Level, Scanner};

impl Scanner<'_> {
    /// Passes over what stands before `end`, which is no code, or so it seems.
    pub(super) fn skip(&mut self, end: usize) {
        if self.doubtful {
            let openers = self.bytes[self.at..end].iter().filter(|byte| b"([{<`?:=!~+-*".contains(byte)).count();
            self.deeper(u32::try_from(openers).unwrap_or(u32::MAX));
        }
        self.at = end;
    }

    pub(super) fn string(&mut self, quote: u8) {
        self.begin();
        let mut end = self.at + 1;
        loop {
            let Some(found) = self.bytes.get(end..).and_then(|rest| memchr3(quote, b'\\', b'\n', rest)) else {
                self.at += 1;
                break;
            };
            end += found;
            match self.bytes[end] {
                b'\\' => end += 2,
                // A string does not go over lines: this quote begins none.
                b'\n' => {
                    self.at += 1;
                    break;
                }
                _ => {
                    self.skip(end + 1);
                    break;
                }
            }
        }
        self.operand();
    }

    /// The text of a template, up to its end or the next `${`.
    pub(super) fn template(&mut self, start: usize) {
        if self.before == Before::Operand {
            self.link();
        }
        let mut end = start;
        while !self.no_templates
            && let Some(found) = self.bytes.get(end..).and_then(|rest| memchr3(b'`', b'\\', b'$', rest))
        {
            end += found;
            match self.bytes[end] {
                b'`' => {
                    self.skip(end + 1);
                    return self.operand();
                }
                b'$' if self.bytes.get(end + 1) == Some(&b'{') => {
                    self.skip(end + 2);
                    self.push(Level { close: b'}', template: true, ..Level::default() });
                    return self.expect(Before::Operator);
                }
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        self.no_templates = true;
        self.at = start;
        self.operand();
    }

    pub(super) fn slash(&mut self) {
        match self.peek(1) {
            b'/' => {
                let end =
                    memchr2(b'\n', b'\r', &self.bytes[self.at..]).map_or(self.bytes.len(), |found| self.at + found);
                self.skip(end);
            }
            b'*' => {
                let rest = self.bytes.get(self.at + 2..).unwrap_or(&[]);
                match memmem::find(rest, b"*/") {
                    Some(found) => {
                        self.newline |= memchr(b'\n', &rest[..found]).is_some();
                        self.skip(self.at + found + 4);
                    }
                    None => self.at += 2,
                }
            }
            b'>' if self.level.markup > 0 => {
                self.end_of_markup();
                self.at += 2;
            }
            _ if matches!(self.before, Before::Operator | Before::Statement) => self.regex(),
            _ => {
                self.at += 1;
                self.expect(Before::Operator);
            }
        }
    }

    pub(super) fn regex(&mut self) {
        let mut end = self.at + 1;
        let mut class = false;
        while let Some(&byte) = self.bytes.get(end) {
            match byte {
                b'\\' => end += 1,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    self.skip(end + 1);
                    return self.operand();
                }
                b'\n' | b'\r' => break,
                _ => {}
            }
            end += 1;
        }
        self.at += 1;
        self.expect(Before::Operator);
    }
}
