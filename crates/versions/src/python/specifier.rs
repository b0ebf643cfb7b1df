//! Specifiers (`>=1.2`, `~=1.4.2`, `==2.*`, `===foo`) and sets of them.

use std::fmt;

use super::version::Version;
use super::{MAX_SPECIFIERS, is_space};
use crate::error::{VersionError, VersionErrorKind};

/// How a specifier compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `===`: the same text, whatever it is.
    Arbitrary,
    /// `~=`
    Compatible,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `>`
    Greater,
}

impl Operator {
    /// All of them, longer signs before those that begin alike.
    const ALL: [Operator; 8] = [
        Operator::Arbitrary,
        Operator::Compatible,
        Operator::Equal,
        Operator::NotEqual,
        Operator::LessOrEqual,
        Operator::GreaterOrEqual,
        Operator::Less,
        Operator::Greater,
    ];

    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Operator::Arbitrary => "===",
            Operator::Compatible => "~=",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::LessOrEqual => "<=",
            Operator::GreaterOrEqual => ">=",
            Operator::Less => "<",
            Operator::Greater => ">",
        }
    }
}

/// Whether prereleases count: `packaging`'s argument `prereleases`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Prereleases {
    /// `None`: where a specifier names one, or where there is nothing else. A single
    /// version has nothing beside it, so that a question about it is answered as with
    /// [`Prereleases::Allowed`].
    #[default]
    Default,
    /// `True`
    Allowed,
    /// `False`: never, not even where a specifier names one.
    Excluded,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Clause {
    /// `===`: text in lower case, and the version that it is, if it is one.
    Text(String, Option<Version>),
    /// `==V.*`, `!=V.*`
    Prefix(Version),
    /// All others.
    Version(Version),
}

/// One specifier: an operator and what it compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specifier {
    operator: Operator,
    clause: Clause,
}

impl Specifier {
    /// Reads one specifier as `packaging.specifiers.Specifier(text)` does.
    ///
    /// # Errors
    /// No known operator, no version after it, or one that the operator does not take.
    pub fn parse(text: &str) -> Result<Specifier, VersionError> {
        let no_specifier = || VersionError::new(VersionErrorKind::Syntax, text);
        let body = text.trim_matches(is_space);
        let found = Operator::ALL.iter().find_map(|operator| Some((*operator, body.strip_prefix(operator.sign())?)));
        let Some((operator, operand)) = found else {
            return Err(VersionError::new(no_specifier_kind(body), text));
        };
        let operand = operand.trim_matches(is_space);
        if operator == Operator::Arbitrary {
            if operand.contains(|c| is_space(c) || c == ';' || c == ')') {
                return Err(no_specifier());
            }
            let clause = Clause::Text(operand.to_lowercase(), Version::parse(operand).ok());
            return Ok(Specifier { operator, clause });
        }
        let clause = match operand.strip_suffix(".*") {
            Some(prefix) => Clause::Prefix(Version::parse(prefix)?),
            None => Clause::Version(Version::parse(operand)?),
        };
        let specifier = Specifier { operator, clause };
        if specifier.is_allowed() { Ok(specifier) } else { Err(no_specifier()) }
    }

    /// Wildcards and local labels go with `==` and `!=` only, wildcards with nothing
    /// but a release, and `~=` needs two numbers.
    fn is_allowed(&self) -> bool {
        let equality = matches!(self.operator, Operator::Equal | Operator::NotEqual);
        match &self.clause {
            Clause::Text(..) => true,
            Clause::Prefix(version) => equality && version.is_plain(),
            Clause::Version(version) => {
                (equality || !version.is_local())
                    && (self.operator != Operator::Compatible || version.release_length() > 1)
            }
        }
    }

    /// How it compares.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// Whether it names a prerelease, which lets others in.
    fn names_prerelease(&self) -> bool {
        match &self.clause {
            Clause::Text(_, version) => version.as_ref().is_some_and(Version::is_prerelease),
            Clause::Prefix(_) => false,
            Clause::Version(version) => self.operator != Operator::NotEqual && version.is_prerelease(),
        }
    }

