//! Lockfiles by example: every fixture has a snapshot of the same name.

use crate::common::{fixture, render};
use proptest::prelude::*;
use vetch_lockfiles::ReadErrorKind;
use vetch_lockfiles::npm::{package_json, package_lock};
use vetch_model::inventory::Role;

const FILE: &str = "package-lock.json";

#[test]
fn lockfiles_are_read() {
    for case in [
        "alias",
        "bundled",
        "contradiction",
        "duplicate-keys",
        "empty",
        "git",
        "hostile-paths",
        "links",
        "nested",
        "no-root",
        "optional-peer",
        "outside",
        "unnamed-source",
        "v1",
        "v2",
        "workspaces",
        "wrong-types",
    ] {
        let outcome = package_lock::read(&fixture(case, FILE), FILE, None).unwrap();
        insta::assert_snapshot!(case, render(&outcome));
    }
}

#[test]
fn broken_files_are_errors_with_a_place_and_a_next_step() {
    for case in ["conflict", "not-json", "truncated"] {
        let error = package_lock::read(&fixture(case, FILE), FILE, None).unwrap_err();
        insta::assert_snapshot!(case, error.to_string());
    }
}

#[test]
fn version_1_takes_its_root_from_the_manifest() {
    let manifest = package_json::read(&fixture("v1", "package.json"), "package.json").unwrap();
    let outcome = package_lock::read(&fixture("v1", FILE), FILE, Some(&manifest)).unwrap();
    insta::assert_snapshot!("v1-with-manifest", render(&outcome));
}

#[test]
fn versions_agree_on_the_same_project() {
    let graph = |case: &str| {
        let manifest = package_json::read(&fixture(case, "package.json"), "package.json").unwrap();
        let inventory = package_lock::read(&fixture(case, FILE), FILE, Some(&manifest)).unwrap().value.inventory;
        let path = |id| inventory.package(id).path.clone();
        let edges = inventory.edges.iter().map(|edge| (path(edge.from), path(edge.to), edge.kind));
        let mut edges: Vec<_> = edges.collect();
        edges.sort();
        let packages = inventory.packages.iter().filter(|package| package.role == Role::Dependency);
        let mut packages: Vec<_> = packages
            .map(|package| (package.path.clone(), package.label(), package.source.clone(), package.dev))
            .collect();
        packages.sort();
        (packages, edges)
    };
    assert_eq!(graph("v1"), graph("v2"));
    assert_eq!(graph("v2"), graph("nested"));
}

#[test]
fn marks_and_line_ends_change_nothing_but_places() {
    let plain = package_lock::read(&fixture("nested", FILE), FILE, None).unwrap();
    let text = String::from_utf8(fixture("nested", FILE)).unwrap();
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let marked = package_lock::read(windows.as_bytes(), FILE, None).unwrap();
    assert_eq!(render(&plain), render(&marked));
    let location = marked.value.inventory.packages[1].declared_at.clone().unwrap();
    assert!(windows[location.span.start as usize..].starts_with("\"node_modules/"));
    assert!(windows[..location.span.end as usize].ends_with('}'));
}

#[test]
fn the_hidden_lockfile_takes_its_root_from_the_manifest() {
    let text = String::from_utf8(fixture("nested", FILE)).unwrap();
    let root_start = text.find("    \"\": {").unwrap();
    let root_end = text.find("    \"node_modules/").unwrap();
    let hidden = format!("{}{}", &text[..root_start], &text[root_end..]);
    let manifest = package_json::read(&fixture("nested", "package.json"), "package.json").unwrap();
    let file = "node_modules/.package-lock.json";
    let read = package_lock::read(hidden.as_bytes(), file, Some(&manifest)).unwrap();
    assert!(read.incomplete.is_empty());
    let whole = package_lock::read(text.as_bytes(), FILE, None).unwrap();
    assert_eq!(read.value.inventory.edges, whole.value.inventory.edges);
}

#[test]
fn bytes_that_are_no_text_are_told() {
    let bytes =
        b"{\"lockfileVersion\":3,\"packages\":{\"\":{\"name\":\"\xff\"},\"node_modules/a\":{\"version\":\"1\"}}}";
    let outcome = package_lock::read(bytes, FILE, None).unwrap();
    assert_eq!(outcome.value.inventory.packages.len(), 2);
    assert!(outcome.incomplete.iter().any(|missing| missing.why.contains("UTF-8")));
}

