//! Why a file could not be read at all, where, and what to do about it.

use std::fmt;

use vetch_model::evidence::{Location, Span};
use vetch_model::outcome::Incomplete;

/// What kind of trouble a file is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadErrorKind {
    /// It is not there.
    NotFound,
    /// The system refuses to hand it over, or it is no regular file.
    Unreadable,
    /// It is larger than any honest file of its kind.
    TooLarge,
    /// It holds the markers of an unfinished merge.
    Conflict,
    /// It is not JSON, or ends too early.
    Syntax,
    /// It nests deeper than any honest file of its kind.
    TooDeep,
    /// It is JSON, but not of the expected shape.
    Shape,
}

/// A file that could not be read as a whole. One bad entry is never the reason:
/// that is an [`Incomplete`], and the rest of the file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// What kind of trouble.
    pub kind: ReadErrorKind,
    /// The file, and the place in it where there is one.
    pub location: Location,
    /// What is wrong, in words.
    pub problem: String,
    /// What to do next.
    pub hint: String,
}

impl ReadError {
    /// Names the trouble, its place and the next step.
    pub fn new(
        kind: ReadErrorKind,
        location: Location,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> ReadError {
        ReadError { kind, location, problem: problem.into(), hint: hint.into() }
    }

    /// The same trouble as the part that is missing from a larger whole.
    pub fn into_incomplete(self) -> Incomplete {
        Incomplete::new(self.location.file.clone(), self.problem, self.hint).at(self.location)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.location.file)?;
        if self.location.line > 0 {
            write!(f, ":{}:{}", self.location.line, self.location.column)?;
        }
        write!(f, ": {}; {}", self.problem, self.hint)
    }
}

impl std::error::Error for ReadError {}

/// The text of a span of `bytes`, cut to a length that fits a message.
pub(crate) fn excerpt(bytes: &[u8], span: Span) -> String {
    // Four bytes for each of the characters that `short` keeps, and one more.
    let end = (span.end as usize).min(span.start as usize + 512);
    short(&String::from_utf8_lossy(bytes.get(span.start as usize..end).unwrap_or_default()))
}

/// Hostile text, cut to a length that fits a message.
pub(crate) fn short(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
