//! Hangs whoever loads it.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "endless-loop",
    summary: "Loops for ever when it is installed or imported",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1499.003"],
    remedy: REVIEW,
    doc: include_str!("endless_loop.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let loops = c.of(CapabilityId::ProcessKill).filter(|kill| {
        is_unasked(kill.trigger) && name_of(kill).is_some_and(|name| name.contains("loop without an end"))
    });
    let cases = loops.map(|hang| {
        let floods = name_of(hang).is_some_and(|name| name.contains("starts processes"));
        let does = if floods { "starts processes" } else { "prints" };
        let title = format!("{} {does} in a loop that never ends {}", c.label(), when_words(hang.trigger));
        Case::new(HARMFUL, title, evidence_of([hang]))
    });
    report_worst(out, &META, cases);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn nobody_waits_for_ever() {
        let hang = || cap(CapabilityId::ProcessKill, named("the process, by a loop without an end"));
        let at = |trigger| Facts::new().caps([hang().at(trigger)]).verdict(META.id);
        assert_eq!(at(Trigger::Import), Verdict::Malicious);
        assert_eq!(at(Trigger::Call), Verdict::Clean);
        let other = Facts::new().caps([cap(CapabilityId::ProcessKill, named("4711")).at(Trigger::Import)]);
        assert_eq!(other.verdict(META.id), Verdict::Clean);
    }
}
