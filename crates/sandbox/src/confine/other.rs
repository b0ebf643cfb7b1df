//! Unix systems other than Linux: resource limits and no new processes; the rest is missing, and reported as missing.

use super::Confinement;
use super::resources::set;

/// Nothing portable closes all descriptors. What this program opens is close-on-exec anyway.
pub(super) fn close_inherited() -> bool {
    false
}

/// These systems count processes, not threads, against this limit.
pub(super) fn restrict(_: &mut Confinement) {
    set(rustix::process::Resource::Nproc, 0);
}
