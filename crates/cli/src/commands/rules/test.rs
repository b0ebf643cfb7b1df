//! `vetch rules test`: whether rules of the user's find what they must, and leave the rest alone.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use vetch_detectors::user::{RuleTest, UserRule};
use vetch_engine::{CacheMode, Cancel, Quiet, ScanOptions};
use vetch_model::inventory::Ecosystem;

use crate::commands::surroundings;
use crate::exit::{Exit, Failure};
use crate::{interrupt, output};

/// Runs every test; 1 if one fails.
pub(super) fn run(paths: &[PathBuf]) -> Result<Exit, Failure> {
    let rules = vetch_engine::own_rules::load(paths)?;
    let cancel = interrupt::watch()?;
    let (mut text, mut passed, mut failed) = (String::new(), 0usize, 0usize);
    for rule in &rules {
        if rule.tests.is_empty() {
            let _ = writeln!(text, "{}: no tests", rule.meta.id);
        }
        for (number, test) in rule.tests.iter().enumerate() {
            let outcome = outcome(rule, test, &cancel)?;
            let name = format!("{} test {}", rule.meta.id, number + 1);
            match outcome {
                None => {
                    passed += 1;
                    let _ = writeln!(text, "{name}: ok");
                }
                Some(why) => {
                    failed += 1;
                    let _ = writeln!(text, "{name}: FAILED\n  {why}\n  in {}", rule.file.display());
                }
            }
        }
    }
    let _ = writeln!(text, "\n{passed} passed, {failed} failed");
    output::print(text.as_bytes())?;
    Ok(if failed == 0 { Exit::Passed } else { Exit::Failed })
}

/// `None`: as expected. Otherwise what was found instead.
fn outcome(rule: &UserRule, test: &RuleTest, cancel: &Cancel) -> Result<Option<String>, Failure> {
    let folder = tempfile::tempdir().map_err(|error| cannot("make a temporary folder", &error))?;
    for (path, text) in &test.files {
        write(&folder.path().join(path), text)?;
    }
    let is_python = !test.files.contains_key("package.json") && test.files.keys().any(|path| path.ends_with(".py"));
    let options = ScanOptions {
        history: vetch_engine::HistoryOptions::default(),
        intel: vetch_engine::IntelOptions::default(),
        targets: vec![folder.path().to_owned()],
        ecosystem: Some(if is_python { Ecosystem::Pypi } else { Ecosystem::Npm }),
        offline: true,
        archives: None,
        cache: CacheMode::Off,
        jobs: Some(1),
        popular: None,
        rules: vec![rule.file.clone()],
        yara: Vec::new(),
        policy: vetch_engine::policy::PolicyOptions::default(),
        trust_project: false,
        home: surroundings::home(),
        environment: std::collections::BTreeMap::new(),
        today: jiff::Zoned::now().date(),
    };
    let report = vetch_engine::scan(&options, &Quiet, cancel)?;
    let findings = report.scan.releases.iter().flat_map(|release| &release.findings);
    let found = findings.filter(|finding| finding.rule == rule.meta.id).count() > 0;
    if found == test.expect {
        return Ok(None);
    }
    let profile: Vec<String> = report
        .scan
        .releases
        .iter()
        .flat_map(|release| &release.profile.capabilities)
        .map(|capability| format!("{}({}) at {}", capability.id, capability.resource, capability.trigger))
        .collect();
    let seen = if profile.is_empty() { "nothing".to_owned() } else { profile.join(", ") };
    Ok(Some(match test.expect {
        true => format!("it finds nothing; the package does: {seen}"),
        false => format!("it fires, and should not; the package does: {seen}"),
    }))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| cannot("make a folder of a test", &error))?;
    fs::write(path, text).map_err(|error| cannot("write a file of a test", &error))
}

fn cannot(what: &str, error: &std::io::Error) -> Failure {
    Failure {
        message: format!("cannot {what}: {error}"),
        hint: "tests need room in the temporary folder".to_owned(),
        exit: Exit::Error,
    }
}
