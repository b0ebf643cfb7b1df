//! What one word of a range (`^1.2`, `~1`, `1.x`, `>=1.2.3`) stands for: primitive
//! comparators. The rules: <https://github.com/npm/node-semver#advanced-range-syntax>.

use super::range::{Comparator, Operator};
use super::syntax::{Part, Partial, after_signs, partial};
use super::version::{Version, identifiers};
use super::{MAX_NUMBER, MAX_VERSION, Options};
use crate::error::{VersionError, VersionErrorKind};

/// A lower or an upper bound in the making; numbers are checked when it is finished.
struct Bound<'a> {
    operator: Operator,
    numbers: [u64; 3],
    prerelease: &'a str,
}

impl Bound<'_> {
    /// `plain` says that zeros are written as such.
    fn finish(self, word: &str, options: Options, plain: bool) -> Result<Comparator, VersionError> {
        let [major, minor, patch] = self.numbers;
        if self.numbers.iter().any(|number| *number > MAX_NUMBER) {
            return Err(VersionError::new(VersionErrorKind::Number, word));
        }
        if plain && self.is_floor(options) {
            return Ok(Comparator::any());
        }
        let version = Version { prerelease: identifiers(self.prerelease), ..Version::new(major, minor, patch) };
        if self.prerelease.len() > MAX_VERSION - 6 && version.to_string().len() > MAX_VERSION {
            return Err(VersionError::new(VersionErrorKind::TooLong, word));
        }
        Ok(Comparator::new(self.operator, version))
    }

    /// `>=0.0.0`, or `>=0.0.0-0` with prereleases: no version is below that.
    fn is_floor(&self, options: Options) -> bool {
        self.operator == Operator::GreaterOrEqual && self.numbers == [0, 0, 0] && self.prerelease == floor(options)
    }
}

/// What a word of a range came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Comparators, which were added.
    Comparators,
    /// Anything goes: `*`, `^x`, no text at all. Nothing was added.
    Anything,
    /// It is no part of a range.
    Unknown,
}

/// Adds the comparators of one word, which holds no white space, to `comparators`.
pub(super) fn word(word: &str, options: Options, comparators: &mut Vec<Comparator>) -> Result<Meaning, VersionError> {
    let read = |text| partial(after_signs(text), options.loose);
    let (partial, bounds) = if let Some(rest) = word.strip_prefix('^') {
        let partial = read(rest);
        (partial, partial.map(|partial| caret(&partial, options)))
    } else if let Some(rest) = word.strip_prefix('~') {
        let partial = read(rest.strip_prefix('>').unwrap_or(rest));
        (partial, partial.map(|partial| tilde(&partial, options)))
    } else {
        let (operator, rest) = operator(word);
        let partial = read(rest);
        (partial, partial.and_then(|partial| open(operator, &partial, options)))
    };
    let plain = partial.is_some_and(|partial| has_plain_zeros(&partial));
    match bounds {
        Some(Bounds::Any) => return Ok(Meaning::Anything),
        Some(Bounds::One(bound)) => comparators.push(bound.finish(word, options, plain)?),
        Some(Bounds::Two(lower, upper)) => {
            comparators.push(lower.finish(word, options, plain)?);
            comparators.push(upper.finish(word, options, plain)?);
        }
        None => {
            let word = without_star(word);
            if word.is_empty() {
                return Ok(Meaning::Anything);
            }
            let Some(comparator) = primitive(&word, options)? else { return Ok(Meaning::Unknown) };
            comparators.push(comparator);
        }
    }
    Ok(Meaning::Comparators)
}

/// Whether numbers that are 0 are written `0`, as far as they count.
fn has_plain_zeros(partial: &Partial<'_>) -> bool {
    let numbers = [partial.major, partial.minor, partial.patch];
    numbers.into_iter().take_while(|part| !part.is_open()).all(|part| part.is_zero() || part.value() > 0)
}

enum Bounds<'a> {
    Any,
    One(Bound<'a>),
    Two(Bound<'a>, Bound<'a>),
}

