//! What the histories of a project's packages cost, and what comparing two large releases does: `cargo xtask bench releases`
//! runs it with a release build. The registry is the test kit's, in this process; packages are generated.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]
#![allow(clippy::panic, reason = "a measurement that fails says so")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use vetch_testkit::{NpmRegistry, Pkg, Project, Vetch};

/// Packages of the project whose histories are judged.
const PACKAGES: usize = 1_500;
/// Releases of each.
const RELEASES: usize = 15;
/// Files of a large release, and what each holds, in functions of about a hundred bytes.
const FILES: usize = 200;
const FUNCTIONS: usize = 250;
/// How often each is run; the median counts.
const RUNS: usize = 7;

/// What the issue of release anomalies allows.
const HISTORIES: Duration = Duration::from_millis(200);
const COMPARISON: Duration = Duration::from_millis(300);

fn main() {
    let Some(vetch) = std::env::args_os().nth(1).map(PathBuf::from) else { panic!("usage: releases VETCH") };
    histories(&vetch);
    comparison(&vetch);
}

/// A scan that knows the histories of all packages from its store, against one that is told to leave them out.
fn histories(vetch: &PathBuf) {
    let mut registry = NpmRegistry::builder();
    let mut newest = Vec::with_capacity(PACKAGES);
    for package in 0..PACKAGES {
        for number in 0..RELEASES {
            let release = ordinary(package, number);
            registry = registry.package(release.clone());
            if number + 1 == RELEASES {
                newest.push(release);
            }
        }
    }
    let registry = registry.start();
    let project =
        Project::builder("app").registry(&registry.url()).user_npmrc(&format!("registry={}\n", registry.url()));
    let project = newest.into_iter().fold(project, |project, pkg| project.lock_only(pkg)).build();
    let scan = |more: &[&str]| {
        let line =
            ["scan", "--no-intel", "--allow-incomplete", "--quiet", "--format", "json", "--output", "report.json"];
        let run = Vetch::new(vetch).args(line.iter().chain(more).copied()).dir(project.root()).home(project.home());
        let start = Instant::now();
        let run = run.run();
        assert!([0, 1].contains(&run.status), "{}", run.stderr);
        start.elapsed()
    };
    let filled = scan(&[]);
    let known = registry.paths().len();
    let (with, without) = (median(|| scan(&["--offline"])), median(|| scan(&["--offline", "--no-history"])));
    assert_eq!(registry.paths().len(), known, "nothing is asked offline");
    let rules = with.saturating_sub(without);
    println!(
        "{PACKAGES} packages with {RELEASES} releases each, fetched with their contents in {:.1} s",
        filled.as_secs_f64()
    );
    println!("scan offline, nothing changed: {} with histories, {} without", shown(with), shown(without));
    println!(
        "histories from the store, and their rules: {} (≤ {}: {})",
        shown(rules),
        shown(HISTORIES),
        held(rules, HISTORIES)
    );
}

/// One release of a package that nobody would look at twice.
fn ordinary(package: usize, number: usize) -> Pkg {
    let day = 1 + number % 28;
    Pkg::new(&format!("package-{package}"), &format!("1.{number}.0"))
        .file("index.js", format!("module.exports = (value) => value + {package};\n"))
        .published_at(&format!("2025-{:02}-{day:02}T10:00:00.000Z", 1 + (number * 12 / RELEASES)))
        .publisher("owner")
        .maintainers(&["owner", "helper"])
}

/// `vetch diff` of two releases whose contents were looked at before.
fn comparison(vetch: &PathBuf) {
    let (old, new) = (large("1.0.0", 0), large("1.0.1", 25));
    let bytes: usize = new.contents().iter().map(|(_, bytes)| bytes.len()).sum();
    let registry = NpmRegistry::builder().package(old).package(new).start();
    let project =
        Project::builder("app").registry(&registry.url()).user_npmrc(&format!("registry={}\n", registry.url()));
    let project = project.build();
    let diff = || {
        let run = Vetch::new(vetch).args(["diff", "npm:large@1.0.0", "npm:large@1.0.1"]);
        let start = Instant::now();
        let run = run.dir(project.root()).home(project.home()).run();
        assert!([0, 1].contains(&run.status), "{}", run.stderr);
        start.elapsed()
    };
    let first = diff();
    let cached = median(diff);
    println!(
        "two releases of {:.1} MB, 25 of {FILES} files changed: compared the first time in {}",
        bytes as f64 / 1e6,
        shown(first)
    );
    println!("with contents cached: {} (≤ {}: {})", shown(cached), shown(COMPARISON), held(cached, COMPARISON));
}

/// A release of about five megabytes; of the first `changed` files one line is another.
fn large(version: &str, changed: usize) -> Pkg {
    let file = |number: usize| {
        let mut text = String::new();
        for function in 0..FUNCTIONS {
            let added = if function == 0 && number < changed { 1 } else { 0 };
            let line = writeln!(
                text,
                "exports.f{function} = function (first, second) {{ const sum = first * {number} + second * {function} + {added}; return [sum, first, second]; }};"
            );
            line.unwrap_or_else(|_| unreachable!("a text takes what is written"));
        }
        text
    };
    (0..FILES).fold(Pkg::new("large", version).published_at("2025-01-01T10:00:00.000Z"), |pkg, number| {
        pkg.file(&format!("lib/module-{number}.js"), file(number))
    })
}

fn median(mut run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS).map(|_| run()).collect();
    times.sort();
    times[RUNS / 2]
}

fn shown(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1e3)
}

fn held(time: Duration, limit: Duration) -> &'static str {
    if time <= limit { "held" } else { "MISSED" }
}
