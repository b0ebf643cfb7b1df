//! `vetch rules` and `vetch explain`.

use crate::{run, vetch};

fn ids() -> Vec<String> {
    let report = run(&["rules", "list", "--format", "json"]).expect(0).json();
    assert_eq!(report["schema"], "vetch.rules/1");
    let rules = report["rules"].as_array().unwrap();
    rules.iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_list_is_sorted_and_says_the_same_in_both_forms() {
    let ids = ids();
    assert!(ids.len() > 30 && ids.is_sorted(), "{ids:?}");
    let table = run(&["rules", "list"]).expect(0).stdout;
    for id in ids {
        assert!(table.contains(&id), "{id}");
    }
}

#[test]
fn every_listed_rule_is_explained() {
    for id in ["stale-exception", "expired-exception", "policy-changed", "injected-dependency"] {
        assert!(ids().iter().any(|it| it == id), "{id}");
        let page = run(&["explain", id]).expect(0).stdout;
        assert!(page.starts_with(id) && page.contains("What to do") || page.lines().count() > 10, "{page}");
    }
}

#[test]
fn an_unknown_rule_is_an_error_with_advice() {
    let near = run(&["explain", "injected-dependancy"]).expect(2);
    assert!(near.stdout.is_empty());
    assert_eq!(
        near.stderr,
        "error: there is no rule `injected-dependancy`\nhint: did you mean `injected-dependency`?\n"
    );
    let far = run(&["explain", "zzzzzzzz"]).expect(2);
    assert!(far.stderr.contains("vetch rules list"), "{}", far.stderr);
}

/// A folder with one file of rules.
fn own_rules(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme.toml"), text).unwrap();
    folder
}

const SPAWNS: &str = r#"version = 1
[[rule]]
id = "acme-no-children"
summary = "Starts programs"
severity = "high"
capability = { is = "process.spawn" }
when = 'capability.trigger != "test"'
[[rule.test]]
expect = true
[rule.test.files]
"package.json" = '{ "name": "tool", "version": "1.0.0", "main": "index.js" }'
"index.js" = "require('child_process').execSync('uname');"
[[rule.test]]
expect = EXPECTED
[rule.test.files]
"tool/__init__.py" = "import os; os.system('uname')"
"#;

#[test]
fn a_new_rule_passes_its_tests_and_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let new = || vetch(&["rules", "new", "acme-no-telemetry"]).dir(folder.path()).run();
    assert!(new().expect(0).stdout.contains("vetch rules test rules"));
    let tested = vetch(&["rules", "test", "rules"]).dir(folder.path()).run().expect(0);
    assert!(tested.stdout.ends_with("\n2 passed, 0 failed\n"), "{}", tested.stdout);
    assert!(new().expect(2).stderr.contains("is there already"));
    let listed = vetch(&["rules", "list", "--rules", "rules"]).dir(folder.path()).run().expect(0);
    assert!(listed.stdout.contains("acme-no-telemetry"), "{}", listed.stdout);
    let taken = vetch(&["rules", "new", "file-wiper"]).dir(folder.path()).run().expect(2);
    assert!(taken.stderr.contains("there is a rule `file-wiper` already"), "{}", taken.stderr);
}

#[test]
fn tests_beside_a_rule_say_what_the_package_does() {
    let folder = own_rules(&SPAWNS.replace("EXPECTED", "true"));
    let passed = vetch(&["rules", "test", "."]).dir(folder.path()).run().expect(0);
    assert!(passed.stdout.ends_with("\n2 passed, 0 failed\n"), "{}", passed.stdout);
    let folder = own_rules(&SPAWNS.replace("EXPECTED", "false"));
    let failed = vetch(&["rules", "test", "."]).dir(folder.path()).run().expect(1);
    assert!(failed.stdout.contains("acme-no-children test 2: FAILED"), "{}", failed.stdout);
    assert!(failed.stdout.contains("the package does: process.spawn(uname) at import"), "{}", failed.stdout);
}

#[test]
fn findings_of_own_rules_fail_a_scan_and_can_be_excepted() {
    let folder = own_rules(&SPAWNS.replace("EXPECTED", "true"));
    std::fs::write(folder.path().join("package.json"), r#"{ "name": "tool", "version": "1.0.0", "main": "index.js" }"#)
        .unwrap();
    std::fs::write(folder.path().join("index.js"), "require('child_process').execSync('uname');").unwrap();
    let scan = |more: &[&str]| {
        let mut command = vec!["scan", "--offline", "--no-cache", "--format", "json"];
        command.extend(more);
        vetch(&command).dir(folder.path()).run()
    };
    let report = scan(&["--rules", "acme.toml"]).expect(1).json();
    let finding = &report["releases"][0]["findings"][0];
    assert_eq!(finding["rule"], "acme-no-children");
    assert_eq!(finding["evidence"][0]["file"], "index.js");
    assert_eq!(scan(&[]).expect(0).json()["releases"][0]["findings"].as_array().unwrap().len(), 0);
}

#[test]
fn errors_in_rules_name_the_line_and_nothing_is_scanned() {
    let folder = own_rules("version = 1\n[[rule]]\nid = \"a\"\nsummary = \"x\"\nseverity = \"high\"\nwhen = \"1 +\"\n");
    let run = vetch(&["scan", "--offline", "--no-cache", "--rules", "."]).dir(folder.path()).run().expect(2);
    assert!(run.stderr.contains("acme.toml:6: the condition is no CEL expression"), "{}", run.stderr);
    assert!(run.stdout.is_empty());
    let none = vetch(&["scan", "--rules", "nowhere.toml"]).dir(folder.path()).run().expect(2);
    assert!(none.stderr.contains("cannot read rules from `nowhere.toml`"), "{}", none.stderr);
}
