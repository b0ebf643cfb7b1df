//! Servers of TAXII 2.1 (<https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html>): one that the user named, and
//! nobody else. Which documents are asked for, and what they mean, is for others to know.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};
use url::Url;

use crate::http::{Authority, ClientOptions, FetchError, Fetcher, Kind, Pool, Wanted, cut, shown, without_secrets};
use crate::npmrc::{Environment, FetchSettings, NpmConfig, Proxies, Tls, origin};
use crate::secret::Secret;

/// What is asked for and has to come (TAXII 2.1, 1.6.8).
const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";
/// Longest time for one document.
const LONGEST: Duration = Duration::from_secs(300);

/// A server, and how the user is known there.
#[derive(Debug, Clone)]
pub struct TaxiiAccess {
    /// The address of its discovery document or of an API root.
    pub url: String,
    /// Who asks.
    pub credentials: TaxiiCredentials,
    /// Ask over plain http even where that leaves this machine, and send the credentials there.
    pub allows_http: bool,
}

/// How a request says who asks.
#[derive(Debug, Clone)]
pub enum TaxiiCredentials {
    /// Not at all.
    None,
    /// By name and password (RFC 7617).
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// By a token (RFC 6750).
    Bearer(Secret),
    /// By a key in a header of its own.
    Header {
        /// The header's name.
        name: String,
        /// The key.
        value: Secret,
    },
}

/// What came.
#[derive(Debug)]
pub struct TaxiiAnswer {
    /// Where it came from in the end; it ends in `/`.
    pub url: String,
    /// The document.
    pub bytes: Vec<u8>,
    /// `Content-Type`, as sent.
    pub content_type: String,
    /// `X-TAXII-Date-Added-Last`, as sent: when the last object of the answer was added.
    pub added_last: Option<String>,
}

/// The server, with the user's own proxies and certificates.
struct Server {
    address: Url,
    header: HeaderName,
    secret: Option<Secret>,
    allows_http: bool,
    settings: NpmConfig,
    fetch: FetchSettings,
}

impl Authority for Server {
    fn user_names(&self, url: &Url) -> bool {
        is_same_host(&self.address, url)
    }

    fn authorization(&self, url: &Url) -> Option<Secret> {
        self.secret.clone().filter(|_| self.user_names(url))
    }

    fn authorization_header(&self) -> HeaderName {
        self.header.clone()
    }

    fn allows_plain_http(&self, named: bool, _: bool) -> bool {
        named && self.allows_http
    }

    fn sends_secrets_over_http(&self) -> bool {
        self.allows_http
    }

    fn allows_redirect(&self, _: &Url, to: &Url) -> bool {
        self.user_names(to)
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

/// Host and port, and how they are spoken to.
fn is_same_host(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && origin(a) == origin(b)
}

/// Asks one server. Synchronous outside, as [`crate::NpmClient`].
pub struct TaxiiClient {
    shared: Arc<Fetcher<Server>>,
    pool: Pool,
}

impl TaxiiClient {
    /// A client for this server. Of the environment, proxies, certificates and patience count; no project does.
    ///
    /// # Errors
    /// When the address or the header is none, or the system gives no threads.
    pub fn new(
        access: &TaxiiAccess,
        environment: &Environment,
        options: ClientOptions,
    ) -> Result<TaxiiClient, FetchError> {
        let address =
            address(&access.url).ok_or_else(|| FetchError::UnusableUrl { url: without_secrets(&access.url) })?;
        let (header, secret) = match &access.credentials {
            TaxiiCredentials::None => (AUTHORIZATION, None),
            TaxiiCredentials::Basic { username, password } => {
                let both = STANDARD.encode(format!("{username}:{}", password.expose()));
                (AUTHORIZATION, Some(Secret::new(format!("Basic {both}"))))
            }
            TaxiiCredentials::Bearer(token) => (AUTHORIZATION, Some(Secret::new(format!("Bearer {}", token.expose())))),
            TaxiiCredentials::Header { name, value } => {
                let reason = || FetchError::Setup { reason: format!("`{}` is no name of a header", cut(name)) };
                (HeaderName::try_from(name.as_str()).map_err(|_| reason())?, Some(value.clone()))
            }
        };
        let environment = Environment { project: None, trust_project: false, ..environment.clone() };
        let settings = NpmConfig::load(&environment);
        let fetch = FetchSettings { timeout: settings.fetch.timeout.min(LONGEST), ..settings.fetch };
        let pool = Pool::new(1)?;
        let server = Server { address, header, secret, allows_http: access.allows_http, settings, fetch };
        Ok(TaxiiClient { shared: Arc::new(Fetcher::new(server, options)), pool })
    }

    /// The server's address, without secrets; it ends in `/`.
    pub fn address(&self) -> String {
        shown(&self.shared.config.address)
    }

    /// Where a reference in one of the server's documents leads: a whole address, or one relative to the server's.
    ///
    /// # Errors
    /// [`FetchError::RefusedRedirect`] when it leads to another host: nobody named that one.
    pub fn resolve(&self, reference: &str) -> Result<String, FetchError> {
        let own = &self.shared.config.address;
        let url = own.join(reference).ok().and_then(|url| address(url.as_str()));
        let url = url.ok_or_else(|| FetchError::UnusableUrl { url: without_secrets(reference) })?;
        if !is_same_host(own, &url) {
            let reason = "it is another host, which your settings do not name";
            return Err(FetchError::RefusedRedirect { url: shown(own), to: shown(&url), reason });
        }
        Ok(url.to_string())
    }

    /// Asks for the document at these segments below `base`, an address that [`TaxiiClient::resolve`] gave.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub fn get(
        &self,
        base: &str,
        path: &[&str],
        query: &[(&str, String)],
        limit: u64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<TaxiiAnswer, FetchError> {
        let url = self.place(base, path, query)?;
        let mut result = Err(FetchError::Offline);
        let start = |index, url| fetch(Arc::clone(&self.shared), index, url, limit);
        self.pool.run(vec![url], start, |reason| FetchError::Setup { reason }, cancelled, &mut |_, fetched| {
            result = fetched;
            ControlFlow::Continue(())
        });
        result
    }

    /// Segments come from the server: none may lead elsewhere.
    fn place(&self, base: &str, path: &[&str], query: &[(&str, String)]) -> Result<Url, FetchError> {
        let unusable = || FetchError::UnusableUrl { url: cut(&path.join("/")) };
        let mut url = Url::parse(&self.resolve(base)?).map_err(|_| unusable())?;
        if path.iter().any(|segment| segment.is_empty() || matches!(*segment, "." | "..")) {
            return Err(unusable());
        }
        // Every address of TAXII ends in a slash.
        url.path_segments_mut().map_err(|()| unusable())?.pop_if_empty().extend(path).push("");
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query.iter().map(|(key, value)| (key, value.as_str())));
        }
        Ok(url)
    }
}