#[test]
fn deep_nesting_is_an_error_or_read_never_a_crash() {
    let bomb = format!("{{\"dependencies\":{}", "{\"a\":{\"dependencies\":".repeat(50_000));
    let error = package_lock::read(bomb.as_bytes(), FILE, None).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::TooDeep);
    let deep = format!("{}{{}}{}", "{\"dependencies\":{\"a\":".repeat(100), "}}".repeat(100));
    let outcome = package_lock::read(deep.as_bytes(), FILE, None).unwrap();
    assert_eq!(outcome.value.inventory.packages.len(), 101);
    assert!(!outcome.incomplete.is_empty(), "paths longer than any file system takes are told");
}

#[test]
fn floods_end_in_an_error_or_a_count() {
    let many = |count: usize, entry: &str| {
        let entries: Vec<String> = (0..count).map(|index| format!("\"node_modules/{index}\":{entry}")).collect();
        format!("{{\"lockfileVersion\":3,\"packages\":{{\"\":{{}},{}}}}}", entries.join(","))
    };
    let error = package_lock::read(many(500_001, "0").as_bytes(), FILE, None).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::TooLarge);
    let outcome = package_lock::read(many(10_050, "0").as_bytes(), FILE, None).unwrap();
    assert_eq!(outcome.value.inventory.packages.len(), 10_051);
    assert_eq!(outcome.incomplete.len(), 10_001);
    assert!(outcome.incomplete.last().unwrap().why.starts_with("50 more"));
    let wide = many(1, &format!("{{\"version\":\"1\",\"dependencies\":{{{}\"z\":0}}}}", "\"a\":0,".repeat(200)));
    let outcome = package_lock::read(wide.as_bytes(), FILE, None).unwrap();
    assert!(outcome.incomplete.last().unwrap().why.contains("more problems"));
}

/// Number of distinct keys of `packages`, by another reader.
fn entries(bytes: &[u8]) -> Option<usize> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    Some(value.get("packages")?.as_object()?.len())
}

/// Replaces, removes or doubles bytes of a fixture.
fn mutated(bytes: &[u8], edits: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for &(at, action, byte) in edits {
        let at = at % bytes.len();
        match action % 4 {
            0 => bytes[at] = byte,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, byte),
            _ => bytes[at] = *b"{}[]\",:0tfn"[..].get(byte as usize % 11).unwrap(),
        }
    }
    bytes
}

/// The JSON values that a field may be replaced by.
const ODD: &[&str] = &["null", "false", "7", "\"x\"", "[]", "{}", "[\"a\", 1]", "{\"a\": {}}", "\"../../x\""];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn mutated_files_never_lose_an_entry(
        case in prop::sample::select(vec!["nested", "workspaces", "wrong-types", "hostile-paths", "contradiction", "links"]),
        edits in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 0..4),
    ) {
        let bytes = mutated(&fixture(case, FILE), &edits);
        if let Ok(outcome) = package_lock::read(&bytes, FILE, None)
            && let Some(expected) = entries(&bytes)
        {
            let packages = &outcome.value.inventory.packages;
            let made_up = packages.iter().filter(|package| package.role == Role::Root && package.declared_at.as_ref().is_some_and(|at| at.line == 0));
            prop_assert_eq!(packages.len() - made_up.count(), expected);
        }
    }

    #[test]
    fn odd_values_cost_their_entry_only(line in 4usize..80, odd in prop::sample::select(ODD.to_vec())) {
        let text = String::from_utf8(fixture("nested", FILE)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let line = line % lines.len();
        if let Some((key, value)) = lines[line].clone().split_once(": ") && !value.ends_with('{') && !value.ends_with('[') {
            let comma = if value.ends_with(',') { "," } else { "" };
            lines[line] = format!("{key}: {odd}{comma}");
        }
        let text = lines.join("\n");
        let outcome = package_lock::read(text.as_bytes(), FILE, None).unwrap();
        prop_assert_eq!(Some(outcome.value.inventory.packages.len()), entries(text.as_bytes()));
        for package in &outcome.value.inventory.packages {
            let span = package.declared_at.as_ref().unwrap().span;
            let entry = &text[span.start as usize..span.end as usize];
            prop_assert!(entry.starts_with('"') && text.is_char_boundary(span.end as usize), "{}", entry);
        }
    }
}
