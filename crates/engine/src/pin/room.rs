//! The files of a target, each read once, and what is found in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

use vetch_lockfiles::Files;
use vetch_lockfiles::tree::{Node, Syntax, Tree, parse};
use vetch_model::hygiene::{Afterwards, Lint, LintId, Repair};
use vetch_model::outcome::Incomplete;

use super::Pinning;
use super::npm_ranges::MAX_ENTRIES;
use crate::edit::place::{self, Value};
use crate::edit::{Edit, EditSet};

/// Largest file that is looked at, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A file as it was read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: String,
    pub(super) syntax: Syntax,
    pub(super) bytes: Rc<Vec<u8>>,
    pub(super) tree: Tree,
}

/// The room that all lints work in.
pub(super) struct Room<'f> {
    pub(super) files: &'f dyn Files,
    pub(super) lints: Vec<Lint>,
    pub(super) notes: BTreeSet<String>,
    afterwards: BTreeSet<Afterwards>,
    pub(super) incomplete: Vec<Incomplete>,
    allowed: BTreeSet<LintId>,
    read: BTreeMap<String, Option<Rc<Vec<u8>>>>,
    sources: BTreeMap<String, Option<Rc<Source>>>,
    edits: EditSet,
    /// Which files the edits of a lint change, by its index.
    touched: Vec<(usize, Vec<String>)>,
}

/// One edit of one file.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) file: String,
    pub(super) original: Option<Rc<Vec<u8>>>,
    pub(super) syntax: Option<Syntax>,
    pub(super) edit: Edit,
    pub(super) meant: Vec<String>,
}

impl Source {
    /// The edit that puts a text in the place of the scalar at `path`.
    pub(super) fn exchange(&self, path: &[&str], node: &Node, text: &str) -> Step {
        let edit = place::exchange(&self.bytes, self.syntax, node, &Value::Text(text.to_owned()));
        self.step(path, edit)
    }

    /// The edit that makes the member at `path` say `value`.
    pub(super) fn set(&self, path: &[&str], value: &Value) -> Option<Step> {
        let edit = place::set(&self.bytes, self.syntax, &self.tree.root, path, value)?;
        Some(self.step(path, edit))
    }

    fn step(&self, path: &[&str], edit: Edit) -> Step {
        Step {
            file: self.file.clone(),
            original: Some(Rc::clone(&self.bytes)),
            syntax: Some(self.syntax),
            edit,
            meant: vec![path.join("\0")],
        }
    }
}

