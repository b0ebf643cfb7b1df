//! What the user's settings allow a client to do, whatever the ecosystem.

use reqwest::header::{AUTHORIZATION, HeaderName};
use url::Url;

use crate::npmrc::{FetchSettings, NpmConfig, Proxies, Tls};
use crate::secret::Secret;

/// The settings that a fetch obeys.
pub(crate) trait Authority: Send + Sync {
    /// Whether the user's own settings name this host and port.
    fn user_names(&self, url: &Url) -> bool;
    /// The value of `Authorization` for this URL, if credentials are bound to it.
    fn authorization(&self, url: &Url) -> Option<Secret>;
    /// Whether a host may be asked over plain http that does not stay on this machine:
    /// one that the user `named` or not, for contents that a `strong` hash vouches for or not.
    fn allows_plain_http(&self, named: bool, strong: bool) -> bool;
    /// The header in which credentials are sent.
    fn authorization_header(&self) -> HeaderName {
        AUTHORIZATION
    }
    /// Whether credentials may be sent where anyone on the way can read them.
    fn sends_secrets_over_http(&self) -> bool {
        false
    }
    /// Whether a redirect may be followed, as far as its host goes.
    fn allows_redirect(&self, _from: &Url, _to: &Url) -> bool {
        true
    }
    /// Retries and times.
    fn fetch(&self) -> &FetchSettings;
    /// The user's proxies.
    fn proxies(&self) -> &Proxies;
    /// The user's certificates.
    fn tls(&self) -> &Tls;
}

impl Authority for NpmConfig {
    fn user_names(&self, url: &Url) -> bool {
        NpmConfig::user_names(self, url)
    }

    fn authorization(&self, url: &Url) -> Option<Secret> {
        NpmConfig::authorization(self, url)
    }

    /// As npm has it: the lockfile's hash makes up for the connection.
    fn allows_plain_http(&self, _named: bool, strong: bool) -> bool {
        strong
    }

    fn fetch(&self) -> &FetchSettings {
        &self.fetch
    }

    fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    fn tls(&self) -> &Tls {
        &self.tls
    }
}
