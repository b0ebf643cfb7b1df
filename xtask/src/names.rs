//! `cargo xtask names`: the list of popular names that is shipped, and how often names would be called confusable that
//! are not.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use clap::Args;

use crate::repo::{self, cargo};

const LIST: &str = "crates/names/data/popular.txt.gz";

/// What to do with the list.
#[derive(Args)]
pub(crate) struct Names {
    /// Makes the list from the `npm.txt` and `pypi.txt` of this folder: a name a line, the most downloaded first
    #[arg(value_name = "DIR", required_unless_present_any = ["audit", "npm", "pypi"])]
    folder: Option<PathBuf>,
    /// Count what would be said of each listed name if it were not listed, and which slips are found
    #[arg(long)]
    audit: bool,
    /// Count what is said of the names of npm packages in this file, a name a line
    #[arg(long, value_name = "FILE")]
    npm: Option<PathBuf>,
    /// Count what is said of the names of PyPI packages in this file
    #[arg(long, value_name = "FILE")]
    pypi: Option<PathBuf>,
    /// Show the names
    #[arg(long)]
    show: bool,
}

/// Does it.
pub(crate) fn run(options: &Names) -> Result<()> {
    if let Some(folder) = &options.folder {
        make(folder)?;
    }
    let program = program()?;
    let told = |arguments: &[&std::ffi::OsStr]| {
        let mut command = Command::new(&program);
        if options.show {
            command.env("NAMES_SHOWN", "1");
        }
        repo::run(command.args(arguments))
    };
    if options.audit {
        told(&["audit".as_ref()])?;
    }
    for (ecosystem, file) in [("npm", &options.npm), ("pypi", &options.pypi)] {
        if let Some(file) = file {
            told(&["of".as_ref(), ecosystem.as_ref(), file.as_os_str()])?;
        }
    }
    Ok(())
}

fn make(folder: &Path) -> Result<()> {
    let folder = folder.canonicalize()?;
    let packed = repo::output(Command::new(program()?).arg("pack").arg(folder))?;
    if packed.is_empty() {
        bail!("no list was made");
    }
    repo::write(&repo::root().join(LIST), &packed)?;
    println!("wrote {LIST}: {} bytes", packed.len());
    Ok(())
}

/// The example that does the work, built as it is shipped.
pub(crate) fn program() -> Result<PathBuf> {
    let example = ["build", "--release", "--locked", "--quiet", "--package", "vetch-names", "--example", "names"];
    repo::run(cargo().args(example))?;
    Ok(repo::target_dir()?.join("release/examples/names"))
}
