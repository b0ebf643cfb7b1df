//! From "who declares what" to edges.

use std::collections::HashSet;

use vetch_model::inventory::{Edge, EdgeKind, Inventory, PackageId, Role, Source, Unresolved};
use vetch_model::manifest::Dependency;

use super::dependencies::effective;
use super::places::{DirId, Places, installed_as};

/// A package that declares dependencies.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) id: PackageId,
    /// The folder that names are resolved from.
    pub(crate) dir: DirId,
    pub(crate) wants: Vec<Dependency>,
    /// Names that its archive ships.
    pub(crate) bundled: Vec<String>,
    /// Whether its workspaces are linked into its `node_modules` (the root, if it has any).
    pub(crate) has_workspaces: bool,
}

/// Adds an edge for every dependency that something satisfies, and an
/// [`Unresolved`] for every other one that may not be missing.
pub(crate) fn connect(inventory: &mut Inventory, places: &Places, askers: &[Asker]) {
    for asker in askers {
        let role = inventory.package(asker.id).role;
        let wants = effective(&asker.wants, role != Role::Dependency);
        let mut taken = HashSet::new();
        if asker.has_workspaces {
            let members = workspace_members(inventory, &wants);
            taken.extend(members.iter().map(|(name, _)| name.clone()));
            inventory
                .edges
                .extend(members.into_iter().map(|(name, to)| Edge::new(asker.id, to, name, "", EdgeKind::Workspace)));
        }
        let bundled: HashSet<&str> = asker.bundled.iter().map(String::as_str).collect();
        for want in wants.into_iter().filter(|want| !taken.contains(&want.name)) {
            let (name, range) = (want.name.clone(), want.range.clone());
            match places.resolve(asker.dir, &want.name) {
                Some(to) => {
                    let bundled = bundled.contains(want.name.as_str());
                    inventory.edges.push(Edge { bundled, ..Edge::new(asker.id, to, name, range, want.kind) });
                }
                None if matches!(want.kind, EdgeKind::Optional | EdgeKind::PeerOptional) => {}
                None => inventory.unresolved.push(Unresolved { from: asker.id, name, range, kind: want.kind }),
            }
        }
    }
}

/// Links at the top of `node_modules` to the user's own folders, but for those
/// that the root declares as folders by itself.
fn workspace_members(inventory: &Inventory, wants: &[&Dependency]) -> Vec<(String, PackageId)> {
    let declared: HashSet<&str> = wants
        .iter()
        .filter(|want| want.range.starts_with("file:") || want.range.starts_with("link:"))
        .map(|want| want.name.as_str())
        .collect();
    let members = inventory.iter().filter_map(|(id, package)| {
        let (host, name) = installed_as(&package.path)?;
        let is_member = host.is_empty()
            && package.role == Role::Workspace
            && matches!(package.source, Source::Folder { .. })
            && !declared.contains(name);
        is_member.then(|| (name.to_owned(), id))
    });
    members.collect()
}

/// Where nothing says what the root declares (a version 1 lockfile without its
/// manifest): the root gets an edge to what nobody asks for, and then to the
/// first of every ring that is still out of reach, so that nothing lacks a path.
pub(crate) fn infer_root_edges(inventory: &mut Inventory, root: PackageId) {
    let at_top = |id: PackageId| installed_as(&inventory.package(id).path).is_some_and(|(host, _)| host.is_empty());
    let tops: Vec<PackageId> = inventory.iter().map(|(id, _)| id).filter(|id| at_top(*id)).collect();
    infer_edges_to(inventory, root, tops);
}

/// [`infer_root_edges`] to these packages, in formats that know no places.
pub(crate) fn infer_edges_to(inventory: &mut Inventory, root: PackageId, tops: Vec<PackageId>) {
    let count = inventory.packages.len();
    let mut is_asked_for = vec![false; count];
    let mut outgoing = vec![Vec::new(); count];
    for edge in &inventory.edges {
        if let Some(flag) = is_asked_for.get_mut(edge.to.0 as usize) {
            *flag = true;
        }
        if let Some(list) = outgoing.get_mut(edge.from.0 as usize) {
            list.push(edge.to);
        }
    }
    let (asked, unasked): (Vec<_>, Vec<_>) =
        tops.into_iter().partition(|id| is_asked_for.get(id.0 as usize) == Some(&true));
    let mut is_reached = vec![false; count];
    for id in unasked.into_iter().chain(asked) {
        if is_reached.get(id.0 as usize) == Some(&true) {
            continue;
        }
        inventory.edges.push(inferred_edge(inventory, root, id));
        let mut queue = vec![id];
        while let Some(next) = queue.pop() {
            if let Some(flag) = is_reached.get_mut(next.0 as usize).filter(|flag| !**flag) {
                *flag = true;
                queue.extend(outgoing.get(next.0 as usize).into_iter().flatten());
            }
        }
    }
}

fn inferred_edge(inventory: &Inventory, root: PackageId, to: PackageId) -> Edge {
    let package = inventory.package(to);
    let kind = match (package.dev, package.optional) {
        (true, _) => EdgeKind::Development,
        (false, true) => EdgeKind::Optional,
        (false, false) => EdgeKind::Production,
    };
    let name = package.alias.clone().unwrap_or_else(|| package.name.clone());
    Edge::new(root, to, name, "", kind)
}
