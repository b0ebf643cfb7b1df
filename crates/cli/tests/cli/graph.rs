//! `vetch graph` and `vetch why`.

use serde_json::{Value, json};
use tempfile::TempDir;
use vetch_testkit::{Run, Vetch};

use crate::vetch;

const SHA1: &str = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";

/// Two projects below one folder; the first has two versions of `debug`, one of them for `jest` only.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let entry = |name: &str, version: &str, more: Value| {
        let mut entry = json!({
            "version": version,
            "resolved": format!("https://registry.npmjs.org/{name}/-/{name}-{version}.tgz"),
            "integrity": SHA1,
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let shop = json!({
        "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
        "packages": {
            "": { "name": "shop", "version": "1.0.0", "dependencies": { "express": "^4.18.0" }, "devDependencies": { "jest": "^29.0.0" } },
            "node_modules/express": entry("express", "4.18.2", json!({ "dependencies": { "debug": "2.6.9" } })),
            "node_modules/debug": entry("debug", "2.6.9", json!({ "dependencies": { "ms": "2.0.0" } })),
            "node_modules/ms": entry("ms", "2.0.0", json!({ "hasInstallScript": true })),
            "node_modules/jest": entry("jest", "29.0.0", json!({ "dev": true, "dependencies": { "debug": "^4.0.0" } })),
            "node_modules/jest/node_modules/debug": entry("debug", "4.3.4", json!({ "dev": true, "dependencies": { "ms": "2.0.0" } })),
        }
    });
    let tool = json!({
        "name": "tool", "version": "0.1.0", "lockfileVersion": 3, "requires": true,
        "packages": {
            "": { "name": "tool", "version": "0.1.0", "dependencies": { "ms": "^2.0.0" } },
            "node_modules/ms": entry("ms", "2.0.0", json!({ "hasInstallScript": true })),
        }
    });
    write(&folder, "shop/package-lock.json", &format!("{shop:#}"));
    write(&folder, "tool/package-lock.json", &format!("{tool:#}"));
    folder
}

fn write(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn command(folder: &TempDir, arguments: &[&str]) -> Vetch {
    vetch(arguments).dir(folder.path())
}

fn run(folder: &TempDir, arguments: &[&str]) -> Run {
    command(folder, arguments).run()
}

#[test]
fn the_json_keeps_its_contract() {
    let report = run(&repository(), &["graph", "--format", "json"]).expect(0).json();
    assert_eq!(report["schema"], "vetch.graph/1");
    let packages = report["packages"].as_array().unwrap();
    let package = |purl: &str| packages.iter().find(|it| it["purl"] == purl).unwrap_or_else(|| panic!("{purl}"));
    let ms = package("pkg:npm/ms@2.0.0");
    assert_eq!(ms["groups"], json!(["production"]));
    assert_eq!(ms["integrity"], json!([SHA1]));
    assert_eq!(ms["source"]["kind"], "registry");
    assert_eq!((&ms["install_script"], &ms["depth"]), (&json!(true), &json!(1)));
    let files: Vec<&Value> = ms["declared_in"].as_array().unwrap().iter().map(|it| &it["file"]).collect();
    assert_eq!(files, ["shop/package-lock.json", "tool/package-lock.json"]);
    assert!(ms["declared_in"].as_array().unwrap().iter().all(|it| it["line"].as_u64().unwrap() > 1));
    assert_eq!(package("pkg:npm/debug@4.3.4")["groups"], json!(["development"]));
    let edges = report["edges"].as_array().unwrap();
    let edge = |from: &str, to: &str| edges.iter().find(|it| it["from"] == from && it["to"] == to).unwrap();
    assert_eq!(edge("pkg:npm/shop@1.0.0", "pkg:npm/jest@29.0.0")["kind"], "development");
    assert_eq!(edge("pkg:npm/tool@0.1.0", "pkg:npm/ms@2.0.0")["range"], "^2.0.0");
    assert_eq!(report["files"][0]["format"], "package-lock");
    assert_eq!(report["risks"][0]["purl"], "pkg:npm/ms@2.0.0");
}

#[test]
fn the_tree_in_both_directions() {
    let folder = repository();
    insta::assert_snapshot!("graph_tree", run(&folder, &["graph"]).expect(0).stdout);
    insta::assert_snapshot!(
        "graph_reverse",
        run(&folder, &["graph", "--reverse", "--package", "ms", "shop"]).expect(0).stdout
    );
    insta::assert_snapshot!("graph_risks", run(&folder, &["graph", "--risks"]).expect(0).stdout);
    let shallow = run(&folder, &["graph", "--depth", "1", "shop/package-lock.json"]).expect(0).stdout;
    assert!(shallow.contains("express@4.18.2") && !shallow.contains("ms@") && shallow.contains("(+1)"), "{shallow}");
}

#[test]
fn diagrams_go_to_files_and_stay_small() {
    let folder = repository();
    let empty = run(&folder, &["graph", "--format", "mermaid", "--max-nodes", "2", "--output", "graph.mmd"]).expect(0);
    assert_eq!((empty.stdout.as_str(), empty.stderr.as_str()), ("", ""));
    let mermaid = std::fs::read_to_string(folder.path().join("graph.mmd")).unwrap();
    assert!(mermaid.starts_with("flowchart LR\n") && mermaid.contains("6 packages are not drawn"), "{mermaid}");
    let dot = run(&folder, &["graph", "--format", "dot"]).expect(0).stdout;
    assert!(dot.starts_with("digraph") && dot.matches(" -> ").count() == 7, "{dot}");
}

#[test]
fn why_tells_paths_ranges_places_and_what_leaves() {
    let folder = repository();
    insta::assert_snapshot!("why_ms", run(&folder, &["why", "ms"]).expect(0).stdout);
    insta::assert_snapshot!("why_debug", run(&folder, &["why", "debug", "shop"]).expect(0).stdout);
    let one = run(&folder, &["why", "pkg:npm/debug@4.3.4", "--format", "json"]).expect(0).json();
    assert_eq!(one["releases"].as_array().unwrap().len(), 1);
    assert_eq!(one["releases"][0]["paths"][0][2]["range"], "^4.0.0");
    assert_eq!(one["leaving"], json!(["pkg:npm/debug@4.3.4"]));
    let markdown = run(&folder, &["why", "express", "--format", "markdown"]).expect(0).stdout;
    assert!(markdown.contains("`^4.18.0`") && markdown.contains("would leave"), "{markdown}");
}

#[test]
fn what_is_not_there_ends_with_1_and_says_what_is() {
    let folder = repository();
    let near = run(&folder, &["why", "expres"]).expect(1);
    assert!(near.stdout.is_empty() && near.stderr.contains("did you mean `express`?"), "{}", near.stderr);
    let version = run(&folder, &["why", "debug@9.9.9"]).expect(1);
    assert!(version.stderr.contains("`debug@2.6.9`, `debug@4.3.4`"), "{}", version.stderr);
    let json = run(&folder, &["why", "expres", "--format", "json"]).expect(1).json();
    assert_eq!((json["releases"].as_array().unwrap().len(), &json["similar"]), (0, &json!(["express"])));
    run(&folder, &["graph", "--package", "expres"]).expect(2);
    run(&folder, &["graph", "no-such-folder"]).expect(2);
    run(&folder, &["why"]).expect(2);
}

#[test]
fn what_cannot_be_read_is_never_silent() {
    let folder = repository();
    write(&folder, "tool/package-lock.json", "{ \"name\": ");
    let graph = run(&folder, &["graph"]).expect(3);
    assert!(graph.stdout.contains("shop@1.0.0") && graph.stderr.contains("tool/package-lock.json"), "{}", graph.stderr);
    let report = run(&folder, &["graph", "--format", "json", "--allow-incomplete"]).expect(0).json();
    assert_eq!(report["incomplete"][0]["file"], "tool/package-lock.json");
    let missing = run(&folder, &["why", "left-pad"]).expect(3);
    assert!(missing.stderr.contains("what could be read"), "{}", missing.stderr);
    run(&folder, &["why", "express"]).expect(0);
}

#[test]
fn hostile_names_act_on_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let name = "\u{1b}[2J\n::error::x\"]; a -> b \u{202e}<script>";
    let lock = json!({
        "name": name, "version": "1.0.0", "lockfileVersion": 3,
        "packages": {
            "": { "name": name, "version": "1.0.0", "dependencies": { "a": name } },
            "node_modules/a": { "name": name, "version": "1.0.0", "resolved": name, "integrity": SHA1 },
        }
    });
    write(&folder, "package-lock.json", &lock.to_string());
    for arguments in [
        &["graph"][..],
        &["graph", "--risks"],
        &["graph", "--format", "dot"],
        &["graph", "--format", "mermaid"],
        &["graph", "--format", "json"],
        &["why", name],
        &["why", name, "--format", "markdown"],
        &["why", "a"],
    ] {
        let run = run(&folder, arguments);
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {text:?}");
            assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{arguments:?}: {text}");
        }
    }
}
