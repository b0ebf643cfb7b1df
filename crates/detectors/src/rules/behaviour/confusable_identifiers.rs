//! Identifiers that look like others.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "confusable-identifiers",
    summary: "Uses identifiers with letters of other scripts that look Latin",
    category: Category::Behaviour,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    techniques: &["T1036"],
    remedy: KNOW,
    doc: include_str!("confusable_identifiers.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let found: Vec<_> = c
        .facts
        .signals
        .iter()
        .filter(|signal| signal.kind == SignalKind::HomoglyphNames && signal.trigger.is_reached())
        .map(|signal| signal.evidence.clone())
        .collect();
    let grade = (Severity::Low, Confidence::Medium);
    report(out, &META, grade, format!("{} uses identifiers that look like others", c.label()), found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn a_fact_in_reached_code_only() {
        let names = |trigger| Facts::new().signal(SignalKind::HomoglyphNames, trigger, "a.js", 90).verdict(META.id);
        assert_eq!(names(Trigger::Import), Verdict::Notable);
        assert_eq!(names(Trigger::Test), Verdict::Clean);
    }
}
