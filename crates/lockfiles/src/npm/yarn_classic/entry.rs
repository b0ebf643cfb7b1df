//! One entry of the lockfile as a package.

use vetch_model::Integrity;
use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Artifact, Ecosystem, EdgeKind, Package, PackageId, Role, Source};

use super::syntax::{Entry, FieldValue, Pair};
use crate::error::{ReadError, short};
use crate::files::Files;
use crate::npm::hex;
use crate::npm::listing::{Listing, split_name};
use crate::npm::places::sanitised;
use crate::npm::project::{self, Project};
use crate::npm::range::{declared, git, joined};
use crate::npm::source::from_resolved;

/// An entry that has become a package.
#[derive(Debug)]
pub(super) struct Locked<'e, 'a> {
    pub(super) id: PackageId,
    pub(super) entry: &'e Entry<'a>,
    pub(super) wants: Vec<(&'e Pair<'a>, EdgeKind)>,
}

/// The fields of one entry.
#[derive(Debug, Default)]
struct Fields<'e, 'a> {
    version: Option<&'e str>,
    resolved: Option<&'e str>,
    integrity: Option<&'e str>,
    wants: Vec<(&'e Pair<'a>, EdgeKind)>,
}

/// Makes a package of `entry`, whatever is wrong with it.
pub(super) fn read<'e, 'a>(
    files: &dyn Files,
    project: &Project,
    entry: &'e Entry<'a>,
    listing: &mut Listing,
    place: &dyn Fn(Span) -> Location,
) -> Result<Locked<'e, 'a>, ReadError> {
    let first = entry.descriptors.first().map(AsRef::as_ref).unwrap_or_default();
    let what = format!("`{first}`");
    let fields = fields(entry, &what, listing, place);
    let (name, alias) = names(entry, &what, listing, place);
    let range = split_name(first).1;
    let mut package = Package {
        alias: alias.map(str::to_owned),
        declared_at: Some(place(entry.span)),
        ..Package::new(Ecosystem::Npm, name, fields.version)
    };
    match fields.resolved {
        Some(resolved) => set_resolved(&mut package, resolved, name),
        None => package.source = declared(name, range).source,
    }
    if package.version.is_none() {
        listing.report(&what, "it names no version", place(entry.span));
    }
    if let Some(text) = fields.integrity {
        match Integrity::parse(text) {
            Ok(integrity) => package.integrity = Some(integrity),
            Err(error) => listing.report(&what, format!("`integrity`: {error}"), place(entry.span)),
        }
    }
    confine(files, project, &mut package, range, listing);
    if let Source::Unknown { text } = &package.source {
        let why = format!("it comes from `{}`, which is no source that Yarn knows", short(text));
        listing.report(&what, why, place(entry.span));
    }
    let id = listing.push(package)?;
    Ok(Locked { id, entry, wants: fields.wants })
}

fn fields<'e, 'a>(
    entry: &'e Entry<'a>,
    what: &str,
    listing: &mut Listing,
    place: &dyn Fn(Span) -> Location,
) -> Fields<'e, 'a> {
    let mut fields = Fields::default();
    for field in &entry.fields {
        let key = field.key.as_ref();
        match (&field.value, key) {
            (FieldValue::Text(text), "version") => twice(&mut fields.version, text, key, field.span, listing, place),
            (FieldValue::Text(text), "resolved") => twice(&mut fields.resolved, text, key, field.span, listing, place),
            (FieldValue::Text(text), "integrity") => {
                twice(&mut fields.integrity, text, key, field.span, listing, place);
            }
            (FieldValue::Block(pairs), "dependencies") => {
                fields.wants.extend(pairs.iter().map(|pair| (pair, EdgeKind::Production)));
            }
            (FieldValue::Block(pairs), "optionalDependencies") => {
                fields.wants.extend(pairs.iter().map(|pair| (pair, EdgeKind::Optional)));
            }
            // What Yarn 0.x wrote, and what says nothing that the other fields do not.
            (FieldValue::Text(_), "name" | "uid" | "registry") => {}
            (FieldValue::Block(_), "permissions" | "prebuiltVariants") => {}
            (FieldValue::Text(_), _) => {
                listing.report(
                    what,
                    format!("`{}` is a field that Yarn does not write", short(key)),
                    place(field.span),
                );
            }
            (FieldValue::Block(_), _) => {
                listing.report(
                    what,
                    format!("`{}` is a block that Yarn does not write", short(key)),
                    place(field.span),
                );
            }
        }
    }
    // Yarn lists an optional dependency in both blocks at times; the optional one counts.
    let optional: std::collections::HashSet<&str> = fields
        .wants
        .iter()
        .filter(|(_, kind)| *kind == EdgeKind::Optional)
        .map(|(pair, _)| pair.key.as_ref())
        .collect();
    fields.wants.retain(|(pair, kind)| *kind == EdgeKind::Optional || !optional.contains(pair.key.as_ref()));
    fields
}

/// The last of two counts, as everywhere in JavaScript.
fn twice<'e>(
    slot: &mut Option<&'e str>,
    text: &'e str,
    key: &str,
    span: Span,
    listing: &mut Listing,
    place: &dyn Fn(Span) -> Location,
) {
    if let Some(first) = slot.replace(text) {
        listing.note_duplicate(None, key, short(first), Some(short(text)), place(span));
        listing.report("an entry", format!("`{key}` stands in it twice; the last counts"), place(span));
    }
}

