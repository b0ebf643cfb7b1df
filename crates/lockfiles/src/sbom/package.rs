//! What a component says of itself, as a package: whose name, which source, which hashes.

use vetch_model::inventory::{Artifact, Ecosystem, Package, Source};
use vetch_model::purl::{Purl, PurlParts, normalised};

use super::REMAKE;
use super::bom::{Component, Stated};
use super::hashes;
use super::report::Report;
use crate::error::short;
use crate::npm::places::{installed_as, path_fault, sanitised};
use crate::npm::source::{confined, from_resolved};

/// Types of components that are no packages unless they have a purl: what an image
/// or a device is made of. Everything else, unknown types too, is a package.
const NO_PACKAGES: &[&str] = &[
    "file",
    "operating-system",
    "device",
    "device-driver",
    "firmware",
    "platform",
    "machine-learning-model",
    "data",
    "cryptographic-asset",
];

/// Whether a component is a package.
pub(super) fn is_package(component: &Component<'_>) -> bool {
    component.purl.is_some() || !NO_PACKAGES.contains(&component.kind)
}

/// The package that the component at `index` states.
pub(super) fn package(component: &Component<'_>, index: usize, report: &mut Report<'_, '_>) -> Package {
    let what = match component.name.unwrap_or(component.reference) {
        "" => "a component".to_owned(),
        name => format!("`{}`", short(name)),
    };
    let what = what.as_str();
    let (parts, purl) = component.purl.and_then(|purl| parts(purl, what, report)).unzip();
    let (ecosystem, name) = identity(component, parts.as_ref());
    if name.is_empty() {
        report.add(what, component.span, "it has no name", REMAKE);
    }
    let version = version(component, parts.as_ref(), &ecosystem, what, report);
    let mut package = Package::new(ecosystem, name, version.as_deref());
    package.alias = alias(component, &package, parts.is_some());
    package.stated_purl = stated_purl(purl, parts.as_ref(), version.as_deref());
    package.source = source(component, &package, parts.as_ref(), what, report);
    read_hashes(component, parts.as_ref(), &mut package, what, report);
    if let Some(stated) = component.path {
        package.path = inside(stated, "path", index, what, report);
    }
    if let Some(stated) = component.workspace {
        let path = inside(stated, "workspace path", index, what, report);
        package.source = Source::Folder { path: path.clone() };
        package.path = path;
    }
    package.dev = component.is_development;
    package.optional = component.is_optional;
    package.bundled = component.is_bundled;
    package.has_install_script = component.has_install_script;
    package.license = component.license.map(str::to_owned);
    package.groups = component.groups.iter().map(|group| (*group).to_owned()).collect();
    package.declared_at = Some(report.document.location(component.span));
    package
}

fn parts(purl: Stated<'_>, what: &str, report: &mut Report<'_, '_>) -> Option<(PurlParts, Purl)> {
    PurlParts::parse_with_purl(purl.text)
        .inspect_err(|error| {
            let why = format!("its purl `{}` is none: {}; its name and version count", short(purl.text), error.reason);
            report.add(what, purl.span, why, REMAKE);
        })
        .ok()
}

/// Ecosystem and name: the purl's, or what name, group and tool suggest.
fn identity(component: &Component<'_>, parts: Option<&PurlParts>) -> (Ecosystem, String) {
    if let Some(parts) = parts {
        return match parts.ecosystem() {
            Ecosystem::Pypi => (Ecosystem::Pypi, normalised(&parts.name)),
            ecosystem => (ecosystem, parts.full_name()),
        };
    }
    let bare = component.name.or_else(|| cpe_field(component, 4)).unwrap_or_default();
    let name = match component.group {
        Some(group) if !bare.is_empty() => format!("{group}/{bare}"),
        _ => bare.to_owned(),
    };
    let purl = component.purl.map_or("", |purl| purl.text).to_ascii_lowercase();
    let ecosystem = match &component.ecosystem {
        Some(ecosystem) => ecosystem.clone(),
        None if purl.starts_with("pkg:npm/") || component.group.is_some_and(|group| group.starts_with('@')) => {
            Ecosystem::Npm
        }
        None if purl.starts_with("pkg:pypi/") => Ecosystem::Pypi,
        None => Ecosystem::Other("generic".to_owned()),
    };
    match ecosystem {
        Ecosystem::Pypi => (Ecosystem::Pypi, normalised(bare)),
        ecosystem => (ecosystem, name),
    }
}

/// A field of a CPE 2.3 (3 vendor, 4 product, 5 version) that says something.
fn cpe_field<'d>(component: &Component<'d>, number: usize) -> Option<&'d str> {
    let text = component.cpe?.strip_prefix("cpe:2.3:")?;
    // Escaped colons are in names that nothing else states; those CPEs tell nothing here.
    if text.contains("\\:") {
        return None;
    }
    text.split(':').nth(number.checked_sub(2)?).filter(|field| !matches!(*field, "" | "*" | "-"))
}

