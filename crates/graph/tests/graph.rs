//! The graph through its public interface, against a naive enumeration.

// Clippy takes only `#[test]` functions for tests, not their helpers.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use vetch_graph::{Graph, Step};
use vetch_model::evidence::Location;
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Inventory, Package, PackageId, Role, Source};

fn package(path: &str, role: Role, source: Source) -> Package {
    Package {
        role,
        source,
        path: path.to_owned(),
        declared_at: Some(Location::file("package-lock.json")),
        ..Package::new(Ecosystem::Npm, path.rsplit('/').next().unwrap(), Some("1.0.0"))
    }
}

/// Package 0 is the root, the next `workspaces` are workspaces, the rest dependencies.
fn inventory(count: u32, workspaces: u32, pairs: &[(u32, u32)]) -> Inventory {
    let mut inventory = Inventory::default();
    for index in 0..count {
        let (path, role) = match index {
            0 => (String::new(), Role::Root),
            _ if index <= workspaces => (format!("packages/{index}"), Role::Workspace),
            _ => (format!("node_modules/{index}"), Role::Dependency),
        };
        let source = match role {
            Role::Dependency => Source::Registry { url: None, index: None },
            _ => Source::Folder { path: path.clone() },
        };
        inventory.push(package(&path, role, source));
    }
    for &(from, to) in pairs {
        inventory.edges.push(Edge::new(PackageId(from), PackageId(to), "", "*", EdgeKind::Production));
    }
    inventory
}

fn ids(path: &[Step]) -> Vec<u32> {
    path.iter().map(|step| step.package.0).collect()
}

/// Every simple path to `target` that starts at a root and passes no other one.
fn naive(inventory: &Inventory, target: u32) -> Vec<Vec<u32>> {
    fn back(inventory: &Inventory, path: &mut Vec<u32>, found: &mut Vec<Vec<u32>>) {
        let head = *path.last().unwrap();
        if inventory.packages[head as usize].role != Role::Dependency {
            let mut whole = path.clone();
            whole.reverse();
            if !found.contains(&whole) {
                found.push(whole);
            }
            return;
        }
        for edge in inventory.edges.iter().filter(|edge| edge.to.0 == head) {
            if !path.contains(&edge.from.0) {
                path.push(edge.from.0);
                back(inventory, path, found);
                path.pop();
            }
        }
    }
    let mut found = Vec::new();
    back(inventory, &mut vec![target], &mut found);
    found.sort_by(|left, right| left.len().cmp(&right.len()).then_with(|| left.cmp(right)));
    found
}

#[test]
fn shortest_path_comes_first() {
    let inventory = inventory(5, 0, &[(0, 1), (1, 2), (2, 4), (0, 3), (3, 4), (0, 4)]);
    let answer = Graph::new(&inventory).paths_to(PackageId(4), 10);
    let paths: Vec<_> = answer.paths.iter().map(|path| ids(path)).collect();
    assert_eq!(paths, [vec![0, 4], vec![0, 3, 4], vec![0, 1, 2, 4]]);
    assert!(!answer.more);
    let edges: Vec<_> = answer.paths[1].iter().map(|step| step.edge).collect();
    assert_eq!(edges, [None, Some(3), Some(4)]);
}

#[test]
fn limits_are_told() {
    let inventory = inventory(5, 0, &[(0, 1), (1, 2), (2, 4), (0, 3), (3, 4), (0, 4)]);
    let graph = Graph::new(&inventory);
    let two = graph.paths_to(PackageId(4), 2);
    assert_eq!((two.paths.len(), two.more), (2, true));
    let all = graph.paths_to(PackageId(4), 3);
    assert_eq!((all.paths.len(), all.more), (3, false));
    assert!(graph.paths_to(PackageId(4), 0).more);
}

#[test]
fn extraneous_packages_have_no_path() {
    let inventory = inventory(4, 0, &[(0, 1), (2, 3), (3, 2)]);
    let graph = Graph::new(&inventory);
    let answer = graph.paths_to(PackageId(3), 10);
    assert!(answer.paths.is_empty() && !answer.more);
    assert_eq!(graph.depth(PackageId(3)), None);
    assert_eq!(graph.depth(PackageId(1)), Some(1));
}

