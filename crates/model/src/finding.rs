//! Findings: what a rule says, with its evidence.

use crate::capability::stable_ids;
use crate::evidence::Evidence;
use crate::rule::RuleMeta;
use crate::verdict::Verdict;

stable_ids! {
    /// How bad it is if true. Ordered from worst to least.
    Severity {
        /// Certain harm.
        Critical = "critical",
        /// Harm is likely.
        High = "high",
        /// Worth a look.
        Medium = "medium",
        /// A weakness.
        Low = "low",
        /// For the record.
        Info = "info",
    }
}

stable_ids! {
    /// How sure the rule is. Ordered from most to least.
    Confidence {
        /// The evidence admits no other reading.
        High = "high",
        /// Honest code looks like this seldom.
        Medium = "medium",
        /// Honest code looks like this at times.
        Low = "low",
    }
}

stable_ids! {
    /// What kind of fact a finding is about.
    Category {
        /// What the code does.
        Behaviour = "behaviour",
        /// What the manifest says.
        Manifest = "manifest",
        /// What the registry says.
        Metadata = "metadata",
        /// How the release differs from others.
        Release = "release",
        /// What it is called.
        Name = "name",
        /// Whether the bytes are the right ones.
        Integrity = "integrity",
        /// Where it was built.
        Provenance = "provenance",
        /// Known indicators and malware.
        Intelligence = "intelligence",
        /// Known vulnerabilities.
        Vulnerability = "vulnerability",
        /// What the user's policy says.
        Policy = "policy",
    }
}

/// What one rule says about one release or target. Cannot be made without evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's permanent id.
    pub rule: &'static str,
    /// One line: what was found. Written for this case, by the rule.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What kind.
    pub category: Category,
    /// Never empty; the strongest first.
    pub evidence: Vec<Evidence>,
    /// MITRE ATT&CK technique ids.
    pub techniques: &'static [&'static str],
    /// What to do next.
    pub remedy: String,
}

impl Finding {
    /// A finding of `rule`, with its defaults, resting on `first`.
    pub fn new(rule: &'static RuleMeta, title: impl Into<String>, first: Evidence) -> Self {
        Finding {
            rule: rule.id,
            title: title.into(),
            severity: rule.severity,
            confidence: rule.confidence,
            category: rule.category,
            evidence: vec![first],
            techniques: rule.techniques,
            remedy: rule.remedy.to_owned(),
        }
    }

    /// Adds further evidence; duplicates are dropped.
    #[must_use]
    pub fn with_evidence(mut self, more: impl IntoIterator<Item = Evidence>) -> Self {
        for evidence in more {
            if !self.evidence.contains(&evidence) {
                self.evidence.push(evidence);
            }
        }
        self
    }

    /// Another severity than the rule's default, for this case.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Another confidence than the rule's default, for this case.
    #[must_use]
    pub fn with_confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Another remedy than the rule's default, for this case.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// The verdict that this finding alone carries.
    ///
    /// A vulnerability is no malice: however grave, it is notable.
    ///
    /// Rules that see one weak sign stay at `medium` or below; only rules that
    /// see a *combination* reach `high` (a person must look) or `critical`.
    pub fn verdict(&self) -> Verdict {
        if self.category == Category::Vulnerability && self.severity != Severity::Info {
            return Verdict::Notable;
        }
        match (self.severity, self.confidence) {
            (Severity::Critical, Confidence::High | Confidence::Medium) => Verdict::Malicious,
            (Severity::Critical, Confidence::Low) => Verdict::Suspicious,
            (Severity::High, Confidence::High | Confidence::Medium) => Verdict::Suspicious,
            (Severity::High, Confidence::Low) | (Severity::Medium | Severity::Low, _) => Verdict::Notable,
            (Severity::Info, _) => Verdict::Clean,
        }
    }
}
