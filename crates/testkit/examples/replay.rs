//! Replays attacks and honest upgrades against a binary and prints what it makes of them; `cargo xtask replay` runs it.
#![allow(clippy::print_stdout, reason = "a development task: what it prints is what it is for")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use vetch_testkit::replay::{Judgement, Kind, Part, Replay, Verdict, judge_all};

/// Least attacks that have to be `malicious`, of all of them.
const LEAST_MALICIOUS: usize = 24;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut has = |flag: &str| {
        let before = arguments.len();
        arguments.retain(|argument| argument != flag);
        arguments.len() < before
    };
    let (is_shown, with_frozen) = (has("--show"), has("--frozen"));
    let Some(program) = arguments.first().map(PathBuf::from) else {
        println!("usage: replay VETCH [--show] [--frozen]");
        return ExitCode::from(2);
    };
    let wanted = |replay: &Replay| arguments.len() < 2 || arguments[1..].iter().any(|name| replay.name.contains(name));
    let replays: Vec<Replay> = Replay::all().into_iter().filter(wanted).collect();
    let mut jobs = Vec::new();
    for (number, replay) in replays.iter().enumerate() {
        jobs.extend(replay.asked().map(|(place, _)| (number, place)));
    }
    let judgements = judge_all(&program, &replays, &jobs);
    let mut rows: BTreeMap<usize, Row<'_>> = BTreeMap::new();
    for ((number, place), judgement) in jobs.into_iter().zip(judgements) {
        let replay = &replays[number];
        let row = rows.entry(number).or_insert_with(|| Row { replay, attack: None, honest: Vec::new() });
        match replay.asked().find(|(other, _)| *other == place) {
            Some((_, Part::Attack)) => row.attack = Some((place, judgement)),
            _ => row.honest.push((place, judgement)),
        }
    }
    let rows: Vec<Row<'_>> = rows.into_values().collect();
    let (frozen, open): (Vec<&Row<'_>>, Vec<&Row<'_>>) = rows.iter().partition(|row| row.replay.is_frozen());
    for (title, rows, is_listed) in [("open", open, true), ("kept apart", frozen, with_frozen)] {
        println!("{title}");
        if is_listed {
            rows.iter().for_each(|row| row.print(is_shown));
        }
        println!("  {}\n", Tally::of(&rows).words());
    }
    let tally = Tally::of(&rows.iter().collect::<Vec<_>>());
    println!("all\n  {}", tally.words());
    let is_fine = tally.found == tally.attacks
        && tally.alarms == 0
        && (tally.malicious >= LEAST_MALICIOUS || tally.attacks < LEAST_MALICIOUS);
    if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A replay and what the binary thinks of it.
struct Row<'a> {
    replay: &'a Replay,
    attack: Option<(usize, Judgement)>,
    honest: Vec<(usize, Judgement)>,
}

impl Row<'_> {
    fn print(&self, is_shown: bool) {
        let name = &self.replay.name;
        if let Some((place, judgement)) = &self.attack {
            let when = match judgement.verdict >= Verdict::Suspicious {
                true => format!("+{} min", judgement.minutes),
                false => "missed".to_owned(),
            };
            println!("  {name:<28} {when:<9} {:<11} {}", shown(judgement.verdict), judgement.rules.join(", "));
            if is_shown {
                println!("      {} ({})", self.replay.target(*place), self.replay.words);
                judgement.titles.iter().for_each(|title| println!("      - {title}"));
            }
        } else {
            let worst = self.honest.iter().max_by_key(|(_, judgement)| judgement.verdict);
            let (verdict, rules) =
                worst.map_or((Verdict::Clean, ""), |(_, it)| (it.verdict, it.rules.first().map_or("", |rule| rule)));
            println!("  {name:<28} {:<9} {:<11} {rules}", "twin", shown(verdict));
        }
        for (place, judgement) in &self.honest {
            let is_alarm = judgement.verdict >= Verdict::Suspicious;
            if is_alarm || (is_shown && judgement.verdict > Verdict::Clean) {
                let what = if is_alarm { "FALSE ALARM" } else { "honest" };
                println!(
                    "      {what}: {} {}: {}",
                    self.replay.target(*place),
                    shown(judgement.verdict),
                    judgement.titles.join("; ")
                );
            }
        }
    }
}

fn shown(verdict: Verdict) -> String {
    format!("{verdict:?}").to_lowercase()
}

/// How many there are, and how many of them are right.
#[derive(Default)]
struct Tally {
    attacks: usize,
    found: usize,
    at_once: usize,
    malicious: usize,
    before: usize,
    twins: usize,
    upgrades: usize,
    alarms: usize,
}

impl Tally {
    fn of(rows: &[&Row<'_>]) -> Tally {
        let mut tally = Tally::default();
        for row in rows {
            if let Some((_, judgement)) = &row.attack {
                let is_found = judgement.verdict >= Verdict::Suspicious;
                tally.attacks += 1;
                tally.found += usize::from(is_found);
                tally.at_once += usize::from(is_found && judgement.minutes <= 1);
                tally.malicious += usize::from(judgement.verdict == Verdict::Malicious);
            }
            let count = row.honest.len();
            match row.replay.kind {
                Kind::Attack => tally.before += count,
                Kind::Twin => (tally.twins, tally.upgrades) = (tally.twins + 1, tally.upgrades + count),
            }
            tally.alarms += row.honest.iter().filter(|(_, it)| it.verdict >= Verdict::Suspicious).count();
        }
        tally
    }

    fn words(&self) -> String {
        format!(
            "attacks suspicious or worse {}/{}, {} within a minute, {} malicious; false alarms {} on {} releases before \
             them and {} of {} twins",
            self.found, self.attacks, self.at_once, self.malicious, self.alarms, self.before, self.upgrades, self.twins
        )
    }
}
