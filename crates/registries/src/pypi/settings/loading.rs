//! What reading the settings of all tools has in common: who may say what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use url::Url;

use super::netrc::Netrc;
use super::{
    FetchSettings, FindLinks, Index, IndexSet, LinksPlace, PUBLIC_HOSTS, PUBLIC_INDEX, PypiConfig, PypiNotice,
    PythonLayer, PythonTool, SettingOrigin, Tls,
};
use crate::http::{cut, without_secrets};
use crate::npmrc::credentials::Credentials;
use crate::npmrc::expand::{expand, has_variable};
use crate::npmrc::merge::{proxies_of_environment, registry_url};
use crate::npmrc::{Environment, origin};
use crate::pypi::simple::percent_decoded;
use crate::settings_file;

/// Larger settings files are refused; a `pyproject.toml` or `Pipfile.lock` may hold a whole project.
pub(super) const MAX_FILE: u64 = 8 << 20;
/// No tool is given more indexes or places of links than this.
const MAX_INDEXES: usize = 100;
/// Larger certificate bundles are refused; Mozilla's whole set has 250 kB.
const MAX_CERTIFICATES: u64 = 8 << 20;

pub(super) fn load(environment: &Environment) -> PypiConfig {
    let mut loading = Loading::new(environment);
    super::pip::load(&mut loading);
    super::uv::load(&mut loading);
    super::project::load(&mut loading);
    loading.finish()
}

/// A name and password that a setting holds for a URL.
struct Binding {
    trusted: bool,
    base: Url,
    username: String,
    password: String,
}

pub(super) struct Loading<'e> {
    pub(super) environment: &'e Environment,
    pub(super) config: PypiConfig,
    bindings: Vec<Binding>,
}

