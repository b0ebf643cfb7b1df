//! Writes out what changed between two inventories: for people, for a pull request,
//! and as `vetch.diff/1`.
//!
//! Everything compared is hostile: each form escapes for itself, through
//! [`crate::escape`]. The forms for people are bounded and say what they leave out;
//! the JSON is whole.

mod convert;
mod markdown;
mod terminal;
pub mod types;
mod words;

use std::io::{self, Write};

use vetch_graph::compare::{Change, Comparison};
use vetch_model::Incomplete;
use vetch_model::inventory::{Inventory, Package};

use crate::ToolInfo;
use crate::changes::ChangeView;
use crate::graph::MapFile;
use crate::json::write_value;

pub use markdown::markdown;
pub use terminal::terminal;

/// The value of `schema`.
pub const SCHEMA_ID: &str = "vetch.diff/1";

/// One of the two things compared.
#[derive(Debug, Clone, Copy)]
pub struct Side<'m> {
    /// As given on the command line.
    pub target: &'m str,
    /// The commit that it was read at, if it is a git revision.
    pub commit: Option<&'m str>,
    /// Packages of all its files.
    pub inventory: &'m Inventory,
    /// What was read.
    pub files: &'m [MapFile],
    /// What could not be read.
    pub incomplete: &'m [Incomplete],
}

/// A comparison, ready to be written.
#[derive(Debug, Clone, Copy)]
pub struct DiffView<'m> {
    /// What was.
    pub old: Side<'m>,
    /// What is.
    pub new: Side<'m>,
    /// The two compared.
    pub comparison: &'m Comparison,
    /// What the releases that it brings in do, where they were looked at.
    pub reviews: Option<&'m [ChangeView<'m>]>,
    /// What the project's own source does now and did not, by its parts, where it was looked at.
    pub own: Option<&'m [ChangeView<'m>]>,
}

impl<'m> DiffView<'m> {
    /// The first place of a changed package on either side.
    fn packages(&self, change: &Change) -> (Option<&'m Package>, Option<&'m Package>) {
        let old = change.old.first().map(|id| self.old.inventory.package(*id));
        (old, change.new.first().map(|id| self.new.inventory.package(*id)))
    }

    /// The side on which a change's way in is told.
    fn side_of(&self, change: &Change) -> &Side<'m> {
        if change.new.is_empty() { &self.old } else { &self.new }
    }

    /// What could not be read, with the side's name.
    fn incomplete(&self) -> impl Iterator<Item = (&'static str, &'m Incomplete)> {
        let of = |name, side: &Side<'m>| side.incomplete.iter().map(move |one| (name, one));
        of("old", &self.old).chain(of("new", &self.new))
    }
}

/// Writes `vetch.diff/1`, indented, with a newline at the end.
///
/// # Errors
/// What `out` reports.
pub fn write_json(view: &DiffView<'_>, tool: &ToolInfo, out: impl Write) -> io::Result<()> {
    write_value(&convert::report(view, tool), out)
}

/// The JSON Schema (draft 2020-12), as `schemas/diff.schema.json` holds it.
pub fn json_schema() -> String {
    crate::json::schema_of::<types::DiffReport>()
}
