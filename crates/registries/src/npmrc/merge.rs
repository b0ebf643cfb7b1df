//! Laying the layers over each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::time::Duration;

use url::Url;

use super::credentials::{Bound, Credentials, bound};
use super::ini::Setting;
use super::sources::{self, Environment, Layer, Source};
use super::{
    FetchSettings, Notice, NpmConfig, PUBLIC_HOSTS, PUBLIC_REGISTRY, Proxies, Registry, ReplaceHost, Tls, origin,
    shown_key,
};
use crate::secret::Secret;

/// Larger certificate bundles are refused; Mozilla's whole set has 250 kB.
const MAX_CERTIFICATES: u64 = 8 << 20;

/// Settings that decide whom to trust or what to read: the user's alone.
const USER_ONLY: &[&str] =
    &["ca", "cafile", "strict-ssl", "proxy", "http-proxy", "https-proxy", "noproxy", "no-proxy", "cache", "offline"];

pub(super) fn load(environment: &Environment) -> NpmConfig {
    let mut notices = Vec::new();
    let sources = sources::read_all(environment, &mut notices);
    let mut merge = Merge::new(environment, notices);
    for source in &sources {
        for setting in &source.settings {
            merge.apply(source, setting);
        }
    }
    merge.finish()
}

struct Merge<'e> {
    environment: &'e Environment,
    config: NpmConfig,
    /// Lists replace those of a lower layer and grow within their own.
    ca: (Layer, String),
    cafile: Option<String>,
    /// Where the project's `.npmrc` names registries, by scope (empty: the default one).
    project_lines: BTreeMap<String, u32>,
}

