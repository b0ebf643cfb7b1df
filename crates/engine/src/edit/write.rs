//! Writes edits: all files or none, and never through a link.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write as _};

use cap_std::fs::{Dir, Metadata, OpenOptions, Permissions};
use vetch_lockfiles::read_file;

use super::{Change, EditSet};

/// Largest file that is edited, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Paths, relative to the folder.
    pub files: Vec<String>,
}

/// Why edits were not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot change `{file}`: {reason}{}", done(.written))]
pub struct EditError {
    /// Path, relative to the folder.
    pub file: String,
    /// Why.
    pub reason: String,
    /// What to do next.
    pub hint: String,
    /// Files that were written before that. Only what fails between the last look and the renaming leaves some.
    pub written: Vec<String>,
}

fn done(written: &[String]) -> String {
    match written {
        [] => "; nothing was written".to_owned(),
        files => format!("; written before that: `{}`", files.join("`, `")),
    }
}

impl EditError {
    fn new(file: &str, reason: impl Into<String>, hint: &str) -> EditError {
        EditError { file: file.to_owned(), reason: reason.into(), hint: hint.to_owned(), written: Vec::new() }
    }

    fn io(file: &str, error: &io::Error) -> EditError {
        let hint = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, and run this again",
            ErrorKind::PermissionDenied => "make the file and its folder writable for this user, and run this again",
            _ => "check the file and the disk, and run this again",
        };
        EditError::new(file, error.to_string(), hint)
    }
}

/// A file beside its place, to be renamed.
struct Ready<'s> {
    file: &'s str,
    change: &'s Change,
    temporary: String,
}

impl EditSet {
    /// Writes every file of the set below `dir`. Each is first written beside its place, then all are renamed.
    ///
    /// # Errors
    /// When a file is a link or lies behind one, is read-only, is no ordinary file, or holds something else than
    /// when it was looked at; when a file to be created is there by now; and what the system reports.
    pub fn write(&self, dir: &Dir) -> Result<Written, EditError> {
        let changes: BTreeMap<&str, &Change> = self
            .changes
            .iter()
            .filter(|(_, change)| !change.edits.is_empty())
            .map(|(file, change)| (file.as_str(), change))
            .collect();
        for (file, change) in &changes {
            check(dir, file, change)?;
        }
        let mut ready: Vec<Ready<'_>> = Vec::new();
        let outcome = changes.iter().try_for_each(|(file, change)| {
            let permissions = check(dir, file, change)?.map(|metadata| metadata.permissions());
            let temporary = temporary(file);
            let written = fill(dir, &temporary, &change.result(), permissions);
            // Even a file that is only half there has to go.
            ready.push(Ready { file, change, temporary });
            written.map_err(|error| EditError::io(file, &error))
        });
        let outcome = outcome.and_then(|()| rename(dir, &ready));
        for one in &ready {
            // What was renamed is not there any more.
            dir.remove_file(&one.temporary).ok();
        }
        outcome
    }
}

fn rename(dir: &Dir, ready: &[Ready<'_>]) -> Result<Written, EditError> {
    let mut written = Written::default();
    for one in ready {
        let renamed = check(dir, one.file, one.change)
            .and_then(|_| dir.rename(&one.temporary, dir, one.file).map_err(|error| EditError::io(one.file, &error)));
        if let Err(error) = renamed {
            return Err(EditError { written: written.files, ..error });
        }
        written.files.push(one.file.to_owned());
        sync_folder(dir, one.file);
    }
    Ok(written)
}

/// Makes the renaming last over a loss of power, where the system can.
fn sync_folder(dir: &Dir, file: &str) {
    let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
    if let Ok(folder) = dir.open(folder) {
        folder.sync_all().ok();
    }
}

/// Whether the file is still what was looked at, and may be replaced.
fn check(dir: &Dir, file: &str, change: &Change) -> Result<Option<Metadata>, EditError> {
    let real = "a link is never written through; edit the file that it leads to, or put a real one in its place";
    let mut above = String::new();
    for part in file.rsplit_once('/').map_or("", |(folder, _)| folder).split('/').filter(|part| !part.is_empty()) {
        above = if above.is_empty() { part.to_owned() } else { format!("{above}/{part}") };
        let metadata = dir.symlink_metadata(&above).map_err(|error| EditError::io(file, &error))?;
        if !metadata.is_dir() {
            return Err(EditError::new(file, format!("`{above}` is a link"), real));
        }
    }
    let metadata = match dir.symlink_metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound && change.original.is_none() => return Ok(None),
        Err(error) => return Err(EditError::io(file, &error)),
    };
    let changed = "it was changed by something else in the meantime";
    let again = "run this again, when nothing else writes to the project";
    if change.original.is_none() {
        return Err(EditError::new(file, changed, again));
    }
    if metadata.file_type().is_symlink() {
        return Err(EditError::new(file, "it is a link", real));
    }
    if !metadata.is_file() {
        return Err(EditError::new(file, "it is no ordinary file", "put an ordinary file in its place"));
    }
    if metadata.permissions().readonly() {
        return Err(EditError::new(file, "it is read-only", "make it writable if it should change: `chmod u+w`"));
    }
    let now = read_file(dir, file, file, MAX_BYTES)
        .map_err(|error| EditError::new(file, error.problem.clone(), "check the file, and run this again"))?;
    match change.original.as_ref() == Some(&now) {
        true => Ok(Some(metadata)),
        false => Err(EditError::new(file, changed, again)),
    }
}

