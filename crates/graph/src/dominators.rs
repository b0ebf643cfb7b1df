//! Dominators: the package that every way from the projects to another passes through.
//!
//! Lengauer and Tarjan's algorithm ("A fast algorithm for finding dominators in a
//! flowgraph", 1979) in its simple form: O(m log n) whatever the graph looks like,
//! with loops in place of recursion, since the depth of a tree is its author's choice.
//! It starts from a node that is no package and asks for every root.

use vetch_model::inventory::PackageId;

use crate::{Graph, Neighbour};

/// No node: not numbered, no ancestor yet, end of a list.
const NONE: u32 = u32::MAX;

/// The dominator tree of a graph.
#[derive(Debug, Clone)]
pub struct Dominators {
    /// By package: its place in `order`; `NONE` if no root leads to it.
    place: Vec<u32>,
    /// By place: the immediate dominator's place; `NONE` if that is no package.
    parent: Vec<u32>,
    /// By place: number of packages in the subtree, its top included.
    size: Vec<u32>,
    /// Packages in an order in which every subtree is one run.
    order: Vec<PackageId>,
}

impl Dominators {
    pub(crate) fn new(graph: &Graph) -> Dominators {
        let walk = Walk::new(graph);
        let idom = immediate(graph, &walk);
        Dominators::from_parents(graph, &walk, &idom)
    }

    /// The nearest package that every way from a root to this one passes through;
    /// `None` for roots, for what several ways lead to, and for extraneous packages.
    pub fn immediate(&self, id: PackageId) -> Option<PackageId> {
        let parent = *self.parent.get(self.place_of(id)?)?;
        self.order.get(parent as usize).copied()
    }

    /// All that only this package leads to, itself first; empty for extraneous packages and links.
    pub fn subtree(&self, id: PackageId) -> &[PackageId] {
        let found = self.place_of(id).and_then(|place| {
            let size = *self.size.get(place)? as usize;
            self.order.get(place..place + size)
        });
        found.unwrap_or_default()
    }

    /// Number of packages in the subtrees of these, each counted once.
    pub fn size_of_all(&self, ids: &[PackageId]) -> usize {
        let run = |id: &PackageId| {
            let place = self.place_of(*id)?;
            Some((place, place + *self.size.get(place)? as usize))
        };
        let mut runs: Vec<(usize, usize)> = ids.iter().filter_map(run).collect();
        runs.sort_unstable();
        // Two subtrees are apart, or one holds the other.
        let mut end_so_far = 0;
        let mut total = 0;
        for (start, end) in runs {
            if end > end_so_far {
                total += end - start.max(end_so_far);
                end_so_far = end;
            }
        }
        total
    }

    fn place_of(&self, id: PackageId) -> Option<usize> {
        self.place.get(id.0 as usize).filter(|place| **place != NONE).map(|place| *place as usize)
    }

    /// Lays the tree out so that every subtree is one run. Number 0 is the start, which is no package.
    fn from_parents(graph: &Graph, walk: &Walk, idom: &[u32]) -> Dominators {
        let count = walk.vertex.len();
        let mut sizes = vec![1u32; count];
        // A dominator is always numbered before what it dominates.
        for number in (1..count).rev() {
            sizes[idom[number] as usize] += sizes[number];
        }
        let mut next_child = vec![0u32; count];
        let mut starts = vec![0u32; count];
        let mut made = Dominators {
            place: vec![NONE; graph.len()],
            parent: vec![NONE; count - 1],
            size: vec![0; count - 1],
            order: vec![PackageId(NONE); count - 1],
        };
        for number in 1..count {
            let above = idom[number] as usize;
            let start = next_child[above];
            next_child[above] += sizes[number];
            next_child[number] = start + 1;
            starts[number] = start;
            let (at, package) = (start as usize, walk.vertex[number]);
            made.order[at] = package;
            made.size[at] = sizes[number];
            made.parent[at] = if above == 0 { NONE } else { starts[above] };
            made.place[package.0 as usize] = start;
        }
        made
    }
}

