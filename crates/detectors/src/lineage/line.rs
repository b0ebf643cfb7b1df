//! Which releases a release is compared with.

use vetch_model::history::{DAY, HistoricRelease, History, SignalSource, Time};
use vetch_model::inventory::Ecosystem;
use vetch_versions::Sortable;

/// After that long a release that was not the maintainers' own would have been noticed, mostly.
const SETTLED: i64 = 3 * DAY;
/// Most releases of a line that are looked at: the last ones before the release.
const MAX_PEERS: usize = 20;

/// A release in the history of its package. Releases are compared within a line (`1.x` with `1.x`): an old line
/// is often published in another way, by other people and at another pace than the newest.
#[derive(Debug, Clone)]
pub struct Lineage<'a> {
    /// Everything known of the package.
    pub history: &'a History,
    /// The release.
    pub release: &'a HistoricRelease,
    /// The releases of its line that came before it, the last first; at most the last twenty.
    pub peers: Vec<&'a HistoricRelease>,
    /// What it follows: the version before it in its line; of a first release of a line, the version before it at all.
    pub previous: Option<&'a HistoricRelease>,
    /// Every release that was published before it, the last first.
    pub earlier: Vec<&'a HistoricRelease>,
}

impl<'a> Lineage<'a> {
    /// The release of this version, if the history has it.
    pub fn new(history: &'a History, ecosystem: &Ecosystem, version: &str) -> Option<Lineage<'a>> {
        let read = |text: &str| Sortable::parse(ecosystem, text);
        let own = read(version);
        let same = |release: &&HistoricRelease| own.is_version() && read(&release.version) == own;
        let release = history.release(version).or_else(|| history.releases.iter().find(same))?;
        let has_times = history.tells(SignalSource::Times);
        let mut earlier: Vec<(Sortable, &HistoricRelease)> = Vec::new();
        for other in history.releases.iter().filter(|other| !std::ptr::eq(*other, release)) {
            let number = read(&other.version);
            let is_before = match (other.published, release.published) {
                (Some(theirs), Some(ours)) if has_times => theirs < ours,
                _ => number < own,
            };
            if is_before {
                earlier.push((number, other));
            }
        }
        earlier.sort_by(|(a, _), (b, _)| b.cmp(a));
        let is_usual = |number: &Sortable, other: &HistoricRelease| {
            other.fate.withdrawn.is_none() && (own.is_prerelease() || !number.is_prerelease())
        };
        let line = line_of(version);
        let usual = || earlier.iter().filter(|(number, other)| is_usual(number, other));
        let in_line = |(_, other): &&(Sortable, &HistoricRelease)| line_of(&other.version) == line;
        let lower = || usual().filter(|(number, _)| number.is_version() && *number < own);
        let previous = lower().find(in_line).or_else(|| lower().next()).map(|(_, other)| *other);
        let mut peers: Vec<&HistoricRelease> = usual().filter(in_line).map(|(_, other)| *other).collect();
        let mut earlier: Vec<&HistoricRelease> = earlier.into_iter().map(|(_, other)| other).collect();
        if has_times {
            // Stable: what was published at one moment stays in the order of versions.
            peers.sort_by_key(|peer| std::cmp::Reverse(peer.published));
            earlier.sort_by_key(|other| std::cmp::Reverse(other.published));
        }
        peers.truncate(MAX_PEERS);
        Some(Lineage { history, release, peers, previous, earlier })
    }

    /// Whether what it follows is of its own line.
    pub fn is_same_line(&self) -> bool {
        self.previous.is_some_and(|previous| line_of(&previous.version) == line_of(&self.release.version))
    }

    /// Of these releases those that were there for some days: what was published within days of each other may be the
    /// work of one hijacker. All of them, where too few are that old or nothing tells when they came.
    pub(super) fn settled(&self, releases: &[&'a HistoricRelease]) -> Vec<&'a HistoricRelease> {
        let Some(own) = self.published() else { return releases.to_vec() };
        let is_old = |release: &&&HistoricRelease| release.published.is_none_or(|other| own.since(other) >= SETTLED);
        let old: Vec<&HistoricRelease> = releases.iter().filter(is_old).copied().collect();
        if old.is_empty() { releases.to_vec() } else { old }
    }

    /// When it was published, if the registry's times can be relied on.
    pub fn published(&self) -> Option<Time> {
        self.release.published.filter(|_| self.history.tells(SignalSource::Times))
    }

    /// Seconds between the first release of the name and this one.
    pub fn age_of_name(&self) -> Option<i64> {
        let first = self.earlier.iter().filter_map(|release| release.published).min();
        let begun = [first, self.history.created].into_iter().flatten().min().or(self.published())?;
        Some(self.published()?.since(begun))
    }
}

/// The line of a version: its first number, after an epoch (`1!`).
fn line_of(version: &str) -> &str {
    let version = version.trim_start_matches(['v', '=']);
    version.split(['.', '-', '+']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(releases: &[(&str, i64)]) -> History {
        let release = |(version, time): &(&str, i64)| HistoricRelease {
            version: (*version).to_owned(),
            published: Some(Time(*time)),
            ..HistoricRelease::default()
        };
        History { releases: releases.iter().map(release).collect(), ..History::default() }
    }

    fn previous<'h>(history: &'h History, version: &str) -> Option<&'h str> {
        Lineage::new(history, &Ecosystem::Npm, version)?.previous.map(|release| release.version.as_str())
    }

    #[test]
    fn lines_are_compared_with_themselves() {
        let history = history(&[
            ("0.30.3", 30),
            ("1.13.0", 20),
            ("1.14.0", 40),
            ("1.14.1", 50),
            ("0.30.4", 60),
            ("2.0.0-rc.1", 45),
            ("2.0.0", 70),
            ("2.0.0-rc.2", 80),
        ]);
        assert_eq!(previous(&history, "1.14.1"), Some("1.14.0"));
        assert_eq!(previous(&history, "0.30.4"), Some("0.30.3"));
        assert_eq!(previous(&history, "2.0.0"), Some("1.14.1"), "the first of its line");
        assert_eq!(previous(&history, "2.0.0-rc.1"), Some("1.14.0"));
        assert_eq!(previous(&history, "0.30.3"), None);
        assert!(Lineage::new(&history, &Ecosystem::Npm, "9.0.0").is_none());
        assert!(!Lineage::new(&history, &Ecosystem::Npm, "2.0.0").unwrap().is_same_line());
    }

    #[test]
    fn what_was_taken_back_is_nothing_to_go_by() {
        let mut history = history(&[("1.0.0", 10), ("1.0.1", 20), ("1.0.2", 30)]);
        history.releases[1].fate.withdrawn = Some(Time(25));
        assert_eq!(previous(&history, "1.0.2"), Some("1.0.0"));
    }
}
