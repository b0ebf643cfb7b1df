//! Pools: every job once, whatever happens to the workers.

use crate::{Case, ask, command, limits};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use vetch_sandbox::{AfterDeath, Cancel, Delivery, Pool, WorkerCommand, WorkerError, WorkerProcess};

pub(crate) const CASES: &[Case] = &[
    ("every_job_is_delivered_once", every_job_is_delivered_once),
    ("a_job_may_be_tried_again", a_job_may_be_tried_again),
    ("retries_end", retries_end),
    ("cancelling_ends_the_run", cancelling_ends_the_run),
    ("jobs_are_not_lost_when_no_worker_starts", jobs_are_not_lost_when_no_worker_starts),
    ("one_broken_lane_spoils_nothing", one_broken_lane_spoils_nothing),
];

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

fn spawn() -> Result<WorkerProcess, WorkerError> {
    WorkerProcess::spawn(&command("obedient", limits()))
}

#[allow(clippy::ptr_arg, reason = "pools hand out references to whole jobs")]
fn drive(worker: &mut WorkerProcess, job: &String) -> Result<String, WorkerError> {
    ask(worker, job)
}

fn give_up(_: &String, _: &WorkerError, _: u32) -> AfterDeath {
    AfterDeath::GiveUp
}

fn every_job_is_delivered_once() {
    let jobs: Vec<String> =
        (0..40).map(|number| if number % 10 == 3 { "exit 9".to_owned() } else { format!("echo {number}") }).collect();
    let mut done: Vec<Delivery<String, String>> = Vec::new();
    let pool = Pool::new(TWO, Cancel::new(), spawn);
    let summary = pool.run(jobs.iter().cloned(), drive, give_up, |delivery| done.push(delivery)).unwrap();
    assert_eq!((summary.delivered, summary.deaths, summary.cancelled), (40, 4, false));
    done.sort_by_key(|delivery| delivery.index);
    assert_eq!(done.iter().map(|delivery| &delivery.job).collect::<Vec<_>>(), jobs.iter().collect::<Vec<_>>());
    for Delivery { job, result, attempts, .. } in done {
        assert_eq!(attempts, 1);
        match result {
            Ok(reply) => assert_eq!(reply, job),
            Err(error) => assert!(job == "exit 9" && matches!(error, WorkerError::Died { .. }), "{job}: {error}"),
        }
    }
}

fn a_job_may_be_tried_again() {
    let tries = AtomicUsize::new(0);
    let drive = |worker: &mut WorkerProcess, _: &()| {
        let job = if tries.fetch_add(1, Ordering::Relaxed) < 2 { "overflow" } else { "echo third time lucky" };
        ask(worker, job)
    };
    let mut results = Vec::new();
    let pool = Pool::new(TWO, Cancel::new(), spawn);
    let again = |_: &(), _: &WorkerError, _: u32| AfterDeath::Retry;
    let summary = pool.run([()].into_iter(), drive, again, |delivery| results.push(delivery)).unwrap();
    assert_eq!((summary.delivered, summary.deaths), (1, 2));
    assert_eq!(results[0].result.as_ref().unwrap(), "echo third time lucky");
    assert_eq!(results[0].attempts, 3);
}

fn retries_end() {
    let pool = Pool::new(TWO, Cancel::new(), spawn);
    let mut attempts = 0;
    let again = |_: &String, _: &WorkerError, _: u32| AfterDeath::Retry;
    let jobs = ["exit 1".to_owned()].into_iter();
    pool.run(jobs, drive, again, |delivery| attempts = delivery.attempts).unwrap();
    assert_eq!(attempts, 8);
}

fn cancelling_ends_the_run() {
    let cancel = Cancel::new();
    let shared = WorkerCommand { cancel: cancel.clone(), ..command("obedient", limits()) };
    let pool = Pool::new(TWO, cancel.clone(), || WorkerProcess::spawn(&shared));
    // One lane runs for ever, the other gives the result that cancels.
    let jobs = std::iter::once("loop".to_owned()).chain(std::iter::repeat("echo".to_owned()));
    let mut cancelled_jobs = 0;
    let summary = pool
        .run(jobs, drive, give_up, |delivery| {
            cancel.cancel();
            cancelled_jobs += u32::from(matches!(delivery.result, Err(WorkerError::Cancelled)));
        })
        .unwrap();
    assert!(summary.cancelled);
    assert!(cancelled_jobs >= 1, "the endless job was not delivered as cancelled");
}

fn jobs_are_not_lost_when_no_worker_starts() {
    let missing = WorkerCommand { program: "/nowhere/to/be/found".into(), ..command("obedient", limits()) };
    let pool = Pool::new(TWO, Cancel::new(), || WorkerProcess::spawn(&missing));
    let mut failed = 0;
    let jobs = std::iter::repeat_n("echo".to_owned(), 10);
    pool.run(jobs, drive, give_up, |delivery| failed += u32::from(delivery.result.is_err())).unwrap();
    assert_eq!(failed, 10);
}

fn one_broken_lane_spoils_nothing() {
    // The first lane to ask never gets a worker.
    let unlucky = std::sync::Mutex::new(None);
    let pool = Pool::new(TWO, Cancel::new(), || {
        let this = std::thread::current().id();
        if *unlucky.lock().unwrap().get_or_insert(this) == this {
            return Err(WorkerError::protocol("no luck"));
        }
        spawn()
    });
    let mut worked = 0;
    // The other lane must still be at work when the first gives up, so it gets something to do.
    let jobs = std::iter::repeat_n("busy".to_owned(), 12);
    pool.run(jobs, drive, give_up, |delivery| worked += u32::from(delivery.result.is_ok())).unwrap();
    assert_eq!(worked, 12);
}