/// Packages numbered in the order in which a depth-first walk meets them. 0 is the start.
struct Walk {
    vertex: Vec<PackageId>,
    parent: Vec<u32>,
    /// By package.
    number: Vec<u32>,
}

impl Walk {
    fn new(graph: &Graph) -> Walk {
        let mut walk = Walk { vertex: vec![PackageId(NONE)], parent: vec![NONE], number: vec![NONE; graph.len()] };
        let mut open: Vec<(u32, std::slice::Iter<'_, Neighbour>)> = Vec::new();
        for root in graph.roots() {
            if let Some(number) = walk.meet(root, 0) {
                open.push((number, graph.dependencies(root).iter()));
            }
            while let Some((above, neighbours)) = open.last_mut() {
                let above = *above;
                match neighbours.next() {
                    None => drop(open.pop()),
                    Some(neighbour) => {
                        if let Some(number) = walk.meet(neighbour.package, above) {
                            open.push((number, graph.dependencies(neighbour.package).iter()));
                        }
                    }
                }
            }
        }
        walk
    }

    /// Numbers a package, unless it has a number.
    fn meet(&mut self, package: PackageId, above: u32) -> Option<u32> {
        let slot = self.number.get_mut(package.0 as usize).filter(|number| **number == NONE)?;
        *slot = self.vertex.len() as u32;
        self.vertex.push(package);
        self.parent.push(above);
        Some(*slot)
    }
}

/// By number: the immediate dominator's number.
fn immediate(graph: &Graph, walk: &Walk) -> Vec<u32> {
    let count = walk.vertex.len();
    let mut forest = Forest::new(count);
    let mut idom = vec![0u32; count];
    // Those whose semidominator this is, as linked lists.
    let (mut first, mut next) = (vec![NONE; count], vec![NONE; count]);
    for number in (1..count as u32).rev() {
        let at = number as usize;
        let package = walk.vertex[at];
        // The start asks for every root.
        let mut semi = if graph.is_root(package) { 0 } else { number };
        for dependent in graph.dependents(package) {
            let other = walk.number[dependent.package.0 as usize];
            if other != NONE {
                let best = forest.eval(other);
                semi = semi.min(forest.semi[best as usize]);
            }
        }
        forest.semi[at] = semi;
        next[at] = std::mem::replace(&mut first[semi as usize], number);
        let parent = walk.parent[at];
        forest.ancestor[at] = parent;
        let mut waiting = std::mem::replace(&mut first[parent as usize], NONE);
        while waiting != NONE {
            let best = forest.eval(waiting);
            let is_deeper = forest.semi[best as usize] < forest.semi[waiting as usize];
            idom[waiting as usize] = if is_deeper { best } else { parent };
            waiting = next[waiting as usize];
        }
    }
    for at in 1..count {
        if idom[at] != forest.semi[at] {
            idom[at] = idom[idom[at] as usize];
        }
    }
    idom
}

/// The forest of what is done, with path compression.
struct Forest {
    semi: Vec<u32>,
    label: Vec<u32>,
    ancestor: Vec<u32>,
    path: Vec<u32>,
}

impl Forest {
    fn new(count: usize) -> Forest {
        let own: Vec<u32> = (0..count as u32).collect();
        Forest { semi: own.clone(), label: own, ancestor: vec![NONE; count], path: Vec::new() }
    }

    /// The one of least semidominator on the way from the tree's root (not included) to `node`.
    fn eval(&mut self, node: u32) -> u32 {
        let mut at = node;
        while let above = self.ancestor[at as usize]
            && above != NONE
            && self.ancestor[above as usize] != NONE
        {
            self.path.push(at);
            at = above;
        }
        while let Some(at) = self.path.pop() {
            let above = self.ancestor[at as usize] as usize;
            let (own, inherited) = (self.label[at as usize], self.label[above]);
            if self.semi[inherited as usize] < self.semi[own as usize] {
                self.label[at as usize] = inherited;
            }
            self.ancestor[at as usize] = self.ancestor[above];
        }
        self.label[node as usize]
    }
}
