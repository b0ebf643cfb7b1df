//! Code pushed out of sight.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "code-hidden-by-whitespace",
    summary: "Hides code behind a run of white space",
    category: Category::Behaviour,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1027"],
    remedy: REVIEW,
    doc: include_str!("code_hidden_by_whitespace.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let hidden = c
        .facts
        .signals
        .iter()
        .filter(|signal| signal.kind == SignalKind::HiddenByWhitespace && signal.trigger.is_reached());
    let cases = hidden.map(|signal| judge(c, signal));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, signal: &vetch_model::facts::Signal) -> Case {
    let place = signal.evidence.location();
    let deeds: Vec<&Capability> = c
        .reached()
        .filter(|deed| deed.evidence.location().file == place.file && deed.evidence.location().line == place.line)
        .filter(|deed| {
            is_network(deed.id)
                || matches!(
                    deed.id,
                    CapabilityId::ProcessSpawn
                        | CapabilityId::CodeEval
                        | CapabilityId::CodeLoad
                        | CapabilityId::EnvEnumerate
                )
                || reads_secrets(deed)
        })
        .collect();
    let grade = match (deeds.is_empty(), is_unasked(signal.trigger)) {
        (true, _) => ODD,
        (false, true) => ALARMING,
        (false, false) => DOUBTFUL,
    };
    let ids: std::collections::BTreeSet<&str> = deeds.iter().map(|deed| deed.id.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let does = if ids.is_empty() { String::new() } else { format!("; it uses {}", list(&ids)) };
    let title = format!("{} of {} holds code pushed out of sight by white space{does}", place.file, c.label());
    let mut evidence = vec![signal.evidence.clone()];
    evidence.extend(evidence_of(deeds));
    Case::new(grade, title, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "code-hidden-by-whitespace";

    #[test]
    fn hidden_processes_are_suspicious() {
        let facts = Facts::new().signal(SignalKind::HiddenByWhitespace, Trigger::Import, "setup.js", 90);
        assert_eq!(facts.verdict(RULE), Verdict::Notable);
        assert_eq!(facts.caps([spawn("sh").at(Trigger::Import)]).verdict(RULE), Verdict::Suspicious);
    }

    #[test]
    fn unreached_files_are_nothing() {
        let facts = Facts::new().signal(SignalKind::HiddenByWhitespace, Trigger::Unreached, "setup.js", 90);
        assert_eq!(facts.verdict(RULE), Verdict::Clean);
    }
}
