//! Which files `npm pack` takes of a folder, by npm's documentation of `files`, `.npmignore` and `.gitignore`
//! (<https://docs.npmjs.com/cli/v11/configuring-npm/package-json#files>), held to what npm itself says by a test.
//! Bundled dependencies are not followed.

use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use vetch_lockfiles::tree::{Node, Syntax, parse};
use vetch_lockfiles::{DirFiles, Files, ListedKind};
use vetch_model::outcome::Incomplete;

use crate::map::join;

const MAX_BYTES: u64 = 1 << 20;
const MAX_FILES: usize = 100_000;
const MAX_DEPTH: usize = 64;

/// Left out unless they are named.
const CRUFT: &[&str] = &[
    ".npmignore",
    ".gitignore",
    ".git",
    ".svn",
    ".hg",
    "CVS",
    "/.lock-wscript",
    "/.wafpickle-*",
    "/build/config.gypi",
    "npm-debug.log",
    ".*.swp",
    ".DS_Store",
    "._*",
    "*.orig",
    "/archived-packages/**",
];

/// Left out whatever is named.
const NEVER: &[&str] = &[
    "/.git",
    "/node_modules",
    ".npmrc",
    "/package-lock.json",
    "/yarn.lock",
    "/pnpm-lock.yaml",
    "/bun.lockb",
    "/bun.lock",
];

/// The paths of the files that npm would pack of the package in `folder`, relative to it, sorted.
///
/// # Errors
/// When the folder or its manifest cannot be read, or there are too many files.
pub fn packed(folder: &Path) -> Result<Vec<String>, Incomplete> {
    let failed = |error: std::io::Error| Incomplete::new(folder.to_string_lossy(), error.to_string(), "name a folder");
    let dir = Dir::open_ambient_dir(folder, ambient_authority()).map_err(failed)?;
    packed_in(&DirFiles(&dir), "")
}

/// The paths of the files, relative to `folder`, sorted.
pub(super) fn packed_in(files: &dyn Files, folder: &str) -> Result<Vec<String>, Incomplete> {
    let manifest = join(folder, "package.json");
    let missing = || Incomplete::new(manifest.clone(), "it is not there", "name the folder of a package");
    let bytes = files.read(&manifest, MAX_BYTES).map_err(|error| error.into_incomplete())?.ok_or_else(missing)?;
    let tree = parse(&bytes, &manifest, Syntax::Json).map_err(|error| error.into_incomplete())?;
    let pack = Pack::of(&tree.root);
    let mut found = Vec::new();
    let mut ahead = vec![(String::new(), Vec::<(String, Gitignore)>::new(), 0)];
    while let Some((at, mut rules, depth)) = ahead.pop() {
        let entries = files.list(&join(folder, &at)).map_err(|error| error.into_incomplete())?;
        let is_there = |name: &str| entries.iter().any(|entry| entry.name == name && entry.kind == ListedKind::File);
        // At the top, `files` takes the place of both; one of npm's own takes that of git's everywhere.
        let own = [".npmignore", ".gitignore"].into_iter().find(|name| is_there(name));
        if let Some(name) = own.filter(|_| !at.is_empty() || pack.files.is_none()) {
            let bytes =
                files.read(&join(folder, &join(&at, name)), MAX_BYTES).map_err(|error| error.into_incomplete())?;
            rules.push((at.clone(), matcher(String::from_utf8_lossy(&bytes.unwrap_or_default()).lines())));
        }
        for entry in entries {
            let path = join(&at, &entry.name);
            match entry.kind {
                ListedKind::File if pack.takes(&path, &rules) => found.push(path),
                ListedKind::Folder if depth < MAX_DEPTH && pack.enters(&path, &rules) => {
                    ahead.push((path, rules.clone(), depth + 1));
                }
                _ => {}
            }
        }
        if found.len() > MAX_FILES {
            let why = format!("more than {MAX_FILES} files would be packed");
            return Err(Incomplete::new(manifest, why, "name what is to be packed in `files`"));
        }
    }
    found.sort();
    Ok(found)
}

