//! What only the graph as a whole tells: who needs a package, and under which name.

use vetch_model::inventory::{Edge, EdgeKind, Inventory, PackageId, Role};

/// Sets [`vetch_model::inventory::Package::dev`], `peer`, `alias` and `groups`
/// from the edges. `starts` are the user's own packages; edges out of them that
/// carry a condition in `groups` put what they reach into that group.
pub(crate) fn refine(inventory: &mut Inventory, starts: &[PackageId], groups: &[&str]) {
    let outgoing = Outgoing::of(inventory);
    let reached = outgoing.reach(inventory, starts, |_| true);
    let is_start = flags(inventory.packages.len(), starts);
    let needed = outgoing.reach(inventory, starts, |edge| {
        !(edge.kind == EdgeKind::Development && is_start.get(edge.from.0 as usize) == Some(&true))
    });
    for (index, package) in inventory.packages.iter_mut().enumerate() {
        if package.role == Role::Dependency && reached.get(index) == Some(&true) {
            package.dev = needed.get(index) == Some(&false);
        }
    }
    for group in groups {
        let of_group = |edge: &&Edge| edge.condition.as_deref() == Some(group);
        let firsts: Vec<PackageId> = inventory.edges.iter().filter(of_group).map(|edge| edge.to).collect();
        if firsts.is_empty() {
            continue;
        }
        let brought = outgoing.reach(inventory, &firsts, |_| true);
        for (index, package) in inventory.packages.iter_mut().enumerate() {
            if brought.get(index) == Some(&true) && package.role == Role::Dependency {
                package.groups.push((*group).to_owned());
            }
        }
    }
    name_as_asked(inventory);
}

/// `peer`: nobody asks but as a peer. `alias`: everybody asks by one other name.
fn name_as_asked(inventory: &mut Inventory) {
    #[derive(Clone, Default)]
    struct Asked<'e> {
        alias: Option<&'e str>,
        is_by_own_name: bool,
        is_by_peers: bool,
        is_by_others: bool,
    }
    let Inventory { packages, edges, .. } = inventory;
    let mut asked = vec![Asked::default(); packages.len()];
    for edge in edges.iter() {
        let (Some(entry), Some(package)) = (asked.get_mut(edge.to.0 as usize), packages.get(edge.to.0 as usize)) else {
            continue;
        };
        match edge.kind {
            EdgeKind::Peer | EdgeKind::PeerOptional => entry.is_by_peers = true,
            _ => entry.is_by_others = true,
        }
        if edge.name == package.name {
            entry.is_by_own_name = true;
        } else {
            entry.alias = entry.alias.or(Some(edge.name.as_str()));
        }
    }
    for (package, asked) in packages.iter_mut().zip(&asked) {
        if package.role == Role::Dependency {
            package.peer = asked.is_by_peers && !asked.is_by_others;
            package.alias = asked.alias.filter(|_| !asked.is_by_own_name).map(str::to_owned);
        } else if package.name.is_empty() {
            // A folder whose manifest is not at hand: those who link to it know its name.
            package.name = asked.alias.unwrap_or_default().to_owned();
        }
    }
}

/// Edges by who asks.
struct Outgoing(Vec<Vec<u32>>);

impl Outgoing {
    fn of(inventory: &Inventory) -> Outgoing {
        let mut lists = vec![Vec::new(); inventory.packages.len()];
        for (index, edge) in inventory.edges.iter().enumerate() {
            if let Some(list) = lists.get_mut(edge.from.0 as usize) {
                list.push(index as u32);
            }
        }
        Outgoing(lists)
    }

    /// Which packages are reached over edges that `follow` takes.
    fn reach(&self, inventory: &Inventory, starts: &[PackageId], follow: impl Fn(&Edge) -> bool) -> Vec<bool> {
        let mut reached = flags(inventory.packages.len(), starts);
        let mut queue = starts.to_vec();
        while let Some(from) = queue.pop() {
            for index in self.0.get(from.0 as usize).into_iter().flatten() {
                let Some(edge) = inventory.edges.get(*index as usize).filter(|edge| follow(edge)) else { continue };
                if let Some(flag) = reached.get_mut(edge.to.0 as usize).filter(|flag| !**flag) {
                    *flag = true;
                    queue.push(edge.to);
                }
            }
        }
        reached
    }
}

fn flags(count: usize, set: &[PackageId]) -> Vec<bool> {
    let mut flags = vec![false; count];
    for id in set {
        if let Some(flag) = flags.get_mut(id.0 as usize) {
            *flag = true;
        }
    }
    flags
}
