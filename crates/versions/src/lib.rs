//! Version order and ranges by the rules of each ecosystem: npm (node-semver) and Python (PEP 440).

pub mod error;
pub mod npm;

pub use error::{VersionError, VersionErrorKind};
