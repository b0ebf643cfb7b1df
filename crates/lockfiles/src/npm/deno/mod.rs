//! `deno.lock`, versions 1 to 5.
//!
//! Three worlds in one file: npm packages, JSR packages, and modules that are
//! imported by URL (`remote`). `specifiers` says which version answers what the
//! code asks for (`npm:chalk@5` → `5.3.0`); `workspace` what the manifests of the
//! project and its members declare. Version 1 is `remote` alone; version 2 keeps
//! the rest in `npm`, version 3 in `packages`, later ones at the top.
//! Format: <https://github.com/denoland/deno_lockfile/blob/main/src/lib.rs>.

mod npm_packages;
mod own;
mod remote;

use std::collections::HashMap;

use vetch_model::Integrity;
use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Package, PackageId, Source};
use vetch_model::outcome::Outcome;

use super::dependencies::{Problem, Problems};
use super::listing::{Listing, array, root_object, section, split_name, text, with_merge_hint};
use crate::error::{ReadError, short};
use crate::files::Files;
use crate::format::{Format, Reading, required};
use crate::installed::flags::set_flags;
use crate::json::{Document, Kind, Limits, Member, Object, Value, parse};

/// Largest lockfile read, in bytes.
pub const MAX_BYTES: usize = 128 << 20;

/// Most JSON values in one lockfile.
const MAX_VALUES: usize = 5_000_000;

const RESTORE: &str = "restore it from version control, or delete it and run `deno install`";

/// What stands at the top, in any version.
const SECTIONS: &[&str] = &["version", "packages", "specifiers", "npm", "jsr", "remote", "redirects", "workspace"];

/// What stands in `npm` of version 2 and in `packages` of version 3.
const INNER_SECTIONS: &[&str] = &["specifiers", "packages", "npm", "jsr"];

/// What stands in `workspace`; `patches` and `links` are folders that stand in for packages.
const WORKSPACE_FIELDS: &[&str] = &["dependencies", "packageJson", "members", "patches", "links", "npmOverrides"];

/// Reads the lockfile `file` of a tree, with `deno.json` and `package.json` beside it.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no JSON, an unfinished
/// merge, nested too deeply, no object. A bad entry is [`Outcome::incomplete`].
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    let limits = Limits { bytes: MAX_BYTES, values: MAX_VALUES };
    let document = parse(&bytes, file, limits, RESTORE).map_err(|error| {
        with_merge_hint(
            error,
            "finish the merge: resolve deno.json first, then delete deno.lock and run `deno install`",
        )
    })?;
    let object = root_object(&document, RESTORE)?;
    let mut reader = Reader {
        document: &document,
        listing: Listing::new(file, RESTORE),
        npm: HashMap::new(),
        jsr: HashMap::new(),
        names: HashMap::new(),
        specifiers: HashMap::new(),
    };
    let version = reader.version(object);
    let sections = reader.sections(object, version.number);
    let own = own::add(&mut reader, files, sections.workspace)?;
    reader.note_duplicates(object, None);
    let npm = npm_packages::add(&mut reader, sections.npm)?;
    let jsr = reader.add_jsr(sections.jsr)?;
    reader.read_specifiers(sections.specifiers, version.number);
    npm_packages::connect(&mut reader, &npm, version.number);
    let asked = reader.connect_jsr(&jsr);
    own::connect(&mut reader, &own, &asked);
    remote::add(&mut reader, sections.remote, sections.redirects)?;
    set_flags(&mut reader.listing.inventory);
    if let Some(start) = document.invalid_utf8 {
        let why = "a string holds bytes that are no UTF-8; they were read as U+FFFD";
        reader.listing.report("", why, document.location(Span { start, end: start }));
    }
    Ok(reader.listing.finish(Format::Deno, &version.text))
}

/// The version: as it was read, and as written.
struct Version {
    number: u32,
    text: String,
}

/// The parts of the file, wherever its version keeps them.
#[derive(Default)]
struct Sections<'d, 'a> {
    specifiers: Option<&'d Object<'a>>,
    npm: Option<&'d Object<'a>>,
    jsr: Option<&'d Object<'a>>,
    remote: Option<&'d Object<'a>>,
    redirects: Option<&'d Object<'a>>,
    workspace: Option<&'d Object<'a>>,
}

