//! Archives that a scan has to do with: each is looked for and read once, however many places need it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use vetch_model::facts::{FileDigest, PackageFacts, PythonForm};
use vetch_model::integrity::{ContentHash, HashAlgorithm, Integrity};
use vetch_model::inventory::{Inventory, Package, Source};
use vetch_model::outcome::Incomplete;
use vetch_registries::{ArtifactRequest, TarballRequest};
use vetch_sandbox::WorkerError;

use super::archives::{LocalSources, Mismatch, Missing};
use super::drive::Attempts;
use super::gather::gave_up;
use super::jobs::{Job, Subject, Task};
use crate::cache::{ArchiveEntry, Cache, FactsKey};
use crate::jobs::{ArchiveKind, ArchiveReply, ArchiveRoot};
use crate::worker::root_of;

/// Marks, in [`FactsKey::flags`], that `prepare` and the like count.
const RUNS_PREPARE: u32 = 1;
/// Marks, in [`FactsKey::flags`], that the key is of an archive: its facts depend on more than its files.
const OF_ARCHIVE: u32 = 2;

/// Marks, in [`FactsKey::flags`], the form of a Python release, or what its archive is read as; from this bit on.
const PYTHON: u32 = 4;

/// The flags of the key of a folder's facts: the same files mean something else to another installer.
pub(crate) fn folder_flags(runs_prepare: bool, python: Option<PythonForm>) -> u32 {
    let prepare = if runs_prepare { RUNS_PREPARE } else { 0 };
    prepare | python.map_or(0, |form| (form as u32 + 1) * PYTHON)
}

/// Where an archive is looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// By integrity, in all local places; then by the request, if there is one.
    Integrity,
    /// At a path of the target itself.
    ProjectFile {
        /// Which target.
        project: usize,
        /// Relative to it.
        path: String,
    },
}

/// How an archive is fetched.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    Npm(TarballRequest),
    Python(Box<ArtifactRequest>),
}

/// One archive.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) origin: Origin,
    pub(crate) integrity: Option<Integrity>,
    /// Where any of several archives may be it: what each hashes to. [`Unit::integrity`] then is all
    /// of them, until it is known which one is at hand.
    pub(crate) alternatives: Vec<Integrity>,
    pub(crate) roots: Vec<ArchiveRoot>,
    /// How to fetch it, for which project.
    pub(crate) request: Option<(usize, Request)>,
    /// For messages.
    pub(crate) label: String,
    /// Whether its facts are wanted, or only its list of files.
    pub(crate) wants_facts: bool,
    /// The integrity under which a fetched archive was kept.
    pub(crate) fetched: Option<Integrity>,
    /// Whose archive it is.
    pub(crate) kind: ArchiveKind,
    /// Whether, once read, it may as well be a package of the other ecosystem.
    pub(crate) is_doubtful: bool,
    /// Once read. Complete, or not there.
    pub(crate) entry: Option<Arc<ArchiveEntry>>,
    /// By root, once read and wanted.
    pub(crate) facts: Option<Vec<Arc<PackageFacts>>>,
    /// Why it is not to be had.
    pub(crate) missing: Option<Missing>,
    /// Why it could not be read.
    pub(crate) failed: Option<Incomplete>,
}

impl Unit {
    /// Whether it is still to be read.
    pub(crate) fn is_open(&self) -> bool {
        let is_done = if self.wants_facts { self.facts.is_some() } else { self.entry.is_some() };
        !is_done && self.missing.is_none() && self.failed.is_none()
    }

    /// What it has to hash to, as far as anything says so.
    pub(crate) fn hashes_to(&self) -> Option<&Integrity> {
        self.fetched.as_ref().or(self.integrity.as_ref())
    }

