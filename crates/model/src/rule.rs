//! Rule metadata: what `vetch explain` and every report know of a rule.

use crate::finding::{Category, Confidence, Severity};

/// The static description of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleMeta {
    /// Permanent kebab-case id, a noun phrase of the danger.
    pub id: &'static str,
    /// One line: what the rule finds.
    pub summary: &'static str,
    /// What kind of fact it is about.
    pub category: Category,
    /// Default severity.
    pub severity: Severity,
    /// Default confidence.
    pub confidence: Confidence,
    /// MITRE ATT&CK technique ids.
    pub techniques: &'static [&'static str],
    /// Default remedy.
    pub remedy: &'static str,
    /// The Markdown page beside the rule.
    pub doc: &'static str,
}
