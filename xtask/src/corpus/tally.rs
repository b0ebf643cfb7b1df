//! Counts over the reports of several projects, each release once.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// What is needed of a report (`vetch.report/1`).
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    releases: Vec<Release>,
    incomplete: Vec<Incomplete>,
}

#[derive(Debug, Clone, Deserialize)]
struct Release {
    purl: String,
    verdict: Verdict,
    findings: Vec<Finding>,
    incomplete: Vec<Incomplete>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Clean,
    Notable,
    Incomplete,
    Suspicious,
    Malicious,
}

#[derive(Debug, Clone, Deserialize)]
struct Finding {
    rule: String,
    title: String,
    severity: String,
    confidence: String,
    evidence: Vec<Evidence>,
}

/// Of any kind; what a kind has not, is `None`.
#[derive(Debug, Clone, Deserialize)]
struct Evidence {
    file: String,
    line: Option<u32>,
    excerpt: Option<String>,
    field: Option<String>,
    found: Option<String>,
    note: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Incomplete {
    what: String,
    why: String,
}

impl Report {
    /// The verdict of every release, by its name in its purl.
    pub(super) fn verdicts(&self) -> BTreeMap<String, Verdict> {
        let named = |release: &Release| Some((super::robust::name_of(&release.purl)?, release.verdict));
        self.releases.iter().filter_map(named).collect()
    }
}

/// The worst that was said of every release.
#[derive(Debug, Default)]
pub(super) struct Tally {
    releases: BTreeMap<String, Release>,
    /// Reason → how often, and one example.
    incomplete: BTreeMap<String, (usize, String)>,
}

impl Tally {
    /// Adds the report of one project, but not the project itself.
    pub(super) fn add(&mut self, report: &Report, own: Option<&str>) {
        for release in report.releases.iter().filter(|release| Some(release.purl.as_str()) != own) {
            let known = self.releases.get(&release.purl).map(|known| known.verdict);
            // A release of several projects lacks the same things in each.
            if known.is_none() {
                release.incomplete.iter().for_each(|incomplete| self.count(&release.purl, incomplete));
            }
            if known.is_none_or(|known| known < release.verdict) {
                self.releases.insert(release.purl.clone(), release.clone());
            }
        }
        report.incomplete.iter().for_each(|incomplete| self.count("the project", incomplete));
    }

    fn count(&mut self, place: &str, incomplete: &Incomplete) {
        let reason = incomplete.why.replace(|c: char| c.is_ascii_digit(), "#");
        let example = || (0, format!("{place}: {}", incomplete.what));
        self.incomplete.entry(reason).or_insert_with(example).0 += 1;
    }

    fn of(&self, verdict: Verdict) -> impl Iterator<Item = &Release> {
        self.releases.values().filter(move |release| release.verdict == verdict)
    }

    /// How many releases there are.
    pub(super) fn count_all(&self) -> usize {
        self.releases.len()
    }

    /// How many of them have this verdict.
    pub(super) fn count_of(&self, verdict: Verdict) -> usize {
        self.of(verdict).count()
    }

