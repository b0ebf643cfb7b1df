//! What somebody has judged of a vulnerability in a product (VEX, Vulnerability Exploitability eXchange; minimum
//! requirements: CISA, 2023): statements as they were imported, and what they come to for one release.

use crate::capability::stable_ids;
use crate::history::Time;

stable_ids! {
    /// What a statement says. The words are those of OpenVEX, to which CSAF and CycloneDX are translated.
    VexStatus {
        /// The vulnerability does no harm there.
        NotAffected = "not_affected",
        /// The product has what mends it.
        Fixed = "fixed",
        /// Something has to be done.
        Affected = "affected",
        /// Nobody knows yet.
        UnderInvestigation = "under_investigation",
    }
}

impl VexStatus {
    /// Whether it takes the vulnerability off the list.
    pub const fn is_relief(self) -> bool {
        matches!(self, VexStatus::NotAffected | VexStatus::Fixed)
    }

    /// For people.
    pub const fn in_words(self) -> &'static str {
        match self {
            VexStatus::NotAffected => "not affected",
            VexStatus::Fixed => "fixed",
            VexStatus::Affected => "affected",
            VexStatus::UnderInvestigation => "under investigation",
        }
    }
}

stable_ids! {
    /// What all statements about one vulnerability of one release come to.
    VexOutcome {
        /// Nothing takes it off the list.
        Stands = "stands",
        /// Who speaks of it says that it is not affected or fixed: it counts no more.
        Silenced = "silenced",
        /// Some say so and others say that it is affected: it counts.
        Contradicted = "contradicted",
    }
}

/// One statement about one vulnerability of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VexStatement {
    /// What it says.
    pub status: VexStatus,
    /// The id of the vulnerability, as the statement has it.
    pub vulnerability: String,
    /// The purl that it names.
    pub product: String,
    /// The product whose part that is, as the statement names it; empty if it speaks of the package by itself.
    pub within: String,
    /// Why it is not affected: a label of OpenVEX or CSAF, or CycloneDX's; empty if none is given.
    pub justification: String,
    /// The same in words, or what to do; empty if nothing is said.
    pub statement: String,
    /// Who says so.
    pub author: String,
    /// The id of the document.
    pub document: String,
    /// Since when it is so.
    pub time: Time,
    /// Whether it speaks of what is scanned; one about a part of another product does not.
    pub applies: bool,
}

/// What others have judged of an advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vex {
    /// What they come to.
    pub outcome: VexOutcome,
    /// The newest statement of each author; those that apply come first.
    pub statements: Vec<VexStatement>,
}

impl Default for Vex {
    fn default() -> Self {
        Vex { outcome: VexOutcome::Stands, statements: Vec::new() }
    }
}

impl Vex {
    /// `not affected, says X (vulnerable_code_not_present)`, for each statement that applies; the first few.
    pub fn in_words(&self) -> String {
        const MAX: usize = 4;
        let own: Vec<&VexStatement> = self.statements.iter().filter(|one| one.applies).collect();
        let mut words: Vec<String> = own.iter().take(MAX).map(|one| one.in_words()).collect();
        if own.len() > MAX {
            words.push("…".to_owned());
        }
        words.join("; ")
    }
}

impl VexStatement {
    /// `not affected, says X (vulnerable_code_not_present)`.
    pub fn in_words(&self) -> String {
        let why = match (self.justification.as_str(), self.statement.as_str()) {
            ("", "") => String::new(),
            ("", statement) if self.status.is_relief() => format!(" ({statement})"),
            ("", _) => String::new(),
            (justification, _) => format!(" ({justification})"),
        };
        format!("{}, says {}{why}", self.status.in_words(), self.author)
    }
}
