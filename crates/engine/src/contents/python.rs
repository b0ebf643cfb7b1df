//! Python releases that are locked and not installed: which of their files is judged, and where it comes from.
//!
//! A lockfile allows several files of one release. Judged is the one that an installer would take on
//! this machine ([`Preference`]). Where only hashes are locked, it is any file at hand that has one of
//! them; from the index, again the one that an installer would take.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use vetch_lockfiles::Format;
use vetch_lockfiles::npm::package_lock::{LockfileNote, LockfileNoteKind};
use vetch_model::integrity::{HashAlgorithm, Integrity};
use vetch_model::inventory::{Artifact, Ecosystem, Package, PackageId, Role, Source};
use vetch_model::outcome::Incomplete;
use vetch_registries::{ArtifactRequest, FileKind, Platform, Preference, PythonTool};

use super::archives::{LARGEST_ARCHIVE, LocalSources};
use super::plan::What;
use super::units::{InUnit, Origin, Request, Unit, Units, Wanted, whole};
use crate::cache::{Cache, FactsKey};
use crate::jobs::{ArchiveKind, NamedAs};
use crate::map::join;
use crate::project::Project;

/// Most hashes of one release that are tried; the largest releases have some hundred files.
const MAX_ALTERNATIVES: usize = 1000;

/// What is known beyond one project.
pub(crate) struct Surroundings<'p> {
    /// Versions of what is installed in a target, with its files, by name.
    installed: HashMap<(usize, &'p str), HashSet<&'p str>>,
    /// By project.
    options: Vec<SourceOptions>,
    /// Whether indexes may be asked.
    online: bool,
}

impl<'p> Surroundings<'p> {
    pub(crate) fn new(projects: &'p [Project], online: bool) -> Surroundings<'p> {
        let mut installed: HashMap<(usize, &str), HashSet<&str>> = HashMap::new();
        for project in projects {
            for (_, package) in project.inventory.iter().filter(|(id, _)| has_files(project, *id)) {
                let versions = installed.entry((project.target, package.name.as_str())).or_default();
                versions.extend(package.version.as_deref());
            }
        }
        Surroundings { installed, options: projects.iter().map(SourceOptions::of).collect(), online }
    }

    fn options(&self, number: usize) -> SourceOptions {
        self.options.get(number).copied().unwrap_or_default()
    }

    /// Whether the very release is judged by its installed files.
    fn is_installed(&self, project: &Project, package: &Package) -> bool {
        let versions = self.installed.get(&(project.target, package.name.as_str()));
        versions.is_some_and(|versions| package.version.as_deref().is_none_or(|version| versions.contains(version)))
    }
}

fn has_files(project: &Project, id: PackageId) -> bool {
    project.records.get(&id).is_some_and(|checked| !checked.files.is_empty())
}

/// What there is to look at for a package of another ecosystem than npm's.
pub(crate) fn what(
    (number, project): (usize, &Project),
    id: PackageId,
    package: &Package,
    around: &Surroundings<'_>,
) -> What {
    if package.role != Role::Dependency {
        return What::Nothing;
    }
    if has_files(project, id) {
        return What::Distribution;
    }
    // An environment is judged by what lies in it alone.
    if package.ecosystem != Ecosystem::Pypi || project.environment.is_some() || around.is_installed(project, package) {
        return What::Listed;
    }
    match &package.source {
        Source::Git { .. } => What::Lost(from_git(package)),
        Source::Folder { .. } => What::Listed,
        Source::Registry { .. } | Source::Unknown { .. } if package.artifacts.is_empty() => {
            let is_known = package.version.is_some() && matches!(package.source, Source::Registry { .. });
            // Which of several indexes a release without hashes comes from is the installer's choice.
            let is_settled = !around.options(number).names_others;
            if is_known && around.online && is_settled { What::Archive } else { What::Listed }
        }
        _ => match chosen(package).and_then(|artifact| artifact.size).filter(|size| *size > LARGEST_ARCHIVE) {
            Some(size) => What::Lost(too_large(package, size)),
            None => What::Archive,
        },
    }
}

fn from_git(package: &Package) -> Incomplete {
    let why = "it comes from a git repository, and is not installed";
    Incomplete::new(contents_of(package), why, "install it, and scan the environment")
}

fn too_large(package: &Package, size: u64) -> Incomplete {
    let why = format!("its archive has {size} bytes, more than the limit of {LARGEST_ARCHIVE}");
    Incomplete::new(
        contents_of(package),
        why,
        "install it, and scan the environment: installed files are read one by one",
    )
}

fn contents_of(package: &Package) -> String {
    format!("the contents of {}", package.label())
}

/// What options in requirements files say of where packages come from.
#[derive(Debug, Clone, Copy, Default)]
struct SourceOptions {
    /// Another main index than the one that settings name, or none at all.
    sets_index: bool,
    /// Further places.
    names_others: bool,
}

impl SourceOptions {
    fn of(project: &Project) -> SourceOptions {
        let mut options = SourceOptions::default();
        let is_option = |note: &&LockfileNote| note.kind == LockfileNoteKind::SourceOption;
        for note in project.notes.iter().filter(is_option).filter(|_| project.format == Format::Requirements) {
            match note.field.as_str() {
                "--index-url" | "--pypi-url" => options.sets_index = true,
                "--extra-index-url" | "--find-links" => options.names_others = true,
                "--no-index" => options = SourceOptions { sets_index: true, names_others: true },
                _ => {}
            }
        }
        options
    }

