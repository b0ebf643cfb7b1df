//! `pnpm-lock.yaml`, versions 5, 6 and 9 (and what comes after, as far as it is like them).
//!
//! A file holds one or more YAML documents; pnpm 11 and later put the packages
//! that pnpm itself needs into a first one and the project's into a second. All
//! are read, and an importer that several of them speak of is one package.
//! [`importers`] are the user's own packages, [`packages`] everything else: one
//! [`Package`] for every set of peers it is installed with.
//! Format: <https://github.com/pnpm/spec/tree/master/lockfile>.

mod dep_path;
mod importers;
mod md5;
mod packages;
mod resolution;
mod store_folder;

use std::collections::HashMap;

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Edge, EdgeKind, Package, PackageId, Role, Source, Unresolved};
use vetch_model::outcome::{Incomplete, Outcome};

use super::dependencies::Problem;
use super::entries::{Report, may_hide_entries};
use super::manifests::Manifests;
use super::reach::refine;
use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::{Files, beside};
use crate::format::{Format, Reading, required};
use crate::yaml::{Limits, Mapping, Value, parse};
use dep_path::{Style, candidates};
use store_folder::Shortening;

/// Largest lockfile read, in bytes; a project of 10,000 packages has about 3 MB.
pub const MAX_BYTES: usize = 256 << 20;

/// Most values in one lockfile; a project of 10,000 packages has about 200,000.
const MAX_VALUES: usize = 5_000_000;

/// Most packages in one lockfile.
const MAX_PACKAGES: usize = 500_000;

const RESTORE: &str = "restore it from version control, or delete the file and run `pnpm install --lockfile-only`";

/// Sections that are read, and those that say nothing about packages.
const KNOWN_SECTIONS: &[&str] = &[
    "catalogs",
    "dependencies",
    "dependenciesMeta",
    "devDependencies",
    "ignoredOptionalDependencies",
    "importers",
    "lockfileVersion",
    "neverBuiltDependencies",
    "onlyBuiltDependencies",
    "optionalDependencies",
    "overrides",
    "packageExtensionsChecksum",
    "packages",
    "patchedDependencies",
    "pnpmfileChecksum",
    "settings",
    "snapshots",
    "specifiers",
    "time",
];

/// Groups of dependencies that are installed before all others, and named after their field.
const SETUP_GROUPS: &[&str] = &["configDependencies", "packageManagerDependencies"];

/// Reads the lockfile `file` of a tree, with the `package.json` files of its importers.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no YAML, an unfinished
/// merge, nested too deeply, no mapping. A bad entry is [`Outcome::incomplete`],
/// and still a package as far as it is known.
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    let stream = parse(&bytes, file, Limits { bytes: MAX_BYTES, values: MAX_VALUES }, RESTORE)?;
    let mut reader = Reader {
        report: Report::new(&stream, RESTORE),
        manifests: Manifests::new(files),
        importers: HashMap::new(),
        folders: HashMap::new(),
    };
    let mut version = "";
    let mut documents = Vec::new();
    for value in &stream.documents {
        let Some(mapping) = value.as_mapping() else {
            // An empty document says nothing; pnpm takes an empty file for no lockfile.
            if !value.is_null() || stream.documents.len() == 1 {
                let problem = format!("it holds {} where a lockfile is a mapping", value.type_name());
                return Err(ReadError::new(ReadErrorKind::Shape, stream.location(value.span), problem, RESTORE));
            }
            continue;
        };
        reader.report.duplicates(mapping, None);
        let style = reader.style(mapping);
        version = mapping.get("lockfileVersion").and_then(Value::as_str).unwrap_or(version);
        reader.unknown_sections(mapping);
        documents.push((mapping, style));
    }
    reader.read_documents(&documents)?;
    let Reader { mut report, manifests, importers, .. } = reader;
    manifests.finish().into_iter().for_each(|incomplete| report.push(incomplete));
    let mut starts: Vec<PackageId> = importers.into_values().collect();
    starts.sort();
    refine(&mut report.inventory, &starts, SETUP_GROUPS);
    let (inventory, notes, incomplete) = report.finish();
    let reading = Reading { format: Format::Pnpm, format_version: version.to_owned(), inventory, notes };
    Ok(Outcome { value: reading, incomplete })
}

