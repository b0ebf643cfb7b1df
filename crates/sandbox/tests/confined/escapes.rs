//! Everything a worker that was taken over might try.

use crate::{Case, act, ask, calls, command, limits, worker};
use std::path::Path;
use std::time::{Duration, Instant};
use vetch_sandbox::confine::Guard;
use vetch_sandbox::{Death, WorkerError, WorkerLimits, WorkerProcess};

pub(crate) const CASES: &[Case] = &[
    ("every_guard_holds_here", every_guard_holds_here),
    ("files_are_out_of_reach", files_are_out_of_reach),
    ("the_network_and_programs_are_deadly", the_network_and_programs_are_deadly),
    ("system_calls_are_refused_or_deadly", system_calls_are_refused_or_deadly),
    ("other_processes_are_out_of_reach", other_processes_are_out_of_reach),
    ("there_is_no_secret_to_find", there_is_no_secret_to_find),
    ("only_the_pipes_are_open", only_the_pipes_are_open),
    ("memory_is_bounded", memory_is_bounded),
    ("overflowed_stacks_are_told", overflowed_stacks_are_told),
    ("a_runaway_is_killed", a_runaway_is_killed),
    ("no_worker_outlives_its_owner", no_worker_outlives_its_owner),
    ("a_worker_dies_with_a_killed_parent", a_worker_dies_with_a_killed_parent),
];

const EPERM: &str = "errno 1";

fn death(result: Result<String, WorkerError>) -> Death {
    match result {
        Err(WorkerError::Died { death, .. }) => death,
        other => panic!("expected a death, got {other:?}"),
    }
}

/// Every guard but Landlock works on each kernel that these cases run on; Landlock where the kernel has it.
fn every_guard_holds_here() {
    const NEWEST_KNOWN: u8 = 9;
    let confinement = worker().confinement();
    let landlock = calls::kernel_landlock();
    assert_eq!(confinement.landlock_abi(), landlock.min(NEWEST_KNOWN));
    for guard in Guard::ALL {
        assert_eq!(confinement.holds(guard), guard != Guard::Landlock || landlock > 0, "{guard:?}");
    }
    assert_eq!(confinement.notice().is_none(), landlock > 0);
}

fn files_are_out_of_reach() {
    let mut worker = worker();
    let here = std::env::current_exe().unwrap();
    let new = std::env::temp_dir().join(format!("vetch-sandbox-{}", std::process::id()));
    for job in [
        format!("read {}", here.display()),
        "read /proc/self/environ".to_owned(),
        format!("stat {}", here.display()),
        "list /".to_owned(),
        format!("create {}", new.display()),
        format!("delete {}", here.display()),
        "read /dev/null".to_owned(),
    ] {
        assert_eq!(ask(&mut worker, &job).unwrap(), EPERM, "{job}");
    }
    assert!(!new.exists() && here.exists());
}

fn the_network_and_programs_are_deadly() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("connect {}", listener.local_addr().unwrap());
    for job in [connect.as_str(), "udp", "unix /run/docker.sock", "exec"] {
        assert_eq!(death(act(job)), Death::ForbiddenCall, "{job}");
    }
    assert_eq!(act("spawn").unwrap(), EPERM);
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "a connection came through");
}

fn system_calls_are_refused_or_deadly() {
    let deadly =
        ["ptrace", "process_vm_readv", "io_uring_setup", "bpf", "userfaultfd", "unshare", "pidfd_open"].as_slice();
    for (name, ..) in calls::CALLS {
        let result = act(&format!("call {name}"));
        if deadly.contains(name) {
            assert_eq!(death(result), Death::ForbiddenCall, "{name}");
        } else {
            let expected = if *name == "clone3" { "errno 38" } else { EPERM };
            assert_eq!(result.unwrap(), expected, "{name}");
        }
    }
}

fn other_processes_are_out_of_reach() {
    assert_eq!(act(&format!("signal {}", std::process::id())).unwrap(), EPERM);
}

fn there_is_no_secret_to_find() {
    assert!(std::env::vars_os().count() > 0, "this case needs a parent with an environment");
    assert_eq!(act("environment").unwrap(), "[]");
}

fn only_the_pipes_are_open() {
    // Without close-on-exec, as a careless ancestor would leave it.
    let leaked = rustix::io::dup(std::fs::File::open("/dev/null").unwrap()).unwrap();
    assert_eq!(act("descriptors").unwrap(), "[0, 1, 2, 3, 4]");
    drop(leaked);
}

fn memory_is_bounded() {
    assert_eq!(death(act("memory")), Death::OutOfMemory);
}

fn overflowed_stacks_are_told() {
    assert_eq!(death(act("overflow")), Death::StackOverflow);
    assert_eq!(death(act("overflow-thread")), Death::StackOverflow);
}

fn a_runaway_is_killed() {
    let limits = WorkerLimits { job_time: Duration::from_millis(200), ..limits() };
    let mut worker = WorkerProcess::spawn(&command("obedient", limits)).unwrap();
    let result = ask(&mut worker, "loop");
    assert!(matches!(result, Err(WorkerError::TimedOut { .. })), "{result:?}");
    assert!(!worker.is_alive());
    assert!(matches!(ask(&mut worker, "echo"), Err(WorkerError::Gone)));
    assert_gone(worker.id());
}

fn no_worker_outlives_its_owner() {
    let mut worker = worker();
    let id = worker.id();
    worker.send(crate::acts::JOB, &[b"loop"]).unwrap();
    assert!(Path::new(&format!("/proc/{id}")).exists());
    drop(worker);
    assert!(!Path::new(&format!("/proc/{id}")).exists(), "not reaped");
}

fn a_worker_dies_with_a_killed_parent() {
    use std::io::BufRead;
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["worker", "parent", &limits().to_argument()])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let worker: u32 = line.trim().parse().unwrap();
    assert!(Path::new(&format!("/proc/{worker}")).exists());
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert_gone(worker);
}

/// The process ends; it may stay a zombie where nobody reaps orphans.
fn assert_gone(id: u32) {
    let patience = Instant::now() + Duration::from_secs(20);
    let alive = || {
        std::fs::read_to_string(format!("/proc/{id}/stat"))
            .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.starts_with(" Z")))
    };
    while alive() {
        assert!(Instant::now() < patience, "{id} is still running");
        std::thread::sleep(Duration::from_millis(5));
    }
}
