//! Everything that was found, by release: each once per distinct contents, with what others know of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vetch_detectors::input::IntelFacts;
use vetch_model::ContentHash;
use vetch_model::advisory::Advisory;
use vetch_model::facts::PackageFacts;
use vetch_model::inventory::{Package, PackageId};
use vetch_model::purl::Purl;

use super::usage::{OwnCode, Usages};
use super::{Judging, Known, Place};
use crate::contents::Contents;
use crate::project::Project;

/// A release, and every place where it lies with these contents.
pub(super) type Group<'a> = ((Purl, Option<ContentHash>), Vec<Place<'a>>);

/// Releases, ready to be judged.
pub(crate) struct Grouped<'a> {
    pub(super) projects: &'a [Project],
    pub(super) all: &'a [Contents],
    pub(super) groups: Vec<Group<'a>>,
    /// What others know of each.
    pub(super) intel: Vec<IntelFacts>,
    pub(super) index: Index<'a>,
}

impl<'a> Grouped<'a> {
    /// `renamed` are those that say themselves what they are called, by number of the contents.
    pub(crate) fn new(projects: &'a [Project], all: &'a [Contents], renamed: &'a [Option<Package>]) -> Grouped<'a> {
        let groups = groups(projects, all, renamed);
        Grouped { projects, all, groups, intel: Vec::new(), index: Index::new(all) }
    }

    /// Looks up what others know.
    pub(crate) fn look_up(&mut self, known: &Known<'_>, judging: &Judging<'_>) {
        self.intel = known.of(&self.groups, judging);
    }

    /// Projects with a release that an advisory names, by number.
    pub(crate) fn with_advisories(&self) -> BTreeSet<usize> {
        let named = self.groups.iter().zip(&self.intel);
        let named = named.filter(|(_, facts)| facts.advisories.iter().any(Advisory::is_of_release));
        named.flat_map(|((_, places), _)| places).map(|place| place.contents.project).collect()
    }

    /// Tells of releases with advisories whether the user's own code gets to them.
    pub(crate) fn tell_usage(&mut self, own: &OwnCode) {
        let usages = Usages::new(self.projects, &self.index, own);
        for (facts, (_, places)) in self.intel.iter_mut().zip(&self.groups) {
            if !facts.advisories.is_empty() {
                facts.usage = usages.of(&places.iter().map(Place::key).collect::<Vec<_>>());
            }
        }
    }
}

fn groups<'a>(projects: &'a [Project], all: &'a [Contents], renamed: &'a [Option<Package>]) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<(Purl, Option<ContentHash>), Vec<Place<'_>>> = BTreeMap::new();
    let mut listed: Vec<(Purl, Place<'_>)> = Vec::new();
    for (contents, renamed) in all.iter().zip(renamed) {
        let Some(project) = projects.get(contents.project) else { continue };
        let is_empty = contents.installed.is_none() && contents.archive.is_none() && contents.incomplete.is_empty();
        if contents.skipped.is_some() || (is_empty && !contents.is_listed) {
            continue;
        }
        let package = renamed.as_ref().unwrap_or_else(|| project.inventory.package(contents.package));
        let place = Place { project, contents, package, patch: project.patch(package) };
        match contents.is_listed {
            true => listed.push((project.purl(package), place)),
            false => groups.entry((project.purl(package), place.hash())).or_default().push(place),
        }
    }
    for (purl, place) in listed {
        // What is only listed here may have been looked at elsewhere.
        let known = groups.range((purl.clone(), None)..).next().map(|(key, _)| key.clone());
        let key = known.filter(|(known, _)| *known == purl).unwrap_or((purl, None));
        groups.entry(key).or_default().push(place);
    }
    groups.into_iter().collect()
}

/// Contents by project and package.
pub(super) struct Index<'a>(BTreeMap<(usize, PackageId), &'a Contents>);

impl<'a> Index<'a> {
    pub(super) fn new(all: &'a [Contents]) -> Index<'a> {
        Index(all.iter().map(|contents| ((contents.project, contents.package), contents)).collect())
    }

    pub(super) fn facts(&self, project: usize, package: PackageId) -> Option<&'a PackageFacts> {
        let contents = self.0.get(&(project, package))?;
        let installed = contents.installed.as_ref().map(|installed| &installed.facts);
        contents.archive.as_ref().or(installed).map(Arc::as_ref)
    }
}
