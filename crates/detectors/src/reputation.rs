//! The reputation of a release: what the history of its package tells of age, pace, publishers, lines and incidents, each
//! with its reason. Never a number: a trusted name is what attackers take over.

use std::collections::BTreeSet;

use vetch_model::advisory::{Advisory, AdvisoryKind, Reach};
use vetch_model::history::{Channel, DAY, HistoricRelease, SignalSource, Time};
use vetch_model::reputation::{Aspect, Leaning, Remark};

use crate::lineage::{Lineage, duration};

/// A name that is older than this has stood the test of time.
const OLD_NAME: i64 = 365 * DAY;
/// A name that is younger than this has had no time to be found out.
const YOUNG_NAME: i64 = 30 * DAY;
/// Most attacks are found within this time.
const YOUNG_RELEASE: i64 = 7 * DAY;
/// Versions named in one remark.
const MAX_NAMED: usize = 5;

/// Every remark that can be made, in the order of aspects. `now` is when it is looked at; `advisories` are those of the
/// release, which name malware in other versions as well.
pub fn reputation(lineage: &Lineage<'_>, advisories: &[Advisory], now: Time) -> Vec<Remark> {
    let mut remarks = Vec::new();
    age(lineage, now, &mut remarks);
    cadence(lineage, &mut remarks);
    publisher(lineage, &mut remarks);
    channel(lineage, &mut remarks);
    line(lineage, &mut remarks);
    incidents(lineage, advisories, &mut remarks);
    remarks
}

fn remark(aspect: Aspect, leaning: Leaning, words: String) -> Remark {
    Remark { aspect, leaning, words }
}

fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

fn age(lineage: &Lineage<'_>, now: Time, remarks: &mut Vec<Remark>) {
    let Some(published) = lineage.published() else {
        let words = "its registry does not tell when releases were published".to_owned();
        return remarks.push(remark(Aspect::Age, Leaning::Neutral, words));
    };
    if let Some(name) = lineage.age_of_name() {
        let name = name + now.since(published).max(0);
        let leaning = match name {
            ..YOUNG_NAME => Leaning::Against,
            OLD_NAME.. => Leaning::For,
            _ => Leaning::Neutral,
        };
        let others = counted(lineage.earlier.len(), "release");
        remarks.push(remark(
            Aspect::Age,
            leaning,
            format!("the name is {} old, with {others} before this one", duration(name)),
        ));
    }
    let own = now.since(published).max(0);
    let leaning = if own < YOUNG_RELEASE { Leaning::Against } else { Leaning::Neutral };
    let words = format!("this release was published {} ago", duration(own));
    remarks.push(remark(Aspect::Age, leaning, words));
}

fn cadence(lineage: &Lineage<'_>, remarks: &mut Vec<Remark>) {
    let times: Vec<i64> = lineage.earlier.iter().filter_map(|release| Some(release.published?.0)).collect();
    let mut gaps: Vec<i64> = times.windows(2).filter_map(|pair| Some(pair.first()? - pair.get(1)?)).collect();
    gaps.sort_unstable();
    let (Some(published), Some(last), Some(median)) =
        (lineage.published(), times.first(), gaps.get(gaps.len() / 2).filter(|_| gaps.len() >= 3))
    else {
        return;
    };
    let own = (published.0 - last).max(0);
    let is_odd = own > 20 * (*median).max(DAY) && own > 180 * DAY;
    let leaning = if is_odd { Leaning::Against } else { Leaning::Neutral };
    let words = format!(
        "there is a release every {} (median); this one came {} after the one before",
        duration(*median),
        duration(own)
    );
    remarks.push(remark(Aspect::Cadence, leaning, words));
}

