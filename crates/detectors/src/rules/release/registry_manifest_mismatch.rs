//! Has install scripts that the registry's document does not show.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "registry-manifest-mismatch",
    summary: "Has install scripts that the registry's document does not show",
    category: Category::Release,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1036", "T1195.002"],
    remedy: REVIEW,
    doc: include_str!("registry_manifest_mismatch.md"),
};

use crate::lineage::manifest_mismatch;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    report_signs(facts, &META, ODD, [manifest_mismatch(facts)], out);
}
