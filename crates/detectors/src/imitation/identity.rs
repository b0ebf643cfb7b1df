//! Who a release says that it is: its own repository, or that of the package that it is named like.

use vetch_model::history::{DAY, SignalSource};

use crate::input::Lookalike;
use crate::rules::prelude::*;

/// What the manifest says of where the package comes from.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    is_own: bool,
    borrowed: Option<Evidence>,
}

impl Identity {
    pub(crate) fn of(facts: &ReleaseFacts<'_>, lookalike: &Lookalike) -> Identity {
        let Some(manifest) = facts.contents.and_then(|contents| contents.manifest.as_ref()) else {
            return Identity::default();
        };
        let own = bare(&facts.package.name);
        let target = bare(&lookalike.target);
        let places = [("repository", &manifest.repository), ("homepage", &manifest.homepage)];
        let places: Vec<(&str, &String)> =
            places.iter().filter_map(|(field, url)| Some((*field, url.as_ref()?))).collect();
        let named = |url: &str, name: &str| repository_name(url).is_some_and(|found| letters(&found) == letters(name));
        // Packages of one repository are called by its name and more; one slip from it is no name of a part.
        let borrowed = places.iter().find(|(_, url)| own != target && named(url, target) && !named(url, own));
        Identity {
            is_own: manifest.description.as_ref().is_some_and(|text| text.len() >= 10)
                && places.iter().any(|(_, url)| named(url, own)),
            borrowed: borrowed.map(|(field, url)| Evidence::Field {
                location: Location::file("package.json"),
                field: (*field).to_owned(),
                found: (*url).clone(),
                expected: None,
                note: format!("the repository of {}", lookalike.target),
            }),
        }
    }

    /// It has a repository of its own name, and says what it is. Both are only said, so they clear nothing that it does.
    pub(crate) fn is_own(&self) -> bool {
        self.is_own
    }

    /// It gives the repository of the package that it is named like.
    pub(crate) fn borrows(&self) -> bool {
        self.borrowed.is_some()
    }

    pub(crate) fn evidence(&self) -> impl Iterator<Item = Evidence> {
        self.borrowed.clone().into_iter()
    }
}

/// Whether the package has been there so long, in so many releases, that it lives by its own name.
pub(crate) fn is_established(facts: &ReleaseFacts<'_>) -> bool {
    const RELEASES: usize = 10;
    const AGE: i64 = 2 * 365 * DAY;
    let Some(lineage) = facts.lineage.filter(|lineage| lineage.history.tells(SignalSource::Times)) else {
        return false;
    };
    let first = lineage.earlier.iter().filter_map(|release| release.published).min();
    let age = lineage.published().zip(first).map_or(0, |(published, first)| published.since(first));
    lineage.earlier.len() >= RELEASES && age >= AGE
}

/// Whether there is hardly anything of it besides this release.
pub(crate) fn is_new(facts: &ReleaseFacts<'_>) -> bool {
    const RELEASES: usize = 3;
    facts.lineage.is_some_and(|lineage| lineage.history.releases.len() <= RELEASES)
}

/// The name without its scope.
fn bare(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The last part of `https://host/owner/name.git#readme`, `owner/name` or `git@host:owner/name`.
fn repository_name(url: &str) -> Option<String> {
    let end = url.find(['#', '?']).unwrap_or(url.len());
    let path = url[..end].trim_end_matches('/');
    let (owner, last) = path.rsplit_once('/')?;
    if owner.is_empty() || last.contains('.') && owner.ends_with('/') {
        return None;
    }
    Some(last.strip_suffix(".git").unwrap_or(last).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_read_in_every_form() {
        for (url, name) in [
            ("https://github.com/a/tool.git#readme", Some("tool")),
            ("git+ssh://git@github.com/a/tool", Some("tool")),
            ("git@github.com:a/tool.git", Some("tool")),
            ("a/tool", Some("tool")),
            ("https://tool.example", None),
            ("tool", None),
        ] {
            assert_eq!(repository_name(url).as_deref(), name, "{url}");
        }
    }
}
