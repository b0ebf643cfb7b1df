//! Runs jobs in worker processes: largest first, and only one that needs much memory at a time.

use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use vetch_model::facts::{FileDigest, PackageFacts, PythonForm};
use vetch_model::integrity::ContentHash;
use vetch_sandbox::{AfterDeath, Cancel, Pool, WorkerCommand, WorkerError, WorkerLimits, WorkerProcess};

use super::drive::{Attempts, Talk};
use super::installed::Walked;
use super::units::Unit;
use crate::cache::Cache;
use crate::jobs::{ArchiveReply, Compiled, ask, decode, reply};
use crate::worker::WORKER_COMMAND;
use crate::{EngineError, Progress};

/// A file from this size on may take a large part of the memory that a scan may use.
const HEAVY_FILE: u64 = 4 << 20;

/// One job.
pub(crate) struct Job<'a> {
    /// What it is for.
    pub(crate) subject: Subject,
    pub(crate) task: Task<'a>,
    pub(crate) attempts: Attempts,
}

/// What a job is for: an index of the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// A package at a place.
    Plan(usize),
    /// An archive.
    Unit(usize),
}

/// What is to be done.
pub(crate) enum Task<'a> {
    /// Analyse an installed folder in full.
    Folder {
        root: BorrowedFd<'a>,
        path: &'a str,
        walked: &'a Walked,
        runs_prepare: bool,
        /// The form of a Python release; `None` for npm's packages.
        python: Option<PythonForm>,
    },
    /// Look at what the install scripts of the user's own folder run.
    OwnCode { root: BorrowedFd<'a>, path: &'a str, walked: &'a Walked },
    /// Read an archive.
    Archive { unit: &'a Unit },
}

/// What came of it.
pub(crate) enum Done {
    Folder(FolderDone),
    Archive {
        reply: ArchiveReply,
        cacheable: bool,
    },
    /// The archive is not to be had.
    Missing(super::archives::Missing),
    /// The folder is not to be had, and why.
    Lost(String),
}

/// An installed folder, analysed.
pub(crate) struct FolderDone {
    pub(crate) hash: ContentHash,
    /// Sorted by path.
    pub(crate) digests: Vec<FileDigest>,
    pub(crate) facts: Arc<PackageFacts>,
    /// Whether every file could be read.
    pub(crate) is_complete: bool,
}

impl Job<'_> {
    fn weight(&self) -> u64 {
        match &self.task {
            Task::Folder { walked, .. } => walked.bytes(),
            // Most archives hold about as much as an ordinary package; which one is not known before.
            Task::Archive { .. } => 1 << 17,
            Task::OwnCode { .. } => 0,
        }
    }

    fn is_heavy(&self) -> bool {
        match &self.task {
            Task::Folder { walked, .. } => walked.files.iter().any(|file| {
                file.identity.size >= HEAVY_FILE
                    && vetch_behaviour::wanted(&file.path) == vetch_behaviour::Wanted::Whole
            }),
            Task::Archive { .. } | Task::OwnCode { .. } => false,
        }
    }
}

/// What running jobs takes.
pub(crate) struct Runner<'r> {
    pub(crate) jobs: NonZeroUsize,
    pub(crate) cancel: &'r Cancel,
    pub(crate) progress: &'r dyn Progress,
    /// The user's YARA rules, as each worker gets them.
    pub(crate) yara: Option<Vec<u8>>,
    /// Whether the user was told how far workers are confined.
    told: AtomicBool,
}

/// What a few thousand compiled YARA rules may take of a worker's memory, in bytes.
const YARA_BYTES: u64 = 1 << 30;

/// The limits of a worker: room for the largest stack, the memory that parsing may take
/// (see `vetch_syntax::limits`), an archive, and the allocator's reserve.
fn limits(has_yara: bool) -> WorkerLimits {
    let stack = vetch_syntax::limits::STACK_BYTES as u64;
    let parsing = vetch_syntax::limits::Limits::default().max_memory as u64;
    let memory_bytes = stack + parsing + super::archives::LARGEST_ARCHIVE + (512 << 20);
    let memory_bytes = memory_bytes + if has_yara { YARA_BYTES } else { 0 };
    WorkerLimits { memory_bytes, ..WorkerLimits::default() }
}

