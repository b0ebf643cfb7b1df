//! The worker's side: takes jobs from standard input and answers on standard output,
//! confined by `vetch_sandbox`. Holds no state between jobs but the user's YARA rules.

mod archive;
mod package;
mod python;
mod tries;

use std::process::ExitCode;
use std::rc::Rc;
use std::thread;

use vetch_behaviour::Withheld;
use vetch_lockfiles::MemoryFiles;
use vetch_lockfiles::npm::package_json;
use vetch_model::Trigger;
use vetch_model::facts::{PackageFacts, Unread, UnreadReason};
use vetch_model::manifest::Manifest;
use vetch_sandbox::frame::FrameError;
use vetch_sandbox::{Link, WorkerError, WorkerLimits};
use vetch_yara::Rules;

use crate::jobs::{Compiled, WhyWithheld, ask, decode, encode, reply};
use archive::ArchiveRun;
pub(crate) use archive::root_of;
use package::PackageRun;

/// The hidden subcommand; its one argument is the limits.
pub const WORKER_COMMAND: &str = "__worker";

/// The `main` of a worker process, whose last argument is its limits.
/// Must be called before any other thread is started.
pub fn worker_main() -> ExitCode {
    worker_main_observed(|_| {})
}

/// As [`worker_main`], with a look at every file before it is analysed: tests have workers die on some.
#[doc(hidden)]
pub fn worker_main_observed(observe: fn(&[u8])) -> ExitCode {
    let argument = std::env::args().next_back().unwrap_or_default();
    let Ok(limits) = WorkerLimits::from_argument(&argument) else { return ExitCode::from(2) };
    let Ok(mut link) = Link::start(&limits) else { return ExitCode::FAILURE };
    let serving = thread::Builder::new().name("analysis".to_owned()).stack_size(vetch_syntax::limits::STACK_BYTES);
    let served = serving.spawn(move || serve(&mut link, observe)).map(thread::JoinHandle::join);
    match served {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        // The parent reads the exit status and the panic message, if there is one.
        _ => ExitCode::FAILURE,
    }
}

fn serve(link: &mut Link, observe: fn(&[u8])) -> Result<(), WorkerError> {
    let mut session = Session { observe, manifest: None, metadata: MemoryFiles::default(), yara: None, job: Job::None };
    while let Some(frame) = link.recv().map_err(broken)? {
        session.take(frame.kind, frame.payload, &mut |kind, parts| link.send(kind, parts).map_err(broken))?;
    }
    Ok(())
}

fn broken(error: FrameError) -> WorkerError {
    WorkerError::protocol(error.to_string())
}

/// Where replies go.
type Reply<'r> = dyn FnMut(u8, &[&[u8]]) -> Result<(), WorkerError> + 'r;

/// One job at a time.
struct Session {
    observe: fn(&[u8]),
    manifest: Option<Vec<u8>>,
    /// Of the Python release that is to come.
    metadata: MemoryFiles,
    yara: Option<Rc<Rules>>,
    job: Job,
}

#[derive(Default)]
enum Job {
    #[default]
    None,
    Package(Box<PackageRun>),
    Archive(ArchiveRun),
}

impl Session {
    /// Takes one frame of the parent.
    fn take(&mut self, kind: u8, payload: Vec<u8>, reply: &mut Reply<'_>) -> Result<(), WorkerError> {
        match (kind, &mut self.job) {
            (ask::YARA, _) => {
                let compiled: Compiled = Rules::compile(decode(&payload)?).map(|rules| {
                    let list = rules.rules().to_vec();
                    self.yara = Some(Rc::new(rules));
                    list
                });
                reply(reply::COMPILED, &[&encode(&compiled)?])?;
            }
            (ask::MANIFEST, _) => self.manifest = Some(payload),
            (ask::METADATA, _) => {
                let (path, bytes): (String, Vec<u8>) = decode(&payload)?;
                self.metadata.0.insert(path, bytes);
            }
            (ask::PACKAGE, _) => {
                let (manifest, metadata) = (self.manifest.take(), std::mem::take(&mut self.metadata));
                let (observe, yara) = (self.observe, self.yara.clone());
                self.job = Job::Package(Box::new(PackageRun::new(manifest, metadata, &payload, observe, yara)?));
            }
            (ask::ARCHIVE, _) => self.job = Job::Archive(ArchiveRun::new(&payload, self.observe, self.yara.clone())?),
            (ask::FILE, Job::Package(run)) => run.file(&payload, reply)?,
            (ask::WITHHOLD, Job::Package(run)) => run.withhold(&payload)?,
            (ask::CHUNK, Job::Archive(run)) => run.chunk(payload),
            (ask::END, job) => match std::mem::take(job) {
                Job::Package(run) => self.job = run.end(reply)?.map_or(Job::None, Job::Package),
                Job::Archive(run) => run.end(reply)?,
                Job::None => return Err(WorkerError::protocol("an end without a job")),
            },
            _ => return Err(WorkerError::protocol(format!("frame {kind} does not belong here"))),
        }
        Ok(())
    }
}

/// The manifest, or why there is none although there is a file.
fn read_manifest(bytes: Option<&[u8]>) -> (Option<Manifest>, Option<Unread>) {
    let Some(bytes) = bytes else { return (None, None) };
    match package_json::read(bytes, "package.json") {
        Ok(manifest) => (Some(manifest), None),
        Err(error) => {
            let unread = Unread {
                path: "package.json".to_owned(),
                // It says what runs: what cannot be read may run at install.
                trigger: Trigger::Install,
                reason: UnreadReason::SyntaxError,
                detail: error.problem,
            };
            (None, Some(unread))
        }
    }
}

/// Adds what this module knows and the analysis does not.
fn complete(mut facts: PackageFacts, unread: Option<Unread>) -> PackageFacts {
    if let Some(unread) = unread {
        facts.unread.retain(|other| other.path != unread.path);
        facts.unread.push(unread);
        facts.unread.sort();
    }
    facts
}

fn withheld(why: WhyWithheld, detail: String) -> Withheld {
    match why {
        WhyWithheld::WorkerDied => Withheld::WorkerDied(detail),
        WhyWithheld::Unreadable => Withheld::Unreadable(detail),
        WhyWithheld::TooLarge => Withheld::TooLarge(detail),
    }
}
