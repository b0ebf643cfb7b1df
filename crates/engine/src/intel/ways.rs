//! By which projects a release comes in: what statements about parts of products are compared with.

use std::collections::BTreeSet;

use vetch_intel::Own;
use vetch_model::inventory::{Ecosystem, Package, PackageId, Role};
use vetch_model::purl::{Purl, PurlParts};

use crate::Named;
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
    let Named { ecosystem, name, version, .. } = called(project, package);
    Own { ecosystem, name, version }
}

/// What a package is called; one without a name, after its folder.
pub(crate) fn called(project: &Project, package: &Package) -> Named {
    let (ecosystem, version) = (package.ecosystem.clone(), package.version.clone());
    let purl = project.purl(package);
    if package.name.is_empty() {
        let name = PurlParts::parse(purl.as_str()).map(|parts| parts.name).unwrap_or_default();
        return Named { ecosystem, name, version, purl };
    }
    let purl = match (&package.ecosystem, &package.stated_purl) {
        (Ecosystem::Npm, None) => Purl::npm_as_written(&package.name, version.as_deref()),
        _ => purl,
    };
    Named { ecosystem, name: package.name.clone(), version, purl }
}

/// The project, and members of its workspaces, that ask for a package without another of them between.
pub(crate) fn products(project: &Project, package: PackageId) -> Vec<Named> {
    nearest(project, package).into_iter().map(|id| called(project, project.inventory.package(id))).collect()
}
