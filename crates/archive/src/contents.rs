//! Digests of files, and the hash that names the contents of a release.

use crate::limits::Limits;
use crate::reader::{ArchiveSummary, ReadError, read_tgz};
use std::io::{self, Read};
use vetch_model::facts::FileDigest;
use vetch_model::integrity::ContentHash;

/// Digests of the files that npm installs from an archive, sorted by path.
/// Files are missing unless the summary is complete. Where the contents are
/// wanted too, `read_tgz` leaves the same digests in its summary.
///
/// # Errors
/// When the input cannot be read.
pub fn digest_files(input: impl Read, limits: &Limits) -> Result<(Vec<FileDigest>, ArchiveSummary), ReadError> {
    let summary = read_tgz(input, limits, &mut |_| Ok(()))?;
    Ok((summary.installed.values().cloned().collect(), summary))
}

/// Digest of one file, read to its end.
///
/// # Errors
/// When it cannot be read.
pub fn digest_reader(path: &str, mut contents: impl Read) -> io::Result<FileDigest> {
    let mut hasher = blake3::Hasher::new();
    let size = io::copy(&mut contents, &mut hasher)?;
    Ok(FileDigest { path: path.to_owned(), size, blake3: *hasher.finalize().as_bytes() })
}

/// The hash of a release's files, in any order, as [`ContentHash`] defines it;
/// the length of a path is in bytes, a little-endian `u64`.
pub fn content_hash<'a>(files: impl IntoIterator<Item = &'a FileDigest>) -> ContentHash {
    let mut sorted: Vec<&FileDigest> = files.into_iter().collect();
    sorted.sort_unstable_by(|a, b| (&a.path, a.blake3).cmp(&(&b.path, b.blake3)));
    let mut hasher = blake3::Hasher::new();
    for file in sorted {
        hasher.update(&(file.path.len() as u64).to_le_bytes());
        hasher.update(file.path.as_bytes());
        hasher.update(&file.blake3);
    }
    ContentHash(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, contents: &str) -> FileDigest {
        digest_reader(path, contents.as_bytes()).unwrap()
    }

    #[test]
    fn order_does_not_count_and_borders_do() {
        let (a, b) = (file("a", "1"), file("b", "2"));
        let hash = content_hash(&[a.clone(), b.clone()]);
        assert_eq!(hash, content_hash(&[b.clone(), a.clone()]));
        assert_ne!(hash, content_hash(&[a]));
        assert_ne!(hash, content_hash(&[file("a", "2"), file("b", "1")]));
        assert_ne!(hash, content_hash(&[file("ab", "1"), file("", "2")]));
    }

    #[test]
    fn the_definition_is_pinned() {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&1u64.to_le_bytes());
        bytes.push(b'a');
        bytes.extend_from_slice(blake3::hash(b"1").as_bytes());
        assert_eq!(content_hash(&[file("a", "1")]).0, *blake3::hash(&bytes).as_bytes());
    }
}
