//! Help, version, usage errors, completions, manual.

use crate::{run, vetch};

#[test]
fn help_is_an_answer_and_its_absence_an_error() {
    let help = run(&["--help"]).expect(0);
    for word in [
        "scan",
        "inspect",
        "lock",
        "graph",
        "why",
        "sbom",
        "pin",
        "doctor",
        "explain",
        "rules",
        "cache",
        "completions",
        "man",
        "Exit status",
        "--quiet",
    ] {
        assert!(help.stdout.contains(word), "{word}");
    }
    assert_eq!(help.stderr, "");
    assert!(!help.stdout.contains("__worker") && !help.stdout.contains('\u{1b}'));
    let bare = run(&[]).expect(2);
    assert!(bare.stdout.is_empty() && bare.stderr.contains("Usage: vetch"));
}

#[test]
fn the_scan_command_documents_its_contract() {
    let help = run(&["scan", "--help"]).expect(0).stdout;
    for flag in [
        "--format",
        "--output",
        "--offline",
        "--archives",
        "--no-cache",
        "--cache-dir",
        "--jobs",
        "--fail-on",
        "--config",
        "--policy-from",
        "--allow-incomplete",
        "--only-findings",
        "--quiet",
        "--verbose",
        "--color",
        "--trust-project",
    ] {
        assert!(help.contains(flag), "{flag}");
    }
}

#[test]
fn the_version_names_the_analysis() {
    let version = run(&["--version"]).expect(0).stdout;
    assert!(version.starts_with("vetch ") && version.contains("(analysis "), "{version}");
}

#[test]
fn usage_errors_end_with_2_and_say_what_was_meant() {
    let unknown = run(&["scan", "--ofline"]).expect(2);
    assert!(unknown.stdout.is_empty() && unknown.stderr.contains("'--offline'"), "{}", unknown.stderr);
    let level = run(&["scan", "--fail-on", "suspicous"]).expect(2);
    assert!(level.stderr.contains("suspicious"), "{}", level.stderr);
    for line in [
        &["scan", "--no-cache", "--cache-dir", "x"][..],
        &["scan", "--jobs", "0"],
        &["scan", "--quiet", "--verbose"],
        &["scna"],
        &["rules"],
    ] {
        run(line).expect(2);
    }
}

#[test]
fn what_was_typed_cannot_act_on_the_terminal_or_the_log() {
    let arguments = ["scan", "--format", "\u{1b}[2J\u{202e}x"];
    let error = run(&arguments).expect(2);
    assert!(!error.stderr.contains(['\u{1b}', '\u{202e}']), "{:?}", error.stderr);
    let error = run(&["explain", "x\n::set-output name=a::b"]).expect(2);
    assert!(error.stderr.lines().all(|line| !line.trim_start().starts_with("::")), "{}", error.stderr);
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let without = |run: vetch_testkit::Run| !run.stdout.contains('\u{1b}');
    assert!(without(run(&["rules", "list"])));
    assert!(!without(run(&["rules", "list", "--color", "always"])));
    assert!(without(vetch(&["rules", "list", "--color", "never"]).env("CLICOLOR_FORCE", "1").run()));
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]).expect(0).stdout;
        assert!(script.contains("policy-from") && !script.contains("__worker"), "{shell}");
    }
    run(&["completions", "tcsh"]).expect(2);
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let page = run(&["man"]).expect(0).stdout;
    assert!(page.contains(".TH vetch 1") && page.contains("Exit status"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    vetch(&["man", "--dir", "pages"]).dir(folder.path()).run().expect(0);
    let mut names: Vec<String> = std::fs::read_dir(folder.path().join("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in ["vetch.1", "vetch-scan.1", "vetch-explain.1", "vetch-cache-prune.1"] {
        assert!(names.iter().any(|it| it == name), "{name} in {names:?}");
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    let failed = vetch(&["man", "--dir", "file"]).dir(folder.path()).run().expect(2);
    assert!(failed.stderr.contains("error: ") && failed.stderr.contains("hint: "), "{}", failed.stderr);
}
