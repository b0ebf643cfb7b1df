//! What the user's YARA rules say of a release.

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::finding::{Confidence, Severity};

/// A YARA rule, as its file describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct YaraRule {
    /// `yara:NAMESPACE:NAME`; unique, and of characters that are harmless everywhere.
    pub id: String,
    /// The file it stands in, as messages name it.
    pub file: String,
    /// Which of the folders of rules that file is of.
    pub root: u32,
    /// Its meta `description`, or words in its place.
    pub summary: String,
    /// By its meta `severity` or `score`.
    pub severity: Severity,
    /// By its meta `confidence`.
    pub confidence: Confidence,
    /// What else its author says: tags, and every meta entry by name.
    pub meta: Vec<(String, String)>,
}

/// What came of trying the rules on the files of one release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct YaraFacts {
    /// By id of the rule.
    pub matches: Vec<YaraMatch>,
    /// Files on which not every rule has an answer, at most [`MAX_UNTRIED`].
    pub untried: Vec<Untried>,
    /// How many more there are.
    pub more_untried: u32,
    /// Whether the clock ended a scan: another run may see more, so this is never kept.
    pub ran_out_of_time: bool,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct YaraMatch {
    /// [`YaraRule::id`].
    pub rule: String,
    /// Files and decoded layers that it matched.
    pub files: u32,
    /// At most [`MAX_EVIDENCE`], never empty.
    pub evidence: Vec<Evidence>,
}

/// A file on which not every rule has an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Untried {
    /// Path within the package.
    pub path: String,
    /// Why, in words.
    pub why: String,
}

/// Most files listed of those that were not tried.
pub const MAX_UNTRIED: usize = 16;

/// Most evidence kept of one rule in one release.
pub const MAX_EVIDENCE: usize = 6;
