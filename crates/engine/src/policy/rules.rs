//! Rules about the policy itself.

use vetch_model::{Category, Confidence, RuleMeta, Severity};

/// All of them, in the order of their ids.
pub const ALL: &[&RuleMeta] = &[&EXPIRED_EXCEPTION, &POLICY_CHANGED, &RELEASE_IN_COOLDOWN, &STALE_EXCEPTION];

/// An exception is over.
pub static EXPIRED_EXCEPTION: RuleMeta = RuleMeta {
    id: "expired-exception",
    summary: "An exception in the policy has expired and excuses nothing any more",
    category: Category::Policy,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &[],
    remedy: "Look at the finding anew; then renew the exception with a later `expires`, or remove it.",
    doc: include_str!("rules/expired-exception.md"),
};

/// The work tree's policy is not the one in force.
pub static POLICY_CHANGED: RuleMeta = RuleMeta {
    id: "policy-changed",
    summary: "The change under review also changes the policy it is judged by",
    category: Category::Policy,
    severity: Severity::Medium,
    confidence: Confidence::High,
    techniques: &["T1562.001"],
    remedy: "Review the change of the policy by itself; the policy of the base revision was in force here.",
    doc: include_str!("rules/policy-changed.md"),
};

/// A release is younger than the policy allows.
pub static RELEASE_IN_COOLDOWN: RuleMeta = RuleMeta {
    id: "release-in-cooldown",
    summary: "The release is younger than the policy allows",
    category: Category::Policy,
    severity: Severity::High,
    confidence: Confidence::High,
    techniques: &[],
    remedy: "Take the release that is old enough, or wait; except a package by its name in [cooldown.packages].",
    doc: include_str!("rules/release-in-cooldown.md"),
};

/// An exception excuses nothing.
pub static STALE_EXCEPTION: RuleMeta = RuleMeta {
    id: "stale-exception",
    summary: "An exception in the policy matches no finding",
    category: Category::Policy,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &[],
    remedy: "Remove the exception; if the contents have changed, look at them before you except them anew.",
    doc: include_str!("rules/stale-exception.md"),
};
