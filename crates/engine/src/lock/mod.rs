//! `vetch.lock`: what every release may do, made of a scan, read from a project, and compared.
//!
//! ```text
//! scan ─► present   one lock for each folder that has a project
//! file ─► read      strict, with limits
//! both ─► compare   what a release can do that the lock does not have
//! lock ─► write     its text
//! ```
//!
//! The file lies in the project, which is hostile: it is read as any input, and a link in its place
//! is refused rather than followed or overwritten.

mod accept;
mod compare;
mod parse;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use vetch_model::lock::{BehaviourLock, Coverage, LockedCapability, LockedRelease};
use vetch_model::purl::Purl;
use vetch_model::scan::{ReleaseResult, TargetKind};

use crate::{EngineError, Member, ScanReport, analysis_version};

pub use accept::accept;
pub use compare::{compare, name_of};
pub use read::{LockError, LockFile, read};
pub use write::write;

/// What one folder's projects depend on now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The folder, absolute: where its `vetch.lock` lies.
    pub folder: PathBuf,
    /// The folder, relative to the target; empty if it is the same.
    pub base: String,
    /// What its releases can do now.
    pub lock: BehaviourLock,
    /// The results that each entry was made of: indices into the scan's releases.
    pub results: BTreeMap<Purl, Vec<usize>>,
    /// Optional releases for other platforms, which were not looked at here.
    pub skipped: BTreeSet<Purl>,
}

/// What the scanned projects depend on, by folder.
///
/// # Errors
/// When a target is no project: there is no folder that a lock belongs to.
pub fn present(report: &ScanReport) -> Result<Vec<Present>, EngineError> {
    for target in &report.scan.targets {
        use TargetKind::{Archive, Environment, Package, Release, Sbom};
        if matches!(target.kind, Package | Environment | Sbom | Archive | Release) {
            return Err(EngineError::Input {
                target: target.path.clone(),
                reason: format!(
                    "a vetch.lock belongs beside a project's lockfile, and this is {}",
                    described(target.kind)
                ),
                hint: "name the project's folder or its lockfile; `vetch inspect` tells what one package does"
                    .to_owned(),
            });
        }
    }
    let mut folders: BTreeMap<(usize, &str), Present> = BTreeMap::new();
    for project in report.projects.iter().filter(|project| !project.is_environment) {
        let present = folders.entry((project.target, project.base.as_str())).or_insert_with(|| Present {
            folder: project.root.join(&project.base),
            base: project.base.clone(),
            lock: BehaviourLock { analysis: analysis_version(), releases: BTreeMap::new() },
            results: BTreeMap::new(),
            skipped: BTreeSet::new(),
        });
        present.skipped.extend(project.skipped.iter().cloned());
        for member in &project.members {
            if let Some(release) = report.scan.releases.get(member.release) {
                present.add(release, member);
            }
        }
    }
    Ok(folders.into_values().collect())
}

fn described(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Package => "a single package: nothing is locked or installed in it",
        TargetKind::Environment => "an installed environment",
        TargetKind::Sbom => "a bill of materials",
        TargetKind::Archive => "an archive",
        TargetKind::Release => "a release of a registry",
        TargetKind::Project => "a project",
        TargetKind::Lockfile => "a lockfile",
    }
}

impl Present {
    /// Adds what is known of a release. The same version may lie here with several contents: the
    /// entry has what any of them can do.
    fn add(&mut self, release: &ReleaseResult, member: &Member) {
        let is_first = !self.lock.releases.contains_key(&release.purl);
        let entry = self.lock.releases.entry(release.purl.clone()).or_default();
        let coverage = coverage(release, member);
        entry.coverage = if is_first { coverage } else { worse(entry.coverage, coverage) };
        entry.capabilities.extend(LockedCapability::all(&release.profile));
        entry.integrity.extend(member.integrity.iter().cloned());
        if member.integrity.is_empty() {
            entry.integrity.extend(release.content_hash.map(|hash| hash.to_string()));
        }
        self.results.entry(release.purl.clone()).or_default().push(member.release);
    }

    /// The lock to write: what is here now, and of the lock that was there what this platform does
    /// not ask for, so that people on different platforms do not undo each other's entries.
    pub fn to_write(&self, before: Option<&BehaviourLock>) -> BehaviourLock {
        let mut lock = self.lock.clone();
        let kept = before.into_iter().flat_map(|before| &before.releases);
        for (purl, locked) in kept.filter(|(purl, _)| self.skipped.contains(*purl)) {
            lock.releases.entry(purl.clone()).or_insert_with(|| LockedRelease::clone(locked));
        }
        lock
    }
}

fn coverage(release: &ReleaseResult, member: &Member) -> Coverage {
    match (release.incomplete.is_empty(), member.is_analysed || release.content_hash.is_some()) {
        (false, _) => Coverage::Incomplete,
        (true, false) => Coverage::Unavailable,
        (true, true) => Coverage::Complete,
    }
}

/// Coverages are ordered from the best.
fn worse(one: Coverage, other: Coverage) -> Coverage {
    one.max(other)
}
