//! `pnpm-lock.yaml` by example: every fixture has a snapshot of the same name.

use vetch_lockfiles::{Format, MemoryFiles, Reading, read};
use vetch_model::inventory::{EdgeKind, Role};

use crate::yaml_lockfiles::{folder, render};

const FILE: &str = "pnpm-lock.yaml";

fn reading(case: &str) -> Reading {
    read(&folder("pnpm", case), FILE, Format::Pnpm).unwrap().value
}

#[test]
fn lockfiles_are_read() {
    for case in [
        "bundled",
        "duplicate-keys",
        "git",
        "git-v5",
        "hostile-paths",
        "other-registry",
        "patched",
        "runtime",
        "several-documents",
        "simple-pnpm5",
        "simple-pnpm7",
        "simple-pnpm12",
        "truncated",
        "unknown-version",
        "url",
        "workspaces-pnpm5",
        "workspaces-pnpm7",
        "workspaces-pnpm8",
        "workspaces-pnpm12",
        "wrong-types",
    ] {
        let outcome = read(&folder("pnpm", case), FILE, Format::Pnpm);
        insta::assert_snapshot!(case, render(&outcome));
    }
}

#[test]
fn broken_files_are_errors_with_a_place_and_a_next_step() {
    for case in ["alias-bomb", "conflict", "empty", "not-yaml"] {
        let outcome = read(&folder("pnpm", case), FILE, Format::Pnpm);
        insta::assert_snapshot!(case, render(&outcome));
    }
}

type Graph = (Vec<(String, bool, bool)>, Vec<(String, String, EdgeKind)>);

/// Who asks for whom, by name and version, and what is only for development.
fn graph(case: &str) -> Graph {
    let inventory = reading(case).inventory;
    let label = |id| inventory.package(id).label();
    let mut packages: Vec<_> =
        inventory.packages.iter().map(|package| (package.label(), package.dev, package.optional)).collect();
    packages.sort();
    let mut edges: Vec<_> = inventory.edges.iter().map(|edge| (label(edge.from), label(edge.to), edge.kind)).collect();
    edges.sort();
    (packages, edges)
}

#[test]
fn versions_agree_on_the_same_project() {
    let newest = graph("workspaces-pnpm10");
    for case in ["workspaces-pnpm7", "workspaces-pnpm8", "workspaces-pnpm9"] {
        assert_eq!(graph(case), newest, "{case}");
    }
    // Version 5 of pnpm links a folder and leaves what that needs to itself.
    let is_of_folder = |name: &str| name == "inherits@2.0.4";
    let (mut packages, mut edges) = newest;
    packages.retain(|(name, ..)| !is_of_folder(name));
    edges.retain(|(_, to, _)| !is_of_folder(to));
    assert_eq!(graph("workspaces-pnpm5"), (packages, edges));
    for case in ["simple-pnpm5", "simple-pnpm7", "simple-pnpm8", "simple-pnpm10"] {
        assert_eq!(graph(case), graph("simple-pnpm12"), "{case}");
    }
}

/// Before version 9, pnpm wrote the flag that is computed from the edges.
#[test]
fn development_is_told_as_pnpm_told_it() {
    for case in ["workspaces-pnpm5", "workspaces-pnpm7", "workspaces-pnpm8"] {
        let files = folder("pnpm", case);
        let text = String::from_utf8(files.0[FILE].clone()).unwrap();
        let inventory = reading(case).inventory;
        let mut compared = 0;
        for package in inventory.packages.iter().filter(|package| package.role == Role::Dependency) {
            let span = package.declared_at.as_ref().unwrap().span;
            let entry = &text[span.start as usize..span.end as usize];
            assert_eq!(entry.contains("dev: true"), package.dev, "{entry}");
            compared += 1;
        }
        assert!(compared > 10);
    }
}

#[test]
fn marks_and_line_ends_change_nothing_but_places() {
    let plain = folder("pnpm", "workspaces-pnpm12");
    let text = String::from_utf8(plain.0[FILE].clone()).unwrap();
    let mut windows = plain.clone();
    windows.0.insert(FILE.to_owned(), format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes());
    let unmarked = |files: &MemoryFiles| render(&read(files, FILE, Format::Pnpm));
    assert_eq!(unmarked(&plain), unmarked(&windows));
}

#[test]
fn folders_of_both_pnpm_9_and_10_are_known() {
    let lockfile = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      JSONStream:\n        specifier: 1.3.5\n        \
        version: 1.3.5\npackages:\n  JSONStream@1.3.5:\n    resolution: {tarball: https://example.com/a.tgz}\nsnapshots:\n  JSONStream@1.3.5: {}\n";
    let path = |manifest: &str| {
        let mut files = MemoryFiles::default();
        files.0.insert(FILE.to_owned(), lockfile.into());
        files.0.insert("package.json".to_owned(), manifest.into());
        read(&files, FILE, Format::Pnpm).unwrap().value.inventory.packages[1].path.clone()
    };
    let of = |hash: &str| format!("node_modules/.pnpm/JSONStream@1.3.5_{hash}/node_modules/JSONStream");
    assert_eq!(path("{\"packageManager\": \"pnpm@9.15.9\"}"), of("r3os6ifnv5rfzwtsmjig3b325i"));
    assert_eq!(path("{}"), of("fb8f73c374dcf7070ffed90b688edabd"));
}
