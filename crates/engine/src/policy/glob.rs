//! Globs over paths within a package: `*` and `?` within a segment, `**` across segments.

use std::fmt;

/// Longest pattern, in bytes. Matching takes at most this times the path's length.
const LONGEST: usize = 512;

/// A parsed glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(char),
    /// `?`
    One,
    /// `*`
    Segment,
    /// `**`
    Any,
    /// `**/`: nothing, or anything that ends with `/`.
    Folders,
}

impl Glob {
    /// Parses a pattern.
    ///
    /// # Errors
    /// In words, when it is empty, too long, absolute, or has a `..` segment or `\`.
    pub fn parse(text: &str) -> Result<Glob, &'static str> {
        if text.is_empty() || text.len() > LONGEST {
            return Err("a glob has between 1 and 512 bytes");
        }
        if text.starts_with('/') || text.contains('\\') || text.split('/').any(|segment| segment == "..") {
            return Err("a glob is relative to the package, with `/` and without `..`");
        }
        let mut parts = Vec::new();
        let mut rest = text.strip_prefix("./").unwrap_or(text);
        while let Some(c) = rest.chars().next() {
            let (part, length) = match c {
                '*' if rest.starts_with("**/") => (Part::Folders, 3),
                '*' if rest.starts_with("**") => (Part::Any, 2),
                '*' => (Part::Segment, 1),
                '?' => (Part::One, 1),
                c => (Part::Literal(c), c.len_utf8()),
            };
            parts.push(part);
            rest = &rest[length..];
        }
        Ok(Glob { text: text.to_owned(), parts })
    }

    /// Whether the whole path matches.
    pub fn matches(&self, path: &str) -> bool {
        let path: Vec<char> = path.chars().collect();
        // reach[i]: the parts so far can match the first i characters.
        let mut reach = vec![false; path.len() + 1];
        reach[0] = true;
        for part in &self.parts {
            reach = step(*part, &path, &reach);
        }
        reach[path.len()]
    }
}

fn step(part: Part, path: &[char], reach: &[bool]) -> Vec<bool> {
    let mut next = vec![false; reach.len()];
    let mut open = false;
    for i in 0..reach.len() {
        let before = i.checked_sub(1).map(|k| path[k]);
        match part {
            Part::Literal(c) => next[i] = before == Some(c) && reach[i - 1],
            Part::One => next[i] = before.is_some_and(|c| c != '/') && reach[i - 1],
            Part::Segment => {
                open = reach[i] || (open && before != Some('/'));
                next[i] = open;
            }
            Part::Any => {
                open |= reach[i];
                next[i] = open;
            }
            Part::Folders => {
                next[i] = reach[i] || (open && before == Some('/'));
                open |= reach[i];
            }
        }
    }
    next
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_documented() {
        let cases = [
            ("lib/*.js", "lib/a.js", true),
            ("lib/*.js", "lib/x/a.js", false),
            ("lib/**", "lib/x/a.js", true),
            ("**/*.js", "a.js", true),
            ("**/*.js", "x/y/a.js", true),
            ("**/b.js", "xb.js", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("a", "ab", false),
            ("./a", "a", true),
            ("lib*", "lib/a", false),
            ("[a]", "[a]", true),
        ];
        for (glob, path, expected) in cases {
            assert_eq!(Glob::parse(glob).unwrap().matches(path), expected, "{glob} on {path}");
        }
    }

    #[test]
    fn patterns_that_leave_the_package_are_refused() {
        for text in ["", "/a", "../a", "a/..", "a\\b"] {
            assert!(Glob::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn many_stars_are_no_trap() {
        let glob = Glob::parse(&"*a".repeat(250)).unwrap();
        assert!(!glob.matches(&"a".repeat(4_000).replace("aaaa", "aaa/")));
    }
}
