//! How long the graph's questions take on 50,000 packages with 300,000 edges:
//! `cargo run --release -p vetch-graph --example speed [PACKAGES [EDGES]]`.

#![allow(clippy::print_stdout, reason = "figures are its purpose")]

use std::time::Instant;

use vetch_graph::Graph;
use vetch_graph::risks::{Publishers, rank};
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Inventory, Package, PackageId, Role, Source};

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let packages = arguments.next().unwrap_or(50_000u32).max(2);
    let edges = arguments.next().unwrap_or(300_000u32);
    let inventory = made_up(packages, edges);
    let graph = timed("graph", || Graph::new(&inventory));
    // The last one is among the deepest; the middle one has the most ways to it.
    for (what, index) in [("first", 1), ("middle", packages / 2), ("last", packages - 1)] {
        let ids = [PackageId(index)];
        let found = timed(&format!("why: 10 paths to the {what}"), || graph.paths_to_any(&ids, 10));
        let leaving = timed(&format!("why: what leaves with the {what}"), || graph.leaves_with(&ids));
        let roots = timed(&format!("why: projects of the {what}"), || graph.roots_of(&ids));
        println!("    {} paths, {} leave, {} projects", found.paths.len(), leaving.len(), roots.len());
    }
    timed("dominators", || graph.dominators());
    timed("risks", || rank(&inventory, &graph, &Publishers::new(), 25));
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = work();
    println!("{:9.3} ms  {what}", start.elapsed().as_secs_f64() * 1_000.0);
    value
}

/// A root, and packages that ask for others, mostly later ones, some back: so there are rings.
fn made_up(packages: u32, edges: u32) -> Inventory {
    let mut inventory = Inventory::default();
    for index in 0..packages {
        let role = if index == 0 { Role::Root } else { Role::Dependency };
        inventory.push(Package {
            role,
            path: format!("node_modules/p{index}"),
            source: Source::Registry { url: None, index: None },
            ..Package::new(Ecosystem::Npm, format!("p{index}"), Some("1.0.0"))
        });
    }
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: u32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % u64::from(below)) as u32
    };
    for number in 0..edges {
        let (from, to) = match number {
            // Everything is reached.
            number if number + 1 < packages => ((number + 1).saturating_sub(1 + random(200)), number + 1),
            number if number % 50 == 0 => (1 + random(packages - 1), 1 + random(packages - 1)),
            _ => {
                let from = random(packages - 1);
                (from, from + 1 + random((packages - from - 1).min(5_000)))
            }
        };
        inventory.edges.push(Edge::new(PackageId(from), PackageId(to), "", "^1.0.0", EdgeKind::Production));
    }
    inventory
}
