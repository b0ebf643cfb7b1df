//! One installed distribution: a `.dist-info`, an `.egg-info`, an egg, a link to a project.

use vetch_model::evidence::Location;
use vetch_model::inventory::{Artifact, Ecosystem, Package, Role, Source};
use vetch_model::purl::normalised;

use super::metadata::{self, Metadata};
use crate::error::short;
use crate::files::{Files, Listed, ListedKind};
use crate::json::{self, Limits, Value};
use crate::npm::places::sanitised;
use crate::python::gaps::Gaps;
use crate::python::requirement::normal_version;
use crate::python::{hashes, source};

const REINSTALL: &str = "install the distribution again";

/// What lies in `site-packages` under one name.
#[derive(Debug)]
pub(super) struct Distribution {
    pub(super) package: Package,
    /// What it asks for, as written.
    pub(super) requires: Vec<(String, Location)>,
    /// The user asked for it by name.
    pub(super) is_requested: bool,
    /// Its installer notes what the user asked for: pip and uv do.
    pub(super) notes_requests: bool,
}

/// Reads the entry of a `site-packages` folder; `None` if it is no distribution.
pub(super) fn read(files: &dyn Files, site: &str, entry: &Listed, gaps: &mut Gaps) -> Option<Distribution> {
    let path = if site.is_empty() { entry.name.clone() } else { format!("{site}/{}", entry.name) };
    let (stem, ending) = split(&entry.name)?;
    let place = Location::file(path.as_str());
    let what = format!("`{}`", short(&entry.name));
    if stem.starts_with('~') {
        let why = "an interrupted installation left it; pip does not count it as installed";
        gaps.tell(&what, why, "remove it", place.clone());
    }
    let mut gap = |why: &str, hint: &str| gaps.tell(&what, why, hint, place.clone());
    let mut reader = Reader { files, folder: path.clone(), listed: Vec::new(), metadata: Metadata::default() };
    match (ending, entry.kind) {
        (_, ListedKind::Link) => gap("it is a link, which is not followed", "scan what it leads to"),
        (_, ListedKind::Other) => gap("it is neither a file nor a folder", REINSTALL),
        (".dist-info", ListedKind::Folder) => reader.read("", "METADATA", gaps),
        (".egg-info", ListedKind::Folder) => reader.read("", "PKG-INFO", gaps),
        (".egg", ListedKind::Folder) => reader.read("EGG-INFO", "PKG-INFO", gaps),
        (".egg-info", ListedKind::File) => reader.read_file(&path, gaps),
        (".egg-link", ListedKind::File) => {}
        (".egg", ListedKind::File) => gap("what it asks for lies in an archive, which is not read", REINSTALL),
        _ => gap("it is a file where there should be a folder", REINSTALL),
    }
    for (fault, location) in std::mem::take(&mut reader.metadata.faults) {
        gaps.tell(&what, fault, REINSTALL, location);
    }
    Some(reader.distribution(stem, ending, gaps))
}

/// A name without its ending, and the ending.
fn split(name: &str) -> Option<(&str, &'static str)> {
    let ending = [".dist-info", ".egg-info", ".egg-link", ".egg"].into_iter().find(|ending| name.ends_with(ending))?;
    name.strip_suffix(ending).map(|stem| (stem, ending))
}

struct Reader<'f> {
    files: &'f dyn Files,
    /// Of the entry.
    folder: String,
    /// What lies in it.
    listed: Vec<String>,
    metadata: Metadata,
}

