//! Python: requirements, manifests, lockfiles.

mod locked;
pub mod pdm;
pub mod pipfile_lock;
pub mod poetry;
pub mod pylock;
pub(crate) mod requirement;
pub mod uv;