fn address(text: &str) -> Option<Url> {
    let mut address = Url::parse(text).ok()?;
    let is_plain = address.username().is_empty() && address.password().is_none() && address.query().is_none();
    if !matches!(address.scheme(), "http" | "https") || !address.has_host() || !is_plain {
        return None;
    }
    address.set_fragment(None);
    if !address.path().ends_with('/') {
        address.set_path(&format!("{}/", address.path()));
    }
    Some(address)
}

async fn fetch(shared: Arc<Fetcher<Server>>, index: usize, url: Url, limit: u64) -> Result<TaxiiAnswer, FetchError> {
    let wanted = Wanted { integrity: None, accept: MEDIA_TYPE, kind: Kind::Packument, known: None };
    let answer = shared.get(index, &url, &wanted, limit).await?;
    let spool = |error: std::io::Error| FetchError::Spool { url: shown(&url), reason: error.to_string() };
    let added_last = header(&answer.headers, "x-taxii-date-added-last");
    let (bytes, content_type) = (answer.tarball.into_bytes().map_err(spool)?, answer.content_type);
    let url = address(&shown(&answer.url)).map_or_else(String::new, |url| url.to_string());
    Ok(TaxiiAnswer { url, bytes, content_type, added_last })
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> TaxiiClient {
        let credentials = TaxiiCredentials::Bearer(Secret::new("token"));
        let access = TaxiiAccess { url: url.to_owned(), credentials, allows_http: false };
        TaxiiClient::new(&access, &Environment::default(), ClientOptions::default()).unwrap_or_else(|_| panic!("{url}"))
    }

    #[test]
    fn nothing_leads_to_another_host() {
        let client = client("https://taxii.invalid/taxii2");
        assert_eq!(client.address(), "https://taxii.invalid/taxii2/");
        assert_eq!(client.resolve("/api1/").unwrap(), "https://taxii.invalid/api1/");
        assert_eq!(client.resolve("https://taxii.invalid:443/api1").unwrap(), "https://taxii.invalid/api1/");
        for reference in [
            "https://other.invalid/api1/",
            "//other.invalid/api1/",
            "http://taxii.invalid/api1/",
            "https://taxii.invalid:8443/",
            "https://user@taxii.invalid/",
            "file:///etc/passwd",
        ] {
            assert!(client.resolve(reference).is_err(), "{reference}");
        }
        let server = &client.shared.config;
        let at = |text: &str| server.authorization(&Url::parse(text).unwrap()).is_some();
        assert!(at("https://taxii.invalid/x") && !at("https://other.invalid/x") && !at("http://taxii.invalid/x"));
    }

    #[test]
    fn ids_of_the_server_are_single_segments() {
        let client = client("https://taxii.invalid/api1/");
        let place = |path: &[&str]| {
            client.place(&client.address(), path, &[("limit", "5".to_owned()), ("next", "a&b=/c".to_owned())])
        };
        let url = place(&["collections", "../../x?y#z", "objects"]).unwrap();
        let expected = "https://taxii.invalid/api1/collections/..%2F..%2Fx%3Fy%23z/objects/?limit=5&next=a%26b%3D%2Fc";
        assert_eq!(url.as_str(), expected);
        for path in [&["collections", ".."][..], &[""], &["."]] {
            assert!(place(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn wrong_settings_are_told_without_secrets() {
        for url in ["taxii.invalid", "ftp://taxii.invalid/", "https://u:hidden@taxii.invalid/", "https://"] {
            let access = TaxiiAccess { url: url.to_owned(), credentials: TaxiiCredentials::None, allows_http: false };
            let error = TaxiiClient::new(&access, &Environment::default(), ClientOptions::default()).err().unwrap();
            assert!(matches!(error, FetchError::UnusableUrl { .. }), "{url}: {error}");
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
        let credentials = TaxiiCredentials::Header { name: "not a header".to_owned(), value: Secret::new("hidden") };
        let access = TaxiiAccess { url: "https://taxii.invalid/".to_owned(), credentials, allows_http: false };
        let error = TaxiiClient::new(&access, &Environment::default(), ClientOptions::default()).err().unwrap();
        assert!(error.to_string().contains("not a header") && !error.to_string().contains("hidden"), "{error}");
    }
}
