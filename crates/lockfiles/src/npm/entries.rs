//! What the readers of YAML lockfiles share: fields of entries, and the report
//! of what in them is not what their tool writes.

use std::collections::HashSet;

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Inventory, PackageId, Platform};
use vetch_model::outcome::Incomplete;

use super::dependencies::{Problem, Problems};
use super::package_lock::{LockfileNote, LockfileNoteKind};
use crate::error::short;
use crate::yaml::{Kind, Mapping, Member, Stream, Value};

/// Most bad entries told one by one.
const MAX_INCOMPLETE: usize = 10_000;

/// What a reader of a YAML lockfile builds.
pub(crate) struct Report<'d, 'a> {
    pub(crate) stream: &'d Stream<'a>,
    pub(crate) inventory: Inventory,
    pub(crate) notes: Vec<LockfileNote>,
    /// What to do about a bad entry.
    pub(crate) hint: &'static str,
    incomplete: Vec<Incomplete>,
    /// Beyond [`MAX_INCOMPLETE`].
    more: usize,
}

impl<'d, 'a> Report<'d, 'a> {
    pub(crate) fn new(stream: &'d Stream<'a>, hint: &'static str) -> Report<'d, 'a> {
        let inventory = Inventory { file: stream.file.to_owned(), ..Inventory::default() };
        let mut report = Report { stream, inventory, notes: Vec::new(), hint, incomplete: Vec::new(), more: 0 };
        if let Some((span, what)) = stream.not_followed {
            report.tell("the file", Problem::new(span, format!("it uses {what}, which is not followed")));
        }
        if stream.ends_in_mid_line() {
            let why = "its last line has no end, which its tool always writes: it may be cut short";
            report.tell("the end", Problem::new(Span::default(), why));
        }
        report
    }

    /// Something that is not what the tool writes.
    pub(crate) fn tell(&mut self, what: &str, problem: Problem) {
        let location = if problem.span == Span::default() {
            Location::file(self.stream.file)
        } else {
            self.stream.location(problem.span)
        };
        let what = format!("{} in {}", short(what), self.stream.file);
        self.push(Incomplete::new(what, problem.text, self.hint).at(location));
    }

    pub(crate) fn tell_all(&mut self, what: &str, problems: Problems) {
        for problem in problems.into_kept() {
            self.tell(what, problem);
        }
    }

    pub(crate) fn push(&mut self, incomplete: Incomplete) {
        if self.incomplete.len() < MAX_INCOMPLETE { self.incomplete.push(incomplete) } else { self.more += 1 }
    }

    /// Notes and tells keys that stand twice: the tools refuse the file, or take the last.
    pub(crate) fn duplicates(&mut self, mapping: &Mapping<'_>, package: Option<PackageId>) {
        for member in mapping.split_duplicates().1.into_iter().take(MAX_INCOMPLETE) {
            let key = short(&member.key);
            self.tell(
                &format!("`{key}`"),
                Problem::new(member.span, format!("the key `{key}` stands here twice; the last was read")),
            );
            self.notes.push(LockfileNote {
                kind: LockfileNoteKind::DuplicateKey,
                package,
                field: key,
                found: self.stream.excerpt(member.value.span),
                expected: mapping.get(&member.key).map(|value| self.stream.excerpt(value.span)),
                location: self.stream.location(member.span),
            });
        }
    }

    /// The mapping `field`; another type is told, and so is nothing at all: a file that was cut short.
    pub(crate) fn section(&mut self, mapping: &'d Mapping<'a>, field: &str) -> Option<&'d Mapping<'a>> {
        let value = mapping.get(field)?;
        if value.as_mapping().is_none() {
            self.tell(&format!("`{field}`"), wrong_type(field, value, "a mapping"));
        }
        value.as_mapping()
    }

    /// Every member of a section that counts; the duplicates are told.
    pub(crate) fn members(&mut self, section: Option<&'d Mapping<'a>>) -> Vec<&'d Member<'a>> {
        let Some(section) = section else { return Vec::new() };
        self.duplicates(section, None);
        section.split_duplicates().0
    }

    pub(crate) fn finish(self) -> (Inventory, Vec<LockfileNote>, Vec<Incomplete>) {
        let Report { stream, inventory, notes, hint, mut incomplete, more } = self;
        if more > 0 {
            let why = format!("{more} more of its entries are not what its tool writes");
            incomplete.push(Incomplete::new(stream.file, why, hint).at(Location::file(stream.file)));
        }
        (inventory, notes, incomplete)
    }
}

