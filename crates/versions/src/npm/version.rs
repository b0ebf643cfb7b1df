//! One version: three numbers, prerelease identifiers, build identifiers.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::syntax::{Part, Partial, after_signs, is_space, partial};
use super::{MAX_NUMBER, MAX_VERSION};
use crate::error::{VersionError, VersionErrorKind};

/// One identifier of a prerelease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifier {
    /// A number that JavaScript holds exactly: below 2⁵³ − 1.
    Number(u64),
    /// A larger number, as digits without leading zeros. node-semver compares
    /// these as floating-point numbers, so that near neighbours are equal.
    Large(Box<str>),
    /// Anything else, compared by its bytes.
    Text(Box<str>),
}

impl Identifier {
    fn new(text: &str) -> Identifier {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Identifier::Text(text.into());
        }
        let digits = text.trim_start_matches('0');
        match digits.parse::<u64>() {
            Ok(number) if number < MAX_NUMBER => Identifier::Number(number),
            Err(_) if digits.is_empty() => Identifier::Number(0),
            _ => Identifier::Large(digits.into()),
        }
    }

    /// As JavaScript's `Number` of it; `None` for text.
    #[allow(clippy::cast_precision_loss)] // the numbers are below 2^53
    fn float(&self) -> Option<f64> {
        match self {
            Identifier::Number(number) => Some(*number as f64),
            Identifier::Large(digits) => Some(digits.parse().unwrap_or(f64::INFINITY)),
            Identifier::Text(_) => None,
        }
    }

    fn compare(&self, other: &Identifier) -> Ordering {
        match (self, other) {
            (Identifier::Number(left), Identifier::Number(right)) => left.cmp(right),
            (Identifier::Text(left), Identifier::Text(right)) => left.cmp(right),
            _ => match (self.float(), other.float()) {
                (Some(left), Some(right)) => left.total_cmp(&right),
                // Numbers come before text.
                (left, right) => right.is_some().cmp(&left.is_some()),
            },
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identifier::Number(number) => write!(f, "{number}"),
            Identifier::Large(text) | Identifier::Text(text) => f.write_str(text),
        }
    }
}

/// A version of npm. Equality, order and hash are node-semver's `compare`: build
/// identifiers do not count. Written (`Display`) as node-semver's `version`:
/// without them, and without what loose texts may add.
#[derive(Debug, Clone)]
pub struct Version {
    /// First number, at most [`MAX_NUMBER`].
    pub major: u64,
    /// Second number, at most [`MAX_NUMBER`].
    pub minor: u64,
    /// Third number, at most [`MAX_NUMBER`].
    pub patch: u64,
    /// Identifiers after the hyphen; empty for a release.
    pub prerelease: Vec<Identifier>,
    /// Identifiers after the plus sign, as written.
    pub build: Vec<Box<str>>,
}

impl Version {
    /// A version of three numbers.
    pub const fn new(major: u64, minor: u64, patch: u64) -> Version {
        Version { major, minor, patch, prerelease: Vec::new(), build: Vec::new() }
    }

    /// Reads a version as `new SemVer(text)` does: `1.2.3-beta.1+build`, with a
    /// leading `v` and white space around it.
    ///
    /// # Errors
    /// Longer than [`MAX_VERSION`], a number beyond [`MAX_NUMBER`], or no version.
    pub fn parse(text: &str) -> Result<Version, VersionError> {
        Version::parse_with(text, false)
    }

    /// Reads a version as `new SemVer(text, true)` does: also ` = v1.2.3`,
    /// `1.2.3beta`, `01.2.3`. npm reads manifests and lockfiles like this.
    ///
    /// # Errors
    /// Longer than [`MAX_VERSION`], a number beyond [`MAX_NUMBER`], or no version.
    pub fn parse_loose(text: &str) -> Result<Version, VersionError> {
        Version::parse_with(text, true)
    }

    pub(super) fn parse_with(text: &str, loose: bool) -> Result<Version, VersionError> {
        // A UTF-16 unit is at most three bytes: the cheap test keeps the exact one short.
        if text.len() > 3 * MAX_VERSION || text.encode_utf16().count() > MAX_VERSION {
            return Err(VersionError::new(VersionErrorKind::TooLong, text));
        }
        let trimmed = text.trim_matches(is_space);
        let body = if loose { after_signs(trimmed) } else { trimmed.strip_prefix('v').unwrap_or(trimmed) };
        match partial(body, loose) {
            Some(found) if found.is_full() => Version::from_partial(&found, text),
            _ => Err(VersionError::new(VersionErrorKind::Syntax, text)),
        }
    }

