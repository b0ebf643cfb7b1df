//! Verification of downloaded or cached bytes against a lockfile's integrity.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::io::{self, Read};
use vetch_model::integrity::{Digest, HashAlgorithm, Integrity};

/// The bytes are not those that the lockfile names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "integrity mismatch: expected {expected}, got {}; do not install these bytes: compare with the registry's `dist.integrity` for this version",
    sri(.actual)
)]
pub struct Mismatch {
    /// What the lockfile says.
    pub expected: Integrity,
    /// What the bytes hash to, by the algorithm of `expected`.
    pub actual: Digest,
}

/// Why a reader's contents were not found to be right.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// They could not be read to the end.
    #[error("could not be read to the end: {0}")]
    Io(#[from] io::Error),
    /// They are others.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

/// `sha512-<base64>`.
fn sri(digest: &Digest) -> String {
    format!("{}-{}", digest.algorithm.as_str(), STANDARD.encode(&digest.bytes))
}

enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    fn new(algorithm: HashAlgorithm) -> Self {
        match algorithm {
            HashAlgorithm::Sha1 => Hasher::Sha1(Sha1::new()),
            HashAlgorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            HashAlgorithm::Sha384 => Hasher::Sha384(Sha384::new()),
            HashAlgorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha384(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Hasher::Sha1(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha256(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha384(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha512(hasher) => hasher.finalize().to_vec(),
        }
    }
}

/// Passes bytes on and hashes them on the way.
pub struct IntegrityReader<'i, R> {
    input: R,
    hasher: Hasher,
    expected: &'i Integrity,
}

impl<'i, R: Read> IntegrityReader<'i, R> {
    /// Starts hashing by the algorithm of `expected`.
    pub fn new(input: R, expected: &'i Integrity) -> Self {
        IntegrityReader { input, hasher: Hasher::new(expected.algorithm()), expected }
    }

    /// Reads what is left, without keeping it, and compares. A reader behind
    /// may have stopped early: only this tells about the whole.
    ///
    /// # Errors
    /// When the rest cannot be read, or the bytes are others than expected.
    pub fn finish(mut self) -> Result<(), VerifyError> {
        io::copy(&mut self, &mut io::sink())?;
        let actual = Digest { algorithm: self.expected.algorithm(), bytes: self.hasher.finish() };
        match self.expected.digests.contains(&actual) {
            true => Ok(()),
            false => Err(Mismatch { expected: self.expected.clone(), actual }.into()),
        }
    }
}

impl<R: Read> Read for IntegrityReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.input.read(buffer)?;
        self.hasher.update(&buffer[..got]);
        Ok(got)
    }
}

/// Reads to the end and compares.
///
/// # Errors
/// When it cannot be read, or the bytes are others than expected.
pub fn verify(input: impl Read, expected: &Integrity) -> Result<(), VerifyError> {
    IntegrityReader::new(input, expected).finish()
}

/// Compares bytes in memory.
///
/// # Errors
/// When they are others than expected.
pub fn verify_bytes(bytes: &[u8], expected: &Integrity) -> Result<(), Mismatch> {
    let mut hasher = Hasher::new(expected.algorithm());
    hasher.update(bytes);
    let actual = Digest { algorithm: expected.algorithm(), bytes: hasher.finish() };
    match expected.digests.contains(&actual) {
        true => Ok(()),
        false => Err(Mismatch { expected: expected.clone(), actual }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `abc`, from FIPS 180-4's examples.
    const ABC: [&str; 4] = [
        "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn",
        "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==",
    ];

    #[test]
    fn all_algorithms() {
        for text in ABC {
            let integrity = Integrity::parse(text).unwrap();
            verify(b"abc".as_slice(), &integrity).unwrap();
            verify_bytes(b"abc", &integrity).unwrap();
            let mismatch = verify_bytes(b"abd", &integrity).unwrap_err();
            assert!(mismatch.to_string().contains(text), "{mismatch}");
            assert!(matches!(verify(b"abd".as_slice(), &integrity), Err(VerifyError::Mismatch(_))));
        }
    }

    #[test]
    fn any_digest_of_the_strongest_algorithm_suffices_and_no_weaker_one() {
        let other = verify_bytes(b"", &Integrity::parse(ABC[3]).unwrap()).unwrap_err().actual;
        let either = Integrity::parse(&format!("{} {}", sri(&other), ABC[3])).unwrap();
        verify_bytes(b"abc", &either).unwrap();
        let weaker = Integrity::parse(&format!("{} {}", sri(&other), ABC[0])).unwrap();
        assert!(verify_bytes(b"abc", &weaker).is_err());
    }

    #[test]
    fn what_was_not_read_counts_too() {
        let integrity = Integrity::parse(ABC[1]).unwrap();
        let mut reader = IntegrityReader::new(b"abc".as_slice(), &integrity);
        let mut first = [0; 1];
        reader.read_exact(&mut first).unwrap();
        reader.finish().unwrap();
        let mut reader = IntegrityReader::new(b"abcd".as_slice(), &integrity);
        io::copy(&mut reader.by_ref().take(3), &mut io::sink()).unwrap();
        assert!(reader.finish().is_err());
    }
}
