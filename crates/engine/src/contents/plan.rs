//! Decides, before anything is read, what there is to look at for every package.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use vetch_lockfiles::Format;
use vetch_lockfiles::npm::package_json;
use vetch_model::evidence::Location;
use vetch_model::facts::PythonForm;
use vetch_model::inventory::{Ecosystem, EdgeKind, Package, PackageId, Role, Source};
use vetch_model::manifest::{INSTALL_EVENTS, Manifest, PREPARE_EVENTS};
use vetch_model::outcome::Incomplete;
use vetch_model::purl::Purl;
use vetch_model::scan::{Skipped, TargetKind};

use super::python::{self, Surroundings};
use super::units::{Bundles, InUnit, Units};
use crate::project::Project;

/// What there is to look at.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// An installed folder.
    Folder,
    /// The files of an installed Python distribution.
    Distribution,
    /// The user's own folder, with install scripts.
    OwnScripts,
    /// The user's own folder, without: its manifest is all there is to see.
    OwnManifest(Box<Manifest>),
    /// Nothing on disk: an archive.
    Archive,
    /// Nothing, and that is all right.
    Nothing,
    /// Nothing that could be had, or that is looked at elsewhere: it is judged by its entry.
    Listed,
    /// Nothing, because it is not for this machine.
    Skipped(Skipped),
    /// Something, but it cannot be had.
    Lost(Incomplete),
}

impl What {
    /// Whether all files of an installed package are looked at.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, What::Folder | What::Distribution)
    }
}

/// One package and what there is to look at.
#[derive(Debug, Clone)]
pub(crate) struct Plan<'p> {
    pub(crate) project: usize,
    pub(crate) id: PackageId,
    pub(crate) package: &'p Package,
    pub(crate) what: What,
    /// The archive that it comes in.
    pub(crate) place: Option<InUnit>,
}

impl Plan<'_> {
    /// The form of a Python release; `None` for npm's packages.
    pub(crate) fn python(&self, project: &Project) -> Option<PythonForm> {
        match self.what {
            What::Distribution => Some(PythonForm::Wheel),
            _ => project.python,
        }
    }

    /// The folder that its files are relative to, itself relative to the target.
    pub(crate) fn folder(&self) -> &str {
        match self.what {
            What::Distribution => crate::map::folder_of(&self.package.path),
            _ => &self.package.path,
        }
    }

    /// Takes in what was listed: an empty folder is no installed package.
    pub(crate) fn see(&mut self, is_empty: bool) {
        if is_empty && matches!(self.what, What::Folder) {
            self.what = if self.place.is_some() { What::Archive } else { not_to_be_had(self.package) };
        }
    }
}

/// Plans for every package but links, which their folders stand for. `online` tells whether
/// registries may be asked.
pub(crate) fn plans<'p>(projects: &'p [Project], units: &mut Units, online: bool) -> Vec<Plan<'p>> {
    let mut plans = Vec::new();
    let around = Surroundings::new(projects, online);
    let elsewhere = told_elsewhere(projects);
    for (number, project) in projects.iter().enumerate() {
        let bundles = Bundles::new(&project.inventory);
        let foreign = foreign(project);
        for (id, package) in project.inventory.iter() {
            if project.graph.folder_of(id) != id || !project.looks_at(id) {
                continue;
            }
            let what = match foreign.get(&id) {
                Some(why) => What::Skipped(Skipped { what: package.label(), why: why.clone() }),
                None => match what((number, project), id, package, &around) {
                    What::Archive if project.is_sbom() && elsewhere.contains(&(project.target, package.purl())) => {
                        What::Listed
                    }
                    what => what,
                },
            };
            let place = match (&what, &project.archive) {
                (What::Archive, Some(archive)) => Some(units.target(number, archive, project.archive_kind)),
                (What::Folder, _) if matches!(package.source, Source::Git { .. }) => None,
                (What::Folder, _) if project.kind == TargetKind::Package => None,
                (What::Archive, _) if package.ecosystem == Ecosystem::Pypi => {
                    Some(units.python((number, project), package, &around))
                }
                (What::Folder | What::Archive, _) => units.place(number, &bundles, package),
                _ => None,
            };
            let what = match what {
                What::Archive if place.is_none() => not_to_be_had(package),
                what => what,
            };
            plans.push(Plan { project: number, id, package, what, place });
        }
    }
    plans
}

