//! Poetry's own tables: `name = "^1.2"`, or a table, or several tables for several markers.
//! Format: <https://python-poetry.org/docs/dependency-specification/>.

use std::collections::HashMap;
use std::str::FromStr;

use pep440_rs::Version;
use vetch_model::evidence::Span;
use vetch_model::inventory::{EdgeKind, Source};
use vetch_model::purl::normalised;

use super::{Reader, sources};
use crate::error::short;
use crate::python::requirement::normal_version;
use crate::python::source;
use crate::python::wanted::Wanted;
use crate::toml_tree::{Member, Table, Value};

/// What Poetry's tables share.
struct Poetry {
    /// The extras that bring each optional dependency.
    extras: HashMap<String, Vec<String>>,
    /// `[[tool.poetry.source]]`: URLs by name.
    indexes: HashMap<String, String>,
}

/// The keys of `tool.poetry` up to Poetry 2.
const KEYS: &[&str] = &[
    "name",
    "version",
    "description",
    "keywords",
    "homepage",
    "repository",
    "documentation",
    "classifiers",
    "authors",
    "maintainers",
    "readme",
    "license",
    "packages",
    "include",
    "exclude",
    "dependencies",
    "dev-dependencies",
    "group",
    "extras",
    "scripts",
    "plugins",
    "urls",
    "source",
    "build",
    "package-mode",
    "requires-poetry",
    "requires-plugins",
    "build-constraints",
];

/// Tells keys that Poetry does not know: one may be a misspelt one that holds dependencies.
fn check_keys(reader: &mut Reader<'_>, field: &str, table: &Table<'_>, known: &[&str]) {
    for member in table.members.iter().filter(|member| !known.contains(&member.key.as_ref())) {
        let why = format!("Poetry knows no such key in `{}`, so it is not read", short(field));
        reader.gap(&member.key, why, member.span);
    }
}

/// Reads `tool.poetry`.
pub(super) fn read(reader: &mut Reader<'_>) {
    if let Some(table) = reader.at(&["tool", "poetry"], "a table", Value::as_table) {
        check_keys(reader, "tool.poetry", table, KEYS);
    }
    let poetry = Poetry { extras: extras(reader), indexes: indexes(reader) };
    let main = reader.at(&["tool", "poetry", "dependencies"], "a table", Value::as_table);
    poetry.table(reader, main, EdgeKind::Production, None);
    let legacy = reader.at(&["tool", "poetry", "dev-dependencies"], "a table", Value::as_table);
    poetry.table(reader, legacy, EdgeKind::Development, Some("dev"));
    let Some(groups) = reader.at(&["tool", "poetry", "group"], "a table", Value::as_table) else { return };
    for member in &groups.members {
        match member.value.as_table() {
            Some(table) => check_keys(reader, &member.key, table, &["optional", "dependencies", "include-groups"]),
            None => reader.gap(&member.key, member.value.wrong_type(&member.key, "a table"), member.span),
        }
        let Some(value) = member.value.get("dependencies") else { continue };
        match value.as_table() {
            Some(table) => poetry.table(reader, Some(table), EdgeKind::Development, Some(&member.key)),
            None => reader.gap(&member.key, value.wrong_type("dependencies", "a table"), value.span),
        }
    }
}

/// `tool.poetry.extras`, by the dependency.
fn extras(reader: &mut Reader<'_>) -> HashMap<String, Vec<String>> {
    let table = reader.at(&["tool", "poetry", "extras"], "a table", Value::as_table);
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for (extra, names) in reader.lists("tool.poetry.extras", table) {
        for name in names.iter().filter_map(Value::as_str) {
            found.entry(normalised(name)).or_default().push(extra.to_owned());
        }
    }
    found
}

fn indexes(reader: &mut Reader<'_>) -> HashMap<String, String> {
    let entries = reader.at(&["tool", "poetry", "source"], "an array", Value::as_array).unwrap_or_default();
    let text = |entry: &Value<'_>, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    entries.iter().filter_map(|entry| Some((text(entry, "name")?, text(entry, "url")?))).collect()
}

impl Poetry {
    fn table(&self, reader: &mut Reader<'_>, table: Option<&Table<'_>>, kind: EdgeKind, group: Option<&str>) {
        for member in table.into_iter().flat_map(|table| &table.members) {
            // The interpreter is no package.
            if member.key == "python" {
                continue;
            }
            match member.value.as_array() {
                Some(entries) => entries.iter().for_each(|entry| self.one(reader, member, entry, kind, group)),
                None => self.one(reader, member, &member.value, kind, group),
            }
        }
    }

