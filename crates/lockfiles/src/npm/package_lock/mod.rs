//! `package-lock.json`, `npm-shrinkwrap.json` (versions 1, 2 and 3) and the hidden
//! `node_modules/.package-lock.json`.
//!
//! Versions 2 and 3 hold a flat map `packages` by path ([`packages`]); version 1,
//! and version 2 beside it for old clients, a tree `dependencies` ([`legacy`]).
//! npm 7 and later ignore the tree where there is a map; older ones know only the
//! tree, so a contradiction between the two is a [`LockfileNote`].
//! Format: <https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json>.

mod legacy;
mod packages;

use std::collections::HashMap;

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Ecosystem, Inventory, Package, PackageId, Role, Source};
use vetch_model::manifest::Manifest;
use vetch_model::outcome::{Incomplete, Outcome};

use super::dependencies::{Problem, Problems};
use super::edges::{Asker, connect, infer_root_edges};
use super::package_json;
use super::places::Places;
use super::source::{confined, from_resolved};
use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::{Files, beside};
use crate::format::{Format, Reading, required};
use crate::json::{Document, Kind, Limits, Member, Object, Value, parse};

/// Largest lockfile read, in bytes; a project of 10,000 packages has about 5 MB.
pub const MAX_BYTES: usize = 256 << 20;

/// Most JSON values in one lockfile; a project of 10,000 packages has about 150,000.
const MAX_VALUES: usize = 5_000_000;

/// Most packages in one lockfile.
const MAX_PACKAGES: usize = 500_000;

/// Most bad entries told one by one.
const MAX_INCOMPLETE: usize = 10_000;

const RESTORE_FILE: &str =
    "restore the file from version control, or delete it and run `npm install --package-lock-only`";
const RESTORE_ENTRY: &str =
    "restore the entry from version control, or delete it and run `npm install --package-lock-only`";

/// A lockfile, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lockfile {
    /// `lockfileVersion` as it was read: 1, 2 or 3.
    pub version: u32,
    /// Packages and edges.
    pub inventory: Inventory,
    /// What is odd without keeping anything from being read.
    pub notes: Vec<LockfileNote>,
}

/// What a [`LockfileNote`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockfileNoteKind {
    /// `packages` and the `dependencies` kept for old clients name different things for one place.
    Contradiction,
    /// Only the `dependencies` kept for old clients have this place.
    OnlyForOldClients,
    /// A key stands twice; the last counts, a reader of diffs sees the first.
    DuplicateKey,
    /// Another lockfile of the folder, which npm ignores.
    IgnoredLockfile,
    /// The file does not say which package asks for which: all hang on the root.
    NoEdges,
    /// An option that says where packages come from, or how they are checked or built:
    /// `--extra-index-url`, `--trusted-host`.
    SourceOption,
    /// Entries that are no packages (files, devices in an SBOM), counted.
    LeftOut,
}

/// A fact about a lockfile for rules to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockfileNote {
    /// What it is about.
    pub kind: LockfileNoteKind,
    /// The package concerned, where there is one.
    pub package: Option<PackageId>,
    /// The field or key.
    pub field: String,
    /// What stands in the part that npm ignores.
    pub found: String,
    /// What stands in the part that counts.
    pub expected: Option<String>,
    /// Where `found` stands.
    pub location: Location,
}

/// Reads a lockfile. `file` is its path for locations and messages. `manifest` is
/// the `package.json` beside it: it supplies the root of lockfiles that have none
/// (version 1 and hidden ones); without it their root's edges are inferred.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no JSON, an unfinished
/// merge, nested too deeply, no object. A bad entry is [`Outcome::incomplete`],
/// and still a package as far as it is known.
pub fn read(bytes: &[u8], file: &str, manifest: Option<&Manifest>) -> Result<Outcome<Lockfile>, ReadError> {
    let document = parse(bytes, file, Limits { bytes: MAX_BYTES, values: MAX_VALUES }, RESTORE_FILE)?;
    let Some(object) = document.root.as_object() else {
        return Err(ReadError::new(
            ReadErrorKind::Shape,
            document.location(document.root.span),
            format!("it holds {} where a lockfile is an object", document.root.type_name()),
            RESTORE_FILE,
        ));
    };
    let mut reader = Reader {
        document: &document,
        inventory: Inventory { file: file.to_owned(), ..Inventory::default() },
        incomplete: Vec::new(),
        more_incomplete: 0,
        is_too_large: false,
        notes: Vec::new(),
        places: Places::new(),
        askers: Vec::new(),
    };
    let version = reader.read_version(object);
    reader.read_body(object, version, manifest);
    if reader.is_too_large {
        let problem = format!("it lists more than {MAX_PACKAGES} packages");
        return Err(ReadError::new(ReadErrorKind::TooLarge, Location::file(file), problem, RESTORE_FILE));
    }
    reader.note_file(object);
    let Reader { inventory, mut incomplete, notes, more_incomplete, .. } = reader;
    if more_incomplete > 0 {
        let why = format!("{more_incomplete} more of its entries are not what npm writes");
        incomplete.push(Incomplete::new(file, why, RESTORE_FILE).at(Location::file(file)));
    }
    Ok(Outcome { value: Lockfile { version, inventory, notes }, incomplete })
}

