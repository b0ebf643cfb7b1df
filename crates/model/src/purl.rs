//! Package URLs (<https://github.com/package-url/purl-spec>), through the `packageurl` crate.

use std::fmt;
use std::str::FromStr;

use packageurl::PackageUrl;
use serde::{Deserialize, Serialize};

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
        if !is_separator {
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
        Ok(purl.to_string())
    });
    Purl(canonical.unwrap_or_else(|_| by_hand(kind, namespace, name, version)))
}

fn by_hand(kind: &str, namespace: Option<&str>, name: &str, version: Option<&str>) -> String {
    let mut text = format!("pkg:{kind}/");
    if let Some(namespace) = namespace {
        text.push_str(&percent_encoded(namespace));
        text.push('/');
    }
    text.push_str(&percent_encoded(if name.is_empty() { "unnamed" } else { name }));
    if let Some(version) = version {
        text.push('@');
        text.push_str(&percent_encoded(version));
    }
    text
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        PackageUrl::from_str(text)
            .map(|purl| Purl(purl.to_string()))
            .map_err(|error| PurlError { text: text.to_owned(), reason: error.to_string() })
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
}
