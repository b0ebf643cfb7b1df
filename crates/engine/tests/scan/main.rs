//! Whole scans of projects in temporary folders, through the public interface and with real,
//! confined worker processes: this binary starts itself as the worker.
//!
//! `cargo test -p vetch-engine --test scan [PART OF A NAME]`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "the whole crate is a test")]

mod archives;
mod bad_input;
mod comparison;
mod inventory;
mod repeat;
mod support;
mod targets;

use std::process::ExitCode;

/// A named case.
type Case = (&'static str, fn());

/// A worker aborts on a file that holds this: stands for whatever a parser may die of.
pub(crate) const FATAL: &str = "this-file-ends-the-worker";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|first| first == vetch_engine::WORKER_COMMAND) {
        return vetch_engine::worker_main_observed(|bytes| {
            if bytes.windows(FATAL.len()).any(|part| part == FATAL.as_bytes()) {
                std::process::abort();
            }
        });
    }
    let wanted = arguments.iter().skip(1).find(|argument| !argument.starts_with('-'));
    let cases = [targets::CASES, inventory::CASES, archives::CASES, comparison::CASES, repeat::CASES, bad_input::CASES]
        .concat();
    let (mut run, mut failed) = (0, Vec::new());
    for (name, case) in cases.iter().filter(|(name, _)| wanted.is_none_or(|part| name.contains(part.as_str()))) {
        run += 1;
        let passed = std::panic::catch_unwind(case).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        if !passed {
            failed.push(name);
        }
    }
    println!("{run} run, {} failed {failed:?}", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
