//! Which projects the user trusts (`--trust-project`): one small file per folder in
//! the user's state folder, so that concurrent runs cannot lose each other's entries.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use vetch_store::create_private;

/// The folders that the user trusts.
#[derive(Debug, Clone)]
pub struct TrustStore {
    folder: PathBuf,
}

impl TrustStore {
    /// The store in the user's state folder, e.g. `~/.local/state/vetch`. Nothing is created yet.
    pub fn new(state_folder: &Path) -> TrustStore {
        TrustStore { folder: state_folder.join("trusted-projects") }
    }

    /// Whether this very folder is trusted. Folders within a trusted one are not:
    /// a dependency lies within its project.
    pub fn is_trusted(&self, project: &Path) -> bool {
        let Ok(project) = project.canonicalize() else { return false };
        fs::read(self.entry(&project)).is_ok_and(|bytes| bytes == project.as_os_str().as_encoded_bytes())
    }

    /// Remembers a folder.
    ///
    /// # Errors
    /// When the folder does not exist, or the state folder cannot be written.
    pub fn trust(&self, project: &Path) -> io::Result<()> {
        let project = project.canonicalize()?;
        create_private(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(project.as_os_str().as_encoded_bytes())?;
        file.persist(self.entry(&project)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Forgets a folder; it need not exist any more.
    ///
    /// # Errors
    /// When the state folder cannot be written.
    pub fn forget(&self, project: &Path) -> io::Result<()> {
        let project = project.canonicalize().unwrap_or_else(|_| project.to_owned());
        match fs::remove_file(self.entry(&project)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn entry(&self, project: &Path) -> PathBuf {
        let hash = blake3::hash(project.as_os_str().as_encoded_bytes());
        self.folder.join(OsString::from(hash.to_hex().as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_for_one_folder() {
        let scratch = tempfile::tempdir().unwrap();
        let (project, inner) = (scratch.path().join("p"), scratch.path().join("p/node_modules/x"));
        fs::create_dir_all(&inner).unwrap();
        let store = TrustStore::new(&scratch.path().join("state"));
        assert!(!store.is_trusted(&project));
        store.trust(&project).unwrap();
        store.trust(&project).unwrap();
        assert!(store.is_trusted(&project));
        assert!(store.is_trusted(&inner.join("../..")), "the same folder by another path");
        assert!(!store.is_trusted(&inner) && !store.is_trusted(scratch.path()));
        store.forget(&project).unwrap();
        store.forget(&project).unwrap();
        assert!(!store.is_trusted(&project));
        assert!(store.trust(&scratch.path().join("missing")).is_err());
    }
}
