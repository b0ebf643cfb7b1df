//! Which URL a package is fetched from, and with what authority.

use url::Url;
use vetch_model::Integrity;
use vetch_model::integrity::HashAlgorithm;
use vetch_model::inventory::{Package, Source};

use super::address;
use super::authority::Authority;
use super::error::{FetchError, cut, shown};
use crate::npmrc::{NpmConfig, PUBLIC_HOSTS, ReplaceHost};
use crate::secret::Secret;

/// An archive to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TarballRequest {
    /// The package's own name.
    pub name: String,
    /// Its version, where known.
    pub version: Option<String>,
    /// Where the lockfile says it came from.
    pub url: Option<String>,
    /// Whether `url` is an archive anywhere rather than a registry's, so that it is never rewritten.
    pub remote: bool,
    /// What it must hash to.
    pub integrity: Option<Integrity>,
}

impl TarballRequest {
    /// The request for a package, if its source is one that can be fetched as an archive.
    pub fn of(package: &Package) -> Option<TarballRequest> {
        let (url, remote) = match &package.source {
            Source::Registry { url, .. } => (url.clone(), false),
            Source::Tarball { url } => (Some(url.clone()), true),
            Source::Git { .. } | Source::File { .. } | Source::Folder { .. } | Source::Unknown { .. } => return None,
        };
        Some(TarballRequest {
            name: package.name.clone(),
            version: package.version.clone(),
            url,
            remote,
            integrity: package.integrity.clone(),
        })
    }

    /// The host that would be asked, and so learn the name.
    pub fn host(&self, config: &NpmConfig) -> Option<String> {
        url_for(config, self).ok()?.host_str().map(str::to_owned)
    }
}

/// The URL to ask. What `resolved` says, except that (as npm's
/// `replace-registry-host` has it) the public registry's host stands for the
/// configured registry, and a scope that has a registry is never asked of the
/// public one. Without `resolved`, where the registry would have it.
pub(crate) fn url_for(config: &NpmConfig, request: &TarballRequest) -> Result<Url, FetchError> {
    let Some(text) = request.url.as_deref() else { return conventional(config, request) };
    let unusable = || FetchError::UnusableUrl { url: without_secrets(text) };
    let mut url = Url::parse(text).map_err(|_| unusable())?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(unusable)?.to_ascii_lowercase();
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unusable());
    }
    // A user or password in a lockfile is not the user's to send.
    url.set_username("").map_err(|()| unusable())?;
    url.set_password(None).map_err(|()| unusable())?;
    url.set_fragment(None);
    if request.remote {
        return Ok(url);
    }
    let registry = &config.registry_for(&request.name).url;
    match &config.replace_host {
        ReplaceHost::Always => return Ok(below(registry, &url, url.path(), is_public(&host))),
        ReplaceHost::Host { host: replaced, path: None } if *replaced == host => {
            return Ok(below(registry, &url, url.path(), is_public(&host)));
        }
        ReplaceHost::Host { host: replaced, path: Some(path) } if *replaced == host => {
            let rest = url.path().strip_prefix(path.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            if let Some(rest) = rest {
                return Ok(below(registry, &url, rest, true));
            }
        }
        ReplaceHost::Host { .. } | ReplaceHost::Never => {}
    }
    let private = config.scope_registry(&request.name).is_some() && is_public(&host);
    if private { Ok(below(registry, &url, url.path(), true)) } else { Ok(url) }
}

/// The public registry lives at the root, so that there `/npm/-/…` is the package of that name.
fn is_public(host: &str) -> bool {
    PUBLIC_HOSTS.contains(&host)
}

/// A path below another registry's base, which (unless `at_root`) is not doubled if it is there already.
fn below(registry: &Url, url: &Url, path: &str, at_root: bool) -> Url {
    let mut moved = registry.clone();
    if !at_root && path.starts_with(registry.path()) {
        moved.set_path(path);
    } else {
        moved.set_path(&format!("{}{path}", registry.path().trim_end_matches('/')));
    }
    moved.set_query(url.query());
    moved
}