fn publisher(lineage: &Lineage<'_>, remarks: &mut Vec<Remark>) {
    let history = lineage.history;
    let name = |release: &HistoricRelease| Some(history.publisher(release)?.name.clone());
    if !history.tells(SignalSource::Publishers) {
        let words = "its registry does not tell who publishes".to_owned();
        return remarks.push(remark(Aspect::Publisher, Leaning::Neutral, words));
    }
    let Some(own) = name(lineage.release) else { return };
    let known: Vec<&&HistoricRelease> = lineage.earlier.iter().filter(|release| name(release).is_some()).collect();
    let theirs: Vec<&&&HistoricRelease> = known.iter().filter(|release| name(release).as_ref() == Some(&own)).collect();
    let (leaning, words) = match (theirs.len(), known.len()) {
        (_, 0) => (Leaning::Neutral, format!("`{own}` published it; nobody is known to have published before")),
        (0, all) => (
            Leaning::Against,
            format!(
                "`{own}` published it, and none of the {} before whose publisher is known",
                counted(all, "release")
            ),
        ),
        (count, all) => {
            let first = theirs.iter().filter_map(|release| release.published).min();
            let since = first.zip(lineage.published()).map(|(first, own)| duration(own.since(first)));
            let since = since.map(|since| format!(", the first {since} before")).unwrap_or_default();
            (
                Leaning::For,
                format!("`{own}` published it, and {count} of the {} before{since}", counted(all, "release")),
            )
        }
    };
    remarks.push(remark(Aspect::Publisher, leaning, words));
    let count = lineage.release.maintainers.len();
    if count > 0 && history.tells(SignalSource::Maintainers) {
        let words = format!("{} could publish it", counted(count, "account"));
        remarks.push(remark(Aspect::Publisher, Leaning::Neutral, words));
    }
}

fn channel(lineage: &Lineage<'_>, remarks: &mut Vec<Remark>) {
    if !lineage.history.tells(SignalSource::Provenance) {
        return;
    }
    let is_proven =
        |release: &HistoricRelease| release.has_provenance || matches!(release.channel, Channel::Trusted { .. });
    let before = lineage.peers.iter().filter(|release| is_proven(release)).count();
    let (leaning, words) = match (&lineage.release.channel, is_proven(lineage.release), before) {
        (Channel::Trusted { provider, .. }, _, _) => (
            Leaning::For,
            format!(
                "a workflow published it (trusted publishing by {provider}), as {before} of the last {}",
                lineage.peers.len()
            ),
        ),
        (_, true, _) => (
            Leaning::For,
            format!("attestations of its origin came with it, as with {before} of the last {}", lineage.peers.len()),
        ),
        (_, false, 0) => (Leaning::Neutral, "nothing proves where it was built, nor did with those before".to_owned()),
        (_, false, before) => (
            Leaning::Against,
            format!(
                "nothing proves where it was built, as {before} of the last {} of its line did",
                lineage.peers.len()
            ),
        ),
    };
    remarks.push(remark(Aspect::Channel, leaning, words));
}

fn line(lineage: &Lineage<'_>, remarks: &mut Vec<Remark>) {
    let (leaning, words) = match lineage.peers.len() {
        0 => (Leaning::Neutral, "it is the first release of its line".to_owned()),
        count => {
            let oldest = lineage.peers.iter().filter_map(|peer| peer.published).min();
            let span =
                oldest.zip(lineage.published()).map(|(oldest, own)| format!(" over {}", duration(own.since(oldest))));
            let leaning = if count >= 5 { Leaning::For } else { Leaning::Neutral };
            (leaning, format!("{} of its line came before it{}", counted(count, "release"), span.unwrap_or_default()))
        }
    };
    remarks.push(remark(Aspect::Line, leaning, words));
    if let Some(why) = &lineage.release.deprecated {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        remarks.push(remark(Aspect::Line, Leaning::Against, format!("it is deprecated or yanked{why}")));
    }
}

