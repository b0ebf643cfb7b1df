//! The parent's side: starts a worker, talks to it, and tells how it died.
//!
//! One thread drives one worker. All pipes are non-blocking on this side and waited for together, so neither a worker
//! that answers before it has read all of its job nor one that fills its standard error can lock both up.

use crate::cancel::Cancel;
use crate::confine::Confinement;
use crate::error::{Death, WorkerError};
use crate::frame::{Frame, FrameError, FrameReader, Progress, header};
use crate::limits::WorkerLimits;
use crate::link::{greeting, slices};
use crate::tail::Tail;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{ErrorKind, IoSlice, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often a wait looks at the cancel flag.
const CANCEL_LATENCY: Duration = Duration::from_millis(50);

/// How long a worker may take to start. Milliseconds are usual; the machine may be busy.
const START_TIME: Duration = Duration::from_secs(30);

/// How long a worker that closed its pipes may take to end. It only has to be reaped by then.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Capacity asked for each pipe: fewer switches between the two processes. The kernel may give less.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

/// Payloads up to this wait for company, in bytes; larger ones are not worth a copy.
const SMALL_FRAME: usize = 32 << 10;

/// When waiting frames are written, in bytes.
const UNSENT_BYTES: usize = 256 << 10;

/// What a queued frame costs beside its payload, so that a flood of empty ones is bounded as well.
const FRAME_COST: usize = 64;

/// How a worker is started.
#[derive(Debug, Clone)]
pub struct WorkerCommand {
    /// The program; normally [`WorkerCommand::own_executable`].
    pub program: PathBuf,
    /// Its arguments, e.g. the name of a hidden subcommand. One more is appended: the limits, for
    /// [`WorkerLimits::from_argument`].
    pub arguments: Vec<OsString>,
    /// What the worker may use.
    pub limits: WorkerLimits,
    /// Set by Ctrl-C: every wait for the worker ends soon with [`WorkerError::Cancelled`].
    pub cancel: Cancel,
}

impl WorkerCommand {
    /// The running program, even when its file was replaced or removed since it started (an update in the middle of a
    /// scan must not make the two halves speak different protocols).
    pub fn own_executable() -> std::io::Result<PathBuf> {
        let this = PathBuf::from("/proc/self/exe");
        if cfg!(target_os = "linux") && this.exists() { Ok(this) } else { std::env::current_exe() }
    }
}

/// A running worker. Dropping it kills and reaps it.
#[derive(Debug)]
pub struct WorkerProcess {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    errors: Option<ChildStderr>,
    reader: FrameReader,
    /// Frames that arrived while we were writing.
    inbox: VecDeque<Frame>,
    inbox_bytes: usize,
    /// Small frames, to be written together.
    unsent: Vec<u8>,
    tail: Tail,
    limits: WorkerLimits,
    cancel: Cancel,
    /// The time given until `deadline`, for messages.
    allowed: Duration,
    deadline: Instant,
    confinement: Confinement,
    status: Option<ExitStatus>,
}

impl WorkerProcess {
    /// Starts a worker and waits until it is confined.
    ///
    /// The calling thread must live as long as the worker: on Linux a worker dies with the *thread* that started it.
    pub fn spawn(command: &WorkerCommand) -> Result<Self, WorkerError> {
        let failed = |source| WorkerError::Spawn { program: command.program.clone(), source };
        let mut child = Command::new(&command.program)
            .args(&command.arguments)
            .arg(command.limits.to_argument())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(failed(ErrorKind::BrokenPipe.into()));
        };
        let mut worker = Self {
            child,
            input: Some(input),
            output,
            errors: Some(errors),
            reader: FrameReader::new(command.limits.frame_bytes),
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            unsent: Vec::new(),
            tail: Tail::default(),
            limits: command.limits,
            cancel: command.cancel.clone(),
            allowed: START_TIME,
            deadline: Instant::now() + START_TIME,
            confinement: Confinement::default(),
            status: None,
        };
        worker.prepare_pipes().map_err(failed)?;
        let first = worker.recv()?;
        match greeting(&first) {
            Some(confinement) => worker.confinement = confinement,
            None => return Err(worker.failed(WorkerError::protocol("the first frame is not a worker's greeting"))),
        }
        worker.begin_job();
        Ok(worker)
    }

    fn prepare_pipes(&self) -> std::io::Result<()> {
        let input = self.input.as_ref().map(AsFd::as_fd);
        let errors = self.errors.as_ref().map(AsFd::as_fd);
        for descriptor in [input, Some(self.output.as_fd()), errors].into_iter().flatten() {
            rustix::io::ioctl_fionbio(descriptor, true)?;
        }
        #[cfg(target_os = "linux")]
        for descriptor in [input, Some(self.output.as_fd())].into_iter().flatten() {
            let _best_effort = rustix::pipe::fcntl_setpipe_size(descriptor, PIPE_BYTES);
        }
        Ok(())
    }

    /// The guards in force in the worker, as it reported them itself before it read any input.
    pub fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// The process id, for messages.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the worker can take another job. `false` after any error.
    pub fn is_alive(&self) -> bool {
        self.status.is_none()
    }

    /// Starts the clock: everything until the next call of this has [`WorkerLimits::job_time`] in all.
    pub fn begin_job(&mut self) {
        self.allowed = self.limits.job_time;
        self.deadline = Instant::now() + self.allowed;
    }

    /// Sends one frame whose payload is `parts`, one after the other. Small frames go
    /// together, at the latest with the next [`Self::recv`]: each write wakes the worker.
    ///
    /// A payload over the limit is refused before anything is sent; the worker stays usable then.
    pub fn send(&mut self, kind: u8, parts: &[&[u8]]) -> Result<(), WorkerError> {
        self.check()?;
        let header =
            header(kind, parts, self.limits.frame_bytes).map_err(|error| WorkerError::protocol(error.to_string()))?;
        if self.input.is_none() {
            return Err(WorkerError::protocol("sent after the end"));
        }
        let bytes = parts.iter().map(|part| part.len()).sum::<usize>();
        if bytes > SMALL_FRAME {
            self.flush()?;
            return self.write(&header, parts);
        }
        self.unsent.extend_from_slice(&header);
        parts.iter().for_each(|part| self.unsent.extend_from_slice(part));
        if self.unsent.len() < UNSENT_BYTES { Ok(()) } else { self.flush() }
    }

    /// Writes the small frames that wait.
    fn flush(&mut self) -> Result<(), WorkerError> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let unsent = std::mem::take(&mut self.unsent);
        self.write(&unsent, &[])?;
        self.unsent = unsent;
        self.unsent.clear();
        Ok(())
    }

    fn write(&mut self, first: &[u8], parts: &[&[u8]]) -> Result<(), WorkerError> {
        let mut slices = slices(first, parts);
        let mut rest = slices.as_mut_slice();
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            let Some(input) = self.input.as_mut() else { return Err(WorkerError::protocol("sent after the end")) };
            match input.write_vectored(rest) {
                Ok(count) => IoSlice::advance_slices(&mut rest, count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait_to_write()?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(self.died()),
                Err(error) => return Err(self.failed(error.into())),
            }
        }
        Ok(())
    }

    /// Tells the worker that no more frames follow.
    pub fn finish_input(&mut self) {
        // If it cannot be written the worker is dead, which the next `recv` tells.
        let _dead = self.flush();
        self.input = None;
    }

    /// Waits for the next frame.
    pub fn recv(&mut self) -> Result<Frame, WorkerError> {
        self.flush()?;
        loop {
            self.check()?;
            if let Some(frame) = self.inbox.pop_front() {
                self.inbox_bytes -= frame.payload.len() + FRAME_COST;
                return Ok(frame);
            }
            match self.reader.advance(&mut self.output) {
                Ok(Progress::Frame(frame)) => return Ok(frame),
                Ok(Progress::Blocked) => self.wait(false)?,
                Ok(Progress::End) | Err(FrameError::Truncated) => return Err(self.died()),
                Err(error) => return Err(self.broken_frame(error)),
            }
        }
    }

    /// What the worker had said when it failed and nobody has read: its last frames may tell what it was doing.
    /// Only of use after an error; does not wait.
    pub fn last_frames(&mut self) -> Vec<Frame> {
        let mut frames: Vec<Frame> = self.inbox.drain(..).collect();
        let mut bytes: usize = frames.iter().map(|frame| frame.payload.len() + FRAME_COST).sum();
        self.inbox_bytes = 0;
        while let Ok(Progress::Frame(frame)) = self.reader.advance(&mut self.output) {
            bytes += frame.payload.len() + FRAME_COST;
            if bytes > self.limits.frame_bytes as usize + FRAME_COST {
                break;
            }
            frames.push(frame);
        }
        frames
    }

    /// Kills the worker and everything it may have started, and reaps it.
    pub fn kill(&mut self) {
        if self.status.is_some() {
            return;
        }
        // The group is still ours: its leader is not reaped yet, so its id cannot have been given to anyone else.
        if let Ok(group) = i32::try_from(self.child.id())
            && let Some(group) = Pid::from_raw(group)
        {
            let _already_dead = kill_process_group(group, Signal::KILL);
        }
        let _already_dead = self.child.kill();
        self.status = self.child.wait().ok();
    }

    /// Between two steps: may the exchange go on?
    fn check(&mut self) -> Result<(), WorkerError> {
        if self.status.is_some() {
            return Err(WorkerError::Gone);
        }
        if self.cancel.is_cancelled() {
            return Err(self.failed(WorkerError::Cancelled));
        }
        if Instant::now() >= self.deadline {
            return Err(self.failed(WorkerError::TimedOut { limit: self.allowed }));
        }
        Ok(())
    }

    /// Waits until there is room to write, and takes in what the worker says meanwhile.
    fn wait_to_write(&mut self) -> Result<(), WorkerError> {
        self.check()?;
        self.wait(true)?;
        loop {
            match self.reader.advance(&mut self.output) {
                Ok(Progress::Blocked) => return Ok(()),
                Ok(Progress::End) | Err(FrameError::Truncated) => return Err(self.died()),
                Err(error) => return Err(self.broken_frame(error)),
                Ok(Progress::Frame(frame)) => {
                    self.inbox_bytes += frame.payload.len() + FRAME_COST;
                    self.inbox.push_back(frame);
                    if self.inbox_bytes > self.limits.frame_bytes as usize + FRAME_COST {
                        return Err(self.failed(WorkerError::protocol("floods its parent with replies")));
                    }
                }
            }
        }
    }

    /// Waits for the worker's output, or, if `writing`, for room in its input as well.
    fn wait(&mut self, writing: bool) -> Result<(), WorkerError> {
        let input = self.input.as_ref().filter(|_| writing).map(|input| (input.as_fd(), PollFlags::OUT));
        let output = Some((self.output.as_fd(), PollFlags::IN));
        let errors = self.errors.as_ref().map(|errors| (errors.as_fd(), PollFlags::IN));
        let until = self.deadline.min(Instant::now() + CANCEL_LATENCY);
        if let Err(error) = poll_until(&[input, output, errors], until) {
            return Err(self.failed(error.into()));
        }
        self.drain_errors();
        Ok(())
    }

    fn drain_errors(&mut self) {
        if let Some(errors) = &mut self.errors
            && !self.tail.fill(errors)
        {
            self.errors = None;
        }
    }

    fn broken_frame(&mut self, error: FrameError) -> WorkerError {
        let error = match error {
            FrameError::Io(error) => error.into(),
            other => WorkerError::protocol(other.to_string()),
        };
        self.failed(error)
    }

    /// The worker is of no use any more.
    fn failed(&mut self, error: WorkerError) -> WorkerError {
        self.kill();
        error
    }

    /// The pipe is closed: waits for the last words and the exit status.
    fn died(&mut self) -> WorkerError {
        let until = Instant::now() + LAST_WORDS;
        self.input = None;
        while self.errors.is_some() && Instant::now() < until {
            let errors = self.errors.as_ref().map(|errors| (errors.as_fd(), PollFlags::IN));
            if poll_until(&[errors], until).is_err() {
                break;
            }
            self.drain_errors();
        }
        let ended = self.reaped(until);
        if ended.is_none() {
            self.kill();
        }
        let stderr = self.tail.text();
        let death = ended.map_or(Death::Hung, |status| Death::of(status, &stderr));
        WorkerError::Died { death, stderr }
    }

    /// Reaps a process that is about to end; its pipes close a moment before it can be waited for.
    fn reaped(&mut self, until: Instant) -> Option<ExitStatus> {
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.status = Some(status);
                return self.status;
            }
            if Instant::now() >= until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until something happens on one of the descriptors, or until the moment has come.
fn poll_until(descriptors: &[Option<(BorrowedFd<'_>, PollFlags)>], until: Instant) -> std::io::Result<()> {
    let mut polled: Vec<PollFd<'_>> =
        descriptors.iter().flatten().map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
    // A moment in the past gives zero, and a duration of this size always fits.
    let timeout = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
    match poll(&mut polled, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
