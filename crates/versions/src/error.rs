//! Why a version or a range cannot be read.

use std::fmt;

/// What kind of trouble a version or a range is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionErrorKind {
    /// Longer than any honest one.
    TooLong,
    /// A number in it is larger than the ecosystem's own tools can hold.
    Number,
    /// A distribution tag (`latest`, `next`): what it stands for, only the registry knows.
    Tag,
    /// A URL, a path, an alias, or another specification with a protocol or a slash.
    Location,
    /// It follows no rule of the ecosystem.
    Syntax,
}

/// A version or a range that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionError {
    /// What kind of trouble.
    pub kind: VersionErrorKind,
    /// The text as given, cut to a length that fits a message.
    pub text: String,
}

impl VersionError {
    pub(crate) fn new(kind: VersionErrorKind, text: &str) -> VersionError {
        const LONGEST: usize = 80;
        let text = match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.to_owned(),
        };
        VersionError { kind, text }
    }
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match self.kind {
            VersionErrorKind::TooLong => write!(f, "{text:?} is too long to be a version or a range"),
            VersionErrorKind::Number => write!(f, "{text:?} has a number that is too large"),
            VersionErrorKind::Tag => write!(f, "{text:?} is a tag, not a range"),
            VersionErrorKind::Location => write!(f, "{text:?} names a place, not a range"),
            VersionErrorKind::Syntax => write!(f, "{text:?} is no version or range"),
        }
    }
}

impl std::error::Error for VersionError {}
