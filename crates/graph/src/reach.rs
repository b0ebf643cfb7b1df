//! How many depend on each package, all at once.
//!
//! One walk per package is quadratic. Here 512 dependants at a time flow down the graph as
//! bits of one row per ring of packages, so memory stays linear and the work is a small part
//! of the walks'; it is still quadratic at heart, so there is a bound on it.

use vetch_model::inventory::PackageId;

use crate::Graph;

/// Words of a row of bits.
const WORDS: usize = 8;
type Row = [u64; WORDS];
const ROW_BITS: usize = WORDS * 64;

/// Most edges followed, over all rows; about a second. 50,000 packages with
/// 300,000 edges take a seventh of it.
const MAX_WORK: usize = 200_000_000;

/// Rings of packages that ask for each other: dependencies get lower numbers than dependents.
pub(crate) struct Rings {
    /// By package.
    ring: Vec<u32>,
    /// Edges from ring to ring, from the highest number to the lowest.
    edges: Vec<(u32, u32)>,
    count: usize,
}

impl Rings {
    pub(crate) fn new(graph: &Graph) -> Rings {
        let (ring, count) = rings(graph);
        let mut edges = Vec::new();
        for index in 0..graph.len() {
            let from = PackageId(index as u32);
            for neighbour in graph.dependencies(from) {
                let (upper, lower) = (ring[index], ring[neighbour.package.0 as usize]);
                if upper != lower {
                    edges.push((upper, lower));
                }
            }
        }
        edges.sort_unstable_by(|left, right| right.cmp(left));
        edges.dedup();
        Rings { ring, edges, count }
    }

    /// For each group the number of distinct seeds that lead to one of its packages.
    ///
    /// `seed_of` and `group_of` go by package; several packages may be one seed or group.
    /// `None` if the graph is too large for that.
    pub(crate) fn seeds_above(
        &self,
        seed_of: &[Option<u32>],
        seeds: usize,
        group_of: &[Option<u32>],
        groups: usize,
    ) -> Option<Vec<u32>> {
        let passes = seeds.div_ceil(ROW_BITS);
        if passes.saturating_mul(self.edges.len() + self.ring.len()) > MAX_WORK {
            return None;
        }
        let mut counts = vec![0u32; groups];
        let mut rows: Vec<Row> = vec![[0; WORDS]; self.count];
        let mut of_groups: Vec<Row> = vec![[0; WORDS]; groups];
        for pass in 0..passes {
            rows.fill([0; WORDS]);
            of_groups.fill([0; WORDS]);
            let base = pass * ROW_BITS;
            for (package, seed) in seed_of.iter().enumerate() {
                let bit = seed.and_then(|seed| (seed as usize).checked_sub(base)).filter(|bit| *bit < ROW_BITS);
                if let Some(bit) = bit {
                    rows[self.ring[package] as usize][bit / 64] |= 1 << (bit % 64);
                }
            }
            for &(upper, lower) in &self.edges {
                let above = rows[upper as usize];
                merge(&mut rows[lower as usize], &above);
            }
            for (package, group) in group_of.iter().enumerate() {
                if let Some(group) = group {
                    merge(&mut of_groups[*group as usize], &rows[self.ring[package] as usize]);
                }
            }
            for (count, row) in counts.iter_mut().zip(&of_groups) {
                *count += row.iter().map(|word| word.count_ones()).sum::<u32>();
            }
        }
        Some(counts)
    }
}

fn merge(into: &mut Row, from: &Row) {
    for (into, from) in into.iter_mut().zip(from) {
        *into |= from;
    }
}

/// Strongly connected components (Tarjan 1972), without recursion; and their number.
fn rings(graph: &Graph) -> (Vec<u32>, usize) {
    const UNSEEN: u32 = u32::MAX;
    let count = graph.len();
    let (mut number, mut low, mut ring) = (vec![UNSEEN; count], vec![0u32; count], vec![UNSEEN; count]);
    let (mut stack, mut open) = (Vec::new(), Vec::new());
    let (mut met, mut made) = (0u32, 0u32);
    for start in 0..count {
        if number[start] != UNSEEN {
            continue;
        }
        open.push((start, 0usize));
        while let Some((at, next)) = open.last_mut() {
            let at = *at;
            if *next == 0 {
                (number[at], low[at]) = (met, met);
                met += 1;
                stack.push(at);
            }
            let neighbour = graph.dependencies(PackageId(at as u32)).get(*next);
            *next += 1;
            if let Some(neighbour) = neighbour {
                let other = neighbour.package.0 as usize;
                if number[other] == UNSEEN {
                    open.push((other, 0));
                } else if ring[other] == UNSEEN {
                    low[at] = low[at].min(number[other]);
                }
                continue;
            }
            open.pop();
            if let Some((above, _)) = open.last() {
                low[*above] = low[*above].min(low[at]);
            }
            if low[at] == number[at] {
                while let Some(member) = stack.pop() {
                    ring[member] = made;
                    if member == at {
                        break;
                    }
                }
                made += 1;
            }
        }
    }
    (ring, made as usize)
}
