//! `bun.lock`: JSON with comments and trailing commas.
//!
//! `workspaces` holds what the project and its members ask for; `packages` every
//! package by its place: `a/b` is the `b` in `a`'s own `node_modules`. Each is an
//! array whose first text, `name@…`, says of which kind it is ([`mod@tuple`]).
//! Format: <https://github.com/oven-sh/bun/blob/main/src/install/lockfile/bun.lock.zig>.

mod tuple;

use std::collections::HashMap;

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Package, PackageId, Role, Source, Unresolved};
use vetch_model::manifest::Dependency;
use vetch_model::outcome::Outcome;

use super::dependencies::{self, Problem, Problems, strings};
use super::edges::{Asker, connect};
use super::listing::{Listing, array, root_object, section, text, with_merge_hint};
use super::places::{Places, path_fault, sanitised};
use super::project::manifest;
use super::workspaces::below;
use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::Files;
use crate::format::{Format, Reading, required};
use crate::installed::flags::set_flags;
use crate::json::{Document, Kind, Limits, Member, Object, Syntax, Value, parse_as};

/// Largest lockfile read, in bytes; a project of 10,000 packages has about 4 MB.
pub const MAX_BYTES: usize = 128 << 20;

/// Most JSON values in one lockfile; a project of 10,000 packages has about 120,000.
const MAX_VALUES: usize = 5_000_000;

const RESTORE: &str = "restore it from version control, or delete it and run `bun install --lockfile-only`";

/// What stands at the top.
const SECTIONS: &[&str] = &[
    "lockfileVersion",
    "configVersion",
    "workspaces",
    "packages",
    "trustedDependencies",
    "patchedDependencies",
    "overrides",
    "catalog",
    "catalogs",
];

/// What a workspace or the object of a package may hold.
const FIELDS: &[&str] = &[
    "name",
    "version",
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "optionalPeers",
    "os",
    "cpu",
    "libc",
    "bin",
    "binDir",
    "bundled",
    "hasInstallScript",
];

/// Reads the lockfile `file` of a tree.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no JSON, an unfinished merge,
/// nested too deeply, no object, or the binary `bun.lockb`. A bad entry is
/// [`Outcome::incomplete`], and still a package as far as it is known.
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    if file.ends_with(".lockb") || bytes.starts_with(b"#!/usr/bin/env bun\nbun-lockfile-format") {
        return Err(ReadError::new(
            ReadErrorKind::Shape,
            Location::file(file),
            "it is a binary lockfile of Bun, which only Bun itself reads",
            "run `bun install --save-text-lockfile --frozen-lockfile --lockfile-only` and scan the bun.lock that it writes",
        ));
    }
    let limits = Limits { bytes: MAX_BYTES, values: MAX_VALUES };
    let document = parse_as(Syntax::Relaxed, &bytes, file, limits, RESTORE).map_err(|error| {
        with_merge_hint(
            error,
            "finish the merge: resolve package.json first, then delete bun.lock and run `bun install`",
        )
    })?;
    let object = root_object(&document, RESTORE)?;
    let mut reader = Reader {
        document: &document,
        listing: Listing::new(file, RESTORE),
        places: Places::new(),
        askers: Vec::new(),
        folders: HashMap::new(),
        members: HashMap::new(),
    };
    reader.listing.report_unknown(object, SECTIONS, &document);
    let version = reader.version(object);
    reader.workspaces(object)?;
    reader.packages(object)?;
    reader.add_versions(files);
    Ok(reader.finish(object, &version))
}

/// What the parts of this module build together.
struct Reader<'d, 'a> {
    document: &'d Document<'a>,
    listing: Listing,
    places: Places,
    askers: Vec<Asker>,
    /// The user's own packages by folder.
    folders: HashMap<String, PackageId>,
    /// Folders of the workspaces by the name of the member.
    members: HashMap<String, String>,
}

impl<'d, 'a> Reader<'d, 'a> {
    fn at(&self, span: Span) -> Location {
        self.document.location(span)
    }

