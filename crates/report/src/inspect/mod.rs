//! Everything that is known of one release: for people (terminal, HTML) and as `vetch.inspect/1`.

mod convert;
mod html;
mod terminal;
pub mod types;
mod words;

use std::collections::HashSet;
use std::io::{self, Write};

use vetch_model::facts::PackageFacts;
use vetch_model::reputation::Remark;
use vetch_model::scan::{ReleaseResult, Scan};
use vetch_model::{Capability, Trigger};

use crate::ToolInfo;
use crate::json::write_value;

pub use html::html;
pub use terminal::terminal;

/// The value of `schema`.
pub const SCHEMA_ID: &str = "vetch.inspect/1";

/// One release, ready to be written.
#[derive(Debug, Clone, Copy)]
pub struct InspectView<'s> {
    /// What it was found in.
    pub scan: &'s Scan,
    /// What is said of it.
    pub release: &'s ReleaseResult,
    /// What is known of its contents, where they could be had.
    pub facts: Option<&'s PackageFacts>,
    /// What its history says for and against it; nothing where no registry told one.
    pub reputation: &'s [Remark],
}

impl<'s> InspectView<'s> {
    /// What it does at one trigger, in the order in which a reader meets it: by file and line.
    fn capabilities(&self, trigger: Trigger) -> Vec<&'s Capability> {
        let all = self.release.profile.capabilities.iter();
        let mut here: Vec<&Capability> = all.filter(|capability| capability.trigger == trigger).collect();
        here.sort_by_key(|capability| (capability.evidence.location(), capability.layer, capability.id));
        here
    }

    /// Source that something reaches, and how much of it was understood: files and bytes of each.
    fn understood(&self) -> (Amount, Amount) {
        let (mut reached, mut understood) = (Amount::default(), Amount::default());
        let Some(facts) = self.facts else { return (reached, understood) };
        let unread: HashSet<&str> = facts.unread.iter().map(|unread| unread.path.as_str()).collect();
        for module in &facts.modules {
            reached.add(module.bytes);
            if !unread.contains(module.path.as_str()) {
                understood.add(module.bytes);
            }
        }
        (reached, understood)
    }
}

/// Files and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Amount {
    files: usize,
    bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

/// Writes `vetch.inspect/1`, indented, with a newline at the end.
///
/// # Errors
/// What `out` reports.
pub fn write_json(view: &InspectView<'_>, tool: &ToolInfo, out: impl Write) -> io::Result<()> {
    write_value(&convert::report(view, tool), out)
}

/// The JSON Schema (draft 2020-12), as `schemas/inspect.schema.json` holds it.
pub fn json_schema() -> String {
    crate::json::schema_of::<types::InspectReport>()
}
