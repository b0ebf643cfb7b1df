//! Development, optional and peer flags, from the edges: a package has a flag if
//! every way to it leads over an edge of that kind (as npm's `calc-dep-flags` has it).

use std::collections::HashMap;

use vetch_model::inventory::{EdgeKind, Inventory, PackageId, Role, Source};

/// Sets the flags of every package that is somebody else's.
pub(crate) fn set_flags(inventory: &mut Inventory) {
    use EdgeKind::{Development, Optional, Peer, PeerOptional};
    let outgoing = outgoing(inventory);
    let roots = roots(inventory);
    let reach = |without: &[EdgeKind]| reachable(&outgoing, &roots, without);
    let any = reach(&[]);
    let without_dev = reach(&[Development]);
    let without_optional = reach(&[Optional, PeerOptional]);
    let without_both = reach(&[Development, Optional, PeerOptional]);
    let without_peer = reach(&[Peer, PeerOptional]);
    for (index, package) in inventory.packages.iter_mut().enumerate() {
        let is = |set: &[bool]| set.get(index) == Some(&true);
        if package.role != Role::Dependency || !is(&any) {
            continue;
        }
        package.dev = !is(&without_dev);
        // Needed by development, and optionally by production: production can do without.
        let is_mixed = is(&without_dev) && is(&without_optional) && !is(&without_both);
        package.optional = !is(&without_optional) || is_mixed;
        package.peer = !is(&without_peer);
    }
}

type Outgoing = Vec<Vec<(PackageId, EdgeKind)>>;

/// Edges by their start; a link leads on to its folder.
fn outgoing(inventory: &Inventory) -> Outgoing {
    let mut outgoing: Outgoing = vec![Vec::new(); inventory.packages.len()];
    for edge in &inventory.edges {
        if let Some(list) = outgoing.get_mut(edge.from.0 as usize) {
            list.push((edge.to, edge.kind));
        }
    }
    // Formats that know no places leave the path empty, as is the project's own.
    let mut by_path: HashMap<&str, PackageId> = HashMap::with_capacity(inventory.packages.len());
    for (id, package) in inventory.iter() {
        by_path.entry(package.path.as_str()).or_insert(id);
    }
    for (id, package) in inventory.iter() {
        if let Source::Folder { path } = &package.source
            && let Some(target) = by_path.get(path.as_str()).filter(|target| **target != id)
            && let Some(list) = outgoing.get_mut(id.0 as usize)
        {
            list.push((*target, EdgeKind::Production));
        }
    }
    outgoing
}

fn roots(inventory: &Inventory) -> Vec<PackageId> {
    inventory.iter().filter(|(_, package)| package.role != Role::Dependency).map(|(id, _)| id).collect()
}

fn reachable(outgoing: &Outgoing, roots: &[PackageId], without: &[EdgeKind]) -> Vec<bool> {
    let mut is_reached = vec![false; outgoing.len()];
    let mut queue = roots.to_vec();
    while let Some(next) = queue.pop() {
        let Some(flag) = is_reached.get_mut(next.0 as usize).filter(|flag| !**flag) else { continue };
        *flag = true;
        let edges = outgoing.get(next.0 as usize).into_iter().flatten();
        queue.extend(edges.filter(|(_, kind)| !without.contains(kind)).map(|(to, _)| *to));
    }
    is_reached
}
