//! `packages` and, from version 9 on, `snapshots`: a release once, and once for
//! every set of peers it is installed with.

use std::collections::{HashMap, HashSet};

use vetch_model::evidence::Span;
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Package, PackageId, Role, Source, Unresolved};

use super::dep_path::{DepPath, Style, release_key};
use super::store_folder::Shortening;
use super::{Asks, ByKey, Reader, resolution};
use crate::error::short;
use crate::files::beside;
use crate::npm::dependencies::{Problem, Problems};
use crate::npm::entries::{Fields, may_hide_entries, wrong_type};
use crate::npm::places::{path_fault, sanitised};
use crate::yaml::{Kind, Mapping, Member, Value};

/// Fields of both kinds of entries; words besides are let pass.
const KNOWN_FIELDS: &[&str] = &[
    "bundledDependencies",
    "cpu",
    "dependencies",
    "deprecated",
    "dev",
    "engines",
    "hasBin",
    "id",
    "libc",
    "name",
    "optional",
    "optionalDependencies",
    "os",
    "patched",
    "peerDependencies",
    "peerDependenciesMeta",
    "prepare",
    "requiresBuild",
    "resolution",
    "transitivePeerDependencies",
    "version",
];

/// A package as installed: its key, and what is written about it.
pub(super) struct Entry<'d, 'a> {
    key: &'d str,
    /// The entry that names its source.
    release: Option<&'d Member<'a>>,
    /// The entry that names its dependencies; before version 9 the same.
    snapshot: Option<&'d Member<'a>>,
}

/// Every package of a document, in the order of `packages`.
pub(super) fn collect<'d, 'a>(
    reader: &mut Reader<'d, 'a>,
    document: &'d Mapping<'a>,
    style: Style,
) -> Vec<Entry<'d, 'a>> {
    let section = reader.report.section(document, "packages");
    let releases = reader.report.members(section);
    if style != Style::At {
        let same = |member: &'d Member<'a>| Entry { key: &member.key, release: Some(member), snapshot: Some(member) };
        return releases.into_iter().map(same).collect();
    }
    let section = reader.report.section(document, "snapshots");
    let snapshots = reader.report.members(section);
    let mut by_release: HashMap<&str, Vec<&'d Member<'a>>> = HashMap::with_capacity(releases.len());
    for snapshot in &snapshots {
        by_release.entry(release_key(&snapshot.key)).or_default().push(snapshot);
    }
    let mut entries = Vec::with_capacity(snapshots.len());
    for release in releases {
        let installed = by_release.remove(release.key.as_ref()).unwrap_or_default();
        if installed.is_empty() {
            let what = format!("`{}`", short(&release.key));
            let text = "it has no entry in `snapshots`, which says what it depends on";
            reader.report.tell(&what, Problem::new(release.span, text));
            entries.push(Entry { key: &release.key, release: Some(release), snapshot: None });
        }
        let of_release =
            |snapshot: &'d Member<'a>| Entry { key: &snapshot.key, release: Some(release), snapshot: Some(snapshot) };
        entries.extend(installed.into_iter().map(of_release));
    }
    for snapshot in snapshots.into_iter().filter(|snapshot| by_release.contains_key(release_key(&snapshot.key))) {
        let what = format!("`{}`", short(&snapshot.key));
        let text = "it has no entry in `packages`, which says where it comes from";
        reader.report.tell(&what, Problem::new(snapshot.span, text));
        entries.push(Entry { key: &snapshot.key, release: None, snapshot: Some(snapshot) });
    }
    entries
}

/// Adds the packages of a document to the inventory.
pub(super) fn add<'d>(
    reader: &mut Reader<'d, '_>,
    entries: &[Entry<'d, '_>],
    style: Style,
    shortening: Shortening,
) -> ByKey<'d> {
    let mut by_key = HashMap::with_capacity(entries.len());
    for entry in entries {
        let mut problems = Problems::default();
        let mut package = read_package(entry, style, &mut problems);
        if let Source::Folder { path } = &package.source
            && package.version.is_none()
        {
            let manifest = beside(reader.report.stream.file, &format!("{path}/package.json"));
            package.version = reader.manifests.identity(&manifest).1;
        }
        let member = entry.release.or(entry.snapshot);
        package.declared_at = member.map(|member| reader.report.stream.location(member.span));
        if let (Source::Unknown { text }, Some(member)) = (&mut package.source, member)
            && text.is_empty()
        {
            *text = reader.report.stream.excerpt(member.value.span);
        }
        let path = format!("node_modules/.pnpm/{}/node_modules/{}", shortening.folder(entry.key, style), package.name);
        package.path = match path_fault(&path) {
            None => path,
            Some(fault) => {
                problems.push(Problem::new(member.map(|member| member.span).unwrap_or_default(), fault));
                sanitised(&path, by_key.len())
            }
        };
        let id = reader.report.inventory.push(package);
        by_key.insert(entry.key, id);
        for member in [entry.release, entry.snapshot].into_iter().flatten() {
            if let Some(mapping) = member.value.as_mapping() {
                reader.report.duplicates(mapping, Some(id));
            }
            if style != Style::At {
                break;
            }
        }
        reader.report.tell_all(&format!("`{}`", short(entry.key)), problems);
    }
    by_key
}

