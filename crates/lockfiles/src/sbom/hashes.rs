//! Hashes in hexadecimal, as both standards write them.

use vetch_model::evidence::Span;
use vetch_model::integrity::{Digest, HashAlgorithm, Integrity};

use super::REMAKE;
use super::bom::Hash;
use super::report::Report;
use crate::error::short;

/// The strongest digests as integrity, and what is no digest of such a kind as text.
pub(super) fn read(
    hashes: &[Hash<'_>],
    what: &str,
    report: &mut Report<'_, '_>,
) -> (Option<Integrity>, Option<String>) {
    let mut digests: Vec<Digest> = Vec::new();
    let mut others = Vec::new();
    for hash in hashes {
        let Some(algorithm) = algorithm(hash.algorithm) else {
            others.push(format!("{}:{}", hash.algorithm, hash.value));
            continue;
        };
        match bytes(hash.value).filter(|bytes| bytes.len() == algorithm.digest_len()) {
            Some(bytes) => digests.push(Digest { algorithm, bytes }),
            None => fault(hash, hash.span, what, report),
        }
    }
    let strongest = digests.iter().map(|digest| digest.algorithm).max();
    digests.retain(|digest| Some(digest.algorithm) == strongest);
    let text = |digest: &Digest| format!("{}-{}", digest.algorithm.as_str(), base64(&digest.bytes));
    let text = digests.iter().map(text).collect::<Vec<_>>().join(" ");
    let integrity = (!digests.is_empty()).then_some(Integrity { digests, text });
    (integrity, (!others.is_empty()).then(|| others.join(" ")))
}

fn fault(hash: &Hash<'_>, span: Span, what: &str, report: &mut Report<'_, '_>) {
    let why = format!("`{}` is no {} in hexadecimal", short(hash.value), short(hash.algorithm));
    report.add(what, span, why, REMAKE);
}

/// CycloneDX writes `SHA-256`, SPDX 2 `SHA256`, SPDX 3 `sha256`.
fn algorithm(name: &str) -> Option<HashAlgorithm> {
    match name {
        "SHA-1" | "SHA1" | "sha1" => Some(HashAlgorithm::Sha1),
        "SHA-256" | "SHA256" | "sha256" => Some(HashAlgorithm::Sha256),
        "SHA-384" | "SHA384" | "sha384" => Some(HashAlgorithm::Sha384),
        "SHA-512" | "SHA512" | "sha512" => Some(HashAlgorithm::Sha512),
        _ => None,
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for pair in text.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push((digit(*high)? << 4 | digit(*low)?) as u8);
    }
    Some(bytes)
}

/// Standard base64 with padding: the digests of lockfiles are written so.
fn base64(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let symbol = SYMBOLS.get((bits >> (18 - 6 * position) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if position > chunk.len() { '=' } else { symbol as char });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_as_lockfiles_write_them() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", b"abcd"] {
            let expected = ["", "YQ==", "YWI=", "YWJj", "YWJjZA=="][bytes.len()];
            assert_eq!(base64(bytes), expected);
        }
        let sha1: Vec<u8> = bytes("da39a3ee5e6b4b0d3255bfef95601890afd80709").unwrap();
        let text = format!("sha1-{}", base64(&sha1));
        assert_eq!(Integrity::parse(&text).unwrap().digests[0].bytes, sha1);
        assert_eq!((bytes("abc"), bytes("zz")), (None, None));
    }
}
