//! Fetched archives of this run only: where the user wants no cache, and where the cache cannot be written.
//!
//! They lie one after the other in a temporary file that has no name, so that nothing is left behind even by a
//! run that is killed. Where that cannot be written either, the first few stay in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use vetch_model::integrity::Digest;

/// What may lie in memory in all, in bytes.
const IN_MEMORY: usize = 64 << 20;

/// A store without a name.
#[derive(Debug, Default)]
pub(crate) struct Scratch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Made at the first use.
    file: Option<File>,
    end: u64,
    places: BTreeMap<Digest, Place>,
    in_memory: usize,
}

#[derive(Debug)]
enum Place {
    File { start: u64, length: usize },
    Memory(Vec<u8>),
}

impl Scratch {
    /// Keeps the bytes of a verified archive.
    ///
    /// # Errors
    /// When the temporary folder cannot be written and memory has no room.
    pub(crate) fn put(&self, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match state.append(bytes) {
            Ok(start) => Place::File { start, length: bytes.len() },
            Err(error) if state.in_memory + bytes.len() > IN_MEMORY => return Err(error),
            Err(_) => {
                state.in_memory += bytes.len();
                Place::Memory(bytes.to_vec())
            }
        };
        state.places.insert(digest.clone(), place);
        Ok(())
    }

    /// Whether it is here.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).places.contains_key(digest)
    }

    /// The bytes; the caller verifies them.
    pub(crate) fn get(&self, digest: &Digest) -> Option<Vec<u8>> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.places.get(digest)? {
            Place::Memory(bytes) => Some(bytes.clone()),
            Place::File { start, length } => {
                let mut bytes = vec![0; *length];
                state.file.as_ref()?.read_exact_at(&mut bytes, *start).ok()?;
                Some(bytes)
            }
        }
    }
}

impl State {
    /// Writes at the end; where the bytes begin.
    fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        let start = self.end;
        // What a failure leaves half-written is overwritten by the next.
        file.write_all_at(bytes, start)?;
        self.end += bytes.len() as u64;
        Ok(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vetch_model::integrity::HashAlgorithm;

    fn digest(byte: u8) -> Digest {
        Digest { algorithm: HashAlgorithm::Sha512, bytes: vec![byte; 64] }
    }

    #[test]
    fn what_is_put_is_there() {
        let scratch = Scratch::default();
        scratch.put(&digest(1), b"one").unwrap();
        scratch.put(&digest(2), b"two!").unwrap();
        assert_eq!(scratch.get(&digest(1)).unwrap(), b"one");
        assert_eq!(scratch.get(&digest(2)).unwrap(), b"two!");
        assert!(scratch.has(&digest(2)) && !scratch.has(&digest(3)) && scratch.get(&digest(3)).is_none());
    }

    #[test]
    fn without_a_file_memory_takes_so_much() {
        let folder = tempfile::tempdir().unwrap();
        let readable = folder.path().join("readable");
        std::fs::write(&readable, "").unwrap();
        let scratch = Scratch::default();
        // Open for reading only: every write fails, as on a full disk.
        scratch.0.lock().unwrap().file = Some(File::open(&readable).unwrap());
        scratch.put(&digest(1), &vec![7; IN_MEMORY - 10]).unwrap();
        assert!(scratch.put(&digest(2), &[7; 11]).is_err());
        scratch.put(&digest(3), &[7; 10]).unwrap();
        assert_eq!(scratch.get(&digest(1)).unwrap().len(), IN_MEMORY - 10);
        assert!(scratch.get(&digest(2)).is_none() && scratch.has(&digest(3)));
    }
}
