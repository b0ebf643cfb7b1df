//! Brings a dependency that serves its publisher rather than the package.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "suspect-new-dependency",
    summary: "Brings a dependency that serves its publisher rather than the package",
    category: Category::Release,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1195.001", "T1195.002"],
    remedy: CONTAIN,
    doc: include_str!("suspect_new_dependency.md"),
};

use crate::lineage::injected_dependencies;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    for injected in injected_dependencies(facts) {
        let grade = match (injected.is_hostile, injected.is_strong) {
            (true, _) => HARMFUL,
            (false, true) => DOUBTFUL,
            (false, false) => ODD,
        };
        let words: Vec<&str> = injected.words.iter().map(String::as_str).collect();
        let title = format!("{} newly asks for {}, which {}", facts.package.label(), injected.name, list(&words));
        report(out, &META, grade, title, injected.evidence);
    }
}
