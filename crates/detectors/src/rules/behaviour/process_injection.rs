//! Reads or writes the memory of other processes.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "process-injection",
    summary: "Reads or writes the memory of other processes",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1055", "T1003.007"],
    remedy: CONTAIN,
    doc: include_str!("process_injection.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.of(CapabilityId::ProcessInject).map(|injects| judge(c, injects));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, injects: &Capability) -> Case {
    let hidden = c.concealment(injects);
    let grade = match (is_unasked(injects.trigger), hidden.is_some()) {
        (true, _) => HARMFUL,
        (false, true) => DOUBTFUL,
        // Debuggers and profilers.
        (false, false) => (Severity::Medium, Confidence::Low),
    };
    let target = name_of(injects).map(|name| format!(": {name}")).unwrap_or_default();
    let title =
        format!("{} reaches into the memory of other processes {}{target}", c.label(), when_words(injects.trigger));
    let mut evidence = vec![injects.evidence.clone()];
    evidence.extend(hidden);
    Case::new(grade, title, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn memory_scraping_is_malicious_and_debugging_notable() {
        let injects = |trigger| Facts::new().caps([cap(CapabilityId::ProcessInject, named("/proc/1/mem")).at(trigger)]);
        assert_eq!(injects(Trigger::Install).verdict("process-injection"), Verdict::Malicious);
        assert_eq!(injects(Trigger::Bin).verdict("process-injection"), Verdict::Notable);
        assert_eq!(injects(Trigger::Test).verdict("process-injection"), Verdict::Clean);
    }
}
