//! The public types of `vetch.pin/1`, `vetch.fix/1` and `vetch.doctor/1`. Fields are only ever added.
//!
//! Their documentation comments are the descriptions in the JSON Schema.

use schemars::JsonSchema;
use serde::Serialize;

use crate::json::types::{Incomplete, Tool};

/// What a project installs without having reviewed it (`vetch pin`), or which bad releases it has (`vetch fix`), and what mends
/// that. Sorted and without times: the same input
/// gives the same bytes. Secrets are masked.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Vetch pin")]
pub struct PinReport {
    /// `vetch.pin/1` or `vetch.fix/1`.
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// As it was named.
    pub target: String,
    /// `shown` (nothing was written), `checked` (nor is a diff shown) or `fixed`.
    pub deed: &'static str,
    /// What is wrong, by place. After `fixed`: what was wrong before.
    pub lints: Vec<LintEntry>,
    /// What `vetch pin --fix` or `vetch fix --write` changes or has changed; empty for a check.
    pub diffs: Vec<Diff>,
    /// Files that were written, relative to the target.
    pub written: Vec<String>,
    /// Commands to run after the edits.
    pub afterwards: Vec<AfterwardsEntry>,
    /// What is left as it is on purpose.
    pub notes: Vec<String>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LintEntry {
    /// Its kind, e.g. `unpinned-range`; permanent.
    pub id: &'static str,
    /// `critical`, `high`, `medium`, `low` or `info`.
    pub severity: &'static str,
    /// What is wrong.
    pub what: String,
    /// Why it matters.
    pub why: &'static str,
    /// The file, relative to the target; outside of it, as a whole path.
    pub file: String,
    /// 1-based; 0 if the whole file is meant.
    pub line: u32,
    /// 1-based, in bytes; 0 if the whole line is meant.
    pub column: u32,
    /// What mends it.
    pub repair: RepairEntry,
}

/// What mends a lint.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RepairEntry {
    /// `edit` (`vetch pin --fix` or `vetch fix --write` does it), `command` (a command of another tool begins or does it) or `decision`.
    pub kind: &'static str,
    /// What is done, or is to be done; commands stand in backticks.
    pub text: String,
}

/// What is changed in one file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Diff {
    /// Relative to the target.
    pub file: String,
    /// Whether it is created.
    pub is_new: bool,
    /// A unified diff, with newlines; line ends of the file are not told apart.
    pub diff: String,
}

/// A command to run after the edits.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AfterwardsEntry {
    /// Where, relative to the target; empty for the target itself.
    pub folder: String,
    /// What to type.
    pub command: String,
    /// Why.
    pub why: String,
}

/// Hygiene of a host, a project, its CI, and of Vetch itself. No secret is in it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Vetch doctor")]
pub struct DoctorReport {
    /// `vetch.doctor/1`.
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// The project, as it was named.
    pub target: String,
    /// `host`, `project`, `ci` and `vetch`.
    pub areas: Vec<Area>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
}

/// One part of what was looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Area {
    /// `host`, `project`, `ci` or `vetch`.
    pub id: &'static str,
    /// What is wrong.
    pub lints: Vec<LintEntry>,
    /// What was looked at.
    pub looked_at: Vec<String>,
    /// What could not be found out here, and why.
    pub unavailable: Vec<String>,
}
