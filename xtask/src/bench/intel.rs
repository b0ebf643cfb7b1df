//! `cargo xtask bench intel`: importing 250,000 records, and 10,000 packages against them.

use std::process::Command;

use anyhow::Result;

use crate::repo::{self, cargo};

/// Measures and prints: the example says what the budgets are beside what it took.
pub(crate) fn run() -> Result<()> {
    let example = ["build", "--release", "--locked", "--quiet", "--package", "vetch-intel", "--example", "intel"];
    repo::run(cargo().args(example))?;
    repo::run(&mut Command::new(repo::target_dir()?.join("release/examples/intel")))
}
