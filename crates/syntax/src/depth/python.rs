//! How deep Python nests, by its tokens: brackets, indentation, and operators whose operand is to their right.

use crate::limits::Limits;

/// Links (operators, words, members) that take as much stack as a level.
const LINKS_PER_LEVEL: u32 = 4;

/// The offset at which a source nests deeper, or chains longer, than the limits allow.
pub(crate) fn too_deep(source: &str, limits: &Limits) -> Option<u32> {
    let mut scanner = Scanner {
        bytes: source.as_bytes(),
        at: 0,
        indents: vec![0],
        brackets: Vec::new(),
        links: 0,
        max_depth: limits.max_depth,
        max_links: limits.max_chain / 2,
    };
    scanner.run()
}

struct Scanner<'s> {
    bytes: &'s [u8],
    at: usize,
    /// Columns of the blocks that are open.
    indents: Vec<usize>,
    /// Links before each bracket that is open, within the one around it.
    brackets: Vec<u32>,
    /// Links since the last bracket, comma or line.
    links: u32,
    max_depth: u32,
    max_links: u32,
}

impl Scanner<'_> {
    fn run(&mut self) -> Option<u32> {
        self.line_start();
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\n' | b'\r' if self.brackets.is_empty() => {
                    self.links = 0;
                    self.line_start();
                }
                b'\\' => self.continuation(),
                b'#' => self.skip_while(|byte| byte != b'\n' && byte != b'\r'),
                b'"' | b'\'' => self.string(byte),
                b'(' | b'[' | b'{' => {
                    self.brackets.push(self.links + 1);
                    self.links = 0;
                }
                b')' | b']' | b'}' => self.links = self.brackets.pop().unwrap_or(0),
                b',' | b';' => self.links = 0,
                b' ' | b'\t' | b'\x0c' | b'\n' | b'\r' => {}
                byte if is_word(byte) => {
                    self.skip_while(is_word);
                    self.links += 1;
                }
                _ => self.links += 1,
            }
            if self.is_too_deep() {
                return u32::try_from(self.at).ok();
            }
        }
        None
    }

    fn is_too_deep(&self) -> bool {
        let levels = self.brackets.len() + self.indents.len();
        // Only the innermost run of links can be long without brackets; those around are paid as they open.
        levels as u32 > self.max_depth || self.links > self.max_links || self.pending() > self.max_links
    }

    /// Links around the open brackets. Cheap: brackets are few.
    fn pending(&self) -> u32 {
        match self.brackets.last() {
            Some(before) => before / LINKS_PER_LEVEL + self.brackets.len() as u32,
            None => 0,
        }
    }

    /// The indentation of a line that is not blank.
    fn line_start(&mut self) {
        let begin = self.at;
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\x0c'));
        if matches!(self.bytes.get(self.at), None | Some(b'\n' | b'\r' | b'#')) {
            return;
        }
        let column = self.at - begin;
        while self.indents.last().is_some_and(|indent| *indent > column) {
            self.indents.pop();
        }
        if self.indents.last().is_none_or(|indent| *indent < column) {
            self.indents.push(column);
        }
    }

    /// A backslash before a line's end joins it with the next.
    fn continuation(&mut self) {
        if self.bytes.get(self.at) == Some(&b'\r') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'\n') {
            self.at += 1;
        }
    }

    fn string(&mut self, quote: u8) {
        let is_triple = self.bytes.get(self.at..self.at + 2) == Some(&[quote, quote]);
        self.at += if is_triple { 2 } else { 0 };
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'\n' | b'\r' if !is_triple => return,
                byte if byte == quote && !is_triple => return,
                byte if byte == quote && self.bytes.get(self.at..self.at + 2) == Some(&[quote, quote]) => {
                    self.at += 2;
                    return;
                }
                _ => {}
            }
        }
    }

    fn skip_while(&mut self, test: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|byte| test(*byte)) {
            self.at += 1;
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
