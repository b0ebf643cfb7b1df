//! The readers through their public interface. One binary, so that it links once.

// Clippy takes only `#[test]` functions for tests, not their helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
mod installed;
mod javascript;
mod mutations;
mod package_json;
mod package_lock;
mod pnpm;
mod python;
mod python_locks;
mod sbom;
mod yaml_lockfiles;
mod yarn_berry;
