//! `--yara`, and rules that a project's `vetch.toml` names.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use vetch_testkit::{PyPkg, Run, tarball};

use crate::vetch;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(path, text)| write(folder.path(), path, text));
    folder
}

fn write(folder: &Path, path: &str, contents: impl AsRef<[u8]>) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, contents).unwrap();
}

const BEACON: &str = r#"rule Beacon : net {
  meta:
    description = "Calls the beacon of the red team"
    severity = "critical"
  strings:
    $host = "beacon.example.invalid"
  condition:
    $host
}
"#;

const MANIFEST: &str = r#"{ "name": "tool", "version": "1.0.0", "main": "index.js" }"#;

fn scan(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = vec!["scan", "--offline", "--format", "json"];
    command.extend(arguments);
    vetch(&command).dir(folder).run()
}

fn findings(report: &Value) -> Vec<Value> {
    report["releases"][0]["findings"].as_array().unwrap().clone()
}

#[test]
fn a_match_in_a_package_is_a_finding_with_its_line() {
    let folder = folder(&[
        ("rules/net.yar", BEACON),
        ("tool/package.json", MANIFEST),
        ("tool/index.js", "module.exports = 1;\n// see beacon.example.invalid\n"),
    ]);
    let report = scan(folder.path(), &["--no-cache", "--yara", "rules", "tool"]).expect(1).json();
    let finding = &findings(&report)[0];
    assert_eq!(finding["rule"], "yara:net:Beacon");
    assert_eq!((finding["severity"].as_str(), finding["category"].as_str()), (Some("critical"), Some("policy")));
    assert!(finding["title"].as_str().unwrap().contains("Calls the beacon of the red team"), "{finding}");
    let evidence = &finding["evidence"][0];
    assert_eq!((evidence["file"].as_str(), evidence["line"].as_u64()), (Some("index.js"), Some(2)));
    assert!(evidence["excerpt"].as_str().unwrap().contains("beacon.example.invalid"), "{evidence}");
    assert_eq!(report["releases"][0]["verdict"], "malicious");
    let none = scan(folder.path(), &["--no-cache", "tool"]).expect(0).json();
    assert!(findings(&none).is_empty(), "{none}");
    let sarif = vetch(&["scan", "--offline", "--no-cache", "--format", "sarif", "--yara", "rules", "tool"]);
    let sarif = sarif.dir(folder.path()).run().expect(1).json();
    assert!(sarif.to_string().contains("yara:net:Beacon"), "{sarif}");
    let page = vetch(&["inspect", "--offline", "--no-cache", "--yara", "rules", "tool"]).dir(folder.path()).run();
    assert!(page.expect(0).stdout.contains("red team"));
}

#[test]
fn archives_other_files_and_decoded_code_are_tried_as_well() {
    let hidden = "import base64\nexec(base64.b64decode('cHJpbnQoImJlYWNvbi5leGFtcGxlLmludmFsaWQiKQ=='))\n";
    let wheel = PyPkg::new("tool", "1.0.0").file("tool/__init__.py", hidden).file("tool/data.bin", b"\0\xffMARK\0");
    let folder =
        folder(&[("rules/deep/net.yara", BEACON), ("mark.yar", "rule Mark { strings: $m = \"MARK\" condition: $m }")]);
    write(folder.path(), &wheel.wheel_name(), wheel.wheel());
    let name = wheel.wheel_name();
    let report = scan(folder.path(), &["--no-cache", "--yara", "rules", "--yara", "mark.yar", &name]).expect(1).json();
    let found = findings(&report);
    let of = |rule: &str| {
        found.iter().find(|finding| finding["rule"] == rule).unwrap_or_else(|| panic!("{rule}: {found:?}"))
    };
    let beacon = &of("yara:deep/net:Beacon")["evidence"][0];
    assert_eq!((beacon["file"].as_str(), beacon["line"].as_u64()), (Some("tool/__init__.py"), Some(2)));
    assert!(beacon["excerpt"].as_str().unwrap().contains("print(\"beacon"), "{beacon}");
    let mark = &of("yara:mark:Mark")["evidence"][0];
    assert_eq!(mark["file"], "tool/data.bin");
    assert!(mark["note"].as_str().unwrap().contains("byte 2"), "{mark}");
    let files = [("package/package.json", MANIFEST), ("package/lib/data.txt", "beacon.example.invalid")];
    write(folder.path(), "tool.tgz", tarball(&files));
    let report = scan(folder.path(), &["--no-cache", "--yara", "rules", "tool.tgz"]).expect(1).json();
    assert_eq!(findings(&report)[0]["evidence"][0]["file"], "lib/data.txt");
}

