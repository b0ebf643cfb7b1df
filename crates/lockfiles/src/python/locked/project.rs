//! The `pyproject.toml` beside a lockfile, as far as it tells what the project asks
//! for: PEP 621, dependency groups (PEP 735), poetry's and PDM's own tables.

use std::borrow::Cow;
use std::collections::HashSet;

use vetch_model::inventory::{EdgeKind, PackageId, Role};

use super::requirement::{Parts, parts};
use super::resolve::{Part, Want};
use super::{Core, LIMITS, MAX_BYTES, ROOT, root};
use crate::files::{Files, beside};
use crate::toml_tree::{Document, Kind, Member, Table, Value};

/// How deep groups may include groups.
const MAX_INCLUDES: usize = 16;

/// Most dependencies that inclusions may add up to.
const MAX_WANTS: usize = 100_000;

/// The bytes of the manifest beside `file`; why there are none is told.
pub(in crate::python) fn manifest(core: &mut Core<'_>, files: &dyn Files, file: &str) -> Option<(String, Vec<u8>)> {
    let path = beside(file, "pyproject.toml");
    match files.read(&path, MAX_BYTES as u64) {
        Ok(Some(bytes)) => Some((path, bytes)),
        Ok(None) => None,
        Err(error) => {
            core.incomplete.push(error.into_incomplete());
            None
        }
    }
}

/// Parses it; a broken one is told, and the lockfile stands.
pub(in crate::python) fn parse<'a>(core: &mut Core<'_>, found: Option<&'a (String, Vec<u8>)>) -> Option<Document<'a>> {
    let (path, bytes) = found?;
    match crate::toml_tree::parse(bytes, path, LIMITS, "mend it, or restore it from version control") {
        Ok(document) => Some(document),
        Err(error) => {
            core.incomplete.push(error.into_incomplete());
            None
        }
    }
}

/// Puts the project as first package into the inventory; with a manifest it has its
/// name and place.
pub(in crate::python) fn push_root(core: &mut Core<'_>, manifest: Option<&Document<'_>>) -> PackageId {
    let text = |path: &[&str]| manifest.and_then(|document| document.root.at(path)).and_then(Value::as_str);
    let name = text(&["project", "name"]).or_else(|| text(&["tool", "poetry", "name"])).unwrap_or_default();
    let version = text(&["project", "version"]).or_else(|| text(&["tool", "poetry", "version"]));
    let place = manifest.and_then(|document| {
        let table = document.root.get("project").or_else(|| document.root.at(&["tool", "poetry"]))?;
        Some(document.location(table.span))
    });
    let place = place.unwrap_or_else(|| vetch_model::evidence::Location::file(core.file));
    core.inventory.push(root(name, version, place))
}

/// What the project asks for, in file order.
pub(in crate::python) fn wants<'d>(core: &mut Core<'_>, manifest: &'d Document<'_>) -> Vec<Want<'d>> {
    let mut reader = Reader { wants: Vec::new(), faults: Vec::new() };
    let root = &manifest.root;
    reader.texts(root.at(&["project", "dependencies"]), Part::Main);
    if let Some(extras) = root.at(&["project", "optional-dependencies"]).and_then(Value::as_table) {
        for member in &extras.members {
            reader.texts(Some(&member.value), Part::Extra(&member.key));
        }
    }
    if let Some(groups) = root.get("dependency-groups").and_then(Value::as_table) {
        for member in &groups.members {
            reader.group(groups, &member.key, &member.value, 0);
        }
    }
    for path in [&["tool", "pdm", "dev-dependencies"][..], &["tool", "uv", "dev-dependencies"][..]] {
        match root.at(path).map(|value| &value.kind) {
            Some(Kind::Table(groups)) => {
                for member in &groups.members {
                    reader.texts(Some(&member.value), Part::Group(&member.key));
                }
            }
            Some(_) => reader.texts(root.at(path), Part::Group("dev")),
            None => {}
        }
    }
    if let Some(poetry) = root.at(&["tool", "poetry"]).and_then(Value::as_table) {
        reader.poetry(poetry);
    }
    let Reader { wants, faults } = reader;
    for (span, why) in faults {
        let location = manifest.location(span);
        let hint = "mend the entry";
        core.incomplete.push(vetch_model::outcome::Incomplete::new(manifest.file, why, hint).at(location));
    }
    wants
}

