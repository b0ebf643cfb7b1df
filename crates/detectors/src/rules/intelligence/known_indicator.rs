//! A release that shows what imported intelligence calls a sign of an attack.

use std::collections::BTreeSet;

use vetch_model::advisory::Doubt;
use vetch_model::indicator::{ContextKind, Indicator, IndicatorHit, IndicatorKind, Seen};
use vetch_model::inventory::Ecosystem;

use crate::hosts::{is_everywhere, is_shared_by_all};
use crate::lineage::moment;
use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "known-indicator",
    summary: "Shows an indicator of compromise that was imported",
    category: Category::Intelligence,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1195.001", "T1195.002"],
    remedy: REVIEW,
    doc: include_str!("known_indicator.md"),
};

/// Findings of one release; names of what one indicator belongs to; sources named.
const MAX_FINDINGS: usize = 10;
const MAX_CONTEXT: usize = 4;
const MAX_SOURCES: usize = 3;
/// Indicators that are only written down and make a list: of what to block, of what was seen.
const MANY: usize = 10;
/// Smallest file whose hash says something: licences, stubs and placeholders are in all kinds of packages.
const SMALL: u64 = 64;
/// Below that confidence a source is not sure itself.
const UNSURE: u8 = 40;

type Grade = (Severity, Confidence);

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    let mut hits: Vec<(Grade, &IndicatorHit, &Indicator)> = Vec::new();
    for hit in &facts.intel.indicators {
        let Some(first) = hit.indicators.first() else { continue };
        if is_part_of_another(hit, &facts.intel.indicators) || !seen.insert((first.kind, first.value.clone())) {
            continue;
        }
        if let Some(grade) = grade(hit, first, facts.intel.doubt.as_ref()) {
            hits.push((grade, hit, first));
        }
    }
    let written = hits.iter().filter(|(_, hit, _)| is_only_written(hit)).count();
    if written > MANY {
        let (lists, others) = hits.into_iter().partition(|(_, hit, _)| is_only_written(hit));
        hits = others;
        out.extend(list_of(&lists, facts));
    }
    hits.sort_by_key(|(grade, _, _)| *grade);
    let more = hits.len().saturating_sub(MAX_FINDINGS);
    for (number, (grade, hit, first)) in hits.into_iter().take(MAX_FINDINGS).enumerate() {
        let more = if number == 0 && more > 0 { format!("; {more} more like it are not shown") } else { String::new() };
        out.push(finding(grade, hit, first, &more, facts));
    }
}

fn finding(
    (severity, confidence): Grade,
    hit: &IndicatorHit,
    first: &Indicator,
    more: &str,
    facts: &ReleaseFacts<'_>,
) -> Finding {
    let title = format!("{} {}{more}", words(hit, first, &facts.package.label()), told_by(hit));
    let remedy = match (severity, &facts.package.ecosystem) {
        (Severity::Critical, Ecosystem::Pypi) => CONTAIN_PYTHON,
        (Severity::Critical, _) => CONTAIN,
        (_, Ecosystem::Pypi) => REVIEW_PYTHON,
        _ => REVIEW,
    };
    let note = notes(hit);
    let own = hit.evidence.note();
    let note = if own.is_empty() { note } else { format!("{own}; {note}") };
    Finding::new(&META, title, hit.evidence.clone().with_note(note))
        .with_severity(severity)
        .with_confidence(confidence)
        .with_remedy(remedy)
}

/// Many that are only written down: the release may well be there to block them.
fn list_of(hits: &[(Grade, &IndicatorHit, &Indicator)], facts: &ReleaseFacts<'_>) -> Option<Finding> {
    let (_, first, _) = hits.first()?;
    let title = format!(
        "{} holds {} indicators that are listed, and does nothing with them: it may be a list of them",
        facts.package.label(),
        hits.len()
    );
    let others = hits.iter().skip(1).take(MANY - 1).map(|(_, hit, _)| hit.evidence.clone().with_note(notes(hit)));
    let finding = Finding::new(&META, title, first.evidence.clone().with_note(notes(first))).with_evidence(others);
    Some(finding.with_severity(Severity::Low).with_confidence(Confidence::Low).with_remedy(KNOW))
}

