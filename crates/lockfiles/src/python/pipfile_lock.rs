//! `Pipfile.lock` (pipfile-spec 6): categories of pinned packages.
//!
//! The format knows no edges: everything that is locked stands side by side. What
//! the `Pipfile` beside it declares is asked for with its range; all else hangs
//! on the root too, so that nothing is out of reach, and a note says so.
//! Format: <https://github.com/pypa/pipfile>.

use std::collections::HashMap;

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Artifact, Edge, EdgeKind, Package, PackageId, Source};
use vetch_model::outcome::Outcome;
use vetch_model::purl::normalised;

use super::locked::fields::is_other_hash;
use super::locked::project::constraints;
use super::locked::resolve::Want;
use super::locked::{self, Core, LIMITS, ROOT, in_group, integrity};
use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::{Files, beside};
use crate::format::{Format, Reading};
use crate::json::{Document, Kind, Member, Object, Value, parse};
use crate::npm::package_lock::{LockfileNote, LockfileNoteKind};

const HINT: &str = "restore it from version control, or run `pipenv lock`";

/// The category of what the project itself needs.
const DEFAULT: &str = "default";

/// Reads `Pipfile.lock`.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no JSON, an unfinished merge, no object.
pub fn read(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = locked::bytes_of(files, file)?;
    let document = parse(&bytes, file, LIMITS, HINT)?;
    let Some(object) = document.root.as_object() else {
        let problem = format!("it holds {} where a lockfile is an object", document.root.type_name());
        return Err(ReadError::new(ReadErrorKind::Shape, document.location(document.root.span), problem, HINT));
    };
    let mut core = Core::new(file, &document.lines, HINT);
    if let Some(start) = document.invalid_utf8 {
        core.report(
            "a string",
            Span { start, end: start },
            "it holds bytes that are no UTF-8; they were read as U+FFFD",
        );
    }
    core.inventory.push(locked::root("", None, Location::file(file)));
    let mut reader = Reader { core, indexes: indexes(object), seen: HashMap::new() };
    let version = reader.version(object);
    reader.note_duplicates(&document, object);
    for category in object.split_duplicates().0 {
        if category.key != "_meta" {
            reader.category(&document, category);
        }
    }
    if object.get(DEFAULT).is_none() {
        reader.core.report_file("it has no `default`, which lists what the project needs");
    }
    let Reader { mut core, .. } = reader;
    connect(&mut core, files, file);
    core.finish(Format::PipfileLock, version)
}

/// `_meta.sources`: index name → URL.
fn indexes(object: &Object<'_>) -> HashMap<String, String> {
    let sources = object.get("_meta").and_then(Value::as_object).and_then(|meta| meta.get("sources"));
    let Some(Kind::Array(items)) = sources.map(|value| &value.kind) else { return HashMap::new() };
    let pair = |item: &Value<'_>| {
        let text = |key: &str| item.as_object()?.get(key)?.as_str().map(str::to_owned);
        Some((text("name")?, text("url")?))
    };
    items.iter().filter_map(pair).collect()
}

struct Reader<'d> {
    core: Core<'d>,
    indexes: HashMap<String, String>,
    /// The same release in several categories is one package.
    seen: HashMap<(String, Option<String>, Source), PackageId>,
}

