//! `uv.lock`, version 1 with its revisions, of projects, workspaces and scripts.
//!
//! Every package names its dependencies, with version and source where there are
//! several of one name (forks by marker). What the project and its workspace members
//! declare stands in their `[package.metadata]`.
//! Format: <https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use vetch_model::inventory::{Edge, EdgeKind, PackageId, Role, Source};
use vetch_model::outcome::Outcome;

use super::locked::fields::Fields;
use super::locked::reach::{complete, flag};
use super::locked::requirement::satisfies;
use super::locked::resolve::{Names, Part, Want, connect};
use super::locked::{self, Core, Entry, ROOT, called};
use crate::error::ReadError;
use crate::files::Files;
use crate::format::{Format, Reading};
use crate::toml_tree::{Table, Value};

const HINT: &str = "restore it from version control, or run `uv lock`";

const SECTIONS: &[&str] = &[
    "version",
    "revision",
    "requires-python",
    "resolution-markers",
    "supported-markers",
    "required-markers",
    "conflicts",
    "options",
    "manifest",
    "package",
];

/// Reads `uv.lock`.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no TOML, an unfinished merge.
pub fn read(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = locked::bytes_of(files, file)?;
    let document = locked::parse(&bytes, file, HINT)?;
    let mut core = Core::new(file, &document.lines, HINT);
    core.check_sections(&document.root, SECTIONS);
    let version = read_version(&mut core, &document.root);
    let mut entries = core.entries(&document.root, "package");
    let members = member_names(&document.root);
    // The project comes first.
    let own = entries.iter().position(is_project);
    match own {
        Some(own) => {
            let entry = entries.remove(own);
            entries.insert(0, entry);
        }
        None => {
            let place = core.location(document.root.get("manifest").map(|value| value.span).unwrap_or_default());
            core.inventory.push(locked::root("", None, place));
        }
    }
    let mut wants = Vec::new();
    let mut sources = Sources::default();
    for (index, entry) in entries.iter().enumerate() {
        let role = if own.is_some() && index == 0 { Role::Root } else { Role::Dependency };
        read_package(&mut core, entry, role, &members, &mut wants, &mut sources);
    }
    check_members(&mut core, &document.root, &entries);
    if let Some(manifest) = document.root.get("manifest").and_then(Value::as_table) {
        manifest_wants(manifest, &mut wants, &mut sources);
    }
    join(&mut core, wants, &sources);
    core.finish(Format::Uv, version)
}

fn read_version(core: &mut Core<'_>, root: &Table<'_>) -> String {
    let number = |key: &str| root.get(key).and_then(Value::as_integer);
    match (number("version"), number("revision")) {
        (Some(1), Some(revision)) => format!("1.{revision}"),
        (Some(1), None) => "1".to_owned(),
        (Some(other), _) => {
            core.report_file(format!("its version is {other}, not 1; it was read as version 1"));
            other.to_string()
        }
        (None, _) => {
            core.report_file("it states no version; it was read as version 1");
            String::new()
        }
    }
}

/// `manifest.members`: the packages of a workspace.
fn member_names<'d>(root: &'d Table<'_>) -> HashSet<&'d str> {
    let members = root.at(&["manifest", "members"]).and_then(Value::as_array).unwrap_or_default();
    members.iter().filter_map(Value::as_str).collect()
}

/// Every member of a workspace has an entry: a file without it was cut off.
fn check_members(core: &mut Core<'_>, root: &Table<'_>, entries: &[Entry<'_, '_>]) {
    let tables = entries.iter().filter_map(|entry| entry.table);
    let named: HashSet<&str> = tables.filter_map(|table| table.get("name").and_then(Value::as_str)).collect();
    let members = root.at(&["manifest", "members"]).and_then(Value::as_array).unwrap_or_default();
    for member in members.iter().filter(|member| member.as_str().is_some_and(|name| !named.contains(name))) {
        let what = called(member.as_str().unwrap_or_default());
        core.report(&what, member.span, "it is a member of the workspace and has no entry of its own");
    }
}

fn is_project(entry: &Entry<'_, '_>) -> bool {
    let source = entry.table.and_then(|table| table.get("source"));
    ["virtual", "editable"]
        .iter()
        .any(|key| source.and_then(|source| source.get(key)).and_then(Value::as_str) == Some("."))
}

/// A source as it is written: its kind and text.
type Written<'d> = (&'static str, &'d str);

/// Packages by name, version and source, which together name exactly one; and per
/// dependency the source that it names.
#[derive(Default)]
struct Sources<'d> {
    of: HashMap<(&'d str, Option<&'d str>, Written<'d>), PackageId>,
    wanted: Vec<Option<Written<'d>>>,
}

const KINDS: &[&str] = &["registry", "git", "url", "path", "directory", "editable", "virtual"];