struct Pack {
    /// What `files` names, negations included; `None` if there is no such list.
    files: Option<Gitignore>,
    cruft: Gitignore,
    never: Gitignore,
    /// `main`, `browser`, `bin`: taken whatever else is said.
    required: Vec<String>,
}

impl Pack {
    fn of(root: &Node) -> Pack {
        let listed = root.get("files").filter(|node| matches!(node.kind, vetch_lockfiles::tree::Kind::List(_)));
        let files = listed.map(|list| {
            let patterns: Vec<String> = list.items().iter().filter_map(Node::as_str).map(rooted).collect();
            matcher(patterns.iter().map(String::as_str))
        });
        let mut required: Vec<String> =
            ["main", "browser", "bin"].iter().filter_map(|field| root.get(field)?.as_str().map(plain)).collect();
        required.extend(
            root.get("bin").map_or(&[][..], Node::entries).iter().filter_map(|it| it.value.as_str().map(plain)),
        );
        Pack { files, cruft: matcher(CRUFT.iter().copied()), never: matcher(NEVER.iter().copied()), required }
    }

    fn takes(&self, path: &str, rules: &[(String, Gitignore)]) -> bool {
        if self.never.matched_path_or_any_parents(path, false).is_ignore() || path.contains('*') {
            return false;
        }
        if self.required.iter().any(|required| required == path) || !path.contains('/') && is_always_taken(path) {
            return true;
        }
        if let Some(said) = said(rules, path, false) {
            return !said;
        }
        match &self.files {
            // What is not named is left out; cruft may be named.
            Some(files) if !files.matched_path_or_any_parents(path, false).is_ignore() => false,
            // Below the top, the rules about cruft are the last to be asked, for the name alone.
            Some(files) => match path.rsplit_once('/') {
                Some((_, name)) => !self.cruft.matched(name, false).is_ignore(),
                None => !self.cruft.matched(path, false).is_ignore() || names(files, path),
            },
            None => !self.cruft.matched_path_or_any_parents(path, false).is_ignore(),
        }
    }

    /// Folders in which nothing can be taken need not be looked into.
    fn enters(&self, path: &str, rules: &[(String, Gitignore)]) -> bool {
        if self.never.matched_path_or_any_parents(path, true).is_ignore() {
            return false;
        }
        let holds_required =
            self.required.iter().any(|required| required.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')));
        let is_left_out = said(rules, path, true) == Some(true);
        let is_cruft = self.files.is_none() && self.cruft.matched_path_or_any_parents(path, true).is_ignore();
        holds_required || !is_left_out && !is_cruft
    }
}

/// Whether a pattern of `files` means this very path, not a folder above it.
fn names(files: &Gitignore, path: &str) -> bool {
    files.matched(path, false).is_ignore()
}

/// What the ignore files say, the deepest first.
fn said(rules: &[(String, Gitignore)], path: &str, is_folder: bool) -> Option<bool> {
    rules.iter().rev().find_map(|(folder, rules)| {
        let within = if folder.is_empty() { path } else { path.strip_prefix(folder.as_str())?.trim_start_matches('/') };
        match rules.matched_path_or_any_parents(within, is_folder) {
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
            Match::None => None,
        }
    })
}

/// A pattern of `files` begins at the package's folder, whether or not it says so.
fn rooted(pattern: &str) -> String {
    let (not, rest) = pattern.strip_prefix('!').map_or(("", pattern), |rest| ("!", rest));
    let rest = rest.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    let rest = if rest.is_empty() || rest == "." { "**" } else { rest };
    format!("{not}/{rest}")
}

fn plain(path: &str) -> String {
    path.trim_start_matches("./").trim_start_matches('/').to_owned()
}

/// `package.json`, and the texts that belong to every package, in either case and with any ending.
fn is_always_taken(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_text = ["readme", "copying", "license", "licence"].iter().any(|stem| {
        lower
            .strip_prefix(stem)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') && !rest.ends_with(['~', '$']))
    });
    name == "package.json" || is_text
}

/// Lines that are no patterns leave nothing out.
fn matcher<'p>(patterns: impl Iterator<Item = &'p str>) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns.take(10_000) {
        builder.add_line(None, pattern).ok();
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
