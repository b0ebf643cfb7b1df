//! Package URLs (<https://github.com/package-url/purl-spec>), through the `packageurl` crate.

use std::fmt;
use std::str::FromStr;

use packageurl::PackageUrl;
use serde::{Deserialize, Serialize};

use crate::inventory::Ecosystem;

/// A canonical purl.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Purl(String);

/// Why a text is not a purl.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a package URL: {reason}")]
pub struct PurlError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Purl {
    /// An npm package: `pkg:npm/%40scope/name@version`. Names that are no valid
    /// npm name (hostile lockfiles) are percent-encoded rather than refused.
    pub fn npm(name: &str, version: Option<&str>) -> Purl {
        let (namespace, bare) = match name.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
            Some((scope, bare)) => (Some(format!("@{scope}")), bare),
            None => (None, name),
        };
        build("npm", namespace.as_deref(), bare, version)
    }

    /// As [`Purl::npm`], with the case of its letters: `JSONStream` and `jsonstream` are two packages of npm,
    /// which the canonical form cannot tell apart.
    pub fn npm_as_written(name: &str, version: Option<&str>) -> Purl {
        let (namespace, bare) = match name.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
            Some((scope, bare)) => (Some(format!("@{scope}")), bare),
            None => (None, name),
        };
        Purl(by_hand("npm", namespace.as_deref(), bare, version.filter(|version| !version.is_empty())))
    }

    /// A PyPI project: `pkg:pypi/name@version`, the name normalised after PEP 503.
    pub fn pypi(name: &str, version: Option<&str>) -> Purl {
        build("pypi", None, &normalised(name), version)
    }

    /// A package of another ecosystem, by its purl type; what stands before the
    /// last `/` of the name is its namespace.
    pub fn other(kind: &str, name: &str, version: Option<&str>) -> Purl {
        match name.rsplit_once('/') {
            Some((namespace, bare)) => build(kind, Some(namespace), bare, version),
            None => build(kind, None, name, version),
        }
    }

    /// A folder or file that names no package: `pkg:generic/<folder>`.
    pub fn generic(name: &str) -> Purl {
        build("generic", None, name, None)
    }

    /// With these qualifiers, sorted by key, if it has neither qualifiers nor a subpath yet.
    /// Keys must be lower-case ASCII letters and `_`.
    #[must_use]
    pub fn with_qualifiers(mut self, qualifiers: &[(&str, &str)]) -> Purl {
        if self.0.contains(['?', '#']) {
            return self;
        }
        let mut sorted: Vec<_> = qualifiers.iter().filter(|(_, value)| !value.is_empty()).collect();
        sorted.sort_unstable();
        for (index, (key, value)) in sorted.into_iter().enumerate() {
            self.0.push(if index == 0 { '?' } else { '&' });
            self.0.push_str(key);
            self.0.push('=');
            self.0.push_str(&encoded(value, "/"));
        }
        self
    }

    /// The textual form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A Python project's name in its one normal form (PEP 503): lower case, with
/// every run of `-`, `_` and `.` as one `-`.
pub fn normalised(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    let mut is_in_run = false;
    for letter in name.chars() {
        let is_separator = matches!(letter, '-' | '_' | '.');
        if letter.is_ascii() && !is_separator {
            normal.push(letter.to_ascii_lowercase());
        } else if !is_separator {
            normal.extend(letter.to_lowercase());
        } else if !is_in_run {
            normal.push('-');
        }
        is_in_run = is_separator;
    }
    normal
}

/// Builds through `packageurl`; falls back to encoding by hand what it refuses.
fn build(kind: &str, namespace: Option<&str>, name: &str, version: Option<&str>) -> Purl {
    let canonical = PackageUrl::new(kind.to_owned(), name.to_owned()).and_then(|mut purl| {
        if let Some(namespace) = namespace {
            purl.with_namespace(namespace.to_owned())?;
        }
        if let Some(version) = version {
            purl.with_version(version.to_owned())?;
        }
        Ok(written(&purl))
    });
    Purl(canonical.unwrap_or_else(|_| by_hand(kind, namespace, name, version)))
}

