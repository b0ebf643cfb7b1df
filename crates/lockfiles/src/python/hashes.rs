//! Hashes as Python's tools write them: an algorithm and hexadecimal digits, or base64 for URLs.

use vetch_model::Integrity;
use vetch_model::integrity::{Digest, HashAlgorithm};

/// `sha256` and 64 hexadecimal digits. `None` for algorithms that verify nothing (MD5)
/// and for digests that are none.
pub(crate) fn from_hex(algorithm: &str, hex: &str) -> Option<Integrity> {
    let algorithm = match algorithm.to_ascii_lowercase().as_str() {
        "sha1" => HashAlgorithm::Sha1,
        "sha256" => HashAlgorithm::Sha256,
        "sha384" => HashAlgorithm::Sha384,
        "sha512" => HashAlgorithm::Sha512,
        _ => return None,
    };
    let hex = hex.trim();
    if hex.len() != algorithm.digest_len() * 2 {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let bytes: Option<Vec<u8>> = hex
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    let text = format!("{}:{}", algorithm.as_str(), hex.to_ascii_lowercase());
    Some(Integrity { digests: vec![Digest { algorithm, bytes: bytes? }], text })
}

/// `sha256:<hex>` or `sha256=<hex>`.
pub(crate) fn from_text(text: &str) -> Option<Integrity> {
    let (algorithm, hex) = text.split_once([':', '='])?;
    from_hex(algorithm, hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_digests_count() {
        let good = from_text(&format!("sha256:{}", "aB".repeat(32))).unwrap();
        assert_eq!(good.digests[0].to_hex(), "ab".repeat(32));
        for bad in ["sha256:00", "md5:00", "sha256", &format!("sha256:{}", "zz".repeat(32))] {
            assert_eq!(from_text(bad), None);
        }
    }
}
