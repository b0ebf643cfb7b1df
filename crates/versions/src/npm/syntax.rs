//! The lexical grammar of versions and ranges. Every function takes the rest of
//! a text and says how much of its beginning it recognises; none looks back, and
//! numbers and identifiers are bounded, so that hostile texts cost linear time.

use super::{MAX_NUMBER, MAX_VERSION};

/// White space as JavaScript's `\s` and `trim` have it.
pub(super) fn is_space(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

/// One of the three numbers of a partial version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Not written at all.
    Missing,
    /// `x`, `X` or `*`.
    Any,
    /// Digits.
    Digits(&'a str),
}

impl Part<'_> {
    /// Whether nothing is said about the number.
    pub(super) fn is_open(self) -> bool {
        !matches!(self, Part::Digits(_))
    }

    /// Whether it is the plain digit `0`; `00` is not, as in node-semver.
    pub(super) fn is_zero(self) -> bool {
        self == Part::Digits("0")
    }

    /// Whether JavaScript writes the next number in digits: it is below 10²¹.
    pub(super) fn has_written_successor(self) -> bool {
        match self {
            Part::Digits(digits) => digits.parse::<f64>().is_ok_and(|number| number + 1.0 < 1e21),
            Part::Missing | Part::Any => true,
        }
    }

    /// The number; beyond [`MAX_NUMBER`] some number that is too large. Open is 0.
    pub(super) fn value(self) -> u64 {
        match self {
            Part::Digits(digits) => number_value(digits),
            Part::Missing | Part::Any => 0,
        }
    }
}

/// The value of digits, saturating just past what is allowed.
pub(super) fn number_value(digits: &str) -> u64 {
    let digit_sum = |sum: u64, byte: u8| sum.saturating_mul(10).saturating_add(u64::from(byte.wrapping_sub(b'0')));
    // Room for one increment without overflow: `^9007199254740991` is too large, not 0.
    digits.bytes().fold(0, digit_sum).min(MAX_NUMBER + 1)
}

/// `1`, `1.x`, `1.2.3-beta.1+build`: a version whose numbers may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Partial<'a> {
    pub(super) major: Part<'a>,
    pub(super) minor: Part<'a>,
    pub(super) patch: Part<'a>,
    /// Identifiers after the hyphen, with their dots; empty if there are none.
    pub(super) prerelease: &'a str,
    /// Identifiers after the plus sign, with their dots; empty if there are none.
    pub(super) build: &'a str,
}

impl Partial<'_> {
    /// Whether all three numbers are given.
    pub(super) fn is_full(&self) -> bool {
        !self.patch.is_open() && !self.minor.is_open() && !self.major.is_open()
    }
}

/// Reads all of `text` as a partial version.
pub(super) fn partial(text: &str, loose: bool) -> Option<Partial<'_>> {
    let (partial, rest) = partial_prefix(text, loose)?;
    if rest.is_empty() {
        return Some(partial);
    }
    // In loose texts the hyphen is optional, so `1.2.34.5` is 1.2.3-4.5: the
    // last digit of the patch goes to the prerelease if nothing else fits.
    let Part::Digits(digits) = partial.patch else { return None };
    if !loose || digits.len() < 2 || !partial.prerelease.is_empty() || !partial.build.is_empty() {
        return None;
    }
    let (patch, _) = digits.split_at(digits.len() - 1);
    let tail = text.get(text.len() - rest.len() - 1..)?;
    let (prerelease, rest) = take_prerelease(tail, true);
    let (build, rest) = take_build(rest);
    rest.is_empty().then_some(Partial { patch: Part::Digits(patch), prerelease, build, ..partial })
}

/// Reads a partial version from the beginning of `text`; also gives what follows.
pub(super) fn partial_prefix(text: &str, loose: bool) -> Option<(Partial<'_>, &str)> {
    let (major, rest) = take_part(text, loose)?;
    let (minor, rest) = take_dotted_part(rest, loose);
    let (patch, rest) = if minor == Part::Missing { (minor, rest) } else { take_dotted_part(rest, loose) };
    let mut partial = Partial { major, minor, patch, prerelease: "", build: "" };
    if patch == Part::Missing {
        return Some((partial, rest));
    }
    let (prerelease, rest) = take_prerelease(rest, loose);
    let (build, rest) = take_build(rest);
    partial.prerelease = prerelease;
    partial.build = build;
    Some((partial, rest))
}

