//! `package.json`, read as tolerantly as npm does: what npm would ignore or
//! mend is noted in [`Manifest::problems`], and the rest stands.
//! Fields: <https://docs.npmjs.com/cli/v11/configuring-npm/package-json>.

mod entries;
mod reading;

pub use reading::read_in;

use vetch_model::manifest::{Manifest, Script};

use super::dependencies::{self, Problem, Problems, duplicate, strings};
use crate::error::{ReadError, ReadErrorKind};
use crate::json::{Document, Kind, Limits, Object, Value, parse};
use vetch_model::evidence::Location;
use vetch_model::inventory::Platform;

/// Largest manifest read, in bytes; the largest on the public registry are below 3 MB.
pub const MAX_BYTES: usize = 16 << 20;

/// Most JSON values in one manifest.
const MAX_VALUES: usize = 1_000_000;

/// Why a manifest could not be read at all.
pub type ManifestError = ReadError;

/// Reads a manifest. `file` is its path for locations and messages.
///
/// # Errors
/// When it is too large, no JSON, nested too deeply, or no JSON object.
pub fn read(bytes: &[u8], file: &str) -> Result<Manifest, ManifestError> {
    let document = parse(
        bytes,
        file,
        Limits { bytes: MAX_BYTES, values: MAX_VALUES },
        "mend the file, or install the package again",
    )?;
    let Some(object) = document.root.as_object() else {
        return Err(ReadError::new(
            ReadErrorKind::Shape,
            Location::file(file),
            format!("it holds {} where a manifest is an object", document.root.type_name()),
            "mend the file, or install the package again",
        ));
    };
    let mut reader =
        Reader { document: &document, object, manifest: Manifest::default(), problems: Problems::default() };
    reader.read_identity();
    reader.read_about();
    reader.read_scripts();
    reader.read_dependencies();
    reader.read_lists();
    entries::read(object, &mut reader.manifest, &mut reader.problems);
    Ok(reader.finish())
}

struct Reader<'d, 'a> {
    document: &'d Document<'a>,
    object: &'d Object<'a>,
    manifest: Manifest,
    problems: Problems,
}

impl Reader<'_, '_> {
    fn read_identity(&mut self) {
        self.manifest.name = self.text("name").map(|name| name.trim().to_owned());
        self.manifest.version = self.text("version").map(|version| clean_version(&version));
        self.manifest.is_module = self.text("type").as_deref() == Some("module");
        self.manifest.is_private = self.flag("private") == Some(true);
        self.manifest.gypfile = self.flag("gypfile");
    }

    fn read_about(&mut self) {
        self.manifest.description = self.text("description");
        self.manifest.homepage = self.text("homepage");
        self.manifest.repository = self.text_or_member("repository", "url");
        self.manifest.license = self.text_or_member("license", "type");
        self.manifest.author = self.object.get("author").and_then(person);
    }

    fn read_scripts(&mut self) {
        let Some(value) = self.object.get("scripts") else { return };
        let Some(scripts) = value.as_object() else {
            self.problems.push(Problem::wrong_type("scripts", value, "an object"));
            return;
        };
        let (kept, overridden) = scripts.split_duplicates();
        for member in overridden {
            self.problems.push(duplicate(&member.key, member.span));
        }
        for member in kept {
            match member.value.as_str() {
                Some(command) => self.manifest.scripts.push(Script {
                    name: member.key.to_string(),
                    command: command.to_owned(),
                    location: self.document.location(member.span),
                }),
                None => {
                    let field = format!("scripts.{}", member.key);
                    self.problems.push(Problem::wrong_type(&field, &member.value, "a string"));
                }
            }
        }
    }

    fn read_dependencies(&mut self) {
        let found = dependencies::read(self.object, &self.document.lines, &mut self.problems);
        self.manifest.bundled = dependencies::read_bundled(self.object, &found, &mut self.problems);
        self.manifest.dependencies = found;
    }

