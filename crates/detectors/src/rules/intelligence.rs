//! What others know of the release: records of malware and indicators of compromise that were imported.
//!
//! Facts come from `intel`, by exact name and version; that a record exists never excuses anything, and that there is none
//! says nothing. How sure a record is of this release is part of the finding.

pub(crate) mod known_indicator;
pub(crate) mod known_malware;
pub(crate) mod malware_in_other_version;

use vetch_model::advisory::{Advisory, Doubt, Reach};

use super::prelude::*;
use crate::lineage::moment;

/// Ids written out in a title.
const MAX_IDS: usize = 4;

/// `MAL-2026-2307 (GHSA-fw8c-xr5c-95f9)`.
pub(super) fn ids(advisory: &Advisory) -> String {
    let aliases: Vec<&str> = advisory.aliases.iter().map(String::as_str).take(MAX_IDS).collect();
    let more = if advisory.aliases.len() > MAX_IDS { ", …" } else { "" };
    if aliases.is_empty() {
        return advisory.id.clone();
    }
    format!("{} ({}{more})", advisory.id, aliases.join(", "))
}

/// What makes it unsure that the record means this release; empty if nothing does.
pub(super) fn doubts(advisory: &Advisory, doubt: Option<&Doubt>) -> Vec<String> {
    let by_reach = match advisory.reach {
        Reach::OpenRange => {
            Some("the record lists versions and this is none of them: only its range without an end holds it".to_owned())
        }
        Reach::ContradictedRange => Some(
            "the record contradicts itself: it gives a range that does not hold this version, and another over all versions"
                .to_owned(),
        ),
        Reach::Named | Reach::OtherVersion => None,
    };
    let by_origin = doubt.map(|doubt| match doubt {
        Doubt::OtherRegistry(host) => {
            format!("the record is about the public registry, and {host} serves this one: a mirror, or another package of the name")
        }
        Doubt::Private(host) => {
            format!("the record is about the public registry, and {host} serves this one under an internal name")
        }
        Doubt::Elsewhere(place) => format!("the record is about the public registry, and this one comes from {place}"),
        Doubt::OwnFolder => "the folder may be your own work, under a name that somebody else had".to_owned(),
    });
    by_reach.into_iter().chain(by_origin).collect()
}

/// The entry of the lockfile, with all that the record says.
pub(super) fn evidence(facts: &ReleaseFacts<'_>, advisory: &Advisory) -> Evidence {
    let package = facts.package;
    let mut note = format!("{}: {}", ids(advisory), or(&advisory.summary, "no summary"));
    note.push_str(&format!("; affected: {}", advisory.affected));
    match &advisory.safe {
        Some(range) if range.starts_with('<') => {
            note.push_str(&format!("; of the same line, no record names a version {range}"))
        }
        Some(version) => note.push_str(&format!("; nearest version without it: {version}")),
        None if advisory.reach == Reach::OtherVersion => {}
        None => note.push_str("; no version without it is known"),
    }
    note.push_str(&format!("; as of {}", moment(advisory.imported)));
    Evidence::Field {
        location: package.declared_at.clone().unwrap_or_else(|| Location::file(package.path.clone())),
        field: package.label(),
        found: package.version.clone().unwrap_or_default(),
        expected: advisory.safe.clone(),
        note,
    }
}

fn or<'t>(text: &'t str, other: &'t str) -> &'t str {
    if text.is_empty() { other } else { text }
}