impl<'a> Bounds<'a> {
    /// From `lower` up to, but without, the prereleases of `upper`.
    fn between(lower: [u64; 3], prerelease: &'a str, upper: [u64; 3]) -> Bounds<'a> {
        Bounds::Two(
            Bound { operator: Operator::GreaterOrEqual, numbers: lower, prerelease },
            Bound { operator: Operator::Less, numbers: upper, prerelease: "0" },
        )
    }
}

/// The prerelease of a lower bound whose numbers were open.
fn floor(options: Options) -> &'static str {
    if options.include_prerelease { "0" } else { "" }
}

/// `^1.2.3`: up to the next change of the left-most number that is not zero.
fn caret<'a>(partial: &Partial<'a>, options: Options) -> Bounds<'a> {
    let [major, minor, patch] = numbers(partial);
    let within_major = [major + 1, 0, 0];
    let within_minor = [major, minor + 1, 0];
    if partial.major.is_open() {
        Bounds::Any
    } else if partial.minor.is_open() {
        Bounds::between([major, 0, 0], floor(options), within_major)
    } else if partial.patch.is_open() {
        let upper = if partial.major.is_zero() { within_minor } else { within_major };
        Bounds::between([major, minor, 0], floor(options), upper)
    } else {
        let upper = match (partial.major.is_zero(), partial.minor.is_zero()) {
            (false, _) => within_major,
            (true, false) => within_minor,
            (true, true) => [major, minor, patch + 1],
        };
        Bounds::between([major, minor, patch], partial.prerelease, upper)
    }
}

/// `~1.2.3`: up to the next minor version, or major if there is no minor.
fn tilde<'a>(partial: &Partial<'a>, options: Options) -> Bounds<'a> {
    let [major, minor, patch] = numbers(partial);
    if partial.major.is_open() {
        Bounds::Any
    } else if partial.minor.is_open() {
        Bounds::between([major, 0, 0], floor(options), [major + 1, 0, 0])
    } else if partial.patch.is_open() {
        Bounds::between([major, minor, 0], floor(options), [major, minor + 1, 0])
    } else {
        Bounds::between([major, minor, patch], partial.prerelease, [major, minor + 1, 0])
    }
}

/// `1.x`, `>1.2`, `<=2`: an operator before a version with open numbers. `None` if
/// nothing is open, a number follows an open one, or the next number is one that
/// JavaScript does not write in digits.
fn open<'a>(operator: Option<Operator>, partial: &Partial<'a>, options: Options) -> Option<Bounds<'a>> {
    let [major, minor, _] = numbers(partial);
    let (open_major, open_minor) = (partial.major.is_open(), partial.minor.is_open());
    let misplaced = (open_major && !partial.minor.is_open()) || (open_minor && !partial.patch.is_open());
    if partial.is_full() || misplaced || (open_major && !partial.patch.is_open()) {
        return None;
    }
    let last = if open_minor { partial.major } else { partial.minor };
    if matches!(operator, Some(Operator::Greater | Operator::LessOrEqual)) && !last.has_written_successor() {
        return None;
    }
    let exclusive = matches!(operator, Some(Operator::Less | Operator::Greater));
    if open_major {
        let nothing = Bound { operator: Operator::Less, numbers: [0, 0, 0], prerelease: "0" };
        return Some(if exclusive { Bounds::One(nothing) } else { Bounds::Any });
    }
    let first = if open_minor { [major, 0, 0] } else { [major, minor, 0] };
    let next = if open_minor { [major + 1, 0, 0] } else { [major, minor + 1, 0] };
    let from = |numbers| Bound { operator: Operator::GreaterOrEqual, numbers, prerelease: floor(options) };
    let below = |numbers| Bound { operator: Operator::Less, numbers, prerelease: "0" };
    Some(match operator {
        None | Some(Operator::Equal) => Bounds::Two(from(first), below(next)),
        Some(Operator::Greater) => Bounds::One(from(next)),
        Some(Operator::GreaterOrEqual) => Bounds::One(from(first)),
        Some(Operator::Less) => Bounds::One(below(first)),
        Some(Operator::LessOrEqual) => Bounds::One(below(next)),
    })
}

