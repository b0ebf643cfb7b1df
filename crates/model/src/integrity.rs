//! Hashes that name contents.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The hash algorithms of Subresource Integrity that npm uses, strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HashAlgorithm {
    /// Collisions are practical: identifies, does not verify.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    const ALL: [HashAlgorithm; 4] =
        [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];

    /// The algorithm of a name, in either case.
    fn named(name: &str) -> Option<HashAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name))
    }

    /// The name used in Subresource Integrity strings.
    pub const fn as_str(self) -> &'static str {
        match self {
            HashAlgorithm::Sha1 => "sha1",
            HashAlgorithm::Sha256 => "sha256",
            HashAlgorithm::Sha384 => "sha384",
            HashAlgorithm::Sha512 => "sha512",
        }
    }

    /// Digest length in bytes.
    pub const fn digest_len(self) -> usize {
        match self {
            HashAlgorithm::Sha1 => 20,
            HashAlgorithm::Sha256 => 32,
            HashAlgorithm::Sha384 => 48,
            HashAlgorithm::Sha512 => 64,
        }
    }
}

/// One digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest {
    /// How it was made.
    pub algorithm: HashAlgorithm,
    /// Raw bytes, of the algorithm's length.
    pub bytes: Vec<u8>,
}

impl Digest {
    /// Lower-case hexadecimal.
    pub fn to_hex(&self) -> String {
        self.bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What a lockfile says an archive hashes to (Subresource Integrity, W3C):
/// the digests of its strongest algorithm; any one of them suffices.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Integrity {
    /// At least one, all of one algorithm.
    pub digests: Vec<Digest>,
    /// As written.
    pub text: String,
}

/// Why a text is not an integrity value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` holds no usable sha1, sha256, sha384 or sha512 digest")]
pub struct IntegrityError(pub String);

impl Integrity {
    /// Parses `sha512-<base64>[?options] …`; unknown algorithms are passed over.
    ///
    /// # Errors
    /// When no digest of a known algorithm and the right length is in it.
    pub fn parse(text: &str) -> Result<Integrity, IntegrityError> {
        let mut all: Vec<Digest> = text.split_ascii_whitespace().filter_map(parse_one).collect();
        let strongest = all.iter().map(|digest| digest.algorithm).max();
        all.retain(|digest| Some(digest.algorithm) == strongest);
        if all.is_empty() {
            return Err(IntegrityError(text.chars().take(120).collect()));
        }
        Ok(Integrity { digests: all, text: text.to_owned() })
    }

    /// One digest in hexadecimal, as Python's tools write it; its text is the
    /// Subresource Integrity form.
    ///
    /// # Errors
    /// When the algorithm is unknown, or the text is not that many hexadecimal digits.
    pub fn from_hex(algorithm: &str, hex: &str) -> Result<Integrity, IntegrityError> {
        let refused = || IntegrityError(format!("{algorithm}:{hex}").chars().take(120).collect());
        let known = HashAlgorithm::named(algorithm).ok_or_else(refused)?;
        let bytes = decode_hex(hex).filter(|bytes| bytes.len() == known.digest_len()).ok_or_else(refused)?;
        let text = format!("{}-{}", known.as_str(), encode_base64(&bytes));
        Ok(Integrity { digests: vec![Digest { algorithm: known, bytes }], text })
    }

    /// The algorithm of its digests.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.digests.first().map_or(HashAlgorithm::Sha1, |digest| digest.algorithm)
    }
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse_one(part: &str) -> Option<Digest> {
    let (name, rest) = part.split_once('-')?;
    let algorithm = HashAlgorithm::named(name)?;
    let bytes = decode_base64(rest.split('?').next()?)?;
    (bytes.len() == algorithm.digest_len()).then_some(Digest { algorithm, bytes })
}

/// Standard base64 with or without padding; `None` on anything else.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u8);
    for symbol in text.bytes() {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

/// What each byte is worth as a hexadecimal digit; 255 if it is none. Lockfiles of Python hold megabytes of digits.
static DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digits[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

/// Hexadecimal of either case; `None` on anything else.
fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    // `collect` into an `Option` would grow the vector step by step.
    let mut bytes = Vec::with_capacity(pairs.len());
    for [high, low] in pairs {
        let (high, low) = (DIGITS[usize::from(*high)], DIGITS[usize::from(*low)]);
        if high | low > 15 {
            return None;
        }
        bytes.push(high << 4 | low);
    }
    Some(bytes)
}

/// Standard base64 with padding.
fn encode_base64(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let symbol = |bits: u32| char::from(SYMBOLS[(bits & 63) as usize]);
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    let (whole, rest) = bytes.as_chunks::<3>();
    for [first, second, third] in whole {
        let bits = u32::from(*first) << 16 | u32::from(*second) << 8 | u32::from(*third);
        text.extend([symbol(bits >> 18), symbol(bits >> 12), symbol(bits >> 6), symbol(bits)]);
    }
    match rest {
        [first] => {
            let bits = u32::from(*first) << 16;
            text.extend([symbol(bits >> 18), symbol(bits >> 12), '=', '=']);
        }
        [first, second] => {
            let bits = u32::from(*first) << 16 | u32::from(*second) << 8;
            text.extend([symbol(bits >> 18), symbol(bits >> 12), symbol(bits >> 6), '=']);
        }
        _ => {}
    }
    text
}

/// BLAKE3 over a release's files: for each file, sorted by path, the length of
/// the path, the path and the BLAKE3 of its bytes. The same contents give the
/// same hash whether they lie in a folder or in an archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContentHash(pub [u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("blake3:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strongest_algorithm_wins() {
        let text = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";
        let integrity = Integrity::parse(text).unwrap();
        assert_eq!(integrity.algorithm(), HashAlgorithm::Sha512);
        assert!(integrity.digests[0].to_hex().starts_with("cf83e1357eefb8bd"));
    }

    #[test]
    fn hexadecimal_digests_become_the_same_value() {
        let text = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
        let hex = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";
        assert_eq!(Integrity::from_hex("SHA1", hex), Integrity::parse(text));
        let sha256 = Integrity::from_hex("sha256", &"0f".repeat(32)).unwrap();
        assert_eq!(Integrity::parse(&sha256.text), Ok(sha256.clone()));
        assert_eq!(sha256.digests[0].to_hex(), "0f".repeat(32));
        for (algorithm, hex) in [("sha256", hex), ("md5", hex), ("sha1", "é"), ("sha1", &hex[1..]), ("sha1", "")] {
            assert!(Integrity::from_hex(algorithm, hex).is_err(), "{algorithm} {hex}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "sha512-", "sha512-AAAA", "md5-AAAA", "false"] {
            assert!(Integrity::parse(text).is_err(), "{text}");
        }
    }
}
