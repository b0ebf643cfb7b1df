//! What the workers of the cases do.

use std::hint::black_box;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;
use vetch_sandbox::{Link, WorkerLimits};

/// The kind of a job's and of a reply's frame.
pub(crate) const JOB: u8 = 1;

/// Bytes of the stack that parsers of deep nesting get.
const BIG_STACK: usize = 256 << 20;

/// A worker's `main`: its mode and its limits.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let [mode, limits] = arguments else { return ExitCode::from(64) };
    let limits = WorkerLimits::from_argument(limits).unwrap();
    match mode.as_str() {
        "obedient" => obey(&limits),
        "parent" => parent(&limits),
        rogue => misbehave(rogue),
    }
    ExitCode::SUCCESS
}

fn obey(limits: &WorkerLimits) {
    let mut link = Link::start(limits).unwrap();
    while let Some(job) = link.recv().unwrap() {
        let reply = match String::from_utf8(job.payload) {
            Ok(job) if job.starts_with("echo") => job.into_bytes(),
            Ok(job) => perform(&job).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        link.send(JOB, &[&reply]).unwrap();
    }
}

/// A parent between the test and a worker: gives the worker an endless job, tells its id, and waits to be killed.
fn parent(limits: &WorkerLimits) {
    let mut worker = vetch_sandbox::WorkerProcess::spawn(&crate::command("obedient", *limits)).unwrap();
    worker.send(JOB, &[b"loop"]).unwrap();
    println!("{}", worker.id());
    std::thread::sleep(Duration::from_secs(600));
}

/// Workers that were taken over before or after the greeting.
fn misbehave(mode: &str) {
    let mut output = std::io::stdout();
    if mode != "no-greeting" {
        output.write_all(b"\x10\0\0\0\0vetch-worker/1\0\0").unwrap();
    }
    match mode {
        "no-greeting" => output.write_all(b"hello, I am not a worker at all").unwrap(),
        "huge-length" => output.write_all(b"\xff\xff\xff\xff\x01").unwrap(),
        "cut-frame" => output.write_all(b"\x09\0\0\0\x01four").unwrap(),
        "flood" => while output.write_all(b"\0\0\0\0\x01").is_ok() {},
        "stderr-flood" => {
            for _ in 0..4096 {
                std::io::stderr().write_all(&[b'x'; 1024]).unwrap();
            }
            output.write_all(b"\x02\0\0\0\x01ok").unwrap();
        }
        "closes-and-stays" => {
            let null = std::fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
            output.flush().unwrap();
            rustix::stdio::dup2_stdout(&null).unwrap();
            rustix::stdio::dup2_stderr(&null).unwrap();
        }
        _ => unreachable!("no such mode"),
    }
    output.flush().unwrap();
    if mode != "cut-frame" {
        std::thread::sleep(Duration::from_secs(600));
    }
}

fn perform(job: &str) -> String {
    let (act, argument) = job.split_once(' ').unwrap_or((job, ""));
    match act {
        "read" => told(std::fs::read(argument).map(drop)),
        "create" => told(std::fs::write(argument, "")),
        "stat" => told(std::fs::metadata(argument).map(drop)),
        "list" => told(std::fs::read_dir(argument).map(drop)),
        "delete" => told(std::fs::remove_file(argument)),
        "spawn" => told(std::process::Command::new("/bin/true").spawn().map(drop)),
        "exec" => told(Err(std::os::unix::process::CommandExt::exec(&mut std::process::Command::new("/bin/true")))),
        "connect" => told(std::net::TcpStream::connect(argument).map(drop)),
        "udp" => told(std::net::UdpSocket::bind("127.0.0.1:0").map(drop)),
        "unix" => told(std::os::unix::net::UnixStream::connect(argument).map(drop)),
        "signal" => {
            let target = rustix::process::Pid::from_raw(argument.parse().unwrap()).unwrap();
            told(rustix::process::kill_process(target, rustix::process::Signal::URG).map_err(Into::into))
        }
        #[cfg(target_os = "linux")]
        "call" => crate::calls::make(argument),
        #[cfg(target_os = "linux")]
        "descriptors" => crate::calls::open_descriptors(),
        "environment" => format!("{:?}", std::env::vars_os().collect::<Vec<_>>()),
        "print" => {
            println!("noise that is no frame");
            "printed".to_owned()
        }
        "panic" => panic!("a bug met {argument}"),
        "catch" => told(
            std::panic::catch_unwind(|| panic!("a bug met {argument}")).map_err(|_| std::io::Error::other("caught")),
        ),
        "exit" => std::process::exit(argument.parse().unwrap()),
        "memory" => exhaust_memory(),
        "overflow" => descend(usize::MAX).to_string(),
        "overflow-thread" => on_big_stack(|| descend(usize::MAX)).to_string(),
        "loop" => loop {
            black_box(());
        },
        "busy" => busy().to_string(),
        _ => unreachable!("no such act"),
    }
}

/// `done`, or the number of the error.
fn told(result: std::io::Result<()>) -> String {
    match result {
        Ok(()) => "done".to_owned(),
        Err(error) => error.raw_os_error().map_or_else(|| error.to_string(), |number| format!("errno {number}")),
    }
}

fn exhaust_memory() -> String {
    let mut held = Vec::new();
    for _ in 0..10_000 {
        held.push(black_box(vec![1_u8; 8 << 20]));
    }
    format!("got {} pieces", held.len())
}

/// Recursion of about 128 bytes and more a level that no compiler turns into a loop.
fn descend(depth: usize) -> u64 {
    let frame = black_box([depth as u64; 16]);
    if depth == 0 {
        return 0;
    }
    black_box(descend(depth - 1)) + (frame[7] & 1)
}

fn on_big_stack(work: impl FnOnce() -> u64 + Send) -> u64 {
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(BIG_STACK).spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

/// What a healthy parser does, and more: deep recursion, growing and shrinking memory, hash maps, threads, time, sleep.
fn busy() -> u64 {
    let deep = on_big_stack(|| descend(600_000));
    let mut sum = deep;
    let mut map = std::collections::HashMap::new();
    for round in 0..20_u64 {
        let mut grown: Vec<u64> = Vec::new();
        for number in 0..200_000 {
            grown.push(number ^ round);
        }
        grown.truncate(10);
        grown.shrink_to_fit();
        map.insert(round, grown.iter().sum::<u64>());
    }
    sum += map.values().sum::<u64>();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4_u64)
            .map(|number| {
                let named = std::thread::Builder::new().name(format!("part-{number}"));
                named.spawn_scoped(scope, move || vec![number; 1 << 20].iter().sum::<u64>()).unwrap()
            })
            .collect();
        sum += threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>();
    });
    let _parallelism = std::thread::available_parallelism();
    let before = std::time::Instant::now();
    std::thread::sleep(Duration::from_millis(1));
    assert!(before.elapsed() >= Duration::from_millis(1) && std::time::SystemTime::now().elapsed().is_ok());
    sum
}
