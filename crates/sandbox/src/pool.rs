//! Several workers, one queue of jobs.
//!
//! Each worker has a thread that starts it, drives it and replaces it when it dies. Results come in the order in which
//! they are done, each with the index of its job; callers that need an order sort by it.

use crate::cancel::Cancel;
use crate::error::WorkerError;
use crate::worker::WorkerProcess;
use std::io;
use std::iter::Enumerate;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// No job is tried more often than this, whatever the caller asks for.
const MOST_ATTEMPTS: u32 = 8;

/// Pauses between attempts to start a worker; after them a thread takes it that none can be started.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(200)];

/// What to do with a job whose worker failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterDeath {
    /// Try the job again in a new worker.
    Retry,
    /// Deliver the error.
    GiveUp,
}

/// A job that is done, one way or the other.
#[derive(Debug)]
pub struct Delivery<J, R> {
    /// Position of the job in the iterator, from 0.
    pub index: usize,
    /// The job.
    pub job: J,
    /// What came of it.
    pub result: Result<R, WorkerError>,
    /// How many workers tried it, from 1; 0 if none could be started.
    pub attempts: u32,
}

/// What happened in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunSummary {
    /// Jobs given to the sink.
    pub delivered: u64,
    /// Workers that failed in the middle of a job.
    pub deaths: u64,
    /// The run was cancelled: some jobs may not have been started, and these were not delivered.
    pub cancelled: bool,
}

/// Runs jobs in worker processes.
#[derive(Debug)]
pub struct Pool<S> {
    workers: NonZeroUsize,
    cancel: Cancel,
    spawn: S,
}

impl<S: Fn() -> Result<WorkerProcess, WorkerError> + Sync> Pool<S> {
    /// A pool of at most `workers` processes, each started by `spawn` when its first job comes. Give `spawn`'s
    /// [`crate::WorkerCommand`] the same `cancel`, or a cancelled run waits for the jobs under way.
    pub fn new(workers: NonZeroUsize, cancel: Cancel, spawn: S) -> Self {
        Self { workers, cancel, spawn }
    }

    /// Runs every job of `jobs` (whose `next` is called by one thread at a time and should be quick).
    ///
    /// - `drive` sends a job to a worker and reads the result. On any error the worker is killed and replaced.
    /// - `on_death` decides whether the job is tried again; it gets the number of attempts so far.
    /// - `sink` takes the results, on the calling thread. Every job is delivered exactly once unless the run is
    ///   cancelled. A slow sink slows the workers; nothing piles up.
    ///
    /// No worker outlives the call. The error is that of starting the first thread.
    pub fn run<J, R, I>(
        &self,
        jobs: I,
        drive: impl Fn(&mut WorkerProcess, &J) -> Result<R, WorkerError> + Sync,
        on_death: impl Fn(&J, &WorkerError, u32) -> AfterDeath + Sync,
        mut sink: impl FnMut(Delivery<J, R>),
    ) -> io::Result<RunSummary>
    where
        I: Iterator<Item = J> + Send,
        J: Send,
        R: Send,
    {
        let queue = Queue::new(jobs);
        let deaths = AtomicU64::new(0);
        let mut delivered = 0;
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel(self.workers.get());
            for number in 0..self.workers.get() {
                let mut lane = self.lane(&drive, &on_death, &deaths);
                let (queue, sender) = (&queue, sender.clone());
                // Counted before it runs: a lane may only give up its job to one that is still to come or at work.
                queue.enter();
                let started = thread::Builder::new()
                    .name(format!("worker-{number}"))
                    .spawn_scoped(scope, move || lane.serve(queue, &sender));
                if let Err(error) = started {
                    // Fewer threads do the same work.
                    queue.withdraw();
                    if number == 0 {
                        return Err(error);
                    }
                    break;
                }
            }
            drop(sender);
            for delivery in receiver {
                delivered += 1;
                sink(delivery);
            }
            Ok(())
        })?;
        Ok(RunSummary { delivered, deaths: deaths.into_inner(), cancelled: self.cancel.is_cancelled() })
    }

    fn lane<'a, D, O>(&'a self, drive: &'a D, on_death: &'a O, deaths: &'a AtomicU64) -> Lane<'a, S, D, O> {
        Lane { pool: self, drive, on_death, deaths, worker: None, broken: None }
    }
}

/// The jobs that are not done yet.
struct Queue<I: Iterator>(Mutex<Waiting<I>>);

struct Waiting<I: Iterator> {
    jobs: Enumerate<I>,
    /// Taken by a lane that then could not start a worker.
    returned: Vec<(usize, I::Item)>,
    /// Lanes that will ask for another job.
    lanes: usize,
}

