//! What a host says about a connection. No host excuses one; some make it worse.

use std::net::IpAddr;

use vetch_model::capability::{Capability, Resource};
use vetch_model::evidence::Evidence;
use vetch_model::facts::PackageFacts;

/// What a host is to the package that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// This machine.
    Loopback,
    /// The domain of the package's homepage or repository.
    Own,
    /// Where releases are commonly downloaded from: registries and forges.
    Distribution,
    /// A service that takes in data or hands out pastes for anyone, without an account or a trace.
    DropPoint,
    /// An address without a name.
    RawAddress,
    /// Some other host.
    Unrelated,
    /// Not known statically.
    Unknown,
}

/// A host, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// Lower case, without port; empty if unknown.
    pub(crate) name: String,
    /// Where it is written.
    pub(crate) port: Option<u16>,
    /// Reached by unencrypted HTTP.
    pub(crate) plain: bool,
    /// What it is to the package.
    pub(crate) standing: Standing,
}

/// Registries and forges. Anyone can publish there, so it excuses nothing; it only is no oddity.
const DISTRIBUTION: &[&str] = &[
    "registry.npmjs.org",
    "registry.npmjs.com",
    "registry.yarnpkg.com",
    "registry.npmmirror.com",
    "cdn.npmmirror.com",
    "npm.taobao.org",
    "unpkg.com",
    "cdn.jsdelivr.net",
    "nodejs.org",
    "pypi.org",
    "files.pythonhosted.org",
    "test.pypi.org",
    "github.com",
    "api.github.com",
    "codeload.github.com",
    "objects.githubusercontent.com",
    "release-assets.githubusercontent.com",
    "gitlab.com",
    "bitbucket.org",
];

/// Request collectors, tunnels, messengers and paste sites seen in exfiltration; suffixes.
const DROP_POINTS: &[&str] = &[
    "webhook.site",
    "pipedream.net",
    "requestbin.com",
    "requestbin.net",
    "requestcatcher.com",
    "beeceptor.com",
    "burpcollaborator.net",
    "oastify.com",
    "oast.fun",
    "oast.live",
    "oast.me",
    "oast.online",
    "oast.pro",
    "oast.site",
    "interact.sh",
    "interactsh.com",
    "dnslog.cn",
    "ceye.io",
    "canarytokens.com",
    "ngrok.io",
    "ngrok.app",
    "ngrok.dev",
    "ngrok-free.app",
    "ngrok-free.dev",
    "trycloudflare.com",
    "serveo.net",
    "localhost.run",
    "loca.lt",
    "discord.com",
    "discordapp.com",
    "api.telegram.org",
    "hooks.slack.com",
    "pastebin.com",
    "paste.ee",
    "hastebin.com",
    "rentry.co",
    "termbin.com",
    "transfer.sh",
    "file.io",
    "gofile.io",
    "0x0.st",
    "catbox.moe",
    "onion",
];

/// Suffixes below which every label belongs to someone else.
const SHARED: &[&str] = &[
    "github.io",
    "gitlab.io",
    "vercel.app",
    "netlify.app",
    "herokuapp.com",
    "web.app",
    "firebaseapp.com",
    "pages.dev",
    "workers.dev",
    "onrender.com",
    "fly.dev",
    "glitch.me",
    "repl.co",
    "amazonaws.com",
    "blogspot.com",
    "readthedocs.io",
    "azurewebsites.net",
    "cloudfront.net",
    "surge.sh",
    "deno.dev",
];

/// Sites that everybody uses for everything: search, mail, documents, code, the cloud, reading and paying. Suffixes.
const COMMON: &[&str] = &[
    "google.com",
    "googleapis.com",
    "gstatic.com",
    "googleusercontent.com",
    "youtube.com",
    "microsoft.com",
    "live.com",
    "office.com",
    "windows.net",
    "azure.com",
    "apple.com",
    "icloud.com",
    "amazon.com",
    "cloudflare.com",
    "cloudflare-dns.com",
    "fastly.net",
    "akamai.net",
    "akamaihd.net",
    "dropbox.com",
    "slack.com",
    "telegram.org",
    "t.me",
    "x.com",
    "twitter.com",
    "facebook.com",
    "linkedin.com",
    "reddit.com",
    "wikipedia.org",
    "openai.com",
    "anthropic.com",
    "stackoverflow.com",
    "githubusercontent.com",
    "github.com",
    "gitlab.com",
    "npmjs.com",
    "npmjs.org",
    "yarnpkg.com",
    "python.org",
    "pythonhosted.org",
    "pypi.org",
    "docker.com",
    "docker.io",
    "ipify.org",
    "ipinfo.io",
    "ip-api.com",
    "ifconfig.me",
    "icanhazip.com",
    "infura.io",
    "alchemy.com",
    "etherscan.io",
    "bit.ly",
    "example.com",
    "example.net",
    "example.org",
    "w3.org",
    "schema.org",
];