    /// The version that a full partial spells; `text` is for the error.
    fn from_partial(partial: &Partial<'_>, text: &str) -> Result<Version, VersionError> {
        let number = |part: Part<'_>| match part.value() {
            number if number <= MAX_NUMBER => Ok(number),
            _ => Err(VersionError::new(VersionErrorKind::Number, text)),
        };
        Ok(Version {
            major: number(partial.major)?,
            minor: number(partial.minor)?,
            patch: number(partial.patch)?,
            prerelease: identifiers(partial.prerelease),
            build: words(partial.build).map(Into::into).collect(),
        })
    }

    /// Whether it is a prerelease.
    pub fn is_prerelease(&self) -> bool {
        !self.prerelease.is_empty()
    }

    /// Whether both have the same three numbers.
    pub(super) fn same_numbers(&self, other: &Version) -> bool {
        (self.major, self.minor, self.patch) == (other.major, other.minor, other.patch)
    }
}

/// The identifiers of a prerelease as written, with dots between them.
pub(super) fn identifiers(text: &str) -> Vec<Identifier> {
    words(text).map(Identifier::new).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split('.').filter(|word| !word.is_empty())
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        let numbers = |version: &Version| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.is_prerelease(), other.is_prerelease()) {
                (true, true) => {}
                // A release comes after its prereleases.
                (left, right) => return right.cmp(&left),
            }
            let pairs = self.prerelease.iter().zip(&other.prerelease);
            pairs
                .map(|(left, right)| left.compare(right))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| self.prerelease.len().cmp(&other.prerelease.len()))
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.major, self.minor, self.patch, self.prerelease.len()).hash(state);
        for identifier in &self.prerelease {
            match identifier {
                Identifier::Text(text) => text.hash(state),
                // By the value that is compared, so that equal versions hash equally.
                number => number.float().map(f64::to_bits).hash(state),
            }
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        for (index, identifier) in self.prerelease.iter().enumerate() {
            write!(f, "{}{identifier}", if index == 0 { '-' } else { '.' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, loose: bool) -> Option<String> {
        Version::parse_with(text, loose).ok().map(|version| version.to_string())
    }

    #[test]
    fn strict_and_loose_differ_where_node_semver_does() {
        let cases = [
            ("1.2.3", Some("1.2.3"), Some("1.2.3")),
            ("\u{feff}v1.2.3+b\u{a0}", Some("1.2.3"), Some("1.2.3")),
            ("= v 1.2.3", None, Some("1.2.3")),
            ("01.2.3", None, Some("1.2.3")),
            ("1.2.3beta", None, Some("1.2.3-beta")),
            ("1.2.3-", None, Some("1.2.3--")),
            ("1.2.3-.a", None, Some("1.2.3--.a")),
            ("1.2.3-01", None, Some("1.2.3-1")),
            ("1.2.3\u{85}", None, None),
            ("1.2", None, None),
            ("1.2.x", None, None),
            ("1.2.3-a..b", None, None),
            ("V1.2.3", None, None),
            ("", None, None),
        ];
        for (text, strict, loose) in cases {
            assert_eq!(shown(text, false).as_deref(), strict, "{text:?}");
            assert_eq!(shown(text, true).as_deref(), loose, "{text:?}");
        }
    }

    #[test]
    fn limits_are_named() {
        let kind = |text: &str| Version::parse(text).unwrap_err().kind;
        assert_eq!(kind("9007199254740992.0.0"), VersionErrorKind::Number);
        assert_eq!(kind(&format!("1.2.3-{}", "a".repeat(251))), VersionErrorKind::TooLong);
        assert!(Version::parse(&format!("1.2.3-{}", "a".repeat(250))).is_ok());
        assert_eq!(kind("one"), VersionErrorKind::Syntax);
    }

    #[test]
    fn order_is_that_of_the_specification() {
        let ordered = [
            "0.0.0-0",
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.10.0",
        ];
        let versions: Vec<Version> = ordered.iter().map(|text| Version::parse(text).unwrap()).collect();
        assert!(versions.is_sorted());
        assert_eq!(Version::parse("1.0.0+a").unwrap(), Version::parse("1.0.0+b").unwrap());
    }

    #[test]
    fn large_identifiers_compare_as_javascript_numbers() {
        let version = |text: &str| Version::parse(text).unwrap();
        assert_eq!(version("1.2.3-9007199254740993"), version("1.2.3-9007199254740992"));
        assert!(version("1.2.3-9007199254740991") > version("1.2.3-9007199254740990"));
        assert!(version("1.2.3-9007199254740999999") < version("1.2.3-a"));
    }
}
