//! `cargo xtask bench map`: from the bytes of a large lockfile of every format to its graph, in one process, against
//! the cheapest parse of the same bytes, and beside what other tools take for the same files.
//!
//! Ours are the fastest of several runs in a process that is running; the other tools are whole processes, as there is no other way to
//! use them. Those that are not on `PATH` are left out.

mod generate;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;

use crate::repo;
use generate::Generated;

/// What the issue of the dependency map allows per format.
const BUDGET_MS: f64 = 50.0;

/// A tool that takes longer says enough.
const PATIENCE: Duration = Duration::from_secs(120);

/// What to measure.
#[derive(Args)]
pub(crate) struct Map {
    /// Packages in each lockfile
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    packages: usize,
    /// How often each is read; the fastest counts
    #[arg(long, value_name = "N", default_value_t = 15)]
    runs: usize,
    /// Keep the generated files here
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Do not run the other tools
    #[arg(long)]
    only_ours: bool,
}

/// What `crates/graph/examples/map.rs` prints for a file.
#[derive(Deserialize)]
struct Line {
    format: String,
    bytes: u64,
    packages: usize,
    edges: usize,
    incomplete: usize,
    reading_ms: f64,
    graph_ms: f64,
    floor_ms: f64,
}

/// Generates, measures and prints.
pub(crate) fn run(options: &Map) -> Result<()> {
    repo::run(repo::cargo().args([
        "build",
        "--release",
        "--locked",
        "--quiet",
        "--package",
        "vetch-graph",
        "--examples",
    ]))?;
    let programs = repo::target_dir()?.join("release/examples");
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let folder = options.keep.clone().unwrap_or_else(|| scratch.path().to_owned());
    let all = generate::all(options.packages);
    let mut command = Command::new(programs.join("map"));
    command.arg(options.runs.to_string());
    for made in &all {
        command.arg(made.format).arg(write(&folder, made)?);
    }
    let missed = print_ours(&repo::output(&mut command)?)?;
    println!("\nquestions to a graph of 50,000 packages and 300,000 edges:");
    repo::run(&mut Command::new(programs.join("speed")))?;
    if !options.only_ours {
        println!("\nother tools, whole processes:");
        others(&folder);
    }
    match missed.as_slice() {
        [] => Ok(()),
        missed => bail!("{} take more than {BUDGET_MS} ms", missed.join(", ")),
    }
}

/// Writes the files of a format into a folder of their own; returns the one that is read.
fn write(folder: &Path, made: &Generated) -> Result<PathBuf> {
    let folder = folder.join(made.format);
    for (name, text) in &made.files {
        repo::write(&folder.join(name), text.as_bytes())?;
    }
    let (name, _) = made.files.first().context("a format has a file")?;
    Ok(folder.join(name))
}

/// Prints the table; returns the formats over the budget.
fn print_ours(output: &[u8]) -> Result<Vec<String>> {
    println!(
        "{:<16} {:>8} {:>8} {:>7} {:>9} {:>9} {:>7} {:>9} {:>8}",
        "", "MB", "packages", "edges", "read ms", "graph ms", "MB/s", "floor ms", "× floor"
    );
    let mut missed = Vec::new();
    for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Line = serde_json::from_slice(line).context("the example's output")?;
        let megabytes = line.bytes as f64 / 1e6;
        let told = if line.incomplete > 0 { format!("  {} incomplete", line.incomplete) } else { String::new() };
        let over = if line.graph_ms > BUDGET_MS { "  MISSED" } else { "" };
        println!(
            "{:<16} {megabytes:>8.1} {:>8} {:>7} {:>9.1} {:>9.1} {:>7.0} {:>9.1} {:>8.1}{told}{over}",
            line.format,
            line.packages,
            line.edges,
            line.reading_ms,
            line.graph_ms,
            megabytes / line.graph_ms * 1e3,
            line.floor_ms,
            line.graph_ms / line.floor_ms,
        );
        if line.graph_ms > BUDGET_MS {
            missed.push(line.format);
        }
    }
    Ok(missed)
}

/// The same files by other tools.
fn others(folder: &Path) {
    let in_folder = |name: &str, program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder.join(name));
        (name.to_owned(), command)
    };
    let mut all = vec![
        in_folder("package-lock", "npm", &["ls", "--all", "--json", "--package-lock-only"]),
        in_folder("uv", "uv", &["export", "--frozen", "--no-hashes", "--offline"]),
    ];
    for name in ["package-lock", "yarn-classic", "pnpm", "poetry", "uv", "pipfile-lock", "requirements"] {
        all.push(in_folder(name, "syft", &["scan", "dir:.", "--output", "syft-json", "--quiet"]));
    }
    for (name, mut command) in all {
        let shown = repo::shown(&command);
        match timed(&mut command) {
            Ok(Some((wall, status))) => {
                let failed = if status { "" } else { "  (it failed)" };
                println!("{:>9.0} ms  {name}: {shown}{failed}", wall.as_secs_f64() * 1e3);
            }
            Ok(None) => println!("   > {:>3} s   {name}: {shown}", PATIENCE.as_secs()),
            Err(_) => println!("  left out   {name}: {shown} (not found)"),
        }
    }
}

/// Wall time and success of a tool; `None` if it is stopped because it takes too long.
fn timed(command: &mut Command) -> Result<Option<(Duration, bool)>> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some((start.elapsed(), status.success())));
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