impl Reader<'_> {
    /// Reads the metadata `name` in a folder of the entry.
    fn read(&mut self, within: &str, name: &str, gaps: &mut Gaps) {
        if !within.is_empty() {
            self.folder = format!("{}/{within}", self.folder);
        }
        match self.files.list(&self.folder) {
            Ok(listed) => self.listed = listed.into_iter().map(|entry| entry.name).collect(),
            Err(error) => gaps.push(error.into_incomplete()),
        }
        self.read_file(&format!("{}/{name}", self.folder), gaps);
        let requires = format!("{}/requires.txt", self.folder);
        if name == "PKG-INFO"
            && self.has("requires.txt")
            && let Some(bytes) = self.bytes(&requires, gaps)
        {
            self.metadata.read_requires(&bytes, &requires);
        }
    }

    fn read_file(&mut self, path: &str, gaps: &mut Gaps) {
        match self.bytes(path, gaps) {
            Some(bytes) => self.metadata = metadata::read(&bytes, path),
            None => {
                let why = "its metadata are not there, so what it asks for is not known";
                gaps.tell(&format!("`{}`", short(path)), why, REINSTALL, Location::file(path));
            }
        }
    }

    fn bytes(&self, path: &str, gaps: &mut Gaps) -> Option<Vec<u8>> {
        self.files.read(path, metadata::MAX_BYTES as u64).unwrap_or_else(|error| {
            gaps.push(error.into_incomplete());
            None
        })
    }

    fn has(&self, name: &str) -> bool {
        self.listed.iter().any(|listed| listed == name)
    }

    fn distribution(mut self, stem: &str, ending: &str, gaps: &mut Gaps) -> Distribution {
        // `name-version`, of eggs with `-py3.11` behind it; a link has no version.
        let mut parts = stem.trim_start_matches('~').split('-');
        let named = parts.next().unwrap_or(stem);
        let versioned = parts.next().filter(|_| ending != ".egg-link").map(|version| version.replace('_', "-"));
        let name = self.metadata.name.take().unwrap_or_else(|| named.to_owned());
        let version = self.metadata.version.take().or(versioned).map(|version| normal_version(&version));
        let entry = self.folder.strip_suffix("/EGG-INFO").unwrap_or(&self.folder).to_owned();
        let mut package = Package::new(Ecosystem::Pypi, normalised(&name), version.as_deref());
        if normalised(&name) != normalised(named) && ending != ".egg-link" {
            let why = format!("it calls itself `{}`", short(&name));
            gaps.tell(&format!("`{}`", short(&entry)), why, REINSTALL, Location::file(entry.as_str()));
        }
        package.license = self.metadata.license.take();
        package.declared_at = self.metadata.place.take().or_else(|| Some(Location::file(entry.as_str())));
        package.source = match ending {
            ".dist-info" => Source::Registry { url: None, index: None },
            _ => Source::Unknown { text: String::new() },
        };
        if self.has("direct_url.json") {
            self.read_direct_url(&mut package, gaps);
        }
        if ending == ".egg-link" {
            self.read_link(&mut package, gaps);
        }
        package.path = entry;
        let installer = format!("{}/INSTALLER", self.folder);
        let installer = if self.has("INSTALLER") { self.bytes(&installer, gaps) } else { None };
        let installer = installer.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        Distribution {
            package,
            requires: self.metadata.requires,
            is_requested: self.listed.iter().any(|listed| listed == "REQUESTED") || ending == ".egg-link",
            notes_requests: matches!(installer.as_deref(), Some("pip" | "uv")),
        }
    }

    /// `direct_url.json`
    /// (<https://packaging.python.org/en/latest/specifications/direct-url-data-structure/>).
    fn read_direct_url(&self, package: &mut Package, gaps: &mut Gaps) {
        let path = format!("{}/direct_url.json", self.folder);
        let Some(bytes) = self.bytes(&path, gaps) else { return };
        let document = match json::parse(&bytes, &path, Limits { bytes: 1 << 20, values: 10_000 }, REINSTALL) {
            Ok(document) => document,
            Err(error) => return gaps.push(error.into_incomplete()),
        };
        let object = document.root.as_object();
        let Some(url) = object.and_then(|object| object.get("url")).and_then(Value::as_str) else {
            let location = document.location(document.root.span);
            package.source = Source::Unknown { text: String::new() };
            return gaps.tell("`direct_url.json`", "it names no `url`", REINSTALL, location);
        };
        let part = |name: &str| object.and_then(|object| object.get(name)).and_then(Value::as_object);
        if let Some(vcs) = part("vcs_info") {
            let text = |field: &str| vcs.get(field).and_then(Value::as_str);
            package.source = match text("vcs") {
                Some("git") => Source::Git { url: url.to_owned(), commit: text("commit_id").map(str::to_owned) },
                _ => Source::Unknown { text: url.to_owned() },
            };
        } else if part("dir_info").is_some() {
            package.source = Source::Folder { path: local(url) };
            package.role = Role::Workspace;
        } else {
            let is_remote = url.starts_with("http://") || url.starts_with("https://");
            package.source =
                if is_remote { Source::Tarball { url: url.to_owned() } } else { Source::File { path: local(url) } };
            package.artifacts.extend(part("archive_info").and_then(|archive| artifact(archive, url)));
        }
    }

    /// The first line of an `.egg-link` is the folder of the project.
    fn read_link(&self, package: &mut Package, gaps: &mut Gaps) {
        let Some(bytes) = self.bytes(&self.folder, gaps) else { return };
        let text = String::from_utf8_lossy(&bytes);
        let path = text.lines().next().unwrap_or_default().trim();
        package.source = Source::Folder { path: local(path) };
        package.role = Role::Workspace;
        let why = "it leads to a folder outside of what is scanned, where its version and dependencies stand";
        let hint = "scan the project's folder on its own";
        gaps.tell(&format!("`{}`", short(&self.folder)), why, hint, Location::file(self.folder.as_str()));
    }
}

/// An absolute path or `file:` URL, under a form that leads nowhere.
fn local(url: &str) -> String {
    sanitised(url.strip_prefix("file://").unwrap_or(url), 0)
}

/// `archive_info`: `hashes`, or the older `hash`.
fn artifact(archive: &json::Object<'_>, url: &str) -> Option<Artifact> {
    let hashes = archive.get("hashes").and_then(Value::as_object);
    let of = |algorithm: &str| {
        let hex = hashes.and_then(|hashes| hashes.get(algorithm)).and_then(Value::as_str)?;
        hashes::from_hex(algorithm, hex)
    };
    let older = || archive.get("hash").and_then(Value::as_str).and_then(hashes::from_text);
    let integrity = ["sha512", "sha384", "sha256", "sha1"].into_iter().find_map(of).or_else(older)?;
    let file = url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let file = source::archive_stem(file).map(|_| file.to_owned()).unwrap_or_default();
    Some(Artifact { file, url: Some(url.to_owned()), integrity: Some(integrity), size: None })
}
