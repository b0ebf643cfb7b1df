//! Development tasks: `cargo xtask <task>`.
//!
//! `ci` is everything that must hold before a change is merged, and runs the same
//! steps on a laptop as in CI.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a task prints is what it is for")]

mod bench;
mod calibrate;
mod ci;
mod codegen;
mod corpus;
mod names;
mod new_rule;
mod replay;
mod repo;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Development tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every check and every test
    Ci,
    /// Write the generated files anew: JSON Schemas, the rule reference, the demo
    Codegen {
        /// Change nothing; fail if a file is not current
        #[arg(long)]
        check: bool,
    },
    /// Check what the compiler does not: sizes, headers, markers, the tables of ARCHITECTURE.md
    Tidy,
    /// Write the two files of a new rule and register it
    NewRule(new_rule::NewRule),
    /// Measure a scan of an installed tree against the parser alone
    Bench(bench::Bench),
    /// Make the list of popular names that is shipped; count how often it would be wrong
    Names(names::Names),
    /// How well verdicts tell malicious samples from benign ones: precision and recall, families capped, halves apart
    Calibrate(calibrate::Calibrate),
    /// Replay attacks on registries and honest upgrades: when each is recognised, and why
    Replay(replay::Replay),
    /// Run Vetch on many real packages or projects
    Corpus {
        #[command(subcommand)]
        ecosystem: Ecosystem,
    },
}

#[derive(Subcommand)]
enum Ecosystem {
    /// Scan the projects of xtask/corpus/npm, or installed projects of yours
    Npm {
        /// Installed projects to scan instead
        #[arg(value_name = "DIR")]
        projects: Vec<PathBuf>,
    },
    /// Scan the archives that pip downloads for xtask/corpus/pypi, or archives of yours
    Pypi {
        /// Folders of archives to scan instead
        #[arg(value_name = "DIR")]
        folders: Vec<PathBuf>,
    },
    /// The last releases of popular packages, each as of the minute after it was published
    History(corpus::history::History),
    /// Every lockfile: what Vetch reads against what the tool that wrote it lists
    Map(corpus::map::Map),
    /// Attacks and their benign twins, put through minifiers, bundlers, compilers and obfuscators
    Robust(corpus::robust::Robust),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Ci => ci::run(),
        Task::Codegen { check } => codegen::run(check),
        Task::Tidy => tidy::run(),
        Task::NewRule(rule) => new_rule::run(&rule),
        Task::Bench(options) => bench::run(&options),
        Task::Names(options) => names::run(&options),
        Task::Calibrate(options) => calibrate::run(&options),
        Task::Replay(options) => replay::run(&options),
        Task::Corpus { ecosystem: Ecosystem::Npm { projects } } => corpus::npm(&projects),
        Task::Corpus { ecosystem: Ecosystem::Pypi { folders } } => corpus::pypi(&folders),
        Task::Corpus { ecosystem: Ecosystem::History(options) } => corpus::history::run(&options),
        Task::Corpus { ecosystem: Ecosystem::Map(options) } => corpus::map::run(&options),
        Task::Corpus { ecosystem: Ecosystem::Robust(options) } => corpus::robust::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
