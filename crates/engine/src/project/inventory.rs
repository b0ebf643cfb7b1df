//! Reads the inventory of an npm project, and merges what is locked with what is installed.

use std::collections::HashMap;

use vetch_lockfiles::npm::package_lock::{self, Lockfile};
use vetch_lockfiles::npm::{self};
use vetch_lockfiles::{ReadError, installed, read_file};
use vetch_model::evidence::Location;
use vetch_model::inventory::{Ecosystem, Inventory, Package, PackageId, Role, Source};
use vetch_model::manifest::Manifest;
use vetch_model::outcome::Outcome;

use super::Project;

/// A project folder: its lockfile, else npm's record of what it installed, else what is installed.
pub(super) fn read_project(project: &mut Project, others: &[String]) {
    let manifest = project.manifest();
    project.tree = installed::node_modules::read(&project.dir, &installed::node_modules::Limits::default());
    let found = installed::from_installed(&project.tree, manifest.as_ref());
    project.incomplete.append(&mut project.tree.incomplete);
    let is_locked = locked(project, manifest.as_ref());
    if is_locked {
        let before = project.inventory.packages.len() as u32;
        merge_from(&mut project.inventory, &found.value, before, others);
    } else {
        project.inventory = found.value;
    }
}

/// Reads the lockfile that counts; whether one could be read.
fn locked(project: &mut Project, manifest: Option<&Manifest>) -> bool {
    if let Some(discovered) = npm::discover(&project.dir) {
        project.notes.extend(discovered.notes);
        match read_lockfile(project, discovered.file, manifest) {
            Ok(lockfile) => {
                take(project, lockfile);
                return true;
            }
            // The rest stands: what is installed can still be judged.
            Err(error) => project.incomplete.push(error.into_incomplete()),
        }
    }
    if project.dir.symlink_metadata(npm::HIDDEN_LOCKFILE).is_err() {
        return false;
    }
    match read_lockfile(project, npm::HIDDEN_LOCKFILE, manifest) {
        Ok(lockfile) => {
            take(project, lockfile);
            true
        }
        Err(error) => {
            project.incomplete.push(error.into_incomplete());
            false
        }
    }
}

/// A lockfile by itself.
pub(super) fn read_lockfile_only(project: &mut Project, file: &str) {
    let manifest = project.manifest();
    match read_lockfile(project, file, manifest.as_ref()) {
        Ok(lockfile) => take(project, lockfile),
        Err(error) => {
            project.inventory.file = file.to_owned();
            project.incomplete.push(error.into_incomplete());
        }
    }
}

fn read_lockfile(project: &Project, file: &str, manifest: Option<&Manifest>) -> Result<Outcome<Lockfile>, ReadError> {
    let bytes = read_file(&project.dir, file, file, package_lock::MAX_BYTES as u64)?;
    package_lock::read(&bytes, file, manifest)
}

fn take(project: &mut Project, lockfile: Outcome<Lockfile>) {
    project.format_version = lockfile.value.version.to_string();
    project.incomplete.extend(lockfile.incomplete);
    project.notes.extend(lockfile.value.notes);
    project.inventory = lockfile.value.inventory;
}

/// A package folder: one package, judged as if someone else had written it.
pub(super) fn read_package(project: &mut Project) {
    let manifest = project.manifest().unwrap_or_default();
    let source = Source::Folder { path: String::new() };
    let package = Package {
        name: manifest.name.unwrap_or_default(),
        version: manifest.version,
        platform: manifest.platform,
        ..single(source, "package.json")
    };
    project.inventory.file = "package.json".to_owned();
    project.inventory.push(package);
}

/// An archive: its name and version are known once it has been read.
pub(super) fn archive(project: &mut Project, file: &str) {
    project.inventory.file = file.to_owned();
    project.inventory.push(single(Source::File { path: file.to_owned() }, file));
}

fn single(source: Source, declared_in: &str) -> Package {
    Package { source, declared_at: Some(Location::file(declared_in)), ..Package::new(Ecosystem::Npm, "", None) }
}

/// Adds what is installed and not locked, with the edges from and to it. Who is asked for by
/// nobody gets no edge: nothing leads to it from the project.
pub(crate) fn merge(locked: &mut Inventory, installed: &Inventory) {
    let before = locked.packages.len() as u32;
    merge_from(locked, installed, before, &[]);
}

/// As [`merge`]; edges from and to locked packages from `before` on are added, too. What lies in
/// folders that are projects of their own is theirs.
pub(super) fn merge_from(locked: &mut Inventory, installed: &Inventory, before: u32, others: &[String]) {
    // Only the project itself may lie at no path: what has none elsewhere lies nowhere.
    let is_placed = |package: &Package| !package.path.is_empty() || package.role == Role::Root;
    let placed = locked.iter().filter(|(_, package)| is_placed(package));
    let mut by_path: HashMap<String, PackageId> = placed.map(|(id, package)| (package.path.clone(), id)).collect();
    for package in installed.packages.iter().skip(1) {
        if by_path.contains_key(&package.path) || others.iter().any(|other| is_in(&package.path, other)) {
            continue;
        }
        let mut package = package.clone();
        if matches!(package.source, Source::Registry { .. }) {
            // Nothing says where it came from.
            package.source = Source::Unknown { text: String::new() };
        }
        let path = package.path.clone();
        by_path.insert(path, locked.push(package));
    }
    let id_of = |id: PackageId| by_path.get(installed.package(id).path.as_str()).copied();
    for edge in &installed.edges {
        let (Some(from), Some(to)) = (id_of(edge.from), id_of(edge.to)) else { continue };
        if from.0 >= before || to.0 >= before {
            locked.edges.push(vetch_model::inventory::Edge { from, to, ..edge.clone() });
        }
    }
}

/// Whether a path is a folder or lies in it.
fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
