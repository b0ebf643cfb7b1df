//! Has hardly any of the code that the release before it had.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "emptied-package",
    summary: "Has hardly any of the code that the release before it had",
    category: Category::Release,
    severity: Severity::High,
    confidence: Confidence::Low,
    techniques: &["T1485"],
    remedy: REVIEW,
    doc: include_str!("emptied_package.md"),
};

use crate::lineage::{contents_removed, is_emptied_silently};

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let grade = if is_emptied_silently(facts) { DOUBTFUL } else { UNCLEAR };
    report_signs(facts, &META, grade, [contents_removed(facts)], out);
}
