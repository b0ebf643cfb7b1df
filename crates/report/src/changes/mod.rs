//! What changed between two releases: for people (terminal, Markdown, HTML) and as `vetch.release-diff/1`.
//!
//! All forms for people show the same [`sections`]; only the escaping and the looks differ.

pub(crate) mod convert;
mod html;
mod markdown;
mod sections;
mod terminal;
pub mod types;

use std::io::{self, Write};

use vetch_model::Verdict;
use vetch_model::change::Change;
use vetch_model::history::{HistoricRelease, History};
use vetch_model::outcome::Incomplete;
use vetch_model::scan::{ReleaseResult, Scan};

use crate::ToolInfo;
use crate::json::write_value;

pub use html::html;
pub use markdown::{markdown, reviews as reviews_markdown};
pub use terminal::{reviews as reviews_terminal, terminal};

/// The value of `schema`.
pub const SCHEMA_ID: &str = "vetch.release-diff/1";

/// Two releases, ready to be written.
#[derive(Debug, Clone, Copy)]
pub struct ChangeView<'s> {
    /// What they were scanned as.
    pub scan: &'s Scan,
    /// The label of the old one.
    pub old: &'s str,
    /// What is said of the new one.
    pub new: &'s ReleaseResult,
    /// What differs; `None` if the contents of one could not be had.
    pub change: Option<&'s Change>,
    /// What the registry tells of both, where it was asked.
    pub published: Option<Published<'s>>,
}

impl<'s> ChangeView<'s> {
    /// What was not checked of either.
    fn incomplete(&self) -> Vec<&'s Incomplete> {
        let target = |release: &ReleaseResult| release.locations.first().map(|location| location.target);
        let others = self.scan.releases.iter().filter(|other| target(other) != target(self.new));
        let of_others = others.flat_map(|release| &release.incomplete);
        let mut all: Vec<&Incomplete> = self.new.incomplete.iter().chain(of_others).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether there is anything to read in it: it is not clean, or does or runs more than before.
    fn is_telling(&self) -> bool {
        self.new.verdict > Verdict::Clean
            || self.change.is_none_or(|change| change.is_more() || !change.signals.is_empty())
    }
}

/// What a registry tells of two releases of one package.
#[derive(Debug, Clone, Copy)]
pub struct Published<'s> {
    /// All releases.
    pub history: &'s History,
    /// The old one, if it is of this package.
    pub old: Option<&'s HistoricRelease>,
    /// The new one.
    pub new: &'s HistoricRelease,
}

/// Writes `vetch.release-diff/1`, indented, with a newline at the end.
///
/// # Errors
/// What `out` reports.
pub fn write_json(view: &ChangeView<'_>, tool: &ToolInfo, out: impl Write) -> io::Result<()> {
    write_value(&convert::report(view, tool), out)
}

/// The JSON Schema of `vetch.release-diff/1`.
pub fn json_schema() -> String {
    crate::json::schema_of::<types::ReleaseDiff>()
}
