//! Importers: the project, the members of its workspace, and what they ask for.

use vetch_model::evidence::Span;
use vetch_model::inventory::{EdgeKind, PackageId, Role, Unresolved};

use super::{Asks, ByKey, Reader, Style};
use crate::error::short;
use crate::npm::dependencies::Problem;
use crate::npm::entries::{may_hide_entries, wrong_type};
use crate::npm::paths::joined;
use crate::yaml::{Mapping, Member, Value};

/// Fields of an importer that hold dependencies.
const FIELDS: &[(&str, EdgeKind)] = &[
    ("dependencies", EdgeKind::Production),
    ("devDependencies", EdgeKind::Development),
    ("optionalDependencies", EdgeKind::Optional),
    ("configDependencies", EdgeKind::Development),
    ("packageManagerDependencies", EdgeKind::Development),
];

/// Its other fields.
const OTHER_FIELDS: &[&str] = &["dependenciesMeta", "publishDirectory", "specifiers"];

/// One importer of one document.
pub(super) struct Importer<'d, 'a> {
    id: PackageId,
    /// Its folder as seen from the lockfile, as written: links start from it.
    folder: &'d str,
    mapping: &'d Mapping<'a>,
}

/// Adds a document's importers to the inventory.
pub(super) fn add<'d, 'a>(reader: &mut Reader<'d, 'a>, document: &'d Mapping<'a>) -> Vec<Importer<'d, 'a>> {
    let mut found = Vec::new();
    // Without workspaces, versions 5 and 6 have the project's fields at the top.
    let is_at_top =
        FIELDS.iter().any(|(field, _)| document.get(field).is_some()) || document.get("specifiers").is_some();
    if is_at_top {
        found.push(Importer { id: PackageId(0), folder: "", mapping: document });
        declare_root(reader, document);
    }
    let section = reader.report.section(document, "importers");
    if document.get("importers").is_none() && !is_at_top {
        let why = "nothing in it says what the project asks for";
        reader.report.tell("`importers`", Problem::new(Span::default(), why));
    }
    for member in reader.report.members(section) {
        let (folder, fault) = joined("", &member.key);
        let what = format!("the importer `{}`", short(&member.key));
        if let Some(fault) = fault {
            reader.report.tell(&what, Problem::new(member.span, fault));
        }
        let id = match reader.importers.get(&folder) {
            Some(id) => *id,
            None => {
                let location = reader.report.stream.location(member.span);
                let id = reader.add_own(&folder, Role::Workspace, location);
                reader.importers.insert(folder.clone(), id);
                id
            }
        };
        let Some(mapping) = member.value.as_mapping() else {
            reader.report.tell(&what, wrong_type(&member.key, &member.value, "a mapping"));
            continue;
        };
        if folder.is_empty() {
            declare(reader, id, member.span);
        }
        reader.report.duplicates(mapping, Some(id));
        unknown_fields(reader, &what, mapping);
        found.push(Importer { id, folder: &member.key, mapping });
    }
    found
}

/// Where the project's fields stand at the top, the first of them is its place.
fn declare_root(reader: &mut Reader<'_, '_>, document: &Mapping<'_>) {
    let is_field =
        |member: &&Member<'_>| member.key == "specifiers" || FIELDS.iter().any(|(field, _)| member.key == *field);
    if let Some(member) = document.members.iter().find(is_field) {
        declare(reader, PackageId(0), member.span);
    }
}

/// The last document that speaks of the project is the one with its graph.
fn declare(reader: &mut Reader<'_, '_>, id: PackageId, span: Span) {
    let location = reader.report.stream.location(span);
    if let Some(package) = reader.report.inventory.packages.get_mut(id.0 as usize) {
        package.declared_at = Some(location);
    }
}

fn unknown_fields(reader: &mut Reader<'_, '_>, what: &str, mapping: &Mapping<'_>) {
    for member in &mapping.members {
        let key = member.key.as_ref();
        let is_known = FIELDS.iter().any(|(field, _)| key == *field) || OTHER_FIELDS.contains(&key);
        if !is_known && may_hide_entries(member) {
            let text = format!("a field `{}` is not known, and was not read", short(key));
            reader.report.tell(what, Problem::new(member.span, text));
        }
    }
}

/// Adds the edges of a document's importers.
pub(super) fn connect(reader: &mut Reader<'_, '_>, importers: &[Importer<'_, '_>], by_key: &ByKey<'_>, style: Style) {
    for importer in importers {
        connect_importer(reader, importer, by_key, style);
    }
}

fn connect_importer(reader: &mut Reader<'_, '_>, importer: &Importer<'_, '_>, by_key: &ByKey<'_>, style: Style) {
    let Importer { id, folder, mapping } = importer;
    let what = format!("the importer `{}`", if folder.is_empty() { "." } else { folder });
    let specifiers = mapping.get("specifiers");
    if let Some(value) = specifiers.filter(|value| value.as_mapping().is_none()) {
        reader.report.tell(&what, wrong_type("specifiers", value, "a mapping"));
    }
    let specifiers = specifiers.and_then(Value::as_mapping);
    let mut ranges: std::collections::BTreeMap<&str, (&str, bool, Span)> = std::collections::BTreeMap::new();
    for member in specifiers.into_iter().flat_map(|specifiers| &specifiers.members) {
        ranges.insert(&member.key, (member.value.as_str().unwrap_or_default(), false, member.span));
    }
    for (field, kind) in FIELDS {
        let Some(value) = mapping.get(field) else { continue };
        let Some(section) = value.as_mapping() else {
            reader.report.tell(&what, wrong_type(field, value, "a mapping"));
            continue;
        };
        reader.report.duplicates(section, Some(*id));
        for member in section.split_duplicates().0 {
            let declared = ranges.get_mut(member.key.as_ref()).map(|(range, is_used, _)| {
                *is_used = true;
                *range
            });
            let Some((reference, specifier)) = reference(&member.value) else {
                let label = format!("{field}.{}", member.key);
                reader.report.tell(&what, wrong_type(&label, &member.value, "a version"));
                let (name, range) = (member.key.to_string(), declared.unwrap_or_default().to_owned());
                reader.report.inventory.unresolved.push(Unresolved { from: *id, name, range, kind: *kind });
                continue;
            };
            let asks = Asks {
                from: *id,
                base: folder,
                name: &member.key,
                reference,
                range: specifier.or(declared).unwrap_or_default(),
                kind: *kind,
                group: super::SETUP_GROUPS.iter().find(|group| *group == field).copied(),
                span: member.span,
            };
            reader.connect_one(asks, by_key, style);
        }
    }
    // Declared, but in no field: nothing says what satisfies it.
    for (name, (range, _, span)) in ranges.iter().filter(|(_, (_, is_used, _))| !is_used) {
        let text =
            format!("`{}` is declared as `{}`, but nothing says which version is locked", short(name), short(range));
        reader.report.tell(&what, Problem::new(*span, text));
        let (name, range) = ((*name).to_owned(), (*range).to_owned());
        reader.report.inventory.unresolved.push(Unresolved { from: *id, name, range, kind: EdgeKind::Production });
    }
}

/// What a dependency is locked to and, from version 6 on, its range.
fn reference<'v>(value: &'v Value<'_>) -> Option<(&'v str, Option<&'v str>)> {
    match value.as_mapping() {
        None => value.as_str().map(|text| (text, None)),
        Some(mapping) => {
            let version = mapping.get("version").and_then(Value::as_str)?;
            Some((version, mapping.get("specifier").and_then(Value::as_str)))
        }
    }
}