/// What the parts of this module build together.
struct Reader<'d, 'a> {
    report: Report<'d, 'a>,
    manifests: Manifests<'d>,
    /// The user's own packages by folder, relative to the lockfile's; `""` is its own.
    importers: HashMap<String, PackageId>,
    /// Folders that are linked to and are no importers.
    folders: HashMap<String, PackageId>,
}

/// One document's packages by key.
type ByKey<'d> = HashMap<&'d str, PackageId>;

impl<'d, 'a> Reader<'d, 'a> {
    /// How the document's version writes keys; a version that is missing or unheard of is told.
    fn style(&mut self, mapping: &'d Mapping<'a>) -> Style {
        let seen = if mapping.get("snapshots").is_some() { Style::At } else { style_of_keys(mapping) };
        let value = mapping.get("lockfileVersion");
        let text = value.and_then(Value::as_str).unwrap_or_default();
        let known = match text.split('.').next() {
            Some("5") => Some(Style::Slash),
            Some("6") => Some(Style::SlashAt),
            // 7 and 8 were never released; experimental pnpm 9 wrote them as 9.
            Some("7" | "8" | "9") => Some(Style::At),
            _ => None,
        };
        known.unwrap_or_else(|| {
            let span = value.map(|value| value.span).unwrap_or_default();
            let why = match value {
                Some(_) => {
                    format!("`lockfileVersion` is `{}`, not 5, 6 or 9; it was read as what it looks like", short(text))
                }
                None => "it states no `lockfileVersion`; it was read as what it looks like".to_owned(),
            };
            let hint = "update Vetch if pnpm has a newer format; else run `pnpm install --lockfile-only`";
            let file = self.report.stream.file;
            let location = if value.is_some() { self.report.stream.location(span) } else { Location::file(file) };
            self.report.push(Incomplete::new(file, why, hint).at(location));
            seen
        })
    }

    fn unknown_sections(&mut self, mapping: &Mapping<'_>) {
        for member in &mapping.members {
            if !KNOWN_SECTIONS.contains(&member.key.as_ref()) && may_hide_entries(member) {
                let key = short(&member.key);
                let problem = Problem::new(member.span, format!("a section `{key}` is not known, and was not read"));
                self.report.tell(&format!("`{key}`"), problem);
            }
        }
    }

    fn read_documents(&mut self, documents: &[(&'d Mapping<'a>, Style)]) -> Result<(), ReadError> {
        self.add_root();
        let mut all_importers = Vec::new();
        for (mapping, style) in documents {
            let found = importers::add(self, mapping);
            all_importers.push((found, *style));
        }
        self.link_workspaces();
        let shortening = self.manifests.package_manager_major(&beside(self.report.stream.file, "package.json"));
        for ((mapping, style), (importers, _)) in documents.iter().zip(all_importers) {
            let entries = packages::collect(self, mapping, *style);
            if self.report.inventory.packages.len() + entries.len() > MAX_PACKAGES {
                let problem = format!("it lists more than {MAX_PACKAGES} packages");
                let location = Location::file(self.report.stream.file);
                return Err(ReadError::new(ReadErrorKind::TooLarge, location, problem, RESTORE));
            }
            let by_key = packages::add(self, &entries, *style, Shortening::of(*style, shortening));
            importers::connect(self, &importers, &by_key, *style);
            packages::connect(self, &entries, &by_key, *style);
        }
        Ok(())
    }

