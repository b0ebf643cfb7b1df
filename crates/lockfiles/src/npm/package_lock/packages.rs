//! The map `packages` of versions 2 and 3: one entry per place.

use std::collections::HashMap;

use vetch_model::evidence::Span;
use vetch_model::inventory::{Package, Role, Source};

use super::{Fields, MAX_PACKAGES, Reader, blank};
use crate::error::short;
use crate::json::{Member, Object, Value};
use crate::npm::dependencies::{self, Problem};
use crate::npm::edges::Asker;
use crate::npm::package_json::{platform, workspaces};
use crate::npm::places::{installed_as, is_inside_node_modules, name_from_path, path_fault, sanitised};

/// The entries that count, by key.
type Entries<'d, 'a> = HashMap<&'d str, &'d Member<'a>>;

/// Reads every entry on its own: each key becomes one package, whatever is wrong with it.
pub(super) fn read<'d, 'a>(reader: &mut Reader<'d, 'a>, map: &'d Object<'a>) {
    reader.note_duplicates(map, None);
    let (kept, _) = map.split_duplicates();
    if kept.len() > MAX_PACKAGES {
        reader.is_too_large = true;
        return;
    }
    let entries: Entries<'d, 'a> = kept.iter().map(|member| (member.key.as_ref(), *member)).collect();
    for (index, member) in kept.into_iter().enumerate() {
        read_entry(reader, &entries, index, member);
    }
}

fn read_entry<'d, 'a>(reader: &mut Reader<'d, 'a>, entries: &Entries<'d, 'a>, index: usize, member: &'d Member<'a>) {
    let key = member.key.as_ref();
    let what = if key.is_empty() { "the entry of the project".to_owned() } else { format!("`{}`", short(key)) };
    let path = safe_path(reader, &what, key, index, member);
    let package = blank(path, reader.document.location(member.span));
    let Some(object) = member.value.as_object() else {
        reader.report(&what, &Problem::not_an_object(&member.value));
        let text = reader.raw(member.value.span);
        let role = role_of(key, false, "");
        let name = name_from_path(key).to_owned();
        let id = reader.inventory.push(Package { name, role, source: Source::Unknown { text }, ..package });
        reader.places.add(key, id);
        return;
    };
    let mut fields = Fields::of(object);
    let is_link = fields.flag("link") == Some(true);
    let mut package =
        if is_link { read_link(&mut fields, entries, key, package) } else { read_package(&mut fields, key, package) };
    read_flags(&mut fields, is_link, &mut package);
    let wants = dependencies::read(object, &reader.document.lines, &mut fields.problems);
    let bundled = dependencies::read_bundled(object, &wants, &mut fields.problems);
    let has_workspaces = key.is_empty() && !workspaces(object, &mut fields.problems).is_empty();
    check_source(&mut fields, member, &package);
    let id = reader.inventory.push(package);
    let dir = reader.places.add(key, id);
    if !is_link {
        reader.askers.push(Asker { id, dir, wants, bundled, has_workspaces });
    }
    reader.note_duplicates(object, Some(id));
    for problem in fields.problems.into_kept() {
        reader.report(&what, &problem);
    }
}

/// The path as written, or what is left of it when it would lead out of the project.
fn safe_path(reader: &mut Reader<'_, '_>, what: &str, key: &str, index: usize, member: &Member<'_>) -> String {
    let fault = if key.is_empty() { None } else { path_fault(key) };
    match fault {
        None => key.to_owned(),
        Some(fault) => {
            let hint = "only what lies in the project is read: scan that folder on its own, or mend the entry";
            reader.report_with(what, &Problem::new(member.span, fault), hint);
            sanitised(key, index)
        }
    }
}

fn role_of(key: &str, is_link: bool, target: &str) -> Role {
    let place = if is_link { target } else { key };
    match (key, is_inside_node_modules(place)) {
        ("", _) => Role::Root,
        (_, true) => Role::Dependency,
        (_, false) => Role::Workspace,
    }
}

