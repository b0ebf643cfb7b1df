//! Who reaches what: development flags, groups, and packages that nobody asks for.

use std::collections::HashMap;

use vetch_model::inventory::{Edge, EdgeKind, Inventory, PackageId, Role};

use super::resolve::{Link, Part};
use super::{Core, ROOT};

/// Bits for the groups and extras of the project; two are taken by [`MAIN`] and [`OPTIONAL`].
const MAX_GROUPS: usize = 60;
/// The project reaches it without any group or extra.
const MAIN: u64 = 1;
/// An extra of the project reaches it.
const OPTIONAL: u64 = 2;
/// A group of the project reaches it.
const GROUP: u64 = 4;
const FIRST_NAMED: u32 = 3;

/// Groups that the flags tell: their names add nothing.
const UNNAMED: &[&str] = &["main", "default", "dev"];

/// Sets `dev`, `optional` and `groups` of every dependency by what of the project
/// and its workspace members reaches it. An extra of someone else's package is
/// followed only where somebody asks for it.
pub(in crate::python) fn flag(core: &mut Core<'_>, links: &[Link<'_>]) {
    let mut graph = Graph::of(&core.inventory, links);
    if graph.left_out > 0 {
        let why = format!("it has {} more groups and extras than are told apart", graph.left_out);
        core.report_file(why);
    }
    graph.spread();
    for (package, bits) in core.inventory.packages.iter_mut().zip(&graph.bits) {
        if package.role != Role::Dependency {
            continue;
        }
        package.dev = bits & (MAIN | OPTIONAL) == 0 && bits & GROUP != 0;
        package.optional = bits & (MAIN | GROUP) == 0 && bits & OPTIONAL != 0;
        let named = graph.groups.iter().enumerate().filter(|(at, _)| bits & (1 << (*at as u32 + FIRST_NAMED)) != 0);
        package.groups = named.map(|(_, name)| (*name).to_owned()).collect();
    }
}

struct Graph<'l> {
    /// Per node what of the project reaches it. Packages come first, then their extras.
    bits: Vec<u64>,
    next: Vec<Vec<u32>>,
    groups: Vec<&'l str>,
    left_out: usize,
}

impl<'l> Graph<'l> {
    fn of(inventory: &Inventory, links: &'l [Link<'l>]) -> Graph<'l> {
        let count = inventory.packages.len();
        let mut graph = Graph { bits: vec![0; count], next: vec![Vec::new(); count], groups: Vec::new(), left_out: 0 };
        let mut extras: HashMap<(PackageId, &str), u32> = HashMap::new();
        let mut named: HashMap<&str, u64> = HashMap::new();
        for (bits, package) in graph.bits.iter_mut().zip(&inventory.packages) {
            if package.role != Role::Dependency {
                *bits = MAIN;
            }
        }
        for link in links {
            // An own extra that asks for others of the same package does not ask for the package.
            let is_self = link.to == link.from;
            let targets: Vec<u32> = (!is_self)
                .then_some(link.to.0)
                .into_iter()
                .chain(link.extras.iter().map(|extra| {
                    let next = &mut graph.next;
                    *extras.entry((link.to, extra)).or_insert_with(|| {
                        graph.bits.push(0);
                        next.push(Vec::new());
                        next.len() as u32 - 1
                    })
                }))
                .collect();
            let is_own = inventory.package(link.from).role != Role::Dependency;
            let from = match link.part {
                Part::Main => link.from.0,
                Part::Extra(extra) => {
                    let node = *extras.entry((link.from, extra)).or_insert_with(|| {
                        graph.bits.push(0);
                        graph.next.push(Vec::new());
                        graph.next.len() as u32 - 1
                    });
                    let bits = if is_own { OPTIONAL | graph.bit(extra, &mut named) } else { 0 };
                    if let Some(slot) = graph.bits.get_mut(node as usize) {
                        *slot |= bits;
                    }
                    node
                }
                Part::Group(name) => {
                    let bits = GROUP | graph.bit(name, &mut named);
                    for target in targets {
                        if let Some(slot) = graph.bits.get_mut(target as usize) {
                            *slot |= bits;
                        }
                    }
                    continue;
                }
            };
            if let Some(next) = graph.next.get_mut(from as usize) {
                next.extend(targets);
            }
        }
        graph
    }

    /// The bit of a named group; none for names that the flags tell, or beyond the bits there are.
    fn bit(&mut self, name: &'l str, named: &mut HashMap<&'l str, u64>) -> u64 {
        if UNNAMED.contains(&name) {
            return 0;
        }
        if let Some(bit) = named.get(name) {
            return *bit;
        }
        let bit = if self.groups.len() < MAX_GROUPS {
            self.groups.push(name);
            1 << (self.groups.len() as u32 - 1 + FIRST_NAMED)
        } else {
            self.left_out += 1;
            0
        };
        named.insert(name, bit);
        bit
    }

    /// Hands bits on until nothing changes: each node at most once per bit.
    fn spread(&mut self) {
        let mut queue: Vec<u32> =
            (0..self.bits.len() as u32).filter(|node| self.bits.get(*node as usize) != Some(&0)).collect();
        while let Some(node) = queue.pop() {
            let bits = self.bits.get(node as usize).copied().unwrap_or(0);
            for target in self.next.get(node as usize).into_iter().flatten() {
                if let Some(slot) = self.bits.get_mut(*target as usize).filter(|slot| **slot | bits != **slot) {
                    *slot |= bits;
                    queue.push(*target);
                }
            }
        }
    }
}

/// Gives every package that is not reached an edge from the root: first those that
/// nobody asks for, then what is left, cycles, in file order. `kind` tells what
/// such a package is; development ones stay that.
pub(in crate::python) fn complete(inventory: &mut Inventory, kind: EdgeKind) {
    let count = inventory.packages.len();
    let mut is_asked_for = vec![false; count];
    let mut next = vec![Vec::new(); count];
    for edge in &inventory.edges {
        if let (Some(flag), Some(list)) = (is_asked_for.get_mut(edge.to.0 as usize), next.get_mut(edge.from.0 as usize))
        {
            *flag = true;
            list.push(edge.to);
        }
    }
    let mut is_reached = vec![false; count];
    let mut walk = |from: PackageId| {
        let mut queue = vec![from];
        let mut is_new = false;
        while let Some(id) = queue.pop() {
            if let Some(flag) = is_reached.get_mut(id.0 as usize).filter(|flag| !**flag) {
                *flag = true;
                is_new = true;
                queue.extend(next.get(id.0 as usize).into_iter().flatten());
            }
        }
        is_new
    };
    walk(ROOT);
    let (asked, unasked): (Vec<_>, Vec<_>) =
        inventory.iter().map(|(id, _)| id).partition(|id| is_asked_for.get(id.0 as usize) == Some(&true));
    for id in unasked.into_iter().chain(asked) {
        if walk(id) {
            let package = inventory.package(id);
            let kind = match (package.role, kind) {
                (Role::Workspace, _) => EdgeKind::Workspace,
                (_, EdgeKind::Production) if package.dev => EdgeKind::Development,
                (_, EdgeKind::Production) if package.optional => EdgeKind::Optional,
                _ => kind,
            };
            let edge = Edge::new(ROOT, id, package.name.clone(), "", kind);
            inventory.edges.push(edge);
        }
    }
}