fn read_package(entry: &Entry<'_, '_>, style: Style, problems: &mut Problems) -> Package {
    let path = DepPath::parse(entry.key, style);
    let mut package = Package::new(Ecosystem::Npm, path.name.unwrap_or_default(), path.version());
    if let Some(release) = entry.release {
        read_release(release, path, style, &mut package, problems);
    }
    if let Some(snapshot) = entry.snapshot {
        match snapshot.value.as_mapping() {
            Some(mapping) => {
                let mut fields = Fields::of(mapping);
                package.optional = fields.flag("optional") == Some(true);
                if style != Style::At {
                    package.dev = fields.flag("dev") == Some(true);
                } else {
                    unknown_fields(mapping, problems);
                }
                problems.append(fields.problems);
            }
            None if style == Style::At => problems.push(wrong_type(entry.key, &snapshot.value, "a mapping")),
            None => {}
        }
    }
    if let Some(version) = path.reference.strip_prefix("runtime:") {
        // `node@runtime:22.0.0` is the program, not the package of that name.
        package.ecosystem = Ecosystem::Other("generic".to_owned());
        package.version = Some(version.to_owned());
    }
    if package.name.is_empty() {
        let span = entry.release.or(entry.snapshot).map(|member| member.span).unwrap_or_default();
        problems.push(Problem::new(span, "neither its key nor a field `name` says which package it is"));
        package.name = short(entry.key);
    }
    package
}

fn read_release(release: &Member<'_>, path: DepPath<'_>, style: Style, package: &mut Package, problems: &mut Problems) {
    let Some(mapping) = release.value.as_mapping() else {
        problems.push(wrong_type(&release.key, &release.value, "a mapping"));
        return;
    };
    unknown_fields(mapping, problems);
    let mut fields = Fields::of(mapping);
    // Before version 9, fields that are there count more than the key, as for pnpm.
    let (name, version) = (fields.text("name"), fields.text("version"));
    if let Some(name) = name.filter(|_| style != Style::At || path.name.is_none()) {
        package.name = name.to_owned();
    }
    if let Some(version) = version.filter(|_| style != Style::At || path.version().is_none()) {
        package.version = Some(version.to_owned());
    }
    match fields.mapping("resolution") {
        Some(resolution) => {
            let mut inner = Fields::of(resolution);
            package.integrity = inner.integrity();
            (package.source, package.artifacts) = resolution::read(&mut inner, release.span, &package.name, path.host);
            for member in resolution.split_duplicates().1 {
                inner.problems.push(Problem::new(member.span, "a key of its `resolution` stands here twice"));
            }
            fields.problems.append(inner.problems);
        }
        None if mapping.get("resolution").is_none() => {
            fields.problems.push(Problem::new(release.span, "it has no `resolution`, which says where it comes from"));
        }
        None => {}
    }
    if matches!(package.source, Source::Folder { .. }) {
        package.role = Role::Workspace;
    }
    package.platform = fields.platform();
    package.deprecated = mapping.get("deprecated").and_then(Value::as_str).map(str::to_owned);
    // pnpm writes it only where it is true, and not before it has seen the archive.
    package.has_install_script = fields.flag("requiresBuild").filter(|requires| *requires);
    problems.append(fields.problems);
}

/// Fields that no version of pnpm writes and that may be entries gone astray.
fn unknown_fields(mapping: &Mapping<'_>, problems: &mut Problems) {
    for member in &mapping.members {
        // A list may be a misspelt one of bundled packages.
        let may_hide = may_hide_entries(member) || matches!(member.value.kind, Kind::Sequence(_));
        if may_hide && !KNOWN_FIELDS.contains(&member.key.as_ref()) {
            let text = format!("a field `{}` is not known, and was not read", short(&member.key));
            problems.push(Problem::new(member.span, text));
        }
    }
}