    fn version(&mut self, object: &Object<'_>) -> String {
        let Some(value) = object.get("lockfileVersion") else {
            let why = "it has no `lockfileVersion`; it was read as version 1";
            self.listing.report("", why, Location::file(self.listing.file.clone()));
            return String::new();
        };
        match &value.kind {
            Kind::Number(text @ ("0" | "1" | "2")) => (*text).to_owned(),
            _ => {
                let raw = self.document.excerpt(value.span);
                let why = format!("`lockfileVersion` is `{raw}`, not 0, 1 or 2; it was read as version 2");
                self.listing.report("", why, self.at(value.span));
                raw
            }
        }
    }

    /// The project and its members, in file order, the project first.
    fn workspaces(&mut self, object: &'d Object<'a>) -> Result<(), ReadError> {
        let mut problems = Problems::default();
        let map = section(object, "workspaces", &mut problems);
        self.listing.report_all("`workspaces`", problems, self.document);
        let (kept, _) = map.map(Object::split_duplicates).unwrap_or_default();
        if let Some(map) = map {
            self.note_duplicates(map, None);
        }
        let root = kept.iter().find(|member| member.key.is_empty()).copied();
        match root {
            Some(member) => self.workspace(member)?,
            None => {
                let why = "it has no entry for the project itself, so what the project asks for is unknown";
                self.listing.report("", why, Location::file(self.listing.file.clone()));
                let source = Source::Folder { path: String::new() };
                let package = Package::new(Ecosystem::Npm, "", None);
                let declared_at = Some(Location::file(self.listing.file.clone()));
                let id = self.listing.push(Package { role: Role::Root, source, declared_at, ..package })?;
                self.folders.insert(String::new(), id);
                self.places.add("", id);
            }
        }
        kept.into_iter().filter(|member| !member.key.is_empty()).try_for_each(|member| self.workspace(member))
    }

    fn workspace(&mut self, member: &'d Member<'a>) -> Result<(), ReadError> {
        let key = member.key.as_ref();
        let what = if key.is_empty() { "the entry of the project".to_owned() } else { format!("workspace `{key}`") };
        let mut problems = Problems::default();
        let mut folder = key.to_owned();
        if let Some(fault) = path_fault(key).filter(|_| !key.is_empty()) {
            problems.push(Problem::new(member.span, fault));
            folder = sanitised(key, self.listing.inventory.packages.len());
        }
        let object = member.value.as_object();
        if object.is_none() {
            problems.push(Problem::not_an_object(&member.value));
        }
        let name = object.and_then(|object| text(object, "name", &mut problems)).unwrap_or_default();
        let version = object.and_then(|object| text(object, "version", &mut problems));
        let role = if key.is_empty() { Role::Root } else { Role::Workspace };
        let id = self.listing.push(Package {
            role,
            source: Source::Folder { path: folder.clone() },
            path: folder.clone(),
            declared_at: Some(self.at(member.span)),
            ..Package::new(Ecosystem::Npm, name, version)
        })?;
        if role == Role::Workspace {
            self.members.insert(name.to_owned(), folder.clone());
            let root = PackageId(0);
            self.listing.inventory.edges.push(Edge::new(root, id, name, "", EdgeKind::Workspace));
        }
        // Members are found under their name, as links in `node_modules`.
        let place = if key.is_empty() { String::new() } else { format!("node_modules/{name}") };
        self.folders.insert(key.to_owned(), id);
        if let Some(object) = object {
            self.asker(id, &place, object, &mut problems);
            self.note_duplicates(object, Some(id));
        } else {
            self.places.add(&place, id);
        }
        self.listing.report_all(&what, problems, self.document);
        Ok(())
    }

    /// Registers a package at its place, with what it asks for.
    fn asker(&mut self, id: PackageId, place: &str, object: &Object<'_>, problems: &mut Problems) {
        self.listing.report_unknown(object, FIELDS, self.document);
        // Bun writes it only where it is true, and not before 1.4.
        if let Some(value) = object.get("hasInstallScript") {
            match (value.as_bool(), self.listing.inventory.packages.get_mut(id.0 as usize)) {
                (Some(runs), Some(package)) => package.has_install_script = Some(runs),
                _ => problems.push(Problem::wrong_type("hasInstallScript", value, "a boolean")),
            }
        }
        let dir = self.places.add(place, id);
        let wants = wants(object, self.document, problems);
        self.askers.push(Asker { id, dir, wants, bundled: Vec::new(), has_workspaces: false });
    }

