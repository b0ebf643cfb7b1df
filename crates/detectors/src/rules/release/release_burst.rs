//! Is one of several releases, or lines, within two hours.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "release-burst",
    summary: "Is one of several releases, or lines, within two hours",
    category: Category::Release,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &["T1078", "T1195.002"],
    remedy: REVIEW,
    doc: include_str!("release_burst.md"),
};

use crate::lineage::burst;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let Some(lineage) = facts.lineage else { return };
    let signs = [burst(lineage)];
    report_signs(facts, &META, FACT, signs, out);
}
