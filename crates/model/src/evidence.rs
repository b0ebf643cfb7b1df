//! Evidence: the place and the words that a finding rests on.

use serde::{Deserialize, Serialize};

/// A half-open range of byte offsets in one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A place in a file. `file` is relative: to the package for contents, to the
/// scan target for lockfiles; always with `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// Relative path.
    pub file: String,
    /// 1-based line; 0 when the whole file is meant.
    pub line: u32,
    /// 1-based column in bytes; 0 when the whole line is meant.
    pub column: u32,
    /// Byte range in the file (of its decoded layer, where there is one).
    pub span: Span,
}

impl Location {
    /// The whole of `file`.
    pub fn file(file: impl Into<String>) -> Self {
        Location { file: file.into(), line: 0, column: 0, span: Span::default() }
    }
}

/// What a finding or a capability rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Evidence {
    /// Code, in a file of the package or in a layer decoded from it.
    Code {
        /// Where; for a decoded layer, the place in the shipped file that holds it.
        location: Location,
        /// The source line (at most [`MAX_EXCERPT`] bytes, cut around the span), raw:
        /// every output escapes it for itself.
        excerpt: String,
        /// Byte range of the point of interest within `excerpt`.
        highlight: Span,
        /// 0 = as shipped.
        layer: u8,
        /// What the line does, in words.
        note: String,
    },
    /// A field whose value is the point, with what was expected of it where that is known.
    Field {
        /// Where the field stands.
        location: Location,
        /// Field path, e.g. `scripts.postinstall`.
        field: String,
        /// The value found.
        found: String,
        /// The value expected.
        expected: Option<String>,
        /// What that means, in words.
        note: String,
    },
    /// A file as a whole.
    File {
        /// Which.
        location: Location,
        /// What about it, in words.
        note: String,
    },
}

/// Longest excerpt kept, in bytes.
pub const MAX_EXCERPT: usize = 240;

impl Evidence {
    /// The place the evidence stands at.
    pub fn location(&self) -> &Location {
        match self {
            Evidence::Code { location, .. } | Evidence::Field { location, .. } | Evidence::File { location, .. } => {
                location
            }
        }
    }

    /// What it shows, in words.
    pub fn note(&self) -> &str {
        match self {
            Evidence::Code { note, .. } | Evidence::Field { note, .. } | Evidence::File { note, .. } => note,
        }
    }

    /// The decoding layer it was seen at.
    pub fn layer(&self) -> u8 {
        match self {
            Evidence::Code { layer, .. } => *layer,
            _ => 0,
        }
    }

    /// The same evidence with other words.
    #[must_use]
    pub fn with_note(mut self, words: impl Into<String>) -> Self {
        match &mut self {
            Evidence::Code { note, .. } | Evidence::Field { note, .. } | Evidence::File { note, .. } => {
                *note = words.into();
            }
        }
        self
    }
}
