//! Verdicts on Python code: what harms is found in whichever dress, and what does not is left alone. Everything is
//! inert: no host exists, no payload works.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::vetch;

/// Packages, each beginning with `=== name`; their files, each beginning with `--- path`. What each has besides is
/// written by [`write`].
const HARMFUL: &str = include_str!("cases/python_harmful.txt");
const HONEST: &str = include_str!("cases/python_honest.txt");

/// A package's name, and its files.
type Case<'c> = (&'c str, Vec<(&'c str, &'c str)>);

fn cases(text: &str) -> Vec<Case<'_>> {
    let parts = |text, mark| -> Vec<(&str, &str)> {
        let sections = str::split(text, mark).filter(|part| !part.is_empty());
        sections.map(|section| section.split_once('\n').unwrap()).collect()
    };
    parts(text, "=== ").into_iter().map(|(name, files)| (name, parts(files, "--- "))).collect()
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    let rest = [
        ("PKG-INFO", "Metadata-Version: 2.1\nName: p\nVersion: 1.0.0\n"),
        ("setup.py", "from setuptools import setup\nsetup(name='p', version='1.0.0', packages=['p'])\n"),
        ("p/__init__.py", ""),
    ];
    for (path, text) in rest.iter().chain(files) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The releases by the names of their cases, which are scanned as targets of one run.
fn releases<'c>(cases: &[Case<'c>]) -> Vec<(&'c str, Value)> {
    let folder = tempfile::tempdir().unwrap();
    for (name, files) in cases {
        write(&folder.path().join(name), files);
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

#[test]
fn what_harms_is_malicious() {
    for (name, release) in releases(&cases(HARMFUL)) {
        assert_eq!(release["verdict"], "malicious", "{name}: {}{}", told(&release), release["profile"]);
    }
}

#[test]
fn what_does_not_is_left_alone() {
    for (name, release) in releases(&cases(HONEST)) {
        let verdict = release["verdict"].as_str().unwrap();
        assert!(["clean", "notable"].contains(&verdict), "{name}: {verdict}{}", told(&release));
    }
}
