//! Links and the folders that they lead to.

use std::collections::{HashMap, HashSet};

use vetch_model::inventory::{Inventory, Package, PackageId, Role, Source};

/// Longest chain of links that is followed.
const MAX_HOPS: usize = 16;

/// For each package the one that stands for it. A ring of links stands for itself.
///
/// Paths are unique within one lockfile only, and an inventory may hold several.
pub(crate) fn canonical(inventory: &Inventory) -> Vec<PackageId> {
    // Most inventories have a handful of links, and only where these lead is looked up.
    let targets: HashSet<&str> = inventory.packages.iter().filter_map(link_target).collect();
    if targets.is_empty() {
        return inventory.iter().map(|(id, _)| id).collect();
    }
    let mut by_path: HashMap<(&str, &str), PackageId> = HashMap::with_capacity(targets.len());
    // A tree on disk is declared in as many files as it has packages.
    let mut anywhere: HashMap<&str, PackageId> = HashMap::with_capacity(targets.len());
    for (id, package) in inventory.iter().filter(|(_, package)| targets.contains(package.path.as_str())) {
        by_path.entry((file(package), package.path.as_str())).or_insert(id);
        anywhere.entry(package.path.as_str()).or_insert(id);
    }
    let target = |id: PackageId| {
        let package = inventory.package(id);
        let path = link_target(package)?;
        let found = by_path.get(&(file(package), path)).or_else(|| anywhere.get(path));
        found.copied().filter(|target| *target != id)
    };
    let follow = |id: PackageId| {
        let mut at = id;
        for _ in 0..MAX_HOPS {
            match target(at) {
                Some(next) => at = next,
                None => return at,
            }
        }
        id
    };
    inventory.iter().map(|(id, _)| follow(id)).collect()
}

/// The file that declares a package.
fn file(package: &Package) -> &str {
    package.declared_at.as_ref().map_or("", |at| at.file.as_str())
}

/// The folder that a link leads to. A `file:` folder that npm copied instead
/// (`install-links`) is somebody else's package at its own place.
fn link_target(package: &Package) -> Option<&str> {
    match &package.source {
        Source::Folder { path } if *path != package.path => {
            let is_copy = package.role == Role::Dependency && !path.split('/').any(|segment| segment == "node_modules");
            (!is_copy).then_some(path.as_str())
        }
        _ => None,
    }
}
