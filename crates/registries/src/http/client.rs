//! npm's client: many archives at once, for callers that know no async.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::attempt::{Answer, Kind, Tarball, Wanted};
use super::error::{FetchError, shown};
use super::fetcher::{Fetcher, Pool};
use super::target::{TarballRequest, packument_url, url_for};
use crate::npm::{self, MAX_PACKUMENT, NpmAccount, NpmToken};
use crate::npmrc::NpmConfig;

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
    shared: Arc<Fetcher<NpmConfig>>,
    pool: Pool,
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
        let pool = Pool::new(options.concurrency)?;
        Ok(NpmClient { online: Some(Online { shared: Arc::new(Fetcher::new(config, options)), pool }) })
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
        self.many(requests, fetch, cancelled, sink);
    }
}

/// A package document to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackumentRequest {
    /// An archive of the package: its document is asked of the registry that the archive comes from,
    /// so that the name goes to nobody who does not know it.
    pub archive: TarballRequest,
    /// The entity tag of the document at hand.
    pub known: Option<String>,
}

/// A package document.
#[derive(Debug)]
pub struct Packument {
    /// The registry, without secrets.
    pub registry: String,
    /// What it sent; `None` if what is at hand is still the same.
    pub bytes: Option<Vec<u8>>,
    /// Its entity tag.
    pub tag: Option<String>,
}

impl NpmClient {
    /// Where the document of a package would be asked for: the registry, and the document's URL. `None` where its
    /// archive comes from no registry.
    pub fn packument_place(config: &NpmConfig, archive: &TarballRequest) -> Option<(String, String)> {
        let (registry, url) = packument_url(config, archive).ok()??;
        Some((shown(&registry), shown(&url)))
    }

    /// One task for each request, each with the settings and connections of the client.
    fn many<R, T, F>(
        &self,
        requests: Vec<R>,
        task: impl Fn(Arc<Fetcher<NpmConfig>>, usize, R) -> F,
        cancelled: &(dyn Fn() -> bool + Sync),
        sink: &mut dyn FnMut(usize, Result<T, FetchError>) -> ControlFlow<()>,
    ) where
        T: Send + 'static,
        F: Future<Output = Result<T, FetchError>> + Send + 'static,
    {
        let Some(online) = &self.online else {
            for index in 0..requests.len() {
                if sink(index, Err(FetchError::Offline)).is_break() {
                    return;
                }
            }
            return;
        };
        let start = |index, request| task(Arc::clone(&online.shared), index, request);
        online.pool.run(requests, start, |reason| FetchError::Setup { reason }, cancelled, sink);
    }

    /// Fetches many package documents at once, in full form. Results as of [`NpmClient::fetch_tarballs`].
    pub fn fetch_packuments(
        &self,
        requests: Vec<PackumentRequest>,
        cancelled: &(dyn Fn() -> bool + Sync),
        sink: &mut dyn FnMut(usize, Result<Packument, FetchError>) -> ControlFlow<()>,
    ) {
        self.many(requests, fetch_packument, cancelled, sink);
    }
}

impl NpmClient {
    /// Asks every registry that there are credentials for about the account behind them, in the order of their
    /// addresses. Nothing is asked offline, or where there are no credentials.
    pub fn fetch_accounts(&self, cancelled: &(dyn Fn() -> bool + Sync)) -> Vec<NpmAccount> {
        let registries = self.online.as_ref().map(|online| online.shared.config.registries_with_credentials());
        let mut accounts = Vec::new();
        self.many(registries.unwrap_or_default(), fetch_account, cancelled, &mut |_, account| {
            accounts.extend(account);
            ControlFlow::Continue(())
        });
        accounts.sort_by(|a, b| a.registry.cmp(&b.registry));
        accounts
    }
}

/// What one registry says of its account. What it does not say is no error of the whole.
async fn fetch_account(shared: Arc<Fetcher<NpmConfig>>, index: usize, registry: Url) -> Result<NpmAccount, FetchError> {
    let second_factor = match document(&shared, index, &registry, "-/npm/v1/user").await {
        Ok(bytes) => npm::second_factor(&bytes),
        Err(why) => Err(why),
    };
    let tokens = fetch_tokens(&shared, index, &registry).await;
    Ok(NpmAccount { registry: shown(&registry), second_factor, tokens })
}

async fn fetch_tokens(shared: &Fetcher<NpmConfig>, index: usize, registry: &Url) -> Result<Vec<NpmToken>, String> {
    let mut tokens = Vec::new();
    let mut next = "-/npm/v1/tokens".to_owned();
    for _ in 0..npm::MAX_PAGES {
        let (page, following) = npm::tokens(&document(shared, index, registry, &next).await?)?;
        tokens.extend(page);
        match following {
            // As npm has it: pages stand below the registry, whichever slash they begin with.
            Some(following) => next = following.trim_start_matches('/').to_owned(),
            None => return Ok(tokens),
        }
    }
    Err(format!("it sends more than {} pages of tokens", npm::MAX_PAGES))
}

/// A document of a registry. A path that leads elsewhere is not followed: the credentials are for this registry.
async fn document(shared: &Fetcher<NpmConfig>, index: usize, registry: &Url, path: &str) -> Result<Vec<u8>, String> {
    let url = registry.join(path).ok().filter(|url| url.as_str().starts_with(registry.as_str()));
    let url = url.ok_or_else(|| "it leads to another host for the rest of its answer".to_owned())?;
    let wanted = Wanted { integrity: None, accept: "application/json", kind: Kind::Document, known: None };
    let answer = shared.get(index, &url, &wanted, npm::MAX_ANSWER).await.map_err(|error| error.to_string())?;
    answer.tarball.into_bytes().map_err(|error| format!("its answer cannot be kept: {error}"))
}

async fn fetch_packument(
    shared: Arc<Fetcher<NpmConfig>>,
    index: usize,
    request: PackumentRequest,
) -> Result<Packument, FetchError> {
    let unusable = || FetchError::UnusableName { name: super::error::cut(&request.archive.name) };
    let (registry, url) = packument_url(&shared.config, &request.archive)?.ok_or_else(unusable)?;
    let wanted = Wanted { integrity: None, accept: "application/json", kind: Kind::Packument, known: request.known };
    let Answer { tarball, tag, is_unchanged, .. } = shared.get(index, &url, &wanted, MAX_PACKUMENT).await?;
    let spool = |error: std::io::Error| FetchError::Spool { url: shown(&url), reason: error.to_string() };
    let bytes = if is_unchanged { None } else { Some(tarball.into_bytes().map_err(spool)?) };
    Ok(Packument { registry: shown(&registry), bytes, tag })
}

async fn fetch(shared: Arc<Fetcher<NpmConfig>>, index: usize, request: TarballRequest) -> Result<Tarball, FetchError> {
    let url = url_for(&shared.config, &request)?;
    let wanted = Wanted { integrity: request.integrity, accept: "*/*", kind: Kind::Gzip, known: None };
    Ok(shared.get(index, &url, &wanted, shared.options.tarball_limit).await?.tarball)
}
