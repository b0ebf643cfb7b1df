//! The map of a target as of a git revision, read with `gix` from the object database.
//!
//! Only objects are read, never the index or the work tree: no filter, text
//! conversion, hook, file-system monitor or helper that the repository's
//! configuration or attributes name is run, and nothing is fetched. Commits are
//! named by their ids without replacement references (see [`crate::policy`]).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::object::tree::EntryKind;
use vetch_lockfiles::{Files, Listed, ListedKind, ReadError, ReadErrorKind};
use vetch_model::evidence::Location;
use vetch_model::outcome::Incomplete;

use super::{Map, file_map, folder_map};
use crate::EngineError;
use crate::own_source::{self, Source};
use crate::policy::revision;

/// Largest tree object read: one folder with some 100,000 entries.
const MAX_TREE: u64 = 8 << 20;

/// Most bytes kept of objects that are asked for again: trees, mostly.
const OBJECT_CACHE: usize = 32 << 20;

/// A commit of the repository that holds a path.
pub struct Revision {
    shown: String,
    repository: gix::Repository,
    commit: ObjectId,
    /// Of the whole repository.
    tree: ObjectId,
    within: String,
}

impl Revision {
    /// Finds the repository whose work tree holds `path` (which need not be there any
    /// more, as long as its folder is), and the commit that `revision` names in it.
    ///
    /// # Errors
    /// When there is no repository, no such revision, or its objects are not at hand.
    pub fn open(path: &Path, revision: &str) -> Result<Revision, EngineError> {
        let (repository, within) = repository(path, revision)?;
        let commit = resolve(&repository, revision)?;
        Self::at(repository, within, commit, revision)
    }

    /// The last commit that both `left` and `right` come from, as `git diff left...right` starts at.
    ///
    /// # Errors
    /// As [`Revision::open`], and when the two have nothing in common.
    pub fn merge_base(path: &Path, left: &str, right: &str) -> Result<Revision, EngineError> {
        let shown = format!("{left}...{right}");
        let (repository, within) = repository(path, &shown)?;
        let (one, two) = (resolve(&repository, left)?, resolve(&repository, right)?);
        let base = repository.merge_base(one, two).ok().flatten().map(gix::Id::detach);
        let Some(base) = base else {
            let hint = "fetch their history, e.g. `git fetch --unshallow`, or name the first commit yourself";
            return Err(failed(&shown, "the two have no commit in common here", hint));
        };
        Self::at(repository, within, base, &shown)
    }

    fn at(repository: gix::Repository, within: String, commit: ObjectId, shown: &str) -> Result<Revision, EngineError> {
        let tree = repository.find_object(commit).and_then(gix::Object::peel_to_tree).map(|tree| tree.id);
        let tree = tree.map_err(|_| failed(shown, "its files are not here", FETCH_IN_FULL))?;
        Ok(Revision { shown: shown.to_owned(), repository, commit, tree, within })
    }

    /// The commit's id, hexadecimal.
    pub fn commit(&self) -> String {
        self.commit.to_hex().to_string()
    }

    /// The path that it was opened for, relative to the top of the work tree.
    pub fn within(&self) -> &str {
        &self.within
    }

    /// The project's own files below a folder of the repository, or beside a file.
    ///
    /// # Errors
    /// When its objects cannot be read.
    pub fn source(&self, path: &str) -> Result<Source, EngineError> {
        let folder = match self.entry(path)? {
            Some((EntryKind::Tree, _)) => self.folder(path)?,
            Some(_) => self.folder(path.rsplit_once('/').map_or("", |(folder, _)| folder))?,
            None => None,
        };
        Ok(folder.map(|files| own_source::gather(&files)).unwrap_or_default())
    }

