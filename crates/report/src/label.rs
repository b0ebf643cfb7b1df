//! Names for people: `@scope/name@1.2.3` rather than `pkg:npm/%40scope/name@1.2.3`.

use vetch_model::Purl;

/// `name@version` of a purl, decoded. Raw: whoever prints it escapes it.
pub fn release_label(purl: &Purl) -> String {
    let text = purl.as_str();
    let path = text.split(['?', '#']).next().unwrap_or(text);
    let name = path.strip_prefix("pkg:npm/").or_else(|| path.strip_prefix("pkg:generic/"));
    percent_decoded(name.unwrap_or(path))
}

/// Undoes percent-encoding; what is not valid stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

/// Percent-encodes what a URI path must not hold (RFC 3986); `/` stays.
pub(crate) fn uri_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// `1204` → `1,204`.
pub(crate) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 release`, `2 releases`.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `214 kB`, in powers of ten.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => counted(usize::try_from(bytes).unwrap_or_default(), "byte", "bytes"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_decoded() {
        assert_eq!(release_label(&Purl::npm("@scope/name", Some("1.0.0"))), "@scope/name@1.0.0");
        assert_eq!(release_label(&Purl::generic("my folder")), "my folder");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%4"), "%zz%4");
    }

    #[test]
    fn uris_hold_no_structure_of_others() {
        assert_eq!(uri_path("a b/c#d?e%f:g"), "a%20b/c%23d%3Fe%25f%3Ag");
    }

    #[test]
    fn sizes_are_short() {
        let sizes = [0, 1, 999, 1_000, 1_001, 999_999, 1_000_000, 12_345_678];
        let shown = ["0 bytes", "1 byte", "999 bytes", "1 kB", "2 kB", "1000 kB", "1.0 MB", "12.3 MB"];
        assert_eq!(sizes.map(size), shown);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(counted(1, "release", "releases"), "1 release");
        assert_eq!(counted(1_204, "release", "releases"), "1,204 releases");
        assert_eq!(count(1_000_000), "1,000,000");
    }
}
