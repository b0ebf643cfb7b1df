//! The public types of `vetch.graph/1` and `vetch.why/1`. Fields are only ever added.
//!
//! Their documentation comments are the descriptions in the JSON Schemas.

use schemars::JsonSchema;
use serde::Serialize;

use crate::json::types::{Incomplete, Tool};

/// What a target depends on. Sorted and without times: the same input gives the same bytes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Vetch dependency graph")]
pub struct GraphReport {
    /// `vetch.graph/1`.
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// As given on the command line.
    pub target: String,
    /// What was read, by path.
    pub files: Vec<GraphFile>,
    /// Every release, the project's own packages included. One that is at several places
    /// is told once; the same purl from different sources is several packages.
    pub packages: Vec<GraphPackage>,
    /// Who asks for whom.
    pub edges: Vec<GraphEdge>,
    /// Dependencies that are declared and that nothing satisfies.
    pub unresolved: Vec<GraphUnresolved>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
    /// The releases that most hangs on, highest score first.
    pub risks: Vec<GraphRisk>,
    /// Number of further releases with a score.
    pub risks_left_out: usize,
    /// Files in which no package has an integrity value.
    pub files_without_integrity: Vec<String>,
}

/// One file that was read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphFile {
    /// Relative to the target.
    pub file: String,
    /// Id of its format, e.g. `package-lock`, `uv`, `cyclonedx-json`.
    pub format: String,
    /// The version that it states of its format; null if it states none.
    pub version: Option<String>,
    /// Packages in it, the project's own included.
    pub packages: usize,
}

/// One release.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphPackage {
    /// Unique here: the purl, with `#2`, `#3`, … where packages of different sources share it.
    pub id: String,
    /// Package URL.
    pub purl: String,
    /// As its ecosystem writes it; empty if it has none.
    pub name: String,
    /// Null where it is not known.
    pub version: Option<String>,
    /// `npm`, `pypi`, or another purl type.
    pub ecosystem: String,
    /// `root`, `workspace` or `dependency`.
    pub role: &'static str,
    /// Where it comes from.
    pub source: GraphSource,
    /// What needs it: `production`, or `development`, `optional`, `peer` where only these do,
    /// and the groups and extras that name it. Empty for the project's own packages.
    pub groups: Vec<String>,
    /// What its archives hash to, as written.
    pub integrity: Vec<String>,
    /// Checksum in a package manager's own cache; comparable, not verifiable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_checksum: Option<String>,
    /// Where it is declared.
    pub declared_in: Vec<Declared>,
    /// Where it is or would be installed, relative to the target.
    pub installed_at: Vec<String>,
    /// Other names that it is installed under.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Whether it runs a script when it is installed; null where no file says.
    pub install_script: Option<bool>,
    /// Shipped inside another package's archive.
    pub bundled: bool,
    /// What its author says about its being deprecated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// Edges from the nearest project; null if nobody asks for it.
    pub depth: Option<u32>,
}

/// Where a package comes from. Credentials in URLs are shown as `***`.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct GraphSource {
    /// `registry`, `git`, `url`, `file`, `folder` or `unknown`.
    pub kind: &'static str,
    /// Of the archive or the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The registry, where the file names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Of a git repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Of a file or folder, relative to the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What is written, where it is not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A place in a file; line and column (in bytes) are 1-based and null where the whole is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Declared {
    /// Relative to the target.
    pub file: String,
    /// 1-based line.
    pub line: Option<u32>,
    /// 1-based column in bytes.
    pub column: Option<u32>,
}

/// One package asks for another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct GraphEdge {
    /// Purl of who asks.
    pub from: String,
    /// Purl of who answers.
    pub to: String,
    /// The declared range, as written.
    pub range: String,
    /// `production`, `development`, `optional`, `peer`, `peer-optional`, `workspace`, `extraneous` or `build`.
    pub kind: &'static str,
    /// When it holds, as written: an environment marker, an extra; null if always.
    pub condition: Option<String>,
    /// The declared name.
    pub name: String,
    /// `id` of who asks, where that is not its purl.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_id: Option<String>,
    /// `id` of who answers, where that is not its purl.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_id: Option<String>,
}

/// A dependency that nothing satisfies.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct GraphUnresolved {
    /// Purl of who asks.
    pub from: String,
    /// The name asked for.
    pub name: String,
    /// The range asked for.
    pub range: String,
    /// As of an edge.
    pub kind: &'static str,
}

/// A release that much hangs on.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphRisk {
    /// Package URL.
    pub purl: String,
    /// Sum of its reasons' points; comparable within one graph.
    pub score: u32,
    /// Heaviest first.
    pub reasons: Vec<GraphRiskReason>,
    /// Edges from the nearest project; null if nobody asks for it.
    pub depth: Option<u32>,
    /// Packages that would leave with it, itself included.
    pub leaving: usize,
    /// Releases that ask for it.
    pub direct_dependants: usize,
    /// Releases that lead to it; null where the graph is too large to tell.
    pub dependants: Option<usize>,
    /// Projects and workspaces that lead to it; null where the graph is too large to tell.
    pub projects: Option<usize>,
}

/// Part of a score.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphRiskReason {
    /// `dominates`, `dependants`, `install-script`, `source`, `no-integrity`, `several-versions`,
    /// `publisher`, `extraneous`, `bundled` or `deprecated`.
    pub kind: &'static str,
    /// What it adds.
    pub points: u32,
    /// In words.
    pub text: String,
}

/// Why a package is here.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Vetch: why a package is here")]
pub struct WhyReport {
    /// `vetch.why/1`.
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// As given on the command line.
    pub target: String,
    /// The package asked for, as given.
    pub package: String,
    /// One for each release that was meant; empty if there is none.
    pub releases: Vec<WhyRelease>,
    /// Number of further releases that were meant; name a version to ask for one of them.
    pub more_releases: usize,
    /// Names like the one asked for, if there is none of that name.
    pub similar: Vec<String>,
    /// What would leave with all of the releases together, themselves included: purls.
    pub leaving: Vec<String>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
}

/// Why one release is here.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhyRelease {
    /// Package URL.
    pub purl: String,
    /// Where it comes from.
    pub source: GraphSource,
    /// Where it is declared.
    pub declared_in: Vec<Declared>,
    /// Where it is or would be installed.
    pub installed_at: Vec<String>,
    /// The projects and workspaces that it is in: purls.
    pub projects: Vec<String>,
    /// Chains from a project, shortest first; empty if nobody asks for it.
    pub paths: Vec<Vec<WhyStep>>,
    /// Whether there are, or may be, more.
    pub more_paths: bool,
    /// What would leave with this release, itself included: purls. A release that would stay
    /// at another place is not among them.
    pub leaving: Vec<String>,
}

/// One step of a path.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhyStep {
    /// Package URL.
    pub purl: String,
    /// The range by which the step before asks for it; null for the first.
    pub range: Option<String>,
    /// As of an edge; null for the first.
    pub kind: Option<&'static str>,
    /// When that holds, as written; null if always.
    pub condition: Option<String>,
    /// Where this package is declared.
    pub declared_in: Option<Declared>,
}
