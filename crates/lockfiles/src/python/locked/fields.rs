//! The fields of one entry; each that is of a wrong type is a problem of its own.

use vetch_model::evidence::Span;
use vetch_model::inventory::{Artifact, Package};

use super::{Core, file_name, integrity};
use crate::error::short;
use crate::toml_tree::{Kind, Table, Value};

/// Most problems kept of one entry.
const MAX_PROBLEMS: usize = 100;

/// An entry being read.
pub(in crate::python) struct Fields<'t, 'a> {
    pub(in crate::python) table: &'t Table<'a>,
    problems: Vec<(Span, String)>,
    more: usize,
}

impl<'t, 'a> Fields<'t, 'a> {
    pub(in crate::python) fn of(table: &'t Table<'a>) -> Fields<'t, 'a> {
        Fields { table, problems: Vec::new(), more: 0 }
    }

    pub(in crate::python) fn problem(&mut self, span: Span, why: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS { self.problems.push((span, why.into())) } else { self.more += 1 }
    }

    fn wrong(&mut self, key: &str, value: &Value<'_>, wanted: &str) {
        self.problem(value.span, value.wrong_type(key, wanted));
    }

    /// A string.
    pub(in crate::python) fn text(&mut self, key: &str) -> Option<&'t str> {
        let value = self.table.get(key)?;
        if value.as_str().is_none() {
            self.wrong(key, value, "a string");
        }
        value.as_str()
    }

    /// A boolean.
    pub(in crate::python) fn flag(&mut self, key: &str) -> bool {
        let Some(value) = self.table.get(key) else { return false };
        if value.as_bool().is_none() {
            self.wrong(key, value, "a boolean");
        }
        value.as_bool() == Some(true)
    }

    /// A table.
    pub(in crate::python) fn table(&mut self, key: &str) -> Option<&'t Table<'a>> {
        let value = self.table.get(key)?;
        if value.as_table().is_none() {
            self.wrong(key, value, "a table");
        }
        value.as_table()
    }

    /// A list; empty if there is none.
    pub(in crate::python) fn list(&mut self, key: &str) -> &'t [Value<'a>] {
        let Some(value) = self.table.get(key) else { return &[] };
        if value.as_array().is_none() {
            self.wrong(key, value, "an array");
        }
        value.as_array().unwrap_or_default()
    }

    /// A list of strings, or one string.
    pub(in crate::python) fn texts(&mut self, key: &str) -> Vec<&'t str> {
        if let Some(text) = self.table.get(key).and_then(Value::as_str) {
            return vec![text];
        }
        let mut texts = Vec::new();
        for item in self.list(key) {
            match item.as_str() {
                Some(text) => texts.push(text),
                None => self.wrong(key, item, "a string"),
            }
        }
        texts
    }

    /// A list of tables.
    pub(in crate::python) fn tables(&mut self, key: &str) -> Vec<Fields<'t, 'a>> {
        let list = self.list(key);
        let mut tables = Vec::with_capacity(list.len());
        for item in list {
            match item.as_table() {
                Some(table) => tables.push(Fields::of(table)),
                None => self.wrong(key, item, "a table"),
            }
        }
        tables
    }

    /// Takes over the problems of a part.
    pub(in crate::python) fn absorb(&mut self, part: Fields<'_, '_>) {
        self.more += part.more;
        for (span, why) in part.problems {
            self.problem(span, why);
        }
    }

    /// The span of a field's value, or of nothing.
    pub(in crate::python) fn span(&self, key: &str) -> Span {
        self.table.get(key).map(|value| value.span).unwrap_or_default()
    }

    /// `size`, in bytes.
    pub(in crate::python) fn size(&mut self) -> Option<u64> {
        let value = self.table.get("size")?;
        let size = value.as_integer().and_then(|size| u64::try_from(size).ok());
        if size.is_none() {
            self.wrong("size", value, "a number of bytes");
        }
        size
    }

    /// Tells everything that was odd about the entry `what`.
    pub(in crate::python) fn tell(self, core: &mut Core<'_>, what: &str) {
        let last = self.problems.last().map(|(span, _)| *span).unwrap_or_default();
        for (span, why) in self.problems {
            core.report(what, span, why);
        }
        if self.more > 0 {
            core.report(what, last, format!("and {} more problems", self.more));
        }
    }

    /// The artefact of a table with `url` or `path`, `file` or `name`, `hash` and `size`.
    pub(in crate::python) fn artifact(&mut self, package: &mut Package) {
        let url = self.text("url").or_else(|| self.text("path"));
        let named = if self.table.get("file").is_some() { self.text("file") } else { self.text("filename") };
        let named = named.or_else(|| self.table.get("name").and_then(Value::as_str));
        let file = named.or_else(|| url.map(file_name)).unwrap_or_default().to_owned();
        let mut artifact = Artifact { file, url: url.map(str::to_owned), integrity: None, size: self.size() };
        match self.text("hash") {
            Some(text) => self.hash(text, self.span("hash"), &mut artifact, package),
            None => self.hashes(&mut artifact, package),
        }
        package.artifacts.push(artifact);
    }

    /// `hashes = {sha256 = "…", …}`: the strongest counts, what is unknown is kept as text.
    pub(in crate::python) fn hashes(&mut self, artifact: &mut Artifact, package: &mut Package) {
        let Some(value) = self.table.get("hashes") else { return };
        let Kind::Table(table) = &value.kind else {
            self.wrong("hashes", value, "a table");
            return;
        };
        for member in &table.members {
            match member.value.as_str() {
                Some(hex) => self.hash(&format!("{}:{hex}", member.key), member.value.span, artifact, package),
                None => self.wrong(&member.key, &member.value, "a string"),
            }
        }
    }

    /// One `algorithm:hex`.
    pub(in crate::python) fn hash(&mut self, text: &str, span: Span, artifact: &mut Artifact, package: &mut Package) {
        match integrity(text) {
            Some(found) => {
                let is_stronger = artifact.integrity.as_ref().is_none_or(|old| old.algorithm() < found.algorithm());
                if is_stronger {
                    artifact.integrity = Some(found);
                }
            }
            None if is_other_hash(text) => {
                let kept = package.cache_checksum.get_or_insert_default();
                if !kept.is_empty() {
                    kept.push(' ');
                }
                kept.push_str(text);
            }
            None => self.problem(span, format!("`{}` is no hash", short(text))),
        }
    }
}

/// A hash by an algorithm that nothing here verifies (`md5:…`, `blake2b:…`).
pub(in crate::python) fn is_other_hash(text: &str) -> bool {
    let known = ["sha1", "sha256", "sha384", "sha512"];
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        let is_name =
            !algorithm.is_empty() && algorithm.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name
            && !known.contains(&algorithm)
            && (32..=128).contains(&hex.len())
            && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
