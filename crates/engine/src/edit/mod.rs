//! Edits of the user's own files: manifests, lockfiles, settings. Shared by every command that repairs something.
//!
//! ```text
//! place   a value in a tree → the bytes that say another one   JSON, TOML, YAML, lines of settings
//! mod     an EditSet: files, what they held, the spans to exchange
//! check   the file still parses, and nothing but what was meant reads differently
//! diff    what would change, as a unified diff
//! write   all files or none: unchanged since, no links, not read-only; beside their place, then renamed
//! ```
//!
//! Bytes outside of an edit are never touched: comments, blanks, tabs, CRLF and byte-order marks stay as they are.

mod check;
mod diff;
pub mod place;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use vetch_lockfiles::tree::Syntax;

pub use diff::Masked;
pub use write::{EditError, Written};

/// Bytes of one file that are exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which bytes; an empty range inserts.
    pub span: Range<usize>,
    /// What comes in their place.
    pub text: String,
}

/// What is to become of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it held when it was looked at; `None` if it is to be created.
    original: Option<Vec<u8>>,
    syntax: Option<Syntax>,
    /// Sorted by place, none overlapping another.
    edits: Vec<Edit>,
    /// Paths of the values that are meant to read differently (see [`vetch_lockfiles::tree::Tree::leaves`]).
    meant: BTreeSet<String>,
}

/// Edits of any number of files below one folder, by path relative to it, with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditSet {
    changes: BTreeMap<String, Change>,
}

/// An edit that was not taken: it overlaps one that says something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it would change what another repair changes")]
pub struct Overlap;

impl Change {
    fn new(original: Option<Vec<u8>>, syntax: Option<Syntax>) -> Change {
        Change { original, syntax, edits: Vec::new(), meant: BTreeSet::new() }
    }

    fn bytes(&self) -> &[u8] {
        self.original.as_deref().unwrap_or_default()
    }

    /// Adds an edit; the same once more is none. Insertions at one place keep their order.
    fn add(&mut self, edit: Edit) -> Result<bool, Overlap> {
        if edit.span.start > edit.span.end || edit.span.end > self.bytes().len() {
            return Err(Overlap);
        }
        let at = self.edits.partition_point(|other| other.span.start <= edit.span.start);
        // They are sorted and apart, so that only neighbours can be in the way.
        let is_same = |other: &&Edit| **other == edit;
        let mut near = self.edits.iter().take(at).rev().take_while(|other| other.span.start == edit.span.start);
        if near.any(|other| is_same(&other)) {
            return Ok(false);
        }
        let is_inside = |outer: &Edit, inner: &Edit| match (outer.span.is_empty(), inner.span.is_empty()) {
            (true, _) => false,
            (false, true) => outer.span.start < inner.span.start && inner.span.start < outer.span.end,
            (false, false) => outer.span.start < inner.span.end && inner.span.start < outer.span.end,
        };
        let neighbours = self.edits.iter().skip(at.saturating_sub(1)).take(2);
        if neighbours.into_iter().any(|other| is_inside(other, &edit) || is_inside(&edit, other)) {
            return Err(Overlap);
        }
        self.edits.insert(at, edit);
        Ok(true)
    }

    /// The file as it will be.
    pub fn result(&self) -> Vec<u8> {
        let original = self.bytes();
        let mut out = Vec::with_capacity(original.len() + 256);
        let mut done = 0;
        for edit in &self.edits {
            out.extend_from_slice(original.get(done..edit.span.start).unwrap_or_default());
            out.extend_from_slice(edit.text.as_bytes());
            done = edit.span.end;
        }
        out.extend_from_slice(original.get(done..).unwrap_or_default());
        out
    }
}

