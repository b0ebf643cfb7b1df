//! `cargo xtask bench names`: how long one name takes against a large list of popular ones.

use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;

use crate::{names, repo};

/// What the issue of release anomalies allows for one name.
const BUDGET_US: f64 = 100.0;

/// What preparing the shipped list may add to a scan.
const PREPARED_MS: f64 = 20.0;

/// What to measure.
#[derive(Args)]
pub(crate) struct Names {
    /// Names on the list
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    names: usize,
}

/// What the example prints.
#[derive(Deserialize)]
struct Line {
    names: usize,
    questions: usize,
    mean_us: f64,
    p50_us: f64,
    p99_us: f64,
    prepared_ms: f64,
    shipped_prepared_ms: f64,
}

/// Measures and prints.
pub(crate) fn run(options: &Names) -> Result<()> {
    let output = repo::output(Command::new(names::program()?).args(["bench", &options.names.to_string()]))?;
    let line: Line = serde_json::from_slice(&output).context("what the measurement prints")?;
    let Line { names, questions, mean_us, p50_us, p99_us, prepared_ms, shipped_prepared_ms } = line;
    println!("{questions} unlisted names against {names} popular ones");
    println!("mean {mean_us:.1} µs, median {p50_us:.1} µs, 99 of 100 within {p99_us:.1} µs");
    println!("prepared, once: {prepared_ms:.1} ms; the shipped list {shipped_prepared_ms:.1} ms");
    let within = |held: bool| if held { "held" } else { "MISSED" };
    println!("99 of 100 ≤ {BUDGET_US:.0} µs: {}", within(p99_us <= BUDGET_US));
    println!("shipped list ≤ {PREPARED_MS:.0} ms: {}", within(shipped_prepared_ms <= PREPARED_MS));
    Ok(())
}
