//! Indicators of compromise and what they are compared with: facts, before anyone judges them.
//!
//! An *observable* is what a release shows (a host that it names, the hash of a file); an *indicator* is an observable that
//! somebody has called a sign of an attack. Both have one normal form for each kind (`vetch_indicators`).

use serde::{Deserialize, Serialize};

use crate::capability::{Trigger, stable_ids};
use crate::evidence::{Evidence, Location};
use crate::history::Time;

stable_ids! {
    /// What an indicator or an observable is.
    IndicatorKind {
        /// A name of the DNS, in lower case and ASCII (punycode).
        Domain = "domain",
        /// An IPv4 or IPv6 address, in its canonical text.
        Ip = "ip",
        /// An address with a path; without its scheme where that is `http` or `https`.
        Url = "url",
        /// An e-mail address.
        Email = "email",
        /// MD5 of a file, in lower-case hexadecimal digits; so are the other hashes.
        Md5 = "md5",
        /// SHA-1 of a file or an archive.
        Sha1 = "sha1",
        /// SHA-256 of a file or an archive.
        Sha256 = "sha256",
        /// SHA-512 of an archive.
        Sha512 = "sha512",
        /// An address of a cryptocurrency.
        Wallet = "wallet",
        /// The name of a file, without folders.
        FileName = "file-name",
        /// A path that is written to or read, on the machine of the victim.
        FilePath = "file-path",
        /// An account of a registry: `npm:name`, `pypi:name`, or the name alone.
        Account = "account",
        /// A package or a release: a purl.
        Package = "package",
    }
}

impl IndicatorKind {
    /// Whether it is the hash of contents.
    pub fn is_hash(self) -> bool {
        matches!(self, IndicatorKind::Md5 | IndicatorKind::Sha1 | IndicatorKind::Sha256 | IndicatorKind::Sha512)
    }

    /// Whether it is a place on the network.
    pub fn is_network(self) -> bool {
        matches!(self, IndicatorKind::Domain | IndicatorKind::Ip | IndicatorKind::Url)
    }
}

/// How an observable was seen. Ordered from the firmest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Seen {
    /// Code does something with it: connects to the host, writes to the path.
    Used,
    /// It is the contents, the name or the maker of the release itself.
    Own,
    /// The text of code that was hidden and decoded holds it.
    Decoded,
    /// The text of a shipped file holds it.
    Written,
}

/// Something that a release shows and that an indicator may name. Kept with the facts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Observable {
    /// What it is.
    pub kind: IndicatorKind,
    /// In its normal form.
    pub value: String,
    /// How it was seen.
    pub seen: Seen,
    /// When the code runs that has it.
    pub trigger: Trigger,
    /// How many decodings deep; 0 = as shipped.
    pub layer: u8,
    /// Where.
    pub location: Location,
}

/// Most observables kept of one package. Those that code uses come first, what is only written last.
pub const MAX_OBSERVABLES: usize = 10_000;

/// Hashes of one file that was read whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHashes {
    /// Path within the package.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// MD5: what older feeds have.
    pub md5: [u8; 16],
    /// SHA-1.
    pub sha1: [u8; 20],
    /// SHA-256.
    pub sha256: [u8; 32],
}

stable_ids! {
    /// What a source relates an indicator to.
    ContextKind {
        /// A campaign.
        Campaign = "campaign",
        /// A family of malware, or one piece of it.
        Malware = "malware",
        /// Activity that is thought to be of one group.
        IntrusionSet = "intrusion-set",
        /// A group or a person.
        ThreatActor = "threat-actor",
        /// A tool that attackers use.
        Tool = "tool",
    }
}

/// What a source relates an indicator to, as it names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Context {
    /// What it is.
    pub kind: ContextKind,
    /// Its name.
    pub name: String,
}

/// What imported intelligence says of an observable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// What it is.
    pub kind: IndicatorKind,
    /// In its normal form.
    pub value: String,
    /// Who says so: a feed, an organisation, a database.
    pub source: String,
    /// The record that says so: an OSV id, the id of a STIX object, the uuid of a MISP event.
    pub record: String,
    /// One line about it, as the source has it.
    pub description: String,
    /// Campaigns, intrusion sets, actors and malware that the source relates it to.
    pub context: Vec<Context>,
    /// How sure the source is, 0 to 100, where it says so.
    pub confidence: Option<u8>,
    /// When it ends to count, where the source says so.
    pub until: Option<Time>,
    /// When it was imported.
    pub imported: Time,
}

/// An indicator that a release meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndicatorHit {
    /// What is known of it; several sources may name one value.
    pub indicators: Vec<Indicator>,
    /// The observable's own value, where the indicator names something above it (a domain of a host).
    pub value: String,
    /// How it was seen.
    pub seen: Seen,
    /// When the code runs that has it.
    pub trigger: Trigger,
    /// Where.
    pub evidence: Evidence,
    /// Size of the file whose hash it is, in bytes.
    pub size: Option<u64>,
}

impl IndicatorHit {
    /// The first of its indicators decides what it is; there is always one.
    pub fn kind(&self) -> Option<IndicatorKind> {
        self.indicators.first().map(|indicator| indicator.kind)
    }
}
