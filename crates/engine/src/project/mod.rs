//! What a target is, and what lies in it: its inventory, merged from lockfile and installed tree.

pub(crate) mod inventory;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use vetch_graph::Graph;
use vetch_lockfiles::npm::package_lock::LockfileNote;
use vetch_lockfiles::npm::{self, package_json};
use vetch_lockfiles::{ReadError, read_file};
use vetch_model::inventory::{InstalledTree, Inventory, Package};
use vetch_model::manifest::Manifest;
use vetch_model::outcome::Incomplete;
use vetch_model::purl::Purl;
use vetch_model::scan::TargetKind;

use crate::EngineError;
use crate::contents::installed::names;

/// One target, read as far as it can be without looking at contents.
pub(crate) struct Project {
    /// As given.
    pub(crate) shown: String,
    pub(crate) kind: TargetKind,
    /// The folder that paths are relative to, absolute.
    pub(crate) folder: PathBuf,
    pub(crate) dir: Dir,
    /// The archive's name in the folder, if the target is one.
    pub(crate) archive: Option<String>,
    pub(crate) inventory: Inventory,
    pub(crate) graph: Graph,
    pub(crate) notes: Vec<LockfileNote>,
    /// Empty for lockfiles and archives.
    pub(crate) tree: InstalledTree,
    pub(crate) incomplete: Vec<Incomplete>,
    /// Names in `patches/`.
    pub(crate) patches: BTreeSet<String>,
}

impl Project {
    /// Finds out what `target` is and reads it.
    ///
    /// # Errors
    /// When it is not there or nothing that can be scanned.
    pub(crate) fn open(target: &Path) -> Result<Project, EngineError> {
        let mut project = Self::read(target)?;
        project.graph = Graph::new(&project.inventory);
        Ok(project)
    }