impl<I: Iterator> Queue<I> {
    fn new(jobs: I) -> Self {
        Self(Mutex::new(Waiting { jobs: jobs.enumerate(), returned: Vec::new(), lanes: 0 }))
    }

    fn enter(&self) {
        if let Ok(mut waiting) = self.0.lock() {
            waiting.lanes += 1;
        }
    }

    /// A lane that entered could not be started.
    fn withdraw(&self) {
        if let Ok(mut waiting) = self.0.lock() {
            waiting.lanes -= 1;
        }
    }

    /// The next job; after `None`, the lane is out.
    fn take(&self) -> Option<(usize, I::Item)> {
        // Poisoned means that the iterator panicked: the scope passes the panic on, and no more jobs come.
        let mut waiting = self.0.lock().ok()?;
        let job = waiting.returned.pop().or_else(|| waiting.jobs.next());
        if job.is_none() {
            waiting.lanes -= 1;
        }
        job
    }

    /// Leaves a job to the other lanes, which ends this one; gives it back if there is no other.
    fn leave(&self, index: usize, job: I::Item) -> Option<I::Item> {
        let Ok(mut waiting) = self.0.lock() else { return Some(job) };
        if waiting.lanes <= 1 {
            return Some(job);
        }
        waiting.lanes -= 1;
        waiting.returned.push((index, job));
        None
    }
}

/// One thread of the pool and its worker.
struct Lane<'a, S, D, O> {
    pool: &'a Pool<S>,
    drive: &'a D,
    on_death: &'a O,
    deaths: &'a AtomicU64,
    worker: Option<WorkerProcess>,
    /// Why no worker can be started.
    broken: Option<String>,
}

impl<S, D, O> Lane<'_, S, D, O>
where
    S: Fn() -> Result<WorkerProcess, WorkerError> + Sync,
{
    fn serve<J, R, I>(&mut self, queue: &Queue<I>, sender: &SyncSender<Delivery<J, R>>)
    where
        I: Iterator<Item = J>,
        D: Fn(&mut WorkerProcess, &J) -> Result<R, WorkerError>,
        O: Fn(&J, &WorkerError, u32) -> AfterDeath,
    {
        while !self.pool.cancel.is_cancelled() {
            let Some((index, job)) = queue.take() else { return };
            let (result, attempts) = self.work_on(&job);
            let job = if self.broken.is_some() {
                // Where workers still start, this job has a chance.
                let Some(job) = queue.leave(index, job) else { return };
                job
            } else {
                job
            };
            // Fails only when the sink panicked.
            if sender.send(Delivery { index, job, result, attempts }).is_err() {
                return;
            }
        }
    }

    /// Tries a job until it is done or given up.
    fn work_on<J, R>(&mut self, job: &J) -> (Result<R, WorkerError>, u32)
    where
        D: Fn(&mut WorkerProcess, &J) -> Result<R, WorkerError>,
        O: Fn(&J, &WorkerError, u32) -> AfterDeath,
    {
        let (drive, mut attempts) = (self.drive, 0);
        loop {
            let worker = match self.worker() {
                Ok(worker) => worker,
                Err(error) => return (Err(error), attempts),
            };
            attempts += 1;
            worker.begin_job();
            let error = match drive(worker, job) {
                Ok(result) => return (Ok(result), attempts),
                Err(error) => error,
            };
            // Even if it lives: nobody knows what it would say next.
            self.worker = None;
            if matches!(error, WorkerError::Cancelled) {
                return (Err(error), attempts);
            }
            self.deaths.fetch_add(1, Ordering::Relaxed);
            let again = (self.on_death)(job, &error, attempts) == AfterDeath::Retry;
            if !again || attempts >= MOST_ATTEMPTS {
                return (Err(error), attempts);
            }
        }
    }

    fn worker(&mut self) -> Result<&mut WorkerProcess, WorkerError> {
        let worker = match self.worker.take() {
            Some(worker) if worker.is_alive() => worker,
            _ => self.start()?,
        };
        Ok(self.worker.insert(worker))
    }

    /// Starts a worker. The system may be short of processes for a moment, so a few failures are forgiven.
    fn start(&mut self) -> Result<WorkerProcess, WorkerError> {
        if let Some(reason) = &self.broken {
            return Err(WorkerError::Unavailable { reason: reason.clone() });
        }
        let mut pauses = PAUSES.into_iter();
        loop {
            let error = match (self.pool.spawn)() {
                Ok(worker) => return Ok(worker),
                Err(error) => error,
            };
            if matches!(error, WorkerError::Cancelled) {
                return Err(error);
            }
            let Some(pause) = pauses.next() else {
                self.broken = Some(error.to_string());
                return Err(error);
            };
            thread::sleep(pause);
        }
    }
}
