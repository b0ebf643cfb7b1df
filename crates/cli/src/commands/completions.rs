//! `vetch completions SHELL`.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Prints a completion script.
pub(crate) fn run(arguments: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "vetch", &mut script);
    output::print(&script)?;
    Ok(Exit::Passed)
}
