//! Wallet addresses: constants that payments go to.

use vetch_model::capability::{CapabilityId, Resource};

use crate::interp::Interp;
use crate::value::{Kind, Value};

/// What stands between a payment and whom it was meant for.
const SWAP: &str = "wallet address";

/// Whether a text is an address of a widely used chain: Ethereum (EIP-55 form), Bitcoin and Litecoin (Base58Check and
/// BIP 173), Tron.
pub(crate) fn is_address(text: &str) -> bool {
    let is_hex = |part: &str| part.len() == 40 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let is_base58 = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l'))
            && part.bytes().any(|b| b.is_ascii_digit())
            && part.bytes().any(|b| b.is_ascii_lowercase())
            && part.bytes().any(|b| b.is_ascii_uppercase())
    };
    let is_bech32 = |part: &str| {
        (38..=72).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    match text.as_bytes() {
        [b'0', b'x', ..] => is_hex(&text[2..]),
        [b'b', b'c', b'1', ..] => is_bech32(&text[3..]),
        [b'l', b't', b'c', b'1', ..] => is_bech32(&text[4..]),
        [b'T', ..] => text.len() == 34 && is_base58(text),
        [b'1' | b'3' | b'L' | b'M', ..] => (26..=35).contains(&text.len()) && is_base58(text),
        _ => false,
    }
}

/// Whether a regular expression looks for addresses: it counts as many characters as these have.
fn is_address_pattern(pattern: &str) -> bool {
    ["{40}", "{25,34}", "{25,39}", "{26,33}", "{26,35}", "{33}", "{32,44}", "{38,"]
        .iter()
        .any(|count| pattern.contains(count))
}

impl Interp<'_> {
    /// A method that puts a fixed address where another stood: `text.replace(/0x…/g, "0x…")`,
    /// `event.clipboardData.setData("text/plain", "0x…")`.
    pub(crate) fn note_swapped_address(&mut self, name: &str, args: &[Value]) {
        let put = match (name, args) {
            ("replace" | "replaceAll", [pattern, put, ..]) if matches!(pattern.kind, Kind::Regex(_)) => put,
            ("setData", [_, put, ..]) => put,
            _ => return,
        };
        if !self.is_callable(put) {
            return self.note_put_address(put);
        }
        // `text.replace(/0x…/g, (found) => nearest(found))`: what takes the place of an address is what is given back.
        if matches!(&args[0].kind, Kind::Regex(regex) if is_address_pattern(&regex.0)) {
            let found = vec![Value::UNKNOWN];
            let given = self.perhaps(|interp| interp.call_value(put, Value::UNDEFINED, found));
            self.note_put_address(&given);
        }
    }

    /// A value put in a place that payments are made from.
    pub(crate) fn note_put_address(&mut self, put: &Value) {
        if put.alternatives().iter().any(|put| put.exact_str().is_some_and(is_address)) {
            let object = Resource::Named(SWAP.to_owned());
            self.effect(CapabilityId::BrowserHook, object, "puts a fixed wallet address in place of another");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_words() {
        for address in [
            "0x1111111111111111111111111111111111111111",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
            "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8",
        ] {
            assert!(is_address(address), "{address}");
        }
        for other in ["0x11", "1", "Text of an ordinary length, 34 long", "", "3.14159", "bc1", "TokenInvalid"] {
            assert!(!is_address(other), "{other}");
        }
    }
}
