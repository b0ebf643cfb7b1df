//! Judgements of vulnerabilities (VEX): imported, weighed, told.

use serde_json::{Value, json};
use vetch_testkit::{Pkg, Project, ProjectBuilder, Run};

use crate::vetch;

const PURL: &str = "pkg:npm/scales@1.1.0";

fn record() -> String {
    json!({"id": "GHSA-1", "modified": "2026-04-07T14:41:20Z", "aliases": ["CVE-2026-1"], "summary": "Scales may be tipped",
        "affected": [{"package": {"ecosystem": "npm", "name": "scales"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}]}]}]})
    .to_string()
}

fn builder() -> ProjectBuilder {
    let scales = Pkg::new("scales", "1.1.0").file("index.js", "module.exports = 1;\n");
    Project::builder("demo").lock_only(scales.clone()).archive(&scales).file("record.json", record())
}

fn run(project: &Project, arguments: &[&str]) -> Run {
    vetch(arguments).dir(project.root()).home(project.home()).run()
}

fn scan(project: &Project, format: &str, more: &[&str]) -> Run {
    let arguments = ["scan", "--offline", "--allow-incomplete", "--format", format];
    let run = vetch(&arguments).args(more.iter().copied()).args(["--archives"]).args([project.archives()]);
    run.dir(project.root()).home(project.home()).run()
}

/// The project with its record and these documents imported.
#[track_caller]
fn with(documents: &[Value]) -> Project {
    let all = documents.iter().enumerate();
    let project = all.fold(builder(), |builder, (n, one)| builder.file(&format!("{n}.json"), one.to_string())).build();
    run(&project, &["intel", "import", "record.json"]).expect(0);
    for number in 0..documents.len() {
        run(&project, &["intel", "import", &format!("{number}.json")]).expect(0);
    }
    project
}

/// Verdict, whether the advisory counts, and how many statements are told.
#[track_caller]
fn outcome(project: &Project) -> (String, bool, usize) {
    let run = scan(project, "json", &[]).expect(0);
    let release = run.release(PURL);
    let advisory = &release["advisories"][0];
    assert_eq!(advisory["id"], "GHSA-1");
    let statements = advisory["vex"].as_array().unwrap().len();
    (release["verdict"].as_str().unwrap().to_owned(), advisory["counted"].as_bool().unwrap(), statements)
}

fn counts(statements: usize) -> (String, bool, usize) {
    ("notable".to_owned(), true, statements)
}

fn silenced(statements: usize) -> (String, bool, usize) {
    ("clean".to_owned(), false, statements)
}

fn openvex(author: &str, time: &str, statement: Value) -> Value {
    json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": format!("https://{author}.invalid/vex-1"), "author": author,
        "timestamp": time, "version": 1, "statements": [statement]})
}

fn not_affected(id: &str, product: &str) -> Value {
    json!({"vulnerability": {"name": id}, "products": [{"@id": product}], "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path"})
}

fn affected(id: &str, product: &str) -> Value {
    json!({"vulnerability": {"name": id}, "products": [{"@id": product}], "status": "affected",
        "action_statement": "Update it."})
}

const MAY: &str = "2026-05-01T00:00:00Z";
const JUNE: &str = "2026-06-01T00:00:00Z";

#[test]
fn what_a_vendor_has_judged_is_no_finding_and_is_still_shown() {
    let project = with(&[openvex("Acme", MAY, not_affected("CVE-2026-1", PURL))]);
    assert_eq!(outcome(&project), silenced(1));
    let shown = scan(&project, "terminal", &["--fail-on", "notable"]).expect(0);
    let words = "1 advisory not counted: not affected, says Acme (vulnerable_code_not_in_execute_path)";
    let text = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(words) && text.contains("GHSA-1 in scales@1.1.0"), "{}", shown.stdout);
    let statement = scan(&project, "json", &[]).release(PURL)["advisories"][0]["vex"][0].clone();
    for (field, value) in [
        ("status", "not_affected"),
        ("justification", "vulnerable_code_not_in_execute_path"),
        ("author", "Acme"),
        ("document", "https://Acme.invalid/vex-1"),
        ("time", MAY),
        ("product", PURL),
    ] {
        assert_eq!(statement[field], value, "{statement}");
    }
    assert!(scan(&project, "markdown", &[]).stdout.contains("not affected, says Acme"));
    let page = scan(&project, "html", &[]).stdout;
    assert!(page.contains("GHSA-1 in scales@1.1.0") && page.contains("not counted: not affected, says Acme"));
    // Without intelligence there are no advisories, and nothing to judge.
    assert!(!scan(&project, "json", &["--no-intel"]).stdout.contains("Acme"));
}