/// Releases of targets in which a bill of materials lies beside the projects that it was made of:
/// those are looked at in the projects.
fn told_elsewhere(projects: &[Project]) -> HashSet<(usize, Purl)> {
    let with_sbom: HashSet<usize> =
        projects.iter().filter(|project| project.is_sbom()).map(|project| project.target).collect();
    let others = projects.iter().filter(|project| !project.is_sbom() && with_sbom.contains(&project.target));
    others
        .flat_map(|project| project.inventory.packages.iter().map(|package| (project.target, package.purl())))
        .collect()
}

fn what((number, project): (usize, &Project), id: PackageId, package: &Package, around: &Surroundings<'_>) -> What {
    match project.kind {
        TargetKind::Archive => return What::Archive,
        TargetKind::Package => return What::Folder,
        _ => {}
    }
    if package.ecosystem != Ecosystem::Npm {
        return python::what((number, project), id, package, around);
    }
    match (project.kind, package.role) {
        (TargetKind::Archive, _) => What::Archive,
        (TargetKind::Package, _) => What::Folder,
        (_, Role::Root | Role::Workspace) if project.is_sbom() => What::Nothing,
        (
            TargetKind::Lockfile | TargetKind::Sbom | TargetKind::Environment | TargetKind::Release,
            Role::Root | Role::Workspace,
        ) => What::Nothing,
        (TargetKind::Lockfile | TargetKind::Sbom | TargetKind::Environment | TargetKind::Release, Role::Dependency) => {
            What::Archive
        }
        (TargetKind::Project, Role::Root | Role::Workspace) => own(project, package),
        (TargetKind::Project, Role::Dependency) => match project.tree.packages.get(&package.path) {
            Some(installed) if installed.link_target.is_none() => What::Folder,
            Some(_) => What::Lost(leads_outside(package)),
            None => What::Archive,
        },
    }
}

/// The user's own code.
fn own(project: &Project, package: &Package) -> What {
    let folder = package.path.as_str();
    let is_link = matches!(&package.source, Source::Folder { path } if path != folder);
    if is_link || (!folder.is_empty() && project.dir.symlink_metadata(folder).is_err()) {
        return What::Lost(leads_outside(package));
    }
    let path = if folder.is_empty() { "package.json".to_owned() } else { format!("{folder}/package.json") };
    if project.dir.symlink_metadata(&path).is_err() {
        // A folder without a manifest has no install scripts.
        return What::Nothing;
    }
    let read = vetch_lockfiles::read_file(&project.dir, &path, &path, package_json::MAX_BYTES as u64);
    let manifest = match read.and_then(|bytes| package_json::read(&bytes, "package.json")) {
        Ok(manifest) => manifest,
        Err(error) => {
            return What::Lost(Incomplete::new(path.clone(), error.problem, error.hint).at(Location::file(path)));
        }
    };
    let runs = |name: &str| INSTALL_EVENTS.contains(&name) || PREPARE_EVENTS.contains(&name);
    let has_scripts = manifest.scripts.iter().any(|script| runs(&script.name));
    let gyp = if folder.is_empty() { "binding.gyp".to_owned() } else { format!("{folder}/binding.gyp") };
    match has_scripts || project.dir.symlink_metadata(gyp).is_ok() {
        true => What::OwnScripts,
        false => What::OwnManifest(Box::new(manifest)),
    }
}

fn leads_outside(package: &Package) -> Incomplete {
    let why = "it is linked to a folder outside of the target, or to one that is not there";
    Incomplete::new(format!("the contents of {}", package.label()), why, "scan that folder on its own")
}

/// Packages that are not for this machine, with the reason: optional ones for another platform that
/// are not installed, and optional ones that only those ask for.
fn foreign(project: &Project) -> BTreeMap<PackageId, String> {
    let mut foreign = BTreeMap::new();
    if !matches!(project.kind, TargetKind::Project | TargetKind::Lockfile) {
        return foreign;
    }
    let is_absent = |package: &Package| {
        package.optional && package.ecosystem == Ecosystem::Npm && !project.tree.packages.contains_key(&package.path)
    };
    // A lockfile of Yarn 1 does not say what a package is limited to; what Yarn left out of a tree
    // that it installed was not for this machine.
    let is_unsaid = project.format == Format::YarnClassic && !project.tree.packages.is_empty();
    let mut waiting = Vec::new();
    for (id, package) in project.inventory.iter().filter(|(_, package)| is_absent(package)) {
        if is_for_another_platform(project, package) {
            // One reason for all of them: a bundler brings dozens, and their names say which platform.
            foreign.insert(id, "optional, for another platform, and not installed".to_owned());
            waiting.push(id);
        } else if is_unsaid {
            foreign.insert(id, "optional, and left out of what is installed".to_owned());
            waiting.push(id);
        }
    }
    let why = "left over in the lockfile, for nothing needs it, and not installed";
    foreign.extend(leftovers(project).into_iter().map(|id| (id, why.to_owned())));
    while let Some(next) = waiting.pop() {
        for neighbour in project.graph.dependencies(next) {
            let id = neighbour.package;
            let only_foreign = || project.graph.dependents(id).iter().all(|asker| foreign.contains_key(&asker.package));
            if is_absent(project.inventory.package(id)) && !foreign.contains_key(&id) && only_foreign() {
                let asker = project.inventory.package(next).label();
                foreign.insert(id, format!("only needed by {asker}, which is for another platform; not installed"));
                waiting.push(id);
            }
        }
    }
    foreign
}

