//! What threat intelligence says of a release: facts, before anyone judges them.

use crate::capability::stable_ids;
use crate::evidence::Location;
use crate::finding::Severity;
use crate::history::Time;
use crate::vex::{Vex, VexOutcome};

stable_ids! {
    /// What an advisory is about. Ordered from the lesser to the greater alarm.
    AdvisoryKind {
        /// Honest code with a weakness.
        Vulnerability = "vulnerability",
        /// A release that was made to do harm.
        Malware = "malware",
    }
}

stable_ids! {
    /// How an advisory reaches a version. Ordered from the firmest.
    Reach {
        /// A list of versions names it, a range with bounds holds it, or all versions are meant and nothing else is said.
        Named = "named",
        /// Only a range without an end holds it, while the record lists versions that do not have it.
        OpenRange = "open-range",
        /// Only a range over all versions holds it, while the record also gives a range with bounds that does not.
        ContradictedRange = "contradicted-range",
        /// It does not: other versions of the package are meant.
        OtherVersion = "other-version",
    }
}

/// One advisory about a release. Records that call each other aliases are one advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisory {
    /// What it is about.
    pub kind: AdvisoryKind,
    /// The id by which it is known best.
    pub id: String,
    /// Its other ids, sorted.
    pub aliases: Vec<String>,
    /// One line, as the record has it.
    pub summary: String,
    /// How it reaches the release.
    pub reach: Reach,
    /// The affected versions, in words: `>=1.0.0 <1.2.3, 2.0.0`.
    pub affected: String,
    /// The version to go to, or where none is known to be there, below which no record names any of the same line
    /// (`<1.14.1`).
    pub safe: Option<String>,
    /// How bad, where the record says so.
    pub rating: Option<Rating>,
    /// Known to be exploited (CISA KEV).
    pub exploited: Option<Exploited>,
    /// Probability of exploitation within 30 days (EPSS), in hundred-thousandths.
    pub probability: Option<u32>,
    /// When the newest of its records was last changed.
    pub modified: Time,
    /// When the oldest of its records was imported.
    pub imported: Time,
    /// What imported statements judge of it. Always empty for malware.
    pub vex: Vex,
}

impl Advisory {
    /// Whether it means this release, rather than others of its package.
    pub fn is_of_release(&self) -> bool {
        self.reach != Reach::OtherVersion
    }

    /// Whether it means this release, and nobody has judged that it does not count.
    pub fn counts(&self) -> bool {
        self.is_of_release() && !self.is_silenced()
    }

    /// Whether it counts no more, by what others have judged. Malware always counts.
    pub fn is_silenced(&self) -> bool {
        self.kind == AdvisoryKind::Vulnerability && self.vex.outcome == VexOutcome::Silenced
    }
}

/// How bad a vulnerability is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// In our words.
    pub severity: Severity,
    /// The CVSS score in tenths, where there is a vector.
    pub score: Option<u8>,
    /// The vector, or the word that the database uses.
    pub source: String,
}

/// An entry of a catalogue of exploited vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exploited {
    /// The day on which it was listed, as written.
    pub since: String,
    /// Whether ransomware uses it.
    pub ransomware: bool,
}

/// Why the release may not be the package that an advisory means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Another registry than the public one serves it: a mirror, or a package of the same name.
    OtherRegistry(String),
    /// The name is internal and a private registry serves it: another package.
    Private(String),
    /// It comes from no registry: from git, an address, a file.
    Elsewhere(String),
    /// A folder given as the target, which may be the user's own.
    OwnFolder,
}

/// Whether the code of a project gets to a package, by imports, from the user's own files through those of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// It does.
    Imported {
        /// The first import on the way, in a file of the user's own.
        at: Location,
        /// The packages on the way, the one that is imported at last included: `glob@7.0.0`.
        through: Vec<String>,
    },
    /// Nothing that is known of it does, and everything on the way is known.
    NotImported,
}

impl Usage {
    /// In words, to follow the name of the package.
    pub fn words(&self) -> String {
        match self {
            Usage::Imported { at, through } => {
                let through =
                    if through.len() > 1 { format!(" through {}", through.join(" › ")) } else { String::new() };
                format!("imported in {}:{}{through}", at.file, at.line)
            }
            Usage::NotImported => "nothing in the project imports it".to_owned(),
        }
    }
}

/// How much intelligence there was, and of when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntelState {
    /// Number of records.
    pub records: u64,
    /// Number of indicators.
    pub indicators: u64,
    /// When records were last imported.
    pub imported: Time,
    /// When the newest of them was changed.
    pub newest: Time,
}
