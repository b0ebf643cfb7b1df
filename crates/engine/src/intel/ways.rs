//! By which projects a release comes in: what statements about parts of products are compared with.

use std::collections::BTreeSet;

use vetch_intel::Own;
use vetch_model::inventory::{Package, PackageId, Role};
use vetch_model::purl::PurlParts;

use crate::project::Project;

/// The products of each way into a project: the project or member of its workspaces that asks for the package first, and the
/// project itself.
pub(crate) fn ways(project: &Project, package: PackageId) -> Vec<Vec<Own>> {
    let inventory = &project.inventory;
    let whole: Vec<Own> = inventory
        .iter()
        .filter(|(_, package)| package.role == Role::Root)
        .map(|(_, package)| own(project, package))
        .collect();
    let nearest: Vec<Vec<Own>> = nearest(project, package)
        .into_iter()
        .map(|id| std::iter::once(own(project, inventory.package(id))).chain(whole.iter().cloned()).collect())
        .collect();
    // What nobody asks for belongs to the whole.
    if nearest.is_empty() { vec![whole] } else { nearest }
}

/// The projects and members that lead to the package without another of them between.
fn nearest(project: &Project, package: PackageId) -> BTreeSet<PackageId> {
    let graph = &project.graph;
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([graph.folder_of(package)]);
    let mut open = vec![graph.folder_of(package)];
    while let Some(id) = open.pop() {
        if graph.is_root(id) {
            found.insert(id);
            continue;
        }
        let dependents = graph.dependents(id).iter().map(|neighbour| graph.folder_of(neighbour.package));
        open.extend(dependents.filter(|id| seen.insert(*id)));
    }
    found
}

fn own(project: &Project, package: &Package) -> Own {
    let name = match package.name.is_empty() {
        false => package.name.clone(),
        true => PurlParts::parse(project.purl(package).as_str()).map(|parts| parts.name).unwrap_or_default(),
    };
    Own { ecosystem: package.ecosystem.clone(), name, version: package.version.clone() }
}
