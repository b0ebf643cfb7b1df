//! Version order and ranges by the rules of each ecosystem: npm (node-semver) and
//! Python (PEP 440).
//!
//! [`compare`] and [`satisfies`] answer for the ecosystem that a package is of, and
//! say nothing where nothing can be said; [`npm`] and [`python`] hold the rules
//! themselves. Nothing here panics or takes more than linear time on any text.

pub mod error;
pub mod npm;
pub mod python;

use std::cmp::Ordering;

pub use error::{VersionError, VersionErrorKind};
use vetch_model::inventory::Ecosystem;

/// The order of two versions as written. `None` if either is no version, or for
/// other ecosystems.
pub fn compare(ecosystem: &Ecosystem, left: &str, right: &str) -> Option<Ordering> {
    match ecosystem {
        Ecosystem::Npm => Some(npm::Version::parse_loose(left).ok()?.cmp(&npm::Version::parse_loose(right).ok()?)),
        Ecosystem::Pypi => Some(python::Version::parse(left).ok()?.cmp(&python::Version::parse(right).ok()?)),
        Ecosystem::Other(_) => None,
    }
}

/// A version read once, to be compared often. All texts have a place: what is no version comes before all versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sortable {
    /// No version of its ecosystem, as written.
    Unreadable(String),
    /// As npm reads it, loosely.
    Npm(npm::Version),
    /// As `packaging` reads it.
    Python(python::Version),
}

impl Sortable {
    /// Reads a version.
    pub fn parse(ecosystem: &Ecosystem, text: &str) -> Sortable {
        let read = match ecosystem {
            Ecosystem::Npm => npm::Version::parse_loose(text).ok().map(Sortable::Npm),
            Ecosystem::Pypi => python::Version::parse(text).ok().map(Sortable::Python),
            Ecosystem::Other(_) => None,
        };
        read.unwrap_or_else(|| Sortable::Unreadable(text.to_owned()))
    }

    /// Whether it could be read.
    pub fn is_version(&self) -> bool {
        !matches!(self, Sortable::Unreadable(_))
    }

    /// Whether it is no final version; of what cannot be read nobody knows that it is.
    pub fn is_prerelease(&self) -> bool {
        match self {
            Sortable::Npm(version) => version.is_prerelease(),
            Sortable::Python(version) => version.is_prerelease(),
            Sortable::Unreadable(_) => true,
        }
    }
}

/// Whether a version is within a range, both as written. `None` where that cannot be
/// said: tags, URLs, paths, `workspace:`, texts that are no version or range, and
/// other ecosystems.
///
/// For npm, as npm itself checks a tree: loosely, and `*` or nothing takes
/// prereleases too. For an alias, the range behind it counts. For Python, prereleases
/// are taken, as by `packaging` for a version that is already chosen; `*` (Pipfile,
/// Poetry) takes everything, and parentheses around the specifiers are passed over.
pub fn satisfies(ecosystem: &Ecosystem, version: &str, range: &str) -> Option<bool> {
    match ecosystem {
        Ecosystem::Npm => npm_satisfies(version, range),
        Ecosystem::Pypi => python_satisfies(version, range),
        Ecosystem::Other(_) => None,
    }
}

fn npm_satisfies(version: &str, range: &str) -> Option<bool> {
    let version = npm::Version::parse_loose(version).ok()?;
    let range = range.trim();
    // Yarn writes `npm:^1` for plain ranges too. Without a range behind it, a name
    // might just as well be a tag (`npm:latest`).
    let range = match (npm_alias(range), range.strip_prefix("npm:")) {
        (Some((name, behind)), Some(whole)) if whole.len() > name.len() => behind,
        (_, whole) => whole.unwrap_or(range),
    };
    if range.is_empty() || range == "*" {
        return Some(true);
    }
    Some(npm::Range::parse(range, npm::Options::NPM).ok()?.satisfied_by(&version))
}

fn python_satisfies(version: &str, range: &str) -> Option<bool> {
    let range = range.trim();
    let range = range.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(range).trim();
    let parsed = python::Version::parse(version);
    if range == "*" {
        return parsed.ok().map(|_| true);
    }
    let set = python::SpecifierSet::parse(range).ok()?;
    let by_text = set.specifiers().iter().any(|specifier| specifier.operator() == python::Operator::Arbitrary);
    (by_text || parsed.is_ok()).then(|| set.contains_text(version, python::Prereleases::Default))
}

