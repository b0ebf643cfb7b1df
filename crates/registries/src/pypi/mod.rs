//! The PyPI client: which indexes Python's tools would ask for a project, what those have of it,
//! and its archives, compared with what was locked before anyone sees a byte of them.
//!
//! A name goes only where its tool would send it: a package that the lockfile or the project ties
//! to an index is asked of that index alone, and where that fails, of nobody else.

mod choice;
mod client;
mod error;
mod find_links;
mod history;
mod settings;
pub(crate) mod simple;
mod target;

pub use choice::{Platform, Preference};
pub use client::{ArtifactRequest, FetchedArtifact, ProjectRequest, ProjectResult, PypiClient, Voucher};
pub use error::IndexError;
pub use history::history_of;
pub(crate) use settings::PUBLIC_HOSTS;
pub use settings::{
    FindLinks, Index, IndexSet, LinksPlace, PypiConfig, PypiNotice, PythonLayer, PythonTool, SettingOrigin, Strategy,
};
pub use simple::file_name::release_of;
pub use simple::{CoreMetadata, FileKind, FileLocation, Form, ProjectFile, ProjectPage};
