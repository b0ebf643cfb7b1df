//! Names as registries compare them, and what they are made of.

use vetch_model::inventory::Ecosystem;

/// The name as its registry compares it: PyPI's after PEP 503 (lower case, runs of `-`, `_` and `.` are one
/// `-`), npm's in lower case, which all new names there have to be.
pub fn normal(ecosystem: &Ecosystem, name: &str) -> String {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if is_plain {
        return name.to_owned();
    }
    if *ecosystem != Ecosystem::Pypi {
        return name.to_lowercase();
    }
    let mut normal = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.push(c),
        }
    }
    normal
}

/// Scope and name within it, of `@scope/name`.
pub fn scope_of(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix('@')?.split_once('/')
}

/// Whether it stands between words.
pub(crate) const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.' | b'/' | b'@' | b'~')
}

/// The words of a name, as it separates them.
pub(crate) fn tokens(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| c.is_ascii() && is_separator(c as u8)).filter(|token| !token.is_empty())
}

/// The name without what separates its words.
pub(crate) fn squeezed(name: &str) -> String {
    name.chars().filter(|c| !(c.is_ascii() && is_separator(*c as u8))).collect()
}

/// The words in order of the alphabet: the same for names that differ by the order of words alone.
pub(crate) fn sorted(name: &str) -> String {
    let mut words: Vec<&str> = tokens(name).collect();
    words.sort_unstable();
    words.join("-")
}

/// Letters and digits in it.
pub(crate) fn letters(name: &str) -> usize {
    name.chars().filter(|c| c.is_alphanumeric()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_the_registry_does() {
        assert_eq!(normal(&Ecosystem::Pypi, "Zope__Interface.x"), "zope-interface-x");
        assert_eq!(normal(&Ecosystem::Npm, "JSONStream"), "jsonstream");
        assert_eq!(normal(&Ecosystem::Npm, "a_b"), "a_b");
        assert_eq!(scope_of("@a/b"), Some(("a", "b")));
        assert_eq!(scope_of("a/b"), None);
        assert_eq!((sorted("b-a.c"), squeezed("@a/b-c_d")), ("a-b-c".to_owned(), "abcd".to_owned()));
    }
}