struct Reader<'d> {
    wants: Vec<Want<'d>>,
    faults: Vec<(vetch_model::evidence::Span, String)>,
}

impl<'d> Reader<'d> {
    fn fault(&mut self, value: &Value<'_>, why: String) {
        if self.faults.len() < 100 {
            self.faults.push((value.span, why));
        }
    }

    /// A list of dependency specifiers.
    fn texts(&mut self, list: Option<&'d Value<'_>>, part: Part<'d>) {
        let Some(list) = list else { return };
        let Some(items) = list.as_array() else {
            return self.fault(list, list.wrong_type("dependencies", "an array"));
        };
        for item in items {
            match item.as_str() {
                Some(text) => self.specifier(item, text, part),
                None => self.fault(item, item.wrong_type("dependencies", "a string")),
            }
        }
    }

    fn specifier(&mut self, value: &Value<'_>, text: &'d str, part: Part<'d>) {
        // PDM's editable ones: `-e file:///${PROJECT_ROOT}/x#egg=name`.
        let named = text.strip_prefix("-e ").and_then(|url| url.rsplit_once("#egg=").map(|(_, name)| (name, url)));
        let found = match named {
            Some((name, url)) => parts(name).map(|found| Parts { range: url, ..found }),
            None if text.starts_with("-e ") => {
                let path = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                parts(path).map(|found| Parts { range: text, ..found })
            }
            None => parts(text),
        };
        match found {
            Some(found) => self.push(found, part),
            None => self.fault(value, format!("`{}` is no dependency specifier", crate::error::short(text))),
        }
    }

    fn push(&mut self, found: Parts<'d>, part: Part<'d>) {
        if self.wants.len() >= MAX_WANTS {
            return;
        }
        let Parts { name, extras, range, marker } = found;
        let may_be_missing = marker.is_some() || matches!(part, Part::Extra(_));
        let marker = marker.map(Cow::Borrowed);
        self.wants.push(Want { marker, extras, may_be_missing, ..Want::new(ROOT, part, name, range) });
    }

    /// A dependency group (PEP 735) with what it includes.
    fn group(&mut self, groups: &'d Table<'_>, name: &'d str, list: &'d Value<'_>, depth: usize) {
        let Some(items) = list.as_array() else {
            return self.fault(list, list.wrong_type("dependency-groups", "an array"));
        };
        for item in items {
            let include = item.get("include-group").and_then(Value::as_str);
            match (item.as_str(), include) {
                (Some(text), _) => self.specifier(item, text, Part::Group(name)),
                (None, Some(include)) if depth < MAX_INCLUDES && self.wants.len() < MAX_WANTS => {
                    let normal = vetch_model::purl::normalised(include);
                    let found =
                        groups.members.iter().find(|member| vetch_model::purl::normalised(&member.key) == normal);
                    match found {
                        Some(member) => self.group(groups, name, &member.value, depth + 1),
                        None => self.fault(item, format!("there is no group `{}`", crate::error::short(include))),
                    }
                }
                (None, Some(_)) => self.fault(item, "groups include each other without end".to_owned()),
                (None, None) => self.fault(item, item.wrong_type("dependency-groups", "a string")),
            }
        }
    }

    /// `[tool.poetry]`.
    fn poetry(&mut self, poetry: &'d Table<'_>) {
        let extras = poetry.get("extras").and_then(Value::as_table);
        if let Some(table) = poetry.get("dependencies").and_then(Value::as_table) {
            self.poetry_table(table, Part::Main, extras);
        }
        for section in ["dev-dependencies", "group"] {
            let Some(table) = poetry.get(section).and_then(Value::as_table) else { continue };
            if section == "dev-dependencies" {
                self.poetry_table(table, Part::Group("dev"), None);
                continue;
            }
            for member in &table.members {
                if let Some(table) = member.value.get("dependencies").and_then(Value::as_table) {
                    self.poetry_table(table, Part::Group(&member.key), None);
                }
            }
        }
    }

