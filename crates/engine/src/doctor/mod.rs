//! Hygiene of the host, a project, its CI, and of Vetch itself: what a thief would find, what would be published by
//! mistake, which settings let a bad release in. Reads only; asks nobody but, if told to, the user's own registries. No
//! secret leaves `crate::secrets`.
//!
//! ```text
//! host      tokens in the user's files, their modes and ages; caches
//! accounts  what npm's registries say of the user's second factor and tokens
//! project   settings (from `pin`), secrets in files, what npm would pack
//! npm_pack  which files `npm pack` takes
//! ci        workflows that keep tokens, or install without the lockfile
//! own       intelligence, cache and confinement of Vetch
//! ```

mod accounts;
mod ci;
mod host;
mod npm_pack;
mod own;
mod project;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use vetch_lockfiles::DirFiles;
use vetch_model::hygiene::Area;
use vetch_model::outcome::Incomplete;

use crate::{EngineError, map};

pub use npm_pack::packed;

/// What is looked at, and the surroundings that count.
#[derive(Debug, Clone, Default)]
pub struct DoctorOptions {
    /// The project's folder.
    pub target: PathBuf,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// Environment variables.
    pub environment: BTreeMap<OsString, OsString>,
    /// Where the cache would be.
    pub cache: Option<PathBuf>,
    /// Where intelligence is kept.
    pub state: Option<PathBuf>,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// Whether the registries that the user has credentials for are asked about the account.
    pub asks_registries: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The project's folder, as given.
    pub target: String,
    /// `host`, `project`, `ci`, `vetch`.
    pub areas: Vec<Area>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
}

/// Looks at everything.
///
/// # Errors
/// When the target is no folder that can be read.
pub fn diagnose(options: &DoctorOptions) -> Result<Diagnosis, EngineError> {
    let failed = |error: &std::io::Error| {
        map::refused(&options.target, error.to_string(), "name the folder of a project, and check its permissions")
    };
    let found = fs::canonicalize(&options.target).map_err(|error| failed(&error))?;
    let dir = Dir::open_ambient_dir(&found, ambient_authority()).map_err(|error| failed(&error))?;
    let files = DirFiles(&dir);
    let mut incomplete = Vec::new();
    let host = host::look(options, &mut incomplete);
    let (project, workflows) = project::look(&found, &files, &mut incomplete);
    let ci = ci::look(&files, workflows, &mut incomplete);
    let mut areas = vec![host, project, ci, own::look(options)];
    for area in &mut areas {
        area.lints.sort();
        area.lints.dedup();
    }
    incomplete.sort();
    incomplete.dedup();
    Ok(Diagnosis { target: options.target.to_string_lossy().into_owned(), areas, incomplete })
}
