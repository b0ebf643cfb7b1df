//! What the readers of flat lists build: packages, edges, and what is missing.

use std::collections::{HashMap, HashSet};

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{EdgeKind, Inventory, Package, PackageId, Unresolved};
use vetch_model::outcome::{Incomplete, Outcome};

use super::dependencies::{Problem, Problems};
use super::package_lock::{LockfileNote, LockfileNoteKind};
use crate::error::{ReadError, ReadErrorKind, short};
use crate::format::{Format, Reading};
use crate::json::{Document, Object, Value};

/// Most packages in one lockfile.
pub(crate) const MAX_PACKAGES: usize = 500_000;

/// Most faults told one by one, and most notes.
const MAX_TOLD: usize = 10_000;

/// An inventory in the making.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The file that is read, for messages.
    pub(crate) file: String,
    pub(crate) inventory: Inventory,
    pub(crate) incomplete: Vec<Incomplete>,
    notes: Vec<LockfileNote>,
    /// What mends a bad entry.
    hint: &'static str,
    /// Faults beyond [`MAX_TOLD`].
    untold: usize,
    /// Names of unknown fields that were told.
    unknown: HashSet<String>,
}

impl Listing {
    /// Of `file`; `hint` tells what mends a bad entry of it.
    pub(crate) fn new(file: &str, hint: &'static str) -> Listing {
        Listing {
            file: file.to_owned(),
            inventory: Inventory { file: file.to_owned(), ..Inventory::default() },
            incomplete: Vec::new(),
            notes: Vec::new(),
            hint,
            untold: 0,
            unknown: HashSet::new(),
        }
    }

    /// Something that is not what the tool writes.
    pub(crate) fn report(&mut self, what: &str, why: impl Into<String>, location: Location) {
        if self.incomplete.len() >= MAX_TOLD {
            self.untold += 1;
            return;
        }
        let what =
            if what.is_empty() { location.file.clone() } else { format!("{} in {}", short(what), location.file) };
        self.incomplete.push(Incomplete::new(what, why, self.hint).at(location));
    }

    /// Tells every problem of one entry.
    pub(crate) fn report_all(&mut self, what: &str, problems: Problems, document: &Document<'_>) {
        for problem in problems.into_kept() {
            self.report(what, problem.text, document.location(problem.span));
        }
    }

    /// A dependency that must be there and is not.
    pub(crate) fn missing(
        &mut self,
        from: PackageId,
        name: &str,
        range: &str,
        kind: EdgeKind,
        location: Option<Location>,
    ) {
        self.inventory.unresolved.push(Unresolved { from, name: name.to_owned(), range: range.to_owned(), kind });
        if matches!(kind, EdgeKind::Production | EdgeKind::Development | EdgeKind::Build) {
            let package = self.inventory.package(from);
            let location = location.or_else(|| package.declared_at.clone());
            let location = location.unwrap_or_else(|| Location::file(self.file.clone()));
            let why = format!("it asks for `{}`, which {} does not list", short(&wanted(name, range)), self.file);
            self.report(&format!("`{}`", package.label()), why, location);
        }
    }

    /// What [`super::edges::connect`] could not resolve is also missing from the file.
    pub(crate) fn report_unresolved(&mut self) {
        for unresolved in std::mem::take(&mut self.inventory.unresolved) {
            let Unresolved { from, name, range, kind } = unresolved;
            self.missing(from, &name, &range, kind, None);
        }
    }

    /// Fields that are not known, and might have held packages or edges; each name is told once.
    pub(crate) fn report_unknown(&mut self, object: &Object<'_>, known: &[&str], document: &Document<'_>) {
        for member in object.members.iter().filter(|member| !known.contains(&member.key.as_ref())) {
            if self.unknown.len() >= MAX_TOLD || !self.unknown.insert(member.key.to_string()) {
                continue;
            }
            let why = "it is no field that is known here, and was not read";
            self.report(&format!("`{}`", member.key), why, document.location(member.span));
        }
    }

    /// Keys that stand twice in an object: the last counts, a reader of diffs sees the first.
    pub(crate) fn note_duplicates(
        &mut self,
        object: &Object<'_>,
        package: Option<PackageId>,
        document: &Document<'_>,
        place: impl Fn(Span) -> Location,
    ) {
        let (kept, overridden) = object.split_duplicates();
        if overridden.is_empty() {
            return;
        }
        let counts: HashMap<&str, Span> = kept.iter().map(|member| (member.key.as_ref(), member.value.span)).collect();
        for member in overridden {
            let expected = counts.get(member.key.as_ref()).map(|span| document.excerpt(*span));
            let found = document.excerpt(member.value.span);
            self.note_duplicate(package, &member.key, found, expected, place(member.span));
        }
    }