    /// The folder at `path` of the repository; `None` if the revision has none there.
    ///
    /// # Errors
    /// When its objects cannot be read.
    pub(crate) fn folder(&self, path: &str) -> Result<Option<Tree<'_>>, EngineError> {
        let found = self.entry(path)?.filter(|(kind, _)| *kind == EntryKind::Tree);
        Ok(found.map(|(_, id)| Tree::new(&self.repository, id)))
    }

    /// What lies at `path` of the repository; the top of it, if that is empty.
    fn entry(&self, path: &str) -> Result<Option<(EntryKind, ObjectId)>, EngineError> {
        if path.is_empty() {
            return Ok(Some((EntryKind::Tree, self.tree)));
        }
        let found = Tree::new(&self.repository, self.tree).entry(path);
        found.map_err(|error| failed(&self.shown, error.problem, &error.hint))
    }

    /// The map of the folder or file at `path` of the repository; `None` if the
    /// revision has none there. A folder without dependencies gives an empty map.
    ///
    /// # Errors
    /// When the path is neither a folder nor a file of a known format, or its objects cannot be read.
    pub fn map(&self, path: &str) -> Result<Option<Map>, EngineError> {
        let shown = if path.is_empty() { self.shown.clone() } else { format!("{}:{path}", self.shown) };
        let top = Tree::new(&self.repository, self.tree);
        let broken = |error: ReadError| failed(&shown, error.problem, &error.hint);
        if path.is_empty() {
            return Ok(Some(finish(folder_map(&shown, &top, None, ""), &top)));
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some((kind, id)) = top.entry(path).map_err(broken)? else { return Ok(None) };
        match kind {
            EntryKind::Tree => {
                let files = Tree::new(&self.repository, id);
                Ok(Some(finish(folder_map(&shown, &files, None, name), &files)))
            }
            EntryKind::Blob | EntryKind::BlobExecutable => {
                let folder = match folder {
                    "" => Some(self.tree),
                    _ => top.entry(folder).map_err(broken)?.map(|(_, id)| id),
                };
                let files = Tree::new(&self.repository, folder.unwrap_or(self.tree));
                file_map(&shown, &files, name).map(Some)
            }
            EntryKind::Link => Err(failed(&shown, "it is a link there", "name the file that it leads to")),
            EntryKind::Commit => {
                Err(failed(&shown, "it is a submodule there", "compare within the submodule's own work tree"))
            }
        }
    }
}

/// The map of `repo` as of a revision: `repo` may be the top of a work tree, a folder
/// or a file in it. `revision` may also name a path, as git does: `main:web/pnpm-lock.yaml`.
///
/// # Errors
/// When there is no such repository, revision or path.
pub fn open_revision(repo: &Path, revision: &str) -> Result<Map, EngineError> {
    let (name, path) = split_path(revision);
    let opened = Revision::open(repo, name)?;
    let path = match path {
        Some(path) => path.trim_end_matches('/').to_owned(),
        None => opened.within().to_owned(),
    };
    opened.map(&path)?.ok_or_else(|| {
        let reason = format!("the revision has no `{path}`");
        failed(revision, reason, "paths are relative to the top of the repository; `git ls-tree -r` lists them")
    })
}

/// `REV:path` into both. A colon in braces (`HEAD@{12:00}`, `HEAD^{/fix: x}`) belongs to the revision.
pub fn split_path(revision: &str) -> (&str, Option<&str>) {
    let mut depth = 0u32;
    for (at, c) in revision.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && at > 0 => return (&revision[..at], revision.get(at + 1..)),
            _ => {}
        }
    }
    (revision, None)
}

const FETCH_IN_FULL: &str =
    "fetch it in full, e.g. `git fetch --depth=1 origin main` without a blob filter; nothing is fetched from here";

fn failed(shown: &str, reason: impl Into<String>, hint: &str) -> EngineError {
    EngineError::Input { target: shown.to_owned(), reason: reason.into(), hint: hint.to_owned() }
}

fn finish(mut map: Map, files: &Tree<'_>) -> Map {
    for (path, commit) in files.submodules.borrow().iter() {
        let why = format!("it is a submodule (at {commit}), which is no part of the revision");
        map.incomplete.push(Incomplete::new(path, why, "compare within the submodule's own work tree"));
    }
    map.incomplete.sort();
    map
}

fn repository(path: &Path, revision: &str) -> Result<(gix::Repository, String), EngineError> {
    let (root, within) = locate(path).ok_or_else(|| {
        let reason = format!("there is no such file, and `{}` is in no git work tree", path.display());
        failed(revision, reason, "check the path; or run it inside the repository")
    })?;
    let mut repository = revision::open(&root).map_err(|error| {
        failed(revision, format!("the repository cannot be read: {error}"), "check it with `git fsck`")
    })?;
    repository.object_cache_size_if_unset(OBJECT_CACHE);
    Ok((repository, within))
}

fn resolve(repository: &gix::Repository, revision: &str) -> Result<ObjectId, EngineError> {
    // A leading colon asks for the index, or searches all of history.
    let found = match revision.starts_with(':') || revision.is_empty() {
        true => None,
        false => repository.rev_parse_single(revision.as_bytes().as_bstr()).ok(),
    };
    let commit = found.and_then(|id| id.object().ok()).and_then(|object| object.peel_to_commit().ok());
    commit.map(|commit| commit.id).ok_or_else(|| {
        let hint = "check the name; or fetch it first, e.g. `git fetch origin main`, and name it as git does, e.g. \
                    `origin/main` (in CI, a shallow checkout may lack it)";
        failed(revision, "there is no such file and no such revision here", hint)
    })
}