#[test]
fn a_statement_silences_what_it_names_and_nothing_else() {
    for (product, is_meant) in [
        ("pkg:npm/scales", true),
        (PURL, true),
        ("pkg:npm/scales@1.0.0", false),
        ("pkg:npm/scales@*", false),
        ("pkg:npm/*", false),
        ("pkg:npm/%2A@1.1.0", false),
        ("pkg:npm/%40acme/scales@1.1.0", false),
        ("pkg:pypi/scales@1.1.0", false),
        ("pkg:npm/scales@1.1.0?repository_url=https://npm.acme.invalid", false),
        ("pkg:npm/scales@1.1.0#lib/tip.js", false),
        ("scales", false),
    ] {
        let (_, counted, _) = outcome(&with(&[openvex("Acme", MAY, not_affected("CVE-2026-1", product))]));
        assert_eq!(!counted, is_meant, "{product}");
    }
    // Another vulnerability, and an alias of this one.
    assert_eq!(outcome(&with(&[openvex("Acme", MAY, not_affected("CVE-2026-2", PURL))])), counts(0));
    let mut alias = not_affected("ACME-7", PURL);
    alias["vulnerability"]["aliases"] = json!(["GHSA-1"]);
    assert_eq!(outcome(&with(&[openvex("Acme", MAY, alias)])), silenced(1));
}

#[test]
fn a_part_of_a_product_is_judged_in_that_product() {
    let within = |product: &str| {
        json!({"vulnerability": {"name": "CVE-2026-1"}, "status": "not_affected", "impact_statement": "We do not tip it.",
            "products": [{"@id": product, "subcomponents": [{"@id": "pkg:npm/scales@1.1.0"}]}]})
    };
    for (product, is_meant) in [
        ("pkg:npm/demo@1.0.0", true),
        ("pkg:npm/demo", true),
        ("pkg:oci/demo", true),
        ("pkg:npm/demo@2.0.0", false),
        ("pkg:npm/other@1.0.0", false),
        ("https://acme.invalid/product", false),
    ] {
        let project = with(&[openvex("Acme", MAY, within(product))]);
        assert_eq!(outcome(&project), if is_meant { silenced(1) } else { counts(1) }, "{product}");
        if !is_meant {
            let text = scan(&project, "terminal", &[]).stdout;
            assert!(text.contains("counts all the same") && text.contains("which is not what is"), "{text}");
        }
    }
}

#[test]
fn a_release_of_two_projects_is_silenced_for_both_or_not_at_all() {
    let lock = |name: &str| {
        json!({"name": name, "version": "1.0.0", "lockfileVersion": 3, "packages": {
            "": {"name": name, "version": "1.0.0", "dependencies": {"scales": "1.1.0"}},
            "node_modules/scales": {"version": "1.1.0", "resolved": "https://registry.npmjs.org/scales/-/scales-1.1.0.tgz"}}})
        .to_string()
    };
    let within = |product: &str| {
        json!({"vulnerability": "CVE-2026-1", "status": "not_affected", "impact_statement": "We do not tip it.",
            "products": [{"@id": product, "subcomponents": [{"@id": "pkg:npm/scales@1.1.0"}]}]})
    };
    let builder = || {
        Project::builder("demo")
            .no_lockfile()
            .without("package.json")
            .file("record.json", record())
            .file("one/package-lock.json", lock("one"))
            .file("two/package-lock.json", lock("two"))
    };
    let judge = |statements: Value| {
        let mut document = openvex("Acme", MAY, Value::Null);
        document["statements"] = statements;
        let project = builder().file("vex.json", document.to_string()).build();
        run(&project, &["intel", "import", "record.json", "vex.json"]).expect(0);
        let report = run(&project, &["scan", "--offline", "--allow-incomplete", "--format", "json"]);
        report.release(PURL)["advisories"][0]["counted"].as_bool().unwrap()
    };
    assert!(judge(json!([within("pkg:npm/one@1.0.0")])));
    assert!(!judge(json!([within("pkg:npm/one@1.0.0"), within("pkg:npm/two@1.0.0")])));
}

