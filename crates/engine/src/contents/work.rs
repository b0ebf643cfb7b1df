//! One job from the parent's side: what is read, what is known already, what a worker has to do.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use vetch_model::Trigger;
use vetch_model::facts::{FileDigest, PackageFacts};
use vetch_sandbox::WorkerError;

use super::archives::{LocalSources, project_file};
use super::drive::{self, Attempts, Files, Package, Talk, Unasked};
use super::installed::{Walked, open_file, open_folder};
use super::jobs::{Done, FolderDone, Job, Task};
use super::read::Hashed;
use super::units::{Origin, Unit, folder_flags};
use crate::cache::{Cache, FactsKey};
use crate::jobs::ArchiveJob;
use crate::project::Project;

/// Facts written to the cache at once: each write is a transaction.
const BATCH: usize = 64;

/// Facts by contents: the same release may lie in many places.
pub(crate) type Known = Mutex<HashMap<FactsKey, Arc<PackageFacts>>>;

/// What jobs need, shared by all of them.
pub(crate) struct Driver<'d> {
    pub(crate) projects: &'d [Project],
    pub(crate) sources: &'d LocalSources,
    pub(crate) cache: Option<&'d Cache>,
    pub(crate) known: &'d Known,
    /// Whether the user has YARA rules.
    pub(crate) is_tried: bool,
    /// Facts that the cache does not have yet.
    pub(crate) unwritten: Mutex<Vec<(FactsKey, Arc<PackageFacts>)>>,
}

impl Driver<'_> {
    /// Does one job with the help of a worker.
    pub(crate) fn drive(&self, talk: &mut Talk<'_>, job: &Job<'_>) -> Result<Done, WorkerError> {
        match job.task {
            Task::Folder { root, path, walked, runs_prepare, python } => match open_folder(root, path) {
                Ok(folder) => {
                    let hashed = Hashed::new(folder, walked);
                    let unasked = Unasked::All;
                    let is_tried = self.is_tried;
                    let package = Package { walked, files: &hashed, unasked, runs_prepare, is_tried, python };
                    self.folder(talk, &job.attempts, &hashed, &package)
                }
                Err(error) => Ok(Done::Lost(format!("its folder cannot be opened: {error}"))),
            },
            Task::OwnCode { root, path, walked } => own_code(talk, &job.attempts, root, path, walked),
            Task::Archive { unit } => self.archive(talk, &job.attempts, unit),
        }
    }

    fn folder(
        &self,
        talk: &mut Talk<'_>,
        attempts: &Attempts,
        hashed: &Hashed<'_>,
        package: &Package<'_>,
    ) -> Result<Done, WorkerError> {
        let digests = hashed.digests();
        let hash = vetch_archive::content_hash(&digests);
        let is_complete = hashed.is_complete();
        let key = FactsKey { content: hash, flags: folder_flags(package.runs_prepare, package.python) };
        if let Some(facts) = self.known(&key).filter(|_| is_complete) {
            return Ok(Done::Folder(FolderDone { hash, digests, facts, is_complete }));
        }
        let facts = drive::package(talk, attempts, package)?;
        let facts = Arc::new(PackageFacts { content_hash: hash, ..facts });
        // What depended on a death, on permissions or on the clock says nothing about the contents as such.
        if is_complete && !attempts.any_death() && !ran_out_of_time(&facts) {
            self.learn(key, &facts);
        }
        Ok(Done::Folder(FolderDone { hash, digests, facts, is_complete }))
    }

    fn known(&self, key: &FactsKey) -> Option<Arc<PackageFacts>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        known.or_else(|| {
            let facts = self.cache?.facts(&[*key]).pop()??;
            let facts = Arc::new(PackageFacts { content_hash: key.content, ..facts });
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(*key, Arc::clone(&facts));
            Some(facts)
        })
    }

    fn learn(&self, key: FactsKey, facts: &Arc<PackageFacts>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(facts));
        if self.cache.is_none() {
            return;
        }
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        unwritten.push((key, Arc::clone(facts)));
        if unwritten.len() >= BATCH {
            let batch = std::mem::take(&mut *unwritten);
            drop(unwritten);
            self.write(&batch);
        }
    }

    fn write(&self, batch: &[(FactsKey, Arc<PackageFacts>)]) {
        if let Some(cache) = self.cache {
            cache.put_facts(batch.iter().map(|(key, facts)| (*key, facts.as_ref())));
        }
    }

    /// Writes what is not written yet.
    pub(crate) fn flush(self) {
        let rest = std::mem::take(&mut *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner));
        self.write(&rest);
    }

    fn archive(&self, talk: &mut Talk<'_>, attempts: &Attempts, unit: &Unit) -> Result<Done, WorkerError> {
        let found = match (&unit.origin, unit.hashes_to()) {
            (Origin::ProjectFile { project, path }, integrity) => match self.projects.get(*project) {
                Some(project) => project_file(&project.dir, path, integrity),
                None => return Err(WorkerError::protocol("no such target")),
            },
            (Origin::Integrity, Some(integrity)) => self.sources.find(integrity, unit.kind),
            (Origin::Integrity, None) => Err(super::archives::Missing::unnamed(unit.kind)),
        };
        let bytes = match found {
            Ok(bytes) => bytes,
            Err(missing) => return Ok(Done::Missing(missing)),
        };
        let (roots, facts) = (unit.roots.clone(), unit.wants_facts);
        let job = ArchiveJob { kind: unit.kind, roots, facts, fatal: Vec::new() };
        let reply = drive::archive(talk, attempts, &job, bytes)?;
        let cacheable = !attempts.any_death() && !reply.facts.iter().any(ran_out_of_time);
        Ok(Done::Archive { reply, cacheable })
    }
}

