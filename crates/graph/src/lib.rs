//! The dependency graph of an inventory: who asks for whom, by which paths a package
//! got in, what would leave with it, and where the risk is. No I/O; everything is
//! deterministic and bounded.
//!
//! An inventory may hold several projects of several ecosystems, each with its own root.
//!
//! A link (`node_modules/a` → `packages/a`) and its folder are one node: every
//! query takes either and answers with the folder. A project's own packages
//! (root and workspaces) are the roots; what no root leads to is extraneous.

pub mod compare;
mod dominators;
mod links;
mod paths;
mod reach;
pub mod risks;
mod select;

use std::collections::VecDeque;

use vetch_model::inventory::{Inventory, PackageId, Role};

pub use dominators::Dominators;
pub use paths::{Paths, Step};
pub use select::Selector;

/// One end of an edge, seen from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbour {
    /// The package at the other end; for links, their folder.
    pub package: PackageId,
    /// Index into [`Inventory::edges`]; the first in file order between the two.
    pub edge: usize,
}

/// Adjacency of an inventory. Building it takes one pass over the edges.
#[derive(Debug, Clone)]
pub struct Graph {
    /// For each package the one that stands for it: itself, or a link's folder.
    node: Vec<PackageId>,
    dependencies: Adjacency,
    dependents: Adjacency,
    is_root: Vec<bool>,
    /// Edges on the shortest way from a root; `None` where there is no way.
    depth: Vec<Option<u32>>,
}

impl Graph {
    /// Builds the graph. Ids passed to its methods must be of this inventory;
    /// others are packages that nothing is known of.
    pub fn new(inventory: &Inventory) -> Graph {
        let node = links::canonical(inventory);
        let count = node.len();
        let ends: Vec<(PackageId, PackageId)> =
            inventory.edges.iter().map(|edge| (at(&node, edge.from), at(&node, edge.to))).collect();
        let dependencies = Adjacency::new(count, ends.iter().copied());
        let dependents = Adjacency::new(count, ends.iter().map(|&(from, to)| (to, from)));
        let mut is_root = vec![false; count];
        for (id, package) in inventory.iter() {
            if package.role != Role::Dependency {
                mark(&mut is_root, at(&node, id));
            }
        }
        let depth = depths(&dependencies, &is_root);
        Graph { node, dependencies, dependents, is_root, depth }
    }

    /// The package that stands for this one: a link's folder, else itself.
    pub fn folder_of(&self, id: PackageId) -> PackageId {
        at(&self.node, id)
    }

    /// Whether this is the project or one of its workspaces.
    pub fn is_root(&self, id: PackageId) -> bool {
        self.is_root.get(self.folder_of(id).0 as usize) == Some(&true)
    }

    /// Number of edges on the shortest way from a root; `None` for extraneous packages.
    pub fn depth(&self, id: PackageId) -> Option<u32> {
        self.depth.get(self.folder_of(id).0 as usize).copied().flatten()
    }

    /// What this package asks for, in file order.
    pub fn dependencies(&self, id: PackageId) -> &[Neighbour] {
        self.dependencies.of(self.folder_of(id))
    }

    /// Who asks for this package, in file order.
    pub fn dependents(&self, id: PackageId) -> &[Neighbour] {
        self.dependents.of(self.folder_of(id))
    }

    /// Everything that this package brings along, itself included, nearest first.
    pub fn reachable(&self, id: PackageId) -> Vec<PackageId> {
        walk(&self.dependencies, &[self.folder_of(id)])
    }

    /// Everything that would be hit through this package, itself included, nearest first.
    pub fn transitive_dependents(&self, id: PackageId) -> Vec<PackageId> {
        walk(&self.dependents, &[self.folder_of(id)])
    }

    /// The ways from the roots to this package, shortest first, at most `limit`.
    /// An extraneous package has none.
    pub fn paths_to(&self, id: PackageId, limit: usize) -> Paths {
        self.paths_to_any(&[id], limit)
    }

    /// The ways from the roots to one of these packages, shortest first, at most `limit`.
    pub fn paths_to_any(&self, ids: &[PackageId], limit: usize) -> Paths {
        paths::search(self, &self.nodes(ids), limit)
    }

    /// Number of ids, links included.
    pub fn len(&self) -> usize {
        self.node.len()
    }

    /// Whether there is no package at all.
    pub fn is_empty(&self) -> bool {
        self.node.is_empty()
    }

    /// The projects and their workspaces, in file order.
    pub fn roots(&self) -> impl Iterator<Item = PackageId> {
        self.is_root.iter().enumerate().filter(|(_, is_root)| **is_root).map(|(index, _)| PackageId(index as u32))
    }

    /// Every package once, in file order; links are left out, their folders are not.
    pub fn packages(&self) -> impl Iterator<Item = PackageId> {
        self.node.iter().enumerate().filter(|(index, node)| *index == node.0 as usize).map(|(_, node)| *node)
    }

    /// The dominator tree, from all roots at once.
    pub fn dominators(&self) -> Dominators {
        Dominators::new(self)
    }