#[test]
fn the_newest_statement_of_an_author_wins_whatever_comes_in_first() {
    let old = openvex("Acme", MAY, not_affected("CVE-2026-1", PURL));
    let mut new = openvex("Acme", JUNE, affected("GHSA-1", "pkg:npm/scales"));
    new["@id"] = "https://Acme.invalid/vex-2".into();
    assert_eq!(outcome(&with(&[old.clone(), new.clone()])), counts(1));
    assert_eq!(outcome(&with(&[new.clone(), old.clone()])), counts(1));
    // The same document, in a newer form and in an older one.
    new["@id"] = old["@id"].clone();
    assert_eq!(outcome(&with(&[old.clone(), new.clone()])), counts(1));
    let project = with(&[new.clone(), old.clone()]);
    assert_eq!(outcome(&project), counts(1));
    let again = run(&project, &["intel", "import", "1.json"]).expect(0);
    assert!(again.stdout.contains("1 documents of judgements known in a newer form"), "{}", again.stdout);
    // Who takes it back says that it is not known.
    let mut back = new.clone();
    back["statements"][0]["status"] = "under_investigation".into();
    assert_eq!(outcome(&with(&[old.clone(), back])), counts(1));
    // A time to come is no trump.
    let mut future = openvex("Acme", "2999-01-01T00:00:00Z", affected("GHSA-1", PURL));
    future["@id"] = "https://Acme.invalid/vex-2".into();
    let project = with(&[future]);
    let time = scan(&project, "json", &[]).release(PURL)["advisories"][0]["vex"][0]["time"].clone();
    assert!(!time.as_str().unwrap().starts_with("2999"), "{time}");
}

