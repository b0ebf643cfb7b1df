//! A scope that is mistaken for a popular one, or made part of the name.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "lookalike-scope",
    summary: "Has a scope that looks like a popular one, or a popular scope in its name",
    category: Category::Name,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    techniques: &["T1195.001", "T1036.005"],
    remedy: super::MEANT,
    doc: include_str!("lookalike_scope.md"),
};

use crate::input::How;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    super::judge(facts, out, &META, |how| matches!(how, How::Scope | How::ScopeInName));
}
