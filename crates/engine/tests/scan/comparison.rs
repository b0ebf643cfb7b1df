//! Installed folders against the archives of the locked integrity.

use vetch_model::Verdict;
use vetch_testkit::{Pkg, Project};

use crate::Case;
use crate::support::{dropper, harmless, options, release, rules, run};

pub(crate) const CASES: &[Case] = &[
    ("a_changed_file_is_found", a_changed_file_is_found),
    ("a_dropper_that_tidied_up_is_found", a_dropper_that_tidied_up_is_found),
    ("an_equal_folder_is_no_difference", an_equal_folder_is_no_difference),
    ("what_npm_itself_changes_is_no_difference", what_npm_itself_changes_is_no_difference),
    ("bundled_folders_are_compared_too", bundled_folders_are_compared_too),
    ("an_archive_with_stowaways_is_judged_itself", an_archive_with_stowaways_is_judged_itself),
];

fn a_changed_file_is_found() {
    let pkg = harmless("a");
    let planted = "require('https').get('http://planted.invalid');\n";
    let project =
        Project::builder("demo").install(pkg.clone()).cached(&pkg).file("node_modules/a/index.js", planted).build();
    let report = run(&options(&project));
    let a = release(&report, "pkg:npm/a@1.0.0");
    assert!(rules(a).contains(&"installed-files-changed"), "{a:#?}");
    assert!(a.verdict >= Verdict::Suspicious);
}

/// The incident of axios: the installed manifest is a clean one, the script is gone.
fn a_dropper_that_tidied_up_is_found() {
    let locked = dropper("helper");
    let tidied = Pkg::new("helper", "1.0.0").file("index.js", "\n");
    let project = Project::builder("demo").install_other(locked.clone(), tidied).cached(&locked).build();
    let report = run(&options(&project));
    let helper = release(&report, "pkg:npm/helper@1.0.0");
    assert_eq!(helper.verdict, Verdict::Malicious, "{helper:#?}");
    assert!(rules(helper).contains(&"installed-files-changed"), "{:?}", rules(helper));
    // What ran at install is judged, although it is no longer there.
    let commands = helper.findings.iter().flat_map(|finding| &finding.evidence);
    assert!(commands.into_iter().any(|evidence| evidence.location().file == "setup.js"), "{helper:#?}");
    assert!(helper.incomplete.is_empty());
}

fn an_equal_folder_is_no_difference() {
    let pkg = harmless("a").file("lib/b.js", "1;\n").file("README.md", "x");
    let project = Project::builder("demo").install(pkg.clone()).cached(&pkg).build();
    let report = run(&options(&project));
    assert_eq!(release(&report, "pkg:npm/a@1.0.0").verdict, Verdict::Clean);
}

fn what_npm_itself_changes_is_no_difference() {
    let bin = serde_json::json!({ "a": "cli.js" });
    let pkg = harmless("a").field("bin", bin).file("cli.js", "#!/usr/bin/env node\r\nlet x = 1;\r\n");
    let fixed = "#!/usr/bin/env node\nlet x = 1;\r\n";
    let project =
        Project::builder("demo").install(pkg.clone()).cached(&pkg).file("node_modules/a/cli.js", fixed).build();
    let report = run(&options(&project));
    let a = release(&report, "pkg:npm/a@1.0.0");
    assert_eq!(a.verdict, Verdict::Clean, "{a:#?}");
}

fn bundled_folders_are_compared_too() {
    let outer = harmless("outer").bundle(harmless("inner"));
    let project = Project::builder("demo")
        .install(outer.clone())
        .install_at("node_modules/outer/node_modules/inner", harmless("inner"))
        .cached(&outer)
        .edit_lockfile(|lock| {
            let entry = &mut lock["packages"]["node_modules/outer/node_modules/inner"];
            entry["inBundle"] = serde_json::json!(true);
            entry.as_object_mut().unwrap().retain(|key, _| key != "integrity" && key != "resolved");
        })
        .build();
    assert_eq!(release(&run(&options(&project)), "pkg:npm/inner@1.0.0").verdict, Verdict::Clean);
    project.write("node_modules/outer/node_modules/inner/index.js", "changed();\n");
    let report = run(&options(&project));
    let inner = release(&report, "pkg:npm/inner@1.0.0");
    assert!(rules(inner).contains(&"installed-files-changed"), "{inner:#?}");
    assert_eq!(release(&report, "pkg:npm/outer@1.0.0").verdict, Verdict::Clean);
}

/// Two entries of one path: npm installs the last, a reader may see the first.
fn an_archive_with_stowaways_is_judged_itself() {
    let files = [
        ("package.json", r#"{"name":"a","version":"1.0.0"}"#),
        ("index.js", "evil();\n"),
        ("index.js", "module.exports = 1;\n"),
    ];
    let bytes = vetch_testkit::tarball(&files);
    let integrity = vetch_testkit::integrity(&bytes);
    let pkg = Pkg::new("a", "1.0.0").file("package.json", files[0].1).file("index.js", files[2].1);
    let project = Project::builder("demo")
        .install(pkg)
        .archive_bytes("a.tgz", bytes)
        .edit_lockfile(move |lock| lock["packages"]["node_modules/a"]["integrity"] = integrity.into())
        .build();
    let mut options = options(&project);
    options.archives = Some(project.archives());
    let report = run(&options);
    let a = release(&report, "pkg:npm/a@1.0.0");
    assert!(rules(a).contains(&"archive-anomaly"), "{a:#?}");
}
