//! What `cargo xtask names` and `cargo xtask bench names` need of the workspace: makes the shipped list, says how often
//! names are called confusable that are not, and measures a question.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use vetch_model::inventory::Ecosystem;
use vetch_names::{Lists, Lookalike, Names, normal};

const USAGE: &str = "usage: names pack FOLDER | audit | of npm|pypi FILE | bench COUNT";

const COMMENT: &str = "Names of the most-downloaded packages, the most downloaded first.\n\
    Apache-2.0, as collected in DataDog/guarddog from public download rankings (npm-rank, top-pypi-packages).\n\
    Written by `cargo xtask names`.";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["pack", folder] => Ok(std::io::stdout().write_all(&pack(Path::new(folder))?)?),
        ["audit"] => audit(),
        ["of", ecosystem, file] => of(&ecosystem_of(ecosystem)?, &std::fs::read_to_string(file)?),
        ["bench", count] => bench(count.parse()?),
        _ => Err(USAGE.into()),
    }
}

fn ecosystem_of(name: &str) -> Result<Ecosystem, Box<dyn Error>> {
    match name {
        "npm" => Ok(Ecosystem::Npm),
        "pypi" => Ok(Ecosystem::Pypi),
        _ => Err(USAGE.into()),
    }
}

/// The shipped list, from `npm.txt` and `pypi.txt` of a folder.
fn pack(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut text = String::new();
    for ecosystem in ["npm", "pypi"] {
        writeln!(text, "[{ecosystem}]\n{}", std::fs::read_to_string(folder.join(format!("{ecosystem}.txt")))?)?;
    }
    Ok(Lists::pack(&Lists::parse(&text)?.text(COMMENT))?)
}

/// How many of the listed names would be called confusable if they were not listed themselves.
fn audit() -> Result<(), Box<dyn Error>> {
    let names = Names::shipped();
    for ecosystem in [Ecosystem::Npm, Ecosystem::Pypi] {
        let listed = names.lists().of(&ecosystem);
        let asked = |name: &String| names.if_it_were_not_listed(&ecosystem, name);
        let of_listed: Vec<(&String, Vec<Lookalike>)> = listed.iter().map(|name| (name, asked(name))).collect();
        tell(&format!("{ecosystem:?}, each as if it were not listed"), &of_listed);
        let quiet = listed.iter().all(|name| names.lookalikes(&ecosystem, name).is_empty());
        println!("  as they are: {}", if quiet { "all quiet" } else { "NOT QUIET" });
        let typos: Vec<String> = listed.iter().take(500).flat_map(|name| slips(name)).collect();
        let found: Vec<Vec<Lookalike>> = typos.iter().map(|typo| names.lookalikes(&ecosystem, typo)).collect();
        let (any, strong) = (
            found.iter().filter(|it| !it.is_empty()).count(),
            found.iter().filter(|it| it.iter().any(|it| it.is_strong)).count(),
        );
        println!("  {} slips of the 500 most popular: {any} found, {strong} strong", typos.len());
    }
    Ok(())
}

/// What is said of the names of a file, a name a line.
fn of(ecosystem: &Ecosystem, text: &str) -> Result<(), Box<dyn Error>> {
    let names = Names::shipped();
    let all: Vec<String> = text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    let told: Vec<(&String, Vec<Lookalike>)> =
        all.iter().map(|name| (name, names.lookalikes(ecosystem, name))).collect();
    tell("as they are", &told);
    Ok(())
}

