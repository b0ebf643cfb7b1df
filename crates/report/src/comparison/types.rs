//! The public types of `vetch.diff/1`. Fields are only ever added.
//!
//! Their documentation comments are the descriptions in the JSON Schema.

use schemars::JsonSchema;
use serde::Serialize;

use crate::changes::types::ReleaseDiff;
use crate::graph::types::{Declared, GraphFile, GraphSource};
use crate::json::types::{PathStep, Tool};

/// What changed between two dependency maps. Sorted and without times: the same input gives the same bytes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Vetch comparison")]
pub struct DiffReport {
    /// `vetch.diff/1`.
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// What was.
    pub old: DiffSide,
    /// What is.
    pub new: DiffSide,
    /// Numbers of changes.
    pub summary: DiffSummary,
    /// What became of packages, by ecosystem and name.
    pub changes: Vec<DiffChange>,
    /// What the projects themselves ask for otherwise than before.
    pub ranges: Vec<DiffRange>,
    /// What could not be read, and so was not compared.
    pub incomplete: Vec<DiffIncomplete>,
    /// Of two times of one project: what its own source and CI workflows do now and did not, by their parts; worst first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_source: Option<Vec<ReleaseDiff>>,
    /// With `--review`: what the releases that it brings in do, each beside the one that it replaces; worst first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub releases: Option<Vec<ReleaseDiff>>,
}

/// One of the two things compared.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffSide {
    /// As given on the command line.
    pub target: String,
    /// The commit that it was read at; null if it is no git revision.
    pub commit: Option<String>,
    /// What was read, by path.
    pub files: Vec<GraphFile>,
    /// Packages in it, the project's own included.
    pub packages: usize,
}

/// Numbers of changes, and of what stayed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffSummary {
    /// Only the new side has them.
    pub added: usize,
    /// Only the old side has them.
    pub removed: usize,
    /// Their version is higher.
    pub upgraded: usize,
    /// Their version is lower.
    pub downgraded: usize,
    /// Their version is another, without order.
    pub other_version: usize,
    /// Another package stands in their place.
    pub replaced: usize,
    /// The same version, with a difference.
    pub same_version: usize,
    /// Ranges of the projects themselves.
    pub ranges: usize,
    /// Changes that need a person's eyes.
    pub alarming: usize,
    /// Releases on both sides of which nothing changed.
    pub unchanged: usize,
}

/// What became of one package.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffChange {
    /// `added`, `removed`, `upgraded`, `downgraded`, `other-version`, `replaced` or `same-version`.
    pub kind: &'static str,
    /// Whether it needs a person's eyes before it is let in.
    pub alarming: bool,
    /// `npm`, `pypi`, or another purl type.
    pub ecosystem: String,
    /// As its ecosystem writes it.
    pub name: String,
    /// Null if it was added.
    pub old: Option<DiffPackage>,
    /// Null if it was removed.
    pub new: Option<DiffPackage>,
    /// What else is different.
    pub differences: Vec<DiffDifference>,
    /// How it gets in: the shortest chain from a project, on the new side (for what was
    /// removed: on the old one). Empty if nobody asks for it.
    pub path: Vec<PathStep>,
    /// Steps left out in the middle of `path`.
    pub path_left_out: usize,
}

/// A package on one side.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffPackage {
    /// Package URL.
    pub purl: String,
    /// Null where it is not known.
    pub version: Option<String>,
    /// Where it comes from; of several, the first.
    pub source: GraphSource,
    /// What its archives hash to, as written.
    pub integrity: Vec<String>,
    /// Where it is declared.
    pub declared_in: Vec<Declared>,
    /// Where it is or would be installed, relative to the target.
    pub installed_at: Vec<String>,
}

/// One thing that is different.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DiffDifference {
    /// The same version hashes to something else.
    Integrity {
        /// The file of the release, where it has several.
        file: Option<String>,
        /// `<algorithm>:<hex>`, or a cache checksum as written.
        old: String,
        /// The same of the new side.
        new: String,
    },
    /// The file no longer says what it hashes to.
    IntegrityRemoved {
        /// What it said.
        old: String,
    },
    /// It comes from elsewhere.
    Source {
        /// Null for what was added.
        old: Option<Box<GraphSource>>,
        /// Where it comes from now.
        new: Box<GraphSource>,
        /// `not-from-registry`, `other-host`, `other-place`, `plain-http`, `was-own-code`;
        /// empty for an ordinary change, such as another commit of the same repository.
        concerns: Vec<&'static str>,
    },
    /// It has install scripts and had none.
    InstallScript {},
    /// Other parts of the project need it.
    Groups {
        /// `production`, `development`, `optional`, `peer`, and what groups are called.
        old: Vec<String>,
        /// The same of the new side.
        new: Vec<String>,
    },
    /// The same version consists of other files, those that both sides have being unchanged.
    Artifacts {
        /// File names, or hashes where no names are known.
        added: Vec<String>,
        /// The same of what is gone.
        removed: Vec<String>,
    },
}

/// A project asks for something otherwise than before.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffRange {
    /// Package URL of the project or workspace, on the new side.
    pub project: String,
    /// What it asks for.
    pub name: String,
    /// Null if it did not ask.
    pub old: Option<DiffAsk>,
    /// Null if it asks no more.
    pub new: Option<DiffAsk>,
}

/// What is asked for, and how.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffAsk {
    /// The range, as written.
    pub range: String,
    /// `production`, `development`, `optional`, `peer`, `peer-optional` or `build`.
    pub kind: &'static str,
    /// When it holds, as written; null if always.
    pub condition: Option<String>,
}

/// Something that could not be read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffIncomplete {
    /// `old` or `new`.
    pub side: &'static str,
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What supplies it.
    pub hint: String,
    /// Relative path of the file it stands in.
    pub file: Option<String>,
    /// 1-based line.
    pub line: Option<u32>,
}
