//! Where the contents of npm and PyPI releases come from: npm's own cache, a folder of
//! archives, and registries, in the settings that npm, pip, uv and their like would use.
//!
//! Everything that comes from the scanned project is hostile: its `.npmrc` may
//! not expand the environment, weaken TLS or name a proxy; its URLs may not reach
//! private addresses; credentials go only where the user bound them. Every byte
//! handed out was compared with the lockfile's integrity where there is one.
//!
//! Start reading at [`NpmConfig::load`] and [`NpmClient::fetch_tarballs`], or at
//! [`PypiConfig::load`] and [`PypiClient::project`].
//! This crate never unpacks an archive and never judges one.

mod archives_dir;
mod cacache;
mod clocks;
mod digest;
mod feeds;
mod http;
mod npm;
mod npmrc;
mod pypi;
mod secret;
mod settings_file;
mod taxii;

pub use archives_dir::{ArchiveFile, ArchivesDir};
pub use cacache::{Cacache, CacheMiss};
pub use digest::{Mismatch, from_hex, sri, verify, verify_read};
pub use feeds::{Feed, FeedClient, FeedRequest};
pub use http::{ClientOptions, FetchError, NpmClient, Packument, PackumentRequest, Tarball, TarballRequest};
pub use npm::{MAX_PACKUMENT, NpmAccount, NpmToken, SecondFactor, read_packument};
pub use npmrc::{Environment, FetchSettings, Layer, Notice, NpmConfig, Registry};
pub use pypi::{
    ArtifactRequest, CoreMetadata, FetchedArtifact, FileKind, FileLocation, FindLinks, Form, Index, IndexError,
    IndexSet, LinksPlace, Platform, Preference, ProjectFile, ProjectPage, ProjectRequest, ProjectResult, PypiClient,
    PypiConfig, PypiNotice, PythonLayer, PythonTool, SettingOrigin, Strategy, Voucher, history_of, release_of,
};
pub use secret::Secret;
pub use taxii::{TaxiiAccess, TaxiiAnswer, TaxiiClient, TaxiiCredentials};

/// Whether this host serves npm's or PyPI's public packages to anyone.
pub fn is_public_host(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    npmrc::PUBLIC_HOSTS.contains(&host.as_str()) || pypi::PUBLIC_HOSTS.contains(&host.as_str())
}

/// An address as messages may show it: without user, password and query.
pub fn url_without_secrets(url: &str) -> String {
    http::without_secrets(url)
}
