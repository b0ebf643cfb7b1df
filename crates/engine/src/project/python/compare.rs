//! An installed environment against the lockfiles of the project that it belongs to.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use vetch_detectors::input::EnvironmentFacts;
use vetch_lockfiles::Format;
use vetch_model::evidence::Location;
use vetch_model::inventory::{Ecosystem, EdgeKind, Inventory, PackageId, Role};

use super::is_distribution;
use crate::map::kinds::{Role as Tells, World, role};
use crate::project::Project;

/// What tools put into every new environment, locked or not: `ensurepip` pip and, before Python
/// 3.12, setuptools (<https://docs.python.org/3/library/ensurepip.html>); virtualenv wheel as well.
const SEEDS: &[&str] = &["pip", "setuptools", "wheel"];

/// What is locked under one name.
#[derive(Default)]
struct Locked {
    versions: BTreeSet<String>,
    /// Whether some entry leaves the version open.
    is_open: bool,
    declared_at: Option<Location>,
    is_own: bool,
}

/// Compares the environment with the lockfiles beside it, or of the nearest folder above it.
pub(super) fn with_lockfiles(facts: &mut EnvironmentFacts, environment: &Project, projects: &[Project]) {
    let is_lock = |project: &&Project| match role(project.format) {
        Tells::Lock(World::Python) => !project.inventory.file.ends_with(".py.lock"),
        Tells::Requirements => true,
        _ => false,
    };
    let is_above = |project: &&Project| {
        let rest = environment.base.strip_prefix(project.base.as_str());
        rest.is_some_and(|rest| rest.is_empty() || project.base.is_empty() || rest.starts_with('/'))
    };
    let above: Vec<&Project> = projects.iter().filter(is_lock).filter(is_above).collect();
    let Some(nearest) = above.iter().map(|project| project.base.len()).max() else { return };
    let mut locks: Vec<&Project> = above.into_iter().filter(|project| project.base.len() == nearest).collect();
    // What a tool resolved counts more than lists that may be written from it.
    if locks.iter().any(|project| project.format != Format::Requirements) {
        locks.retain(|project| project.format != Format::Requirements);
    }
    facts.lockfiles = locks.iter().map(|project| project.inventory.file.clone()).collect();
    let locked = locked(&locks);
    let mut installed: HashSet<&str> = HashSet::new();
    for (id, package) in environment.inventory.iter().filter(|(_, package)| is_distribution(package)) {
        installed.insert(package.name.as_str());
        if package.role != Role::Dependency {
            continue;
        }
        match (locked.get(package.name.as_str()), &package.version) {
            (None, _) if SEEDS.contains(&package.name.as_str()) => {}
            (None, _) => facts.unlocked.push(id),
            (Some(known), Some(version)) if !known.is_open && !known.is_own && !known.versions.contains(version) => {
                let versions = known.versions.iter().cloned().collect();
                facts.differing.push((id, versions, known.declared_at.clone()));
            }
            _ => {}
        }
    }
    for project in locks {
        let needed = needed(&project.inventory);
        let absent = needed.into_iter().map(|id| project.inventory.package(id)).filter(|package| {
            package.role == Role::Dependency && !package.name.is_empty() && !installed.contains(package.name.as_str())
        });
        facts.missing.extend(absent.map(|package| (package.label(), package.declared_at.clone())));
    }
    facts.missing.sort();
    facts.missing.dedup();
}

fn locked<'p>(projects: &[&'p Project]) -> BTreeMap<&'p str, Locked> {
    let mut locked: BTreeMap<&str, Locked> = BTreeMap::new();
    let packages = projects.iter().flat_map(|project| &project.inventory.packages);
    for package in packages.filter(|package| package.ecosystem == Ecosystem::Pypi) {
        let entry = locked.entry(package.name.as_str()).or_default();
        entry.is_own |= package.role != Role::Dependency;
        entry.is_open |= package.version.is_none();
        entry.versions.extend(package.version.clone());
        entry.declared_at = entry.declared_at.take().or_else(|| package.declared_at.clone());
    }
    locked
}

/// What every environment needs: reached from the project by edges without conditions.
fn needed(inventory: &Inventory) -> BTreeSet<PackageId> {
    let mut next: BTreeMap<PackageId, Vec<PackageId>> = BTreeMap::new();
    for edge in inventory.edges.iter().filter(|edge| edge.kind == EdgeKind::Production && edge.condition.is_none()) {
        next.entry(edge.from).or_default().push(edge.to);
    }
    let mut open: Vec<PackageId> =
        inventory.iter().filter(|(_, package)| package.role == Role::Root).map(|(id, _)| id).collect();
    let mut seen: BTreeSet<PackageId> = BTreeSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(next.get(&id).into_iter().flatten());
        }
    }
    seen
}
