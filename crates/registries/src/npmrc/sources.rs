//! Finding and reading the files and variables that settings come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Notice;
use super::expand::{expand, has_variable};
use super::ini::{self, Setting};
use crate::settings_file;

/// Larger settings files are refused: real ones have a few kilobytes.
const MAX_FILE: u64 = 1 << 20;

/// What of this machine the settings depend on. Tests make their own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The project's folder, whose `.npmrc` is hostile.
    pub project: Option<PathBuf>,
    /// Whether the user trusts the project's `.npmrc` like their own.
    pub trust_project: bool,
}

impl Environment {
    /// The environment of this process, for this project.
    pub fn of_process(project: Option<&Path>, trust_project: bool) -> Environment {
        let text = |(key, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((key.into_string().ok()?, value.into_string().ok()?))
        };
        Environment {
            variables: std::env::vars_os().filter_map(text).collect(),
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            project: project.map(Path::to_owned),
            trust_project,
        }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// `npm_config_<key>` in any case, as npm reads it.
    fn npm_variable(&self, key: &str) -> Option<&str> {
        let matching =
            self.variables.iter().filter(|(name, value)| npm_key(name).as_deref() == Some(key) && !value.is_empty());
        matching.map(|(_, value)| value.as_str()).next_back()
    }

    /// A path as settings write it, with `~/` for the home folder.
    pub(crate) fn path(&self, text: &str) -> Option<PathBuf> {
        match text.strip_prefix("~/") {
            Some(below) => self.home.as_ref().map(|home| home.join(below)),
            None => Some(PathBuf::from(text)),
        }
    }
}

/// The setting that a variable sets: `npm_config_fetch_retries` is `fetch-retries`;
/// keys that are bound to a host (`//…`) stay as they are.
fn npm_key(variable: &str) -> Option<String> {
    let prefix = variable.get(..11).filter(|prefix| prefix.eq_ignore_ascii_case("npm_config_"))?;
    let key = &variable[prefix.len()..];
    if key.starts_with("//") {
        return Some(key.to_owned());
    }
    let (first, rest) = key.split_at_checked(key.chars().next()?.len_utf8())?;
    Some(format!("{first}{}", rest.replace('_', "-")).to_lowercase())
}

/// Where a setting stands. Ordered from what yields to what wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// npm's own default.
    Default,
    /// `npmrc` in npm's own folder.
    Builtin,
    /// `<prefix>/etc/npmrc`.
    Global,
    /// `~/.npmrc`, or what `npm_config_userconfig` names.
    User,
    /// `.npmrc` in the project.
    Project,
    /// `npm_config_*` variables.
    Environment,
}

impl Layer {
    /// What to call it in a message.
    pub const fn label(self) -> &'static str {
        match self {
            Layer::Default => "the default",
            Layer::Builtin => "npm's built-in npmrc",
            Layer::Global => "the global npmrc",
            Layer::User => "the user's .npmrc",
            Layer::Project => "the project's .npmrc",
            Layer::Environment => "the environment",
        }
    }
}

/// The settings of one layer.
pub(super) struct Source {
    pub(super) layer: Layer,
    /// Whether the user stands behind it.
    pub(super) trusted: bool,
    pub(super) settings: Vec<Setting>,
}

