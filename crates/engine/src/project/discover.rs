//! The projects of a folder, as the dependency map finds them; and those that a single file tells of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use vetch_lockfiles::npm::{self, HIDDEN_LOCKFILE};
use vetch_lockfiles::{DirFiles, Files, Format, Reading, format, installed};
use vetch_model::evidence::Location;
use vetch_model::inventory::{Ecosystem, InstalledTree, Inventory, Package, Role, Source};
use vetch_model::outcome::Incomplete;
use vetch_model::scan::{ReadFile, Skipped, TargetKind};

use super::{Opened, Project, inventory, matching, python, release, unknown};
use crate::EngineError;
use crate::map::assemble::{base_of, below, locate, rebase};
use crate::map::kinds::{Role as Tells, World, role};
use crate::map::{self, Discovered, join};

/// A folder: a project, a package, several projects, an environment, or archives.
pub(super) fn folder(
    number: usize,
    target: &Path,
    folder: PathBuf,
    wish: Option<&Ecosystem>,
) -> Result<Opened, EngineError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let top = Project::empty(number, target, folder, TargetKind::Project)?;
    let files = DirFiles(&top.dir);
    if let Some(entry) = map::environment(&files, &name).filter(|_| !is_unpacked_wheel(&files, &name)) {
        return environment(top, entry);
    }
    let found = map::discover_all(&top.dir);
    let is_locked = |reading: &(String, Reading)| {
        matches!(role(reading.1.format), Tells::Lock(_) | Tells::PlugNPlay)
            || matches!(reading.1.format, Format::NodeModules)
    };
    let has_locks = found.readings.iter().any(is_locked) || !found.environments.is_empty();
    let at_top = |path: &str| top.dir.symlink_metadata(path).is_ok();
    let is_npm = npm::discover(&top.dir).is_some() || (at_top("node_modules") && !has_other_lock(&found));
    let may_be_release = !(is_npm || has_locks) || at_top("PKG-INFO") || wish.is_some();
    if may_be_release && let Some(unpacked) = release::unpacked(&top, &found, wish) {
        // What a tool packed, and what the user calls a release, is one with all that lies in it.
        let is_all = unpacked.is_packed() || wish.is_some();
        return with_rest(number, target, unpacked.project(top), found, is_all);
    }
    if !is_npm && !has_locks && at_top("package.json") {
        return package(number, target, top, found);
    }
    if !is_npm && found.readings.is_empty() && found.environments.is_empty() {
        if let Some(archives) = release::archives(number, target, &top)? {
            return Ok(archives);
        }
        if found.incomplete.is_empty() {
            return Err(unknown(target, &nothing(&found)));
        }
    }
    let mut opened = Opened { kind: TargetKind::Project, projects: Vec::new(), ..Opened::of(top) };
    collect(&mut opened, number, target, found, is_npm)?;
    Ok(opened)
}

/// Whether a folder with a `.dist-info` is a wheel that was unpacked, as opposed to installed ones.
fn is_unpacked_wheel(files: &dyn Files, name: &str) -> bool {
    let listed = files.list("").unwrap_or_default();
    let mut infos = listed.iter().filter(|entry| entry.name.ends_with(".dist-info"));
    let only = infos.next().filter(|_| infos.next().is_none());
    let is_marked = listed.iter().any(|entry| entry.name == "pyvenv.cfg");
    let is_site = matches!(name, "site-packages" | "dist-packages");
    let is_installed = |info: &str| files.head(&format!("{info}/INSTALLER"), 1).is_ok_and(|head| head.is_some());
    only.is_some_and(|info| !is_marked && !is_site && !is_installed(&info.name))
}

/// A Python release, and unless it `is_all`, the projects that lie in the folder besides.
fn with_rest(
    number: usize,
    target: &Path,
    release: Project,
    found: Discovered,
    is_all: bool,
) -> Result<Opened, EngineError> {
    let mut opened = Opened::of(release);
    if !is_all && !found.readings.is_empty() {
        opened.files.extend(opened.projects.iter().map(read_file));
        collect(&mut opened, number, target, found, false)?;
    }
    Ok(opened)
}

fn nothing(found: &Discovered) -> String {
    match found.ignored.as_slice() {
        [] => "no lockfile, manifest, SBOM or installed package was found in it".to_owned(),
        ignored => format!("all that was found in it is left out by an ignore file (`{}`)", ignored.join("`, `")),
    }
}

