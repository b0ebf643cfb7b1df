//! The settings that npm would use, and what of them the project may decide.
//!
//! Layers, from what yields to what wins: default, built-in, global, user,
//! project, environment (`@npmcli/config`). The project's layer is hostile: see
//! [`NpmConfig::load`].

pub(crate) mod credentials;
pub(crate) mod expand;
mod ini;
pub(crate) mod merge;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;
use vetch_model::Location;

use crate::secret::Secret;
use credentials::Credentials;
pub use sources::{Environment, Layer};

/// The registry that everyone uses.
pub(crate) const PUBLIC_REGISTRY: &str = "https://registry.npmjs.org/";
/// Hosts that serve the public registry's packages to anyone.
pub(crate) const PUBLIC_HOSTS: &[&str] = &["registry.npmjs.org", "registry.yarnpkg.com", "registry.npmmirror.com"];

/// Something about the settings that the user should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// Which layer it is about.
    pub layer: Layer,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The line of the project's `.npmrc`, where it is about that.
    pub location: Option<Location>,
}

impl Notice {
    fn new(layer: Layer, line: u32, message: impl Into<String>, hint: impl Into<String>) -> Notice {
        let place = || Location { line, ..Location::file(".npmrc") };
        let location = (layer == Layer::Project).then(place);
        Notice { layer, message: message.into(), hint: hint.into(), location }
    }
}

/// A key as messages show it: never with a value, and cut where it is absurd.
fn shown_key(key: &str) -> String {
    key.chars().take(80).collect()
}

/// A registry, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Its base, with `/` at the end, without user, password, query or fragment.
    pub url: Url,
    /// The layer that named it.
    pub named_by: Layer,
}

/// How npm is told to fetch; bounds keep a hostile project from stretching a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchSettings {
    /// Attempts after the first (`fetch-retries`, 2; at most 10).
    pub retries: u32,
    /// Growth of the pause between attempts (`fetch-retry-factor`; here 2 unless set).
    pub factor: u32,
    /// First pause (`fetch-retry-mintimeout`; here 1 s unless set, where npm takes 10 s).
    pub first_pause: Duration,
    /// Longest pause (`fetch-retry-maxtimeout`, 60 s).
    pub longest_pause: Duration,
    /// Longest time for one attempt, body included (`fetch-timeout`, 300 s).
    pub timeout: Duration,
}

impl Default for FetchSettings {
    fn default() -> Self {
        FetchSettings {
            retries: 2,
            factor: 2,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            timeout: Duration::from_secs(300),
        }
    }
}

/// Which hosts of `resolved` stand for "the configured registry" (`replace-registry-host`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplaceHost {
    /// This host, and there everything or what lies below this path (no `/` at its end).
    Host {
        /// Lower-case name.
        host: String,
        /// `/npm`, where a whole URL was given.
        path: Option<String>,
    },
    /// None.
    Never,
    /// All.
    Always,
}

impl ReplaceHost {
    /// npm's default: the public registry's.
    pub(crate) fn npmjs() -> ReplaceHost {
        ReplaceHost::Host { host: "registry.npmjs.org".to_owned(), path: None }
    }
}

/// Proxies; their URLs may hold passwords.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies {
    pub(crate) https: Option<Secret>,
    pub(crate) http: Option<Secret>,
    /// Hosts that are reached directly, separated by commas.
    pub(crate) bypass: Option<String>,
}

/// Certificates, as PEM.
#[derive(Clone)]
pub(crate) struct Tls {
    /// Instead of the system's (`ca`, `cafile`).
    pub(crate) instead: Vec<u8>,
    /// Besides the system's (`NODE_EXTRA_CA_CERTS`).
    pub(crate) besides: Vec<u8>,
    /// Whether certificates are checked at all (`strict-ssl`).
    pub(crate) strict: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Tls { instead: Vec::new(), besides: Vec::new(), strict: true }
    }
}

impl fmt::Debug for Tls {
    /// Sizes instead of kilobytes of certificates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (instead, besides) = (self.instead.len(), self.besides.len());
        f.debug_struct("Tls")
            .field("instead", &instead)
            .field("besides", &besides)
            .field("strict", &self.strict)
            .finish()
    }
}

impl Tls {
    /// Whether the system alone decides which certificates are accepted.
    pub(crate) fn is_default(&self) -> bool {
        self.strict && self.instead.is_empty() && self.besides.is_empty()
    }
}

