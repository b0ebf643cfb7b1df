//! `cargo xtask bench releases`: the histories of 1,500 packages from the store, and two releases of five megabytes compared.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::repo::{self, cargo};

/// What to measure with.
#[derive(Args)]
pub(crate) struct Releases {
    /// Measure this binary instead of a release build
    #[arg(long, value_name = "FILE")]
    vetch: Option<PathBuf>,
}

/// Measures and prints: the example says what the budgets are beside what it took.
pub(crate) fn run(options: &Releases) -> Result<()> {
    let vetch = match &options.vetch {
        Some(vetch) => std::path::absolute(vetch)?,
        None => repo::release_build(None)?.join("vetch"),
    };
    repo::run(cargo().args(["build", "--locked", "--quiet", "--package", "vetch-testkit", "--example", "releases"]))?;
    repo::run(Command::new(repo::target_dir()?.join("debug/examples/releases")).arg(vetch))
}
