//! Lines of shell, as far as one must understand them to know what they run.
//!
//! Made for install scripts and for command lines found in code: POSIX sh (which npm
//! uses on Unix) and, near enough, cmd.exe. Total: every line parses to something, what
//! is not understood stays as literal words. Bounded: nesting past [`MAX_NESTING`] and
//! commands past [`MAX_COMMANDS`] stay literal text.

use vetch_model::Span;

mod lexer;
mod parser;

/// Deepest nesting of substitutions and subshells that is taken apart.
pub const MAX_NESTING: u32 = 32;

/// Most commands taken out of one line.
pub const MAX_COMMANDS: usize = 4_096;

/// A parsed line or script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// The commands in order, those of subshells, groups and bodies of `if`, `for`, …
    /// among the others.
    pub commands: Vec<Command>,
}

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments, without what [`Command::assignments`] and
    /// [`Command::redirects`] hold. `cross-env X=1 cmd` and `env X=1 cmd` count as `cmd`
    /// with assignments.
    pub words: Vec<Word>,
    /// `NAME=value` before the program.
    pub assignments: Vec<(String, Word)>,
    /// `> file`, `2>&1`, `<< END`, …
    pub redirects: Vec<Redirect>,
    /// How it stands to the command before it; the first one's is [`Joint::Sequence`].
    pub joined_by: Joint,
    /// Its place in the line (in the substitution's text, for commands within one).
    pub span: Span,
}

/// How a command follows the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Joint {
    /// `;`, a new line, or the first command.
    #[default]
    Sequence,
    /// `|`: reads what the one before writes.
    Pipe,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `&`: the one before runs in the background.
    Background,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The file descriptor, where one is given.
    pub descriptor: Option<u32>,
    /// Which.
    pub kind: RedirectKind,
    /// File name, descriptor, or the text of a here-document.
    pub target: Word,
}

/// Which redirection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectKind {
    /// `<`
    Read,
    /// `>`, `>|`
    Write,
    /// `>>`
    Append,
    /// `>&`, `<&`, `&>`
    Duplicate,
    /// `<< END`, `<<< text`: the text is given here.
    Here,
}

/// A word, without its quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// Its parts; no two literals in a row.
    pub parts: Vec<Part>,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Literal(String),
    /// `$NAME`, `${NAME…}`, `%NAME%`: the name.
    Variable(String),
    /// `$(…)`, `` `…` ``, `<(…)`: what a script prints.
    Substitution(Script),
}

impl Word {
    /// A word of text alone.
    pub fn literal(text: impl Into<String>) -> Self {
        Word { parts: vec![Part::Literal(text.into())] }
    }

    /// The text, if it is known in full.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text, with variables written `$NAME` and substitutions `$(…)`.
    pub fn display(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.clone(),
                Part::Variable(name) => format!("${name}"),
                Part::Substitution(_) => "$(…)".to_owned(),
            })
            .collect()
    }
}

impl Command {
    /// The program's name: the last part of the first word's path, without `.exe`, `.cmd`
    /// or `.bat`, in lower case. `None` where the first word is not known in full.
    pub fn program(&self) -> Option<String> {
        let path = self.words.first()?.as_literal()?;
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
        let stem = [".exe", ".cmd", ".bat"].iter().find_map(|suffix| name.strip_suffix(suffix));
        Some(stem.unwrap_or(&name).to_owned())
    }
}

/// Parses a line or script. Never fails.
pub fn parse(line: &str) -> Script {
    parser::parse(line)
}

#[cfg(test)]
mod tests;
