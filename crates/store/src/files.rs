//! What every database of ours does with its folder and its file.

use std::fs;
use std::io;
use std::path::Path;

/// Makes a folder that only its user may enter, with those above it.
///
/// # Errors
/// When it cannot be made.
pub fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Another process may have been faster: what is no longer there is as good as removed.
///
/// # Errors
/// Every other one.
pub fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
