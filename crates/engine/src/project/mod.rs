//! What a target is, and the projects that lie in it: their inventories, merged from lockfile and
//! installed tree.
//!
//! ```text
//! discover   a folder → its projects            by the dependency map
//! inventory  one npm project                    lockfile, npm's own record, installed tree
//! matching   locked packages → installed places for lockfiles that name none
//! release    Python releases as targets         unpacked, or archives in a folder
//! python     environments                       against their lockfile, and file by file against RECORD
//! ```

mod discover;
pub(crate) mod inventory;
mod matching;
pub(crate) mod named;
pub(crate) mod python;
mod release;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use vetch_detectors::input::EnvironmentFacts;
use vetch_graph::Graph;
use vetch_lockfiles::npm::package_json;
use vetch_lockfiles::npm::package_lock::LockfileNote;
use vetch_lockfiles::{Format, ReadError, read_file};
use vetch_model::facts::PythonForm;
use vetch_model::inventory::{Ecosystem, InstalledTree, Inventory, Package, PackageId};
use vetch_model::manifest::Manifest;
use vetch_model::outcome::Incomplete;
use vetch_model::purl::Purl;
use vetch_model::scan::{ReadFile, Skipped, TargetKind};

use crate::EngineError;
use crate::contents::installed::names;
use crate::jobs::{ArchiveKind, NamedAs};
use crate::map::join;

/// One target, and the projects in it.
pub(crate) struct Opened {
    /// As given.
    pub(crate) shown: String,
    pub(crate) kind: TargetKind,
    /// The folder that paths are relative to, absolute.
    pub(crate) folder: PathBuf,
    pub(crate) projects: Vec<Project>,
    /// What was read, as the report tells it.
    pub(crate) files: Vec<ReadFile>,
    /// What belongs to no project.
    pub(crate) incomplete: Vec<Incomplete>,
    pub(crate) skipped: Vec<Skipped>,
}

/// One project of a target, read as far as it can be without looking at contents.
pub(crate) struct Project {
    /// Which target it lies in.
    pub(crate) target: usize,
    /// The target, as given.
    pub(crate) shown: String,
    pub(crate) kind: TargetKind,
    /// What tells of its dependencies.
    pub(crate) format: Format,
    /// The version that the file states of its format.
    pub(crate) format_version: String,
    /// Its own folder, relative to the target's; empty for the target's.
    pub(crate) base: String,
    /// The target's folder, absolute.
    pub(crate) folder: PathBuf,
    /// The target's folder: all paths are relative to it.
    pub(crate) dir: Dir,
    /// The archive's name in the folder, if the target is one.
    pub(crate) archive: Option<String>,
    pub(crate) inventory: Inventory,
    pub(crate) graph: Graph,
    pub(crate) notes: Vec<LockfileNote>,
    /// Empty for lockfiles and archives, and for all that is no npm project.
    pub(crate) tree: InstalledTree,
    /// Of an installed Python environment.
    pub(crate) environment: Option<EnvironmentFacts>,
    /// Python distributions beside their `RECORD`.
    pub(crate) records: BTreeMap<PackageId, python::Checked>,
    /// The form of the Python release that an unpacked target is.
    pub(crate) python: Option<PythonForm>,
    /// Whose package an archive is: as the user says, or by what is in it.
    pub(crate) archive_kind: ArchiveKind,
    pub(crate) incomplete: Vec<Incomplete>,
    /// If only some of its packages are looked at: which, each with the package that it replaces.
    pub(crate) only: Option<BTreeMap<PackageId, Option<Package>>>,
    /// A release that the user named, rather than something that is there.
    pub(crate) is_named: bool,
    /// Names of patches, relative to the target.
    pub(crate) patches: BTreeSet<String>,
}

/// Finds out what the target of this number is and reads it. Where it may be a package of either
/// ecosystem, `wish` settles it.
///
/// # Errors
/// When it is not there or nothing that can be scanned.
pub(crate) fn open(number: usize, target: &Path, wish: Option<&Ecosystem>) -> Result<Opened, EngineError> {
    if let Some(named) = target.to_str().filter(|_| target.symlink_metadata().is_err()).and_then(named::parse) {
        return named::open(number, target, named);
    }
    let folder = fs::canonicalize(target).map_err(|error| not_there(target, &error))?;
    let metadata = fs::metadata(&folder).map_err(|error| not_there(target, &error))?;
    let mut opened = if metadata.is_dir() {
        discover::folder(number, target, folder, wish)?
    } else {
        open_file(number, target, &folder, metadata.is_file())?
    };
    for project in &mut opened.projects {
        project.graph = Graph::new(&project.inventory);
        if let Some(name) = &project.archive {
            project.archive_kind = match wish {
                Some(Ecosystem::Npm) => ArchiveKind::AnyNpm,
                Some(_) => ArchiveKind::Python(NamedAs::Anything),
                None => ArchiveKind::ByContents { is_tgz: name.to_ascii_lowercase().ends_with(".tgz") },
            };
        }
    }
    Ok(opened)
}

/// Some packages of an inventory, with the settings of the folder that it is from.
pub(crate) fn reviewed(
    target: &Path,
    inventory: Inventory,
    only: BTreeMap<PackageId, Option<Package>>,
) -> Result<Opened, EngineError> {
    let path = fs::canonicalize(target).map_err(|error| not_there(target, &error))?;
    let folder = if path.is_dir() { path } else { path.parent().map_or(path.clone(), Path::to_owned) };
    let mut project = Project::empty(0, target, folder, TargetKind::Lockfile)?;
    project.graph = Graph::new(&inventory);
    project.inventory = inventory;
    project.only = Some(only);
    Ok(Opened::of(project))
}

