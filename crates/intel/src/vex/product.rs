//! Which package a statement names, and whether that is a release that is scanned.

use serde::{Deserialize, Serialize};
use vetch_model::inventory::Ecosystem;
use vetch_model::purl::PurlParts;
use vetch_versions::Sortable;

use super::{Named, cut, name, world};
use crate::record::World;

/// Longest purl, in bytes.
const MAX_PURL: usize = 1_024;
/// Qualifiers that say that a package is another one of the same name: from elsewhere.
const ORIGINS: [&str; 3] = ["repository_url", "vcs_url", "download_url"];

/// A package of npm or PyPI, as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Product {
    /// As written.
    pub(crate) purl: String,
    pub(crate) world: World,
    /// In its normal form.
    pub(crate) name: String,
    /// `None`: all versions.
    pub(crate) version: Option<String>,
    qualifiers: Vec<(String, String)>,
    /// What it is a part of; `None` if it is spoken of by itself.
    pub(crate) within: Option<Whole>,
}

/// A product of which a package is a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Whole {
    /// As written: a purl, an address, a name.
    pub(crate) shown: String,
    /// Of npm or PyPI; `None` if only a name is known.
    world: Option<World>,
    name: String,
    version: Option<String>,
}

/// A release that is asked about: what of it decides whether a statement means it.
#[derive(Debug, Clone, Copy)]
pub struct Part<'p> {
    /// Its version.
    pub version: &'p str,
    /// Qualifiers of the purl that its inventory states.
    pub qualifiers: &'p [(String, String)],
    /// It may be another package of this name: only a statement that names its origin means it.
    pub is_elsewhere: bool,
}

/// A product that is scanned: a project, or a member of its workspaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Own {
    /// Whose rules its name follows.
    pub ecosystem: Ecosystem,
    /// Its name, else that of its folder.
    pub name: String,
    /// Its version, where it has one.
    pub version: Option<String>,
}

/// What a purl names; `version` is one that stands beside it, for purls without.
pub(super) fn named(purl: &str, version: Option<&str>, within: Option<Whole>) -> Named {
    if purl.len() > MAX_PURL {
        return Named::Unclear(format!("its purl is longer than {MAX_PURL} bytes"));
    }
    let parts = match PurlParts::parse(purl) {
        Ok(parts) => parts,
        Err(error) => return Named::Unclear(cut(&error.to_string(), 200)),
    };
    let Some(world) = world(&parts.kind) else { return Named::Foreign };
    if parts.subpath.is_some() {
        return Named::Unclear(format!("`{}` names only a part of a package", cut(purl, 120)));
    }
    if world == World::Pypi && parts.namespace.is_some() {
        return Named::Unclear(format!("`{}` has a namespace, which PyPI does not", cut(purl, 120)));
    }
    Named::Part(Product {
        purl: purl.to_owned(),
        world,
        name: world.normal(&parts.full_name()),
        version: parts.version.or_else(|| version.map(str::to_owned)),
        qualifiers: parts.qualifiers,
        within,
    })
}

impl Whole {
    /// A product by its purl, or by the name that it has otherwise.
    pub(super) fn new(identifier: &str, other_name: &str, version: Option<&str>) -> Whole {
        let parts = PurlParts::parse(identifier).ok().filter(|_| identifier.len() <= MAX_PURL);
        let shown = if identifier.is_empty() { other_name } else { identifier };
        match parts {
            Some(parts) => {
                let world = world(&parts.kind);
                // An image or an archive is called like the project, not like its place.
                let own = if world.is_some() { parts.full_name() } else { parts.name };
                let name = world.map_or_else(|| own.clone(), |world| world.normal(&own));
                let version = parts.version.or_else(|| version.map(str::to_owned));
                Whole { shown: name_of(shown), world, name, version }
            }
            None => {
                let own = if other_name.is_empty() { identifier } else { other_name };
                Whole { shown: name_of(shown), world: None, name: name(own), version: version.map(str::to_owned) }
            }
        }
    }

    /// Whether it is this project.
    pub(crate) fn is(&self, own: &Own) -> bool {
        let own_world = World::of(&own.ecosystem);
        let is_called_so = match self.world {
            Some(world) => own_world == Some(world) && world.normal(&own.name) == self.name,
            None => !self.name.is_empty() && own.name.eq_ignore_ascii_case(&self.name),
        };
        let is_version = match (&self.version, &own.version) {
            (None, _) => true,
            // Of a digest or a tag nobody can tell which version it is, so it is none of ours.
            (Some(stated), Some(own)) => stated == own,
            (Some(_), None) => false,
        };
        is_called_so && is_version
    }
}

fn name_of(text: &str) -> String {
    name(text)
}

