//! Which packages a person means: `name`, `name@version` or a purl.

use std::borrow::Cow;
use std::str::FromStr;

use vetch_model::Purl;
use vetch_model::inventory::{Ecosystem, Inventory, Package, PackageId};
use vetch_model::purl::{PurlParts, normalised};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    name: String,
    version: Option<String>,
    /// The purl without qualifiers, and whether it names a version.
    purl: Option<(String, bool)>,
}

impl Selector {
    /// Reads a selector. A name may have a scope (`@scope/name`); what stands after a
    /// later `@` is a version. What begins with `pkg:` and is no purl is a name as well.
    pub fn parse(text: &str) -> Selector {
        let text = text.trim();
        if text.starts_with("pkg:")
            && let Ok(purl) = Purl::from_str(text)
        {
            let (bare, version) = split_purl(purl.as_str());
            return Selector {
                name: String::new(),
                version: None,
                purl: Some((
                    version.map_or_else(|| bare.to_owned(), |version| format!("{bare}@{version}")),
                    version.is_some(),
                )),
            };
        }
        let at = text.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
        let (name, version) = match at {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let version = version.filter(|version| !version.is_empty()).map(str::to_owned);
        Selector { name: name.to_owned(), version, purl: None }
    }

    /// Whether it means this package, by its own name or the one it is installed under.
    pub fn matches(&self, package: &Package) -> bool {
        if self.purl.is_some() {
            return self.is_purl(&package.purl());
        }
        let is_python = package.ecosystem == Ecosystem::Pypi;
        self.is_named(&package.name, is_python, package.version.as_deref())
            || package.alias.as_deref().is_some_and(|alias| self.is_named(alias, false, package.version.as_deref()))
    }

    /// Whether it means this release.
    pub fn means(&self, purl: &Purl) -> bool {
        if self.purl.is_some() {
            return self.is_purl(purl);
        }
        PurlParts::parse(purl.as_str())
            .is_ok_and(|parts| self.is_named(&parts.full_name(), parts.kind == "pypi", parts.version.as_deref()))
    }

    fn is_purl(&self, purl: &Purl) -> bool {
        let Some((wanted, has_version)) = &self.purl else { return false };
        let (bare, version) = split_purl(purl.as_str());
        match has_version {
            true => version.is_some_and(|version| wanted.strip_prefix(bare) == Some(&format!("@{version}"))),
            false => wanted == bare,
        }
    }

    fn is_named(&self, name: &str, is_python: bool, version: Option<&str>) -> bool {
        let wanted: Cow<'_, str> = match is_python {
            true => Cow::Owned(normalised(&self.name)),
            false => Cow::Borrowed(&self.name),
        };
        !self.name.is_empty() && name == wanted && self.version.as_deref().is_none_or(|wanted| version == Some(wanted))
    }

    /// Every package that it means, in file order.
    pub fn find(&self, inventory: &Inventory) -> Vec<PackageId> {
        inventory.iter().filter(|(_, package)| self.matches(package)).map(|(id, _)| id).collect()
    }

    /// The name in it, as people write it.
    pub fn name(&self) -> &str {
        match &self.purl {
            Some((purl, _)) => split_purl(purl).0.rsplit('/').next().unwrap_or_default(),
            None => &self.name,
        }
    }

    /// The same without the version; `None` if it has none.
    pub fn any_version(&self) -> Option<Selector> {
        match &self.purl {
            Some((purl, true)) => Some(Selector { purl: Some((split_purl(purl).0.to_owned(), false)), ..self.clone() }),
            Some(_) => None,
            None => self.version.is_some().then(|| Selector { version: None, ..self.clone() }),
        }
    }
}

/// A purl's part up to the version, and the version; qualifiers and subpath are left out.
fn split_purl(purl: &str) -> (&str, Option<&str>) {
    let bare = purl.split(['?', '#']).next().unwrap_or(purl);
    let name = bare.rfind('/').map_or(0, |slash| slash + 1);
    match bare[name..].find('@') {
        Some(at) => (&bare[..name + at], Some(&bare[name + at + 1..])),
        None => (bare, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(ecosystem: Ecosystem, name: &str, version: &str) -> Package {
        Package::new(ecosystem, name, Some(version))
    }

    #[test]
    fn names_versions_and_purls() {
        let scoped = package(Ecosystem::Npm, "@scope/name", "1.0.0");
        for text in [
            "@scope/name",
            "@scope/name@1.0.0",
            "pkg:npm/%40scope/name",
            "pkg:npm/%40scope/name@1.0.0?x=y",
            "@scope/name@",
        ] {
            assert!(Selector::parse(text).matches(&scoped), "{text}");
        }
        for text in
            ["name", "@scope/name@1.0", "pkg:npm/name", "pkg:npm/%40scope/name@1.0", "pkg:pypi/name", "", "@", "pkg:"]
        {
            assert!(!Selector::parse(text).matches(&scoped), "{text}");
        }
    }

    #[test]
    fn python_names_are_normalised_and_others_are_not() {
        assert!(Selector::parse("Typing_Extensions").matches(&package(Ecosystem::Pypi, "typing-extensions", "4.0")));
        assert!(Selector::parse("pkg:pypi/Typing_Extensions@4.0").matches(&package(
            Ecosystem::Pypi,
            "typing-extensions",
            "4.0"
        )));
        assert!(!Selector::parse("Lodash").matches(&package(Ecosystem::Npm, "lodash", "4.0.0")));
    }

    #[test]
    fn an_alias_is_a_name_too() {
        let alias = Package { alias: Some("old".to_owned()), ..package(Ecosystem::Npm, "new", "1.0.0") };
        assert!(Selector::parse("old").matches(&alias) && Selector::parse("new@1.0.0").matches(&alias));
        assert_eq!(Selector::parse("old@1").any_version(), Some(Selector::parse("old")));
        assert_eq!(Selector::parse("pkg:npm/a@1").any_version(), Some(Selector::parse("pkg:npm/a")));
        assert_eq!(Selector::parse("pkg:npm/a@1").name(), "a");
    }
}