    /// Whether it has more to it than its list of files.
    pub(crate) fn is_irregular(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| is_irregular(entry))
    }

    /// Why its facts are not there.
    pub(crate) fn why_not(&self) -> Incomplete {
        let missing = self.missing.as_ref().map(|missing| missing.incomplete(&self.label));
        self.failed.clone().or(missing).unwrap_or_else(|| {
            let why = "it could be listed, but was then no longer to be had";
            Incomplete::new(format!("the archive of {}", self.label), why, "scan again")
        })
    }

    /// The digest under which it is cached: only where one digest names it beyond doubt.
    pub(crate) fn cache_digest(&self) -> Option<&vetch_model::integrity::Digest> {
        match self.integrity.as_ref()?.digests.as_slice() {
            [digest] if digest.algorithm > HashAlgorithm::Sha1 => Some(digest),
            _ => None,
        }
    }

    /// The keys of its facts, by root.
    pub(crate) fn facts_keys(&self) -> Option<Vec<FactsKey>> {
        Some(self.facts_keys_of(self.cache_digest()?))
    }

    /// The keys of the facts of an archive of this digest, by root.
    pub(crate) fn facts_keys_of(&self, digest: &vetch_model::integrity::Digest) -> Vec<FactsKey> {
        // The same bytes mean something else to another installer.
        let python = match self.kind {
            ArchiveKind::Python(named) => (named as u32 + 1) * PYTHON,
            _ => 0,
        };
        let key = |root: &ArchiveRoot| {
            let mut hasher = blake3::Hasher::new();
            let parts = [digest.algorithm.as_str().as_bytes(), digest.bytes.as_slice(), root.path.as_bytes()];
            for part in parts.into_iter().chain(self.roots.iter().map(|root| root.path.as_bytes())) {
                hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
            }
            let prepare = if root.runs_prepare { RUNS_PREPARE } else { 0 };
            FactsKey { content: ContentHash(*hasher.finalize().as_bytes()), flags: OF_ARCHIVE | prepare | python }
        };
        self.roots.iter().map(key).collect()
    }

    /// Whether its list of files is kept: only those of npm's are compared with anything.
    fn is_listed(&self) -> bool {
        !matches!(self.kind, ArchiveKind::Python(_))
    }

    /// Takes in what a worker said.
    pub(crate) fn take(&mut self, reply: ArchiveReply) {
        self.is_doubtful = reply.is_doubtful;
        let is_whole = !reply.anomalies.iter().any(vetch_model::facts::ContainerAnomaly::loses_contents);
        let is_regular = reply.anomalies.is_empty() && !reply.has_stowaways;
        if is_whole {
            let content_hash =
                if is_regular { vetch_archive::content_hash(&reply.files) } else { ContentHash::default() };
            self.entry = Some(Arc::new(ArchiveEntry { content_hash, files: reply.files.clone() }));
        } else if !self.wants_facts {
            let why = "it is damaged or over a limit, so the installed files cannot be compared with it";
            self.failed =
                Some(Incomplete::new(format!("the archive of {}", self.label), why, "look at the archive itself"));
        }
        if self.wants_facts {
            let hashes = self.roots.iter().enumerate().map(|(root, _)| hash_of(&reply.files, &self.roots, root));
            let facts =
                reply.facts.into_iter().zip(hashes).map(|(facts, content_hash)| PackageFacts { content_hash, ..facts });
            let mut facts: Vec<PackageFacts> = facts.collect();
            if let Some(first) = facts.first_mut() {
                first.anomalies = reply.anomalies;
            }
            self.facts = Some(facts.into_iter().map(Arc::new).collect());
        }
    }
}

/// Whether an archive is more than its list of files says (entries that npm leaves out,
/// duplicates, …): such an archive is always analysed.
pub(crate) fn is_irregular(entry: &ArchiveEntry) -> bool {
    entry.content_hash == ContentHash::default()
}

fn hash_of(files: &[FileDigest], roots: &[ArchiveRoot], root: usize) -> ContentHash {
    let own = files.iter().filter_map(|file| {
        let (index, rest) = root_of(roots, &file.path)?;
        (index == root).then(|| FileDigest { path: rest.to_owned(), ..file.clone() })
    });
    vetch_archive::content_hash(&own.collect::<Vec<_>>())
}

/// An archive that is wanted.
pub(crate) struct Wanted {
    pub(crate) origin: Origin,
    /// Tells it from others of the same origin.
    pub(crate) name: String,
    pub(crate) integrity: Option<Integrity>,
    /// See [`Unit::alternatives`].
    pub(crate) alternatives: Vec<Integrity>,
    pub(crate) roots: Vec<ArchiveRoot>,
    pub(crate) request: Option<(usize, Request)>,
    pub(crate) label: String,
    pub(crate) kind: ArchiveKind,
}

/// What makes two archives the same.
type Key = (Origin, ArchiveKind, String, Vec<ArchiveRoot>);

/// All archives of a scan.
#[derive(Debug, Default)]
pub(crate) struct Units {
    pub(crate) all: Vec<Unit>,
    index: BTreeMap<Key, usize>,
}

/// A package in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InUnit {
    pub(crate) unit: usize,
    pub(crate) root: usize,
}

