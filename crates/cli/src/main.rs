//! `vetch`, the one binary: arguments in, a result on standard output, an exit status.
//!
//! Everything that the engine needs of the environment is read here and passed on;
//! everything that the user sees is written here. See `exit` for what the status means.

mod args;
mod commands;
mod exit;
mod interrupt;
mod message;
mod output;
mod progress;
mod screen;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Cli, Command};
use exit::{Exit, Failure};

/// The argument with which the engine starts this binary as a confined worker.
const WORKER: &str = "__worker";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // Before anything else: a worker confines itself at once and reads no other argument.
    if arguments.get(1).is_some_and(|argument| argument == WORKER) {
        return vetch_engine::worker_main();
    }
    match Cli::try_parse_from(arguments) {
        Ok(cli) => finish(run(cli)),
        Err(error) => answer(&error),
    }
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    screen::choose_color(cli.global.color);
    let global = &cli.global;
    match cli.command {
        Command::Scan(arguments) => commands::scan::run(&arguments, global),
        Command::Inspect(arguments) => commands::inspect::run(&arguments, global),
        Command::Lock(arguments) => commands::lock::run(&arguments, global),
        Command::Graph(arguments) => commands::graph::run(&arguments, global),
        Command::Why(arguments) => commands::why::run(&arguments, global),
        Command::Sbom(arguments) => commands::sbom::run(&arguments, global),
        Command::Diff(arguments) => commands::diff::run(&arguments, global),
        Command::Fix(arguments) => commands::fix::run(&arguments, global),
        Command::Pin(arguments) => commands::pin::run(&arguments, global),
        Command::Doctor(arguments) => commands::doctor::run(&arguments, global),
        Command::Explain(arguments) => commands::explain::run(&arguments, global),
        Command::Rules(arguments) => commands::rules::run(&arguments, global),
        Command::Intel(arguments) => commands::intel::run(&arguments, global),
        Command::Cache(arguments) => commands::cache::run(&arguments),
        Command::Completions(arguments) => commands::completions::run(&arguments),
        Command::Man(arguments) => commands::man::run(&arguments),
    }
}

fn finish(result: Result<Exit, Failure>) -> ExitCode {
    let exit = result.unwrap_or_else(|failure| {
        message::error(&failure.message, &failure.hint);
        failure.exit
    });
    ExitCode::from(exit)
}

/// Help and version are answers and go to standard output; anything else is an error.
fn answer(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let text = error.render().ansi().to_string();
        return finish(output::print_styled(&text).map(|()| Exit::Passed));
    }
    // What was typed is quoted in it, and need not have been typed by the user.
    for line in error.render().to_string().trim_end().lines() {
        message::plain(line);
    }
    ExitCode::from(Exit::Error)
}
