//! An npm registry in this process: documents, tarballs, a request log, and
//! every way of misbehaving that a client must survive.

mod documents;
mod http;
mod tls;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::package::Pkg;

pub use tls::Identity;

/// How a path misbehaves.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The request is read and never answered.
    Hang,
    /// The body comes in small pieces with a pause after each.
    Slow {
        /// Bytes in one piece.
        piece: usize,
        /// The pause after it.
        pause: Duration,
    },
    /// An error status, e.g. 429 or 503, with this `Retry-After`.
    Status(u16, Option<String>),
    /// 200 with a web page, as login pages of proxies do.
    Html,
    /// 200 with these bytes instead of the right ones.
    WrongBytes(Vec<u8>),
    /// 302 to this URL.
    Redirect(String),
    /// The connection closes in the middle of the body.
    Truncated,
    /// The connection closes before any answer.
    Reset,
    /// 401 unless the request carries exactly this `Authorization` value.
    NeedAuthorization(String),
    /// 200 with a body of this many zero bytes, sent without a length.
    Endless(u64),
}

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// `GET`, …
    pub method: String,
    /// The request target as sent, still percent-encoded.
    pub path: String,
    /// Headers with lower-case names, in order.
    pub headers: Vec<(String, String)>,
}

impl LoggedRequest {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A fault and how many more requests it hits; `None` means all of them.
struct Planned {
    fault: Fault,
    left: Option<u32>,
}

#[derive(Default)]
struct State {
    packages: BTreeMap<String, Vec<Pkg>>,
    files: BTreeMap<String, Vec<u8>>,
    faults: BTreeMap<String, Vec<Planned>>,
    log: Vec<LoggedRequest>,
}

struct Shared {
    address: SocketAddr,
    /// The path below which the registry lives, without trailing `/`.
    base: String,
    authorization: Option<String>,
    /// With one, it speaks TLS.
    identity: Option<Identity>,
    stopping: AtomicBool,
    state: Mutex<State>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn url(&self) -> String {
        let scheme = if self.identity.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}/", self.address, self.base)
    }

    /// The fault that the next request for `path` meets.
    fn next_fault(&self, path: &str) -> Option<Fault> {
        let mut state = self.state();
        let planned = state.faults.get_mut(path)?.iter_mut().find(|planned| planned.left != Some(0))?;
        if let Some(left) = &mut planned.left {
            *left -= 1;
        }
        Some(planned.fault.clone())
    }
}

/// Describes a registry before it starts.
#[derive(Default)]
pub struct NpmRegistryBuilder {
    state: State,
    base: String,
    authorization: Option<String>,
    identity: Option<Identity>,
}

impl NpmRegistryBuilder {
    /// Serves a release; releases of one name in the order they were published.
    #[must_use]
    pub fn package(mut self, pkg: Pkg) -> Self {
        self.state.packages.entry(pkg.name().to_owned()).or_default().push(pkg);
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
        self.state.faults.entry(path.to_owned()).or_default().push(Planned { fault, left: None });
        self
    }

    /// The first `times` requests for `path` meet this fault; then comes the next fault, or the truth.
    #[must_use]
    pub fn fault_times(mut self, path: &str, fault: Fault, times: u32) -> Self {
        self.state.faults.entry(path.to_owned()).or_default().push(Planned { fault, left: Some(times) });
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
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("the port just bound"),
            base: self.base,
            authorization: self.authorization,
            identity: self.identity,
            stopping: AtomicBool::new(false),
            state: Mutex::new(self.state),
        });
        let served = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || accept(&listener, &served));
        NpmRegistry { shared, accepting: Some(accepting) }
    }
}

/// One thread for each connection: tests have few, and a thread may hang for as long as it likes.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping() {
            return;
        }
        if let Ok(stream) = stream {
            let shared = Arc::clone(shared);
            std::thread::spawn(move || http::serve(stream, &shared));
        }
    }
}

/// A running registry; it stops when dropped.
pub struct NpmRegistry {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
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
        self.shared.url()
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.shared.address.to_string()
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
        self.shared.state().packages.entry(pkg.name().to_owned()).or_default().push(pkg);
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.state().log.clone()
    }

    /// Decoded paths of every request so far, sorted (arrival order varies with threads).
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.requests().iter().map(|request| http::decode(&request.path)).collect();
        paths.sort();
        paths
    }
}

impl Drop for NpmRegistry {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees that it should stop.
        drop(TcpStream::connect(self.shared.address));
        if let Some(accepting) = self.accepting.take() {
            accepting.join().ok();
        }
    }
}
