//! Was published by an account or address that published none before it.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "publisher-change",
    summary: "Was published by an account or address that published none before it",
    category: Category::Metadata,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1078", "T1195.002"],
    remedy: REVIEW,
    doc: include_str!("publisher_change.md"),
};

use crate::lineage::{address_changed, new_publisher};

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let Some(lineage) = facts.lineage else { return };
    let signs = [new_publisher(lineage), address_changed(lineage)];
    report_signs(facts, &META, ODD, signs, out);
}
