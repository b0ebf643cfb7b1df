//! Hosts out of URLs and options, as they stand in code.

use crate::value::HOLE;

/// `host[:port]` of a URL; `*` where the host is not known. Default ports are left out.
pub(crate) fn host_of(url: &str) -> String {
    let rest = match url.find("://") {
        Some(at) => &url[at + 3..],
        None => url.strip_prefix("//").unwrap_or(url),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.is_empty() || host.contains(HOLE) && host.chars().filter(|&c| c != HOLE && c != ':').count() < 2 {
        return "*".to_owned();
    }
    let host: String = host.replace(HOLE, "*").to_lowercase().chars().take(253).collect();
    let secure = url.starts_with("https:") || url.starts_with("wss:");
    match host.strip_suffix(if secure { ":443" } else { ":80" }) {
        Some(bare) => bare.to_owned(),
        None => host,
    }
}

/// A part of a URL by the name that it has as a property (WHATWG URL, 6.1).
pub(crate) fn part_of(url: &str, part: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    let path = rest.split(['?', '#']).next().filter(|path| !path.is_empty()).unwrap_or("/");
    Some(match part {
        "href" => url.to_owned(),
        "protocol" => format!("{scheme}:"),
        "origin" => format!("{scheme}://{host}"),
        "host" => host.to_owned(),
        "hostname" => host.split(':').next().unwrap_or_default().to_owned(),
        "pathname" if scheme == "file" => url.trim_start_matches("file://").to_owned(),
        "pathname" => path.to_owned(),
        _ => return None,
    })
}

/// Whether a text begins like a URL that a program would connect to.
pub(crate) fn is_url(text: &str) -> bool {
    ["http://", "https://", "ws://", "wss://", "ftp://", "tcp://", "//"].iter().any(|scheme| text.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_out_of_urls() {
        for (url, host) in [
            ("https://a.invalid/x?y", "a.invalid"),
            ("http://user:pw@A.invalid:8000/", "a.invalid:8000"),
            ("https://a.invalid:443", "a.invalid"),
            ("https://\u{FFFC}/x", "*"),
            ("https://\u{FFFC}.a.invalid/x", "*.a.invalid"),
            ("/relative", "*"),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }

    #[test]
    fn urls_fall_into_parts() {
        let url = "https://user@a.invalid:8443/x/y?z#w";
        let parts =
            [("hostname", "a.invalid"), ("host", "a.invalid:8443"), ("pathname", "/x/y"), ("protocol", "https:")];
        for (part, text) in parts {
            assert_eq!(part_of(url, part).as_deref(), Some(text), "{part}");
        }
        assert_eq!(part_of("https://a.invalid", "pathname").as_deref(), Some("/"));
        assert_eq!(part_of("https://a.invalid", "searchParams"), None);
    }
}