/// Its own name, and the name it is installed under where that is another.
fn names<'e>(
    entry: &'e Entry<'_>,
    what: &str,
    listing: &mut Listing,
    place: &dyn Fn(Span) -> Location,
) -> (&'e str, Option<&'e str>) {
    let mut found = entry.descriptors.iter().map(|descriptor| {
        let (name, range) = split_name(descriptor);
        // Yarn 0.x wrote the bare URL of packages that it was given without a name.
        match range.is_empty() && name.contains("://") {
            true => (name.rsplit('/').next().unwrap_or_default(), name),
            false => (declared(name, range).name, name),
        }
    });
    let (name, installed) = found.next().unwrap_or_default();
    let (mut is_mixed, mut alias) = (false, (installed != name).then_some(installed));
    for (other, installed) in found {
        is_mixed |= other != name;
        if alias.is_some_and(|alias| alias != installed) {
            alias = None;
        }
    }
    if is_mixed {
        listing.report(what, "its descriptors name different packages; it was read as the first", place(entry.span));
    }
    (name, alias)
}

/// `resolved`: the URL, with the archive's SHA-1 or the commit behind `#`.
fn set_resolved(package: &mut Package, resolved: &str, name: &str) {
    if let Some(git) = git(resolved).filter(|_| resolved.contains("://") || resolved.contains('@')) {
        package.source = git;
        return;
    }
    let (url, hash) = resolved.split_once('#').unwrap_or((resolved, ""));
    package.integrity = (hash.len() == 40).then(|| hex::integrity("sha1", hash)).flatten();
    let is_bare_file = !url.contains(':') && [".tgz", ".tar.gz"].iter().any(|ending| url.ends_with(ending));
    if is_bare_file {
        // A copy in the team's offline mirror; what it is a copy of is the registry's.
        package.source = Source::Registry { url: None, index: None };
        let integrity = package.integrity.clone();
        package.artifacts = vec![Artifact { file: url.to_owned(), integrity, ..Artifact::default() }];
        return;
    }
    package.source = from_resolved(if hash.is_empty() || package.integrity.is_some() { url } else { resolved }, name);
}

/// Local sources are kept inside the project; a folder is the user's own code,
/// whose version stands in its manifest (Yarn writes `0.0.0` for a link).
fn confine(files: &dyn Files, project: &Project, package: &mut Package, range: &str, listing: &mut Listing) {
    let written = match &package.source {
        Source::Folder { path } | Source::File { path } => path.clone(),
        _ => return,
    };
    let inside = joined("", &written);
    let path = inside.clone().unwrap_or_else(|| sanitised(&written, package.name.len()));
    if inside.is_none() {
        let location = package.declared_at.clone().unwrap_or_else(|| Location::file(listing.file.clone()));
        let why = format!("its source `{}` leads out of the project and is not read", short(&written));
        listing.report(&format!("`{}`", package.label()), why, location);
    }
    if matches!(package.source, Source::File { .. }) {
        package.source = Source::File { path };
        return;
    }
    package.role = Role::Workspace;
    if inside.is_some() {
        let manifest = project::manifest(files, &project.manifest_path(&path));
        match manifest {
            Ok(Some(manifest)) => package.version = manifest.version,
            Ok(None) if range.starts_with("link:") => package.version = None,
            Ok(None) => {}
            Err(error) => listing.incomplete.push(error.into_incomplete()),
        }
    }
    package.path.clone_from(&path);
    package.source = Source::Folder { path };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_behind_the_url_is_an_integrity() {
        let mut package = Package::new(Ecosystem::Npm, "ms", Some("2.0.0"));
        let url = "https://registry.yarnpkg.com/ms/-/ms-2.0.0.tgz";
        set_resolved(&mut package, &format!("{url}#5608aeadfc00be6c2901df5f9861788de0d597c8"), "ms");
        assert_eq!(package.source, Source::Registry { url: Some(url.to_owned()), index: None });
        let integrity = package.integrity.unwrap();
        assert_eq!(integrity.digests[0].to_hex(), "5608aeadfc00be6c2901df5f9861788de0d597c8");
        assert_eq!(integrity.text, "sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g=");
    }

    #[test]
    fn resolved_texts_name_sources() {
        let source = |resolved: &str| {
            let mut package = Package::new(Ecosystem::Npm, "a", None);
            set_resolved(&mut package, resolved, "a");
            package.source
        };
        let commit = "0123456789012345678901234567890123456789";
        for url in ["https://h.invalid/a.git", "git+ssh://git@h.invalid/a.git", "git@h.invalid:a/b.git"] {
            let expected = Source::Git { url: url.to_owned(), commit: Some(commit.to_owned()) };
            assert_eq!(source(&format!("{url}#{commit}")), expected);
        }
        let tarball = "https://codeload.invalid/a/b/tar.gz/0123";
        assert_eq!(source(tarball), Source::Tarball { url: tarball.to_owned() });
        assert_eq!(source("a-1.0.0.tgz#x"), Source::Registry { url: None, index: None });
        assert!(matches!(source("nonsense"), Source::Unknown { .. }));
    }
}
