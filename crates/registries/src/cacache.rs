//! npm's content-addressed cache, read by integrity. Nothing in it is believed:
//! every file is compared with the integrity that it was asked for by.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use vetch_model::Integrity;
use vetch_model::integrity::Digest;

use crate::digest::verify;

/// npm's cache folder.
#[derive(Debug, Clone)]
pub struct Cacache {
    content: PathBuf,
}

/// Why the cache does not give an archive.
#[derive(Debug, thiserror::Error)]
pub enum CacheMiss {
    /// It does not have it.
    #[error("not in npm's cache")]
    Absent,
    /// It has something else under that name.
    #[error("npm's cache holds other bytes under this hash ({0}): it is damaged or was tampered with")]
    Damaged(PathBuf),
    /// Larger than the limit.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// It cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl CacheMiss {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            CacheMiss::Absent => "run `npm ci`, give the archives with --archives DIR, or leave out --offline",
            CacheMiss::Damaged(_) => "run `npm cache verify`, and find out what wrote into the cache",
            CacheMiss::TooLarge { .. } => "no such archive is read; look at it by other means before you trust it",
            CacheMiss::Unreadable { .. } => "correct the permissions of npm's cache folder",
        }
    }
}

impl Cacache {
    /// The cache in npm's cache folder (`~/.npm`), if there is one.
    pub fn open(npm_cache: &Path) -> Option<Cacache> {
        // Version 2 of the layout is the only one since npm 5 (cacache 9).
        let content = npm_cache.join("_cacache").join("content-v2");
        content.is_dir().then_some(Cacache { content })
    }

    /// The verified bytes of an archive of at most `limit` bytes.
    ///
    /// # Errors
    /// See [`CacheMiss`].
    pub fn read(&self, integrity: &Integrity, limit: u64) -> Result<Vec<u8>, CacheMiss> {
        let mut miss = CacheMiss::Absent;
        for digest in &integrity.digests {
            match self.read_one(digest, integrity, limit) {
                Ok(bytes) => return Ok(bytes),
                Err(CacheMiss::Absent) => {}
                Err(other) => miss = other,
            }
        }
        Err(miss)
    }

    fn path(&self, digest: &Digest) -> Option<PathBuf> {
        let name = digest.to_hex();
        let (first, second, rest) = (name.get(..2)?, name.get(2..4)?, name.get(4..)?);
        Some(self.content.join(digest.algorithm.as_str()).join(first).join(second).join(rest))
    }

    fn read_one(&self, digest: &Digest, integrity: &Integrity, limit: u64) -> Result<Vec<u8>, CacheMiss> {
        let path = self.path(digest).ok_or(CacheMiss::Absent)?;
        let bytes = match read_file(&path, limit) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(CacheMiss::TooLarge { path, limit }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(CacheMiss::Absent),
            Err(source) => return Err(CacheMiss::Unreadable { path, source }),
        };
        match verify(&bytes, integrity) {
            Ok(()) => Ok(bytes),
            Err(_) => Err(CacheMiss::Damaged(path)),
        }
    }
}

/// A regular file of at most `limit` bytes; `None` if it has more.
pub(crate) fn read_file(path: &Path, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
    // Asked before opening, since opening a pipe would block.
    if !path.symlink_metadata()?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use vetch_testkit::{Pkg, Project, content_path, integrity, sha1_integrity};

    use super::*;

    #[test]
    fn archives_are_found_by_hash_and_verified() {
        let pkg = Pkg::new("a", "1.0.0");
        let project = Project::builder("demo").cached(&pkg).build();
        let npm = project.home().join(".npm");
        let cache = Cacache::open(&npm).unwrap();
        let wanted = Integrity::parse(&pkg.integrity()).unwrap();
        assert_eq!(cache.read(&wanted, 1 << 20).unwrap(), pkg.tarball());
        assert!(matches!(cache.read(&wanted, 10), Err(CacheMiss::TooLarge { limit: 10, .. })));
        let other = Integrity::parse(&integrity(b"other")).unwrap();
        assert!(matches!(cache.read(&other, 1 << 20), Err(CacheMiss::Absent)));
        std::fs::write(npm.join(content_path(&pkg.tarball())), "tampered").unwrap();
        assert!(matches!(cache.read(&wanted, 1 << 20), Err(CacheMiss::Damaged(_))));
        assert!(Cacache::open(&project.root()).is_none());
    }

    #[test]
    fn old_sha1_entries_are_found() {
        let home = tempfile::tempdir().unwrap();
        let name = vetch_testkit::shasum(b"old");
        let folder = home.path().join("_cacache/content-v2/sha1").join(&name[..2]).join(&name[2..4]);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(&name[4..]), "old").unwrap();
        let wanted = Integrity::parse(&sha1_integrity(b"old")).unwrap();
        assert_eq!(Cacache::open(home.path()).unwrap().read(&wanted, 100).unwrap(), b"old");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let pkg = Pkg::new("a", "1.0.0");
        let project = Project::builder("demo").cached(&pkg).build();
        let npm = project.home().join(".npm");
        let path = npm.join(content_path(&pkg.tarball()));
        let elsewhere = npm.join("elsewhere");
        std::fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let wanted = Integrity::parse(&pkg.integrity()).unwrap();
        assert!(matches!(Cacache::open(&npm).unwrap().read(&wanted, 1 << 20), Err(CacheMiss::Unreadable { .. })));
    }
}
