//! A folder of archives, found by integrity whatever their names are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use vetch_model::integrity::{Digest, HashAlgorithm};
use vetch_model::{Incomplete, Integrity, Outcome};

use crate::cacache::read_file;
use crate::digest::Hasher;

/// Folders are followed this deep.
const MAX_DEPTH: usize = 8;
/// No more archives than this are read; the largest projects have some ten thousand.
const MAX_FILES: usize = 100_000;

/// One archive of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveFile {
    /// Its path.
    pub path: PathBuf,
    /// Size in bytes when it was hashed.
    pub len: u64,
    /// SHA-512.
    pub sha512: Digest,
}

/// The archives of a folder by their hashes. Each is hashed once, with SHA-1 and
/// SHA-512; other algorithms when they are asked for.
#[derive(Debug, Clone, Default)]
pub struct ArchivesDir {
    files: Vec<ArchiveFile>,
    by_digest: BTreeMap<Digest, usize>,
    /// SHA-256 (Python's lockfiles) and SHA-384: hashed when first asked for.
    by_rare_digest: OnceLock<BTreeMap<Digest, usize>>,
    limit: u64,
}

impl ArchivesDir {
    /// Hashes every archive (`.tgz`, `.tar.gz`, `.whl`, `.zip`) of at most `limit` bytes in the folder
    /// and below. Links are not followed: one could lead anywhere. As soon as `cancelled` says
    /// so, no further archive is read; the index is of no use then.
    pub fn index(folder: &Path, limit: u64, cancelled: &dyn Fn() -> bool) -> Outcome<ArchivesDir> {
        let mut incomplete = Vec::new();
        let mut index = ArchivesDir { limit, ..ArchivesDir::default() };
        for path in archives_below(folder, &mut incomplete) {
            if cancelled() {
                break;
            }
            if let Err(why) = index.add(&path) {
                let hint = "correct its permissions, or take it out of the folder of archives";
                incomplete.push(Incomplete::new(path.display().to_string(), why, hint));
            }
        }
        incomplete.sort();
        Outcome { value: index, incomplete }
    }

    fn add(&mut self, path: &Path) -> Result<(), String> {
        let mut file = File::open(path).map_err(|error| error.to_string())?.take(self.limit.saturating_add(1));
        let mut hasher = Hasher::new(HashAlgorithm::Sha1);
        let mut buffer = vec![0; 64 * 1024];
        let mut len = 0u64;
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    hasher.update(&buffer[..count]);
                    len += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        if len > self.limit {
            return Err(format!("larger than {} bytes", self.limit));
        }
        let hashed = hasher.finish();
        let place = self.files.len();
        // The first of equal archives answers, in the order of their paths.
        self.by_digest.entry(hashed.wanted).or_insert(place);
        self.by_digest.entry(hashed.sha512.clone()).or_insert(place);
        self.files.push(ArchiveFile { path: path.to_owned(), len, sha512: hashed.sha512 });
        Ok(())
    }

    /// Every archive, sorted by path.
    pub fn files(&self) -> &[ArchiveFile] {
        &self.files
    }

    /// The archive of this integrity.
    pub fn find(&self, integrity: &Integrity) -> Option<&ArchiveFile> {
        let by_digest = match integrity.algorithm() {
            HashAlgorithm::Sha1 | HashAlgorithm::Sha512 => &self.by_digest,
            HashAlgorithm::Sha256 | HashAlgorithm::Sha384 => self.by_rare_digest.get_or_init(|| self.rare_digests()),
        };
        let place = integrity.digests.iter().find_map(|digest| by_digest.get(digest))?;
        self.files.get(*place)
    }

    fn rare_digests(&self) -> BTreeMap<Digest, usize> {
        let mut digests = BTreeMap::new();
        for (place, file) in self.files.iter().enumerate() {
            // One that has changed or vanished since is found by no hash, and so reported as missing.
            let Ok(bytes) = self.bytes(file) else { continue };
            for algorithm in [HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
                let mut hasher = Hasher::new(algorithm);
                hasher.update(&bytes);
                digests.entry(hasher.finish().wanted).or_insert(place);
            }
        }
        digests
    }

    /// The bytes of an archive, compared with those that were hashed.
    ///
    /// # Errors
    /// When it cannot be read, or has changed since.
    pub fn bytes(&self, file: &ArchiveFile) -> io::Result<Vec<u8>> {
        let changed = || io::Error::other("the archive has changed since it was indexed");
        let bytes = read_file(&file.path, self.limit)?.ok_or_else(changed)?;
        let mut hasher = Hasher::new(HashAlgorithm::Sha512);
        hasher.update(&bytes);
        if hasher.finish().sha512 == file.sha512 { Ok(bytes) } else { Err(changed()) }
    }

