//! The project: settings that let a bad release in, secrets in files that others get, and what would be packed.

use std::collections::BTreeSet;
use std::path::Path;

use vetch_lockfiles::tree::{Node, Syntax, parse};
use vetch_lockfiles::{Files, ListedKind};
use vetch_model::Location;
use vetch_model::hygiene::{Area, Lint, LintId, Repair};
use vetch_model::outcome::Incomplete;

use super::npm_pack;
use crate::map::{self, folder_of, join};
use crate::secrets::in_line;

/// Bounds on what is searched for secrets.
const MAX_FILES: usize = 50_000;
const MAX_BYTES: u64 = 1 << 20;
const MAX_DEPTH: usize = 32;

/// Most secrets told of one file.
const MAX_TOLD: usize = 5;

/// Folders in which nothing is the project's own.
const NEVER: &[&str] =
    &["node_modules", ".git", ".hg", ".svn", ".venv", "venv", ".tox", ".nox", "__pycache__", "target"];

/// Looks at it; the second of the two are lints about its workflows.
pub(super) fn look(folder: &Path, files: &dyn Files, incomplete: &mut Vec<Incomplete>) -> (Area, Vec<Lint>) {
    let mut area = Area { id: "project", lints: Vec::new(), looked_at: Vec::new(), unavailable: Vec::new() };
    let mut workflows = Vec::new();
    match crate::pin::review(folder, &[]) {
        Ok(pinning) => {
            incomplete.extend(pinning.incomplete);
            for lint in pinning.lints {
                match lint.id {
                    LintId::UnpinnedAction => workflows.push(lint),
                    // Ranges and lockfiles are what `vetch pin` is for.
                    LintId::UnpinnedRange | LintId::RangesSaved | LintId::RequirementWithoutHash => {}
                    _ => area.lints.push(by_command(lint)),
                }
            }
            area.looked_at.push("settings and lockfiles; `vetch pin` also tells what is not pinned".to_owned());
        }
        Err(_) => area.unavailable.push("settings of package managers: no lockfile or manifest was found".to_owned()),
    }
    let own = walk(files, incomplete);
    let mut searched = 0;
    for file in &own.files {
        searched += usize::from(secrets(files, file, LintId::SecretInProject, &mut area.lints));
    }
    area.looked_at.push(format!("{searched} files for secrets; what .gitignore leaves out was not searched"));
    for manifest in own.manifests {
        pack(files, &manifest, &mut area, incomplete);
    }
    for manifest in own.python {
        area.unavailable.push(format!(
            "what a source distribution of `{manifest}` would hold: its build backend decides that. `python -m build --sdist` makes \
             one, and `vetch scan dist` looks into it"
        ));
    }
    (area, workflows)
}

/// The doctor writes nothing: what `vetch pin --fix` would do is a command here.
fn by_command(lint: Lint) -> Lint {
    let repair = match lint.repair {
        Repair::Edit(text) => Repair::Command(format!("`vetch pin --fix` ({text})")),
        other => other,
    };
    Lint { repair, ..lint }
}

#[derive(Default)]
struct Own {
    files: Vec<String>,
    /// `package.json` of packages for others.
    manifests: Vec<String>,
    /// `pyproject.toml` of packages for others.
    python: Vec<String>,
}

/// Every file that is not left out by an ignore file. Links are not followed.
fn walk(files: &dyn Files, incomplete: &mut Vec<Incomplete>) -> Own {
    let mut own = Own::default();
    let mut ahead = vec![(String::new(), map::ignored::Ignored::default(), 0)];
    while let Some((folder, above, depth)) = ahead.pop() {
        let entries = match files.list(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                incomplete.push(error.into_incomplete());
                continue;
            }
        };
        let is_there = |name: &&str| entries.iter().any(|entry| entry.name == *name && entry.kind == ListedKind::File);
        let names: Vec<&str> = map::ignored::NAMES.into_iter().filter(is_there).collect();
        let rules = above.in_folder(files, &folder, &names, incomplete);
        for entry in entries {
            let path = join(&folder, &entry.name);
            match entry.kind {
                ListedKind::Folder if NEVER.contains(&entry.name.as_str()) || rules.leaves_out(&path, true) => {}
                ListedKind::Folder if depth < MAX_DEPTH => ahead.push((path, rules.clone(), depth + 1)),
                ListedKind::Folder => {
                    let hint = "name it as a target of its own";
                    incomplete.push(Incomplete::new(path, "it lies too deep, and was not searched for secrets", hint));
                }
                ListedKind::File if !rules.leaves_out(&path, false) => own.files.push(path),
                _ => {}
            }
        }
        if own.files.len() > MAX_FILES {
            let why = format!("it has more than {MAX_FILES} files; the others were not searched for secrets");
            incomplete.push(Incomplete::new(
                folder,
                why,
                "name a folder of the project, or leave files out by .gitignore",
            ));
            break;
        }
    }
    own.files.sort();
    own.manifests = own.files.iter().filter(|path| is_published(files, path)).cloned().collect();
    own.python = own.files.iter().filter(|path| is_published_python(files, path)).cloned().collect();
    own
}

