//! Who satisfies peer dependencies. The lockfile does not say: Yarn makes a
//! virtual copy of a package for each dependent, which provides the peers out of
//! its own dependencies, or passes on its own peers.

use std::collections::{BTreeSet, HashMap};

use vetch_model::inventory::{Edge, EdgeKind, Inventory, PackageId, Unresolved};

/// Most look-ups: every dependent of a package times its peers.
const MAX_STEPS: usize = 5_000_000;

/// One declared peer dependency.
#[derive(Debug, Clone)]
pub(super) struct Peer<'d> {
    pub(super) name: &'d str,
    pub(super) range: &'d str,
    pub(super) kind: EdgeKind,
}

/// Adds an edge to every package that some dependent provides; a required peer
/// that nobody provides is unresolved. Tells whether all was looked at.
pub(super) fn connect(inventory: &mut Inventory, peers: &HashMap<PackageId, Vec<Peer<'_>>>) -> bool {
    let mut provided: HashMap<(PackageId, &str), BTreeSet<PackageId>> = HashMap::new();
    let is_complete = provide(inventory, peers, &mut provided);
    let mut askers: Vec<_> = peers.iter().collect();
    askers.sort_by_key(|(id, _)| **id);
    for (from, list) in askers {
        for peer in list {
            let (name, range) = (peer.name.to_owned(), peer.range.to_owned());
            match provided.get(&(*from, peer.name)).filter(|found| !found.is_empty()) {
                Some(found) => {
                    let edge = |to: &PackageId| Edge::new(*from, *to, peer.name, peer.range, peer.kind);
                    inventory.edges.extend(found.iter().map(edge));
                }
                None if peer.kind == EdgeKind::Peer => {
                    inventory.unresolved.push(Unresolved { from: *from, name, range, kind: peer.kind });
                }
                None => {}
            }
        }
    }
    is_complete
}

fn provide<'p>(
    inventory: &Inventory,
    peers: &HashMap<PackageId, Vec<Peer<'p>>>,
    provided: &mut HashMap<(PackageId, &'p str), BTreeSet<PackageId>>,
) -> bool {
    let own: HashMap<(PackageId, &str), PackageId> =
        inventory.edges.iter().map(|edge| ((edge.from, edge.name.as_str()), edge.to)).collect();
    let mut steps = 0usize;
    // Peers that the dependent itself has as peers: looked at again until nothing changes.
    let mut passed_on = Vec::new();
    for edge in inventory.edges.iter().filter(|edge| edge.kind != EdgeKind::Workspace) {
        for peer in peers.get(&edge.to).into_iter().flatten() {
            let of_asker = peers.get(&edge.from).map_or(&[][..], Vec::as_slice);
            steps += 1 + of_asker.len();
            if steps > MAX_STEPS {
                return false;
            }
            if let Some(found) = own.get(&(edge.from, peer.name)) {
                provided.entry((edge.to, peer.name)).or_default().insert(*found);
            } else if inventory.package(edge.from).name == peer.name {
                provided.entry((edge.to, peer.name)).or_default().insert(edge.from);
            } else if of_asker.iter().any(|other| other.name == peer.name) {
                passed_on.push((edge.from, edge.to, peer.name));
            }
        }
    }
    let mut has_changed = true;
    while has_changed {
        has_changed = false;
        for (from, to, name) in &passed_on {
            let found = provided.get(&(*from, *name)).cloned().unwrap_or_default();
            steps += 1 + found.len();
            if steps > MAX_STEPS {
                return false;
            }
            let list = provided.entry((*to, *name)).or_default();
            let before = list.len();
            list.extend(found);
            has_changed |= list.len() > before;
        }
    }
    true
}