/// Reads the lockfile `file` of a tree, with the `package.json` beside it.
///
/// # Errors
/// As [`read`].
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    let beside = match file.strip_suffix("node_modules/.package-lock.json") {
        Some(folder) => format!("{folder}package.json"),
        None => beside(file, "package.json"),
    };
    let mut incomplete = Vec::new();
    let manifest = match files.read(&beside, package_json::MAX_BYTES as u64) {
        Ok(bytes) => bytes.map(|bytes| package_json::read(&bytes, &beside)).transpose(),
        Err(error) => Err(error),
    };
    let manifest = manifest.unwrap_or_else(|error| {
        incomplete.push(error.into_incomplete());
        None
    });
    let outcome = read(&bytes, file, manifest.as_ref())?;
    incomplete.extend(outcome.incomplete);
    let Lockfile { version, inventory, notes } = outcome.value;
    let format_version = version.to_string();
    Ok(Outcome { value: Reading { format: Format::PackageLock, format_version, inventory, notes }, incomplete })
}

/// What the parts of this module build together.
struct Reader<'d, 'a> {
    document: &'d Document<'a>,
    inventory: Inventory,
    incomplete: Vec<Incomplete>,
    /// Beyond [`MAX_INCOMPLETE`].
    more_incomplete: usize,
    /// It lists more than [`MAX_PACKAGES`].
    is_too_large: bool,
    notes: Vec<LockfileNote>,
    places: Places,
    askers: Vec<Asker>,
}

impl<'d, 'a> Reader<'d, 'a> {
    /// The version, or what the contents look like where it is missing or unheard of.
    fn read_version(&mut self, object: &Object<'_>) -> u32 {
        let seen = if object.get("packages").is_none() { 1 } else { 3 };
        let Some(value) = object.get("lockfileVersion") else { return seen };
        match &value.kind {
            Kind::Number(text @ ("1" | "2" | "3")) => text.parse().unwrap_or(seen),
            // npm 5's first lockfiles.
            Kind::Number("0") => 1,
            _ => {
                let raw = self.raw(value.span);
                let why = format!("`lockfileVersion` is `{raw}`, not 1, 2 or 3; it was read as version {seen}");
                let hint = "update Vetch if npm has a newer format; else run `npm install --package-lock-only`";
                let location = self.document.location(value.span);
                self.incomplete.push(Incomplete::new(self.document.file, why, hint).at(location));
                seen
            }
        }
    }

    /// Entries that a damaged file has at its top would be lost without a word.
    fn check_sections(&mut self, object: &Object<'_>) {
        const SECTIONS: &[&str] = &["packages", "dependencies", "requires"];
        let is_astray =
            |member: &&Member<'_>| member.value.as_object().is_some() && !SECTIONS.contains(&member.key.as_ref());
        for member in object.members.iter().filter(is_astray) {
            let text = "it is no section of this format, so it was not read";
            self.report(&format!("`{}`", short(&member.key)), &Problem::new(member.span, text));
        }
    }

    fn read_body(&mut self, object: &'d Object<'a>, version: u32, manifest: Option<&Manifest>) {
        self.check_sections(object);
        let map = self.section(object, "packages");
        let tree = self.section(object, "dependencies");
        if map.is_none() && version > 1 {
            let why = "it has no usable `packages`, which lists what is installed";
            let location = Location::file(self.document.file);
            self.incomplete.push(Incomplete::new(self.document.file, why, RESTORE_FILE).at(location));
        }
        let has_root = map.is_some_and(|map| map.get("").is_some());
        let is_hidden = self.document.file.ends_with(".package-lock.json");
        if map.is_some() && !has_root && !is_hidden {
            let why = "it has no entry for the project itself, so what the project asks for is inferred";
            let location = Location::file(self.document.file);
            self.incomplete.push(Incomplete::new(self.document.file, why, RESTORE_FILE).at(location));
        }
        let root = (!has_root).then(|| self.add_root(object, manifest));
        match (map, tree) {
            (Some(map), tree) => {
                packages::read(self, map);
                if let Some(tree) = tree {
                    legacy::compare(self, tree);
                }
            }
            (None, Some(tree)) => legacy::read(self, tree),
            (None, None) => {}
        }
        connect(&mut self.inventory, &self.places, &self.askers);
        legacy::refine_edge_kinds(&mut self.inventory, map.is_none());
        if let Some(root) = root.filter(|_| manifest.is_none()) {
            infer_root_edges(&mut self.inventory, root);
        }
    }

    /// A top-level object; another type is reported.
    fn section(&mut self, object: &'d Object<'a>, field: &str) -> Option<&'d Object<'a>> {
        let value = object.get(field)?;
        if value.as_object().is_none() {
            self.report(&format!("`{field}`"), &Problem::wrong_type(field, value, "an object"));
        }
        value.as_object()
    }

