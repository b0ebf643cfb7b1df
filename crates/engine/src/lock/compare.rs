//! What releases can do that the lock does not have.

use std::collections::{BTreeMap, BTreeSet};

use vetch_model::lock::{BehaviourLock, Change, LockCheck, LockedCapability, Standing};
use vetch_model::purl::{Purl, PurlParts};

use super::Present;

/// Compares a lock with what is there. A new version is held to what the versions of the package
/// could do that it replaces: those that the project no longer has, else all that the lock has.
pub fn compare(locked: &BehaviourLock, present: &Present) -> LockCheck {
    let mut by_name: BTreeMap<(String, String), Vec<&Purl>> = BTreeMap::new();
    for purl in locked.releases.keys() {
        by_name.entry(family(purl)).or_default().push(purl);
    }
    let is_gone = |purl: &Purl| !present.lock.releases.contains_key(purl) && !present.skipped.contains(purl);
    let mut check = LockCheck {
        removed: locked.releases.keys().filter(|purl| is_gone(purl)).cloned().collect(),
        is_current: present.to_write(Some(locked)) == *locked,
        other_analysis: locked.analysis != present.lock.analysis,
        ..LockCheck::default()
    };
    for (purl, now) in &present.lock.releases {
        let (standing, allowed, integrity) = match locked.releases.get(purl) {
            Some(entry) => {
                let differs = entry.integrity != now.integrity;
                let integrity = differs.then(|| (entry.integrity.clone(), now.integrity.clone()));
                (Standing::SameVersion, entry.capabilities.clone(), integrity)
            }
            None => {
                let known = by_name.get(&family(purl)).map_or(&[][..], Vec::as_slice);
                let replaced: Vec<&Purl> = known.iter().copied().filter(|purl| is_gone(purl)).collect();
                let before = if replaced.is_empty() { known } else { &replaced };
                let entries = before.iter().filter_map(|purl| locked.releases.get(*purl));
                let allowed = entries.flat_map(|entry| entry.capabilities.iter().cloned()).collect();
                let standing = match before {
                    [] => Standing::NewPackage,
                    before => Standing::OtherVersion(before.iter().map(|purl| (*purl).clone()).collect()),
                };
                (standing, allowed, None)
            }
        };
        let gained: BTreeSet<LockedCapability> = now.capabilities.difference(&allowed).cloned().collect();
        let change = Change { purl: purl.clone(), standing, gained, integrity, coverage: now.coverage };
        if change.is_failing() || change.standing != Standing::SameVersion {
            check.changes.push(change);
        }
    }
    check
}

/// Ecosystem and name of a release, without its version.
fn family(purl: &Purl) -> (String, String) {
    parts(purl).map_or_else(|| (String::new(), purl.to_string()), |parts| (parts.kind.clone(), parts.full_name()))
}

/// The name of a release.
pub fn name_of(purl: &Purl) -> String {
    family(purl).1
}

fn parts(purl: &Purl) -> Option<PurlParts> {
    PurlParts::parse(purl.as_str()).ok()
}
