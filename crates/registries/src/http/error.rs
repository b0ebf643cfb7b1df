//! Why an archive could not be fetched, and what to do about it.

use std::net::IpAddr;
use std::time::Duration;

use url::Url;
use vetch_model::integrity::Digest;
use vetch_model::{Incomplete, Integrity};

use crate::digest::sri;

/// Why an archive could not be fetched. Texts hold names and URLs of the project:
/// every output escapes them for itself. URLs come without user, password and query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The network is switched off.
    #[error("the network is switched off (offline)")]
    Offline,
    /// The lockfile's URL is none that can be fetched.
    #[error("`{url}` is no http or https URL with a host")]
    UnusableUrl {
        /// As written, cut.
        url: String,
    },
    /// There is no URL, and none can be made from name and version.
    #[error("no URL is recorded, and none can be made from the name `{name}` and its version")]
    UnusableName {
        /// As written, cut.
        name: String,
    },
    /// The host is, or resolves to, an address that a project must not reach.
    #[error("{host} was not asked: it is {reason}{}", shown_address(address))]
    RefusedAddress {
        /// The host.
        host: String,
        /// The address it has, where it is a name.
        address: Option<IpAddr>,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Plain http, and no integrity strong enough to make up for it.
    #[error(
        "{url} was not asked: over plain http anyone on the way can change the bytes, and no sha256, sha384 or sha512 is recorded to notice it"
    )]
    PlainHttp {
        /// The URL.
        url: String,
    },
    /// 401.
    #[error("{url}: the registry asks for authentication (401){}", if *.sent { " and did not accept the credentials sent" } else { "" })]
    Unauthorized {
        /// The URL.
        url: String,
        /// Whether credentials were sent.
        sent: bool,
        /// Whether credentials were held back because the connection is plain http.
        held_back: bool,
    },
    /// 403.
    #[error("{url}: the registry forbids it (403)")]
    Forbidden {
        /// The URL.
        url: String,
    },
    /// 404 or 410.
    #[error("{url}: the registry does not have it ({status})")]
    NotFound {
        /// The URL.
        url: String,
        /// 404 or 410.
        status: u16,
    },
    /// 429, to the end.
    #[error("{url}: the registry asks for fewer requests (429)")]
    RateLimited {
        /// The URL.
        url: String,
        /// How long it asks to wait, if it says so.
        retry_after: Option<Duration>,
    },
    /// Any other status.
    #[error("{url}: the registry answered with status {status}")]
    Status {
        /// The URL.
        url: String,
        /// Which.
        status: u16,
    },
    /// A web page instead of an archive.
    #[error("{url}: the answer is a web page, not an archive")]
    WebPage {
        /// The URL.
        url: String,
    },
    /// Neither an archive nor a web page, and no integrity to say otherwise.
    #[error("{url}: the answer is no archive")]
    NotAnArchive {
        /// The URL.
        url: String,
    },
    /// The bytes are not those that the lockfile names: another package's, or changed ones.
    #[error("{url}: the bytes are not the ones that were locked: expected {expected}, got {}", sri(actual))]
    IntegrityMismatch {
        /// The URL.
        url: String,
        /// What was locked.
        expected: Integrity,
        /// What was sent, in the same algorithm.
        actual: Digest,
    },
    /// Larger than the limit.
    #[error("{url}: larger than {limit} bytes")]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// Nothing came for too long.
    #[error("{url}: no answer in time")]
    Timeout {
        /// The URL.
        url: String,
    },
    /// Earlier requests to this host were not answered, so this one was not made.
    #[error("{url} was not asked: {host} did not answer earlier requests")]
    Unresponsive {
        /// The URL.
        url: String,
        /// The host.
        host: String,
    },
    /// No connection.
    #[error("{url}: no connection: {reason}")]
    Connect {
        /// The URL.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// The server's certificate is not accepted.
    #[error("{url}: the certificate is not accepted: {reason}")]
    Certificate {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: String,
        /// What to do about that.
        advice: &'static str,
    },
    /// The server does not speak TLS, or none that we do.
    #[error("{url}: the server does not speak TLS as expected: {reason}")]
    NoTls {
        /// The URL.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The connection broke in the middle.
    #[error("{url}: the answer broke off: {reason}")]
    Interrupted {
        /// The URL.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// More redirects than anyone needs.
    #[error("{url}: redirected more than {limit} times")]
    TooManyRedirects {
        /// The URL asked for first.
        url: String,
        /// How many are followed.
        limit: usize,
    },
    /// A redirect that leads nowhere or from https to http.
    #[error("{url}: refused redirect to {to}: {reason}")]
    RefusedRedirect {
        /// The URL that redirects.
        url: String,
        /// Where to.
        to: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// The archive could not be kept in a temporary file.
    #[error("{url}: could not be written to a temporary file: {reason}")]
    Spool {
        /// The URL.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// The client could not be set up, by settings or system.
    #[error("the network client could not be set up: {reason}")]
    Setup {
        /// Why.
        reason: String,
    },
}

fn shown_address(address: &Option<IpAddr>) -> String {
    address.map(|address| format!(" ({address})")).unwrap_or_default()
}

impl FetchError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            FetchError::Offline => {
                "leave out --offline (or `offline` in your npm settings), run `npm ci`, or give the archives with --archives DIR"
            }
            FetchError::UnusableUrl { .. } | FetchError::UnusableName { .. } => {
                "correct the lockfile entry: run `npm install` again, or remove the dependency"
            }
            FetchError::RefusedAddress { .. } => {
                "a project may not reach local and private addresses; if this is your registry, name it in your own ~/.npmrc or in npm_config_registry"
            }
            FetchError::PlainHttp { .. } => {
                "use the https URL of the registry, or run `npm install` to record an integrity"
            }
            FetchError::Unauthorized { held_back: true, .. } => {
                "credentials are never sent over plain http to another machine: use the https URL of the registry"
            }
            FetchError::Unauthorized { sent: true, .. } => {
                "the token may have expired: run `npm login` for this registry, or correct ~/.npmrc"
            }
            FetchError::Unauthorized { .. } => {
                "bind credentials to this host in your own ~/.npmrc: //host/path/:_authToken=…"
            }
            FetchError::Forbidden { .. } => {
                "the registry or a proxy blocks this release, or your account may not read it; ask who runs it"
            }
            FetchError::NotFound { .. } => {
                "the release may have been taken down (look for an advisory), or belong to another registry: check `registry` and `@scope:registry` in .npmrc"
            }
            FetchError::RateLimited { .. } => "try again later, or with a smaller number of jobs",
            FetchError::Status { .. } => "try again later; if it persists, ask who runs the registry",
            FetchError::WebPage { .. } => {
                "a proxy's or portal's login page may stand in between: sign in, or set `https-proxy` in ~/.npmrc"
            }
            FetchError::NotAnArchive { .. } => "check what this URL serves; the lockfile records no integrity for it",
            FetchError::IntegrityMismatch { .. } => {
                "do not install it: the registry or something on the way serves other bytes than were locked; compare with another network or mirror and report it"
            }
            FetchError::TooLarge { .. } => "no such archive is read; look at it by other means before you trust it",
            FetchError::Timeout { .. } | FetchError::Unresponsive { .. } => {
                "check the network and `registry`, `proxy` and `https-proxy` in .npmrc; raise `fetch-timeout` for a slow registry"
            }
            FetchError::Connect { .. } => {
                "check the network, the host's name, and `proxy` and `https-proxy` in ~/.npmrc"
            }
            FetchError::Certificate { advice, .. } => advice,
            FetchError::NoTls { .. } => {
                "a server of plain http may be at this port: check `registry`, `proxy` and `https-proxy` in ~/.npmrc"
            }
            FetchError::Interrupted { .. } => "try again; if it persists, ask who runs the registry",
            FetchError::TooManyRedirects { .. } | FetchError::RefusedRedirect { .. } => {
                "if that host is yours, name it in your own ~/.npmrc; else ask who runs the registry"
            }
            FetchError::Spool { .. } => "free space in the temporary folder, or set TMPDIR to a larger one",
            FetchError::Setup { .. } => "check the certificates and proxies in ~/.npmrc",
        }
    }

    /// As the missing part of a result: what was to be fetched, why it was not, what to do.
    pub fn to_incomplete(&self, what: impl Into<String>) -> Incomplete {
        Incomplete::new(what, self.to_string(), self.hint())
    }

    /// Whether another attempt may go better.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            FetchError::RateLimited { .. }
            | FetchError::Timeout { .. }
            | FetchError::Connect { .. }
            | FetchError::Interrupted { .. } => true,
            FetchError::Status { status, .. } => matches!(status, 408 | 425 | 500..=599),
            _ => false,
        }
    }
}

/// A URL as messages show it: signed URLs carry secrets in their query, others in user and password.
pub(crate) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    cut(&format!("{}://{host}{port}{}", url.scheme(), url.path()))
}

/// At most 300 characters of a text that someone else wrote.
pub(crate) fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(300).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
