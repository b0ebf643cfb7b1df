//! Reads a project's own files, from a folder or a revision.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use vetch_lockfiles::{DirFiles, Files, ListedKind};
use vetch_model::outcome::Incomplete;

use super::Source;
use crate::EngineError;
use crate::map::refused;

/// Most files read at one time.
const MAX_FILES: usize = 50_000;

/// Largest file read, in bytes: more is no source that anybody reviews.
const MAX_FILE: u64 = 4 << 20;

/// Most bytes read at one time.
const MAX_BYTES: u64 = 256 << 20;

/// Deepest folder read.
const MAX_DEPTH: usize = 32;

/// Folders of what others wrote, or tools made.
const OTHERS: &[&str] = &[
    "node_modules",
    "bower_components",
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "venv",
    "site-packages",
    "__pycache__",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".yarn",
    "target",
];

/// The project's own files below a folder on disk, or beside a file.
///
/// # Errors
/// When the folder cannot be opened.
pub fn of_folder(target: &Path) -> Result<Source, EngineError> {
    let failed = |error: std::io::Error| refused(target, error.to_string(), "check the path and its permissions");
    let found = fs::canonicalize(target).map_err(failed)?;
    let folder = if found.is_dir() { found.as_path() } else { found.parent().unwrap_or(&found) };
    if folder.file_name() == Some(OsStr::new("node_modules")) {
        return Ok(Source::default());
    }
    let dir = Dir::open_ambient_dir(folder, ambient_authority()).map_err(failed)?;
    Ok(gather(&DirFiles(&dir)))
}

/// The project's own files of a tree.
pub(crate) fn gather(files: &dyn Files) -> Source {
    let mut reader = Reader { files, source: Source::default(), bytes: 0, is_full: false };
    reader.folder("", 0);
    reader.source
}

struct Reader<'f> {
    files: &'f dyn Files,
    source: Source,
    bytes: u64,
    is_full: bool,
}

impl Reader<'_> {
    fn folder(&mut self, folder: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return self.lost(folder, &format!("it lies deeper than {MAX_DEPTH} folders"));
        }
        let listed = match self.files.list(folder) {
            Ok(listed) => listed,
            Err(error) => return self.lost(folder, &error.problem),
        };
        for entry in listed {
            let path = if folder.is_empty() { entry.name.clone() } else { format!("{folder}/{}", entry.name) };
            match entry.kind {
                _ if self.is_full => return,
                ListedKind::Folder if !OTHERS.contains(&entry.name.as_str()) => self.folder(&path, depth + 1),
                ListedKind::File => self.file(path),
                _ => {}
            }
        }
    }

    fn file(&mut self, path: String) {
        if self.source.files.len() >= MAX_FILES || self.bytes >= MAX_BYTES {
            self.is_full = true;
            let why = format!("more than {MAX_FILES} files or {MAX_BYTES} bytes are not compared");
            return self.lost(&path, &why);
        }
        match self.files.read(&path, MAX_FILE) {
            Ok(Some(bytes)) => {
                self.bytes += bytes.len() as u64;
                self.source.files.insert(path, bytes);
            }
            Ok(None) => {}
            // Pictures and data sets: what code reads of them is told where the code is looked at.
            Err(_) if !is_code(&path) => {}
            Err(error) => self.lost(&path, &error.problem),
        }
    }

    fn lost(&mut self, path: &str, why: &str) {
        let why = format!("it is not compared: {why}");
        self.source.incomplete.push(Incomplete::new(path, why, "compare a smaller folder, or look at it by hand"));
    }
}

fn is_code(path: &str) -> bool {
    super::kind_of(path) != super::Kind::Other || path.ends_with(".sh")
}
