//! The parent's side of one job: sends it to a worker and reads what comes back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vetch_behaviour::{HEAD_BYTES, Wanted, wanted};
use vetch_lockfiles::installed::release;
use vetch_model::facts::{PackageFacts, PythonForm};
use vetch_sandbox::{AfterDeath, Frame, WorkerError};

use super::LARGEST_FILE;
use super::installed::Walked;
use super::read::Hashed;
use crate::jobs::{
    ArchiveJob, ArchiveReply, CHUNK_BYTES, PackageJob, Peer, WHOLE, WhyWithheld, Withhold, ask, decode, encode,
    index_of, reply,
};

/// How many files of one package may kill a worker before the package is given up.
const MOST_DEATHS: usize = 4;

/// How often a worker may ask for more files; each round follows one more link of a chain of references.
const MOST_ROUNDS: usize = 64;

/// What earlier attempts at a job taught.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<Lessons>);

#[derive(Debug, Default)]
struct Lessons {
    /// Files that a worker died on, with the cause.
    fatal: BTreeMap<u32, String>,
    /// What the worker was at when it failed.
    last: Option<u32>,
    /// Some attempt failed.
    failed: bool,
}

impl Attempts {
    fn lock(&self) -> MutexGuard<'_, Lessons> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether some file was withheld because a worker died on it: such facts are never kept.
    pub(crate) fn any_death(&self) -> bool {
        !self.lock().fatal.is_empty()
    }

    fn any_failure(&self) -> bool {
        self.lock().failed
    }

    fn fatal(&self) -> Vec<(u32, String)> {
        self.lock().fatal.iter().map(|(file, why)| (*file, why.clone())).collect()
    }

    /// Runs one attempt and, if it fails, notes which file the worker was at.
    pub(crate) fn run<T>(
        &self,
        peer: &mut dyn Peer,
        attempt: impl FnOnce(&mut Talk<'_>) -> Result<T, WorkerError>,
    ) -> Result<T, WorkerError> {
        let mut talk = Talk { peer, last: None };
        let result = attempt(&mut talk);
        if result.is_err() {
            for frame in talk.peer.last_frames() {
                talk.note(&frame);
            }
            let mut lessons = self.lock();
            (lessons.last, lessons.failed) = (talk.last, true);
        }
        result
    }

    /// Whether to try again: without the file that did it, or once more if nothing is to blame.
    pub(crate) fn after(&self, error: &WorkerError, attempts: u32) -> AfterDeath {
        let mut lessons = self.lock();
        match lessons.last.take().filter(|file| *file != WHOLE) {
            Some(file) if lessons.fatal.len() < MOST_DEATHS => {
                lessons.fatal.insert(file, error.to_string());
                AfterDeath::Retry
            }
            Some(_) => AfterDeath::GiveUp,
            None if attempts < 2 => AfterDeath::Retry,
            None => AfterDeath::GiveUp,
        }
    }
}

/// An exchange with a worker, which remembers what the worker is at.
pub(crate) struct Talk<'p> {
    peer: &'p mut dyn Peer,
    last: Option<u32>,
}

impl Talk<'_> {
    fn note(&mut self, frame: &Frame) -> bool {
        let started = frame.kind == reply::STARTED;
        if started {
            self.last = index_of(&frame.payload).map(|(index, _)| index);
        }
        started
    }

    fn send(&mut self, kind: u8, parts: &[&[u8]]) -> Result<(), WorkerError> {
        self.peer.send(kind, parts)
    }

    /// The next frame that is an answer.
    fn answer(&mut self) -> Result<Frame, WorkerError> {
        loop {
            let frame = self.peer.recv()?;
            if !self.note(&frame) {
                return Ok(frame);
            }
        }
    }
}

/// Which files of a package are sent unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unasked {
    /// All, as the analysis wants them.
    All,
    /// None but the manifest: only what install scripts run is of interest.
    None,
}

/// Where the bytes of a package's files come from.
pub(crate) trait Files {
    /// The first `limit` bytes of a file, or why they cannot be had.
    fn with(
        &self,
        index: usize,
        limit: usize,
        take: &mut dyn FnMut(&[u8]) -> Result<(), WorkerError>,
    ) -> Result<Result<(), WorkerError>, String>;
}

impl Files for Hashed<'_> {
    fn with(
        &self,
        index: usize,
        limit: usize,
        take: &mut dyn FnMut(&[u8]) -> Result<(), WorkerError>,
    ) -> Result<Result<(), WorkerError>, String> {
        if let Some(trouble) = self.trouble(index) {
            return Err(trouble.to_owned());
        }
        self.with_bytes(index, limit, take).map_err(|error| error.to_string())
    }
}

/// A package as it is sent.
pub(crate) struct Package<'a> {
    pub(crate) walked: &'a Walked,
    pub(crate) files: &'a dyn Files,
    pub(crate) unasked: Unasked,
    pub(crate) runs_prepare: bool,
    /// Whether the user's YARA rules are to be tried on its files.
    pub(crate) is_tried: bool,
    /// The form of a Python release; `None` for npm's packages.
    pub(crate) python: Option<PythonForm>,
}