#[test]
fn what_the_cache_has_is_not_taken_for_other_rules() {
    let folder = folder(&[
        ("rules/a.yar", "rule A { strings: $a = \"first\" condition: $a }"),
        ("tool/package.json", MANIFEST),
        ("tool/index.js", "module.exports = 'first second';\n"),
    ]);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    for file in ["tool/package.json", "tool/index.js"] {
        let file = std::fs::File::options().write(true).open(folder.path().join(file)).unwrap();
        file.set_modified(old).unwrap();
    }
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let rules_of = |status: i32, arguments: &[&str]| -> Vec<String> {
        let mut command = vec!["--cache-dir", "cache"];
        command.extend(arguments);
        command.push("tool");
        let report = scan(folder.path(), &command).expect(status).json();
        findings(&report).iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert!(rules_of(0, &[]).is_empty());
    for _ in 0..2 {
        assert_eq!(rules_of(1, &["--yara", "rules"]), ["yara:a:A"]);
    }
    write(folder.path(), "rules/a.yar", "rule B { strings: $b = \"second\" condition: $b }");
    assert_eq!(rules_of(1, &["--yara", "rules"]), ["yara:a:B"]);
    assert!(rules_of(0, &[]).is_empty());
}

#[test]
fn mistakes_in_rules_are_told_with_file_and_line() {
    let folder = folder(&[
        ("bad/a.yar", "rule A {\n  condition:\n    $missing\n}\n"),
        ("out/a.yar", "include \"../bad/a.yar\"\n"),
        ("none/readme.txt", ""),
        ("tool/package.json", MANIFEST),
    ]);
    write(folder.path(), "latin/a.yar", b"// caf\xe9\nrule A { condition: true }");
    let error = |rules: &str| {
        let run = scan(folder.path(), &["--no-cache", "--yara", rules, "tool"]).expect(2);
        assert!(run.stdout.is_empty(), "{}", run.stdout);
        run.stderr
    };
    assert!(error("bad").contains("bad/a.yar:3: "), "{}", error("bad"));
    assert!(error("out").contains("out/a.yar:1: ") && error("out").contains("may not leave the folder"));
    assert!(error("latin").contains("latin/a.yar:1: byte 6 is not UTF-8"), "{}", error("latin"));
    assert!(error("none").contains("holds no .yar or .yara files"), "{}", error("none"));
    assert!(error("nowhere").contains("cannot read rules from `nowhere`"), "{}", error("nowhere"));
    std::os::unix::fs::symlink("../bad/a.yar", folder.path().join("none/link.yar")).unwrap();
    assert!(error("none").contains("a link is not followed"), "{}", error("none"));
}

#[test]
fn rules_without_an_answer_make_the_release_incomplete() {
    let folder = folder(&[
        (
            "slow.yar",
            "rule Slow { condition: for all i in (0..999999999): (for all j in (0..999999999): (i + j >= 0)) }",
        ),
        ("many.yar", "rule Many { strings: $a = \"ab\" condition: #a > 1000000 }"),
        ("tool/package.json", MANIFEST),
        ("tool/index.js", "module.exports = 1;\n"),
    ]);
    write(folder.path(), "tool/data.txt", "ab".repeat(50_000));
    let slow = scan(folder.path(), &["--no-cache", "--yara", "slow.yar", "tool"]).expect(3).json();
    assert!(slow["releases"][0]["incomplete"].to_string().contains("longer than 10 seconds"), "{slow}");
    let many = scan(folder.path(), &["--no-cache", "--yara", "many.yar", "tool"]).expect(3).json();
    let incomplete = many["releases"][0]["incomplete"].to_string();
    assert!(incomplete.contains("data.txt") && incomplete.contains("yara:many:Many"), "{incomplete}");
}

#[test]
fn own_rules_are_listed_and_explained() {
    let folder = folder(&[("rules/net.yar", BEACON)]);
    let listed = vetch(&["rules", "list", "--yara", "rules"]).dir(folder.path()).run().expect(0);
    assert!(listed.stdout.contains("yara:net:Beacon"), "{}", listed.stdout);
    let page = vetch(&["explain", "yara:net:Beacon", "--yara", "rules"]).dir(folder.path()).run().expect(0);
    assert!(page.stdout.contains("critical severity") && page.stdout.contains("tags: net"), "{}", page.stdout);
    vetch(&["rules", "new", "acme-no-telemetry"]).dir(folder.path()).run().expect(0);
    let page = vetch(&["explain", "acme-no-telemetry", "--rules", "rules"]).dir(folder.path()).run().expect(0);
    assert!(page.stdout.contains("rules/acme-no-telemetry.toml"), "{}", page.stdout);
    let unknown = vetch(&["explain", "acme-no-telemetry"]).dir(folder.path()).run().expect(2);
    assert!(unknown.stderr.contains("--rules"), "{}", unknown.stderr);
}

const SPAWNS: &str = r#"version = 1
[[rule]]
id = "acme-no-children"
summary = "Starts programs"
severity = "high"
capability = { is = "process.spawn" }
"#;

/// A project with one dependency, whose policy names rules.
fn project() -> TempDir {
    let lock = r#"{ "name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
        "": { "name": "app", "version": "1.0.0", "dependencies": { "tool": "1.0.0" } },
        "node_modules/tool": { "version": "1.0.0" } } }"#;
    folder(&[
        ("package.json", r#"{ "name": "app", "version": "1.0.0", "dependencies": { "tool": "1.0.0" } }"#),
        ("package-lock.json", lock),
        ("node_modules/tool/package.json", MANIFEST),
        ("node_modules/tool/index.js", "require('child_process').execSync('uname'); // beacon.example.invalid\n"),
        ("security/spawns.toml", SPAWNS),
        ("security/yara/net.yar", BEACON),
        (
            "vetch.toml",
            "rules = [\"security\"]\nyara = [\"security/yara\"]\n[severity]\n\"acme-no-children\" = \"critical\"\n",
        ),
    ])
}

