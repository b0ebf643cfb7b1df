//! What the project itself says to poetry, PDM and pipenv, whose sources stand in it.

use serde_json::Value;
use toml::de::DeTable;
use vetch_model::purl::normalised;

use super::loading::{Loading, public_index};
use super::toml_file::TomlFile;
use super::{Index, PythonLayer, PythonTool, SettingOrigin, Strategy};

pub(super) fn load(loading: &mut Loading<'_>) {
    let text = loading.read_project("pyproject.toml").unwrap_or_default();
    // uv's part has told of what is broken in it already.
    let told = loading.config.notices.len();
    let file = TomlFile::parse(loading, PythonLayer::Project, "pyproject.toml", &text);
    loading.config.notices.truncate(told);
    poetry(loading, &file);
    pdm(loading, &file);
    pipenv(loading);
}

/// Entries of a list of sources: name, URL, and the entry itself.
fn sources<'a, 't>(
    loading: &mut Loading<'_>,
    tool: PythonTool,
    file: &TomlFile<'t>,
    table: &'a DeTable<'t>,
    key: &str,
) -> Vec<(String, Option<Index>, &'a DeTable<'t>, SettingOrigin)> {
    let mut found = Vec::new();
    for (entry, origin) in file.tables(loading, table, key) {
        let name = file.text(entry, "name").map(|(name, _)| name.to_owned()).unwrap_or_default();
        let url = file.text(entry, "url");
        let origin = url.as_ref().map_or(origin, |(_, origin)| origin.clone());
        let index = url.and_then(|(url, _)| loading.index(tool, url, Some(&name), &origin));
        found.push((name, index, entry, origin));
    }
    found
}

/// `[[tool.poetry.source]]` (poetry's documentation, "Repositories"). One of priority `primary`
/// switches PyPI off, unless it is named itself.
fn poetry(loading: &mut Loading<'_>, file: &TomlFile<'_>) {
    const TOOL: PythonTool = PythonTool::Poetry;
    let (mut primary, mut later) = (Vec::new(), Vec::new());
    if let Some(poetry) = file.table(&["tool", "poetry"]) {
        for (name, index, entry, origin) in sources(loading, TOOL, file, poetry, "source") {
            let flag = |key| file.truth(entry, key).is_some_and(|(value, _)| value);
            let priority = file.text(entry, "priority").map(|(text, _)| text.to_ascii_lowercase());
            let priority = match priority.as_deref() {
                Some(priority) => priority.to_owned(),
                None if flag("secondary") => "supplemental".to_owned(),
                None => "primary".to_owned(),
            };
            // PyPI may be listed by its name alone.
            let index = if name.eq_ignore_ascii_case("pypi") && !entry.contains_key("url") {
                public_index(Some("PyPI")).map(|index| Index { origin, ..index })
            } else {
                index
            };
            let Some(mut index) = index else { continue };
            index.explicit = priority == "explicit";
            index.supplemental = matches!(priority.as_str(), "supplemental" | "secondary");
            if index.explicit || index.supplemental { later.push(index) } else { primary.push(index) }
        }
        poetry_pins(loading, file, poetry);
    }
    if primary.is_empty() && !later.iter().any(|index| index.url.host_str() == Some("pypi.org")) {
        primary.extend(public_index(Some("PyPI")));
    }
    for index in primary.into_iter().chain(later) {
        loading.push(TOOL, index);
    }
    loading.set(TOOL).strategy = Strategy::All;
}

/// `source = "name"` in dependencies, also those of groups.
fn poetry_pins(loading: &mut Loading<'_>, file: &TomlFile<'_>, poetry: &DeTable<'_>) {
    let table = |table: &DeTable<'_>, key: &str| table.get(key).is_some_and(|value| value.get_ref().is_table());
    let mut lists: Vec<&DeTable<'_>> = Vec::new();
    for key in ["dependencies", "dev-dependencies"] {
        if table(poetry, key) {
            lists.extend(poetry.get(key).and_then(|value| value.get_ref().as_table()));
        }
    }
    let groups = poetry.get("group").and_then(|value| value.get_ref().as_table());
    for group in groups.into_iter().flat_map(|groups| groups.values()) {
        let dependencies = group.get_ref().as_table().and_then(|group| group.get("dependencies"));
        lists.extend(dependencies.and_then(|value| value.get_ref().as_table()));
    }
    for (name, dependency) in lists.into_iter().flatten() {
        let source = dependency.get_ref().as_table().and_then(|table| file.text(table, "source"));
        if let Some((source, _)) = source {
            loading.set(PythonTool::Poetry).pins.insert(normalised(name.get_ref()), source.to_owned());
        }
    }
}

