//! What a scan finds, and how it ends.

use vetch_testkit::{Pkg, Project};

use super::{dropper, harmless, list, offline, rules, scan, verdict, with_archives};

fn infected() -> Project {
    Project::builder("demo").install(harmless("good")).install(dropper("bad")).build()
}

#[test]
fn a_healthy_project_ends_with_0() {
    let outer = harmless("outer").dep("inner", "^1.0.0");
    let project = Project::builder("demo").install(outer).install(harmless("inner")).install(harmless("third")).build();
    let run = offline(&project, &[]).expect(0);
    let report = run.json();
    assert_eq!(report["summary"]["clean"], 4, "{}", run.stdout);
    assert!(list(&report["incomplete"]).is_empty() && list(&report["findings"]).is_empty());
    assert_eq!(run.stderr, "");
}

#[test]
fn every_release_is_listed_with_purl_and_verdict() {
    let project = Project::builder("demo").install(Pkg::new("@scope/a", "2.0.0-rc.1")).install(dropper("bad")).build();
    let run = offline(&project, &[]).expect(1);
    let report = run.json();
    let purls: Vec<&str> = list(&report["releases"]).iter().map(|it| it["purl"].as_str().unwrap()).collect();
    for purl in ["pkg:npm/%40scope/a@2.0.0-rc.1", "pkg:npm/bad@1.0.0", "pkg:npm/demo@1.0.0"] {
        assert!(purls.contains(&purl), "{purl} in {purls:?}");
    }
    let known = ["malicious", "suspicious", "incomplete", "notable", "clean"];
    assert!(list(&report["releases"]).iter().all(|it| known.contains(&it["verdict"].as_str().unwrap())));
}

#[test]
fn a_finding_says_why_where_how_it_got_in_and_what_to_do() {
    let outer = harmless("outer").dep("bad", "^1.0.0");
    let project = Project::builder("demo").install(outer).install(dropper("bad")).build();
    let run = scan(&project, &["--offline"]).run().expect(1);
    for words in ["malicious  bad@1.0.0", "setup.js:2", "execSync('curl", "how it got in", "what to do", "npm ci"] {
        assert!(run.stdout.contains(words), "{words} in\n{}", run.stdout);
    }
    let path = "demo@1.0.0 › outer@1.0.0 (^1.0.0) › bad@1.0.0 (^1.0.0)";
    assert!(run.stdout.contains(path), "{}", run.stdout);
}

#[test]
fn the_failing_level_decides_the_status() {
    let project = infected();
    offline(&project, &["--fail-on", "malicious"]).expect(1);
    let changed = Project::builder("demo").install_other(dropper("tool"), Pkg::new("tool", "0.9.9")).build();
    assert_eq!(verdict(&offline(&changed, &[]).expect(1), "tool"), "suspicious");
    offline(&changed, &["--fail-on", "notable"]).expect(1);
    offline(&changed, &["--fail-on", "malicious"]).expect(0);
}

/// A dropper that puts a clean manifest of the same version in place of its own.
#[test]
fn install_scripts_that_vanished_from_the_disk_are_told_of() {
    let project = Project::builder("demo").install_other(dropper("tool"), harmless("tool")).build();
    assert_ne!(verdict(&offline(&project, &[]), "tool"), "clean");
}

#[test]
fn what_was_not_checked_ends_with_3_unless_that_is_allowed() {
    let project = Project::builder("demo").lock_only(harmless("absent")).build();
    let run = offline(&project, &[]).expect(3);
    assert_eq!(verdict(&run, "absent"), "incomplete");
    offline(&project, &["--allow-incomplete"]).expect(0);
    offline(&project, &["--fail-on", "incomplete"]).expect(1);
    let both = Project::builder("demo").lock_only(harmless("absent")).install(dropper("bad")).build();
    offline(&both, &["--allow-incomplete"]).expect(1);
}

#[test]
fn only_findings_leaves_out_what_is_clean() {
    let project = infected();
    let shown = scan(&project, &["--offline", "--only-findings"]).run().expect(1).stdout;
    assert!(shown.contains("bad@1.0.0") && !shown.contains("good@1.0.0"), "{shown}");
    let report = offline(&project, &["--only-findings"]).expect(1).json();
    let purls: Vec<&str> = list(&report["releases"]).iter().map(|it| it["purl"].as_str().unwrap()).collect();
    assert_eq!(purls, ["pkg:npm/bad@1.0.0"]);
    assert_eq!(report["summary"]["clean"], 2, "the counts are of everything");
}

#[test]
fn a_tree_that_differs_from_its_lockfile_is_found() {
    let locked = dropper("helper");
    let tidied = Pkg::new("helper", "0.9.9").file("index.js", "\n");
    let project = Project::builder("demo").install_other(locked.clone(), tidied).archive(&locked).build();
    // With the lockfile alone: name, version, scripts.
    let run = offline(&project, &[]).expect(1);
    assert!(rules(&run, "helper").iter().any(|rule| rule == "installed-differs-from-lock"), "{}", run.stdout);
    assert_ne!(verdict(&run, "helper"), "clean");
    // With the archive: file by file, and what it did when it was installed.
    let run = with_archives(&project).expect(1);
    assert_eq!(verdict(&run, "helper"), "malicious");
    assert!(rules(&run, "helper").iter().any(|rule| rule == "installed-files-changed"), "{}", run.stdout);
}

#[test]
fn several_targets_of_every_kind() {
    let project = infected();
    project.write("bad.tgz", dropper("bad").tarball());
    let paths = [".", "package-lock.json", "bad.tgz", "node_modules/good"];
    let run = offline(&project, &paths).expect(1);
    let report = run.json();
    let kinds: Vec<&str> = list(&report["targets"]).iter().map(|target| target["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["project", "lockfile", "archive", "package"]);
    let shown: Vec<&str> = list(&report["targets"]).iter().map(|target| target["path"].as_str().unwrap()).collect();
    assert_eq!(shown, paths, "as given");
}

#[test]
fn a_target_that_is_none_is_an_error_that_names_it() {
    let project = infected();
    project.write("empty/readme.txt", "");
    for target in ["no-such-folder", "empty", "empty/readme.txt"] {
        let run = offline(&project, &[target]).expect(2);
        assert_eq!(run.stdout, "", "{target}");
        assert!(run.stderr.contains(target) && run.stderr.contains("hint: "), "{target}: {}", run.stderr);
    }
}