/// Packages that npm keeps in its lockfile though nothing needs them, and does not install: no edge
/// leads to them, or none but optional peers.
fn leftovers(project: &Project) -> Vec<PackageId> {
    let (inventory, graph, tree) = (&project.inventory, &project.graph, &project.tree.packages);
    if project.format != Format::PackageLock || tree.is_empty() {
        return Vec::new();
    }
    let mut needed: BTreeSet<PackageId> = graph.roots().collect();
    let mut waiting: Vec<PackageId> = needed.iter().copied().collect();
    while let Some(next) = waiting.pop() {
        for neighbour in graph.dependencies(next) {
            let is_needed = inventory.edges[neighbour.edge].kind != EdgeKind::PeerOptional;
            if is_needed && needed.insert(neighbour.package) {
                waiting.push(neighbour.package);
            }
        }
    }
    let is_left =
        |id: PackageId, package: &Package| !needed.contains(&graph.folder_of(id)) && !tree.contains_key(&package.path);
    inventory.iter().filter(|(id, package)| is_left(*id, package)).map(|(id, _)| id).collect()
}

/// Whether a package is limited to platforms, and this is none of them.
fn is_for_another_platform(project: &Project, package: &Package) -> bool {
    let platform = &package.platform;
    let fits = fits(&platform.os, host_os()) && fits(&platform.cpu, host_cpu());
    // Which C library this machine has, npm knows better: what it left out of a tree that it installed was not for it.
    let is_other = !fits || (!project.tree.packages.is_empty() && !platform.libc.is_empty());
    platform.is_limited() && is_other
}

/// Whether a list of a manifest lets `host` in: entries with `!` exclude, others are an allow list
/// (<https://docs.npmjs.com/cli/v11/configuring-npm/package-json#os>).
fn fits(list: &[String], host: &str) -> bool {
    let (excluded, allowed): (Vec<&String>, Vec<&String>) = list.iter().partition(|entry| entry.starts_with('!'));
    let is_excluded = excluded.iter().any(|entry| entry.get(1..) == Some(host));
    !is_excluded
        && (allowed.is_empty() || allowed.iter().any(|entry| matches!(entry.as_str(), "any") || *entry == host))
}

/// As Node.js names it (`process.platform`).
const fn host_os() -> &'static str {
    if cfg!(target_os = "macos") {
        "darwin"
    } else if cfg!(target_os = "windows") {
        "win32"
    } else {
        std::env::consts::OS
    }
}

/// As Node.js names it (`process.arch`).
const fn host_cpu() -> &'static str {
    if cfg!(target_arch = "x86_64") {
        "x64"
    } else if cfg!(target_arch = "aarch64") {
        "arm64"
    } else if cfg!(target_arch = "x86") {
        "ia32"
    } else if cfg!(target_arch = "powerpc64") {
        "ppc64"
    } else {
        std::env::consts::ARCH
    }
}

fn not_to_be_had(package: &Package) -> What {
    let what = format!("the contents of {}", package.label());
    let (why, hint) = match &package.source {
        Source::Git { .. } => ("it comes from a git repository, and is not installed", "run `npm ci`"),
        Source::Folder { .. } => ("its folder is not there", "restore the folder, or run `npm ci`"),
        _ => ("nothing says where it comes from, and it is not installed", "run `npm ci`, or mend its lockfile entry"),
    };
    What::Lost(Incomplete::new(what, why, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_as_npm_reads_them() {
        let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        for (entries, expected) in [
            (&[][..], true),
            (&["linux"][..], true),
            (&["darwin"][..], false),
            (&["darwin", "linux"][..], true),
            (&["!linux"][..], false),
            (&["!win32"][..], true),
            (&["any"][..], true),
        ] {
            assert_eq!(fits(&list(entries), "linux"), expected, "{entries:?}");
        }
    }
}