/// Public resolvers.
const RESOLVERS: &[&str] = &[
    "1.1.1.1",
    "1.0.0.1",
    "8.8.8.8",
    "8.8.4.4",
    "9.9.9.9",
    "149.112.112.112",
    "208.67.222.222",
    "208.67.220.220",
    "2606:4700:4700::1111",
    "2606:4700:4700::1001",
    "2001:4860:4860::8888",
    "2001:4860:4860::8844",
    "2620:fe::fe",
];

/// Whether so many share a host that its name alone says nothing of who is meant: an attacker used it, and so does
/// everybody. What lies below a name under which anybody gets one of his own (`evil.workers.dev`) is his.
pub(crate) fn is_shared_by_all(name: &str) -> bool {
    SHARED.contains(&name)
        || DISTRIBUTION.contains(&name)
        || DROP_POINTS.contains(&name)
        || COMMON.iter().any(|suffix| is_below(name, suffix))
}

/// Whether an address means another machine in each network, or is everybody's: this machine, private networks
/// (RFC 1918, 4193, 6598), links, groups, public resolvers. Those of documentation (RFC 5737, 3849) are nobody's, so
/// whoever lists one means it.
pub(crate) fn is_everywhere(address: &IpAddr) -> bool {
    if RESOLVERS.contains(&address.to_string().as_str()) {
        return true;
    }
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_loopback()
                || v4.is_unspecified()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || a == 0
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

/// Stands for a part of a text that is not known.
const HOLE: char = '\u{fffc}';

/// Addresses that a release says are its makers': they are its own word, so they only make nothing of a host's being strange.
pub(crate) fn own_addresses(facts: &PackageFacts) -> Vec<&str> {
    let manifest = facts.manifest.iter().flat_map(|manifest| [&manifest.homepage, &manifest.repository]).flatten();
    let python = facts.python.iter().flat_map(|python| &python.urls);
    manifest.chain(python).map(String::as_str).collect()
}

impl Host {
    /// The host that a network capability names.
    pub(crate) fn of(capability: &Capability, own: &[&str]) -> Host {
        match &capability.resource {
            Resource::Named(text) => {
                let mut host = Host::parse(text, own);
                host.plain |= is_plain(&capability.evidence, &host.name);
                host
            }
            _ => Host { name: String::new(), port: None, plain: false, standing: Standing::Unknown },
        }
    }

    /// `[scheme://][user@]host[:port][/…]`.
    /// `own`: addresses that the release says are its makers'.
    pub(crate) fn parse(text: &str, own: &[&str]) -> Host {
        let text = text.trim().to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").unwrap_or(("", &text));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (name, port) = split_port(authority);
        // A label that is not known stands before a domain that is.
        let name = name.trim_start_matches([HOLE, '*']);
        let name = if name.starts_with('.') { name.trim_start_matches('.') } else { split_port(authority).0 };
        let standing = standing_of(name, own);
        Host { name: name.to_owned(), port, plain: scheme == "http", standing }
    }

    /// Whether the data leaves the machine, as far as is known.
    pub(crate) fn is_remote(&self) -> bool {
        self.standing != Standing::Loopback
    }

    /// Whether the host alone makes an unasked connection alarming.
    pub(crate) fn is_alarming(&self) -> bool {
        matches!(self.standing, Standing::DropPoint | Standing::RawAddress)
    }

    /// Whether it is known and has nothing to do with the package.
    pub(crate) fn is_foreign(&self) -> bool {
        self.is_alarming() || self.standing == Standing::Unrelated
    }

    /// Small oddities, in words; none for a host that is not known.
    pub(crate) fn oddities(&self) -> Vec<&'static str> {
        let mut odd = Vec::new();
        if self.standing == Standing::Unrelated {
            odd.push("a host unrelated to its homepage and repository");
        }
        if self.standing == Standing::Loopback {
            return odd;
        }
        if self.plain {
            odd.push("unencrypted HTTP");
        }
        if self.port.is_some_and(|port| !matches!(port, 80 | 443 | 8080 | 8443)) {
            odd.push("an unusual port");
        }
        odd
    }

    /// For titles.
    pub(crate) fn words(&self) -> String {
        match (self.standing, self.port) {
            (Standing::Unknown, _) => "a host that is not written down".to_owned(),
            (Standing::DropPoint, _) => format!("the public drop point {}", self.name),
            (Standing::RawAddress, Some(port)) => format!("the bare address {}:{port}", self.name),
            (Standing::RawAddress, None) => format!("the bare address {}", self.name),
            (_, Some(port)) => format!("{}:{port}", self.name),
            (_, None) => self.name.clone(),
        }
    }
}