/// `>=1.2.3-beta`. `None` if it is not of that kind.
fn primitive(word: &str, options: Options) -> Result<Option<Comparator>, VersionError> {
    // The lowest bound of all, if written plainly, is none.
    let least = if options.include_prerelease { ">=0.0.0-0" } else { ">=0.0.0" };
    if word == least {
        return Ok(Some(Comparator::any()));
    }
    let (operator, rest) = operator(word);
    let body = if options.loose { after_signs(rest) } else { rest.strip_prefix('v').unwrap_or(rest) };
    if !partial(body, options.loose).is_some_and(|partial| partial.is_full()) {
        return Ok(None);
    }
    let version = Version::parse_with(rest, options.loose)?;
    Ok(Some(Comparator::new(operator.unwrap_or(Operator::Equal), version)))
}

/// A word without its first `*` and the operator before that, which mean nothing.
fn without_star(word: &str) -> String {
    let Some((before, after)) = word.split_once('*') else { return word.to_owned() };
    let before = before.strip_suffix('=').unwrap_or(before);
    let before = before.strip_suffix(['<', '>']).unwrap_or(before);
    format!("{before}{after}")
}

/// The operator that a word begins with, and what follows it.
fn operator(word: &str) -> (Option<Operator>, &str) {
    let table = [
        (">=", Operator::GreaterOrEqual),
        ("<=", Operator::LessOrEqual),
        (">", Operator::Greater),
        ("<", Operator::Less),
        ("=", Operator::Equal),
    ];
    let found = table.iter().find_map(|(sign, operator)| Some((Some(*operator), word.strip_prefix(sign)?)));
    found.unwrap_or((None, word))
}

/// `1.2 - 2.3`: both ends as words of a range. `None` if the text is no such pair.
pub(super) fn hyphen(text: &str, options: Options) -> Option<String> {
    let (left, right) = text.split_once(" - ")?;
    let from = partial(after_signs(left), options.loose)?;
    let right = right.strip_suffix(' ').unwrap_or(right);
    let to = partial(after_signs(right), options.loose)?;
    let lower = lower_end(left.trim(), &from, options);
    let upper = upper_end(right.trim(), &to, options);
    Some(format!("{lower} {upper}").trim().to_owned())
}

fn lower_end(text: &str, partial: &Partial<'_>, options: Options) -> String {
    let floor = if options.include_prerelease { "-0" } else { "" };
    match (partial.major, partial.minor) {
        _ if partial.is_full() => {
            let floor = if partial.prerelease.is_empty() { floor } else { "" };
            format!(">={text}{floor}")
        }
        (Part::Digits(major), Part::Digits(minor)) => format!(">={major}.{minor}.0{floor}"),
        (Part::Digits(major), _) => format!(">={major}.0.0{floor}"),
        _ => String::new(),
    }
}

fn upper_end(text: &str, partial: &Partial<'_>, options: Options) -> String {
    let [major, minor, patch] = numbers(partial);
    if partial.major.is_open() {
        String::new()
    } else if partial.minor.is_open() {
        format!("<{}.0.0-0", successor(partial.major))
    } else if partial.patch.is_open() {
        format!("<{major}.{}.0-0", successor(partial.minor))
    } else if !partial.prerelease.is_empty() {
        format!("<={major}.{minor}.{patch}-{}", partial.prerelease)
    } else if options.include_prerelease {
        format!("<{major}.{minor}.{}-0", successor(partial.patch))
    } else {
        format!("<={text}")
    }
}

/// The next number as JavaScript writes it, which in the extreme is no number of a version.
fn successor(part: Part<'_>) -> String {
    if part.has_written_successor() { (part.value() + 1).to_string() } else { "1e+21".to_owned() }
}

fn numbers(partial: &Partial<'_>) -> [u64; 3] {
    [partial.major.value(), partial.minor.value(), partial.patch.value()]
}
