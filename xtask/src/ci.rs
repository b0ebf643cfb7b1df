//! Everything that must hold before a change is merged.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::repo::{self, cargo};
use crate::{codegen, tidy};

type Step = (&'static str, fn() -> Result<()>);

/// Cheap ones first: a slip is reported within seconds.
const STEPS: &[Step] = &[
    ("format", || repo::run(cargo().args(["fmt", "--all", "--check"]))),
    ("tidy", tidy::run),
    ("dependencies", dependencies),
    ("clippy", || {
        repo::run(cargo().args([
            "clippy",
            "--locked",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    }),
    ("generated files", || codegen::run(true)),
    ("documentation", documentation),
    ("validator of documents", validator),
    ("tests", || {
        let mut tests = cargo();
        tests.args(["test", "--locked", "--quiet", "--workspace"]);
        // The test that documents are put to it fails, where without it it is skipped.
        repo::run(tests.env("DOCUMENT_VALIDATOR", validator_folder()?.join("debug/document-validator")))
    }),
];

/// Runs the steps in order and stops at the first that fails.
fn run_steps(steps: &[Step]) -> Result<()> {
    let mut durations = Vec::new();
    for (name, step) in steps {
        println!("== {name}");
        let start = Instant::now();
        step().with_context(|| format!("{name}: not passed"))?;
        durations.push(format!("{name} {:.0} s", start.elapsed().as_secs_f64()));
    }
    println!("== all passed: {}", durations.join(", "));
    Ok(())
}

/// Runs every check and every test.
pub(crate) fn run() -> Result<()> {
    run_steps(STEPS)
}

/// Builds what judges CSAF documents. It has a lockfile of its own: its 190 crates are nobody else's. About three minutes on
/// two cores, once; its folder lies beside the others', so that whatever keeps those keeps it.
fn validator() -> Result<()> {
    let mut build = cargo();
    build.args(["build", "--locked", "--quiet", "--manifest-path", "xtask/document-validator/Cargo.toml"]);
    repo::run(build.env("CARGO_TARGET_DIR", validator_folder()?))
}

fn validator_folder() -> Result<PathBuf> {
    Ok(repo::target_dir()?.join("document-validator"))
}

/// Links between items that lead nowhere are errors. Private items are documented too, so links to them are none.
fn documentation() -> Result<()> {
    let mut doc = cargo();
    doc.args(["doc", "--locked", "--quiet", "--workspace", "--no-deps", "--document-private-items"]);
    repo::run(doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"))
}

/// Licences, sources and bans. Advisories need the network: the published workflow checks them.
fn dependencies() -> Result<()> {
    let version = cargo().args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        println!("skipped: cargo-deny is not installed (`cargo install cargo-deny --locked`)");
        return Ok(());
    }
    repo::run(cargo_deny().args(["check", "bans", "licenses", "sources"]))
}

fn cargo_deny() -> Command {
    let mut deny = cargo();
    // Doubled versions are warned of in the workflow's log; here only errors matter.
    deny.args(["deny", "--log-level", "error"]);
    deny
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn the_first_failure_stops_and_is_named() {
        let failed = run_steps(&[
            ("first", || Ok(())),
            ("second", || bail!("broken")),
            ("third", || panic!("runs after a failure")),
        ]);
        assert_eq!(format!("{:#}", failed.unwrap_err()), "second: not passed: broken");
        assert!(run_steps(&[("only", || Ok(()))]).is_ok());
    }
}