#[test]
fn authors_who_contradict_each_other_silence_nothing() {
    let acme = openvex("Acme", JUNE, not_affected("CVE-2026-1", PURL));
    let other = openvex("Other", MAY, affected("CVE-2026-1", PURL));
    let project = with(&[acme.clone(), other]);
    assert_eq!(outcome(&project), counts(2));
    let text = scan(&project, "terminal", &["--verbose"]).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["contradict each other", "not affected, says Acme", "affected, says Other"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Who does not know yet contradicts nobody.
    let mut unknown = openvex("Other", JUNE, affected("CVE-2026-1", PURL));
    unknown["statements"][0]["status"] = "under_investigation".into();
    assert_eq!(outcome(&with(&[acme, unknown])), silenced(2));
}

#[test]
fn malware_is_never_silenced() {
    let malware = record().replace("GHSA-1", "MAL-2026-1");
    let vex = openvex("Acme", MAY, not_affected("CVE-2026-1", PURL)).to_string();
    let project = builder().file("malware.json", malware).file("vex.json", vex).build();
    run(&project, &["intel", "import", "malware.json", "record.json", "vex.json"]).expect(0);
    let report = scan(&project, "json", &[]).expect(1);
    let release = report.release(PURL);
    assert_eq!((&release["verdict"], &release["advisories"][0]["counted"]), (&"malicious".into(), &true.into()));
}

fn csaf(vulnerability: Value) -> Value {
    json!({"document": {"category": "csaf_vex", "csaf_version": "2.0", "title": "t",
            "publisher": {"category": "vendor", "name": "Acme", "namespace": "https://acme.invalid"},
            "tracking": {"id": "ACME-1", "status": "final", "version": "1", "initial_release_date": MAY,
                "current_release_date": MAY, "revision_history": []}},
        "product_tree": {
            "branches": [{"category": "vendor", "name": "Acme", "branches": [
                {"category": "product_name", "name": "demo", "branches": [
                    {"category": "product_version", "name": "1.0.0", "product": {"name": "demo 1.0.0", "product_id": "D"}},
                    {"category": "product_version", "name": "2.0.0", "product": {"name": "demo 2.0.0", "product_id": "E"}}]},
                {"category": "product_name", "name": "scales", "branches": [
                    {"category": "product_version", "name": "1.1.0", "product": {"name": "scales 1.1.0", "product_id": "S",
                        "product_identification_helper": {"purl": "pkg:npm/scales"}}},
                    {"category": "product_version_range", "name": "vers:npm/<2.0.0", "product": {"name": "scales",
                        "product_id": "R", "product_identification_helper": {"purl": "pkg:npm/scales"}}}]}]}],
            "relationships": [
                {"category": "default_component_of", "product_reference": "S", "relates_to_product_reference": "D",
                    "full_product_name": {"name": "scales in demo 1.0.0", "product_id": "D:S"}},
                {"category": "default_component_of", "product_reference": "S", "relates_to_product_reference": "E",
                    "full_product_name": {"name": "scales in demo 2.0.0", "product_id": "E:S"}}],
            "product_groups": [{"group_id": "G", "product_ids": ["D:S", "S", "R", "E:S"]}]},
        "vulnerabilities": [vulnerability]})
}

#[test]
fn csaf_names_products_through_its_tree() {
    let judged = |id: &str| {
        csaf(json!({"cve": "CVE-2026-1", "product_status": {"known_not_affected": [id]},
            "flags": [{"label": "vulnerable_code_not_present", "group_ids": ["G"]}]}))
    };
    for (id, expected) in [("S", silenced(1)), ("D:S", silenced(1)), ("E:S", counts(1))] {
        assert_eq!(outcome(&with(&[judged(id)])), expected, "{id}");
    }
    // A range of versions that the purl does not tell is not read as all versions; nor is what lacks its reason.
    for (document, words) in [
        (judged("R"), "range of versions"),
        (csaf(json!({"cve": "CVE-2026-1", "product_status": {"fixed": ["X"]}})), "no product of its tree"),
        (csaf(json!({"cve": "CVE-2026-1", "product_status": {"known_not_affected": ["S"]}})), "neither a flag nor"),
    ] {
        let project = builder().file("vex.json", document.to_string()).build();
        let import = run(&project, &["intel", "import", "vex.json", "record.json"]).expect(0);
        assert!(import.stderr.contains(words) && import.stdout.contains("1 understood in part"), "{}", import.stderr);
        assert_eq!(outcome(&project), counts(0));
    }
    let fixed = csaf(json!({"ids": [{"system_name": "GitHub", "text": "GHSA-1"}], "product_status": {"fixed": ["S"]}}));
    assert_eq!(outcome(&with(&[fixed])), silenced(1));
    let mut draft = judged("S");
    draft["document"]["tracking"]["status"] = "draft".into();
    let mut advisory = judged("S");
    advisory["document"]["category"] = "csaf_security_advisory".into();
    for (document, words) in [(draft, "draft"), (advisory, "csaf_vex")] {
        let project = builder().file("vex.json", document.to_string()).build();
        let import = run(&project, &["intel", "import", "vex.json"]).expect(2);
        assert!(import.stderr.contains(words) && import.stderr.contains("vex.json"), "{}", import.stderr);
    }
}

fn cyclonedx(version: &str, affects: Value, analysis: Value) -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": version, "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "version": 1, "metadata": {"timestamp": MAY, "supplier": {"name": "Acme"}},
        "components": [{"type": "library", "bom-ref": "s", "name": "scales", "version": "1.1.0", "purl": "pkg:npm/scales"}],
        "vulnerabilities": [{"id": "CVE-2026-1", "analysis": analysis, "affects": [affects]}]})
}

