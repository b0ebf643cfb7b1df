//! `yarn.lock` of Yarn 2 and later by example: every fixture has a snapshot of the same name.

use vetch_lockfiles::{Format, Reading, read};
use vetch_model::inventory::EdgeKind;

use crate::yaml_lockfiles::{folder, render};

const FILE: &str = "yarn.lock";

fn reading(case: &str) -> Reading {
    read(&folder("yarn-berry", case), FILE, Format::YarnBerry).unwrap().value
}

#[test]
fn lockfiles_are_read() {
    for case in [
        "duplicate-keys",
        "git",
        "hostile-paths",
        "simple",
        "truncated",
        "unknown-version",
        "workspaces-yarn2.4.2",
        "workspaces-yarn3.8.7",
        "workspaces-yarn4",
        "wrong-types",
    ] {
        let outcome = read(&folder("yarn-berry", case), FILE, Format::YarnBerry);
        insta::assert_snapshot!(case, render(&outcome));
    }
}

#[test]
fn broken_files_are_errors_with_a_place_and_a_next_step() {
    for case in ["conflict", "empty", "not-yaml"] {
        let outcome = read(&folder("yarn-berry", case), FILE, Format::YarnBerry);
        insta::assert_snapshot!(case, render(&outcome));
    }
}

type Graph = (Vec<(String, bool)>, Vec<(String, String, String, EdgeKind)>);

#[test]
fn versions_agree_on_the_same_project() {
    let graph = |case: &str| -> Graph {
        let inventory = reading(case).inventory;
        let label = |id| inventory.package(id).label();
        let packages = inventory.packages.iter().map(|package| (package.label(), package.dev)).collect();
        let edges = inventory.edges.iter();
        let mut edges: Vec<_> =
            edges.map(|edge| (label(edge.from), label(edge.to), edge.range.clone(), edge.kind)).collect();
        edges.sort();
        (packages, edges)
    };
    for case in ["workspaces-yarn3.8.7", "workspaces-yarn4.0.0"] {
        assert_eq!(graph(case), graph("workspaces-yarn4"), "{case}");
    }
}

#[test]
fn without_manifests_nothing_is_lost_but_kinds() {
    let mut files = folder("yarn-berry", "workspaces-yarn4");
    let all = read(&files, FILE, Format::YarnBerry).unwrap();
    files.0.retain(|path, _| !path.ends_with("package.json"));
    let bare = read(&files, FILE, Format::YarnBerry).unwrap();
    assert_eq!(all.value.inventory.packages.len(), bare.value.inventory.packages.len());
    assert!(bare.value.inventory.edges.iter().all(|edge| edge.kind != EdgeKind::Development));
    assert!(bare.incomplete.iter().any(|missing| missing.why.contains("development")));
    assert!(all.incomplete.is_empty(), "{:?}", all.incomplete);
}

#[test]
fn patches_stand_in_for_what_they_are_made_of() {
    let inventory = reading("workspaces-yarn4").inventory;
    for name in ["resolve", "typescript", "inherits"] {
        let of_name: Vec<_> = inventory.iter().filter(|(_, package)| package.name == name).map(|(id, _)| id).collect();
        let edges: Vec<_> = inventory.edges.iter().filter(|edge| of_name.contains(&edge.to)).collect();
        assert_eq!(of_name.len(), 2, "{name}");
        assert!(edges.iter().any(|edge| edge.from.0 == 0 && edge.to == of_name[1]), "{name}");
        assert!(edges.iter().any(|edge| edge.from == of_name[1] && edge.to == of_name[0]), "{name}");
    }
    assert!(inventory.edges.iter().all(|edge| edge.from != edge.to));
}