    /// One key or descriptor that stands twice.
    pub(crate) fn note_duplicate(
        &mut self,
        package: Option<PackageId>,
        key: &str,
        found: String,
        expected: Option<String>,
        location: Location,
    ) {
        if self.notes.len() < MAX_TOLD {
            let kind = LockfileNoteKind::DuplicateKey;
            self.notes.push(LockfileNote { kind, package, field: short(key), found, expected, location });
        }
    }

    /// Adds a package.
    ///
    /// # Errors
    /// When there are more than any honest file lists.
    pub(crate) fn push(&mut self, package: Package) -> Result<PackageId, ReadError> {
        if self.inventory.packages.len() >= MAX_PACKAGES {
            let problem = format!("it lists more than {MAX_PACKAGES} packages");
            return Err(ReadError::new(ReadErrorKind::TooLarge, Location::file(&self.file), problem, self.hint));
        }
        Ok(self.inventory.push(package))
    }

    /// The reading.
    pub(crate) fn finish(mut self, format: Format, format_version: &str) -> Outcome<Reading> {
        if self.untold > 0 {
            let why = format!("{} more of its entries are not what is written there", self.untold);
            self.incomplete.push(Incomplete::new(&self.file, why, self.hint).at(Location::file(&self.file)));
        }
        let reading =
            Reading { format, format_version: format_version.to_owned(), inventory: self.inventory, notes: self.notes };
        Outcome { value: reading, incomplete: self.incomplete }
    }
}

/// `name@range` for messages.
fn wanted(name: &str, range: &str) -> String {
    if range.is_empty() { name.to_owned() } else { format!("{name}@{range}") }
}

/// `name@rest`, where a scoped name begins with an `@` of its own; `rest` is
/// empty where there is none.
pub(crate) fn split_name(text: &str) -> (&str, &str) {
    let after_scope = usize::from(text.starts_with('@'));
    match text.get(after_scope..).and_then(|rest| rest.find('@')) {
        Some(at) => {
            let at = at + after_scope;
            (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())
        }
        None => (text, ""),
    }
}

/// A string field; another type is a problem.
pub(crate) fn text<'d>(object: &'d Object<'_>, field: &str, problems: &mut Problems) -> Option<&'d str> {
    let value = object.get(field)?;
    if value.as_str().is_none() {
        problems.push(Problem::wrong_type(field, value, "a string"));
    }
    value.as_str()
}

/// A field that is an object; another type is a problem.
pub(crate) fn section<'d, 'a>(object: &'d Object<'a>, field: &str, problems: &mut Problems) -> Option<&'d Object<'a>> {
    let value = object.get(field)?;
    if value.as_object().is_none() {
        problems.push(Problem::wrong_type(field, value, "an object"));
    }
    value.as_object()
}

/// A field that is an array; another type is a problem.
pub(crate) fn array<'d, 'a>(object: &'d Object<'a>, field: &str, problems: &mut Problems) -> &'d [Value<'a>] {
    match object.get(field) {
        Some(value) => value.as_array().unwrap_or_else(|| {
            problems.push(Problem::wrong_type(field, value, "an array"));
            &[]
        }),
        None => &[],
    }
}

/// The object that a file must hold.
///
/// # Errors
/// When it holds anything else.
pub(crate) fn root_object<'d, 'a>(document: &'d Document<'a>, hint: &str) -> Result<&'d Object<'a>, ReadError> {
    document.root.as_object().ok_or_else(|| {
        let problem = format!("it holds {} where a lockfile is an object", document.root.type_name());
        ReadError::new(ReadErrorKind::Shape, document.location(document.root.span), problem, hint)
    })
}

/// The same error with the next step of the tool that wrote the file.
pub(crate) fn with_merge_hint(mut error: ReadError, hint: &str) -> ReadError {
    if error.kind == ReadErrorKind::Conflict {
        hint.clone_into(&mut error.hint);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::split_name;

    #[test]
    fn names_split_at_the_first_at_sign_after_the_scope() {
        for (text, parts) in [
            ("a@^1", ("a", "^1")),
            ("@s/a@npm:@t/b@1", ("@s/a", "npm:@t/b@1")),
            ("a@git+ssh://git@h/x", ("a", "git+ssh://git@h/x")),
            ("a", ("a", "")),
            ("@s/a", ("@s/a", "")),
            ("", ("", "")),
            ("@", ("@", "")),
        ] {
            assert_eq!(split_name(text), parts, "{text}");
        }
    }
}