/// The registry that an archive comes from, and where that has the package's document: `<registry>/@scope%2fname`.
/// `None` for an archive that is no registry's.
pub(crate) fn packument_url(config: &NpmConfig, request: &TarballRequest) -> Result<Option<(Url, Url)>, FetchError> {
    if request.remote || !is_package_name(&request.name) {
        return Ok(None);
    }
    let archive = url_for(config, request)?;
    let escaped = request.name.replace('/', "%2f");
    let before = |name: &str| archive.path().find(&format!("/{name}/-/")).map(|at| at + 1);
    let Some(end) =
        before(&request.name).or_else(|| before(&escaped)).or_else(|| before(&escaped.replace("%2f", "%2F")))
    else {
        return Ok(None);
    };
    let (mut registry, base) = (archive.clone(), archive.path().get(..end).unwrap_or("/").to_owned());
    registry.set_query(None);
    registry.set_path(&base);
    let mut url = registry.clone();
    url.set_path(&format!("{base}{escaped}"));
    Ok(Some((registry, url)))
}

/// Whether a name can stand in a path: `name` or `@scope/name`.
fn is_package_name(name: &str) -> bool {
    match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, base)| is_name(scope) && is_name(base)),
        None => is_name(name),
    }
}

/// `<registry>/<name>/-/<base name>-<version>.tgz`.
fn conventional(config: &NpmConfig, request: &TarballRequest) -> Result<Url, FetchError> {
    let unusable = || FetchError::UnusableName { name: cut(&request.name) };
    let version = request.version.as_deref().filter(|version| is_version(version)).ok_or_else(unusable)?;
    let base = match request.name.strip_prefix('@') {
        Some(scoped) => {
            let (scope, base) = scoped.split_once('/').ok_or_else(unusable)?;
            is_name(scope).then_some(base).ok_or_else(unusable)?
        }
        None => request.name.as_str(),
    };
    if !is_name(base) {
        return Err(unusable());
    }
    let mut url = config.registry_for(&request.name).url.clone();
    let path = format!("{}{}/-/{base}-{version}.tgz", url.path(), request.name);
    url.set_path(&path);
    Ok(url)
}

/// What can stand in a path without becoming something else.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~!'()*".contains(&byte);
    !text.is_empty() && text.len() <= 214 && !matches!(text, "." | "..") && text.bytes().all(allowed)
}

fn is_version(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+".contains(&byte);
    text.bytes().next().is_some_and(|first| first.is_ascii_digit()) && text.len() <= 256 && text.bytes().all(allowed)
}