    fn read_lists(&mut self) {
        self.manifest.platform = platform(self.object, &mut self.problems);
        self.manifest.files = self.object.get("files").map(|value| strings("files", value, &mut self.problems));
        self.manifest.workspaces = workspaces(self.object, &mut self.problems);
    }

    /// A string field; another type is a problem.
    fn text(&mut self, field: &str) -> Option<String> {
        let value = self.object.get(field)?;
        match &value.kind {
            Kind::String(text) => Some(text.to_string()),
            Kind::Null => None,
            _ => {
                self.problems.push(Problem::wrong_type(field, value, "a string"));
                None
            }
        }
    }

    /// A field that is a string or an object with the string in `member`.
    fn text_or_member(&mut self, field: &str, member: &str) -> Option<String> {
        match self.object.get(field)?.as_object() {
            Some(object) => object.get(member).and_then(Value::as_str).map(str::to_owned),
            None => self.text(field),
        }
    }

    /// A boolean field; npm also takes the strings `"true"` and `"false"`.
    fn flag(&mut self, field: &str) -> Option<bool> {
        let value = self.object.get(field)?;
        let found = match &value.kind {
            Kind::Bool(found) => Some(*found),
            Kind::String(text) => text.parse().ok(),
            _ => None,
        };
        if value.as_bool().is_none() && !value.is_null() {
            self.problems.push(Problem::wrong_type(field, value, "a boolean"));
        }
        found
    }

    fn finish(mut self) -> Manifest {
        for member in self.object.split_duplicates().1 {
            self.problems.push(duplicate(&member.key, member.span));
        }
        if let Some(start) = self.document.invalid_utf8 {
            let span = vetch_model::evidence::Span { start, end: start };
            self.problems.push(Problem::new(span, "a string holds bytes that are no UTF-8; they are read as U+FFFD"));
        }
        let lines = &self.document.lines;
        let told = |problem: Problem| format!("line {}: {}", lines.line(problem.span.start), problem.text);
        self.manifest.problems = self.problems.into_kept().into_iter().map(told).collect();
        self.manifest
    }
}

/// `os`, `cpu` and `libc`: a string or a list.
pub(crate) fn platform(object: &Object<'_>, problems: &mut Problems) -> Platform {
    let mut list = |field: &str| match object.get(field) {
        Some(value) => strings(field, value, problems),
        None => Vec::new(),
    };
    Platform { os: list("os"), cpu: list("cpu"), libc: list("libc") }
}

/// `workspaces`: a list of patterns, or an object with the list in `packages`.
pub(crate) fn workspaces(object: &Object<'_>, problems: &mut Problems) -> Vec<String> {
    let Some(value) = object.get("workspaces") else { return Vec::new() };
    match value.as_object() {
        Some(nested) => nested.get("packages").map(|value| strings("workspaces.packages", value, problems)),
        None => Some(strings("workspaces", value, problems)),
    }
    .unwrap_or_default()
}

/// A person as text: `Name <mail> (url)`.
fn person(value: &Value<'_>) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let object = value.as_object()?;
    let part = |field: &str| object.get(field).and_then(Value::as_str);
    let mut text = part("name").unwrap_or_default().to_owned();
    if let Some(email) = part("email") {
        text.push_str(&format!(" <{email}>"));
    }
    if let Some(url) = part("url") {
        text.push_str(&format!(" ({url})"));
    }
    Some(text.trim_start().to_owned()).filter(|text| !text.is_empty())
}

/// npm drops a leading `v` or `=` and blanks, so that lockfiles never show them.
fn clean_version(text: &str) -> String {
    let trimmed = text.trim();
    let bare = trimmed.trim_start_matches(['v', '=', ' ']);
    if bare.starts_with(|first: char| first.is_ascii_digit()) { bare.to_owned() } else { trimmed.to_owned() }
}
