//! Reads the files of an installed folder, each once where memory allows, and hashes them.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};

use vetch_model::facts::FileDigest;

use super::LARGEST_FILE;
use super::installed::{SeenFile, Walked, open_file};

/// Packages up to this size are kept in memory between hashing and analysis.
const KEPT_BYTES: u64 = 8 << 20;

const BUFFER_BYTES: usize = 256 << 10;

/// An installed folder, hashed.
pub(crate) struct Hashed<'w> {
    folder: OwnedFd,
    walked: &'w Walked,
    /// By file.
    files: Vec<Result<HashedFile, String>>,
    /// Contents of small packages, one file after the other.
    kept: Vec<u8>,
}

struct HashedFile {
    blake3: [u8; 32],
    /// Where its bytes lie in `kept`.
    kept: Option<Range<usize>>,
}

impl<'w> Hashed<'w> {
    /// Hashes every file of the folder. What cannot be read is remembered with the reason.
    pub(crate) fn new(folder: OwnedFd, walked: &'w Walked) -> Hashed<'w> {
        let bytes = walked.bytes();
        let keep = bytes <= KEPT_BYTES;
        let mut kept = Vec::with_capacity(if keep { bytes as usize + 1 } else { 0 });
        let mut buffer = vec![0; if keep { 0 } else { BUFFER_BYTES }];
        let files = walked.files.iter().map(|seen| {
            let hashed = match keep {
                true => hash_and_keep(&folder, seen, &mut kept),
                false => hash_stream(&folder, seen, &mut buffer),
            };
            hashed.map_err(|error| error.to_string())
        });
        let files = files.collect();
        Hashed { folder, walked, files, kept }
    }

    /// Whether every file could be read.
    pub(crate) fn is_complete(&self) -> bool {
        self.files.iter().all(Result::is_ok)
    }

    /// Why a file could not be read.
    pub(crate) fn trouble(&self, index: usize) -> Option<&str> {
        self.files.get(index)?.as_ref().err().map(String::as_str)
    }

    /// Digests of the files that could be read, sorted by path.
    pub(crate) fn digests(&self) -> Vec<FileDigest> {
        let files = self.walked.files.iter().zip(&self.files);
        let digest = |(seen, hashed): (&SeenFile, &Result<HashedFile, String>)| {
            let blake3 = hashed.as_ref().ok()?.blake3;
            Some(FileDigest { path: seen.path.clone(), size: seen.identity.size, blake3 })
        };
        files.filter_map(digest).collect()
    }

    /// Hands the first `limit` bytes of a file to `take`. They are those that were hashed,
    /// or, of a file that is read again in part, of a file that has not changed since.
    pub(crate) fn with_bytes<T>(&self, index: usize, limit: usize, take: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
        let (Some(seen), Some(Ok(hashed))) = (self.walked.files.get(index), self.files.get(index)) else {
            return Err(io::Error::other("it could not be read before"));
        };
        if let Some(bytes) = hashed.kept.clone().and_then(|range| self.kept.get(range)) {
            return Ok(take(bytes.get(..limit).unwrap_or(bytes)));
        }
        let length = usize::try_from(seen.identity.size).unwrap_or(usize::MAX).min(limit);
        let mut bytes = Vec::with_capacity(length.min(LARGEST_FILE as usize) + 1);
        open_file(self.folder.as_fd(), seen)?.take(length as u64).read_to_end(&mut bytes)?;
        let is_whole = length as u64 == seen.identity.size;
        if is_whole && *blake3::hash(&bytes).as_bytes() != hashed.blake3 {
            return Err(io::Error::other("it changed while it was being scanned"));
        }
        Ok(take(&bytes))
    }
}

fn hash_and_keep(folder: &OwnedFd, seen: &SeenFile, kept: &mut Vec<u8>) -> io::Result<HashedFile> {
    let start = kept.len();
    match open_file(folder.as_fd(), seen).and_then(|file| read_whole(&file, seen.identity.size, kept)) {
        Ok(count) if count as u64 == seen.identity.size => {
            let blake3 = *blake3::hash(kept.get(start..).unwrap_or_default()).as_bytes();
            Ok(HashedFile { blake3, kept: Some(start..kept.len()) })
        }
        other => {
            kept.truncate(start);
            other?;
            Err(io::Error::other("it changed while it was being scanned"))
        }
    }
}

/// Appends a file that should have `size` bytes; gives how many it has. Usually one call of the
/// system: room for more than there should be shows the end, and a file that grew.
fn read_whole(file: &File, size: u64, kept: &mut Vec<u8>) -> io::Result<usize> {
    let start = kept.len();
    kept.reserve(usize::try_from(size).unwrap_or(usize::MAX - start).saturating_add(1));
    loop {
        let count = rustix::io::retry_on_intr(|| rustix::io::read(file, rustix::buffer::spare_capacity(kept)))?;
        let read = kept.len() - start;
        if count == 0 || read as u64 >= size {
            return Ok(read);
        }
    }
}

fn hash_stream(folder: &OwnedFd, seen: &SeenFile, buffer: &mut [u8]) -> io::Result<HashedFile> {
    let mut file = open_file(folder.as_fd(), seen)?.take(seen.identity.size + 1);
    let mut hasher = blake3::Hasher::new();
    loop {
        match file.read(buffer) {
            Ok(0) => break,
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => &mut hasher,
            Err(error) => return Err(error),
        };
    }
    if hasher.count() != seen.identity.size {
        return Err(io::Error::other("it changed while it was being scanned"));
    }
    Ok(HashedFile { blake3: *hasher.finalize().as_bytes(), kept: None })
}
