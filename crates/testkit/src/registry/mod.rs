//! Registries in this process: an npm registry with documents and tarballs, a Python index, a
//! request log each, and every way of misbehaving that a client must survive.

mod documents;
mod http;
mod python;
mod server;
mod taxii;
mod tls;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::archive;
use crate::package::Pkg;
use documents::ABBREVIATED;
use http::Answer;
pub use python::{PythonIndex, PythonIndexBuilder, PythonIndexForm};
pub use server::{Fault, LoggedRequest};
use server::{Server, Site, State};
pub use taxii::{TaxiiCollection, TaxiiQuirk, TaxiiServer, TaxiiServerBuilder};

pub use tls::Identity;

/// Releases by name, in the order they were published.
type Packages = BTreeMap<String, Vec<Pkg>>;

/// Describes a registry before it starts.
#[derive(Default)]
pub struct NpmRegistryBuilder {
    packages: Packages,
    state: State,
    base: String,
    authorization: Option<String>,
    identity: Option<Identity>,
}

impl NpmRegistryBuilder {
    /// Serves a release; releases of one name in the order they were published.
    #[must_use]
    pub fn package(mut self, pkg: Pkg) -> Self {
        self.packages.entry(pkg.name().to_owned()).or_default().push(pkg);
        self
    }

    /// Serves any bytes at a path.
    #[must_use]
    pub fn file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.state.files.insert(path.to_owned(), bytes.into());
        self
    }

    /// Every request for `path` (decoded, with leading `/`) meets this fault.
    #[must_use]
    pub fn fault(mut self, path: &str, fault: Fault) -> Self {
        self.state.plan(path, fault, None);
        self
    }

    /// The first `times` requests for `path` meet this fault; then comes the next fault, or the truth.
    #[must_use]
    pub fn fault_times(mut self, path: &str, fault: Fault, times: u32) -> Self {
        self.state.plan(path, fault, Some(times));
        self
    }

    /// Asks for `Authorization: Bearer <token>` everywhere.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.authorization(&format!("Bearer {token}"))
    }

    /// Asks for exactly this `Authorization` value everywhere.
    #[must_use]
    pub fn authorization(mut self, value: &str) -> Self {
        self.authorization = Some(value.to_owned());
        self
    }

    /// Puts the registry below a path, as repository managers do: `/repository/npm`.
    #[must_use]
    pub fn below(mut self, path: &str) -> Self {
        path.trim_end_matches('/').clone_into(&mut self.base);
        self
    }

    /// Speaks TLS, with this certificate. Nobody trusts it but who names [`NpmRegistry::AUTHORITY`].
    #[must_use]
    pub fn tls(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Starts it on a free port of 127.0.0.1.
    pub fn start(self) -> NpmRegistry {
        let packages = Arc::new(Mutex::new(self.packages));
        let site = Box::new(NpmSite(Arc::clone(&packages)));
        NpmRegistry { packages, server: Server::start(self.state, self.base, self.authorization, self.identity, site) }
    }
}

/// A running registry; it stops when dropped.
pub struct NpmRegistry {
    packages: Arc<Mutex<Packages>>,
    server: Server,
}

/// Documents and tarballs.
struct NpmSite(Arc<Mutex<Packages>>);

impl Site for NpmSite {
    fn answer(&self, base_url: &str, request: &LoggedRequest, path: &str) -> Option<Answer> {
        let packages = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(releases) = path.strip_prefix('/').and_then(|name| packages.get(name)) {
            let abbreviated = request.header("accept").unwrap_or_default().contains(ABBREVIATED);
            let content_type = if abbreviated { ABBREVIATED } else { "application/json" };
            let body = documents::packument(base_url, releases, abbreviated);
            // Distinct for the two forms, since the bytes are.
            let tag = format!("\"{}\"", archive::shasum(&body));
            if request.header("if-none-match") == Some(&tag) {
                return Some(Answer::new(304, content_type, "").with("ETag", tag).with("Vary", "Accept"));
            }
            return Some(Answer::new(200, content_type, body).with("ETag", tag).with("Vary", "Accept"));
        }
        let pkg = packages.values().flatten().find(|pkg| pkg.tarball_path() == path)?;
        Some(Answer::new(200, "application/octet-stream", pkg.tarball()))
    }
}

impl NpmRegistry {
    /// The certificate, in PEM, of the authority that signs those of registries that speak TLS.
    pub const AUTHORITY: &str = tls::AUTHORITY;

    /// Describes one.
    pub fn builder() -> NpmRegistryBuilder {
        NpmRegistryBuilder::default()
    }

    /// `http://127.0.0.1:PORT/` (`https:` with TLS), with the path it lives below.
    pub fn url(&self) -> String {
        self.server.shared.url()
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.server.shared.address.to_string()
    }

    /// `//127.0.0.1:PORT/path/`, the prefix of credentials in `.npmrc`.
    pub fn credential_prefix(&self) -> String {
        self.url().trim_start_matches("https:").trim_start_matches("http:").to_owned()
    }

    /// The URL of a release's tarball here.
    pub fn tarball_url(&self, pkg: &Pkg) -> String {
        format!("{}{}", self.url().trim_end_matches('/'), pkg.tarball_path())
    }

    /// Publishes a release while it runs.
    pub fn publish(&self, pkg: Pkg) {
        let mut packages = self.packages.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        packages.entry(pkg.name().to_owned()).or_default().push(pkg);
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.server.shared.state().log.clone()
    }

    /// Decoded paths of every request so far, sorted (arrival order varies with threads).
    pub fn paths(&self) -> Vec<String> {
        self.server.paths()
    }
}