/// `[[tool.pdm.source]]` (PDM's documentation, "Configure package sources"): added to PyPI, which
/// one named `pypi` replaces. `type = "find_links"` is a place of links.
fn pdm(loading: &mut Loading<'_>, file: &TomlFile<'_>) {
    const TOOL: PythonTool = PythonTool::Pdm;
    let origin = SettingOrigin::new(PythonLayer::Environment, "PDM_PYPI_URL", 0);
    let own =
        loading.environment.variable("PDM_PYPI_URL").and_then(|url| loading.index(TOOL, url, Some("pypi"), &origin));
    let mut default = own.or_else(|| public_index(Some("pypi")));
    let mut others = Vec::new();
    let pdm = file.table(&["tool", "pdm"]);
    // Read by hand where it is a place of links, so that no index is made of it.
    for (entry, origin) in pdm.map(|pdm| file.tables(loading, pdm, "source")).unwrap_or_default() {
        let Some((url, origin)) = file.text(entry, "url") else {
            loading.notice(&origin, format!("a source in {origin} has no `url` and was ignored"), "give it one");
            continue;
        };
        if file.text(entry, "type").is_some_and(|(kind, _)| kind == "find_links") {
            let folder = loading.environment.project.clone();
            if let Some(links) = loading.links(url, folder.as_deref(), &origin) {
                loading.push_links(TOOL, links);
            }
            continue;
        }
        let name = file.text(entry, "name").map(|(name, _)| name.to_owned()).unwrap_or_default();
        let Some(index) = loading.index(TOOL, url, Some(&name), &origin) else { continue };
        if name.eq_ignore_ascii_case("pypi") {
            if loading.may_replace(default.as_ref(), &index) {
                default = Some(index);
            }
        } else {
            others.push(index);
        }
    }
    for index in default.into_iter().chain(others) {
        loading.push(TOOL, index);
    }
    loading.set(TOOL).strategy = Strategy::All;
}

/// `_meta.sources` of `Pipfile.lock`, else `[[source]]` of `Pipfile`. The first is asked for what is
/// tied to none.
fn pipenv(loading: &mut Loading<'_>) {
    const TOOL: PythonTool = PythonTool::Pipenv;
    let found = match pipfile_lock(loading) {
        Some(found) if !found.is_empty() => found,
        _ => pipfile(loading),
    };
    let mirror = SettingOrigin::new(PythonLayer::Environment, "PIPENV_PYPI_MIRROR", 0);
    let mirrored =
        loading.environment.variable("PIPENV_PYPI_MIRROR").and_then(|url| loading.index(TOOL, url, None, &mirror));
    let found = if found.is_empty() { public_index(Some("pypi")).into_iter().collect() } else { found };
    for (place, mut index) in found.into_iter().enumerate() {
        index.explicit = place > 0;
        let public = index.url.host_str().is_some_and(|host| ["pypi.org", "pypi.python.org"].contains(&host));
        if let Some(mirrored) = mirrored.as_ref().filter(|_| public) {
            index.url = mirrored.url.clone();
            index.origin = mirrored.origin.clone();
        }
        loading.push(TOOL, index);
    }
}

fn pipfile_lock(loading: &mut Loading<'_>) -> Option<Vec<Index>> {
    let text = loading.read_project("Pipfile.lock")?;
    let document: Value = match serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text)) {
        Ok(document) => document,
        Err(error) => {
            let line = u32::try_from(error.line()).unwrap_or_default();
            let origin = SettingOrigin::new(PythonLayer::Project, "Pipfile.lock", line);
            loading.notice(
                &origin,
                format!("{origin} is no JSON; its sources were not read"),
                "run `pipenv lock` again",
            );
            return None;
        }
    };
    let mut found = Vec::new();
    let sources = document.get("_meta").and_then(|meta| meta.get("sources")).and_then(Value::as_array);
    for source in sources.into_iter().flatten().take(1000) {
        let part = |key: &str| source.get(key).and_then(Value::as_str);
        let (Some(url), name) = (part("url"), part("name")) else { continue };
        let written = serde_json::to_string(url).unwrap_or_default();
        let line =
            text.find(&written).and_then(|at| text.get(..at)).map_or(0, |before| before.matches('\n').count() + 1);
        let origin = SettingOrigin::new(PythonLayer::Project, "Pipfile.lock", u32::try_from(line).unwrap_or_default());
        found.extend(loading.index(PythonTool::Pipenv, url, name, &origin));
    }
    for section in ["default", "develop"] {
        let packages = document.get(section).and_then(Value::as_object);
        for (name, package) in packages.into_iter().flatten() {
            if let Some(index) = package.get("index").and_then(Value::as_str) {
                loading.set(PythonTool::Pipenv).pins.insert(normalised(name), index.to_owned());
            }
        }
    }
    Some(found)
}

fn pipfile(loading: &mut Loading<'_>) -> Vec<Index> {
    let Some(text) = loading.read_project("Pipfile") else { return Vec::new() };
    let file = TomlFile::parse(loading, PythonLayer::Project, "Pipfile", &text);
    sources(loading, PythonTool::Pipenv, &file, file.root(), "source")
        .into_iter()
        .filter_map(|(_, index, _, _)| index)
        .collect()
}
