//! Runs something when it is installed, as no release before it did.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "new-install-script",
    summary: "Runs something when it is installed, as no release before it did",
    category: Category::Release,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1195.002"],
    remedy: REVIEW,
    doc: include_str!("new_install_script.md"),
};

use crate::lineage::install_script_appeared;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    report_signs(facts, &META, ODD, [install_script_appeared(facts)], out);
}
