//! Ctrl-C, SIGTERM and SIGKILL in the middle of a scan: it ends at once, leaves nothing behind, and the next
//! run says what an undisturbed one would have said.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use vetch_testkit::{Fault, NpmRegistry, Pkg, Project, Running, Vetch, eventually, has_gone};

use super::{dropper, harmless, offline, scan, using};

/// Nobody waits longer than this for a program to stop.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Keeps a worker busy for some tenths of a second, so that it can be caught at work.
fn project() -> Project {
    let code = |name: &str| {
        (0..1500).map(|line| format!("exports.{name}{line} = require('fs').readdirSync;\n")).collect::<String>()
    };
    let big = |name: &str| harmless(name).file("index.js", code(name));
    Project::builder("demo").install(big("a")).install(big("b")).install(big("c")).install(dropper("bad")).build()
}

/// What an undisturbed scan of it says. No report names the place of the project, so it is the same for all.
fn expected() -> &'static str {
    static EXPECTED: OnceLock<String> = OnceLock::new();
    EXPECTED.get_or_init(|| offline(&project(), &["--no-cache"]).expect(1).stdout)
}

/// A scan with one worker, which is stopped, so that the scan cannot end by itself.
fn under_way(more: &[&str]) -> (Project, Running, u32) {
    for _ in 0..20 {
        let project = project();
        project.write("report.json", "the old report");
        let folder = project.home().join("tmp");
        std::fs::create_dir(&folder).unwrap();
        let arguments = ["--offline", "--format", "json", "--jobs", "1"];
        let scan = scan(&project, &arguments).args(more.iter().copied()).env("TMPDIR", folder);
        let mut running = scan.start();
        if let Some(worker) = running.stop_a_worker() {
            return (project, running, worker);
        }
    }
    panic!("no worker was ever caught at work");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// No temporary file is left, and the cache is none the worse.
#[track_caller]
fn as_if_nothing_had_been(project: &Project) {
    assert!(names(&project.home().join("tmp")).is_empty(), "{:?}", names(&project.home().join("tmp")));
    let own = names(&project.root());
    assert!(own.iter().all(|name| !name.starts_with(".vetch")), "{own:?}");
    assert_eq!(project.read("report.json"), "the old report");
    let next = offline(project, &["--cache-dir", "cache"]).expect(1);
    assert!(!next.stderr.contains("cache"), "{}", next.stderr);
    assert_eq!(next.stdout, expected());
}

#[test]
fn ctrl_c_and_termination_end_it() {
    for (stop, more) in [
        (Running::interrupt as fn(&Running), ["--cache-dir", "cache"].as_slice()),
        (Running::terminate, &["--no-cache"]),
        (Running::interrupt, &["--cache-dir", "cache", "--output", "report.json"]),
    ] {
        let (project, running, worker) = under_way(more);
        let asked = Instant::now();
        stop(&running);
        let run = running.end().expect(130);
        assert!(asked.elapsed() < AT_ONCE);
        assert!(has_gone(worker), "a worker outlives the scan");
        assert_eq!(run.stdout, "", "half a result");
        assert!(run.stderr.contains("stopped while analysing packages: "), "{}", run.stderr);
        assert!(run.stderr.contains(" of 5 done") && run.stderr.contains("no report was written"), "{}", run.stderr);
        assert!(run.stderr.contains("hint: run the same command again"), "{}", run.stderr);
        as_if_nothing_had_been(&project);
    }
}

#[test]
fn a_download_that_hangs_is_given_up() {
    let (a, b) = (harmless("a"), harmless("b"));
    for more in [["--cache-dir", "cache"].as_slice(), &["--no-cache"]] {
        let registry = NpmRegistry::builder().package(a.clone()).package(b.clone());
        let registry = registry.fault(&a.tarball_path(), Fault::Hang).start();
        let asked_for = |pkg: &Pkg| registry.paths().contains(&pkg.tarball_path());
        let project = using(&registry).lock_only(a.clone()).lock_only(b.clone()).build();
        let temporary = project.home().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let running = scan(&project, more).env("TMPDIR", &temporary).start();
        eventually("both requests", || (asked_for(&a) && asked_for(&b)).then_some(()));
        let asked = Instant::now();
        running.interrupt();
        let run = running.end().expect(130);
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
        assert!(run.stderr.contains("no report was written"), "{}", run.stderr);
        assert!(names(&temporary).is_empty(), "{:?}", names(&temporary));
    }
}

/// Where the first cannot: the report goes to somebody who does not read on.
#[test]
fn a_second_ctrl_c_ends_it_wherever_it_is() {
    let project = (0..60).fold(Project::builder("demo"), |project, number| {
        // Longer altogether than a pipe is.
        project.install(harmless(&format!("good-{number}")).file("x.js", "eval(atob(process.env.X));\n".repeat(20)))
    });
    let project = project.build();
    let pipe = project.root().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut running = scan(&project, &["--offline", "--format", "json", "--output", "pipe"]).start();
    // Opening waits for the writer.
    let mut reader = File::open(&pipe).unwrap();
    reader.read_exact(&mut [0]).unwrap();
    assert!(running.is_running());
    // Signals that come faster than they are noticed count as one.
    eventually("the end", || {
        running.interrupt();
        (!running.is_running()).then_some(())
    });
    running.end().expect(130);
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert!(!rest.ends_with(b"}\n"), "the report was not long enough for this test");
}

#[test]
fn two_at_once_are_as_good_as_one() {
    let (project, running, worker) = under_way(&["--cache-dir", "cache"]);
    running.interrupt();
    running.interrupt();
    running.end().expect(130);
    eventually("the end of the worker", || has_gone(worker).then_some(()));
    as_if_nothing_had_been(&project);
}

#[test]
fn killed_it_takes_its_workers_along() {
    for more in
        [["--cache-dir", "cache"].as_slice(), &["--no-cache"], &["--cache-dir", "cache", "--output", "report.json"]]
    {
        let (project, mut running, worker) = under_way(more);
        running.kill();
        running.end().expect(-1);
        eventually("the end of the worker", || has_gone(worker).then_some(()));
        as_if_nothing_had_been(&project);
    }
}

/// At any moment of a scan that writes its cache, not only at the one that other tests choose.
#[test]
fn killed_at_any_moment_the_cache_is_whole() {
    let project = project();
    let cache = |scan: Vetch| scan.args(["--cache-dir", "cache"]);
    for milliseconds in [5, 20, 35, 50, 70, 90, 120, 150] {
        let mut running = cache(scan(&project, &["--offline", "--format", "json"])).start();
        std::thread::sleep(Duration::from_millis(milliseconds));
        running.kill();
        running.end();
    }
    let next = cache(scan(&project, &["--offline", "--format", "json"])).run().expect(1);
    assert!(!next.stderr.contains("cache"), "{}", next.stderr);
    assert_eq!(next.stdout, expected());
}
