//! Writes results: to standard output, or to a file that is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// Writes bytes that are already as the terminal should get them.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    check(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// Writes a report to the file, or to standard output once it is whole.
pub(crate) fn write(
    file: Option<OutputFile>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(file) = file else {
        let mut bytes = Vec::new();
        content(&mut bytes).map_err(|error| Failure::new(format!("cannot make the report: {error}"), ""))?;
        return print(&bytes);
    };
    file.write(content)
}

/// Writes text with colours, which are taken out where they are not wanted.
pub(crate) fn print_styled(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout();
    check(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// A reader that has gone (`vetch … | head`) has seen enough; that is no error.
fn check(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(
            format!("cannot write to standard output: {error}"),
            "the result is incomplete; write it to a file with --output",
        )),
        _ => Ok(()),
    }
}

/// Where `--output` goes.
#[derive(Debug, Clone)]
pub(crate) struct OutputFile {
    path: PathBuf,
    /// A device or pipe: written to directly. Anything else is replaced as a whole.
    special: bool,
}

impl OutputFile {
    /// Checks the path before the work is done rather than after.
    pub(crate) fn new(path: &Path) -> Result<OutputFile, Failure> {
        let fail = |reason: &str, hint: &str| Err(Failure::new(describe(path, reason), hint));
        let special = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => return fail("it is a folder", "name a file with --output"),
            Ok(metadata) => !metadata.is_file(),
            Err(_) => false,
        };
        if path.file_name().is_none() || !folder_of(path).is_dir() {
            return fail("its folder does not exist", "create the folder first");
        }
        Ok(OutputFile { path: path.to_owned(), special })
    }

    /// Writes the file: beside its place first, so that a full disk, a crash or Ctrl-C
    /// leaves what was there before, or nothing.
    pub(crate) fn write(&self, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let written = if self.special { self.write_through(content) } else { self.replace(content) };
        written.map_err(|error| {
            let hint = match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, or write to another disk",
                ErrorKind::PermissionDenied => "name a file in a folder that you may write to",
                _ => "nothing was written; try another place",
            };
            Failure::new(describe(&self.path, &error.to_string()), hint)
        })
    }

    fn write_through(&self, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut file = BufWriter::new(File::options().write(true).open(&self.path)?);
        content(&mut file)?;
        file.flush()
    }

    fn replace(&self, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        // A link stays, and what it points to is replaced.
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".vetch-");
        // As any new file, not private as a temporary one; the user's mask applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut temporary = builder.tempfile_in(folder_of(&path))?;
        if let Ok(metadata) = fs::metadata(&path) {
            fs::set_permissions(temporary.path(), metadata.permissions())?;
        }
        let mut file = BufWriter::new(temporary.as_file_mut());
        content(&mut file)?;
        file.flush()?;
        drop(file);
        // Some file systems report a full disk only now.
        temporary.as_file().sync_all()?;
        temporary.persist(&path).map_err(|error| error.error)?;
        Ok(())
    }
}

fn describe(path: &Path, reason: &str) -> String {
    format!("cannot write `{}`: {reason}", path.display())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_failure_half_way_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let file = OutputFile::new(&path).unwrap();
        let fail = |out: &mut dyn Write| {
            out.write_all(&[b'x'; 100_000])?;
            Err(io::Error::from(ErrorKind::StorageFull))
        };
        let failure = file.write(fail).unwrap_err();
        assert!(failure.message.contains("report.json") && failure.hint.contains("space"), "{failure:?}");
        assert!(names(folder.path()).is_empty());
        file.write(|out| out.write_all(b"old")).unwrap();
        file.write(fail).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        file.write(|out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["report.json"]);
    }

    #[test]
    fn places_that_cannot_be_are_refused_beforehand() {
        let folder = tempfile::tempdir().unwrap();
        assert!(OutputFile::new(folder.path()).is_err());
        assert!(OutputFile::new(&folder.path().join("no/such/file")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_modes_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        OutputFile::new(&link).unwrap().write(|out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