/// The package and the range that an npm alias stands for: `npm:b@^1` is `b` and
/// `^1`, `npm:@s/b` is `@s/b` and `*`. `None` for all else, also for Yarn's
/// `npm:^1`, which is a plain range.
pub fn npm_alias(range: &str) -> Option<(&str, &str)> {
    let target = range.trim().strip_prefix("npm:")?;
    // The first character may be the `@` of a scope.
    let at = target.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(index, _)| index);
    let (name, range) = match at {
        Some(at) => (target.get(..at)?, target.get(at + 1..)?),
        None => (target, "*"),
    };
    let is_range = at.is_none() && npm::Range::parse(name, npm::Options::NPM).is_ok();
    let bare = name.strip_prefix('@').map_or(Some(name), |scoped| {
        scoped.split_once('/').filter(|(scope, _)| is_npm_word(scope)).map(|(_, bare)| bare)
    })?;
    let range = if range.trim().is_empty() { "*" } else { range };
    (is_npm_word(bare) && !is_range).then_some((name, range))
}

/// What npm takes as a name or scope: what a URL can hold unescaped. Old packages
/// have capitals.
fn is_npm_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.!~*'()".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: Ecosystem = Ecosystem::Other(String::new());

    #[test]
    fn order_follows_the_ecosystem() {
        assert_eq!(compare(&Ecosystem::Npm, "1.0.0-rc.1", "v1.0.0"), Some(Ordering::Less));
        assert_eq!(compare(&Ecosystem::Pypi, "1.0.post1", "1.0rc1"), Some(Ordering::Greater));
        assert_eq!(compare(&Ecosystem::Pypi, "1.0", "1.0.0"), Some(Ordering::Equal));
        assert_eq!(compare(&Ecosystem::Npm, "1.0", "1.0.0"), None);
        assert_eq!(compare(&Ecosystem::Npm, "git+ssh://a/b", "1.0.0"), None);
        assert_eq!(compare(&OTHER, "1.0.0", "1.0.0"), None);
    }

    #[test]
    fn npm_ranges_are_checked_as_npm_checks_a_tree() {
        let cases = [
            ("1.2.3", "^1.2", Some(true)),
            ("2.0.0", "^1.2", Some(false)),
            ("2.0.0-beta.1", "^1.2 || >=2.0.0-beta.0", Some(true)),
            ("2.0.0-beta.1", "*", Some(true)),
            ("2.0.0-beta.1", "", Some(true)),
            ("2.0.0-beta.1", ">=1", Some(false)),
            ("1.2.3", "npm:b@^1", Some(true)),
            ("1.2.3", "npm:@s/b@~1.1", Some(false)),
            ("1.2.3", "npm:^1.0.0", Some(true)),
            ("1.2.3", "npm:latest", None),
            ("1.2.3", "npm:b@latest", None),
            ("1.2.3", "latest", None),
            ("1.2.3", "workspace:*", None),
            ("1.2.3", "workspace:^1", None),
            ("1.2.3", "https://example.org/a.tgz", None),
            ("1.2.3", "file:../a", None),
            ("1.2.3", "user/repository", None),
            ("unknown", "^1", None),
        ];
        for (version, range, expected) in cases {
            assert_eq!(satisfies(&Ecosystem::Npm, version, range), expected, "{version} {range:?}");
        }
    }

    #[test]
    fn python_specifiers_take_the_version_that_was_chosen() {
        let cases = [
            ("1.2.3", ">=1,<2", Some(true)),
            ("1.2.3", "(>=1, <2)", Some(true)),
            ("2.0rc1", ">=1", Some(true)),
            ("2.0rc1", "*", Some(true)),
            ("2.0", "", Some(true)),
            ("2.0", "==1.*", Some(false)),
            ("2004d", "===2004d", Some(true)),
            ("2004d", ">=1", None),
            ("2004d", "*", None),
            ("1.0", "^1.0", None),
            ("1.0", "@ git+https://example.org/a", None),
            ("1.0", ">=1; python_version < '3'", None),
        ];
        for (version, range, expected) in cases {
            assert_eq!(satisfies(&Ecosystem::Pypi, version, range), expected, "{version} {range:?}");
        }
        assert_eq!(satisfies(&OTHER, "1.0.0", "*"), None);
    }

    #[test]
    fn aliases_name_a_package_and_a_range() {
        let cases = [
            ("npm:b@^1", Some(("b", "^1"))),
            ("npm:@s/b@1.x || 2", Some(("@s/b", "1.x || 2"))),
            ("npm:b", Some(("b", "*"))),
            ("npm:@s/b", Some(("@s/b", "*"))),
            ("npm:b@", Some(("b", "*"))),
            ("npm:b@npm:c@1", Some(("b", "npm:c@1"))),
            ("npm:^1.0.0", None),
            ("npm:1 - 2", None),
            ("npm:*", None),
            ("npm:", None),
            ("npm:@", None),
            ("npm:@s@1", None),
            ("npm:a/b@1", None),
            ("npm:../b@1", None),
            ("^1", None),
            ("b@^1", None),
        ];
        for (range, expected) in cases {
            assert_eq!(npm_alias(range), expected, "{range:?}");
        }
    }
}
