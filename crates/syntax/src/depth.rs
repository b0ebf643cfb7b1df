//! How deep a source nests, by its tokens: for sources too long to be safe by their length.
//!
//! An estimate that would rather be too high. Each open bracket is a level, and keeps
//! count of what nests without brackets: operators whose operand is to their right
//! (`a ? b : c ? …`, `!!!a`, `a => b => …`, `a = b = …`), statements in statements
//! (`else if`), and elements of markup. A count ends with its statement or list element.

pub(crate) mod python;
mod text;
mod words;

use words::{Word, classify};

/// The offset at which nesting exceeds `limit`, if it does. `jsx`: there may be markup.
pub(crate) fn exceeds(bytes: &[u8], jsx: bool, limit: u32) -> Option<u32> {
    let mut scanner = Scanner::new(bytes, jsx, limit);
    scanner.run();
    scanner.exceeded
}

/// A link takes at most 160 bytes of stack (in a debug build), a level up to 2,500.
const LINKS_PER_LEVEL: u32 = 12;

/// What came before, as far as it decides what a token means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// The end of a value: `/` divides, `(` calls, a word on the next line begins a statement.
    Operand,
    /// A word such as `keyof`, that may be a name or may take an operand.
    Soft,
    /// An operator, or the beginning of anything.
    Operator,
    /// The end of a statement: `{` is a block.
    Statement,
    /// `.`: the next word is a name.
    Dot,
}

/// An open bracket, or the file.
#[derive(Clone, Copy, Default)]
struct Level {
    close: u8,
    /// Parentheses of `if`, `for`, `while`, `with`: a statement follows.
    header: bool,
    /// Braces of a block: a statement ends with them.
    block: bool,
    /// `${` … `}`
    template: bool,
    /// Pending operators and statements.
    pending: u32,
    /// Operators, calls and members in a row, which lean to the left.
    links: u32,
    /// `<` that may open type arguments.
    generic: u32,
    /// Elements of markup.
    markup: u32,
}

struct Scanner<'s> {
    bytes: &'s [u8],
    jsx: bool,
    at: usize,
    limit: u32,
    exceeded: Option<u32>,
    levels: Vec<Level>,
    level: Level,
    /// Sum over all levels, each with what it counts.
    depth: u32,
    before: Before,
    newline: bool,
    /// A statement ended by `}` or `;`: whether counts end too, the next word decides.
    ended: Option<u8>,
    /// The next parenthesis belongs to `if`, `for`, `while`, `with`.
    header: bool,
    /// There may be markup, whose text is not made of tokens: what looks like a string or
    /// comment may be none. So what could nest in those is counted and never taken back.
    doubtful: bool,
    /// A template without end was met: a backtick opens none any more.
    no_templates: bool,
}

impl<'s> Scanner<'s> {
    fn new(bytes: &'s [u8], jsx: bool, limit: u32) -> Self {
        Scanner {
            bytes,
            jsx,
            at: 0,
            limit,
            exceeded: None,
            levels: Vec::new(),
            level: Level::default(),
            depth: 0,
            before: Before::Statement,
            newline: true,
            ended: None,
            header: false,
            doubtful: false,
            no_templates: false,
        }
    }