/// Every layer, from what yields to what wins.
pub(super) fn read_all(environment: &Environment, notices: &mut Vec<Notice>) -> Vec<Source> {
    let mut sources = Vec::new();
    let user = match environment.npm_variable("userconfig") {
        Some(path) => environment.path(path),
        None => environment.home.as_ref().map(|home| home.join(".npmrc")),
    };
    let prefix = prefix(environment);
    let builtin = prefix.as_ref().map(|prefix| prefix.join("lib/node_modules/npm/npmrc"));
    let global = match environment.npm_variable("globalconfig") {
        Some(path) => environment.path(path),
        None => prefix.map(|prefix| prefix.join("etc/npmrc")),
    };
    let project = environment.project.as_ref().map(|project| project.join(".npmrc"));
    let is_users = |project: &PathBuf| user.as_ref().is_some_and(|user| same_file(user, project));
    // A home folder scanned as a project: its settings are the user's, read once.
    let project = project.filter(|project| !is_users(project));
    for (layer, path) in
        [(Layer::Builtin, builtin), (Layer::Global, global), (Layer::User, user), (Layer::Project, project)]
    {
        let Some(text) = path.and_then(|path| read_file(layer, &path, notices)) else { continue };
        let trusted = layer != Layer::Project || environment.trust_project;
        let settings = ini::parse(&text).into_iter();
        let settings = settings.filter_map(|setting| expanded(environment, layer, trusted, setting, notices)).collect();
        sources.push(Source { layer, trusted, settings });
    }
    sources.push(Source { layer: Layer::Environment, trusted: true, settings: from_variables(environment) });
    sources
}

fn from_variables(environment: &Environment) -> Vec<Setting> {
    let variables = environment.variables.iter().filter(|(_, value)| !value.is_empty());
    variables.filter_map(|(name, value)| Some(Setting { key: npm_key(name)?, value: value.clone(), line: 0 })).collect()
}

/// The folder that npm is installed below, found without running it: from the
/// environment, else from where `node` lies. Folders of the project are passed
/// over: a `node` there must not choose the user's settings.
fn prefix(environment: &Environment) -> Option<PathBuf> {
    if let Some(prefix) = environment.npm_variable("prefix").or_else(|| environment.variable("PREFIX")) {
        return environment.path(prefix);
    }
    let project = environment.project.as_ref().and_then(|project| project.canonicalize().ok());
    let hostile = |folder: &Path| {
        let inside = |project: &PathBuf| folder.canonicalize().is_ok_and(|folder| folder.starts_with(project));
        folder.is_relative()
            || folder.components().any(|part| part.as_os_str() == "node_modules")
            || project.as_ref().is_some_and(inside)
    };
    std::env::split_paths(environment.variable("PATH")?)
        .filter(|folder| !hostile(folder))
        .map(|folder| folder.join(if cfg!(windows) { "node.exe" } else { "node" }))
        .find(|node| node.is_file())
        .and_then(|node| Some(node.canonicalize().ok()?.parent()?.parent()?.to_owned()))
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Reads a settings file; one that does not exist is no problem, one that cannot be read is told of.
fn read_file(layer: Layer, path: &Path, notices: &mut Vec<Notice>) -> Option<String> {
    let mut refuse = |why: String| {
        let hint = "settings in it are not in force; make it a readable text file";
        notices.push(Notice::new(layer, 0, format!("{} could not be read: {why}", layer.label()), hint));
        None
    };
    match settings_file::read(path, MAX_FILE) {
        Ok(text) => text,
        Err(why) => refuse(why),
    }
}

/// Expands variables where the user stands behind the file; drops the setting
/// where not, since neither its text nor its expansion may be used.
fn expanded(
    environment: &Environment,
    layer: Layer,
    trusted: bool,
    setting: Setting,
    notices: &mut Vec<Notice>,
) -> Option<Setting> {
    if !has_variable(&setting.key) && !has_variable(&setting.value) {
        return Some(setting);
    }
    let what = || super::shown_key(&setting.key);
    if !trusted {
        notices.push(Notice::new(
            layer,
            setting.line,
            format!("`{}` in the project's .npmrc reads the environment and was ignored", what()),
            "put it into your own ~/.npmrc, or run with --trust-project if you trust this project",
        ));
        return None;
    }
    let fill = |text: &str| expand(text, |name| environment.variables.get(name).map(String::as_str));
    let ((key, key_complete), (value, value_complete)) = (fill(&setting.key), fill(&setting.value));
    if !key_complete || !value_complete {
        notices.push(Notice::new(
            layer,
            setting.line,
            format!("`{}` in {} names a variable that is not set and was ignored", what(), layer.label()),
            "set the variable, or write ${NAME?} if it may be missing",
        ));
        return None;
    }
    Some(Setting { key, value, line: setting.line })
}
