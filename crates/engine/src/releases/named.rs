//! What releases call themselves, where nothing outside of them says it.

use vetch_model::evidence::Location;
use vetch_model::facts::PythonRelease;
use vetch_model::inventory::{Ecosystem, Package};
use vetch_model::scan::TargetKind;

use crate::contents::Contents;
use crate::project::Project;

/// What each says itself that it is called, by number of the contents.
pub(crate) fn renamed(projects: &[Project], all: &[Contents]) -> Vec<Option<Package>> {
    all.iter().map(|contents| one(projects, contents)).collect()
}

/// An archive, and an unpacked Python release, says itself what it is called.
fn one(projects: &[Project], contents: &Contents) -> Option<Package> {
    let is_release = |project: &&Project| project.kind == TargetKind::Archive || project.python.is_some();
    let project = projects.get(contents.project).filter(is_release)?;
    let installed = contents.installed.as_ref().map(|installed| &installed.facts);
    let facts = contents.archive.as_ref().or(installed)?;
    let package = project.inventory.package(contents.package).clone();
    if let Some(python) = &facts.python {
        return Some(named(package, python, project.archive.as_deref()));
    }
    let manifest = facts.manifest.as_ref()?;
    let (name, version) = (manifest.name.clone().unwrap_or_default(), manifest.version.clone());
    Some(Package { name, version, platform: manifest.platform.clone(), ..package })
}

/// A Python release under the name that its metadata state, or else its archive's.
fn named(package: Package, release: &PythonRelease, archive: Option<&str>) -> Package {
    let by_file = || archive.and_then(vetch_registries::release_of).unzip();
    let (name, version) = match &release.name {
        Some(name) => (Some(name.clone()), release.version.clone()),
        None => by_file(),
    };
    let declared_at = match (archive, &release.stated_at) {
        (None, Some(stated_at)) => {
            Some(Location { file: crate::map::join(&package.path, &stated_at.file), ..stated_at.clone() })
        }
        _ => package.declared_at.clone(),
    };
    Package { ecosystem: Ecosystem::Pypi, name: name.unwrap_or_default(), version, declared_at, ..package }
}
