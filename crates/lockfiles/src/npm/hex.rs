//! Hexadecimal digests, as lockfiles write them, as Subresource Integrity.

use vetch_model::Integrity;

/// The digest `hex` of `algorithm` (`sha1`, `sha256`); `None` if it is none.
pub(crate) fn integrity(algorithm: &str, hex: &str) -> Option<Integrity> {
    let digits: Option<Vec<u8>> = hex.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    Integrity::parse(&format!("{algorithm}-{}", base64(&bytes))).ok()
}

/// Standard base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let letter = LETTERS.get((bits >> (18 - 6 * place)) as usize & 63).copied().unwrap_or(b'A');
            text.push(char::from(letter));
        }
    }
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::integrity;

    #[test]
    fn digests_keep_their_bytes() {
        let hex = "5608aeadfc00be6c2901df5f9861788de0d597c8";
        let found = integrity("sha1", hex).unwrap();
        assert_eq!(
            (found.text.as_str(), found.digests[0].to_hex().as_str()),
            ("sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g=", hex)
        );
        for broken in ["", "5", "zz", "5608", "56é8"] {
            assert_eq!(integrity("sha1", broken), None, "{broken}");
        }
    }
}
