//! One entry of `packages`: an array whose length and order depend on the kind.
//!
//! ```text
//! npm        ["name@version", registry, {…}, integrity]
//! folder     ["name@file:path", {…}]            link  ["name@link:path", {…}]
//! tarball    ["name@url-or-path", {…}, integrity?]
//! git        ["name@git+url#commit", {…}, tag]  GitHub ["name@github:user/repo#commit", {…}, tag]
//! workspace  ["name@workspace:path"]            root  ["name@root:", {…}]
//! ```

use vetch_model::Integrity;
use vetch_model::inventory::{Ecosystem, Package, PackageId, Role, Source};

use super::{Reader, raw};
use crate::error::{ReadError, short};
use crate::json::{Kind, Member, Object, Value};
use crate::npm::dependencies::{Problem, Problems};
use crate::npm::listing::split_name;
use crate::npm::package_json::platform;
use crate::npm::places::{installed_as, path_fault, sanitised};
use crate::npm::range::{declared, git, joined};
use crate::npm::source::from_resolved;

/// Items of the longest kind.
const MOST_ITEMS: usize = 4;

/// Makes a package of one entry, whatever is wrong with it.
pub(super) fn read<'a>(reader: &mut Reader<'_, 'a>, member: &Member<'a>) -> Result<(), ReadError> {
    let key = member.key.as_ref();
    let what = format!("`{key}`");
    let mut problems = Problems::default();
    let items: &[Value<'_>] = match &member.value.kind {
        Kind::Array(items) => items,
        _ => {
            problems.push(Problem::new(
                member.value.span,
                format!("the entry is {}, not an array", member.value.type_name()),
            ));
            &[]
        }
    };
    let head = items.first().and_then(Value::as_str);
    if head.is_none() && problems.is_empty() {
        problems.push(Problem::new(member.value.span, "its first item is not the text `name@version`"));
    }
    let (name, rest) = split_name(head.unwrap_or_default());
    let place = place(key);
    if let Some(id) = own(reader, rest, head.is_some()) {
        reader.places.add(&place, id);
        reader.listing.report_all(&what, problems, reader.document);
        return Ok(());
    }
    let (path, fault) = real_path(reader, key);
    if let Some(fault) = fault {
        problems.push(Problem::new(member.span, fault));
    }
    let installed = installed_as(&place).map_or(key, |(_, name)| name);
    let name = if name.is_empty() { installed } else { name };
    let mut package = Package {
        alias: (installed != name).then(|| installed.to_owned()),
        path,
        declared_at: Some(reader.at(member.span)),
        ..Package::new(Ecosystem::Npm, name, None)
    };
    match head {
        Some(_) => set_source(&mut package, rest, items, member, &mut problems),
        None => package.source = Source::Unknown { text: raw(reader.document, &member.value) },
    }
    set_integrity(&mut package, items, &mut problems);
    if let Some(more) = items.get(MOST_ITEMS) {
        problems.push(Problem::new(more.span, format!("it has more than {MOST_ITEMS} items; the rest was not read")));
    }
    let info = items.iter().skip(1).find_map(Value::as_object);
    if let Some(info) = info {
        package.platform = platform(info, &mut problems);
        package.bundled = info.get("bundled").and_then(Value::as_bool) == Some(true);
    } else if head.is_some() {
        problems.push(Problem::new(member.span, "it has no object with what it depends on"));
    }
    let id = reader.listing.push(package)?;
    match info {
        Some(info) => register(reader, id, &place, info, &mut problems),
        None => drop(reader.places.add(&place, id)),
    }
    reader.listing.report_all(&what, problems, reader.document);
    Ok(())
}

fn register(reader: &mut Reader<'_, '_>, id: PackageId, place: &str, info: &Object<'_>, problems: &mut Problems) {
    reader.asker(id, place, info, problems);
    reader.note_duplicates(info, Some(id));
}

/// The user's own package that an entry only points to.
fn own(reader: &Reader<'_, '_>, rest: &str, has_head: bool) -> Option<PackageId> {
    if !has_head {
        return None;
    }
    match rest.strip_prefix("workspace:") {
        Some(folder) => reader.folders.get(folder).copied(),
        None if rest == "root:" => Some(PackageId(0)),
        None => None,
    }
}

/// `a/@s/b/c` as `node_modules/a/node_modules/@s/b/node_modules/c`.
fn place(key: &str) -> String {
    let mut place = String::with_capacity(key.len() + 14);
    let mut is_in_scope = false;
    for segment in key.split('/') {
        if is_in_scope {
            place.push('/');
        } else {
            place.push_str(if place.is_empty() { "node_modules/" } else { "/node_modules/" });
        }
        place.push_str(segment);
        is_in_scope = !is_in_scope && segment.starts_with('@');
    }
    place
}

