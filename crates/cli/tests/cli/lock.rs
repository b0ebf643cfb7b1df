//! `vetch lock`, on projects of the test kit.

use std::fs;
use std::path::Path;

use vetch_testkit::{Pkg, Project, Run};

use crate::vetch;

fn lock(project: &Project, arguments: &[&str]) -> Run {
    let vetch = vetch(&["lock", "--offline"]).args(arguments.iter().copied());
    vetch.dir(project.root()).home(project.home()).run()
}

/// A package whose only file is this.
fn package(name: &str, version: &str, code: &str) -> Pkg {
    Pkg::new(name, version).file("index.js", code)
}

const ENV: &str = "module.exports = process.env.COLOR;\n";
const FETCH: &str = "module.exports = process.env.COLOR;\nfetch('https://telemetry.invalid/v1');\n";

fn project(name: &str, packages: &[Pkg]) -> Project {
    let builder = packages.iter().fold(Project::builder(name), |builder, package| builder.install(package.clone()));
    builder.build()
}

/// `a` is locked at 1.0.0, which reads a variable.
fn locked() -> Project {
    let project = project("app", &[package("a", "1.0.0", ENV), package("b", "1.0.0", "module.exports = 1;\n")]);
    lock(&project, &[]).expect(0);
    project
}

/// The same project with other packages, and the lock of before.
fn changed(before: &Project, packages: &[Pkg]) -> Project {
    let after = project("app", packages);
    after.write("vetch.lock", before.read("vetch.lock"));
    after
}

#[test]
fn what_was_written_holds_until_something_changes() {
    let project = locked();
    let text = project.read("vetch.lock");
    insta::assert_snapshot!(
        text.lines()
            .filter(|line| !line.starts_with("integrity") && !line.starts_with("analysis"))
            .collect::<Vec<_>>()
            .join("\n")
    );
    assert_eq!(text.lines().filter(|line| line.starts_with("integrity = \"sha512-")).count(), 2);
    let again = lock(&project, &[]).expect(0);
    assert!(again.stdout.contains("up to date"), "{}", again.stdout);
    assert_eq!(project.read("vetch.lock"), text);
    let check = lock(&project, &["--check"]).expect(0);
    assert!(check.stdout.contains("holds") && check.stderr.is_empty(), "{}{}", check.stdout, check.stderr);
}

#[test]
fn a_release_that_can_do_more_fails_and_is_named_with_its_line() {
    let before = locked();
    let new = package("new", "1.0.0", "require('child_process').exec('git --version');\n");
    let outer = package("b", "1.0.1", "module.exports = 1;\n").dep("new", "^1.0.0");
    let after = changed(&before, &[package("a", "1.1.0", FETCH), outer, new]);
    insta::assert_snapshot!(lock(&after, &["--check"]).expect(1).stdout);
    insta::assert_snapshot!(lock(&after, &["--check", "--format", "markdown"]).expect(1).stdout);
    let json = lock(&after, &["--check", "--format", "json"]).expect(1).json();
    assert_eq!(json["schema"], "vetch.lock-check/1");
    let changes = json["locks"][0]["changes"].as_array().unwrap();
    let names: Vec<_> = changes.iter().map(|change| change["purl"].as_str().unwrap()).collect();
    assert_eq!(names, ["pkg:npm/a@1.1.0", "pkg:npm/b@1.0.1", "pkg:npm/new@1.0.0"]);
    assert_eq!(changes[0]["gained"][0]["resource"], "telemetry.invalid");
    assert_eq!(changes[0]["gained"][0]["evidence"]["line"], 2);
    assert_eq!(changes[2]["path"][1]["label"], "b@1.0.1");
    assert_eq!(after.read("vetch.lock"), before.read("vetch.lock"));
}

#[test]
fn a_release_that_does_no_more_passes() {
    let after = changed(&locked(), &[package("a", "1.1.0", ENV), package("c", "1.0.0", "module.exports = 2;\n")]);
    let run = lock(&after, &["--check"]).expect(0);
    assert!(run.stdout.contains("would bring it up to date"), "{}", run.stdout);
}

#[test]
fn the_same_version_with_other_contents_fails() {
    let after = changed(&locked(), &[package("a", "1.0.0", "module.exports = process.env.COLOR || 1;\n")]);
    let run = lock(&after, &["--check"]).expect(1);
    assert!(run.stdout.contains("other contents under the same version"), "{}", run.stdout);
}