fn rules_of(report: &Value) -> Vec<String> {
    let releases = report["releases"].as_array().unwrap();
    let all = releases.iter().flat_map(|release| release["findings"].as_array().unwrap());
    all.map(|finding| format!("{} {}", finding["rule"].as_str().unwrap(), finding["severity"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_policy_names_rules_of_the_project() {
    let project = project();
    let report = scan(project.path(), &["--no-cache", "."]).json();
    let found = rules_of(&report);
    for expected in ["acme-no-children critical", "yara:net:Beacon critical"] {
        assert!(found.iter().any(|rule| rule == expected), "{expected}: {found:?}");
    }
}

#[test]
fn a_lock_is_not_written_of_what_the_rules_find() {
    let project = project();
    std::fs::remove_file(project.path().join("vetch.toml")).unwrap();
    let lock =
        |arguments: &[&str]| vetch(&["lock", "--offline", "--no-cache"]).args(arguments).dir(project.path()).run();
    let refused = lock(&["--yara", "security/yara"]).expect(1);
    assert!(refused.stderr.contains("is malicious; nothing was written"), "{}", refused.stderr);
    assert!(!project.path().join("vetch.lock").exists());
    lock(&[]).expect(0);
}

#[test]
fn rules_of_a_policy_never_lead_out_of_its_folder() {
    let project = project();
    let policy = |text: &str| {
        write(project.path(), "vetch.toml", text);
        scan(project.path(), &["--no-cache", "."]).expect(2).stderr
    };
    for path in ["../rules", "/etc", "a/../../b", "C:/rules"] {
        let error = policy(&format!("\nrules = [\"{path}\"]\n"));
        assert!(error.contains("vetch.toml:2:10: ") && error.contains("leads out of the folder"), "{path}: {error}");
    }
    let outside = folder(&[("net.yar", BEACON)]);
    std::os::unix::fs::symlink(outside.path(), project.path().join("linked")).unwrap();
    assert!(policy("yara = [\"linked\"]").contains("it is a link"));
    let through = policy("yara = [\"linked/net.yar\"]");
    assert!(through.contains("cannot read rules from"), "{through}");
    assert!(policy("yara = [\"nowhere\"]").contains("there is no such file or folder"));
    assert!(policy("yara = \"security\"").contains("expected a list of paths"));
    write(project.path(), "large.yar", "// large\n".repeat(1_400_000));
    let large = policy("yara = [\"large.yar\", \"large.yar\", \"large.yar\"]");
    assert!(large.contains("bytes of rules are read together"), "{large}");
}

#[test]
fn a_policy_of_a_revision_brings_the_rules_of_that_revision() {
    let project = project();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"];
        let run = std::process::Command::new("git").args(identity).args(arguments).current_dir(project.path()).output();
        assert!(run.unwrap().status.success());
    };
    git(&["init", "--quiet"]);
    git(&["add", "--force", "."]);
    git(&["commit", "--quiet", "-m", "base"]);
    // The change under review makes the rules find nothing.
    write(project.path(), "security/yara/net.yar", "rule Beacon { condition: false }");
    std::fs::remove_file(project.path().join("security/spawns.toml")).unwrap();
    write(project.path(), "vetch.toml", "yara = [\"security/yara\"]\n");
    let report = scan(project.path(), &["--no-cache", "--policy-from", "main", "."]).json();
    let found = rules_of(&report);
    for expected in ["acme-no-children critical", "yara:net:Beacon critical"] {
        assert!(found.iter().any(|rule| rule == expected), "{expected}: {found:?}");
    }
    assert!(report["findings"].to_string().contains("policy-changed"), "{}", report["findings"]);
}
