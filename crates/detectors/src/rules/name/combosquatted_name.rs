//! A popular package's name with a word or a number that says nothing.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "combosquatted-name",
    summary: "Is a popular package's name with an empty word or a number, and acts unasked",
    category: Category::Name,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1195.001", "T1036.005"],
    remedy: super::MEANT,
    doc: include_str!("combosquatted_name.md"),
};

use crate::input::How;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    super::judge(facts, out, &META, |how| matches!(how, How::Affix(_) | How::Version));
}