    /// Whether an index may be asked for a package by its name. Where these options set the index and
    /// name others besides, readers tie it to none, and the user's own must not hear of it.
    fn allow(self, request: &ArtifactRequest) -> bool {
        request.url.is_some() || request.project.index.is_some() || !self.sets_index
    }
}

/// The file that an installer would take on this machine, of those whose names are locked.
fn chosen(package: &Package) -> Option<&Artifact> {
    let named = package.artifacts.iter().filter(|artifact| !artifact.file.is_empty());
    named.max_by_key(|artifact| Preference::of(&artifact.file, Platform::HERE))
}

/// Whose settings say which indexes are asked.
pub(crate) fn tool(format: Format) -> PythonTool {
    match format {
        Format::Uv => PythonTool::Uv,
        Format::Poetry => PythonTool::Poetry,
        Format::Pdm => PythonTool::Pdm,
        Format::PipfileLock => PythonTool::Pipenv,
        _ => PythonTool::Pip,
    }
}

/// A file that is wanted for a package.
struct Choice {
    artifact: Artifact,
    alternatives: Vec<Integrity>,
}

impl Choice {
    fn of(package: &Package) -> Choice {
        if let Some(artifact) = chosen(package) {
            return Choice { artifact: artifact.clone(), alternatives: Vec::new() };
        }
        let all = || package.artifacts.iter().filter_map(|artifact| artifact.integrity.as_ref());
        let strongest = all().map(Integrity::algorithm).max();
        let all = all().filter(|integrity| Some(integrity.algorithm()) == strongest).take(MAX_ALTERNATIVES);
        let mut alternatives: Vec<Integrity> = all.cloned().collect();
        alternatives.sort();
        alternatives.dedup();
        let url = match &package.source {
            Source::Tarball { url } => Some(url.clone()),
            _ => package.artifacts.iter().find_map(|artifact| artifact.url.clone()),
        };
        let artifact = Artifact { url, integrity: any_of(&alternatives), ..Artifact::default() };
        Choice { artifact, alternatives }
    }

    /// How it is read: by its name, where that is known.
    fn kind(&self) -> ArchiveKind {
        let url = self.artifact.url.as_deref().unwrap_or_default();
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let name = if self.artifact.file.is_empty() { path } else { &self.artifact.file };
        ArchiveKind::Python(match FileKind::of(name) {
            FileKind::Wheel => NamedAs::Wheel,
            FileKind::Sdist => NamedAs::Sdist,
            FileKind::Egg | FileKind::Other => NamedAs::Unknown,
        })
    }

