//! Reading and comparing, without a scan.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use vetch_model::lock::{BehaviourLock, Coverage, LOCKED_TRIGGERS, LockedCapability, LockedRelease, Standing};
use vetch_model::{CapabilityId, Purl, Trigger};

use super::parse::parse;
use super::{Present, accept, compare, write};

const HEAD: &str = "version = 1\nanalysis = \"1.1\"\n";

fn error(text: &str) -> String {
    let error = parse("vetch.lock", text).unwrap_err();
    format!("{error}\n  hint: {}\n", error.hint())
}

#[test]
fn a_hostile_file_is_refused_with_its_places() {
    let cases = [
        "",
        "version = 2\nanalysis = 7\n",
        "version = \"1\"\n",
        "version = 99999999999999999999\n",
        "version = 1\n<<<<<<< HEAD\n",
        "version = 1\npackage = 3\n",
        "version = 1\npackage = [3]\n",
        "version = 1\nanalysis = []\nextra\u{202e} = 1\n",
        "version = 1\n[[package]]\npurl = \"left-pad\"\n[[package]]\nintegrity = 1\n",
        "version = 1\n[[package]]\npurl = \"pkg:npm/a@1\"\nprofile = \"whole\"\ninstall = [\"net.teleport(x)\", 1]\ntest = []\n",
        "version = 1\n[[package]]\npurl = \"pkg:npm/a@1\"\n[[package]]\npurl = \"pkg:npm/a@1\"\n",
        "version = ",
    ];
    insta::assert_snapshot!(cases.map(error).join("\n"));
    let long = format!("{HEAD}[[package]]\npurl = \"pkg:npm/{}\"\n", "a".repeat(10_000));
    assert!(error(&long).contains("more than 4096 bytes"));
    let deep = format!("{HEAD}package = {}", "[".repeat(100_000));
    assert!(error(&deep).len() < 1_000);
}

fn release(integrity: &str, capabilities: &[(Trigger, &str)]) -> LockedRelease {
    let capability = |(trigger, text): &(Trigger, &str)| LockedCapability::parse(*trigger, text).unwrap();
    LockedRelease {
        integrity: BTreeSet::from([integrity.to_owned()]),
        coverage: Coverage::Complete,
        capabilities: capabilities.iter().map(capability).collect(),
    }
}

fn lock(releases: &[(&str, &str, LockedRelease)]) -> BehaviourLock {
    let one =
        |(name, version, release): &(&str, &str, LockedRelease)| (Purl::npm(name, Some(version)), release.clone());
    BehaviourLock { analysis: "1.1".to_owned(), releases: releases.iter().map(one).collect() }
}

fn present(lock: BehaviourLock, skipped: &[Purl]) -> Present {
    let skipped = skipped.iter().cloned().collect();
    Present { folder: "/p".into(), base: String::new(), lock, results: BTreeMap::new(), skipped }
}

const NET: (Trigger, &str) = (Trigger::Import, "net.connect(*)");
const SPAWN: (Trigger, &str) = (Trigger::Install, "process.spawn(curl)");

#[test]
fn a_capability_at_another_trigger_is_another() {
    let before = lock(&[("a", "1.0.0", release("x", &[(Trigger::Call, "net.connect(*)")]))]);
    let now = present(lock(&[("a", "1.0.0", release("x", &[NET]))]), &[]);
    let check = compare(&before, &now);
    assert_eq!(check.changes[0].gained.iter().map(ToString::to_string).collect::<Vec<_>>(), ["net.connect(*)"]);
    assert!(check.is_failing() && !check.is_current);
}

#[test]
fn a_new_version_is_held_to_the_one_that_it_replaces() {
    let before = lock(&[("a", "1.0.0", release("x", &[NET])), ("a", "2.0.0", release("y", &[SPAWN]))]);
    // 1.0.0 went, 2.0.0 stayed: what only 2.0.0 may do is new for 1.1.0.
    let now =
        present(lock(&[("a", "1.1.0", release("z", &[NET, SPAWN])), ("a", "2.0.0", release("y", &[SPAWN]))]), &[]);
    let check = compare(&before, &now);
    assert_eq!(check.changes.len(), 1);
    assert_eq!(check.changes[0].standing, Standing::OtherVersion(vec![Purl::npm("a", Some("1.0.0"))]));
    assert_eq!(check.changes[0].gained, release("", &[SPAWN]).capabilities);
    assert_eq!(check.removed, [Purl::npm("a", Some("1.0.0"))]);
    let same = present(lock(&[("a", "1.1.0", release("z", &[NET])), ("a", "2.0.0", release("y", &[SPAWN]))]), &[]);
    assert!(!compare(&before, &same).is_failing());
}

