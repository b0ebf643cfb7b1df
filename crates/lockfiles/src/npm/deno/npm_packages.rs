//! The npm packages of `deno.lock`: `name@version`, with the peers that this
//! instance was resolved with behind `_`.

use vetch_model::Integrity;
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Package, PackageId, Source, Unresolved};

use super::Reader;
use crate::error::{ReadError, short};
use crate::json::{Kind, Member, Object, Value};
use crate::npm::dependencies::{Problem, Problems};
use crate::npm::listing::{split_name, text};
use crate::npm::package_json::platform;
use crate::npm::source::from_resolved;

/// A package that was added, and its entry.
pub(super) type Added<'d, 'a> = (PackageId, &'d Member<'a>);

/// What an entry may hold, in any version.
const FIELDS: &[&str] = &[
    "integrity",
    "dependencies",
    "optionalDependencies",
    "optionalPeers",
    "os",
    "cpu",
    "libc",
    "tarball",
    "deprecated",
    "scripts",
    "bin",
];

/// Adds a package for every entry, whatever is wrong with it.
pub(super) fn add<'d, 'a>(
    reader: &mut Reader<'d, 'a>,
    map: Option<&'d Object<'a>>,
) -> Result<Vec<Added<'d, 'a>>, ReadError> {
    let Some(map) = map else { return Ok(Vec::new()) };
    reader.note_duplicates(map, None);
    let mut added = Vec::with_capacity(map.members.len());
    for member in map.split_duplicates().0 {
        let mut problems = Problems::default();
        let key = member.key.as_ref();
        let (name, rest) = split_name(key);
        // No version holds a `_`; what follows it are peers.
        let version = rest.split_once('_').map_or(rest, |(version, _)| version);
        let mut package = Package {
            source: Source::Registry { url: None, index: None },
            declared_at: Some(reader.at(member.span)),
            ..Package::new(Ecosystem::Npm, name, Some(version).filter(|version| !version.is_empty()))
        };
        if version.is_empty() {
            problems.push(Problem::new(member.span, "its key names no version"));
        }
        match member.value.as_object() {
            Some(object) => describe(&mut package, object, &mut problems),
            None => problems.push(Problem::not_an_object(&member.value)),
        }
        let id = reader.listing.push(package)?;
        if let Some(object) = member.value.as_object() {
            reader.note_duplicates(object, Some(id));
            reader.listing.report_unknown(object, FIELDS, reader.document);
        }
        reader.npm.insert(key, id);
        reader.names.entry(("npm", name)).or_default().push(id);
        reader.listing.report_all(&format!("`{key}`"), problems, reader.document);
        added.push((id, member));
    }
    Ok(added)
}

fn describe(package: &mut Package, object: &Object<'_>, problems: &mut Problems) {
    if let Some(written) = text(object, "integrity", problems) {
        match Integrity::parse(written) {
            Ok(integrity) => package.integrity = Some(integrity),
            Err(error) => {
                problems.push(Problem::new(object_span(object, "integrity"), format!("`integrity`: {error}")))
            }
        }
    }
    if let Some(url) = text(object, "tarball", problems) {
        package.source = from_resolved(url, &package.name);
    }
    package.platform = platform(object, problems);
    package.has_install_script = object.get("scripts").map(|value| value.as_bool() == Some(true));
    package.deprecated =
        object.get("deprecated").filter(|value| value.as_bool() != Some(false)).map(|value| match value.as_str() {
            Some(message) => message.to_owned(),
            None => "deprecated".to_owned(),
        });
}

fn object_span(object: &Object<'_>, field: &str) -> vetch_model::evidence::Span {
    object.get(field).map(|value| value.span).unwrap_or_default()
}

/// Adds the edges between npm packages.
pub(super) fn connect(reader: &mut Reader<'_, '_>, packages: &[Added<'_, '_>], version: u32) {
    for (id, member) in packages {
        let Some(object) = member.value.as_object() else { continue };
        let mut problems = Problems::default();
        for (field, kind) in [
            ("dependencies", EdgeKind::Production),
            ("optionalDependencies", EdgeKind::Optional),
            ("optionalPeers", EdgeKind::PeerOptional),
        ] {
            let Some(value) = object.get(field) else { continue };
            for (name, key, span) in wanted(field, value, version, &mut problems) {
                let found = reader.npm.get(key).copied().or_else(|| reader.only("npm", key));
                match found {
                    Some(to) => reader.listing.inventory.edges.push(Edge::new(*id, to, name, "", kind)),
                    None if kind == EdgeKind::PeerOptional => {}
                    None if kind == EdgeKind::Optional => {
                        let (name, range) = (name.to_owned(), split_name(key).1.to_owned());
                        reader.listing.inventory.unresolved.push(Unresolved { from: *id, name, range, kind });
                    }
                    None => {
                        let location = reader.at(span);
                        reader.listing.missing(*id, name, split_name(key).1, kind, Some(location));
                    }
                }
            }
        }
        reader.listing.report_all(&format!("`{}`", member.key), problems, reader.document);
    }
}

/// The names a package asks by and the keys that answer. From version 4 on a list
/// of `name`, `name@version` or `alias@npm:name@version`, before that a map.
fn wanted<'v>(
    field: &str,
    value: &'v Value<'_>,
    version: u32,
    problems: &mut Problems,
) -> Vec<(&'v str, &'v str, vetch_model::evidence::Span)> {
    let mut found = Vec::new();
    match &value.kind {
        Kind::Array(items) => {
            for item in items {
                let Some(text) = item.as_str() else {
                    problems.push(Problem::wrong_type(&format!("{field}[]"), item, "a string"));
                    continue;
                };
                let (name, rest) = split_name(text);
                found.push((name, rest.strip_prefix("npm:").unwrap_or(text), item.span));
            }
        }
        Kind::Object(map) if version < 4 => {
            for member in &map.members {
                match member.value.as_str() {
                    Some(key) => found.push((member.key.as_ref(), key, member.span)),
                    None => {
                        let field = format!("{field}.{}", short(&member.key));
                        problems.push(Problem::wrong_type(&field, &member.value, "a string"));
                    }
                }
            }
        }
        _ => problems.push(Problem::wrong_type(field, value, if version < 4 { "an object" } else { "an array" })),
    }
    found
}