/// Whether another lockfile than npm's speaks of the packages in the `node_modules` at the top.
fn has_other_lock(found: &Discovered) -> bool {
    found.readings.iter().any(|(path, reading)| {
        reading.format != Format::PackageLock
            && role(reading.format) == Tells::Lock(World::Npm)
            && base_of(path, reading.format).is_empty()
    })
}

/// A package folder is judged as if someone else had written it; what lies in it besides is read, too.
fn package(number: usize, target: &Path, mut top: Project, found: Discovered) -> Result<Opened, EngineError> {
    top.kind = TargetKind::Package;
    top.format = Format::PackageJson;
    inventory::read_package(&mut top);
    let rest = Discovered {
        readings: found.readings.into_iter().filter(|(_, reading)| reading.format != Format::PackageJson).collect(),
        ..found
    };
    let mut opened = Opened::of(top);
    if !rest.readings.is_empty() {
        let file = ReadFile {
            target: number,
            file: "package.json".to_owned(),
            format: Format::PackageJson.as_str(),
            version: String::new(),
            packages: 0,
        };
        opened.files.push(file);
        collect(&mut opened, number, target, Discovered { incomplete: Vec::new(), ..rest }, false)?;
    }
    Ok(opened)
}

/// Makes a project of each file that was read. `is_npm` tells that the top is a project of npm's own.
fn collect(
    opened: &mut Opened,
    number: usize,
    target: &Path,
    found: Discovered,
    is_npm: bool,
) -> Result<(), EngineError> {
    let Discovered { readings, environments, ignored, mut incomplete } = found;
    let new = |base: &str| -> Result<Project, EngineError> {
        let project = Project::empty(number, target, opened.folder.clone(), TargetKind::Project)?;
        Ok(Project { base: base.to_owned(), ..project })
    };
    let bases: Vec<String> = readings.iter().map(|(path, reading)| base_of(path, reading.format).to_owned()).collect();
    let others = |base: &str| -> Vec<String> {
        let inner = bases.iter().filter(|other| *other != base && other.starts_with(base));
        inner.filter(|other| base.is_empty() || other.as_bytes().get(base.len()) == Some(&b'/')).cloned().collect()
    };
    let mut projects = Vec::new();
    if is_npm {
        projects.push(npm_project(new("")?, "", &others("")));
    }
    for ((path, reading), base) in readings.into_iter().zip(&bases) {
        let is_npms = matches!(reading.format, Format::PackageLock | Format::NodeModules);
        let is_told = is_npm && base.is_empty() && (is_npms || reading.format == Format::PackageJson);
        if is_told {
            continue;
        }
        projects.push(match is_npms {
            true => npm_project(new(base)?, base, &others(base)),
            false => locked_project(new(base)?, reading, &path, &others(base)),
        });
    }
    for path in environments {
        match format::read(&DirFiles(&new("")?.dir), &path, Format::SitePackages) {
            Ok(read) => {
                incomplete.extend(read.incomplete);
                let mut project = new(map::folder_of(&path))?;
                project.take(read.value);
                projects.push(project);
            }
            Err(error) => incomplete.push(error.into_incomplete()),
        }
    }
    python::check(&mut projects);
    let installed: Vec<String> =
        projects.iter().filter(|project| project.environment.is_some()).map(|project| project.base.clone()).collect();
    for project in &mut projects {
        if role(project.format) == Tells::Manifest(World::Npm) || !installed.contains(&project.base) {
            unsettled(project);
        }
    }
    tell_once(&mut projects, &mut incomplete);
    let only_npm = is_npm && projects.len() == 1;
    if !only_npm {
        opened.files.extend(projects.iter().map(read_file));
    }
    opened.projects.extend(projects);
    opened.incomplete.extend(incomplete);
    let why = "left out by an ignore file: it is not read";
    opened.skipped.extend(ignored.into_iter().map(|what| Skipped { what, why: why.to_owned() }));
    Ok(())
}

/// The map and npm's own projects read the same files: what both could not read is told once, and
/// of two tellings about one place, the map's.
fn tell_once(projects: &mut [Project], incomplete: &mut Vec<Incomplete>) {
    let places: BTreeSet<(&str, &Location)> =
        incomplete.iter().filter_map(|one| Some((one.why.as_str(), one.location.as_ref()?))).collect();
    for project in projects.iter_mut().filter(|project| !project.base.is_empty()) {
        let is_told = |one: &Incomplete| one.location.as_ref().is_some_and(|at| places.contains(&(&one.why, at)));
        project.incomplete.retain(|one| !is_told(one));
    }
    let told: BTreeSet<&Incomplete> = projects.iter().flat_map(|project| &project.incomplete).collect();
    incomplete.retain(|one| !told.contains(one));
}

