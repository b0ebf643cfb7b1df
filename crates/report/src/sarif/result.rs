//! One result for each finding, the worst releases first.

use serde_json::{Value, json};
use vetch_model::scan::{ReleaseResult, Scan};
use vetch_model::{Evidence, Finding, Location, RuleMeta};

use super::limits::{Budget, MAX_MESSAGE, MAX_RELATED, cut};
use super::uri::{self, Uri};
use super::{message, rules};
use crate::label::release_label;

/// Every finding, as far as the limits allow.
pub(super) fn results(scan: &Scan, rules: &[RuleMeta], bases: &[String], budget: &mut Budget) -> Vec<Value> {
    let mut releases: Vec<&ReleaseResult> = scan.releases.iter().collect();
    releases.sort_by_key(|release| std::cmp::Reverse((release.verdict, release.score)));
    let mut results = Vec::new();
    let of_targets = scan.findings.iter().map(|one| {
        let base = bases.get(one.target).map_or("", String::as_str);
        Subject { release: None, base, finding: &one.finding }
    });
    let of_releases = releases.into_iter().flat_map(|release| {
        let base = release.locations.first().and_then(|location| bases.get(location.target)).map_or("", String::as_str);
        release.findings.iter().map(move |finding| Subject { release: Some(release), base, finding })
    });
    let mut subjects: Vec<Subject<'_>> = of_releases.chain(of_targets).collect();
    // Stable: within a verdict, releases stay in order of score.
    subjects.sort_by_key(|subject| std::cmp::Reverse(subject.finding.verdict()));
    for subject in subjects {
        if !budget.open() {
            budget.left_out += 1;
            continue;
        }
        let result = subject.result(rules, bases, budget);
        budget.spend(result.to_string().len());
        results.push(result);
    }
    results
}

/// A finding and what it is about.
struct Subject<'a> {
    release: Option<&'a ReleaseResult>,
    base: &'a str,
    finding: &'a Finding,
}

