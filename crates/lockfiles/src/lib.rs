//! Readers of lockfiles, manifests and installed trees.
//!
//! Readers get bytes or a directory handle, never a path to roam from; they
//! judge nothing and fetch nothing. A file that cannot be read at all is a
//! [`ReadError`]; a part of it that cannot be read is a
//! [`vetch_model::Incomplete`] and the rest stands. Every reader keeps spans, so
//! that a finding can point at a line.
//!
//! Start reading at [`mod@format`]: which formats there are and who reads them.

pub mod error;
mod files;
pub mod format;
pub mod installed;
mod json;
mod members;
pub mod npm;
pub mod python;
pub mod sbom;
mod toml_tree;
pub mod tree;
mod yaml;

pub use error::{ReadError, ReadErrorKind};
pub use files::{DirFiles, Files, Listed, ListedKind, MemoryFiles, beside, read_file};
pub use format::{Format, Reading, detect, read};
