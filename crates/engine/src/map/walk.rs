//! Finds every file below a folder that may speak of dependencies.
//!
//! Breadth first, so that what lies near the top is found even where a limit ends
//! the walk; links are never followed; dependencies are not descended into: they
//! are what the files found speak of, not projects of their own.

use std::collections::VecDeque;

use vetch_lockfiles::{Files, Format, Listed, ListedKind, format};
use vetch_model::outcome::Incomplete;

use super::ignored::{self, Ignored};
use super::join;
use super::unread::{self, Unread};

/// How far the walk goes before it gives up with an [`Incomplete`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) depth: usize,
    pub(super) folders: usize,
    pub(super) entries: usize,
    pub(super) files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 32, folders: 100_000, entries: 2_000_000, files: 10_000 }
    }
}

/// Bytes of a file that tell its format.
pub(super) const HEAD: usize = 4 << 10;

/// Folders of tools, in which nobody keeps a project of their own.
const NEVER: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".yarn",
    ".pnpm-store",
    ".venv",
    "venv",
    "site-packages",
    "dist-packages",
    "__pypackages__",
    "__pycache__",
    "bower_components",
    ".tox",
    ".nox",
];

/// Names of several formats: only the first bytes tell which.
const SHARED: &[&str] = &["yarn.lock", ".pnp.cjs", ".pnp.data.json", "pyproject.toml"];

/// What a file is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Known(Format),
    Unread(&'static Unread),
}

/// What the walk found, each list sorted by path.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<(String, Kind)>,
    /// Folders that have a `node_modules`.
    pub(super) installed: Vec<String>,
    /// Installed Python environments: virtual ones, and `site-packages` folders.
    pub(super) environments: Vec<String>,
    /// Files of a known format that an ignore file leaves out.
    pub(super) ignored: Vec<String>,
    pub(super) incomplete: Vec<Incomplete>,
}

/// A folder still to be looked into.
struct Ahead {
    path: String,
    depth: usize,
    ignored: Ignored,
}

struct Walk<'f> {
    files: &'f dyn Files,
    limits: Limits,
    found: Found,
    ahead: VecDeque<Ahead>,
    folders: usize,
    entries: usize,
    is_cut: bool,
}

/// Walks the whole tree.
pub(super) fn walk(files: &dyn Files, limits: Limits) -> Found {
    let top = Ahead { path: String::new(), depth: 0, ignored: Ignored::default() };
    let (found, ahead) = (Found::default(), VecDeque::from([top]));
    let mut walk = Walk { files, limits, found, ahead, folders: 0, entries: 0, is_cut: false };
    while let Some(next) = walk.ahead.pop_front() {
        walk.folder(&next);
    }
    let mut found = walk.found;
    found.files.sort_by(|left, right| left.0.cmp(&right.0));
    found.installed.sort();
    found.environments.sort();
    found.ignored.sort();
    found
}

