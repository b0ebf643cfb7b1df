//! Reading a settings file: bounded, and never a pipe that could block for ever.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

/// Reads a settings file of at most `limit` bytes; one that does not exist is no problem. Bytes
/// that are no UTF-8 are replaced, so that the settings beside them still hold.
///
/// # Errors
/// With the reason, when it is there and cannot be read.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<String>, String> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    // A pipe or device in its place could block for ever.
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit {
        return Err(format!("it is larger than {limit} bytes"));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
