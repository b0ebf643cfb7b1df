//! Confined worker processes.
//!
//! Archives and source code come from strangers, and the parsers that read them are large. So they run in **worker
//! processes** of the same binary that hold no secrets (empty environment, no inherited descriptors), cannot reach the
//! file system or the network (Landlock and seccomp), have limits on memory and time, and may die without harm: the
//! parent learns how a worker died, starts another and goes on.
//!
//! | module | side | what |
//! |---|---|---|
//! | [`limits`] | both | what a worker may use |
//! | [`confine`] | worker | puts the guards in force and says which of them hold |
//! | [`link`](mod@link) | worker | confines the process, then reads jobs and writes replies |
//! | [`worker`] | parent | starts a worker, talks to it, tells how it died |
//! | [`pool`] | parent | several workers, one queue of jobs |
//! | [`frame`] | both | the wire: length-prefixed frames of opaque bytes |
//!
//! Jobs are opaque bytes here; what they mean is the caller's protocol.
//!
//! Linux gets everything. Other Unix systems get the separate process, the empty environment and the resource limits;
//! [`confine::Confinement::notice`] says what is missing, so that nothing is weakened silently.

pub mod cancel;
pub mod confine;
pub mod error;
pub mod frame;
pub mod limits;
pub mod link;
pub mod pool;
mod tail;
pub mod worker;

pub use cancel::Cancel;
pub use confine::{Confinement, confine_worker};
pub use error::{Death, WorkerError};
pub use frame::Frame;
pub use limits::WorkerLimits;
pub use link::Link;
pub use pool::{AfterDeath, Delivery, Pool, RunSummary};
pub use worker::{WorkerCommand, WorkerProcess};