impl EditSet {
    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.changes.values().all(|change| change.edits.is_empty())
    }

    /// Files that are to be written.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().filter(|(_, change)| !change.edits.is_empty()).map(|(file, _)| file.as_str())
    }

    /// Begins with a file that held `original` when it was looked at; `None` creates it. Files of a `syntax` are
    /// checked by it. A file that was begun with already stays as it was then.
    pub fn open(&mut self, file: &str, original: Option<&[u8]>, syntax: Option<Syntax>) {
        if !self.changes.contains_key(file) {
            self.changes.insert(file.to_owned(), Change::new(original.map(<[u8]>::to_vec), syntax));
        }
    }

    /// Exchanges bytes of a file that was begun with; whether that is a new edit. `meant` are the paths of the
    /// values that read differently afterwards.
    ///
    /// # Errors
    /// When the edit overlaps another one, or lies outside of the file.
    pub fn add(&mut self, file: &str, edit: Edit, meant: &[String]) -> Result<bool, Overlap> {
        let change = self.changes.get_mut(file).ok_or(Overlap)?;
        let is_new = change.add(edit)?;
        change.meant.extend(meant.iter().cloned());
        Ok(is_new)
    }

    /// Takes an edit out again, with what was meant by it.
    pub fn take_back(&mut self, file: &str, edit: &Edit, meant: &[String]) {
        if let Some(change) = self.changes.get_mut(file) {
            change.edits.retain(|other| other != edit);
            change.meant.retain(|path| !meant.contains(path));
        }
    }

    /// What a file will hold, if it is edited.
    pub fn result(&self, file: &str) -> Option<Vec<u8>> {
        self.changes.get(file).map(Change::result)
    }

    /// Whether an edit of the file writes this line.
    pub fn writes_line(&self, file: &str, line: &str) -> bool {
        let edits = self.changes.get(file).map_or(&[][..], |change| &change.edits);
        edits.iter().any(|edit| edit.text.lines().any(|written| written == line))
    }

    /// Takes out all edits of a file.
    pub fn remove(&mut self, file: &str) {
        self.changes.remove(file);
    }

    /// Takes out every file whose edits would do more or less than what was meant, with the reason.
    pub fn reject_unsafe(&mut self) -> Vec<(String, String)> {
        let mut rejected = Vec::new();
        self.changes.retain(|file, change| match check::fault(file, change) {
            None => true,
            Some(fault) => {
                rejected.push((file.clone(), fault));
                false
            }
        });
        rejected
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test's own helper")]
mod tests {
    use super::*;

    fn edit(span: Range<usize>, text: &str) -> Edit {
        Edit { span, text: text.to_owned() }
    }

    #[test]
    fn edits_keep_everything_else() {
        let original = b"\xef\xbb\xbfa\t= 1\r\nb = 2\r\n".as_slice();
        let mut set = EditSet::default();
        set.open("x", Some(original), None);
        assert_eq!(set.add("x", edit(14..15, "20"), &[]), Ok(true));
        assert_eq!(set.add("x", edit(7..8, "10"), &[]), Ok(true));
        assert_eq!(set.result("x").unwrap(), b"\xef\xbb\xbfa\t= 10\r\nb = 20\r\n");
        assert!(set.add("x", edit(6..8, "x"), &[]).is_err());
        assert!(set.add("x", edit(0..99, "x"), &[]).is_err());
        assert!(set.add("y", edit(0..0, "x"), &[]).is_err());
        assert_eq!(set.add("x", edit(7..8, "10"), &[]), Ok(false));
        assert_eq!(set.files().collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn insertions_keep_their_order() {
        let mut set = EditSet::default();
        set.open("x", None, None);
        set.add("x", edit(0..0, "a\n"), &[]).unwrap();
        set.add("x", edit(0..0, "b\n"), &[]).unwrap();
        assert_eq!(set.result("x").unwrap(), b"a\nb\n");
    }

    #[test]
    fn an_edit_that_does_more_than_it_should_is_taken_out() {
        let original = b"{\"a\": \"1\", \"b\": \"2\"}".as_slice();
        let meant = ["a".to_owned()];
        for (change, is_kept) in [
            (edit(6..9, "\"3\""), true),
            (edit(6..9, "3"), true),
            (edit(6..9, "\"3"), false),
            (edit(6..19, "\"3\""), false),
            (edit(6..9, "\"3\", \"c\": 1"), false),
            (edit(6..9, "\"1\""), false),
        ] {
            let mut set = EditSet::default();
            set.open("x.json", Some(original), Some(Syntax::Json));
            set.add("x.json", change.clone(), &meant).unwrap();
            assert_eq!(set.reject_unsafe().is_empty(), is_kept, "{change:?}");
            assert_eq!(set.is_empty(), !is_kept);
        }
    }
}
