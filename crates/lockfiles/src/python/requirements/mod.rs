//! Requirements and constraints files of pip, pip-tools and uv.
//!
//! The way of a file: bytes to text to logical lines ([`text`]), a line to a
//! requirement and options ([`mod@line`]), a requirement to what is wanted
//! ([`super::wanted`]), all that is wanted to an inventory ([`super::build`]). Included files are
//! read with it, as pip does; environment variables are never filled in.
//! Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.

mod line;
mod text;
pub(crate) mod via;

use std::collections::HashSet;

use vetch_model::evidence::Location;
use vetch_model::inventory::EdgeKind;
use vetch_model::outcome::Outcome;

use self::line::{Line, Setting};
use self::text::Logical;
use super::build::{self, Indexes};
use super::gaps::Gaps;
use super::source::joined;
use super::wanted::{self, Wanted};
use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::Files;
use crate::format::{Format, Reading, required};
use crate::npm::package_lock::{LockfileNote, LockfileNoteKind};

/// Largest requirements file read, in bytes; 10,000 packages with hashes have about 20 MB.
pub const MAX_BYTES: usize = 64 << 20;

/// Most files read for one, included ones and itself.
const MAX_FILES: usize = 256;

/// Most files that include each other in a chain.
const MAX_DEPTH: usize = 32;

/// Most requirements in all files.
const MAX_WANTED: usize = 500_000;

const MEND: &str = "mend the line as pip's requirements format wants it";

/// Reads a requirements file of a tree with the files it includes.
///
/// # Errors
/// When the file itself cannot be read: too large, no text, an unfinished merge.
/// An included file that cannot be read is [`Outcome::incomplete`].
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    let mut walk = Walk::new(files);
    // A constraints file on its own is read for what it names: nothing else is there to constrain.
    walk.read(bytes, file, false)?;
    if walk.is_too_large {
        let problem = format!("it asks for more than {MAX_WANTED} packages");
        return Err(ReadError::new(ReadErrorKind::TooLarge, Location::file(file), problem, MEND));
    }
    let inventory = build::inventory(file, build::root(None, None, Location::file(file)), walk.wanted, &walk.indexes);
    let reading = Reading { format: Format::Requirements, format_version: String::new(), inventory, notes: walk.notes };
    Ok(Outcome { value: reading, incomplete: walk.gaps.finish(file, MEND) })
}

/// A reading of one file and those it includes.
struct Walk<'f> {
    files: &'f dyn Files,
    wanted: Vec<Wanted>,
    indexes: Indexes,
    notes: Vec<LockfileNote>,
    gaps: Gaps,
    /// The files being read, each included by the one before it.
    open: Vec<String>,
    /// Files read, apart as requirements and as constraints.
    seen: HashSet<(String, bool)>,
    is_too_large: bool,
}

