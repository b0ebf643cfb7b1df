//! `pyproject.toml`: what a project declares where it has no lockfile.
//!
//! The standard tables stand here (`project`, `dependency-groups`, `build-system`:
//! <https://packaging.python.org/en/latest/specifications/pyproject-toml/>,
//! <https://packaging.python.org/en/latest/specifications/dependency-groups/>),
//! those of tools in [`tools`], Poetry's own way to write dependencies in [`poetry`],
//! uv's sources in [`sources`], extras that ask for others of the same project in [`own`].

mod own;
mod poetry;
mod sources;
mod tools;

use std::collections::{HashMap, HashSet};

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::EdgeKind;
use vetch_model::outcome::Outcome;
use vetch_model::purl::normalised;

use self::sources::Sources;
use super::build::{self, Indexes};
use super::gaps::Gaps;
use super::project::{LIMITS, MAX_BYTES};
use super::wanted::{self, Wanted};
use crate::error::{ReadError, short};
use crate::files::Files;
use crate::format::{Format, Reading, required};
use crate::toml_tree::{self, Document, Table, Value};

const MEND: &str = "mend the entry as its specification wants it";

/// Most dependencies of one manifest, groups taken into others counted again.
const MAX_WANTED: usize = 100_000;

/// Most groups that include each other in a chain.
const MAX_DEPTH: usize = 32;

/// Reads the `pyproject.toml` of a tree.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no TOML, an unfinished merge.
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    let document = toml_tree::parse(&bytes, file, LIMITS, "mend the file, or restore it from version control")?;
    let mut reader = Reader {
        files,
        folder: file.rsplit_once('/').map_or("", |(folder, _)| folder),
        document: &document,
        sources: Sources::default(),
        gaps: Gaps::default(),
        wanted: Vec::new(),
        is_full: false,
    };
    reader.check_keys();
    reader.sources = sources::read(&mut reader);
    reader.read_project();
    reader.read_groups();
    let requires = reader.at(&["build-system", "requires"], "an array", Value::as_array);
    reader.list("build-system.requires", requires, EdgeKind::Build, None);
    tools::read(&mut reader);
    poetry::read(&mut reader);
    let root = reader.root();
    reader.wanted = own::expand(&root.name, std::mem::take(&mut reader.wanted));
    let inventory = build::inventory(file, root, reader.wanted, &Indexes::default());
    let reading = Reading { format: Format::Pyproject, format_version: String::new(), inventory, notes: Vec::new() };
    Ok(Outcome { value: reading, incomplete: reader.gaps.finish(file, MEND) })
}

/// The tables that may stand at the top.
const TABLES: &[&str] = &["build-system", "project", "dependency-groups", "tool"];

/// The keys of `build-system`.
const BUILD_KEYS: &[&str] = &["requires", "build-backend", "backend-path"];

/// The keys of `project`.
const PROJECT_KEYS: &[&str] = &[
    "name",
    "version",
    "description",
    "readme",
    "requires-python",
    "license",
    "license-files",
    "authors",
    "maintainers",
    "keywords",
    "classifiers",
    "urls",
    "scripts",
    "gui-scripts",
    "entry-points",
    "dependencies",
    "optional-dependencies",
    "dynamic",
    "import-names",
    "import-namespaces",
];

/// What the parts of this module read together.
struct Reader<'d> {
    files: &'d dyn Files,
    /// The folder of the file, relative to the target.
    folder: &'d str,
    document: &'d Document<'d>,
    sources: Sources,
    gaps: Gaps,
    wanted: Vec<Wanted>,
    is_full: bool,
}

