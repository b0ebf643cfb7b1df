//! The client: many archives at once, with retries, for callers that know no async.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use url::Url;

use super::attempt::{Attempt, Failure, Tarball};
use super::error::{FetchError, shown};
use super::retry::{pause, splitmix};
use super::target::{TarballRequest, url_for};
use super::transport::{Transport, Waits};
use crate::npmrc::{NpmConfig, origin};

/// How often a wait looks whether the user cancelled.
const CANCEL_LATENCY: Duration = Duration::from_millis(50);

/// How the client works; the defaults suit a command-line run.
#[derive(Debug, Clone, Copy)]
pub struct ClientOptions {
    /// Never touch the network.
    pub offline: bool,
    /// Archives fetched at once. Each takes at most 4 MiB of memory; the rest is on disk.
    pub concurrency: usize,
    /// Largest archive, in bytes.
    pub tarball_limit: u64,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence in an answer. npm's `fetch-timeout` (for the whole) applies besides.
    pub silence_timeout: Duration,
    /// Of the pauses between attempts.
    pub seed: u64,
}

impl Default for ClientOptions {
    fn default() -> Self {
        ClientOptions {
            offline: false,
            concurrency: 16,
            tarball_limit: 512 << 20,
            connect_timeout: Duration::from_secs(10),
            silence_timeout: Duration::from_secs(15),
            seed: 0,
        }
    }
}

/// Fetches archives from registries. Synchronous outside, with a small runtime of its own inside
/// (so it must not be used from within another Tokio runtime).
pub struct NpmClient {
    /// `None` offline: then there is nothing that could reach the network.
    online: Option<Online>,
}

struct Online {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
    concurrency: usize,
}

impl Drop for Online {
    fn drop(&mut self) {
        // A name look-up that hangs must not keep the program from ending.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Shared {
    config: NpmConfig,
    options: ClientOptions,
    /// Made at the first use: reading the system's certificates takes a while.
    transport: OnceLock<Result<Transport, FetchError>>,
    silent: Silent,
}

impl NpmClient {
    /// A client with these settings.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn new(config: NpmConfig, options: ClientOptions) -> Result<NpmClient, FetchError> {
        if options.offline || config.offline {
            return Ok(NpmClient { online: None });
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("vetch-fetch")
            .enable_all()
            .build()
            .map_err(|error| FetchError::Setup { reason: error.to_string() })?;
        let shared = Shared { config, options, transport: OnceLock::new(), silent: Silent::new(options.concurrency) };
        let online =
            Online { shared: Arc::new(shared), runtime: Some(runtime), concurrency: options.concurrency.max(1) };
        Ok(NpmClient { online: Some(online) })
    }

    /// A client that answers [`FetchError::Offline`] to everything.
    pub fn offline() -> NpmClient {
        NpmClient { online: None }
    }

    /// Fetches one archive.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub fn fetch_tarball(&self, request: TarballRequest) -> Result<Tarball, FetchError> {
        let mut result = Err(FetchError::Offline);
        self.fetch_tarballs(vec![request], &|| false, &mut |_, fetched| {
            result = fetched;
            ControlFlow::Continue(())
        });
        result
    }

    /// Fetches many archives at once and hands each result to `sink`, with the index
    /// of its request, on the calling thread, in the order they finish: every request
    /// exactly once, unless `sink` breaks off or `cancelled` (asked a few times a second)
    /// says so, which ends what is under way at once. While `sink` works, no more than
    /// [`ClientOptions::concurrency`] finished archives wait.
    ///
    /// Equal requests are fetched as often as they are given.
    pub fn fetch_tarballs(
        &self,
        requests: Vec<TarballRequest>,
        cancelled: &(dyn Fn() -> bool + Sync),
        sink: &mut dyn FnMut(usize, Result<Tarball, FetchError>) -> ControlFlow<()>,
    ) {
        let Some((online, runtime)) = self.online.as_ref().and_then(|online| Some((online, online.runtime.as_ref()?)))
        else {
            for index in 0..requests.len() {
                if sink(index, Err(FetchError::Offline)).is_break() {
                    return;
                }
            }
            return;
        };
        runtime.block_on(online.fetch_all(requests, cancelled, sink));
    }
}