impl Subject<'_> {
    fn result(&self, rules: &[RuleMeta], bases: &[String], budget: &mut Budget) -> Value {
        let finding = self.finding;
        let related = if budget.full() {
            self.related(bases, budget)
        } else {
            budget.slimmed += 1;
            Vec::new()
        };
        let mut result = json!({
            "ruleId": finding.rule,
            "level": rules::level(finding.severity),
            "message": { "text": self.message(!related.is_empty()) },
            "locations": [self.primary()],
            "relatedLocations": related,
            "partialFingerprints": self.fingerprints(),
            "properties": {
                "severity": finding.severity.as_str(),
                "confidence": finding.confidence.as_str(),
            },
        });
        if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
            result["ruleIndex"] = json!(index);
        }
        if let Some(release) = self.release {
            result["properties"]["purl"] = json!(cut(release.purl.as_str(), MAX_MESSAGE));
            result["properties"]["verdict"] = json!(release.verdict.as_str());
        }
        result
    }

    /// What, how it got in, where the evidence is, what to do.
    fn message(&self, linked: bool) -> String {
        let mut text = match self.release {
            Some(release) => message(&format!("{}: {}.", release_label(&release.purl), self.finding.title)),
            None => message(&format!("{}.", self.finding.title)),
        };
        if let Some(path) = self.release.and_then(|release| release.paths.first()) {
            let steps: Vec<&str> = path.iter().map(|step| step.label.as_str()).collect();
            text.push_str(&message(&format!(" How it got in: {}.", steps.join(" › "))));
        }
        if linked && let Some(evidence) = self.finding.evidence.first() {
            let at = evidence.location();
            text.push_str(&format!(" See [{}](1).", message(&line_of(at))));
        }
        text.push_str(&message(&format!(" What to do: {}", self.finding.remedy.replace('\n', " "))));
        text
    }

    /// The declaration in the lockfile, or the best there is.
    fn primary(&self) -> Value {
        let Some(release) = self.release else {
            return self.finding.evidence.first().map_or_else(
                || uri::physical(&uri::in_project(self.base, "package.json"), 0, None),
                |evidence| {
                    uri::physical(
                        &uri::in_project(self.base, &evidence.location().file),
                        evidence.location().line,
                        None,
                    )
                },
            );
        };
        let first = release.locations.first();
        let (uri, line) = match first.map(|location| (&location.declared_at, &location.path)) {
            Some((Some(declared), _)) => (uri::in_project(self.base, &declared.file), declared.line),
            Some((None, Some(path))) if path.ends_with(".tgz") => (uri::in_project(self.base, path), 1),
            Some((None, Some(path))) => (uri::in_project(self.base, &format!("{path}/package.json")), 1),
            _ => (uri::in_project(self.base, "package.json"), 1),
        };
        // Code scanning takes no result without a line.
        let mut location = uri::physical(&uri, line.max(1), None);
        location["logicalLocations"] =
            json!([{ "fullyQualifiedName": cut(release.purl.as_str(), MAX_MESSAGE), "kind": "package" }]);
        location
    }

    /// The evidence, then the other places where the release is declared.
    fn related(&self, bases: &[String], budget: &mut Budget) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        for evidence in self.finding.evidence.iter().take(MAX_RELATED) {
            let at = evidence.location();
            let mut location = uri::physical(&self.evidence_uri(evidence), at.line, snippet(evidence));
            location["message"] = json!({ "text": message(evidence.note()) });
            all.push(location);
        }
        let places = self.release.map_or(&[][..], |release| release.locations.get(1..).unwrap_or_default());
        let declared = places.iter().filter_map(|place| Some((place.target, place.declared_at.as_ref()?)));
        let total = self.finding.evidence.len() + declared.clone().count();
        for (target, at) in declared.take(MAX_RELATED - all.len()) {
            let base = bases.get(target).map_or("", String::as_str);
            let mut location = uri::physical(&uri::in_project(base, &at.file), at.line, None);
            location["message"] = json!({ "text": "declared here too" });
            all.push(location);
        }
        budget.related += total - all.len();
        for (at, location) in all.iter_mut().enumerate() {
            location["id"] = json!(at + 1);
        }
        all
    }

    /// In the installed folder; else under the release's name. Evidence about the lockfile or about what is
    /// installed names its file relative to the target already.
    fn evidence_uri(&self, evidence: &Evidence) -> Uri {
        let file = evidence.location().file.as_str();
        let Some(release) = self.release else { return uri::in_project(self.base, file) };
        let in_target = is_of_another(evidence)
            || release.locations.iter().any(|place| {
                let declared = place.declared_at.as_ref().is_some_and(|at| at.file == file);
                declared || place.path.as_deref().is_some_and(|path| is_below(file, path))
            });
        match release.locations.first().and_then(|location| location.path.as_deref()) {
            _ if in_target => uri::in_project(self.base, file),
            Some(path) if !path.ends_with(".tgz") => uri::in_project(self.base, &format!("{path}/{file}")),
            _ => uri::in_release(&release_label(&release.purl), file),
        }
    }

    /// The same finding in the next run, though lines may have moved: the rule,
    /// the release, and the words of the strongest evidence.
    fn fingerprints(&self) -> Value {
        let mut hash = blake3::Hasher::new();
        let mut part = |text: &str| {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        part(self.finding.rule);
        part(self.release.map_or(self.base, |release| release.purl.as_str()));
        if let Some(evidence) = self.finding.evidence.first() {
            part(&evidence.location().file);
            part(snippet(evidence).unwrap_or_default());
        }
        let hex = hash.finalize().to_hex();
        // GitHub matches by the first alone; others by any.
        json!({ "primaryLocationLineHash": format!("{}:1", &hex[..16]), "vetchFinding/v1": hex[..32] })
    }
}

/// Whether it is a field in the manifest of another installed package: the one that asks for this.
fn is_of_another(evidence: &Evidence) -> bool {
    matches!(evidence, Evidence::Field { location, .. } if location.file.split('/').any(|part| part == "node_modules"))
}

fn is_below(file: &str, folder: &str) -> bool {
    !folder.is_empty() && file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// `file:line`, or the file alone.
fn line_of(at: &Location) -> String {
    if at.line > 0 { format!("{}:{}", at.file, at.line) } else { at.file.clone() }
}

/// The words that the evidence rests on.
fn snippet(evidence: &Evidence) -> Option<&str> {
    match evidence {
        Evidence::Code { excerpt, .. } => Some(excerpt),
        Evidence::Field { found, .. } => Some(found),
        Evidence::File { .. } => None,
    }
}
