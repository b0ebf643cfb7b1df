//! One dependency specifier: `name[extra] >=1,<2 ; marker`, `name @ url ; marker`.
//!
//! Grammar: <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>
//! (PEP 508). The parts are kept as written. The crates that read it fill in
//! environment variables and have no bounds, so the reader is our own, held to what
//! `packaging` says. What real files have and the grammar has not (`foo (>=1)`, `foo 1.0`, a stray word) is a fault of the
//! entry, which stands.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use vetch_model::purl::normalised;

use super::marker;
use crate::error::short;

/// One specifier, its parts as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement<'t> {
    /// The name as written.
    pub(crate) written: &'t str,
    /// The name normalised after PEP 503.
    pub(crate) name: String,
    /// Extras asked for, normalised.
    pub(crate) extras: Vec<String>,
    /// Version specifier without the parentheses that old files put around it; may be empty.
    pub(crate) specifier: &'t str,
    /// What stands after `@`.
    pub(crate) url: Option<&'t str>,
    /// What stands after `;`.
    pub(crate) marker: Option<&'t str>,
    /// What is not as the grammar wants it, in words.
    pub(crate) faults: Vec<String>,
}

impl Requirement<'_> {
    /// The version that the specifier leaves no choice about (`==1.2`, `===1.2`), in
    /// its normal form (PEP 440).
    pub(crate) fn pinned(&self) -> Option<String> {
        pinned(self.specifier)
    }

    /// What an edge states as its range: the specifier, or `@ url`.
    pub(crate) fn range(&self) -> String {
        match self.url {
            Some(url) => format!("@ {url}"),
            None => self.specifier.to_owned(),
        }
    }
}

/// The version that a specifier leaves no choice about, in its normal form.
pub(crate) fn pinned(specifier: &str) -> Option<String> {
    specifier.split(',').find_map(|clause| {
        let clause = clause.trim();
        let version = clause.strip_prefix("===").or_else(|| clause.strip_prefix("=="))?.trim();
        (!version.is_empty() && !version.ends_with(".*")).then(|| normal_version(version))
    })
}

/// A version in its normal form (PEP 440); one that is none stays as written.
pub(crate) fn normal_version(text: &str) -> String {
    let text = text.trim();
    Version::from_str(text).map_or_else(|_| text.to_owned(), |version| version.to_string())
}

/// Reads one specifier; `None` if it does not start with a name.
pub(crate) fn parse(text: &str) -> Option<Requirement<'_>> {
    let text = text.trim();
    let written = leading_name(text)?;
    let mut found = Requirement {
        written,
        name: normalised(written),
        extras: Vec::new(),
        specifier: "",
        url: None,
        marker: None,
        faults: Vec::new(),
    };
    if !is_name(written) {
        found.faults.push(format!("`{}` is no valid project name", short(written)));
    }
    let mut rest = text.get(written.len()..).unwrap_or_default().trim_start();
    if let Some(after) = rest.strip_prefix('[') {
        rest = found.read_extras(after);
    }
    match rest.strip_prefix('@') {
        Some(after) => found.read_url(after.trim_start()),
        None => found.read_specifier(rest),
    }
    if let Some(fault) = found.marker.and_then(marker::fault) {
        found.faults.push(fault);
    }
    Some(found)
}

