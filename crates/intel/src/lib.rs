//! Threat intelligence: which releases are known to be malicious, and which to be vulnerable.
//!
//! ```text
//! record    bytes → Record         OSV in JSON and YAML, of any schema version, within limits
//! indicator bytes → listings       STIX, MISP and lists: domains, hashes and the like
//! vex       bytes → statements       OpenVEX, CSAF and CycloneDX VEX: what others judge of vulnerabilities
//! knowledge what is shipped: landmark campaigns, techniques of ATT&CK; releases against them
//! source    paths → records        files, folders, zips; CISA KEV and EPSS beside them
//! store     records ⇄ intel.sqlite one transaction per import; batch look-ups
//! snapshot  store ⇄ signed file    for networks that reach no feed
//! taxii     answers of servers    → objects for `indicator`, page by page
//! matching  record × version       ranges by the ecosystem's own order; aliases merged; the version to go to
//! ```
//!
//! Records come from anybody: sizes, depths and counts are bounded, one bad record is counted and named and never
//! takes the others along. Nothing here judges: rules do, by what [`IntelStore::look_up`] tells.

mod indicator;
mod knowledge;
mod matching;
mod record;
pub mod snapshot;
mod source;
mod store;
pub mod taxii;
mod vex;

pub use indicator::memory::MemoryList;
pub use knowledge::{Campaign, Indication, Knowledge, Technique, correlate, knowledge, shipped_advisories};
pub use matching::{Listed, Query, Shower, match_records, sightings};
pub use record::{Affected, AffectedPackage, Event, Range, Record, RecordError, StoredRating, Text, World};

pub use snapshot::Trust;
pub use source::{
    Change, FeedPart, FeedState, ImportError, ImportReport, MAX_CHANGES, Named, SourceReport, Watcher, read_changes,
    read_judgements,
};
pub use store::{
    Conditional, FILE_NAME, Found, IntelStore, Judgements, Shown, ShownVex, Status, StoreError, Watchlist,
};
pub use vex::{Own, Part};
