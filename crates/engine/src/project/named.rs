//! Releases that are named rather than pointed at: `npm:axios@1.14.1`, `pypi:requests==2.32.0`, `pkg:npm/axios@1.14.1`.

use std::path::{Path, PathBuf};

use vetch_lockfiles::Format;
use vetch_model::Integrity;
use vetch_model::history::{HistoricRelease, History};
use vetch_model::inventory::{Artifact, Ecosystem, Package, Role, Source};
use vetch_model::purl::{PurlParts, normalised};
use vetch_model::scan::TargetKind;

use super::{Opened, Project};
use crate::EngineError;

/// Ecosystem, name, and the version where one is given.
pub(super) type Named = (Ecosystem, String, Option<String>);

/// What a text names; `None` if it is no name of a release.
pub(super) fn parse(text: &str) -> Option<Named> {
    if text.starts_with("pkg:") {
        let parts = PurlParts::parse(text).ok()?;
        return match parts.ecosystem() {
            Ecosystem::Other(_) => None,
            ecosystem => Some((ecosystem, parts.full_name(), parts.version)),
        };
    }
    let (prefix, rest) = text.split_once(':')?;
    let (ecosystem, at) = match prefix {
        "npm" => (Ecosystem::Npm, rest.get(1..)?.find('@').map(|at| (at + 1, 1))),
        "pypi" => (Ecosystem::Pypi, rest.find("==").map(|at| (at, 2)).or_else(|| rest.find('@').map(|at| (at, 1)))),
        _ => return None,
    };
    let (name, version) = match at {
        Some((at, len)) => (rest.get(..at)?, rest.get(at + len..)),
        None => (rest, None),
    };
    let name = if ecosystem == Ecosystem::Pypi { normalised(name) } else { name.to_owned() };
    (!name.is_empty()).then(|| (ecosystem, name, version.filter(|version| !version.is_empty()).map(str::to_owned)))
}

/// A target that is one release of a registry. Which one exactly, its history says ([`complete`]).
pub(super) fn open(number: usize, target: &Path, (ecosystem, name, version): Named) -> Result<Opened, EngineError> {
    let here = std::fs::canonicalize(".").unwrap_or_else(|_| PathBuf::from("."));
    let mut project = Project::empty(number, target, here, TargetKind::Release)?;
    project.format = match ecosystem {
        Ecosystem::Npm => Format::PackageLock,
        _ => Format::Requirements,
    };
    project.is_named = true;
    let package = Package {
        role: Role::Dependency,
        source: Source::Registry { url: None, index: None },
        ..Package::new(ecosystem, name, version.as_deref())
    };
    project.inventory.push(package);
    Ok(Opened::of(project))
}

/// Fills in what the registry tells of a release: the version, if none was named, its archives and what they hash to.
pub(crate) fn complete(package: &mut Package, history: &History) {
    let version = package.version.clone().or_else(|| latest(history, &package.ecosystem));
    let Some(release) = version.as_deref().and_then(|version| history.release(version)) else {
        package.version = version;
        return;
    };
    *package = of_history(package, history, release);
}

/// A release of a history, as a package whose contents can be had.
pub(crate) fn of_history(package: &Package, history: &History, release: &HistoricRelease) -> Package {
    let digests = || release.digests.iter().filter_map(|digest| Integrity::parse(digest).ok());
    let mut own = Package {
        role: Role::Dependency,
        deprecated: release.deprecated.clone(),
        ..Package::new(package.ecosystem.clone(), package.name.clone(), Some(release.version.as_str()))
    };
    if own.ecosystem == Ecosystem::Npm {
        own.source = Source::Registry { url: release.url.clone(), index: None };
        own.integrity = digests().next();
        return own;
    }
    own.source = Source::Registry { url: None, index: Some(history.registry.clone()) };
    own.artifacts = digests().map(|integrity| Artifact { integrity: Some(integrity), ..Artifact::default() }).collect();
    own
}

/// What an installer would take: what the tag says, else the highest that is no trial.
fn latest(history: &History, ecosystem: &Ecosystem) -> Option<String> {
    if let Some(version) = history.tags.get("latest") {
        return Some(version.clone());
    }
    let is_usual = |release: &&HistoricRelease| {
        release.fate.withdrawn.is_none()
            && release.deprecated.is_none()
            && !release.version.bytes().any(|byte| byte == b'-' || byte.is_ascii_alphabetic())
    };
    let number = |release: &&HistoricRelease| vetch_versions::Sortable::parse(ecosystem, &release.version);
    history.releases.iter().filter(is_usual).max_by_key(number).map(|release| release.version.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_named_as_people_write_them() {
        let named = |text| parse(text).map(|(ecosystem, name, version)| (ecosystem, name, version.unwrap_or_default()));
        let npm = |name: &str, version: &str| Some((Ecosystem::Npm, name.to_owned(), version.to_owned()));
        let pypi = |name: &str, version: &str| Some((Ecosystem::Pypi, name.to_owned(), version.to_owned()));
        assert_eq!(named("npm:axios@1.14.1"), npm("axios", "1.14.1"));
        assert_eq!(named("npm:@a/b@1.0.0"), npm("@a/b", "1.0.0"));
        assert_eq!(named("npm:@a/b"), npm("@a/b", ""));
        assert_eq!(named("pypi:My_Tool==1.0"), pypi("my-tool", "1.0"));
        assert_eq!(named("pypi:tool@1.0"), pypi("tool", "1.0"));
        assert_eq!(named("pkg:npm/%40a/b@1.0.0"), npm("@a/b", "1.0.0"));
        for text in ["axios", "npm:", "gem:rails@1", "pkg:gem/rails@1", "C:\\x", ""] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
