//! A name that is spelt like that of a popular package.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "typosquatted-name",
    summary: "Is named like a popular package, but for a slip, a lookalike letter or a separator",
    category: Category::Name,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    techniques: &["T1195.001", "T1036.005"],
    remedy: super::MEANT,
    doc: include_str!("typosquatted_name.md"),
};

use crate::input::How;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    super::judge(facts, out, &META, |how| matches!(how, How::Looks | How::Slip(_) | How::Separators | How::WordOrder));
}
