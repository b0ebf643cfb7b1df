//! What a caller gives the engine and gets from it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;
use vetch_detectors::user::RuleProblem;
use vetch_model::RuleMeta;
use vetch_model::document::DocumentSettings;
use vetch_model::facts::PackageFacts;
use vetch_model::history::History;
use vetch_model::inventory::Ecosystem;
use vetch_model::purl::Purl;
use vetch_model::scan::Scan;

use crate::history::HistoryOptions;
use crate::intel::IntelOptions;
use crate::policy::{Gate, PolicyError, PolicyOptions};

/// Everything that a scan depends on. Libraries read no environment of their own.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// What to scan, as given; never empty.
    pub targets: Vec<PathBuf>,
    /// Whose package an archive or a folder is, where it may be either; by its contents if not given.
    pub ecosystem: Option<Ecosystem>,
    /// No network at all.
    pub offline: bool,
    /// A folder of archives, matched by integrity.
    pub archives: Option<PathBuf>,
    /// Where facts and downloads are kept.
    pub cache: CacheMode,
    /// Number of workers; the number of cores if not given.
    pub jobs: Option<usize>,
    /// Whether and how the histories of packages are used.
    pub history: HistoryOptions,
    /// Whether and which threat intelligence is used.
    pub intel: IntelOptions,
    /// Files of the user's own rules, or folders of them.
    pub rules: Vec<PathBuf>,
    /// Files of the user's own YARA rules, or folders of them.
    pub yara: Vec<PathBuf>,
    /// The user's own list of popular names, instead of the shipped one.
    pub popular: Option<PathBuf>,
    /// Which policy is in force.
    pub policy: PolicyOptions,
    /// Whether project files may expand environment variables and redirect registries.
    pub trust_project: bool,
    /// The user's home folder, for `~/.npmrc` and npm's cache.
    pub home: Option<PathBuf>,
    /// The user's environment, for `.npmrc` expansion and proxy settings.
    pub environment: BTreeMap<OsString, OsString>,
    /// The day on which exceptions expire and cache entries age.
    pub today: Date,
}

/// Where facts and downloads are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheMode {
    /// Nowhere.
    Off,
    /// In this folder.
    Dir(PathBuf),
}

/// The result of a scan, and what decides its exit status.
#[derive(Debug, Clone)]
pub struct ScanReport {
    /// What was found out.
    pub scan: Scan,
    /// By index of [`Scan::releases`]: what is known of its contents, where they could be had.
    pub facts: Vec<Option<Arc<PackageFacts>>>,
    /// By index of [`Scan::releases`]: what it is called, as written.
    pub names: Vec<Named>,
    /// By index of [`Scan::releases`]: what is known of the releases before it.
    pub pasts: Vec<ReleasePast>,
    /// The rules of the user's own that were tried.
    pub own_rules: Vec<RuleMeta>,
    /// By index of [`Scan::targets`]: what fails that target.
    pub gates: Vec<Gate>,
    /// Which releases belong to which project, in the order of targets and folders.
    pub projects: Vec<ScannedProject>,
    /// Who publishes documents that are made of the scan, as far as policies say.
    pub documents: DocumentSettings,
}

/// A package by its name: purls do not tell `JSONStream` from `jsonstream`, which are two packages of npm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Whose rules the name follows.
    pub ecosystem: Ecosystem,
    /// The name; of a project without one, that of its folder.
    pub name: String,
    /// The version, where known.
    pub version: Option<String>,
    /// Its purl, with the case of its letters.
    pub purl: Purl,
}

/// What is known of the releases before one.
#[derive(Debug, Clone, Default)]
pub struct ReleasePast {
    /// All releases of the package, where its registry was asked.
    pub history: Option<Arc<History>>,
    /// The one that it follows, or was compared with: its version, and what its contents say.
    pub before: Option<(String, Arc<PackageFacts>)>,
}

/// One project of a scan: a folder with a lockfile or an installed tree of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedProject {
    /// Index into [`Scan::targets`].
    pub target: usize,
    /// The target's folder, absolute.
    pub root: PathBuf,
    /// Its own folder, relative to that; empty if it is the same.
    pub base: String,
    /// An installed Python environment, which a lockfile elsewhere may tell of as well.
    pub is_environment: bool,
    /// Other people's releases that it depends on, in the order of releases.
    pub members: Vec<Member>,
    /// What it may ask for elsewhere and does not here: optional packages of other platforms.
    pub skipped: Vec<Purl>,
}

/// A release as one project has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Index into [`Scan::releases`].
    pub release: usize,
    /// What the project's lockfile says its archives hash to, as written; sorted.
    pub integrity: Vec<String>,
    /// Whether its code is of a language that is analysed.
    pub is_analysed: bool,
    /// Of what is malicious, suspicious or named by advisories: the project, and members of its workspaces, that ask for it
    /// without another of them between. Of others nothing is worked out.
    pub products: Vec<Named>,
}

/// Phases of a scan, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Lockfiles and installed trees are read.
    Inventory,
    /// Registries are asked for the histories of packages; counted in packages.
    History,
    /// Contents are found and analysed; counted in packages.
    Contents,
    /// Rules judge.
    Rules,
}

/// How the engine reports its progress. Called from several threads.
pub trait Progress: Sync {
    /// A phase begins, with `total` steps (0 if not known).
    fn stage(&self, stage: Stage, total: u64);
    /// `steps` more steps are done; `what` names the last one and may be hostile text.
    fn advance(&self, steps: u64, what: &str);
    /// Something that the user should know and that changes no verdict (the cache cannot be written, …).
    fn notice(&self, message: &str);
}

/// Reports nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn stage(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64, _: &str) {}
    fn notice(&self, _: &str) {}
}

/// Why a scan could not be done at all. Anything smaller is an `Incomplete` of the scan.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A target that is not there or is nothing that can be scanned.
    #[error("cannot scan `{target}`: {reason}")]
    Target {
        /// As given.
        target: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: String,
    },
    /// A target of which no dependency map can be made.
    #[error("cannot read `{target}`: {reason}")]
    Input {
        /// As given.
        target: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: String,
    },
    /// The policy cannot be read.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The user's rules are not as they should be.
    #[error("the rules cannot be used:{}", crate::own_rules::shown(problems))]
    Rules {
        /// All that is wrong.
        problems: Vec<RuleProblem>,
    },
    /// The environment does not allow a scan (workers do not start, …).
    #[error("{what}: {reason}")]
    Environment {
        /// What failed.
        what: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: String,
    },
    /// The user asked to stop.
    #[error("stopped before the end")]
    Cancelled,
}

impl EngineError {
    /// What to do next; empty if there is nothing to say.
    pub fn hint(&self) -> &str {
        match self {
            EngineError::Target { hint, .. }
            | EngineError::Input { hint, .. }
            | EngineError::Environment { hint, .. } => hint,
            EngineError::Policy(error) => error.hint(),
            EngineError::Rules { .. } => "docs/user-rules.md describes the format",
            EngineError::Cancelled => "",
        }
    }
}
