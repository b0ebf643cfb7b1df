//! Can do without being asked what the release before it could not.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "new-capability",
    summary: "Can do without being asked what the release before it could not",
    category: Category::Release,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1195.002"],
    remedy: REVIEW,
    doc: include_str!("new_capability.md"),
};

use crate::lineage::capabilities_appeared;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let sign = capabilities_appeared(facts).filter(|sign| sign.is_strong);
    report_signs(facts, &META, ODD, [sign], out);
}
