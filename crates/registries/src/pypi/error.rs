//! Why an index or an archive could not be read, and what to do about it.

use vetch_model::Incomplete;

use super::settings::SettingOrigin;
use crate::http::FetchError;

/// Why an index's page or one of its files could not be had. Texts hold names and URLs of the
/// project: every output escapes them for itself. URLs come without user, password and query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// It could not be fetched.
    #[error(transparent)]
    Fetch(FetchError),
    /// The name can be no Python project's (PEP 508).
    #[error("`{name}` can be no Python project's name, and was asked of no index")]
    UnusableName {
        /// As written, cut.
        name: String,
    },
    /// The lockfile or the project ties the package to an index that no settings name.
    #[error("{name} is tied to the index `{index}`, which no settings name; no other index was asked for it")]
    UnknownIndex {
        /// The project's normalised name.
        name: String,
        /// The index's name, cut.
        index: String,
    },
    /// Settings name an index that cannot be used, and it might be the one that has the package.
    #[error("{name} was asked of no index: the index in {origin} cannot be used, and the name may be private to it")]
    UnusableIndex {
        /// The project's normalised name.
        name: String,
        /// Where that index is named.
        origin: SettingOrigin,
    },
    /// Settings leave no index to ask (`no-index`).
    #[error("settings leave no index to ask for {name}")]
    NoIndex {
        /// The project's normalised name.
        name: String,
    },
    /// No index has the project.
    #[error("{name} was found at none of the indexes asked: {}", asked.join(", "))]
    NotFound {
        /// The project's normalised name.
        name: String,
        /// The indexes that were asked.
        asked: Vec<String>,
    },
    /// The answer is no page of the Simple API.
    #[error("{url}: the answer is no page of a Python index: {reason}")]
    NotAPage {
        /// The URL.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The page is another project's.
    #[error("{url}: the answer is the page of another project, `{name}`")]
    OtherProject {
        /// The URL.
        url: String,
        /// Which, cut.
        name: String,
    },
    /// The index has the project, but no such file.
    #[error("{index} has {name}, but no file `{file}` of it")]
    NoSuchFile {
        /// The index.
        index: String,
        /// The project's normalised name.
        name: String,
        /// The file's name, cut; or a description of what was looked for.
        file: String,
    },
    /// A file or folder that settings name as `find-links` cannot be read.
    #[error("{path} could not be read: {reason}")]
    Local {
        /// The path.
        path: String,
        /// What the system says.
        reason: String,
    },
}

impl From<FetchError> for IndexError {
    fn from(error: FetchError) -> IndexError {
        IndexError::Fetch(error)
    }
}

impl IndexError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            IndexError::Fetch(error) => fetch_hint(error),
            IndexError::UnusableName { .. } => "correct the entry, or remove the dependency",
            IndexError::UnknownIndex { .. } => {
                "name this index in your own settings: [[index]] of uv.toml, UV_INDEX=name=URL, or extra-index-url in pip.conf"
            }
            IndexError::UnusableIndex { .. } => {
                "correct that setting; if it reads the environment in a project you trust, run with --trust-project"
            }
            IndexError::NoIndex { .. } => "`no-index` is set: name a folder with `find-links`, or remove the setting",
            IndexError::NotFound { .. } => {
                "it may have been taken down (look for an advisory), or belong to an index that no settings name"
            }
            IndexError::NotAPage { .. } => {
                "check the index's URL (most end in /simple/); a proxy's or portal's login page may stand in between"
            }
            IndexError::OtherProject { .. } => {
                "do not install from this index before whoever runs it has explained it: it serves one project under another's name"
            }
            IndexError::NoSuchFile { .. } => {
                "the file may have been deleted (look for an advisory), or another index was locked; run the locking tool again"
            }
            IndexError::Local { .. } => "correct the path or its permissions",
        }
    }

    /// As the missing part of a result: what was to be fetched, why it was not, what to do.
    pub fn to_incomplete(&self, what: impl Into<String>) -> Incomplete {
        Incomplete::new(what, self.to_string(), self.hint())
    }

    /// Whether the index says that it does not have the project.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, IndexError::Fetch(FetchError::NotFound { .. }) | IndexError::NotFound { .. })
    }
}

/// The hints of [`FetchError`], in the words of Python's settings where they differ.
fn fetch_hint(error: &FetchError) -> &'static str {
    match error {
        FetchError::Offline => {
            "leave out --offline (or `offline` in uv.toml), or name a folder of archives with `find-links`"
        }
        FetchError::UnusableUrl { .. } | FetchError::UnusableName { .. } => {
            "correct the lockfile entry: run the locking tool again, or remove the dependency"
        }
        FetchError::RefusedAddress { .. } => {
            "a project may not reach local and private addresses; if this is your index, name it in your own pip.conf or uv.toml, or in PIP_INDEX_URL or UV_INDEX"
        }
        FetchError::PlainHttp { .. } => {
            "use the https URL of the index; plain http is only used for indexes that your own settings name with http://"
        }
        FetchError::Unauthorized { held_back: false, sent: true, .. } => {
            "the password or token may have expired: correct ~/.netrc, the index's URL, or UV_INDEX_<NAME>_PASSWORD"
        }
        FetchError::Unauthorized { held_back: false, .. } => {
            "give credentials for this host in ~/.netrc, in the index's URL in your own settings, or in UV_INDEX_<NAME>_PASSWORD"
        }
        FetchError::NotFound { .. } => {
            "the release may have been taken down (look for an advisory), or belong to another index"
        }
        FetchError::WebPage { .. } => {
            "a proxy's or portal's login page may stand in between: sign in, or set `proxy` in pip.conf or HTTPS_PROXY"
        }
        FetchError::Timeout { .. } | FetchError::Unresponsive { .. } | FetchError::Connect { .. } => {
            "check the network, the index's URL, and `proxy` in pip.conf or HTTPS_PROXY"
        }
        FetchError::Certificate { .. } => {
            "if a company proxy re-signs connections, name its certificate with `cert` in pip.conf or SSL_CERT_FILE"
        }
        FetchError::TooManyRedirects { .. } | FetchError::RefusedRedirect { .. } => {
            "if that host is yours, name it in your own pip.conf or uv.toml; else ask who runs the index"
        }
        FetchError::Setup { .. } => "check the certificates and proxies in pip.conf and in the environment",
        other => other.hint(),
    }
}