impl<'d> Reader<'d> {
    /// These lists are closed: another key may be a misspelt one that holds dependencies.
    fn check_keys(&mut self) {
        let root = &self.document.root;
        let project = root.get("project").and_then(Value::as_table);
        let keys = |table: &'d Table<'d>, known: &[&str]| -> Vec<&'d toml_tree::Member<'d>> {
            table.members.iter().filter(|member| !known.contains(&member.key.as_ref())).collect()
        };
        let build = root.get("build-system").and_then(Value::as_table);
        let of_project = project.into_iter().flat_map(|table| keys(table, PROJECT_KEYS));
        let of_build = build.into_iter().flat_map(|table| keys(table, BUILD_KEYS));
        let unknown = keys(root, TABLES).into_iter().chain(of_project).chain(of_build);
        for member in unknown {
            self.gap(&member.key, "the specification knows no such key here, so it is not read", member.span);
        }
        for table in TABLES {
            self.at(&[table], "a table", Value::as_table);
        }
    }

    /// The project: its name and version as far as they stand here.
    fn root(&mut self) -> vetch_model::inventory::Package {
        let mut text = |field: &str| {
            let place = ["project", "tool.poetry"].into_iter().find_map(|table| {
                let path: Vec<&str> = table.split('.').chain([field]).collect();
                self.document.root.at(&path)
            })?;
            if place.as_str().is_none() {
                self.gap(field, place.wrong_type(field, "a string"), place.span);
            }
            Some(place)
        };
        let (name, version) = (text("name"), text("version"));
        let place = name.map_or_else(|| Location::file(self.document.file), |name| self.document.location(name.span));
        build::root(name.and_then(Value::as_str), version.and_then(Value::as_str), place)
    }

    /// `project.dependencies` and `project.optional-dependencies` (PEP 621).
    fn read_project(&mut self) {
        let dependencies = self.at(&["project", "dependencies"], "an array", Value::as_array);
        self.list("project.dependencies", dependencies, EdgeKind::Production, None);
        let extras = self.at(&["project", "optional-dependencies"], "a table", Value::as_table);
        for (extra, entries) in self.lists("project.optional-dependencies", extras) {
            self.list(extra, Some(entries), EdgeKind::Optional, Some(extra));
        }
        self.read_dynamic();
    }

    /// `project.dynamic`: what only the build tells.
    fn read_dynamic(&mut self) {
        let Some(dynamic) = self.at(&["project", "dynamic"], "an array", Value::as_array) else { return };
        let told_by_poetry = self.document.root.at(&["tool", "poetry", "dependencies"]).is_some();
        for value in dynamic {
            let Some(field @ ("dependencies" | "optional-dependencies")) = value.as_str() else { continue };
            if !told_by_poetry {
                let why = "only a build of the project tells them (`project.dynamic`)";
                let hint = "scan the requirements files or the lockfile that it is built from";
                self.gaps.tell(&format!("`{field}`"), why, hint, self.document.location(value.span));
            }
        }
    }

    /// `dependency-groups` (PEP 735).
    fn read_groups(&mut self) {
        let Some(table) = self.at(&["dependency-groups"], "a table", Value::as_table) else { return };
        let by_name: HashMap<String, &'d Value<'d>> =
            table.members.iter().map(|member| (normalised(&member.key), &member.value)).collect();
        for member in &table.members {
            let mut open = vec![normalised(&member.key)];
            let mut seen = HashSet::from([normalised(&member.key)]);
            self.group(&member.key, &member.value, &by_name, &mut open, &mut seen);
        }
    }

    /// The entries of a group, and those of the groups it includes.
    fn group(
        &mut self,
        group: &str,
        value: &'d Value<'d>,
        by_name: &HashMap<String, &'d Value<'d>>,
        open: &mut Vec<String>,
        seen: &mut HashSet<String>,
    ) {
        let Some(entries) = value.as_array() else {
            return self.gap(group, value.wrong_type(group, "an array"), value.span);
        };
        for entry in entries {
            let Some(included) = entry.get("include-group") else {
                self.one(group, entry, EdgeKind::Development, Some(group));
                continue;
            };
            let Some(name) = included.as_str().map(normalised) else {
                self.gap(group, included.wrong_type("include-group", "a string"), included.span);
                continue;
            };
            match by_name.get(&name) {
                None => {
                    self.gap(group, format!("it includes the group `{}`, which is not there", short(&name)), entry.span)
                }
                Some(_) if open.contains(&name) => {
                    self.gap(group, "the group includes itself, at once or through others", entry.span);
                }
                Some(_) if open.len() >= MAX_DEPTH => self.gap(group, "too many groups include each other", entry.span),
                Some(value) => {
                    if seen.insert(name.clone()) {
                        open.push(name);
                        self.group(group, value, by_name, open, seen);
                        open.pop();
                    }
                }
            }
        }
    }