impl<'r> Runner<'r> {
    pub(crate) fn new(jobs: NonZeroUsize, cancel: &'r Cancel, progress: &'r dyn Progress) -> Runner<'r> {
        Runner { jobs, cancel, progress, yara: None, told: AtomicBool::new(false) }
    }

    fn command(&self) -> Result<WorkerCommand, EngineError> {
        let program = WorkerCommand::own_executable().map_err(|error| no_workers(&error.to_string()))?;
        let (arguments, limits) = (vec![WORKER_COMMAND.into()], limits(self.yara.is_some()));
        Ok(WorkerCommand { program, arguments, limits, cancel: self.cancel.clone() })
    }

    /// Starts a worker that knows the user's YARA rules.
    fn spawn(&self, command: &WorkerCommand) -> Result<(WorkerProcess, Compiled), WorkerError> {
        let mut worker = WorkerProcess::spawn(command)?;
        self.tell(&worker);
        let Some(yara) = &self.yara else { return Ok((worker, Ok(Vec::new()))) };
        worker.begin_job();
        worker.send(ask::YARA, &[yara])?;
        let frame = worker.recv()?;
        if frame.kind != reply::COMPILED {
            return Err(WorkerError::protocol(format!("answered rules with frame {}", frame.kind)));
        }
        Ok((worker, decode(&frame.payload)?))
    }

    /// Has the user's YARA rules compiled by a worker of its own; all that is wrong with them, if anything is.
    ///
    /// # Errors
    /// When no worker can be started, or it does not survive them.
    pub(crate) fn compile(&self) -> Result<Compiled, EngineError> {
        match self.spawn(&self.command()?) {
            Ok((_, compiled)) => Ok(compiled),
            Err(WorkerError::Cancelled) => Err(EngineError::Cancelled),
            Err(error @ (WorkerError::Spawn { .. } | WorkerError::Unavailable { .. })) => {
                Err(no_workers(&chain(&error)))
            }
            Err(error) => Err(EngineError::Environment {
                what: "the YARA rules cannot be compiled".to_owned(),
                reason: chain(&error),
                hint: "take away the largest files of rules until they can".to_owned(),
            }),
        }
    }

    /// Runs all jobs; `sink` gets each result once, in the order they finish.
    ///
    /// # Errors
    /// When no worker can be started, or the user cancels.
    pub(crate) fn run<'a>(
        &self,
        mut jobs: Vec<Job<'a>>,
        drive: impl Fn(&mut Talk<'_>, &Job<'a>) -> Result<Done, WorkerError> + Sync,
        mut sink: impl FnMut(&Job<'a>, Result<Done, WorkerError>),
    ) -> Result<(), EngineError> {
        if jobs.is_empty() {
            return Ok(());
        }
        // Largest first: the last job to finish should be a small one. Then by subject, for the same order every time.
        jobs.sort_by_key(|job| (std::cmp::Reverse(job.weight()), job.subject));
        let command = self.command()?;
        let pool = Pool::new(self.jobs, self.cancel.clone(), || match self.spawn(&command)? {
            (worker, Ok(_)) => Ok(worker),
            (_, Err(_)) => Err(WorkerError::protocol("the rules that one worker compiled are refused by another")),
        });
        let feeder = Feeder::new(jobs);
        let heavy = &feeder.heavy;
        let (mut started, mut unavailable) = (false, None);
        let summary = pool.run(
            feeder.iter(),
            |worker, job: &Job<'a>| {
                let _turn = job.is_heavy().then(|| heavy.enter());
                job.attempts.run(worker, |talk| drive(talk, job))
            },
            |job, error, attempts| match error {
                WorkerError::Spawn { .. } | WorkerError::Unavailable { .. } | WorkerError::Cancelled => {
                    AfterDeath::GiveUp
                }
                _ => job.attempts.after(error, attempts),
            },
            |delivery| {
                match &delivery.result {
                    Err(error @ (WorkerError::Spawn { .. } | WorkerError::Unavailable { .. })) => {
                        unavailable.get_or_insert_with(|| chain(error));
                    }
                    _ => started = true,
                }
                sink(&delivery.job, delivery.result);
            },
        );
        let summary = summary.map_err(|error| no_workers(&error.to_string()))?;
        if summary.cancelled {
            return Err(EngineError::Cancelled);
        }
        match unavailable.filter(|_| !started) {
            Some(reason) => Err(no_workers(&reason)),
            None => Ok(()),
        }
    }

    /// Passes on what the cache has to say.
    pub(crate) fn notices(&self, cache: &Cache) {
        cache.take_notices().iter().for_each(|notice| self.progress.notice(&notice.0));
    }

    /// Says once which walls are missing on this system.
    fn tell(&self, worker: &WorkerProcess) {
        if let Some(notice) = worker.confinement().notice()
            && !self.told.swap(true, Ordering::Relaxed)
        {
            self.progress.notice(&notice);
        }
    }
}

/// An error with its causes.
fn chain(error: &WorkerError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn no_workers(reason: &str) -> EngineError {
    EngineError::Environment {
        what: "worker processes cannot be started".to_owned(),
        reason: reason.to_owned(),
        hint: "allow this program to start itself (limits on processes or memory, a container's seccomp profile), or use fewer with --jobs".to_owned(),
    }
}

/// Hands out jobs: while a heavy one is under way, the largest light one comes next.
struct Feeder<'a> {
    waiting: Mutex<Waiting<'a>>,
    heavy: Turn,
}

struct Waiting<'a> {
    heavy: std::vec::IntoIter<Job<'a>>,
    light: std::vec::IntoIter<Job<'a>>,
}

/// Held while a heavy job is under way.
#[derive(Default)]
struct Turn {
    lock: Mutex<()>,
    is_taken: AtomicBool,
}

struct Taken<'t> {
    turn: &'t Turn,
    _guard: std::sync::MutexGuard<'t, ()>,
}

impl Turn {
    fn enter(&self) -> Taken<'_> {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_taken.store(true, Ordering::Release);
        Taken { turn: self, _guard: guard }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.turn.is_taken.store(false, Ordering::Release);
    }
}

impl<'a> Feeder<'a> {
    fn new(jobs: Vec<Job<'a>>) -> Feeder<'a> {
        let (heavy, light): (Vec<_>, Vec<_>) = jobs.into_iter().partition(Job::is_heavy);
        Feeder {
            waiting: Mutex::new(Waiting { heavy: heavy.into_iter(), light: light.into_iter() }),
            heavy: Turn::default(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = Job<'a>> + Send + '_ {
        std::iter::from_fn(|| {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            // Taken here already: two lanes that ask at once must not both get a heavy job.
            if !self.heavy.is_taken.load(Ordering::Acquire)
                && let Some(job) = waiting.heavy.next()
            {
                self.heavy.is_taken.store(true, Ordering::Release);
                return Some(job);
            }
            waiting.light.next().or_else(|| waiting.heavy.next())
        })
    }
}
