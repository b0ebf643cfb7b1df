//! Virus scanners, firewalls, backups and logs are switched off.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "protection-switched-off",
    summary: "Switches off what protects the machine: virus scanner, firewall, recovery, logs",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1562.001", "T1562.004", "T1490", "T1070.001"],
    remedy: CONTAIN,
    doc: include_str!("protection_switched_off.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let switches = c.of(CapabilityId::Evade).filter_map(|evade| {
        let what = name_of(evade)?.strip_prefix("protection: ")?;
        let hidden = c.concealment(evade);
        let grade = match (is_unasked(evade.trigger), hidden.is_some()) {
            (true, _) | (false, true) => HARMFUL,
            (false, false) => ODD,
        };
        let title = format!("{} switches {what} off {}", c.label(), when_words(evade.trigger));
        let mut evidence = vec![evade.evidence.clone()];
        evidence.extend(hidden);
        Some(Case::new(grade, title, evidence))
    });
    report_worst(out, &META, switches);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn nothing_that_is_imported_needs_to_be_unwatched() {
        let off = |trigger| {
            let evade = cap(CapabilityId::Evade, named("protection: the firewall")).at(trigger);
            Facts::new().caps([evade]).verdict(META.id)
        };
        assert_eq!(off(Trigger::Import), Verdict::Malicious);
        assert_eq!(off(Trigger::Bin), Verdict::Notable);
        let debugger = Facts::new().caps([cap(CapabilityId::Evade, named("debugger")).at(Trigger::Import)]);
        assert_eq!(debugger.verdict(META.id), Verdict::Clean);
    }
}
