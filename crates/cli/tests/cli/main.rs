//! The real binary, in a scrubbed environment. One test binary: modules are quicker to link.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic here is a failed test")]

mod cache;
mod diff;
mod diff_releases;
mod doctor;
mod documents;
mod fix;
mod graph;
mod help;
mod html;
mod indicators;
mod inspect;
mod intel;
mod intel_snapshot;
mod lock;
mod medallion;
mod own_source;
mod pin;
mod policy;
mod replay;
mod report;
mod rules;
mod sbom;
mod sbom_spdx3;
mod scan;
mod taxii;
mod vex;
mod yara;

use vetch_testkit::{Run, Vetch};

/// The binary with these arguments.
fn vetch(arguments: &[&str]) -> Vetch {
    Vetch::new(env!("CARGO_BIN_EXE_vetch")).args(arguments.iter().copied())
}

/// Runs it in an empty home.
fn run(arguments: &[&str]) -> Run {
    vetch(arguments).run()
}