#[test]
fn accepting_takes_over_one_package() {
    let new = package("c", "1.0.0", "require('child_process').exec('git --version');\n");
    let after =
        changed(&locked(), &[package("a", "1.1.0", FETCH), package("b", "1.0.0", "module.exports = 1;\n"), new]);
    let run = lock(&after, &["--accept", "a"]).expect(0);
    assert!(run.stdout.contains("net.connect(telemetry.invalid)") && run.stderr.contains("there is more"), "{run:?}");
    let run = lock(&after, &["--check"]).expect(1);
    assert!(run.stdout.contains("c@1.0.0") && !run.stdout.contains("a@1.1.0"), "{}", run.stdout);
    lock(&after, &["--accept", "c@1.0.0"]).expect(0);
    lock(&after, &["--check"]).expect(0);
    let unknown = lock(&after, &["--accept", "aa"]).expect(2);
    assert!(unknown.stderr.contains("did you mean `a`?"), "{}", unknown.stderr);
}

#[test]
fn a_bad_release_is_not_locked() {
    let project = project("app", &[super::scan::dropper("bad")]);
    let run = lock(&project, &[]).expect(1);
    assert!(run.stderr.contains("`bad@1.0.0` is malicious") && run.stdout.is_empty(), "{run:?}");
    assert!(!Path::new(&project.root()).join("vetch.lock").exists());
    let after = changed(&locked(), &[super::scan::dropper("bad")]);
    lock(&after, &["--accept", "bad"]).expect(1);
    let check = lock(&after, &["--check"]).expect(1);
    assert!(check.stdout.contains("process.spawn") && check.stderr.contains("is malicious"), "{check:?}");
}

#[test]
fn what_could_not_be_looked_at_is_written_as_that() {
    let project = Project::builder("app").lock_only(package("absent", "1.0.0", ENV)).build();
    lock(&project, &[]).expect(3);
    assert!(project.read("vetch.lock").contains("profile = \"incomplete\""), "{}", project.read("vetch.lock"));
    lock(&project, &["--check"]).expect(3);
    lock(&project, &["--check", "--allow-incomplete"]).expect(0);
}

#[test]
fn a_lock_that_cannot_be_used_is_an_error_when_it_is_needed() {
    let project = project("app", &[package("a", "1.0.0", ENV)]);
    let missing = lock(&project, &["--check"]).expect(2);
    assert!(missing.stderr.contains("there is no `vetch.lock`"), "{}", missing.stderr);
    project.write("vetch.lock", "version = 1\n<<<<<<< HEAD\n");
    let merged = lock(&project, &["--check"]).expect(2);
    assert!(merged.stderr.contains("vetch.lock:2:1: it has conflict markers"), "{}", merged.stderr);
    let anew = lock(&project, &[]).expect(0);
    assert!(anew.stderr.contains("written anew"), "{}", anew.stderr);
    lock(&project, &["--check"]).expect(0);
}

#[cfg(unix)]
#[test]
fn a_link_in_its_place_is_neither_followed_nor_overwritten() {
    let project = project("app", &[package("a", "1.0.0", ENV)]);
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    fs::write(elsewhere.path(), "mine").unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), project.root().join("vetch.lock")).unwrap();
    let run = lock(&project, &[]).expect(2);
    assert!(run.stderr.contains("no ordinary file"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(elsewhere.path()).unwrap(), "mine");
}

#[test]
fn every_project_of_a_repository_has_its_own() {
    let inner = project("inner", &[package("a", "1.0.0", ENV)]);
    let outer = project("outer", &[package("b", "1.0.0", "module.exports = 1;\n")]);
    for file in ["package.json", "package-lock.json", "node_modules/a/package.json", "node_modules/a/index.js"] {
        outer.write(&format!("packages/inner/{file}"), inner.read(file));
    }
    lock(&outer, &[]).expect(0);
    assert!(outer.read("vetch.lock").contains("pkg:npm/b@1.0.0"));
    assert!(outer.read("packages/inner/vetch.lock").contains("env.read(COLOR)"));
    let run = lock(&outer, &["--check"]).expect(0);
    assert!(run.stdout.contains("`packages/inner/vetch.lock` holds"), "{}", run.stdout);
}

#[test]
fn what_is_no_project_has_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a-1.0.0.tgz");
    fs::write(&archive, package("a", "1.0.0", ENV).tarball()).unwrap();
    let run = vetch(&["lock", "--offline", "a-1.0.0.tgz"]).dir(folder.path()).run().expect(2);
    assert!(run.stderr.contains("an archive") && run.stderr.contains("vetch inspect"), "{}", run.stderr);
}
