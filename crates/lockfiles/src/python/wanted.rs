//! What one entry of a requirements file or a manifest asks for: a name with a range, a URL, a path.

use vetch_model::evidence::Location;
use vetch_model::inventory::{Artifact, EdgeKind, Source};
use vetch_model::purl::normalised;

use crate::error::short;
use crate::files::Files;
use crate::python::requirements::via::Annotation;
use crate::python::source::{self, Direct, archive_stem, is_same_name};
use crate::python::{hashes, project, requirement};

/// What an entry asks for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Normalised; empty if nothing tells it.
    pub(crate) name: String,
    /// What the edge is called: the name with the extras asked for.
    pub(crate) asked: String,
    /// Range or direct reference, as written.
    pub(crate) range: String,
    pub(crate) marker: Option<String>,
    /// The version that the line leaves no choice about.
    pub(crate) version: Option<String>,
    /// Where it comes from; `None` for whatever index is asked.
    pub(crate) source: Option<Source>,
    /// One for each hash.
    pub(crate) artifacts: Vec<Artifact>,
    /// What is not as pip wants it, in words.
    pub(crate) faults: Vec<String>,
    pub(crate) place: Location,
    /// It only limits what others ask for.
    pub(crate) is_constraint: bool,
    /// How.
    pub(crate) kind: EdgeKind,
    /// The group or extra it belongs to.
    pub(crate) group: Option<String>,
    pub(crate) annotation: Annotation,
}

impl Wanted {
    pub(crate) fn new(name: &str, extras: &[String], range: String, marker: Option<&str>) -> Wanted {
        let name = normalised(name);
        let asked = if extras.is_empty() { name.clone() } else { format!("{name}[{}]", extras.join(",")) };
        Wanted {
            name,
            asked,
            range,
            marker: marker.map(str::to_owned),
            version: None,
            source: None,
            artifacts: Vec::new(),
            faults: Vec::new(),
            place: Location::file(""),
            is_constraint: false,
            kind: EdgeKind::Production,
            group: None,
            annotation: Annotation::default(),
        }
    }

    /// Narrows the condition: `extra == "x"` and what the marker says.
    pub(crate) fn only_when(&mut self, condition: &str) {
        self.marker = Some(match self.marker.take().filter(|marker| !marker.is_empty()) {
            Some(marker) if marker.contains(" or ") => format!("({marker}) and {condition}"),
            Some(marker) => format!("{marker} and {condition}"),
            None => condition.to_owned(),
        });
    }

    /// A hash that the archive must have: `sha256:<hex>`.
    pub(crate) fn add_hash(&mut self, text: &str) {
        match hashes::from_text(text) {
            Some(integrity) => self.artifacts.push(Artifact { integrity: Some(integrity), ..Artifact::default() }),
            None => self.faults.push(format!("`{}` is no hash that verifies anything", short(text))),
        }
    }
}

/// Reads a requirement. Paths are relative to `folder`, and so is what `files` tells about them.
pub(crate) fn read(files: &dyn Files, text: &str, is_editable: bool, folder: &str) -> Wanted {
    let named = requirement::parse(text).filter(|found| found.url.is_some());
    if let Some(found) = named {
        let url = found.url.unwrap_or_default();
        let mut wanted = Wanted::new(found.written, &found.extras, found.range(), found.marker);
        wanted.faults = found.faults;
        return direct(files, wanted, url, folder);
    }
    let (place, extras, marker) = split_place(text);
    if is_editable || is_place(place) {
        let extras: Vec<String> = extras.split(',').map(normalised).filter(|extra| !extra.is_empty()).collect();
        return direct(files, Wanted::new("", &extras, place.to_owned(), marker), place, folder);
    }
    match requirement::parse(text) {
        Some(found) => {
            let mut wanted = Wanted::new(found.written, &found.extras, found.range(), found.marker);
            wanted.version = found.pinned();
            wanted.faults = found.faults;
            wanted
        }
        None => {
            let mut wanted = Wanted::new("", &[], text.to_owned(), None);
            wanted.source = Some(Source::Unknown { text: text.to_owned() });
            wanted.faults.push("it starts with no name of a project".to_owned());
            wanted
        }
    }
}

/// A URL or path, the extras in brackets behind it, and the marker. In a URL a `;` is a letter.
fn split_place(text: &str) -> (&str, &str, Option<&str>) {
    let (place, marker) = if text.contains("://") {
        text.split_once("; ").or_else(|| text.split_once(" ;"))
    } else {
        text.split_once(';')
    }
    .map_or((text, None), |(place, marker)| (place, Some(marker.trim())));
    let place = place.trim();
    match place.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
        // `#egg=name[extra]` is the URL's own.
        Some((before, extras)) if !before.contains("egg=") => (before.trim_end(), extras, marker),
        _ => (place, "", marker),
    }
}

/// Whether it is a URL or a path rather than a name, as pip tells them apart without looking at the disk.
fn is_place(text: &str) -> bool {
    let is_path = text.starts_with(['.', '/', '~']) || text.contains(['/', '\\']);
    is_path || text.starts_with("file:") || archive_stem(text).is_some_and(|_| !text.contains(['=', '<', '>']))
}

/// Fills in what a direct reference tells.
fn direct(files: &dyn Files, mut wanted: Wanted, place: &str, folder: &str) -> Wanted {
    let Direct { source, name, version, hashes, fault } = source::read(place, folder);
    if let Some(fault) = fault {
        wanted.faults.push(format!("`{}`: {fault}", short(place)));
    }
    if let (Source::Folder { path }, None) = (&source, fault) {
        let told = project::identity(files, path);
        wanted.version = told.version;
        rename(&mut wanted, told.name.or(name.clone()));
    } else {
        // An archive may be named after something else than the project.
        let is_its_own = name.as_deref().is_some_and(|name| wanted.name.is_empty() || is_same_name(name, &wanted.name));
        wanted.version = version.filter(|_| is_its_own);
    }
    rename(&mut wanted, name);
    // A folder of the project may well have no name: it is known by its path.
    let is_folder = matches!(source, Source::Folder { .. });
    if wanted.name.is_empty() && fault.is_none() && !is_folder {
        wanted.faults.push("nothing tells its name: neither `#egg=`, nor the file's name, nor a manifest".to_owned());
    }
    for (algorithm, digest) in hashes {
        wanted.add_hash(&format!("{algorithm}:{digest}"));
    }
    wanted.source = Some(source);
    wanted
}

/// Gives a name to what has none yet.
fn rename(wanted: &mut Wanted, name: Option<String>) {
    if let Some(name) = name.filter(|_| wanted.name.is_empty()) {
        wanted.name = normalised(&name);
        wanted.asked = format!("{}{}", wanted.name, wanted.asked);
    }
}