/// A link: its name and version are those of the folder it leads to.
fn read_link(fields: &mut Fields<'_, '_>, entries: &Entries<'_, '_>, key: &str, package: Package) -> Package {
    let target = fields.text("resolved").unwrap_or_default().to_owned();
    let entry = entries.get(target.as_str()).and_then(|member| member.value.as_object());
    let of_target = |field: &str| entry.and_then(|entry| entry.get(field)).and_then(Value::as_str);
    // Without an entry for the folder, only the place of the link names it.
    let fallback = if entry.is_some() { name_from_path(&target) } else { name_from_path(key) };
    let name = of_target("name").unwrap_or(fallback).to_owned();
    let version = of_target("version").map(str::to_owned);
    let source = match (target.is_empty(), path_fault(&target)) {
        (true, _) => Source::Unknown { text: String::new() },
        (false, None) => {
            if entry.is_none() {
                let text = format!("it links to `{}`, which has no entry of its own", short(&target));
                fields
                    .problems
                    .push(Problem::new(package.declared_at.as_ref().map_or(Span::default(), |at| at.span), text));
            }
            Source::Folder { path: target.clone() }
        }
        (false, Some(fault)) => {
            // Where the folder has an entry of its own, that one says it.
            if entry.is_none() {
                let span = fields.object.get("resolved").map(|value| value.span).unwrap_or_default();
                fields.problems.push(Problem::new(span, format!("it links to `{}`: {fault}", short(&target))));
            }
            Source::Folder { path: sanitised(&target, 0) }
        }
    };
    let alias = alias_of(key, &name);
    Package { name, version, alias, source, role: role_of(key, true, &target), ..package }
}

fn read_package(fields: &mut Fields<'_, '_>, key: &str, package: Package) -> Package {
    let declared = fields.text("name");
    let name = declared.unwrap_or_else(|| name_from_path(key)).to_owned();
    let version = fields.text("version").map(str::to_owned);
    let role = role_of(key, false, "");
    let source = match fields.object.get("resolved") {
        _ if role != Role::Dependency || installed_as(key).is_none() => Source::Folder { path: package.path.clone() },
        Some(value) => match fields.text("resolved") {
            Some(text) => fields.source(text, &name),
            None => Source::Unknown { text: value.type_name().to_owned() },
        },
        None if version.is_some() || fields.object.get("integrity").is_some() => {
            Source::Registry { url: None, index: None }
        }
        None => Source::Unknown { text: String::new() },
    };
    let integrity = fields.integrity();
    let alias = alias_of(key, &name);
    Package { name, version, role, alias, source, integrity, ..package }
}

/// The name it is installed under, if another than its own.
fn alias_of(key: &str, name: &str) -> Option<String> {
    installed_as(key).map(|(_, installed)| installed).filter(|installed| *installed != name).map(str::to_owned)
}

fn read_flags(fields: &mut Fields<'_, '_>, is_link: bool, package: &mut Package) {
    package.dev = fields.flag("dev") == Some(true);
    // `devOptional`: production can do without it, development cannot.
    let dev_optional = fields.flag("devOptional") == Some(true);
    package.optional = fields.flag("optional") == Some(true) || dev_optional;
    package.peer = fields.flag("peer") == Some(true);
    package.bundled = fields.flag("inBundle") == Some(true);
    // npm writes the field only when it is true.
    let has_install_script = fields.flag("hasInstallScript") == Some(true);
    package.has_install_script = (!is_link).then_some(has_install_script);
    package.platform = platform(fields.object, &mut fields.problems);
    // Some registries send `deprecated: false`, and npm copies it.
    package.deprecated = fields.object.get("deprecated").and_then(Value::as_str).map(str::to_owned);
    package.license = fields.object.get("license").and_then(Value::as_str).map(str::to_owned);
}

/// Someone else's package must say what it is. npm leaves optional ones that it
/// has never looked at without a word (<https://github.com/npm/cli/issues/4828>).
fn check_source(fields: &mut Fields<'_, '_>, member: &Member<'_>, package: &Package) {
    let span = member.span;
    match &package.source {
        Source::Unknown { text } if text.is_empty() && !package.optional && fields.problems.is_empty() => {
            fields.problems.push(Problem::new(span, "it names neither a version nor a source"));
        }
        Source::Unknown { text } if fields.object.get("resolved").is_some_and(|value| value.as_str().is_some()) => {
            let text = format!("`resolved` is no source that npm knows: `{}`", short(text));
            fields.problems.push(Problem::new(span, text));
        }
        Source::Folder { .. } if package.role != Role::Dependency && fields.object.get("link").is_none() => {
            if let Some(resolved) = fields.object.get("resolved") {
                let text = "a folder of the project has a `resolved`, which npm never writes";
                fields.problems.push(Problem::new(resolved.span, text));
            }
        }
        _ => {}
    }
}