fn version(
    component: &Component<'_>,
    parts: Option<&PurlParts>,
    ecosystem: &Ecosystem,
    what: &str,
    report: &mut Report<'_, '_>,
) -> Option<String> {
    let of_purl = parts.and_then(|parts| parts.version.as_deref());
    let stated = component.version;
    // Other ecosystems' purls write epochs, prefixes and revisions in their own way.
    let is_comparable = matches!(ecosystem, Ecosystem::Npm | Ecosystem::Pypi);
    if let (Some(purl), Some(stated)) = (of_purl, stated)
        && purl != stated
        && is_comparable
    {
        let why = format!("its version is `{}`, its purl's `{}`; the purl counts", short(stated), short(purl));
        report.add(what, component.span, why, REMAKE);
    }
    of_purl.or(stated).or_else(|| cpe_field(component, 5)).map(str::to_owned)
}

/// npm writes the name of installation as the name (CycloneDX) or into the path
/// (SPDX), and the package's own into the purl.
fn alias(component: &Component<'_>, package: &Package, has_purl: bool) -> Option<String> {
    if package.ecosystem != Ecosystem::Npm || !has_purl {
        return None;
    }
    if let Some((_, installed)) = component.path.and_then(|path| installed_as(path.text)) {
        return (installed != package.name).then(|| installed.to_owned());
    }
    if let Some(alias) = component.alias {
        return (alias != package.name).then(|| alias.to_owned());
    }
    let name = component.name?;
    let full = match component.group {
        Some(group) => format!("{group}/{name}"),
        None => name.to_owned(),
    };
    // Tools that know no groups write the bare name of a scoped package.
    let bare = package.name.rsplit('/').next().unwrap_or_default();
    (full != package.name && name != package.name && name != bare).then_some(full)
}

/// The purl as stated, with the component's version where it has none of its own.
fn stated_purl(purl: Option<Purl>, parts: Option<&PurlParts>, version: Option<&str>) -> Option<Purl> {
    let parts = parts?;
    match (&parts.version, version) {
        (None, Some(version)) if parts.qualifiers.is_empty() && parts.subpath.is_none() => {
            Some(match parts.kind.as_str() {
                "npm" => Purl::npm(&parts.full_name(), Some(version)),
                "pypi" => Purl::pypi(&parts.name, Some(version)),
                kind => Purl::other(kind, &parts.full_name(), Some(version)),
            })
        }
        _ => purl,
    }
}

fn source(
    component: &Component<'_>,
    package: &Package,
    parts: Option<&PurlParts>,
    what: &str,
    report: &mut Report<'_, '_>,
) -> Source {
    let qualifier = |key: &str| parts.and_then(|parts| parts.qualifier(key));
    if let Some(url) = qualifier("vcs_url") {
        return git(url);
    }
    if let Some(url) = qualifier("download_url") {
        return Source::Tarball { url: url.to_owned() };
    }
    let index = qualifier("repository_url").map(str::to_owned);
    let kind = parts.map_or("", |parts| parts.kind.as_str());
    // A release of PyPI has several archives; they are its artifacts.
    let first =
        component.distributions.first().filter(|_| package.ecosystem != Ecosystem::Pypi || !is_index_like(component));
    if let Some(distribution) = first {
        return from_url(distribution.url, package, index, what, report);
    }
    match kind {
        "github" | "gitlab" | "bitbucket" => {
            let host = if kind == "bitbucket" { "bitbucket.org" } else { &format!("{kind}.com") };
            let commit = package.version.clone().filter(|version| is_commit(version));
            Source::Git { url: format!("https://{host}/{}", package.name), commit }
        }
        // The specification: without these qualifiers it is from its type's own registry.
        "" | "generic" => match component.vcs {
            Some(url) if component.purl.is_none() => git(url),
            _ => Source::Unknown { text: String::new() },
        },
        _ => Source::Registry { url: None, index },
    }
}

/// Whether all its archives are plain downloads, as an index has them.
fn is_index_like(component: &Component<'_>) -> bool {
    component.distributions.iter().all(|distribution| {
        let url = distribution.url.text;
        url.starts_with("https://") || url.starts_with("http://")
    })
}

