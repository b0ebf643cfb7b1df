//! pip's settings: `pip.conf` in its places, and `PIP_*` (pip's documentation, "Configuration").

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::loading::{Loading, public_index, truth};
use super::pip_conf::{self, Setting};
use super::{PythonLayer, PythonTool, SettingOrigin, Strategy};
use crate::http::cut;
use crate::npmrc::Environment;

/// Sections that hold here, from what yields to what wins: a section named after a command goes
/// before `global` in whatever file it stands.
const SECTIONS: &[&str] = &["global", "download", "install"];
const FILE: &str = if cfg!(windows) { "pip.ini" } else { "pip.conf" };

/// Values by key, each with where it stands.
type Values = BTreeMap<String, (String, SettingOrigin)>;

pub(super) fn load(loading: &mut Loading<'_>) {
    let mut sections: BTreeMap<String, Values> = BTreeMap::new();
    for (layer, path) in places(loading) {
        let shown = match (&loading.environment.project, layer) {
            (Some(project), PythonLayer::Project) => {
                path.strip_prefix(project).unwrap_or(&path).display().to_string().replace('\\', "/")
            }
            _ => path.display().to_string(),
        };
        let Some(text) = loading.read(layer, &path, &shown) else { continue };
        let (settings, wrong) = pip_conf::parse(&text);
        for line in wrong.into_iter().take(10) {
            let origin = SettingOrigin::new(layer, shown.clone(), line);
            loading.notice(
                &origin,
                format!("{origin} is no setting"),
                "pip itself refuses such a file: correct the line",
            );
        }
        for Setting { section, key, value, line } in settings {
            let origin = SettingOrigin::new(layer, shown.clone(), line);
            if may_set(loading, &key, &origin) {
                merge(loading, sections.entry(section).or_default(), key, value, origin);
            }
        }
    }
    let mut effective = Values::new();
    for section in SECTIONS {
        for (key, (value, origin)) in sections.remove(*section).unwrap_or_default() {
            merge(loading, &mut effective, key, value, origin);
        }
    }
    for (name, value) in loading.environment.variables.iter().filter(|(_, value)| !value.is_empty()) {
        if let Some(key) = name.strip_prefix("PIP_") {
            let origin = SettingOrigin::new(PythonLayer::Environment, name.as_str(), 0);
            effective.insert(key.to_ascii_lowercase().replace('_', "-"), (value.clone(), origin));
        }
    }
    apply(loading, &effective);
}

/// Puts a value over another, unless that is the user's and the new one the project's.
fn merge(loading: &mut Loading<'_>, values: &mut Values, key: String, value: String, origin: SettingOrigin) {
    if let Some((old, chosen)) = values.get(&key)
        && *old != value
        && !loading.trusts(origin.layer)
        && loading.trusts(chosen.layer)
    {
        let message = format!("`{}` in {origin} may not take the place of yours in {chosen}", cut(&key));
        loading.notice(&origin, message, "run with --trust-project if you trust this project");
        return;
    }
    values.insert(key, (value, origin));
}

/// Whether a layer may set this at all; what it may not is told of.
fn may_set(loading: &mut Loading<'_>, key: &str, origin: &SettingOrigin) -> bool {
    let users = ["no-index", "trusted-host", "cert", "client-cert", "proxy", "retries", "timeout"];
    let refused = users.contains(&key) && !loading.trusts(origin.layer);
    if refused {
        loading.refuse(origin, &format!("`{key}`"));
    }
    !refused
}

fn apply(loading: &mut Loading<'_>, values: &Values) {
    let words = |key: &str| -> Vec<(String, SettingOrigin)> {
        let Some((value, origin)) = values.get(key) else { return Vec::new() };
        value.split_whitespace().map(|word| (word.to_owned(), origin.clone())).collect()
    };
    for (host, origin) in words("trusted-host") {
        loading.trusted_host(&host, &origin);
    }
    let own = values.get("index-url").or_else(|| values.get("pypi-url"));
    let default = own.and_then(|(text, origin)| loading.index(PythonTool::Pip, text, None, origin)).or_else(|| {
        // A default that cannot be used is no leave to ask the public index for private names.
        if own.is_some() { None } else { public_index(None) }
    });
    if let Some(index) = default {
        loading.push(PythonTool::Pip, index);
    }
    for (text, origin) in words("extra-index-url") {
        if let Some(index) = loading.index(PythonTool::Pip, &text, None, &origin) {
            loading.push(PythonTool::Pip, index);
        }
    }
    for (text, origin) in words("find-links") {
        let base = match origin.layer {
            PythonLayer::Project => loading.environment.project.clone(),
            _ => None,
        };
        if let Some(links) = loading.links(&text, base.as_deref(), &origin) {
            loading.push_links(PythonTool::Pip, links);
        }
    }
    let set = loading.set(PythonTool::Pip);
    set.strategy = Strategy::All;
    set.no_index = values.get("no-index").and_then(|(value, _)| truth(value)).unwrap_or_default();
    apply_connection(loading, values);
}