    fn read(target: &Path) -> Result<Project, EngineError> {
        let folder = fs::canonicalize(target).map_err(|error| not_there(target, &error))?;
        let metadata = fs::metadata(&folder).map_err(|error| not_there(target, &error))?;
        if metadata.is_dir() {
            return Self::open_folder(target, folder);
        }
        let name = folder.file_name().and_then(OsStr::to_str).map(str::to_owned);
        let parent = folder.parent().map(Path::to_owned);
        let (Some(name), Some(parent), true) = (name, parent, metadata.is_file()) else {
            return Err(unknown(target, "it is no folder and no ordinary file"));
        };
        let lower = name.to_ascii_lowercase();
        let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| lower.ends_with(ending));
        if is_archive {
            return Self::open_archive(target, parent, name);
        }
        if lower.ends_with(".json") && lower != "package.json" {
            return Self::open_lockfile(target, parent, &name);
        }
        Err(unknown(target, "it is no package-lock.json, no npm-shrinkwrap.json and no .tgz archive"))
    }

    fn open_folder(target: &Path, folder: PathBuf) -> Result<Project, EngineError> {
        let mut project = Self::empty(target, folder, TargetKind::Project)?;
        let has_lockfile = npm::discover(&project.dir).is_some();
        let has_modules = project.dir.symlink_metadata("node_modules").is_ok();
        let has_manifest = project.dir.symlink_metadata("package.json").is_ok();
        if has_lockfile || has_modules {
            inventory::read_project(&mut project);
            project.patches = names(project.dir.as_fd(), "patches");
        } else if has_manifest {
            project.kind = TargetKind::Package;
            inventory::read_package(&mut project);
        } else {
            return Err(unknown(target, "it has no package.json, no lockfile and no node_modules"));
        }
        Ok(project)
    }

    fn open_archive(target: &Path, parent: PathBuf, name: String) -> Result<Project, EngineError> {
        let mut project = Self::empty(target, parent, TargetKind::Archive)?;
        inventory::archive(&mut project, &name);
        project.archive = Some(name);
        Ok(project)
    }

    fn open_lockfile(target: &Path, parent: PathBuf, name: &str) -> Result<Project, EngineError> {
        // The hidden lockfile speaks of the folder above `node_modules`.
        let is_hidden = name == ".package-lock.json" && parent.file_name() == Some(OsStr::new("node_modules"));
        let (folder, file) = match parent.parent() {
            Some(above) if is_hidden => (above.to_owned(), npm::HIDDEN_LOCKFILE.to_owned()),
            _ => (parent, name.to_owned()),
        };
        let mut project = Self::empty(target, folder, TargetKind::Lockfile)?;
        inventory::read_lockfile_only(&mut project, &file);
        Ok(project)
    }

    fn empty(target: &Path, folder: PathBuf, kind: TargetKind) -> Result<Project, EngineError> {
        let dir = Dir::open_ambient_dir(&folder, ambient_authority()).map_err(|error| not_there(target, &error))?;
        Ok(Project {
            shown: target.to_string_lossy().into_owned(),
            kind,
            folder,
            dir,
            archive: None,
            inventory: Inventory::default(),
            graph: Graph::new(&Inventory::default()),
            notes: Vec::new(),
            tree: InstalledTree::default(),
            incomplete: Vec::new(),
            patches: BTreeSet::new(),
        })
    }

    /// The manifest of the target's own folder; one that cannot be read is reported.
    fn manifest(&mut self) -> Option<Manifest> {
        match read_manifest(&self.dir, "") {
            Ok(manifest) => manifest,
            Err(error) => {
                self.incomplete.push(error.into_incomplete());
                None
            }
        }
    }

    /// The purl of one of its packages; what has no name is called after its folder.
    pub(crate) fn purl(&self, package: &Package) -> Purl {
        if !package.name.is_empty() || !package.path.is_empty() {
            return package.purl();
        }
        let name = self.archive.as_deref().map(OsStr::new).or_else(|| self.folder.file_name()).unwrap_or_default();
        Purl::generic(&name.to_string_lossy())
    }

    /// The patch that the project keeps for a package, as `patch-package` names it.
    pub(crate) fn patch(&self, package: &Package) -> Option<String> {
        if self.patches.is_empty() {
            return None;
        }
        let chain = package.path.strip_prefix("node_modules/")?.replace("/node_modules/", "++").replace('/', "+");
        let with_version = package.version.as_ref().map(|version| format!("{chain}+{version}.patch"));
        let any = || self.patches.iter().find(|name| name.strip_prefix(chain.as_str()).is_some_and(is_patch_rest));
        let name = with_version.filter(|name| self.patches.contains(name)).or_else(|| any().cloned())?;
        Some(format!("patches/{name}"))
    }
}

/// `+1.2.3.patch`, `+1.2.3+001+initial.patch`, but not the patch of a nested package (`++b+1.0.0.patch`).
fn is_patch_rest(rest: &str) -> bool {
    rest.ends_with(".patch") && rest.starts_with('+') && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
}

/// Reads the manifest of a folder of the target; `None` if it has none.
pub(crate) fn read_manifest(dir: &Dir, folder: &str) -> Result<Option<Manifest>, ReadError> {
    let path = if folder.is_empty() { "package.json".to_owned() } else { format!("{folder}/package.json") };
    if dir.symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let bytes = read_file(dir, &path, &path, package_json::MAX_BYTES as u64)?;
    package_json::read(&bytes, &path).map(Some)
}

fn not_there(target: &Path, error: &io::Error) -> EngineError {
    EngineError::Target {
        target: target.to_string_lossy().into_owned(),
        reason: error.to_string(),
        hint: "check the path and its permissions".to_owned(),
    }
}

fn unknown(target: &Path, reason: &str) -> EngineError {
    EngineError::Target {
        target: target.to_string_lossy().into_owned(),
        reason: reason.to_owned(),
        hint: "name a project folder, a package folder, a package-lock.json or a .tgz archive".to_owned(),
    }
}