#[test]
fn paths_start_at_the_nearest_own_package() {
    let inventory = inventory(3, 1, &[(0, 1), (1, 2)]);
    let graph = Graph::new(&inventory);
    assert_eq!(ids(&graph.paths_to(PackageId(2), 9).paths[0]), [1, 2]);
    assert_eq!(graph.paths_to(PackageId(2), 9).paths.len(), 1);
    assert_eq!(ids(&graph.paths_to(PackageId(1), 9).paths[0]), [1]);
}

#[test]
fn a_link_is_its_folder() {
    let mut inventory = inventory(3, 1, &[(0, 3), (1, 2)]);
    let link =
        inventory.push(package("node_modules/w", Role::Workspace, Source::Folder { path: "packages/1".to_owned() }));
    let graph = Graph::new(&inventory);
    assert_eq!(graph.folder_of(link), PackageId(1));
    assert_eq!(graph.dependencies(link)[0].package, PackageId(2));
    assert_eq!(graph.dependents(PackageId(1))[0].package, PackageId(0));
    assert_eq!(graph.reachable(PackageId(0)), [PackageId(0), PackageId(1), PackageId(2)]);
    assert_eq!(graph.transitive_dependents(PackageId(2)), [PackageId(2), PackageId(1), PackageId(0)]);
}

#[test]
fn rings_of_links_and_foreign_ids_are_harmless() {
    let mut inventory = inventory(1, 0, &[(0, 1), (7, 9)]);
    inventory.push(package("node_modules/a", Role::Workspace, Source::Folder { path: "node_modules/b".into() }));
    inventory.push(package("node_modules/b", Role::Workspace, Source::Folder { path: "node_modules/a".into() }));
    let graph = Graph::new(&inventory);
    assert_eq!(graph.folder_of(PackageId(1)), PackageId(1));
    assert!(graph.paths_to(PackageId(99), 5).paths.is_empty());
    assert!(graph.reachable(PackageId(99)).is_empty());
}

#[test]
fn a_graph_with_endless_paths_is_answered_shortest_first() {
    // 60 layers of 20, each asking for all of the next: 20^60 paths.
    let layers = 60;
    let node = |layer: u32, index: u32| 1 + layer * 20 + index;
    let mut pairs: Vec<(u32, u32)> = (0..20).map(|index| (0, node(0, index))).collect();
    for layer in 1..layers {
        pairs.extend((0..20).flat_map(|from| (0..20).map(move |to| (node(layer - 1, from), node(layer, to)))));
    }
    let inventory = inventory(1 + layers * 20, 0, &pairs);
    let answer = Graph::new(&inventory).paths_to(PackageId(node(layers - 1, 0)), 5);
    assert_eq!(answer.paths.len(), 5);
    assert!(answer.more);
    assert!(answer.paths.iter().all(|path| path.len() == 1 + layers as usize));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn agrees_with_the_naive_enumeration(
        workspaces in 0u32..3,
        pairs in prop::collection::vec((0u32..8, 0u32..8), 0..24),
        limit in 1usize..6,
    ) {
        let inventory = inventory(8, workspaces, &pairs);
        let graph = Graph::new(&inventory);
        for target in 0..8 {
            let expected = naive(&inventory, target);
            let all = graph.paths_to(PackageId(target), usize::MAX);
            let paths: Vec<_> = all.paths.iter().map(|path| ids(path)).collect();
            prop_assert_eq!(&paths, &expected);
            prop_assert!(!all.more);
            let some = graph.paths_to(PackageId(target), limit);
            let lengths: Vec<_> = some.paths.iter().map(Vec::len).collect();
            let expected_lengths: Vec<_> = expected.iter().take(limit).map(Vec::len).collect();
            prop_assert_eq!(lengths, expected_lengths);
            prop_assert_eq!(some.more, expected.len() > limit);
            for path in &all.paths {
                for pair in path.windows(2) {
                    let edge = &inventory.edges[pair[1].edge.unwrap()];
                    prop_assert_eq!((edge.from, edge.to), (pair[0].package, pair[1].package));
                }
            }
        }
    }
}

#[test]
fn a_path_longer_than_the_search_is_found_all_the_same() {
    let count = 50_000;
    let pairs: Vec<(u32, u32)> = (1..count).map(|index| (index - 1, index)).collect();
    let inventory = inventory(count, 0, &pairs);
    let answer = Graph::new(&inventory).paths_to(PackageId(count - 1), 3);
    assert_eq!(answer.paths.len(), 1);
    assert_eq!(ids(&answer.paths[0]), (0..count).collect::<Vec<_>>());
    assert!(answer.more && answer.paths[0].iter().skip(1).all(|step| step.edge.is_some()));
}
