//! Words and operators of a shell line.

use super::{Part, Word};

/// What the parser sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word; `quoted` if any of it was (a quoted word is no keyword and no assignment name).
    Word { word: Word, quoted: bool },
    /// `;`, `&`, `|`, `&&`, `||`, `(`, `)`, `;;`, a new line.
    Operator(&'static str),
    /// A redirection operator, with the descriptor before it.
    Redirect { descriptor: Option<u32>, operator: &'static str },
}

/// A token and where it stands.
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Cuts a line into tokens, left to right.
pub(super) struct Lexer<'l> {
    pub(super) line: &'l str,
    pub(super) at: usize,
    /// Levels of substitution still allowed.
    nesting: u32,
    /// Commands still allowed, over all nested scripts.
    pub(super) commands: usize,
}

/// The longest first.
const OPERATORS: &[&str] = &["&&", "||", "|&", ";;", ";", "&", "|", "(", ")", "\n"];
const REDIRECTS: &[&str] = &["<<<", "<<-", "<<", "<&", "<>", "<", "&>>", "&>", ">>", ">&", ">|", ">"];

/// A folder that is known by what it is rather than by its path, as evaluation writes it: `<home>/x`, `<temp>\\x`. To a
/// shell these were redirections, which nobody writes so.
fn named_folder(rest: &str) -> Option<&str> {
    let name = rest.strip_prefix('<')?;
    let end = name.bytes().take_while(u8::is_ascii_lowercase).count();
    let after = name[end..].strip_prefix('>').filter(|_| end > 0)?;
    after.starts_with(['/', '\\']).then(|| &rest[..end + 2])
}

impl<'l> Lexer<'l> {
    pub(super) fn new(line: &'l str, nesting: u32, commands: usize) -> Self {
        Lexer { line, at: 0, nesting, commands }
    }

