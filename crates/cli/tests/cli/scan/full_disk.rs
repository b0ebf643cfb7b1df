//! A disk that is full: the verdicts are the same, a report is there whole or not at all, and nothing half-written
//! stays. A limit on the size of files stands in for it everywhere; a file system that really is full is made where
//! the system lets us.

use std::path::{Path, PathBuf};
use std::process::Command;

use vetch_testkit::{NpmRegistry, Project};

use super::{dropper, harmless, offline, scan, using, verdict};

/// A text that no compression makes smaller than this many kilobytes.
fn noise(kilobytes: usize) -> String {
    let mut state = 7u32;
    let letters = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 24) as u8 % 26)
    });
    letters.take(kilobytes * 2048).collect()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_cache_without_space_costs_nothing_but_time() {
    let project = Project::builder("demo").install(harmless("good")).install(dropper("bad")).build();
    let expected = offline(&project, &["--no-cache"]).expect(1);
    let arguments = ["--offline", "--format", "json", "--cache-dir", "cache"];
    // No room for the database at all; for its schema; for that and a few rows.
    for kilobytes in [0, 16, 60] {
        let full = scan(&project, &arguments).file_limit(kilobytes).run().expect(1);
        assert_eq!(full.stdout, expected.stdout, "{kilobytes}");
        if kilobytes < 60 {
            assert!(full.stderr.contains("note: ") && full.stderr.contains("cache"), "{kilobytes}: {}", full.stderr);
        }
    }
    let space = scan(&project, &arguments).run().expect(1);
    assert_eq!((space.stdout, space.stderr.as_str()), (expected.stdout, ""));
}

#[test]
fn archives_that_the_cache_cannot_take_are_judged_all_the_same() {
    let (a, bad) = (harmless("a").file("data.txt", noise(80)), dropper("bad").file("data.txt", noise(80)));
    let registry = NpmRegistry::builder().package(a.clone()).package(bad.clone()).start();
    let project = using(&registry).lock_only(a).lock_only(bad).build();
    let arguments = ["--format", "json", "--cache-dir", "cache"];
    let full = scan(&project, &arguments).file_limit(60).run().expect(1);
    assert_eq!((verdict(&full, "a").as_str(), verdict(&full, "bad").as_str()), ("clean", "malicious"));
    assert!(full.stderr.contains("cannot keep the archives"), "{}", full.stderr);
    assert_eq!(full.stderr.matches("cannot keep").count(), 1, "said once: {}", full.stderr);
    let kept = files(&project.root().join("cache/archives"));
    assert!(kept.is_empty(), "half an archive: {kept:?}");
    let space = scan(&project, &arguments).run().expect(1);
    assert_eq!((space.stdout, space.stderr.as_str()), (full.stdout, ""));
    assert_eq!(files(&project.root().join("cache/archives")).len(), 2);
}

#[test]
fn a_report_is_there_whole_or_not_at_all() {
    let project = (0..30).fold(Project::builder("demo").install(dropper("bad")), |builder, number| {
        builder.install(harmless(&format!("good-{number}")))
    });
    let project = project.build();
    for format in ["json", "sarif", "markdown", "terminal"] {
        let name = format!("report.{format}");
        let scan = scan(&project, &["--offline", "--no-cache", "--format", format, "--output", &name]);
        let full = scan.file_limit(1).run().expect(2);
        assert!(full.stderr.contains(&format!("error: cannot write `{name}`: ")), "{}", full.stderr);
        assert!(full.stderr.contains("hint: "), "{}", full.stderr);
        assert!(!project.root().join(&name).exists());
        project.write(&name, "the old report");
    }
    for format in ["json", "sarif", "markdown", "terminal"] {
        let name = format!("report.{format}");
        let vetch = || scan(&project, &["--offline", "--no-cache", "--format", format, "--output", &name]);
        vetch().file_limit(1).run().expect(2);
        assert_eq!(project.read(&name), "the old report");
        let left = files(&project.root());
        assert!(left.iter().all(|path| !path.to_string_lossy().contains(".vetch-")), "{left:?}");
        vetch().run().expect(1);
        assert!(project.read(&name).contains("bad"), "{format}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn devices_that_are_full() {
    let project = Project::builder("demo").install(harmless("good")).build();
    let run = offline(&project, &["--output", "/dev/full"]).expect(2);
    assert!(run.stderr.contains("`/dev/full`") && run.stderr.contains("hint: free some space"), "{}", run.stderr);
    let script = "exec \"$0\" \"$@\" > /dev/full";
    let run = scan(&project, &["--offline"]).through(["/bin/sh", "-c", script]).run().expect(2);
    assert!(run.stderr.contains("standard output") && run.stderr.contains("--output"), "{}", run.stderr);
}

/// Runs the binary with `$1` as a full file system of its own; afterwards, its files are listed on standard error.
#[cfg(target_os = "linux")]
const ON_A_FULL_DISK: &str = "mount -t tmpfs -o size=$2k,nr_inodes=64 tmpfs \"$1\" || exit 99; \
    cd \"$1\" && echo old > report.json || exit 99; cd \"$OLDPWD\"; \
    dir=$1; shift 2; \"$@\"; status=$?; \
    (cd \"$dir\" && find . -type f && cat report.json) >&2; exit $status";

#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_really_is_full() {
    let may = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!("not tested: this system lets nobody make a file system");
        return;
    }
    let (a, bad) = (harmless("a").file("data.txt", noise(40)), dropper("bad"));
    let registry = NpmRegistry::builder().package(a.clone()).package(bad.clone()).start();
    let project = using(&registry).lock_only(a).lock_only(bad).build();
    let disk = project.home().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let cache = disk.join("cache").into_os_string().into_string().unwrap();
    let expected = scan(&project, &["--format", "json", "--no-cache"]).run().expect(1);
    for kilobytes in ["4", "8", "40", "64"] {
        let on_disk = |more: &[&str]| {
            let wrapper = ["unshare", "-rm", "/bin/sh", "-c", ON_A_FULL_DISK, "sh", disk.to_str().unwrap(), kilobytes];
            scan(&project, &["--format", "json", "--cache-dir", &cache]).args(more.iter().copied()).through(wrapper)
        };
        let run = on_disk(&[]).run().expect(1);
        assert_eq!(run.stdout, expected.stdout, "{kilobytes} kB");
        assert!(run.stderr.contains("note: the cache"), "{kilobytes} kB: {}", run.stderr);
        assert!(!run.stderr.contains(".part-"), "{kilobytes} kB: {}", run.stderr);
        // The temporary folder as well: nothing is left but memory.
        let run = on_disk(&[]).env("TMPDIR", &disk).run().expect(1);
        assert_eq!(run.stdout, expected.stdout, "{kilobytes} kB");
    }
    // The old report takes the only page there is.
    let report = disk.join("report.json").into_os_string().into_string().unwrap();
    let wrapper = ["unshare", "-rm", "/bin/sh", "-c", ON_A_FULL_DISK, "sh", disk.to_str().unwrap(), "4"];
    let scan = scan(&project, &["--format", "json", "--no-cache", "--output", &report]).through(wrapper);
    let run = scan.run().expect(2);
    assert!(run.stderr.contains("hint: free some space, or write to another disk"), "{}", run.stderr);
    assert!(run.stderr.ends_with("./report.json\nold\n"), "{}", run.stderr);
}