/// Where Bun's hoisted layout puts it: below the folder of its workspace, if the key begins with one.
fn real_path(reader: &Reader<'_, '_>, key: &str) -> (String, Option<&'static str>) {
    let scope = key.starts_with('@').then(|| key.find('/')).flatten().map_or(0, |at| at + 1);
    let end = key.get(scope..).and_then(|rest| rest.find('/')).map(|at| at + scope);
    let first = end.and_then(|end| key.get(..end)).filter(|first| reader.members.contains_key(*first));
    let path = match first.and_then(|first| Some((reader.members.get(first)?, key.get(first.len() + 1..)?))) {
        Some((folder, rest)) => format!("{folder}/{}", place(rest)),
        None => place(key),
    };
    match path_fault(&path) {
        Some(fault) => (sanitised(&path, reader.listing.inventory.packages.len()), Some(fault)),
        None => (path, None),
    }
}

fn set_source(package: &mut Package, rest: &str, items: &[Value<'_>], member: &Member<'_>, problems: &mut Problems) {
    let is_local_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| rest.ends_with(ending));
    if rest.is_empty() {
        problems.push(Problem::new(member.span, "it names neither a version nor a source"));
    } else if let Some(path) = rest.strip_prefix("workspace:") {
        problems.push(Problem::new(member.span, format!("`workspaces` has no entry for its folder `{}`", short(path))));
        local(package, path, member, problems);
    } else if let Some(path) = rest.strip_prefix("link:").or_else(|| rest.strip_prefix("file:")) {
        local(package, path, member, problems);
    } else if rest.contains("://") || rest.contains(':') {
        package.source = git(rest).map(short_commit(rest)).unwrap_or_else(|| declared(&package.name, rest).source);
        if !matches!(package.source, Source::Git { .. } | Source::Tarball { .. }) {
            package.source = Source::Unknown { text: rest.to_owned() };
            problems.push(Problem::new(member.span, format!("`{}` is no source that Bun knows", short(rest))));
        }
    } else if is_local_archive {
        local(package, rest, member, problems);
    } else {
        package.version = Some(rest.to_owned());
        package.source = registry(&package.name, items.get(1).and_then(Value::as_str), items, problems);
    }
}

/// Bun locks GitHub's commits by their first seven digits.
fn short_commit(rest: &str) -> impl Fn(Source) -> Source {
    let fragment = rest.rsplit_once('#').map(|(_, commit)| commit.to_owned()).unwrap_or_default();
    let is_hash = fragment.len() >= 7 && fragment.bytes().all(|byte| byte.is_ascii_hexdigit());
    move |source| match source {
        Source::Git { url, commit: None } if is_hash => Source::Git { url, commit: Some(fragment.clone()) },
        other => other,
    }
}

/// The second item of a package from a registry: empty for the default one, else
/// the archive's URL or the registry's.
fn registry(name: &str, written: Option<&str>, items: &[Value<'_>], problems: &mut Problems) -> Source {
    match written {
        None => {
            if let Some(value) = items.get(1) {
                problems.push(Problem::wrong_type("registry", value, "a string"));
            }
            Source::Registry { url: None, index: None }
        }
        Some("") => Source::Registry { url: None, index: None },
        Some(text) => match from_resolved(text, name) {
            found @ Source::Registry { .. } => found,
            Source::Tarball { url } if url.ends_with(".tgz") => Source::Tarball { url },
            _ => Source::Registry { url: None, index: Some(text.to_owned()) },
        },
    }
}

/// A folder or archive beside the project. Folders are the user's own code.
fn local(package: &mut Package, written: &str, member: &Member<'_>, problems: &mut Problems) {
    let inside = joined("", written.trim_start_matches("file:"));
    if inside.is_none() {
        let why = format!("its source `{}` leads out of the project and is not read", short(written));
        problems.push(Problem::new(member.span, why));
    }
    let path = inside.unwrap_or_else(|| sanitised(written, member.span.start as usize));
    package.source = match from_resolved(&format!("file:{path}"), &package.name) {
        file @ Source::File { .. } => file,
        _ => {
            package.role = Role::Workspace;
            package.path.clone_from(&path);
            Source::Folder { path }
        }
    };
}

/// The last text that looks like a digest; what a git package ends in is a tag.
fn set_integrity(package: &mut Package, items: &[Value<'_>], problems: &mut Problems) {
    // Only a package from a registry has a version here, and four items.
    let is_npm = package.version.is_some();
    let last = items.iter().skip(if is_npm { 3 } else { 2 }).rev().find(|item| match item.as_str() {
        Some(text) => is_npm || text.starts_with("sha"),
        None => item.as_object().is_none(),
    });
    let Some(value) = last else { return };
    match value.as_str().map(Integrity::parse) {
        Some(Ok(integrity)) => package.integrity = Some(integrity),
        Some(Err(_)) if value.as_str() == Some("") => {}
        Some(Err(error)) => problems.push(Problem::new(value.span, format!("`integrity`: {error}"))),
        None => problems.push(Problem::wrong_type("integrity", value, "a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn keys_are_places() {
        assert_eq!(place("a"), "node_modules/a");
        assert_eq!(place("@s/a"), "node_modules/@s/a");
        assert_eq!(place("a/@s/b/c"), "node_modules/a/node_modules/@s/b/node_modules/c");
    }
}
