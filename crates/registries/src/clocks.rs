//! Whether the times that a registry tells can be times at all.

use std::collections::BTreeMap;

use vetch_model::history::{HistoricRelease, Time};
use vetch_model::inventory::Ecosystem;
use vetch_versions::Sortable;

/// Neighbours in one minor line that must be out of order before the clock is doubted.
const FEWEST: usize = 3;
/// One of how many neighbours may be out of order.
const ONE_OF: usize = 12;

/// Whether the times are shuffled or made up, as some mirrors do. Within one minor line (`1.4.x`)
/// releases come in the order of their versions, with rare exceptions; all at one moment is a copy's own time.
pub(crate) fn are_falsified(ecosystem: &Ecosystem, releases: &[HistoricRelease]) -> bool {
    let timed: Vec<(&str, Time)> =
        releases.iter().filter_map(|release| Some((release.version.as_str(), release.published?))).collect();
    let first = timed.first().map(|(_, time)| *time);
    if timed.len() > FEWEST && timed.iter().all(|(_, time)| Some(*time) == first) {
        return true;
    }
    let mut lines: BTreeMap<&str, Vec<(&str, Time)>> = BTreeMap::new();
    for (version, time) in timed {
        if let Some(line) = minor_line(version) {
            lines.entry(line).or_default().push((version, time));
        }
    }
    let (mut pairs, mut inverted) = (0, 0);
    for line in lines.values_mut() {
        line.sort_by_cached_key(|(version, _)| Sortable::parse(ecosystem, version));
        for pair in line.windows(2) {
            pairs += 1;
            inverted += usize::from(pair[0].1 > pair[1].1);
        }
    }
    inverted >= FEWEST && inverted * ONE_OF > pairs
}

/// `1.4` of `1.4.2`; pre-releases are on their own.
fn minor_line(version: &str) -> Option<&str> {
    let second = version.match_indices('.').nth(1)?.0;
    let rest = version.get(second + 1..)?;
    rest.bytes().all(|byte| byte.is_ascii_digit()).then(|| version.get(..second)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn falsified(times: &[(&str, i64)]) -> bool {
        let release = |(version, time): &(&str, i64)| HistoricRelease {
            version: (*version).to_owned(),
            published: Some(Time(*time)),
            ..HistoricRelease::default()
        };
        are_falsified(&Ecosystem::Npm, &times.iter().map(release).collect::<Vec<_>>())
    }

    #[test]
    fn ordinary_clocks_are_believed() {
        let mut times: Vec<(String, i64)> = (0..40).map(|n| (format!("1.{}.{}", n / 8, n % 8), n * 1000)).collect();
        let as_text = |times: &[(String, i64)]| {
            let list: Vec<(&str, i64)> = times.iter().map(|(version, time)| (version.as_str(), *time)).collect();
            falsified(&list)
        };
        assert!(!as_text(&times));
        // A fix for an old line comes late, and one release was made twice.
        times.push(("1.0.8".to_owned(), 90_000));
        times[3].1 = 0;
        assert!(!as_text(&times));
    }

    #[test]
    fn shuffled_and_equal_clocks_are_not() {
        assert!(falsified(&[("1.0.0", 9), ("1.0.1", 5), ("1.0.2", 7), ("1.0.3", 1), ("1.0.4", 4), ("1.0.5", 2)]));
        assert!(falsified(&[("1.0.0", 9), ("1.0.1", 9), ("1.0.2", 9), ("2.0.0", 9)]));
        assert!(!falsified(&[("1.0.0", 9), ("1.0.1", 9)]));
    }
}
