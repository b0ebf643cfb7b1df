//! The parts of a dependency specifier (PEP 508), as written, and whether a
//! version is within a range.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

/// `name[extra, …] <range> ; marker` or `name[extra] @ url ; marker`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::python) struct Parts<'t> {
    pub(in crate::python) name: &'t str,
    pub(in crate::python) extras: Vec<&'t str>,
    /// The version specifier, or `@ url`.
    pub(in crate::python) range: &'t str,
    pub(in crate::python) marker: Option<&'t str>,
}

/// Takes a specifier apart; `None` if it does not start with a name.
pub(in crate::python) fn parts(text: &str) -> Option<Parts<'_>> {
    let text = text.trim();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let end = text.bytes().position(|byte| !is_name(byte)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
    let rest = rest.trim_start();
    let (extras, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((extras, rest)) => (extras, rest.trim_start()),
        None => ("", rest),
    };
    // A URL may hold a `;`, its marker comes after white space.
    let separator = if rest.starts_with('@') { " ;" } else { ";" };
    let (range, marker) = match rest.split_once(separator) {
        Some((range, marker)) => (range, Some(marker.trim())),
        None => (rest, None),
    };
    let range = range.trim();
    let range = range.strip_prefix('(').and_then(|range| range.strip_suffix(')')).unwrap_or(range).trim();
    let extras = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).collect();
    Some(Parts { name, extras, range, marker })
}

/// Whether `version` is within a range as poetry or PEP 440 writes it; `None` if
/// either of them is not understood.
pub(in crate::python) fn satisfies(range: &str, version: &str) -> Option<bool> {
    let version = Version::from_str(version).ok()?;
    let mut is_known = true;
    for alternative in range.split('|').map(str::trim).filter(|part| !part.is_empty()) {
        match is_within(alternative, &version) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => is_known = false,
        }
    }
    if range.trim().is_empty() { Some(true) } else { is_known.then_some(false) }
}

fn is_within(range: &str, version: &Version) -> Option<bool> {
    for clause in range.split(',').map(str::trim).filter(|clause| !clause.is_empty()) {
        let is_met = match clause.split_at_checked(1) {
            Some(("*", "")) => true,
            Some(("^", bound)) => is_near(bound.trim(), version, true)?,
            Some(("~", bound)) if !bound.starts_with('=') => is_near(bound.trim(), version, false)?,
            _ if clause.starts_with(|first: char| first.is_ascii_digit()) => {
                specifiers(&format!("=={clause}"), version)?
            }
            _ => specifiers(clause, version)?,
        };
        if !is_met {
            return Some(false);
        }
    }
    Some(true)
}

fn specifiers(text: &str, version: &Version) -> Option<bool> {
    Some(VersionSpecifiers::from_str(text).ok()?.contains(version))
}

/// `^bound` (up to the next change of the leftmost part that is not zero) or
/// `~bound` (up to the next minor). Source: <https://python-poetry.org/docs/dependency-specification/>.
fn is_near(bound: &str, version: &Version, is_caret: bool) -> Option<bool> {
    let low = Version::from_str(bound).ok()?;
    let release = low.release().to_vec();
    let at = if is_caret {
        release.iter().position(|part| *part != 0).unwrap_or(release.len().saturating_sub(1))
    } else {
        usize::from(release.len() > 1)
    };
    let mut high: Vec<u64> = release.iter().take(at + 1).copied().collect();
    let last = high.last_mut()?;
    *last = last.checked_add(1)?;
    Some(*version >= low && *version < Version::new(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifiers_come_apart() {
        let found = parts("httpx[socks, http2] >=0.27,<1 ; python_version < '3.9'").unwrap();
        let expected = Parts {
            name: "httpx",
            extras: vec!["socks", "http2"],
            range: ">=0.27,<1",
            marker: Some("python_version < '3.9'"),
        };
        assert_eq!(found, expected);
        let found = parts("a @ https://h.invalid/a;b.zip ; os_name == 'nt'").unwrap();
        assert_eq!((found.range, found.marker), ("@ https://h.invalid/a;b.zip", Some("os_name == 'nt'")));
        assert_eq!(parts("a (>=1)").unwrap().range, ">=1");
        assert_eq!(parts("; x"), None);
    }

    #[test]
    fn ranges_of_poetry_are_understood() {
        for (range, version, expected) in [
            ("^1.2", "1.9", Some(true)),
            ("^1.2", "2.0", Some(false)),
            ("^0.2.3", "0.2.9", Some(true)),
            ("^0.2.3", "0.3.0", Some(false)),
            ("~1.2.3", "1.2.9", Some(true)),
            ("~1.2", "1.3", Some(false)),
            ("~1", "1.9", Some(true)),
            ("*", "7", Some(true)),
            ("", "7", Some(true)),
            ("3.4", "3.4", Some(true)),
            ("1.*", "1.5", Some(true)),
            (">=1,<2 || >=3", "3.1", Some(true)),
            (">=1,<2 || >=3", "2.1", Some(false)),
            ("what", "2.1", None),
        ] {
            assert_eq!(satisfies(range, version), expected, "{range} {version}");
        }
    }
}