    fn one(
        &self,
        reader: &mut Reader<'_>,
        member: &Member<'_>,
        value: &Value<'_>,
        kind: EdgeKind,
        group: Option<&str>,
    ) {
        let span = if member.value.as_array().is_some() { value.span } else { member.span };
        if let Some(range) = value.as_str() {
            let mut wanted = Wanted::new(&member.key, &[], range.to_owned(), None);
            wanted.version = pinned(range);
            wanted.faults.extend(range_fault(range));
            return self.push(reader, wanted, kind, group, span);
        }
        let Some(table) = value.as_table() else {
            reader.gap(&member.key, value.wrong_type(&member.key, "a string or a table"), value.span);
            let wanted = Wanted::new(&member.key, &[], String::new(), None);
            return self.push(reader, wanted, kind, group, span);
        };
        let wanted = self.wanted_by(reader, &member.key, table);
        let is_optional = table.get("optional").and_then(Value::as_bool) == Some(true);
        let kind = if is_optional && kind == EdgeKind::Production { EdgeKind::Optional } else { kind };
        self.push(reader, wanted, kind, group, span);
    }

    fn wanted_by(&self, reader: &Reader<'_>, name: &str, table: &Table<'_>) -> Wanted {
        let text = |key: &str| table.get(key).and_then(Value::as_str);
        let range = text("version").unwrap_or_default();
        let extras = table.get("extras").and_then(Value::as_array).unwrap_or_default();
        let extras: Vec<String> = extras.iter().filter_map(Value::as_str).map(normalised).collect();
        let mut wanted = Wanted::new(name, &extras, range.to_owned(), text("markers"));
        wanted.version = pinned(range);
        wanted.faults.extend(range_fault(range));
        for (key, other) in [("version", "a string"), ("markers", "a string"), ("python", "a string")] {
            if let Some(value) = table.get(key).filter(|value| value.as_str().is_none()) {
                wanted.faults.push(value.wrong_type(key, other));
            }
        }
        for (key, name) in [("python", "python"), ("platform", "platform")] {
            if let Some(limit) = text(key) {
                wanted.only_when(&format!("{name} {limit}"));
            }
        }
        if let Some(git) = sources::git(table) {
            wanted.source = Some(git);
        } else if let Some(place) = text("url") {
            let direct = source::read(place, reader.folder);
            wanted.version = direct.version.or(wanted.version);
            wanted.source = Some(direct.source);
        } else if let Some(path) = text("path").or_else(|| text("file")) {
            let (source, fault) = source::local(path, reader.folder);
            wanted.source = Some(source);
            wanted.faults.extend(fault.map(str::to_owned));
        } else if let Some(index) = text("source") {
            let url = self.indexes.get(index).cloned().unwrap_or_else(|| index.to_owned());
            wanted.source = Some(Source::Registry { url: None, index: Some(url) });
        } else if range.is_empty() {
            wanted.faults.push("it says neither a version nor a source".to_owned());
        }
        wanted
    }

    /// Takes in a dependency; an optional one once for each extra that brings it.
    fn push(&self, reader: &mut Reader<'_>, wanted: Wanted, kind: EdgeKind, group: Option<&str>, span: Span) {
        let extras = self.extras.get(&wanted.name).filter(|_| kind == EdgeKind::Optional);
        match extras {
            Some(extras) => {
                extras.iter().for_each(|extra| reader.push(wanted.clone(), kind, Some(extra), span));
            }
            None => reader.push(wanted, kind, group, span),
        }
    }
}

/// `1.2.3` and `==1.2.3` leave no choice; `^1.2`, `~1.2`, `1.*` and `*` do.
fn pinned(range: &str) -> Option<String> {
    let version = range.trim().trim_start_matches('=').trim();
    let is_exact = version.starts_with(|first: char| first.is_ascii_digit())
        && version.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '+' | '!' | '-'));
    is_exact.then(|| normal_version(version))
}

/// What is wrong with a range, in words: each part of it is an operator and a version.
fn range_fault(range: &str) -> Option<String> {
    let parts = range.split(['|', ',', ' ']).map(|part| part.trim_start_matches(['^', '~', '=', '<', '>', '!']));
    let is_version = |part: &str| Version::from_str(part.trim_end_matches(".*")).is_ok();
    let bad = parts.into_iter().find(|part| !part.is_empty() && *part != "*" && !is_version(part))?;
    Some(format!("`{}` is no version", short(bad)))
}