/// A host of which the address that was found is listed, too, by the same record.
fn is_part_of_another(hit: &IndicatorHit, all: &[IndicatorHit]) -> bool {
    let Some(own) = hit.indicators.first() else { return false };
    if !matches!(own.kind, IndicatorKind::Domain | IndicatorKind::Ip) {
        return false;
    }
    all.iter().any(|other| {
        let same = |one: &Indicator| one.kind == IndicatorKind::Url && one.record == own.record;
        other.seen <= hit.seen
            && other.indicators.iter().any(same)
            && other.indicators.iter().any(|one| {
                let host = one.value.split_once("://").map_or(one.value.as_str(), |(_, rest)| rest);
                host.split(['/', ':', '?']).next() == Some(own.value.as_str())
            })
    })
}

fn is_only_written(hit: &IndicatorHit) -> bool {
    let is_text = hit.kind().is_some_and(|kind| !kind.is_hash());
    is_text && (hit.seen == Seen::Written || (hit.seen != Seen::Own && !hit.trigger.is_reached()))
}

/// How bad and how sure: by what it is, how it is seen, and how sure its source is.
fn grade(hit: &IndicatorHit, first: &Indicator, doubt: Option<&Doubt>) -> Option<Grade> {
    use Confidence as C;
    use Severity as S;
    if first.kind.is_network() && first.kind != IndicatorKind::Url && is_common(first) {
        return None;
    }
    let seen = if is_only_written(hit) { Seen::Written } else { hit.seen };
    let is_unasked = hit.trigger.is_unasked();
    let grade = match (first.kind, seen) {
        (kind, _) if kind.is_hash() && hit.size.is_some_and(|size| size < SMALL) => (S::Low, C::Low),
        (IndicatorKind::Sha256 | IndicatorKind::Sha512, _) => (S::Critical, C::High),
        (IndicatorKind::Md5 | IndicatorKind::Sha1, _) => (S::Critical, C::Medium),
        (IndicatorKind::Package, _) if matches!(doubt, Some(Doubt::Private(_))) => return None,
        (IndicatorKind::Package, _) if doubt.is_some() => (S::High, C::Low),
        (IndicatorKind::Package, _) => (S::Critical, C::Medium),
        (IndicatorKind::Account | IndicatorKind::Email, Seen::Own) => (S::High, C::Medium),
        (IndicatorKind::Url | IndicatorKind::Domain, Seen::Own) => (S::Critical, C::Medium),
        (IndicatorKind::Url | IndicatorKind::Domain, Seen::Used) if is_unasked => (S::Critical, C::Medium),
        (IndicatorKind::Ip, Seen::Own) => (S::High, C::Medium),
        // Addresses change hands within months.
        (IndicatorKind::Ip, Seen::Used) if is_unasked => (S::High, C::Medium),
        (IndicatorKind::Ip, Seen::Used) => (S::High, C::Low),
        (
            IndicatorKind::Url | IndicatorKind::Domain | IndicatorKind::Email | IndicatorKind::Wallet,
            Seen::Used | Seen::Decoded,
        ) => (S::High, C::Medium),
        (IndicatorKind::Ip, Seen::Decoded) => (S::Medium, C::Medium),
        (IndicatorKind::Wallet, _) => (S::High, C::Low),
        (IndicatorKind::FilePath, Seen::Used) => (S::High, C::Low),
        (IndicatorKind::FileName, Seen::Used) => (S::Medium, C::Low),
        (IndicatorKind::FileName | IndicatorKind::FilePath, _) => (S::Low, C::Low),
        _ => (S::Medium, C::Low),
    };
    let is_unsure = hit.indicators.iter().all(|one| one.confidence.is_some_and(|sure| sure < UNSURE));
    Some(if is_unsure { weaker(grade) } else { grade })
}

fn weaker((severity, confidence): Grade) -> Grade {
    match confidence {
        Confidence::High => (severity, Confidence::Medium),
        Confidence::Medium => (severity, Confidence::Low),
        Confidence::Low => (Severity::Low, Confidence::Low),
    }
}

