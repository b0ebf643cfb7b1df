//! uv's settings: `uv.toml` in its places, `[tool.uv]`, and `UV_*` (uv's documentation, "Settings"
//! and "Package indexes"). uv reads no `pip.conf`.

use std::path::{Path, PathBuf};

use toml::de::DeTable;
use url::Url;

use super::loading::{Loading, public_index, truth};
use super::toml_file::TomlFile;
use super::{Index, PythonLayer, PythonTool, SettingOrigin, Strategy};
use vetch_model::purl::normalised;

const TOOL: PythonTool = PythonTool::Uv;

/// What the layers said so far: strongest last; turned round at the end.
#[derive(Default)]
struct Found {
    /// Each layer's indexes in their order; the truth value says `default`.
    layers: Vec<Vec<(Index, bool)>>,
}

pub(super) fn load(loading: &mut Loading<'_>) {
    let mut found = Found::default();
    let named = loading.environment.variable("UV_CONFIG_FILE").map(PathBuf::from);
    let none = loading.environment.variable("UV_NO_CONFIG").and_then(truth).unwrap_or_default();
    match named {
        _ if none => {}
        // A named file stands in for all others.
        Some(path) => file(loading, &mut found, PythonLayer::Named, &path, &path.display().to_string()),
        None => {
            for (layer, path) in places(loading) {
                file(loading, &mut found, layer, &path, &path.display().to_string());
            }
            project(loading, &mut found);
        }
    }
    variables(loading, &mut found);
    finish(loading, found);
}

