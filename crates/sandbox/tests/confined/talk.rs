//! Healthy workers, broken ones, and what passes between them and the parent.

use crate::acts::JOB;
use crate::{Case, act, ask, command, limits, worker};
use vetch_sandbox::{Death, WorkerCommand, WorkerError, WorkerLimits, WorkerProcess};

pub(crate) const CASES: &[Case] = &[
    ("a_healthy_worker_is_not_hindered", a_healthy_worker_is_not_hindered),
    ("panics_do_no_harm", panics_do_no_harm),
    ("an_exit_is_told", an_exit_is_told),
    ("parts_arrive_as_one_payload", parts_arrive_as_one_payload),
    ("large_jobs_and_replies_do_not_lock_up", large_jobs_and_replies_do_not_lock_up),
    ("a_payload_over_the_limit_is_refused", a_payload_over_the_limit_is_refused),
    ("printing_does_not_disturb", printing_does_not_disturb),
    ("garbage_is_a_breach", garbage_is_a_breach),
    ("a_flood_is_bounded", a_flood_is_bounded),
    ("a_full_standard_error_does_not_lock_up", a_full_standard_error_does_not_lock_up),
    ("closed_pipes_are_noticed", closed_pipes_are_noticed),
    ("a_program_that_is_missing_is_named", a_program_that_is_missing_is_named),
    ("a_finished_input_ends_the_worker", a_finished_input_ends_the_worker),
];

fn a_healthy_worker_is_not_hindered() {
    let mut worker = worker();
    let first = ask(&mut worker, "busy").unwrap();
    assert_eq!(ask(&mut worker, "busy").unwrap(), first);
}

fn panics_do_no_harm() {
    let mut worker = worker();
    assert_eq!(ask(&mut worker, "catch something").unwrap(), "caught");
    assert_eq!(ask(&mut worker, "echo still here").unwrap(), "echo still here");
    match ask(&mut worker, "panic something odd") {
        Err(WorkerError::Died { death: Death::Exit(101), stderr }) => {
            assert!(stderr.contains("a bug met something odd"), "{stderr}");
        }
        other => panic!("{other:?}"),
    }
}

fn an_exit_is_told() {
    let result = act("exit 7");
    assert!(matches!(result, Err(WorkerError::Died { death: Death::Exit(7), .. })), "{result:?}");
}

fn parts_arrive_as_one_payload() {
    let mut worker = worker();
    worker.send(JOB, &[b"", b"echo", b" in", b"", b" parts", b""]).unwrap();
    assert_eq!(worker.recv().unwrap().payload, b"echo in parts");
}

fn large_jobs_and_replies_do_not_lock_up() {
    let mut worker = worker();
    let large: Vec<u8> = b"echo".iter().copied().cycle().take(5 << 20).collect();
    // The worker answers the first job while we still send the second: a parent that only writes would wait for ever.
    for _ in 0..3 {
        worker.send(JOB, &[&large]).unwrap();
    }
    for _ in 0..3 {
        assert!(worker.recv().unwrap().payload == large);
    }
}

fn a_payload_over_the_limit_is_refused() {
    let mut worker = worker();
    let result = worker.send(JOB, &[&vec![0; 17 << 20]]);
    assert!(matches!(result, Err(WorkerError::Protocol { .. })), "{result:?}");
    assert_eq!(ask(&mut worker, "echo unharmed").unwrap(), "echo unharmed");
}

fn printing_does_not_disturb() {
    let mut worker = worker();
    assert_eq!(ask(&mut worker, "print").unwrap(), "printed");
    assert_eq!(ask(&mut worker, "echo on").unwrap(), "echo on");
}

fn garbage_is_a_breach() {
    let result = WorkerProcess::spawn(&command("no-greeting", limits())).map(drop);
    assert!(matches!(result, Err(WorkerError::Protocol { .. })), "{result:?}");
    let result = WorkerProcess::spawn(&command("huge-length", limits())).unwrap().recv();
    assert!(matches!(result, Err(WorkerError::Protocol { .. })), "{result:?}");
    let result = WorkerProcess::spawn(&command("cut-frame", limits())).unwrap().recv();
    assert!(matches!(result, Err(WorkerError::Died { death: Death::Exit(0), .. })), "{result:?}");
}

fn a_flood_is_bounded() {
    let limits = WorkerLimits { frame_bytes: 4 << 20, ..limits() };
    let mut worker = WorkerProcess::spawn(&command("flood", limits)).unwrap();
    // It never reads, so that our write has to wait and takes in the flood meanwhile.
    let result = worker.send(JOB, &[&vec![0; 4 << 20]]);
    assert!(matches!(&result, Err(WorkerError::Protocol { what }) if what.contains("floods")), "{result:?}");
}

fn a_full_standard_error_does_not_lock_up() {
    let mut worker = WorkerProcess::spawn(&command("stderr-flood", limits())).unwrap();
    assert_eq!(worker.recv().unwrap().payload, b"ok");
}

fn closed_pipes_are_noticed() {
    let mut worker = WorkerProcess::spawn(&command("closes-and-stays", limits())).unwrap();
    let result = worker.recv();
    assert!(matches!(result, Err(WorkerError::Died { death: Death::Hung, .. })), "{result:?}");
    assert!(!worker.is_alive());
}

fn a_program_that_is_missing_is_named() {
    let command = WorkerCommand { program: "/nowhere/to/be/found".into(), ..command("obedient", limits()) };
    let error = WorkerProcess::spawn(&command).map(drop).unwrap_err();
    assert!(matches!(&error, WorkerError::Spawn { .. }) && error.to_string().contains("/nowhere/to/be"), "{error}");
}

fn a_finished_input_ends_the_worker() {
    let mut worker = worker();
    worker.send(JOB, &[b"echo last"]).unwrap();
    worker.finish_input();
    assert_eq!(worker.recv().unwrap().payload, b"echo last");
    let result = worker.recv();
    assert!(matches!(result, Err(WorkerError::Died { death: Death::Exit(0), .. })), "{result:?}");
}
