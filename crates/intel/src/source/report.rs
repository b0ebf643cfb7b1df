//! What an import did, source by source.

use crate::snapshot::{Manifest, Origin};

/// Problems named of each source; the others are counted.
const MAX_NAMED: usize = 10;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// By source, as given.
    pub sources: Vec<SourceReport>,
}

/// What became of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// As given.
    pub path: String,
    /// Records that were not known.
    pub added: u64,
    /// Records that replace older ones.
    pub updated: u64,
    /// Records that were known as they are.
    pub unchanged: u64,
    /// Records about other ecosystems: passed over.
    pub foreign: u64,
    /// Records that are not numbered yet: passed over.
    pub unnumbered: u64,
    /// Entries of a catalogue of exploited vulnerabilities.
    pub exploited: u64,
    /// Probabilities of exploitation.
    pub probabilities: u64,
    /// Indicators that came in.
    pub indicators: u64,
    /// Techniques of ATT&CK that came in.
    pub techniques: u64,
    /// Indicators that were there before, and were replaced or taken back.
    pub replaced: u64,
    /// Documents whose indicators were known as they are.
    pub known: u64,
    /// Statements of VEX that came in.
    pub statements: u64,
    /// Statements of older forms of the same documents, which went.
    pub statements_replaced: u64,
    /// Documents of VEX of which a newer form is known.
    pub older: u64,
    /// Objects and attributes that are not meant to be detected: passed over.
    pub passed_over: u64,
    /// Files and entries that are no record, or a broken one.
    pub failed: u64,
    /// Records of which a part could not be understood; the rest is kept.
    pub partial: u64,
    /// The first of both.
    pub named: Vec<Named>,
    /// It is a snapshot, which was put in place of everything.
    pub snapshot: Option<(Manifest, Origin)>,
}

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// File, or entry of an archive.
    pub place: String,
    /// What is wrong.
    pub why: String,
}

impl SourceReport {
    /// Records and entries that were read.
    pub fn read(&self) -> u64 {
        self.added + self.updated + self.unchanged + self.foreign + self.unnumbered + self.failed
    }

    /// Takes another report of the same source in.
    pub fn add(&mut self, other: SourceReport) {
        self.added += other.added;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.foreign += other.foreign;
        self.unnumbered += other.unnumbered;
        self.exploited += other.exploited;
        self.probabilities += other.probabilities;
        self.indicators += other.indicators;
        self.replaced += other.replaced;
        self.known += other.known;
        self.statements += other.statements;
        self.statements_replaced += other.statements_replaced;
        self.older += other.older;
        self.passed_over += other.passed_over;
        self.failed += other.failed;
        self.partial += other.partial;
        self.named.extend(other.named);
        self.named.truncate(MAX_NAMED);
    }

    /// Tells something that the user should know of the source.
    pub fn complain(&mut self, place: &str, why: String) {
        self.partial += 1;
        self.name(place, why);
    }

    pub(super) fn name(&mut self, place: &str, why: String) {
        if self.named.len() < MAX_NAMED {
            self.named.push(Named { place: place.to_owned(), why });
        }
    }
}
