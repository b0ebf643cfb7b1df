//! The project and its members, and what their manifests ask for.

use std::collections::{BTreeMap, HashSet};

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Edge, EdgeKind, PackageId, Role};
use vetch_model::manifest::Manifest;

use super::{Reader, Specifier};
use crate::error::ReadError;
use crate::files::Files;
use crate::json::{Limits, Object, Syntax, Value, parse_as};
use crate::npm::dependencies::{Problem, Problems};
use crate::npm::listing::{array, section, split_name};
use crate::npm::package_json::MAX_BYTES;
use crate::npm::places::{path_fault, sanitised};
use crate::npm::project::{manifest, own};
use crate::npm::workspaces::below;

/// One of the user's own packages, and the specifiers that it declares.
pub(super) struct Own<'d> {
    id: PackageId,
    wants: Vec<(&'d str, Span)>,
    /// The kinds that its `package.json` gives, by name.
    kinds: BTreeMap<String, EdgeKind>,
}

/// Adds the project and the members of its workspace.
pub(super) fn add<'d, 'a>(
    reader: &mut Reader<'d, 'a>,
    files: &dyn Files,
    workspace: Option<&'d Object<'a>>,
) -> Result<Vec<Own<'d>>, ReadError> {
    let base = reader.listing.file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let mut problems = Problems::default();
    let mut all = vec![add_one(reader, files, &base, "", workspace, &mut problems)?];
    let members = workspace.and_then(|workspace| section(workspace, "members", &mut problems));
    if let Some(members) = members {
        reader.note_duplicates(members, None);
        for member in members.split_duplicates().0 {
            let folder = member.key.trim_start_matches("./");
            let fault = path_fault(folder);
            let safe = match fault {
                Some(fault) => {
                    problems.push(Problem::new(member.span, fault));
                    sanitised(folder, all.len())
                }
                None => folder.to_owned(),
            };
            let object = member.value.as_object();
            if object.is_none() {
                problems.push(Problem::not_an_object(&member.value));
            }
            let added = add_one(reader, files, &base, &safe, object, &mut problems)?;
            let name = reader.listing.inventory.package(added.id).name.clone();
            let edge = Edge::new(PackageId(0), added.id, name, "", EdgeKind::Workspace);
            reader.listing.inventory.edges.push(edge);
            all.push(added);
        }
    }
    reader.listing.report_all("`workspace`", problems, reader.document);
    Ok(all)
}

fn add_one<'d, 'a>(
    reader: &mut Reader<'d, 'a>,
    files: &dyn Files,
    base: &str,
    folder: &str,
    object: Option<&'d Object<'a>>,
    problems: &mut Problems,
) -> Result<Own<'d>, ReadError> {
    let place = below(base, folder);
    let path = below(&place, "package.json");
    let npm = manifest(files, &path).unwrap_or_else(|error| {
        reader.listing.incomplete.push(error.into_incomplete());
        None
    });
    let role = if folder.is_empty() { Role::Root } else { Role::Workspace };
    let mut package = own(npm.as_ref(), folder.to_owned(), role, path);
    if let Some((file, name, version)) = deno_manifest(reader, files, &place) {
        package.declared_at = Some(Location::file(file));
        package.name = name.unwrap_or(package.name);
        package.version = version.or(package.version);
    } else if npm.is_none() {
        package.declared_at = Some(Location::file(reader.listing.file.clone()));
    }
    let id = reader.listing.push(package)?;
    let mut wants = Vec::new();
    if let Some(object) = object {
        strings(object, "dependencies", &mut wants, problems);
        if let Some(inner) = section(object, "packageJson", problems) {
            strings(inner, "dependencies", &mut wants, problems);
        }
    }
    Ok(Own { id, wants, kinds: kinds(npm.as_ref()) })
}

fn strings<'d>(object: &'d Object<'_>, field: &str, wants: &mut Vec<(&'d str, Span)>, problems: &mut Problems) {
    for item in array(object, field, problems) {
        match item.as_str() {
            Some(text) => wants.push((text, item.span)),
            None => problems.push(Problem::wrong_type(&format!("{field}[]"), item, "a string")),
        }
    }
}

/// The lockfile does not say which dependency is for development; the manifest does.
fn kinds(manifest: Option<&Manifest>) -> BTreeMap<String, EdgeKind> {
    let mut kinds = BTreeMap::new();
    for want in manifest.into_iter().flat_map(|manifest| &manifest.dependencies) {
        let name = crate::npm::range::declared(&want.name, &want.range).name.to_owned();
        let kind = kinds.entry(name).or_insert(want.kind);
        if want.kind == EdgeKind::Production {
            *kind = want.kind;
        }
    }
    kinds
}

/// `deno.json` or `deno.jsonc` in a folder: its path, name and version.
fn deno_manifest(
    reader: &mut Reader<'_, '_>,
    files: &dyn Files,
    folder: &str,
) -> Option<(String, Option<String>, Option<String>)> {
    for name in ["deno.json", "deno.jsonc"] {
        let file = below(folder, name);
        let limits = Limits { bytes: MAX_BYTES, values: 1_000_000 };
        let read = files.read(&file, MAX_BYTES as u64).and_then(|bytes| {
            let Some(bytes) = bytes else { return Ok(None) };
            let document = parse_as(Syntax::Relaxed, &bytes, &file, limits, "mend the file")?;
            let text = |field: &str| {
                document
                    .root
                    .as_object()
                    .and_then(|object| object.get(field))
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            };
            Ok(Some((file.clone(), text("name"), text("version"))))
        });
        match read {
            Ok(None) => {}
            Ok(found) => return found,
            Err(error) => reader.listing.incomplete.push(error.into_incomplete()),
        }
    }
    None
}

/// Edges from the user's own packages. What neither a manifest nor a JSR package
/// asks for is imported by the project's code.
pub(super) fn connect(reader: &mut Reader<'_, '_>, own: &[Own<'_>], asked_by_jsr: &[&str]) {
    let mut asked: HashSet<&str> = asked_by_jsr.iter().copied().collect();
    for one in own {
        for (wanted, span) in &one.wants {
            asked.insert(wanted);
            let name = split_name(wanted.split_once(':').map_or(*wanted, |(_, rest)| rest)).0;
            let kind = one.kinds.get(name).copied().unwrap_or(EdgeKind::Production);
            reader.ask(one.id, wanted, kind, *span);
        }
    }
    let is_asked = |key: &str, specifier: &Specifier| {
        // `jsr:@std/path@1` is also asked for as `jsr:@std/path`.
        let bare = key.len().checked_sub(specifier.range.len() + 1).and_then(|end| key.get(..end));
        asked.contains(key) || bare.is_some_and(|bare| asked.contains(bare))
    };
    let keys = reader.specifiers.iter().filter(|(key, specifier)| !is_asked(key, specifier)).map(|(key, _)| *key);
    let mut rest: Vec<&str> = keys.collect();
    rest.sort_unstable();
    for wanted in rest {
        // One that leads nowhere has been told where it stands.
        if reader.specifiers.get(wanted).is_some_and(|specifier| specifier.to.is_some()) {
            reader.ask(PackageId(0), wanted, EdgeKind::Production, Span::default());
        }
    }
}