    /// The project itself, for lockfiles without an entry for it.
    fn add_root(&mut self, object: &Object<'_>, manifest: Option<&Manifest>) -> PackageId {
        let text = |field: &str| object.get(field).and_then(Value::as_str).map(str::to_owned);
        let name = manifest.and_then(|manifest| manifest.name.clone()).or_else(|| text("name")).unwrap_or_default();
        let version = manifest.and_then(|manifest| manifest.version.clone()).or_else(|| text("version"));
        let location = Location::file(self.document.file);
        let root = Package { name, version, role: Role::Root, ..blank(String::new(), location) };
        let id = self.inventory.push(Package { source: Source::Folder { path: String::new() }, ..root });
        let dir = self.places.add("", id);
        if let Some(manifest) = manifest {
            self.askers.push(Asker {
                id,
                dir,
                wants: manifest.dependencies.clone(),
                bundled: manifest.bundled.clone(),
                has_workspaces: !manifest.workspaces.is_empty(),
            });
        }
        id
    }

    /// Duplicate keys at the top, and bytes that are no UTF-8.
    fn note_file(&mut self, object: &Object<'_>) {
        self.note_duplicates(object, None);
        if let Some(start) = self.document.invalid_utf8 {
            let location = self.document.location(Span { start, end: start });
            let why = "a string holds bytes that are no UTF-8; they were read as U+FFFD, as npm does";
            self.incomplete.push(Incomplete::new(self.document.file, why, RESTORE_FILE).at(location));
        }
    }

    fn note_duplicates(&mut self, object: &Object<'_>, package: Option<PackageId>) {
        let (kept, overridden) = object.split_duplicates();
        if overridden.is_empty() {
            return;
        }
        let counts: HashMap<&str, Span> = kept.iter().map(|member| (member.key.as_ref(), member.value.span)).collect();
        for member in overridden.into_iter().take(MAX_INCOMPLETE) {
            self.notes.push(LockfileNote {
                kind: LockfileNoteKind::DuplicateKey,
                package,
                field: short(&member.key),
                found: self.raw(member.value.span),
                expected: counts.get(member.key.as_ref()).map(|span| self.raw(*span)),
                location: self.document.location(member.span),
            });
        }
    }

    /// An entry, or part of it, that is not what npm writes.
    fn report(&mut self, what: &str, problem: &Problem) {
        self.report_with(what, problem, RESTORE_ENTRY);
    }

    fn report_with(&mut self, what: &str, problem: &Problem, hint: &str) {
        if self.incomplete.len() >= MAX_INCOMPLETE {
            self.more_incomplete += 1;
            return;
        }
        let what = format!("{} in {}", short(what), self.document.file);
        let location = self.document.location(problem.span);
        self.incomplete.push(Incomplete::new(what, problem.text.clone(), hint).at(location));
    }

    /// The text of a span, cut to a length that fits a message.
    fn raw(&self, span: Span) -> String {
        self.document.excerpt(span)
    }
}

/// A package of which nothing is known but its place.
fn blank(path: String, location: Location) -> Package {
    Package { path, declared_at: Some(location), ..Package::new(Ecosystem::Npm, "", None) }
}

/// The fields of one entry; each that is of a wrong type is a problem of its own.
struct Fields<'d, 'a> {
    object: &'d Object<'a>,
    problems: Problems,
}

impl<'d, 'a> Fields<'d, 'a> {
    fn of(object: &'d Object<'a>) -> Fields<'d, 'a> {
        Fields { object, problems: Problems::default() }
    }

    fn text(&mut self, field: &str) -> Option<&'d str> {
        let value = self.object.get(field)?;
        if value.as_str().is_none() {
            self.problems.push(Problem::wrong_type(field, value, "a string"));
        }
        value.as_str()
    }

    fn flag(&mut self, field: &str) -> Option<bool> {
        let value = self.object.get(field)?;
        if value.as_bool().is_none() {
            self.problems.push(Problem::wrong_type(field, value, "a boolean"));
        }
        value.as_bool()
    }

    /// What a `resolved` or `version` text of the package `name` says, kept inside the project.
    fn source(&mut self, text: &str, name: &str) -> Source {
        let (source, fault) = confined(from_resolved(text, name));
        if let Some(fault) = fault {
            let value = self.object.get("resolved").or_else(|| self.object.get("version"));
            let span = value.map(|value| value.span).unwrap_or_default();
            self.problems.push(Problem::new(span, format!("its source `{}` is not read: {fault}", short(text))));
        }
        source
    }

    /// `integrity`; a text without a usable digest is a problem, not an absence.
    fn integrity(&mut self) -> Option<vetch_model::Integrity> {
        let text = self.text("integrity")?;
        match vetch_model::Integrity::parse(text) {
            Ok(integrity) => Some(integrity),
            Err(error) => {
                let span = self.object.get("integrity").map(|value| value.span).unwrap_or_default();
                self.problems.push(Problem::new(span, format!("`integrity`: {error}")));
                None
            }
        }
    }
}
