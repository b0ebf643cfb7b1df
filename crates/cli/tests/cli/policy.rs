//! Errors of `vetch.toml`, as the user sees them.

use std::fs;

use tempfile::TempDir;
use vetch_testkit::{Run, Vetch};

use crate::vetch;

/// A project without dependencies.
fn project(policy: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("package.json"), r#"{"name":"demo","version":"1.0.0"}"#).unwrap();
    let lock =
        r#"{"name":"demo","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"demo","version":"1.0.0"}}}"#;
    fs::write(folder.path().join("package-lock.json"), lock).unwrap();
    if !policy.is_empty() {
        fs::write(folder.path().join("vetch.toml"), policy).unwrap();
    }
    folder
}

fn scan(folder: &TempDir, more: &[&str]) -> Vetch {
    vetch(&["scan", "--offline"]).args(more.iter().copied()).dir(folder.path())
}

/// An error: nothing on standard output, and the two lines on standard error.
#[track_caller]
fn refused(run: Run) -> (String, String) {
    let run = run.expect(2);
    assert_eq!(run.stdout, "");
    let (error, hint) = run.stderr.split_once("\nhint: ").unwrap_or_else(|| panic!("no hint: {}", run.stderr));
    (error.to_owned(), hint.to_owned())
}

#[test]
fn mistakes_are_shown_with_their_places() {
    let folder = project("fail_on = 'x'\n[severity]\ninjected-dependancy = 'low'\n");
    let (error, _) = refused(scan(&folder, &[]).run());
    insta::assert_snapshot!(error, @r"
    error: vetch.toml:1:1: unknown key `fail_on`; did you mean `fail-on`?
           vetch.toml:3:1: unknown rule `injected-dependancy`; did you mean `injected-dependency`?
    ");
}

#[test]
fn a_hostile_policy_cannot_act_on_the_terminal_or_the_log() {
    let folder = project("\"::error title=x::\\u001b[2J\\u202e\" = 1\n\"\\n::set-env name=A::b\" = 2\n");
    let (error, _) = refused(scan(&folder, &[]).run());
    assert!(!error.contains(['\u{1b}', '\u{202e}']), "{error:?}");
    assert!(error.lines().all(|line| !line.trim_start().starts_with("::")), "{error}");
}

#[test]
fn a_named_policy_has_to_be_there() {
    let folder = project("");
    let (error, hint) = refused(scan(&folder, &["--config", "gone.toml"]).run());
    assert!(error.contains("gone.toml") && hint.contains("--config"), "{error} {hint}");
}

#[test]
fn a_revision_needs_a_repository() {
    let folder = project("");
    let (error, hint) = refused(scan(&folder, &["--policy-from", "main"]).run());
    assert!(error.contains("revision `main`") && hint.contains("git"), "{error} {hint}");
}

#[test]
fn a_stale_exception_is_notable_and_fails_only_who_asks() {
    let exception = format!(
        "[[exception]]\nrule = 'injected-dependency'\npackage = 'pkg:npm/a@1.0.0'\ncontent-hash = 'blake3:{}'\n\
         reason = 'x'\nexpires = 9999-01-01\n",
        "00".repeat(32)
    );
    let folder = project(&exception);
    let report = scan(&folder, &["--format", "json"]).run().expect(0).json();
    assert_eq!(report["findings"][0]["finding"]["rule"], "stale-exception");
    scan(&folder, &["--fail-on", "notable"]).run().expect(1);
    fs::write(folder.path().join("vetch.toml"), format!("fail-on = 'notable'\n{exception}")).unwrap();
    scan(&folder, &[]).run().expect(1);
    scan(&folder, &["--fail-on", "suspicious"]).run().expect(0);
}