fn is_common(indicator: &Indicator) -> bool {
    match indicator.value.parse() {
        Ok(address) => is_everywhere(&address),
        Err(_) => is_shared_by_all(&indicator.value),
    }
}

/// `axios@1.14.1 connects to c2.invalid at install, which is listed`.
fn words(hit: &IndicatorHit, first: &Indicator, label: &str) -> String {
    let below =
        if hit.value == first.value || first.kind.is_hash() { String::new() } else { format!(" (as {})", hit.value) };
    let thing = format!("the {} {}{below}", noun(first.kind), first.value);
    let when = if hit.trigger.is_unasked() { format!(" at {}", hit.trigger) } else { String::new() };
    match (first.kind, hit.seen) {
        (kind, _) if kind.is_hash() => format!("{label} holds contents that are listed, {thing}"),
        (IndicatorKind::Package, _) => format!("{label} is listed"),
        (IndicatorKind::Account | IndicatorKind::Email, Seen::Own) => {
            format!("{label} is made by {thing}, which is listed")
        }
        (_, Seen::Own) => format!("{label} comes from {thing}, which is listed"),
        (IndicatorKind::FilePath | IndicatorKind::FileName, Seen::Used) => {
            format!("{label} touches {thing}{when}, which is listed")
        }
        (_, Seen::Used) => format!("{label} connects to {thing}{when}, which is listed"),
        (_, Seen::Decoded) => format!("{label} hides {thing}, which is listed"),
        (_, Seen::Written) => format!("{label} names {thing}, which is listed"),
    }
}

fn noun(kind: IndicatorKind) -> &'static str {
    match kind {
        IndicatorKind::Domain => "domain",
        IndicatorKind::Ip => "address",
        IndicatorKind::Url => "URL",
        IndicatorKind::Email => "e-mail address",
        IndicatorKind::Md5 => "MD5",
        IndicatorKind::Sha1 => "SHA-1",
        IndicatorKind::Sha256 => "SHA-256",
        IndicatorKind::Sha512 => "SHA-512",
        IndicatorKind::Wallet => "wallet",
        IndicatorKind::FileName => "file name",
        IndicatorKind::FilePath => "path",
        IndicatorKind::Account => "account",
        IndicatorKind::Package => "package",
    }
}