impl<'e> Merge<'e> {
    fn new(environment: &'e Environment, notices: Vec<Notice>) -> Merge<'e> {
        let home = environment.home.as_ref();
        let config = NpmConfig {
            registry: default_registry(),
            scopes: BTreeMap::new(),
            credentials: Credentials::default(),
            named_by_user: BTreeSet::from(["registry.npmjs.org:443".to_owned()]),
            replace_host: ReplaceHost::npmjs(),
            proxies: proxies_of_environment(environment),
            tls: Tls::default(),
            fetch: FetchSettings::default(),
            cache: match environment.variable("LOCALAPPDATA").filter(|_| cfg!(windows)) {
                Some(local) => Some(std::path::Path::new(local).join("npm-cache")),
                None => home.map(|home| home.join(".npm")),
            },
            offline: false,
            notices,
        };
        Merge { environment, config, ca: (Layer::Default, String::new()), cafile: None, project_lines: BTreeMap::new() }
    }

    fn notice(&mut self, source: &Source, line: u32, message: String, hint: &str) {
        self.config.notices.push(Notice::new(source.layer, line, message, hint));
    }

    fn apply(&mut self, source: &Source, setting: &Setting) {
        let key = setting.key.as_str();
        if USER_ONLY.contains(&key) && !source.trusted {
            let message = format!("`{key}` in the project's .npmrc was refused: only your own settings may decide it");
            self.notice(
                source,
                setting.line,
                message,
                "put it into your own ~/.npmrc if you want it, or run with --trust-project",
            );
            return;
        }
        if let Some(bound) = bound(key) {
            self.apply_bound(source, setting, bound);
        } else if key == "registry" {
            self.apply_registry(source, setting, "");
        } else if let Some(scope) = key.strip_prefix('@').and_then(|rest| rest.strip_suffix(":registry")) {
            self.apply_registry(source, setting, scope);
        } else {
            self.apply_plain(source, setting);
        }
    }

    fn apply_bound(&mut self, source: &Source, setting: &Setting, bound: Bound<'_>) {
        match bound {
            Bound::Credential(prefix, name) => {
                // Without a port, the default ports of both schemes are meant.
                for scheme in ["https", "http"].into_iter().filter(|_| source.trusted) {
                    let origin = Url::parse(&format!("{scheme}:{prefix}")).ok().and_then(|url| origin(&url));
                    self.config.named_by_user.extend(origin);
                }
                self.config.credentials.set(prefix, name, &setting.value);
            }
            Bound::Certificate => {
                let message =
                    format!("`{}`: client certificates are not supported and were ignored", shown_key(&setting.key));
                self.notice(source, setting.line, message, "use a token for this registry: //host/path/:_authToken=…");
            }
            Bound::Other => {}
        }
    }

    fn apply_registry(&mut self, source: &Source, setting: &Setting, scope: &str) {
        let Some(url) = registry_url(&setting.value) else {
            let message = format!(
                "`{}` in {} is no http or https URL and was ignored",
                shown_key(&setting.key),
                source.layer.label()
            );
            self.notice(source, setting.line, message, "write it as https://host/path/");
            return;
        };
        if let Some(origin) = origin(&url).filter(|_| source.trusted) {
            self.config.named_by_user.insert(origin);
        }
        let registry = Registry { url, named_by: source.layer };
        match (source.trusted, source.layer) {
            (false, _) => self.project_lines.insert(scope.to_owned(), setting.line),
            _ => self.project_lines.remove(scope),
        };
        if scope.is_empty() {
            self.config.registry = registry;
        } else {
            self.config.scopes.insert(scope.to_owned(), registry);
        }
    }

    fn apply_plain(&mut self, source: &Source, setting: &Setting) {
        let value = setting.value.as_str();
        let fetch = &mut self.config.fetch;
        let proxies = &mut self.config.proxies;
        match setting.key.as_str() {
            "_authToken" | "_auth" | "_password" => {
                let message =
                    format!("`{}` in {} is bound to no host and was ignored", setting.key, source.layer.label());
                self.notice(source, setting.line, message, "bind it: //host/path/:_authToken=…");
            }
            "proxy" | "http-proxy" => proxies.http = proxy(value),
            "https-proxy" => proxies.https = proxy(value),
            "noproxy" | "no-proxy" => proxies.bypass = Some(value.to_owned()),
            "strict-ssl" => self.config.tls.strict = value != "false",
            "offline" => self.config.offline = value == "true",
            "cafile" => self.cafile = Some(value.to_owned()).filter(|path| !matches!(path.as_str(), "" | "null")),
            "ca" => self.apply_ca(source.layer, value),
            "cache" => self.config.cache = self.environment.path(value),
            "replace-registry-host" => {
                self.config.replace_host = match value {
                    "never" => ReplaceHost::Never,
                    "always" => ReplaceHost::Always,
                    "npmjs" => ReplaceHost::npmjs(),
                    other => replace_host(other),
                }
            }
            "fetch-retries" => set(&mut fetch.retries, bounded(value, 10)),
            "fetch-retry-factor" => set(&mut fetch.factor, bounded(value, 100)),
            "fetch-retry-mintimeout" => set(&mut fetch.first_pause, milliseconds(value, 60_000)),
            "fetch-retry-maxtimeout" => set(&mut fetch.longest_pause, milliseconds(value, 300_000)),
            "fetch-timeout" => set(&mut fetch.timeout, milliseconds(value, 1_800_000).filter(|time| !time.is_zero())),
            _ => {}
        }
    }

    /// `ca[]` may be given several times; `\n` inside stands for a line break.
    fn apply_ca(&mut self, layer: Layer, value: &str) {
        if self.ca.0 != layer {
            self.ca = (layer, String::new());
        }
        if !matches!(value, "" | "null") {
            self.ca.1.push_str(&value.replace("\\n", "\n"));
            self.ca.1.push('\n');
        }
    }

    fn finish(mut self) -> NpmConfig {
        self.report_redirected_registries();
        // npm reads `cafile` after `ca`, and what is in it replaces `ca`.
        self.config.tls.instead = match self.cafile.take() {
            Some(path) => self.certificates("cafile", &path),
            None => std::mem::take(&mut self.ca.1).into_bytes(),
        };
        if let Some(path) = self.environment.variable("NODE_EXTRA_CA_CERTS") {
            self.config.tls.besides = self.certificates("NODE_EXTRA_CA_CERTS", path);
        }
        if !self.config.tls.strict {
            let hint = "set `cafile` to your proxy's certificate instead of `strict-ssl=false`";
            self.config.notices.push(Notice::new(
                Layer::User,
                0,
                "certificates of registries are not checked (`strict-ssl=false`)",
                hint,
            ));
        }
        self.config
    }

    /// A project may bring its own registry; the user should know whom it asks.
    fn report_redirected_registries(&mut self) {
        for (scope, line) in std::mem::take(&mut self.project_lines) {
            let registry = if scope.is_empty() { Some(&self.config.registry) } else { self.config.scopes.get(&scope) };
            // A higher layer may have overridden it.
            let Some(registry) = registry.filter(|registry| registry.named_by == Layer::Project) else { continue };
            let public = registry.url.host_str().is_some_and(|host| PUBLIC_HOSTS.contains(&host));
            if public || self.config.user_names(&registry.url) {
                continue;
            }
            let what = if scope.is_empty() {
                "all packages".to_owned()
            } else {
                format!("packages of @{}", shown_key(&scope))
            };
            let host = registry.url.host_str().unwrap_or_default();
            self.config.notices.push(Notice::new(
                Layer::Project,
                line,
                format!("the project's .npmrc takes {what} from {host}, which your own settings do not name; it gets none of your credentials"),
                "if that is your registry, name it in your own ~/.npmrc",
            ));
        }
    }

    fn certificates(&mut self, what: &str, path: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read =
            self.environment.path(path).ok_or_else(|| std::io::Error::other("there is no home folder")).and_then(
                |path| {
                    if !path.metadata()?.is_file() {
                        return Err(std::io::Error::other("it is no regular file"));
                    }
                    File::open(path)?.take(MAX_CERTIFICATES).read_to_end(&mut bytes)
                },
            );
        if let Err(error) = read {
            let message = format!("the certificates that `{what}` names could not be read: {error}");
            self.config.notices.push(Notice::new(Layer::User, 0, message, "correct the path, or remove the setting"));
        }
        bytes
    }
}

fn default_registry() -> Registry {
    let url = registry_url(PUBLIC_REGISTRY);
    #[allow(clippy::expect_used, reason = "a constant that a test reads")]
    Registry { url: url.expect("the public registry's URL is one"), named_by: Layer::Default }
}

/// A base URL: http or https, with a host, ending in `/`, with nothing secret in it.
pub(crate) fn registry_url(text: &str) -> Option<Url> {
    let mut url = Url::parse(text.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
}

/// A host name, or (npm 11) a URL whose path is swapped for the registry's.
fn replace_host(text: &str) -> ReplaceHost {
    let url = Url::parse(text).ok();
    match url.as_ref().and_then(|url| Some((url.host_str()?, url.path().trim_end_matches('/')))) {
        Some((host, path)) => {
            ReplaceHost::Host { host: host.to_owned(), path: Some(path.to_owned()).filter(|path| !path.is_empty()) }
        }
        None => ReplaceHost::Host { host: text.to_ascii_lowercase(), path: None },
    }
}

pub(crate) fn proxies_of_environment(environment: &Environment) -> Proxies {
    let either = |names: [&str; 2]| names.iter().find_map(|name| environment.variable(name));
    Proxies {
        https: either(["HTTPS_PROXY", "https_proxy"]).and_then(proxy),
        http: either(["HTTP_PROXY", "http_proxy"]).and_then(proxy),
        bypass: either(["NO_PROXY", "no_proxy"]).map(str::to_owned),
    }
}

pub(crate) fn proxy(value: &str) -> Option<Secret> {
    (!matches!(value, "" | "null" | "false")).then(|| Secret::new(value))
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn bounded(value: &str, most: u32) -> Option<u32> {
    value.trim().parse::<u32>().ok().map(|number| number.min(most))
}

fn milliseconds(value: &str, most: u32) -> Option<Duration> {
    bounded(value, most).map(|number| Duration::from_millis(number.into()))
}