impl Online {
    async fn fetch_all(
        &self,
        requests: Vec<TarballRequest>,
        cancelled: &(dyn Fn() -> bool + Sync),
        sink: &mut dyn FnMut(usize, Result<Tarball, FetchError>) -> ControlFlow<()>,
    ) {
        let mut waiting = requests.into_iter().enumerate();
        let mut running = JoinSet::new();
        let mut indices = BTreeMap::new();
        loop {
            while running.len() < self.concurrency {
                let Some((index, request)) = waiting.next() else { break };
                let shared = Arc::clone(&self.shared);
                let task = running.spawn(async move { shared.fetch(index, &request).await });
                indices.insert(task.id(), index);
            }
            let finished = match tokio::time::timeout(CANCEL_LATENCY, running.join_next_with_id()).await {
                Ok(Some(finished)) => finished,
                Ok(None) => return,
                Err(_) if cancelled() => return,
                Err(_) => continue,
            };
            if cancelled() {
                return;
            }
            let (id, result) = match finished {
                Ok((id, result)) => (id, result),
                Err(error) => {
                    (error.id(), Err(FetchError::Setup { reason: format!("the fetching task ended: {error}") }))
                }
            };
            let Some(index) = indices.remove(&id) else { continue };
            if sink(index, result).is_break() {
                return;
            }
        }
    }
}

impl Shared {
    async fn fetch(&self, index: usize, request: &TarballRequest) -> Result<Tarball, FetchError> {
        let url = url_for(&self.config, request)?;
        let waits = Waits { connect: self.options.connect_timeout, silence: self.options.silence_timeout };
        let transport = self.transport.get_or_init(|| Transport::new(&self.config, waits));
        let transport = transport.as_ref().map_err(Clone::clone)?;
        let attempt = Attempt {
            config: &self.config,
            transport,
            integrity: request.integrity.as_ref(),
            limit: self.options.tarball_limit,
        };
        let seed = splitmix(self.options.seed ^ index as u64);
        let mut number = 0;
        loop {
            if let Some(host) = self.silent.host(&url) {
                return Err(FetchError::Unresponsive { url: shown(&url), host });
            }
            let limit = self.config.fetch.timeout;
            let whole = tokio::time::timeout(limit, attempt.run(&url)).await;
            // A server that trickles, never silent for long, would only do so again.
            let trickled = whole.is_err() && limit > self.options.silence_timeout;
            let failure = match whole {
                Ok(Ok(tarball)) => {
                    self.silent.spoke(&url);
                    return Ok(tarball);
                }
                Ok(Err(failure)) => failure,
                Err(_) => Failure::from(FetchError::Timeout { url: shown(&url) }),
            };
            let timed_out = matches!(failure.error, FetchError::Timeout { .. });
            if timed_out {
                self.silent.failed(&url);
            }
            let Some(pause) = self.pause_after(&failure, number, seed).filter(|_| !trickled) else {
                match failure.error {
                    FetchError::Connect { .. } => self.silent.failed(&url),
                    _ if !timed_out => self.silent.spoke(&url),
                    _ => {}
                }
                return Err(failure.error);
            };
            tokio::time::sleep(pause).await;
            number += 1;
        }
    }

    /// How long to wait before the next attempt; `None` if there is none.
    fn pause_after(&self, failure: &Failure, number: u32, seed: u64) -> Option<Duration> {
        let settings = &self.config.fetch;
        if number >= settings.retries || !failure.error.is_transient() {
            return None;
        }
        let own = pause(settings, number, seed);
        match failure.retry_after {
            // A server that wants us back later than we are willing to wait gets no visit before.
            Some(asked) if asked > settings.longest_pause => None,
            Some(asked) => Some(own.max(asked)),
            None => Some(own),
        }
    }
}

/// Hosts that give no sign of life. A lockfile of thousands of packages must not
/// wait for each in turn: when as many attempts as run at once have timed out (or as
/// many archives found no connection after all their attempts), and none has been
/// answered since, the host is not asked again.
struct Silent {
    limit: usize,
    failures: Mutex<BTreeMap<String, usize>>,
}

impl Silent {
    fn new(limit: usize) -> Silent {
        Silent { limit: limit.max(1), failures: Mutex::new(BTreeMap::new()) }
    }

    fn with<T>(&self, url: &Url, action: impl FnOnce(&mut usize) -> T) -> T {
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        action(failures.entry(origin(url).unwrap_or_default()).or_default())
    }

    fn host(&self, url: &Url) -> Option<String> {
        let silent = self.with(url, |failures| *failures >= self.limit);
        silent.then(|| url.host_str().unwrap_or_default().to_owned())
    }

    fn spoke(&self, url: &Url) {
        self.with(url, |failures| *failures = 0);
    }

    fn failed(&self, url: &Url) {
        self.with(url, |failures| *failures += 1);
    }
}