impl<'f> Room<'f> {
    pub(super) fn new(files: &'f dyn Files, allowed: &[LintId]) -> Room<'f> {
        Room {
            files,
            lints: Vec::new(),
            notes: BTreeSet::new(),
            afterwards: BTreeSet::new(),
            incomplete: Vec::new(),
            allowed: allowed.iter().copied().collect(),
            read: BTreeMap::new(),
            sources: BTreeMap::new(),
            edits: EditSet::default(),
            touched: Vec::new(),
        }
    }

    /// Whether a file is there and could not be read: nothing can be said of it, and it is not to be made.
    pub(super) fn is_unreadable(&self, file: &str) -> bool {
        self.incomplete.iter().any(|it| it.what == file)
    }

    /// The bytes of a file, if it is there and can be read; that it cannot is told.
    pub(super) fn bytes(&mut self, file: &str) -> Option<Rc<Vec<u8>>> {
        if let Some(known) = self.read.get(file) {
            return known.clone();
        }
        let bytes = match self.files.read(file, MAX_BYTES) {
            Ok(Some(bytes)) if has_conflict(&bytes) => {
                let hint = "finish the merge, then run this again";
                self.tell(Incomplete::new(file, "an unfinished merge left its conflict markers here", hint));
                None
            }
            Ok(bytes) => bytes.map(Rc::new),
            Err(error) => {
                self.tell(error.into_incomplete());
                None
            }
        };
        self.read.insert(file.to_owned(), bytes.clone());
        bytes
    }

    pub(super) fn json(&mut self, file: &str) -> Option<Rc<Source>> {
        self.source(file, Syntax::Json)
    }

    pub(super) fn toml(&mut self, file: &str) -> Option<Rc<Source>> {
        self.source(file, Syntax::Toml)
    }

    /// A file as a tree, if it is there and can be read; that it cannot is told.
    pub(super) fn source(&mut self, file: &str, syntax: Syntax) -> Option<Rc<Source>> {
        if let Some(known) = self.sources.get(file) {
            return known.clone();
        }
        let source = self.bytes(file).and_then(|bytes| match parse(&bytes, file, syntax) {
            Ok(tree) => Some(Rc::new(Source { file: file.to_owned(), syntax, bytes, tree })),
            Err(error) => {
                self.tell(error.into_incomplete());
                None
            }
        });
        self.sources.insert(file.to_owned(), source.clone());
        source
    }

    pub(super) fn tell(&mut self, incomplete: Incomplete) {
        let is_known = |other: &Incomplete| (&other.what, &other.why) == (&incomplete.what, &incomplete.why);
        if !self.incomplete.iter().any(is_known) {
            self.incomplete.push(incomplete);
        }
    }

    /// Says that a list of dependencies is longer than what is looked at.
    pub(super) fn tell_of_more(&mut self, file: &str, length: usize) {
        if length > MAX_ENTRIES {
            let why = format!(
                "it asks for {length} packages in one list; those after the first {MAX_ENTRIES} were not looked at"
            );
            self.tell(Incomplete::new(file, why, "split the project, or pin these by hand"));
        }
    }

    /// Adds a lint whose repair is these steps, all or none.
    pub(super) fn fix(&mut self, lint: Lint, steps: Vec<Step>) {
        if self.allowed.contains(&lint.id) {
            return;
        }
        let mut taken: Vec<&Step> = Vec::new();
        for step in &steps {
            self.edits.open(&step.file, step.original.as_deref().map(Vec::as_slice), step.syntax);
            match self.edits.add(&step.file, step.edit.clone(), &step.meant) {
                Ok(true) => taken.push(step),
                Ok(false) => {}
                Err(overlap) => {
                    taken.iter().for_each(|step| self.edits.take_back(&step.file, &step.edit, &step.meant));
                    let repair = Repair::Decision(format!("edit `{}` by hand: {overlap}", step.file));
                    return self.lints.push(Lint { repair, ..lint });
                }
            }
        }
        self.touched.push((self.lints.len(), steps.into_iter().map(|step| step.file).collect()));
        self.lints.push(lint);
    }

    /// Takes out edits that would do something else, and sorts.
    pub(super) fn finish(mut self, target: String, folder: PathBuf) -> Pinning {
        let mut rejected: BTreeMap<String, String> = self.edits.reject_unsafe().into_iter().collect();
        // What belongs to a rejected edit is rejected with it.
        loop {
            let known = rejected.len();
            for (_, files) in &self.touched {
                if let Some(reason) = files.iter().find_map(|file| rejected.get(file)).cloned() {
                    for file in files {
                        rejected.entry(file.clone()).or_insert_with(|| reason.clone());
                    }
                }
            }
            if rejected.len() == known {
                break;
            }
        }
        for (lint, files) in &self.touched {
            let reason = files.iter().find_map(|file| Some((file, rejected.get(file)?)));
            if let (Some((file, reason)), Some(lint)) = (reason, self.lints.get_mut(*lint)) {
                lint.repair = Repair::Decision(format!("edit `{file}` by hand: {reason}"));
            }
        }
        rejected.keys().for_each(|file| self.edits.remove(file));
        if self.edits.is_empty() {
            self.afterwards.clear();
        }
        let allowed = &self.allowed;
        self.lints.retain(|lint| !allowed.contains(&lint.id));
        self.lints.sort();
        self.lints.dedup();
        self.incomplete.sort();
        self.incomplete.dedup();
        Pinning {
            target,
            lints: self.lints,
            notes: self.notes.into_iter().collect(),
            afterwards: self.afterwards.into_iter().collect(),
            incomplete: self.incomplete,
            folder,
            edits: self.edits,
        }
    }

    /// Whether this kind of lint is left out.
    pub(super) fn is_allowed(&self, id: LintId) -> bool {
        self.allowed.contains(&id)
    }

    /// Whether an edit of the file writes this line.
    pub(super) fn writes_line(&self, file: &str, line: &str) -> bool {
        self.edits.writes_line(file, line)
    }

    /// A command that has to follow the repair of a kind of lint.
    pub(super) fn follow(&mut self, id: LintId, afterwards: Afterwards) {
        if !self.allowed.contains(&id) {
            self.afterwards.insert(afterwards);
        }
    }

    /// A lint that somebody else has to mend.
    pub(super) fn lint(&mut self, id: LintId, location: vetch_model::Location, what: String, repair: Repair) {
        self.lints.push(Lint { location, id, what, repair });
    }
}

/// Whether a line is a marker of git's.
fn has_conflict(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<< "))
}