impl<'e> Loading<'e> {
    fn new(environment: &'e Environment) -> Loading<'e> {
        let config = PypiConfig {
            sets: BTreeMap::new(),
            credentials: Credentials::default(),
            netrc: Netrc::default(),
            named_by_user: ["pypi.org:443", "files.pythonhosted.org:443"].map(str::to_owned).into(),
            proxies: proxies_of_environment(environment),
            tls: Tls::default(),
            fetch: FetchSettings::default(),
            offline: false,
            notices: Vec::new(),
        };
        Loading { environment, config, bindings: Vec::new() }
    }

    pub(super) fn set(&mut self, tool: PythonTool) -> &mut IndexSet {
        self.config.sets.entry(tool).or_default()
    }

    pub(super) fn notice(&mut self, origin: &SettingOrigin, message: String, hint: &str) {
        self.config.notices.push(PypiNotice { origin: origin.clone(), message, hint: hint.to_owned() });
    }

    /// Tells that the project asked for what only the user may decide.
    pub(super) fn refuse(&mut self, origin: &SettingOrigin, what: &str) {
        let message = format!("{what} in {origin} was refused: only your own settings may decide it");
        let hint = "put it into your own pip.conf or uv.toml if you want it, or run with --trust-project";
        self.notice(origin, message, hint);
    }

    /// Whether the user stands behind settings of this layer.
    pub(super) fn trusts(&self, layer: PythonLayer) -> bool {
        layer != PythonLayer::Project || self.environment.trust_project
    }

    /// Reads a settings file; one that cannot be read is told of.
    pub(super) fn read(&mut self, layer: PythonLayer, path: &Path, shown: &str) -> Option<String> {
        // A link out of the project would make another's file the project's word.
        if layer == PythonLayer::Project && !self.environment.trust_project && !self.is_inside(path) {
            if path.exists() {
                let origin = SettingOrigin::new(layer, shown, 0);
                self.notice(
                    &origin,
                    format!("{shown} lies outside the project and was not read"),
                    "copy it in place of the link",
                );
            }
            return None;
        }
        match settings_file::read(path, MAX_FILE) {
            Ok(text) => text,
            Err(why) => {
                let origin = SettingOrigin::new(layer, shown, 0);
                let hint = "settings in it are not in force; make it a readable text file";
                self.notice(&origin, format!("{shown} could not be read: {why}"), hint);
                None
            }
        }
    }

    /// The file of this name in the project's folder.
    pub(super) fn read_project(&mut self, name: &str) -> Option<String> {
        let path = self.environment.project.as_ref()?.join(name);
        self.read(PythonLayer::Project, &path, name)
    }

    /// Whether a path leads into the project, links resolved.
    pub(super) fn is_inside(&self, path: &Path) -> bool {
        let project = self.environment.project.as_ref().and_then(|project| project.canonicalize().ok());
        let path = path.canonicalize().ok();
        matches!((project, path), (Some(project), Some(path)) if path.starts_with(&project))
    }

    /// Expands `${VARIABLE}` where the user stands behind it; drops the setting where not.
    fn expanded(&mut self, text: &str, origin: &SettingOrigin) -> Option<String> {
        if !has_variable(text) {
            return Some(text.to_owned());
        }
        if !self.trusts(origin.layer) {
            let hint = "put it into your own settings, or run with --trust-project if you trust this project";
            self.notice(origin, format!("an index in {origin} reads the environment and was ignored"), hint);
            return None;
        }
        let (text, complete) = expand(text, |name| self.environment.variables.get(name).map(String::as_str));
        if !complete {
            let message = format!("an index in {origin} names a variable that is not set and was ignored");
            self.notice(origin, message, "set the variable");
            return None;
        }
        Some(text)
    }

    /// An index's URL without its secrets, which are kept for where they belong.
    pub(super) fn url(&mut self, text: &str, origin: &SettingOrigin) -> Option<Url> {
        let text = self.expanded(text.trim(), origin)?;
        let Some(url) = registry_url(&text) else {
            let message = format!("`{}` in {origin} is no http or https URL and was ignored", without_secrets(&text));
            self.notice(origin, message, "write it as https://host/path/simple/");
            return None;
        };
        let trusted = self.trusts(origin.layer);
        if trusted {
            self.config.named_by_user.extend(crate::npmrc::origin(&url));
        }
        if let Ok(written) = Url::parse(&text)
            && (!written.username().is_empty() || written.password().is_some())
        {
            let username = percent_decoded(written.username());
            let password = percent_decoded(written.password().unwrap_or_default());
            self.bind(trusted, &url, username, password);
        }
        Some(url)
    }

    /// Binds a name and password to an index: to its host, port and path. Files of an index at
    /// `…/simple/` lie beside it, so that the folder above is meant.
    pub(super) fn bind(&mut self, trusted: bool, index: &Url, username: String, password: String) {
        let mut base = index.clone();
        let path = index.path().trim_end_matches('/');
        if let Some((above, "simple" | "+simple")) = path.rsplit_once('/') {
            base.set_path(&format!("{above}/"));
        }
        self.bindings.push(Binding { trusted, base, username, password });
    }

    /// An index by its URL; of the project's, the user is told. One that cannot be used is kept in
    /// mind: names that it might have must not go to the next one instead.
    pub(super) fn index(
        &mut self,
        tool: PythonTool,
        text: &str,
        name: Option<&str>,
        origin: &SettingOrigin,
    ) -> Option<Index> {
        let Some(url) = self.url(text, origin) else {
            self.set(tool).unusable.push(origin.clone());
            return None;
        };
        if !self.trusts(origin.layer) {
            self.tell_of(&url, origin);
        }
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        Some(Index { name, url, explicit: false, supplemental: false, flat: false, origin: origin.clone() })
    }

    fn tell_of(&mut self, url: &Url, origin: &SettingOrigin) {
        let host = url.host_str().unwrap_or_default();
        if PUBLIC_HOSTS.contains(&host) || self.config.user_names(url) {
            return;
        }
        let message = format!(
            "{origin} takes packages from {host}, which your own settings do not name; it gets none of your credentials"
        );
        self.notice(origin, message, "if that is your index, name it in your own pip.conf or uv.toml");
    }

    /// Whether an index may take the place of `current` as the default one: the project may not
    /// take that of one which the user chose.
    pub(super) fn may_replace(&mut self, current: Option<&Index>, next: &Index) -> bool {
        let chosen = current.filter(|current| current.origin.layer != PythonLayer::Default);
        let Some(chosen) = chosen.filter(|chosen| chosen.url != next.url) else { return true };
        if self.trusts(next.origin.layer) || !self.trusts(chosen.origin.layer) {
            return true;
        }
        let message = format!(
            "{} may not take the place of the index that you name in {}, which is asked instead",
            next.origin, chosen.origin
        );
        self.notice(&next.origin, message, "run with --trust-project if you trust this project");
        false
    }

    /// A place of links: URL, `file:` URL or path (relative to `base`).
    pub(super) fn links(&mut self, text: &str, base: Option<&Path>, origin: &SettingOrigin) -> Option<FindLinks> {
        let text = text.trim();
        if text.starts_with("http://") || text.starts_with("https://") {
            // The path of a page is no folder: its last part stays as it is.
            let expanded = self.expanded(text, origin)?;
            let mut page = Url::parse(&expanded).ok();
            let with_slash = self.url(text, origin)?;
            if let Some(page) = &mut page {
                let path = page.path().to_owned();
                *page = with_slash;
                page.set_path(&path);
            }
            let page = page?;
            if !self.trusts(origin.layer) {
                self.tell_of(&page, origin);
            }
            return Some(FindLinks { place: LinksPlace::Page(page), origin: origin.clone() });
        }
        let path = match text.strip_prefix("file:") {
            Some(_) => Url::parse(text).ok().and_then(|url| url.to_file_path().ok()),
            None if text.contains("://") => None,
            None => self.environment.path(text),
        };
        let Some(path) = path.map(|path| base.map_or_else(|| path.clone(), |base| base.join(&path))) else {
            let message = format!("`{}` in {origin} is no place of links and was ignored", without_secrets(text));
            self.notice(origin, message, "write a path, or a URL with https://");
            return None;
        };
        if !self.trusts(origin.layer) && !self.is_inside(&path) {
            self.refuse(origin, "a folder of archives outside the project");
            return None;
        }
        Some(FindLinks { place: LinksPlace::Folder(path), origin: origin.clone() })
    }

    /// Names a host that the user trusts over plain http and at private addresses. Certificates are
    /// checked all the same.
    pub(super) fn trusted_host(&mut self, text: &str, origin: &SettingOrigin) {
        let text = text.trim();
        let text = text.split_once("://").map_or(text, |(_, rest)| rest);
        let found: Vec<String> = ["http", "https"]
            .iter()
            .filter_map(|scheme| Url::parse(&format!("{scheme}://{text}/")).ok())
            .filter_map(|url| crate::npmrc::origin(&url))
            .collect();
        self.config.named_by_user.extend(found);
        let message = format!("`{}` is trusted by {origin}; its certificate is checked all the same", cut(text));
        self.notice(origin, message, "name its certificate with `cert` in pip.conf or SSL_CERT_FILE");
    }

    /// Adds an index unless there are too many.
    pub(super) fn push(&mut self, tool: PythonTool, index: Index) {
        if self.set(tool).indexes.len() < MAX_INDEXES {
            self.set(tool).indexes.push(index);
            return;
        }
        let message = format!("more than {MAX_INDEXES} indexes; {} was ignored", index.origin);
        self.notice(&index.origin, message, "name fewer indexes");
    }

    pub(super) fn push_links(&mut self, tool: PythonTool, links: FindLinks) {
        if self.set(tool).find_links.len() < MAX_INDEXES {
            self.set(tool).find_links.push(links);
            return;
        }
        let message = format!("more than {MAX_INDEXES} places of links; {} was ignored", links.origin);
        self.notice(&links.origin, message, "name fewer of them");
    }

    fn finish(mut self) -> PypiConfig {
        let netrc = match self.environment.variable("NETRC") {
            Some(path) => self.environment.path(path),
            None => self.environment.home.as_ref().map(|home| home.join(".netrc")),
        };
        if let Some(text) = netrc.and_then(|path| self.read(PythonLayer::User, &path, "~/.netrc")) {
            self.config.netrc = Netrc::parse(&text);
        }
        // What is bound first stays: the user's before the project's, the later layer's before the earlier's.
        let (users, projects): (Vec<Binding>, Vec<Binding>) =
            std::mem::take(&mut self.bindings).into_iter().partition(|binding| binding.trusted);
        for binding in users.iter().rev().chain(projects.iter().rev()) {
            self.config.credentials.bind(&binding.base, &binding.username, &binding.password);
        }
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"] {
            if self.config.tls.instead.is_empty()
                && let Some(path) = self.environment.variable(name)
            {
                self.certificates(&PathBuf::from(path), &SettingOrigin::new(PythonLayer::Environment, name, 0));
            }
        }
        self.config.notices.sort();
        self.config.notices.dedup();
        self.config
    }

    /// Certificates in place of the system's.
    pub(super) fn certificates(&mut self, path: &Path, origin: &SettingOrigin) {
        match settings_file::read(path, MAX_CERTIFICATES) {
            Ok(Some(text)) => self.config.tls.instead = text.into_bytes(),
            Ok(None) => {
                let message = format!("the certificates that {origin} names are not there");
                self.notice(origin, message, "correct the path, or remove the setting");
            }
            Err(why) => {
                let message = format!("the certificates that {origin} names could not be read: {why}");
                self.notice(origin, message, "correct the path, or remove the setting");
            }
        }
    }
}

/// The index that is asked where no settings say otherwise.
pub(super) fn public_index(name: Option<&str>) -> Option<Index> {
    let url = registry_url(PUBLIC_INDEX)?;
    debug_assert!(origin(&url).is_some());
    let origin = SettingOrigin::new(PythonLayer::Default, "", 0);
    let name = name.map(str::to_owned);
    Some(Index { name, url, explicit: false, supplemental: false, flat: false, origin })
}

/// As Python's `strtobool`; `None` for what it refuses.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "t" | "true" | "on" | "1" => Some(true),
        "n" | "no" | "f" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}
