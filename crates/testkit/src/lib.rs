//! The test kit: fake npm registries and Python indexes, projects built from a description, and a
//! clean environment for the real binary. Everything is in-process, offline and
//! deterministic; nothing here is published.
//!
//! ```
//! use vetch_testkit::{NpmRegistry, Pkg, Project};
//!
//! let left_pad = Pkg::new("left-pad", "1.0.0").file("index.js", "module.exports = 1;\n");
//! let registry = NpmRegistry::builder().package(left_pad.clone()).start();
//! let project = Project::builder("demo").registry(&registry.url()).install(left_pad).build();
//! assert!(project.root().join("node_modules/left-pad/index.js").is_file());
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "only tests use this crate, and a panic here is a failed test that says where"
)]

mod archive;
mod browser;
mod hostile;
mod lockfile;
mod package;
mod project;
mod python;
mod registry;
pub mod replay;
mod running;
mod vetch;

pub use archive::{content_path, integrity, sha1_integrity, sha256, shasum, stored_tarball, tarball};
pub use browser::Browser;
pub use hostile::{Entry, bomb, raw_tarball};
pub use package::Pkg;
pub use project::{Project, ProjectBuilder};
pub use python::{PyPkg, SitePackages, sdist_archive, zip_archive};
pub use registry::{
    Fault, Identity, LoggedRequest, NpmRegistry, NpmRegistryBuilder, PythonIndex, PythonIndexBuilder, PythonIndexForm,
    TaxiiCollection, TaxiiQuirk, TaxiiServer, TaxiiServerBuilder,
};
#[cfg(target_os = "linux")]
pub use running::has_gone;
pub use running::{Running, eventually};
pub use vetch::{Run, Vetch};