impl Walk<'_> {
    fn folder(&mut self, at: &Ahead) {
        let entries = match self.files.list(&at.path) {
            Ok(entries) => entries,
            Err(error) => return self.found.incomplete.push(error.into_incomplete()),
        };
        self.folders += 1;
        self.entries += entries.len();
        if self.folders > self.limits.folders || self.entries > self.limits.entries {
            return self.cut(&at.path, "the tree has too many files and folders");
        }
        let is_file = |entry: &Listed, name: &str| entry.kind == ListedKind::File && entry.name == name;
        if !at.path.is_empty() && entries.iter().any(|entry| is_file(entry, "pyvenv.cfg")) {
            return self.found.environments.push(at.path.clone());
        }
        let names: Vec<&str> =
            ignored::NAMES.into_iter().filter(|name| entries.iter().any(|entry| is_file(entry, name))).collect();
        let rules = match names.as_slice() {
            [] => at.ignored.clone(),
            names => at.ignored.in_folder(self.files, &at.path, names, &mut self.found.incomplete),
        };
        let is_cache = entries.iter().any(|entry| is_file(entry, "CACHEDIR.TAG"));
        if is_cache && at.path.rsplit('/').next() == Some("target") {
            return;
        }
        for entry in entries {
            let path = join(&at.path, &entry.name);
            match entry.kind {
                ListedKind::Folder => self.descend(at, path, &entry.name, &rules),
                ListedKind::File => self.file(at, path, &rules),
                ListedKind::Link => self.link(&path),
                ListedKind::Other => {}
            }
        }
    }

    fn descend(&mut self, at: &Ahead, path: String, name: &str, rules: &Ignored) {
        if name == "node_modules" {
            return self.found.installed.push(at.path.clone());
        }
        if NEVER.contains(&name) {
            // Hardly anyone keeps what is installed under version control; it counts all the same.
            return self.environment(path, name);
        }
        if rules.leaves_out(&path, true) {
            return;
        }
        if at.depth == self.limits.depth {
            return self.cut(&path, "it lies too deep");
        }
        self.ahead.push_back(Ahead { path, depth: at.depth + 1, ignored: rules.clone() });
    }

    /// A folder of installed Python packages, if this is one.
    fn environment(&mut self, path: String, name: &str) {
        let is_marked = || {
            let listed = self.files.list(&path).unwrap_or_default();
            listed.iter().any(|entry| entry.kind == ListedKind::File && entry.name == "pyvenv.cfg")
        };
        let is_one = match name {
            "site-packages" | "dist-packages" | "__pypackages__" => true,
            ".venv" | "venv" => is_marked(),
            _ => false,
        };
        if is_one {
            self.found.environments.push(path);
        }
    }

    fn file(&mut self, at: &Ahead, path: String, rules: &Ignored) {
        let kind = match kind_of(self.files, &path, may_be_sbom(&path)) {
            Ok(Some(kind)) => kind,
            Ok(None) => return,
            Err(incomplete) => return self.found.incomplete.push(incomplete),
        };
        // Many keep the lockfile of their own project out of version control; it counts all the same.
        if !at.path.is_empty() && rules.leaves_out(&path, false) {
            return self.found.ignored.push(path);
        }
        if self.found.files.len() == self.limits.files {
            return self.cut(&path, "there are too many lockfiles and manifests");
        }
        self.found.files.push((path, kind));
    }

    fn link(&mut self, path: &str) {
        let is_shared = path.rsplit('/').next().is_some_and(|name| SHARED.contains(&name));
        if is_shared || format::detect(path, b"").is_some() {
            let hint = "name the file that it leads to as a target of its own";
            self.found.incomplete.push(Incomplete::new(path, "it is a link, and links are not followed", hint));
        }
    }

    /// Says once that the walk ended early.
    fn cut(&mut self, path: &str, why: &str) {
        if !std::mem::replace(&mut self.is_cut, true) {
            let hint =
                "name the folders that matter as targets of their own, or leave the rest out by a `.ignore` file";
            let why = format!("{why}; it and perhaps others were not looked at");
            self.found.incomplete.push(Incomplete::new(path, why, hint));
        }
    }
}

/// What a file is, by its name and, if it `is_worth` a look, by its first bytes.
pub(super) fn kind_of(files: &dyn Files, path: &str, is_worth: bool) -> Result<Option<Kind>, Incomplete> {
    if let Some(unread) = unread::by_name(path) {
        return Ok(Some(Kind::Unread(unread)));
    }
    if !is_worth && format::detect(path, b"").is_none() {
        return Ok(None);
    }
    let head = files.head(path, HEAD).map_err(|error| error.into_incomplete())?;
    Ok(format::detect(path, &head.unwrap_or_default()).map(Kind::Known))
}

/// Whether an SBOM may be called so, or a lockfile whose first bytes tell who wrote it.
/// Not every JSON file of a repository is opened.
fn may_be_sbom(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let hints = ["bom", "cdx", "cyclonedx", "spdx"];
    let endings = [".json", ".xml", ".spdx", ".tag"];
    (hints.iter().any(|hint| name.contains(hint)) && endings.iter().any(|ending| name.ends_with(ending)))
        || SHARED.contains(&name.as_str())
}
