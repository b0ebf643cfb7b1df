//! What a registry says now, with what it said before.

use std::collections::{BTreeMap, BTreeSet};

use vetch_model::history::{HistoricRelease, History, MovedTag, Time};

/// Most moves of tags kept of one package.
const MAX_MOVED: usize = 256;

/// Takes in a newer answer: what it has counts, what it no longer has is marked, what it changed is noted.
pub fn merge(old: Option<&History>, mut new: History, now: Time) -> History {
    for release in &mut new.releases {
        release.fate.first_seen.get_or_insert(now);
    }
    let Some(old) = old else { return new };
    let before: BTreeMap<&str, &HistoricRelease> =
        old.releases.iter().map(|release| (release.version.as_str(), release)).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for release in &mut new.releases {
        if let Some(known) = before.get(release.version.as_str()) {
            carry(known, release, now);
        }
        seen.insert(release.version.clone());
    }
    for gone in old.releases.iter().filter(|release| !seen.contains(&release.version)) {
        let kept = keep(old, gone, &mut new, now);
        new.releases.push(kept);
    }
    new.moved_tags.clone_from(&old.moved_tags);
    let moved = old.tags.iter().filter(|(tag, version)| new.tags.get(*tag) != Some(version));
    let moved: Vec<MovedTag> = moved
        .map(|(tag, from)| MovedTag {
            tag: tag.clone(),
            from: from.clone(),
            to: new.tags.get(tag).cloned(),
            noticed: now,
        })
        .collect();
    new.moved_tags.extend(moved);
    let superfluous = new.moved_tags.len().saturating_sub(MAX_MOVED);
    new.moved_tags.drain(..superfluous);
    new.created = [old.created, new.created].into_iter().flatten().min();
    new
}

/// What was known of a release that is still there.
fn carry(known: &HistoricRelease, release: &mut HistoricRelease, now: Time) {
    let was_there = known.fate.withdrawn.is_none();
    let is_there = release.fate.withdrawn.is_none();
    let noticed = release.fate.withdrawn;
    release.fate = known.fate.clone();
    release.fate.withdrawn = match (was_there, is_there) {
        (true, false) => Some(now),
        (false, false) => known.fate.withdrawn.or(noticed),
        (_, true) => None,
    };
    if !is_there {
        // Only its time is told any more: what it was is kept.
        let fate = std::mem::take(&mut release.fate);
        *release = HistoricRelease { fate, published: release.published.or(known.published), ..known.clone() };
        return;
    }
    // More files of the same release are no other bytes; one that is gone is.
    let lost: Vec<&String> = known.digests.iter().filter(|digest| !release.digests.contains(digest)).collect();
    if !was_there || (!lost.is_empty() && !release.digests.is_empty()) {
        release.fate.republished = Some(now);
    }
    for digest in lost {
        if !release.fate.former_digests.contains(digest) {
            release.fate.former_digests.push(digest.clone());
        }
    }
}

/// A release that is no longer told of at all, in the tables of the new history.
fn keep(old: &History, gone: &HistoricRelease, new: &mut History, now: Time) -> HistoricRelease {
    let mut kept = gone.clone();
    kept.fate.withdrawn.get_or_insert(now);
    kept.publisher =
        gone.publisher.and_then(|index| old.account(index)).map(|account| new.add_account(account.clone()));
    let maintainers = gone.maintainers.iter().filter_map(|index| old.account(*index).cloned());
    kept.maintainers = maintainers.map(|account| new.add_account(account)).collect();
    kept.declaration = old.declaration(gone).cloned().map(|declaration| new.add_declaration(declaration));
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn history(releases: &[(&str, &str)], latest: &str) -> History {
        let mut history = History { name: "p".to_owned(), ..History::default() };
        history.tags.insert("latest".to_owned(), latest.to_owned());
        for (version, digest) in releases {
            let release = HistoricRelease {
                version: (*version).to_owned(),
                digests: vec![(*digest).to_owned()],
                ..HistoricRelease::default()
            };
            history.releases.push(release);
        }
        history
    }

    #[test]
    fn what_a_registry_takes_back_is_still_known() {
        let first = merge(None, history(&[("1.0.0", "a"), ("1.0.1", "b")], "1.0.1"), Time(10));
        let then = merge(Some(&first), history(&[("1.0.0", "a")], "1.0.0"), Time(20));
        let gone = then.release("1.0.1").unwrap();
        assert_eq!((gone.fate.first_seen, gone.fate.withdrawn), (Some(Time(10)), Some(Time(20))));
        assert_eq!(then.moved_tags[0].from, "1.0.1");
        let later = merge(Some(&then), history(&[("1.0.0", "a"), ("1.0.1", "c")], "1.0.1"), Time(30));
        let back = later.release("1.0.1").unwrap();
        assert_eq!((back.fate.withdrawn, back.fate.republished), (None, Some(Time(30))));
        assert_eq!(back.fate.former_digests, ["b"]);
    }

    #[test]
    fn other_bytes_are_noticed_and_more_files_are_not() {
        let first = merge(None, history(&[("1.0.0", "a")], "1.0.0"), Time(10));
        let mut more = history(&[("1.0.0", "a")], "1.0.0");
        more.releases[0].digests.push("b".to_owned());
        assert_eq!(merge(Some(&first), more, Time(20)).releases[0].fate.republished, None);
        let other = merge(Some(&first), history(&[("1.0.0", "x")], "1.0.0"), Time(20));
        assert_eq!(other.releases[0].fate.republished, Some(Time(20)));
    }

    proptest! {
        #[test]
        fn nothing_is_forgotten(answers in prop::collection::vec(prop::collection::btree_map("[1-4]", "[a-c]", 0..4), 1..6)) {
            let mut known: Option<History> = None;
            let mut versions = BTreeSet::new();
            for (at, answer) in (1..).zip(answers) {
                let releases: Vec<(&str, &str)> = answer.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                versions.extend(answer.keys().cloned());
                let merged = merge(known.as_ref(), history(&releases, ""), Time(at));
                for version in &versions {
                    let release = merged.release(version).unwrap();
                    prop_assert_eq!(release.fate.withdrawn.is_none(), answer.contains_key(version));
                }
                prop_assert_eq!(merged.releases.len(), versions.len());
                known = Some(merged);
            }
        }
    }
}
