//! Feeds of advisories: documents and archives below one address that the user named, or the public default.
//!
//! Nothing of a project is asked for by name: which records are fetched depends on the feed alone.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::http::{Authority, ClientOptions, FetchError, Fetcher, Kind, Pool, Tarball, Wanted, cut, without_secrets};
use crate::npmrc::{Environment, FetchSettings, NpmConfig, Proxies, Tls, origin};
use crate::secret::Secret;

/// Longest time for one archive: the largest has hundreds of megabytes.
const LONGEST: Duration = Duration::from_secs(1_800);

/// Something to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRequest {
    /// Segments of its path below the mirror's address, as they are: `["npm", "all.zip"]`.
    pub path: Vec<String>,
    /// The entity tag of what is at hand.
    pub known: Option<String>,
    /// Largest answer, in bytes.
    pub limit: u64,
}

/// What came.
#[derive(Debug)]
pub struct Feed {
    /// The bytes, on disk where they are many; `None` if what is at hand is still the same.
    pub body: Option<Tarball>,
    /// Its entity tag.
    pub tag: Option<String>,
}

/// The mirror, with the user's own proxies and certificates.
struct Mirror {
    address: Url,
    settings: NpmConfig,
    fetch: FetchSettings,
}

impl Authority for Mirror {
    fn user_names(&self, url: &Url) -> bool {
        origin(url) == origin(&self.address)
    }

    fn authorization(&self, _: &Url) -> Option<Secret> {
        None
    }

    /// Nothing vouches for what a feed says but the connection.
    fn allows_plain_http(&self, _: bool, _: bool) -> bool {
        false
    }

    fn fetch(&self) -> &FetchSettings {
        &self.fetch
    }

    fn proxies(&self) -> &Proxies {
        &self.settings.proxies
    }

    fn tls(&self) -> &Tls {
        &self.settings.tls
    }
}

/// Fetches from a mirror. Synchronous outside, as [`crate::NpmClient`].
pub struct FeedClient {
    shared: Arc<Fetcher<Mirror>>,
    pool: Pool,
}

impl FeedClient {
    /// A client for the mirror at this address. Of the environment, proxies and certificates count; no project does.
    ///
    /// # Errors
    /// When the address is none, or the system gives no threads.
    pub fn new(mirror: &str, environment: &Environment, options: ClientOptions) -> Result<FeedClient, FetchError> {
        let unusable = || FetchError::UnusableUrl { url: without_secrets(mirror) };
        let mut address = Url::parse(mirror).map_err(|_| unusable())?;
        let is_plain = address.username().is_empty() && address.password().is_none() && address.query().is_none();
        if !matches!(address.scheme(), "http" | "https") || !address.has_host() || !is_plain {
            return Err(unusable());
        }
        if !address.path().ends_with('/') {
            address.set_path(&format!("{}/", address.path()));
        }
        let environment = Environment { project: None, trust_project: false, ..environment.clone() };
        let settings = NpmConfig::load(&environment);
        let fetch = FetchSettings { timeout: LONGEST, ..settings.fetch };
        let pool = Pool::new(options.concurrency)?;
        Ok(FeedClient { shared: Arc::new(Fetcher::new(Mirror { address, settings, fetch }, options)), pool })
    }

    /// Fetches one thing.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub fn fetch(&self, request: FeedRequest, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<Feed, FetchError> {
        let mut result = Err(FetchError::Offline);
        self.fetch_all(vec![request], cancelled, &mut |_, fetched| {
            result = fetched;
            ControlFlow::Continue(())
        });
        result
    }

    /// Fetches many things at once. Results as of [`crate::NpmClient::fetch_tarballs`].
    pub fn fetch_all(
        &self,
        requests: Vec<FeedRequest>,
        cancelled: &(dyn Fn() -> bool + Sync),
        sink: &mut dyn FnMut(usize, Result<Feed, FetchError>) -> ControlFlow<()>,
    ) {
        let start = |index, request| fetch(Arc::clone(&self.shared), index, request);
        self.pool.run(requests, start, |reason| FetchError::Setup { reason }, cancelled, sink);
    }
}

async fn fetch(shared: Arc<Fetcher<Mirror>>, index: usize, request: FeedRequest) -> Result<Feed, FetchError> {
    let url = place(&shared.config.address, &request.path)?;
    let wanted = Wanted { integrity: None, accept: "*/*", kind: Kind::Document, known: request.known };
    let answer = shared.get(index, &url, &wanted, request.limit).await?;
    let body = if answer.is_unchanged { None } else { Some(answer.tarball) };
    Ok(Feed { body, tag: answer.tag })
}

/// Below the address, whatever the segments say: those that would lead up are refused.
fn place(address: &Url, path: &[String]) -> Result<Url, FetchError> {
    let unusable = || FetchError::UnusableUrl { url: cut(&path.join("/")) };
    if path
        .iter()
        .any(|segment| segment.is_empty() || segment == "." || segment == ".." || segment.contains(['/', '\\']))
    {
        return Err(unusable());
    }
    let mut url = address.clone();
    url.path_segments_mut().map_err(|()| unusable())?.pop_if_empty().extend(path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_mirror() {
        let address = Url::parse("https://feeds.invalid/osv/").unwrap();
        let of = |path: &[&str]| {
            let path: Vec<String> = path.iter().map(|segment| (*segment).to_owned()).collect();
            place(&address, &path).map(|url| url.to_string())
        };
        assert_eq!(of(&["npm", "MAL-1.json"]).unwrap(), "https://feeds.invalid/osv/npm/MAL-1.json");
        assert_eq!(of(&["npm", "a?b#c.json"]).unwrap(), "https://feeds.invalid/osv/npm/a%3Fb%23c.json");
        for path in [&["npm", ".."][..], &["npm", ""], &["npm", "a/../../b"], &["..\\x"]] {
            assert!(of(path).is_err(), "{path:?}");
        }
        for mirror in ["feeds.invalid", "file:///etc", "https://user@feeds.invalid", "https://feeds.invalid/?x"] {
            assert!(FeedClient::new(mirror, &Environment::default(), ClientOptions::default()).is_err(), "{mirror}");
        }
    }
}
