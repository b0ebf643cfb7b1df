//! The dependency map of a target: every lockfile, manifest, SBOM and installed tree
//! below a folder, of all ecosystems, read into inventories.
//!
//! ```text
//! walk       finds the files          bounded, no links, not into dependencies
//! assemble   chooses and reads them   lockfile before manifest, each thing once
//! git        the same of a revision   objects only, nothing that git would run
//! ```
//!
//! What is found and cannot be read is an [`Incomplete`], never silence.

pub(crate) mod assemble;
pub mod git;
pub(crate) mod ignored;
pub(crate) mod kinds;
mod requirements;
mod unread;
mod walk;

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use vetch_lockfiles::npm::HIDDEN_LOCKFILE;
use vetch_lockfiles::{DirFiles, Files, Format, ListedKind, Reading};
use vetch_model::inventory::Inventory;
use vetch_model::outcome::Incomplete;

use crate::EngineError;
pub use git::open_revision;

use assemble::Assembly;
use walk::{Kind, Limits};

/// What a target depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map {
    /// As given.
    pub target: String,
    /// One for each file that counts, by path.
    pub readings: Vec<Reading>,
    /// Lockfiles and manifests that a `.gitignore` or `.ignore` file leaves out. Folders
    /// that are left out are not looked into.
    pub ignored: Vec<String>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
}

impl Map {
    /// All inventories as one. Places are relative to the target.
    pub fn inventory(&self) -> Inventory {
        let mut all = Inventory::default();
        if let [only] = self.readings.as_slice() {
            all.file.clone_from(&only.inventory.file);
        }
        for reading in &self.readings {
            all.append(reading.inventory.clone());
        }
        all
    }
}

/// Reads a folder (everything below it), a single lockfile, manifest or SBOM, an
/// installed environment or a `node_modules` folder.
///
/// # Errors
/// When the target is not there, or nothing in it speaks of dependencies.
pub fn open(target: &Path) -> Result<Map, EngineError> {
    let map = open_any(target)?;
    if map.readings.is_empty() && map.incomplete.is_empty() {
        let reason = match map.ignored.as_slice() {
            [] => "no lockfile, manifest, SBOM or installed package was found in it".to_owned(),
            ignored => format!("all that was found in it is left out by an ignore file (`{}`)", ignored.join("`, `")),
        };
        return Err(refused(target, reason, NAME_A_TARGET));
    }
    Ok(map)
}

/// As [`open`], but of a folder without dependencies the map is empty: to compare with
/// another time, when it had some.
///
/// # Errors
/// When the target is not there, or a file of no format that is read.
pub fn open_any(target: &Path) -> Result<Map, EngineError> {
    let failed = |error: &io::Error| refused(target, error.to_string(), "check the path and its permissions");
    let found = fs::canonicalize(target).map_err(|error| failed(&error))?;
    let metadata = fs::metadata(&found).map_err(|error| failed(&error))?;
    let shown = target.to_string_lossy().into_owned();
    let name = found.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let parent = found.parent().unwrap_or(&found);
    if metadata.is_dir() {
        let is_modules = name == "node_modules";
        let folder = if is_modules { parent } else { &found };
        let dir = Dir::open_ambient_dir(folder, ambient_authority()).map_err(|error| failed(&error))?;
        let files = DirFiles(&dir);
        return match is_modules {
            true => Ok(modules(&shown, &files, &dir)),
            false => Ok(folder_map(&shown, &files, Some(&dir), name)),
        };
    }
    if !metadata.is_file() {
        return Err(refused(target, "it is no folder and no ordinary file", NAME_A_TARGET));
    }
    // The hidden lockfile speaks of the folder above `node_modules`.
    let is_hidden = name == ".package-lock.json" && parent.file_name() == Some(OsStr::new("node_modules"));
    let (folder, name) = match parent.parent() {
        Some(above) if is_hidden => (above, HIDDEN_LOCKFILE),
        _ => (parent, name),
    };
    let dir = Dir::open_ambient_dir(folder, ambient_authority()).map_err(|error| failed(&error))?;
    file_map(&shown, &DirFiles(&dir), name)
}

const NAME_A_TARGET: &str = "name a project folder, a lockfile, a manifest, an SBOM (CycloneDX, SPDX), a virtual \
                             environment or a node_modules folder";

pub(crate) fn refused(target: impl AsRef<Path>, reason: impl Into<String>, hint: &str) -> EngineError {
    let target = target.as_ref().to_string_lossy().into_owned();
    EngineError::Input { target, reason: reason.into(), hint: hint.to_owned() }
}

/// The map of a `node_modules` folder; `files` and `dir` are the folder above it.
fn modules(shown: &str, files: &dyn Files, dir: &Dir) -> Map {
    let mut assembly = Assembly::new(files, Some(dir));
    assembly.installed("");
    finish(shown, assembly, Vec::new())
}

