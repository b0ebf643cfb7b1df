//! Hostile and broken projects: nothing lost, never clean, the rest stands.

use std::os::unix::fs::symlink;

use vetch_model::Verdict;
use vetch_testkit::{Pkg, Project};

use crate::support::{dropper, harmless, options, options_of, release, run};
use crate::{Case, FATAL};

pub(crate) const CASES: &[Case] = &[
    ("a_file_that_kills_the_worker_is_named", a_file_that_kills_the_worker_is_named),
    ("a_fatal_file_that_nothing_reaches_does_not_matter", a_fatal_file_that_nothing_reaches_does_not_matter),
    ("a_fatal_file_in_an_archive_is_named", a_fatal_file_in_an_archive_is_named),
    ("a_package_full_of_fatal_files_is_given_up", a_package_full_of_fatal_files_is_given_up),
    ("a_lockfile_in_conflict_leaves_the_tree", a_lockfile_in_conflict_leaves_the_tree),
    ("a_truncated_archive_is_incomplete", a_truncated_archive_is_incomplete),
    ("links_out_of_the_project_are_not_followed", links_out_of_the_project_are_not_followed),
    ("a_manifest_that_is_no_json_is_incomplete", a_manifest_that_is_no_json_is_incomplete),
    ("deep_nesting_harms_nothing", deep_nesting_harms_nothing),
    ("a_huge_file_is_not_read_whole", a_huge_file_is_not_read_whole),
];

fn fatal(path: &str) -> Pkg {
    harmless("fatal")
        .file("index.js", "require('./lib/a');\n")
        .file("lib/a.js", "\n")
        .file(path, format!("'{FATAL}';\n"))
}

fn a_file_that_kills_the_worker_is_named() {
    let project = Project::builder("demo").install(fatal("lib/a.js")).install(harmless("other")).build();
    let report = run(&options(&project));
    let found = release(&report, "pkg:npm/fatal@1.0.0");
    assert_eq!(found.verdict, Verdict::Incomplete, "{found:#?}");
    assert!(found.incomplete[0].what.starts_with("lib/a.js"), "{found:#?}");
    assert!(found.content_hash.is_some());
    assert_eq!(release(&report, "pkg:npm/other@1.0.0").verdict, Verdict::Clean);
}

fn a_fatal_file_that_nothing_reaches_does_not_matter() {
    let project = Project::builder("demo").install(fatal("fixtures/x.js")).build();
    assert_eq!(release(&run(&options(&project)), "pkg:npm/fatal@1.0.0").verdict, Verdict::Clean);
}

fn a_fatal_file_in_an_archive_is_named() {
    let project = Project::builder("demo").build();
    project.write("fatal.tgz", fatal("lib/a.js").tarball());
    let report = run(&options_of(&project, project.root().join("fatal.tgz")));
    let found = release(&report, "pkg:npm/fatal@1.0.0");
    assert_eq!(found.verdict, Verdict::Incomplete);
    assert!(found.incomplete.iter().any(|missing| missing.what.starts_with("lib/a.js")), "{found:#?}");
}

fn a_package_full_of_fatal_files_is_given_up() {
    let mut pkg = harmless("fatal");
    for number in 0..12 {
        pkg = pkg.file(&format!("f{number}.js"), format!("'{FATAL}';\n"));
    }
    let project = Project::builder("demo").install(pkg).install(dropper("bad")).build();
    let report = run(&options(&project));
    let found = release(&report, "pkg:npm/fatal@1.0.0");
    assert_eq!(found.verdict, Verdict::Incomplete);
    assert!(!found.incomplete[0].hint.is_empty());
    assert!(release(&report, "pkg:npm/bad@1.0.0").verdict >= Verdict::Suspicious);
}

fn a_lockfile_in_conflict_leaves_the_tree() {
    let project = Project::builder("demo").install(dropper("bad")).build();
    project.write("package-lock.json", "{\n<<<<<<< HEAD\n  \"a\": 1\n=======\n  \"a\": 2\n>>>>>>> other\n}\n");
    let report = run(&options(&project));
    assert!(report.scan.incomplete.iter().any(|missing| missing.what == "package-lock.json"), "{:#?}", report.scan);
    assert!(release(&report, "pkg:npm/bad@1.0.0").verdict >= Verdict::Suspicious);
}

fn a_truncated_archive_is_incomplete() {
    let pkg = harmless("a").file("big.js", "let x = 1;\n".repeat(4000));
    let bytes = pkg.tarball();
    let project = Project::builder("demo").build();
    project.write("a.tgz", &bytes[..bytes.len() / 2]);
    let report = run(&options_of(&project, project.root().join("a.tgz")));
    let [release] = report.scan.releases.as_slice() else { panic!("{:#?}", report.scan) };
    assert!(!release.incomplete.is_empty() && release.verdict >= Verdict::Incomplete, "{release:#?}");
}

fn links_out_of_the_project_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("package.json"), r#"{"name":"a","version":"1.0.0"}"#).unwrap();
    std::fs::write(outside.path().join("index.js"), "1;\n").unwrap();
    let project = Project::builder("demo").lock_only(harmless("a")).install(harmless("b")).build();
    symlink(outside.path(), project.root().join("node_modules/a")).unwrap();
    symlink(outside.path().join("index.js"), project.root().join("node_modules/b/extra.js")).unwrap();
    symlink("..", project.root().join("node_modules/b/ring")).unwrap();
    let report = run(&options(&project));
    let a = release(&report, "pkg:npm/a@1.0.0");
    assert_eq!((a.verdict, a.content_hash), (Verdict::Incomplete, None));
    assert_ne!(release(&report, "pkg:npm/b@1.0.0").verdict, Verdict::Clean, "links are told of");
}

fn a_manifest_that_is_no_json_is_incomplete() {
    let project =
        Project::builder("demo").install(harmless("a")).file("node_modules/a/package.json", "{ \"name\":").build();
    let report = run(&options(&project));
    let a = release(&report, "pkg:npm/a@1.0.0");
    assert!(a.incomplete.iter().any(|missing| missing.what.starts_with("package.json")), "{a:#?}");
}

fn deep_nesting_harms_nothing() {
    let deep = format!("module.exports = {}{};\n", "[".repeat(100_000), "]".repeat(100_000));
    let pkg = harmless("deep").file("index.js", deep);
    let project = Project::builder("demo").install(pkg).install(harmless("other")).build();
    let report = run(&options(&project));
    assert_eq!(release(&report, "pkg:npm/deep@1.0.0").verdict, Verdict::Incomplete);
    assert_eq!(release(&report, "pkg:npm/other@1.0.0").verdict, Verdict::Clean);
}

fn a_huge_file_is_not_read_whole() {
    let project = Project::builder("demo").install(harmless("a").file("index.js", "require('./huge.js');\n")).build();
    let huge = project.root().join("node_modules/a/huge.js");
    // Sparse: 70 MiB of nothing.
    std::fs::File::create(&huge).unwrap().set_len(70 << 20).unwrap();
    let report = run(&options(&project));
    let a = release(&report, "pkg:npm/a@1.0.0");
    assert!(a.incomplete.iter().any(|missing| missing.what.starts_with("huge.js")), "{a:#?}");
}
