//! What every fake registry is made of: a server with a log, and every way of misbehaving that a
//! client must survive.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use super::http::{self, Answer};
use super::tls::Identity;

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

/// What is planned for a server and what it has seen.
#[derive(Default)]
pub(super) struct State {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    faults: BTreeMap<String, Vec<Planned>>,
    pub(super) log: Vec<LoggedRequest>,
}

/// What a kind of registry has at its paths.
pub(super) trait Site: Send + Sync {
    /// The answer to a request for `path`, decoded and below the registry's base.
    fn answer(&self, base_url: &str, request: &LoggedRequest, path: &str) -> Option<Answer>;
}

pub(super) struct Shared {
    pub(super) address: SocketAddr,
    /// The path below which the registry lives, without trailing `/`.
    pub(super) base: String,
    pub(super) authorization: Option<String>,
    /// With one, it speaks TLS.
    pub(super) identity: Option<Identity>,
    pub(super) site: Box<dyn Site>,
    stopping: AtomicBool,
    state: Mutex<State>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(super) fn url(&self) -> String {
        let scheme = if self.identity.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}/", self.address, self.base)
    }

    /// The fault that the next request for `path` meets.
    pub(super) fn next_fault(&self, path: &str) -> Option<Fault> {
        let mut state = self.state();
        let planned = state.faults.get_mut(path)?.iter_mut().find(|planned| planned.left != Some(0))?;
        if let Some(left) = &mut planned.left {
            *left -= 1;
        }
        Some(planned.fault.clone())
    }
}

impl State {
    /// Plans a fault for a path: for all requests, or this many.
    pub(super) fn plan(&mut self, path: &str, fault: Fault, left: Option<u32>) {
        self.faults.entry(path.to_owned()).or_default().push(Planned { fault, left });
    }
}

/// A server on a free port of 127.0.0.1; it stops when dropped.
pub(super) struct Server {
    pub(super) shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(
        state: State,
        base: String,
        authorization: Option<String>,
        identity: Option<Identity>,
        site: Box<dyn Site>,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("the port just bound"),
            base,
            authorization,
            identity,
            site,
            stopping: AtomicBool::new(false),
            state: Mutex::new(state),
        });
        let served = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || accept(&listener, &served));
        Server { shared, accepting: Some(accepting) }
    }

    /// Decoded paths of every request so far, sorted (arrival order varies with threads).
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> =
            self.shared.state().log.iter().map(|request| http::decode(&request.path)).collect();
        paths.sort();
        paths
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

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees that it should stop.
        drop(TcpStream::connect(self.shared.address));
        if let Some(accepting) = self.accepting.take() {
            accepting.join().ok();
        }
    }
}