impl Units {
    /// The archive that a package comes in, if it comes in one that can be had.
    pub(crate) fn place(&mut self, project: usize, bundles: &Bundles<'_>, package: &Package) -> Option<InUnit> {
        let bundler =
            if package.bundled && package.integrity.is_none() { bundles.bundler_of(&package.path) } else { None };
        let carrier = bundler.unwrap_or(package);
        let runs_prepare = runs_prepare(carrier);
        let mut roots = vec![ArchiveRoot { path: String::new(), runs_prepare }];
        let bundled = bundles.of(carrier).into_iter();
        roots.extend(bundled.map(|path| ArchiveRoot { path: path.to_owned(), runs_prepare: false }));
        let wanted =
            if bundler.is_some() { package.path.strip_prefix(carrier.path.as_str())?.strip_prefix('/')? } else { "" };
        let root = roots.iter().position(|root| root.path == wanted)?;
        Some(InUnit { unit: self.unit(project, carrier, roots)?, root })
    }

    /// A target that is an archive itself.
    pub(crate) fn target(&mut self, project: usize, path: &str, kind: ArchiveKind) -> InUnit {
        let unit = self.add(Wanted {
            origin: Origin::ProjectFile { project, path: path.to_owned() },
            name: String::new(),
            integrity: None,
            alternatives: Vec::new(),
            roots: whole(),
            request: None,
            label: path.to_owned(),
            kind,
        });
        InUnit { unit, root: 0 }
    }

    fn unit(&mut self, project: usize, carrier: &Package, roots: Vec<ArchiveRoot>) -> Option<usize> {
        let integrity = carrier.integrity.clone();
        let request = TarballRequest::of(carrier);
        let origin = match &carrier.source {
            Source::File { path } => Origin::ProjectFile { project, path: path.clone() },
            _ => Origin::Integrity,
        };
        let name = match (&integrity, &request, &origin) {
            (Some(integrity), ..) => integrity.text.clone(),
            (None, _, Origin::ProjectFile { .. }) => String::new(),
            // Two targets may have different registries for one name.
            (None, Some(request), _) => format!("{project} {} {:?} {:?}", request.name, request.version, request.url),
            (None, None, _) => return None,
        };
        let request = request.map(|request| (project, Request::Npm(request)));
        let (label, kind, alternatives) = (carrier.label(), ArchiveKind::Npm, Vec::new());
        Some(self.add(Wanted { origin, name, integrity, alternatives, roots, request, label, kind }))
    }

    /// The archive that is wanted: one that is known already, or a new one.
    pub(crate) fn add(&mut self, wanted: Wanted) -> usize {
        let Wanted { origin, name, integrity, alternatives, roots, request, label, kind } = wanted;
        let key = (origin.clone(), kind, name, roots.clone());
        *self.index.entry(key).or_insert_with(|| {
            self.all.push(Unit {
                origin,
                integrity,
                alternatives,
                roots,
                request,
                label,
                wants_facts: false,
                fetched: None,
                kind,
                is_doubtful: false,
                entry: None,
                facts: None,
                missing: None,
                failed: None,
            });
            self.all.len() - 1
        })
    }

    /// Asks for the facts of the archive that a package comes in.
    pub(crate) fn want_facts(&mut self, place: Option<InUnit>) {
        if let Some(unit) = place.and_then(|place| self.all.get_mut(place.unit)) {
            unit.wants_facts = true;
        }
    }

    /// Takes lists of files from the cache.
    pub(crate) fn look_up_entries(&mut self, cache: Option<&Cache>) {
        let Some(cache) = cache else { return };
        let is_known = |unit: &Unit| unit.is_listed() && unit.cache_digest().is_some();
        let open: Vec<usize> = (0..self.all.len()).filter(|index| self.all.get(*index).is_some_and(is_known)).collect();
        let digests: Vec<_> = open.iter().filter_map(|index| self.all.get(*index)?.cache_digest()).collect();
        let entries = cache.archives(&digests);
        for (index, entry) in open.into_iter().zip(entries) {
            if let Some(unit) = self.all.get_mut(index) {
                unit.entry = entry.map(Arc::new);
            }
        }
    }

    /// Takes the facts that are wanted from the cache.
    pub(crate) fn look_up_facts(&mut self, cache: Option<&Cache>) {
        let Some(cache) = cache else { return };
        let wanted = self.all.iter_mut().filter(|unit| unit.wants_facts && unit.facts.is_none());
        let wanted: Vec<(&mut Unit, Vec<FactsKey>)> =
            wanted.filter_map(|unit| unit.facts_keys().map(|keys| (unit, keys))).collect();
        let keys: Vec<FactsKey> = wanted.iter().flat_map(|(_, keys)| keys.iter().copied()).collect();
        let mut found = cache.facts(&keys).into_iter();
        for (unit, keys) in wanted {
            let facts: Vec<Option<PackageFacts>> = found.by_ref().take(keys.len()).collect();
            let all: Option<Vec<PackageFacts>> = facts.into_iter().collect();
            unit.facts = all.map(|facts| facts.into_iter().map(Arc::new).collect());
        }
    }

