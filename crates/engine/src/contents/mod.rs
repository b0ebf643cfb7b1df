//! Contents: for every package of the inventories what its files say, from the first place that has them.
//!
//! 1. **Installed** folders are walked; those whose identity is known keep their facts, the others
//!    are hashed and, unless the same contents are known, analysed ([`installed`], [`read`]).
//! 2. What is not installed, and what an installed folder is compared with, is an **archive** of the
//!    locked integrity: npm's cache, `--archives`, our own store, and for what is not installed the
//!    registry or index ([`archives`], [`units`], [`fetch`]). Of the files of a Python release it is
//!    the one that an installer would take ([`python`]).
//! 3. A folder that differs from its archive is judged by both: the archive is analysed as well.
//!
//! The work is done by confined processes ([`jobs`], [`drive`]); results do not depend on their order.

pub(crate) mod archives;
mod compare;
mod drive;
mod fetch;
mod finish;
mod gather;
pub(crate) mod installed;
mod jobs;
mod plan;
mod python;
mod read;
mod scratch;
mod units;
mod work;

use std::sync::Arc;

use vetch_model::facts::{InstalledDifference, PackageFacts};
use vetch_model::inventory::PackageId;
use vetch_model::outcome::Incomplete;
use vetch_model::scan::Skipped;

pub(crate) use archives::{LocalSources, Mismatch};
pub(crate) use finish::{doubt, finish};
pub(crate) use gather::{RegistrySettings, Run, gather};
pub(crate) use jobs::Runner;
pub(crate) use python::tool;

/// Largest file that is read whole; larger ones are hashed, and `incomplete` if they are reached.
pub(crate) const LARGEST_FILE: u64 = 64 << 20;

/// What is known of one package at one place.
#[derive(Debug, Clone)]
pub(crate) struct Contents {
    /// Which project.
    pub(crate) project: usize,
    /// Which package of its inventory.
    pub(crate) package: PackageId,
    /// Judged by what is known without its contents: they are not to be had, or are looked at elsewhere.
    pub(crate) is_listed: bool,
    /// The folder on disk.
    pub(crate) installed: Option<InstalledContents>,
    /// The archive, where it was needed: nothing is installed, or something else is.
    pub(crate) archive: Option<Arc<PackageFacts>>,
    /// Whether `archive`, or an installed folder that does not differ, is what the lockfile's integrity names.
    pub(crate) is_locked: bool,
    /// Bytes that were offered and are not the locked ones.
    pub(crate) mismatches: Vec<Mismatch>,
    /// What is missing.
    pub(crate) incomplete: Vec<Incomplete>,
    /// Why nothing is missing although there are no contents.
    pub(crate) skipped: Option<Skipped>,
}

impl Contents {
    /// The facts that stand for it: those of what was locked, where that is known.
    pub(crate) fn facts(&self) -> Option<&Arc<PackageFacts>> {
        let installed = self.installed.as_ref().map(|installed| &installed.facts);
        self.archive.as_ref().or(installed)
    }
}

/// An installed folder.
#[derive(Debug, Clone)]
pub(crate) struct InstalledContents {
    pub(crate) facts: Arc<PackageFacts>,
    /// Against the archive of the locked integrity; `None` where that is not at hand.
    pub(crate) difference: Option<InstalledDifference>,
    /// The user's own code: only what its install scripts do was looked at.
    pub(crate) is_own: bool,
}
