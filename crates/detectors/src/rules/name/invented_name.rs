//! A name put together from those of popular packages, as language models make them up.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "invented-name",
    summary: "Is put together from the names of popular packages, and acts unasked",
    category: Category::Name,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1195.001", "T1036.005"],
    remedy: super::MEANT,
    doc: include_str!("invented_name.md"),
};

use crate::input::How;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    super::judge(facts, out, &META, |how| matches!(how, How::MadeUp));
}