fn fill(dir: &Dir, temporary: &str, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = dir.open_with(temporary, &options)?;
    if let Some(permissions) = permissions {
        // Before the contents: what is private stays private meanwhile.
        file.set_permissions(permissions)?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name beside the file that nobody can foresee.
fn temporary(file: &str) -> String {
    let random = RandomState::new().hash_one(file);
    let (folder, name) = file.rsplit_once('/').map_or(("", file), |(folder, name)| (folder, name));
    crate::map::join(folder, &format!(".{name}.vetch-{random:016x}"))
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test's own helper")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use cap_std::ambient_authority;

    use super::*;
    use crate::edit::Edit;

    fn set(files: &[(&str, Option<&str>)]) -> EditSet {
        let mut set = EditSet::default();
        for (file, original) in files {
            let edit = Edit { span: 0..0, text: "new\n".to_owned() };
            set.open(file, original.map(str::as_bytes), None);
            set.add(file, edit, &[]).unwrap();
        }
        set
    }

    fn write(folder: &Path, set: &EditSet) -> Result<Written, EditError> {
        set.write(&Dir::open_ambient_dir(folder, ambient_authority()).unwrap())
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_replaced_with_their_mode() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/x"), "old\n").unwrap();
        fs::set_permissions(folder.path().join("a/x"), fs::Permissions::from_mode(0o640)).unwrap();
        let written = write(folder.path(), &set(&[("a/x", Some("old\n")), ("y", None)])).unwrap();
        assert_eq!(written.files, ["a/x", "y"]);
        assert_eq!(fs::read_to_string(folder.path().join("a/x")).unwrap(), "new\nold\n");
        assert_eq!(fs::metadata(folder.path().join("a/x")).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_to_string(folder.path().join("y")).unwrap(), "new\n");
        assert_eq!(
            (names(folder.path()), names(&folder.path().join("a"))),
            (vec!["a".into(), "y".into()], vec!["x".into()])
        );
    }

    #[test]
    fn what_must_not_be_written_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/x"), "old\n").unwrap();
        fs::write(at("first"), "old\n").unwrap();
        fs::write(at("locked"), "old\n").unwrap();
        fs::set_permissions(at("locked"), fs::Permissions::from_mode(0o444)).unwrap();
        symlink("real", at("folder-link")).unwrap();
        symlink("real/x", at("link")).unwrap();
        let before = names(folder.path());
        for (file, original, reason) in [
            ("link", Some("old\n"), "it is a link"),
            ("folder-link/x", Some("old\n"), "`folder-link` is a link"),
            ("locked", Some("old\n"), "read-only"),
            ("real/x", Some("other\n"), "in the meantime"),
            ("real/x", None, "in the meantime"),
            ("real", Some(""), "no ordinary file"),
            ("gone", Some("old\n"), "No such file"),
        ] {
            let error = write(folder.path(), &set(&[("first", Some("old\n")), (file, original)])).unwrap_err();
            assert!(error.to_string().contains(reason) && error.to_string().contains("nothing was written"), "{error}");
            assert_eq!(fs::read_to_string(at("first")).unwrap(), "old\n", "{file}");
            assert_eq!(names(folder.path()), before, "{file}");
        }
    }
}
