//! Dominators, what leaves, reach and risk counts, against naive answers.

// Clippy takes only `#[test]` functions for tests, not their helpers.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use vetch_graph::Graph;
use vetch_graph::risks::{Publishers, RiskKind, rank};
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Inventory, Package, PackageId, Role, Source};

/// The first `roots` packages are roots, all others dependencies of their own name.
fn inventory(count: u32, roots: u32, pairs: &[(u32, u32)]) -> Inventory {
    let mut inventory = Inventory::default();
    for index in 0..count {
        let role = if index < roots { Role::Root } else { Role::Dependency };
        inventory.push(Package {
            role,
            source: Source::Registry { url: None, index: None },
            path: format!("p{index}"),
            ..Package::new(Ecosystem::Npm, format!("p{index}"), Some("1.0.0"))
        });
    }
    for &(from, to) in pairs {
        inventory.edges.push(Edge::new(PackageId(from), PackageId(to), "", "*", EdgeKind::Production));
    }
    inventory
}

fn numbers<'i>(ids: impl IntoIterator<Item = &'i PackageId>) -> BTreeSet<u32> {
    ids.into_iter().map(|id| id.0).collect()
}

/// What the roots lead to when these are taken out.
fn reached(inventory: &Inventory, without: &BTreeSet<u32>) -> BTreeSet<u32> {
    let mut seen: BTreeSet<u32> = BTreeSet::new();
    for (id, package) in inventory.iter() {
        if package.role == Role::Root && !without.contains(&id.0) {
            seen.insert(id.0);
        }
    }
    loop {
        let more: Vec<u32> = inventory
            .edges
            .iter()
            .filter(|edge| seen.contains(&edge.from.0) && !seen.contains(&edge.to.0) && !without.contains(&edge.to.0))
            .map(|edge| edge.to.0)
            .collect();
        if more.is_empty() {
            return seen;
        }
        seen.extend(more);
    }
}