    fn run(&mut self) {
        while self.exceeded.is_none()
            && let Some(&byte) = self.bytes.get(self.at)
        {
            match byte {
                b'\n' | b'\r' => {
                    self.newline = true;
                    self.at += 1;
                }
                b' ' | b'\t' => self.at += 1,
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | b'#' | b'\\' | 0x80.. => self.word(),
                b'0'..=b'9' => self.number(),
                b'"' | b'\'' => self.string(byte),
                b'`' => self.template(self.at + 1),
                b'/' => self.slash(),
                b'(' | b'[' | b'{' => self.open(byte),
                b')' | b']' | b'}' => self.close(byte),
                _ => self.operator(byte),
            }
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn deeper(&mut self, by: u32) {
        self.depth = self.depth.saturating_add(by);
        if self.depth > self.limit {
            self.exceeded.get_or_insert(self.at as u32);
        }
    }

    fn pend(&mut self) {
        self.level.pending += 1;
        self.deeper(1);
    }

    /// An operator, call or member that leans to the left: a fraction of a level.
    fn link(&mut self) {
        self.level.links += 1;
        if self.level.links.is_multiple_of(LINKS_PER_LEVEL) {
            self.pend();
        }
    }

    /// The statement or list element is over, and with it what was pending.
    fn settle(&mut self) {
        self.depth -= self.level.pending + self.level.generic;
        self.level.pending = 0;
        self.level.links = 0;
        self.level.generic = 0;
    }

    fn operand(&mut self) {
        self.before = Before::Operand;
        self.newline = false;
        self.ended = None;
    }

    /// Before a token that begins a value or statement.
    fn begin(&mut self) {
        match self.ended.take() {
            Some(_) => self.settle(),
            // Two values on two lines: the end of a statement without semicolon.
            None if self.newline && self.before == Before::Operand && self.level.markup == 0 => self.settle(),
            None => {}
        }
    }

    fn word(&mut self) {
        let start = self.at;
        while let Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' | b'#' | b'\\' | 0x80..) =
            self.bytes.get(self.at)
        {
            self.at += 1;
        }
        if self.before == Before::Dot {
            return self.operand();
        }
        let word = match classify(&self.bytes[start..self.at]) {
            Word::Infix if matches!(self.before, Before::Operator | Before::Statement) => Word::Name,
            word => word,
        };
        match word {
            Word::Name => {
                self.begin();
                self.operand();
            }
            Word::Soft => {
                self.begin();
                self.pend();
                self.operand();
                self.before = Before::Soft;
            }
            Word::Prefix => {
                self.begin();
                self.pend();
                self.expect(Before::Operator);
            }
            Word::Begin => {
                self.begin();
                self.expect(Before::Operator);
            }
            Word::Infix => {
                self.link();
                self.expect(Before::Operator);
            }
            Word::Header => {
                self.begin();
                self.pend();
                self.header = true;
                self.expect(Before::Statement);
            }
            Word::While => {
                self.pend();
                self.header = true;
                self.expect(Before::Statement);
            }
            Word::Nest => {
                self.begin();
                self.pend();
                self.expect(Before::Statement);
            }
            Word::Continue => {
                self.pend();
                self.expect(Before::Statement);
            }
            Word::Case => {
                self.settle();
                self.expect(Before::Operator);
            }
        }
    }

    fn expect(&mut self, before: Before) {
        self.before = before;
        self.newline = false;
        self.ended = None;
    }

    fn number(&mut self) {
        self.begin();
        while let Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.operand();
    }

    fn push(&mut self, level: Level) {
        self.levels.push(std::mem::replace(&mut self.level, level));
        self.deeper(1);
    }

    fn open(&mut self, byte: u8) {
        let level = match byte {
            b'(' => Level { close: b')', header: std::mem::take(&mut self.header), ..Level::default() },
            b'[' => Level { close: b']', ..Level::default() },
            _ => {
                let block = matches!(self.before, Before::Statement | Before::Operand | Before::Soft);
                Level { close: b'}', block, ..Level::default() }
            }
        };
        if self.ended.take() == Some(b';') {
            self.settle();
        }
        if self.before == Before::Operand {
            self.link();
        }
        self.push(level);
        self.at += 1;
        self.expect(if level.block { Before::Statement } else { Before::Operator });
    }

    fn close(&mut self, byte: u8) {
        self.at += 1;
        // A bracket that closes none is no bracket, or its file is no program.
        if self.level.close != byte {
            return;
        }
        let closed = self.level;
        self.level = self.levels.pop().unwrap_or_default();
        self.depth -= 1 + closed.pending + closed.generic + closed.markup;
        if closed.template {
            self.before = Before::Operator;
            return self.template(self.at);
        }
        self.operand();
        if closed.header {
            self.before = Before::Statement;
        } else if closed.block {
            self.before = Before::Statement;
            self.ended = Some(b'}');
        }
    }

    fn end_of_markup(&mut self) {
        if self.level.markup > 0 {
            self.level.markup -= 1;
            self.depth -= 1;
        }
    }

    fn operator(&mut self, byte: u8) {
        let next = self.peek(1);
        // A statement may begin with one of these, even without semicolon before it.
        let prefix = !matches!(self.before, Before::Operand | Before::Soft | Before::Dot);
        let ended = self.ended.take();
        if ended == Some(b';') {
            self.settle();
        }
        if !prefix {
            self.link();
        }
        let mut length = 1;
        match (byte, next) {
            (b';', _) => {
                self.at += 1;
                self.expect(Before::Statement);
                self.ended = Some(b';');
                return;
            }
            (b',', _) if self.level.generic == 0 => self.settle(),
            (b'.', b'0'..=b'9') => {
                self.at += 1;
                return self.number();
            }
            (b'.', b'.') => length = 3,
            (b'.', _) => {
                self.at += 1;
                return self.expect(Before::Dot);
            }
            (b'?', b'.') if !self.peek(2).is_ascii_digit() => {
                self.at += 2;
                return self.expect(Before::Dot);
            }
            (b'?' | b'&' | b'|', _) if next == byte => length = 2,
            (b'+' | b'-', _) if next == byte => {
                self.at += 2;
                if prefix || self.newline {
                    self.pend();
                    self.expect(Before::Operator);
                }
                return;
            }
            (b'=' | b'!' | b'<' | b'>', b'=') => length = if self.peek(2) == b'=' { 3 } else { 2 },
            (b'=', b'>') => {
                self.pend();
                self.at += 2;
                return self.expect(Before::Statement);
            }
            (b'*', b'*') => {
                self.pend();
                length = 2;
            }
            // In TypeScript two may open: `A<<T>() => B>`. Else it shifts.
            (b'<', b'<') if self.jsx => length = 2,
            (b'<', _) => self.less(prefix, next),
            (b'>', _) => self.greater(),
            (b'!', _) if !prefix && !self.newline => {
                self.at += 1;
                return self.operand();
            }
            (b'?' | b':' | b'=' | b'!' | b'~', _) => self.pend(),
            (b'+' | b'-', _) if prefix || self.newline => self.pend(),
            _ => {}
        }
        self.at += length;
        self.expect(Before::Operator);
    }

    fn less(&mut self, prefix: bool, next: u8) {
        if next == b'/' {
            self.end_of_markup();
        } else if self.jsx
            && prefix
            && (next == b'>' || next.is_ascii_alphabetic() || matches!(next, b'_' | b'$' | 0x80..))
        {
            self.doubtful = true;
            self.level.markup += 1;
            self.deeper(1);
        } else {
            if prefix {
                // A type assertion takes the operand to its right.
                self.pend();
            }
            self.level.generic += 1;
            self.deeper(1);
        }
    }

    fn greater(&mut self) {
        if self.level.generic > 0 {
            self.level.generic -= 1;
            self.depth -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
