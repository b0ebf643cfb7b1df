//! The tree `dependencies` of version 1, which version 2 repeats for old clients.

use std::collections::HashMap;

use vetch_model::Integrity;
use vetch_model::evidence::Span;
use vetch_model::inventory::{EdgeKind, Inventory, Package, PackageId, Role, Source};
use vetch_model::manifest::Dependency;

use super::{Fields, LockfileNote, LockfileNoteKind, MAX_PACKAGES, Reader, blank};
use crate::error::short;
use crate::json::{Kind, Member, Object};
use crate::npm::dependencies::{Problem, Problems};
use crate::npm::edges::Asker;
use crate::npm::places::{name_from_path, path_fault, sanitised};

/// One entry of the tree, and what is wrong with it.
struct Entry<'d, 'a> {
    /// The path as its keys say, before it is made safe.
    place: String,
    member: &'d Member<'a>,
    package: Package,
    problems: Problems,
}

/// Reads the tree as the inventory.
pub(super) fn read<'d, 'a>(reader: &mut Reader<'d, 'a>, tree: &'d Object<'a>) {
    for entry in entries(reader, tree) {
        let Entry { place, member, package, mut problems } = entry;
        let id = reader.inventory.push(package);
        let dir = reader.places.add(&place, id);
        if let Some(object) = member.value.as_object() {
            let wants = requires(reader, object, &mut problems);
            reader.askers.push(Asker { id, dir, wants, bundled: Vec::new(), has_workspaces: false });
            reader.note_duplicates(object, Some(id));
        }
        for problem in problems.into_kept() {
            reader.report(&format!("`{}`", short(&place)), &problem);
        }
    }
}

/// Notes where the tree contradicts the map, which is in the inventory already.
pub(super) fn compare<'d, 'a>(reader: &mut Reader<'d, 'a>, tree: &'d Object<'a>) {
    let by_path: HashMap<String, PackageId> =
        reader.inventory.iter().map(|(id, package)| (package.path.clone(), id)).collect();
    for entry in entries(reader, tree) {
        let location = reader.document.location(entry.member.span);
        let note = |kind, package, field: &str, found, expected| LockfileNote {
            kind,
            package,
            field: field.to_owned(),
            found,
            expected,
            location: location.clone(),
        };
        let Some(id) = by_path.get(&entry.package.path) else {
            let found = entry.package.label();
            reader.notes.push(note(LockfileNoteKind::OnlyForOldClients, None, &short(&entry.place), found, None));
            continue;
        };
        let differences = differences(reader.inventory.package(*id), &entry.package);
        reader.notes.extend(differences.into_iter().map(|(field, counts, ignored)| {
            note(LockfileNoteKind::Contradiction, Some(*id), field, ignored, Some(counts))
        }));
    }
}

/// Fields that both say, differently: field, what counts, what is ignored.
fn differences(counts: &Package, ignored: &Package) -> Vec<(&'static str, String, String)> {
    let mut found = Vec::new();
    let mut compare = |field, left: Option<&String>, right: Option<&String>| {
        if let (Some(left), Some(right)) = (left, right)
            && left != right
        {
            found.push((field, left.clone(), right.clone()));
        }
    };
    let is_link = matches!(counts.source, Source::Folder { .. });
    if !is_link {
        compare("name", Some(&counts.name), Some(&ignored.name));
    }
    compare("version", counts.version.as_ref(), ignored.version.as_ref());
    compare("resolved", address(&counts.source), address(&ignored.source));
    if let (Some(left), Some(right)) = (&counts.integrity, &ignored.integrity)
        && is_other(left, right)
    {
        found.push(("integrity", left.text.clone(), right.text.clone()));
    }
    found
}

/// Two digests of one algorithm with nothing in common.
fn is_other(left: &Integrity, right: &Integrity) -> bool {
    left.algorithm() == right.algorithm() && !left.digests.iter().any(|digest| right.digests.contains(digest))
}

/// What names the contents of a remote source.
fn address(source: &Source) -> Option<&String> {
    match source {
        Source::Registry { url, .. } => url.as_ref(),
        Source::Tarball { url } => Some(url),
        Source::Git { commit, .. } => commit.as_ref(),
        _ => None,
    }
}

/// Every entry of the tree in file order, parents before children. A stack, not
/// recursion: the nesting is the file's to choose.
fn entries<'d, 'a>(reader: &mut Reader<'d, 'a>, tree: &'d Object<'a>) -> Vec<Entry<'d, 'a>> {
    let mut found = Vec::new();
    let mut stack = Vec::new();
    push_level(reader, &mut stack, "", tree);
    while let Some((parent, member)) = stack.pop() {
        if found.len() == MAX_PACKAGES {
            reader.is_too_large = true;
            return found;
        }
        let name = member.key.as_ref();
        let prefix = if parent.is_empty() { String::new() } else { format!("{parent}/") };
        let place = format!("{prefix}node_modules/{name}");
        let mut problems = Problems::default();
        let path = match path_fault(&place) {
            None => place.clone(),
            Some(fault) => {
                problems.push(Problem::new(member.span, fault));
                sanitised(&place, found.len())
            }
        };
        let below = member.value.as_object().and_then(|object| object.get("dependencies"));
        match below.map(|value| (value, value.as_object())) {
            Some((_, Some(nested))) => push_level(reader, &mut stack, &path, nested),
            Some((value, None)) => problems.push(Problem::wrong_type("dependencies", value, "an object")),
            None => {}
        }
        let package = read_package(reader, member, path, &mut problems);
        found.push(Entry { place, member, package, problems });
    }
    found
}

