//! Looks whether it is watched before it acts.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "evasion-check",
    summary: "Checks for analysis, locale or delay before it does something sensitive",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1497", "T1614.001", "T1480"],
    remedy: REVIEW,
    doc: include_str!("evasion_check.md"),
};

/// Checks that honest installers make all the time are not among them: whether this is CI, whether
/// there is a terminal.
const SUSPECT: &[&str] = &[
    "locale", "timezone", "geo", "country", "sandbox", "vm", "virtual", "debugger", "analysis", "uptime", "delay",
    "log-supp",
];

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c
        .of(CapabilityId::Evade)
        .filter(|evade| is_unasked(evade.trigger) && evades(evade, SUSPECT))
        .filter_map(|evade| judge(c, evade));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, evade: &Capability) -> Option<Case> {
    let file = &evade.evidence.location().file;
    let deeds: Vec<&Capability> = c
        .reached()
        .filter(|deed| deed.trigger == evade.trigger && deed.evidence.location().file == *file)
        .filter(|deed| {
            is_network(deed.id)
                || matches!(deed.id, CapabilityId::ProcessSpawn | CapabilityId::EnvEnumerate)
                || reads_secrets(deed)
        })
        .collect();
    let hidden = c.concealment(evade);
    let grade = match (hidden.is_some(), deeds.len(), evade.trigger) {
        (_, 0, _) => return None,
        (true, ..) => DOUBTFUL,
        (false, 2.., Trigger::Install) => UNCLEAR,
        _ => (Severity::Low, Confidence::Medium),
    };
    let mechanism = name_of(evade).unwrap_or_default();
    let title = format!("{} looks at {mechanism} before it acts {}", c.label(), when_words(evade.trigger));
    let mut evidence = vec![evade.evidence.clone()];
    evidence.extend(evidence_of(deeds));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "evasion-check";

    fn check_of(mechanism: &str) -> Facts {
        Facts::new().caps([cap(CapabilityId::Evade, named(mechanism)), net("*"), spawn("sh")])
    }

    #[test]
    fn hidden_checks_are_suspicious() {
        let facts = check_of("debugger").signal(SignalKind::SelfDefending, Trigger::Install, "setup.js", 90);
        assert_eq!(facts.verdict(RULE), Verdict::Suspicious);
        assert_eq!(check_of("locale").verdict(RULE), Verdict::Notable);
    }

    #[test]
    fn every_installer_looks_for_ci() {
        assert_eq!(check_of("ci").verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().caps([cap(CapabilityId::Evade, named("locale"))]).verdict(RULE), Verdict::Clean);
    }
}
