//! Writes CI workflow definitions.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "ci-workflow-write",
    summary: "Writes CI workflow definitions when it is installed or imported",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::High,
    techniques: &["T1546", "T1554", "T1195.002"],
    remedy: CONTAIN,
    doc: include_str!("ci_workflow_write.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c
        .of(CapabilityId::FsWrite)
        .filter(|write| is_unasked(write.trigger) && class_of(write) == Some(PathClass::CiWorkflows))
        .map(|write| judge(c, write));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, write: &Capability) -> Case {
    let hidden = c.concealment(write);
    let worse = c.reached().filter(|other| other.trigger == write.trigger).find(|other| {
        matches!(other.id, CapabilityId::EnvEnumerate | CapabilityId::RegistryPublish | CapabilityId::NetConnect)
            || reads_secrets(other)
    });
    let grade = if hidden.is_some() || worse.is_some() { HARMFUL } else { ALARMING };
    let beside = worse.map(|other| format!(", beside {}", other.label())).unwrap_or_default();
    let title = format!("{} writes a CI workflow {}{beside}", c.label(), when_words(write.trigger));
    let mut evidence = evidence_of([write].into_iter().chain(worse));
    evidence.extend(hidden);
    Case::new(grade, title, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "ci-workflow-write";

    #[test]
    fn planted_workflows_are_suspicious_or_worse() {
        let plant = || write(PathClass::CiWorkflows, ".github/workflows/x.yml");
        assert_eq!(Facts::new().caps([plant()]).verdict(RULE), Verdict::Suspicious);
        assert_eq!(Facts::new().caps([plant(), enumerate()]).verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn generators_write_when_they_are_asked_to() {
        let asked = write(PathClass::CiWorkflows, ".github/workflows/ci.yml").at(Trigger::Bin);
        assert_eq!(Facts::new().caps([asked]).verdict(RULE), Verdict::Clean);
    }
}
