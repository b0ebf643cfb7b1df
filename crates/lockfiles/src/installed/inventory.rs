//! The inventory of an installed tree, for projects without a lockfile.

use std::collections::{HashMap, HashSet};

use vetch_model::evidence::Location;
use vetch_model::inventory::{
    Ecosystem, Edge, EdgeKind, InstalledPackage, InstalledTree, Inventory, Package, PackageId, Role, Source,
};
use vetch_model::manifest::Manifest;
use vetch_model::outcome::Outcome;

use super::flags::set_flags;
use crate::npm::edges::{Asker, connect, infer_root_edges};
use crate::npm::places::{Places, installed_as, is_inside_node_modules, name_from_path, path_fault, sanitised};

/// Builds an inventory from what is installed. `root` is the project's manifest;
/// without it the project's own edges are inferred. The edges are those that
/// Node.js would find; the flags (development, optional, peer) follow from them.
pub fn from_installed(tree: &InstalledTree, root: Option<&Manifest>) -> Outcome<Inventory> {
    let mut inventory = Inventory { file: "node_modules".to_owned(), ..Inventory::default() };
    let mut places = Places::new();
    let mut askers = Vec::new();
    let root_id = inventory.push(root_package(root));
    let root_dir = places.add("", root_id);
    if let Some(manifest) = root {
        askers.push(Asker {
            id: root_id,
            dir: root_dir,
            wants: manifest.dependencies.clone(),
            bundled: manifest.bundled.clone(),
            has_workspaces: !manifest.workspaces.is_empty(),
        });
    }
    let mut ids: HashMap<&str, PackageId> = HashMap::with_capacity(tree.packages.len());
    for installed in tree.packages.values().filter(|installed| followed(tree, installed).is_none()) {
        let id = inventory.push(package(tree, installed));
        ids.insert(&installed.path, id);
        let dir = places.add(&installed.path, id);
        if let Some(manifest) = &installed.manifest {
            askers.push(Asker {
                id,
                dir,
                wants: manifest.dependencies.clone(),
                bundled: manifest.bundled.clone(),
                has_workspaces: false,
            });
        }
    }
    for installed in tree.packages.values() {
        if let Some(id) = followed(tree, installed).and_then(|target| ids.get(target)) {
            places.add(&installed.path, *id);
        }
    }
    connect(&mut inventory, &places, &askers);
    connect_members(&mut inventory, root_id);
    if root.is_none() {
        infer_root_edges(&mut inventory, root_id);
    }
    set_flags(&mut inventory);
    set_bundled(&mut inventory);
    Outcome { value: inventory, incomplete: tree.incomplete.clone() }
}

/// Longest chain of links that is followed.
const MAX_HOPS: usize = 16;

/// Where a link leads that is a place of another package and none of its own: all
/// but those from the project's `node_modules` to its own folders, which npm's
/// lockfiles list too.
fn followed<'t>(tree: &'t InstalledTree, installed: &'t InstalledPackage) -> Option<&'t str> {
    let mut at = installed;
    for _ in 0..MAX_HOPS {
        let Some(target) = &at.link_target else {
            let is_top = installed_as(&installed.path).is_some_and(|(host, _)| host.is_empty());
            let is_place = !is_top || is_inside_node_modules(&at.path);
            return Some(at.path.as_str()).filter(|path| is_place && *path != installed.path);
        };
        at = tree.packages.get(target)?;
    }
    None
}

/// Members of the workspaces that nothing asks for and no link leads to.
fn connect_members(inventory: &mut Inventory, root: PackageId) {
    let mut known: HashSet<PackageId> = inventory.edges.iter().map(|edge| edge.to).collect();
    let linked: HashSet<&str> = inventory
        .packages
        .iter()
        .filter_map(|package| match &package.source {
            Source::Folder { path } if *path != package.path => Some(path.as_str()),
            _ => None,
        })
        .collect();
    known.extend(inventory.iter().filter(|(_, package)| linked.contains(package.path.as_str())).map(|(id, _)| id));
    let members = inventory.iter().filter(|(id, package)| package.role == Role::Workspace && !known.contains(id));
    let edges: Vec<Edge> =
        members.map(|(id, package)| Edge::new(root, id, package.name.clone(), "", EdgeKind::Workspace)).collect();
    inventory.edges.extend(edges);
}

fn root_package(manifest: Option<&Manifest>) -> Package {
    let path = String::new();
    let location = Location::file("package.json");
    let source = Source::Folder { path: String::new() };
    described(manifest, path, Role::Root, source, location)
}

fn package(tree: &InstalledTree, installed: &InstalledPackage) -> Package {
    let path = installed.path.clone();
    let Some(target) = &installed.link_target else {
        let location = Location::file(format!("{path}/package.json"));
        let is_own = !is_inside_node_modules(&path);
        let has_version = installed.manifest.as_ref().is_some_and(|manifest| manifest.version.is_some());
        let (role, source) = match (is_own, has_version) {
            (true, _) => (Role::Workspace, Source::Folder { path: path.clone() }),
            (false, true) => (Role::Dependency, Source::Registry { url: None, index: None }),
            (false, false) => (Role::Dependency, Source::Unknown { text: String::new() }),
        };
        return described(installed.manifest.as_ref(), path, role, source, location);
    };
    let manifest = tree.packages.get(target).and_then(|package| package.manifest.as_ref());
    let role = if is_inside_node_modules(target) { Role::Dependency } else { Role::Workspace };
    let is_inside = target.is_empty() || path_fault(target).is_none();
    let folder = if is_inside { target.clone() } else { sanitised(target, 0) };
    let location = Location::file(path.clone());
    described(manifest, path, role, Source::Folder { path: folder }, location)
}

fn described(manifest: Option<&Manifest>, path: String, role: Role, source: Source, location: Location) -> Package {
    let fallback = || name_from_path(&path).to_owned();
    let name = manifest.and_then(|manifest| manifest.name.clone()).unwrap_or_else(fallback);
    let installed = installed_as(&path).map(|(_, installed)| installed);
    let version = manifest.and_then(|manifest| manifest.version.as_deref());
    Package {
        alias: installed.filter(|installed| *installed != name).map(str::to_owned),
        role,
        source,
        path,
        platform: manifest.map(|manifest| manifest.platform.clone()).unwrap_or_default(),
        license: manifest.and_then(|manifest| manifest.license.clone()),
        declared_at: Some(location),
        ..Package::new(Ecosystem::Npm, name, version)
    }
}

/// A package is bundled if the one around it lists it, or if a bundled one needs
/// it and it lies inside the same bundling package.
fn set_bundled(inventory: &mut Inventory) {
    let mut outgoing: HashMap<PackageId, Vec<PackageId>> = HashMap::new();
    let mut queue = Vec::new();
    for edge in &inventory.edges {
        outgoing.entry(edge.from).or_default().push(edge.to);
        if edge.bundled && inventory.package(edge.from).role == Role::Dependency {
            queue.push((edge.from, edge.to));
        }
    }
    let mut bundled = HashSet::new();
    while let Some((bundler, id)) = queue.pop() {
        let below = inventory.package(id).path.strip_prefix(inventory.package(bundler).path.as_str());
        let is_inside = below.is_some_and(|rest| rest.starts_with("/node_modules/"));
        if is_inside && bundled.insert((bundler, id)) {
            queue.extend(outgoing.get(&id).into_iter().flatten().map(|next| (bundler, *next)));
        }
    }
    for (_, id) in bundled {
        if let Some(package) = inventory.packages.get_mut(id.0 as usize) {
            package.bundled = true;
        }
    }
}