    /// What would leave with these packages, if nobody asked for them any more: they
    /// themselves, and all that only they lead to. In file order.
    pub fn leaves_with(&self, ids: &[PackageId]) -> Vec<PackageId> {
        let gone = self.nodes(ids);
        let mut is_seen = vec![false; self.len()];
        for id in &gone {
            mark(&mut is_seen, *id);
        }
        let mut open: Vec<PackageId> = self.roots().filter(|root| mark(&mut is_seen, *root)).collect();
        // What stays is marked; what goes is marked now, and so not walked through.
        while let Some(id) = open.pop() {
            let neighbours = self.dependencies.of(id).iter().map(|neighbour| neighbour.package);
            open.extend(neighbours.filter(|other| mark(&mut is_seen, *other)));
        }
        let lost = |id: &PackageId| self.depth(*id).is_some() && !is_seen[id.0 as usize];
        let mut leaving: Vec<PackageId> = self.packages().filter(lost).chain(gone).collect();
        leaving.sort_unstable();
        leaving
    }

    /// The projects and workspaces that these packages are in, in file order.
    pub fn roots_of(&self, ids: &[PackageId]) -> Vec<PackageId> {
        let mut found = walk(&self.dependents, &self.nodes(ids));
        found.retain(|id| self.is_root(*id));
        found.sort_unstable();
        found
    }

    /// The packages that stand for these, each once, in file order; unknown ids are left out.
    fn nodes(&self, ids: &[PackageId]) -> Vec<PackageId> {
        let known = ids.iter().filter(|id| (id.0 as usize) < self.len());
        let mut nodes: Vec<PackageId> = known.map(|id| self.folder_of(*id)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}

/// Neighbours of every node in one vector (compressed sparse rows).
#[derive(Debug, Clone)]
struct Adjacency {
    starts: Vec<u32>,
    neighbours: Vec<Neighbour>,
}

impl Adjacency {
    /// From pairs (node, neighbour) in file order. Loops are left out, and all
    /// but the first edge between the same two.
    fn new(count: usize, pairs: impl Iterator<Item = (PackageId, PackageId)> + Clone) -> Adjacency {
        let is_edge =
            |from: PackageId, to: PackageId| from != to && (from.0 as usize) < count && (to.0 as usize) < count;
        let edges = pairs.enumerate().filter(|(_, (from, to))| is_edge(*from, *to));
        // Where each node's row starts, then: where its next neighbour goes.
        let mut next = vec![0u32; count + 1];
        for (_, (from, _)) in edges.clone() {
            next[from.0 as usize + 1] += 1;
        }
        for index in 0..count {
            next[index + 1] += next[index];
        }
        let rows = next.clone();
        let unset = Neighbour { package: PackageId(u32::MAX), edge: usize::MAX };
        let mut all = vec![unset; rows.last().map_or(0, |end| *end as usize)];
        for (edge, (from, to)) in edges {
            let slot = &mut next[from.0 as usize];
            all[*slot as usize] = Neighbour { package: to, edge };
            *slot += 1;
        }
        Adjacency::without_repeats(&rows, &all)
    }

    /// The rows with the first of each neighbour only.
    fn without_repeats(rows: &[u32], all: &[Neighbour]) -> Adjacency {
        let mut seen_from = vec![usize::MAX; rows.len()];
        let mut starts = Vec::with_capacity(rows.len());
        let mut neighbours = Vec::with_capacity(all.len());
        starts.push(0);
        for (from, row) in rows.windows(2).enumerate() {
            for neighbour in &all[row[0] as usize..row[1] as usize] {
                let seen = &mut seen_from[neighbour.package.0 as usize];
                if std::mem::replace(seen, from) != from {
                    neighbours.push(*neighbour);
                }
            }
            starts.push(neighbours.len() as u32);
        }
        Adjacency { starts, neighbours }
    }

    fn of(&self, id: PackageId) -> &[Neighbour] {
        let index = id.0 as usize;
        match (self.starts.get(index), self.starts.get(index + 1)) {
            (Some(start), Some(end)) => self.neighbours.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

fn at(node: &[PackageId], id: PackageId) -> PackageId {
    node.get(id.0 as usize).copied().unwrap_or(id)
}

/// Sets the flag of a node; whether it was not set before.
fn mark(flags: &mut [bool], id: PackageId) -> bool {
    match flags.get_mut(id.0 as usize) {
        Some(flag) => !std::mem::replace(flag, true),
        None => false,
    }
}

fn depths(dependencies: &Adjacency, is_root: &[bool]) -> Vec<Option<u32>> {
    let mut depth = vec![None; is_root.len()];
    let mut queue = VecDeque::new();
    for (index, _) in is_root.iter().enumerate().filter(|(_, is_root)| **is_root) {
        depth[index] = Some(0);
        queue.push_back((PackageId(index as u32), 0));
    }
    while let Some((id, distance)) = queue.pop_front() {
        for neighbour in dependencies.of(id) {
            if let Some(slot @ None) = depth.get_mut(neighbour.package.0 as usize) {
                *slot = Some(distance + 1);
                queue.push_back((neighbour.package, distance + 1));
            }
        }
    }
    depth
}

fn walk(adjacency: &Adjacency, starts: &[PackageId]) -> Vec<PackageId> {
    let mut is_seen = vec![false; adjacency.starts.len().saturating_sub(1)];
    let mut found: Vec<PackageId> = starts.iter().copied().filter(|start| mark(&mut is_seen, *start)).collect();
    let mut next = 0;
    while let Some(id) = found.get(next).copied() {
        next += 1;
        for neighbour in adjacency.of(id) {
            if mark(&mut is_seen, neighbour.package) {
                found.push(neighbour.package);
            }
        }
    }
    found
}