impl Reader<'_> {
    fn version(&mut self, object: &Object<'_>) -> String {
        let spec = object.get("_meta").and_then(Value::as_object).and_then(|meta| meta.get("pipfile-spec"));
        match spec.map(|value| (&value.kind, value.span)) {
            Some((Kind::Number("6"), _)) => "6".to_owned(),
            Some((Kind::Number(other), span)) => {
                self.core.report("`pipfile-spec`", span, format!("it is {other}, not 6; it was read as 6"));
                (*other).to_owned()
            }
            Some((_, span)) => {
                self.core.report("`pipfile-spec`", span, "it is no number; it was read as 6");
                String::new()
            }
            None => {
                self.core.report_file("it states no `_meta.pipfile-spec`; it was read as 6");
                String::new()
            }
        }
    }

    fn note_duplicates(&mut self, document: &Document<'_>, object: &Object<'_>) {
        for member in object.split_duplicates().1.into_iter().take(1000) {
            self.core.notes.push(LockfileNote {
                kind: LockfileNoteKind::DuplicateKey,
                package: None,
                field: short(&member.key),
                found: document.excerpt(member.value.span),
                expected: object.get(&member.key).map(|value| document.excerpt(value.span)),
                location: document.location(member.span),
            });
        }
    }

    fn category(&mut self, document: &Document<'_>, category: &Member<'_>) {
        let Some(object) = category.value.as_object() else {
            let why = format!("it is {}, not an object", category.value.type_name());
            self.core.report(&format!("`{}`", category.key), category.value.span, why);
            return;
        };
        self.note_duplicates(document, object);
        let (kept, overridden) = object.split_duplicates();
        for member in overridden {
            let what = format!("`{}`", short(&member.key));
            self.core.report(&what, member.span, "a later entry of the same name overrides it");
        }
        for member in kept {
            let package = self.package(&category.key, member);
            let key = (package.name.clone(), package.version.clone(), package.source.clone());
            let id = match self.seen.get(&key) {
                Some(id) => *id,
                None => {
                    let id = self.core.inventory.push(package);
                    self.seen.insert(key, id);
                    id
                }
            };
            if let Some(package) = self.core.inventory.packages.get_mut(id.0 as usize) {
                match category.key.as_ref() {
                    DEFAULT => package.dev = false,
                    "develop" => {}
                    other => package.groups.push(other.to_owned()),
                }
            }
        }
    }

    fn package(&mut self, category: &str, member: &Member<'_>) -> Package {
        let what = format!("`{}`", short(&member.key));
        let mut package = locked::package(&member.key, None, self.core.location(member.span));
        package.dev = category != DEFAULT;
        let Some(entry) = member.value.as_object() else {
            let version = member.value.as_str().map(|text| text.trim_start_matches('='));
            package.version = version.map(str::to_owned);
            package.source = Source::Unknown { text: short(version.unwrap_or_default()) };
            let why = format!("the entry is {}, not an object", member.value.type_name());
            self.core.report(&what, member.value.span, why);
            return package;
        };
        for key in ["version", "index", "markers", "git", "ref", "path", "file"] {
            if let Some(value) = entry.get(key).filter(|value| value.as_str().is_none()) {
                self.core.report(&what, value.span, format!("`{key}` is {}, not a string", value.type_name()));
            }
        }
        for field in entry.members.iter().filter(|field| field.value.as_object().is_some()) {
            let why = format!("a field `{}` is not known, and was not read", short(&field.key));
            self.core.report(&what, field.span, why);
        }
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        // `*` stands for what this machine's resolver left out: nothing is pinned.
        let version = text("version").map(|version| version.trim_start_matches('=')).filter(|version| *version != "*");
        package.version = version.map(str::to_owned);
        let source = self.source(entry);
        if let Source::Unknown { .. } = source {
            self.core.report(&what, member.span, "it names neither a version nor a source");
        }
        package.source = self.core.confine(&what, member.span, source);
        self.hashes(&what, entry, &mut package);
        package
    }

    fn source(&self, entry: &Object<'_>) -> Source {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        if let Some(git) = text("git") {
            return Source::Git { url: git.to_owned(), commit: text("ref").map(str::to_owned) };
        }
        if let Some(place) = text("path").or_else(|| text("file")) {
            return place_of(place);
        }
        let named = text("index").map(|index| self.indexes.get(index).map_or(index, String::as_str));
        // An entry without an index comes from the first one there is.
        let index = named
            .or_else(|| if self.indexes.len() == 1 { self.indexes.values().next().map(String::as_str) } else { None });
        match text("version") {
            Some(_) => Source::Registry { url: None, index: index.map(str::to_owned) },
            None => Source::Unknown { text: String::new() },
        }
    }

    fn hashes(&mut self, what: &str, entry: &Object<'_>, package: &mut Package) {
        let Some(value) = entry.get("hashes") else { return };
        let Kind::Array(items) = &value.kind else {
            self.core.report(what, value.span, format!("`hashes` is {}, not an array", value.type_name()));
            return;
        };
        for item in items {
            let text = item.as_str().unwrap_or_default();
            match integrity(text) {
                Some(found) => package.artifacts.push(Artifact { integrity: Some(found), ..Artifact::default() }),
                None if is_other_hash(text) => {
                    let kept = package.cache_checksum.take().map(|kept| format!("{kept} ")).unwrap_or_default();
                    package.cache_checksum = Some(kept + text);
                }
                None => self.core.report(what, item.span, format!("`{}` is no hash", short(text))),
            }
        }
    }
}