fn apply_connection(loading: &mut Loading<'_>, values: &Values) {
    if let Some((value, _)) = values.get("proxy") {
        let secret = crate::npmrc::merge::proxy(value);
        loading.config.proxies.http = secret.clone();
        loading.config.proxies.https = secret;
    }
    if let Some(retries) = values.get("retries").and_then(|(value, _)| value.trim().parse::<u32>().ok()) {
        loading.config.fetch.retries = retries.min(10);
    }
    if let Some((path, origin)) = values.get("cert")
        && let Some(path) = loading.environment.path(path)
    {
        loading.certificates(&path, origin);
    }
    if let Some((_, origin)) = values.get("client-cert") {
        let message = format!("`client-cert` in {origin}: client certificates are not supported and were ignored");
        loading.notice(origin, message, "use a password for this index");
    }
}

/// Every place of a `pip.conf`, from what yields to what wins.
fn places(loading: &Loading<'_>) -> Vec<(PythonLayer, PathBuf)> {
    let environment = loading.environment;
    let named = environment.variable("PIP_CONFIG_FILE");
    // pip's way to say "no files at all".
    if named.is_some_and(|path| matches!(path, "/dev/null" | "nul" | "NUL")) {
        return Vec::new();
    }
    let named = named.and_then(|path| environment.path(path));
    let mut places: Vec<(PythonLayer, PathBuf)> =
        global_folders(environment).into_iter().map(|folder| (PythonLayer::Global, folder.join(FILE))).collect();
    // A named file that is there stands in for the user's.
    if !named.as_ref().is_some_and(|path| path.exists()) {
        let folders = user_folders(environment).into_iter();
        places.extend(folders.map(|folder| (PythonLayer::User, folder.join(FILE))));
    }
    let site = environment.variable("VIRTUAL_ENV").map(|folder| PathBuf::from(folder).join(FILE));
    places.extend(site.map(|path| {
        // A virtual environment that came with the project is the project's word.
        let layer = if loading.is_inside(&path) { PythonLayer::Project } else { PythonLayer::Site };
        (layer, path)
    }));
    places.extend(named.map(|path| (PythonLayer::Named, path)));
    places
}

fn global_folders(environment: &Environment) -> Vec<PathBuf> {
    if cfg!(windows) {
        return environment.variable("PROGRAMDATA").map(|data| PathBuf::from(data).join("pip")).into_iter().collect();
    }
    if cfg!(target_os = "macos") {
        return vec![PathBuf::from("/Library/Application Support/pip")];
    }
    let folders = environment.variable("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
    let mut places: Vec<PathBuf> = std::env::split_paths(folders).map(|folder| folder.join("pip")).collect();
    places.push(PathBuf::from("/etc"));
    places
}

fn user_folders(environment: &Environment) -> Vec<PathBuf> {
    let Some(home) = &environment.home else { return Vec::new() };
    if cfg!(windows) {
        let roaming = environment.variable("APPDATA").map(|data| PathBuf::from(data).join("pip"));
        return [Some(home.join("pip")), roaming].into_iter().flatten().collect();
    }
    let mac = home.join("Library/Application Support/pip");
    let modern = match environment.variable("XDG_CONFIG_HOME") {
        _ if cfg!(target_os = "macos") && mac.is_dir() => mac,
        Some(folder) if cfg!(not(target_os = "macos")) => PathBuf::from(folder).join("pip"),
        _ => home.join(".config/pip"),
    };
    vec![home.join(".pip"), modern]
}