    /// The project itself: first, whether an importer speaks of it or not.
    fn add_root(&mut self) {
        let file = self.report.stream.file;
        let location = Location::file(file);
        let id = self.add_own("", Role::Root, location);
        self.importers.insert(String::new(), id);
    }

    /// A folder of the user's own, with what its manifest says.
    fn add_own(&mut self, folder: &str, role: Role, location: Location) -> PackageId {
        let manifest = match folder {
            "" => beside(self.report.stream.file, "package.json"),
            _ => beside(self.report.stream.file, &format!("{folder}/package.json")),
        };
        let (name, version) = self.manifests.identity(&manifest);
        let source = Source::Folder { path: folder.to_owned() };
        let package = Package::new(vetch_model::inventory::Ecosystem::Npm, name, version.as_deref());
        let declared_at = Some(location);
        self.report.inventory.push(Package { role, source, path: folder.to_owned(), declared_at, ..package })
    }

    fn link_workspaces(&mut self) {
        let mut members: Vec<PackageId> = self.importers.values().copied().filter(|id| id.0 > 0).collect();
        members.sort();
        for id in members {
            let name = self.report.inventory.package(id).name.clone();
            self.report.inventory.edges.push(Edge::new(PackageId(0), id, name, "", EdgeKind::Workspace));
        }
    }

    /// An edge to what a reference leads to. In a lockfile every reference
    /// leads somewhere: one that does not is told.
    fn connect_one(&mut self, asks: Asks<'_>, by_key: &ByKey<'_>, style: Style) {
        let Asks { from, base, name, reference, range, kind, group, span } = asks;
        let to = match reference.strip_prefix("link:") {
            Some(path) => Some(self.linked(base, path, span)),
            None => candidates(name, reference, style).iter().find_map(|key| by_key.get(key.as_str()).copied()),
        };
        match to {
            Some(to) => {
                let condition = group.map(str::to_owned);
                self.report.inventory.edges.push(Edge { condition, ..Edge::new(from, to, name, range, kind) });
            }
            None => {
                let (name, range) = (name.to_owned(), if range.is_empty() { reference } else { range }.to_owned());
                let text = format!("it asks for `{}` as `{}`, which has no entry", short(&name), short(reference));
                let what = self.report.inventory.package(from).label();
                self.report.tell(&format!("`{what}`"), Problem::new(span, text));
                self.report.inventory.unresolved.push(Unresolved { from, name, range, kind });
            }
        }
    }

    /// The folder that a link leads to; one that is no importer is the user's own all the same.
    fn linked(&mut self, base: &str, path: &str, span: Span) -> PackageId {
        let (folder, fault) = super::paths::joined(base, path);
        if let Some(id) = self.importers.get(&folder).or_else(|| self.folders.get(&folder)) {
            return *id;
        }
        if let Some(fault) = fault {
            let text = format!("it links to `{}`, which is not read: {fault}", short(path));
            self.report.tell(&format!("`{}`", short(path)), Problem::new(span, text));
        }
        let location = self.report.stream.location(span);
        let id = self.add_own(&folder, Role::Workspace, location);
        self.folders.insert(folder, id);
        id
    }
}

/// One dependency as the lockfile has it.
#[derive(Clone, Copy)]
struct Asks<'n> {
    from: PackageId,
    /// The folder that links start from.
    base: &'n str,
    name: &'n str,
    reference: &'n str,
    range: &'n str,
    kind: EdgeKind,
    group: Option<&'n str>,
    span: Span,
}

/// What the first key of `packages` looks like, for documents without a version.
fn style_of_keys(mapping: &Mapping<'_>) -> Style {
    let packages = mapping.get("packages").and_then(Value::as_mapping);
    let first = packages.and_then(|packages| packages.members.iter().find(|member| member.key.starts_with('/')));
    match first {
        Some(member) if member.key.get(2..).is_some_and(|rest| rest.contains('@')) => Style::SlashAt,
        Some(_) => Style::Slash,
        None => Style::At,
    }
}