/// A text that is no URL may still hold a password before an `@`.
pub(crate) fn without_secrets(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let rest = authority.rfind('@').map_or(rest, |at| &rest[at + 1..]);
    let rest = rest.split('?').next().unwrap_or_default();
    cut(&if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") })
}

/// How one URL may be asked.
pub(crate) struct Passage {
    /// The user's own settings name this host: its addresses are not restricted.
    pub(crate) named: bool,
    /// The value of `Authorization`.
    pub(crate) authorization: Option<Secret>,
    /// Credentials exist but are not sent, since anyone on the way could read them.
    pub(crate) held_back: bool,
}

/// Decides whether and how a URL may be asked. `may_be_local` says whether the one
/// who leads there may lead to the user's own local registries: the lockfile may,
/// a redirect from elsewhere may not.
pub(crate) fn passage(
    config: &dyn Authority,
    proxy_hosts: &[String],
    url: &Url,
    integrity: Option<&Integrity>,
    may_be_local: bool,
) -> Result<Passage, FetchError> {
    let named = may_be_local && config.user_names(url);
    let host = || url.host_str().unwrap_or_default().to_owned();
    if !named {
        if let Some(reason) = address::host_refusal(url) {
            return Err(FetchError::RefusedAddress { host: host(), address: None, reason });
        }
        // The resolver lets a proxy's name through, for the proxy's sake alone.
        if proxy_hosts.iter().any(|proxy| proxy.eq_ignore_ascii_case(&host())) && !config.user_names(url) {
            return Err(FetchError::RefusedAddress {
                host: host(),
                address: None,
                reason: "your proxy, which is no registry",
            });
        }
    }
    let authorization = config.authorization(url);
    if url.scheme() == "https" || (named && address::is_loopback(url)) {
        return Ok(Passage { named, authorization, held_back: false });
    }
    let strong = integrity.is_some_and(|integrity| integrity.algorithm() > HashAlgorithm::Sha1);
    if !config.allows_plain_http(named, strong) {
        return Err(FetchError::PlainHttp { url: shown(url) });
    }
    if config.sends_secrets_over_http() {
        return Ok(Passage { named, authorization, held_back: false });
    }
    Ok(Passage { named, held_back: authorization.is_some(), authorization: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npmrc::Environment;

    const SHA1: &str = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
    const SHA256: &str = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

    /// Settings of the user, given as npm's variables.
    fn config(settings: &[(&str, &str)]) -> NpmConfig {
        let variables =
            settings.iter().map(|(key, value)| (format!("npm_config_{key}"), (*value).to_owned())).collect();
        NpmConfig::load(&Environment { variables, ..Environment::default() })
    }

    fn request(name: &str, url: Option<&str>) -> TarballRequest {
        let version = Some("1.0.0".to_owned());
        TarballRequest { name: name.to_owned(), version, url: url.map(str::to_owned), remote: false, integrity: None }
    }

    fn target(config: &NpmConfig, name: &str, url: Option<&str>) -> String {
        url_for(config, &request(name, url)).map_or_else(|error| format!("{error}"), |url| url.to_string())
    }

    #[test]
    fn the_public_host_stands_for_the_configured_registry() {
        let at_npmjs = "https://registry.npmjs.org/a/-/a-1.0.0.tgz";
        let public = Some(at_npmjs);
        assert_eq!(target(&config(&[]), "a", public), at_npmjs);
        let mirror = config(&[("registry", "https://m.invalid/npm")]);
        assert_eq!(target(&mirror, "a", public), "https://m.invalid/npm/a/-/a-1.0.0.tgz");
        assert_eq!(
            target(&mirror, "a", Some("https://m.invalid/npm/a/-/a-1.0.0.tgz")),
            "https://m.invalid/npm/a/-/a-1.0.0.tgz"
        );
        assert_eq!(target(&mirror, "a", Some("https://other.invalid/a.tgz")), "https://other.invalid/a.tgz");
        let npm = Some("https://registry.npmjs.org/npm/-/npm-1.0.0.tgz");
        assert_eq!(target(&mirror, "npm", npm), "https://m.invalid/npm/npm/-/npm-1.0.0.tgz");
        let always = config(&[("registry", "https://m.invalid/npm/"), ("replace_registry_host", "always")]);
        assert_eq!(target(&always, "a", Some("https://other.invalid/npm/a.tgz")), "https://m.invalid/npm/a.tgz");
        let whole =
            config(&[("registry", "https://m.invalid/npm/"), ("replace_registry_host", "https://old.invalid/x/")]);
        assert_eq!(target(&whole, "a", Some("https://old.invalid/x/a/-/a.tgz")), "https://m.invalid/npm/a/-/a.tgz");
        assert_eq!(target(&whole, "a", Some("https://old.invalid/xy/a.tgz")), "https://old.invalid/xy/a.tgz");
        let never = config(&[("registry", "https://m.invalid/"), ("replace_registry_host", "never")]);
        assert_eq!(target(&never, "a", public), at_npmjs);
        let remote = TarballRequest { remote: true, ..request("a", public) };
        assert_eq!(url_for(&mirror, &remote).unwrap().as_str(), at_npmjs);
    }

    #[test]
    fn a_private_scope_is_never_asked_of_the_public_registry() {
        for rule in ["npmjs", "never", "other.invalid"] {
            let config = config(&[("@corp:registry", "https://corp.invalid/npm/"), ("replace_registry_host", rule)]);
            for host in PUBLIC_HOSTS {
                let url = format!("https://{host}/@corp/a/-/a-1.0.0.tgz");
                assert_eq!(target(&config, "@corp/a", Some(&url)), "https://corp.invalid/npm/@corp/a/-/a-1.0.0.tgz");
            }
            assert_eq!(target(&config, "@corp/a", None), "https://corp.invalid/npm/@corp/a/-/a-1.0.0.tgz");
            assert!(target(&config, "@other/a", None).starts_with("https://registry.npmjs.org/@other/"));
        }
    }

    #[test]
    fn hostile_names_versions_and_urls_give_errors() {
        let config = config(&[]);
        for name in
            ["", "..", "../../x", "a/b", "@s", "@/a", "@s/", "@s/..", "@../a", "a b", "a?x", "a#x", "a%2f..", "@s/a/b"]
        {
            assert!(matches!(url_for(&config, &request(name, None)), Err(FetchError::UnusableName { .. })), "{name}");
        }
        for version in ["", "latest", "../1", "1/../..", "1 2", "1?x"] {
            let request = TarballRequest { version: Some(version.to_owned()), ..request("a", None) };
            assert!(matches!(url_for(&config, &request), Err(FetchError::UnusableName { .. })), "{version}");
        }
        for url in ["", "a", "file:///etc/passwd", "git+ssh://x@y/z", "http://", "data:,x", "ssh://u:pw@h:x/"] {
            let error = url_for(&config, &request("a", Some(url))).unwrap_err();
            assert!(
                matches!(error, FetchError::UnusableUrl { .. }) && !error.to_string().contains("pw@"),
                "{url}: {error}"
            );
        }
        assert_eq!(target(&config, "a", Some("https://u:pw@h.invalid/a.tgz")), "https://h.invalid/a.tgz");
    }

    fn pass(config: &NpmConfig, url: &str, integrity: Option<&str>, may_be_local: bool) -> Result<Passage, FetchError> {
        let integrity = integrity.map(|text| Integrity::parse(text).unwrap());
        passage(config, &["proxy.invalid".to_owned()], &Url::parse(url).unwrap(), integrity.as_ref(), may_be_local)
    }

    #[test]
    fn plain_http_needs_a_strong_integrity_and_gets_no_credentials() {
        let config = config(&[
            ("//h.invalid/:_authToken", "t"),
            ("registry", "http://localhost:4873/"),
            ("//localhost:4873/:_authToken", "t"),
        ]);
        for weak in [None, Some(SHA1)] {
            assert!(matches!(pass(&config, "http://h.invalid/a", weak, true), Err(FetchError::PlainHttp { .. })));
        }
        let passage = pass(&config, "http://h.invalid/a", Some(SHA256), true).unwrap_or_else(|error| panic!("{error}"));
        assert!(passage.authorization.is_none() && passage.held_back);
        let secure = pass(&config, "https://h.invalid/a", None, true).unwrap_or_else(|error| panic!("{error}"));
        assert!(secure.authorization.is_some() && !secure.held_back);
        // What stays on this machine cannot be overheard on the way.
        let local = pass(&config, "http://localhost:4873/a", None, true).unwrap_or_else(|error| panic!("{error}"));
        assert!(local.authorization.is_some() && local.named);
    }

    #[test]
    fn local_hosts_are_reached_only_when_named_and_not_by_redirect() {
        let config = config(&[("registry", "https://10.0.0.5:8443/npm/")]);
        assert!(pass(&config, "https://10.0.0.5:8443/npm/a", None, true).is_ok());
        for (url, may_be_local) in [
            ("https://10.0.0.5:8443/npm/a", false),
            ("https://10.0.0.5/npm/a", true),
            ("https://10.0.0.6:8443/npm/a", true),
            ("https://169.254.169.254/latest/meta-data", true),
            ("https://proxy.invalid/", true),
        ] {
            assert!(
                matches!(pass(&config, url, Some(SHA256), may_be_local), Err(FetchError::RefusedAddress { .. })),
                "{url}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn made_urls_stay_below_the_registry(name in "(@[a-z./%?#\\\\ ]{0,6}/)?[a-z./%?#\\\\ ]{0,8}", version in "[0-9a-z./%?# ]{0,8}") {
            let config = config(&[("registry", "https://m.invalid/npm/")]);
            let request = TarballRequest { version: Some(version), ..request(&name, None) };
            if let Ok(url) = url_for(&config, &request) {
                proptest::prop_assert!(url.as_str().starts_with(&format!("https://m.invalid/npm/{name}/-/")), "{}", url);
                proptest::prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }

        #[test]
        fn no_url_panics_or_keeps_a_password(url in "(https?|ftp|file)://[a-z:@\\[\\]/.%]{0,20}") {
            let config = config(&[]);
            if let Ok(url) = url_for(&config, &request("a", Some(&url))) {
                proptest::prop_assert!(url.username().is_empty() && url.password().is_none());
            }
        }
    }
}
