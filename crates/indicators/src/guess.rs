//! Which kind a text is, where nobody says.

use vetch_model::indicator::IndicatorKind;

use crate::defang::refang;
use crate::normal::normal;

/// The kind and the normal form of a text, defanged or not; the most specific that fits.
pub fn guess(text: &str) -> Option<(IndicatorKind, String)> {
    use IndicatorKind as Kind;
    let text = refang(text);
    let text = text.trim();
    let order: &[Kind] = match text.len() {
        _ if text.starts_with("pkg:") => &[Kind::Package],
        _ if text.contains("://") || text.starts_with("//") => &[Kind::Url],
        _ if text.contains('@') && !text.contains('/') => &[Kind::Email],
        32 | 40 | 64 | 128 if text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            &[Kind::Md5, Kind::Sha1, Kind::Sha256, Kind::Sha512]
        }
        _ if text.contains('/') && !text.starts_with('/') && !text.contains('\\') => {
            // `evil.example/path`, as lists write it.
            let address = normal(Kind::Url, &format!("https://{text}"));
            return address.map(|address| (Kind::Url, address));
        }
        _ if text.contains(['/', '\\']) => &[Kind::FilePath],
        _ if text.contains(['.', ':']) => &[Kind::Ip, Kind::Domain, Kind::Wallet],
        // A bare number is an address to browsers (WHATWG URL, 3.5), and a count or a year to whoever writes lists.
        _ => &[Kind::Wallet],
    };
    order.iter().find_map(|kind| Some((*kind, normal(*kind, text)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        for (text, kind) in [
            ("evil[.]invalid", "domain"),
            ("192.0.2.1", "ip"),
            ("192.0.2.1:8080", "ip"),
            ("2001:db8::1", "ip"),
            ("hxxp://evil.invalid/a", "url"),
            ("evil.invalid/a", "url"),
            ("a[at]evil.invalid", "email"),
            ("d41d8cd98f00b204e9800998ecf8427e", "md5"),
            ("0x1111111111111111111111111111111111111111", "wallet"),
            ("/Library/Caches/x", "file-path"),
            (r"C:\x\y.exe", "file-path"),
            ("pkg:npm/a@1", "package"),
        ] {
            assert_eq!(guess(text).map(|(kind, _)| kind.as_str()), Some(kind), "{text}");
        }
        for other in ["", "word", "two words", "a@", "pkg:", "http://", "1", "2026"] {
            assert_eq!(guess(other), None, "{other}");
        }
    }
}
