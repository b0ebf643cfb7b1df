//! Ranges: alternatives (`||`) of comparators that must all hold.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::desugar::{self, Meaning};
use super::syntax::{after_signs, is_space, partial_prefix, take_build};
use super::version::{Identifier, Version};
use super::{MAX_RANGE, Options};
use crate::error::{VersionError, VersionErrorKind};

/// How a version is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// None, or `=`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

/// One bound of a range; without a version it lets everything through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparator {
    operator: Operator,
    version: Option<Version>,
}

impl Comparator {
    pub(super) fn new(operator: Operator, version: Version) -> Comparator {
        Comparator { operator, version: Some(version) }
    }

    pub(super) fn any() -> Comparator {
        Comparator { operator: Operator::Equal, version: None }
    }

    /// How it compares.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What it compares with; `None` lets everything through.
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    fn admits(&self, version: &Version) -> bool {
        let Some(bound) = &self.version else { return true };
        let order = version.cmp(bound);
        match self.operator {
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Equal => order.is_eq(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Greater => order.is_gt(),
        }
    }

    /// `<0.0.0-0`: no version is below that.
    fn is_nothing(&self) -> bool {
        self.operator == Operator::Less
            && self.version.as_ref().is_some_and(|version| {
                version.same_numbers(&Version::new(0, 0, 0)) && version.prerelease == [Identifier::Number(0)]
            })
    }
}

impl fmt::Display for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(version) = &self.version else { return Ok(()) };
        let sign = match self.operator {
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Equal => "",
            Operator::GreaterOrEqual => ">=",
            Operator::Greater => ">",
        };
        write!(f, "{sign}{version}")
    }
}

/// A range of npm: `^1.2 || 2.x`. Written (`Display`) as node-semver's `range`:
/// primitive comparators, alternatives joined by `||`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    alternatives: Vec<Vec<Comparator>>,
    options: Options,
}

impl Range {
    /// Reads a range as `new Range(text, options)` does. Takes time linear in `text`.
    ///
    /// # Errors
    /// Longer than [`MAX_RANGE`], a number beyond [`super::MAX_NUMBER`], a bound
    /// longer than [`super::MAX_VERSION`], or no range: a tag, a place, or neither.
    pub fn parse(text: &str, options: Options) -> Result<Range, VersionError> {
        if text.len() > MAX_RANGE {
            return Err(VersionError::new(VersionErrorKind::TooLong, text));
        }
        let collapsed = text.split(is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let mut alternatives = Vec::new();
        for part in collapsed.split("||") {
            match alternative(part.trim(), options)? {
                Some(comparators) if !comparators.is_empty() => alternatives.push(comparators),
                Some(_) => {}
                None => return Err(VersionError::new(no_range(&collapsed), text)),
            }
        }
        if alternatives.is_empty() {
            return Err(VersionError::new(no_range(&collapsed), text));
        }
        Ok(Range { alternatives: simplified(alternatives), options })
    }

    /// Whether `version` is within the range. Without
    /// [`Options::include_prerelease`], a prerelease is so only if a bound of the
    /// same alternative names a prerelease of the same three numbers.
    pub fn satisfied_by(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|comparators| {
            comparators.iter().all(|comparator| comparator.admits(version))
                && (!version.is_prerelease()
                    || self.options.include_prerelease
                    || comparators
                        .iter()
                        .filter_map(Comparator::version)
                        .any(|bound| bound.is_prerelease() && bound.same_numbers(version)))
        })
    }

    /// The lowest version that the range can take, as node-semver's `minVersion`.
    pub fn min_version(&self) -> Option<Version> {
        let zero = Version::new(0, 0, 0);
        if self.satisfied_by(&zero) {
            return Some(zero);
        }
        let least = Version { prerelease: vec![Identifier::Number(0)], ..zero };
        if self.satisfied_by(&least) {
            return Some(least);
        }
        // The lowest of the alternatives' highest lower bounds.
        let lower_bounds = self.alternatives.iter().filter_map(|all| all.iter().filter_map(least_above).max());
        lower_bounds.min().filter(|version| self.satisfied_by(version))
    }

    /// The alternatives, each a list of comparators that must all hold.
    pub fn alternatives(&self) -> &[Vec<Comparator>] {
        &self.alternatives
    }

    /// Whether every release is within it: `*`, `x`, the empty text, `>=0`.
    pub fn is_any(&self) -> bool {
        self.alternatives.iter().any(|all| all.iter().all(|comparator| comparator.version.is_none()))
    }
}

/// The lowest version that a lower bound lets through; `None` for upper bounds.
fn least_above(comparator: &Comparator) -> Option<Version> {
    let mut version = comparator.version.clone()?;
    match comparator.operator {
        Operator::Less | Operator::LessOrEqual => return None,
        Operator::Equal | Operator::GreaterOrEqual => {}
        Operator::Greater if version.is_prerelease() => version.prerelease.push(Identifier::Number(0)),
        Operator::Greater => version.patch = version.patch.saturating_add(1),
    }
    version.build.clear();
    Some(version)
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, comparators) in self.alternatives.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "||" })?;
            for (index, comparator) in comparators.iter().enumerate() {
                write!(f, "{}{comparator}", if index == 0 { "" } else { " " })?;
            }
        }
        Ok(())
    }
}

