//! What can go wrong with a worker.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why an exchange with a worker failed. After any of these the worker is gone: killed if it was not dead already.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The worker could not be started.
    #[error("the worker process {} could not be started", program.display())]
    Spawn {
        /// The program that was to be run.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The worker died.
    #[error("the worker process {death}")]
    Died {
        /// How.
        death: Death,
        /// The end of its standard error, e.g. a panic message. Hostile text: escape it before it is shown.
        stderr: String,
    },
    /// The worker said something that the protocol does not allow, or was about to be sent such a thing.
    #[error("the worker process broke the protocol: {what}")]
    Protocol {
        /// What it did.
        what: String,
    },
    /// The worker took longer than [`crate::WorkerLimits::job_time`] and was killed.
    #[error("the worker process was stopped after {} s without an answer", limit.as_secs_f32())]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The user cancelled the run.
    #[error("cancelled")]
    Cancelled,
    /// Worker processes cannot be started at all; an earlier job carries the error in full.
    #[error("no worker process can be started: {reason}")]
    Unavailable {
        /// The last error.
        reason: String,
    },
    /// An earlier error ended this worker; start another.
    #[error("the worker process is no longer running")]
    Gone,
    /// The pipe to the worker failed on our side.
    #[error("the pipe to the worker process failed")]
    Io(#[from] io::Error),
}

impl WorkerError {
    /// A breach of the protocol: also for callers, whose frames are opaque here.
    pub fn protocol(what: impl Into<String>) -> Self {
        Self::Protocol { what: what.into() }
    }
}

/// How a worker died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Death {
    /// Input nested so deeply that the stack ran out.
    #[error("ran out of stack")]
    StackOverflow,
    /// It asked for more than [`crate::WorkerLimits::memory_bytes`].
    #[error("ran out of memory")]
    OutOfMemory,
    /// It made a system call that no parser makes: its input has taken it over, or a dependency does more than it should.
    #[error("made a forbidden system call")]
    ForbiddenCall,
    /// Killed from outside: by the kernel for lack of memory, or by the user.
    #[error("was killed by the system, probably for lack of memory")]
    Killed,
    /// Another signal.
    #[error("was ended by signal {0}")]
    Signal(i32),
    /// It ended by itself in the middle of a job.
    #[error("exited with status {0}")]
    Exit(i32),
    /// It closed its pipe and stayed.
    #[error("stopped answering")]
    Hung,
}

impl Death {
    /// Reads the cause from the exit status, and from the words the Rust runtime leaves on standard error before it
    /// aborts (overflowed stacks and failed allocations are both `SIGABRT` otherwise).
    pub(crate) fn of(status: ExitStatus, stderr: &str) -> Self {
        let abort = rustix::process::Signal::ABORT.as_raw();
        match (status.signal(), status.code()) {
            (Some(signal), _) if signal == abort && stderr.contains("has overflowed its stack") => Self::StackOverflow,
            (Some(signal), _) if signal == abort && stderr.contains("memory allocation of") => Self::OutOfMemory,
            (Some(signal), _) if signal == rustix::process::Signal::SYS.as_raw() => Self::ForbiddenCall,
            (Some(signal), _) if signal == rustix::process::Signal::KILL.as_raw() => Self::Killed,
            (Some(signal), _) => Self::Signal(signal),
            (None, Some(code)) => Self::Exit(code),
            (None, None) => Self::Hung,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_apart() {
        let signal = ExitStatus::from_raw;
        assert_eq!(Death::of(signal(6), "thread 'main' (1) has overflowed its stack"), Death::StackOverflow);
        assert_eq!(Death::of(signal(6), "memory allocation of 12 bytes failed"), Death::OutOfMemory);
        assert_eq!(Death::of(signal(6), ""), Death::Signal(6));
        assert_eq!(Death::of(signal(11), ""), Death::Signal(11));
        assert_eq!(Death::of(signal(9), ""), Death::Killed);
        assert_eq!(Death::of(ExitStatus::from_raw(3 << 8), ""), Death::Exit(3));
    }
}
