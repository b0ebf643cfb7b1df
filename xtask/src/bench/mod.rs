//! `cargo xtask bench`: a scan of an installed tree, against the parser alone, in one run on one machine.
//!
//! The floor is what nobody who parses JavaScript with a semantic model can do without: oxc's parser and semantic
//! builder over every `.js`, `.cjs` and `.mjs` file, on all cores (`examples/floor.rs`); of a Python environment it is
//! ruff's parser over every `.py` file. Everything is in the page cache
//! before anything is measured. Scans see an empty home folder: neither the machine's npm cache nor its settings count.

mod html;
mod intel;
mod map;
mod measure;
mod names;
mod releases;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::{corpus, repo};
use measure::{Cost, measure};

/// The project that is measured if none is named.
const PROJECT: &str = "cli-tool";

/// What is allowed.
struct Allowed {
    cold_ratio: f64,
    warm: Duration,
    warm_bytes: u64,
    cold_bytes: u64,
}

const JAVASCRIPT: Allowed =
    Allowed { cold_ratio: 2.0, warm: Duration::from_secs(1), warm_bytes: 150_000_000, cold_bytes: 600_000_000 };

const PYTHON: Allowed =
    Allowed { cold_ratio: 3.0, warm: Duration::from_secs(1), warm_bytes: 600_000_000, cold_bytes: 600_000_000 };

/// What to measure.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: Option<What>,
    /// An installed npm project [default: one of xtask/corpus/npm, installed once]
    #[arg(value_name = "TREE")]
    tree: Option<PathBuf>,
    /// TREE is an installed Python environment
    #[arg(long, requires = "tree")]
    python: bool,
    /// How often each is run; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
}

/// Measurements of something else than a scan.
#[derive(Subcommand)]
enum What {
    /// Measure the page of a large graph in Chromium
    Html(html::Html),
    /// Measure the import of 250,000 advisories, and 10,000 packages against them
    Intel,
    /// Measure the way from a large lockfile of every format to its graph
    Map(map::Map),
    /// Measure how long one name takes against a large list of popular ones
    Names(names::Names),
    /// Measure histories of 1,500 packages from the store, and the comparison of two large releases
    Releases(releases::Releases),
}

/// What `examples/floor.rs` prints.
#[derive(Deserialize)]
struct Floor {
    files: u64,
    bytes: u64,
    seconds: f64,
}

/// What is needed of a report.
#[derive(Deserialize)]
struct Report {
    summary: std::collections::BTreeMap<String, u64>,
}

/// Measures and prints.
pub(crate) fn run(options: &Bench) -> Result<()> {
    match &options.what {
        Some(What::Html(options)) => return html::run(options),
        Some(What::Intel) => return intel::run(),
        Some(What::Map(options)) => return map::run(options),
        Some(What::Names(options)) => return names::run(options),
        Some(What::Releases(options)) => return releases::run(options),
        None => {}
    }
    let tree = match &options.tree {
        Some(tree) => tree.canonicalize().with_context(|| format!("cannot find {}", tree.display()))?,
        None => corpus::install::project(PROJECT)?,
    };
    let programs = repo::release_build(Some("floor"))?;
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let bench = Runner { vetch: programs.join("vetch"), tree, scratch: scratch.path().to_owned(), runs: options.runs };
    let allowed = if options.python { &PYTHON } else { &JAVASCRIPT };

    let warmed = measure::read_all(&bench.tree)?;
    println!("{}: {:.0} MB in the page cache", bench.tree.display(), warmed as f64 / 1e6);
    let floor = bench.floor(&programs.join("examples/floor"), options.python)?;
    let cold = bench.scan(&["--no-cache"])?;
    let cache = bench.scratch.join("cache");
    let cache = ["--cache-dir", cache.to_str().context("the temporary folder has a readable name")?];
    let filling = bench.once(&cache)?;
    let warm = bench.scan(&cache)?;
    print(&floor, bench.packages()?, [&cold, &filling, &warm], allowed);
    Ok(())
}

struct Runner {
    vetch: PathBuf,
    tree: PathBuf,
    scratch: PathBuf,
    runs: u8,
}

