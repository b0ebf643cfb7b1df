//! What may not be read or written is named, and the rest is judged. Tests of the superuser give their rights away.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use vetch_testkit::{Project, Run};

use super::{dropper, harmless, says, scan, verdict};

/// Gives the project to a user without rights, forbids a path of it, scans it as that user, and allows it again,
/// so that it can be removed.
fn without(project: &Project, path: PathBuf, mode: u32, more: &[&str]) -> Run {
    project.hand_over();
    let before = std::fs::metadata(&path).unwrap().permissions();
    set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    let scan = scan(project, &["--offline", "--format", "json"]).args(more.iter().copied()).unprivileged();
    // From inside, where one can be.
    let run = if path == project.root() { scan.dir(project.home()).run() } else { scan.run() };
    set_permissions(&path, before).unwrap();
    run
}

fn project() -> Project {
    Project::builder("demo").install(harmless("a").file("lib/b.js", "1;\n")).install(harmless("good")).build()
}

#[track_caller]
fn only_a_is_incomplete(run: &Run) {
    assert_eq!((verdict(run, "a").as_str(), verdict(run, "good").as_str()), ("incomplete", "clean"), "{}", run.stdout);
}

#[test]
fn a_file_of_a_package() {
    let project = project();
    let run = without(&project, project.root().join("node_modules/a/index.js"), 0o000, &[]).expect(3);
    only_a_is_incomplete(&run);
    says(&run, &["index.js"]);
}

#[test]
fn a_manifest_of_a_package() {
    let project = project();
    let run = without(&project, project.root().join("node_modules/a/package.json"), 0o000, &[]).expect(3);
    only_a_is_incomplete(&run);
    says(&run, &["package.json"]);
}

#[test]
fn a_folder_of_a_package() {
    for mode in [0o000, 0o400, 0o100] {
        let project = project();
        let run = without(&project, project.root().join("node_modules/a/lib"), mode, &[]).expect(3);
        only_a_is_incomplete(&run);
        says(&run, &["lib"]);
    }
}

#[test]
fn a_package() {
    for mode in [0o000, 0o400, 0o100] {
        let project = project();
        let run = without(&project, project.root().join("node_modules/a"), mode, &[]).expect(3);
        only_a_is_incomplete(&run);
    }
}

#[test]
fn all_packages() {
    for mode in [0o000, 0o400] {
        let project = project();
        let run = without(&project, project.root().join("node_modules"), mode, &[]).expect(3);
        assert_eq!((verdict(&run, "a").as_str(), verdict(&run, "good").as_str()), ("incomplete", "incomplete"));
        says(&run, &["node_modules"]);
    }
}

#[test]
fn a_scope() {
    let scoped = harmless("@scope/a");
    for mode in [0o000, 0o400, 0o100] {
        let project = Project::builder("demo").install(scoped.clone()).install(harmless("good")).build();
        let run = without(&project, project.root().join("node_modules/@scope"), mode, &[]);
        if mode == 0o100 {
            // It cannot be listed, but the lockfile says what is in it.
            assert!(matches!(run.status, 0 | 3), "{}", run.stdout);
            continue;
        }
        assert_eq!(run.status, 3, "{}", run.stdout);
        assert_eq!((verdict(&run, "%40scope/a").as_str(), verdict(&run, "good").as_str()), ("incomplete", "clean"));
    }
}

#[test]
fn the_projects_manifest() {
    let project = project();
    let run = without(&project, project.root().join("package.json"), 0o000, &[]).expect(3);
    assert_eq!(verdict(&run, "good"), "clean", "{}", run.stdout);
    says(&run, &["package.json"]);
}

#[test]
fn the_list_that_npm_keeps() {
    let project = project();
    let run = without(&project, project.root().join("node_modules/.package-lock.json"), 0o000, &[]);
    assert_eq!(verdict(&run, "good"), "clean", "{}", run.stdout);
    assert!(run.status == 0 || run.mentions(".package-lock.json"), "{}", run.stdout);
}

