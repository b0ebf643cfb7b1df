//! A file as of a git revision, read with `gix`: no program is run, and nothing that
//! the repository's configuration could name (filters, hooks, helpers, includes) is used.

use std::io;
use std::path::{Component, Path, PathBuf};

use gix::bstr::ByteSlice;

use super::load::MAX_BYTES;
use super::problem::PolicyError;

/// The file at `path` (absolute or relative to the current folder) as of `revision`;
/// `None` if the revision has no such file.
pub(super) fn read(path: &Path, revision: &str) -> Result<Option<Vec<u8>>, PolicyError> {
    let failed = |reason: String, hint| PolicyError::Revision { revision: revision.to_owned(), reason, hint };
    let (root, within) = locate(path).map_err(|error| {
        failed(
            error.to_string(),
            "`--policy-from` needs a target inside a git work tree; without it the file itself is used",
        )
    })?;
    let broken = |error: &dyn std::fmt::Display| {
        failed(format!("the repository cannot be read: {error}"), "check it with `git fsck`")
    };
    let repository = open(&root).map_err(|error| broken(&error))?;
    let commit = repository.rev_parse_single(revision.as_bytes().as_bstr()).map_err(|_| {
        failed(
            "there is no such revision here".to_owned(),
            "fetch it first, e.g. `git fetch origin main`, and name it as git does, e.g. `origin/main`; \
             in CI, a shallow checkout may lack it",
        )
    })?;
    let tree = commit.object().and_then(gix::Object::peel_to_tree).map_err(|_| {
        failed(
            "it names no commit, or one whose files are not here".to_owned(),
            "fetch it in full, e.g. `git fetch --depth=1 origin main` without a blob filter",
        )
    })?;
    let Some(entry) = tree.lookup_entry_by_path(&within).map_err(|error| broken(&error))? else {
        return Ok(None);
    };
    if !entry.mode().is_blob() {
        return Err(failed(
            format!("`{}` is no ordinary file there", within.display()),
            "put an ordinary file there, not a link or a folder",
        ));
    }
    let size = repository.find_header(entry.object_id()).map_err(|error| broken(&error))?.size();
    if size > MAX_BYTES {
        let reason = format!("`{}` has {size} bytes there; at most {MAX_BYTES} are read", within.display());
        return Err(failed(reason, "a policy is a short file"));
    }
    let blob = entry.object().map_err(|error| broken(&error))?;
    Ok(Some(blob.data.clone()))
}

/// Opens the repository of a work tree with reduced trust: its configuration is used
/// for nothing but the format of the repository, and the environment for nothing.
pub(crate) fn open(root: &Path) -> Result<gix::Repository, gix::Error> {
    let options = gix::open::Options::isolated()
        .with(gix::sec::Trust::Reduced)
        .bail_if_untrusted(false)
        .open_path_as_is(true)
        // A replacement would let a local reference stand in for the named commit.
        .config_overrides(["core.useReplaceRefs=false"]);
    gix::ThreadSafeRepository::open_opts(root.join(".git"), options).map(|repository| repository.to_thread_local())
}

/// The work tree that holds `path`, and the path within it.
///
/// Only a `.git` entry makes a repository: git never checks one out, whereas a bare
/// repository could be part of the scanned project and bring a policy of its own.
fn locate(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize()?;
    let root = folder.ancestors().find(|ancestor| ancestor.join(".git").symlink_metadata().is_ok());
    let root = root.ok_or_else(|| io::Error::other("the project is in no git work tree"))?;
    let within = folder.strip_prefix(root).map_err(io::Error::other)?.join(name);
    debug_assert!(within.components().all(|part| matches!(part, Component::Normal(_))));
    Ok((root.to_owned(), within))
}
