//! What is wrong with an SBOM, gathered, and fields read with their faults reported.

use std::collections::BTreeMap;

use vetch_model::evidence::{Location, Span};
use vetch_model::outcome::Incomplete;

use super::REMAKE;
use super::bom::Stated;
use crate::error::short;
use crate::json::{Document, Object, Value};
use crate::npm::package_lock::{LockfileNote, LockfileNoteKind};

/// Most faults told one by one.
const MAX_INCOMPLETE: usize = 10_000;

/// Most unknown field names told one by one.
const MAX_UNKNOWN: usize = 50;

/// Faults and notes of one file.
pub(super) struct Report<'r, 'a> {
    pub(super) document: &'r Document<'a>,
    incomplete: Vec<Incomplete>,
    more: usize,
    /// Unknown fields by what has them and their name: how often, and where first.
    unknown: BTreeMap<(&'static str, String), (usize, Span)>,
    more_unknown: usize,
    notes: Vec<LockfileNote>,
}

impl<'r, 'a> Report<'r, 'a> {
    pub(super) fn new(document: &'r Document<'a>) -> Report<'r, 'a> {
        Report {
            document,
            incomplete: Vec::new(),
            more: 0,
            unknown: BTreeMap::new(),
            more_unknown: 0,
            notes: Vec::new(),
        }
    }

    /// Something in the file could not be read. `what` is empty for the file as a whole.
    pub(super) fn add(&mut self, what: &str, span: Span, why: impl Into<String>, hint: &str) {
        if self.incomplete.len() >= MAX_INCOMPLETE {
            self.more += 1;
            return;
        }
        let file = self.document.file;
        let what = if what.is_empty() { file.to_owned() } else { format!("{} in {file}", short(what)) };
        self.incomplete.push(Incomplete::new(what, why, hint).at(self.document.location(span)));
    }

    /// [`Report::add`] about the file as a whole, at no particular place.
    pub(super) fn add_for_file(&mut self, why: impl Into<String>, hint: &str) {
        let file = self.document.file;
        self.incomplete.push(Incomplete::new(file, why, hint).at(Location::file(file)));
    }

    pub(super) fn wrong_type(&mut self, what: &str, field: &str, value: &Value<'_>, expected: &str) {
        let why = format!("`{}` is {}, not {expected}", short(field), value.type_name());
        self.add(what, value.span, why, REMAKE);
    }

    pub(super) fn note(&mut self, kind: LockfileNoteKind, field: &str, found: String, span: Span) {
        if self.notes.len() < MAX_INCOMPLETE {
            let location = self.document.location(span);
            self.notes.push(LockfileNote { kind, package: None, field: short(field), found, expected: None, location });
        }
    }

    /// Keys that stand twice, and keys that the standards do not have: what they
    /// say is not read, and may be a misspelt field that matters.
    pub(super) fn check_fields(&mut self, object: &Object<'_>, of: &'static str, known: &[&str]) {
        if object.has_duplicates() {
            let (_, overridden) = object.split_duplicates();
            for member in overridden {
                let found = self.document.excerpt(member.value.span);
                self.note(LockfileNoteKind::DuplicateKey, &member.key, found, member.span);
                let why = format!("`{}` stands twice in {of}; the last one was read", short(&member.key));
                self.add("", member.span, why, REMAKE);
            }
        }
        for member in &object.members {
            let key = member.key.as_ref();
            if !known.contains(&key) && !key.starts_with('$') && !key.starts_with("x-") {
                let is_room = self.unknown.len() < MAX_UNKNOWN;
                match self.unknown.get_mut(&(of, short(key))) {
                    Some((count, _)) => *count += 1,
                    None if is_room => drop(self.unknown.insert((of, short(key)), (1, member.span))),
                    None => self.more_unknown += 1,
                }
            }
        }
    }

    /// A text; another type is reported. `null` is nothing, as tools write it.
    pub(super) fn stated<'d>(&mut self, what: &str, object: &'d Object<'a>, field: &str) -> Option<Stated<'d>> {
        let value = object.get(field).filter(|value| !value.is_null())?;
        match value.as_str() {
            Some(text) => Some(Stated { text: text.trim(), span: value.span }).filter(|stated| !stated.text.is_empty()),
            None => {
                self.wrong_type(what, field, value, "a string");
                None
            }
        }
    }

    pub(super) fn text<'d>(&mut self, what: &str, object: &'d Object<'a>, field: &str) -> Option<&'d str> {
        self.stated(what, object, field).map(|stated| stated.text)
    }

    /// The items of an array; another type is reported and empty.
    pub(super) fn items<'d>(&mut self, what: &str, object: &'d Object<'a>, field: &str) -> &'d [Value<'a>] {
        let Some(value) = object.get(field).filter(|value| !value.is_null()) else { return &[] };
        value.as_array().unwrap_or_else(|| {
            self.wrong_type(what, field, value, "an array");
            &[]
        })
    }

    /// An object; another type is reported.
    pub(super) fn object<'d>(&mut self, what: &str, field: &str, value: &'d Value<'a>) -> Option<&'d Object<'a>> {
        if value.as_object().is_none() {
            self.wrong_type(what, field, value, "an object");
        }
        value.as_object()
    }

    /// Everything gathered.
    pub(super) fn finish(mut self) -> (Vec<Incomplete>, Vec<LockfileNote>) {
        for ((of, key), (count, span)) in std::mem::take(&mut self.unknown) {
            let times = if count == 1 { String::new() } else { format!(" ({count} times)") };
            let why = format!("`{key}` is no field of {of} that is known{times}; it was not read");
            self.add("", span, why, "check its spelling, or update Vetch if the standard has a newer version");
        }
        if self.more_unknown > 0 {
            let why = format!("{} more fields of unknown names were not read", self.more_unknown);
            self.add_for_file(why, REMAKE);
        }
        if self.more > 0 {
            let why = format!("{} more of its entries are not what the standard says", self.more);
            self.add_for_file(why, REMAKE);
        }
        (self.incomplete, self.notes)
    }
}