impl<'f> Walk<'f> {
    fn new(files: &'f dyn Files) -> Walk<'f> {
        Walk {
            files,
            wanted: Vec::new(),
            indexes: Indexes::default(),
            notes: Vec::new(),
            gaps: Gaps::default(),
            open: Vec::new(),
            seen: HashSet::new(),
            is_too_large: false,
        }
    }

    /// Reads one file; its includes nest no deeper than [`MAX_DEPTH`].
    fn read(&mut self, bytes: Vec<u8>, file: &str, is_constraint: bool) -> Result<(), ReadError> {
        let (length, is_utf8) = (bytes.len(), std::str::from_utf8(&bytes).is_ok());
        let text = text::decode(bytes, file)?;
        let source = text::Source::new(&text, file, is_utf8 && text.len() == length);
        self.seen.insert((file.to_owned(), is_constraint));
        self.open.push(file.to_owned());
        let group = group_of(file);
        // The requirement that a comment below it is about.
        let mut last = None;
        for logical in text::logical_lines(&text) {
            let comment = logical.comment.as_deref();
            if logical.text.is_empty() {
                if let (Some(wanted), Some(comment)) = (last.and_then(|last| self.wanted.get_mut(last)), comment) {
                    let wanted: &mut Wanted = wanted;
                    wanted.annotation.read(comment);
                }
                continue;
            }
            let mut line = line::read(&logical.text);
            if let Some(comment) = comment {
                line.annotation.read(comment);
            }
            let place = source.location(&logical);
            last = self.read_line(&logical, line, place, is_constraint, group);
            if self.is_too_large {
                break;
            }
        }
        self.open.pop();
        Ok(())
    }

    /// Takes in one line; the index of the requirement it makes.
    fn read_line(
        &mut self,
        logical: &Logical,
        line: Line,
        place: Location,
        is_constraint: bool,
        group: Option<&'static str>,
    ) -> Option<usize> {
        let what = format!("`{}`", short(&logical.text));
        for fault in &line.faults {
            self.gaps.tell(&what, fault.as_str(), MEND, place.clone());
        }
        for setting in &line.options {
            self.apply(setting, &what, &place, is_constraint);
        }
        let editable = line.options.iter().find(|set| set.option == "--editable" && !set.value.is_empty());
        let (text, is_editable) = match editable {
            Some(set) if line.requirement.is_empty() => (set.value.as_str(), true),
            _ => (line.requirement.as_str(), false),
        };
        if text.is_empty() {
            let of_one = |set: &&Setting| matches!(set.option, "--hash" | "--global-option" | "--config-settings");
            if let Some(set) = line.options.iter().find(of_one) {
                let why = format!("`{}` stands without the requirement that it is about", set.option);
                self.gaps.tell(&what, why, MEND, place);
            }
            return None;
        }
        if self.wanted.len() >= MAX_WANTED {
            self.is_too_large = true;
            return None;
        }
        let folder = place.file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut wanted = wanted::read(self.files, text, is_editable, &folder);
        for set in line.options.iter().filter(|set| set.option == "--hash") {
            wanted.add_hash(&set.value);
        }
        for fault in &wanted.faults {
            self.gaps.tell(&what, fault.as_str(), MEND, place.clone());
        }
        let kind = if group.is_some() { EdgeKind::Development } else { EdgeKind::Production };
        let group = group.map(str::to_owned);
        self.wanted.push(Wanted { place, is_constraint, kind, group, annotation: line.annotation, ..wanted });
        Some(self.wanted.len() - 1)
    }

    /// What an option means for the whole.
    fn apply(&mut self, setting: &Setting, what: &str, place: &Location, is_constraint: bool) {
        match setting.option {
            "--requirement" | "--constraint" => {
                // Whatever a constraints file includes constrains.
                let is_constraint = is_constraint || setting.option == "--constraint";
                self.include(&setting.value, is_constraint, what, place);
                return;
            }
            "--index-url" | "--pypi-url" => self.indexes.main = Some(setting.value.clone()),
            "--extra-index-url" | "--find-links" => self.indexes.has_others = true,
            "--no-index"
            | "--trusted-host"
            | "--pre"
            | "--process-dependency-links"
            | "--allow-external"
            | "--allow-all-external"
            | "--allow-unverified"
            | "--global-option"
            | "--install-option"
            | "--config-settings"
            | "--config-setting" => {}
            _ => return,
        }
        if self.notes.len() < MAX_WANTED {
            self.notes.push(LockfileNote {
                kind: LockfileNoteKind::SourceOption,
                package: None,
                field: setting.option.to_owned(),
                found: setting.value.clone(),
                expected: None,
                location: place.clone(),
            });
        }
    }

    /// Reads an included file; what is in the way of that is a gap.
    fn include(&mut self, value: &str, is_constraint: bool, what: &str, place: &Location) {
        let folder = place.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let (why, hint) = match joined(folder, value) {
            _ if value.contains("://") || value.starts_with("file:") => {
                ("the included file lies at a URL, and nothing is fetched", "save it beside this file and include that")
            }
            _ if value.contains("${") => {
                ("the path holds an environment variable, which is not filled in", "write the path out")
            }
            None => ("the included file lies outside of what is scanned", "scan the folder that holds both"),
            Some(path) if self.open.contains(&path) => {
                ("the file includes itself, at once or through others", "remove one of the includes")
            }
            Some(_) if self.open.len() >= MAX_DEPTH || self.seen.len() >= MAX_FILES => {
                ("too many files include each other", "scan the included file on its own")
            }
            Some(path) => {
                if !self.seen.contains(&(path.clone(), is_constraint)) {
                    self.read_included(&path, is_constraint, what, place);
                }
                return;
            }
        };
        self.gaps.tell(what, why, hint, place.clone());
    }

    fn read_included(&mut self, path: &str, is_constraint: bool, what: &str, place: &Location) {
        let result = match self.files.read(path, MAX_BYTES as u64) {
            Ok(Some(bytes)) => self.read(bytes, path, is_constraint),
            Ok(None) => {
                let why = format!("the included file `{}` is not there", short(path));
                return self.gaps.tell(what, why, "add the file, or remove the line", place.clone());
            }
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            self.gaps.push(error.into_incomplete());
        }
    }
}

/// The group that a file's name tells: `requirements-dev.txt`, `requirements/test.in`.
fn group_of(file: &str) -> Option<&'static str> {
    const GROUPS: &[(&str, &[&str])] = &[
        ("dev", &["dev", "devel", "develop", "development", "local"]),
        ("test", &["test", "tests", "testing"]),
        ("lint", &["lint", "linting", "typing", "mypy"]),
        ("docs", &["doc", "docs"]),
        ("ci", &["ci"]),
    ];
    let name = file.rsplit('/').next().unwrap_or(file).to_ascii_lowercase();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let has = |word: &str| stem.split(['-', '_', '.']).any(|part| part == word);
    GROUPS.iter().find(|(_, words)| words.iter().any(|word| has(word))).map(|(group, _)| *group)
}
