//! The fields of a manifest that name files: what is loaded, run, or only read
//! by type checkers. Conditions of `exports` are all followed: which one counts
//! depends on who imports.

use vetch_model::manifest::{Entry, EntryKind, Manifest};

use crate::error::short;
use crate::json::{Kind, Object, Value};
use crate::npm::dependencies::{Problem, Problems};

/// Most entries followed of one manifest; the largest seen has some 4,000.
const MAX_ENTRIES: usize = 20_000;

/// Fields that hold one path, or a map of replacements.
const IMPORT_FIELDS: &[&str] = &["main", "module", "jsnext:main", "browser", "react-native", "unpkg", "jsdelivr"];

/// Collects entries in the order of [`IMPORT_FIELDS`], `types`, `exports`, `bin`.
pub(super) fn read(object: &Object<'_>, manifest: &mut Manifest, problems: &mut Problems) {
    let mut collector = Collector { entries: Vec::new(), problems, is_full: false };
    for field in IMPORT_FIELDS {
        if let Some(value) = object.get(field) {
            collector.path_or_map(field, value);
        }
    }
    for field in ["types", "typings"] {
        if let Some(path) = object.get(field).and_then(Value::as_str) {
            collector.push(field.to_owned(), path, EntryKind::Types);
        }
    }
    if let Some(exports) = object.get("exports") {
        manifest.has_exports = !exports.is_null();
        collector.exports("exports", exports, EntryKind::Import);
    }
    if let Some(bin) = object.get("bin") {
        collector.bin(bin);
    }
    let directories = object.get("directories").and_then(Value::as_object);
    if let Some(folder) = directories.and_then(|map| map.get("bin")).and_then(Value::as_str) {
        // Every file in the folder becomes a command.
        collector.push("directories.bin".to_owned(), &format!("{}/*", folder.trim_end_matches('/')), EntryKind::Bin);
    }
    manifest.entries = collector.entries;
}

/// A longer field path. Past some length it stays as it is: every target below
/// carries it, and the nesting is the file's to choose.
fn longer(field: &str, step: &str) -> String {
    const LONGEST: usize = 400;
    if field.len() > LONGEST { field.to_owned() } else { format!("{field}{step}") }
}

struct Collector<'p> {
    entries: Vec<Entry>,
    problems: &'p mut Problems,
    is_full: bool,
}

impl Collector<'_> {
    fn push(&mut self, field: String, path: &str, kind: EntryKind) {
        let is_declaration = [".d.ts", ".d.mts", ".d.cts"].iter().any(|ending| path.ends_with(ending));
        let kind = if is_declaration && kind == EntryKind::Import { EntryKind::Types } else { kind };
        if self.entries.len() < MAX_ENTRIES {
            self.entries.push(Entry { field, path: path.to_owned(), kind });
        } else if !self.is_full {
            self.is_full = true;
            let text = format!("it names more than {MAX_ENTRIES} files as entries; the others are not followed");
            self.problems.push(Problem::new(vetch_model::evidence::Span::default(), text));
        }
    }

    /// A path, or (`browser`, `react-native`) a map of replacements; `false` replaces by nothing.
    fn path_or_map(&mut self, field: &str, value: &Value<'_>) {
        match &value.kind {
            Kind::String(path) => self.push(field.to_owned(), path, EntryKind::Import),
            Kind::Object(map) if matches!(field, "browser" | "react-native") => {
                for member in &map.members {
                    if let Some(path) = member.value.as_str() {
                        self.push(format!("{field}[\"{}\"]", short(&member.key)), path, EntryKind::Import);
                    }
                }
            }
            Kind::Null | Kind::Bool(false) => {}
            _ => self.problems.push(Problem::wrong_type(field, value, "a string")),
        }
    }

    /// Every target of `exports`: subpaths and conditions nest at will, an array lists fallbacks.
    fn exports(&mut self, field: &str, value: &Value<'_>, kind: EntryKind) {
        if self.is_full {
            return;
        }
        match &value.kind {
            Kind::String(path) => self.push(field.to_owned(), path, kind),
            Kind::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.exports(&longer(field, &format!("[{index}]")), item, kind);
                }
            }
            Kind::Object(map) => {
                for member in &map.members {
                    let key = short(&member.key);
                    if key.starts_with('.') {
                        self.exports(&longer(field, &format!("[\"{key}\"]")), &member.value, kind);
                    } else {
                        let is_types = key == "types" || key.starts_with("types@") || key == "typings";
                        let kind = if is_types { EntryKind::Types } else { kind };
                        self.exports(&longer(field, &format!(".{key}")), &member.value, kind);
                    }
                }
            }
            // A null target forbids the subpath.
            Kind::Null => {}
            Kind::Bool(_) | Kind::Number(_) => {
                self.problems.push(Problem::wrong_type(field, value, "a path, a condition map or a list"));
            }
        }
    }

    fn bin(&mut self, value: &Value<'_>) {
        match &value.kind {
            Kind::String(path) => self.push("bin".to_owned(), path, EntryKind::Bin),
            Kind::Object(map) => {
                for member in &map.members {
                    match member.value.as_str() {
                        Some(path) => self.push(format!("bin.{}", short(&member.key)), path, EntryKind::Bin),
                        None => self.problems.push(Problem::wrong_type(
                            &format!("bin.{}", member.key),
                            &member.value,
                            "a string",
                        )),
                    }
                }
            }
            Kind::Null | Kind::Bool(false) => {}
            Kind::Array(items) => {
                self.problems.push(Problem::wrong_type("bin", value, "a string or an object"));
                // npm links each by its file name.
                for path in items.iter().filter_map(Value::as_str) {
                    self.push("bin".to_owned(), path, EntryKind::Bin);
                }
            }
            _ => self.problems.push(Problem::wrong_type("bin", value, "a string or an object")),
        }
    }
}