impl Runner {
    fn floor(&self, program: &Path, is_python: bool) -> Result<Floor> {
        let mut floors = Vec::new();
        for _ in 0..self.runs {
            let output = repo::output(Command::new(program).args(is_python.then_some("--python")).arg(&self.tree))?;
            floors.push(serde_json::from_slice::<Floor>(&output).context("the floor's output")?);
        }
        median(floors, |floor| floor.seconds)
    }

    fn scan(&self, arguments: &[&str]) -> Result<Cost> {
        let costs = (0..self.runs).map(|_| self.once(arguments)).collect::<Result<Vec<_>>>()?;
        median(costs, |cost| cost.wall.as_secs_f64())
    }

    fn once(&self, arguments: &[&str]) -> Result<Cost> {
        let mut command = Command::new(&self.vetch);
        command.args(["scan", "--offline", "--quiet", "--only-findings", "--format", "json", "--output"]);
        command.arg(self.report()).args(arguments).arg(&self.tree);
        command.env_clear().env("HOME", self.scratch.join("home")).current_dir(&self.scratch);
        let cost = measure(&mut command)?;
        // 1 and 3 are verdicts: the scan was done.
        match cost.status.code() {
            Some(0 | 1 | 3) => Ok(cost),
            _ => bail!("`{}` failed: {}", repo::shown(&command), cost.status),
        }
    }

    fn report(&self) -> PathBuf {
        self.scratch.join("report.json")
    }

    fn packages(&self) -> Result<u64> {
        let report: Report = serde_json::from_str(&repo::read(&self.report())?).context("the report")?;
        Ok(report.summary.values().sum())
    }
}

fn median<T>(mut values: Vec<T>, key: impl Fn(&T) -> f64) -> Result<T> {
    values.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let middle = values.len() / 2;
    values.into_iter().nth(middle).context("nothing was measured")
}

fn print(floor: &Floor, packages: u64, [cold, filling, warm]: [&Cost; 3], allowed: &Allowed) {
    let megabytes = floor.bytes as f64 / 1e6;
    println!("{packages} releases, {} files with {megabytes:.0} MB of source", floor.files);
    println!("{:<28} {:>9} {:>11} {:>12}", "", "seconds", "× floor", "peak memory");
    println!("{:<28} {:>9.2} {:>11} {:>12}", "parser alone (floor)", floor.seconds, "1.00", "");
    let ratio = |cost: &Cost| cost.wall.as_secs_f64() / floor.seconds;
    for (name, cost) in
        [("scan, cold, no cache", cold), ("scan that fills the cache", filling), ("scan, nothing changed", warm)]
    {
        let memory = cost.peak_bytes.map_or("unknown".to_owned(), |bytes| format!("{:.0} MB", bytes as f64 / 1e6));
        println!("{name:<28} {:>9.2} {:>11.2} {memory:>12}", cost.wall.as_secs_f64(), ratio(cost));
    }
    let within = |held: bool| if held { "held" } else { "MISSED" };
    let below = |cost: &Cost, limit: u64| cost.peak_bytes.is_none_or(|bytes| bytes <= limit);
    let Allowed { cold_ratio, warm: warm_time, warm_bytes, cold_bytes } = allowed;
    println!("cold ≤ {cold_ratio:.1} × floor: {}", within(ratio(cold) <= *cold_ratio));
    println!("cold ≤ {} MB: {}", cold_bytes / 1_000_000, within(below(cold, *cold_bytes)));
    println!("warm ≤ {:.1} s: {}", warm_time.as_secs_f64(), within(warm.wall <= *warm_time));
    println!("warm ≤ {} MB: {}", warm_bytes / 1_000_000, within(below(warm, *warm_bytes)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_counts() {
        assert_eq!(median(vec![3.0, 1.0, 100.0], |value| *value).unwrap(), 3.0);
        assert_eq!(median(vec![7.0], |value| *value).unwrap(), 7.0);
        assert!(median(Vec::<f64>::new(), |value| *value).is_err());
    }
}