/// `by CIRCL and 2 more (campaign March, malware DROPPER)`.
fn told_by(hit: &IndicatorHit) -> String {
    let sources: BTreeSet<&str> = hit.indicators.iter().map(|one| one.source.as_str()).collect();
    let named: Vec<&str> = sources.iter().copied().take(MAX_SOURCES).collect();
    let more = sources.len().saturating_sub(MAX_SOURCES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let context: BTreeSet<(ContextKind, &str)> =
        hit.indicators.iter().flat_map(|one| &one.context).map(|one| (one.kind, one.name.as_str())).collect();
    let context: Vec<String> = context
        .into_iter()
        .take(MAX_CONTEXT)
        .map(|(kind, name)| format!("{} {name}", kind.as_str().replace('-', " ")))
        .collect();
    let context = if context.is_empty() { String::new() } else { format!(" ({})", context.join(", ")) };
    format!("by {}{more}{context}", named.join(", "))
}

/// What each source says of it.
fn notes(hit: &IndicatorHit) -> String {
    let one = |one: &Indicator| {
        let mut note = format!("{} lists {} in {}", one.source, one.value, one.record);
        if !one.description.is_empty() {
            note.push_str(&format!(": {}", one.description));
        }
        if let Some(confidence) = one.confidence {
            note.push_str(&format!("; {confidence} of 100 sure"));
        }
        if let Some(until) = one.until {
            note.push_str(&format!("; valid until {}", moment(until)));
        }
        format!("{note}; imported {}", moment(one.imported))
    };
    hit.indicators.iter().take(MAX_SOURCES).map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::history::Time;
    use vetch_model::verdict::Verdict;

    fn hit(kind: IndicatorKind, value: &str, seen: Seen, trigger: Trigger) -> IndicatorHit {
        let indicator = Indicator {
            kind,
            value: value.to_owned(),
            source: "CERT".to_owned(),
            record: "misp:1".to_owned(),
            description: "C2".to_owned(),
            context: Vec::new(),
            confidence: None,
            until: None,
            imported: Time(0),
        };
        IndicatorHit {
            indicators: vec![indicator],
            value: value.to_owned(),
            seen,
            trigger,
            evidence: code("index.js", 1, value, 0),
            size: Some(1_000),
        }
    }

    fn verdict(kind: IndicatorKind, value: &str, seen: Seen, trigger: Trigger) -> Verdict {
        Facts::new().indicators(vec![hit(kind, value, seen, trigger)]).verdict("known-indicator")
    }

    #[test]
    fn how_it_is_seen_decides() {
        use IndicatorKind as Kind;
        for (kind, value, seen, trigger, expected) in [
            (Kind::Sha256, "00", Seen::Own, Trigger::Install, Verdict::Malicious),
            (Kind::Domain, "evil.invalid", Seen::Used, Trigger::Install, Verdict::Malicious),
            (Kind::Domain, "evil.invalid", Seen::Used, Trigger::Call, Verdict::Suspicious),
            (Kind::Domain, "evil.invalid", Seen::Used, Trigger::Test, Verdict::Notable),
            (Kind::Domain, "evil.invalid", Seen::Decoded, Trigger::Import, Verdict::Suspicious),
            (Kind::Domain, "evil.invalid", Seen::Written, Trigger::Import, Verdict::Notable),
            (Kind::Domain, "github.com", Seen::Used, Trigger::Install, Verdict::Clean),
            (Kind::Url, "github.com/evil/x", Seen::Used, Trigger::Install, Verdict::Malicious),
            (Kind::Ip, "192.0.2.1", Seen::Used, Trigger::Install, Verdict::Suspicious),
            (Kind::Ip, "127.0.0.1", Seen::Used, Trigger::Install, Verdict::Clean),
            (Kind::Account, "npm:mallory", Seen::Own, Trigger::Install, Verdict::Suspicious),
            (Kind::FileName, "setup.js", Seen::Own, Trigger::Install, Verdict::Notable),
        ] {
            assert_eq!(verdict(kind, value, seen, trigger), expected, "{kind} {value} {seen:?} {trigger}");
        }
    }

    #[test]
    fn small_files_and_unsure_sources_count_less() {
        let mut small = hit(IndicatorKind::Sha256, "00", Seen::Own, Trigger::Install);
        small.size = Some(10);
        assert_eq!(Facts::new().indicators(vec![small]).verdict("known-indicator"), Verdict::Notable);
        let mut unsure = hit(IndicatorKind::Domain, "evil.invalid", Seen::Used, Trigger::Install);
        unsure.indicators[0].confidence = Some(10);
        assert_eq!(Facts::new().indicators(vec![unsure]).verdict("known-indicator"), Verdict::Suspicious);
    }

    #[test]
    fn a_list_of_indicators_is_one_finding_and_no_alarm() {
        let hits =
            (0..50).map(|n| hit(IndicatorKind::Domain, &format!("h{n}.invalid"), Seen::Written, Trigger::Import));
        Facts::new().indicators(hits.collect()).judge_release(|findings| {
            let [finding] = findings else { panic!("{}", findings.len()) };
            assert!(finding.title.contains("50 indicators") && finding.severity == Severity::Low);
        });
    }

    #[test]
    fn a_host_is_told_with_its_address() {
        let url = hit(IndicatorKind::Url, "evil.invalid:8000/a", Seen::Used, Trigger::Install);
        let domain = hit(IndicatorKind::Domain, "evil.invalid", Seen::Used, Trigger::Install);
        Facts::new().indicators(vec![url, domain]).judge_release(|findings| {
            let [finding] = findings else { panic!("{findings:?}") };
            assert!(finding.title.contains("the URL evil.invalid:8000/a at install"), "{}", finding.title);
        });
    }
}