/// The map of a folder, whatever it is; empty if nothing is there.
fn folder_map(shown: &str, files: &dyn Files, dir: Option<&Dir>, name: &str) -> Map {
    match environment(files, name) {
        None => discover(shown, files, dir),
        Some(entry) => environment_map(shown, files, entry),
    }
}

/// Everything below a folder; nothing, if nothing is there.
fn discover(shown: &str, files: &dyn Files, dir: Option<&Dir>) -> Map {
    let mut found = walk::walk(files, Limits::default());
    let ignored = std::mem::take(&mut found.ignored);
    let mut assembly = Assembly::new(files, dir);
    assembly.discovered(found);
    finish(shown, assembly, ignored)
}

/// What lies below a folder, file by file: for those who look at more than the inventory.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    /// By path. Places and locations are relative to the folder.
    pub(crate) readings: Vec<(String, Reading)>,
    /// Installed Python environments.
    pub(crate) environments: Vec<String>,
    /// Files that an ignore file leaves out.
    pub(crate) ignored: Vec<String>,
    pub(crate) incomplete: Vec<Incomplete>,
}

/// Everything below a folder that is no environment itself.
pub(crate) fn discover_all(dir: &Dir) -> Discovered {
    let files = DirFiles(dir);
    let mut found = walk::walk(&files, Limits::default());
    let (ignored, environments) = (std::mem::take(&mut found.ignored), std::mem::take(&mut found.environments));
    let mut assembly = Assembly::new(&files, Some(dir));
    assembly.discovered(found);
    let Assembly { readings, incomplete, .. } = assembly;
    Discovered { readings, environments, ignored, incomplete }
}

/// One file of a folder. No reading if it could not be read, which is said.
///
/// # Errors
/// When it is of no format that is read.
pub(crate) fn read_one(dir: &Dir, name: &str) -> Result<Discovered, EngineError> {
    let files = DirFiles(dir);
    let mut assembly = Assembly::new(&files, None);
    known_file(name, &files, &mut assembly, name)?;
    let Assembly { readings, incomplete, .. } = assembly;
    Ok(Discovered { readings, incomplete, ..Discovered::default() })
}

/// One file of a tree.
fn file_map(shown: &str, files: &dyn Files, name: &str) -> Result<Map, EngineError> {
    let mut assembly = Assembly::new(files, None);
    known_file(shown, files, &mut assembly, name)?;
    Ok(finish(shown, assembly, Vec::new()))
}

fn known_file(shown: &str, files: &dyn Files, assembly: &mut Assembly<'_>, name: &str) -> Result<(), EngineError> {
    match walk::kind_of(files, name, true) {
        Ok(Some(Kind::Known(format))) => drop(assembly.read(name, format)),
        Ok(Some(Kind::Unread(unread))) => return Err(refused(shown, unread.why, unread.hint)),
        Ok(None) => return Err(refused(shown, "it is of no format that is read", NAME_A_TARGET)),
        Err(incomplete) => assembly.incomplete.push(incomplete),
    }
    Ok(())
}

fn finish(shown: &str, assembly: Assembly<'_>, ignored: Vec<String>) -> Map {
    let Assembly { readings, mut incomplete, .. } = assembly;
    incomplete.sort();
    incomplete.dedup();
    let readings = readings.into_iter().map(|(_, reading)| reading).collect();
    Map { target: shown.to_owned(), readings, ignored, incomplete }
}

/// What to read of a Python environment, if this is one: a virtual environment (by the file
/// that marks it), or a `site-packages` folder itself.
pub(crate) fn environment(files: &dyn Files, name: &str) -> Option<&'static str> {
    let top = files.list("").unwrap_or_default();
    if top.iter().any(|entry| entry.name == "pyvenv.cfg" && entry.kind == ListedKind::File) {
        return Some("pyvenv.cfg");
    }
    let is_packages = ["site-packages", "dist-packages"].contains(&name);
    let holds_packages = top.iter().any(|entry| entry.kind == ListedKind::Folder && entry.name.ends_with(".dist-info"));
    (is_packages || holds_packages).then_some("")
}

/// The map of installed Python packages.
fn environment_map(shown: &str, files: &dyn Files, entry: &str) -> Map {
    let mut assembly = Assembly::new(files, None);
    match "site-packages".parse::<Format>() {
        Ok(format) => drop(assembly.read(entry, format)),
        Err(_) => {
            let hint = "name the lockfile that it was installed from";
            assembly.incomplete.push(Incomplete::new(shown, "installed Python packages are not read", hint));
        }
    }
    finish(shown, assembly, Vec::new())
}

/// `name` in `folder`; the tree's own folder is `""`.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", _) => name.to_owned(),
        (_, "") => folder.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

/// The folder that a file lies in.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
