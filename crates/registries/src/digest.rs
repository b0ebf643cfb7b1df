//! Hashing archives while they stream, and comparing with what a lockfile says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use vetch_model::Integrity;
use vetch_model::integrity::{Digest, HashAlgorithm};

/// A digest as Subresource Integrity writes it: `sha512-<base64>`.
pub fn sri(digest: &Digest) -> String {
    format!("{}-{}", digest.algorithm.as_str(), STANDARD.encode(&digest.bytes))
}

/// An integrity from hexadecimal digests by the names of their algorithms, as Python's
/// indexes and lockfiles write them: the strongest of SHA-256 and up. MD5 and SHA-1 are passed
/// over, since neither proves anything. `None` when nothing usable is left.
pub fn from_hex<'h>(hashes: impl IntoIterator<Item = (&'h str, &'h str)>) -> Option<Integrity> {
    let mut digests: Vec<Digest> = hashes.into_iter().filter_map(|(name, hex)| digest_of_hex(name, hex)).collect();
    let strongest = digests.iter().map(|digest| digest.algorithm).max()?;
    digests.retain(|digest| digest.algorithm == strongest);
    let text = digests.iter().map(sri).collect::<Vec<_>>().join(" ");
    Some(Integrity { digests, text })
}

fn digest_of_hex(name: &str, hex: &str) -> Option<Digest> {
    let algorithm = match name.to_ascii_lowercase().as_str() {
        "sha256" => HashAlgorithm::Sha256,
        "sha384" => HashAlgorithm::Sha384,
        "sha512" => HashAlgorithm::Sha512,
        _ => return None,
    };
    let hex = hex.trim().as_bytes();
    if hex.len() != algorithm.digest_len() * 2 {
        return None;
    }
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> =
        hex.chunks_exact(2).map(|pair| Some(nibble(*pair.first()?)? << 4 | nibble(*pair.get(1)?)?)).collect();
    Some(Digest { algorithm, bytes: bytes? })
}

/// Contents that hash to something else than was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What they should hash to.
    pub expected: Integrity,
    /// What they hash to, in the same algorithm.
    pub actual: Digest,
}

/// Compares bytes with an integrity value.
///
/// # Errors
/// With the actual digest, when none of the expected ones is it.
pub fn verify(bytes: &[u8], expected: &Integrity) -> Result<(), Mismatch> {
    let mut hasher = Hasher::new(expected.algorithm());
    hasher.update(bytes);
    hasher.finish().check(expected)
}

/// As [`verify`], of bytes that are read piece by piece.
///
/// # Errors
/// When they cannot be read; within, when they are others.
pub fn verify_read(mut bytes: impl std::io::Read, expected: &Integrity) -> std::io::Result<Result<(), Mismatch>> {
    let mut hasher = Hasher::new(expected.algorithm());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish().check(expected)),
            Ok(length) => hasher.update(buffer.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Hashes with one algorithm, and with SHA-512 besides, which names the bytes.
pub(crate) struct Hasher {
    wanted: Wanted,
    sha512: Sha512,
}

enum Wanted {
    Sha1(Sha1),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512,
}

impl Hasher {
    pub(crate) fn new(algorithm: HashAlgorithm) -> Hasher {
        let wanted = match algorithm {
            HashAlgorithm::Sha1 => Wanted::Sha1(Sha1::new()),
            HashAlgorithm::Sha256 => Wanted::Sha256(Sha256::new()),
            HashAlgorithm::Sha384 => Wanted::Sha384(Sha384::new()),
            HashAlgorithm::Sha512 => Wanted::Sha512,
        };
        Hasher { wanted, sha512: Sha512::new() }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha512.update(bytes);
        match &mut self.wanted {
            Wanted::Sha1(hasher) => hasher.update(bytes),
            Wanted::Sha256(hasher) => hasher.update(bytes),
            Wanted::Sha384(hasher) => hasher.update(bytes),
            Wanted::Sha512 => {}
        }
    }

    pub(crate) fn finish(self) -> Hashed {
        let sha512 = Digest { algorithm: HashAlgorithm::Sha512, bytes: self.sha512.finalize().to_vec() };
        let of = |algorithm, bytes| Digest { algorithm, bytes };
        let wanted = match self.wanted {
            Wanted::Sha1(hasher) => of(HashAlgorithm::Sha1, hasher.finalize().to_vec()),
            Wanted::Sha256(hasher) => of(HashAlgorithm::Sha256, hasher.finalize().to_vec()),
            Wanted::Sha384(hasher) => of(HashAlgorithm::Sha384, hasher.finalize().to_vec()),
            Wanted::Sha512 => sha512.clone(),
        };
        Hashed { wanted, sha512 }
    }
}

/// What bytes hash to.
pub(crate) struct Hashed {
    /// In the algorithm asked for.
    pub(crate) wanted: Digest,
    /// In SHA-512.
    pub(crate) sha512: Digest,
}

impl Hashed {
    pub(crate) fn check(&self, expected: &Integrity) -> Result<(), Mismatch> {
        if expected.digests.contains(&self.wanted) {
            return Ok(());
        }
        Err(Mismatch { expected: expected.clone(), actual: self.wanted.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_verifies_and_refuses() {
        // Digests of "abc", FIPS 180-4 examples.
        let all = [
            "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn",
            "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==",
        ];
        for text in all {
            let expected = Integrity::parse(text).unwrap();
            assert_eq!(verify(b"abc", &expected), Ok(()), "{text}");
            let mismatch = verify(b"abd", &expected).unwrap_err();
            assert_eq!(mismatch.actual.algorithm, expected.algorithm());
            assert_ne!(sri(&mismatch.actual), text);
        }
    }

    #[test]
    fn hexadecimal_digests_are_read_strongest_first() {
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let integrity = from_hex([("md5", "00"), ("SHA256", sha256)]).unwrap();
        assert_eq!(integrity.text, "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
        assert!(verify(b"abc", &integrity).is_ok());
        let stronger = "0".repeat(128);
        assert_eq!(from_hex([("sha256", sha256), ("sha512", &stronger)]).unwrap().algorithm(), HashAlgorithm::Sha512);
        for (name, hex) in [("md5", "d41d8cd98f00b204e9800998ecf8427e"), ("sha256", "abc"), ("sha256", "é"), ("x", "")]
        {
            assert_eq!(from_hex([(name, hex)]), None, "{name} {hex}");
        }
        assert_eq!(from_hex([("sha256", "zz".repeat(32).as_str())]), None);
    }

    #[test]
    fn any_of_several_digests_suffices() {
        let empty = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
        let expected = Integrity::parse(&format!("{empty} sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=")).unwrap();
        assert!(verify(b"", &expected).is_ok() && verify(b"abc", &expected).is_ok());
    }
}
