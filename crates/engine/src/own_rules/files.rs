//! Files of rules: of a path that the user names, or of a folder tree that a policy names.

use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use vetch_lockfiles::{DirFiles, Files, ListedKind};

use crate::EngineError;

/// A file of rules.
pub(crate) struct RuleFile {
    /// As messages name it.
    pub(crate) shown: PathBuf,
    /// In the folder that was named; its own name, if a file was named.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

/// What is read of a folder of rules.
pub(crate) struct Kind {
    /// How files of rules are called.
    endings: &'static [&'static str],
    /// Folders below the one that was named.
    depth: usize,
    /// Largest file, in bytes.
    max_file: u64,
    /// All files together, in bytes.
    max_bytes: u64,
    max_files: usize,
    hint: &'static str,
}

impl Kind {
    /// Whether files of so many bytes are read together; `shown` is where they become too many.
    pub(crate) fn check_bytes(&self, bytes: u64, shown: &Path) -> Result<(), EngineError> {
        if bytes <= self.max_bytes {
            return Ok(());
        }
        Err(unreadable(shown, &format!("at most {} bytes of rules are read together", self.max_bytes), self))
    }
}

/// Rules in TOML.
pub(crate) const TOML: Kind = Kind {
    endings: &[".toml"],
    depth: 0,
    max_file: 1 << 20,
    max_bytes: 16 << 20,
    max_files: 256,
    hint: "name a file of rules, or a folder of .toml files; `vetch rules new` writes one",
};

/// Rules in YARA.
pub(crate) const YARA: Kind = Kind {
    endings: &[".yar", ".yara"],
    depth: 8,
    max_file: 16 << 20,
    max_bytes: 32 << 20,
    max_files: 4096,
    hint: "name a file of YARA rules, or a folder of .yar and .yara files, without links",
};

/// The files of rules at a path of the user's, in the order of their names.
pub(crate) fn at(path: &Path, kind: &Kind) -> Result<Vec<RuleFile>, EngineError> {
    let failed = |error: std::io::Error| unreadable(path, &error.to_string(), kind);
    if path.is_dir() {
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)?;
        return below(&DirFiles(&dir), "", path, kind);
    }
    // The user may name a link; what it leads to counts.
    let real = path.canonicalize().map_err(failed)?;
    let (Some(folder), Some(name)) = (real.parent(), real.file_name().and_then(|name| name.to_str())) else {
        return Err(unreadable(path, "its name is no UTF-8", kind));
    };
    let dir = Dir::open_ambient_dir(folder, ambient_authority()).map_err(failed)?;
    let bytes = read(&DirFiles(&dir), name, path, kind)?;
    let own = path.file_name().and_then(|name| name.to_str()).unwrap_or(name);
    Ok(vec![RuleFile { shown: path.to_owned(), path: own.to_owned(), bytes }])
}

/// The files of rules at a path of a tree, which nothing leads out of. `shown` names the path in messages.
pub(crate) fn below(files: &dyn Files, path: &str, shown: &Path, kind: &Kind) -> Result<Vec<RuleFile>, EngineError> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let listed = files.list(folder).map_err(|error| unreadable(shown, &error.problem, kind))?;
    let entry = listed.into_iter().find(|entry| entry.name == name).map(|entry| entry.kind);
    match entry {
        _ if path.is_empty() => {}
        Some(ListedKind::Folder) => {}
        Some(ListedKind::File) => {
            let bytes = read(files, path, shown, kind)?;
            return Ok(vec![RuleFile { shown: shown.to_owned(), path: name.to_owned(), bytes }]);
        }
        Some(ListedKind::Link) => return Err(unreadable(shown, "it is a link, which is not followed", kind)),
        Some(ListedKind::Other) => return Err(unreadable(shown, "it is no ordinary file", kind)),
        None => return Err(unreadable(shown, "there is no such file or folder", kind)),
    }
    let mut walk = Walk { files, top: path, shown, kind, found: Vec::new(), bytes: 0 };
    walk.folder("", 0)?;
    if walk.found.is_empty() {
        let why = format!("it holds no {} files", kind.endings.join(" or "));
        return Err(unreadable(shown, &why, kind));
    }
    walk.found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walk.found)
}

struct Walk<'w> {
    files: &'w dyn Files,
    top: &'w str,
    shown: &'w Path,
    kind: &'w Kind,
    found: Vec<RuleFile>,
    bytes: u64,
}

impl Walk<'_> {
    /// Takes the files of a folder, given relative to the top.
    fn folder(&mut self, folder: &str, depth: usize) -> Result<(), EngineError> {
        let listed = self.files.list(&crate::map::join(self.top, folder));
        let listed = listed.map_err(|error| unreadable(&self.shown.join(folder), &error.problem, self.kind))?;
        for entry in listed.into_iter().filter(|entry| !entry.name.starts_with('.')) {
            let path = crate::map::join(folder, &entry.name);
            let is_named = self.kind.endings.iter().any(|ending| entry.name.ends_with(ending));
            match entry.kind {
                ListedKind::File if is_named => self.file(path)?,
                ListedKind::Folder if depth < self.kind.depth => self.folder(&path, depth + 1)?,
                ListedKind::Folder if self.kind.depth > 0 => {
                    let why = format!("it is more than {} folders deep", self.kind.depth);
                    return Err(unreadable(&self.shown.join(path), &why, self.kind));
                }
                // A rule that is silently left out is worse than none.
                ListedKind::Link | ListedKind::Other if is_named => {
                    let why = "it is no ordinary file; a link is not followed";
                    return Err(unreadable(&self.shown.join(path), why, self.kind));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, path: String) -> Result<(), EngineError> {
        let shown = self.shown.join(&path);
        let bytes = read(self.files, &crate::map::join(self.top, &path), &shown, self.kind)?;
        self.bytes += bytes.len() as u64;
        self.kind.check_bytes(self.bytes, self.shown)?;
        if self.found.len() >= self.kind.max_files {
            let why = format!("at most {} files of rules are read of a folder", self.kind.max_files);
            return Err(unreadable(self.shown, &why, self.kind));
        }
        self.found.push(RuleFile { shown, path, bytes });
        Ok(())
    }
}

fn read(files: &dyn Files, path: &str, shown: &Path, kind: &Kind) -> Result<Vec<u8>, EngineError> {
    match files.read(path, kind.max_file) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(unreadable(shown, "there is no such file", kind)),
        Err(error) => Err(unreadable(shown, &error.problem, kind)),
    }
}

fn unreadable(path: &Path, why: &str, kind: &Kind) -> EngineError {
    EngineError::Environment {
        what: format!("cannot read rules from `{}`", path.display()),
        reason: why.to_owned(),
        hint: kind.hint.to_owned(),
    }
}
