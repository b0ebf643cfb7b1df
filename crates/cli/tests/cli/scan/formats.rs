//! Reports that machines read.

use serde_json::Value;
use vetch_testkit::Project;

use super::{dropper, harmless, list, offline, scan};

fn project() -> Project {
    Project::builder("demo").install(harmless("good")).install(dropper("bad")).lock_only(harmless("absent")).build()
}

#[test]
fn json_has_every_part_of_the_envelope() {
    let report = offline(&project(), &[]).expect(1).json();
    assert_eq!(report["schema"], "vetch.report/1");
    assert_eq!(report["tool"]["name"], "vetch");
    for part in ["targets", "releases", "findings", "incomplete", "skipped", "unavailable"] {
        assert!(report[part].is_array(), "{part}");
    }
    let counted: u64 = report["summary"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(counted, list(&report["releases"]).len() as u64);
    for finding in list(&report["releases"]).iter().flat_map(|release| list(&release["findings"])) {
        assert!(!list(&finding["evidence"]).is_empty() && finding["remedy"].is_string(), "{finding}");
    }
}

/// The published schema is what consumers rely on: no field that it does not know.
#[test]
fn json_holds_what_the_schema_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/report.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let report = offline(&project(), &[]).expect(1).json();
    let same = |found: &Value, described: &Value| {
        let mut found: Vec<&String> = found.as_object().unwrap().keys().collect();
        let mut known: Vec<&String> = described["properties"].as_object().unwrap().keys().collect();
        // What need not be there is left out where it has nothing to say.
        let required = list(&described["required"]);
        known.retain(|key| found.contains(key) || required.iter().any(|name| name.as_str() == Some(key)));
        found.sort();
        known.sort();
        assert_eq!(found, known);
    };
    same(&report, &schema);
    list(&report["releases"]).iter().for_each(|release| same(release, &schema["$defs"]["Release"]));
}

#[test]
fn sarif_is_what_code_scanning_takes() {
    let report = scan(&project(), &["--offline", "--format", "sarif"]).run().expect(1).json();
    assert_eq!(report["version"], "2.1.0");
    let run = &report["runs"][0];
    let rules = list(&run["tool"]["driver"]["rules"]);
    let results = list(&run["results"]);
    assert!(!results.is_empty());
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["partialFingerprints"].as_object().is_some_and(|prints| !prints.is_empty()), "{result}");
        for location in list(&result["locations"]) {
            let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.starts_with('/') && !uri.contains("://") && !uri.contains('\\'), "{uri}");
        }
    }
    let severe = rules.iter().filter(|rule| rule["properties"]["security-severity"].is_string());
    assert!(severe.count() > 0);
}

#[test]
fn markdown_names_what_is_dangerous() {
    let text = scan(&project(), &["--offline", "--format", "markdown"]).run().expect(1).stdout;
    assert!(text.contains("bad") && text.contains("malicious"), "{text}");
    assert!(text.contains("absent"), "what was not checked is named: {text}");
}

#[test]
fn a_file_takes_the_report_and_the_status_stays() {
    let project = project();
    let run = scan(&project, &["--offline", "--format", "json", "--output", "report.json"]).run().expect(1);
    assert_eq!(run.stdout, "");
    let report: Value = serde_json::from_str(&project.read("report.json")).unwrap();
    assert_eq!(report["summary"]["malicious"], 1);
}