    /// Passes over what no local place has, so that no worker is started for it.
    pub(crate) fn miss_absent(&mut self, sources: &LocalSources) {
        for unit in self.all.iter_mut().filter(|unit| unit.origin == Origin::Integrity && unit.is_open()) {
            unit.missing = match unit.hashes_to() {
                Some(integrity) => (!sources.may_have(integrity)).then(|| Missing::absent(unit.kind)),
                None => Some(Missing::unnamed(unit.kind)),
            };
        }
    }

    /// What is still to be read: lists of files too, unless only facts are asked for.
    pub(crate) fn jobs(&self, facts_only: bool) -> impl Iterator<Item = Job<'_>> {
        let open =
            self.all.iter().enumerate().filter(move |(_, unit)| unit.is_open() && (unit.wants_facts || !facts_only));
        open.map(|(index, unit)| Job {
            subject: Subject::Unit(index),
            task: Task::Archive { unit },
            attempts: Attempts::default(),
        })
    }

    /// Takes in what a worker said.
    pub(crate) fn take(&mut self, index: usize, reply: ArchiveReply) {
        if let Some(unit) = self.all.get_mut(index) {
            unit.take(reply);
        }
    }

    /// Keeps in the cache what was read of these archives.
    pub(crate) fn keep(&self, read: &[usize], cache: &Cache) {
        let read = || read.iter().filter_map(|index| self.all.get(*index));
        let listed = read().filter(|unit| unit.is_listed());
        cache.put_archives(listed.filter_map(|unit| Some((unit.cache_digest()?, unit.entry.as_deref()?))));
        let facts = read().filter_map(|unit| Some((unit.facts_keys()?, unit.facts.as_ref()?)));
        cache.put_facts(facts.flat_map(|(keys, facts)| keys.into_iter().zip(facts.iter().map(Arc::as_ref))));
    }

    /// The archive is not to be had.
    pub(crate) fn miss(&mut self, index: usize, missing: Missing) {
        if let Some(unit) = self.all.get_mut(index) {
            unit.missing = Some(missing);
        }
    }

    /// No worker could read it.
    pub(crate) fn fail(&mut self, index: usize, error: &WorkerError) {
        if let Some(unit) = self.all.get_mut(index) {
            unit.failed = Some(gave_up(format!("the archive of {}", unit.label), error));
        }
    }

    /// What was offered as this archive and was not.
    pub(crate) fn mismatches(&self, place: InUnit) -> impl Iterator<Item = &Mismatch> {
        let missing = self.all.get(place.unit).and_then(|unit| unit.missing.as_ref());
        missing.and_then(|missing| missing.mismatch.as_deref()).into_iter()
    }
}

/// The one root of an archive that bundles nothing.
pub(crate) fn whole() -> Vec<ArchiveRoot> {
    vec![ArchiveRoot { path: String::new(), runs_prepare: false }]
}

/// Whether npm runs `prepare` for it: for git repositories and folders, not for archives.
pub(crate) fn runs_prepare(package: &Package) -> bool {
    matches!(package.source, Source::Git { .. })
}

/// Which packages of an inventory are bundled in which.
pub(crate) struct Bundles<'i> {
    /// Paths of packages that may bundle others, with their packages.
    carriers: BTreeMap<&'i str, &'i Package>,
    bundled: BTreeSet<&'i str>,
}

impl<'i> Bundles<'i> {
    pub(crate) fn new(inventory: &'i Inventory) -> Bundles<'i> {
        let is_bundled = |package: &&Package| package.bundled && package.integrity.is_none();
        let bundled = inventory.packages.iter().filter(is_bundled).map(|package| package.path.as_str()).collect();
        let carriers = inventory.packages.iter().filter(|package| !is_bundled(package));
        Bundles { carriers: carriers.map(|package| (package.path.as_str(), package)).collect(), bundled }
    }

    /// The package whose archive ships this one: the nearest around it that is not bundled itself.
    fn bundler_of(&self, path: &str) -> Option<&'i Package> {
        let mut path = path;
        loop {
            path = path.rsplit_once("/node_modules/").map(|(before, _)| before)?;
            if let Some(carrier) = self.carriers.get(path) {
                return Some(carrier);
            }
        }
    }

    /// Paths, below `carrier`, of what its archive ships.
    fn of(&self, carrier: &Package) -> Vec<&'i str> {
        let start = format!("{}/node_modules/", carrier.path);
        let inside = self
            .bundled
            .range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded))
            .take_while(|path| path.starts_with(&start));
        let own = inside.filter(|path| self.bundler_of(path).is_some_and(|bundler| bundler.path == carrier.path));
        own.filter_map(|path| path.get(carrier.path.len() + 1..)).collect()
    }
}
