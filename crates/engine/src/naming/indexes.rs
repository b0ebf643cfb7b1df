//! Which indexes a Python project's tool would ask.

use std::collections::BTreeMap;

use url::Url;
use vetch_lockfiles::npm::package_lock::LockfileNoteKind;
use vetch_model::inventory::Package;
use vetch_registries::{IndexSet, PypiConfig, Strategy, is_public_host};

use crate::contents::tool;
use crate::project::Project;

/// Who would be asked for a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asked {
    /// The public host.
    pub(super) public: String,
    /// A private one that is asked as well, and outbid by a higher version.
    pub(super) beside: Option<String>,
}

/// The indexes of one project.
#[derive(Debug)]
pub(super) struct Indexes {
    public: Option<String>,
    private: Option<String>,
    /// Whether all are asked, and the highest version is taken.
    all: bool,
    /// Names that are tied to a private index: its host.
    pub(super) pins: BTreeMap<String, String>,
}

impl Indexes {
    pub(super) fn of(project: &Project, config: &PypiConfig) -> Indexes {
        let set = config.indexes(tool(project.format));
        let mut hosts: Vec<String> = set
            .indexes
            .iter()
            .filter(|index| !index.explicit)
            .filter_map(|index| Some(index.url.host_str()?.to_ascii_lowercase()))
            .collect();
        let options = options(project);
        if options.iter().any(|(is_main, _)| *is_main) {
            hosts.clear();
        }
        hosts.extend(options.into_iter().map(|(_, host)| host));
        Indexes {
            public: hosts.iter().find(|host| is_public_host(host)).cloned(),
            private: hosts.iter().find(|host| !is_public_host(host)).cloned(),
            all: set.strategy == Strategy::All,
            pins: pins(set),
        }
    }

    /// A public index that would be asked for the package, if one would.
    pub(super) fn asked(&self, package: &Package) -> Option<Asked> {
        let public = self.public.clone().filter(|_| !self.pins.contains_key(&package.name))?;
        let is_held = package.artifacts.iter().any(|artifact| artifact.integrity.is_some());
        match &self.private {
            None => Some(Asked { public, beside: None }),
            // Nothing else than what was locked can take its place.
            Some(private) if self.all && !is_held => Some(Asked { public, beside: Some(private.clone()) }),
            Some(_) => None,
        }
    }
}

fn pins(set: &IndexSet) -> BTreeMap<String, String> {
    let host = |index: &str| {
        let host = set.named(index)?.url.host_str()?.to_ascii_lowercase();
        (!is_public_host(&host)).then_some(host)
    };
    set.pins.iter().filter_map(|(name, index)| Some((name.clone(), host(index)?))).collect()
}

/// Indexes that a list of requirements names itself: whether it takes the main one's place, and its host.
fn options(project: &Project) -> Vec<(bool, String)> {
    let options = project.notes.iter().filter(|note| note.kind == LockfileNoteKind::SourceOption);
    let index = |field: &str| match field {
        "--index-url" | "-i" | "--pypi-url" => Some(true),
        "--extra-index-url" => Some(false),
        _ => None,
    };
    let host = |url: &str| Some(Url::parse(url).ok()?.host_str()?.to_ascii_lowercase());
    options.filter_map(|note| Some((index(&note.field)?, host(&note.found)?))).collect()
}
