//! A name that is popular in another ecosystem only.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "cross-ecosystem-name",
    summary: "Has the name of another ecosystem's popular package, and acts unasked",
    category: Category::Name,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1195.001", "T1036.005"],
    remedy: super::MEANT,
    doc: include_str!("cross_ecosystem_name.md"),
};

use crate::input::How;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    super::judge(facts, out, &META, |how| matches!(how, How::OtherEcosystem));
}
