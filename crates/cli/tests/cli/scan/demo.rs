//! The README's first command.

use std::path::{Path, PathBuf};

use vetch_testkit::Run;

use crate::vetch;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn demo(more: &[&str]) -> Run {
    vetch(&["scan", "--offline", "--no-intel", "demo/axios"]).args(more.iter().copied()).dir(root()).run()
}

fn found(run: &Run) -> Vec<String> {
    let release = run.release("pkg:npm/plain-crypto-js@4.2.1");
    let findings = super::list(&release["findings"]).iter();
    findings.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_command_of_the_readme_tells_the_story() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains("vetch -- scan --offline --no-intel --archives demo/axios/archives demo/axios\n"));
    let run = demo(&["--archives", "demo/axios/archives"]).expect(1);
    for words in [
        "malicious  plain-crypto-js@4.2.1",
        "sfrclak.invalid:8000",
        "storefront@1.0.0 › axios@1.14.1 (^1.14.0) › plain-crypto-js@4.2.1 (^4.2.1)",
        "nothing in it imports it",
        "version: 4.2.0 (expected 4.2.1)",
        "package-lock.json:",
        "npm ci --ignore-scripts",
        "6 releases: 1 malicious, 5 clean",
    ] {
        assert!(run.stdout.contains(words), "`{words}` in\n{}", run.stdout);
    }
}

/// What the README shows is what it prints, but for what `…` leaves out.
#[test]
fn the_readme_shows_what_is_printed() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, shown) = readme.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("\n```").unwrap();
    let printed = demo(&["--archives", "demo/axios/archives"]).stdout;
    let mut printed = printed.lines();
    for line in shown.lines().filter(|line| line.trim() != "…") {
        assert!(printed.any(|it| it == line), "the README shows what is not printed, or not here:\n{line}");
    }
}

#[test]
fn each_side_of_the_incident_is_found() {
    let run = demo(&["--archives", "demo/axios/archives", "--format", "json"]).expect(1);
    let found = found(&run);
    for rule in [
        "download-and-execute",
        "injected-dependency",
        "installed-differs-from-lock",
        "installed-files-changed",
        "manifest-rewrite",
        "self-deleting-script",
    ] {
        assert!(found.iter().any(|it| it == rule), "{rule} in {found:?}");
    }
}

/// The dropper tidied up: of the disk alone nothing is left but a manifest that does not fit the lockfile.
#[test]
fn installed_against_locked_alone_catches_it() {
    let run = demo(&["--format", "json"]).expect(1);
    assert_eq!(found(&run), ["installed-differs-from-lock"]);
    assert_eq!(run.release("pkg:npm/plain-crypto-js@4.2.1")["verdict"], "suspicious");
}
