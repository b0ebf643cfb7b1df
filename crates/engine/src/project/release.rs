//! Targets that are Python releases, in whatever form: unpacked folders, and folders full of archives.

use std::os::fd::AsFd;
use std::path::Path;

use vetch_archive::{Shape, Survey};
use vetch_lockfiles::{DirFiles, Files, Format, ListedKind};
use vetch_model::evidence::Location;
use vetch_model::inventory::{Ecosystem, Package, PackageId, Source};
use vetch_model::outcome::Incomplete;
use vetch_model::scan::TargetKind;

use super::{Opened, Project, inventory, python};
use crate::EngineError;
use crate::contents::doubt;
use crate::contents::installed::{Scope, Walked, open_folder, walk};
use crate::map::kinds::{Role as Tells, role};
use crate::map::{Discovered, join};

/// Endings of archives that are taken as targets.
const ARCHIVES: &[&str] = &[".tgz", ".tar.gz", ".tar", ".whl", ".egg", ".zip"];

/// Endings of archives of Python's that are not read.
const UNREAD: &[&str] = &[".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar.z", ".tar.lzma"];

/// Most archives of one folder.
const MAX_ARCHIVES: usize = 10_000;

/// Whether a file of this name is taken for an archive.
pub(super) fn is_archive(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ARCHIVES.iter().any(|ending| lower.ends_with(ending))
}

/// Whether a file of this name is an archive that cannot be read.
pub(super) fn is_unread_archive(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    UNREAD.iter().any(|ending| lower.ends_with(ending))
}

/// An archive: what it is called is known once it has been read.
pub(super) fn archive(mut project: Project, name: &str) -> Project {
    project.kind = TargetKind::Archive;
    inventory::archive(&mut project, name);
    project.archive = Some(name.to_owned());
    project
}

/// The archives that lie in a folder, each a project of its own; `None` if there are none.
///
/// # Errors
/// When the folder cannot be opened again.
pub(super) fn archives(number: usize, target: &Path, top: &Project) -> Result<Option<Opened>, EngineError> {
    let listed = DirFiles(&top.dir).list("").unwrap_or_default();
    let names = listed.into_iter().filter(|entry| entry.kind == ListedKind::File).map(|entry| entry.name);
    let (taken, rest): (Vec<String>, Vec<String>) = names.partition(|name| is_archive(name));
    let unread: Vec<String> = rest.into_iter().filter(|name| is_unread_archive(name)).collect();
    if taken.is_empty() && unread.is_empty() {
        return Ok(None);
    }
    let new = || Project::empty(number, target, top.folder.clone(), TargetKind::Archive);
    let mut opened = Opened { kind: TargetKind::Archive, projects: Vec::new(), ..Opened::of(new()?) };
    for name in taken.iter().take(MAX_ARCHIVES) {
        opened.projects.push(archive(new()?, name));
    }
    if taken.len() > MAX_ARCHIVES {
        let why = format!("more than {MAX_ARCHIVES} archives; the others were not read");
        opened.incomplete.push(Incomplete::new(top.shown.as_str(), why, "scan them folder by folder"));
    }
    for name in unread {
        let why = "it is compressed in a way that is not read";
        opened.incomplete.push(Incomplete::new(name, why, "unpack it and scan the folder"));
    }
    Ok(Some(opened))
}

/// The Python release that a folder is, if it is one.
pub(super) fn unpacked(top: &Project, found: &Discovered, wish: Option<&Ecosystem>) -> Option<Unpacked> {
    if wish == Some(&Ecosystem::Npm) {
        return None;
    }
    let walked = walk(open_folder(top.dir.as_fd(), "").ok()?, Scope::OwnCode);
    let shape = Survey::of_folder(walked.files.iter().map(|file| file.path.as_str())).shape();
    let (ecosystem, is_doubtful) = shape.ecosystem(false);
    let is_python = wish == Some(&Ecosystem::Pypi) || ecosystem == Ecosystem::Pypi;
    let is_release = match wish {
        Some(_) => shape.is_packed_python() || !has_locks(found),
        None => shape.is_packed_python() || is_source(&shape, found),
    };
    let is_doubtful = is_doubtful && wish.is_none();
    (is_python && is_release).then_some(Unpacked { shape, walked, is_doubtful })
}

/// Without a tool's metadata: sources that say how they are built and are nobody's locked project,
/// or sources that say nothing and lie alone.
fn is_source(shape: &Shape, found: &Discovered) -> bool {
    let is_requirements = |reading: &(String, vetch_lockfiles::Reading)| reading.1.format == Format::Requirements;
    let is_alone = found.readings.is_empty() && found.incomplete.is_empty();
    let is_declared = shape.is_declared_python() && (shape.has_setup || !found.readings.iter().any(is_requirements));
    shape.python_files > 0 && !has_locks(found) && (is_declared || is_alone)
}

fn has_locks(found: &Discovered) -> bool {
    let is_locked = |reading: &(String, vetch_lockfiles::Reading)| {
        matches!(role(reading.1.format), Tells::Lock(_) | Tells::PlugNPlay) || reading.1.format == Format::NodeModules
    };
    found.readings.iter().any(is_locked) || !found.environments.is_empty()
}

/// A Python release in a folder.
pub(super) struct Unpacked {
    shape: Shape,
    walked: Walked,
    is_doubtful: bool,
}

impl Unpacked {
    /// Whether a tool packed it: then what else lies in it is part of the release.
    pub(super) fn is_packed(&self) -> bool {
        self.shape.is_packed_python()
    }

    /// The release as a project.
    pub(super) fn project(self, mut project: Project) -> Project {
        let root = self.shape.root.as_str();
        project.kind = TargetKind::Package;
        project.format = Format::Pyproject;
        project.python = Some(self.shape.form);
        project.inventory.file = root.to_owned();
        if self.is_doubtful {
            project.incomplete.push(doubt(&project.shown));
        }
        let source = Source::Folder { path: root.to_owned() };
        let declared_at = Some(Location::file(if root.is_empty() { "." } else { root }));
        let path = root.to_owned();
        project.inventory.push(Package { source, declared_at, path, ..Package::new(Ecosystem::Pypi, "", None) });
        let files: Vec<&str> = self.walked.files.iter().map(|file| file.path.as_str()).collect();
        if let Some(info) = info_folder(&files, root)
            && let Some(checked) = python::unpacked_wheel(&project.dir, &info, &files)
        {
            project.records.insert(PackageId(0), checked);
        }
        project
    }
}

/// The `.dist-info` folder of a wheel that was unpacked at `root`.
fn info_folder(files: &[&str], root: &str) -> Option<String> {
    let record = |path: &&&str| {
        let below = if root.is_empty() { Some(**path) } else { path.strip_prefix(root)?.strip_prefix('/') };
        let folder = below?.strip_suffix("/RECORD")?;
        (folder.ends_with(".dist-info") && !folder.contains('/')).then(|| join(root, folder))
    };
    files.iter().find_map(|path| record(&path))
}
