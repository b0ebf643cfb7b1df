//! Bears a number that does not follow those before it.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "implausible-version",
    summary: "Bears a number that does not follow those before it",
    category: Category::Release,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    techniques: &["T1195.002"],
    remedy: REVIEW,
    doc: include_str!("implausible_version.md"),
};

use crate::lineage::implausible_version;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let Some(lineage) = facts.lineage else { return };
    report_signs(facts, &META, ODD, [implausible_version(lineage, &facts.package.ecosystem)], out);
}
