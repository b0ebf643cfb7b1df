//! The dependency map in all its forms: by example, and with hostile names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // all of it is test code

use proptest::prelude::*;
use serde_json::Value;
use vetch_graph::risks::{Publishers, Risks, rank};
use vetch_graph::{Graph, Selector};
use vetch_model::inventory::{
    Artifact, Ecosystem, Edge, EdgeKind, Inventory, Package, PackageId, Role, Source, Unresolved,
};
use vetch_model::{Incomplete, Integrity, Location, Span};
use vetch_report::escape::is_hidden;
use vetch_report::graph::why::{self, Why};
use vetch_report::graph::{MapFile, MapView, Shape, dot, mermaid, risks, tree, write_json};
use vetch_report::{Style, ToolInfo};

const LOCK: &str = "package-lock.json";

fn at(file: &str, line: u32) -> Option<Location> {
    Some(Location { file: file.to_owned(), line, column: 5, span: Span::default() })
}

fn add(inventory: &mut Inventory, package: Package, file: &str) -> PackageId {
    let line = 10 * (inventory.packages.len() as u32 + 1);
    inventory.push(Package { declared_at: at(file, line), ..package })
}

fn npm(name: &str, version: &str) -> Package {
    let integrity = Integrity::parse("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=").ok();
    let source = Source::Registry { url: None, index: None };
    Package { source, integrity, ..Package::new(Ecosystem::Npm, name, Some(version)) }
}

fn asks(inventory: &mut Inventory, from: PackageId, to: PackageId, range: &str, kind: EdgeKind) {
    let name = inventory.package(to).name.clone();
    inventory.edges.push(Edge::new(from, to, name, range, kind));
}

/// An npm project and a Python one, with a ring, two versions of a package, one release at two
/// places, something that is not there, and something that nobody asks for.
fn both() -> Inventory {
    use EdgeKind::{Development, Optional, Peer, Production};
    let mut all = Inventory::default();
    let own = Source::Folder { path: String::new() };
    let root = Package { role: Role::Root, source: own.clone(), ..npm("shop", "1.0.0") };
    let root = add(&mut all, root, LOCK);
    let express = add(&mut all, npm("express", "4.18.2"), LOCK);
    let debug = add(&mut all, npm("debug", "2.6.9"), LOCK);
    let ms = add(&mut all, npm("ms", "2.0.0"), LOCK);
    let jest = add(&mut all, Package { dev: true, ..npm("jest", "29.0.0") }, LOCK);
    let newer = add(&mut all, Package { dev: true, ..npm("debug", "4.3.4") }, LOCK);
    let again = add(&mut all, Package { dev: true, ..npm("ms", "2.0.0") }, LOCK);
    let url = "git+ssh://git@github.com/acme/native.git".to_owned();
    let git = Source::Git { url, commit: Some("0123abc".to_owned()) };
    let native = Package { source: git, integrity: None, has_install_script: Some(true), ..npm("native", "0.1.0") };
    let native = add(&mut all, native, LOCK);
    add(&mut all, npm("stray", "1.0.0"), LOCK);
    asks(&mut all, root, express, "^4.18.0", Production);
    asks(&mut all, root, jest, "^29", Development);
    asks(&mut all, express, debug, "2.6.9", Production);
    asks(&mut all, debug, ms, "2.0.0", Production);
    asks(&mut all, ms, native, "acme/native", Optional);
    asks(&mut all, native, debug, "*", Peer);
    asks(&mut all, jest, newer, "^4.0.0", Production);
    asks(&mut all, newer, again, "2.0.0", Production);
    asks(&mut all, jest, express, ">=4 <5", Production);
    let fsevents = Unresolved { from: jest, name: "fsevents".into(), range: "^2.3.2".into(), kind: Optional };
    all.unresolved.push(fsevents);
    let python = |name: &str, version: &str| Package::new(Ecosystem::Pypi, name, Some(version));
    let service = add(&mut all, Package { role: Role::Root, source: own, ..python("service", "0.1.0") }, "api/uv.lock");
    let index = Source::Registry { url: None, index: Some("https://user:secret@pypi.invalid/simple".to_owned()) };
    let hash = Integrity::parse("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").ok();
    let artifact = Artifact { integrity: hash, ..Artifact::default() };
    let socks = Package {
        groups: vec!["socks".into()],
        source: index,
        artifacts: vec![artifact],
        ..python("pysocks", "1.7.1")
    };
    let socks = add(&mut all, socks, "api/uv.lock");
    let mut edge = Edge::new(service, socks, "pysocks", ">=1.5.6,!=1.5.7", Production);
    edge.condition = Some("extra == 'socks'".to_owned());
    all.edges.push(edge);
    all
}

