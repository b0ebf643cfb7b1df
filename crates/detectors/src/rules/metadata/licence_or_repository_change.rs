//! States another licence or repository than the release before it.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "licence-or-repository-change",
    summary: "States another licence or repository than the release before it",
    category: Category::Metadata,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &["T1195.002"],
    remedy: REVIEW,
    doc: include_str!("licence_or_repository_change.md"),
};

use crate::lineage::terms_changed;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    report_signs(facts, &META, FACT, [terms_changed(facts)], out);
}
