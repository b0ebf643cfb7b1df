//! `vetch diff`, on files, folders and real git repositories.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::vetch;

/// SRI of one repeated character.
fn sha512(byte: char) -> String {
    format!("sha512-{}==", byte.to_string().repeat(86))
}

/// One dependency of a lockfile: name, version, and what else its entry says.
type Entry<'a> = (&'a str, &'a str, String);

fn lock(entries: &[Entry<'_>]) -> String {
    let quote = |text: &str| serde_json::to_string(text).unwrap();
    let wants: Vec<String> = entries.iter().map(|(name, ..)| format!("{}: \"*\"", quote(name))).collect();
    let packages: Vec<String> = entries
        .iter()
        .map(|(name, version, more)| {
            let more = if more.is_empty() { String::new() } else { format!(", {more}") };
            format!(",\n  {}: {{\"version\": {}{more}}}", quote(&format!("node_modules/{name}")), quote(version))
        })
        .collect();
    let root =
        format!("\"\": {{\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": {{{}}}}}", wants.join(", "));
    format!("{{\"name\": \"app\", \"lockfileVersion\": 3, \"packages\": {{\n  {root}{}\n}}}}\n", packages.concat())
}

fn entry<'a>(name: &'a str, version: &'a str, hash: char) -> Entry<'a> {
    let url = format!("https://registry.npmjs.org/{name}/-/{name}-{version}.tgz");
    (name, version, format!("\"resolved\": \"{url}\", \"integrity\": \"{}\"", sha512(hash)))
}

/// `old/` and `new/` with a lockfile each.
fn two(old: &[Entry<'_>], new: &[Entry<'_>]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, entries) in [("old", old), ("new", new)] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("package-lock.json"), lock(entries)).unwrap();
    }
    folder
}

fn diff(folder: &Path, arguments: &[&str]) -> vetch_testkit::Run {
    vetch(&["diff"]).args(arguments.iter().copied()).dir(folder).run()
}