fn take_dotted_part(text: &str, loose: bool) -> (Part<'_>, &str) {
    text.strip_prefix('.').and_then(|rest| take_part(rest, loose)).unwrap_or((Part::Missing, text))
}

fn take_part(text: &str, loose: bool) -> Option<(Part<'_>, &str)> {
    if let Some(rest) = text.strip_prefix(['x', 'X', '*']) {
        return Some((Part::Any, rest));
    }
    let (digits, rest) = text.split_at(number_length(text, loose));
    (!digits.is_empty()).then_some((Part::Digits(digits), rest))
}

/// How many bytes are a number: no leading zero unless loose.
fn number_length(text: &str, loose: bool) -> usize {
    if !loose && text.starts_with('0') {
        return 1;
    }
    text.bytes().take(MAX_VERSION).take_while(u8::is_ascii_digit).count()
}

/// Takes `-alpha.1`, in loose texts also `alpha.1`, and gives the identifiers.
fn take_prerelease(text: &str, loose: bool) -> (&str, &str) {
    let identifier = |text: &str| prerelease_identifier(text, loose);
    let hyphenated = text.strip_prefix('-').map(|rest| rest.split_at(dotted_length(rest, identifier)));
    match hyphenated {
        Some((found, rest)) if !found.is_empty() => (found, rest),
        _ if loose => text.split_at(dotted_length(text, identifier)),
        _ => ("", text),
    }
}

/// Takes `+build.5` and gives the identifiers.
pub(super) fn take_build(text: &str) -> (&str, &str) {
    let taken = text.strip_prefix('+').map(|rest| rest.split_at(dotted_length(rest, word_length)));
    taken.filter(|(found, _)| !found.is_empty()).unwrap_or(("", text))
}

/// How many bytes are identifiers with dots between them.
fn dotted_length(text: &str, identifier: impl Fn(&str) -> usize) -> usize {
    let mut length = identifier(text);
    while length > 0
        && let Some(rest) = text.get(length..).and_then(|rest| rest.strip_prefix('.'))
    {
        match identifier(rest) {
            0 => break,
            more => length += 1 + more,
        }
    }
    length
}

/// How many bytes are an identifier of a prerelease: a word, but as a number
/// without leading zeros unless loose.
fn prerelease_identifier(text: &str, loose: bool) -> usize {
    let length = word_length(text);
    let numeric = text.bytes().take(length).all(|byte| byte.is_ascii_digit());
    if numeric && !loose { number_length(text, loose).min(length) } else { length }
}

fn word_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count()
}

/// What follows the signs that loose versions and all ranges allow before the
/// first number: any of `v`, `=` and spaces.
pub(super) fn after_signs(text: &str) -> &str {
    text.trim_start_matches(|c| c == 'v' || c == '=' || is_space(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loose_patch_gives_its_last_digit_to_the_prerelease() {
        let found = partial("1.2.34.5", true).unwrap();
        assert_eq!((found.patch, found.prerelease), (Part::Digits("3"), "4.5"));
        assert_eq!(partial("1.2.3.4", true), None);
        assert_eq!(partial("1.2.34.5", false), None);
    }

    #[test]
    fn numbers_saturate_past_the_limit() {
        assert_eq!(number_value("9007199254740991"), MAX_NUMBER);
        assert_eq!(number_value(&"9".repeat(200)), MAX_NUMBER + 1);
    }

    #[test]
    fn leading_zeros_are_for_loose_texts() {
        assert!(partial("1.2.03", false).is_none());
        assert!(partial("1.2.3-01", false).is_none());
        assert!(partial("1.2.3-01", true).is_some());
        assert!(partial("1.2.3-0a", false).is_some());
    }
}
