//! Where the version of one dependency specifier stands, for those who edit it.

use std::ops::Range;

use super::requirement::{Requirement, parse};

/// One dependency specifier (PEP 508), taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The name, normalised (PEP 503).
    pub name: String,
    /// The version specifier as written; may be empty.
    pub specifier: String,
    /// Its bytes in the text; where it would go, if there is none.
    pub place: Range<usize>,
    /// The one version that it allows (`==1.2`), in normal form.
    pub pinned: Option<String>,
    /// What stands after `@`.
    pub url: Option<String>,
    /// What stands after `;`.
    pub marker: Option<String>,
}

/// Reads `text`; `None` if it is no specifier, or not one that an edit could be sure about.
pub fn spec(text: &str) -> Option<Spec> {
    let found = parse(text)?;
    if !found.faults.is_empty() {
        return None;
    }
    let place = place(text, &found)?;
    Some(Spec {
        pinned: found.pinned(),
        specifier: found.specifier.to_owned(),
        url: found.url.map(str::to_owned),
        marker: found.marker.map(str::to_owned),
        name: found.name,
        place,
    })
}

fn place(text: &str, found: &Requirement<'_>) -> Option<Range<usize>> {
    let name_end = text.find(found.written)? + found.written.len();
    // Extras stand in brackets right behind the name; their names hold none.
    let rest = text.get(name_end..)?;
    let bracket = rest.trim_start().starts_with('[');
    let end = if bracket { name_end + rest.find(']')? + 1 } else { name_end };
    if found.specifier.is_empty() || found.url.is_some() {
        return Some(end..end);
    }
    let start = end + text.get(end..)?.find(found.specifier)?;
    Some(start..start + found.specifier.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(text: &str) -> Option<String> {
        let spec = spec(text)?;
        Some(format!("{}==9{}", &text[..spec.place.start], &text[spec.place.end..]))
    }

    #[test]
    fn versions_are_exchanged_in_place() {
        for (text, expected) in [
            ("foo", Some("foo==9")),
            ("foo>=1,<2", Some("foo==9")),
            ("Foo.Bar[a, b] >=1 ; python_version<'3'", Some("Foo.Bar[a, b] ==9 ; python_version<'3'")),
            ("foo[a]; os_name == 'nt'", Some("foo[a]==9; os_name == 'nt'")),
            ("foo (>=1)", Some("foo (==9)")),
            ("foo 1.0", None),
            ("-e .", None),
        ] {
            assert_eq!(pinned(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn pins_and_urls_are_told() {
        assert_eq!(spec("a==1.0").unwrap().pinned.as_deref(), Some("1.0"));
        assert_eq!(spec("a>=1").unwrap().pinned, None);
        assert_eq!(spec("a @ https://h.invalid/a.whl").unwrap().url.as_deref(), Some("https://h.invalid/a.whl"));
    }
}