/// A field whose value is of another type than its tool writes.
pub(crate) fn wrong_type(field: &str, value: &Value<'_>, wanted: &str) -> Problem {
    Problem::new(value.span, format!("`{}` is {}, not {wanted}", short(field), value.type_name()))
}

/// Whether a field that no reader knows may hide an entry: fields are plain
/// words, and what newer versions of a tool add to an entry are words and lists.
pub(crate) fn may_hide_entries(member: &Member<'_>) -> bool {
    let is_word = !member.key.is_empty() && member.key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_filled = match &member.value.kind {
        Kind::Mapping(mapping) => !mapping.members.is_empty(),
        _ => false,
    };
    !is_word || is_filled
}

/// The fields of one entry; each that is of a wrong type is a problem of its own.
pub(crate) struct Fields<'d, 'a> {
    pub(crate) mapping: &'d Mapping<'a>,
    pub(crate) problems: Problems,
}

impl<'d, 'a> Fields<'d, 'a> {
    pub(crate) fn of(mapping: &'d Mapping<'a>) -> Fields<'d, 'a> {
        Fields { mapping, problems: Problems::default() }
    }

    pub(crate) fn text(&mut self, field: &str) -> Option<&'d str> {
        let value = self.mapping.get(field)?;
        if value.as_str().is_none() {
            self.problems.push(wrong_type(field, value, "a text"));
        }
        value.as_str()
    }

    pub(crate) fn flag(&mut self, field: &str) -> Option<bool> {
        let value = self.mapping.get(field)?;
        // Yarn's YAML has no types: `"true"` is as good.
        let found = value.as_bool().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        if found.is_none() {
            self.problems.push(wrong_type(field, value, "a boolean"));
        }
        found
    }

    pub(crate) fn mapping(&mut self, field: &str) -> Option<&'d Mapping<'a>> {
        let value = self.mapping.get(field)?;
        if value.as_mapping().is_none() {
            self.problems.push(wrong_type(field, value, "a mapping"));
        }
        value.as_mapping()
    }

    /// A list of texts; a lone text counts as a list of one.
    pub(crate) fn texts(&mut self, field: &str) -> Vec<String> {
        let Some(value) = self.mapping.get(field) else { return Vec::new() };
        if let Some(text) = value.as_str() {
            return vec![text.to_owned()];
        }
        let Some(items) = value.as_sequence() else {
            self.problems.push(wrong_type(field, value, "a list"));
            return Vec::new();
        };
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            match item.as_str() {
                Some(text) => found.push(text.to_owned()),
                None => self.problems.push(wrong_type(&format!("{field}[]"), item, "a text")),
            }
        }
        found
    }

    pub(crate) fn platform(&mut self) -> Platform {
        Platform { os: self.texts("os"), cpu: self.texts("cpu"), libc: self.texts("libc") }
    }

    /// `integrity`; a text without a usable digest is a problem, not an absence.
    pub(crate) fn integrity(&mut self) -> Option<vetch_model::Integrity> {
        let text = self.text("integrity")?;
        match vetch_model::Integrity::parse(text) {
            Ok(integrity) => Some(integrity),
            Err(error) => {
                let span = self.mapping.get("integrity").map(|value| value.span).unwrap_or_default();
                self.problems.push(Problem::new(span, format!("`integrity`: {error}")));
                None
            }
        }
    }

    /// The members of the mapping `field` whose values are texts; others are problems, and empty.
    pub(crate) fn pairs(&mut self, field: &str) -> Vec<(&'d str, &'d str)> {
        let Some(mapping) = self.mapping(field) else { return Vec::new() };
        let (kept, overridden) = mapping.split_duplicates();
        for member in overridden {
            self.problems.push(Problem::new(
                member.span,
                format!("the key `{}` stands here twice; the last was read", short(&member.key)),
            ));
        }
        let mut found = Vec::with_capacity(kept.len());
        for member in kept {
            if member.value.as_str().is_none() {
                self.problems.push(wrong_type(&format!("{field}.{}", member.key), &member.value, "a text"));
            }
            found.push((member.key.as_ref(), member.value.as_str().unwrap_or_default()));
        }
        found
    }

    /// Names that the mapping `field` marks with `optional: true`.
    pub(crate) fn optional_names(&mut self, field: &str) -> HashSet<&'d str> {
        let Some(mapping) = self.mapping(field) else { return HashSet::new() };
        let is_optional = |member: &&Member<'_>| {
            let optional = member.value.as_mapping().and_then(|entry| entry.get("optional"));
            optional.and_then(Value::as_str) == Some("true")
        };
        mapping.members.iter().filter(is_optional).map(|member| member.key.as_ref()).collect()
    }
}
