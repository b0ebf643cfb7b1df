//! Real workers under real guards: each case starts this very binary as a worker, has it try something, and looks at
//! what came of it and whether the parent goes on.
//!
//! The standard harness would print to the worker's pipe, so this is a small one of its own: `cargo test -p
//! vetch-sandbox --test confined [PART OF A NAME]`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "the whole crate is a test")]

mod acts;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod escapes;
mod pools;
mod talk;

use std::process::ExitCode;
use vetch_sandbox::{Cancel, WorkerCommand, WorkerError, WorkerLimits, WorkerProcess};

/// A named case.
pub(crate) type Case = (&'static str, fn());

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|first| first == "worker") {
        return acts::main(&arguments[2..]);
    }
    let wanted = arguments.iter().skip(1).find(|argument| !argument.starts_with('-'));
    let cases = [
        #[cfg(target_os = "linux")]
        escapes::CASES,
        talk::CASES,
        pools::CASES,
    ]
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

/// Room for the 256-MiB stacks of the cases.
pub(crate) fn limits() -> WorkerLimits {
    WorkerLimits { memory_bytes: 1 << 30, frame_bytes: 16 << 20, ..WorkerLimits::default() }
}

/// This binary, as a worker that behaves as `mode` says.
pub(crate) fn command(mode: &str, limits: WorkerLimits) -> WorkerCommand {
    WorkerCommand {
        program: WorkerCommand::own_executable().unwrap(),
        arguments: vec!["worker".into(), mode.into()],
        limits,
        cancel: Cancel::new(),
    }
}

/// A worker that does what its jobs say.
pub(crate) fn worker() -> WorkerProcess {
    WorkerProcess::spawn(&command("obedient", limits())).unwrap()
}

/// One act in a worker of its own.
pub(crate) fn act(job: &str) -> Result<String, WorkerError> {
    ask(&mut worker(), job)
}

/// One act in a given worker.
pub(crate) fn ask(worker: &mut WorkerProcess, job: &str) -> Result<String, WorkerError> {
    worker.begin_job();
    worker.send(acts::JOB, &[job.as_bytes()])?;
    Ok(String::from_utf8(worker.recv()?.payload).unwrap())
}
