//! The machine is switched off.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "host-shutdown",
    summary: "Shuts down or restarts the machine",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1529"],
    remedy: CONTAIN,
    doc: include_str!("host_shutdown.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let kills = c.of(CapabilityId::ProcessKill).filter(|kill| name_of(kill) == Some("the system"));
    let cases = kills.map(|kill| {
        let grade = if is_unasked(kill.trigger) { HARMFUL } else { FACT };
        let title = format!("{} shuts the machine down {}", c.label(), when_words(kill.trigger));
        Case::new(grade, title, evidence_of([kill]))
    });
    report_worst(out, &META, cases);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn nobody_is_switched_off_by_importing() {
        let at = |trigger| Facts::new().caps([cap(CapabilityId::ProcessKill, named("the system")).at(trigger)]);
        assert_eq!(at(Trigger::Import).verdict(META.id), Verdict::Malicious);
        assert_eq!(at(Trigger::Call).verdict(META.id), Verdict::Notable);
    }
}
