//! Names and addresses of machines.

use std::net::{IpAddr, Ipv6Addr};

use vetch_model::indicator::IndicatorKind;

/// Longest name (RFC 1035, 2.3.4) and label.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A machine, in normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// By name: lower case, ASCII, without the root's dot.
    Domain(String),
    /// By address.
    Ip(IpAddr),
}

impl Host {
    /// What kind of indicator it is.
    pub fn kind(&self) -> IndicatorKind {
        match self {
            Host::Domain(_) => IndicatorKind::Domain,
            Host::Ip(_) => IndicatorKind::Ip,
        }
    }

    /// Its text.
    pub fn text(&self) -> String {
        match self {
            Host::Domain(name) => name.clone(),
            Host::Ip(address) => address.to_string(),
        }
    }
}

/// Reads a name of the DNS or an address, in any spelling that a program would connect to: brackets around IPv6, IPv4 as
/// one number or in hexadecimal (WHATWG URL, 3.5), letters beyond ASCII (UTS 46).
pub fn host(text: &str) -> Option<Host> {
    let text = text.trim().trim_end_matches('.');
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if bare.len() > MAX_NAME || bare.is_empty() {
        return None;
    }
    if bare.contains(':') {
        // A scope (`fe80::1%eth0`) is of this machine only.
        let address: Ipv6Addr = bare.split('%').next().unwrap_or_default().parse().ok()?;
        return Some(Host::Ip(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)));
    }
    let last = bare.rsplit('.').next().unwrap_or_default();
    let is_numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    if is_numeric || !bare.is_ascii() {
        return match url::Host::parse(bare).ok()? {
            url::Host::Ipv4(address) => Some(Host::Ip(IpAddr::V4(address))),
            url::Host::Ipv6(address) => Some(Host::Ip(IpAddr::V6(address))),
            url::Host::Domain(name) => domain(&name),
        };
    }
    domain(bare)
}

fn domain(text: &str) -> Option<Host> {
    let mut labels = 0;
    for label in text.split('.') {
        labels += 1;
        let is_label = !label.is_empty()
            && label.len() <= MAX_LABEL
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-');
        if !is_label {
            return None;
        }
    }
    let last = text.rsplit('.').next().unwrap_or_default();
    let is_top = last.len() >= 2 && (last.starts_with("xn--") || last.bytes().all(|byte| byte.is_ascii_alphabetic()));
    (labels >= 2 && is_top).then(|| Host::Domain(text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(of: &str) -> Option<String> {
        host(of).map(|host| host.text())
    }

    #[test]
    fn spellings_of_a_machine_are_one() {
        for (spelling, normal) in [
            ("EVIL.Invalid.", "evil.invalid"),
            ("bücher.invalid", "xn--bcher-kva.invalid"),
            ("XN--BCHER-KVA.invalid", "xn--bcher-kva.invalid"),
            ("192.0.2.7", "192.0.2.7"),
            ("3221225991", "192.0.2.7"),
            ("0xC0000207", "192.0.2.7"),
            ("[2001:DB8::0:1]", "2001:db8::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("_dns.evil.invalid", "_dns.evil.invalid"),
        ] {
            assert_eq!(text(spelling).as_deref(), Some(normal), "{spelling}");
        }
    }

    #[test]
    fn what_is_no_machine_is_none() {
        for other in
            ["", ".", "localhost", "a..b", "-a.invalid", "a.b1c", "a b.invalid", "1.2.3.4.5", "é", "x:y", "a.b/c"]
        {
            assert_eq!(text(other), None, "{other}");
        }
        assert_eq!(text(&format!("{}.invalid", "a".repeat(64))), None);
    }
}
