//! What is found, what counts, and what is said of the rest.

use std::collections::BTreeMap;

use super::*;
use vetch_lockfiles::MemoryFiles;

fn lock(name: &str) -> String {
    format!(
        r#"{{"name":"{name}","lockfileVersion":3,"packages":{{"":{{"name":"{name}","dependencies":{{"a":"^1.0.0"}}}},
        "node_modules/a":{{"version":"1.0.0"}}}}}}"#
    )
}

fn tree(files: &[(&str, &str)]) -> MemoryFiles {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    MemoryFiles(files.collect::<BTreeMap<_, _>>())
}

fn map(files: &[(&str, &str)]) -> Map {
    discover("t", &tree(files), None)
}

/// The files that were read.
fn read(map: &Map) -> Vec<&str> {
    map.readings.iter().map(|reading| reading.inventory.file.as_str()).collect()
}

fn missing(map: &Map) -> Vec<&str> {
    map.incomplete.iter().map(|incomplete| incomplete.what.as_str()).collect()
}

#[test]
fn everything_below_is_found_in_order() {
    let (one, two) = (lock("one"), lock("two"));
    let map = map(&[("z/package-lock.json", &two), ("a/b/c/package-lock.json", &one), ("README.md", "")]);
    assert_eq!(read(&map), ["a/b/c/package-lock.json", "z/package-lock.json"]);
    let inventory = map.inventory();
    let places: Vec<_> = inventory.packages.iter().map(|package| package.path.as_str()).collect();
    assert_eq!(places, ["a/b/c", "a/b/c/node_modules/a", "z", "z/node_modules/a"]);
    assert_eq!(inventory.edges.iter().map(|edge| (edge.from.0, edge.to.0)).collect::<Vec<_>>(), [(0, 1), (2, 3)]);
}

#[test]
fn dependencies_are_not_descended_into() {
    let lock = lock("x");
    let map = map(&[
        (".git/package-lock.json", &lock),
        (".yarn/cache/package-lock.json", &lock),
        ("env/pyvenv.cfg", ""),
        ("env/lib/package-lock.json", &lock),
        ("node_modules/a/package-lock.json", &lock),
        ("package-lock.json", &lock),
        ("rust/target/CACHEDIR.TAG", ""),
        ("rust/target/x/package-lock.json", &lock),
        ("target/package-lock.json", &lock),
    ]);
    assert_eq!(read(&map), ["package-lock.json", "target/package-lock.json"]);
    assert_eq!(map.incomplete, []);
}

#[test]
fn ignore_files_are_heeded_and_said() {
    let lock = lock("x");
    let map = map(&[
        (".gitignore", "/build/\n*-lock.json\n!keep/package-lock.json\n"),
        ("build/package-lock.json", &lock),
        ("keep/package-lock.json", &lock),
        ("other/.ignore", "!package-lock.json\n"),
        ("other/package-lock.json", &lock),
        ("package-lock.json", &lock),
        ("sub/package-lock.json", &lock),
    ]);
    assert_eq!(read(&map), ["keep/package-lock.json", "other/package-lock.json", "package-lock.json"]);
    assert_eq!(map.ignored, ["sub/package-lock.json"]);
}

#[test]
fn shrinkwrap_beats_package_lock() {
    let map = map(&[("npm-shrinkwrap.json", &lock("s")), ("package-lock.json", &lock("p"))]);
    assert_eq!(read(&map), ["npm-shrinkwrap.json"]);
    assert_eq!(map.readings[0].notes[0].found, "package-lock.json");
}

#[test]
fn what_is_not_readable_is_said() {
    let map = map(&[
        ("a/bun.lockb", "\u{0}"),
        ("b/bun.lockb", "\u{0}"),
        ("b/package-lock.json", &lock("b")),
        ("broken/package-lock.json", "{"),
        ("py/setup.py", "import os"),
    ]);
    assert_eq!(read(&map), ["b/package-lock.json"]);
    assert_eq!(missing(&map), ["a/bun.lockb", "broken/package-lock.json", "py/setup.py"]);
    assert!(map.incomplete.iter().all(|one| !one.hint.is_empty() && !one.why.is_empty()));
}

#[test]
fn limits_end_the_walk_and_say_so() {
    let lock = lock("x");
    let files: Vec<(String, &str)> = (0..20).map(|n| (format!("f{n:02}/package-lock.json"), lock.as_str())).collect();
    let files = tree(&files.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>());
    let all = Limits::default();
    for limits in [Limits { folders: 5, ..all }, Limits { entries: 22, ..all }, Limits { files: 5, ..all }] {
        let found = walk::walk(&files, limits);
        assert!(found.files.len() <= 5 && found.incomplete.len() == 1, "{limits:?} {found:?}");
    }
    let deep = tree(&[("1/2/3/package-lock.json", &lock)]);
    let found = walk::walk(&deep, Limits { depth: 2, ..all });
    assert_eq!((found.files.len(), found.incomplete[0].what.as_str()), (0, "1/2/3"));
}

#[test]
fn targets_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("app/package.json", r#"{"name":"app","dependencies":{"a":"1"}}"#);
    write("app/node_modules/a/package.json", r#"{"name":"a","version":"1.2.3"}"#);
    write("locked/package-lock.json", &lock("locked"));
    write("notes/notes.txt", "x");
    let at = |path: &str| open(&folder.path().join(path));
    for target in ["app", "app/node_modules"] {
        let map = at(target).unwrap();
        assert_eq!(map.incomplete, [], "{target}");
        let labels: Vec<_> = map.inventory().packages.iter().map(|package| package.label()).collect();
        assert_eq!(labels, ["app", "a@1.2.3"], "{target}");
    }
    let map = at("").unwrap();
    assert_eq!(read(&map), ["app/node_modules", "locked/package-lock.json"]);
    assert_eq!(map.readings[0].inventory.packages[1].path, "app/node_modules/a");
    assert_eq!(at("locked/package-lock.json").unwrap().inventory().packages.len(), 2);
    for nothing in ["notes", "gone", "notes/notes.txt"] {
        let error = at(nothing).unwrap_err();
        assert!(!error.hint().is_empty(), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real");
    fs::create_dir(&real).unwrap();
    fs::write(real.join("package-lock.json"), lock("real")).unwrap();
    std::os::unix::fs::symlink(&real, folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink("real/package-lock.json", folder.path().join("package-lock.json")).unwrap();
    let map = open(folder.path()).unwrap();
    assert_eq!(read(&map), ["real/package-lock.json"]);
    assert_eq!(missing(&map), ["package-lock.json"]);
}