/// Whether a target is one release by itself: named, an archive, or a package folder without a lockfile.
pub fn is_release(target: &Path) -> bool {
    if target.is_file() {
        // By its name: a lockfile need not be read to be told from an archive.
        return target.file_name().and_then(OsStr::to_str).is_some_and(release::is_archive);
    }
    open(0, target, None)
        .is_ok_and(|opened| matches!(opened.kind, TargetKind::Package | TargetKind::Archive | TargetKind::Release))
}

fn open_file(number: usize, target: &Path, file: &Path, is_ordinary: bool) -> Result<Opened, EngineError> {
    let name = file.file_name().and_then(OsStr::to_str).map(str::to_owned);
    let parent = file.parent().map(Path::to_owned);
    let (Some(name), Some(parent), true) = (name, parent, is_ordinary) else {
        return Err(unknown(target, "it is no folder and no ordinary file"));
    };
    let lower = name.to_ascii_lowercase();
    if release::is_archive(&name) {
        let project = Project::empty(number, target, parent, TargetKind::Archive)?;
        return Ok(Opened::of(release::archive(project, &name)));
    }
    if release::is_unread_archive(&name) {
        return Err(EngineError::Target {
            target: target.to_string_lossy().into_owned(),
            reason: "it is compressed in a way that is not read".to_owned(),
            hint: "unpack it, and scan the folder".to_owned(),
        });
    }
    if lower == "package.json" {
        return Err(unknown(target, "it is the manifest of a folder"));
    }
    discover::file(number, target, parent, &name)
}

impl Opened {
    /// A target that is one project and nothing else.
    pub(crate) fn of(project: Project) -> Opened {
        Opened {
            shown: project.shown.clone(),
            kind: project.kind,
            folder: project.folder.clone(),
            projects: vec![project],
            files: Vec::new(),
            incomplete: Vec::new(),
            skipped: Vec::new(),
        }
    }
}

impl Project {
    pub(crate) fn empty(
        number: usize,
        target: &Path,
        folder: PathBuf,
        kind: TargetKind,
    ) -> Result<Project, EngineError> {
        let dir = Dir::open_ambient_dir(&folder, ambient_authority()).map_err(|error| not_there(target, &error))?;
        Ok(Project {
            target: number,
            shown: target.to_string_lossy().into_owned(),
            kind,
            format: Format::PackageLock,
            format_version: String::new(),
            base: String::new(),
            folder,
            dir,
            archive: None,
            inventory: Inventory::default(),
            graph: Graph::new(&Inventory::default()),
            notes: Vec::new(),
            tree: InstalledTree::default(),
            environment: None,
            records: BTreeMap::new(),
            python: None,
            archive_kind: ArchiveKind::Npm,
            incomplete: Vec::new(),
            only: None,
            is_named: false,
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

    /// Whether a package is looked at.
    pub(crate) fn looks_at(&self, package: PackageId) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains_key(&package))
    }

    /// Its own folder, absolute: where its settings lie.
    pub(crate) fn own_folder(&self) -> PathBuf {
        self.folder.join(&self.base)
    }

    /// The purl of one of its packages; a project without a name is called after its folder.
    pub(crate) fn purl(&self, package: &Package) -> Purl {
        if !package.name.is_empty() || !package.path.is_empty() {
            return package.purl();
        }
        let name = self.archive.as_deref().map(OsStr::new).or_else(|| self.folder.file_name()).unwrap_or_default();
        Purl::generic(&name.to_string_lossy())
    }

    /// Looks for patches that the project keeps for packages, as the tools name the folders.
    fn find_patches(&mut self) {
        for folder in ["patches", ".yarn/patches"] {
            let folder = join(&self.base, folder);
            let found = names(self.dir.as_fd(), &folder);
            self.patches.extend(found.into_iter().map(|name| format!("{folder}/{name}")));
        }
    }

    /// The patch that the project keeps for a package: as `patch-package`, pnpm, Bun and Yarn name it.
    pub(crate) fn patch(&self, package: &Package) -> Option<String> {
        if self.patches.is_empty() {
            return None;
        }
        let version = package.version.as_deref().unwrap_or_default();
        let folder = join(&self.base, "patches");
        let within = package.path.strip_prefix(&self.base)?.trim_start_matches('/');
        if let Some(chain) = within.strip_prefix("node_modules/").filter(|rest| !rest.starts_with('.')) {
            let chain = format!("{folder}/{}", chain.replace("/node_modules/", "++").replace('/', "+"));
            let with_version = Some(format!("{chain}+{version}.patch"));
            let any = || self.patches.iter().find(|name| name.strip_prefix(chain.as_str()).is_some_and(is_patch_rest));
            let found = with_version.filter(|name| self.patches.contains(name)).or_else(|| any().cloned());
            if found.is_some() {
                return found;
            }
        }
        let escaped = [package.name.replace('/', "__"), package.name.replace('/', "%2F")];
        let plain = escaped.iter().map(|name| format!("{folder}/{name}@{version}.patch"));
        let yarns = format!("{}/{}-npm-{version}-", join(&self.base, ".yarn/patches"), package.name.replace('/', "-"));
        let yarns = self.patches.iter().find(|name| name.starts_with(&yarns)).cloned();
        plain.into_iter().find(|name| self.patches.contains(name)).or(yarns)
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
        hint: "name a project or package folder, a lockfile, an SBOM, an installed environment or an archive (.tgz, \
               .whl, .tar.gz, .zip, .egg)"
            .to_owned(),
    }
}