    /// The file of the project that it is, if it lies there.
    fn in_project(&self, project: &Project, package: &Package) -> Option<String> {
        let path = match &package.source {
            Source::File { path } => path.clone(),
            // Readers leave the places of single files as they are written: relative to the lockfile.
            _ => join(&project.base, self.artifact.url.as_deref().filter(|url| !url.contains(':'))?),
        };
        project.dir.symlink_metadata(&path).is_ok().then_some(path)
    }
}

/// All of several digests as one value, which any of them satisfies.
fn any_of(alternatives: &[Integrity]) -> Option<Integrity> {
    let texts: Vec<&str> = alternatives.iter().map(|one| one.text.as_str()).collect();
    let digests = alternatives.iter().flat_map(|one| one.digests.iter().cloned()).collect();
    (!alternatives.is_empty()).then(|| Integrity { text: texts.join(" "), digests })
}

impl Units {
    /// The archive that a Python release comes in.
    pub(crate) fn python(
        &mut self,
        (number, project): (usize, &Project),
        package: &Package,
        around: &Surroundings<'_>,
    ) -> InUnit {
        let choice = Choice::of(package);
        let (kind, path) = (choice.kind(), choice.in_project(project, package));
        let Choice { artifact, alternatives } = choice;
        let is_remote = artifact.url.as_deref().is_none_or(|url| url.contains("://"));
        let request = ArtifactRequest::of(package, &artifact, tool(project.format));
        let is_askable = is_remote && !matches!(package.source, Source::File { .. });
        let is_askable = is_askable && around.options(number).allow(&request);
        let name = match &artifact.integrity {
            Some(integrity) => integrity.text.clone(),
            // Two projects may have different indexes for one name.
            None => format!("{number} {} {:?} {:?}", package.name, package.version, artifact.url),
        };
        let unit = self.add(Wanted {
            origin: path.map_or(Origin::Integrity, |path| Origin::ProjectFile { project: number, path }),
            name,
            integrity: artifact.integrity,
            alternatives,
            roots: whole(),
            request: is_askable.then(|| (number, Request::Python(Box::new(request)))),
            label: package.label(),
            kind,
        });
        InUnit { unit, root: 0 }
    }

    /// Of releases of which only hashes are locked: which of the files they allow is at hand. The
    /// user's archives come first, what an installer would take before the others; then what earlier
    /// runs looked at or fetched, in the order of the hashes.
    pub(crate) fn settle(&mut self, sources: &LocalSources, cache: Option<&Cache>) {
        let is_open = |unit: &Unit| unit.origin == Origin::Integrity && !unit.alternatives.is_empty();
        let known = known(self.all.iter().filter(|unit| is_open(unit)), cache);
        for unit in self.all.iter_mut().filter(|unit| is_open(unit)) {
            let named = unit.alternatives.iter().filter_map(|one| {
                let name = sources.archive_name(one)?;
                Some((Preference::of(name, Platform::HERE), Reverse(one)))
            });
            let stored = |one: &&Integrity| one.digests.iter().any(|digest| sources.is_stored(digest));
            let seen = |one: &&Integrity| {
                let mut digests = one.digests.iter().filter(|digest| digest.algorithm > HashAlgorithm::Sha1);
                digests.any(|digest| unit.facts_keys_of(digest).iter().all(|key| known.contains(key)))
            };
            let found = named.max().map(|(_, Reverse(one))| one);
            let found = found.or_else(|| unit.alternatives.iter().find(seen));
            if let Some(one) = found.or_else(|| unit.alternatives.iter().find(stored)).cloned() {
                unit.integrity = Some(one);
            }
        }
    }
}

/// Which facts of files that these archives may be are in the cache.
fn known<'u>(units: impl Iterator<Item = &'u Unit>, cache: Option<&Cache>) -> HashSet<FactsKey> {
    let Some(cache) = cache else { return HashSet::new() };
    let digests = |unit: &'u Unit| unit.alternatives.iter().flat_map(|one| &one.digests).map(move |one| (unit, one));
    let keys: Vec<FactsKey> = units.flat_map(digests).flat_map(|(unit, digest)| unit.facts_keys_of(digest)).collect();
    let found = cache.facts(&keys);
    keys.into_iter().zip(found).filter_map(|(key, facts)| facts.map(|_| key)).collect()
}