    fn note_duplicates(&mut self, object: &Object<'_>, package: Option<PackageId>) {
        let document = self.document;
        self.listing.note_duplicates(object, package, document, |span| document.location(span));
    }

    fn packages(&mut self, object: &'d Object<'a>) -> Result<(), ReadError> {
        let mut problems = Problems::default();
        let map = section(object, "packages", &mut problems);
        if object.get("packages").is_none() {
            problems.push(Problem::new(self.document.root.span, "it has no `packages`, which lists what is installed"));
        }
        self.listing.report_all("", problems, self.document);
        let Some(map) = map else { return Ok(()) };
        self.note_duplicates(map, None);
        map.split_duplicates().0.into_iter().try_for_each(|member| tuple::read(self, member))
    }

    /// Bun writes no version of the project and of folders; their manifests have it, where they are there.
    fn add_versions(&mut self, files: &dyn Files) {
        let base = self.listing.file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        for package in &mut self.listing.inventory.packages {
            let Source::Folder { path } = &package.source else { continue };
            if package.version.is_some() || path_fault(path).is_some_and(|_| !path.is_empty()) {
                continue;
            }
            match manifest(files, &below(&below(&base, path), "package.json")) {
                Ok(found) => package.version = found.and_then(|found| found.version),
                Err(error) => self.listing.incomplete.push(error.into_incomplete()),
            }
        }
    }

    /// Bun locks optional packages for every platform; one that is not there could not be had.
    fn add_missing_optional(&mut self) {
        for asker in &self.askers {
            let optional = asker.wants.iter().filter(|want| want.kind == EdgeKind::Optional);
            for want in optional.filter(|want| self.places.resolve(asker.dir, &want.name).is_none()) {
                let (name, range) = (want.name.clone(), want.range.clone());
                self.listing.inventory.unresolved.push(Unresolved { from: asker.id, name, range, kind: want.kind });
            }
        }
    }

    fn finish(mut self, object: &Object<'_>, version: &str) -> Outcome<Reading> {
        connect(&mut self.listing.inventory, &self.places, &self.askers);
        self.listing.report_unresolved();
        self.add_missing_optional();
        mark_bundled(&mut self.listing);
        set_flags(&mut self.listing.inventory);
        self.note_duplicates(object, None);
        let mut problems = Problems::default();
        // What these say is about installing; that they are readable is all there is to tell.
        array(object, "trustedDependencies", &mut problems);
        for field in ["overrides", "patchedDependencies", "catalog", "catalogs"] {
            section(object, field, &mut problems);
        }
        self.listing.report_all("", problems, self.document);
        if let Some(start) = self.document.invalid_utf8 {
            let why = "a string holds bytes that are no UTF-8; they were read as U+FFFD";
            self.listing.report("", why, self.at(Span { start, end: start }));
        }
        self.listing.finish(Format::Bun, version)
    }
}

/// The dependency fields; Bun keeps the names of optional peers in a list.
fn wants(object: &Object<'_>, document: &Document<'_>, problems: &mut Problems) -> Vec<Dependency> {
    let mut wants = dependencies::read(object, &document.lines, problems);
    if let Some(value) = object.get("optionalPeers") {
        let optional: std::collections::HashSet<String> =
            strings("optionalPeers", value, problems).into_iter().collect();
        for want in wants.iter_mut().filter(|want| want.kind == EdgeKind::Peer && optional.contains(&want.name)) {
            want.kind = EdgeKind::PeerOptional;
        }
    }
    wants
}

/// An edge to a bundled package from the one whose archive ships it.
fn mark_bundled(listing: &mut Listing) {
    let inventory = &mut listing.inventory;
    for edge in &mut inventory.edges {
        let parts = inventory.packages.get(edge.from.0 as usize).zip(inventory.packages.get(edge.to.0 as usize));
        edge.bundled = parts.is_some_and(|(from, to)| {
            let inside = to.path.strip_prefix(from.path.as_str());
            to.bundled && !from.path.is_empty() && inside.is_some_and(|rest| rest.starts_with("/node_modules/"))
        });
    }
}

/// The value as text for messages, where it should have been one.
fn raw(document: &Document<'_>, value: &Value<'_>) -> String {
    short(&document.excerpt(value.span))
}
