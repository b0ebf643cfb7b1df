//! Was published in another way than the releases before it.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "publishing-channel-change",
    summary: "Was published in another way than the releases before it",
    category: Category::Metadata,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1078", "T1195.002"],
    remedy: REVIEW,
    doc: include_str!("publishing_channel_change.md"),
};

use crate::lineage::{channel_lost, commit_lost};

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let Some(lineage) = facts.lineage else { return };
    let signs = [channel_lost(lineage), commit_lost(lineage)];
    report_signs(facts, &META, ODD, signs, out);
}