/// Adds the edges of a document's packages.
pub(super) fn connect(reader: &mut Reader<'_, '_>, entries: &[Entry<'_, '_>], by_key: &ByKey<'_>, style: Style) {
    for entry in entries {
        let Some(id) = by_key.get(entry.key).copied() else { continue };
        let mut problems = Problems::default();
        let peers = peers(entry, &mut problems);
        let mut satisfied = HashSet::new();
        let snapshot = entry.snapshot.and_then(|member| member.value.as_mapping());
        for (field, kind) in [("dependencies", EdgeKind::Production), ("optionalDependencies", EdgeKind::Optional)] {
            let Some(section) = snapshot.and_then(|mapping| Fields::of(mapping).mapping(field)) else {
                if let Some(value) = snapshot.and_then(|mapping| mapping.get(field)) {
                    problems.push(wrong_type(field, value, "a mapping"));
                }
                continue;
            };
            for member in section.split_duplicates().1 {
                problems.push(Problem::new(member.span, format!("`{}` stands twice in `{field}`", short(&member.key))));
            }
            for member in section.split_duplicates().0 {
                let name = member.key.as_ref();
                satisfied.insert(name);
                let peer = peers.get(name);
                let kind = peer.map_or(kind, |(_, kind)| *kind);
                let range = peer.map_or("", |(range, _)| *range);
                let Some(reference) = member.value.as_str() else {
                    problems.push(wrong_type(&format!("{field}.{name}"), &member.value, "a version"));
                    let (name, range) = (name.to_owned(), range.to_owned());
                    reader.report.inventory.unresolved.push(Unresolved { from: id, name, range, kind });
                    continue;
                };
                let asks = Asks { from: id, base: "", name, reference, range, kind, group: None, span: member.span };
                reader.connect_one(asks, by_key, style);
            }
        }
        let missing = peers.iter().filter(|(name, (_, kind))| *kind == EdgeKind::Peer && !satisfied.contains(*name));
        let mut missing: Vec<_> = missing.map(|(name, (range, kind))| (*name, *range, *kind)).collect();
        missing.sort();
        reader.report.inventory.unresolved.extend(missing.into_iter().map(|(name, range, kind)| Unresolved {
            from: id,
            name: name.to_owned(),
            range: range.to_owned(),
            kind,
        }));
        add_bundled(reader, entry, id, &satisfied, &mut problems);
        reader.report.tell_all(&format!("`{}`", short(entry.key)), problems);
    }
}

/// Declared peers: name → range, kind.
fn peers<'d>(entry: &Entry<'d, '_>, problems: &mut Problems) -> HashMap<&'d str, (&'d str, EdgeKind)> {
    let Some(mapping) = entry.release.and_then(|release| release.value.as_mapping()) else { return HashMap::new() };
    let mut fields = Fields::of(mapping);
    let optional = fields.optional_names("peerDependenciesMeta");
    let declared = fields.pairs("peerDependencies");
    problems.append(fields.problems);
    let kind = |name| if optional.contains(&name) { EdgeKind::PeerOptional } else { EdgeKind::Peer };
    let mut found: HashMap<_, _> = declared.into_iter().map(|(name, range)| (name, (range, kind(name)))).collect();
    for name in optional {
        // Peers that only `peerDependenciesMeta` names.
        found.entry(name).or_insert(("*", EdgeKind::PeerOptional));
    }
    found
}

/// Packages inside the archive: the lockfile knows their names, and nothing else.
fn add_bundled(
    reader: &mut Reader<'_, '_>,
    entry: &Entry<'_, '_>,
    id: PackageId,
    listed: &HashSet<&str>,
    problems: &mut Problems,
) {
    let Some(release) = entry.release else { return };
    let Some(value) = release.value.as_mapping().and_then(|mapping| mapping.get("bundledDependencies")) else { return };
    let names: Vec<(&str, Span)> = match &value.kind {
        Kind::Sequence(items) => items.iter().filter_map(|item| Some((item.as_str()?, item.span))).collect(),
        Kind::Scalar(..) if value.as_bool().is_some() => Vec::new(),
        _ => {
            problems.push(wrong_type("bundledDependencies", value, "a list"));
            return;
        }
    };
    for (name, span) in names.into_iter().filter(|(name, _)| !listed.contains(name)) {
        let path = format!("{}/node_modules/{name}", reader.report.inventory.package(id).path);
        let path = if path_fault(&path).is_none() { path } else { sanitised(&path, span.start as usize) };
        let declared_at = Some(reader.report.stream.location(span));
        let package = Package { path, bundled: true, declared_at, ..Package::new(Ecosystem::Npm, name, None) };
        let to = reader.report.inventory.push(package);
        let edge = Edge { bundled: true, ..Edge::new(id, to, name, "", EdgeKind::Production) };
        reader.report.inventory.edges.push(edge);
    }
}
