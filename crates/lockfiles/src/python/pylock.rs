//! `pylock.toml`, `pylock.<name>.toml` (PEP 751, lock version 1.0).
//!
//! A list of what to install, each with the marker that decides whether. Edges are
//! optional in the format, and most tools write none: then everything hangs on the
//! root, and a note says so.
//! Format: <https://packaging.python.org/en/latest/specifications/pylock-toml/>.

use std::collections::HashMap;

use vetch_model::evidence::Location;
use vetch_model::inventory::{Edge, EdgeKind, Package, PackageId, Role, Source};
use vetch_model::outcome::Outcome;

use super::locked::fields::Fields;
use super::locked::project;
use super::locked::reach::complete;
use super::locked::resolve::{Names, Part, Want, connect};
use super::locked::{self, Core, Entry, ROOT, called};
use crate::error::{ReadError, short};
use crate::files::Files;
use crate::format::{Format, Reading};
use crate::npm::package_lock::{LockfileNote, LockfileNoteKind};
use crate::toml_tree::{Table, Value};

const HINT: &str = "restore it from version control, or let the tool that it names in `created-by` write it again";

const SECTIONS: &[&str] = &[
    "lock-version",
    "environments",
    "requires-python",
    "extras",
    "dependency-groups",
    "default-groups",
    "created-by",
    "packages",
    "tool",
];

/// Reads a `pylock.toml`.
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
    project::push_root(&mut core, manifest.as_ref());
    let defaults = document.root.get("default-groups").and_then(Value::as_array).unwrap_or_default();
    let defaults: Vec<&str> = defaults.iter().filter_map(Value::as_str).collect();
    let mut wants = manifest.as_ref().map(|manifest| project::wants(&mut core, manifest)).unwrap_or_default();
    // A lockfile of one group need not hold the others.
    wants.iter_mut().for_each(|want| want.may_be_missing |= want.part != Part::Main);
    let declared = wants.len();
    let mut markers = HashMap::new();
    for entry in core.entries(&document.root, "packages") {
        read_package(&mut core, &entry, &defaults, &mut wants, &mut markers);
    }
    let has_edges = wants.len() > declared;
    let names = Names::of(&core.inventory);
    connect(&mut core.inventory, &names, wants);
    finish_edges(&mut core, &markers, has_edges, declared > 0);
    core.finish(Format::Pylock, version)
}

fn read_version(core: &mut Core<'_>, root: &Table<'_>) -> String {
    let Some(value) = root.get("lock-version") else {
        core.report_file("it states no `lock-version`; it was read as 1.0");
        return String::new();
    };
    let version = value.as_str().unwrap_or_default();
    if version != "1.0" {
        let why = format!("it is `{}`, not 1.0; it was read as 1.0", short(version));
        core.report("`lock-version`", value.span, why);
    }
    version.to_owned()
}

fn read_package<'d>(
    core: &mut Core<'_>,
    entry: &Entry<'d, '_>,
    defaults: &[&str],
    wants: &mut Vec<Want<'d>>,
    markers: &mut HashMap<PackageId, &'d str>,
) {
    let Some((mut fields, name, mut package)) = core.begin(entry) else { return };
    let source = read_source(&mut fields, &mut package);
    if matches!(source, Source::Unknown { .. }) {
        fields.problem(entry.span, "it names no source: no vcs, directory, archive, sdist or wheels");
    }
    package.source = core.confine(&called(name), entry.span, source);
    // The project itself may be locked too.
    if matches!(&package.source, Source::Folder { path } if path.is_empty()) {
        package.role = Role::Workspace;
    }
    let marker = fields.text("marker");
    if let Some(marker) = marker {
        read_marker(marker, defaults, &mut package);
    }
    let id = core.inventory.push(package);
    markers.extend(marker.map(|marker| (id, marker)));
    for mut dependency in fields.tables("dependencies") {
        if let Some(name) = dependency.text("name") {
            let version = dependency.text("version");
            wants.push(Want { version, ..Want::new(id, Part::Main, name, "") });
        }
        fields.absorb(dependency);
    }
    fields.tell(core, &called(name));
}

/// Where it comes from, with its files.
fn read_source(fields: &mut Fields<'_, '_>, package: &mut Package) -> Source {
    let index = fields.text("index").map(str::to_owned);
    let mut found = None;
    if let Some(sdist) = fields.table("sdist") {
        let mut sdist = Fields::of(sdist);
        sdist.artifact(package);
        fields.absorb(sdist);
        found = Some(Source::Registry { url: None, index: index.clone() });
    }
    for mut wheel in fields.tables("wheels") {
        wheel.artifact(package);
        fields.absorb(wheel);
        found = Some(Source::Registry { url: None, index: index.clone() });
    }
    if let Some(archive) = fields.table("archive") {
        let mut archive = Fields::of(archive);
        archive.artifact(package);
        let (url, path) = (archive.text("url"), archive.text("path"));
        found = Some(match (url, path) {
            (Some(url), _) if url.starts_with("file:") => Source::File { path: url.to_owned() },
            (Some(url), _) => Source::Tarball { url: url.to_owned() },
            (None, path) => Source::File { path: path.unwrap_or_default().to_owned() },
        });
        fields.absorb(archive);
    }
    for (key, named) in [("vcs", "url"), ("directory", "path")] {
        let Some(table) = fields.table(key) else { continue };
        let mut place = Fields::of(table);
        let text = place.text(named).or_else(|| place.text("path")).unwrap_or_default().to_owned();
        found = Some(match key {
            "vcs" => Source::Git { url: text, commit: place.text("commit-id").map(str::to_owned) },
            _ => Source::Folder { path: text },
        });
        fields.absorb(place);
    }
    found.unwrap_or(match index {
        Some(index) => Source::Registry { url: None, index: Some(index) },
        None => Source::Unknown { text: String::new() },
    })
}

