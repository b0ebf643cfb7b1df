//! npm: manifests, lockfiles, and which lockfile counts.

pub mod bun;
pub mod deno;
pub(crate) mod dependencies;
pub(crate) mod edges;
pub(crate) mod entries;
pub(crate) mod hex;
pub(crate) mod listing;
pub(crate) mod manifests;
pub mod package_json;
pub mod package_lock;
pub(crate) mod paths;
pub(crate) mod places;
pub mod pnp;
pub mod pnpm;
pub(crate) mod project;
pub(crate) mod range;
pub(crate) mod reach;
pub(crate) mod source;
pub(crate) mod workspaces;
pub mod yarn_berry;
pub mod yarn_classic;

use cap_std::fs::Dir;
use vetch_model::evidence::Location;

use package_lock::{LockfileNote, LockfileNoteKind};

/// The lockfiles that npm itself looks for, the one that wins first.
/// Source: `npm-shrinkwrap.json` takes precedence over `package-lock.json`
/// (<https://docs.npmjs.com/cli/v11/configuring-npm/npm-shrinkwrap-json>).
pub const LOCKFILES: &[&str] = &["npm-shrinkwrap.json", "package-lock.json"];

/// What npm notes of the tree it installed, relative to the project.
pub const HIDDEN_LOCKFILE: &str = "node_modules/.package-lock.json";

/// The lockfile of a project folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// Its name in the folder.
    pub file: &'static str,
    /// What is odd about the choice.
    pub notes: Vec<LockfileNote>,
}

/// Which lockfile counts in a project folder, if it has one. A file that is
/// there but cannot be read counts too: reading it then says why.
pub fn discover(dir: &Dir) -> Option<Discovered> {
    let mut present = LOCKFILES.iter().copied().filter(|name| dir.symlink_metadata(name).is_ok());
    let file = present.next()?;
    let ignored = present.map(|name| LockfileNote {
        kind: LockfileNoteKind::IgnoredLockfile,
        package: None,
        field: name.to_owned(),
        found: name.to_owned(),
        expected: Some(file.to_owned()),
        location: Location::file(name),
    });
    Some(Discovered { file, notes: ignored.collect() })
}