/// Has a package analysed.
pub(crate) fn package(
    talk: &mut Talk<'_>,
    attempts: &Attempts,
    package: &Package<'_>,
) -> Result<PackageFacts, WorkerError> {
    let fatal: BTreeMap<u32, String> = attempts.fatal().into_iter().collect();
    let mut sender = Sender { talk, package, fatal: &fatal, tells_files: attempts.any_failure() };
    sender.begin()?;
    if package.unasked == Unasked::All {
        for (index, seen) in package.walked.files.iter().enumerate() {
            sender.file(index, wanted(&seen.path))?;
        }
    }
    for _ in 0..MOST_ROUNDS {
        sender.talk.send(ask::END, &[])?;
        let answer = sender.talk.answer()?;
        match answer.kind {
            reply::DONE => return decode(&answer.payload),
            reply::NEEDS => {
                let needs: Vec<u32> = decode(&answer.payload)?;
                for index in needs {
                    sender.file(index as usize, Wanted::Whole)?;
                }
            }
            other => return Err(WorkerError::protocol(format!("answered with frame {other}"))),
        }
    }
    Err(WorkerError::protocol("asks for files without end"))
}

struct Sender<'s, 't, 'p> {
    talk: &'s mut Talk<'t>,
    package: &'s Package<'p>,
    fatal: &'s BTreeMap<u32, String>,
    /// Whether the worker is to say which file it is at.
    tells_files: bool,
}

impl Sender<'_, '_, '_> {
    fn begin(&mut self) -> Result<(), WorkerError> {
        let files = &self.package.walked.files;
        if self.package.python.is_some() {
            self.metadata()?;
        } else if let Ok(index) = files.binary_search_by(|file| file.path.as_str().cmp("package.json")) {
            let limit = vetch_lockfiles::npm::package_json::MAX_BYTES + 1;
            let talk = &mut *self.talk;
            // A manifest that cannot be read is withheld below like any other file.
            if let Ok(sent) = self.package.files.with(index, limit, &mut |bytes| talk.send(ask::MANIFEST, &[bytes])) {
                sent?;
            }
        }
        let files = files.iter().map(|file| (file.path.clone(), file.identity.size)).collect();
        let Package { runs_prepare, is_tried, python, .. } = *self.package;
        let job = PackageJob { files, runs_prepare, tells_files: self.tells_files, is_tried, python };
        self.talk.send(ask::PACKAGE, &[&encode(&job)?])
    }

    /// What says something about a Python release. What cannot be read is withheld below like any other file.
    fn metadata(&mut self) -> Result<(), WorkerError> {
        let files = self.package.walked.files.iter().enumerate();
        for (index, seen) in files.filter(|(_, seen)| release::is_metadata(&seen.path)) {
            let talk = &mut *self.talk;
            let mut send = |bytes: &[u8]| talk.send(ask::METADATA, &[&encode(&(&seen.path, bytes))?]);
            if let Ok(sent) = self.package.files.with(index, release::MAX_BYTES + 1, &mut send) {
                sent?;
            }
        }
        Ok(())
    }

    fn file(&mut self, index: usize, wanted: Wanted) -> Result<(), WorkerError> {
        let Some(seen) = self.package.walked.files.get(index) else {
            return Err(WorkerError::protocol("asks for a file that is not there"));
        };
        let number = u32::try_from(index).unwrap_or(WHOLE);
        if let Some(why) = self.fatal.get(&number) {
            return self.withhold(number, WhyWithheld::WorkerDied, why.clone());
        }
        let size = seen.identity.size;
        if wanted == Wanted::Whole && size > LARGEST_FILE {
            let why = format!("{size} bytes, more than the limit of {LARGEST_FILE}");
            return self.withhold(number, WhyWithheld::TooLarge, why);
        }
        let is_head = wanted == Wanted::Head && !(self.package.is_tried && size <= LARGEST_FILE);
        let limit = if is_head { HEAD_BYTES } else { usize::MAX };
        let talk = &mut *self.talk;
        let sent =
            self.package.files.with(index, limit, &mut |bytes| talk.send(ask::FILE, &[&number.to_le_bytes(), bytes]));
        match sent {
            Ok(sent) => sent,
            Err(why) => self.withhold(number, WhyWithheld::Unreadable, why),
        }
    }

    fn withhold(&mut self, file: u32, why: WhyWithheld, detail: String) -> Result<(), WorkerError> {
        self.talk.send(ask::WITHHOLD, &[&encode(&Withhold { file, why, detail })?])
    }
}

/// Has an archive read.
pub(crate) fn archive(
    talk: &mut Talk<'_>,
    attempts: &Attempts,
    job: &ArchiveJob,
    bytes: Vec<u8>,
) -> Result<ArchiveReply, WorkerError> {
    let job = ArchiveJob { fatal: attempts.fatal(), ..job.clone() };
    talk.send(ask::ARCHIVE, &[&encode(&job)?])?;
    for chunk in bytes.chunks(CHUNK_BYTES) {
        talk.send(ask::CHUNK, &[chunk])?;
    }
    // The worker has its copy.
    drop(bytes);
    talk.send(ask::END, &[])?;
    let answer = talk.answer()?;
    match answer.kind {
        reply::DONE => decode(&answer.payload),
        other => Err(WorkerError::protocol(format!("answered with frame {other}"))),
    }
}