fn push_level<'d, 'a>(
    reader: &mut Reader<'d, 'a>,
    stack: &mut Vec<(String, &'d Member<'a>)>,
    parent: &str,
    level: &'d Object<'a>,
) {
    reader.note_duplicates(level, None);
    let (kept, _) = level.split_duplicates();
    stack.extend(kept.into_iter().rev().map(|member| (parent.to_owned(), member)));
}

fn read_package(reader: &Reader<'_, '_>, member: &Member<'_>, path: String, problems: &mut Problems) -> Package {
    let key = member.key.as_ref();
    let package = blank(path, reader.document.location(member.span));
    let Some(object) = member.value.as_object() else {
        problems.push(Problem::not_an_object(&member.value));
        let text = reader.raw(member.value.span);
        return Package { name: key.to_owned(), source: Source::Unknown { text }, ..package };
    };
    let mut fields = Fields::of(object);
    let (name, version, source) = identity(&mut fields, key);
    let is_own = matches!(&source, Source::Folder { path } if !path.contains("node_modules"));
    let package = Package {
        alias: (name != key).then(|| key.to_owned()),
        name,
        version,
        role: if is_own { Role::Workspace } else { Role::Dependency },
        integrity: fields.integrity(),
        dev: fields.flag("dev") == Some(true),
        optional: fields.flag("optional") == Some(true),
        bundled: fields.flag("bundled") == Some(true),
        source,
        ..package
    };
    if package.source == (Source::Unknown { text: String::new() }) && !package.optional && fields.problems.is_empty() {
        fields.problems.push(Problem::new(member.span, "it names neither a version nor a source"));
    }
    problems.append(fields.problems);
    package
}

/// Name, version and source. `version` may hold an alias or a source instead.
fn identity(fields: &mut Fields<'_, '_>, key: &str) -> (String, Option<String>, Source) {
    let version = fields.text("version");
    let resolved = fields.object.get("resolved");
    if let Some((name, version)) =
        version.and_then(|text| text.strip_prefix("npm:")).and_then(|rest| rest.rsplit_once('@'))
        && !name.is_empty()
    {
        return (name.to_owned(), Some(version.to_owned()), source_of(fields, name, true));
    }
    let is_version = version.is_some_and(|text| !text.contains([':', '/']));
    match version {
        Some(text) if !is_version => (name_from_path(key).to_owned(), None, fields.source(text, key)),
        _ => {
            let is_known = version.is_some() || (resolved.is_none() && fields.object.get("integrity").is_some());
            (key.to_owned(), version.map(str::to_owned), source_of(fields, key, is_known))
        }
    }
}

/// The source that `resolved` names; without it the registry, for what has a version.
fn source_of(fields: &mut Fields<'_, '_>, name: &str, is_known: bool) -> Source {
    match (fields.object.get("resolved"), fields.text("resolved")) {
        (Some(_), Some(text)) => fields.source(text, name),
        (Some(value), None) => Source::Unknown { text: value.type_name().to_owned() },
        // npm writes `bundled` entries without a source of their own.
        (None, _) if is_known => Source::Registry { url: None, index: None },
        (None, _) => Source::Unknown { text: String::new() },
    }
}

/// `requires`: name → range; `true` or `false` say nothing.
fn requires(reader: &Reader<'_, '_>, object: &Object<'_>, problems: &mut Problems) -> Vec<Dependency> {
    let Some(value) = object.get("requires") else { return Vec::new() };
    let Some(map) = value.as_object() else {
        if !matches!(value.kind, Kind::Bool(_)) {
            problems.push(Problem::wrong_type("requires", value, "an object"));
        }
        return Vec::new();
    };
    let (kept, _) = map.split_duplicates();
    let dependency = |name: &str, range: &str, span: Span| Dependency {
        name: name.to_owned(),
        range: range.to_owned(),
        kind: EdgeKind::Production,
        span,
        line: reader.document.lines.line(span.start),
    };
    kept.into_iter()
        .map(|member| {
            if member.value.as_str().is_none() {
                problems.push(Problem::wrong_type(&format!("requires.{}", member.key), &member.value, "a string"));
            }
            dependency(&member.key, member.value.as_str().unwrap_or_default(), member.span)
        })
        .collect()
}

/// Version 1 does not say which requirement is optional; but an optional package
/// is only ever asked for optionally by one that is not optional itself.
pub(super) fn refine_edge_kinds(inventory: &mut Inventory, is_tree: bool) {
    if !is_tree {
        return;
    }
    let Inventory { packages, edges, .. } = inventory;
    let is_optional = |id: PackageId| packages.get(id.0 as usize).is_some_and(|package| package.optional);
    let is_own = |id: PackageId| packages.get(id.0 as usize).is_some_and(|package| package.role == Role::Root);
    for edge in edges.iter_mut().filter(|edge| edge.kind == EdgeKind::Production && !is_own(edge.from)) {
        if is_optional(edge.to) && !is_optional(edge.from) {
            edge.kind = EdgeKind::Optional;
        }
    }
}
