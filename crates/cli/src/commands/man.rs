//! `vetch man`.

use std::path::Path;

use clap::CommandFactory;

use crate::args::{Cli, ManArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Prints the manual page, or writes one for every command.
pub(crate) fn run(arguments: &ManArgs) -> Result<Exit, Failure> {
    match &arguments.dir {
        Some(folder) => write_all(folder)?,
        None => output::print(&page()?)?,
    }
    Ok(Exit::Passed)
}

fn page() -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(Cli::command()).render(&mut page);
    made.map_err(|error| Failure::new(format!("cannot make the manual: {error}"), ""))?;
    Ok(page)
}

fn write_all(folder: &Path) -> Result<(), Failure> {
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written.map_err(|error| {
        let message = format!("cannot write the manual to `{}`: {error}", folder.display());
        Failure::new(message, "name a folder that you may write to")
    })
}
