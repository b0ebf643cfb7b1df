//! A second run says the same, whatever it need not do again and however the work is divided.

use std::fs;
use std::time::Duration;

use vetch_engine::{CacheMode, ScanOptions, ScanReport};
use vetch_testkit::Project;

use crate::support::{dropper, harmless, options, release, rules, run};
use crate::{Case, FATAL};

pub(crate) const CASES: &[Case] = &[
    ("a_warm_run_says_the_same", a_warm_run_says_the_same),
    ("a_warm_run_notices_a_change", a_warm_run_notices_a_change),
    ("the_number_of_workers_changes_nothing", the_number_of_workers_changes_nothing),
    ("what_a_worker_died_on_is_not_remembered", what_a_worker_died_on_is_not_remembered),
    ("a_broken_cache_changes_nothing", a_broken_cache_changes_nothing),
];

fn many() -> Project {
    let archived = dropper("archived");
    let mut builder = Project::builder("demo").install(dropper("bad")).lock_only(archived.clone()).cached(&archived);
    for number in 0..12 {
        let pkg = harmless(&format!("p{number}")).file("data.js", format!("module.exports = {number};\n"));
        builder = builder.cached(&pkg).install(pkg);
    }
    builder.file("node_modules/p3/index.js", "changed();\n").build()
}

fn with_cache(project: &Project, folder: &std::path::Path) -> ScanOptions {
    ScanOptions { cache: CacheMode::Dir(folder.to_owned()), ..options(project) }
}

/// Past the time in which files are not known by their identity.
fn settle() {
    std::thread::sleep(Duration::from_millis(2_200));
}

fn a_warm_run_says_the_same() {
    let (project, cache) = (many(), tempfile::tempdir().unwrap());
    let cold = run(&options(&project));
    let options = with_cache(&project, cache.path());
    // Once unsettled, once to fill the identities, once warm.
    for wait in [false, true, false] {
        if wait {
            settle();
        }
        assert_eq!(format!("{:#?}", run(&options).scan), format!("{:#?}", cold.scan));
    }
}

fn a_warm_run_notices_a_change() {
    let (project, cache) = (Project::builder("demo").install(harmless("a")).build(), tempfile::tempdir().unwrap());
    let options = with_cache(&project, cache.path());
    settle();
    let before = run(&options);
    let file = project.root().join("node_modules/a/index.js");
    let (length, modified) = (fs::read(&file).unwrap().len(), fs::metadata(&file).unwrap().modified().unwrap());
    // The same size, and the time of modification put back.
    let planted = [b'/'].repeat(length);
    fs::write(&file, &planted).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    // Known by its identity again, which must be another one.
    settle();
    let hash = |report: &ScanReport| release(report, "pkg:npm/a@1.0.0").content_hash;
    for _ in 0..2 {
        assert_ne!(hash(&before), hash(&run(&options)));
    }
}

fn the_number_of_workers_changes_nothing() {
    let project = many();
    let one = run(&ScanOptions { jobs: Some(1), ..options(&project) });
    let four = run(&ScanOptions { jobs: Some(4), ..options(&project) });
    assert_eq!(format!("{:#?}", one.scan), format!("{:#?}", four.scan));
}

fn what_a_worker_died_on_is_not_remembered() {
    let fatal = harmless("a").file("index.js", format!("module.exports = '{FATAL}';\n"));
    let (project, cache) = (Project::builder("demo").install(fatal).build(), tempfile::tempdir().unwrap());
    let options = with_cache(&project, cache.path());
    settle();
    for _ in 0..2 {
        let report = run(&options);
        let a = release(&report, "pkg:npm/a@1.0.0");
        assert!(a.incomplete.iter().any(|missing| missing.what.starts_with("index.js")), "{a:#?}");
    }
}

fn a_broken_cache_changes_nothing() {
    let (project, cache) = (many(), tempfile::tempdir().unwrap());
    let cold = run(&options(&project));
    let options = with_cache(&project, cache.path());
    run(&options);
    for entry in fs::read_dir(cache.path()).unwrap().filter_map(Result::ok).filter(|entry| entry.path().is_file()) {
        fs::write(entry.path(), "no database").unwrap();
    }
    assert_eq!(format!("{:#?}", run(&options).scan), format!("{:#?}", cold.scan));
    assert!(!rules(release(&cold, "pkg:npm/p3@1.0.0")).is_empty());
}