/// A URL, an archive or a folder.
fn place_of(place: &str) -> Source {
    if place.starts_with("http://") || place.starts_with("https://") {
        return Source::Tarball { url: place.to_owned() };
    }
    let lower = place.to_ascii_lowercase();
    let is_archive =
        [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"].iter().any(|ending| lower.ends_with(ending));
    if is_archive { Source::File { path: place.to_owned() } } else { Source::Folder { path: place.to_owned() } }
}

/// An edge from the root to everything: with a range and condition where the `Pipfile` has them.
fn connect(core: &mut Core<'_>, files: &dyn Files, file: &str) {
    let path = beside(file, "Pipfile");
    let found = files.read(&path, LIMITS.bytes as u64).map(|bytes| bytes.map(|bytes| (path.clone(), bytes)));
    let bytes = found.unwrap_or_else(|error| {
        core.incomplete.push(error.into_incomplete());
        None
    });
    let document = super::locked::project::parse(core, bytes.as_ref());
    let mut declared: HashMap<String, Vec<(&str, Want<'_>)>> = HashMap::new();
    let sections = document.iter().flat_map(|document| &document.root.members);
    for member in sections.filter(|member| !NO_CATEGORIES.contains(&member.key.as_ref())) {
        let category = match member.key.as_ref() {
            "packages" => DEFAULT,
            "dev-packages" => "develop",
            other => other,
        };
        for entry in member.value.as_table().into_iter().flat_map(|table| &table.members) {
            let wants = constraints(ROOT, &entry.key, &entry.value);
            let wants = wants.into_iter().map(|want| (category, want));
            declared.entry(normalised(&entry.key)).or_default().extend(wants);
        }
    }
    let ids: Vec<PackageId> = core.inventory.iter().map(|(id, _)| id).skip(1).collect();
    for id in ids {
        let package = core.inventory.package(id);
        let kind = |is_default: bool| if is_default { EdgeKind::Production } else { EdgeKind::Development };
        let name = package.name.clone();
        let mut edges: Vec<Edge> = match declared.get(&name) {
            Some(wants) => wants
                .iter()
                .take(16)
                .map(|(category, want)| {
                    let is_named = !matches!(*category, DEFAULT | "develop");
                    let condition = locked::both(want.marker.as_deref(), is_named.then(|| in_group(category)));
                    let edge = Edge::new(ROOT, id, name.clone(), want.range.as_ref(), kind(*category == DEFAULT));
                    Edge { condition, ..edge }
                })
                .collect(),
            None => Vec::new(),
        };
        // Something that the project needs may ask for what is declared for development only.
        if edges.is_empty() || (!package.dev && edges.iter().all(|edge| edge.kind == EdgeKind::Development)) {
            edges.push(Edge::new(ROOT, id, name, "", kind(!package.dev)));
        }
        core.inventory.edges.extend(edges);
    }
    core.notes.push(LockfileNote {
        kind: LockfileNoteKind::NoEdges,
        package: None,
        field: "default".to_owned(),
        found: "the format does not say which package asks for which".to_owned(),
        expected: None,
        location: Location::file(file),
    });
}

/// Tables of a `Pipfile` that are no categories.
const NO_CATEGORIES: &[&str] = &["source", "requires", "scripts", "pipenv", "pipfile"];