/// A specifier, as far as it could be resolved.
#[derive(Debug, Clone)]
struct Specifier {
    /// `npm:` or `jsr:` taken off, and the range: `chalk`, `^5`.
    name: String,
    range: String,
    to: Option<PackageId>,
}

/// What the parts of this module build together.
struct Reader<'d, 'a> {
    document: &'d Document<'a>,
    listing: Listing,
    /// By key: `react-dom@18.2.0_react@18.2.0`.
    npm: HashMap<&'d str, PackageId>,
    jsr: HashMap<&'d str, PackageId>,
    /// The packages of a name, by world and name: `npm`, `react-dom`.
    names: HashMap<(&'static str, &'d str), Vec<PackageId>>,
    /// By the whole specifier, `npm:chalk@5`.
    specifiers: HashMap<&'d str, Specifier>,
}

impl<'d, 'a> Reader<'d, 'a> {
    fn at(&self, span: Span) -> Location {
        self.document.location(span)
    }

    fn note_duplicates(&mut self, object: &Object<'_>, package: Option<PackageId>) {
        let document = self.document;
        self.listing.note_duplicates(object, package, document, |span| document.location(span));
    }

    fn version(&mut self, object: &Object<'_>) -> Version {
        let Some(value) = object.get("version") else { return Version { number: 1, text: String::new() } };
        let text = match &value.kind {
            Kind::String(text) => text.to_string(),
            Kind::Number(text) => (*text).to_owned(),
            _ => self.document.excerpt(value.span),
        };
        if let Some(number) = text.parse().ok().filter(|number| (1..=5).contains(number)) {
            return Version { number, text };
        }
        let number = match (object.get("packages"), object.get("specifiers")) {
            (Some(_), _) => 3,
            (None, None) if object.get("npm").is_some_and(has_specifiers) => 2,
            _ => 5,
        };
        let why = format!("`version` is `{}`, not one of 1 to 5; it was read as version {number}", short(&text));
        self.listing.report("", why, self.at(value.span));
        Version { number, text: short(&text) }
    }

    fn sections(&mut self, object: &'d Object<'a>, version: u32) -> Sections<'d, 'a> {
        let mut problems = Problems::default();
        let mut get = |object: &'d Object<'a>, field: &str| section(object, field, &mut problems);
        let mut sections = Sections::default();
        if version == 1 && object.get("version").is_none() {
            // The whole file is a map of URLs.
            sections.remote = Some(object);
        } else {
            self.listing.report_unknown(object, SECTIONS, self.document);
            sections.remote = get(object, "remote");
            sections.redirects = get(object, "redirects");
            sections.workspace = get(object, "workspace");
            if let Some(workspace) = sections.workspace {
                self.listing.report_unknown(workspace, WORKSPACE_FIELDS, self.document);
            }
            let inner = match version {
                2 => get(object, "npm"),
                3 => get(object, "packages"),
                _ => Some(object),
            };
            if let Some(inner) = inner {
                if version < 4 {
                    self.listing.report_unknown(inner, INNER_SECTIONS, self.document);
                }
                sections.specifiers = get(inner, "specifiers");
                sections.npm = get(inner, if version == 2 { "packages" } else { "npm" });
                sections.jsr = get(inner, "jsr");
            }
        }
        self.listing.report_all("", problems, self.document);
        sections
    }

    /// `@std/path@1.0.0`: JSR packages have no archive; the hash is of their metadata.
    fn add_jsr(&mut self, map: Option<&'d Object<'a>>) -> Result<Vec<(PackageId, &'d Member<'a>)>, ReadError> {
        let Some(map) = map else { return Ok(Vec::new()) };
        self.note_duplicates(map, None);
        let mut added = Vec::with_capacity(map.members.len());
        for member in map.split_duplicates().0 {
            let mut problems = Problems::default();
            let (name, version) = split_name(&member.key);
            let object = member.value.as_object();
            if object.is_none() {
                problems.push(Problem::not_an_object(&member.value));
            }
            if version.is_empty() {
                problems.push(Problem::new(member.span, "its key names no version"));
            }
            let hash = object.and_then(|object| text(object, "integrity", &mut problems));
            let integrity = hash.and_then(|hash| sha256(hash, member, &mut problems));
            let id = self.listing.push(Package {
                source: Source::Registry { url: None, index: Some("https://jsr.io".to_owned()) },
                integrity,
                declared_at: Some(self.at(member.span)),
                ..Package::new(Ecosystem::Other("jsr".to_owned()), name, Some(version).filter(|text| !text.is_empty()))
            })?;
            self.jsr.insert(&member.key, id);
            self.names.entry(("jsr", name)).or_default().push(id);
            self.listing.report_all(&format!("`{}`", member.key), problems, self.document);
            added.push((id, member));
        }
        Ok(added)
    }

