//! `poetry.lock`, versions 1.0 to 2.1.
//!
//! Packages name what they depend on by range; the project's own wishes stand in the
//! `pyproject.toml` beside it. Files stand with each package, or (1.0, 1.1) all
//! together in `[metadata.files]`. From 2.1 on each package names its groups.
//! Format: poetry's own `Locker` (<https://github.com/python-poetry/poetry/blob/main/src/poetry/packages/locker.py>).

use std::collections::HashMap;

use vetch_model::inventory::{Package, PackageId, Role, Source};
use vetch_model::outcome::Outcome;
use vetch_model::purl::normalised;

use super::locked::fields::Fields;
use super::locked::project::{self, constraints, extras_of};
use super::locked::reach::flag;
use super::locked::resolve::{Names, Part, Want, connect};
use super::locked::{self, Core, Entry, called};
use crate::error::{ReadError, short};
use crate::files::Files;
use crate::format::{Format, Reading};
use crate::toml_tree::{Table, Value};

const HINT: &str = "restore it from version control, or run `poetry lock`";

const SECTIONS: &[&str] = &["package", "extras", "metadata"];

const VERSIONS: &[&str] = &["1.0", "1.1", "2.0", "2.1"];

/// Reads `poetry.lock`.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no TOML, an unfinished merge.
pub fn read(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = locked::bytes_of(files, file)?;
    let document = locked::parse(&bytes, file, HINT)?;
    let mut core = Core::new(file, &document.lines, HINT);
    core.check_sections(&document.root, SECTIONS);
    let version = read_version(&mut core, &document.root);
    let beside = project::manifest(&mut core, files, file);
    let manifest = project::parse(&mut core, beside.as_ref());
    let root = project::push_root(&mut core, manifest.as_ref());
    let entries = core.entries(&document.root, "package");
    let mut files_of = Files1::of(&document.root);
    let mut wants = manifest.as_ref().map(|manifest| project::wants(&mut core, manifest)).unwrap_or_default();
    let mut told: Vec<(PackageId, Vec<String>)> = Vec::new();
    for entry in &entries {
        read_package(&mut core, entry, &mut files_of, &mut wants, &mut told);
    }
    files_of.tell_unused(&mut core);
    let names = Names::of(&core.inventory);
    let links = connect(&mut core.inventory, &names, wants);
    flag(&mut core, &links);
    apply_told(&mut core, told);
    let has_root = manifest.is_some() && core.inventory.edges.iter().any(|edge| edge.from == root);
    project::infer(&mut core, has_root || entries.is_empty());
    core.finish(Format::Poetry, version)
}

fn read_version(core: &mut Core<'_>, root: &Table<'_>) -> String {
    let metadata = root.get("metadata");
    if metadata.and_then(Value::as_table).is_none() {
        core.report_file("it has no `metadata`, which every poetry.lock ends with");
    }
    // Poetry 1.0 does not state it.
    let Some(value) = metadata.and_then(|metadata| metadata.get("lock-version")) else { return String::new() };
    let version = value.as_str().unwrap_or_default();
    if !VERSIONS.contains(&version) {
        let why = format!("it is `{}`, not one of {}; it was read as 2.1", short(version), VERSIONS.join(", "));
        core.report("`lock-version`", value.span, why);
    }
    version.to_owned()
}

/// `[metadata.files]` of versions 1.0 and 1.1: package → list of files; in 1.0
/// beside it `[metadata.hashes]` of yet older files: package → list of SHA-256.
struct Files1<'d, 'a> {
    by_name: HashMap<String, (&'d Value<'a>, bool)>,
}

impl<'d, 'a> Files1<'d, 'a> {
    fn of(root: &'d Table<'a>) -> Files1<'d, 'a> {
        let tables =
            ["hashes", "files"].into_iter().filter_map(|key| root.at(&["metadata", key])).filter_map(Value::as_table);
        let members = tables.flat_map(|table| &table.members);
        Files1 { by_name: members.map(|member| (normalised(&member.key), (&member.value, false))).collect() }
    }

    fn add(&mut self, fields: &mut Fields<'_, '_>, package: &mut Package) {
        let Some((value, is_used)) = self.by_name.get_mut(&package.name) else { return };
        *is_used = true;
        let Some(items) = value.as_array() else {
            return fields.problem(value.span, value.wrong_type("metadata.files", "an array"));
        };
        for item in items {
            match (item.as_table(), item.as_str()) {
                (Some(table), _) => {
                    let mut file = Fields::of(table);
                    file.artifact(package);
                    fields.absorb(file);
                }
                (None, Some(hex)) => {
                    let mut artifact = vetch_model::inventory::Artifact::default();
                    fields.hash(&format!("sha256:{hex}"), item.span, &mut artifact, package);
                    package.artifacts.push(artifact);
                }
                (None, None) => fields.problem(item.span, item.wrong_type("metadata.files", "a table")),
            }
        }
    }

