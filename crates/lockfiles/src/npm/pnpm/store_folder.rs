//! The folder of `node_modules/.pnpm` that a package lies in: `depPathToFilename`
//! of `@pnpm/dependency-path`. Names that are long, or differ in case only on
//! file systems that do not tell, end in a hash; which one depends on pnpm's version.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::dep_path::Style;
use super::md5::md5;

/// Longest folder name without a hash (`virtual-store-dir-max-length`).
const MAX_LENGTH: usize = 120;

/// How a version of pnpm shortens names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shortening {
    /// Characters kept before the hash.
    kept: usize,
    /// SHA-256 in hexadecimal; else MD5 in base 32.
    is_sha256: bool,
    /// Whether `#` is replaced.
    replaces_hash_sign: bool,
}

impl Shortening {
    /// What the pnpm that wrote a lockfile of this style does. Versions 9 and 10
    /// write the same format: `major` is what `packageManager` says, if anything.
    pub(super) fn of(style: Style, major: Option<u32>) -> Shortening {
        let md5 = |kept| Shortening { kept, is_sha256: false, replaces_hash_sign: false };
        match (style, major) {
            (Style::Slash, _) => md5(50),
            (Style::SlashAt, _) | (Style::At, Some(..=9)) => md5(MAX_LENGTH - 27),
            (Style::At, _) => Shortening { kept: MAX_LENGTH - 33, is_sha256: true, replaces_hash_sign: true },
        }
    }

    /// The name of the folder for a key.
    pub(super) fn folder(self, key: &str, style: Style) -> String {
        let plain = unescaped(key, style);
        let mut name = String::with_capacity(plain.len());
        for character in plain.chars() {
            let is_replaced = matches!(character, '\\' | '/' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
                || (character == '#' && self.replaces_hash_sign);
            name.push(if is_replaced { '+' } else { character });
        }
        if name.contains('(') {
            name = name.strip_suffix(')').unwrap_or(&name).replace(")(", "_").replace(['(', ')'], "_");
        }
        let differs_in_case = name.chars().any(char::is_uppercase) && !name.starts_with("file+");
        if name.len() <= MAX_LENGTH && !differs_in_case {
            return name;
        }
        let mut short: String = name.chars().take(self.kept).collect();
        short.push('_');
        short.push_str(&if self.is_sha256 { sha256_32(&name) } else { base32(&md5(name.as_bytes())) });
        short
    }
}

/// `name@version`, whatever the style.
fn unescaped(key: &str, style: Style) -> String {
    if key.starts_with("file:") {
        return key.replacen(':', "+", 1);
    }
    let bare = key.strip_prefix('/').unwrap_or(key);
    if style == Style::At || (style == Style::SlashAt && key.starts_with('/')) {
        return bare.to_owned();
    }
    let before_peers = bare.find('(').unwrap_or(bare.len());
    match bare.get(..before_peers).and_then(|text| text.rfind('/')) {
        Some(at) => format!("{}@{}", &bare[..at], &bare[at + 1..]),
        None => bare.to_owned(),
    }
}

fn sha256_32(text: &str) -> String {
    let mut hex = String::with_capacity(32);
    for byte in Sha256::digest(text.as_bytes()).iter().take(16) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// RFC 4648 base 32, lower case, without padding.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut count) = (0u32, 0u32);
    let mut push = |index: u32| text.push(ALPHABET.get(index as usize & 31).map_or('a', |byte| char::from(*byte)));
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            push(bits >> count);
            bits &= (1 << count) - 1;
        }
    }
    if count > 0 {
        push(bits << (5 - count));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_as_pnpm_does() {
        let newest = Shortening::of(Style::At, None);
        let nine = Shortening::of(Style::At, Some(9));
        for (key, style, shortening, folder) in [
            ("ms@2.0.0", Style::At, newest, "ms@2.0.0"),
            ("@s/a@1.0.0(b@2.0.0(@c/d@3.0.0))(e@4.0.0)", Style::At, newest, "@s+a@1.0.0_b@2.0.0_@c+d@3.0.0__e@4.0.0"),
            ("local-dir@file:vendor/dir", Style::At, newest, "local-dir@file+vendor+dir"),
            ("/@s/a/1.0.0_b@2.0.0", Style::Slash, Shortening::of(Style::Slash, None), "@s+a@1.0.0_b@2.0.0"),
            ("/@s/a@1.0.0(@b/c@2.0.0)", Style::SlashAt, nine, "@s+a@1.0.0_@b+c@2.0.0"),
            ("file:vendor/dir", Style::SlashAt, nine, "file+vendor+dir"),
            ("github.com/u/r/abc", Style::SlashAt, nine, "github.com+u+r@abc"),
        ] {
            assert_eq!(shortening.folder(key, style), folder, "{key}");
        }
        // Seen in `node_modules/.pnpm` of pnpm 10 and pnpm 9.
        assert_eq!(newest.folder("JSONStream@1.3.5", Style::At), "JSONStream@1.3.5_fb8f73c374dcf7070ffed90b688edabd");
        assert_eq!(nine.folder("JSONStream@1.3.5", Style::At), "JSONStream@1.3.5_r3os6ifnv5rfzwtsmjig3b325i");
    }
}
