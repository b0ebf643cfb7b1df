//! Archives that are broken or hostile.

use vetch_testkit::{Entry, Pkg, Project, Run, bomb, integrity, raw_tarball};

use super::{dropper, harmless, incomplete, offline, rules, verdict, with_archives};

const MANIFEST: &[u8] = br#"{"name":"a","version":"1.0.0"}"#;

/// A project that locks exactly these bytes as `a`, and another package.
fn locking(bytes: Vec<u8>) -> Project {
    let hash = integrity(&bytes);
    Project::builder("demo")
        .lock_only(harmless("a"))
        .install(harmless("other"))
        .archive_bytes("a.tgz", bytes)
        .edit_lockfile(move |lock| lock["packages"]["node_modules/a"]["integrity"] = hash.into())
        .build()
}

/// Scans it; the other package is judged as ever, and `a` is not clean.
#[track_caller]
fn scanned(bytes: Vec<u8>) -> Run {
    let run = with_archives(&locking(bytes));
    assert_ne!(run.status, 2, "{}", run.stderr);
    assert_eq!(verdict(&run, "other"), "clean");
    assert_ne!(verdict(&run, "a"), "clean", "{}", run.stdout);
    run
}

#[test]
fn truncated() {
    let whole = harmless("a").file("big.js", "let x = Math.random();\n".repeat(4000)).tarball();
    for length in [0, 5, 20, whole.len() / 2, whole.len() - 8] {
        let run = scanned(whole[..length].to_vec());
        assert!(!incomplete(&run).is_empty() && run.status == 3, "{length}: {}", run.stdout);
    }
}

#[test]
fn not_an_archive() {
    let run = scanned(b"<!doctype html><title>Sign in</title>".to_vec());
    assert!(!incomplete(&run).is_empty() && run.status == 3, "{}", run.stdout);
}

#[test]
fn bomb_is_not_unpacked() {
    let run = scanned(bomb(MANIFEST, 512 << 20));
    assert!(!incomplete(&run).is_empty() && run.status != 0, "{}", run.stdout);
}

#[test]
fn paths_out_of_the_package() {
    for path in ["package/../../../evil.js", "/etc/cron.d/evil", "../evil.js", "package/..\\..\\evil.js", "C:\\evil.js"]
    {
        let entries = [Entry::File("package/package.json", MANIFEST), Entry::File(path, b"evil();\n")];
        let run = scanned(raw_tarball(&entries));
        assert!(rules(&run, "a").iter().any(|rule| rule == "archive-anomaly"), "{path}: {}", run.stdout);
    }
}

#[test]
fn links() {
    for link in [
        Entry::Symlink("package/index.js", "/etc/passwd"),
        Entry::Symlink("package/lib", "../../.."),
        Entry::Hardlink("package/index.js", "/etc/shadow"),
    ] {
        let shown = format!("{link:?}");
        let run = scanned(raw_tarball(&[Entry::File("package/package.json", MANIFEST), link]));
        assert!(rules(&run, "a").iter().any(|rule| rule == "archive-anomaly"), "{shown}: {}", run.stdout);
    }
}

#[test]
fn one_path_twice() {
    let entries = [
        Entry::File("package/package.json", MANIFEST),
        Entry::File("package/index.js", b"module.exports = 1;\n"),
        Entry::File("package/index.js", b"evil();\n"),
    ];
    let run = scanned(raw_tarball(&entries));
    assert!(rules(&run, "a").iter().any(|rule| rule == "archive-anomaly"), "{}", run.stdout);
}

#[test]
fn an_archive_without_a_manifest() {
    let run = scanned(raw_tarball(&[Entry::File("package/index.js", b"module.exports = 1;\n")]));
    assert_eq!(verdict(&run, "a"), "incomplete", "{}", run.stdout);
    assert!(incomplete(&run).iter().any(|one| one.contains("package.json")), "{}", run.stdout);
}

#[test]
fn as_targets_they_are_named() {
    let project = Project::builder("demo").build();
    let whole = dropper("a").tarball();
    project.write("cut.tgz", &whole[..whole.len() / 2]);
    project.write("page.tgz", "<html>");
    project.write("empty.tgz", "");
    for name in ["cut.tgz", "page.tgz", "empty.tgz"] {
        let run = offline(&project, &[name]);
        assert!(matches!(run.status, 1..=3), "{name}: {}", run.status);
        assert!(run.mentions(name), "{name}\n{}\n{}", run.stdout, run.stderr);
        assert!(run.status == 2 || !incomplete(&run).is_empty(), "{name}: {}", run.stdout);
    }
}

#[test]
fn wrong_integrity_in_npms_cache() {
    let good = harmless("a");
    let place = vetch_testkit::content_path(&good.tarball());
    let project =
        Project::builder("demo").lock_only(good).home_file(&format!(".npm/{place}"), dropper("a").tarball()).build();
    let run = offline(&project, &[]);
    assert!(run.status == 1 || run.status == 3, "{}", run.status);
    assert_ne!(verdict(&run, "a"), "clean", "{}", run.stdout);
}

#[test]
fn another_packages_archive_under_the_locked_hash() {
    let other = Pkg::new("other-name", "7.0.0").file("index.js", "module.exports = 1;\n");
    let run = with_archives(&locking(other.tarball()));
    assert_ne!(verdict(&run, "a"), "clean", "{}", run.stdout);
}
