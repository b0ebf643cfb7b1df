//! What the readers of Python lockfiles share: one entry's fields with their
//! problems, hashes, sources, and the way from "who asks for what" to edges and flags.

pub(super) mod fields;
pub(super) mod project;
pub(super) mod reach;
pub(super) mod requirement;
pub(super) mod resolve;

use fields::Fields;
use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Ecosystem, Inventory, Package, PackageId, Role, Source};
use vetch_model::outcome::{Incomplete, Outcome};
use vetch_model::{Integrity, purl};

use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::Files;
use crate::format::{Format, Reading};
use crate::json::{Limits, Lines};
use crate::npm::package_lock::LockfileNote;
use crate::npm::source::confined;
use crate::toml_tree::{Document, Kind, Table};

/// Largest lockfile read, in bytes; a project of 10,000 packages has about 20 MB.
pub(super) const MAX_BYTES: usize = 256 << 20;

/// Bounds of one lockfile; a project of 10,000 packages has about half a million values.
pub(super) const LIMITS: Limits = Limits { bytes: MAX_BYTES, values: 10_000_000 };

/// Most packages in one lockfile.
const MAX_PACKAGES: usize = 500_000;

/// Most bad entries told one by one.
const MAX_INCOMPLETE: usize = 10_000;

/// What a reader builds.
pub(super) struct Core<'d> {
    pub(super) file: &'d str,
    lines: &'d Lines,
    /// What mends an entry.
    hint: &'static str,
    pub(super) inventory: Inventory,
    pub(super) incomplete: Vec<Incomplete>,
    /// Beyond [`MAX_INCOMPLETE`].
    more: usize,
    pub(super) notes: Vec<LockfileNote>,
}

