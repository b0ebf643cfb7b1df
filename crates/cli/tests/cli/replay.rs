//! Attacks on registries and honest upgrades, replayed: `cargo xtask replay` prints the same as a table.

use std::path::Path;

use vetch_testkit::replay::{Part, Replay, Verdict, judge_all};

/// Least attacks that have to be malicious.
const LEAST_MALICIOUS: usize = 24;

#[test]
fn attacks_are_known_when_they_are_published_and_what_came_before_is_quiet() {
    let replays = Replay::all();
    let mut jobs = Vec::new();
    let mut parts = Vec::new();
    for (number, replay) in replays.iter().enumerate() {
        for (place, part) in replay.asked() {
            jobs.push((number, place));
            parts.push(part);
        }
    }
    let judgements = judge_all(Path::new(env!("CARGO_BIN_EXE_vetch")), &replays, &jobs);
    let mut wrong = Vec::new();
    let mut malicious = 0;
    for (((number, place), part), judgement) in jobs.into_iter().zip(parts).zip(judgements) {
        let is_alarm = judgement.verdict >= Verdict::Suspicious;
        let is_attack = part == Part::Attack;
        malicious += usize::from(is_attack && judgement.verdict == Verdict::Malicious);
        if is_alarm != is_attack || (is_attack && judgement.minutes > 1) {
            let replay = &replays[number];
            wrong.push(format!("{}: {}: {judgement:?}", replay.name, replay.target(place)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(malicious >= LEAST_MALICIOUS, "{malicious} attacks are malicious");
}