fn written_source<'d>(table: Option<&'d Table<'_>>) -> Option<Written<'d>> {
    let table = table?;
    KINDS.iter().find_map(|kind| table.get(kind).and_then(Value::as_str).map(|text| (*kind, text)))
}

fn source_of(written: Option<Written<'_>>, table: Option<&Table<'_>>) -> Source {
    let Some((kind, text)) = written else {
        let text = if table.is_some() { "a source of an unknown kind" } else { "" };
        return Source::Unknown { text: text.to_owned() };
    };
    match kind {
        "registry" => Source::Registry { url: None, index: Some(text.to_owned()) },
        "git" => {
            let (url, commit) = match text.split_once('#') {
                Some((url, commit)) => (url, Some(commit.to_owned())),
                None => (text, None),
            };
            Source::Git { url: url.to_owned(), commit }
        }
        "url" => Source::Tarball { url: text.to_owned() },
        "path" => Source::File { path: text.to_owned() },
        _ => Source::Folder { path: text.to_owned() },
    }
}

fn read_package<'d>(
    core: &mut Core<'_>,
    entry: &Entry<'d, '_>,
    role: Role,
    members: &HashSet<&str>,
    wants: &mut Vec<Want<'d>>,
    sources: &mut Sources<'d>,
) {
    let Some((mut fields, name, mut package)) = core.begin(entry) else { return };
    let source_table = fields.table("source");
    let written = written_source(source_table);
    let source = source_of(written, source_table);
    if matches!(source, Source::Unknown { .. }) {
        fields.problem(entry.span, "it names no source that uv knows");
    }
    package.source = core.confine(&called(name), fields.span("source"), source);
    package.role = if members.contains(name) && role != Role::Root { Role::Workspace } else { role };
    if let (Role::Workspace, Source::Folder { path }) = (package.role, &package.source) {
        package.path = path.clone();
    }
    if let Some(sdist) = fields.table("sdist") {
        let mut sdist = Fields::of(sdist);
        sdist.artifact(&mut package);
        fields.absorb(sdist);
    }
    for mut wheel in fields.tables("wheels") {
        wheel.artifact(&mut package);
        fields.absorb(wheel);
    }
    if let Source::Registry { .. } | Source::Tarball { .. } = &package.source
        && package.artifacts.is_empty()
        && package.version.is_none()
    {
        fields.problem(entry.span, "it names no version");
    }
    let id = core.inventory.push(package);
    let version = fields.table.get("version").and_then(Value::as_str);
    sources.of.extend(written.map(|written| ((name, version, written), id)));
    read_wants(&mut fields, id, wants, sources);
    fields.tell(core, &called(name));
}

/// The dependencies of a package, of its extras, of its groups.
fn read_wants<'d>(fields: &mut Fields<'d, '_>, id: PackageId, wants: &mut Vec<Want<'d>>, sources: &mut Sources<'d>) {
    let metadata = fields.table("metadata");
    let required = Declared::of(metadata.and_then(|table| table.get("requires-dist")));
    for dependency in fields.tables("dependencies") {
        read_want(fields, dependency, id, Part::Main, &required, wants, sources);
    }
    for section in ["optional-dependencies", "dev-dependencies", "dependency-groups"] {
        let Some(parts) = fields.table(section) else { continue };
        let mut parts = Fields::of(parts);
        for member in &parts.table.members {
            let of_group;
            let (part, declared) = if section == "optional-dependencies" {
                (Part::Extra(&member.key), &required)
            } else {
                let requires = metadata.and_then(|table| table.get("requires-dev"));
                of_group = Declared::of(requires.and_then(|groups| groups.get(&member.key)));
                (Part::Group(&member.key), &of_group)
            };
            for dependency in parts.tables(&member.key) {
                read_want(fields, dependency, id, part, declared, wants, sources);
            }
        }
        fields.absorb(parts);
    }
}

fn read_want<'d>(
    fields: &mut Fields<'_, '_>,
    mut dependency: Fields<'d, '_>,
    from: PackageId,
    part: Part<'d>,
    declared: &Declared<'d>,
    wants: &mut Vec<Want<'d>>,
    sources: &mut Sources<'d>,
) {
    match dependency.text("name") {
        Some(name) => {
            let version = dependency.text("version");
            let marker = dependency.text("marker").map(Cow::Borrowed);
            let extras = dependency.texts("extra");
            let range = declared.range(name, part, version);
            sources.wanted.push(written_source(dependency.table("source")));
            wants.push(Want { marker, extras, version, ..Want::new(from, part, name, range) });
        }
        None => {
            let span = dependency.table.members.first().map(|member| member.span).unwrap_or_default();
            dependency.problem(span, "a dependency has no name");
        }
    }
    fields.absorb(dependency);
}