/// What the report tells of what was read.
fn read_file(project: &Project) -> ReadFile {
    let packages = project.inventory.packages.iter().filter(|package| package.role == Role::Dependency).count();
    ReadFile {
        target: project.target,
        file: project.inventory.file.clone(),
        format: project.format.as_str(),
        version: project.format_version.clone(),
        packages,
    }
}

/// An npm project with npm's lockfile, or with no lockfile, in the folder `base`.
fn npm_project(mut project: Project, base: &str, others: &[String]) -> Project {
    if base.is_empty() {
        inventory::read_project(&mut project, others);
        project.set_npm_format();
        project.find_patches();
        return project;
    }
    let opened = project.dir.open_dir(base).and_then(|inner| Ok((inner, project.dir.try_clone()?)));
    let (inner, outer) = match opened {
        Ok(both) => both,
        Err(error) => {
            project.incomplete.push(Incomplete::new(base, error.to_string(), "make it readable"));
            return project;
        }
    };
    project.dir = inner;
    let cut = |other: &String| other.get(base.len() + 1..).map(str::to_owned);
    inventory::read_project(&mut project, &others.iter().filter_map(cut).collect::<Vec<_>>());
    project.set_npm_format();
    project.dir = outer;
    locate(&mut project.inventory, base);
    rebase(&mut project.inventory, base, Format::PackageLock);
    project.tree = moved(std::mem::take(&mut project.tree), base);
    project.incomplete = std::mem::take(&mut project.incomplete).into_iter().map(|one| below(base, one)).collect();
    for note in &mut project.notes {
        note.location.file = join(base, &note.location.file);
    }
    project.find_patches();
    project
}

/// An installed tree, with its paths relative to a folder further up.
fn moved(tree: InstalledTree, base: &str) -> InstalledTree {
    let packages = tree.packages.into_iter().map(|(path, mut package)| {
        package.path = join(base, &package.path);
        let is_inside = |target: &String| !target.starts_with('/') && !target.split('/').any(|part| part == "..");
        package.link_target = package.link_target.map(|to| if is_inside(&to) { join(base, &to) } else { to });
        (join(base, &path), package)
    });
    InstalledTree { packages: packages.collect(), incomplete: Vec::new() }
}

/// A project that another file than npm's tells of.
fn locked_project(mut project: Project, reading: Reading, path: &str, others: &[String]) -> Project {
    project.take(reading);
    if path.ends_with(".py.lock") {
        return project;
    }
    let base = project.base.clone();
    if role(project.format) == Tells::Lock(World::Npm) || project.format == Format::PlugNPlay {
        let opened = if base.is_empty() { project.dir.try_clone() } else { project.dir.open_dir(&base) };
        // That it cannot be opened is told by whoever looked for it.
        if let Ok(inner) = opened {
            let manifest = super::read_manifest(&inner, "").unwrap_or_default();
            let tree = installed::node_modules::read(&inner, &installed::node_modules::Limits::default());
            let mut found = installed::from_installed(&tree, manifest.as_ref());
            project.incomplete.extend(found.incomplete.drain(..).map(|one| below(&base, one)));
            if !base.is_empty() {
                locate(&mut found.value, &base);
                rebase(&mut found.value, &base, Format::NodeModules);
            }
            matching::join_installed(&mut project.inventory, &found.value, others);
            project.tree = moved(tree, &base);
        }
        project.find_patches();
    }
    project
}

/// Manifests by themselves hold nothing to a version: which releases are installed is then not
/// known, unless an environment lies beside them.
fn unsettled(project: &mut Project) {
    let is_manifest = matches!(role(project.format), Tells::Manifest(_) | Tells::Requirements);
    let open = |package: &&Package| {
        package.role == Role::Dependency
            && package.version.is_none()
            && matches!(package.source, Source::Registry { .. } | Source::Unknown { .. })
    };
    let inventory = &project.inventory;
    let count = inventory.packages.iter().filter(open).count() + inventory.unresolved.len();
    if !is_manifest || count == 0 {
        return;
    }
    let (why, hint) = match project.format {
        Format::PackageJson => (
            format!("it asks for {count} packages that are neither locked nor installed"),
            "run the package manager, which writes a lockfile; delete the manifest if nobody installs it",
        ),
        _ => (
            format!("it holds {count} of the packages that it asks for to no version, and nothing else does"),
            "lock them, e.g. with `uv lock` or `uv pip compile --generate-hashes`",
        ),
    };
    project.incomplete.push(Incomplete::new(inventory.file.clone(), why, hint));
}

