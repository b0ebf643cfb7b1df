//! Came after a year or more without a release.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "dormant-package-release",
    summary: "Came after a year or more without a release",
    category: Category::Release,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &["T1078", "T1195.002"],
    remedy: REVIEW,
    doc: include_str!("dormant_package_release.md"),
};

use crate::lineage::dormancy;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let Some(lineage) = facts.lineage else { return };
    let signs = [dormancy(lineage)];
    report_signs(facts, &META, FACT, signs, out);
}