fn tell(what: &str, told: &[(&String, Vec<Lookalike>)]) {
    let mut kinds: BTreeMap<(bool, String), usize> = BTreeMap::new();
    for first in told.iter().filter_map(|(_, lookalikes)| lookalikes.first()) {
        let kind = format!("{:?}", first.how);
        let kind = kind.split('"').next().unwrap_or_default().trim_end_matches('(').to_owned();
        *kinds.entry((!first.is_strong, kind)).or_default() += 1;
    }
    let per_thousand = |count: usize| 1000.0 * count as f64 / told.len().max(1) as f64;
    let strong = told.iter().filter(|(_, it)| it.iter().any(|one| one.is_strong)).count();
    let any = told.iter().filter(|(_, it)| !it.is_empty()).count();
    println!(
        "{what}: {} names; strong {strong} ({:.1} ‰), any {any} ({:.1} ‰)",
        told.len(),
        per_thousand(strong),
        per_thousand(any)
    );
    for ((is_weak, kind), count) in kinds {
        println!("  {:6} {kind:<24} {count:>6}", if is_weak { "weak" } else { "strong" });
    }
    if std::env::var_os("NAMES_SHOWN").is_some() {
        for (name, first) in told.iter().filter_map(|(name, it)| Some((name, it.first()?))) {
            println!(
                "  {} {name} -> {} (#{}): {}",
                if first.is_strong { "S" } else { "w" },
                first.target,
                first.rank,
                first.how
            );
        }
    }
}

/// Lists of so many names, made from the shipped ones, and questions that none of them answers at once.
fn bench(count: usize) -> Result<(), Box<dyn Error>> {
    let shipped = Lists::shipped();
    let mut text = String::from("[npm]\n");
    for number in 0..count {
        let all = shipped.of(&Ecosystem::Pypi);
        let name = all.get(number % all.len()).ok_or("no list is shipped")?;
        writeln!(text, "{name}{}", if number < all.len() { String::new() } else { format!("-{}", suffix(number)) })?;
    }
    let lists = Lists::parse(&text)?;
    let questions: Vec<String> = lists.of(&Ecosystem::Npm).iter().step_by(37).map(|name| typo(name)).collect();
    let names = Names::new(lists);
    let start = Instant::now();
    black_box(names.lookalikes(&Ecosystem::Npm, "not-on-any-list-at-all"));
    let prepared = start.elapsed();
    let mut times: Vec<Duration> = Vec::with_capacity(questions.len());
    for question in &questions {
        let start = Instant::now();
        black_box(names.lookalikes(&Ecosystem::Npm, question));
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 1000).or(times.last()).copied().unwrap_or_default();
    let total: Duration = times.iter().sum();
    let start = Instant::now();
    let shipped = Names::shipped();
    black_box(shipped.lookalikes(&Ecosystem::Npm, &normal(&Ecosystem::Npm, "not-on-any-list-at-all")));
    let report = serde_json::json!({
        "names": count,
        "questions": times.len(),
        "mean_us": total.as_secs_f64() * 1e6 / times.len().max(1) as f64,
        "p50_us": at(500).as_secs_f64() * 1e6,
        "p99_us": at(990).as_secs_f64() * 1e6,
        "max_us": at(1000).as_secs_f64() * 1e6,
        "prepared_ms": prepared.as_secs_f64() * 1e3,
        "shipped_prepared_ms": start.elapsed().as_secs_f64() * 1e3,
    });
    println!("{report}");
    Ok(())
}

/// Slips of a name: every swap, every letter left out, every letter doubled.
fn slips(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut slips = Vec::new();
    for place in 1..letters.len() {
        let mut swapped = letters.clone();
        swapped.swap(place - 1, place);
        let (mut omitted, mut doubled) = (letters.clone(), letters.clone());
        omitted.remove(place);
        doubled.insert(place, letters[place]);
        slips.extend([swapped, omitted, doubled].iter().map(|letters| letters.iter().collect::<String>()));
    }
    slips
}

/// Letters that make names of numbers, as different as those of names are.
fn suffix(number: usize) -> String {
    const SYLLABLES: [&str; 16] =
        ["ka", "lo", "mi", "nu", "re", "sa", "to", "ve", "xi", "zo", "bra", "cle", "dri", "flo", "gru", "pla"];
    let digits = std::iter::successors(Some(number), |rest| (*rest >= 16).then_some(rest / 16));
    digits.map(|rest| SYLLABLES[rest % 16]).collect()
}

/// Two letters in the middle swapped.
fn typo(name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let middle = letters.len() / 2;
    if middle > 0 {
        letters.swap(middle - 1, middle);
    }
    letters.into_iter().collect()
}