/// The comparators of one alternative, its white space collapsed to single spaces.
/// `None` if a word means nothing; loosely such words are left out instead.
fn alternative(text: &str, options: Options) -> Result<Option<Vec<Comparator>>, VersionError> {
    let text = without_builds(text);
    let text = desugar::hyphen(&text, options).map_or(text, Cow::Owned);
    let text = joined(&text);
    let mut comparators = Vec::new();
    let mut words = text.split(' ').peekable();
    let mut first = true;
    while let Some(word) = words.next() {
        match desugar::word(word, options, &mut comparators)? {
            Meaning::Comparators => {}
            // In the midst of other words it is lost, also if those mean nothing.
            Meaning::Anything if first || words.peek().is_none() => comparators.push(Comparator::any()),
            Meaning::Anything => {}
            Meaning::Unknown if options.loose => {}
            Meaning::Unknown => return Ok(None),
        }
        first = false;
    }
    if let Some(nothing) = comparators.iter().position(Comparator::is_nothing) {
        return Ok(Some(vec![comparators.swap_remove(nothing)]));
    }
    if comparators.len() > 1 {
        let mut seen = HashSet::new();
        comparators.retain(|comparator| seen.insert(comparator.to_string()));
    }
    if comparators.len() > 1 {
        comparators.retain(|comparator| comparator.version.is_some());
    }
    Ok(Some(comparators))
}

/// Alternatives without those that hold for nothing; only one if it holds for everything.
fn simplified(mut alternatives: Vec<Vec<Comparator>>) -> Vec<Vec<Comparator>> {
    if alternatives.len() > 1 {
        let something = |all: &Vec<Comparator>| !all.first().is_some_and(Comparator::is_nothing);
        match alternatives.iter().any(something) {
            true => alternatives.retain(something),
            false => alternatives.truncate(1),
        }
    }
    let is_any = |all: &Vec<Comparator>| matches!(all.as_slice(), [one] if one.version.is_none());
    match alternatives.iter().position(is_any) {
        Some(any) => vec![alternatives.swap_remove(any)],
        None => alternatives,
    }
}

/// A text without `+build`, wherever it stands: it plays no part in ranges.
fn without_builds(text: &str) -> Cow<'_, str> {
    if !text.contains('+') {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(plus) = rest.find('+') {
        let (before, build) = rest.split_at(plus);
        kept.push_str(before);
        let (identifiers, after) = take_build(build);
        if identifiers.is_empty() {
            kept.push('+');
            rest = build.get(1..).unwrap_or_default();
        } else {
            rest = after;
        }
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// A text without the spaces between operators and what they belong to:
/// `>= 1.2`, `~ 1`, `~> 1`, `^ 1`.
fn joined(text: &str) -> Cow<'_, str> {
    if !text.contains(' ') {
        return Cow::Borrowed(text);
    }
    let text = with_joined_comparisons(text);
    Cow::Owned(text.replace("~ ", "~").replace("~> ", "~>").replace("^ ", "^"))
}

fn with_joined_comparisons(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let unsigned = rest.strip_prefix(' ').unwrap_or(rest);
        let unsigned = unsigned.strip_prefix(['<', '>']).unwrap_or(unsigned);
        let unsigned = unsigned.strip_prefix('=').unwrap_or(unsigned);
        let (sign, operand) = rest.split_at(rest.len() - unsigned.len());
        let body = after_signs(operand);
        let found = partial_prefix(body, true).filter(|(partial, _)| partial.is_full());
        if let Some((_, after)) = found.or_else(|| partial_prefix(body, false)) {
            let operand = operand.get(..operand.len() - after.len()).unwrap_or_default();
            let space = if sign.trim().is_empty() { None } else { operand.strip_prefix(' ') };
            kept.push_str(sign);
            kept.push_str(space.unwrap_or(operand));
            rest = after;
        } else {
            // Nothing follows these signs; trying each of them again would take
            // quadratic time.
            let skipped = (rest.len() - body.len()).max(first.len_utf8());
            let (signs, after) = rest.split_at(skipped);
            kept.push_str(signs);
            rest = after;
        }
    }
    kept
}

/// What a text that is no range is instead, by the rules of npm-package-arg: a tag
/// is what a URL can hold unescaped.
fn no_range(text: &str) -> VersionErrorKind {
    if text.contains([':', '/']) {
        VersionErrorKind::Location
    } else if text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.!~*'()".contains(c)) {
        VersionErrorKind::Tag
    } else {
        VersionErrorKind::Syntax
    }
}

/// Whether a version is within a range, both as written; `false` if either cannot
/// be read. node-semver's `satisfies`.
pub fn satisfies(version: &str, range: &str, options: Options) -> bool {
    match (Version::parse_with(version, options.loose), Range::parse(range, options)) {
        (Ok(version), Ok(range)) => range.satisfied_by(&version),
        _ => false,
    }
}

/// The highest of `versions` that is within `range`; the first of those that are
/// equal. node-semver's `maxSatisfying`.
pub fn max_satisfying<'a>(versions: impl IntoIterator<Item = &'a Version>, range: &Range) -> Option<&'a Version> {
    let within = versions.into_iter().filter(|version| range.satisfied_by(version));
    within.reduce(|highest, version| if version > highest { version } else { highest })
}
