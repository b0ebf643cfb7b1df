//! Revisions of repositories that `git` itself writes; skipped where it is not installed.

use std::process::Command;

use super::*;
use tempfile::TempDir;

struct Repository(TempDir);

impl Repository {
    fn new() -> Option<Repository> {
        let one = Repository(tempfile::tempdir().unwrap());
        if Command::new("git").arg("--version").output().is_err() {
            println!("skipped: git is not installed");
            return None;
        }
        one.git(&["init", "--quiet", "--initial-branch=main"]);
        Some(one)
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.fsmonitor=false"]);
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", self.root()).current_dir(self.root());
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn lock(&self, path: &str, version: &str) {
        self.write(
            path,
            &format!(
                r#"{{"lockfileVersion":3,"packages":{{"":{{"dependencies":{{"a":"1"}}}},"node_modules/a":{{"version":"{version}"}}}}}}"#
            ),
        );
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }
}

fn versions(map: &Map) -> Vec<String> {
    let inventory = map.inventory();
    inventory.packages.iter().filter_map(|package| package.version.clone()).collect()
}

#[test]
fn revisions_folders_and_files() {
    let Some(repository) = Repository::new() else { return };
    repository.write("README.md", "nothing yet");
    repository.commit("zero");
    repository.lock("web/package-lock.json", "1.0.0");
    repository.commit("one");
    repository.lock("web/package-lock.json", "1.1.0");
    repository.lock("api/package-lock.json", "2.0.0");
    repository.commit("two");
    repository.lock("web/package-lock.json", "9.9.9");
    let at = |path: &str, revision: &str| open_revision(&repository.root().join(path), revision);
    assert_eq!(versions(&at("", "HEAD").unwrap()), ["2.0.0", "1.1.0"]);
    assert_eq!(versions(&at("", "HEAD~1").unwrap()), ["1.0.0"]);
    assert_eq!(versions(&at("web", "HEAD").unwrap()), ["1.1.0"]);
    assert_eq!(versions(&at("web/package-lock.json", "HEAD").unwrap()), ["1.1.0"]);
    assert_eq!(versions(&at("api", "main^:web/package-lock.json").unwrap()), ["1.0.0"]);
    assert_eq!(at("", "HEAD~2").unwrap().readings, []);
    assert_eq!(Revision::open(&repository.root().join("api"), "HEAD~1").unwrap().map("api").unwrap(), None);
    let base = Revision::merge_base(repository.root(), "HEAD~1", "HEAD").unwrap();
    assert_eq!(base.commit(), repository.git(&["rev-parse", "HEAD~1"]));
    for (path, revision) in [("", "gone"), ("", "HEAD:gone"), ("", ":web"), ("", "HEAD:README.md"), ("", "")] {
        let error = at(path, revision).unwrap_err();
        assert!(!error.hint().is_empty(), "{error}");
    }
    let nowhere = tempfile::tempdir().unwrap();
    assert!(open_revision(nowhere.path(), "HEAD").unwrap_err().to_string().contains("no git work tree"));
}

#[test]
fn links_and_submodules_are_said() {
    let Some(repository) = Repository::new() else { return };
    repository.lock("real/package-lock.json", "1.0.0");
    #[cfg(unix)]
    std::os::unix::fs::symlink("real/package-lock.json", repository.root().join("package-lock.json")).unwrap();
    repository.commit("one");
    let id = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},sub")]);
    repository.git(&["commit", "--quiet", "--message", "two"]);
    let map = open_revision(repository.root(), "HEAD").unwrap();
    let missing: Vec<_> = map.incomplete.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(missing, ["package-lock.json", "sub"]);
    assert_eq!(versions(&map), ["1.0.0"]);
}

#[cfg(unix)]
#[test]
fn no_program_of_the_repository_is_run() {
    let Some(repository) = Repository::new() else { return };
    repository.lock("package-lock.json", "1.0.0");
    repository.commit("one");
    repository.write(".gitattributes", "* filter=evil diff=evil merge=evil text eol=crlf\n");
    repository.lock("package-lock.json", "1.1.0");
    repository.commit("two");
    let marker = repository.root().join("ran");
    let program = repository.root().join("evil.sh");
    repository.write("evil.sh", &format!("#!/bin/sh\ntouch {}\ncat\n", marker.display()));
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let name = program.display().to_string();
    for key in
        ["core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv"]
    {
        repository.git(&["config", key, &name]);
    }
    for key in ["core.sshCommand", "core.pager", "core.editor", "core.alternateRefsCommand", "credential.helper"] {
        repository.git(&["config", key, &name]);
    }
    repository.git(&["config", "core.hooksPath", &repository.root().display().to_string()]);
    repository.git(&["config", "extensions.partialClone", "origin"]);
    repository.git(&["config", "remote.origin.url", &format!("ext::{name}")]);
    repository.git(&["config", "remote.origin.promisor", "true"]);
    // The switch that lets git itself run `ext::` remotes.
    repository.git(&["config", "protocol.ext.allow", "always"]);
    let object = repository.git(&["rev-parse", "HEAD~1:package-lock.json"]);
    fs::remove_file(repository.root().join(format!(".git/objects/{}/{}", &object[..2], &object[2..]))).unwrap();
    let old = open_revision(repository.root(), "HEAD~1").unwrap();
    assert_eq!((old.readings.len(), old.incomplete.len()), (0, 1), "a missing object is said, not fetched: {old:?}");
    assert_eq!(versions(&open_revision(repository.root(), "HEAD").unwrap()), ["1.1.0"]);
    assert!(!marker.exists(), "a program that the repository names was run");
}

#[test]
fn a_path_is_split_off_outside_braces_only() {
    assert_eq!(split_path("main:a/b"), ("main", Some("a/b")));
    assert_eq!(split_path("main:"), ("main", Some("")));
    assert_eq!(split_path("HEAD@{12:00}:x"), ("HEAD@{12:00}", Some("x")));
    assert_eq!(split_path("HEAD^{/fix: x}"), ("HEAD^{/fix: x}", None));
    assert_eq!(split_path(":x"), (":x", None));
}
