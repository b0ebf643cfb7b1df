//! Histories of the packages of a scan: what their registries tell of all their releases.
//!
//! ```text
//! wanted    packages → keys           whom to ask, and only whom the package comes from
//! gather    store, then registries    what is fresh is not asked again; what was asked is remembered
//! before    odd releases → contents   of the release that each follows
//! past      what rules are given      lineages, by package
//! ```

pub(crate) mod before;
mod gather;
pub(crate) mod past;
mod wanted;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use gather::gather;
use vetch_model::history::{History, Time};
use vetch_model::inventory::PackageId;
use vetch_model::scan::Unavailable;
use vetch_store::Key;

/// Whether and how histories are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryOptions {
    /// Ask registries, and judge by what they tell.
    pub is_on: bool,
    /// Where histories are remembered; nowhere if not given.
    pub folder: Option<PathBuf>,
    /// Judge as one would have at this moment.
    pub as_of: Option<Time>,
    /// Now.
    pub now: Time,
    /// Which releases are compared with the contents of those before them.
    pub compare: Compare,
}

/// Which releases are compared with the contents of those before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Those of which the history says that something is odd, and young ones.
    WhereOdd,
    /// The targets' own releases, whatever their history.
    Targets,
    /// The second target's own release with the first target's.
    Given,
}

impl HistoryOptions {
    /// The moment at which releases are judged.
    pub(crate) fn moment(&self) -> Time {
        self.as_of.unwrap_or(self.now)
    }
}

impl Default for HistoryOptions {
    fn default() -> Self {
        HistoryOptions { is_on: false, folder: None, as_of: None, now: Time(0), compare: Compare::WhereOdd }
    }
}

/// The histories of the packages of all projects.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    known: BTreeMap<Key, Arc<History>>,
    /// By project and package.
    of: HashMap<(usize, PackageId), Key>,
    /// What could not be had.
    pub(crate) unavailable: Vec<Unavailable>,
}

impl Histories {
    /// The history of a package, where it is known.
    pub(crate) fn get(&self, project: usize, package: PackageId) -> Option<&Arc<History>> {
        self.known.get(self.of.get(&(project, package))?)
    }
}
