//! The connections beneath: TLS, proxies, timeouts and name look-ups. There are two
//! clients with pools of their own: one for hosts that the user's settings name,
//! one that reaches public addresses only.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy};
use url::Url;

use super::authority::Authority;
use super::error::{FetchError, cut};
use super::resolver::PublicResolver;

/// Always reached directly: a proxy elsewhere must not see what is meant for this machine.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1";

pub(crate) struct Transport {
    /// For hosts that the user's settings name.
    pub(crate) named: Client,
    /// For all others.
    pub(crate) public: Client,
    /// Hosts of the user's proxies.
    pub(crate) proxy_hosts: Vec<String>,
}

/// Longest waits, whatever npm's settings say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waits {
    pub(crate) connect: Duration,
    pub(crate) silence: Duration,
}

impl Transport {
    pub(crate) fn new(config: &dyn Authority, waits: Waits) -> Result<Transport, FetchError> {
        // An error only says that a provider is installed already, which is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
        let proxies = proxies(config)?;
        let proxy_hosts: Vec<String> = proxies.iter().map(|(_, host)| host.clone()).collect();
        let build = |resolver: Option<PublicResolver>| {
            let base = || {
                let mut builder = base(waits);
                for (proxy, _) in &proxies {
                    builder = builder.proxy(proxy.clone());
                }
                builder
            };
            let resolver = resolver.map(std::sync::Arc::new);
            let with_resolver = |builder: ClientBuilder| match &resolver {
                Some(resolver) => builder.dns_resolver(std::sync::Arc::clone(resolver)),
                None => builder,
            };
            match with_resolver(certificates(config, base())?).build() {
                // Without any system certificates the platform's verifier cannot be made. Plain
                // http to a local registry must still work; https then says what is wrong.
                Err(_) if config.tls().is_default() => with_resolver(base().tls_certs_only([])).build(),
                built => built,
            }
            .map_err(|error| setup(&error))
        };
        Ok(Transport {
            named: build(None)?,
            public: build(Some(PublicResolver::new(proxy_hosts.clone())))?,
            proxy_hosts,
        })
    }
}

fn base(waits: Waits) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("vetch/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        // Proxies come from the settings, which take the environment in.
        .no_proxy()
        .connect_timeout(waits.connect)
        .read_timeout(waits.silence)
}

fn certificates(config: &dyn Authority, builder: ClientBuilder) -> Result<ClientBuilder, FetchError> {
    let read = |pem: &[u8]| Certificate::from_pem_bundle(pem).map_err(|error| setup(&error));
    let (instead, besides) = (&config.tls().instead, &config.tls().besides);
    let builder = if !config.tls().strict {
        builder.tls_danger_accept_invalid_certs(true)
    } else if !instead.is_empty() {
        let mut all = read(instead)?;
        all.extend(read(besides)?);
        builder.tls_certs_only(all)
    } else if !besides.is_empty() {
        builder.tls_certs_merge(read(besides)?)
    } else {
        builder
    };
    Ok(builder)
}

/// The proxies, each with its host. As in npm, `proxy` also serves https where `https-proxy` is not set.
fn proxies(config: &dyn Authority) -> Result<Vec<(Proxy, String)>, FetchError> {
    let own = config.proxies().bypass.as_deref().unwrap_or_default();
    let bypass = NoProxy::from_string(&format!("{NEVER_PROXIED},{own}"));
    let http = config.proxies().http.as_ref();
    let https = config.proxies().https.as_ref().or(http);
    let mut proxies = Vec::new();
    for (secret, make) in [(https, Proxy::https as fn(Url) -> reqwest::Result<Proxy>), (http, Proxy::http)] {
        let Some(secret) = secret else { continue };
        let text = secret.expose();
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        // Neither the URL nor an error that repeats it may be shown: it may hold a password.
        let unusable = || FetchError::Setup { reason: "a proxy setting is no URL".to_owned() };
        let url = Url::parse(&full).map_err(|_| unusable())?;
        let host = url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned()).ok_or_else(unusable)?;
        let proxy = make(url).map_err(|_| unusable())?;
        proxies.push((proxy.no_proxy(bypass.clone()), host));
    }
    Ok(proxies)
}

fn setup(error: &dyn std::error::Error) -> FetchError {
    FetchError::Setup { reason: chain(error) }
}

/// An error with its causes, innermost last.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    cut(&text)
}
