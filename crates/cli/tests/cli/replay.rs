//! Attacks on registries and honest upgrades, replayed: `cargo xtask replay` prints the same as a table.

use std::path::Path;

use vetch_testkit::replay::{Part, Replay, Verdict, judge_all};

/// Least attacks that have to be malicious.
const LEAST_MALICIOUS: usize = 24;
/// Least attacks of those kept apart that have to be found. Nothing is tuned on them, so that not all of them are; what
/// was found once must not be lost.
const LEAST_FROZEN: usize = 11;

#[test]
fn attacks_are_known_when_they_are_published_and_what_came_before_is_quiet() {
    let replays = Replay::all();
    let mut jobs = Vec::new();
    let mut parts = Vec::new();
    for (number, replay) in replays.iter().enumerate() {
        // First releases have nothing to be compared with; `cargo xtask replay` judges them too.
        let asked = replay.asked().filter(|(place, part)| *part == Part::Attack || replay.has_history(*place));
        for (place, part) in asked {
            jobs.push((number, place));
            parts.push(part);
        }
    }
    let judgements = judge_all(Path::new(env!("CARGO_BIN_EXE_vetch")), &replays, &jobs);
    let mut wrong = Vec::new();
    let (mut malicious, mut frozen) = (0, 0);
    for (((number, place), part), judgement) in jobs.into_iter().zip(parts).zip(judgements) {
        let is_alarm = judgement.verdict >= Verdict::Suspicious;
        let is_attack = part == Part::Attack;
        let replay = &replays[number];
        malicious += usize::from(is_attack && judgement.verdict == Verdict::Malicious);
        if is_attack && replay.is_frozen() {
            frozen += usize::from(is_alarm && judgement.minutes <= 1);
        } else if is_alarm != is_attack || (is_attack && judgement.minutes > 1) {
            wrong.push(format!("{}: {}: {judgement:?}", replay.name, replay.target(place)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(frozen >= LEAST_FROZEN, "{frozen} of those kept apart are found");
    assert!(malicious >= LEAST_MALICIOUS, "{malicious} attacks are malicious");
}
