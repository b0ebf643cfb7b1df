//! Has other bytes under its number than it had, or was taken back.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "rewritten-release",
    summary: "Has other bytes under its number than it had, or was taken back",
    category: Category::Release,
    severity: Severity::High,
    confidence: Confidence::Low,
    techniques: &["T1195.002"],
    remedy: REVIEW,
    doc: include_str!("rewritten_release.md"),
};

use crate::lineage::{rewritten, withdrawn};

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let Some(lineage) = facts.lineage else { return };
    let signs = [rewritten(lineage), withdrawn(lineage)];
    report_signs(facts, &META, UNCLEAR, signs, out);
}
