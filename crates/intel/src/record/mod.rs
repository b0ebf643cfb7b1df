//! A record: what one entry of an OSV database says, as far as we use it.
//!
//! Schema: <https://ossf.github.io/osv-schema/> (1.7.5; older versions have fewer fields and are read alike).

mod read;
mod severity;
mod time;
mod wire;
mod yaml;

use serde::{Deserialize, Serialize};
use vetch_model::advisory::AdvisoryKind;
use vetch_model::finding::Severity;
use vetch_model::indicator::IndicatorKind;
use vetch_model::inventory::Ecosystem;

pub(crate) use read::Document;
pub use read::RecordError;
pub(crate) use read::{MAX_RECORD, read_json, read_yaml};
pub(crate) use time::micros;

/// One record about packages of npm or PyPI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// As written: `GHSA-…`, `MAL-2026-2307`, `PYSEC-…`.
    pub id: String,
    /// Last change, in microseconds since 1970.
    pub modified: i64,
    /// Publication, likewise.
    pub published: Option<i64>,
    /// When it was taken back: it then alarms nobody.
    pub withdrawn: Option<i64>,
    /// Other ids of the same matter; sorted, without its own.
    pub aliases: Vec<String>,
    /// One line; the beginning of the details where there is no summary.
    pub summary: String,
    /// What it is about.
    pub kind: AdvisoryKind,
    /// How bad, where it says so.
    pub rating: Option<StoredRating>,
    /// What it affects: each package once.
    #[serde(skip)]
    pub affected: Vec<AffectedPackage>,
    /// What only people read.
    #[serde(skip)]
    pub text: Text,
    /// Indicators that it names (`database_specific.iocs` of OpenSSF's records), in normal form.
    #[serde(skip)]
    pub indicators: Vec<(IndicatorKind, String)>,
}

/// What only people read of a record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The beginning of the details.
    pub details: String,
    /// Addresses to read on.
    pub references: Vec<String>,
}

/// A package, and which of its versions are affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedPackage {
    /// npm or PyPI.
    pub ecosystem: World,
    /// The name in its normal form.
    pub name: String,
    /// The versions.
    pub versions: Affected<String>,
}

/// The ecosystems that are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum World {
    /// JavaScript.
    Npm,
    /// Python.
    Pypi,
}

impl World {
    /// By OSV's name: `npm`, `PyPI`, also with a suffix behind a colon.
    pub(crate) fn of_osv(name: &str) -> Option<World> {
        let name = name.split(':').next().unwrap_or_default().trim();
        if name.eq_ignore_ascii_case("npm") {
            Some(World::Npm)
        } else {
            name.eq_ignore_ascii_case("pypi").then_some(World::Pypi)
        }
    }

    /// Of an inventory's ecosystem.
    pub(crate) fn of(ecosystem: &Ecosystem) -> Option<World> {
        match ecosystem {
            Ecosystem::Npm => Some(World::Npm),
            Ecosystem::Pypi => Some(World::Pypi),
            Ecosystem::Other(_) => None,
        }
    }

    pub(crate) fn ecosystem(self) -> Ecosystem {
        match self {
            World::Npm => Ecosystem::Npm,
            World::Pypi => Ecosystem::Pypi,
        }
    }

    /// As OSV writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            World::Npm => "npm",
            World::Pypi => "PyPI",
        }
    }

    /// The one form of a name: PEP 503 for PyPI. Names of npm differ by case, too (`JSONStream`).
    pub(crate) fn normal(self, name: &str) -> String {
        match self {
            World::Npm => name.trim().to_owned(),
            World::Pypi => vetch_model::purl::normalised(name.trim()),
        }
    }
}

/// Affected versions. Generic over the text, so that what is stored is matched without copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected<T> {
    /// Each by itself.
    pub versions: Vec<T>,
    /// And by ranges.
    pub ranges: Vec<Range<T>>,
}

impl<T> Default for Affected<T> {
    fn default() -> Self {
        Affected { versions: Vec::new(), ranges: Vec::new() }
    }
}

impl Affected<&str> {
    /// With texts of its own.
    pub(crate) fn owned(&self) -> Affected<String> {
        let event = |event: &Event<&str>| match *event {
            Event::Introduced(version) => Event::Introduced(version.to_owned()),
            Event::Fixed(version) => Event::Fixed(version.to_owned()),
            Event::LastAffected(version) => Event::LastAffected(version.to_owned()),
            Event::Limit(version) => Event::Limit(version.to_owned()),
        };
        Affected {
            versions: self.versions.iter().map(|version| (*version).to_owned()).collect(),
            ranges: self
                .ranges
                .iter()
                .map(|range| Range { events: range.events.iter().map(event).collect() })
                .collect(),
        }
    }
}

/// A range of versions, of the type `SEMVER` or `ECOSYSTEM`: for npm and PyPI both mean the ecosystem's own order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range<T> {
    /// In any order.
    pub events: Vec<Event<T>>,
}

/// Where a range begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event<T> {
    /// Affected from here on; `0` is before every version.
    Introduced(T),
    /// No longer from here on.
    Fixed(T),
    /// No longer behind here.
    LastAffected(T),
    /// Nothing is said from here on; `*` is no limit.
    Limit(T),
}

impl<T: AsRef<str>> Event<T> {
    /// The version that it names.
    pub fn version(&self) -> &str {
        match self {
            Event::Introduced(version)
            | Event::Fixed(version)
            | Event::LastAffected(version)
            | Event::Limit(version) => version.as_ref(),
        }
    }
}

/// [`vetch_model::advisory::Rating`], as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRating {
    /// In our words.
    pub severity: Severity,
    /// The CVSS score in tenths.
    pub score: Option<u8>,
    /// Vector or word.
    pub source: String,
}
