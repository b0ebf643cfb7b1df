//! Downloaded archives, by digest: `<cache>/archives/<algorithm>/<hex>`.
//!
//! A file appears under its name only when it is complete (written beside, then renamed),
//! and whoever reads it verifies it against the digest anyway: nothing here is believed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use vetch_model::integrity::Digest;
use vetch_store::{create_private, missing_is_fine};

use super::prune::{Limits, Pruned};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The store of downloaded archives.
#[derive(Debug, Clone)]
pub struct ArchiveStore {
    folder: PathBuf,
}

impl ArchiveStore {
    /// The store in a cache folder. Nothing is created yet.
    pub fn new(cache_folder: &Path) -> ArchiveStore {
        ArchiveStore { folder: cache_folder.join("archives") }
    }

    /// Opens an archive. The caller verifies its bytes before use, and calls
    /// [`remove`](Self::remove) when they are not those of the digest.
    pub fn open(&self, digest: &Digest) -> Option<File> {
        let path = self.path(digest);
        let file = File::open(&path).ok()?;
        let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
        // The time of change serves as the time of last use; at most one write a day.
        let now = SystemTime::now();
        if metadata.modified().is_ok_and(|time| now.duration_since(time).is_ok_and(|age| age > DAY)) {
            // Only pruning depends on it.
            File::options().append(true).open(&path).and_then(|file| file.set_modified(now)).ok();
        }
        Some(file)
    }

    /// Stores the bytes of a verified archive.
    ///
    /// # Errors
    /// When the folder cannot be written or is full. Nothing half-written stays under the name.
    pub fn put(&self, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(digest);
        let folder = path.parent().unwrap_or(&self.folder);
        create_private(folder)?;
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes an archive that is not what its name says.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self, digest: &Digest) -> io::Result<()> {
        missing_is_fine(fs::remove_file(self.path(digest)))
    }

    /// Removes archives that have not been used for long or are too much, oldest first,
    /// and what killed runs have left behind.
    ///
    /// # Errors
    /// When the folder cannot be listed or something cannot be removed.
    pub fn prune(&self, limits: Limits, now: SystemTime) -> io::Result<Pruned> {
        let mut all = self.list()?;
        // Newest first; by name where times are equal, for the same result every time.
        all.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.path.cmp(&b.path)));
        let oldest = limits.days.and_then(|days| now.checked_sub(DAY * days));
        let mut pruned = Pruned { before: all.iter().map(|it| it.size).sum(), ..Pruned::default() };
        for archive in all {
            let too_old = oldest.is_some_and(|oldest| archive.modified < oldest);
            let too_much = limits.bytes.is_some_and(|bytes| pruned.after + archive.size > bytes);
            let left_behind = archive.temporary && now.checked_sub(DAY).is_some_and(|day| archive.modified < day);
            if too_old || too_much || left_behind {
                missing_is_fine(fs::remove_file(&archive.path))?;
                pruned.entries += 1;
            } else {
                pruned.after += archive.size;
            }
        }
        Ok(pruned)
    }

    /// Removes all archives.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn clear(&self) -> io::Result<()> {
        missing_is_fine(fs::remove_dir_all(&self.folder))
    }

    fn list(&self) -> io::Result<Vec<Archive>> {
        let mut all = Vec::new();
        for algorithm in folder_entries(&self.folder)? {
            if !algorithm.file_type()?.is_dir() {
                continue;
            }
            for entry in folder_entries(&algorithm.path())? {
                // It may be gone by now.
                let Ok(metadata) = entry.metadata() else { continue };
                if metadata.is_file() {
                    let temporary = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
                    let modified = metadata.modified()?;
                    all.push(Archive { path: entry.path(), size: metadata.len(), modified, temporary });
                }
            }
        }
        Ok(all)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.algorithm.as_str()).join(digest.to_hex())
    }
}

/// Begins the names of files that are being written.
const TEMPORARY: &str = ".part-";

struct Archive {
    path: PathBuf,
    size: u64,
    modified: SystemTime,
    temporary: bool,
}

/// The entries of a folder; none if it does not exist.
fn folder_entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
