//! Where a drawing starts, so that every package is in it.

use vetch_graph::{Graph, Neighbour};
use vetch_model::inventory::{PackageId, Role};

use super::{MapView, Shape};

/// The next packages in the direction that is drawn.
pub(super) fn next(graph: &Graph, reverse: bool, id: PackageId) -> &[Neighbour] {
    if reverse { graph.dependents(id) } else { graph.dependencies(id) }
}

/// The packages to start at, in order: those asked for; else the projects (in reverse:
/// what asks for nothing), then whatever these do not lead to.
pub(super) fn starts(view: &MapView<'_>, shape: &Shape) -> Vec<PackageId> {
    let graph = view.graph;
    let mut cover = Cover { graph, reverse: shape.reverse, is_seen: vec![false; graph.len()], starts: Vec::new() };
    if !shape.starts.is_empty() {
        let mut starts: Vec<PackageId> = shape.starts.iter().map(|id| graph.folder_of(*id)).collect();
        starts.sort_unstable();
        starts.dedup();
        return starts;
    }
    let role = |id: PackageId| view.inventory.package(id).role;
    let is_end = |id: PackageId| next(graph, !shape.reverse, id).is_empty();
    if shape.reverse {
        cover.add(graph.packages().filter(|id| is_end(*id)));
    } else {
        cover.add(graph.packages().filter(|id| role(*id) == Role::Root));
        cover.add(graph.packages().filter(|id| graph.is_root(*id) && is_end(*id)));
        cover.add(graph.packages().filter(|id| graph.is_root(*id)));
        cover.add(graph.packages().filter(|id| is_end(*id)));
    }
    cover.add(graph.packages());
    cover.starts
}

struct Cover<'g> {
    graph: &'g Graph,
    reverse: bool,
    is_seen: Vec<bool>,
    starts: Vec<PackageId>,
}

impl Cover<'_> {
    /// Starts at each of these that is not covered yet.
    fn add(&mut self, candidates: impl Iterator<Item = PackageId>) {
        for candidate in candidates {
            if !self.see(candidate) {
                continue;
            }
            self.starts.push(candidate);
            let mut open = vec![candidate];
            while let Some(id) = open.pop() {
                for neighbour in next(self.graph, self.reverse, id) {
                    if self.see(neighbour.package) {
                        open.push(neighbour.package);
                    }
                }
            }
        }
    }

    /// Whether it was not seen before.
    fn see(&mut self, id: PackageId) -> bool {
        self.is_seen.get_mut(id.0 as usize).is_some_and(|seen| !std::mem::replace(seen, true))
    }
}