    pub(super) fn rest(&self) -> &'l str {
        self.line.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    pub(super) fn next(&mut self) -> Option<Placed> {
        self.blanks();
        let start = self.at;
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let token = if let Some(token) = self.redirect() {
            token
        } else if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            self.at += operator.len();
            Token::Operator(operator)
        } else {
            self.word()
        };
        Some(Placed { token, start, end: self.at })
    }

    /// Blanks, comments, and ends of lines that a backslash (or cmd.exe's caret) takes back.
    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            if let Some(after) = ["\\\r\n", "\\\n", "^\r\n", "^\n"].iter().find(|end| rest.starts_with(**end)) {
                self.at += after.len();
            } else if rest.starts_with([' ', '\t', '\r']) {
                self.at += 1;
            } else if rest.starts_with('#') {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else {
                return;
            }
        }
    }

    fn redirect(&mut self) -> Option<Token> {
        let rest = self.rest();
        if named_folder(rest).is_some() {
            return None;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let after = &rest[digits..];
        if after.starts_with("<(") || after.starts_with(">(") {
            return None;
        }
        let operator = REDIRECTS.iter().find(|operator| after.starts_with(**operator))?;
        // `2&>` is no redirection of 2.
        let descriptor =
            if operator.starts_with('&') && digits > 0 { return None } else { rest[..digits].parse().ok() };
        self.at += digits + operator.len();
        Some(Token::Redirect { descriptor, operator })
    }

    /// A word; at least one character is taken.
    pub(super) fn word(&mut self) -> Token {
        let mut parts = Parts::default();
        let mut quoted = false;
        while let Some(character) = self.peek() {
            match character {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' => break,
                '<' if let Some(folder) = named_folder(self.rest()) => {
                    parts.text(folder);
                    self.at += folder.len();
                }
                '<' | '>' if !self.process_substitution(&mut parts) => break,
                '<' | '>' => {}
                '\'' => {
                    quoted = true;
                    self.single_quoted(&mut parts);
                }
                '"' => {
                    quoted = true;
                    self.at += 1;
                    self.double_quoted(&mut parts);
                }
                '\\' => {
                    quoted = true;
                    self.escape(&mut parts);
                }
                '$' => self.dollar(&mut parts),
                '`' => self.backticks(&mut parts),
                '%' => self.percent(&mut parts),
                // cmd.exe's escape, before what means something to it.
                '^' if self.rest().starts_with(['^'])
                    && self.rest()[1..].starts_with(['&', '|', '<', '>', '^', '(', ')']) =>
                {
                    self.at += 1;
                    parts.extend(self.bump());
                }
                _ => parts.extend(self.bump()),
            }
        }
        Token::Word { word: parts.finish(), quoted }
    }

    fn single_quoted(&mut self, parts: &mut Parts) {
        let rest = &self.rest()[1..];
        match rest.find('\'') {
            Some(end) => {
                parts.text(&rest[..end]);
                self.at += end + 2;
            }
            // No end: the quote is an apostrophe, as in cmd.exe.
            None => {
                parts.text("'");
                self.at += 1;
            }
        }
    }

    /// After the opening quote.
    fn double_quoted(&mut self, parts: &mut Parts) {
        parts.text("");
        while let Some(character) = self.peek() {
            match character {
                '"' => {
                    self.at += 1;
                    return;
                }
                '\\' if self.rest()[1..].starts_with(['"', '\\', '$', '`', '\n']) => self.escape(parts),
                '$' => self.dollar(parts),
                '`' => self.backticks(parts),
                '%' => self.percent(parts),
                _ => parts.extend(self.bump()),
            }
        }
    }

    fn escape(&mut self, parts: &mut Parts) {
        self.at += 1;
        match self.bump() {
            Some('\n') => {}
            // A path of Windows rather than an escape: `C:\Windows\system32`.
            Some(character) if character.is_ascii_alphanumeric() && parts.is_windows_path() => {
                parts.text("\\");
                parts.extend(Some(character));
            }
            Some(character) => parts.extend(Some(character)),
            None => parts.text("\\"),
        }
    }

    fn dollar(&mut self, parts: &mut Parts) {
        let rest = &self.rest()[1..];
        if let Some(arithmetic) = rest.strip_prefix("((") {
            // Arithmetic runs nothing but what its substitutions run: as text.
            let end = arithmetic.find("))").map_or(rest.len(), |end| end + 4);
            parts.text(&self.rest()[..=end]);
            self.at += 1 + end;
        } else if rest.starts_with('(') {
            self.at += 2;
            let inner = self.balanced();
            self.substitute(inner, parts);
        } else if let Some(braced) = rest.strip_prefix('{') {
            let end = braced.find('}').unwrap_or(braced.len());
            let inner = braced[..end].trim_start_matches(['#', '!']);
            let name = inner.bytes().take_while(|byte| is_name(*byte)).count();
            parts.push(Part::Variable(inner[..name].to_owned()));
            self.at += (2 + end + 1).min(self.rest().len());
        } else if rest.starts_with('\'') {
            self.at += 2;
            self.ansi_quoted(parts);
        } else {
            let mut name = rest.bytes().take_while(|byte| is_name(*byte)).count();
            if rest.starts_with(|first: char| first.is_ascii_digit() || "@*#?$!-".contains(first)) {
                name = 1;
            }
            if name == 0 {
                parts.text("$");
            } else {
                parts.push(Part::Variable(rest[..name].to_owned()));
            }
            self.at += 1 + name;
        }
    }

    /// `$'…'`, after the opening quote: with escapes as in C.
    fn ansi_quoted(&mut self, parts: &mut Parts) {
        parts.text("");
        while let Some(character) = self.bump() {
            match character {
                '\'' => return,
                '\\' => {
                    let escaped = self.ansi_escape();
                    parts.extend(escaped);
                }
                _ => parts.extend(Some(character)),
            }
        }
    }

    fn ansi_escape(&mut self) -> Option<char> {
        let digits = |rest: &str, radix: u32, most: usize| {
            rest.chars().take(most).take_while(|digit| digit.is_digit(radix)).count()
        };
        let (radix, most) = match self.bump()? {
            'n' => return Some('\n'),
            't' => return Some('\t'),
            'r' => return Some('\r'),
            'e' | 'E' => return Some('\u{1b}'),
            'x' => (16, 2),
            'u' => (16, 4),
            'U' => (16, 8),
            '0'..='7' => {
                self.at -= 1;
                (8, 3)
            }
            other => return Some(other),
        };
        let length = digits(self.rest(), radix, most);
        let code = u32::from_str_radix(&self.rest()[..length], radix).ok();
        self.at += length;
        code.and_then(char::from_u32).or(Some(char::REPLACEMENT_CHARACTER))
    }

    /// The text up to the parenthesis that closes; it is taken too.
    fn balanced(&mut self) -> &'l str {
        let rest = self.rest();
        let mut depth = 1u32;
        let mut quote = None;
        let mut escaped = false;
        for (at, character) in rest.char_indices() {
            match (quote, character) {
                _ if escaped => escaped = false,
                (None | Some('"'), '\\') => escaped = true,
                (Some(open), _) if open == character => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(character),
                (None, '(') => depth += 1,
                (None, ')') => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += at + 1;
                        return &rest[..at];
                    }
                }
                (None, _) => {}
            }
        }
        self.at = self.line.len();
        rest
    }

    fn backticks(&mut self, parts: &mut Parts) {
        let rest = &self.rest()[1..];
        let mut end = 0;
        let bytes = rest.as_bytes();
        while end < bytes.len() && bytes[end] != b'`' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = rest.floor_char_boundary(end);
        let inner = &rest[..end];
        self.at = (self.at + 2 + end).min(self.line.len());
        if inner.contains("\\`") {
            self.substitute(&inner.replace("\\`", "`"), parts);
        } else {
            self.substitute(inner, parts);
        }
    }

    /// `<(…)` and `>(…)`
    fn process_substitution(&mut self, parts: &mut Parts) -> bool {
        if !self.rest()[1..].starts_with('(') {
            return false;
        }
        self.at += 2;
        let inner = self.balanced();
        self.substitute(inner, parts);
        true
    }

    fn substitute(&mut self, inner: &str, parts: &mut Parts) {
        if self.nesting == 0 || self.commands == 0 {
            return parts.text(inner);
        }
        let (script, left) = super::parser::parse_nested(inner, self.nesting - 1, self.commands);
        self.commands = left;
        parts.push(Part::Substitution(script));
    }

    /// `%NAME%` of cmd.exe; `100%` and `%20` stay text.
    fn percent(&mut self, parts: &mut Parts) {
        let rest = &self.rest()[1..];
        let name = rest.bytes().take_while(|byte| is_name(*byte) || *byte == b'(' || *byte == b')').count();
        let is_variable = rest[name..].starts_with('%') && !rest.starts_with(|first: char| first.is_ascii_digit());
        if name > 0 && is_variable {
            parts.push(Part::Variable(rest[..name].to_owned()));
            self.at += name + 2;
        } else {
            parts.text("%");
            self.at += 1;
        }
    }

    /// The text of a here-document: the lines up to the one that is `end`.
    pub(super) fn here_document(&self, from: usize, end: &str, tabs: bool) -> (String, usize) {
        let text = self.line.get(from..).unwrap_or("");
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let content = if tabs { content.trim_start_matches('\t') } else { content };
            if content == end {
                return (text[..at].to_owned(), from + at + line.len());
            }
            at += line.len();
        }
        (text.to_owned(), self.line.len())
    }
}

pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The parts of a word being read.
#[derive(Default)]
struct Parts {
    parts: Vec<Part>,
}

impl Parts {
    fn text(&mut self, text: &str) {
        if let Some(Part::Literal(last)) = self.parts.last_mut() {
            last.push_str(text);
        } else {
            self.parts.push(Part::Literal(text.to_owned()));
        }
    }

    fn extend(&mut self, character: Option<char>) {
        if let Some(character) = character {
            self.text(character.encode_utf8(&mut [0; 4]));
        }
    }

    fn push(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// Begins with `C:`, a variable of cmd.exe, a named folder, `\\` or `.`, as paths of Windows do.
    fn is_windows_path(&self) -> bool {
        match self.parts.first() {
            Some(Part::Literal(text)) => {
                let bytes = text.as_bytes();
                matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic()) || text.starts_with(['.', '<'])
            }
            Some(Part::Variable(_)) => true,
            _ => false,
        }
    }

    fn finish(mut self) -> Word {
        // Empty text only matters as a word of its own: `""`.
        if self.parts.len() > 1 {
            self.parts.retain(|part| !matches!(part, Part::Literal(text) if text.is_empty()));
        }
        Word { parts: self.parts }
    }
}
