//! What a worker may use.

use std::time::Duration;

/// The limits of one worker process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerLimits {
    /// Address space in bytes (`RLIMIT_AS`). It counts reserved memory as well, so stacks of threads and the reserve of
    /// the allocator belong to it: give at least the largest stack plus 256 MiB.
    pub memory_bytes: u64,
    /// Largest payload of one frame in bytes, in both directions.
    pub frame_bytes: u32,
    /// Wall-clock time for one job, after which the worker is killed. It exists for runaways only and is generous:
    /// work is bounded by fuel, which gives the same result on every machine.
    pub job_time: Duration,
}

impl Default for WorkerLimits {
    fn default() -> Self {
        Self { memory_bytes: 1 << 30, frame_bytes: 128 << 20, job_time: Duration::from_secs(120) }
    }
}

/// An argument that does not describe limits.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{argument}` does not describe the limits of a worker: this command is started by other commands, not by hand"
)]
pub struct LimitsError {
    argument: String,
}

impl WorkerLimits {
    /// The part of the limits that the worker has to know, as one command-line argument.
    pub fn to_argument(&self) -> String {
        format!("memory={},frame={}", self.memory_bytes, self.frame_bytes)
    }

    /// Reads what [`WorkerLimits::to_argument`] wrote. The time limit is the parent's and has its default.
    pub fn from_argument(argument: &str) -> Result<Self, LimitsError> {
        let parse = || {
            let (memory, frame) = argument.strip_prefix("memory=")?.split_once(",frame=")?;
            Some(Self { memory_bytes: memory.parse().ok()?, frame_bytes: frame.parse().ok()?, ..Self::default() })
        };
        parse().ok_or_else(|| LimitsError { argument: argument.chars().take(80).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_survives_the_trip() {
        let limits = WorkerLimits { memory_bytes: 12_345, frame_bytes: 678, ..WorkerLimits::default() };
        assert_eq!(WorkerLimits::from_argument(&limits.to_argument()), Ok(limits));
    }

    #[test]
    fn anything_else_is_refused() {
        for argument in ["", "memory=1", "memory=,frame=", "memory=1,frame=4294967296", "frame=1,memory=1", "--help"] {
            assert!(WorkerLimits::from_argument(argument).is_err(), "{argument:?} was taken for limits");
        }
    }
}
