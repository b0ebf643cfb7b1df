//! Verdicts on code of both languages: what harms is found in whichever dress, and what does not is left alone.
//! Everything is inert: no host exists, no payload works.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::vetch;

/// Packages, each beginning with `=== name`; their files, each beginning with `--- path`. What each has besides is
/// written by [`write`].
const PYTHON_HARMFUL: &str = include_str!("cases/python_harmful.txt");
const PYTHON_HONEST: &str = include_str!("cases/python_honest.txt");
const JAVASCRIPT_HARMFUL: &str = include_str!("cases/javascript_harmful.txt");
const JAVASCRIPT_HONEST: &str = include_str!("cases/javascript_honest.txt");

/// What a package of Python has besides its case.
const PYTHON: &[(&str, &str)] = &[
    ("PKG-INFO", "Metadata-Version: 2.1\nName: p\nVersion: 1.0.0\n"),
    ("setup.py", "from setuptools import setup\nsetup(name='p', version='1.0.0', packages=['p'])\n"),
    ("p/__init__.py", ""),
];

/// What a package of npm has besides its case.
const JAVASCRIPT: &[(&str, &str)] = &[("package.json", r#"{"name": "p", "version": "1.0.0", "main": "index.js"}"#)];

/// A package's name, and its files.
type Case<'c> = (&'c str, Vec<(&'c str, &'c str)>);

fn cases(text: &str) -> Vec<Case<'_>> {
    parts(text, "=== ").into_iter().map(|(name, files)| (name, parts(files, "--- "))).collect()
}

/// Sections whose first line begins with `mark`: the rest of that line, and what follows it.
fn parts<'t>(text: &'t str, mark: &str) -> Vec<(&'t str, &'t str)> {
    let between = format!("\n{mark}");
    let sections = text.strip_prefix(mark).unwrap().split(&between);
    sections.map(|section| section.split_once('\n').unwrap_or((section, ""))).collect()
}

fn write(folder: &Path, rest: &[(&str, &str)], files: &[(&str, &str)]) {
    for (path, text) in rest.iter().chain(files) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The releases by the names of their cases, which are scanned as targets of one run.
fn releases<'c>(rest: &[(&str, &str)], cases: &[Case<'c>]) -> Vec<(&'c str, Value)> {
    let folder = tempfile::tempdir().unwrap();
    for (name, files) in cases {
        write(&folder.path().join(name), rest, files);
    }
    let names = cases.iter().map(|(name, _)| *name);
    let run = vetch(&["scan", "--offline", "--no-cache", "--format", "json"]).args(names).dir(folder.path()).run();
    let report = run.json();
    let releases = report["releases"].as_array().unwrap();
    let of = |number: usize| {
        let is_here =
            |release: &&Value| release["locations"].as_array().unwrap().iter().any(|place| place["target"] == number);
        releases.iter().find(is_here).unwrap_or_else(|| panic!("{}: {}", cases[number].0, run.stdout)).clone()
    };
    cases.iter().enumerate().map(|(number, (name, _))| (*name, of(number))).collect()
}

fn told(release: &Value) -> String {
    let findings = release["findings"].as_array().unwrap();
    findings.iter().map(|finding| format!("\n  {}", finding["title"].as_str().unwrap())).collect()
}

fn all_are_malicious(rest: &[(&str, &str)], text: &str) {
    for (name, release) in releases(rest, &cases(text)) {
        assert_eq!(release["verdict"], "malicious", "{name}: {}{}", told(&release), release["profile"]);
    }
}

fn none_is_suspicious(rest: &[(&str, &str)], text: &str) {
    for (name, release) in releases(rest, &cases(text)) {
        let verdict = release["verdict"].as_str().unwrap();
        assert!(["clean", "notable"].contains(&verdict), "{name}: {verdict}{}", told(&release));
    }
}

#[test]
fn python_that_harms_is_malicious() {
    all_are_malicious(PYTHON, PYTHON_HARMFUL);
}

#[test]
fn python_that_does_not_is_left_alone() {
    none_is_suspicious(PYTHON, PYTHON_HONEST);
}

#[test]
fn javascript_that_harms_is_malicious() {
    all_are_malicious(JAVASCRIPT, JAVASCRIPT_HARMFUL);
}

#[test]
fn javascript_that_does_not_is_left_alone() {
    none_is_suspicious(JAVASCRIPT, JAVASCRIPT_HONEST);
}
