//! The indexes that Python's tools would ask, and what of them the project may decide.
//!
//! Each tool has settings of its own and reads none of the others': pip `pip.conf` and `PIP_*`; uv
//! `uv.toml`, `[tool.uv]` and `UV_*`; poetry, PDM and pipenv what the project says. What comes from
//! the project is hostile: see [`PypiConfig::load`].

mod loading;
mod netrc;
mod pip;
mod pip_conf;
mod project;
mod toml_file;
mod uv;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use vetch_model::Location;

use crate::http::Authority;
use crate::npmrc::credentials::Credentials;
use crate::npmrc::{Environment, FetchSettings, Proxies, Tls, origin};
use crate::secret::Secret;
use netrc::Netrc;

/// The index that everyone uses.
pub(crate) const PUBLIC_INDEX: &str = "https://pypi.org/simple/";
/// Hosts of the public index.
pub(crate) const PUBLIC_HOSTS: &[&str] = &["pypi.org", "pypi.python.org", "files.pythonhosted.org", "test.pypi.org"];

/// Whose rules and settings decide which indexes are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PythonTool {
    /// pip, and pip-tools.
    Pip,
    /// uv.
    Uv,
    /// Poetry.
    Poetry,
    /// PDM.
    Pdm,
    /// Pipenv.
    Pipenv,
}

impl PythonTool {
    /// All of them.
    pub const ALL: [PythonTool; 5] =
        [PythonTool::Pip, PythonTool::Uv, PythonTool::Poetry, PythonTool::Pdm, PythonTool::Pipenv];
}

/// Where a setting of Python's tools stands. Ordered from what yields to what wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PythonLayer {
    /// The tool's own default.
    Default,
    /// For all users: `/etc/pip.conf`, `/etc/uv/uv.toml`.
    Global,
    /// The user's own.
    User,
    /// The virtual environment's `pip.conf`.
    Site,
    /// In the project.
    Project,
    /// A file that `PIP_CONFIG_FILE` or `UV_CONFIG_FILE` names.
    Named,
    /// An environment variable.
    Environment,
}

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettingOrigin {
    /// In which layer.
    pub layer: PythonLayer,
    /// The file, relative to the project if it is the project's; else the variable.
    pub file: String,
    /// 1-based line; 0 where there are none.
    pub line: u32,
}

impl SettingOrigin {
    pub(crate) fn new(layer: PythonLayer, file: impl Into<String>, line: u32) -> SettingOrigin {
        SettingOrigin { layer, file: file.into(), line }
    }

    /// The place in the project, if it is the project's.
    pub fn location(&self) -> Option<Location> {
        (self.layer == PythonLayer::Project).then(|| Location { line: self.line, ..Location::file(&self.file) })
    }
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.layer, self.line) {
            (PythonLayer::Default, _) => f.write_str("the default"),
            (_, 0) => f.write_str(&self.file),
            (_, line) => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Something about the settings that the user should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PypiNotice {
    /// Which setting it is about.
    pub origin: SettingOrigin,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// An index, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its base, with `/` at the end, without user, password, query or fragment.
    pub url: Url,
    /// Only asked for packages that are tied to it (uv's `explicit`, poetry's `explicit` priority).
    pub explicit: bool,
    /// Only asked for what no other index has (poetry's `supplemental` priority).
    pub supplemental: bool,
    /// A page of links rather than an index (uv's `format = "flat"`).
    pub flat: bool,
    /// Where it is named.
    pub origin: SettingOrigin,
}

/// A place with links to archives of any projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindLinks {
    /// Where they are.
    pub place: LinksPlace,
    /// Where that is named.
    pub origin: SettingOrigin,
}

/// What `find-links` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinksPlace {
    /// A web page.
    Page(Url),
    /// A folder of archives.
    Folder(PathBuf),
}

/// Which of several indexes may answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Strategy {
    /// The first that has the project at all answers alone (uv's `first-index`): whoever registers
    /// a private name at a public index gets nowhere.
    #[default]
    First,
    /// All answer together (pip; uv's `unsafe-…`; poetry; PDM).
    All,
}

/// What one tool would ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexSet {
    /// Indexes, in the order they are asked.
    pub indexes: Vec<Index>,
    /// Places of links.
    pub find_links: Vec<FindLinks>,
    /// Ask no index, only places of links.
    pub no_index: bool,
    /// Which may answer.
    pub strategy: Strategy,
    /// Where indexes are named that cannot be used. While there are any, only packages that are tied
    /// to another one are asked for: the name might be private, and the next index public.
    pub unusable: Vec<SettingOrigin>,
    /// Projects (normalised names) that are tied to an index by its name.
    pub pins: BTreeMap<String, String>,
}

impl IndexSet {
    /// The index of this name; like the tools, whatever its case.
    pub fn named(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name)))
    }
}

/// The effective settings of Python's tools.
#[derive(Debug, Clone)]
pub struct PypiConfig {
    sets: BTreeMap<PythonTool, IndexSet>,
    credentials: Credentials,
    netrc: Netrc,
    /// `host:port` of everything that a layer the user stands behind names.
    named_by_user: BTreeSet<String>,
    pub(crate) proxies: Proxies,
    pub(crate) tls: Tls,
    /// Retries and times.
    pub fetch: FetchSettings,
    /// Whether uv's own settings say so (`offline`, `UV_OFFLINE`).
    pub offline: bool,
    /// What was refused or ignored.
    pub notices: Vec<PypiNotice>,
}

impl PypiConfig {
    /// Reads all settings there are.
    ///
    /// Unless [`Environment::trust_project`] is set, the project's (`pyproject.toml`, `uv.toml`,
    /// `Pipfile`, a virtual environment inside it) do not read the environment, take no index's
    /// place that the user's own settings name, switch nothing off, name no folder outside the
    /// project, and get no credentials that are bound to an index by its name alone. The indexes
    /// they name are used, but do not count as named by the user (so private addresses and plain
    /// http stay refused) and get no credentials but those bound to their host. Each of these is
    /// told of in [`PypiConfig::notices`].
    pub fn load(environment: &Environment) -> PypiConfig {
        loading::load(environment)
    }

    /// What this tool would ask.
    pub fn indexes(&self, tool: PythonTool) -> &IndexSet {
        static NONE: std::sync::LazyLock<IndexSet> = std::sync::LazyLock::new(IndexSet::default);
        self.sets.get(&tool).unwrap_or(&NONE)
    }

    /// Whether the user's own settings name this host and port.
    pub fn user_names(&self, url: &Url) -> bool {
        origin(url).is_some_and(|origin| self.named_by_user.contains(&origin))
    }
}

impl Authority for PypiConfig {
    fn user_names(&self, url: &Url) -> bool {
        PypiConfig::user_names(self, url)
    }

    /// What an index's URL or variables bind to host, port and path; else what `~/.netrc` has for
    /// the host, at its usual port or one that the user names.
    fn authorization(&self, url: &Url) -> Option<Secret> {
        self.credentials.authorization(url).or_else(|| {
            let (login, password) = self.netrc.get(url.host_str()?)?;
            (url.port().is_none() || self.user_names(url))
                .then(|| Secret::new(format!("Basic {}", STANDARD.encode(format!("{login}:{}", password.expose())))))
        })
    }

    /// A lockfile's hash makes up for the connection, but a page has none, and the question itself
    /// tells who is on the way what is used: only where the user says so.
    fn allows_plain_http(&self, named: bool, _strong: bool) -> bool {
        named
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