fn from_url(
    url: Stated<'_>,
    package: &Package,
    index: Option<String>,
    what: &str,
    report: &mut Report<'_, '_>,
) -> Source {
    if url.text.starts_with("git+") && url.text.contains('@') && !url.text.contains('#') {
        return git(url.text);
    }
    let (source, fault) = confined(from_resolved(url.text, &package.name));
    if let Some(fault) = fault {
        let why = format!("its source `{}` is not read: {fault}", short(url.text));
        report.add(what, url.span, why, "scan that folder on its own, or mend the entry");
    }
    match source {
        // How other registries lay out their archives is not known here.
        Source::Tarball { url } if matches!(&package.ecosystem, Ecosystem::Other(kind) if kind != "generic") => {
            Source::Registry { url: Some(url), index }
        }
        Source::Registry { url, .. } => Source::Registry { url, index },
        source => source,
    }
}

/// `git+https://host/repo.git@commit#subpath` (SPDX, purl) or `…#commit` (npm).
fn git(text: &str) -> Source {
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    if is_commit(fragment) {
        return Source::Git { url: before.to_owned(), commit: Some(fragment.to_owned()) };
    }
    match before.rsplit_once('@') {
        Some((url, revision)) if !revision.contains('/') && !revision.contains(':') => {
            Source::Git { url: url.to_owned(), commit: is_commit(revision).then(|| revision.to_owned()) }
        }
        _ => Source::Git { url: before.to_owned(), commit: None },
    }
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn read_hashes(
    component: &Component<'_>,
    parts: Option<&PurlParts>,
    package: &mut Package,
    what: &str,
    report: &mut Report<'_, '_>,
) {
    let (integrity, others) = hashes::read(&component.hashes, what, report);
    package.cache_checksum = others;
    if package.ecosystem != Ecosystem::Pypi {
        package.integrity = integrity;
        for distribution in &component.distributions {
            let (integrity, _) = hashes::read(&distribution.hashes, what, report);
            package.integrity = package.integrity.take().or(integrity);
        }
        return;
    }
    // Which of the release's files the component's own hash is of, only a purl's qualifier tells.
    let file = parts.and_then(|parts| parts.qualifier("file_name")).unwrap_or_default();
    let is_only = component.distributions.len() == 1;
    for distribution in &component.distributions {
        let (own, _) = hashes::read(&distribution.hashes, what, report);
        let url = distribution.url.text;
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit('/').next().filter(|name| name.contains('.')).unwrap_or_default().to_owned();
        let integrity = own.or_else(|| integrity.clone().filter(|_| is_only));
        package.artifacts.push(Artifact { file: name, url: Some(url.to_owned()), integrity, size: None });
    }
    if !is_only && integrity.is_some() {
        package.artifacts.push(Artifact { file: file.to_owned(), url: None, integrity, size: None });
    }
}

/// A path in the project, or what is left of it when it would lead out.
fn inside(stated: Stated<'_>, field: &str, index: usize, what: &str, report: &mut Report<'_, '_>) -> String {
    let path = stated.text.strip_prefix("./").unwrap_or(stated.text);
    let path = if path == "." { "" } else { path };
    match path_fault(path) {
        None => path.to_owned(),
        Some(_) if path.is_empty() => String::new(),
        Some(fault) => {
            let why = format!("its {field} `{}` is not used: {fault}", short(path));
            report.add(what, stated.span, why, "only what lies in the project is read: mend the entry");
            sanitised(path, index)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_told_from_branches() {
        let hash = "0123456789012345678901234567890123456789";
        for (text, url, commit) in [
            (format!("git+https://h.invalid/r.git@{hash}"), "git+https://h.invalid/r.git", Some(hash)),
            (format!("git+ssh://git@h.invalid/r.git#{hash}"), "git+ssh://git@h.invalid/r.git", Some(hash)),
            (format!("git+https://h.invalid/r.git@{hash}#sub/dir"), "git+https://h.invalid/r.git", Some(hash)),
            ("git+https://h.invalid/r.git@main".to_owned(), "git+https://h.invalid/r.git", None),
            ("git+ssh://git@h.invalid/r.git".to_owned(), "git+ssh://git@h.invalid/r.git", None),
            ("git@h.invalid:a/r.git".to_owned(), "git@h.invalid:a/r.git", None),
        ] {
            assert_eq!(git(&text), Source::Git { url: url.into(), commit: commit.map(str::to_owned) }, "{text}");
        }
    }

    #[test]
    fn cpes_name_what_nothing_else_names() {
        let component = Component { cpe: Some("cpe:2.3:a:acme:tool:1.2:*:*:*:*:*:*:*"), ..Component::default() };
        assert_eq!((cpe_field(&component, 4), cpe_field(&component, 5)), (Some("tool"), Some("1.2")));
        let component = Component { cpe: Some("cpe:2.3:a:*:-"), ..Component::default() };
        assert_eq!((cpe_field(&component, 3), cpe_field(&component, 4), cpe_field(&component, 5)), (None, None, None));
    }
}
