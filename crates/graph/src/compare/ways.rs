//! The shortest way to every package, found once for all of them.

use std::collections::VecDeque;

use vetch_model::inventory::{Inventory, PackageId};

use super::Way;
use crate::{Graph, Step};

/// Longest way told in full; of longer ones the middle is left out.
const MAX_STEPS: usize = 48;

/// For each package the step before it, nearest to a root.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    /// (folder that stands for it, who asks, index of the edge).
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// What stands for this package.
    folder: PackageId,
    before: Option<(PackageId, usize)>,
    depth: Option<u32>,
}

impl Ways {
    pub(super) fn new(graph: &Graph, inventory: &Inventory) -> Ways {
        let ids = inventory.iter().map(|(id, _)| id);
        let mut nodes: Vec<Node> =
            ids.map(|id| Node { folder: graph.folder_of(id), before: None, depth: None }).collect();
        let mut queue = VecDeque::new();
        for (id, _) in inventory.iter() {
            let folder = graph.folder_of(id);
            let Some(node) = nodes.get_mut(folder.0 as usize) else { continue };
            if graph.is_root(folder) && node.depth.is_none() {
                node.depth = Some(0);
                queue.push_back((folder, 0));
            }
        }
        while let Some((id, depth)) = queue.pop_front() {
            for next in graph.dependencies(id) {
                let Some(node) = nodes.get_mut(next.package.0 as usize) else { continue };
                if node.depth.is_none() {
                    node.depth = Some(depth + 1);
                    node.before = Some((id, next.edge));
                    queue.push_back((next.package, depth + 1));
                }
            }
        }
        Ways { nodes }
    }

    fn node(&self, id: PackageId) -> Option<&Node> {
        let folder = self.nodes.get(id.0 as usize)?.folder;
        self.nodes.get(folder.0 as usize)
    }

    /// Edges from a root to the nearest of these.
    pub(super) fn depth(&self, ids: &[PackageId]) -> Option<u32> {
        ids.iter().filter_map(|id| self.node(*id)?.depth).min()
    }

    /// The way to the nearest of these.
    pub(super) fn shortest(&self, ids: &[PackageId]) -> Way {
        let reached = ids.iter().filter_map(|id| Some((self.node(*id)?.depth?, *id)));
        let Some((_, mut at)) = reached.min() else { return Way::default() };
        let mut steps = Vec::new();
        while let Some(node) = self.node(at) {
            steps.push(Step { package: node.folder, edge: node.before.map(|(_, edge)| edge) });
            match node.before {
                Some((before, _)) => at = before,
                None => break,
            }
        }
        steps.reverse();
        let left_out = steps.len().saturating_sub(MAX_STEPS);
        let middle = MAX_STEPS / 2;
        if left_out > 0 {
            steps.drain(middle..middle + left_out);
        }
        Way { steps, left_out }
    }
}
