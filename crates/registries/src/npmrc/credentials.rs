//! Credentials, each bound to a host, port and path.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::secret::Secret;

/// Credentials by the prefix they are bound to (`//host[:port]/path/`).
#[derive(Debug, Clone, Default)]
pub(crate) struct Credentials(BTreeMap<String, Parts>);

#[derive(Debug, Clone, Default)]
struct Parts {
    token: Option<Secret>,
    basic: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
}

/// What a bound key sets.
pub(super) enum Bound<'k> {
    /// A part of credentials: prefix and name.
    Credential(String, &'k str),
    /// A client certificate, which is not supported.
    Certificate,
    /// Nothing for us.
    Other,
}

/// Takes `//host/path/:name` apart.
pub(super) fn bound(key: &str) -> Option<Bound<'_>> {
    if !key.starts_with("//") {
        return None;
    }
    let Some((prefix, name)) = key.rsplit_once(':') else { return Some(Bound::Other) };
    Some(match name {
        "_authToken" | "_auth" | "username" | "_password" => Bound::Credential(normal(prefix), name),
        "certfile" | "keyfile" | "cert" | "key" => Bound::Certificate,
        _ => Bound::Other,
    })
}

/// Lower-case host, exactly one `/` at the end.
fn normal(prefix: &str) -> String {
    let inner = prefix.trim_start_matches('/').trim_end_matches('/');
    let (host, path) = inner.split_once('/').map_or((inner, ""), |(host, path)| (host, path));
    let host = host.to_ascii_lowercase();
    if path.is_empty() { format!("//{host}/") } else { format!("//{host}/{path}/") }
}

impl Credentials {
    pub(super) fn set(&mut self, prefix: String, name: &str, value: &str) {
        let parts = self.0.entry(prefix).or_default();
        let secret = (!value.is_empty()).then(|| Secret::new(value));
        match name {
            "_authToken" => parts.token = secret,
            "_auth" => parts.basic = secret,
            "username" => parts.username = secret.map(|name| name.expose().to_owned()),
            _ => parts.password = secret,
        }
    }

    /// Binds a user name and password to a base URL; what is bound there already stays, so that
    /// a later and weaker source cannot replace it.
    pub(crate) fn bind(&mut self, base: &Url, username: &str, password: &str) {
        let Some(prefix) = prefixes(base).and_then(|prefixes| prefixes.into_iter().next()) else { return };
        let pair = STANDARD.encode(format!("{username}:{password}"));
        self.0.entry(prefix).or_insert_with(|| Parts { basic: Some(Secret::new(pair)), ..Parts::default() });
    }

    /// What whole credentials are bound to: `//host[:port]/path/`.
    pub(crate) fn bound(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, parts)| parts.authorization().is_some()).map(|(prefix, _)| prefix.as_str())
    }

    /// The value of `Authorization` for a URL: of the longest prefix that holds any
    /// whole credentials. `None` also for a URL without a host.
    pub(crate) fn authorization(&self, url: &Url) -> Option<Secret> {
        prefixes(url)?.iter().find_map(|prefix| self.0.get(prefix).and_then(Parts::authorization))
    }
}

/// `//host:port/a/b/`, `//host:port/a/`, `//host:port/`: as npm's "nerf dart" walks up.
fn prefixes(url: &Url) -> Option<Vec<String>> {
    let host = url.host_str()?.to_ascii_lowercase();
    let origin = url.port().map_or(format!("//{host}"), |port| format!("//{host}:{port}"));
    let mut path = url.path();
    let mut found = Vec::new();
    // The path is the server's to define; nobody binds credentials deeper than this.
    while let Some(end) = path.rfind('/').filter(|_| found.len() < 64) {
        found.push(format!("{origin}{}", &path[..=end]));
        path = &path[..end];
    }
    Some(found)
}

impl Parts {
    /// A token first, as npm prefers it.
    fn authorization(&self) -> Option<Secret> {
        if let Some(token) = &self.token {
            return Some(Secret::new(format!("Bearer {}", token.expose())));
        }
        if let Some(basic) = &self.basic {
            return Some(Secret::new(format!("Basic {}", basic.expose())));
        }
        let (username, password) = (self.username.as_ref()?, self.password.as_ref()?);
        // `_password` is base64 by itself; the pair is encoded again.
        let password = STANDARD.decode(password.expose()).ok()?;
        let pair = [username.as_bytes(), b":", &password].concat();
        Some(Secret::new(format!("Basic {}", STANDARD.encode(pair))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(entries: &[(&str, &str)]) -> Credentials {
        let mut credentials = Credentials::default();
        for (key, value) in entries {
            let Some(Bound::Credential(prefix, name)) = bound(key) else { panic!("{key}") };
            credentials.set(prefix, name, value);
        }
        credentials
    }

    fn for_url(credentials: &Credentials, url: &str) -> Option<String> {
        credentials.authorization(&Url::parse(url).unwrap()).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn credentials_stay_with_host_port_and_path() {
        let credentials = with(&[("//h.invalid/npm/:_authToken", "t"), ("//H.invalid:8443/:_authToken", "p")]);
        assert_eq!(for_url(&credentials, "https://h.invalid/npm/a/-/a-1.0.0.tgz").unwrap(), "Bearer t");
        assert_eq!(for_url(&credentials, "https://h.invalid:8443/x").unwrap(), "Bearer p");
        for other in [
            "https://h.invalid/npmx/a",
            "https://h.invalid/",
            "https://h.invalid/npm/../other/a",
            "https://h.invalid.evil.invalid/npm/a",
            "https://x.h.invalid/npm/a",
            "https://h.invalid:444/npm/a",
            "https://h.invalid@evil.invalid/npm/a",
        ] {
            assert_eq!(for_url(&credentials, other), None, "{other}");
        }
    }

    #[test]
    fn the_longest_prefix_wins_and_pairs_are_encoded() {
        let credentials = with(&[
            ("//h/:_auth", "YTpi"),
            ("//h/deep/:username", "u"),
            ("//h/deep/:_password", "cHc="),
            ("//h/half/:username", "u"),
        ]);
        assert_eq!(for_url(&credentials, "https://h/x").unwrap(), "Basic YTpi");
        assert_eq!(for_url(&credentials, "https://h/deep/x").unwrap(), "Basic dTpwdw==");
        assert_eq!(for_url(&credentials, "https://h/half/x").unwrap(), "Basic YTpi");
        assert!(!format!("{credentials:?}").contains("YTpi"));
    }
}