    /// The bars that are not met, in words.
    pub(super) fn missed(&self, least: usize, suspicious_one_in: usize) -> Vec<String> {
        let (all, malicious) = (self.releases.len(), self.of(Verdict::Malicious).count());
        let suspicious = self.of(Verdict::Suspicious).count();
        let mut missed = Vec::new();
        if all < least {
            missed.push(format!("{all} releases are fewer than {least}"));
        }
        if malicious > 0 {
            missed.push(format!("{malicious} are malicious"));
        }
        if suspicious * suspicious_one_in > all {
            missed.push(format!("{suspicious} of {all} are suspicious, more than 1 in {suspicious_one_in}"));
        }
        missed
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for verdict in [Verdict::Malicious, Verdict::Suspicious] {
            for release in self.of(verdict) {
                writeln!(f, "\n{verdict:?} {}", plain(&release.purl))?;
                release.findings.iter().try_for_each(|finding| show(f, finding))?;
            }
        }
        writeln!(f, "\nincomplete, by reason:")?;
        let mut reasons: Vec<_> = self.incomplete.iter().collect();
        reasons.sort_by_key(|(reason, (count, _))| (std::cmp::Reverse(*count), *reason));
        for (reason, (count, example)) in reasons {
            writeln!(f, "{count:>6}  {} ({})", plain(reason), plain(example))?;
        }
        let all = self.releases.len();
        writeln!(f, "\n{all} releases:")?;
        for verdict in [Verdict::Malicious, Verdict::Suspicious, Verdict::Incomplete, Verdict::Notable, Verdict::Clean]
        {
            let count = self.of(verdict).count();
            let rate = all.checked_div(count).map(|one_in| format!("  1 in {one_in}")).unwrap_or_default();
            writeln!(f, "{count:>6}  {}{rate}", format!("{verdict:?}").to_lowercase())?;
        }
        Ok(())
    }
}

fn show(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    writeln!(f, "  {} ({}, {}): {}", finding.rule, finding.severity, finding.confidence, plain(&finding.title))?;
    for evidence in finding.evidence.iter().take(4) {
        let line = evidence.line.map(|line| format!(":{line}")).unwrap_or_default();
        writeln!(f, "    {}{line}: {}", plain(&evidence.file), plain(&evidence.note))?;
        let field = evidence.field.as_deref().map(|field| format!("{field}: ")).unwrap_or_default();
        if let Some(shown) = evidence.excerpt.as_deref().or(evidence.found.as_deref()) {
            writeln!(f, "      {}{}", plain(&field), plain(shown.trim()))?;
        }
    }
    Ok(())
}

/// Text of strangers, safe to print: nothing but visible ASCII, and not too much of it.
fn plain(text: &str) -> String {
    let mut plain: String = text.chars().take(200).flat_map(escaped).collect();
    if text.chars().nth(200).is_some() {
        plain.push('…');
    }
    plain
}

fn escaped(c: char) -> Vec<char> {
    if c == ' ' || c.is_ascii_graphic() { vec![c] } else { c.escape_unicode().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{
        "schema": "vetch.report/1",
        "releases": [
            {"purl": "pkg:npm/corpus@1.0.0", "verdict": "suspicious", "findings": [], "incomplete": []},
            {"purl": "pkg:npm/a@1.0.0", "verdict": "clean", "score": 0, "findings": [], "incomplete": []},
            {"purl": "pkg:npm/b@1.0.0", "verdict": "suspicious", "incomplete": [], "findings": [{
                "rule": "credential-theft", "title": "b reads\u001b[2J tokens", "severity": "high", "confidence": "medium",
                "evidence": [
                    {"kind": "code", "file": "index.js", "line": 3, "excerpt": "  read()", "note": "reads", "layer": 0},
                    {"kind": "file", "file": "x.bin", "line": null, "note": "is one"}
                ]}]},
            {"purl": "pkg:npm/c@1.0.0", "verdict": "incomplete", "findings": [], "incomplete": [
                {"what": "lib/c.js", "why": "12 MB are too large", "hint": "", "file": null, "line": null}]}
        ],
        "incomplete": [{"what": "node_modules", "why": "7 MB are too large", "hint": ""}]
    }"#;

    fn tally() -> Tally {
        let report: Report = serde_json::from_str(REPORT).unwrap();
        let mut tally = Tally::default();
        tally.add(&report, Some("pkg:npm/corpus@1.0.0"));
        tally.add(&report, Some("pkg:npm/corpus@1.0.0"));
        tally
    }

    #[test]
    fn each_release_counts_once_with_its_worst_verdict() {
        let mut tally = tally();
        assert_eq!(tally.releases.len(), 3);
        let worse = REPORT.replace("\"clean\"", "\"malicious\"");
        tally.add(&serde_json::from_str(&worse).unwrap(), None);
        assert_eq!(tally.of(Verdict::Malicious).count(), 1);
        assert_eq!(tally.of(Verdict::Suspicious).count(), 2);
    }

    #[test]
    fn bars_are_compared() {
        let tally = tally();
        assert!(tally.missed(3, 3).is_empty());
        assert_eq!(tally.missed(4, 4), ["3 releases are fewer than 4", "1 of 3 are suspicious, more than 1 in 4"]);
        let worse: Report = serde_json::from_str(&REPORT.replace("suspicious", "malicious")).unwrap();
        let mut tally = Tally::default();
        tally.add(&worse, None);
        assert_eq!(tally.missed(0, 1), ["2 are malicious"]);
    }

    #[test]
    fn what_is_not_clean_is_listed_with_its_evidence_and_safe_to_print() {
        let text = tally().to_string();
        assert!(
            text.contains("Suspicious pkg:npm/b@1.0.0\n  credential-theft (high, medium): b reads\\u{1b}[2J tokens\n"),
            "{text}"
        );
        assert!(text.contains("    index.js:3: reads\n      read()\n    x.bin: is one\n"), "{text}");
        assert!(text.contains("     2  # MB are too large (the project: node_modules)\n"), "{text}");
        assert!(text.contains("     1  ## MB are too large (pkg:npm/c@1.0.0: lib/c.js)\n"), "{text}");
        assert!(text.contains("     1  suspicious  1 in 3\n"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