    /// Whether a version as written, and as read if it can be, is one of those meant.
    fn holds(&self, text: &dyn Fn() -> String, version: Option<&Version>) -> bool {
        match (&self.clause, version) {
            (Clause::Text(expected, _), _) => text().to_lowercase() == *expected,
            (_, None) => false,
            (Clause::Prefix(prefix), Some(version)) => {
                version.same_prefix(prefix, prefix.release_length()) == (self.operator == Operator::Equal)
            }
            (Clause::Version(bound), Some(version)) => compares(self.operator, version, bound),
        }
    }
}

/// Whether `version` is on the side of `bound` that `operator` means.
fn compares(operator: Operator, version: &Version, bound: &Version) -> bool {
    match operator {
        Operator::Arbitrary => version == bound,
        Operator::Equal if bound.is_local() => version == bound,
        Operator::Equal => version.public() == *bound,
        Operator::NotEqual => !compares(Operator::Equal, version, bound),
        Operator::GreaterOrEqual => version >= bound,
        Operator::LessOrEqual => version.public() <= *bound,
        // A release is no bound for its own prereleases: `<2` leaves out `2a1`.
        Operator::Less if bound.is_prerelease() => version < bound,
        Operator::Less => *version < bound.first_development(),
        // Nor for its own post-releases: `>2` leaves out `2.post1`.
        Operator::Greater if bound.is_post() || bound.is_development() => version.public() > *bound,
        Operator::Greater => version.public() > *bound && !version.same_family(bound),
        Operator::Compatible => version >= bound && version.same_prefix(bound, bound.release_length() - 1),
    }
}

/// What a text without an operator is: `latest` is a tag, `git+https://…` a place.
fn no_specifier_kind(text: &str) -> VersionErrorKind {
    if text.contains([':', '/', '@']) { VersionErrorKind::Location } else { VersionErrorKind::Syntax }
}

impl fmt::Display for Specifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operator.sign())?;
        match &self.clause {
            Clause::Text(text, _) => f.write_str(text),
            Clause::Prefix(version) => write!(f, "{version}.*"),
            Clause::Version(version) => write!(f, "{version}"),
        }
    }
}

/// Specifiers that must all hold; none holds for every version. Written (`Display`)
/// in the order given, with versions in normal form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecifierSet {
    specifiers: Vec<Specifier>,
}

impl SpecifierSet {
    /// Reads specifiers with commas between them as
    /// `packaging.specifiers.SpecifierSet(text)` does: empty ones are passed over.
    ///
    /// # Errors
    /// Longer than [`MAX_SPECIFIERS`], or the first specifier that is none.
    pub fn parse(text: &str) -> Result<SpecifierSet, VersionError> {
        if text.len() > MAX_SPECIFIERS {
            return Err(VersionError::new(VersionErrorKind::TooLong, text));
        }
        let parts = text.split(',').map(|part| part.trim_matches(is_space)).filter(|part| !part.is_empty());
        Ok(SpecifierSet { specifiers: parts.map(Specifier::parse).collect::<Result<_, _>>()? })
    }

    /// The specifiers, in the order given.
    pub fn specifiers(&self) -> &[Specifier] {
        &self.specifiers
    }

    /// Whether a version is one of those meant: `packaging`'s `contains` of a `Version`.
    pub fn contains(&self, version: &Version, prereleases: Prereleases) -> bool {
        self.holds(&|| version.to_string(), Some(version), prereleases)
    }

    /// Whether a version as written is one of those meant: `packaging`'s `contains` of
    /// a string. Differs from [`SpecifierSet::contains`] for `===`, which goes by the
    /// text, also of what is no version.
    pub fn contains_text(&self, text: &str, prereleases: Prereleases) -> bool {
        self.holds(&|| text.to_owned(), Version::parse(text).ok().as_ref(), prereleases)
    }

    fn holds(&self, text: &dyn Fn() -> String, version: Option<&Version>, prereleases: Prereleases) -> bool {
        let excluded = prereleases == Prereleases::Excluded && version.is_some_and(Version::is_prerelease);
        !excluded && self.specifiers.iter().all(|specifier| specifier.holds(text, version))
    }

