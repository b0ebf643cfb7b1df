//! Resource limits: the same call on every Unix system.

use super::{Confinement, Guard};
use crate::limits::WorkerLimits;
use rustix::process::{Resource, Rlimit, setrlimit};

/// Descriptors a worker may have: the standard three, the two of its link, and room for one more in between.
const DESCRIPTORS: u64 = 8;

/// Sets the limits, soft and hard.
///
/// There is no limit on processes here: Linux counts threads, and those of all processes of the user, so any useful
/// number would also stop the worker's own threads. There the system call filter refuses processes exactly.
pub(super) fn limit(limits: &WorkerLimits, descriptors_closed: bool, confinement: &mut Confinement) {
    confinement.set(Guard::Memory, set(Resource::As, limits.memory_bytes));
    let core = set(Resource::Core, 0);
    let size = set(Resource::Fsize, 0);
    confinement.set(Guard::Files, core && size);
    confinement.set(Guard::Descriptors, set(Resource::Nofile, DESCRIPTORS) && descriptors_closed);
}

/// Lowers a limit; one that is lower already stays.
pub(super) fn set(resource: Resource, value: u64) -> bool {
    let before = rustix::process::getrlimit(resource);
    let value = before.maximum.map_or(value, |maximum| maximum.min(value));
    setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }).is_ok()
}