impl<'d> Core<'d> {
    pub(super) fn new(file: &'d str, lines: &'d Lines, hint: &'static str) -> Core<'d> {
        let inventory = Inventory { file: file.to_owned(), ..Inventory::default() };
        Core { file, lines, hint, inventory, incomplete: Vec::new(), more: 0, notes: Vec::new() }
    }

    /// The place of a span.
    pub(super) fn location(&self, span: Span) -> Location {
        self.lines.location(self.file, span)
    }

    /// A part of the file that is not what its tool writes.
    pub(super) fn report(&mut self, what: &str, span: Span, why: impl Into<String>) {
        if self.incomplete.len() >= MAX_INCOMPLETE {
            self.more += 1;
            return;
        }
        let what = format!("{} in {}", short(what), self.file);
        let location = self.location(span);
        self.incomplete.push(Incomplete::new(what, why, self.hint).at(location));
    }

    /// Something about the file as a whole.
    pub(super) fn report_file(&mut self, why: impl Into<String>) {
        let location = Location::file(self.file);
        self.incomplete.push(Incomplete::new(self.file, why, self.hint).at(location));
    }

    /// Top-level keys that the format does not have: a misspelt section would be
    /// a silently shorter list.
    pub(super) fn check_sections(&mut self, root: &Table<'_>, known: &[&str]) {
        for member in root.members.iter().filter(|member| !known.contains(&member.key.as_ref())) {
            let what = format!("`{}`", short(&member.key));
            self.report(&what, member.span, "it is no section of this format, so it was not read");
        }
    }

    /// The entries of a required list of tables, told if it is missing or something else.
    pub(super) fn entries<'t, 'a>(&mut self, root: &'t Table<'a>, section: &str) -> Vec<Entry<'t, 'a>> {
        let Some(value) = root.get(section) else {
            self.report_file(format!("it has no `{section}`, which lists what is locked"));
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.report(&format!("`{section}`"), value.span, value.wrong_type(section, "a list of tables"));
            return Vec::new();
        };
        let mut entries = Vec::with_capacity(items.len());
        for item in items {
            match &item.kind {
                Kind::Table(table) => entries.push(Entry { table: Some(table), span: item.span }),
                _ => {
                    self.report(&format!("`{section}`"), item.span, item.wrong_type(section, "a table"));
                    entries.push(Entry { table: None, span: item.span });
                }
            }
        }
        entries
    }

    /// Begins an entry: its fields, its name and the package it is so far. What is no
    /// table is a package of which nothing is known.
    pub(super) fn begin<'t, 'a>(&mut self, entry: &Entry<'t, 'a>) -> Option<(Fields<'t, 'a>, &'t str, Package)> {
        let location = self.location(entry.span);
        let Some(table) = entry.table else {
            self.inventory.push(package("", None, location));
            return None;
        };
        let mut fields = Fields::of(table);
        let name = fields.text("name").unwrap_or_default();
        let package = package(name, fields.text("version"), location);
        if name.is_empty() {
            fields.problem(entry.span, "it has no name");
        }
        Some((fields, name, package))
    }

    /// Source paths outside of the project lead nowhere, and are told.
    pub(super) fn confine(&mut self, what: &str, span: Span, source: Source) -> Source {
        let (source, fault) = confined(plain(source));
        if let Some(fault) = fault {
            self.report(what, span, format!("its source is not read: {fault}"));
        }
        source
    }

    /// Packages so far are too many for any honest file.
    fn is_too_large(&self) -> bool {
        self.inventory.packages.len() > MAX_PACKAGES
    }

    /// What was read.
    pub(super) fn finish(mut self, format: Format, format_version: String) -> Result<Outcome<Reading>, ReadError> {
        if self.is_too_large() {
            let problem = format!("it lists more than {MAX_PACKAGES} packages");
            return Err(ReadError::new(ReadErrorKind::TooLarge, Location::file(self.file), problem, self.hint));
        }
        if self.more > 0 {
            let why = format!("{} more of its entries are not what its tool writes", self.more);
            self.report_file(why);
        }
        let Core { inventory, incomplete, notes, .. } = self;
        Ok(Outcome { value: Reading { format, format_version, inventory, notes }, incomplete })
    }
}

/// One entry of a list of packages.
#[derive(Clone, Copy)]
pub(super) struct Entry<'t, 'a> {
    /// Nothing if it is no table: then it is a package without a name.
    pub(super) table: Option<&'t Table<'a>>,
    pub(super) span: Span,
}

/// `./vendor/x/` → `vendor/x`; `.` is the project's own folder.
fn plain(source: Source) -> Source {
    let plain = |path: String| {
        let trimmed = path.strip_prefix("file://").unwrap_or(&path).replace('\\', "/");
        let trimmed = trimmed.strip_prefix("./").unwrap_or(&trimmed);
        let trimmed = if trimmed.len() > 1 { trimmed.trim_end_matches('/') } else { trimmed };
        if trimmed == "." { String::new() } else { trimmed.to_owned() }
    };
    match source {
        Source::Folder { path } => Source::Folder { path: plain(path) },
        Source::File { path } => Source::File { path: plain(path) },
        other => other,
    }
}

/// A package of the lockfile: its name normalised after PEP 503.
pub(super) fn package(name: &str, version: Option<&str>, location: Location) -> Package {
    Package { declared_at: Some(location), ..Package::new(Ecosystem::Pypi, purl::normalised(name), version) }
}

/// The project itself.
pub(super) fn root(name: &str, version: Option<&str>, location: Location) -> Package {
    let source = Source::Folder { path: String::new() };
    Package { role: Role::Root, source, ..package(name, version, location) }
}

/// `sha256:<hex>` (or with `=`, as in URL fragments) as an integrity value.
pub(super) fn integrity(text: &str) -> Option<Integrity> {
    let (algorithm, hex) = text.split_once([':', '='])?;
    Integrity::from_hex(algorithm, hex).ok()
}

/// The last segment of a URL's path: the file it names.
pub(super) fn file_name(url: &str) -> &str {
    let end = memchr::memchr2(b'#', b'?', url.as_bytes()).unwrap_or(url.len());
    let path = url.get(..end).unwrap_or(url);
    let start = memchr::memrchr(b'/', path.as_bytes()).map_or(0, |slash| slash + 1);
    path.get(start..).unwrap_or(path)
}

/// A package as messages call it.
pub(super) fn called(name: &str) -> String {
    if name.is_empty() { "a package without a name".to_owned() } else { format!("`{}`", short(name)) }
}

/// The root of the inventory; the first package.
pub(super) const ROOT: PackageId = PackageId(0);

/// The bytes of a lockfile, and the project beside it.
pub(super) fn bytes_of(files: &dyn Files, file: &str) -> Result<Vec<u8>, ReadError> {
    crate::format::required(files, file, MAX_BYTES as u64)
}

/// Parses a TOML lockfile.
pub(super) fn parse<'a>(bytes: &'a [u8], file: &'a str, hint: &str) -> Result<Document<'a>, ReadError> {
    crate::toml_tree::parse(bytes, file, LIMITS, hint)
}

/// `(marker) and condition`, as far as there are both.
pub(super) fn both(marker: Option<&str>, condition: Option<String>) -> Option<String> {
    let enclosed = |text: &str| if text.contains(" or ") { format!("({text})") } else { text.to_owned() };
    match (marker.filter(|marker| !marker.is_empty()), condition) {
        (Some(marker), Some(condition)) => Some(format!("{} and {}", enclosed(marker), enclosed(&condition))),
        (Some(marker), None) => Some(marker.to_owned()),
        (None, condition) => condition,
    }
}

/// The condition that an extra is asked for.
pub(super) fn in_extra(extra: &str) -> String {
    format!("extra == \"{extra}\"")
}

/// The condition that a dependency group is asked for (in the words of PEP 751).
pub(super) fn in_group(group: &str) -> String {
    format!("\"{group}\" in dependency_groups")
}