/// The effective settings.
#[derive(Debug, Clone)]
pub struct NpmConfig {
    registry: Registry,
    scopes: BTreeMap<String, Registry>,
    credentials: Credentials,
    /// `host:port` of everything that a layer the user stands behind names.
    named_by_user: BTreeSet<String>,
    pub(crate) replace_host: ReplaceHost,
    pub(crate) proxies: Proxies,
    pub(crate) tls: Tls,
    /// Retries and timeouts.
    pub fetch: FetchSettings,
    /// npm's cache folder, by the user's settings.
    pub cache: Option<PathBuf>,
    /// Whether the user's settings say `offline`.
    pub offline: bool,
    /// What the user should know, the project's refused settings above all.
    pub notices: Vec<Notice>,
}

impl NpmConfig {
    /// Reads every layer.
    ///
    /// Of the project's `.npmrc`, unless it is trusted: nothing that holds `${…}` is
    /// used; `ca`, `cafile`, `strict-ssl`, proxies, `cache` and `offline` are refused;
    /// registries it names are used, but do not count as named by the user (so private
    /// addresses stay refused) and get no credentials but those bound to their host.
    /// Each of these is told of in [`NpmConfig::notices`].
    pub fn load(environment: &Environment) -> NpmConfig {
        merge::load(environment)
    }

    /// The registry for a package, by its scope.
    pub fn registry_for(&self, name: &str) -> &Registry {
        self.scope_registry(name).unwrap_or(&self.registry)
    }

    /// The registry that is configured for the scope of this name, if any.
    pub(crate) fn scope_registry(&self, name: &str) -> Option<&Registry> {
        let (scope, _) = name.strip_prefix('@')?.split_once('/')?;
        self.scopes.get(scope)
    }

    /// Whether a registry is configured for the scope of this name.
    pub fn has_scope_registry(&self, name: &str) -> bool {
        self.scope_registry(name).is_some()
    }

    /// Scopes that settings tie to a registry which is not the public one, and that registry.
    pub fn private_scopes(&self) -> impl Iterator<Item = (&str, &Registry)> {
        let is_private = |registry: &Registry| !registry.url.host_str().is_some_and(crate::is_public_host);
        self.scopes.iter().filter(move |(_, it)| is_private(it)).map(|(scope, it)| (scope.as_str(), it))
    }

    /// The registries that there are credentials for: those of the settings, and the hosts that credentials are bound to.
    pub(crate) fn registries_with_credentials(&self) -> Vec<Url> {
        let named = std::iter::once(&self.registry).chain(self.scopes.values()).map(|registry| registry.url.clone());
        let mut found: Vec<Url> = named.filter(|url| self.authorization(url).is_some()).collect();
        for prefix in self.credentials.bound() {
            // What a registry of the settings shows the way to, by whichever scheme, is asked there.
            let is_found = found.iter().any(|url| url.as_str().split_once(':').is_some_and(|(_, rest)| rest == prefix));
            found.extend(Url::parse(&format!("https:{prefix}")).ok().filter(|_| !is_found));
        }
        found.sort();
        found.dedup();
        found
    }

    /// The value of `Authorization` for this URL, if credentials are bound to it.
    pub(crate) fn authorization(&self, url: &Url) -> Option<Secret> {
        self.credentials.authorization(url)
    }

    /// Whether the user's own settings name this host and port as a registry.
    pub fn user_names(&self, url: &Url) -> bool {
        origin(url).is_some_and(|origin| self.named_by_user.contains(&origin))
    }
}

/// `host:port`, with the scheme's default port filled in.
pub(crate) fn origin(url: &Url) -> Option<String> {
    Some(format!("{}:{}", url.host_str()?.to_ascii_lowercase(), url.port_or_known_default()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Texts with what npm's own `ini` 6.0.0 and `@npmcli/config` make of them: the
    /// settings, and the text itself expanded with `A=va`.
    const NPM_ANSWERS: &str = include_str!("npm_answers.json");

    #[test]
    fn files_are_read_as_npm_reads_them() {
        let answers: Vec<(String, BTreeMap<String, String>, String)> = serde_json::from_str(NPM_ANSWERS).unwrap();
        assert!(answers.len() > 100);
        for (text, settings, expanded) in answers {
            let ours: BTreeMap<String, String> =
                ini::parse(&text).into_iter().map(|setting| (setting.key, setting.value)).collect();
            assert_eq!(ours, settings, "{text:?}");
            assert_eq!(expand::expand(&text, |name| (name == "A").then_some("va")).0, expanded, "{text:?}");
        }
    }
}
