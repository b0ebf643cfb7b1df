//! Pace and numbers: dormancy, bursts, numbers out of order, releases that were rewritten.

use std::collections::BTreeSet;

use vetch_model::history::{DAY, HistoricRelease, SignalSource};
use vetch_model::inventory::Ecosystem;

use super::{Lineage, Sign, duration, field, moment};

/// A package is dormant after that long without a release.
const DORMANT: i64 = 365 * DAY;
/// Releases within that time of each other are a burst.
const BURST: i64 = 2 * 3_600;
/// A first number that is higher by that much than any before is no next one.
const LEAP: u64 = 20;

/// A release after a year or more of silence.
pub(crate) fn dormancy(lineage: &Lineage<'_>) -> Option<Sign> {
    let published = lineage.published()?;
    let last = lineage.earlier.iter().filter_map(|release| release.published).max()?;
    let silence = published.since(last);
    if silence < DORMANT || lineage.earlier.len() < 2 {
        return None;
    }
    let words = format!("came after {} of silence", duration(silence));
    let evidence = field(lineage, "time", moment(published), Some(moment(last)), "the last release before it");
    Some(Sign::weak(words, evidence))
}

/// Several lines at once, or several releases of one line within two hours.
pub(crate) fn burst(lineage: &Lineage<'_>) -> Option<Sign> {
    let published = lineage.published()?;
    let near = |release: &&HistoricRelease| {
        release.version != lineage.release.version
            && release.published.is_some_and(|other| other.since(published).abs() <= BURST)
    };
    let others: Vec<&HistoricRelease> = lineage.history.releases.iter().filter(near).collect();
    let stable = others.iter().filter(|release| !release.version.contains('-'));
    let lines: BTreeSet<&str> = stable.clone().filter_map(|release| release.version.split('.').next()).collect();
    let own = lineage.release.version.split('.').next().unwrap_or_default();
    let (several_lines, several) = (lines.iter().any(|line| *line != own), stable.count() >= 2);
    if !several_lines && !several {
        return None;
    }
    let mut versions: Vec<&str> = others.iter().map(|release| release.version.as_str()).take(6).collect();
    versions.sort_unstable();
    let words = match several_lines {
        true => "came together with a release of another line",
        false => "is one of several within two hours",
    };
    let note = format!("{} within two hours", versions.join(", "));
    Some(Sign::weak(words, field(lineage, "time", moment(published), None, &note)))
}

/// A number that leaps, or that lies below one of its line that was there before.
pub(crate) fn implausible_version(lineage: &Lineage<'_>, ecosystem: &Ecosystem) -> Option<Sign> {
    let version = &lineage.release.version;
    let major = |version: &str| version.split(['.', '-', '+']).next().and_then(|first| first.parse::<u64>().ok());
    let others = lineage.earlier.iter().filter(|release| release.fate.withdrawn.is_none());
    let highest =
        others.filter_map(|release| Some((major(&release.version)?, release))).max_by_key(|(major, _)| *major);
    if let (Some(own), Some((highest, release))) = (major(version), highest)
        && own >= highest.saturating_add(LEAP)
        && !(1_990..=2_200).contains(&own)
        && lineage.earlier.len() >= 2
    {
        let words = format!("leaps from {} to {version}", release.version);
        let evidence =
            field(lineage, "version", version.clone(), Some(release.version.clone()), "the highest before it");
        return Some(Sign::strong(words, evidence));
    }
    lineage.published()?;
    let later = lineage.peers.iter().find(|peer| {
        let same_minor = |text: &str| text.rsplit_once('.').map(|(head, _)| head.to_owned());
        same_minor(&peer.version) == same_minor(version)
            && vetch_versions::compare(ecosystem, &peer.version, version) == Some(std::cmp::Ordering::Greater)
    })?;
    let words = format!("came after {}, which is higher", later.version);
    let evidence = field(lineage, "version", version.clone(), Some(later.version.clone()), "was published before it");
    Some(Sign::weak(words, evidence))
}

/// A number that now names other bytes, or that was taken back and given again.
pub(crate) fn rewritten(lineage: &Lineage<'_>) -> Option<Sign> {
    if !lineage.history.tells(SignalSource::Times) && lineage.release.fate.republished.is_none() {
        return None;
    }
    let noticed = lineage.release.fate.republished?;
    let found = lineage.release.digests.join(", ");
    let before = lineage.release.fate.former_digests.join(", ");
    let (words, expected) = match before.is_empty() {
        true => ("was taken back and published again under its number", None),
        false => ("has other bytes under its number than before", Some(before)),
    };
    let note = format!("noticed {}", moment(noticed));
    Some(Sign::strong(words, field(lineage, "dist.integrity", found, expected, &note)))
}

/// A release that the registry no longer has.
pub(crate) fn withdrawn(lineage: &Lineage<'_>) -> Option<Sign> {
    let noticed = lineage.release.fate.withdrawn?;
    let evidence =
        field(lineage, "dist", "absent".to_owned(), None, &format!("gone since {} at the latest", moment(noticed)));
    Some(Sign::weak("is no longer in the registry", evidence))
}
