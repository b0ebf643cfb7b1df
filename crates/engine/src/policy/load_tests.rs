//! Tests of where a policy comes from: files, and revisions of a repository written with `gix`.

use std::fs;

use gix::objs::tree::{Entry, EntryKind};
use gix::objs::{Tree, WriteTo};
use vetch_model::Severity;

use super::*;
use crate::policy::rules::POLICY_CHANGED;

const LAX: &str = "fail-on = 'malicious'\nallow-incomplete = true\n";
const STRICT: &str = "fail-on = 'notable'\n";

fn load(options: &PolicyOptions, folder: &Path) -> Result<Policies, PolicyError> {
    Policies::load(options, &[Some(folder.to_owned())], ["some-rule"])
}

fn from(revision: &str) -> PolicyOptions {
    PolicyOptions { revision: Some(revision.to_owned()), ..PolicyOptions::default() }
}

fn fail_on(policies: &Policies) -> Verdict {
    policies.gates()[0].fail_on
}

/// A repository whose `main` holds `files` (paths of at most one folder).
fn repository(root: &Path, files: &[(&str, EntryKind, &str)]) {
    let repository = gix::init(root).unwrap();
    let mut entries: Vec<Entry> = Vec::new();
    for (path, kind, text) in files {
        let oid = repository.write_blob(text).unwrap().detach();
        let entry = |name: &str| Entry { mode: (*kind).into(), filename: name.into(), oid };
        match path.split_once('/') {
            None => entries.push(entry(path)),
            Some((folder, name)) => {
                let oid = repository.write_object(Tree { entries: vec![entry(name)] }).unwrap().detach();
                entries.push(Entry { mode: EntryKind::Tree.into(), filename: folder.into(), oid });
            }
        }
    }
    entries.sort();
    let tree = Tree { entries };
    tree.write_to(&mut Vec::new()).unwrap();
    let tree = repository.write_object(tree).unwrap().detach();
    let who = gix::actor::SignatureRef { name: "a".into(), email: "a@example.invalid".into(), time: "0 +0000" };
    let none: [gix::ObjectId; 0] = [];
    repository.commit_as(who, who, "refs/heads/main", "base", tree, none).unwrap();
}

#[test]
fn no_file_is_the_default_and_the_command_line_wins() {
    let folder = tempfile::tempdir().unwrap();
    let policies = load(&PolicyOptions::default(), folder.path()).unwrap();
    assert_eq!(policies.gates(), [Gate::default()]);
    fs::write(folder.path().join(FILE_NAME), LAX).unwrap();
    let lax = Gate { fail_on: Verdict::Malicious, allow_incomplete: true };
    assert_eq!(load(&PolicyOptions::default(), folder.path()).unwrap().gates(), [lax]);
    let options = PolicyOptions { fail_on: Some(Verdict::Notable), ..PolicyOptions::default() };
    assert_eq!(fail_on(&load(&options, folder.path()).unwrap()), Verdict::Notable);
    let archive = Policies::load(&PolicyOptions::default(), &[None], []).unwrap();
    assert_eq!(archive.gates(), [Gate::default()], "a target without a folder brings no policy");
}

#[test]
fn a_named_file_counts_for_all_targets_and_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.toml");
    let options = PolicyOptions { file: Some(file.clone()), ..PolicyOptions::default() };
    let error = load(&options, folder.path()).unwrap_err();
    assert!(error.hint().contains("--config"), "{error}");
    fs::write(&file, LAX).unwrap();
    fs::write(folder.path().join(FILE_NAME), STRICT).unwrap();
    let policies = Policies::load(&options, &[Some(folder.path().to_owned()), None], []).unwrap();
    assert_eq!(policies.loaded.len(), 1);
    assert!(policies.gates().iter().all(|gate| gate.fail_on == Verdict::Malicious));
}