struct Made {
    inventory: Inventory,
    graph: Graph,
    risks: Risks,
    files: Vec<MapFile>,
    incomplete: Vec<Incomplete>,
}

impl Made {
    fn new(inventory: Inventory) -> Made {
        let graph = Graph::new(&inventory);
        let risks = rank(&inventory, &graph, &Publishers::new(), 5);
        let file = |file: &str, format: &str, version: &str, packages| MapFile {
            file: file.to_owned(),
            format: format.to_owned(),
            version: version.to_owned(),
            packages,
        };
        let files = vec![file("api/uv.lock", "uv", "", 2), file(LOCK, "package-lock", "3", 9)];
        let incomplete = vec![Incomplete::new("bun.lock", "it is not JSON", "mend it")];
        Made { inventory, graph, risks, files, incomplete }
    }

    fn view(&self) -> MapView<'_> {
        MapView {
            target: ".",
            inventory: &self.inventory,
            graph: &self.graph,
            files: &self.files,
            incomplete: &self.incomplete,
            risks: Some(&self.risks),
        }
    }

    fn why(&self, wanted: &str, limit: usize) -> Why {
        Why::ask(&self.view(), wanted, &Selector::parse(wanted).find(&self.inventory), limit)
    }
}

fn shape() -> Shape {
    Shape { reverse: false, depth: None, max_nodes: 100, starts: Vec::new() }
}

fn tool() -> ToolInfo {
    ToolInfo { version: "0.0.0".to_owned(), analysis: "0".to_owned() }
}

