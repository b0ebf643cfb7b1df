//! What the clients of all registries share: a pool of fetches, and retries.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use url::Url;

use super::attempt::{Answer, Attempt, Failure, Wanted};
use super::authority::Authority;
use super::client::ClientOptions;
use super::error::{FetchError, shown};
use super::retry::{pause, splitmix};
use super::transport::{Transport, Waits};
use crate::npmrc::origin;

/// How often a wait looks whether the user cancelled.
const CANCEL_LATENCY: Duration = Duration::from_millis(50);

/// A small runtime, and how much may run in it at once.
pub(crate) struct Pool {
    runtime: Option<Runtime>,
    concurrency: usize,
}

impl Drop for Pool {
    fn drop(&mut self) {
        // A name look-up that hangs must not keep the program from ending.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Pool {
    pub(crate) fn new(concurrency: usize) -> Result<Pool, FetchError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("vetch-fetch")
            .enable_all()
            .build()
            .map_err(|error| FetchError::Setup { reason: error.to_string() })?;
        Ok(Pool { runtime: Some(runtime), concurrency: concurrency.max(1) })
    }

    /// Runs a task for each request and hands each result to `sink` on the calling thread, in the
    /// order they finish, until it breaks off or `cancelled` says so. `broken` makes the error of a task that ended early.
    pub(crate) fn run<R, T, E, F>(
        &self,
        requests: Vec<R>,
        mut task: impl FnMut(usize, R) -> F,
        broken: impl Fn(String) -> E,
        cancelled: &(dyn Fn() -> bool + Sync),
        sink: &mut dyn FnMut(usize, Result<T, E>) -> ControlFlow<()>,
    ) where
        T: Send + 'static,
        E: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let Some(runtime) = &self.runtime else { return };
        runtime.block_on(async {
            let mut waiting = requests.into_iter().enumerate();
            let mut running = JoinSet::new();
            let mut indices = BTreeMap::new();
            loop {
                while running.len() < self.concurrency {
                    let Some((index, request)) = waiting.next() else { break };
                    let task = running.spawn(task(index, request));
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
                    Err(error) => (error.id(), Err(broken(format!("the fetching task ended: {error}")))),
                };
                let Some(index) = indices.remove(&id) else { continue };
                if sink(index, result).is_break() {
                    return;
                }
            }
        });
    }
}

/// Settings, connections, and which hosts do not answer.
pub(crate) struct Fetcher<C> {
    pub(crate) config: C,
    pub(crate) options: ClientOptions,
    /// Made at the first use: reading the system's certificates takes a while.
    transport: OnceLock<Result<Transport, FetchError>>,
    silent: Silent,
}

impl<C: Authority> Fetcher<C> {
    pub(crate) fn new(config: C, options: ClientOptions) -> Fetcher<C> {
        Fetcher { config, options, transport: OnceLock::new(), silent: Silent::new(options.concurrency) }
    }

    /// Asks a URL, again where that may help. `index` makes the pauses of many requests differ.
    pub(crate) async fn get(&self, index: usize, url: &Url, wanted: &Wanted, limit: u64) -> Result<Answer, FetchError> {
        let waits = Waits { connect: self.options.connect_timeout, silence: self.options.silence_timeout };
        let transport = self.transport.get_or_init(|| Transport::new(&self.config, waits));
        let transport = transport.as_ref().map_err(Clone::clone)?;
        let attempt = Attempt { config: &self.config, transport, wanted, limit };
        let seed = splitmix(self.options.seed ^ index as u64);
        let mut number = 0;
        loop {
            if let Some(host) = self.silent.host(url) {
                return Err(FetchError::Unresponsive { url: shown(url), host });
            }
            let limit = self.config.fetch().timeout;
            let whole = tokio::time::timeout(limit, attempt.run(url)).await;
            // A server that trickles, never silent for long, would only do so again.
            let trickled = whole.is_err() && limit > self.options.silence_timeout;
            let failure = match whole {
                Ok(Ok(answer)) => {
                    self.silent.spoke(url);
                    return Ok(answer);
                }
                Ok(Err(failure)) => failure,
                Err(_) => Failure::from(FetchError::Timeout { url: shown(url) }),
            };
            let timed_out = matches!(failure.error, FetchError::Timeout { .. });
            if timed_out {
                self.silent.failed(url);
            }
            let Some(pause) = self.pause_after(&failure, number, seed).filter(|_| !trickled) else {
                match failure.error {
                    FetchError::Connect { .. } => self.silent.failed(url),
                    _ if !timed_out => self.silent.spoke(url),
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
        let settings = self.config.fetch();
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
