//! `tool.uv.sources`: where uv takes a declared dependency from.
//! Keys: <https://docs.astral.sh/uv/concepts/projects/dependencies/#dependency-sources>.

use std::collections::HashMap;

use vetch_model::inventory::Source;
use vetch_model::purl::normalised;

use super::Reader;
use crate::files::ListedKind;
use crate::python::wanted::Wanted;
use crate::python::{project, source};
use crate::toml_tree::{Table, Value};

/// The sources of each name.
#[derive(Debug, Default)]
pub(super) struct Sources(HashMap<String, Vec<OneSource>>);

/// A source, and when it counts.
#[derive(Debug, Clone)]
struct OneSource {
    source: Source,
    fault: Option<&'static str>,
    marker: Option<String>,
}

impl Sources {
    /// What is wanted, once for each source that the project states for it.
    pub(super) fn apply(&self, wanted: Wanted) -> Vec<Wanted> {
        let Some(sources) = self.0.get(&wanted.name).filter(|sources| wanted.source.is_none() && !sources.is_empty())
        else {
            return vec![wanted];
        };
        let with = |one: &OneSource| {
            let mut wanted = wanted.clone();
            wanted.source = Some(one.source.clone());
            wanted.faults.extend(one.fault.map(str::to_owned));
            if let Some(marker) = &one.marker {
                wanted.only_when(marker);
            }
            wanted
        };
        sources.iter().map(with).collect()
    }
}

/// Reads `tool.uv.sources`.
pub(super) fn read(reader: &mut Reader<'_>) -> Sources {
    let indexes = indexes(reader);
    let mut members = None;
    let mut sources = Sources::default();
    let Some(table) = reader.at(&["tool", "uv", "sources"], "a table", Value::as_table) else { return sources };
    for member in &table.members {
        let entries = member.value.as_array().unwrap_or(std::slice::from_ref(&member.value));
        for entry in entries {
            match entry.as_table() {
                Some(entry) => {
                    let mut one = one(entry, &indexes, reader.folder);
                    if entry.get("workspace").and_then(Value::as_bool) == Some(true) {
                        let members = members.get_or_insert_with(|| members_by_name(reader));
                        if let Some(path) = members.get(&normalised(&member.key)) {
                            one.source = Source::Folder { path: path.clone() };
                        }
                    }
                    sources.0.entry(normalised(&member.key)).or_default().push(one);
                }
                None => reader.gap(&member.key, entry.wrong_type(&member.key, "a table"), entry.span),
            }
        }
    }
    sources
}

/// `[[tool.uv.index]]`: URLs by name.
fn indexes(reader: &mut Reader<'_>) -> HashMap<String, String> {
    let entries = reader.at(&["tool", "uv", "index"], "an array", Value::as_array).unwrap_or_default();
    let text = |entry: &Value<'_>, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    entries.iter().filter_map(|entry| Some((text(entry, "name")?, text(entry, "url")?))).collect()
}

/// The members that `tool.uv.workspace.members` names: folders, or every folder in one (`libs/*`).
fn members_by_name(reader: &mut Reader<'_>) -> HashMap<String, String> {
    const MAX_MEMBERS: usize = 1_000;
    let patterns = reader.at(&["tool", "uv", "workspace", "members"], "an array", Value::as_array);
    let mut folders = Vec::new();
    for pattern in patterns.unwrap_or_default().iter().filter_map(Value::as_str) {
        let (parent, is_every) = match pattern.strip_suffix("/*") {
            Some(parent) => (parent, true),
            None => (pattern, false),
        };
        let Some(parent) = source::joined(reader.folder, parent) else { continue };
        if !is_every {
            folders.push(parent);
            continue;
        }
        let listed = reader.files.list(&parent).unwrap_or_default();
        let below = listed.into_iter().filter(|entry| entry.kind == ListedKind::Folder);
        folders.extend(below.map(|entry| format!("{parent}/{}", entry.name)));
    }
    folders.truncate(MAX_MEMBERS);
    let named = |folder: String| Some((normalised(&project::identity(reader.files, &folder).name?), folder));
    folders.into_iter().filter_map(named).collect()
}

fn one(entry: &Table<'_>, indexes: &HashMap<String, String>, folder: &str) -> OneSource {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let marker = text("marker").map(str::to_owned);
    let (source, fault) = if let Some(source) = git(entry) {
        (source, None)
    } else if let Some(url) = text("url") {
        (source::read(url, folder).source, None)
    } else if let Some(path) = text("path") {
        source::local(path, folder)
    } else if let Some(index) = text("index") {
        let url = indexes.get(index).cloned().unwrap_or_else(|| index.to_owned());
        (Source::Registry { url: None, index: Some(url) }, None)
    } else if entry.get("workspace").and_then(Value::as_bool) == Some(true) {
        (Source::Unknown { text: "workspace".to_owned() }, None)
    } else {
        (Source::Unknown { text: String::new() }, Some("its source says nothing that uv knows"))
    };
    OneSource { source, fault, marker }
}

/// `git` with `rev`, `tag` or `branch`, as uv and Poetry write them.
pub(super) fn git(entry: &Table<'_>) -> Option<Source> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let url = text("git")?;
    let revision = ["rev", "tag", "branch"].into_iter().find_map(text);
    let commit = revision.filter(|revision| source::is_commit(revision)).map(str::to_owned);
    let mut url = url.to_owned();
    if let Some(revision) = revision.filter(|_| commit.is_none()) {
        url.push('@');
        url.push_str(revision);
    }
    if let Some(folder) = text("subdirectory") {
        url.push_str("#subdirectory=");
        url.push_str(folder);
    }
    Some(Source::Git { url, commit })
}