    /// The value at a path if it has the wanted type; another type is told.
    fn at<T: ?Sized>(
        &mut self,
        path: &[&str],
        wanted: &str,
        take: impl Fn(&'d Value<'d>) -> Option<&'d T>,
    ) -> Option<&'d T> {
        let value = self.document.root.at(path)?;
        let taken = take(value);
        if taken.is_none() {
            let field = path.join(".");
            self.gap(&field, value.wrong_type(&field, wanted), value.span);
        }
        taken
    }

    /// The members of a table that are lists; others are told.
    fn lists(&mut self, field: &str, table: Option<&'d Table<'d>>) -> Vec<(&'d str, &'d [Value<'d>])> {
        let mut found = Vec::new();
        for member in table.into_iter().flat_map(|table| &table.members) {
            match member.value.as_array() {
                Some(entries) => found.push((member.key.as_ref(), entries)),
                None => {
                    let field = format!("{field}.{}", member.key);
                    self.gap(&field, member.value.wrong_type(&field, "an array"), member.span);
                }
            }
        }
        found
    }

    /// Every entry of a list.
    fn list(&mut self, field: &str, entries: Option<&'d [Value<'d>]>, kind: EdgeKind, group: Option<&str>) {
        for entry in entries.unwrap_or_default() {
            self.one(field, entry, kind, group);
        }
    }

    /// One dependency specifier.
    fn one(&mut self, field: &str, entry: &Value<'_>, kind: EdgeKind, group: Option<&str>) {
        let (text, is_editable) = match entry.as_str() {
            Some(text) => (text, false),
            None => return self.gap(field, entry.wrong_type(field, "a string"), entry.span),
        };
        // PDM writes editable ones as pip does.
        let (text, is_editable) = match text.strip_prefix("-e ") {
            Some(rest) => (rest.trim(), true),
            None => (text, is_editable),
        };
        let wanted = wanted::read(self.files, text, is_editable, self.folder);
        for wanted in self.sources.apply(wanted) {
            self.push(wanted, kind, group, entry.span);
        }
    }

    /// Takes in what an entry asks for, its faults included.
    fn push(&mut self, mut wanted: Wanted, kind: EdgeKind, group: Option<&str>, span: Span) {
        if self.wanted.len() >= MAX_WANTED {
            if !std::mem::replace(&mut self.is_full, true) {
                self.gap("the rest", format!("it asks for more than {MAX_WANTED} packages"), span);
            }
            return;
        }
        let place = self.document.location(span);
        let what = format!("`{}`", self.document.excerpt(span));
        for fault in std::mem::take(&mut wanted.faults) {
            self.gaps.tell(&what, fault, MEND, place.clone());
        }
        match (kind, group) {
            (EdgeKind::Optional, Some(extra)) => wanted.only_when(&format!("extra == \"{}\"", normalised(extra))),
            (EdgeKind::Development, Some(group)) => wanted.only_when(&format!("group == \"{}\"", normalised(group))),
            _ => {}
        }
        self.wanted.push(Wanted { place, kind, group: group.map(normalised), ..wanted });
    }

    /// A part that could not be read.
    fn gap(&mut self, what: &str, why: impl Into<String>, span: Span) {
        self.gaps.tell(&format!("`{}`", short(what)), why, MEND, self.document.location(span));
    }
}