impl Product {
    /// Whether it is this release. Its name is known to be the same.
    pub(crate) fn is(&self, part: &Part<'_>) -> bool {
        let is_version = self.version.as_deref().is_none_or(|version| is_same(self.world, version, part.version));
        let value = |all: &'_ [(String, String)], key: &str| {
            all.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.clone())
        };
        // All that it states has to be so, and what says that the release is from elsewhere has to be stated.
        let states = self.qualifiers.iter().all(|(key, wanted)| value(part.qualifiers, key).as_ref() == Some(wanted));
        let is_origin = ORIGINS.iter().all(|key| value(&self.qualifiers, key) == value(part.qualifiers, key));
        let names_origin = ORIGINS.iter().any(|key| value(&self.qualifiers, key).is_some());
        is_version && states && is_origin && (!part.is_elsewhere || names_origin)
    }
}

/// Whether two versions are one: letter by letter, and by Python's own rules. npm's order passes over what stands behind
/// `+`, which is another release.
fn is_same(world: World, stated: &str, own: &str) -> bool {
    if stated == own {
        return true;
    }
    let read = |text: &str| Some(Sortable::parse(&Ecosystem::Pypi, text)).filter(Sortable::is_version);
    world == World::Pypi && read(stated).zip(read(own)).is_some_and(|(stated, own)| stated == own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(purl: &str) -> Product {
        match named(purl, None, None) {
            Named::Part(product) => product,
            other => panic!("{other:?}"),
        }
    }

    fn is(purl: &str, version: &str, qualifiers: &[(&str, &str)], is_elsewhere: bool) -> bool {
        let qualifiers: Vec<(String, String)> =
            qualifiers.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        product(purl).is(&Part { version, qualifiers: &qualifiers, is_elsewhere })
    }

    #[test]
    fn versions_and_qualifiers_limit_what_is_meant() {
        assert!(is("pkg:npm/a", "1.0.0", &[], false));
        assert!(is("pkg:npm/a@1.0.0", "1.0.0", &[], false));
        assert!(!is("pkg:npm/a@1.0", "1.0.0", &[], false));
        assert!(!is("pkg:npm/a@1.0.0%2B1", "1.0.0", &[], false));
        assert!(!is("pkg:npm/a@*", "1.0.0", &[], false));
        assert!(is("pkg:pypi/a@1.0", "1.0.0", &[], false));
        assert!(!is("pkg:pypi/a@1.0", "1.0+cu118", &[], false));
        let own = [("repository_url", "https://npm.acme.invalid")];
        assert!(!is("pkg:npm/a@1.0.0?repository_url=https://npm.acme.invalid", "1.0.0", &[], false));
        assert!(is("pkg:npm/a@1.0.0?repository_url=https://npm.acme.invalid", "1.0.0", &own, true));
        assert!(!is("pkg:npm/a@1.0.0", "1.0.0", &own, false));
        assert!(!is("pkg:npm/a@1.0.0", "1.0.0", &[], true));
        assert!(is("pkg:npm/a@1.0.0", "1.0.0", &[("arch", "x64")], false));
        assert!(!is("pkg:npm/a@1.0.0?arch=x64", "1.0.0", &[], false));
    }

    #[test]
    fn what_names_no_package_is_told() {
        assert_eq!(named("pkg:maven/org.acme/a@1", None, None), Named::Foreign);
        for wrong in ["pkg:npm/a#lib/x", "pkg:npm/", "pkg:npm", "a", "", "pkg:pypi/x/a@1"] {
            assert!(matches!(named(wrong, None, None), Named::Unclear(_)), "{wrong}");
        }
        assert!(matches!(named(&format!("pkg:npm/{}", "a".repeat(2_000)), None, None), Named::Unclear(_)));
        assert_eq!(product("pkg:npm/%40Acme/JSONStream@1").name, "@Acme/JSONStream");
        assert_eq!(product("pkg:pypi/Foo_Bar").name, "foo-bar");
    }

    #[test]
    fn a_whole_is_the_project_of_that_name_and_version() {
        let own = Own { ecosystem: Ecosystem::Npm, name: "demo".to_owned(), version: Some("1.0.0".to_owned()) };
        for (whole, expected) in [
            (Whole::new("pkg:npm/demo@1.0.0", "", None), true),
            (Whole::new("pkg:npm/demo", "", None), true),
            (Whole::new("pkg:npm/demo@2.0.0", "", None), false),
            (Whole::new("pkg:pypi/demo", "", None), false),
            (Whole::new("pkg:npm/%40x/demo", "", None), false),
            (Whole::new("pkg:oci/demo", "", None), true),
            (Whole::new("", "Demo", Some("1.0.0")), true),
            (Whole::new("", "Other", None), false),
            (Whole::new("", "", None), false),
        ] {
            assert_eq!(whole.is(&own), expected, "{whole:?}");
        }
        assert!(!Whole::new("pkg:npm/demo@1.0.0", "", None).is(&Own { version: None, ..own }));
    }
}
