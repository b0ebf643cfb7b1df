//! Which addresses a hostile project must not make us reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Why an address is refused; `None` for public ones. From the IANA special-purpose
/// address registries (RFC 6890 and its updates).
pub(crate) fn refusal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => refusal_v4(address),
        IpAddr::V6(address) => refusal_v6(address),
    }
}

fn refusal_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (0, ..) => Some("this network"),
        (127, ..) => Some("loopback"),
        (169, 254, _) => Some("link-local, where clouds keep instance metadata"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("private"),
        (100, 64..=127, _) => Some("shared by carriers (CGNAT)"),
        (192, 0, 0) | (192, 88, 99) => Some("reserved for protocols"),
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some("reserved for documentation"),
        (198, 18..=19, _) => Some("reserved for benchmarks"),
        (224..=239, ..) => Some("multicast"),
        (240..=255, ..) => Some("reserved"),
        _ => None,
    }
}

fn refusal_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    let low = Ipv4Addr::from(((u32::from(segments[6])) << 16) | u32::from(segments[7]));
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        // IPv4 in other clothes: mapped, compatible, translated, NAT64 (RFC 6052), 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            refusal_v4(low)
        }
        [0x2002, high, next, ..] => refusal_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(next))),
        [0x64, 0xff9b, ..] => Some("local NAT64"),
        [0x2001, 0, ..] => Some("a Teredo tunnel"),
        [0x2001, 1..=0x1ff, ..] => Some("reserved for protocols"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("reserved for documentation"),
        [0x2000..=0x3fff, ..] => None,
        [0xfc00..=0xfdff, ..] => Some("private (unique local)"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xfec0..=0xfeff, ..] => Some("private (site-local)"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        _ => Some("reserved"),
    }
}

/// Why a URL's host is refused by its spelling alone, before any look-up: an
/// address as above, or a name that only means something on a local network. Through
/// a proxy, which looks names up itself, this is all that can be checked.
pub(crate) fn host_refusal(url: &Url) -> Option<&'static str> {
    match url.host()? {
        Host::Ipv4(address) => refusal_v4(address),
        Host::Ipv6(address) => refusal_v6(address),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let local = ["localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa"];
            let is_local =
                |suffix: &str| name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            if local.into_iter().any(is_local) {
                return Some("a name of the local network");
            }
            (!name.contains('.')).then_some("a name without a domain, which only a local network knows")
        }
    }
}

/// Whether what goes there stays on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_refused_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[::10.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2002:a9fe:a9fe::1]",
            "[2001::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[100::1]",
            "[::ffff:0:10.0.0.1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "metadata.google.internal",
            "printer.local",
            "registry",
            "npm.lan",
        ] {
            let url = Url::parse(&format!("https://{host}/x")).unwrap();
            assert!(host_refusal(&url).is_some(), "{host} ({url})");
        }
    }

    #[test]
    fn public_hosts_are_not_refused() {
        for host in [
            "registry.npmjs.org",
            "1.1.1.1",
            "100.63.0.1",
            "172.32.0.1",
            "[2606:4700::1111]",
            "[64:ff9b::1.1.1.1]",
            "[::ffff:1.1.1.1]",
            "mylocalhost.com",
            "xinternal.net",
        ] {
            let url = Url::parse(&format!("https://{host}/x")).unwrap();
            assert_eq!(host_refusal(&url), None, "{host}");
        }
    }
}