fn incidents(lineage: &Lineage<'_>, advisories: &[Advisory], remarks: &mut Vec<Remark>) {
    let history = lineage.history;
    let all = || history.releases.iter().filter(|release| !std::ptr::eq(*release, lineage.release));
    let mut told = |versions: Vec<&str>, what: &str| {
        if versions.is_empty() {
            return;
        }
        let more = versions.len().saturating_sub(MAX_NAMED);
        let named: Vec<&str> = versions.into_iter().take(MAX_NAMED).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        remarks.push(remark(Aspect::Incidents, Leaning::Against, format!("{what}: {}{more}", named.join(", "))));
    };
    let withdrawn = all().filter(|release| release.fate.withdrawn.is_some()).map(|release| release.version.as_str());
    told(withdrawn.collect(), "its registry took other releases back");
    let rewritten = all().filter(|release| release.fate.republished.is_some()).map(|release| release.version.as_str());
    told(rewritten.collect(), "other releases came again with other bytes");
    let malware: BTreeSet<&str> = advisories
        .iter()
        .filter(|one| one.kind == AdvisoryKind::Malware && one.reach == Reach::OtherVersion)
        .map(|one| one.id.as_str())
        .collect();
    told(malware.into_iter().collect(), "other versions were malware");
    if let Some(status) = history.status.as_ref().filter(|status| *status != "active") {
        remarks.push(remark(Aspect::Incidents, Leaning::Against, format!("its registry calls the project {status}")));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test's own helper")]
mod tests {
    use vetch_model::history::{Account, History};
    use vetch_model::inventory::Ecosystem;

    use super::*;

    fn history(releases: &[(&str, i64, u32)]) -> History {
        let release = |(version, day, publisher): &(&str, i64, u32)| HistoricRelease {
            version: (*version).to_owned(),
            published: Some(Time(day * DAY)),
            publisher: Some(*publisher),
            ..HistoricRelease::default()
        };
        let account = |name: &str| Account { name: name.to_owned(), email: String::new() };
        History {
            name: "tool".to_owned(),
            releases: releases.iter().map(release).collect(),
            accounts: vec![account("anna"), account("eve")],
            ..History::default()
        }
    }

    fn told(history: &History, version: &str, day: i64) -> Vec<(Aspect, Leaning, String)> {
        let lineage = Lineage::new(history, &Ecosystem::Npm, version).unwrap();
        let remarks = reputation(&lineage, &[], Time(day * DAY));
        remarks.into_iter().map(|one| (one.aspect, one.leaning, one.words)).collect()
    }

    #[test]
    fn a_settled_release_has_much_that_speaks_for_it() {
        let releases: Vec<(String, i64)> = (0..8).map(|n| (format!("1.{n}.0"), n * 100)).collect();
        let releases: Vec<(&str, i64, u32)> =
            releases.iter().map(|(version, day)| (version.as_str(), *day, 0)).collect();
        let told = told(&history(&releases), "1.7.0", 800);
        let has = |aspect: Aspect, leaning: Leaning, words: &str| {
            assert!(
                told.iter().any(|one| one.0 == aspect && one.1 == leaning && one.2.contains(words)),
                "{words}: {told:?}"
            );
        };
        has(Aspect::Age, Leaning::For, "with 7 releases before");
        has(Aspect::Cadence, Leaning::Neutral, "every 100 days (median)");
        has(
            Aspect::Publisher,
            Leaning::For,
            "`anna` published it, and 7 of the 7 releases before, the first 700 days before",
        );
        has(Aspect::Line, Leaning::For, "7 releases of its line");
        assert!(told.iter().all(|one| one.1 != Leaning::Against), "{told:?}");
    }

    #[test]
    fn a_stranger_after_silence_and_earlier_incidents_speak_against_it() {
        let mut history =
            history(&[("1.0.0", 0, 0), ("1.0.1", 10, 0), ("1.0.2", 20, 0), ("1.0.3", 30, 0), ("1.0.4", 900, 1)]);
        history.releases[1].fate.withdrawn = Some(Time(11 * DAY));
        let told = told(&history, "1.0.4", 901);
        let against: Vec<&str> =
            told.iter().filter(|one| one.1 == Leaning::Against).map(|one| one.2.as_str()).collect();
        for words in [
            "published 24 hours ago",
            "came 2 years after",
            "`eve` published it, and none",
            "took other releases back: 1.0.1",
        ] {
            assert!(against.iter().any(|one| one.contains(words)), "{words}: {against:?}");
        }
    }
}
