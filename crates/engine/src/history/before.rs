//! The contents of the releases that odd ones follow.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use vetch_detectors::lineage::{Lineage, calls_for_comparison};
use vetch_graph::Graph;
use vetch_model::facts::PackageFacts;
use vetch_model::inventory::{Inventory, Package, PackageId};
use vetch_model::scan::TargetKind;

use super::past::Lineages;
use super::{Compare, Histories, HistoryOptions};
use crate::EngineError;
use crate::contents::{self, Contents, Run};
use crate::naming::internal::Internal;
use crate::project::{Project, named};

/// The releases before, with what their contents say, by project and package.
pub(crate) type Befores = HashMap<(usize, PackageId), (String, Arc<PackageFacts>)>;

/// Looks at the contents of the release before, for every package whose history calls for it.
///
/// # Errors
/// When no worker can be started, or the user cancels.
pub(crate) fn gather(
    run: &mut Run<'_>,
    projects: &[Project],
    histories: &Histories,
    lineages: &Lineages<'_>,
    internal: &[Internal],
) -> Result<Befores, EngineError> {
    let mut wanted: BTreeMap<usize, Vec<(PackageId, Package)>> = BTreeMap::new();
    for ((number, id), lineage) in lineages {
        let Some(project) = projects.get(*number) else { continue };
        let package = project.inventory.package(*id);
        let (Some(history), Some(previous)) = (histories.get(*number, *id), lineage.previous) else { continue };
        if is_compared(&run.options.history, project, package, lineage) {
            wanted.entry(*number).or_default().push((*id, named::of_history(package, history, previous)));
        }
    }
    for (number, project) in projects.iter().enumerate() {
        for (id, old) in project.only.iter().flatten() {
            if let Some(old) = old {
                let all = wanted.entry(number).or_default();
                all.retain(|(known, _)| known != id);
                all.push((*id, old.clone()));
            }
        }
    }
    let mut befores = Befores::new();
    if wanted.is_empty() {
        return Ok(befores);
    }
    // One for each project, so that settings and internal names are found under its number.
    let mut beside = Vec::with_capacity(projects.len());
    let mut followers: HashMap<(usize, PackageId), PackageId> = HashMap::new();
    for (number, project) in projects.iter().enumerate() {
        let mut inventory = Inventory::default();
        for (id, package) in wanted.remove(&number).unwrap_or_default() {
            followers.insert((number, inventory.push(package)), id);
        }
        beside.push(project.beside(inventory, TargetKind::Lockfile)?);
    }
    for contents in contents::finish(contents::gather(run, &beside, internal)?) {
        let (number, id) = (contents.project, contents.package);
        let version = beside.get(number).and_then(|project| project.inventory.package(id).version.clone());
        if let (Some(follower), Some(facts), Some(version)) = (followers.get(&(number, id)), contents.archive, version)
        {
            befores.insert((number, *follower), (version, facts));
        }
    }
    Ok(befores)
}

fn is_compared(options: &HistoryOptions, project: &Project, package: &Package, lineage: &Lineage<'_>) -> bool {
    match options.compare {
        Compare::WhereOdd => calls_for_comparison(lineage, &package.ecosystem, options.moment()),
        Compare::Targets => project.is_named,
        Compare::Given => false,
    }
}

/// The first target's own release, for that of the second.
pub(crate) fn given(projects: &[Project], found: &[Contents]) -> Befores {
    let own = |target: usize| {
        let mut all =
            found.iter().filter(|contents| projects.get(contents.project).is_some_and(|it| it.target == target));
        all.find(|contents| contents.facts().is_some())
    };
    let (Some(old), Some(new)) = (own(0), own(1)) else { return Befores::new() };
    let Some(facts) = old.facts() else { return Befores::new() };
    let version = projects.get(old.project).and_then(|project| version_of(project, old.package, facts));
    Befores::from([((new.project, new.package), (version.unwrap_or_default(), Arc::clone(facts)))])
}

fn version_of(project: &Project, package: PackageId, facts: &PackageFacts) -> Option<String> {
    let manifest = facts.manifest.as_ref().and_then(|manifest| manifest.version.clone());
    let stated = facts.python.as_ref().and_then(|python| python.version.clone());
    project.inventory.package(package).version.clone().or(manifest).or(stated)
}

impl Project {
    /// Other packages with the settings of this project.
    fn beside(&self, inventory: Inventory, kind: TargetKind) -> Result<Project, EngineError> {
        let mut project = Project::empty(self.target, self.shown.as_ref(), self.folder.clone(), kind)?;
        project.base.clone_from(&self.base);
        project.format = self.format;
        project.graph = Graph::new(&inventory);
        project.inventory = inventory;
        Ok(project)
    }
}
