//! Reading one regular file of bounded size out of a directory handle.

use std::io::{ErrorKind, Read};

use cap_std::fs::Dir;
use vetch_model::evidence::Location;

use crate::error::{ReadError, ReadErrorKind};

/// Reads `path` below `dir`, at most `limit` bytes of it. `file` is the name for messages.
///
/// # Errors
/// When it is missing, unreadable, larger than `limit` or no regular file.
/// Opening a pipe or device may block for ever, hence the look before.
pub fn read_file(dir: &Dir, path: &str, file: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
    let metadata = dir.metadata(path).map_err(|error| io_error(&error, file))?;
    if !metadata.is_file() {
        return Err(ReadError::new(
            ReadErrorKind::Unreadable,
            Location::file(file),
            "it is no regular file",
            "remove it or put the real file in its place",
        ));
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