/// Which extras and groups a marker asks for. A package is for development (or
/// optional) if every alternative of its marker asks for a group that is not a
/// default one (or for an extra).
fn read_marker(marker: &str, defaults: &[&str], package: &mut Package) {
    let alternatives = alternatives(marker);
    let in_groups: Vec<Vec<&str>> = alternatives.iter().map(|text| named_in(text, "dependency_groups")).collect();
    let in_extras: Vec<Vec<&str>> = alternatives.iter().map(|text| named_in(text, "extras")).collect();
    let is_dev = |groups: &Vec<&str>| groups.iter().any(|group| !defaults.contains(group));
    package.dev = in_groups.iter().all(is_dev);
    package.optional =
        !package.dev && in_extras.iter().zip(&in_groups).all(|(extras, groups)| !extras.is_empty() || is_dev(groups));
    let named = in_groups.into_iter().chain(in_extras).flatten();
    let mut groups: Vec<String> = named.filter(|name| !matches!(*name, "dev" | "default")).map(str::to_owned).collect();
    groups.sort();
    groups.dedup();
    package.groups = groups;
}

/// The parts of a marker between the `or`s that no parentheses or quotes enclose.
fn alternatives(marker: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth, mut quote) = (Vec::new(), 0, 0usize, None);
    for (at, byte) in marker.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, b' ') if depth == 0 && marker.get(at..).is_some_and(|rest| rest.starts_with(" or ")) => {
                found.extend(marker.get(start..at));
                start = at + 4;
            }
            _ => {}
        }
    }
    found.extend(marker.get(start..));
    found
}

/// The names in `'name' in <variable>`.
fn named_in<'m>(marker: &'m str, variable: &str) -> Vec<&'m str> {
    let mut names = Vec::new();
    for (at, _) in marker.match_indices(variable) {
        let before = marker.get(..at).unwrap_or_default().trim_end();
        let Some(before) = before.strip_suffix(" in").map(str::trim_end) else { continue };
        if before.ends_with(" not") {
            continue;
        }
        let Some(quote) = before.chars().last().filter(|last| matches!(last, '"' | '\'')) else { continue };
        let inner = before.get(..before.len() - 1).unwrap_or_default();
        names.extend(inner.rsplit_once(quote).map(|(_, name)| name));
    }
    names
}

/// What nobody asks for hangs on the root, with its marker as the condition.
fn finish_edges(core: &mut Core<'_>, markers: &HashMap<PackageId, &str>, has_edges: bool, has_root: bool) {
    if has_edges {
        let kind = if has_root { EdgeKind::Extraneous } else { EdgeKind::Production };
        complete(&mut core.inventory, kind);
        return;
    }
    let asked: std::collections::HashSet<PackageId> = core.inventory.edges.iter().map(|edge| edge.to).collect();
    let rest: Vec<PackageId> =
        core.inventory.iter().map(|(id, _)| id).filter(|id| *id != ROOT && !asked.contains(id)).collect();
    for id in rest {
        let package = core.inventory.package(id);
        let kind = match (package.role, package.dev, package.optional) {
            (Role::Workspace, ..) => EdgeKind::Workspace,
            (_, true, _) => EdgeKind::Development,
            (_, _, true) => EdgeKind::Optional,
            _ => EdgeKind::Production,
        };
        let condition = markers.get(&id).map(|marker| (*marker).to_owned());
        let edge = Edge { condition, ..Edge::new(ROOT, id, package.name.clone(), "", kind) };
        core.inventory.edges.push(edge);
    }
    if core.inventory.packages.len() > 1 {
        core.notes.push(LockfileNote {
            kind: LockfileNoteKind::NoEdges,
            package: None,
            field: "packages".to_owned(),
            found: "it does not say which package asks for which".to_owned(),
            expected: None,
            location: Location::file(core.file),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_tell_groups() {
        let flags = |marker: &str| {
            let mut package = locked::package("a", None, Location::file("x"));
            read_marker(marker, &["default"], &mut package);
            (package.dev, package.optional, package.groups.join(","))
        };
        assert_eq!(flags("'docs' in dependency_groups"), (true, false, "docs".to_owned()));
        assert_eq!(flags("'default' in dependency_groups"), (false, false, String::new()));
        assert_eq!(flags("'dev' in dependency_groups or 'cli' in extras"), (false, true, "cli".to_owned()));
        assert_eq!(flags("(os_name == 'nt' or os_name == ' or ') and \"x\" in extras"), (false, true, "x".to_owned()));
        assert_eq!(flags("python_version < '3.9' or 'x' in extras"), (false, false, "x".to_owned()));
        assert_eq!(flags("os_name == 'nt' and 'x' not in extras"), (false, false, String::new()));
    }
}
