//! The result of a scan: what the engine hands to `report`.

use crate::advisory::{Advisory, IntelState, Usage};
use crate::campaign::Correlation;
use crate::evidence::Location;
use crate::finding::Finding;
use crate::indicator::IndicatorHit;
use crate::integrity::ContentHash;
use crate::outcome::Incomplete;
use crate::profile::Profile;
use crate::purl::Purl;
use crate::verdict::Verdict;
use crate::way_out::WayOut;

/// Everything that a scan found out. Deterministic: sorted by purl, then content hash.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// What was asked for.
    pub targets: Vec<Target>,
    /// What was found in the targets and read, in the order of target and path. Empty for a target
    /// that is nothing but one npm project, package or archive.
    pub files: Vec<ReadFile>,
    /// Every release, once per distinct contents.
    pub releases: Vec<ReleaseResult>,
    /// Findings about a target rather than a release.
    pub findings: Vec<TargetFinding>,
    /// What could not be checked and belongs to no release.
    pub incomplete: Vec<Incomplete>,
    /// What was not applicable here.
    pub skipped: Vec<Skipped>,
    /// Signals that the registry in use does not offer.
    pub unavailable: Vec<Unavailable>,
    /// The intelligence that releases were compared with, if any was.
    pub intelligence: Option<IntelState>,
}

/// One thing that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As given on the command line.
    pub path: String,
    /// What it turned out to be.
    pub kind: TargetKind,
}

/// One lockfile, manifest, SBOM or installed tree of a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadFile {
    /// Index into [`Scan::targets`].
    pub target: usize,
    /// File or folder, relative to the target.
    pub file: String,
    /// The id of its format.
    pub format: &'static str,
    /// The version that it states of its format, as written; empty if it states none.
    pub version: String,
    /// Number of packages, without the user's own.
    pub packages: usize,
}

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A folder with a lockfile or installed dependencies.
    Project,
    /// A folder with a `package.json` and neither, or an unpacked Python release.
    Package,
    /// A lockfile or a manifest.
    Lockfile,
    /// An installed Python environment.
    Environment,
    /// A bill of materials.
    Sbom,
    /// An archive, or a folder of archives.
    Archive,
    /// A release of a registry, by its name.
    Release,
}

impl TargetKind {
    /// The stable id.
    pub const fn as_str(self) -> &'static str {
        match self {
            TargetKind::Project => "project",
            TargetKind::Package => "package",
            TargetKind::Lockfile => "lockfile",
            TargetKind::Environment => "environment",
            TargetKind::Sbom => "sbom",
            TargetKind::Archive => "archive",
            TargetKind::Release => "release",
        }
    }
}

/// A finding about a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFinding {
    /// Index into [`Scan::targets`].
    pub target: usize,
    /// What was found.
    pub finding: Finding,
}

/// The result for one release.
#[derive(Debug, Clone)]
pub struct ReleaseResult {
    /// Which.
    pub purl: Purl,
    /// The worst that holds.
    pub verdict: Verdict,
    /// 0 (nothing) to 100 (certain harm).
    pub score: u8,
    /// Names the contents, where they could be had.
    pub content_hash: Option<ContentHash>,
    /// Where it is installed or declared.
    pub locations: Vec<ReleaseLocation>,
    /// How it got in: chains from the root, shortest first.
    pub paths: Vec<Vec<PathStep>>,
    /// Whether there are more paths than are listed.
    pub more_paths: bool,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Findings that the user's policy excepts, with the reason given there.
    pub excepted: Vec<(Finding, String)>,
    /// What imported intelligence says of it, the gravest first.
    pub advisories: Vec<Advisory>,
    /// Whether the project's own code gets to it, where an advisory made that worth knowing and it could be told.
    pub usage: Option<Usage>,
    /// Indicators of compromise that it meets.
    pub indicators: Vec<IndicatorHit>,
    /// Known campaigns that it has to do with, the surest first; only of malicious and suspicious releases.
    pub campaigns: Vec<Correlation>,
    /// Where to go from it, if it is known or found to be bad and comes from a registry.
    pub way_out: Option<WayOut>,
    /// What the code does.
    pub profile: Profile,
    /// What could not be checked and could have changed the verdict.
    pub incomplete: Vec<Incomplete>,
}

/// Where a release is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseLocation {
    /// Index into [`Scan::targets`].
    pub target: usize,
    /// The folder or archive, relative to the target; `None` if it is only declared.
    pub path: Option<String>,
    /// Where the lockfile declares it.
    pub declared_at: Option<Location>,
}

/// One step of a path from the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathStep {
    /// `name@version`.
    pub label: String,
    /// The range by which the step before asks for it; empty for the root.
    pub range: String,
}

/// Something that was not applicable here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// A signal that the registry in use does not offer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unavailable {
    /// Which signal.
    pub what: String,
    /// Why, and what would supply it.
    pub why: String,
}

impl Scan {
    /// Number of releases of each verdict, worst first.
    pub fn summary(&self) -> Vec<(Verdict, usize)> {
        Verdict::ALL
            .iter()
            .rev()
            .map(|&verdict| (verdict, self.releases.iter().filter(|release| release.verdict == verdict).count()))
            .collect()
    }

    /// The worst verdict of any release, target finding or missing part.
    pub fn verdict(&self) -> Verdict {
        let releases = self.releases.iter().map(|release| release.verdict);
        let targets = self.findings.iter().map(|finding| finding.finding.verdict());
        let missing = (!self.incomplete.is_empty()).then_some(Verdict::Incomplete);
        releases.chain(targets).chain(missing).max().unwrap_or(Verdict::Clean)
    }
}