/// The port off `host:port`; brackets of IPv6 literals come off too.
fn split_port(authority: &str) -> (&str, Option<u16>) {
    if let Some((address, rest)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, port.parse().ok()),
        _ => (authority, None),
    }
}

/// The excerpt of a connection often shows the URL of which the resource keeps only the host.
fn is_plain(evidence: &Evidence, host: &str) -> bool {
    let Evidence::Code { excerpt, .. } = evidence else { return false };
    !host.is_empty() && excerpt.to_ascii_lowercase().contains(&format!("http://{host}"))
}

fn standing_of(name: &str, own: &[&str]) -> Standing {
    if name.is_empty() || name.contains(['*', HOLE]) || !name.contains(['.', ':']) && name != "localhost" {
        return Standing::Unknown;
    }
    if name == "localhost" || name.ends_with(".localhost") {
        return Standing::Loopback;
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        let local = address.is_loopback() || address.is_unspecified();
        return if local { Standing::Loopback } else { Standing::RawAddress };
    }
    if DROP_POINTS.iter().any(|suffix| is_below(name, suffix)) {
        return Standing::DropPoint;
    }
    if DISTRIBUTION.contains(&name) {
        return Standing::Distribution;
    }
    if own.iter().any(|url| domain(&Host::parse(url, &[]).name) == domain(name)) {
        return Standing::Own;
    }
    Standing::Unrelated
}

fn is_below(name: &str, suffix: &str) -> bool {
    name == suffix || name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

/// The part of a name that one owner holds: its last two labels, three below `co.uk` and the like,
/// all of it on shared hosting. An approximation of the public suffix list that errs towards "unrelated".
fn domain(name: &str) -> &str {
    if SHARED.iter().any(|suffix| is_below(name, suffix)) {
        return name;
    }
    let labels: Vec<&str> = name.rsplit('.').take(3).collect();
    let keep = match labels.as_slice() {
        [top, second, _] if top.len() == 2 && second.len() <= 3 => 3,
        _ => 2,
    };
    let dots: Vec<usize> = name.rmatch_indices('.').map(|(index, _)| index).collect();
    dots.get(keep - 1).map_or(name, |&index| &name[index + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_placed() {
        let own = ["https://docs.tool.invalid/start"];
        let cases = [
            ("downloads.tool.invalid", Standing::Own),
            ("https://tool.invalid:8443/x", Standing::Own),
            ("other.invalid", Standing::Unrelated),
            ("nottool.invalid.evil.invalid", Standing::Unrelated),
            ("192.0.2.7:8000", Standing::RawAddress),
            ("http://[2001:db8::1]:9/x", Standing::RawAddress),
            ("127.0.0.1:3000", Standing::Loopback),
            ("localhost", Standing::Loopback),
            ("x.webhook.site", Standing::DropPoint),
            ("notwebhook.site", Standing::Unrelated),
            ("github.com", Standing::Distribution),
            ("github.com.evil.invalid", Standing::Unrelated),
            ("user:github.com@192.0.2.1", Standing::RawAddress),
            ("*", Standing::Unknown),
            ("*.other.invalid", Standing::Unrelated),
            ("pre*.tool.invalid", Standing::Unknown),
            ("metadata", Standing::Unknown),
            ("", Standing::Unknown),
        ];
        for (text, expected) in cases {
            assert_eq!(Host::parse(text, &own).standing, expected, "{text}");
        }
    }

    #[test]
    fn shared_hosting_is_not_one_owner() {
        assert_eq!(Host::parse("b.github.io", &["https://a.github.io/x"]).standing, Standing::Unrelated);
        assert_eq!(domain("a.b.co.uk"), "b.co.uk");
        assert_eq!(domain("a.b.c.invalid"), "c.invalid");
        assert_eq!(domain("invalid"), "invalid");
    }

    #[test]
    fn what_everybody_shares_names_nobody() {
        for shared in
            ["github.com", "workers.dev", "discord.com", "maps.google.com", "files.pythonhosted.org", "pastebin.com"]
        {
            assert!(is_shared_by_all(shared), "{shared}");
        }
        for own in ["evil.workers.dev", "evil.invalid", "evil.webhook.site", "notgithub.com"] {
            assert!(!is_shared_by_all(own), "{own}");
        }
        let everywhere = |text: &str| is_everywhere(&text.parse().unwrap());
        for address in
            ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "8.8.8.8", "::1", "fd00::1", "fe80::1"]
        {
            assert!(everywhere(address), "{address}");
        }
        assert!(!everywhere("192.0.2.1") && !everywhere("2001:db8::1"));
    }

    #[test]
    fn oddities_are_named() {
        assert_eq!(Host::parse("http://github.com:4444", &[]).oddities(), ["unencrypted HTTP", "an unusual port"]);
        assert!(Host::parse("http://localhost:4444", &[]).oddities().is_empty());
        assert!(Host::parse("*", &[]).oddities().is_empty());
    }
}