/// A folder that is a Python environment itself.
fn environment(mut project: Project, entry: &str) -> Result<Opened, EngineError> {
    project.kind = TargetKind::Environment;
    let mut opened = Opened {
        projects: Vec::new(),
        ..Opened::of(Project::empty(
            project.target,
            Path::new(&project.shown),
            project.folder.clone(),
            TargetKind::Environment,
        )?)
    };
    match format::read(&DirFiles(&project.dir), entry, Format::SitePackages) {
        Ok(read) => {
            project.incomplete = read.incomplete;
            project.take(read.value);
            let mut projects = vec![project];
            python::check(&mut projects);
            opened.files.extend(projects.iter().map(read_file));
            opened.projects = projects;
        }
        Err(error) => opened.incomplete.push(error.into_incomplete()),
    }
    Ok(opened)
}

/// One file of a folder: a lockfile, a manifest, an SBOM.
pub(super) fn file(number: usize, target: &Path, parent: PathBuf, name: &str) -> Result<Opened, EngineError> {
    // The hidden lockfile speaks of the folder above `node_modules`.
    let is_hidden = name == ".package-lock.json" && parent.file_name().is_some_and(|folder| folder == "node_modules");
    let (folder, name) = match parent.parent() {
        Some(above) if is_hidden => (above.to_owned(), HIDDEN_LOCKFILE),
        _ => (parent, name),
    };
    let mut project = Project::empty(number, target, folder, TargetKind::Lockfile)?;
    let mut found = match map::read_one(&project.dir, name) {
        Ok(found) => found,
        // npm's lockfile under a name of the user's own.
        Err(_) if name.to_ascii_lowercase().ends_with(".json") => Discovered::default(),
        Err(EngineError::Input { reason, hint, .. }) => {
            return Err(EngineError::Target { target: target.to_string_lossy().into_owned(), reason, hint });
        }
        Err(error) => return Err(error),
    };
    let reading = match found.readings.pop() {
        Some((_, reading)) if reading.format != Format::PackageLock => reading,
        None if !found.incomplete.is_empty() && !name.to_ascii_lowercase().ends_with(".json") => {
            project.inventory.file = name.to_owned();
            project.incomplete = found.incomplete;
            return Ok(Opened::of(project));
        }
        _ => {
            inventory::read_lockfile_only(&mut project, name);
            return Ok(Opened::of(project));
        }
    };
    project.incomplete = found.incomplete;
    project.take(reading);
    if project.is_sbom() {
        project.kind = TargetKind::Sbom;
    }
    unsettled(&mut project);
    let file = read_file(&project);
    Ok(Opened { files: vec![file], ..Opened::of(project) })
}

impl Project {
    /// Takes in what a reader made of a file.
    fn take(&mut self, reading: Reading) {
        let Reading { format, format_version, inventory, notes } = reading;
        (self.format, self.format_version, self.inventory) = (format, format_version, inventory);
        self.notes.extend(notes);
        if self.is_sbom() {
            from_registry(&mut self.inventory);
        }
    }

    pub(crate) fn is_sbom(&self) -> bool {
        use Format::{CycloneDxJson, CycloneDxXml, Spdx3Json, SpdxJson, SpdxTagValue};
        matches!(self.format, CycloneDxJson | CycloneDxXml | SpdxJson | SpdxTagValue | Spdx3Json)
    }

    /// After [`inventory::read_project`]: what it was read from.
    fn set_npm_format(&mut self) {
        let is_tree = self.inventory.file.ends_with("node_modules");
        self.format = if is_tree { Format::NodeModules } else { Format::PackageLock };
    }
}

/// A bill of materials names npm packages by purl, and where nothing else is said, a purl means the registry.
fn from_registry(inventory: &mut Inventory) {
    let is_bare = |package: &&mut Package| {
        package.ecosystem == Ecosystem::Npm
            && package.role == Role::Dependency
            && package.version.is_some()
            && matches!(&package.source, Source::Unknown { text } if text.is_empty())
    };
    for package in inventory.packages.iter_mut().filter(is_bare) {
        package.source = Source::Registry { url: None, index: None };
    }
}