    fn poetry_table(&mut self, table: &'d Table<'_>, part: Part<'d>, extras: Option<&'d Table<'_>>) {
        // What PEP 621's list has already, this table only adds a source to.
        let listed: HashSet<String> = match part {
            Part::Main => self.wants.iter().map(|want| vetch_model::purl::normalised(want.name)).collect(),
            _ => HashSet::new(),
        };
        let is_new = |member: &&Member<'_>| {
            member.key != "python" && !listed.contains(&vetch_model::purl::normalised(&member.key))
        };
        for member in table.members.iter().filter(is_new) {
            for want in constraints(ROOT, &member.key, &member.value) {
                let in_extras = if want.may_be_missing { extras_of(extras, &member.key) } else { Vec::new() };
                if in_extras.is_empty() || part != Part::Main {
                    self.wants.push(Want { part, ..want });
                    continue;
                }
                for extra in in_extras {
                    self.wants.push(Want { part: Part::Extra(extra), ..want.clone() });
                }
            }
        }
    }
}

/// The extras that list the dependency `name`: `["name (>=1)", …]`.
pub(in crate::python) fn extras_of<'d>(extras: Option<&'d Table<'_>>, name: &str) -> Vec<&'d str> {
    let normal = vetch_model::purl::normalised(name);
    let lists = |value: &Value<'_>| {
        let items = value.as_array().unwrap_or_default().iter().filter_map(Value::as_str).filter_map(parts);
        items.into_iter().any(|found| found.name == name || vetch_model::purl::normalised(found.name) == normal)
    };
    let members = extras.into_iter().flat_map(|table| &table.members);
    members.filter(|member| lists(&member.value)).map(|member| member.key.as_ref()).collect()
}

/// One dependency as poetry writes it, in its manifest and in its lockfile: a range,
/// a table, or a list of either.
pub(in crate::python) fn constraints<'d>(from: PackageId, name: &'d str, value: &'d Value<'_>) -> Vec<Want<'d>> {
    let items = match &value.kind {
        Kind::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(value),
    };
    items.iter().map(|item| constraint(from, name, item)).collect()
}

fn constraint<'d>(from: PackageId, name: &'d str, value: &'d Value<'_>) -> Want<'d> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let direct = ["git", "url", "path", "file"].iter().find_map(|key| text(key).map(|place| (*key, place)));
    let range: Cow<'_, str> = match (value.as_str().or_else(|| text("version")), direct) {
        (Some(range), _) => range.into(),
        (None, Some(("git", url))) => {
            let at = ["rev", "tag", "branch"].iter().find_map(|key| text(key)).map(|at| format!("@{at}"));
            format!("git+{url}{}", at.unwrap_or_default()).into()
        }
        (None, Some((_, place))) => place.into(),
        (None, None) => "".into(),
    };
    let python = text("python").map(|python| Cow::Owned(format!("python {python}")));
    let marker = text("markers").map(Cow::Borrowed).or(python);
    let extras = value.get("extras").and_then(Value::as_array).unwrap_or_default();
    let extras = extras.iter().filter_map(Value::as_str).collect();
    let is_optional = value.get("optional").and_then(Value::as_bool) == Some(true);
    let may_be_missing = is_optional || marker.is_some();
    Want { marker, extras, may_be_missing, ..Want::new(from, Part::Main, name, range) }
}

/// Makes everything reachable from the project: what it does not ask for is
/// extraneous, and without a manifest what it asks for is inferred.
pub(in crate::python) fn infer(core: &mut Core<'_>, has_manifest: bool) {
    if !has_manifest && core.inventory.packages.iter().any(|package| package.role == Role::Dependency) {
        let why = "there is no readable pyproject.toml beside it, so what the project asks for is inferred";
        core.report_file(why);
    }
    let kind = if has_manifest { EdgeKind::Extraneous } else { EdgeKind::Production };
    super::reach::complete(&mut core.inventory, kind);
}