#[test]
fn versions_that_change_are_no_alarm() {
    let old = [entry("a", "1.0.0", 'A'), entry("b", "2.0.0", 'B'), entry("c", "1.0.0", 'C')];
    let new = [entry("a", "1.1.0", 'D'), entry("b", "2.0.0", 'B'), entry("d", "1.0.0", 'E')];
    let folder = two(&old, &new);
    let run = diff(folder.path(), &["old", "new/package-lock.json"]).expect(0);
    insta::assert_snapshot!(run.stdout);
    let run = diff(folder.path(), &["old", "new", "--format", "markdown"]).expect(0);
    insta::assert_snapshot!(run.stdout);
    let json = diff(folder.path(), &["old", "new", "--format", "json"]).expect(0).json();
    assert_eq!(json["schema"], "vetch.diff/1");
    assert_eq!(json["summary"]["unchanged"], 1);
    let kinds: Vec<_> = json["changes"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["upgraded", "removed", "added"]);
    let run = diff(folder.path(), &["old", "old"]).expect(0);
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn what_needs_a_look_fails() {
    let scripts = |hash| {
        let (name, version, more) = entry("scripted", "1.0.0", hash);
        (name, version, format!("{more}, \"hasInstallScript\": true"))
    };
    let elsewhere = ("moved", "1.0.1", r#""resolved": "http://user:secret@evil.example/moved.tgz""#.to_owned());
    let old = [entry("moved", "1.0.0", 'A'), entry("scripted", "0.9.0", 'B'), entry("swapped", "1.0.0", 'C')];
    let new = [elsewhere, scripts('D'), entry("swapped", "1.0.0", 'E')];
    let folder = two(&old, &new);
    let run = diff(folder.path(), &["old", "new"]).expect(1);
    insta::assert_snapshot!(run.stdout);
    let run = diff(folder.path(), &["old", "new", "--format", "markdown"]).expect(1);
    insta::assert_snapshot!(run.stdout);
    let run = diff(folder.path(), &["old", "new", "--format", "json"]).expect(1);
    assert!(!run.stdout.contains("secret"));
    assert_eq!(run.json()["summary"]["alarming"], 3);
    let run = diff(folder.path(), &["old", "new", "--output", "report.txt"]).expect(1);
    assert_eq!(run.stdout, "");
    assert!(fs::read_to_string(folder.path().join("report.txt")).unwrap().contains("3 changes need a look"));
}

#[test]
fn hostile_names_cannot_act() {
    let name = "\u{1b}[2J\u{202e}x\n::error::y|<img src=x>`@team`";
    let folder = two(&[], &[(name, "1.0.0\u{1b}]0;t\u{7}", String::new())]);
    for format in ["terminal", "markdown", "json"] {
        let run = diff(folder.path(), &["old", "new", "--format", format]);
        assert!(!run.stdout.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{format}: {}", run.stdout);
        assert!(run.stdout.lines().all(|line| !line.trim_start().starts_with("::")), "{format}: {}", run.stdout);
        assert!(format != "markdown" || !run.stdout.contains("<img"), "{}", run.stdout);
    }
}

#[test]
fn what_cannot_be_read_is_not_compared_and_not_hidden() {
    let folder = two(&[entry("a", "1.0.0", 'A')], &[entry("a", "1.0.0", 'A')]);
    fs::create_dir(folder.path().join("new/sub")).unwrap();
    fs::write(folder.path().join("new/sub/package-lock.json"), "<<<<<<< HEAD").unwrap();
    let run = diff(folder.path(), &["old", "new"]).expect(3);
    insta::assert_snapshot!(run.stdout);
    diff(folder.path(), &["old", "new", "--allow-incomplete"]).expect(0);
    let json = diff(folder.path(), &["old", "new", "--format", "json"]).expect(3).json();
    assert_eq!(json["incomplete"][0]["side"], "new");
}

#[test]
fn mistakes_are_said_with_what_to_do() {
    let folder = two(&[], &[]);
    let shown = |arguments: &[&str]| diff(folder.path(), arguments).expect(2).stderr;
    let all = [
        shown(&["npm:axios@1.14.0", "old"]),
        shown(&["old"]),
        shown(&["old", "./gone"]),
        shown(&["old", "main..HEAD"]),
        shown(&["main", "HEAD"]),
    ];
    insta::assert_snapshot!(all.concat());
}

/// A repository made by `git`, in an environment of its own.
pub(crate) struct Repository(TempDir);

impl Repository {
    /// `None`, said on standard output, where git is not installed.
    #[allow(clippy::print_stdout, reason = "a skipped test has to say so")]
    pub(crate) fn new() -> Option<Repository> {
        if Command::new("git").arg("--version").output().is_err() {
            println!("skipped: git is not installed");
            return None;
        }
        let repository = Repository(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        Some(repository)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.fsmonitor=false"]);
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", self.0.path()).current_dir(self.0.path());
        assert!(git.args(arguments).status().unwrap().success(), "{arguments:?}");
    }

    pub(crate) fn commit(&self, path: &str, text: &str) {
        let file = self.0.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "x"]);
    }

    pub(crate) fn json(&self, arguments: &[&str], exit: i32) -> Value {
        let format = ["--format", "json"];
        let arguments: Vec<&str> = arguments.iter().copied().chain(format).collect();
        diff(self.0.path(), &arguments).expect(exit).json()
    }

    /// Kind, name and versions of every change.
    fn changes(&self, arguments: &[&str]) -> Vec<String> {
        let json = self.json(arguments, 0);
        let version = |one: &Value, side: &str| one[side]["version"].as_str().unwrap_or("-").to_owned();
        let text = |one: &Value| {
            format!(
                "{} {} {} {}",
                one["kind"].as_str().unwrap(),
                one["name"].as_str().unwrap(),
                version(one, "old"),
                version(one, "new")
            )
        };
        json["changes"].as_array().unwrap().iter().map(text).collect()
    }
}

#[test]
fn revisions_of_a_repository() {
    let Some(repository) = Repository::new() else { return };
    repository.commit("web/package-lock.json", &lock(&[entry("a", "1.0.0", 'A')]));
    repository.git(&["switch", "--quiet", "--create", "topic"]);
    repository.commit("web/package-lock.json", &lock(&[entry("a", "1.1.0", 'B')]));
    repository.commit("api/package-lock.json", &lock(&[entry("b", "1.0.0", 'C')]));
    repository.git(&["switch", "--quiet", "main"]);
    repository.commit("web/package-lock.json", &lock(&[entry("a", "1.0.0", 'A'), entry("m", "1.0.0", 'D')]));
    repository.git(&["switch", "--quiet", "topic"]);
    let up = "upgraded a 1.0.0 1.1.0";
    assert_eq!(repository.changes(&["main..HEAD"]), [up, "added b - 1.0.0", "removed m 1.0.0 -"]);
    assert_eq!(repository.changes(&["main...HEAD"]), [up, "added b - 1.0.0"], "from the merge base");
    assert_eq!(repository.changes(&["main..topic", "web"]), [up, "removed m 1.0.0 -"]);
    assert_eq!(repository.changes(&["main", "topic"]).len(), 3);
    assert_eq!(repository.changes(&["main:web", "topic:web/package-lock.json"]).len(), 2);
    assert_eq!(repository.changes(&["main..HEAD", "api"]), ["added b - 1.0.0"], "a folder that only one side has");
    assert_eq!(repository.changes(&["HEAD"]), [""; 0]);
    fs::write(repository.0.path().join("web/package-lock.json"), lock(&[entry("a", "1.2.0", 'E')])).unwrap();
    assert_eq!(repository.changes(&["HEAD"]), ["upgraded a 1.1.0 1.2.0"], "what is not committed");
    assert_eq!(repository.changes(&["HEAD", "web/package-lock.json"]), ["upgraded a 1.1.0 1.2.0"]);
    assert_eq!(repository.changes(&["web/package-lock.json", "HEAD"]), ["downgraded a 1.2.0 1.1.0"]);
    let json = repository.json(&["main..HEAD"], 0);
    assert_eq!(json["old"]["commit"].as_str().unwrap().len(), 40);
    for wrong in [["main..gone", "."], ["main..HEAD", "gone"], ["main:gone", "HEAD:web"]] {
        let run = diff(repository.0.path(), &wrong).expect(2);
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    }
}

#[cfg(unix)]
#[test]
fn no_program_that_the_repository_names_is_run() {
    let Some(repository) = Repository::new() else { return };
    repository.commit("package-lock.json", &lock(&[entry("a", "1.0.0", 'A')]));
    let attributes = "* filter=evil diff=evil merge=evil\n";
    repository.commit(".gitattributes", attributes);
    repository.commit("package-lock.json", &lock(&[entry("a", "1.1.0", 'B')]));
    let root = repository.0.path();
    let (marker, program) = (root.join("ran"), root.join("evil.sh"));
    fs::write(&program, format!("#!/bin/sh\ntouch '{}'\ncat\n", marker.display())).unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let name = program.display().to_string();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "credential.helper",
        "alias.diff",
    ] {
        repository.git(&["config", key, &name]);
    }
    // It does run where git heeds its configuration: the marker is a fair witness.
    Command::new("git").args(["-C", &root.display().to_string(), "status"]).output().unwrap();
    assert!(marker.exists(), "the trap does not work");
    fs::remove_file(&marker).unwrap();
    assert_eq!(repository.changes(&["HEAD~1..HEAD"]), ["upgraded a 1.0.0 1.1.0"]);
    assert_eq!(repository.changes(&["HEAD~1"]), ["upgraded a 1.0.0 1.1.0"]);
    assert!(!marker.exists(), "a program that the repository names was run");
}
