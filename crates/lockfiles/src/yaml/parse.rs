//! From bytes to documents: limits, encoding, unfinished merges, and which of
//! the two readers makes the tree.

use vetch_model::evidence::{Location, Span};

use super::{Value, block, events};
use crate::error::{ReadError, ReadErrorKind, excerpt};
use crate::files::too_large;
use crate::json::{Limits, Lines};

/// Deepest nesting: honest lockfiles stay below 10.
pub(super) const MAX_DEPTH: usize = 64;

/// A parsed file: one or more documents.
#[derive(Debug)]
pub(crate) struct Stream<'a> {
    /// Never empty.
    pub(crate) documents: Vec<Value<'a>>,
    /// What it uses of YAML that lockfiles never use and that is not followed: where, and what.
    pub(crate) not_followed: Option<(Span, &'static str)>,
    pub(crate) lines: Lines,
    pub(crate) file: &'a str,
    bytes: &'a [u8],
}

impl Stream<'_> {
    /// The place of a span.
    pub(crate) fn location(&self, span: Span) -> Location {
        self.lines.location(self.file, span)
    }

    /// The text of a span, cut to a length that fits a message.
    pub(crate) fn excerpt(&self, span: Span) -> String {
        excerpt(self.bytes, span)
    }

    /// Whether the last line lacks its end, as in a file that was cut short.
    pub(crate) fn ends_in_mid_line(&self) -> bool {
        !self.bytes.ends_with(b"\n")
    }
}

/// What is wrong with a file as a whole.
pub(super) struct Fault {
    pub(super) kind: ReadErrorKind,
    /// Byte offset.
    pub(super) at: usize,
    pub(super) problem: String,
}

impl Fault {
    pub(super) fn new(kind: ReadErrorKind, at: usize, problem: impl Into<String>) -> Fault {
        Fault { kind, at, problem: problem.into() }
    }
}

/// Parses one file within `limits`, which count expanded aliases too; `hint` tells what to do with a broken one.
///
/// # Errors
/// When it is too large, no UTF-8, empty, no YAML, nested too deeply, or holds
/// the markers of an unfinished merge.
pub(crate) fn parse<'a>(bytes: &'a [u8], file: &'a str, limits: Limits, hint: &str) -> Result<Stream<'a>, ReadError> {
    // Offsets are kept in 32 bits.
    let limit = limits.bytes.min(u32::MAX as usize - 1);
    if bytes.len() > limit {
        return Err(too_large(file, bytes.len() as u64, limit as u64));
    }
    let error = |fault: Fault, hint: &str| {
        let offset = fault.at as u32;
        let (line, column) = Lines::of(bytes).position(offset);
        let location = Location { file: file.to_owned(), line, column, span: Span { start: offset, end: offset } };
        ReadError::new(fault.kind, location, fault.problem, hint)
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(fault) => {
            let fault = Fault::new(ReadErrorKind::Syntax, fault.valid_up_to(), "it holds bytes that are no UTF-8");
            return Err(error(fault, hint));
        }
    };
    if let Some(at) = conflict_marker(text) {
        let problem = "an unfinished merge left its conflict markers here";
        let hint = "finish the merge: resolve package.json first, then install again, which writes the lockfile anew";
        return Err(error(Fault::new(ReadErrorKind::Conflict, at, problem), hint));
    }
    let (documents, not_followed) = match block::read(text, limits.values) {
        Some(documents) => (documents, None),
        None => events::read(text, limits.values).map_err(|fault| error(fault, hint))?,
    };
    if documents.is_empty() {
        return Err(error(Fault::new(ReadErrorKind::Syntax, 0, "the file is empty"), hint));
    }
    Ok(Stream { documents, not_followed, lines: Lines::of(bytes), file, bytes })
}

/// Offset of the first line that starts like a Git conflict marker. Neither pnpm
/// nor Yarn writes a line that does: inside texts, lines are indented.
fn conflict_marker(text: &str) -> Option<usize> {
    ["<<<<<<<", ">>>>>>>"].into_iter().find_map(|marker| {
        let inside = || text.find(&format!("\n{marker}")).map(|at| at + 1);
        if text.starts_with(marker) { Some(0) } else { inside() }
    })
}
