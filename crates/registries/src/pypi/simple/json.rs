//! The JSON form (PEP 691).

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use vetch_model::purl::normalised;
use vetch_model::{Integrity, Outcome};

use super::{CoreMetadata, Faults, FileKind, FileLocation, Form, MAX_FILES, ProjectFile, ProjectPage, Raw, link};
use crate::digest::from_hex;
use crate::http::cut;
use crate::pypi::error::IndexError;
use crate::pypi::simple::file_name;

/// A page whose parts are read one by one, so that one wrong file does not cost the others.
#[derive(Deserialize)]
struct Page<'t> {
    #[serde(borrow)]
    meta: Option<&'t RawValue>,
    #[serde(borrow)]
    name: Option<&'t RawValue>,
    #[serde(borrow)]
    files: Option<Vec<&'t RawValue>>,
    #[serde(borrow)]
    versions: Option<&'t RawValue>,
    #[serde(borrow, rename = "project-status")]
    status: Option<&'t RawValue>,
}

pub(crate) fn read(raw: &Raw<'_>, text: &str) -> Result<Outcome<ProjectPage>, IndexError> {
    let page: Page<'_> = serde_json::from_str(text).map_err(|error| raw.no_page(cut(&error.to_string())))?;
    let mut faults = Faults::new(raw.index, raw.name);
    let meta = page.meta.and_then(value).unwrap_or_default();
    let api_version = meta.get("api-version").and_then(Value::as_str).and_then(super::html::api_version);
    match api_version {
        Some((1, _)) => {}
        Some((major, _)) => return Err(raw.no_page(format!("its API version {major} is newer than what is known"))),
        None => faults.add("`meta.api-version`", "it is missing or no version"),
    }
    let name = page.name.and_then(value);
    match name.as_ref().and_then(Value::as_str) {
        Some(name) if normalised(name) == raw.name => {}
        Some(other) => {
            return Err(IndexError::OtherProject { url: crate::http::shown(raw.url), name: cut(other) });
        }
        None => faults.add("`name`", "it is missing or no text"),
    }
    let entries = page.files.ok_or_else(|| raw.no_page("it has no `files`".to_owned()))?;
    let mut files = Vec::with_capacity(entries.len().min(MAX_FILES));
    for (place, entry) in entries.iter().enumerate() {
        if place >= MAX_FILES {
            faults.add("`files`", format!("{} files; only the first {MAX_FILES} were read", entries.len()));
            break;
        }
        let entry = value(entry);
        let Some(entry) = entry.as_ref().and_then(Value::as_object) else {
            faults.add(&format!("`files[{place}]`"), "it is no object");
            continue;
        };
        files.extend(file(raw, place, entry, &mut faults));
    }
    let status = page.status.and_then(value).unwrap_or_default();
    let text_of = |key: &str| status.get(key).and_then(Value::as_str).map(str::to_owned);
    let value = ProjectPage {
        name: raw.name.to_owned(),
        index: raw.index.to_owned(),
        form: Form::Json,
        api_version,
        files,
        versions: page.versions.and_then(|versions| versions_of(versions, &mut faults)),
        status: text_of("status"),
        status_reason: text_of("reason"),
    };
    Ok(Outcome { value, incomplete: faults.finish() })
}

fn value(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok()
}

fn versions_of(raw: &RawValue, faults: &mut Faults<'_>) -> Option<Vec<String>> {
    let versions: Option<Vec<String>> = value(raw)
        .as_ref()
        .and_then(Value::as_array)
        .and_then(|versions| versions.iter().map(|version| version.as_str().map(str::to_owned)).collect());
    if versions.is_none() {
        faults.add("`versions`", "it is no list of texts");
    }
    versions
}

/// One file. What is wrong in it is told of; only without a name or URL it is nothing at all.
fn file(raw: &Raw<'_>, place: usize, entry: &Map<String, Value>, faults: &mut Faults<'_>) -> Option<ProjectFile> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let Some(name) = text("filename").filter(|name| file_name::is_plain(name)) else {
        faults.add(&format!("`files[{place}]`"), "its `filename` is missing or no file name");
        return None;
    };
    let Some((url, fragment)) = text("url").and_then(|url| link(raw.url, url)) else {
        faults.add(name, "its `url` is missing or no http or https URL");
        return None;
    };
    let version = file_name::version(name, raw.name);
    let kind = FileKind::of(name);
    if version.is_none() && kind != FileKind::Other {
        faults.add(name, "its name is no file's of this project");
        return None;
    }
    let mut wrong = |key: &str, what: &str| faults.add(name, format!("its `{key}` is {what}"));
    let present = |key: &str| entry.get(key).filter(|value| !value.is_null());
    let integrity = match present("hashes").map(hashes) {
        Some(Some(integrity)) => integrity,
        Some(None) => {
            wrong("hashes", "no object of hexadecimal texts");
            None
        }
        None => {
            wrong("hashes", "missing");
            None
        }
    };
    let integrity = integrity.or_else(|| fragment.as_deref().and_then(super::fragment_integrity));
    let requires_python = text("requires-python").map(str::to_owned);
    if requires_python.is_none() && present("requires-python").is_some() {
        wrong("requires-python", "no text");
    }
    let upload_time = text("upload-time").and_then(|time| time.parse().ok());
    if upload_time.is_none() && present("upload-time").is_some() {
        wrong("upload-time", "no time");
    }
    let size = entry.get("size").and_then(Value::as_u64);
    if size.is_none() && present("size").is_some() {
        wrong("size", "no number of bytes");
    }
    let yanked = match present("yanked") {
        None | Some(Value::Bool(false)) => None,
        Some(Value::Bool(true)) => Some(String::new()),
        Some(Value::String(reason)) => Some(reason.clone()),
        // Someone wanted to say something about it: better a warning too many.
        Some(_) => {
            wrong("yanked", "neither a truth value nor a text");
            Some(String::new())
        }
    };
    let provenance = text("provenance").and_then(|url| link(raw.url, url)).map(|(url, _)| url);
    if provenance.is_none() && present("provenance").is_some() {
        wrong("provenance", "no URL");
    }
    Some(ProjectFile {
        file_name: name.to_owned(),
        kind,
        version: version.map(str::to_owned),
        location: FileLocation::Url(url),
        integrity,
        requires_python,
        upload_time,
        size,
        yanked,
        core_metadata: core_metadata(entry),
        provenance,
    })
}

/// The digests of an object; `Some(None)` when it holds none that proves anything.
fn hashes(value: &Value) -> Option<Option<Integrity>> {
    let object = value.as_object()?;
    if object.values().any(|hex| !hex.is_string()) {
        return None;
    }
    let integrity = from_hex(object.iter().filter_map(|(name, hex)| Some((name.as_str(), hex.as_str()?))));
    // A SHA-256 of the wrong length is a fault, no absence.
    let known = |name: &String| ["sha256", "sha384", "sha512"].contains(&name.to_ascii_lowercase().as_str());
    if integrity.is_none() && object.keys().any(known) { None } else { Some(integrity) }
}

/// `core-metadata`, before that `dist-info-metadata`, before that with `data-` (PEP 714).
fn core_metadata(entry: &Map<String, Value>) -> CoreMetadata {
    let keys = ["core-metadata", "dist-info-metadata", "data-dist-info-metadata"];
    match keys.iter().find_map(|key| entry.get(*key)) {
        Some(Value::Bool(true)) => CoreMetadata::Available(None),
        Some(object @ Value::Object(_)) => CoreMetadata::Available(hashes(object).flatten()),
        _ => CoreMetadata::Absent,
    }
}
