//! One version: epoch, release, prerelease, post-release, development release, local label.

use std::fmt;
use std::str::FromStr;

use super::{MAX_VERSION, is_space};
use crate::error::{VersionError, VersionErrorKind};

/// A version of Python. Equality, order and hash are those of `packaging`: `1.0` is
/// `1`, and local labels count. Written (`Display`) in normal form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pep440_rs::Version);

impl Version {
    /// Reads a version as `packaging.version.Version(text)` does: any spelling that
    /// PEP 440 can normalise, white space around it.
    ///
    /// # Errors
    /// Longer than [`MAX_VERSION`], a number beyond 64 bits, or no version; legacy
    /// versions are none.
    pub fn parse(text: &str) -> Result<Version, VersionError> {
        if text.len() > MAX_VERSION {
            return Err(VersionError::new(VersionErrorKind::TooLong, text));
        }
        let body = text.trim_matches(is_space);
        match pep440_rs::Version::from_str(body) {
            Ok(version) => Ok(Version(version)),
            Err(_) if has_large_number(body) => Err(VersionError::new(VersionErrorKind::Number, text)),
            Err(_) => Err(VersionError::new(VersionErrorKind::Syntax, text)),
        }
    }

    /// Whether it is a prerelease or a development release.
    pub fn is_prerelease(&self) -> bool {
        self.0.any_prerelease()
    }

    /// Whether it has a local label (`1.0+cu118`).
    pub fn is_local(&self) -> bool {
        self.0.is_local()
    }

    /// The version without its local label.
    #[must_use]
    pub fn public(&self) -> Version {
        Version(self.0.clone().without_local())
    }

    /// Whether only epoch and release are given.
    pub(super) fn is_plain(&self) -> bool {
        self.0.is_stable() && !self.0.is_post() && !self.0.is_local()
    }

    pub(super) fn is_development(&self) -> bool {
        self.0.is_dev()
    }

    pub(super) fn is_post(&self) -> bool {
        self.0.is_post()
    }

    /// How many numbers the release has.
    pub(super) fn release_length(&self) -> usize {
        self.0.release().len()
    }

    /// Whether both have the same epoch, release and prerelease, so that only
    /// post-releases, development releases and labels set them apart.
    pub(super) fn same_family(&self, other: &Version) -> bool {
        let base = |version: &Version| version.0.only_release().with_epoch(version.0.epoch());
        self.0.pre() == other.0.pre() && base(self) == base(other)
    }

    /// The first development release of this version: below all its prereleases.
    pub(super) fn first_development(&self) -> Version {
        Version(self.0.clone().without_local().with_dev(Some(0)))
    }

    /// Whether both have the same epoch and the same first `length` numbers, where
    /// those that are missing are 0.
    pub(super) fn same_prefix(&self, other: &Version, length: usize) -> bool {
        let numbers = |version: &Version| -> Vec<u64> {
            version.0.release().iter().copied().chain(std::iter::repeat(0)).take(length).collect()
        };
        self.0.epoch() == other.0.epoch() && numbers(self) == numbers(other)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Whether there are digits that 64 bits cannot hold.
fn has_large_number(text: &str) -> bool {
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    numbers.filter(|digits| digits.len() >= 20).any(|digits| digits.parse::<u64>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_normalised() {
        let cases = [
            (" v1.0-ALPHA.1 ", "1.0a1"),
            ("1.0c2", "1.0rc2"),
            ("1.0preview", "1.0rc0"),
            ("1.0-1", "1.0.post1"),
            ("1.0_r4", "1.0.post4"),
            ("1!01.2.DEV", "1!1.2.dev0"),
            ("1.0+Ubuntu-01_a", "1.0+ubuntu.1.a"),
        ];
        for (text, normal) in cases {
            assert_eq!(Version::parse(text).unwrap().to_string(), normal);
        }
    }

    #[test]
    fn what_is_no_version_is_an_error_of_its_kind() {
        let kind = |text: &str| Version::parse(text).unwrap_err().kind;
        for legacy in ["2004d", "1.0-foo", "1.0+", "", "latest", "1.0.*", "1..0", "1.0+a+b", "1.0 a", "\u{661}.0"] {
            assert_eq!(kind(legacy), VersionErrorKind::Syntax, "{legacy:?}");
        }
        assert_eq!(kind("99999999999999999999"), VersionErrorKind::Number);
        assert_eq!(kind(&"1.".repeat(800)), VersionErrorKind::TooLong);
    }

    #[test]
    fn order_is_that_of_the_pep() {
        let ordered = [
            "0.dev0",
            "1.dev0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "1!0.1",
        ];
        let versions: Vec<Version> = ordered.iter().map(|text| Version::parse(text).unwrap()).collect();
        assert!(versions.is_sorted_by(|left, right| left < right));
        assert_eq!(Version::parse("1").unwrap(), Version::parse("1.0.0").unwrap());
    }
}