fn by_hand(kind: &str, namespace: Option<&str>, name: &str, version: Option<&str>) -> String {
    let mut text = format!("pkg:{}/", encoded(kind, ""));
    if let Some(namespace) = namespace {
        text.push_str(&encoded(namespace, ""));
        text.push('/');
    }
    text.push_str(&encoded(if name.is_empty() { "unnamed" } else { name }, ""));
    if let Some(version) = version {
        text.push('@');
        text.push_str(&encoded(version, ""));
    }
    text
}

/// The canonical text. Not `packageurl`'s own: that leaves marks unencoded which the
/// specification wants encoded, encodes the `/` of qualifiers which its test suite
/// leaves, writes empty parts, and knows `_` of PyPI names but neither `.` nor runs.
fn written(purl: &PackageUrl<'_>) -> String {
    let mut text = format!("pkg:{}/", purl.ty());
    for segment in purl.namespace().unwrap_or_default().split('/').filter(|segment| !segment.is_empty()) {
        text.push_str(&encoded(segment, ""));
        text.push('/');
    }
    match purl.ty() {
        "pypi" => text.push_str(&encoded(&normalised(purl.name()), "")),
        _ => text.push_str(&encoded(purl.name(), "")),
    }
    if let Some(version) = purl.version().filter(|version| !version.is_empty()) {
        text.push('@');
        text.push_str(&encoded(version, ""));
    }
    let mut qualifiers: Vec<_> = purl.qualifiers().iter().filter(|(_, value)| !value.is_empty()).collect();
    qualifiers.sort();
    for (index, (key, value)) in qualifiers.into_iter().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(key);
        text.push('=');
        text.push_str(&encoded(value, "/"));
    }
    let subpath = purl.subpath().unwrap_or_default();
    for (index, segment) in subpath.split('/').filter(|segment| !segment.is_empty()).enumerate() {
        text.push(if index == 0 { '#' } else { '/' });
        text.push_str(&encoded(segment, ""));
    }
    text
}

/// Percent-encoded but for letters, digits, `.`, `-`, `_`, `~`, `:` and what is in `kept`.
fn encoded(text: &str, kept: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => encoded.push(byte as char),
            _ if kept.as_bytes().contains(&byte) => encoded.push(byte as char),
            _ => {
                encoded.push('%');
                for half in [byte >> 4, byte & 15] {
                    encoded.push(DIGITS.get(usize::from(half)).copied().unwrap_or(b'0') as char);
                }
            }
        }
    }
    encoded
}

/// What a purl says, percent-decoded and otherwise as written: the canonical form
/// lowers the case of names (`pkg:npm/JSONStream`) by which registries tell packages apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurlParts {
    /// The type, in lower case: `npm`.
    pub kind: String,
    /// Its segments joined by `/`, if it has any: `@scope`, `org.acme`.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The version, if it is not empty.
    pub version: Option<String>,
    /// Keys in lower case and values, in the order written; empty values are left out.
    pub qualifiers: Vec<(String, String)>,
    /// Its segments joined by `/`.
    pub subpath: Option<String>,
}

impl PurlParts {
    /// Takes a valid purl apart.
    ///
    /// # Errors
    /// When [`Purl::from_str`] would refuse it.
    pub fn parse(text: &str) -> Result<PurlParts, PurlError> {
        Ok(PurlParts::parse_with_purl(text)?.0)
    }

    /// [`PurlParts::parse`] and [`Purl::from_str`] at one go.
    ///
    /// # Errors
    /// When [`Purl::from_str`] would refuse it.
    pub fn parse_with_purl(text: &str) -> Result<(PurlParts, Purl), PurlError> {
        let purl = Purl(written(&checked(text)?));
        Ok((PurlParts::split(text), purl))
    }