impl<'t> Requirement<'t> {
    /// Extras up to `]`; what follows them.
    fn read_extras(&mut self, text: &'t str) -> &'t str {
        let Some((inside, after)) = text.split_once(']') else {
            self.faults.push("the list of extras has no `]`".to_owned());
            return "";
        };
        for extra in inside.split(',').map(str::trim) {
            if is_name(extra) {
                self.extras.push(normalised(extra));
            } else if !(extra.is_empty() && inside.trim().is_empty()) {
                self.faults.push(format!("`{}` is no valid name of an extra", short(extra)));
            }
        }
        after.trim_start()
    }

    /// A URL ends at a blank: a `;` right behind it is part of it.
    fn read_url(&mut self, text: &'t str) {
        let (url, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let rest = rest.trim();
        self.url = Some(url);
        if url.is_empty() {
            self.faults.push("nothing stands after `@`".to_owned());
        }
        match rest.strip_prefix(';') {
            Some(marker) => self.marker = Some(marker.trim()),
            None if rest.is_empty() => {}
            None => self.faults.push(format!("`{}` stands after the URL", short(rest))),
        }
    }

    fn read_specifier(&mut self, text: &'t str) {
        let (specifier, marker) = match text.split_once(';') {
            Some((specifier, marker)) => (specifier.trim(), Some(marker.trim())),
            None => (text.trim(), None),
        };
        self.marker = marker;
        let inside = specifier.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        self.specifier = inside.unwrap_or(specifier).trim();
        if let Some(fault) = specifier_fault(self.specifier) {
            self.faults.push(fault);
        }
    }
}

/// What is wrong with a version specifier, in words.
pub(crate) fn specifier_fault(specifier: &str) -> Option<String> {
    // `===` compares texts: any will do.
    let regular = specifier.split(',').filter(|clause| !clause.trim_start().starts_with("==="));
    let is_bad = |clause: &str| !clause.trim().is_empty() && VersionSpecifiers::from_str(clause).is_err();
    let bad = regular.into_iter().find(|clause| is_bad(clause))?;
    Some(format!("`{}` is no version specifier of PEP 440", short(bad.trim())))
}

/// The longest start of a text that could be a name.
fn leading_name(text: &str) -> Option<&str> {
    let is_inner = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let end = text.find(|letter| !is_inner(letter)).unwrap_or(text.len());
    let name = text.get(..end)?;
    name.starts_with(char::is_alphanumeric).then_some(name)
}

/// Whether a text is a valid name of a project or an extra.
pub(crate) fn is_name(text: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    is_end(bytes.first()) && is_end(bytes.last()) && bytes.iter().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let found = parse(text).unwrap();
        let marker = found.marker.unwrap_or("-");
        let extras = found.extras.join("+");
        format!("{}|{extras}|{}|{marker}|{}", found.name, found.range(), found.faults.len())
    }

    #[test]
    fn parts_are_told_apart() {
        for (text, expected) in [
            ("Foo.Bar", "foo-bar|||-|0"),
            ("foo[a, B_c]>=1,<2 ; python_version<'3'", "foo|a+b-c|>=1,<2|python_version<'3'|0"),
            ("foo>=1;python_version<'3'", "foo||>=1|python_version<'3'|0"),
            ("foo (>=1)", "foo||>=1|-|0"),
            ("foo(==1.*) ; extra == 'x'", "foo||==1.*|extra == 'x'|0"),
            (
                "foo @ https://a.invalid/x;y#egg=foo ; os_name=='nt'",
                "foo||@ https://a.invalid/x;y#egg=foo|os_name=='nt'|0",
            ),
            ("foo[] ~= 1.0", "foo||~= 1.0|-|0"),
            ("foo === any thing", "foo||=== any thing|-|0"),
            ("foo 1.0", "foo||1.0|-|1"),
            ("foo >= banana", "foo||>= banana|-|1"),
            ("foo[a", "foo|||-|1"),
            ("foo @", "foo||@ |-|1"),
            ("foo @ u trailing", "foo||@ u|-|1"),
            ("foo-", "foo-|||-|1"),
            ("foo; nonsense", "foo|||nonsense|1"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
        for text in ["", "  ", "-foo", "@x", "[a]", "==1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn pins_are_versions_in_normal_form() {
        let pin = |text| parse(text).unwrap().pinned();
        assert_eq!(pin("foo==1.0-Beta1").as_deref(), Some("1.0b1"));
        assert_eq!(pin("foo>=1, ==1.2").as_deref(), Some("1.2"));
        assert_eq!(pin("foo===odd one").as_deref(), Some("odd one"));
        assert_eq!(pin("foo==1.*"), None);
        assert_eq!(pin("foo>=1"), None);
    }

    #[test]
    fn packaging_is_of_the_same_opinion() {
        // What `packaging.requirements.Requirement` of packaging 26.3 says: name and extras, or that it is none.
        for (text, expected) in [
            ("A", Some("a|")),
            ("A.B-C_D", Some("a-b-c-d|")),
            ("aa", Some("aa|")),
            ("name", Some("name|")),
            ("name<=1", Some("name|")),
            ("name>=3", Some("name|")),
            ("name>=3,<2", Some("name|")),
            ("name@http://foo.com", Some("name|")),
            ("name [fred,bar] @ http://foo.com ; python_version=='2.7'", Some("name|fred+bar")),
            ("name[quux, strange];python_version<'2.7' and platform_version=='2'", Some("name|quux+strange")),
            ("name; os_name=='a' or os_name=='b'", Some("name|")),
            ("name; os_name=='a' and os_name=='b' or os_name=='c'", Some("name|")),
            ("name; os_name=='a' and (os_name=='b' or os_name=='c')", Some("name|")),
            ("name; (os_name=='a' or os_name=='b') and os_name=='c'", Some("name|")),
            (
                "requests [security,tests] >= 2.8.1, == 2.8.* ; python_version < \"2.7\"",
                Some("requests|security+tests"),
            ),
            ("a; python_version in '2.6 2.7'", Some("a|")),
            ("a; 'linux' in sys_platform", Some("a|")),
            ("a; python_version not in '3.0'", Some("a|")),
            ("a ; extra == 'x' or extra == \"y\"", Some("a|")),
            ("a>=", None),
            ("a;", None),
            ("a; os_name", None),
            ("a; os_name ==", None),
            ("a; (os_name=='a'", None),
            ("a; os_name=='a')", None),
            ("a[b", None),
            ("a[,]", None),
            ("a>=1 <2", None),
            ("a; os_name=='a' and", None),
        ] {
            let ours = parse(text).unwrap();
            assert_eq!(ours.faults.is_empty(), expected.is_some(), "{text}");
            if let Some(expected) = expected {
                assert_eq!(format!("{}|{}", ours.name, ours.extras.join("+")), expected, "{text}");
            }
        }
    }
}
