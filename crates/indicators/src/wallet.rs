//! Addresses of cryptocurrencies, by their shape. What only looks like one harms nobody: it is in no list.

/// Whether a text has the shape of an address: Ethereum and its kin (`0x` and 40 hexadecimal digits), Bech32 of Bitcoin,
/// Litecoin and Cardano (BIP 173), Base58 of Bitcoin, Tron, Solana and Monero.
pub fn is_wallet(text: &str) -> bool {
    let bytes = text.as_bytes();
    if let Some(rest) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return rest.len() == 40 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    if is_bech32(text) {
        return true;
    }
    // Bitcoin has 26 to 35, Solana 32 to 44, Monero 95 or 106.
    if !(26..=44).contains(&bytes.len()) && !matches!(bytes.len(), 95 | 106) {
        return false;
    }
    let (mut digit, mut lower, mut upper) = (false, false, false);
    for byte in bytes {
        match byte {
            b'0' | b'O' | b'I' | b'l' => return false,
            b'1'..=b'9' => digit = true,
            b'a'..=b'z' => lower = true,
            b'A'..=b'Z' => upper = true,
            _ => return false,
        }
    }
    digit && lower && upper
}

/// As `bc1…`, `tb1…`, `ltc1…`, `addr1…`; in one case.
pub(crate) fn is_bech32(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let known = ["bc1", "tb1", "ltc1", "addr1"];
    let Some(data) = known.iter().find_map(|prefix| lower.strip_prefix(prefix)) else { return false };
    let is_one_case = lower == text || text.to_ascii_uppercase() == text;
    is_one_case
        && (38..=110).contains(&data.len())
        && data.bytes().all(|byte| byte.is_ascii_alphanumeric() && !matches!(byte, b'1' | b'b' | b'i' | b'o'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_their_shapes() {
        for address in [
            "0x1111111111111111111111111111111111111111",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ",
            "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
            "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8",
        ] {
            assert!(is_wallet(address), "{address}");
        }
        for other in ["0x11", "1", "a_function_name_that_is_long_enough", "", "ABCDEFGHJKLMNPQRSTUVWXYZABCD", "bc1"] {
            assert!(!is_wallet(other), "{other}");
        }
    }
}
