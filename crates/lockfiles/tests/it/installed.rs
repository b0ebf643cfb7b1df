//! Installed trees: laid out in a temporary folder, read through its handle.

use std::fs;
use std::path::Path;

use crate::common::{render_incomplete, render_inventory};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use tempfile::TempDir;
use vetch_lockfiles::installed::from_installed;
use vetch_lockfiles::installed::node_modules::{Limits, read};
use vetch_lockfiles::npm::package_lock::LockfileNoteKind;
use vetch_lockfiles::npm::{discover, package_json};
use vetch_model::inventory::InstalledTree;
use vetch_model::manifest::Manifest;

/// A project folder with these files; folders are made as needed.
fn project(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn open(root: &TempDir) -> Dir {
    Dir::open_ambient_dir(root.path(), ambient_authority()).unwrap()
}

fn tree(root: &TempDir) -> InstalledTree {
    read(&open(root), &Limits::default())
}

fn paths(tree: &InstalledTree) -> Vec<&str> {
    tree.packages.keys().map(String::as_str).collect()
}

fn manifest(text: &str) -> Manifest {
    package_json::read(text.as_bytes(), "package.json").unwrap()
}

const HOISTED: &[(&str, &str)] = &[
    (
        "node_modules/a/package.json",
        r#"{"name":"a","version":"1.0.0","dependencies":{"b":"1"},"optionalDependencies":{"gone":"1"}}"#,
    ),
    ("node_modules/a/node_modules/b/package.json", r#"{"name":"b","version":"1.0.0"}"#),
    ("node_modules/b/package.json", r#"{"name":"b","version":"2.0.0","peerDependencies":{"nobody":"*"}}"#),
    (
        "node_modules/@s/c/package.json",
        r#"{"name":"real","version":"3.0.0","dependencies":{"d":"*"},"bundleDependencies":["d"]}"#,
    ),
    ("node_modules/@s/c/node_modules/d/package.json", r#"{"name":"d","version":"1.0.0","dependencies":{"e":"*"}}"#),
    ("node_modules/@s/c/node_modules/d/node_modules/e/package.json", r#"{"name":"e","version":"1.0.0"}"#),
    ("node_modules/stray/package.json", r#"{"name":"stray","version":"1.0.0"}"#),
    ("node_modules/.bin/tool", "#!/bin/sh\n"),
    ("node_modules/.cache/x/package.json", "{}"),
];

#[test]
fn hoisted_trees_become_an_inventory() {
    let root = project(HOISTED);
    let tree = tree(&root);
    let root_manifest = manifest(
        r#"{"name":"top","version":"1.0.0","dependencies":{"a":"^1"},"devDependencies":{"b":"^2","@s/c":"npm:real@3"}}"#,
    );
    let outcome = from_installed(&tree, Some(&root_manifest));
    assert_eq!(render_incomplete(&outcome.incomplete), "");
    insta::assert_snapshot!("hoisted", render_inventory(&outcome.value));
}

#[test]
fn without_a_manifest_the_root_is_inferred() {
    let outcome = from_installed(&tree(&project(HOISTED)), None);
    let root_asks: Vec<_> =
        outcome.value.edges.iter().filter(|edge| edge.from.0 == 0).map(|edge| edge.name.as_str()).collect();
    assert_eq!(root_asks, ["@s/c", "a", "b", "stray"]);
}

#[test]
fn bad_manifests_cost_themselves_only() {
    let root = project(&[
        ("node_modules/a/package.json", "{"),
        ("node_modules/a/node_modules/b/package.json", r#"{"version":"1.0.0"}"#),
        ("node_modules/none/index.js", ""),
        ("node_modules/loose.js", ""),
        ("node_modules/c/package.json/x", ""),
    ]);
    let tree = tree(&root);
    assert_eq!(
        paths(&tree),
        ["node_modules/a", "node_modules/a/node_modules/b", "node_modules/c", "node_modules/none"]
    );
    let told: Vec<_> = tree.incomplete.iter().map(|missing| missing.what.as_str()).collect();
    assert_eq!(told, ["node_modules/a/package.json", "node_modules/c/package.json", "node_modules/loose.js"]);
}

#[test]
fn limits_are_told() {
    let root = project(HOISTED);
    let limits = Limits { packages: 2, manifest_bytes: 10, depth: 0 };
    let tree = read(&open(&root), &limits);
    assert_eq!(tree.packages.len(), 2);
    let told = render_incomplete(&tree.incomplete);
    assert!(told.contains("more than 2 packages"), "{told}");
    assert!(told.contains("more than 10 are not read"), "{told}");
    assert!(told.contains("deeper than 0"), "{told}");
}

#[test]
fn nothing_installed_is_nothing() {
    assert_eq!(tree(&project(&[("package.json", "{}")])), InstalledTree::default());
}

#[test]
fn the_lockfile_that_npm_takes() {
    assert_eq!(discover(&open(&project(&[]))), None);
    let one = discover(&open(&project(&[("package-lock.json", "{}")]))).unwrap();
    assert_eq!((one.file, one.notes.len()), ("package-lock.json", 0));
    let both = discover(&open(&project(&[("package-lock.json", "{}"), ("npm-shrinkwrap.json", "{}")]))).unwrap();
    assert_eq!(both.file, "npm-shrinkwrap.json");
    assert_eq!(both.notes[0].kind, LockfileNoteKind::IgnoredLockfile);
    assert_eq!(both.notes[0].found, "package-lock.json");
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::symlink;

    fn link(root: &TempDir, path: &str, target: &str) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        symlink(target, path).unwrap();
    }

    #[test]
    fn workspaces_are_read_at_their_own_place() {
        let root = project(&[
            (
                "packages/a/package.json",
                r#"{"name":"@s/a","version":"1.0.0","dependencies":{"b":"*"},"devDependencies":{"c":"*"}}"#,
            ),
            ("packages/a/node_modules/b/package.json", r#"{"name":"b","version":"1.0.0"}"#),
            ("node_modules/c/package.json", r#"{"name":"c","version":"1.0.0"}"#),
        ]);
        link(&root, "node_modules/@s/a", "../../packages/a");
        let tree = tree(&root);
        let outcome = from_installed(&tree, Some(&manifest(r#"{"name":"top","workspaces":["packages/*"]}"#)));
        assert_eq!(render_incomplete(&outcome.incomplete), "");
        insta::assert_snapshot!("links", render_inventory(&outcome.value));
    }

    #[test]
    fn isolated_layouts_are_read() {
        let root = project(&[
            (
                "node_modules/.pnpm/a@1.0.0/node_modules/a/package.json",
                r#"{"name":"a","version":"1.0.0","dependencies":{"b":"*"}}"#,
            ),
            ("node_modules/.pnpm/b@2.0.0/node_modules/b/package.json", r#"{"name":"b","version":"2.0.0"}"#),
            ("node_modules/.pnpm/lock.yaml", ""),
        ]);
        link(&root, "node_modules/a", ".pnpm/a@1.0.0/node_modules/a");
        link(&root, "node_modules/.pnpm/a@1.0.0/node_modules/b", "../../b@2.0.0/node_modules/b");
        link(&root, "node_modules/.pnpm/node_modules/b", "../b@2.0.0/node_modules/b");
        let outcome = from_installed(&tree(&root), Some(&manifest(r#"{"name":"top","dependencies":{"a":"1"}}"#)));
        assert_eq!(render_incomplete(&outcome.incomplete), "");
        insta::assert_snapshot!("isolated", render_inventory(&outcome.value));
    }

    /// One project as pnpm, npm, Bun, Deno and Yarn isolate it: `a` needs `@s/b`, the
    /// unlinked workspace `w` needs `a`. Only the places differ.
    #[test]
    fn every_isolated_layout_has_the_same_graph() {
        let layouts: &[(&str, &str, &str)] = &[
            (
                ".pnpm/a@1.0.0/node_modules/a",
                ".pnpm/@s+b@2.0.0/node_modules/@s/b",
                "../../../@s+b@2.0.0/node_modules/@s/b",
            ),
            (
                ".bun/a@1.0.0/node_modules/a",
                ".bun/@s+b@2.0.0/node_modules/@s/b",
                "../../../@s+b@2.0.0/node_modules/@s/b",
            ),
            (
                ".deno/a@1.0.0/node_modules/a",
                ".deno/@s+b@2.0.0/node_modules/@s/b",
                "../../../@s+b@2.0.0/node_modules/@s/b",
            ),
            (
                ".store/a@1.0.0-x/node_modules/a",
                ".store/@s/b@2.0.0-x/node_modules/@s/b",
                "../../../@s/b@2.0.0-x/node_modules/@s/b",
            ),
            (".store/a-npm-1.0.0-x/package", ".store/@s-b-npm-2.0.0-x/package", "../../../@s-b-npm-2.0.0-x/package"),
        ];
        for (a, b, link_to_b) in layouts {
            let root = project(&[
                ("package.json", r#"{"name":"top","workspaces":["packages/*"],"dependencies":{"a":"1"}}"#),
                ("packages/w/package.json", r#"{"name":"w","version":"1.0.0","dependencies":{"a":"^1"}}"#),
                (
                    &format!("node_modules/{a}/package.json"),
                    r#"{"name":"a","version":"1.0.0","dependencies":{"@s/b":"2"}}"#,
                ),
                (&format!("node_modules/{b}/package.json"), r#"{"name":"@s/b","version":"2.0.0"}"#),
            ]);
            let id = a.split('/').nth(1).unwrap();
            let store = a.split('/').next().unwrap();
            link(&root, "node_modules/a", a);
            link(&root, "packages/w/node_modules/a", &format!("../../../node_modules/{a}"));
            link(&root, &format!("node_modules/{store}/{id}/node_modules/@s/b"), link_to_b);
            let top = manifest(r#"{"name":"top","workspaces":["packages/*"],"dependencies":{"a":"1"}}"#);
            let outcome = from_installed(&tree(&root), Some(&top));
            assert_eq!(render_incomplete(&outcome.incomplete), "", "{store}");
            let inventory = outcome.value;
            let label = |id| inventory.package(id).label();
            let mut labels: Vec<String> = inventory.packages.iter().map(|package| package.label()).collect();
            labels.sort();
            assert_eq!(labels, ["@s/b@2.0.0", "a@1.0.0", "top", "w@1.0.0"], "{a}");
            let mut edges: Vec<String> = inventory
                .edges
                .iter()
                .map(|edge| format!("{} {} {}", label(edge.from), edge.kind, label(edge.to)))
                .collect();
            edges.sort();
            let expected = [
                "a@1.0.0 production @s/b@2.0.0",
                "top production a@1.0.0",
                "top workspace w@1.0.0",
                "w@1.0.0 production a@1.0.0",
            ];
            assert_eq!(edges, expected, "{a}");
        }
    }

    #[test]
    fn links_out_of_the_target_are_told_and_not_followed() {
        let outside = project(&[("package.json", r#"{"name":"secret"}"#)]);
        let root = project(&[("node_modules/a/package.json", "{}")]);
        link(&root, "node_modules/up", "../../../etc");
        link(&root, "node_modules/absolute", outside.path().to_str().unwrap());
        link(&root, "node_modules/gone", "../packages/gone");
        link(&root, "node_modules/b/package.json", outside.path().join("package.json").to_str().unwrap());
        link(&root, "node_modules/a/node_modules", outside.path().to_str().unwrap());
        let tree = tree(&root);
        assert!(
            tree.packages.values().filter_map(|package| package.manifest.as_ref()).all(|found| found.name.is_none())
        );
        let told: Vec<_> = tree.incomplete.iter().map(|missing| missing.what.as_str()).collect();
        assert_eq!(
            told,
            [
                "node_modules/a/node_modules",
                "node_modules/absolute",
                "node_modules/b/package.json",
                "node_modules/up",
                "packages/gone"
            ]
        );
    }

    #[test]
    fn rings_of_links_end() {
        let root = project(&[("packages/a/package.json", r#"{"name":"a"}"#)]);
        link(&root, "node_modules/a", "../packages/a");
        link(&root, "node_modules/self", "..");
        link(&root, "node_modules/loop", "loop");
        link(&root, "packages/a/node_modules/a", "../../a");
        link(&root, "packages/a/node_modules/back", "../../../node_modules/back2");
        link(&root, "node_modules/back2", "../packages/a/node_modules/back");
        link(&root, "packages/here", ".");
        link(&root, "packages/a/node_modules/grow", "../../here/a");
        let tree = tree(&root);
        assert!(tree.packages.contains_key("packages/a"));
        assert!(tree.packages.len() < 1000, "{:?}", paths(&tree));
        assert_eq!(tree.packages["node_modules/self"].link_target.as_deref(), Some(""));
        from_installed(&tree, None);
    }

    #[test]
    fn names_that_are_no_text_are_told() {
        use std::os::unix::ffi::OsStrExt;
        let root = project(&[("node_modules/a/package.json", "{}")]);
        let name = std::ffi::OsStr::from_bytes(b"bad\xff");
        if fs::create_dir(root.path().join("node_modules").join(name)).is_err() {
            return; // Some file systems refuse such names.
        }
        let tree = tree(&root);
        assert_eq!(paths(&tree), ["node_modules/a"]);
        assert!(tree.incomplete[0].why.contains("UTF-8"));
    }
}