    /// Takes apart what is known to be valid.
    fn split(text: &str) -> PurlParts {
        let rest = text.split_once(':').map_or("", |(_, rest)| rest).trim_start_matches('/');
        let (rest, subpath) = rest.rsplit_once('#').unwrap_or((rest, ""));
        let (rest, qualifiers) = rest.rsplit_once('?').unwrap_or((rest, ""));
        // An `@` before a later `/` belongs to an npm scope.
        let version = rest.rsplit_once('@').filter(|(_, version)| !version.contains('/'));
        let (rest, version) = version.unwrap_or((rest, ""));
        let (kind, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (namespace, name) = path.trim_matches('/').rsplit_once('/').unwrap_or(("", path.trim_matches('/')));
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        PurlParts {
            kind: kind.to_ascii_lowercase(),
            namespace: some(segments(namespace)),
            name: decoded(name),
            version: some(decoded(version)),
            qualifiers: qualifiers
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .filter(|(_, value)| !value.is_empty())
                .map(|(key, value)| (key.to_ascii_lowercase(), decoded(value)))
                .collect(),
            subpath: some(segments(subpath)),
        }
    }

    /// Whose rules its name and version follow.
    pub fn ecosystem(&self) -> Ecosystem {
        match self.kind.as_str() {
            "npm" => Ecosystem::Npm,
            "pypi" => Ecosystem::Pypi,
            kind => Ecosystem::Other(kind.to_owned()),
        }
    }

    /// The value of a qualifier.
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Namespace and name joined by `/`, as [`Purl::npm`] and [`Purl::other`] take them.
    pub fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// The segments that count, decoded.
fn segments(text: &str) -> String {
    let segments = text.split('/').filter(|segment| !matches!(*segment, "" | "." | ".."));
    segments.map(decoded).collect::<Vec<_>>().join("/")
}

/// Percent-decoded; what is no UTF-8 or no pair of digits stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let is_hex = digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' && is_hex => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn checked(text: &str) -> Result<PackageUrl<'static>, PurlError> {
    // A subpath of nothing is none; `packageurl` refuses it.
    let significant = match text.rsplit_once('#') {
        Some((rest, subpath)) if segments(subpath).is_empty() => rest,
        _ => text,
    };
    PackageUrl::from_str(significant).map_err(|error| PurlError { text: text.to_owned(), reason: error.to_string() })
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        Ok(Purl(written(&checked(text)?)))
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_names_follow_the_specification() {
        assert_eq!(Purl::npm("axios", Some("1.14.1")).as_str(), "pkg:npm/axios@1.14.1");
        assert_eq!(Purl::npm("@angular/core", Some("1.0.0")).as_str(), "pkg:npm/%40angular/core@1.0.0");
        assert_eq!(Purl::npm("axios", None).as_str(), "pkg:npm/axios");
    }

    #[test]
    fn qualifiers_are_read_back() {
        let url = "git+ssh://git@h.invalid/a b.git?x=1&y#z";
        let purl = Purl::npm("a", Some("1")).with_qualifiers(&[("vcs_url", url), ("repository_url", "r")]);
        assert!(purl.as_str().starts_with("pkg:npm/a@1?repository_url=r&vcs_url=git%2Bssh:"), "{purl}");
        assert_eq!(PurlParts::parse(purl.as_str()).unwrap().qualifier("vcs_url"), Some(url));
        assert_eq!(purl.as_str().parse(), Ok(purl.clone()));
        assert_eq!(purl.clone().with_qualifiers(&[("a", "b")]), purl);
    }

    #[test]
    fn case_tells_packages_of_npm_apart() {
        let purl = Purl::npm_as_written("@Acme/JSONStream", Some("1.0.0"));
        assert_eq!(purl.as_str(), "pkg:npm/%40Acme/JSONStream@1.0.0");
        assert_eq!(PurlParts::parse(purl.as_str()).unwrap().full_name(), "@Acme/JSONStream");
        for (name, version) in [("a", None), ("@a/b", Some("1")), ("\u{1b}/x", Some("")), ("", Some("1\n"))] {
            assert_eq!(Purl::npm_as_written(name, version), Purl::npm(name, version), "{name}");
        }
    }

    #[test]
    fn python_names_have_one_form() {
        for name in ["Foo.Bar", "foo__bar", "FOO-_.bar"] {
            assert_eq!(Purl::pypi(name, Some("1.0")).as_str(), "pkg:pypi/foo-bar@1.0");
        }
        assert_eq!(Purl::other("maven", "org.acme/tool", Some("1")).as_str(), "pkg:maven/org.acme/tool@1");
    }

    #[test]
    fn hostile_names_cannot_break_out() {
        let purl = Purl::npm("\u{1b}[31mred@1/../x?y#z", Some("1\n2"));
        assert!(purl.as_str().bytes().all(|b| b.is_ascii_graphic()), "{purl}");
        assert!(Purl::generic("").as_str().starts_with("pkg:generic/"));
    }

    #[test]
    fn canonical_forms_beyond_the_suite() {
        for (text, canonical) in [
            ("pkg:pypi/My.PyPI_.--._Package@1.0", "pkg:pypi/my-pypi-package@1.0"),
            ("pkg:npm/foobar@", "pkg:npm/foobar"),
            ("pkg:npm/foobar@1.0.0+build", "pkg:npm/foobar@1.0.0%2Bbuild"),
            ("pkg:npm/a@feature%2Fx", "pkg:npm/a@feature%2Fx"),
            ("pkg:npm/a@1?vcs_url=git://h.invalid/r.git%40abc", "pkg:npm/a@1?vcs_url=git://h.invalid/r.git%40abc"),
            ("pkg:generic/a?b=sha1:1,sha256:2&a=", "pkg:generic/a?b=sha1:1%2Csha256:2"),
            ("pkg:maven/./io", "pkg:maven/io"),
            ("pkg:deb/debian/g%2B%2B@4:1~2", "pkg:deb/debian/g%2B%2B@4:1~2"),
            ("pkg:npm/a!b(c)'*", "pkg:npm/a%21b%28c%29%27%2A"),
            ("pkg:generic/a#", "pkg:generic/a"),
        ] {
            let purl: Purl = text.parse().unwrap();
            assert_eq!(purl.as_str(), canonical, "{text}");
            assert_eq!(canonical.parse::<Purl>().unwrap(), purl);
        }
        for text in
            ["", "pkg:", "pkg:npm", "pkg:npm/", "npm/a", "pkg%3Anpm/a", "pkg:n&m/a", "pkg:3npm/a", "pkg:npm/%ff"]
        {
            assert!(text.parse::<Purl>().is_err(), "{text}");
            assert!(PurlParts::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parts_keep_their_case() {
        let parts = PurlParts::parse("pkg:NPM/%40Scope/JSONStream@1.3.5%2Bx?Vcs_Url=git%2Bhttps://h/r&empty=#./a/../b")
            .unwrap();
        assert_eq!(parts.kind, "npm");
        assert_eq!(parts.full_name(), "@Scope/JSONStream");
        assert_eq!(parts.version.as_deref(), Some("1.3.5+x"));
        assert_eq!(parts.qualifier("vcs_url"), Some("git+https://h/r"));
        assert_eq!(parts.qualifier("empty"), None);
        assert_eq!(parts.subpath.as_deref(), Some("a/b"));
        let parts = PurlParts::parse("pkg:npm/@babel/core").unwrap();
        assert_eq!((parts.full_name().as_str(), parts.version), ("@babel/core", None));
        assert_eq!(decoded("%4%zz%41%C3"), "%4%zz%41%C3", "what is no UTF-8 stays");
        assert_eq!(decoded("%4%zz%41"), "%4%zzA");
    }
}