#[cfg(unix)]
#[test]
fn a_projects_policy_that_is_a_link_shows_nothing_of_its_target() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "_authToken=hunter2").unwrap();
    std::os::unix::fs::symlink("secret", folder.path().join(FILE_NAME)).unwrap();
    let error = load(&PolicyOptions::default(), folder.path()).unwrap_err();
    assert!(matches!(&error, PolicyError::Unreadable { .. }) && !error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn files_that_are_no_text_or_no_policy_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE_NAME);
    for (bytes, word) in [
        (b"a = '\xff'".to_vec(), "UTF-8"),
        (vec![b'#'; MAX_BYTES as usize + 1], "more than"),
        (b"fail-on = 1".to_vec(), "vetch.toml:1:11: expected one of"),
    ] {
        fs::write(&file, bytes).unwrap();
        let error = load(&PolicyOptions::default(), folder.path()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(load(&PolicyOptions::default(), folder.path()).is_err());
}

#[test]
fn a_revisions_policy_is_in_force_and_the_change_is_reported() {
    let root = tempfile::tempdir().unwrap();
    repository(root.path(), &[(FILE_NAME, EntryKind::Blob, STRICT)]);
    fs::write(root.path().join(FILE_NAME), format!("{LAX}[severity]\nsome-rule = 'info'\n")).unwrap();
    let policies = load(&from("main"), root.path()).unwrap();
    assert_eq!(policies.gates(), [Gate { fail_on: Verdict::Notable, allow_incomplete: false }]);
    let found = policies.session(jiff::civil::date(2026, 1, 1)).finish().remove(0).finding;
    assert_eq!((found.rule, found.severity), (POLICY_CHANGED.id, Severity::Medium));
    let evidence: Vec<String> = found.evidence.iter().map(shown).collect();
    insta::assert_snapshot!(evidence.join("\n"), @r"
    vetch.toml:1 fail-on: malicious, in force: notable
    vetch.toml:2 allow-incomplete: true, in force: (not set)
    vetch.toml:4 severity.some-rule: info, in force: (not set)
    ");
}

fn shown(evidence: &vetch_model::Evidence) -> String {
    match evidence {
        vetch_model::Evidence::Field { location, field, found, expected, .. } => {
            let expected = expected.as_deref().unwrap_or("nothing");
            format!("{}:{} {field}: {found}, in force: {expected}", location.file, location.line)
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn comments_are_no_change_and_breaking_or_removing_the_file_is() {
    let root = tempfile::tempdir().unwrap();
    repository(root.path(), &[(FILE_NAME, EntryKind::Blob, STRICT)]);
    let findings = || load(&from("main"), root.path()).unwrap().session(jiff::civil::date(2026, 1, 1)).finish().len();
    assert_eq!(findings(), 1, "the work tree has none");
    fs::write(root.path().join(FILE_NAME), format!("# why\r\n\r\n{STRICT}")).unwrap();
    assert_eq!(findings(), 0);
    fs::write(root.path().join(FILE_NAME), "broken").unwrap();
    assert_eq!(findings(), 1);
}

#[test]
fn a_project_may_be_a_part_of_the_repository() {
    let root = tempfile::tempdir().unwrap();
    repository(root.path(), &[("web/vetch.toml", EntryKind::Blob, STRICT), (FILE_NAME, EntryKind::Blob, LAX)]);
    let web = root.path().join("web");
    fs::create_dir(&web).unwrap();
    assert_eq!(fail_on(&load(&from("main"), &web).unwrap()), Verdict::Notable);
    let other = root.path().join("other");
    fs::create_dir(&other).unwrap();
    assert_eq!(fail_on(&load(&from("main"), &other).unwrap()), Verdict::Suspicious, "no file there: the default");
}

#[test]
fn a_linked_work_tree_has_the_revisions_of_its_repository() {
    let scratch = tempfile::tempdir().unwrap();
    let (main, linked) = (scratch.path().join("main"), scratch.path().join("linked"));
    repository(&main, &[(FILE_NAME, EntryKind::Blob, STRICT)]);
    let admin = main.join(".git/worktrees/linked");
    fs::create_dir_all(&admin).unwrap();
    fs::create_dir(&linked).unwrap();
    fs::write(admin.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(admin.join("commondir"), "../..\n").unwrap();
    fs::write(admin.join("gitdir"), format!("{}\n", linked.join(".git").display())).unwrap();
    fs::write(linked.join(".git"), format!("gitdir: {}\n", admin.display())).unwrap();
    assert_eq!(fail_on(&load(&from("HEAD"), &linked).unwrap()), Verdict::Notable);
}

#[test]
fn the_repositorys_configuration_names_nothing_that_is_used() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("repository");
    repository(&root, &[(FILE_NAME, EntryKind::Blob, STRICT), (".gitattributes", EntryKind::Blob, "* filter=x\n")]);
    let mark = scratch.path().join("mark");
    let evil = format!(
        "[core]\n\trepositoryformatversion = 0\n\tworktree = {0}\n\tfsmonitor = touch {1}\n\thooksPath = {0}\n\
         [filter \"x\"]\n\tsmudge = touch {1}\n\tprocess = touch {1}\n\trequired = true\n[include]\n\tpath = /dev/zero\n",
        scratch.path().display(),
        mark.display()
    );
    fs::write(root.join(".git/config"), evil).unwrap();
    assert_eq!(fail_on(&load(&from("main"), &root).unwrap()), Verdict::Notable);
    assert!(!mark.exists());
}

#[test]
fn a_bare_repository_inside_the_project_is_not_taken_for_its_own() {
    let root = tempfile::tempdir().unwrap();
    repository(root.path(), &[(FILE_NAME, EntryKind::Blob, STRICT), ("web/vetch.toml", EntryKind::Blob, STRICT)]);
    let web = root.path().join("web");
    let hidden = tempfile::tempdir().unwrap();
    repository(hidden.path(), &[(FILE_NAME, EntryKind::Blob, LAX), ("web/vetch.toml", EntryKind::Blob, LAX)]);
    // What git calls a bare repository: HEAD, objects and refs in a plain folder.
    fs::rename(hidden.path().join(".git"), &web).unwrap();
    assert_eq!(fail_on(&load(&from("main"), &web).unwrap()), Verdict::Notable);
}

#[test]
fn what_cannot_be_read_is_an_error_with_advice() {
    let root = tempfile::tempdir().unwrap();
    let outside = load(&from("main"), root.path()).unwrap_err();
    assert!(outside.hint().contains("git work tree"), "{outside}");
    repository(
        root.path(),
        &[(FILE_NAME, EntryKind::Link, "/etc/passwd"), ("web/vetch.toml", EntryKind::Blob, "fail_on = 1")],
    );
    let missing = load(&from("origin/gone"), root.path()).unwrap_err();
    assert!(missing.to_string().contains("origin/gone") && missing.hint().contains("fetch"), "{missing}");
    assert!(load(&from("main"), root.path()).unwrap_err().to_string().contains("no ordinary file"));
    let web = root.path().join("web");
    fs::create_dir(&web).unwrap();
    let invalid = load(&from("main"), &web).unwrap_err().to_string();
    assert!(invalid.starts_with("main:vetch.toml:1:1: unknown key"), "{invalid}");
}