    /// The bytes of the archive of this integrity, if it is here.
    ///
    /// # Errors
    /// As [`ArchivesDir::bytes`].
    pub fn read(&self, integrity: &Integrity) -> io::Result<Option<Vec<u8>>> {
        self.find(integrity).map(|file| self.bytes(file)).transpose()
    }
}

/// Paths of the archives in a folder, sorted, so that a run repeats.
fn archives_below(folder: &Path, incomplete: &mut Vec<Incomplete>) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![(folder.to_owned(), 0)];
    while let Some((next, depth)) = waiting.pop() {
        let mut missing = |path: &Path, why: String| {
            let hint = "check the path given with --archives and its permissions";
            incomplete.push(Incomplete::new(path.display().to_string(), why, hint));
        };
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) => {
                missing(&next, error.to_string());
                continue;
            }
        };
        for entry in entries {
            let (path, kind) = match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
                Ok(entry) => entry,
                Err(error) => {
                    missing(&next, error.to_string());
                    continue;
                }
            };
            if kind.is_dir() && depth < MAX_DEPTH {
                waiting.push((path, depth + 1));
            } else if kind.is_dir() {
                missing(&path, format!("more than {MAX_DEPTH} folders deep"));
            } else if is_archive(&path) && kind.is_symlink() {
                missing(&path, "links in the folder of archives are not followed".to_owned());
            } else if is_archive(&path) && kind.is_file() {
                if found.len() >= MAX_FILES {
                    missing(folder, format!("more than {MAX_FILES} archives; the rest was not read"));
                    return found;
                }
                found.insert(path);
            }
        }
    }
    found
}

fn is_archive(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    [".tgz", ".tar.gz", ".whl", ".zip"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use vetch_testkit::{Pkg, Project, integrity, sha1_integrity};

    use super::*;

    fn parse(text: &str) -> Integrity {
        Integrity::parse(text).unwrap()
    }

    #[test]
    fn archives_are_found_by_any_hash() {
        let (a, b) = (Pkg::new("a", "1.0.0"), Pkg::new("@s/b", "2.0.0"));
        let project = Project::builder("demo")
            .archive(&a)
            .archive_bytes("deep/er/anything.tgz", b.tarball())
            .archive_bytes("c.whl", "a wheel")
            .build();
        fs::write(project.archives().join("notes.txt"), "no archive").unwrap();
        let index = ArchivesDir::index(&project.archives(), 1 << 20, &|| false);
        assert_eq!(index.incomplete, []);
        let index = index.value;
        assert_eq!(index.files().len(), 3);
        assert_eq!(index.read(&parse(&a.integrity())).unwrap().unwrap(), a.tarball());
        assert_eq!(index.read(&parse(&sha1_integrity(&b.tarball()))).unwrap().unwrap(), b.tarball());
        assert!(index.find(&parse(&integrity(b"none"))).is_none());
        let sha256 = {
            let mut hasher = Hasher::new(HashAlgorithm::Sha256);
            hasher.update(&b.tarball());
            crate::digest::sri(&hasher.finish().wanted)
        };
        assert!(index.find(&parse(&sha256)).unwrap().path.ends_with("deep/er/anything.tgz"));
    }

    #[test]
    fn what_is_not_read_is_told() {
        let a = Pkg::new("a", "1.0.0");
        let project = Project::builder("demo").archive(&a).build();
        let index = ArchivesDir::index(&project.archives(), 10, &|| false);
        assert!(index.value.files().is_empty());
        assert!(index.incomplete[0].why.contains("larger than 10 bytes"));
        let missing = ArchivesDir::index(&project.root().join("nowhere"), 10, &|| false);
        assert_eq!(missing.incomplete.len(), 1);
    }

    #[test]
    fn a_file_that_changes_is_not_handed_out() {
        let a = Pkg::new("a", "1.0.0");
        let project = Project::builder("demo").archive(&a).build();
        let index = ArchivesDir::index(&project.archives(), 1 << 20, &|| false).value;
        fs::write(&index.files()[0].path, "swapped").unwrap();
        assert!(index.read(&parse(&a.integrity())).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_told_and_not_followed() {
        let a = Pkg::new("a", "1.0.0");
        let project = Project::builder("demo").file("hidden.tgz", a.tarball()).build();
        std::os::unix::fs::symlink(project.root().join("hidden.tgz"), project.archives().join("a.tgz")).unwrap();
        std::os::unix::fs::symlink(project.root(), project.archives().join("folder")).unwrap();
        let index = ArchivesDir::index(&project.archives(), 1 << 20, &|| false);
        assert!(index.value.files().is_empty());
        assert_eq!(index.incomplete.len(), 1);
    }
}
