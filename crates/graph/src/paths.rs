//! Simple paths from the roots to a package, shortest first.
//!
//! The number of paths grows exponentially, so they are not all made and sorted:
//! the search runs from the package back to the roots, always on with the path
//! that promises to be shortest. The promise is the exact distance from the
//! nearest root, known beforehand, so hardly a step is wasted and a query costs
//! about as much as its answer is long.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use vetch_model::inventory::PackageId;

use crate::Graph;

/// Most partial paths taken up in one query; what is then left is `more`.
const MAX_STEPS: usize = 20_000;

/// Most steps of partial paths looked at, in all: paths may be as long as the graph, and
/// most dependents of a package may be extraneous.
const MAX_LOOKED: usize = 20_000_000;

/// Most partial paths kept at a time: some packages have thousands of dependents.
const MAX_OPEN: usize = 200_000;

/// One package on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// Which; for links, their folder.
    pub package: PackageId,
    /// Index into `Inventory::edges` of the edge by which the step before asks
    /// for it; `None` for the first.
    pub edge: Option<usize>,
}

/// The answer to "how did it get in?".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    /// Each from a root to the package, both included; no package twice, and no
    /// other root on the way. Shortest first, those of one length in file order.
    pub paths: Vec<Vec<Step>>,
    /// Whether there are, or may be, more than these.
    pub more: bool,
}

/// A path from some package to the target, as the head of a list.
struct Partial {
    package: PackageId,
    /// Edge from `package` to the one before.
    edge: Option<usize>,
    /// Index of the list's rest, one step nearer to the target.
    rest: Option<usize>,
    length: u32,
}

/// Least promised length, then the one that is furthest, then the oldest.
type Key = Reverse<(u32, Reverse<u32>, usize)>;

struct Search<'g> {
    graph: &'g Graph,
    partials: Vec<Partial>,
    open: BinaryHeap<Key>,
    looked: usize,
    is_cut: bool,
}

/// Towards any of the targets; on the way to one of them a path may pass another.
pub(crate) fn search(graph: &Graph, targets: &[PackageId], limit: usize) -> Paths {
    let mut search = Search { graph, partials: Vec::new(), open: BinaryHeap::new(), looked: 0, is_cut: false };
    let mut found = Paths::default();
    for target in targets {
        search.push(Partial { package: *target, edge: None, rest: None, length: 0 });
    }
    let mut steps = 0;
    while let Some(Reverse((_, _, index))) = search.open.pop() {
        if graph.is_root(search.package(index)) {
            if found.paths.len() == limit {
                found.more = true;
                break;
            }
            found.paths.push(search.path(index));
            continue;
        }
        steps += 1;
        if steps > MAX_STEPS {
            found.more = true;
            break;
        }
        search.extend(index);
    }
    found.more |= search.is_cut;
    if found.paths.is_empty() && found.more && limit > 0 {
        // Longer than the search goes. One way, a shortest one, is known without it.
        found.paths.extend(nearest(graph, targets));
    }
    found.paths.sort_by(|left, right| left.len().cmp(&right.len()).then_with(|| left.cmp(right)));
    found
}

/// A shortest path to the target that is nearest to a root, straight up from depth to depth.
fn nearest(graph: &Graph, targets: &[PackageId]) -> Option<Vec<Step>> {
    let target = targets.iter().filter_map(|id| Some((graph.depth(*id)?, *id))).min();
    let (mut depth, mut at) = target?;
    let mut path = Vec::new();
    while depth > 0 {
        let above = graph.dependents(at).iter().find(|above| graph.depth(above.package) == Some(depth - 1))?;
        path.push(Step { package: at, edge: Some(above.edge) });
        at = above.package;
        depth -= 1;
    }
    path.push(Step { package: at, edge: None });
    path.reverse();
    Some(path)
}

impl Search<'_> {
    /// Takes up a path if a root leads to its head.
    fn push(&mut self, partial: Partial) {
        let Some(distance) = self.graph.depth(partial.package) else { return };
        self.open.push(Reverse((partial.length + distance, Reverse(partial.length), self.partials.len())));
        self.partials.push(partial);
    }

    /// One step back from the head, to each dependent that is not on the path yet.
    fn extend(&mut self, index: usize) {
        let length = self.partials.get(index).map_or(0, |partial| partial.length + 1);
        let graph = self.graph;
        for dependent in graph.dependents(self.package(index)) {
            self.looked += length as usize;
            if self.looked > MAX_LOOKED || self.partials.len() >= MAX_OPEN {
                self.is_cut = true;
                return;
            }
            if !self.contains(index, dependent.package) {
                self.push(Partial {
                    package: dependent.package,
                    edge: Some(dependent.edge),
                    rest: Some(index),
                    length,
                });
            }
        }
    }

    fn package(&self, index: usize) -> PackageId {
        self.partials.get(index).map_or(PackageId(u32::MAX), |partial| partial.package)
    }

    fn contains(&self, index: usize, package: PackageId) -> bool {
        self.chain(index).any(|partial| partial.package == package)
    }

    /// The partial path from its head to the target.
    fn chain(&self, index: usize) -> impl Iterator<Item = &Partial> {
        std::iter::successors(self.partials.get(index), |partial| partial.rest.and_then(|rest| self.partials.get(rest)))
    }

    fn path(&self, index: usize) -> Vec<Step> {
        let mut edge = None;
        let steps = self.chain(index).map(|partial| {
            let step = Step { package: partial.package, edge };
            edge = partial.edge;
            step
        });
        steps.collect()
    }
}