#[test]
fn a_home_that_cannot_be_written() {
    let project = project();
    let run = without(&project, project.home(), 0o500, &[]).expect(0);
    assert!(run.stderr.contains("note: the cache in ") && run.stderr.contains("--cache-dir"), "{}", run.stderr);
}

#[test]
fn the_lockfile() {
    let project = Project::builder("demo").install(harmless("good")).install(dropper("bad")).build();
    let run = without(&project, project.root().join("package-lock.json"), 0o000, &[]).expect(1);
    assert_eq!((verdict(&run, "good").as_str(), verdict(&run, "bad").as_str()), ("clean", "malicious"));
    says(&run, &["package-lock.json"]);
    // Named alone, there is nothing else to go by.
    let run = without(&project, project.root().join("package-lock.json"), 0o000, &["package-lock.json"]);
    assert!(matches!(run.status, 2 | 3), "{}\n{}", run.stdout, run.stderr);
    assert!(run.mentions("package-lock.json"), "{}\n{}", run.stdout, run.stderr);
}

#[test]
fn the_project() {
    let project = project();
    let run = without(&project, project.root(), 0o000, &[project.root().to_str().unwrap()]).expect(2);
    assert!(run.stderr.contains("project") && run.stderr.contains("hint: "), "{}", run.stderr);
}

#[test]
fn the_policy() {
    let project = project();
    project.write("vetch.toml", "fail-on = 'notable'\n");
    let run = without(&project, project.root().join("vetch.toml"), 0o000, &[]).expect(2);
    assert!(run.stderr.contains("vetch.toml") && run.stderr.contains("hint: "), "{}", run.stderr);
}

#[test]
fn the_cache() {
    // A folder that cannot be written, one that cannot be read, and a database that cannot be read.
    for (path, mode) in [("../cache", 0o500), ("../cache", 0o000), ("../cache/facts-v1.sqlite", 0o000)] {
        let project = project();
        // Beside the project: a folder in it that cannot be read might hold a project.
        let cached = ["--cache-dir", "../cache"];
        scan(&project, &["--offline", "--quiet"]).args(cached).run().expect(0);
        let run = without(&project, project.root().join(path), mode, &cached).expect(0);
        assert_eq!(verdict(&run, "a"), "clean");
        assert!(
            path == "../cache" && mode == 0o500 || run.stderr.contains("note: the cache"),
            "{path}: {}",
            run.stderr
        );
    }
    let project = project();
    std::fs::create_dir(project.root().join("../cache")).unwrap();
    let run = without(&project, project.root().join("../cache"), 0o500, &["--cache-dir", "../cache"]).expect(0);
    assert!(
        run.stderr.contains("note: the cache in `../cache`") && run.stderr.contains("--cache-dir"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_place_of_the_report() {
    let project = project();
    std::fs::create_dir(project.root().join("out")).unwrap();
    let run = without(&project, project.root().join("out"), 0o500, &["--output", "out/report.json"]).expect(2);
    assert!(run.stderr.contains("`out/report.json`") && run.stderr.contains("hint: name a file in"), "{}", run.stderr);
}

#[test]
fn the_folder_of_archives() {
    let project = Project::builder("demo").lock_only(harmless("a")).archive(&harmless("a")).build();
    let archives = project.archives();
    let run = without(&project, archives.clone(), 0o000, &["--archives", archives.to_str().unwrap()]);
    assert!(matches!(run.status, 2 | 3), "{}\n{}", run.stdout, run.stderr);
    assert!(run.mentions("archives"), "{}\n{}", run.stdout, run.stderr);
}

#[test]
fn the_users_settings() {
    let project = Project::builder("demo").user_npmrc("registry=https://private.invalid/\n").build();
    let run = without(&project, project.home().join(".npmrc"), 0o000, &[]);
    assert!(run.mentions(".npmrc"), "{}\n{}", run.stdout, run.stderr);
}
