//! Asks the binary about a release as of a moment: all that was published until then is served, and nothing later.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::parse::Recorded;
use super::{Part, Replay};
use crate::{NpmRegistry, Pkg, Project, ProjectBuilder, PythonIndex, Run, Vetch};

/// When a release is looked at, in minutes after it was published. Later moments only for attacks that nothing told of
/// before.
const MOMENTS: [i64; 3] = [1, 120, 1_440];

/// What a verdict says, from the least to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing found.
    Clean,
    /// Something to know.
    Notable,
    /// Something could not be checked.
    Incomplete,
    /// Something to look at before it is used.
    Suspicious,
    /// Not to be used.
    Malicious,
}

/// What the binary thinks of one release.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The verdict at the first moment at which it was suspicious or worse, else at publication.
    pub verdict: Verdict,
    /// Minutes between its publication and that moment.
    pub minutes: i64,
    /// Rules that found something, worst first.
    pub rules: Vec<String>,
    /// What they say.
    pub titles: Vec<String>,
}

impl Replay {
    /// Judges the release at this place as of a minute after it was published; an attack that is missed, later again.
    pub fn judge(&self, program: &Path, place: usize) -> Judgement {
        let first = self.judge_at(program, place, MOMENTS[0]);
        if first.verdict >= Verdict::Suspicious || self.releases[place].part != Part::Attack {
            return first;
        }
        let later = MOMENTS[1..].iter().map(|minutes| self.judge_at(program, place, *minutes));
        later.into_iter().find(|later| later.verdict >= Verdict::Suspicious).unwrap_or(first)
    }

    fn judge_at(&self, program: &Path, place: usize, minutes: i64) -> Judgement {
        let release = &self.releases[place];
        let published: Timestamp = release.time.parse().unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let moment = published.checked_add(SignedDuration::from_mins(minutes)).expect("a moment in range");
        let there: Vec<&Recorded> = self
            .releases
            .iter()
            .filter(|other| other.time.parse().is_ok_and(|time: Timestamp| time <= moment))
            .collect();
        let run = match release.is_python {
            true => python(program, release, &there, moment),
            false => npm(program, release, &there, moment),
        };
        let (verdict, findings) = worst(&run, &release.purl());
        let texts = |key: &str| -> Vec<String> {
            findings.iter().filter_map(|finding| Some(finding[key].as_str()?.to_owned())).collect()
        };
        let mut rules = texts("rule");
        let mut seen = BTreeSet::new();
        rules.retain(|rule| seen.insert(rule.clone()));
        Judgement { verdict, minutes, rules, titles: texts("title") }
    }
}

/// A project whose lockfile has the release and what it asks for.
fn npm(program: &Path, release: &Recorded, there: &[&Recorded], moment: Timestamp) -> Run {
    let taken = taken(release, there);
    let mut registry = NpmRegistry::builder();
    for pkg in there.iter().filter(|other| !other.is_python).map(|other| other.npm()) {
        registry = registry.package(pkg);
    }
    for pkg in taken.iter().filter(|pkg| !there.iter().any(|other| other.name == pkg.name())) {
        registry = registry.package(pkg.clone());
    }
    let registry = registry.start();
    let settings = format!("registry={}\nfetch-retries=0\n", registry.url());
    let project = Project::builder("app").registry(&registry.url()).user_npmrc(&settings).dep(&release.name, "*");
    let project = taken.into_iter().fold(project, ProjectBuilder::lock_only).build();
    let vetch = Vetch::new(program).home(project.home()).dir(project.root());
    vetch.args(["scan", "--format", "json", "--as-of", &moment.to_string()]).run()
}

/// The release, and all it asks for, directly or not, in the newest version there is. What the replay has not, is
/// some old and harmless package.
fn taken(release: &Recorded, there: &[&Recorded]) -> Vec<Pkg> {
    let mut taken = vec![release.npm()];
    let mut next = 0;
    while let Some(pkg) = taken.get(next) {
        let tables = ["dependencies", "optionalDependencies"].map(|table| pkg.table(table));
        for (name, range) in tables.into_iter().flatten() {
            // What comes from elsewhere is no release of a registry.
            let range = range.as_str().unwrap_or_default().to_owned();
            if range.contains([':', '/']) || taken.iter().any(|other| other.name() == name) {
                continue;
            }
            let newest = there.iter().rev().find(|other| other.name == name);
            taken.push(newest.map_or_else(|| harmless(&name, &range), |other| other.npm()));
        }
        next += 1;
    }
    taken
}

fn harmless(name: &str, range: &str) -> Pkg {
    let version = range.trim_start_matches(['^', '~', '>', '=', ' ']);
    let pkg = Pkg::new(name, version).published_at("2020-05-04T08:00:00Z").field("license", "MIT".into());
    pkg.file("index.js", "module.exports = value => value;\n")
}

/// The release by its name, from an index that the user has set.
fn python(program: &Path, release: &Recorded, there: &[&Recorded], moment: Timestamp) -> Run {
    let index = there.iter().filter(|other| other.is_python);
    let index = index.fold(PythonIndex::builder(), |index, other| index.package(other.python())).start();
    let vetch = Vetch::new(program).env("PIP_INDEX_URL", index.url());
    vetch.args(["scan", "--format", "json", "--as-of", &moment.to_string(), &release.target()]).run()
}

/// The worst verdict on a release of this purl, and what was found in it.
fn worst(run: &Run, purl: &str) -> (Verdict, Vec<Value>) {
    let report = run.json();
    let releases = report["releases"].as_array().into_iter().flatten().filter(|release| release["purl"] == purl);
    let found = releases.map(|release| (verdict(release), release["findings"].as_array().cloned().unwrap_or_default()));
    found.max_by_key(|(verdict, _)| *verdict).unwrap_or_else(|| panic!("no release {purl} in\n{}", run.stdout))
}

fn verdict(release: &Value) -> Verdict {
    match release["verdict"].as_str() {
        Some("clean") => Verdict::Clean,
        Some("notable") => Verdict::Notable,
        Some("incomplete") => Verdict::Incomplete,
        Some("suspicious") => Verdict::Suspicious,
        Some("malicious") => Verdict::Malicious,
        other => panic!("no verdict: {other:?}"),
    }
}