    /// Those of `versions` that are meant, in their order: `packaging`'s `filter`. By
    /// default prereleases are among them only if a specifier names one, or if there
    /// is nothing else.
    pub fn filter<'a>(
        &self,
        versions: impl IntoIterator<Item = &'a Version>,
        prereleases: Prereleases,
    ) -> Vec<&'a Version> {
        let mut meant: Vec<&Version> =
            versions.into_iter().filter(|version| self.contains(version, prereleases)).collect();
        let named = self.specifiers.iter().any(Specifier::names_prerelease);
        if prereleases == Prereleases::Default && !named && meant.iter().any(|version| !version.is_prerelease()) {
            meant.retain(|version| !version.is_prerelease());
        }
        meant
    }
}

impl fmt::Display for SpecifierSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, specifier) in self.specifiers.iter().enumerate() {
            write!(f, "{}{specifier}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_holds(set: &str, yes: &[&str], no: &[&str]) {
        let set = SpecifierSet::parse(set).unwrap();
        for text in yes {
            assert!(set.contains_text(text, Prereleases::Default), "{set} should take {text}");
        }
        for text in no {
            assert!(!set.contains_text(text, Prereleases::Default), "{set} should not take {text}");
        }
    }

    #[test]
    fn operators_hold_as_the_pep_says() {
        assert_holds(">=1.2,<2", &["1.2", "1.9+local", "1.3a1"], &["1.2a1", "2.0", "2.0a1", "2!1.5"]);
        assert_holds("~=1.4.2", &["1.4.2", "1.4.9.post1"], &["1.5", "1.5.dev0", "1.4.1"]);
        assert_holds("==1.0.1.*", &["1.0.1", "1.0.1.5", "1.0.1a1"], &["1.0", "1.0.10"]);
        assert_holds("!=1.0", &["1.0.post1", "1.1"], &["1.0", "1", "1.0+local"]);
        assert_holds("==1.0+a.1", &["1.0+a-01"], &["1.0", "1.0+a"]);
        assert_holds(">1.7", &["1.7.1", "1.8.dev0"], &["1.7.0.post1", "1.7+local"]);
        assert_holds(">1.7.post2", &["1.7.post3"], &["1.7.post2+local"]);
        assert_holds("", &["0", "1a1"], &[]);
    }

    #[test]
    fn identity_goes_by_the_text() {
        assert_holds("===1.0", &["1.0"], &["1", "1.0.0", " 1.0"]);
        assert_holds("===FooBar", &["foobar"], &["1.0"]);
        let set = SpecifierSet::parse("===1.0.0").unwrap();
        assert!(!set.contains(&Version::parse("1.0").unwrap(), Prereleases::Default));
    }

    #[test]
    fn what_is_no_specifier_is_an_error() {
        for text in ["1.0", "=1.0", "~=1", ">=1.*", ">=1+local", "==1.0a1.*", "=== a b", "^1.0", ">=2004d", "=>1"] {
            assert!(SpecifierSet::parse(text).is_err(), "{text:?}");
        }
        assert!(SpecifierSet::parse(",>=1,,<2,").is_ok());
        assert_eq!(SpecifierSet::parse("git+https://a/b").unwrap_err().kind, VersionErrorKind::Location);
    }

    #[test]
    fn prereleases_come_only_where_asked_for_or_alone() {
        let versions: Vec<Version> = ["1.0", "1.1a1"].iter().map(|text| Version::parse(text).unwrap()).collect();
        let shown = |set: &str, prereleases| {
            let set = SpecifierSet::parse(set).unwrap();
            set.filter(&versions, prereleases).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown(">=1", Prereleases::Default), "1.0");
        assert_eq!(shown(">=1", Prereleases::Allowed), "1.0 1.1a1");
        assert_eq!(shown(">=1.0a1", Prereleases::Default), "1.0 1.1a1");
        assert_eq!(shown(">1", Prereleases::Default), "1.1a1");
        assert_eq!(shown(">1", Prereleases::Excluded), "");
    }
}
