//! The words Vetch thinks in: purls, releases, capabilities, triggers, facts,
//! findings, verdicts. No I/O and no knowledge of any wire format: readers turn
//! bytes into these types, rules judge them, `report` writes them out.
//!
//! Ids that reach `vetch.lock`, reports or policies (capability ids, path
//! classes, triggers, verdicts, rule ids) are stable from the first release on.

pub mod advisory;
pub mod campaign;
pub mod capability;
pub mod change;
pub mod document;
pub mod evidence;
pub mod facts;
pub mod finding;
pub mod history;
pub mod hygiene;
pub mod indicator;
pub mod integrity;
pub mod inventory;
pub mod lock;
pub mod manifest;
pub mod outcome;
pub mod profile;
pub mod purl;
pub mod reputation;
pub mod rule;
pub mod scan;
pub mod text;
pub mod verdict;
pub mod vex;
pub mod way_out;
pub mod yara;

pub use capability::{Attributes, Capability, CapabilityId, EvalSource, PathClass, Resource, Trigger};
pub use evidence::{Evidence, Location, Span};
pub use finding::{Category, Confidence, Finding, Severity};
pub use integrity::{ContentHash, Integrity};
pub use outcome::{Incomplete, Outcome};
pub use profile::{Flow, Profile};
pub use purl::Purl;
pub use rule::RuleMeta;
pub use verdict::Verdict;