#[test]
fn cyclonedx_refers_by_reference_purl_or_link() {
    let analysis = || json!({"state": "not_affected", "justification": "code_not_reachable"});
    for (affects, expected) in [
        (json!({"ref": "s"}), silenced(1)),
        (json!({"ref": PURL}), silenced(1)),
        (json!({"ref": format!("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#{PURL}")}), silenced(1)),
        (json!({"ref": "pkg:npm/scales", "versions": [{"version": "1.1.0"}]}), silenced(1)),
        (json!({"ref": "pkg:npm/scales", "versions": [{"version": "1.0.0"}]}), counts(0)),
        (json!({"ref": "pkg:npm/scales", "versions": [{"range": "vers:npm/<9"}]}), counts(0)),
        (json!({"ref": "nothing"}), counts(0)),
    ] {
        assert_eq!(outcome(&with(&[cyclonedx("1.6", affects.clone(), analysis())])), expected, "{affects}");
    }
    for (version, state, expected) in [
        ("1.4", "resolved", silenced(1)),
        ("1.5", "false_positive", silenced(1)),
        ("1.7", "exploitable", counts(1)),
        ("1.6", "in_triage", counts(1)),
    ] {
        let document = cyclonedx(version, json!({"ref": "s"}), json!({"state": state}));
        assert_eq!(outcome(&with(&[document])), expected, "{version} {state}");
    }
    // The product that the document describes is the one that is judged.
    let mut within = cyclonedx("1.6", json!({"ref": "s"}), analysis());
    within["metadata"]["component"] = json!({"type": "application", "name": "other", "bom-ref": "o"});
    assert_eq!(outcome(&with(&[within.clone()])), counts(1));
    within["metadata"]["component"]["name"] = "demo".into();
    assert_eq!(outcome(&with(&[within])), silenced(1));
}

#[test]
fn what_is_broken_is_named_and_silences_nothing() {
    let mut sbom = cyclonedx("1.6", json!({"ref": "s"}), Value::Null);
    sbom["vulnerabilities"] = json!([]);
    let no_products = json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a"});
    for (document, words) in [
        (cyclonedx("1.3", json!({"ref": "s"}), json!({"state": "resolved"})), "1.4 to 1.7"),
        (sbom, "SBOM"),
        (no_products, "`statements`"),
        (json!({"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{"products": 7}]}), "invalid type"),
    ] {
        let project = builder().file("vex.json", document.to_string()).build();
        let import = run(&project, &["intel", "import", "vex.json", "record.json"]).expect(2);
        assert!(import.stderr.contains(words) && import.stderr.contains("vex.json"), "{}", import.stderr);
        // All or nothing.
        run(&project, &["intel", "status"]).expect(2);
    }
    let bare = json!({"vulnerability": {"name": "CVE-2026-1"}, "products": [{"@id": PURL}], "status": "not_affected"});
    let odd = json!({"vulnerability": {"name": "CVE-2026-1"}, "products": [{"@id": PURL}], "status": "fine"});
    let nameless = json!({"vulnerability": {}, "products": [{"@id": PURL}], "status": "fixed"});
    let mut document = openvex("Acme", MAY, Value::Null);
    document["statements"] = json!([bare, odd, nameless]);
    let project = builder().file("vex.json", document.to_string()).build();
    let import = run(&project, &["intel", "import", "record.json", "vex.json"]).expect(0);
    assert!(import.stdout.contains("3 understood in part"), "{}", import.stdout);
    assert!(import.stderr.contains("neither a justification nor an impact statement"), "{}", import.stderr);
    assert_eq!(outcome(&project), counts(0));
}

#[test]
fn judgements_are_counted_found_and_shown() {
    let project = with(&[openvex("Acme", MAY, not_affected("CVE-2026-1", PURL))]);
    let status = run(&project, &["intel", "status"]).expect(0);
    assert!(status.stdout.contains("1 judgements of vulnerabilities (VEX) in 1 documents"), "{}", status.stdout);
    let status = run(&project, &["intel", "status", "--format", "json"]).expect(0).json();
    assert_eq!((&status["vex_documents"], &status["vex_statements"]), (&1.into(), &1.into()));
    for text in ["CVE-2026", "scales", "acme", "vex-1"] {
        let found = run(&project, &["intel", "search", text]).expect(0);
        assert!(
            found.stdout.contains("CVE-2026-1  not affected  pkg:npm/scales@1.1.0  Acme"),
            "{text}: {}",
            found.stdout
        );
    }
    // By an alias that only the record knows.
    for id in ["CVE-2026-1", "GHSA-1", "https://Acme.invalid/vex-1"] {
        let shown = run(&project, &["intel", "show", id]).expect(0);
        assert!(shown.stdout.contains("justification vulnerable_code_not_in_execute_path"), "{id}: {}", shown.stdout);
    }
    let shown = run(&project, &["intel", "show", "GHSA-1", "--format", "json"]).expect(0).json();
    assert_eq!(shown["vex"][0]["author"], "Acme");
}