/// What a package of the user's own declares, by name: `requires-dist`, or one group of `requires-dev`.
struct Declared<'d> {
    by_name: HashMap<&'d str, Vec<&'d Table<'d>>>,
}

impl<'d> Declared<'d> {
    fn of<'a: 'd>(list: Option<&'d Value<'a>>) -> Declared<'d> {
        let mut by_name: HashMap<&'d str, Vec<&'d Table<'d>>> = HashMap::new();
        for item in list.and_then(Value::as_array).unwrap_or_default() {
            if let (Some(table), Some(name)) = (item.as_table(), item.get("name").and_then(Value::as_str)) {
                by_name.entry(name).or_default().push(table);
            }
        }
        Declared { by_name }
    }

    /// The range that is declared for a dependency; where several forks declare one,
    /// that which the locked version is within, or else all.
    fn range(&self, name: &str, part: Part<'_>, version: Option<&str>) -> Cow<'d, str> {
        let Some(all) = self.by_name.get(name) else { return Cow::Borrowed("") };
        let of_part = |table: &&&Table<'d>| {
            let marker = table.get("marker").and_then(Value::as_str).unwrap_or_default();
            match part {
                Part::Extra(extra) => marker.contains(&format!("extra == '{extra}'")),
                _ => !marker.contains("extra =="),
            }
        };
        let mut ranges: Vec<Cow<'d, str>> =
            all.iter().take(MAX_FORKS).filter(of_part).map(|table| written(table)).collect();
        if ranges.is_empty() {
            ranges = all.iter().take(MAX_FORKS).map(|table| written(table)).collect();
        }
        ranges.dedup();
        let within = |range: &&Cow<'d, str>| version.is_none_or(|version| satisfies(range, version) == Some(true));
        if ranges.len() > 1
            && let Some(one) = ranges.iter().find(within).filter(|_| version.is_some())
        {
            return one.clone();
        }
        match ranges.as_slice() {
            [one] => one.clone(),
            several => Cow::Owned(several.join(" || ")),
        }
    }
}

/// Most forks of one declaration that are looked at.
const MAX_FORKS: usize = 32;

/// A declaration as a range: its specifier, or the place it names.
fn written<'d>(table: &'d Table<'d>) -> Cow<'d, str> {
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    if let Some(git) = text("git") {
        return Cow::Owned(format!("git+{git}"));
    }
    let place = ["url", "path", "directory", "editable", "virtual"].iter().find_map(|key| text(key));
    Cow::Borrowed(text("specifier").or(place).unwrap_or_default())
}

/// What a script or a workspace without a project of its own asks for.
fn manifest_wants<'d>(manifest: &'d Table<'_>, wants: &mut Vec<Want<'d>>, sources: &mut Sources<'d>) {
    let mut push = |list: &'d Value<'_>, part: Part<'d>| {
        for table in list.as_array().unwrap_or_default().iter().filter_map(Value::as_table) {
            let text = |key: &str| table.get(key).and_then(Value::as_str);
            let Some(name) = text("name") else { continue };
            let extras = table.get("extras").and_then(Value::as_array).unwrap_or_default();
            let extras = extras.iter().filter_map(Value::as_str).collect();
            let marker = text("marker").map(Cow::Borrowed);
            let may_be_missing = marker.is_some();
            wants.push(Want { marker, extras, may_be_missing, ..Want::new(ROOT, part, name, written(table)) });
            sources.wanted.push(None);
        }
    };
    if let Some(list) = manifest.get("requirements") {
        push(list, Part::Main);
    }
    if let Some(groups) = manifest.get("dependency-groups").and_then(Value::as_table) {
        for member in &groups.members {
            push(&member.value, Part::Group(&member.key));
        }
    }
}

/// Edges, flags, and the reachability of everything.
fn join<'d>(core: &mut Core<'_>, mut wants: Vec<Want<'d>>, sources: &Sources<'d>) {
    for (want, written) in wants.iter_mut().zip(&sources.wanted) {
        let exact = written.and_then(|written| sources.of.get(&(want.name, want.version, written)));
        want.to = exact.copied();
    }
    let names = Names::of(&core.inventory);
    let links = connect(&mut core.inventory, &names, wants);
    flag(core, &links);
    let members: Vec<_> =
        core.inventory.iter().filter(|(_, package)| package.role == Role::Workspace).map(|(id, _)| id).collect();
    let asked: HashSet<PackageId> =
        core.inventory.edges.iter().filter(|edge| edge.from == ROOT).map(|edge| edge.to).collect();
    for id in members.into_iter().filter(|id| !asked.contains(id)) {
        let edge = Edge::new(ROOT, id, core.inventory.package(id).name.clone(), "", EdgeKind::Workspace);
        core.inventory.edges.push(edge);
    }
    complete(&mut core.inventory, EdgeKind::Extraneous);
}
