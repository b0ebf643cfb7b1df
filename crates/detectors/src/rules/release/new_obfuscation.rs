//! Has obfuscated or disguised code, or grew many times over, as none before it.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "new-obfuscation",
    summary: "Has obfuscated or disguised code, or grew many times over, as none before it",
    category: Category::Release,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1027", "T1036"],
    remedy: REVIEW,
    doc: include_str!("new_obfuscation.md"),
};

use crate::lineage::{obfuscation_appeared, size_jump};

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    report_signs(facts, &META, ODD, [obfuscation_appeared(facts), size_jump(facts)], out);
}
