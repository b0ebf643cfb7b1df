//! A release among the releases of its package: what came before it in its line, and how it differs.
//!
//! ```text
//! line      which releases a release is compared with: those of its line, before it
//! who       who published it and how, against who did before
//! when      pace and numbers: dormancy, bursts, numbers out of order, rewritten releases
//! what      what it brings: scripts, dependencies, capabilities, obfuscation, binaries
//! ```
//!
//! Each difference is a [`Sign`]. Alone it is weak: honest projects change maintainers, skip provenance and add
//! scripts. Rules report signs as notable; `hijacked-release` judges their combination.

mod line;
mod what;
mod when;
mod who;

pub use line::Lineage;
pub(crate) use what::{
    capabilities_appeared, contents_removed, injected_dependencies, install_script_appeared, is_emptied_silently,
    manifest_mismatch, obfuscation_appeared, size_jump, terms_changed,
};
pub(crate) use when::{burst, dormancy, implausible_version, rewritten, withdrawn};
pub(crate) use who::{address_changed, channel_lost, commit_lost, new_publisher};

use vetch_model::evidence::{Evidence, Location};
use vetch_model::history::{DAY, Time};
use vetch_model::inventory::Ecosystem;

/// A release that is younger than that is compared in any case.
const YOUNG: i64 = 60 * DAY;

/// One way in which a release differs from those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sign {
    /// As part of a sentence about the release: `was published by an account that never did before`.
    pub words: String,
    /// Strongest first; never empty.
    pub evidence: Vec<Evidence>,
    /// Whether honest releases show it seldom.
    pub is_strong: bool,
}

impl Sign {
    fn strong(words: impl Into<String>, evidence: Evidence) -> Sign {
        Sign { words: words.into(), evidence: vec![evidence], is_strong: true }
    }

    fn weak(words: impl Into<String>, evidence: Evidence) -> Sign {
        Sign { is_strong: false, ..Sign::strong(words, evidence) }
    }
}

/// Whether a release is worth comparing with the contents of the one before it: it is young, or something about
/// how it was published or what it declares is new. Contents cost a download; this costs nothing.
pub fn calls_for_comparison(lineage: &Lineage<'_>, ecosystem: &Ecosystem, now: Time) -> bool {
    let is_young = lineage.release.published.is_some_and(|published| now.since(published) < YOUNG);
    is_young || declares_more(lineage) || !publishing_signs(lineage, ecosystem).is_empty()
}

/// Every way in which the publishing of a release differs from that of those before it.
pub(crate) fn publishing_signs(lineage: &Lineage<'_>, ecosystem: &Ecosystem) -> Vec<Sign> {
    let signs = [
        channel_lost(lineage),
        new_publisher(lineage),
        address_changed(lineage),
        rewritten(lineage),
        implausible_version(lineage, ecosystem),
        commit_lost(lineage),
        dormancy(lineage),
        burst(lineage),
    ];
    signs.into_iter().flatten().collect()
}

/// New dependencies or scripts, or much larger.
fn declares_more(lineage: &Lineage<'_>) -> bool {
    let declared = |release| lineage.history.declaration(release);
    let Some(previous) = lineage.previous else { return false };
    let (Some(now), Some(before)) = (declared(lineage.release), declared(previous)) else { return false };
    let is_larger = lineage.release.bytes.zip(previous.bytes).is_some_and(|(now, before)| now / 2 > before);
    is_larger
        || (now.has_install_script && !before.has_install_script)
        || now.install_scripts != before.install_scripts
        || now.dependencies.keys().any(|name| !before.dependencies.contains_key(name))
}

/// A field of the registry's document about a release, and what it was before.
pub(crate) fn field(
    lineage: &Lineage<'_>,
    field: &str,
    found: String,
    expected: Option<String>,
    note: &str,
) -> Evidence {
    let history = lineage.history;
    // As a place to look, not as a link: reports have paths there.
    let registry = history.registry.split_once("://").map_or(history.registry.as_str(), |(_, rest)| rest);
    let file = format!("{}/{}", registry.trim_end_matches('/'), history.name);
    let version = &lineage.release.version;
    Evidence::Field {
        location: Location::file(file),
        field: format!("versions[\"{version}\"].{field}"),
        found,
        expected,
        note: note.to_owned(),
    }
}

/// A span of time in words.
pub fn duration(seconds: i64) -> String {
    let (minute, hour, day) = (60, 3_600, 86_400);
    let seconds = seconds.max(0);
    let in_units = |unit: i64, name: &str| {
        let count = seconds / unit;
        format!("{count} {name}{}", if count == 1 { "" } else { "s" })
    };
    match seconds {
        0..60 => in_units(1, "second"),
        60..7_200 => in_units(minute, "minute"),
        7_200..172_800 => in_units(hour, "hour"),
        _ if seconds < 730 * day => in_units(day, "day"),
        _ => in_units(365 * day, "year"),
    }
}

/// A moment in UTC, to the minute.
pub fn moment(time: Time) -> String {
    jiff::Timestamp::from_second(time.0)
        .map_or_else(|_| time.0.to_string(), |moment| moment.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_reads_well() {
        assert_eq!(moment(Time(0)), "1970-01-01 00:00 UTC");
        assert_eq!(moment(Time(1_774_916_460)), "2026-03-31 00:21 UTC");
        assert_eq!(moment(Time(951_827_640)), "2000-02-29 12:34 UTC");
        assert_eq!(moment(Time(-86_400)), "1969-12-31 00:00 UTC");
        for (seconds, words) in
            [(1, "1 second"), (119, "1 minute"), (66_240, "18 hours"), (172_800, "2 days"), (63_072_000, "2 years")]
        {
            assert_eq!(duration(seconds), words);
        }
    }
}
