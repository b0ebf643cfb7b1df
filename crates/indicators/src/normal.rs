//! The one form of each kind.

use vetch_model::indicator::IndicatorKind;
use vetch_model::purl::Purl;

use crate::host::{Host, host};
use crate::wallet::{is_bech32, is_wallet};

/// Longest value, in bytes.
pub const MAX_VALUE: usize = 2048;

/// Ports that a scheme has by itself.
const PORTS: &[(&str, &str)] = &[("http", "80"), ("https", "443"), ("ws", "80"), ("wss", "443"), ("ftp", "21")];

/// The normal form of a text of this kind; `None` if it is none. Defanged notations are not understood here
/// ([`crate::refang`]).
pub fn normal(kind: IndicatorKind, text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_VALUE || text.contains(char::is_control) {
        return None;
    }
    match kind {
        IndicatorKind::Domain => match host(text.strip_prefix("*.").unwrap_or(text))? {
            Host::Domain(name) => Some(name),
            Host::Ip(_) => None,
        },
        IndicatorKind::Ip => match host(without_port(text))? {
            Host::Ip(address) => Some(address.to_string()),
            Host::Domain(_) => None,
        },
        IndicatorKind::Url => url(text),
        IndicatorKind::Email => email(text),
        IndicatorKind::Md5 => hash(text, 32),
        IndicatorKind::Sha1 => hash(text, 40),
        IndicatorKind::Sha256 => hash(text, 64),
        IndicatorKind::Sha512 => hash(text, 128),
        IndicatorKind::Wallet => is_wallet(text).then(|| {
            // Only these are the same in both cases.
            let is_caseless = is_bech32(text) || text.starts_with("0x") || text.starts_with("0X");
            if is_caseless { text.to_ascii_lowercase() } else { text.to_owned() }
        }),
        IndicatorKind::FileName => {
            let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
            (!name.is_empty()).then(|| name.to_lowercase())
        }
        IndicatorKind::FilePath => Some(text.replace('\\', "/").to_lowercase()).filter(|path| path.contains('/')),
        IndicatorKind::Account => (!text.contains(char::is_whitespace)).then(|| text.to_lowercase()),
        IndicatorKind::Package => package(text),
    }
}

/// `host[:port]/path?query` for `http` and `https`, with the scheme for others: who asks for the same document asks for
/// the same thing. Neither a user's name nor a fragment is part of it.
fn url(text: &str) -> Option<String> {
    let (scheme, rest) = match text.split_once("://") {
        Some(parts) => parts,
        None => ("https", text.strip_prefix("//")?),
    };
    let scheme = scheme.to_ascii_lowercase();
    if scheme.is_empty()
        || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let name = without_port(authority);
    let port = authority.get(name.len()..).unwrap_or_default().trim_start_matches(':');
    if !port.bytes().all(|byte| byte.is_ascii_digit()) || port.len() > 5 {
        return None;
    }
    let machine = match host(name)? {
        Host::Ip(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        machine => machine.text(),
    };
    let port =
        if port.is_empty() || PORTS.contains(&(scheme.as_str(), port)) { String::new() } else { format!(":{port}") };
    let prefix = if matches!(scheme.as_str(), "http" | "https") { String::new() } else { format!("{scheme}://") };
    let path = path.trim_end_matches('?');
    let path = match path.chars().next() {
        None => "/".to_owned(),
        Some('?') => format!("/{path}"),
        _ => path.replace('\\', "/"),
    };
    let all = format!("{prefix}{machine}{port}{path}");
    (all.len() <= MAX_VALUE && !all.contains(char::is_whitespace)).then_some(all)
}

/// Without `:port`; addresses of IPv6 have to be in brackets for one.
pub(crate) fn without_port(text: &str) -> &str {
    match text.rfind(':') {
        Some(at) if text.starts_with('[') => text.get(..at).filter(|own| own.ends_with(']')).unwrap_or(text),
        Some(at) if text.find(':') == Some(at) => text.get(..at).unwrap_or(text),
        _ => text,
    }
}

fn email(text: &str) -> Option<String> {
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (user, domain) = text.rsplit_once('@')?;
    let is_user = !user.is_empty()
        && user.len() <= 64
        && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&byte));
    let Some(Host::Domain(domain)) = host(domain) else { return None };
    is_user.then(|| format!("{}@{domain}", user.to_ascii_lowercase()))
}

fn hash(text: &str, length: usize) -> Option<String> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

/// Of npm or PyPI, with or without a version; in canonical form.
fn package(text: &str) -> Option<String> {
    let (parts, _) = vetch_model::purl::PurlParts::parse_with_purl(text).ok()?;
    let (name, version) = (parts.full_name(), parts.version.as_deref());
    let purl = match parts.kind.as_str() {
        "npm" => Purl::npm(&name, version),
        "pypi" => Purl::pypi(&name, version),
        kind => Purl::other(kind, &name, version),
    };
    Some(purl.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use IndicatorKind as Kind;

    #[test]
    fn one_thing_has_one_form() {
        for (kind, text, form) in [
            (Kind::Domain, "*.EVIL.invalid.", "evil.invalid"),
            (Kind::Ip, "192.0.2.1:8000", "192.0.2.1"),
            (Kind::Url, "HTTPS://user:pw@Evil.Invalid:443/A?b#c", "evil.invalid/A?b"),
            (Kind::Url, "http://evil.invalid:8000", "evil.invalid:8000/"),
            (Kind::Url, "http://evil.invalid?x=1", "evil.invalid/?x=1"),
            (Kind::Url, "https://evil.invalid/c?", "evil.invalid/c"),
            (Kind::Url, "wss://evil.invalid:443/s", "wss://evil.invalid/s"),
            (Kind::Url, "http://[2001:DB8::1]:80/", "[2001:db8::1]/"),
            (Kind::Url, "http://3221225985/x", "192.0.2.1/x"),
            (Kind::Email, "mailto:Some.One@Evil.Invalid", "some.one@evil.invalid"),
            (Kind::Sha1, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (Kind::FileName, r"C:\Temp\Setup.JS", "setup.js"),
            (Kind::FilePath, r"C:\ProgramData\wt.exe", "c:/programdata/wt.exe"),
            (Kind::Package, "pkg:pypi/Foo_Bar@1.0", "pkg:pypi/foo-bar@1.0"),
            (Kind::Package, "pkg:npm/@a/b", "pkg:npm/%40a/b"),
        ] {
            assert_eq!(normal(kind, text).as_deref(), Some(form), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for (kind, text) in [
            (Kind::Domain, "192.0.2.1"),
            (Kind::Ip, "evil.invalid"),
            (Kind::Ip, "999.1.1.1"),
            (Kind::Url, "evil.invalid/x"),
            (Kind::Url, "http://evil.invalid:99999999/"),
            (Kind::Url, "http:///x"),
            (Kind::Email, "@evil.invalid"),
            (Kind::Sha256, "00"),
            (Kind::Package, "axios"),
            (Kind::Domain, "a\0.invalid"),
        ] {
            assert_eq!(normal(kind, text), None, "{text}");
        }
        assert_eq!(normal(Kind::Url, &format!("http://a.invalid/{}", "x".repeat(5000))), None);
    }
}
