//! `cargo xtask replay`: attacks on registries and honest upgrades, replayed with no advisory at hand.
//!
//! The test kit has them (`crates/testkit/replays`) and judges them in an example of its own, since this program depends
//! on no crate of the workspace.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::repo::{self, cargo};

/// What to replay with.
#[derive(Args)]
pub(crate) struct Replay {
    /// Judge with this binary instead of a release build
    #[arg(long, value_name = "FILE")]
    vetch: Option<PathBuf>,
    /// Say of each release what was found
    #[arg(long)]
    show: bool,
    /// List those that are kept apart too: nothing may be tuned on them
    #[arg(long)]
    frozen: bool,
    /// Only replays whose name has one of these in it
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Prints the tables; fails if an attack is missed, too few are malicious, or an honest release is suspicious.
pub(crate) fn run(options: &Replay) -> Result<()> {
    let vetch = match &options.vetch {
        Some(vetch) => std::path::absolute(vetch)?,
        None => repo::release_build(None)?.join("vetch"),
    };
    let mut replay = cargo();
    replay.args(["run", "--locked", "--quiet", "--package", "vetch-testkit", "--example", "replay", "--"]).arg(vetch);
    let flags = [("--show", options.show), ("--frozen", options.frozen)];
    replay.args(flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag)).args(&options.names);
    repo::run(&mut replay)
}
