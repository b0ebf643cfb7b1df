//! Writes out what `vetch lock` found: for people, for a pull request, and as `vetch.lock-check/1`.

mod convert;
mod markdown;
mod terminal;
pub mod types;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Write};

use vetch_model::lock::{BehaviourLock, Change, LockCheck, LockedCapability};
use vetch_model::scan::{ReleaseResult, Scan};
use vetch_model::{Capability, Purl};

use crate::ToolInfo;
use crate::json::write_value;

pub use markdown::markdown;
pub use terminal::terminal;

/// The value of `schema`.
pub const SCHEMA_ID: &str = "vetch.lock-check/1";

/// What became of one `vetch.lock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It was compared, and not touched.
    Checked,
    /// There was none, and now there is.
    Created,
    /// It was there and has other contents now.
    Updated,
    /// It already said what would be written.
    Unchanged,
}

impl Deed {
    /// The stable id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Deed::Checked => "checked",
            Deed::Created => "created",
            Deed::Updated => "updated",
            Deed::Unchanged => "unchanged",
        }
    }
}

/// One `vetch.lock`, and what the project beside it has now.
#[derive(Debug, Clone)]
pub struct LockedFolder<'s> {
    /// The file, as the user would name it.
    pub file: String,
    /// What became of it.
    pub deed: Deed,
    /// What was written or would be.
    pub lock: &'s BehaviourLock,
    /// How the project differs from what the file said before.
    pub check: &'s LockCheck,
    /// The results that each release's entry was made of: indices into the scan's releases.
    pub results: &'s BTreeMap<Purl, Vec<usize>>,
}

/// The outcome of `vetch lock`, ready to be written.
#[derive(Debug, Clone)]
pub struct LockView<'s> {
    /// What was found out about every release.
    pub scan: &'s Scan,
    /// One for each folder with a project.
    pub folders: Vec<LockedFolder<'s>>,
}

impl<'s> LockView<'s> {
    /// The results behind a changed release.
    fn results(&self, folder: &LockedFolder<'s>, change: &Change) -> impl Iterator<Item = &'s ReleaseResult> {
        let numbers = folder.results.get(&change.purl).map_or(&[][..], Vec::as_slice);
        numbers.iter().filter_map(|number| self.scan.releases.get(*number))
    }

    /// What a release gained, each with the capability that it was made of, which has the evidence.
    fn gained<'c>(
        &self,
        folder: &LockedFolder<'s>,
        change: &'c Change,
    ) -> Vec<(&'c LockedCapability, Option<&'s Capability>)> {
        let mut seen: BTreeMap<LockedCapability, &Capability> = BTreeMap::new();
        for capability in self.results(folder, change).flat_map(|result| &result.profile.capabilities) {
            if let Some(locked) = LockedCapability::of(capability) {
                seen.entry(locked).or_insert(capability);
            }
        }
        change.gained.iter().map(|gained| (gained, seen.get(gained).copied())).collect()
    }

    /// Something that could not be checked, of the scan or of a release.
    fn is_incomplete(&self) -> bool {
        !self.scan.incomplete.is_empty() || self.scan.releases.iter().any(|release| !release.incomplete.is_empty())
    }
}

/// Writes `vetch.lock-check/1`, indented, with a newline at the end.
///
/// # Errors
/// What `out` reports.
pub fn write_json(view: &LockView<'_>, tool: &ToolInfo, out: impl Write) -> io::Result<()> {
    write_value(&convert::report(view, tool), out)
}

/// The JSON Schema (draft 2020-12), as `schemas/lock-check.schema.json` holds it.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(types::LockReport);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
