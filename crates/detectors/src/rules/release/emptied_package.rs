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

use crate::lineage::contents_removed;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    report_signs(facts, &META, UNCLEAR, [contents_removed(facts)], out);
}