fn ran_out_of_time(facts: &PackageFacts) -> bool {
    facts.yara.as_ref().is_some_and(|yara| yara.ran_out_of_time)
}

/// The user's own folder: only the manifest is sent, and what the analysis asks for because a
/// script runs it. The content hash is that of what was looked at.
fn own_code(
    talk: &mut Talk<'_>,
    attempts: &Attempts,
    root: BorrowedFd<'_>,
    path: &str,
    walked: &Walked,
) -> Result<Done, WorkerError> {
    let folder = match open_folder(root, path) {
        Ok(folder) => folder,
        Err(error) => return Ok(Done::Lost(format!("its folder cannot be opened: {error}"))),
    };
    let files = OwnFiles { folder, walked, read: RefCell::default() };
    // The user's YARA rules are for other people's code: of one's own only a few files are looked at.
    let (unasked, is_tried) = (Unasked::None, false);
    let package = Package { walked, files: &files, unasked, runs_prepare: true, is_tried, python: None };
    let mut facts = drive::package(talk, attempts, &package)?;
    let digests: Vec<FileDigest> = files.read.into_inner().into_values().collect();
    facts.content_hash = vetch_archive::content_hash(&digests);
    facts.profile.capabilities.retain(|capability| capability.trigger == Trigger::Install);
    facts.profile.flows.retain(|flow| flow.trigger == Trigger::Install);
    facts.signals.retain(|signal| signal.trigger == Trigger::Install);
    facts.unread.retain(|unread| unread.trigger == Trigger::Install);
    let hash = facts.content_hash;
    Ok(Done::Folder(FolderDone { hash, digests, facts: Arc::new(facts), is_complete: false }))
}

/// Files that are read when they are asked for.
struct OwnFiles<'w> {
    folder: OwnedFd,
    walked: &'w Walked,
    read: RefCell<BTreeMap<usize, FileDigest>>,
}

impl Files for OwnFiles<'_> {
    fn with(
        &self,
        index: usize,
        limit: usize,
        take: &mut dyn FnMut(&[u8]) -> Result<(), WorkerError>,
    ) -> Result<Result<(), WorkerError>, String> {
        let seen = self.walked.files.get(index).ok_or("there is no such file")?;
        let mut bytes = Vec::new();
        let file = open_file(self.folder.as_fd(), seen).map_err(|error| error.to_string())?;
        file.take(limit as u64).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let blake3 = *blake3::hash(&bytes).as_bytes();
        let digest = FileDigest { path: seen.path.clone(), size: bytes.len() as u64, blake3 };
        self.read.borrow_mut().insert(index, digest);
        Ok(take(&bytes))
    }
}