fn is_published(files: &dyn Files, path: &str) -> bool {
    if path.rsplit('/').next() != Some("package.json") {
        return false;
    }
    let bytes = files.read(path, MAX_BYTES).ok().flatten().unwrap_or_default();
    parse(&bytes, path, Syntax::Json).is_ok_and(|tree| {
        let is_private = tree.root.get("private").and_then(Node::as_bool) == Some(true);
        tree.root.get("name").is_some() && tree.root.get("version").is_some() && !is_private
    })
}

fn is_published_python(files: &dyn Files, path: &str) -> bool {
    if path.rsplit('/').next() != Some("pyproject.toml") {
        return false;
    }
    let bytes = files.read(path, MAX_BYTES).ok().flatten().unwrap_or_default();
    parse(&bytes, path, Syntax::Toml).is_ok_and(|tree| tree.root.get("build-system").is_some())
}

/// Tells the secrets of one file; whether it could be searched.
fn secrets(files: &dyn Files, file: &str, id: LintId, lints: &mut Vec<Lint>) -> bool {
    let Ok(Some(bytes)) = files.read(file, MAX_BYTES) else { return false };
    let Ok(text) = std::str::from_utf8(&bytes) else { return false };
    let mut told = 0;
    for (number, line) in (1u32..).zip(text.lines()) {
        for secret in in_line(line) {
            told += 1;
            if told > MAX_TOLD {
                return true;
            }
            let location = Location { line: number, ..Location::file(file) };
            let what = match id {
                LintId::SecretInPackage => {
                    format!("`npm publish` would ship {} {} with this file", secret.article(), secret.kind)
                }
                _ => format!("{} {} stands here", secret.article(), secret.kind),
            };
            let revoke = "revoke it first: it has to be taken for stolen";
            let repair = match id {
                LintId::SecretInPackage => format!(
                    "{revoke}; then leave the file out by `files` in package.json, and look again with `npm pack --dry-run`"
                ),
                _ => format!(
                    "{revoke}; then read it from the environment, and take it out of the history: `git log -S` finds where it is"
                ),
            };
            lints.push(Lint { location, id, what, repair: Repair::Command(repair) });
        }
    }
    true
}

/// What `npm pack` would ship: secrets, and files that are never meant for others.
fn pack(files: &dyn Files, manifest: &str, area: &mut Area, incomplete: &mut Vec<Incomplete>) {
    let folder = folder_of(manifest);
    let packed = match npm_pack::packed_in(files, folder) {
        Ok(packed) => packed,
        Err(error) => return incomplete.push(error),
    };
    area.looked_at.push(format!("the {} files that `npm publish` would ship of `{manifest}`", packed.len()));
    let told: BTreeSet<String> = area
        .lints
        .iter()
        .filter(|lint| lint.id == LintId::SecretInProject)
        .map(|lint| lint.location.file.clone())
        .collect();
    for path in packed {
        let file = join(folder, &path);
        if let Some(kind) = never_meant(&path) {
            let what = format!("`npm publish` would ship this file: {kind}");
            let repair =
                "leave it out by `files` in package.json or by .npmignore, and look again with `npm pack --dry-run`";
            area.lints.push(Lint {
                location: Location::file(file.clone()),
                id: LintId::SecretInPackage,
                what,
                repair: Repair::Command(repair.to_owned()),
            });
        }
        if told.contains(&file) || never_meant(&path).is_none() {
            secrets(files, &file, LintId::SecretInPackage, &mut area.lints);
        }
    }
}

/// Files that hold secrets by their nature.
fn never_meant(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_env = name == ".env"
        || name
            .strip_prefix(".env.")
            .is_some_and(|rest| !matches!(rest, "example" | "sample" | "template" | "dist" | "defaults"));
    match name {
        _ if is_env => Some("it holds the environment of a deployment"),
        ".npmrc" | ".yarnrc.yml" | ".pypirc" | ".netrc" | ".git-credentials" => {
            Some("it holds settings and tokens of registries")
        }
        "id_rsa" | "id_ed25519" | "id_ecdsa" | "id_dsa" => Some("it is a private key"),
        "credentials.json" | "service-account.json" | "serviceAccountKey.json" => Some("it holds credentials"),
        _ if name.ends_with(".pem")
            || name.ends_with(".p12")
            || name.ends_with(".pfx")
            || name.ends_with(".keystore") =>
        {
            Some("it may be a private key")
        }
        _ if name.ends_with(".tfstate") => Some("it holds the secrets of an infrastructure"),
        _ => None,
    }
}