fn json(made: &Made) -> Value {
    let mut bytes = Vec::new();
    write_json(&made.view(), &tool(), &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn the_tree_of_two_projects() {
    insta::assert_snapshot!(tree(&Made::new(both()).view(), &shape(), Style::default()));
}

#[test]
fn the_tree_turned_round() {
    let made = Made::new(both());
    insta::assert_snapshot!(tree(&made.view(), &Shape { reverse: true, ..shape() }, Style::default()));
}

#[test]
fn a_tree_cut_short_says_so() {
    let made = Made::new(both());
    let shape = Shape { depth: Some(1), ..shape() };
    insta::assert_snapshot!(tree(&made.view(), &shape, Style { unicode: false, ..Style::default() }));
}

#[test]
fn a_tree_from_one_package() {
    let made = Made::new(both());
    let starts = Selector::parse("ms").find(&made.inventory);
    insta::assert_snapshot!(tree(&made.view(), &Shape { reverse: true, starts, ..shape() }, Style::default()));
}

#[test]
fn what_was_cut_is_shown_where_there_is_room() {
    // 0 → 1 → … → 149, and 0 → 140: cut at level 100 by the long way, whole by the short one.
    let mut inventory = Inventory::default();
    for index in 0..150 {
        let role = if index == 0 { Role::Root } else { Role::Dependency };
        inventory.push(Package { role, ..npm(&format!("p{index}"), "1.0.0") });
    }
    for index in 1..150 {
        asks(&mut inventory, PackageId(index - 1), PackageId(index), "*", EdgeKind::Production);
    }
    asks(&mut inventory, PackageId(0), PackageId(95), "*", EdgeKind::Production);
    let made = Made::new(inventory);
    let text = tree(&made.view(), &shape(), Style::default());
    for index in 0..150 {
        assert!(text.contains(&format!("p{index}@1.0.0")), "{index} is not in\n{text}");
    }
}

#[test]
fn diagrams() {
    let made = Made::new(both());
    insta::assert_snapshot!("dot", dot(&made.view(), &shape()));
    insta::assert_snapshot!("mermaid", mermaid(&made.view(), &shape()));
    insta::assert_snapshot!("mermaid_cut", mermaid(&made.view(), &Shape { max_nodes: 3, ..shape() }));
}

#[test]
fn risk_points() {
    insta::assert_snapshot!(risks::risks(&Made::new(both()).view(), Style::default()));
}

#[test]
fn the_json_is_whole() {
    let made = Made::new(both());
    let report = json(&made);
    insta::assert_snapshot!("json", format!("{report:#}"));
    let purls: Vec<&str> =
        report["packages"].as_array().unwrap().iter().map(|it| it["purl"].as_str().unwrap()).collect();
    assert_eq!(purls.len(), made.inventory.packages.len() - 1, "one release is at two places");
    for edge in report["edges"].as_array().unwrap() {
        assert!(purls.contains(&edge["from"].as_str().unwrap()) && purls.contains(&edge["to"].as_str().unwrap()));
    }
}

#[test]
fn the_same_purl_from_two_sources_is_two_packages() {
    let mut inventory = both();
    let source = Source::Tarball { url: "https://evil.invalid/express.tgz".to_owned() };
    let other = add(&mut inventory, Package { source, ..npm("express", "4.18.2") }, LOCK);
    asks(&mut inventory, PackageId(0), other, "https://evil.invalid/express.tgz", EdgeKind::Production);
    let report = json(&Made::new(inventory));
    let ids: Vec<&str> = report["packages"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"pkg:npm/express@4.18.2") && ids.contains(&"pkg:npm/express@4.18.2#2"), "{ids:?}");
    let edges = report["edges"].as_array().unwrap();
    assert!(
        edges.iter().any(|edge| edge["to"] == "pkg:npm/express@4.18.2" && edge["to_id"] == "pkg:npm/express@4.18.2#2")
    );
}

#[test]
fn why_in_all_forms() {
    let made = Made::new(both());
    insta::assert_snapshot!("why_terminal", why::terminal(&made.view(), &made.why("debug", 5), Style::default()));
    insta::assert_snapshot!("why_extra", why::terminal(&made.view(), &made.why("PySocks", 5), Style::default()));
    insta::assert_snapshot!("why_stray", why::terminal(&made.view(), &made.why("stray", 5), Style::default()));
    insta::assert_snapshot!("why_markdown", why::markdown(&made.view(), &made.why("ms", 1)));
    let mut bytes = Vec::new();
    why::write_json(&made.view(), &made.why("pkg:npm/native", 5), &tool(), &mut bytes).unwrap();
    insta::assert_snapshot!("why_json", String::from_utf8(bytes).unwrap());
}

#[test]
fn secrets_in_urls_stay_secret() {
    let made = Made::new(both());
    let mut all = json(&made).to_string();
    all += &tree(&made.view(), &shape(), Style::default());
    assert!(all.contains("pypi.invalid") && !all.contains("secret"), "{all}");
}

fn hostile_text() -> impl Strategy<Value = String> {
    let attack = prop_oneof![
        Just("\u{1b}[31mred"),
        Just("\u{202e}\u{2066}"),
        Just("\r\n::error::x"),
        Just("::add-mask::x"),
        Just("##vso[task.setvariable]"),
        Just("\"];\n  evil -> n0; x [label=\""),
        Just("\\\""),
        Just("\\"),
        Just("\"]\n  click n0 \"javascript:alert(1)\""),
        Just("\"| n0\n"),
        Just("%%{init: {}}%%"),
        Just("#quot;"),
        Just("<script>"),
        Just("</code><img src=x>"),
        Just("`"),
        Just("|"),
        Just("\n\n# heading"),
        Just("[a](https://x.invalid)"),
        Just("日本語é"),
    ];
    prop_oneof![any::<String>(), proptest::collection::vec(attack, 1..5).prop_map(|parts| parts.concat())]
}

/// The sample with one text wherever a text can stand.
fn filled_with(text: &str) -> Made {
    let mut inventory = both();
    let location = Some(Location { file: text.to_owned(), line: 3, column: 1, span: Span::default() });
    for package in inventory.packages.iter_mut().skip(1) {
        package.name = text.to_owned();
        package.alias = Some(text.to_owned());
        package.version = Some(text.to_owned());
        package.groups = vec![text.to_owned()];
        package.path = text.to_owned();
        package.deprecated = Some(text.to_owned());
        package.declared_at = location.clone();
        package.source = Source::Git { url: text.to_owned(), commit: Some(text.to_owned()) };
    }
    inventory.packages[2].source = Source::Unknown { text: text.to_owned() };
    inventory.packages[3].ecosystem = Ecosystem::Other(text.to_owned());
    for edge in &mut inventory.edges {
        edge.name = text.to_owned();
        edge.range = text.to_owned();
        edge.condition = Some(text.to_owned());
    }
    inventory.unresolved[0].name = text.to_owned();
    inventory.unresolved[0].range = text.to_owned();
    let mut made = Made::new(inventory);
    made.incomplete = vec![Incomplete::new(text, text, text)];
    made
}

fn assert_harmless(line: &str) {
    assert!(!line.contains(is_hidden), "{line:?}");
    assert!(!line.trim_start().starts_with("::"), "{line:?}");
    assert!(!line.contains("##[") && !line.contains("##vso["), "{line:?}");
}

/// Whether every quote of a DOT line is closed, and what stands outside of quotes is ours.
fn outside_quotes(line: &str, escapes: bool) -> String {
    let (mut out, mut is_quoted) = (String::new(), false);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted && escapes => drop(chars.next()),
            _ if !is_quoted => out.push(c),
            _ => {}
        }
    }
    assert!(!is_quoted, "an open quote: {line}");
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_acts_on_a_terminal(text in hostile_text(), reverse in any::<bool>(), unicode in any::<bool>()) {
        let made = filled_with(&text);
        let style = Style { unicode, ..Style::default() };
        let ids: Vec<PackageId> = made.graph.packages().collect();
        let why = Why::ask(&made.view(), &text, &ids, 3);
        let mut out = tree(&made.view(), &Shape { reverse, ..shape() }, style);
        out += &risks::risks(&made.view(), style);
        out += &why::terminal(&made.view(), &why, style);
        prop_assert!(unicode || out.is_ascii());
        for line in out.lines() {
            assert_harmless(line);
        }
    }

    #[test]
    fn no_text_breaks_out_of_a_diagram(text in hostile_text()) {
        let made = filled_with(&text);
        let ours = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || " _{}[]=;,-.>|:#()/%".contains(c));
        let out = dot(&made.view(), &shape());
        for line in out.lines() {
            assert_harmless(line);
            let rest = outside_quotes(line, true);
            prop_assert!(ours(&rest) && !rest.contains("evil"), "{}", line);
        }
        let out = mermaid(&made.view(), &shape());
        let statements = |line: &str| {
            ["  n", "flowchart LR", "  classDef own ", "  classDef risk "].iter().any(|start| line.starts_with(start))
        };
        for line in out.lines() {
            assert_harmless(line);
            prop_assert!(statements(line), "{}", line);
            prop_assert!(ours(&outside_quotes(line, false)), "{}", line);
            prop_assert!(!line.contains(['<', '`', '\\', '%', '*', '[']) || line.matches('[').count() == 1, "{}", line);
        }
    }

    #[test]
    fn no_text_breaks_out_of_json_or_markdown(text in hostile_text()) {
        let made = filled_with(&text);
        let ids: Vec<PackageId> = made.graph.packages().collect();
        let why = Why::ask(&made.view(), &text, &ids, 3);
        let (mut graph, mut answer) = (Vec::new(), Vec::new());
        write_json(&made.view(), &tool(), &mut graph).unwrap();
        why::write_json(&made.view(), &why, &tool(), &mut answer).unwrap();
        for out in [graph, answer] {
            let out = String::from_utf8(out).unwrap();
            out.lines().for_each(assert_harmless);
            prop_assert!(serde_json::from_str::<Value>(&out).is_ok());
        }
        let out = why::markdown(&made.view(), &why);
        let rest = ["<code>", "</code>"].iter().fold(out, |out, tag| out.replace(tag, ""));
        for line in rest.lines() {
            assert_harmless(line);
            let tag = line.match_indices('<').any(|(at, _)| {
                line[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c))
            });
            prop_assert!(!tag, "{:?}", line);
        }
    }
}