#[test]
fn names_of_two_ecosystems_are_two_packages() {
    let mut before = lock(&[]);
    before.releases.insert(Purl::pypi("a", Some("1.0.0")), release("x", &[NET]));
    let now = present(lock(&[("a", "1.1.0", release("z", &[NET]))]), &[]);
    assert_eq!(compare(&before, &now).changes[0].standing, Standing::NewPackage);
}

#[test]
fn other_bytes_of_the_same_version_fail_whatever_they_do() {
    let before = lock(&[("a", "1.0.0", release("x", &[NET]))]);
    let check = compare(&before, &present(lock(&[("a", "1.0.0", release("y", &[]))]), &[]));
    assert!(check.is_failing() && check.changes[0].gained.is_empty());
    assert!(check.changes[0].integrity.is_some());
}

#[test]
fn releases_of_other_platforms_stay() {
    let mac = Purl::npm("native-darwin", Some("1.0.0"));
    let before = lock(&[("a", "1.0.0", release("x", &[])), ("native-darwin", "1.0.0", release("m", &[NET]))]);
    let now = present(lock(&[("a", "1.0.0", release("x", &[]))]), std::slice::from_ref(&mac));
    let check = compare(&before, &now);
    assert!(check.is_current && check.removed.is_empty());
    assert!(now.to_write(Some(&before)).releases.contains_key(&mac));
    assert!(accept(&before, &now, "native-darwin").unwrap().releases.contains_key(&mac));
}

#[test]
fn accepting_one_package_leaves_the_others() {
    let before = lock(&[("a", "1.0.0", release("x", &[])), ("b", "1.0.0", release("x", &[]))]);
    let now = present(lock(&[("a", "1.1.0", release("y", &[NET])), ("b", "1.0.0", release("x", &[SPAWN]))]), &[]);
    for wanted in ["a", "a@1.1.0", "pkg:npm/a@1.1.0"] {
        let lock = accept(&before, &now, wanted).unwrap();
        assert_eq!(lock.releases[&Purl::npm("a", Some("1.1.0"))], now.lock.releases[&Purl::npm("a", Some("1.1.0"))]);
        assert_eq!(lock.releases[&Purl::npm("b", Some("1.0.0"))], before.releases[&Purl::npm("b", Some("1.0.0"))]);
        assert_eq!(lock.releases.contains_key(&Purl::npm("a", Some("1.0.0"))), wanted != "a", "{wanted}");
    }
    assert_eq!(accept(&before, &now, "c"), None);
}

#[test]
fn a_lock_reads_as_a_list_of_what_may_be_done() {
    let capabilities = [NET, SPAWN, (Trigger::Install, "process.spawn(sh -c \"a\\\tb\u{202e}\")")];
    let mut lock = lock(&[("@s/a", "1.0.0", release("sha512-x==", &capabilities)), ("b", "1.0.0", release("y", &[]))]);
    if let Some(release) = lock.releases.get_mut(&Purl::npm("b", Some("1.0.0"))) {
        release.coverage = Coverage::Incomplete;
        release.integrity.insert("z".to_owned());
    }
    insta::assert_snapshot!(write(&lock));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,20}", any::<Vec<char>>().prop_map(|chars| chars.into_iter().take(40).collect())]
}

fn any_release() -> impl Strategy<Value = LockedRelease> {
    let trigger = proptest::sample::select(&LOCKED_TRIGGERS[..]);
    let id = proptest::sample::select(CapabilityId::ALL);
    let capability = (trigger, id, proptest::option::of(any_text()));
    let capability = capability.prop_map(|(trigger, id, resource)| LockedCapability { trigger, id, resource });
    let coverage = proptest::sample::select(Coverage::ALL);
    let integrity = proptest::collection::btree_set(any_text(), 0..3);
    (integrity, coverage, proptest::collection::btree_set(capability, 0..8))
        .prop_map(|(integrity, coverage, capabilities)| LockedRelease { integrity, coverage, capabilities })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        releases in proptest::collection::btree_map("[a-z]{1,8}", any_release(), 0..6),
        analysis in any_text(),
    ) {
        let one = |(name, release): (String, LockedRelease)| (Purl::npm(&name, Some("1.0.0")), release);
        let lock = BehaviourLock { analysis, releases: releases.into_iter().map(one).collect() };
        let text = write(&lock);
        prop_assert_eq!(parse("vetch.lock", &text).map_err(|error| error.to_string()), Ok(lock.clone()));
        prop_assert!(!text.chars().any(|char| char.is_control() && char != '\n'));
    }
}