/// The work tree that holds `path`, and the path within it, with `/`. As for policies, only a
/// `.git` entry makes a repository: a bare one could be part of a hostile project.
fn locate(path: &Path) -> Option<(PathBuf, String)> {
    let found = fs::canonicalize(path).or_else(|error| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match path.file_name() {
            Some(name) => Ok(fs::canonicalize(parent)?.join(name)),
            None => Err(error),
        }
    });
    let found = found.ok()?;
    let root = found.ancestors().find(|ancestor| ancestor.join(".git").symlink_metadata().is_ok())?;
    let within: Option<Vec<&str>> = found.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
    Some((root.to_owned(), within?.join("/")))
}

/// A folder of a revision.
pub(crate) struct Tree<'r> {
    repository: &'r gix::Repository,
    id: ObjectId,
    /// Met while listing: path → commit.
    submodules: RefCell<BTreeMap<String, String>>,
}

impl<'r> Tree<'r> {
    fn new(repository: &'r gix::Repository, id: ObjectId) -> Tree<'r> {
        Tree { repository, id, submodules: RefCell::default() }
    }

    /// The tree object, unless it is unreasonably large.
    fn tree(&self, id: ObjectId, path: &str) -> Result<gix::Tree<'r>, ReadError> {
        let header = self.repository.find_header(id).map_err(|_| absent(path))?;
        if header.size() > MAX_TREE {
            return Err(too_large(path, header.size(), MAX_TREE));
        }
        self.repository.find_tree(id).map_err(|_| absent(path))
    }

    /// What lies at `path`, step by step: git's own look-up would load trees of any size.
    fn entry(&self, path: &str) -> Result<Option<(EntryKind, ObjectId)>, ReadError> {
        let mut at = (EntryKind::Tree, self.id);
        for segment in path.split('/') {
            if at.0 != EntryKind::Tree {
                return Ok(None);
            }
            let tree = self.tree(at.1, path)?;
            let entries = tree.iter().filter_map(Result::ok);
            let found = entries.filter(|entry| entry.filename() == segment.as_bytes().as_bstr()).last();
            match found {
                Some(entry) => at = (entry.mode().kind(), entry.object_id()),
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

impl Files for Tree<'_> {
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let Some((kind, id)) = self.entry(path)? else { return Ok(None) };
        if !matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable) {
            let problem = "it is no regular file in that revision";
            return Err(error(ReadErrorKind::Unreadable, path, problem, "name the real file"));
        }
        let size = self.repository.find_header(id).map_err(|_| absent(path))?.size();
        if size > limit {
            return Err(too_large(path, size, limit));
        }
        let blob = self.repository.find_object(id).map_err(|_| absent(path))?;
        Ok(Some(blob.detach().data))
    }

    fn head(&self, path: &str, length: usize) -> Result<Option<Vec<u8>>, ReadError> {
        // Objects are compressed as a whole; what is too large is no lockfile.
        const MAX_BLOB: u64 = 256 << 20;
        Ok(self.read(path, MAX_BLOB)?.map(|mut bytes| {
            bytes.truncate(length);
            bytes
        }))
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>, ReadError> {
        let id = match folder {
            "" => self.id,
            _ => match self.entry(folder)? {
                Some((EntryKind::Tree, id)) => id,
                _ => return Ok(Vec::new()),
            },
        };
        let tree = self.tree(id, folder)?;
        let mut found = Vec::new();
        for entry in tree.iter() {
            let entry = entry.map_err(|_| {
                let hint = "check the repository with `git fsck`";
                error(ReadErrorKind::Unreadable, folder, "its tree object is damaged", hint)
            })?;
            // As on disk: a name that is no UTF-8 is of no file that any tool here writes.
            // A name with a slash, `.` or `..` is of no tree that git would write.
            let Ok(name) = entry.filename().to_str() else { continue };
            if name.contains('/') || matches!(name, "" | "." | "..") {
                continue;
            }
            let kind = match entry.mode().kind() {
                EntryKind::Tree => ListedKind::Folder,
                EntryKind::Blob | EntryKind::BlobExecutable => ListedKind::File,
                EntryKind::Link => ListedKind::Link,
                EntryKind::Commit => {
                    let commit = entry.object_id().to_hex_with_len(12).to_string();
                    self.submodules.borrow_mut().insert(super::join(folder, name), commit);
                    ListedKind::Other
                }
            };
            found.push(Listed { name: name.to_owned(), kind });
        }
        found.sort();
        Ok(found)
    }
}

fn error(kind: ReadErrorKind, path: &str, problem: &str, hint: &str) -> ReadError {
    ReadError::new(kind, Location::file(path), problem, hint)
}

fn absent(path: &str) -> ReadError {
    error(ReadErrorKind::Unreadable, path, "its object is not in the repository", FETCH_IN_FULL)
}

fn too_large(path: &str, size: u64, limit: u64) -> ReadError {
    let problem = format!("it has {size} bytes in that revision; more than {limit} are not read");
    error(ReadErrorKind::TooLarge, path, &problem, "check what wrote it: no honest file of this kind is so large")
}

#[cfg(test)]
#[path = "git_tests.rs"]
mod tests;
