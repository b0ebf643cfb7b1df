//! What rules are given of the past.

use std::collections::HashMap;

use vetch_detectors::lineage::Lineage;
use vetch_model::inventory::PackageId;

use super::Histories;
use super::before::Befores;
use crate::ReleasePast;
use crate::contents::installed::walk_all;
use crate::project::Project;

/// By project and package.
pub(crate) type Lineages<'h> = HashMap<(usize, PackageId), Lineage<'h>>;

/// What is known of the past of every package.
#[derive(Debug)]
pub(crate) struct Past<'h> {
    pub(crate) histories: &'h Histories,
    pub(crate) lineages: Lineages<'h>,
    pub(crate) befores: Befores,
}

impl Past<'_> {
    /// What a caller is told of the past of a package.
    pub(crate) fn of(&self, key: (usize, PackageId)) -> ReleasePast {
        ReleasePast { history: self.histories.get(key.0, key.1).cloned(), before: self.befores.get(&key).cloned() }
    }
}

/// The place of every package among the releases of its name.
pub(crate) fn lineages<'h>(projects: &[Project], histories: &'h Histories, threads: usize) -> Lineages<'h> {
    let places: Vec<(usize, PackageId)> = projects
        .iter()
        .enumerate()
        .flat_map(|(number, project)| project.inventory.iter().map(move |(id, _)| (number, id)))
        .collect();
    let found = walk_all(&places, threads, |(number, id)| {
        let package = projects.get(*number)?.inventory.package(*id);
        Lineage::new(histories.get(*number, *id)?, &package.ecosystem, package.version.as_deref()?)
    });
    places.into_iter().zip(found).filter_map(|(place, lineage)| Some((place, lineage?))).collect()
}
