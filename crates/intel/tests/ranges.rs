//! Ranges against the schema's own evaluation: ours, and with the versions of `packaging` and node-semver.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic here is a failed test")]
#![allow(clippy::print_stdout, reason = "what is skipped is said")]

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use vetch_intel::{Query, Record, match_records};
use vetch_model::advisory::Reach;
use vetch_model::history::Time;
use vetch_model::inventory::Ecosystem;

const NPM: &[&str] = &[
    "0.0.0",
    "0.0.1-alpha",
    "0.1.0",
    "1.0.0-alpha.1",
    "1.0.0-rc.2",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0-0",
    "2.0.0",
    "10.0.0",
];
const PYPI: &[&str] = &[
    "0.dev0",
    "0.1",
    "1.0a1",
    "1.0.dev3",
    "1.0rc1",
    "1.0",
    "1.0.0",
    "1.0.post1",
    "1.0.1",
    "1.10",
    "1!0.1",
    "2.0",
    "2.0.dev1",
];

/// A range in the form of the schema: events in any order, sometimes limits.
fn any_range(versions: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let event = (prop::sample::select(vec!["introduced", "introduced", "fixed", "fixed", "last_affected", "limit"]), {
        prop::sample::select(versions.to_vec())
    });
    (any::<bool>(), prop::collection::vec(event, 1..6)).prop_map(|(from_start, events)| {
        let start = from_start.then(|| json!({"introduced": "0"}));
        let events: Vec<Value> =
            events.into_iter().map(|(kind, version)| json!({kind: version})).chain(start).collect();
        json!({"type": "ECOSYSTEM", "events": events})
    })
}

fn record(ecosystem: &str, ranges: &[Value], versions: &[&str]) -> Record {
    let record = json!({"id": "MAL-1", "modified": "2026-01-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": ecosystem, "name": "a"}, "ranges": ranges, "versions": versions}]});
    Record::from_json(record.to_string().as_bytes()).unwrap()
}

fn reach(ecosystem: &Ecosystem, record: &Record, version: &str) -> Reach {
    let query = Query { ecosystem, name: "a", version, known: Vec::new() };
    match_records(std::slice::from_ref(record), &query, Time(0))[0].reach
}

proptest! {
    #![proptest_config(Config::with_cases(256))]

    #[test]
    fn the_order_of_events_and_ranges_does_not_matter(
        mut ranges in prop::collection::vec(any_range(NPM), 1..4),
        version in prop::sample::select(NPM),
    ) {
        let before = reach(&Ecosystem::Npm, &record("npm", &ranges, &[]), version);
        ranges.reverse();
        for range in &mut ranges {
            range["events"].as_array_mut().unwrap().reverse();
        }
        prop_assert_eq!(before, reach(&Ecosystem::Npm, &record("npm", &ranges, &[]), version));
    }

    #[test]
    fn what_is_listed_is_meant_whatever_ranges_say(
        ranges in prop::collection::vec(any_range(PYPI), 0..4),
        version in prop::sample::select(PYPI),
    ) {
        prop_assert_eq!(reach(&Ecosystem::Pypi, &record("PyPI", &ranges, &[version]), version), Reach::Named);
    }

    #[test]
    fn any_text_is_answered(text in ".{0,40}", version in ".{0,20}") {
        let range = json!({"type": "SEMVER", "events": [{"introduced": text.clone()}, {"fixed": version.clone()}]});
        let record = record("PyPI", std::slice::from_ref(&range), &[&text]);
        reach(&Ecosystem::Pypi, &record, &version);
    }

    #[test]
    fn any_bytes_are_a_record_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        Record::from_json(&bytes).ok();
    }
}

/// Cases that are the same in every run.
fn cases(versions: &'static [&'static str]) -> Vec<Value> {
    let mut runner = TestRunner::deterministic();
    let strategy = (any_range(versions), prop::sample::select(versions));
    let one = |_| {
        let (range, version) = strategy.new_tree(&mut runner).unwrap().current();
        json!({"events": range["events"], "version": version})
    };
    (0..2_000).map(one).collect()
}

/// What another program answers to each case: whether the version is held. `None` where the program or what it needs is
/// not here.
fn answers(program: &str, arguments: &[&str], cases: &[Value]) -> Option<Vec<bool>> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    // A program that lacks something ends without reading.
    child.stdin.take()?.write_all(serde_json::to_string(cases).unwrap().as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

fn compare(ecosystem: &Ecosystem, name: &str, cases: &[Value], program: &str, arguments: &[&str]) {
    let Some(answers) = answers(program, arguments, cases) else {
        assert!(std::env::var_os("CI").is_none(), "{program} or its library of versions is missing");
        println!("skipped: {program} or its library of versions is not here");
        return;
    };
    assert_eq!(answers.len(), cases.len());
    for (case, expected) in cases.iter().zip(answers) {
        let range = json!({"type": "ECOSYSTEM", "events": case["events"]});
        let record = record(name, &[range], &[]);
        let found = reach(ecosystem, &record, case["version"].as_str().unwrap());
        assert_eq!(found == Reach::Named, expected, "{case}");
    }
}

#[test]
fn python_agrees() {
    let program = if cfg!(windows) { "python" } else { "python3" };
    compare(&Ecosystem::Pypi, "PyPI", &cases(PYPI), program, &["-c", include_str!("ranges/evaluate.py")]);
}

#[test]
fn node_agrees() {
    compare(&Ecosystem::Npm, "npm", &cases(NPM), "node", &["-e", include_str!("ranges/evaluate.js")]);
}
