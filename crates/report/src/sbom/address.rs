//! Where a component comes from, as addresses and as qualifiers of its purl.

use vetch_model::Purl;
use vetch_model::inventory::{Ecosystem, Package, Source};

use crate::graph::words::public;

/// Schemes whose addresses are written as external references.
const SCHEMES: &[&str] = &["http", "https", "git", "ssh", "ftp", "file"];

/// Hosts that serve npm's public registry.
const NPM_HOSTS: &[&str] = &["registry.npmjs.org", "registry.yarnpkg.com"];

/// PyPI, as lockfiles name it.
const PYPI: &str = "https://pypi.org/simple";

/// A text without what it may tell of its user.
pub(super) fn bare(text: &str) -> String {
    public(text.trim()).replacen("://***@", "://", 1)
}

/// An address in a form that is valid (RFC 3986) and tells no secret; `None` for what is none.
pub(super) fn url(text: &str) -> Option<String> {
    let text = bare(text);
    let (scheme, rest) = text.split_once(':')?;
    let plain = scheme.strip_prefix("git+").unwrap_or(scheme).to_ascii_lowercase();
    let is_whole = rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']));
    let is_file = plain == "file" && !rest.is_empty();
    (SCHEMES.contains(&plain.as_str()) && (is_whole || is_file)).then(|| encoded(&text))
}

/// With everything percent-encoded that no address may hold.
fn encoded(text: &str) -> String {
    let mut address = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut has_fragment = false;
    for (at, byte) in bytes.iter().enumerate() {
        let is_escape = || {
            let digits = bytes.get(at + 1..at + 3);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        let is_valid = match byte {
            b'%' => is_escape(),
            b'#' => !std::mem::replace(&mut has_fragment, true),
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(byte),
        };
        match is_valid {
            true => address.push(char::from(*byte)),
            false => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

/// `git+https://host/repository.git@commit`, as purls and SPDX write it.
pub(super) fn git(url: &str, commit: Option<&str>) -> String {
    let url = bare(url);
    let prefix = if url.starts_with("git+") || url.starts_with("git://") { "" } else { "git+" };
    let commit = commit.map(|commit| format!("@{commit}")).unwrap_or_default();
    format!("{prefix}{url}{commit}")
}

/// The package's purl. What is from no public registry says so: the name alone would claim that it is.
pub(super) fn purl(package: &Package) -> Purl {
    let has_upper = package.name.bytes().any(|byte| byte.is_ascii_uppercase());
    let purl = match package.ecosystem {
        Ecosystem::Npm if has_upper && package.stated_purl.is_none() => {
            Purl::npm_as_written(&package.name, package.version.as_deref())
        }
        _ => package.purl(),
    };
    match &package.source {
        _ if package.stated_purl.is_some() => purl,
        Source::Git { url, commit } => purl.with_qualifiers(&[("vcs_url", &git(url, commit.as_deref()))]),
        Source::Tarball { url } => purl.with_qualifiers(&[("download_url", &bare(url))]),
        Source::Registry { url, index } => match registry(package, url.as_deref(), index.as_deref()) {
            Some(registry) => purl.with_qualifiers(&[("repository_url", &registry)]),
            None => purl,
        },
        _ => purl,
    }
}

/// The registry, if it is not the one that the purl's type means.
fn registry(package: &Package, url: Option<&str>, index: Option<&str>) -> Option<String> {
    match (&package.ecosystem, index) {
        (Ecosystem::Pypi, Some(index)) if index.trim_end_matches('/') == PYPI => None,
        (Ecosystem::Npm | Ecosystem::Pypi, Some(index)) if index.contains("://") => Some(bare(index)),
        (Ecosystem::Npm, _) => {
            let url = url?;
            let (_, rest) = url.split_once("://")?;
            let host = rest.split(['/', '?', '#']).next()?;
            // `<registry>/<name>/-/<file>`: other layouts do not tell where the registry ends.
            let end = url.find(&format!("/{}/-/", package.name))?;
            (!NPM_HOSTS.contains(&host)).then(|| bare(url.get(..end).unwrap_or_default()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_valid_or_none() {
        for (text, expected) in [
            ("https://h.invalid/a b#c#d", Some("https://h.invalid/a%20b#c%23d")),
            ("https://user:key@h.invalid/%zz%41é", Some("https://h.invalid/%25zz%41%C3%A9")),
            ("git+ssh://git@h.invalid/r.git", Some("git+ssh://git@h.invalid/r.git")),
            ("file:a\u{1b}[\".tgz", Some("file:a%1B%5B%22.tgz")),
            ("javascript:alert(1)", None),
            ("git@h.invalid:a/r.git", None),
            ("::error::", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(url(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn purls_tell_other_registries() {
        let npm = |name: &str, source| purl(&Package { source, ..Package::new(Ecosystem::Npm, name, Some("1")) });
        let registry = |url: &str| Source::Registry { url: Some(url.to_owned()), index: None };
        let public = registry("https://registry.npmjs.org/@a/b/-/b-1.tgz");
        assert_eq!(npm("@a/b", public).as_str(), "pkg:npm/%40a/b@1");
        let private = registry("https://key@npm.invalid/own/@a/b/-/b-1.tgz");
        assert_eq!(npm("@a/b", private).as_str(), "pkg:npm/%40a/b@1?repository_url=https://npm.invalid/own");
        let git = Source::Git { url: "https://h.invalid/r".to_owned(), commit: Some("0a".to_owned()) };
        assert_eq!(npm("a", git).as_str(), "pkg:npm/a@1?vcs_url=git%2Bhttps://h.invalid/r%400a");
    }
}