fn places(loading: &Loading<'_>) -> Vec<(PythonLayer, PathBuf)> {
    let environment = loading.environment;
    let (global, user) = if cfg!(windows) {
        let folder = |name| environment.variable(name).map(|data| PathBuf::from(data).join("uv").join("uv.toml"));
        (folder("PROGRAMDATA"), folder("APPDATA"))
    } else {
        let folders = environment.variable("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
        let global = std::env::split_paths(folders)
            .map(|folder| folder.join("uv/uv.toml"))
            .chain([PathBuf::from("/etc/uv/uv.toml")])
            .find(|path| path.is_file());
        let user = match environment.variable("XDG_CONFIG_HOME") {
            Some(folder) => Some(PathBuf::from(folder).join("uv/uv.toml")),
            None => environment.home.as_ref().map(|home| home.join(".config/uv/uv.toml")),
        };
        (global, user)
    };
    let global = global.map(|path| (PythonLayer::Global, path));
    let user = user.map(|path| (PythonLayer::User, path));
    global.into_iter().chain(user).collect()
}

fn file(loading: &mut Loading<'_>, found: &mut Found, layer: PythonLayer, path: &Path, shown: &str) {
    let Some(text) = loading.read(layer, path, shown) else { return };
    let file = TomlFile::parse(loading, layer, shown, &text);
    table(loading, found, &file, file.root(), path.parent());
}

/// `uv.toml` in the project, else `[tool.uv]`; ties of packages to indexes are in the latter alone.
fn project(loading: &mut Loading<'_>, found: &mut Found) {
    let folder = loading.environment.project.clone();
    let own = loading.read_project("uv.toml");
    if let Some(text) = &own {
        let file = TomlFile::parse(loading, PythonLayer::Project, "uv.toml", text);
        table(loading, found, &file, file.root(), folder.as_deref());
    }
    let Some(text) = loading.read_project("pyproject.toml") else { return };
    let file = TomlFile::parse(loading, PythonLayer::Project, "pyproject.toml", &text);
    let Some(uv) = file.table(&["tool", "uv"]) else { return };
    if own.is_none() {
        table(loading, found, &file, uv, folder.as_deref());
    }
    let Some(sources) = file.table(&["tool", "uv", "sources"]) else { return };
    for (name, source) in sources {
        // One table, or several with markers: each index named is one that may be meant.
        let tables = match source.get_ref().as_array() {
            Some(items) => items.iter().filter_map(|item| item.get_ref().as_table()).collect(),
            None => source.get_ref().as_table().into_iter().collect::<Vec<_>>(),
        };
        if let Some((index, _)) = tables.into_iter().find_map(|table| file.text(table, "index")) {
            loading.set(TOOL).pins.insert(normalised(name.get_ref()), index.to_owned());
        }
    }
}

fn table(
    loading: &mut Loading<'_>,
    found: &mut Found,
    file: &TomlFile<'_>,
    table: &DeTable<'_>,
    folder: Option<&Path>,
) {
    let mut layer = Vec::new();
    for (entry, origin) in file.tables(loading, table, "index") {
        let Some((url, origin)) = file.text(entry, "url") else {
            loading.notice(&origin, format!("an index in {origin} has no `url` and was ignored"), "give it one");
            continue;
        };
        let name = file.text(entry, "name").map(|(name, _)| name.to_owned());
        let is = |key| file.truth(entry, key).is_some_and(|(value, _)| value);
        let Some(mut index) = loading.index(TOOL, url, name.as_deref(), &origin) else {
            if is("explicit") {
                loading.set(TOOL).unusable.pop();
            }
            continue;
        };
        index.explicit = is("explicit");
        index.flat = file.text(entry, "format").is_some_and(|(format, _)| format == "flat");
        layer.push((index, is("default")));
    }
    for (key, is_default) in [("extra-index-url", false), ("index-url", true)] {
        for (url, origin) in file.texts(loading, table, key) {
            layer.extend(loading.index(TOOL, &url, None, &origin).map(|index| (index, is_default)));
        }
    }
    found.layers.push(layer);
    for (text, origin) in file.texts(loading, table, "find-links") {
        if let Some(links) = loading.links(&text, folder, &origin) {
            loading.push_links(TOOL, links);
        }
    }
    for key in ["no-index", "offline"] {
        let Some((value, origin)) = file.truth(table, key) else { continue };
        if value && !loading.trusts(origin.layer) {
            loading.refuse(&origin, &format!("`{key}`"));
        } else if key == "offline" {
            loading.config.offline = value;
        } else {
            loading.set(TOOL).no_index = value;
        }
    }
    if let Some((strategy, origin)) = file.text(table, "index-strategy") {
        let strategy = strategy.to_owned();
        set_strategy(loading, &strategy, &origin);
    }
    for (host, origin) in file.texts(loading, table, "allow-insecure-host") {
        if loading.trusts(origin.layer) {
            loading.trusted_host(&host, &origin);
        } else {
            loading.refuse(&origin, "`allow-insecure-host`");
        }
    }
}

/// All strategies but the first ask public indexes for private names: the user's choice alone.
fn set_strategy(loading: &mut Loading<'_>, text: &str, origin: &SettingOrigin) {
    match text {
        "first-index" => loading.set(TOOL).strategy = Strategy::First,
        "unsafe-first-match" | "unsafe-best-match" if loading.trusts(origin.layer) => {
            loading.set(TOOL).strategy = Strategy::All;
        }
        "unsafe-first-match" | "unsafe-best-match" => loading.refuse(origin, "`index-strategy`"),
        _ => {
            let message = format!("`index-strategy` in {origin} is none that is known and was ignored");
            loading.notice(origin, message, "write first-index, unsafe-first-match or unsafe-best-match");
        }
    }
}

fn variables(loading: &mut Loading<'_>, found: &mut Found) {
    let environment = loading.environment;
    let mut layer = Vec::new();
    for (variable, is_default) in
        [("UV_INDEX", false), ("UV_EXTRA_INDEX_URL", false), ("UV_DEFAULT_INDEX", true), ("UV_INDEX_URL", true)]
    {
        let origin = SettingOrigin::new(PythonLayer::Environment, variable, 0);
        for word in environment.variable(variable).unwrap_or_default().split_whitespace() {
            // `name=https://…`; a `=` may also stand in the URL's query.
            let (name, url) = match word.split_once('=') {
                Some((name, url)) if !name.contains([':', '/']) => (Some(name), url),
                _ => (None, word),
            };
            layer.extend(loading.index(TOOL, url, name, &origin).map(|index| (index, is_default)));
        }
    }
    found.layers.push(layer);
    let origin = SettingOrigin::new(PythonLayer::Environment, "UV_FIND_LINKS", 0);
    for word in
        environment.variable("UV_FIND_LINKS").unwrap_or_default().split([',', ' ']).filter(|word| !word.is_empty())
    {
        if let Some(links) = loading.links(word, None, &origin) {
            loading.push_links(TOOL, links);
        }
    }
    if let Some(strategy) = environment.variable("UV_INDEX_STRATEGY") {
        set_strategy(loading, strategy, &SettingOrigin::new(PythonLayer::Environment, "UV_INDEX_STRATEGY", 0));
    }
    for host in environment.variable("UV_INSECURE_HOST").unwrap_or_default().split_whitespace() {
        loading.trusted_host(host, &SettingOrigin::new(PythonLayer::Environment, "UV_INSECURE_HOST", 0));
    }
    if let Some(offline) = environment.variable("UV_OFFLINE").and_then(truth) {
        loading.config.offline = offline;
    }
    if let Some(no_index) = environment.variable("UV_NO_INDEX").and_then(truth) {
        loading.set(TOOL).no_index = no_index;
    }
}

/// Strongest layer first, the default index last; of one name, the strongest.
fn finish(loading: &mut Loading<'_>, found: Found) {
    let all: Vec<(Index, bool)> = found.layers.into_iter().rev().flatten().collect();
    let mut names = std::collections::BTreeSet::new();
    let (mut default, mut indexes): (Option<Index>, Vec<Index>) = (None, Vec::new());
    // The strongest default wins, but the project's yields to one that the user chose anywhere.
    let users =
        all.iter().find(|(index, is)| *is && loading.trusts(index.origin.layer)).map(|(index, _)| index.clone());
    // The very indexes, since a host may hold those of others beside the user's.
    let mine: std::collections::BTreeSet<Url> = all
        .iter()
        .filter(|(index, _)| loading.trusts(index.origin.layer))
        .map(|(index, _)| index.url.clone())
        .collect();
    for (index, is_default) in all {
        if let Some(name) = &index.name
            && !names.insert(name.to_ascii_lowercase())
        {
            continue;
        }
        credentials(loading, &index, mine.contains(&index.url));
        if !is_default {
            indexes.push(index);
        } else if default.is_none() && loading.may_replace(users.as_ref(), &index) {
            default = Some(index);
        }
    }
    for index in indexes.into_iter().chain(default.or_else(|| public_index(None))) {
        loading.push(TOOL, index);
    }
}

/// `UV_INDEX_<NAME>_USERNAME` and `_PASSWORD`. They are bound to a name, and the project could give
/// that name to a host of its own: they are for indexes that the user names.
fn credentials(loading: &mut Loading<'_>, index: &Index, is_users: bool) {
    let Some(name) = &index.name else { return };
    let upper: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' })
        .collect();
    let variable = |what: &str| loading.environment.variable(&format!("UV_INDEX_{upper}_{what}"));
    let (username, password) = (variable("USERNAME"), variable("PASSWORD"));
    if username.is_none() && password.is_none() {
        return;
    }
    if !is_users {
        let message = format!(
            "UV_INDEX_{upper}_* was not given to the index `{}` of {}: the project chose where that name leads",
            crate::http::cut(name),
            index.origin
        );
        let hint =
            "name the index in your own uv.toml or in UV_INDEX, or put the credentials into ~/.netrc for its host";
        loading.notice(&index.origin, message, hint);
        return;
    }
    let (username, password) = (username.unwrap_or_default().to_owned(), password.unwrap_or_default().to_owned());
    loading.bind(true, &index.url, username, password);
}
