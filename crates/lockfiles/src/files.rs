//! The folder that a reader may look into: a directory handle, a git revision, a map in memory.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};

use cap_std::fs::Dir;
use vetch_model::evidence::Location;

use crate::error::{ReadError, ReadErrorKind};

/// A folder tree that readers read from. Paths are relative to it, with `/`, in
/// plain form (no `.`, no `..`): nothing outside of it can be named.
pub trait Files {
    /// A file's bytes; `None` if there is no such file.
    ///
    /// # Errors
    /// When it is there but unreadable, larger than `limit` bytes or no regular file.
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ReadError>;

    /// The first bytes of a file, at most `length`; `None` if there is no such file.
    ///
    /// # Errors
    /// When it is there but unreadable or no regular file.
    fn head(&self, path: &str, length: usize) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.read(path, u64::MAX)?.map(|mut bytes| {
            bytes.truncate(length);
            bytes
        }))
    }

    /// What lies directly in a folder (`""` is the whole tree's), sorted by name;
    /// empty if there is no such folder. Links are told as such, never followed.
    ///
    /// # Errors
    /// When the folder is there but cannot be listed.
    fn list(&self, folder: &str) -> Result<Vec<Listed>, ReadError>;
}

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its name in the folder.
    pub name: String,
    /// What it is.
    pub kind: ListedKind,
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, a pipe, a socket.
    Other,
}

/// A folder on disk.
#[derive(Debug)]
pub struct DirFiles<'d>(pub &'d Dir);

impl Files for DirFiles<'_> {
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ReadError> {
        match read_file(self.0, path, path, limit) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == ReadErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn head(&self, path: &str, length: usize) -> Result<Option<Vec<u8>>, ReadError> {
        let metadata = match self.0.metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(&error, path)),
        };
        if !metadata.is_file() {
            return Err(not_regular(path));
        }
        let opened = self.0.open(path).map_err(|error| io_error(&error, path))?;
        let mut bytes = Vec::new();
        opened.take(length as u64).read_to_end(&mut bytes).map_err(|error| io_error(&error, path))?;
        Ok(Some(bytes))
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>, ReadError> {
        let entries = match self.0.read_dir(if folder.is_empty() { "." } else { folder }) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error(&error, folder)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| io_error(&error, folder))?;
            let kind = entry.file_type().map_err(|error| io_error(&error, folder))?;
            let kind = match kind {
                kind if kind.is_file() => ListedKind::File,
                kind if kind.is_dir() => ListedKind::Folder,
                kind if kind.is_symlink() => ListedKind::Link,
                _ => ListedKind::Other,
            };
            // A name that is no UTF-8 is of no file that any tool here writes.
            if let Ok(name) = entry.file_name().into_string() {
                found.push(Listed { name, kind });
            }
        }
        found.sort();
        Ok(found)
    }
}

/// A folder held in memory: path → bytes.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles(pub BTreeMap<String, Vec<u8>>);

impl Files for MemoryFiles {
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ReadError> {
        match self.0.get(path) {
            Some(bytes) if bytes.len() as u64 > limit => Err(too_large(path, bytes.len() as u64, limit)),
            found => Ok(found.cloned()),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>, ReadError> {
        let mut found = BTreeMap::new();
        for path in self.0.keys() {
            let rest = match folder {
                "" => Some(path.as_str()),
                _ => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
            };
            match rest.and_then(|rest| {
                rest.split_once('/').map(|(first, _)| (first, ListedKind::Folder)).or(Some((rest, ListedKind::File)))
            }) {
                Some((name, kind)) if !name.is_empty() => found.insert(name.to_owned(), kind),
                _ => None,
            };
        }
        Ok(found.into_iter().map(|(name, kind)| Listed { name, kind }).collect())
    }
}

/// `name` in the same folder as `file`.
pub fn beside(file: &str, name: &str) -> String {
    match file.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    }
}

/// Reads `path` below `dir`, at most `limit` bytes of it. `file` is the name for messages.
///
/// # Errors
/// When it is missing, unreadable, larger than `limit` or no regular file.
/// Opening a pipe or device may block for ever, hence the look before.
pub fn read_file(dir: &Dir, path: &str, file: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
    let metadata = dir.metadata(path).map_err(|error| io_error(&error, file))?;
    if !metadata.is_file() {
        return Err(not_regular(file));
    }
    if metadata.len() > limit {
        return Err(too_large(file, metadata.len(), limit));
    }
    let opened = dir.open(path).map_err(|error| io_error(&error, file))?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    // The file may grow between the look and the read.
    opened.take(limit + 1).read_to_end(&mut bytes).map_err(|error| io_error(&error, file))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(file, bytes.len() as u64, limit));
    }
    Ok(bytes)
}

/// A folder, a pipe, a device where a file should be.
fn not_regular(file: &str) -> ReadError {
    ReadError::new(
        ReadErrorKind::Unreadable,
        Location::file(file),
        "it is no regular file",
        "remove it or put the real file in its place",
    )
}

/// A file beyond the limit.
pub(crate) fn too_large(file: &str, size: u64, limit: u64) -> ReadError {
    ReadError::new(
        ReadErrorKind::TooLarge,
        Location::file(file),
        format!("it has {size} bytes; more than {limit} are not read"),
        "check what wrote it: no honest file of this kind is so large",
    )
}

/// What the system said, with the next step.
pub(crate) fn io_error(error: &std::io::Error, file: &str) -> ReadError {
    let (kind, hint) = match error.kind() {
        ErrorKind::NotFound => (ReadErrorKind::NotFound, "check the path, or install the dependencies first"),
        ErrorKind::PermissionDenied => (
            ReadErrorKind::Unreadable,
            "make it readable for this user; a link that leads out of the scanned folder is never followed",
        ),
        _ => (ReadErrorKind::Unreadable, "check the file and the disk, then scan again"),
    };
    ReadError::new(kind, Location::file(file), format!("it cannot be read ({})", words(error)), hint)
}

/// The kind of an error in words that are the same on every system.
fn words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "not found".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
