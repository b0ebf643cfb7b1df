//! A run under way: to look at, to interrupt, to wait for.

use std::io::Read;
use std::process::Child;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::vetch::Run;

/// A run that takes longer has hung.
const LIMIT: Duration = Duration::from_secs(300);

/// What surely comes, comes within this time, however busy the machine.
const SURELY: Duration = Duration::from_secs(30);

/// The user and group that own nothing.
#[cfg(unix)]
pub(crate) const NOBODY: u32 = 65534;

#[cfg(unix)]
pub(crate) fn is_superuser() -> bool {
    rustix::process::geteuid().is_root()
}

/// Looks again and again until there is what the test waits for.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SURELY;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "never came: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The binary, running. Dropped before its end, it is killed.
pub struct Running {
    child: Child,
    /// `None` once joined.
    streams: Option<[JoinHandle<Vec<u8>>; 2]>,
    /// Keeps its home alive.
    _scratch: Arc<TempDir>,
}

impl Running {
    pub(crate) fn new(mut child: Child, scratch: Arc<TempDir>) -> Running {
        let streams = [drain(child.stdout.take()), drain(child.stderr.take())];
        Running { child, streams: Some(streams), _scratch: scratch }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends it SIGINT, as a terminal does on Ctrl-C.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        send(self.id(), rustix::process::Signal::INT);
    }

    /// Sends it SIGTERM, as CI systems and `kill` do.
    #[cfg(unix)]
    pub fn terminate(&self) {
        send(self.id(), rustix::process::Signal::TERM);
    }

    /// Kills it, which no program can prevent or notice.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child to kill");
    }

    /// Its worker processes, by id: those that have confined themselves. A moment before, they are no more than
    /// copies of the program, which would not notice its end while they are stopped.
    #[cfg(target_os = "linux")]
    pub fn workers(&self) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter(|id| status(*id).is_some_and(|(_, parent)| parent == self.id()) && is_confined(*id)).collect()
    }

    /// Waits for a worker and stops it (SIGSTOP): from then on, the scan is under way until somebody ends it.
    /// `None` if it was too late, and the scan ends by itself: try again.
    #[cfg(target_os = "linux")]
    pub fn stop_a_worker(&mut self) -> Option<u32> {
        let worker = eventually("a worker process, or the end", || match self.workers().first() {
            Some(worker) => Some(Some(*worker)),
            None => (!self.is_running()).then_some(None),
        })?;
        let id = process(worker);
        rustix::process::kill_process(id, rustix::process::Signal::STOP).ok()?;
        eventually("a stop", || status(worker).is_none_or(|(state, _)| matches!(state, 'T' | 'Z' | 'X')).then_some(()));
        // One that had nothing left to do is not waited for.
        std::thread::sleep(Duration::from_millis(100));
        status(worker).is_some_and(|(state, _)| state == 'T').then_some(worker)
    }

    /// Waits for its end. A run that hangs is killed and fails the test.
    pub fn end(mut self) -> Run {
        let status = wait(&mut self.child);
        let [stdout, stderr] = self
            .streams
            .take()
            .expect("not joined before")
            .map(|thread| String::from_utf8(thread.join().expect("reader")).expect("UTF-8 output"));
        let Some(status) = status else { panic!("vetch hung\n--- stdout\n{stdout}\n--- stderr\n{stderr}") };
        Run { status, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[cfg(unix)]
fn send(id: u32, signal: rustix::process::Signal) {
    rustix::process::kill_process(process(id), signal).expect("a process that runs");
}

#[cfg(unix)]
fn process(id: u32) -> rustix::process::Pid {
    i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw).expect("the id of a process")
}

/// Whether a process has gone. One that is dead and only not reaped yet counts as gone.
#[cfg(target_os = "linux")]
pub fn has_gone(process: u32) -> bool {
    status(process).is_none_or(|(state, _)| matches!(state, 'Z' | 'X'))
}

/// State and parent of a process (`proc_pid_stat(5)`); `None` if there is none.
#[cfg(target_os = "linux")]
fn status(process: u32) -> Option<(char, u32)> {
    let line = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it is in parentheses and may hold anything.
    let mut fields = line.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

#[cfg(target_os = "linux")]
fn is_confined(process: u32) -> bool {
    let lines = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    lines.lines().any(|line| line.split_whitespace().eq(["NoNewPrivs:", "1"]))
}

fn drain(stream: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            stream.read_to_end(&mut bytes).ok();
        }
        bytes
    })
}

/// The exit code (-1 after a signal), or `None` if it had to be killed.
fn wait(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().expect("a child to wait for") {
            return Some(status.code().unwrap_or(-1));
        }
        if Instant::now() > deadline {
            child.kill().ok();
            child.wait().ok();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
