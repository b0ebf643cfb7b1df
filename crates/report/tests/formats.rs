//! JSON, SARIF, Markdown and the rule pages, from one sample, by snapshot and by invariant.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // all of it is test code

mod sample;

use serde_json::Value;
use vetch_model::{Evidence, Finding, Location};
use vetch_report::{Style, explain, json, markdown, sarif};

fn json_text() -> String {
    let mut out = Vec::new();
    json::write(&sample::small_scan(), &sample::tool(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn sarif_of(scan: &vetch_model::scan::Scan) -> (String, Value) {
    let mut out = Vec::new();
    sarif::write(scan, &sample::rules(), &sample::tool(), None, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let value = serde_json::from_str(&text).unwrap();
    (text, value)
}

#[test]
fn json_report() {
    insta::assert_snapshot!(json_text());
}

#[test]
fn json_keeps_hostile_text_exact_and_invisible_text_escaped() {
    let text = json_text();
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["releases"][1]["paths"][0][1]["label"], sample::HOSTILE);
}

#[test]
fn json_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/report.schema.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == json::json_schema(), "schemas/report.schema.json is stale: run `cargo xtask codegen`");
}

#[test]
fn sarif_log() {
    insta::assert_snapshot!(sarif_of(&sample::small_scan()).0);
}

/// The rules of SARIF 2.1.0 and of code scanning that a log must keep.
#[test]
fn sarif_structure() {
    let (text, log) = sarif_of(&sample::scan());
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["properties"]["security-severity"].as_str().unwrap().parse::<f32>().is_ok());
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 20);
        assert!(!rule["help"]["markdown"].as_str().unwrap().is_empty());
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 8);
    assert_eq!(results[0]["ruleId"], "download-and-execute", "worst first");
    for result in results {
        assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert_eq!(result["locations"].as_array().unwrap().len(), 1);
        let related = result["relatedLocations"].as_array().unwrap();
        for location in result["locations"].as_array().unwrap().iter().chain(related) {
            let artifact = &location["physicalLocation"]["artifactLocation"];
            let uri = artifact["uri"].as_str().unwrap();
            assert!(!uri.starts_with('/') && !uri.contains(':') && !uri.split('/').any(|part| part == ".."), "{uri}");
            assert!(uri.bytes().all(|b| b.is_ascii_graphic() && !b"<>|`\"\\^{}".contains(&b)), "{uri}");
            assert!(run["originalUriBaseIds"].get(artifact["uriBaseId"].as_str().unwrap()).is_some());
        }
        assert!(result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(result["partialFingerprints"].as_object().unwrap().values().all(Value::is_string));
    }
    let first = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(first["artifactLocation"]["uri"], "package-lock.json");
    assert_eq!(first["region"]["startLine"], 112);
    assert_eq!(
        results[0]["relatedLocations"][1]["physicalLocation"]["artifactLocation"]["uri"],
        "node_modules/plain-crypto-js/setup.js"
    );
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notes.iter().filter(|note| note["descriptor"]["id"] == "incomplete").count(), 6);
}

#[test]
fn sarif_paths_are_not_doubled() {
    let mut scan = sample::small_scan();
    let release = &mut scan.releases[0];
    let folder = release.locations[0].path.clone().unwrap();
    let file = |file: String| Evidence::File { location: Location::file(file), note: "x".into() };
    release.findings[0].evidence = vec![
        file("own.js".into()),
        file(format!("{folder}/installed.js")),
        Evidence::Field {
            location: Location::file("node_modules/asks/package.json"),
            field: "dependencies.x".into(),
            found: "^1".into(),
            expected: None,
            note: "x".into(),
        },
    ];
    let log = sarif_of(&scan).1;
    let related = log["runs"][0]["results"][0]["relatedLocations"].as_array().unwrap();
    let uris: Vec<&str> =
        related.iter().map(|one| one["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap()).collect();
    let (own, installed) = (format!("{folder}/own.js"), format!("{folder}/installed.js"));
    assert_eq!(uris[..3], [own.as_str(), installed.as_str(), "node_modules/asks/package.json"]);
}

#[test]
fn fingerprints_survive_moved_lines_and_tell_releases_apart() {
    let before = sarif_of(&sample::small_scan()).1;
    let mut scan = sample::small_scan();
    for release in &mut scan.releases {
        for location in release.locations.iter_mut().filter_map(|place| place.declared_at.as_mut()) {
            location.line += 40;
        }
    }
    let after = sarif_of(&scan).1;
    let prints = |log: &Value| {
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results.into_iter().map(|result| result["partialFingerprints"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(prints(&before), prints(&after));
    let unique: std::collections::BTreeSet<String> = prints(&before).into_iter().collect();
    assert_eq!(unique.len(), prints(&before).len());
}

#[test]
fn sarif_says_what_it_leaves_out() {
    let mut scan = sample::small_scan();
    let evidence = |n: u32| Evidence::File { location: Location::file(format!("f{n}.js")), note: "x".into() };
    scan.releases[0].findings = (0..25_010)
        .map(|n| Finding::new(&sample::INSTALL_SCRIPT, "t", evidence(n)))
        .chain([Finding::new(&sample::DOWNLOAD, "t", evidence(0)).with_evidence((1..50).map(evidence))])
        .collect();
    let (text, log) = sarif_of(&scan);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() <= 25_000 && text.len() < 60_000_000);
    assert_eq!(results[0]["ruleId"], "download-and-execute", "what is worst is never left out");
    assert_eq!(results[0]["relatedLocations"].as_array().unwrap().len(), 20);
    let notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(notes.contains("results were left out") && notes.contains("related locations were left out"), "{notes}");
}

#[test]
fn markdown_summary() {
    insta::assert_snapshot!(markdown::render(&sample::scan()));
}

#[test]
fn markdown_stays_within_a_comment() {
    let mut scan = sample::scan();
    let bad = scan.releases[1].clone();
    scan.releases.extend(std::iter::repeat_n(bad, 400));
    let text = markdown::render(&scan);
    assert!(text.len() <= markdown::MAX_BYTES, "{}", text.len());
    assert!(text.contains("Left out or shortened for length:"));
    assert!(text.contains("plain-crypto-js@4.2.1"));
}

#[test]
fn rule_pages() {
    let style = Style { width: 80, ..Style::default() };
    insta::assert_snapshot!("rule_list", explain::rule_list(&sample::rules(), style));
    insta::assert_snapshot!("explain", explain::explain(&sample::DOWNLOAD, style));
}

#[test]
fn the_same_scan_gives_the_same_bytes() {
    assert_eq!(json_text(), json_text());
    assert_eq!(sarif_of(&sample::scan()).0, sarif_of(&sample::scan()).0);
    assert_eq!(markdown::render(&sample::scan()), markdown::render(&sample::scan()));
}