/// All that lead to one of these, themselves included.
fn above(inventory: &Inventory, targets: &BTreeSet<u32>) -> BTreeSet<u32> {
    let mut seen = targets.clone();
    loop {
        let next: Vec<u32> =
            inventory.edges.iter().filter(|edge| seen.contains(&edge.to.0)).map(|edge| edge.from.0).collect();
        let before = seen.len();
        seen.extend(next);
        if seen.len() == before {
            return seen;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_leaves_is_what_cannot_be_reached_without_it(
        roots in 0u32..4,
        pairs in prop::collection::vec((0u32..12, 0u32..12), 0..40),
        chosen in prop::collection::btree_set(0u32..12, 1..4),
    ) {
        let inventory = inventory(12, roots, &pairs);
        let graph = Graph::new(&inventory);
        let dominators = graph.dominators();
        let all = reached(&inventory, &BTreeSet::new());
        for target in 0..12 {
            let without = BTreeSet::from([target]);
            let mut expected: BTreeSet<u32> = all.difference(&reached(&inventory, &without)).copied().collect();
            let subtree = dominators.subtree(PackageId(target));
            prop_assert_eq!(numbers(subtree), expected.clone());
            prop_assert_eq!(!subtree.is_empty(), all.contains(&target));
            for inner in subtree.iter().skip(1) {
                let above = dominators.immediate(*inner).unwrap();
                prop_assert!(subtree.contains(&above) && above != *inner);
            }
            expected.insert(target);
            prop_assert_eq!(numbers(&graph.leaves_with(&[PackageId(target)])), expected);
        }
        let ids: Vec<PackageId> = chosen.iter().map(|id| PackageId(*id)).collect();
        let subtrees: BTreeSet<PackageId> = ids.iter().flat_map(|id| dominators.subtree(*id)).copied().collect();
        prop_assert_eq!(dominators.size_of_all(&ids), subtrees.len());
        let mut expected: BTreeSet<u32> = all.difference(&reached(&inventory, &chosen)).copied().collect();
        expected.extend(&chosen);
        prop_assert_eq!(numbers(&graph.leaves_with(&ids)), expected);
        let own: BTreeSet<u32> = above(&inventory, &chosen).into_iter().filter(|id| *id < roots).collect();
        prop_assert_eq!(numbers(&graph.roots_of(&ids)), own);
    }

    #[test]
    fn counts_of_risk_points_are_right(
        roots in 1u32..4,
        pairs in prop::collection::vec((0u32..14, 0u32..14), 0..50),
        names in prop::collection::vec(0u32..8, 14),
    ) {
        let mut inventory = inventory(14, roots, &pairs);
        // Several places of one release.
        for (index, name) in names.iter().enumerate().skip(roots as usize) {
            inventory.packages[index].name = format!("n{name}");
        }
        let graph = Graph::new(&inventory);
        let risks = rank(&inventory, &graph, &Publishers::new(), usize::MAX);
        prop_assert!(!risks.is_limited && risks.more == 0);
        prop_assert!(risks.points.windows(2).all(|pair| pair[0].score >= pair[1].score));
        let release = |id: u32| inventory.packages[id as usize].name.clone();
        for point in &risks.points {
            let members = numbers(&point.packages);
            let own = release(*members.first().unwrap());
            let leading: BTreeSet<String> =
                above(&inventory, &members).into_iter().map(release).filter(|name| *name != own).collect();
            prop_assert_eq!(point.dependants, Some(leading.len()), "{}", own);
            let projects = above(&inventory, &members).into_iter().filter(|id| *id < roots).count();
            prop_assert_eq!(point.projects, Some(projects));
            prop_assert_eq!(point.score, point.reasons.iter().map(|reason| reason.points).sum::<u32>());
            prop_assert!(!point.reasons.is_empty());
        }
    }
}

#[test]
fn a_long_chain_and_a_large_ring_need_no_stack() {
    let count = 30_000;
    let mut pairs: Vec<(u32, u32)> = (1..count).map(|index| (index - 1, index)).collect();
    pairs.push((count - 1, 1));
    let inventory = inventory(count, 1, &pairs);
    let graph = Graph::new(&inventory);
    assert_eq!(graph.dominators().subtree(PackageId(1)).len(), count as usize - 1);
    assert_eq!(graph.leaves_with(&[PackageId(count / 2)]).len(), (count / 2) as usize);
    let risks = rank(&inventory, &graph, &Publishers::new(), 3);
    assert_eq!((risks.points.len(), risks.more), (3, count as usize - 4));
    assert_eq!(risks.points[0].packages, [PackageId(1)]);
}

#[test]
fn a_ladder_does_not_make_dominators_quadratic() {
    // Edges back to all earlier rungs: the worst case of iterative algorithms.
    let count = 60_000u32;
    let mut pairs: Vec<(u32, u32)> = (1..count).map(|index| (index - 1, index)).collect();
    pairs.extend((2..count).map(|index| (index, index / 2 + 1)));
    pairs.extend((2..count).map(|index| (0, count - index)));
    let inventory = inventory(count, 1, &pairs);
    let start = std::time::Instant::now();
    let dominators = Graph::new(&inventory).dominators();
    assert_eq!(dominators.immediate(PackageId(count / 3)), Some(PackageId(0)));
    // Hours if it were; generous for a busy machine without optimisation.
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn reasons_name_what_was_seen() {
    let mut inventory = inventory(6, 1, &[(0, 1), (1, 2), (2, 3), (1, 3), (0, 4)]);
    let integrity = vetch_model::Integrity::parse("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=").unwrap();
    for index in 1..6 {
        inventory.packages[index].integrity = Some(integrity.clone());
    }
    inventory.packages[3].has_install_script = Some(true);
    inventory.packages[4].source = Source::Git { url: "https://git.invalid/x".into(), commit: None };
    inventory.packages[2].integrity = None;
    let graph = Graph::new(&inventory);
    let publishers: Publishers = [1, 2, 3].into_iter().map(|id| (PackageId(id), vec!["mallory".to_owned()])).collect();
    let risks = rank(&inventory, &graph, &publishers, 10);
    let kinds = |name: &str| -> Vec<RiskKind> {
        let point = risks.points.iter().find(|point| inventory.package(point.packages[0]).name == name);
        let mut kinds: Vec<RiskKind> = point.into_iter().flat_map(|point| &point.reasons).map(|it| it.kind).collect();
        kinds.sort_unstable();
        kinds
    };
    assert_eq!(kinds("p1"), [RiskKind::Dominates, RiskKind::Publisher]);
    assert_eq!(kinds("p2"), [RiskKind::NoIntegrity, RiskKind::Publisher]);
    assert_eq!(kinds("p3"), [RiskKind::Dependants, RiskKind::InstallScript, RiskKind::Publisher]);
    assert_eq!(kinds("p4"), [RiskKind::Source]);
    assert_eq!(kinds("p5"), [RiskKind::Extraneous]);
    assert_eq!(risks.publishers[0].releases, 3);
    assert_eq!(risks, rank(&inventory, &graph, &publishers, 10));
}

#[test]
fn a_file_without_any_integrity_is_told_once() {
    let inventory = inventory(4, 1, &[(0, 1), (0, 2), (0, 3)]);
    let risks = rank(&inventory, &Graph::new(&inventory), &Publishers::new(), 10);
    assert_eq!(risks.files_without_integrity, [""]);
    assert!(risks.points.is_empty(), "{risks:?}");
}

#[test]
fn links_of_two_lockfiles_stay_in_their_own() {
    let project = |file: &str| {
        let mut inventory = Inventory::default();
        for (path, role) in [("", Role::Root), ("packages/w", Role::Workspace), ("node_modules/w", Role::Workspace)] {
            let folder = if path == "node_modules/w" { "packages/w" } else { path };
            inventory.push(Package {
                role,
                source: Source::Folder { path: folder.to_owned() },
                path: path.to_owned(),
                declared_at: Some(vetch_model::Location::file(file)),
                ..Package::new(Ecosystem::Npm, "w", None)
            });
        }
        inventory
    };
    let mut both = project("a/package-lock.json");
    both.append(project("b/package-lock.json"));
    let graph = Graph::new(&both);
    assert_eq!((graph.folder_of(PackageId(2)), graph.folder_of(PackageId(5))), (PackageId(1), PackageId(4)));
    assert_eq!(graph.packages().count(), 4);
}
