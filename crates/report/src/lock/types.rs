//! The public types of `vetch.lock-check/1`. Fields are only ever added.
//!
//! Their documentation comments are the descriptions in the JSON Schema.

use schemars::JsonSchema;
use serde::Serialize;

use crate::json::types::{Evidence, Incomplete, PathStep, Tool};

/// What releases can do that their project's `vetch.lock` does not have. Sorted and without times:
/// the same input gives the same bytes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Vetch lock check")]
pub struct LockReport {
    /// `vetch.lock-check/1`.
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// One for each folder with a project.
    pub locks: Vec<LockOfFolder>,
    /// What could not be checked: there may be capabilities that are not listed.
    pub incomplete: Vec<LockIncomplete>,
}

/// One `vetch.lock`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LockOfFolder {
    /// The file, as it was named.
    pub file: String,
    /// `checked`, `created`, `updated` or `unchanged`.
    pub deed: &'static str,
    /// Whether nothing can do what the lock did not have, and no locked release has other contents.
    pub holds: bool,
    /// Whether the lock already said what would be written.
    pub is_current: bool,
    /// Whether it was written by another version of the analysis, which may have seen less.
    pub other_analysis: bool,
    /// Releases of the project.
    pub packages: usize,
    /// Releases that have something new, or that the lock did not have, by purl.
    pub changes: Vec<LockChange>,
    /// Releases that the lock had and the project has no more.
    pub removed: Vec<String>,
}

/// One release that has something new.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LockChange {
    /// Package URL.
    pub purl: String,
    /// `same-version`, `other-version` (of a package that the lock has) or `new-package`.
    pub standing: &'static str,
    /// The versions that it was compared with.
    pub replaces: Vec<String>,
    /// What it can do and the lock did not have.
    pub gained: Vec<Gained>,
    /// The hashes that the lock had of this version, if it has others now; else null.
    pub locked_integrity: Option<Vec<String>>,
    /// The hashes that it has now, if they differ; else null.
    pub integrity: Option<Vec<String>>,
    /// How much of the release its profile speaks for: `complete`, `incomplete` or `unavailable`.
    pub profile: &'static str,
    /// How it got in: the shortest chain from the root; empty if none is known.
    pub path: Vec<PathStep>,
}

/// One capability that is new.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Gained {
    /// `install`, `import`, `bin` or `call`.
    pub trigger: &'static str,
    /// Capability id, e.g. `net.connect`.
    pub id: &'static str,
    /// As the lock writes it: a path by its class; null if the capability has none.
    pub resource: Option<String>,
    /// Where it was first seen; null if that is not known.
    pub evidence: Option<Evidence>,
}

/// Something that was not checked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LockIncomplete {
    /// Package URL of the release; null if it belongs to none.
    pub purl: Option<String>,
    /// What.
    #[serde(flatten)]
    pub incomplete: Incomplete,
}
