//! Cuts shell lines into commands and words.

use super::{DOWNLOADERS, INTERPRETERS};

/// One command of a line, and what joins it to the next.
#[derive(Default)]
pub(super) struct Part {
    pub(super) words: Vec<String>,
    pub(super) quoted: Vec<String>,
    pub(super) piped: bool,
    pub(super) background: bool,
}

/// Cuts a line at `|`, `&`, `;` and newlines outside quotes. Words lose their quotes.
pub(super) fn split(line: &str) -> Vec<Part> {
    let mut splitter = Splitter::default();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (splitter.quote, c) {
            (Some('"'), '\\') => splitter.quoted.extend(chars.next()),
            (Some(mark), c) if c == mark => splitter.end_quote(),
            (Some(_), c) => splitter.quoted.push(c),
            (None, '"' | '\'') => splitter.quote = Some(c),
            (None, '|' | '&' | ';' | '\n') => {
                let doubled = chars.next_if_eq(&c).is_some();
                // `2>&1` and `&>` redirect; they do not end a command.
                if c == '&' && !doubled && (splitter.word.ends_with('>') || chars.peek() == Some(&'>')) {
                    splitter.word.push(c);
                } else {
                    splitter.end_part(c == '|' && !doubled, c == '&' && !doubled);
                }
            }
            (None, c) if c.is_whitespace() => splitter.end_word(),
            (None, c) => splitter.word.push(c),
        }
    }
    if splitter.quote.is_some() {
        splitter.end_quote();
    }
    splitter.end_part(false, false);
    splitter.parts
}

/// What [`split`] has read so far.
#[derive(Default)]
struct Splitter {
    parts: Vec<Part>,
    part: Part,
    word: String,
    quote: Option<char>,
    quoted: String,
}

impl Splitter {
    fn end_quote(&mut self) {
        self.quote = None;
        self.word.push_str(&self.quoted);
        self.part.quoted.push(std::mem::take(&mut self.quoted));
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            self.part.words.push(std::mem::take(&mut self.word));
        }
    }

    fn end_part(&mut self, piped: bool, background: bool) {
        self.end_word();
        let part = Part { piped, background, ..std::mem::take(&mut self.part) };
        if !part.words.is_empty() {
            self.parts.push(part);
        }
    }
}

/// A program's name without folder, extension and case.
pub(super) fn program(word: &str) -> String {
    let base = word.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    base.strip_suffix(".exe").unwrap_or(&base).to_owned()
}

impl Part {
    /// The program, past `sudo`, `env` and assignments.
    pub(super) fn program(&self) -> String {
        let real = self.words.iter().find(|word| {
            !matches!(word.as_str(), "sudo" | "env" | "exec" | "command" | "nohup" | "setsid" | "(" | "{")
                && !word.contains('=')
        });
        real.map_or_else(String::new, |word| program(word.trim_start_matches(['(', '{', '@'])))
    }

    pub(super) fn has(&self, wanted: &[&str]) -> bool {
        self.words.iter().any(|word| wanted.contains(&word.to_ascii_lowercase().as_str()))
    }

    pub(super) fn runs_interpreter(&self) -> bool {
        INTERPRETERS.contains(&self.program().as_str())
    }

    pub(super) fn downloads(&self) -> bool {
        let program = self.program();
        DOWNLOADERS.contains(&program.as_str()) || self.downloads_to_last(&program)
    }

    /// `certutil -urlcache -f URL FILE`, `bitsadmin /transfer JOB URL FILE`
    pub(super) fn downloads_to_last(&self, program: &str) -> bool {
        matches!(program, "certutil" | "bitsadmin") && self.words.iter().any(|word| word.contains("://"))
    }
}