    /// `npm:chalk@5` → the package that answers it.
    fn read_specifiers(&mut self, map: Option<&'d Object<'a>>, version: u32) {
        let Some(map) = map else { return };
        self.note_duplicates(map, None);
        for member in map.split_duplicates().0 {
            let key = member.key.as_ref();
            // Version 2 knows npm only, and does not say so.
            let (world, wanted) = match key.split_once(':') {
                Some(parts) if version > 2 => parts,
                _ => ("npm", key),
            };
            let (name, range) = split_name(wanted);
            let answer = member.value.as_str();
            let to = answer.and_then(|answer| {
                let answer = answer.split_once(':').filter(|_| version == 3).map_or(answer, |(_, rest)| rest);
                let full = if version > 3 { format!("{name}@{answer}") } else { answer.to_owned() };
                let map = if world == "jsr" { &self.jsr } else { &self.npm };
                map.get(full.as_str()).copied()
            });
            if to.is_none() {
                let why = match answer {
                    Some(answer) => format!("it is resolved to `{}`, which is not listed", short(answer)),
                    None => format!("it is {}, not a string", member.value.type_name()),
                };
                self.listing.report(&format!("specifier `{key}`"), why, self.at(member.span));
            }
            let specifier = Specifier { name: name.to_owned(), range: range.to_owned(), to };
            self.specifiers.insert(key, specifier);
        }
    }

    /// What JSR packages ask for; returns the specifiers that they use.
    fn connect_jsr(&mut self, packages: &[(PackageId, &'d Member<'a>)]) -> Vec<&'d str> {
        let mut asked = Vec::new();
        for (id, member) in packages {
            let Some(object) = member.value.as_object() else { continue };
            self.listing.report_unknown(object, &["integrity", "dependencies"], self.document);
            let mut problems = Problems::default();
            for item in array(object, "dependencies", &mut problems) {
                match item.as_str() {
                    Some(wanted) => {
                        asked.push(wanted);
                        self.ask(*id, wanted, EdgeKind::Production, item.span);
                    }
                    None => problems.push(Problem::wrong_type("dependencies[]", item, "a string")),
                }
            }
            self.listing.report_all(&format!("`{}`", member.key), problems, self.document);
        }
        asked
    }

    /// The package of this name, if there is but one.
    fn only(&self, world: &'static str, name: &str) -> Option<PackageId> {
        match self.names.get(&(world, name)).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        }
    }

    /// An edge for a specifier. Some versions shorten `jsr:@std/path@1` to
    /// `jsr:@std/path` where only one is locked.
    fn ask(&mut self, from: PackageId, wanted: &str, kind: EdgeKind, span: Span) {
        let found = self.specifiers.get(wanted).cloned().or_else(|| {
            let (world, name) = wanted.split_once(':')?;
            let (bare, range) = split_name(name);
            let to = self.only(if world == "jsr" { "jsr" } else { "npm" }, bare).filter(|_| range.is_empty())?;
            Some(Specifier { name: bare.to_owned(), range: String::new(), to: Some(to) })
        });
        let (name, range) = split_name(wanted.split_once(':').map_or(wanted, |(_, rest)| rest));
        match found {
            Some(Specifier { name, range, to: Some(to) }) => {
                self.listing.inventory.edges.push(Edge::new(from, to, name, range, kind));
            }
            _ => {
                let location = self.at(span);
                self.listing.missing(from, name, range, kind, Some(location));
            }
        }
    }
}

fn has_specifiers(value: &Value<'_>) -> bool {
    value.as_object().is_some_and(|object| object.get("specifiers").is_some())
}

/// A hexadecimal SHA-256, as Deno writes it of modules and of JSR's metadata.
fn sha256(hex: &str, member: &Member<'_>, problems: &mut Problems) -> Option<Integrity> {
    let integrity = (hex.len() == 64).then(|| super::hex::integrity("sha256", hex)).flatten();
    if integrity.is_none() {
        problems.push(Problem::new(member.value.span, format!("`{}` is no SHA-256 in hexadecimal", short(hex))));
    }
    integrity
}