    /// Files of a package that is not there: its entry is gone, or misspelt.
    fn tell_unused(self, core: &mut Core<'_>) {
        let mut unused: Vec<_> = self.by_name.into_iter().filter(|(_, (_, is_used))| !is_used).collect();
        unused.sort_by_key(|(_, (value, _))| value.span);
        for (name, (value, _)) in unused {
            core.report(&format!("`metadata.files.{}`", short(&name)), value.span, "there is no package of this name");
        }
    }
}

fn read_package<'d, 'a>(
    core: &mut Core<'_>,
    entry: &Entry<'d, 'a>,
    files_of: &mut Files1<'d, 'a>,
    wants: &mut Vec<Want<'d>>,
    told: &mut Vec<(PackageId, Vec<String>)>,
) {
    let Some((mut fields, name, mut package)) = core.begin(entry) else { return };
    if package.version.is_none() {
        fields.problem(entry.span, "it names no version");
    }
    let source = match fields.table("source") {
        Some(table) => read_source(&mut fields, table),
        None => Source::Registry { url: None, index: None },
    };
    package.source = core.confine(&called(name), fields.span("source"), source);
    for mut file in fields.tables("files") {
        file.artifact(&mut package);
        fields.absorb(file);
    }
    files_of.add(&mut fields, &mut package);
    package.optional = fields.flag("optional");
    let mut groups: Vec<String> = fields.texts("groups").into_iter().map(str::to_owned).collect();
    groups.extend(fields.text("category").map(str::to_owned));
    let id = core.inventory.push(package);
    read_wants(&mut fields, id, wants);
    told.push((id, groups));
    fields.tell(core, &called(name));
}

/// `[package.source]`; without it a package is from PyPI.
fn read_source(fields: &mut Fields<'_, '_>, table: &Table<'_>) -> Source {
    let mut source = Fields::of(table);
    let url = source.text("url").unwrap_or_default().to_owned();
    let found = match source.text("type") {
        Some("git") => {
            let commit = source.text("resolved_reference").or_else(|| source.text("reference"));
            Source::Git { url, commit: commit.map(str::to_owned) }
        }
        Some("url") => Source::Tarball { url },
        Some("file") => Source::File { path: url },
        Some("directory") => Source::Folder { path: url },
        Some("legacy" | "pypi") => Source::Registry { url: None, index: Some(url) },
        other => {
            let why = format!(
                "`source.type` is `{}`, which is no source that poetry knows",
                short(other.unwrap_or_default())
            );
            source.problem(source.span("type"), why);
            Source::Unknown { text: url }
        }
    };
    fields.absorb(source);
    found
}

/// `[package.dependencies]`. An optional one belongs to the extras that list it.
fn read_wants<'d>(fields: &mut Fields<'d, '_>, id: PackageId, wants: &mut Vec<Want<'d>>) {
    let extras = fields.table("extras");
    let Some(dependencies) = fields.table("dependencies") else { return };
    for member in &dependencies.members {
        let is_known =
            member.value.as_str().is_some() || member.value.as_table().is_some() || member.value.as_array().is_some();
        if !is_known {
            fields.problem(member.value.span, member.value.wrong_type(&member.key, "a range or a table"));
        }
        let is_optional = |value: &Value<'_>| value.get("optional").and_then(Value::as_bool) == Some(true);
        let any_optional =
            is_optional(&member.value) || member.value.as_array().is_some_and(|items| items.iter().any(is_optional));
        let in_extras = if any_optional { extras_of(extras, &member.key) } else { Vec::new() };
        for want in constraints(id, &member.key, &member.value) {
            if in_extras.is_empty() {
                wants.push(want);
                continue;
            }
            for extra in &in_extras {
                wants.push(Want { part: Part::Extra(extra), ..want.clone() });
            }
        }
    }
}

/// What poetry itself says of groups counts more than what the edges tell.
fn apply_told(core: &mut Core<'_>, told: Vec<(PackageId, Vec<String>)>) {
    for (id, groups) in told {
        let Some(package) = core.inventory.packages.get_mut(id.0 as usize) else { continue };
        if groups.is_empty() || package.role != Role::Dependency {
            continue;
        }
        let is_main = groups.iter().any(|group| group == "main");
        package.dev = !is_main;
        let named = groups.into_iter().filter(|group| !matches!(group.as_str(), "main" | "dev"));
        for group in named {
            if !package.groups.contains(&group) {
                package.groups.push(group);
            }
        }
        package.groups.sort();
    }
}
