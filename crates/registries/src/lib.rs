//! Where the contents of npm releases come from: npm's own cache, a folder of
//! archives, and registries, in the settings that npm itself would use.
//!
//! Everything that comes from the scanned project is hostile: its `.npmrc` may
//! not expand the environment, weaken TLS or name a proxy; its URLs may not reach
//! private addresses; credentials go only where the user bound them. Every byte
//! handed out was compared with the lockfile's integrity where there is one.
//!
//! Start reading at [`NpmConfig::load`] and [`NpmClient::fetch_tarballs`].
//! This crate never unpacks an archive and never judges one.

mod archives_dir;
mod cacache;
mod digest;
mod http;
mod npmrc;
mod secret;

pub use archives_dir::{ArchiveFile, ArchivesDir};
pub use cacache::{Cacache, CacheMiss};
pub use digest::{Mismatch, sri, verify, verify_read};
pub use http::{ClientOptions, FetchError, NpmClient, Tarball, TarballRequest};
pub use npmrc::{Environment, FetchSettings, Layer, Notice, NpmConfig, Registry};
pub use secret::Secret;
