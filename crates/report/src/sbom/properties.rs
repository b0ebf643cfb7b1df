//! What a component has no field for: CycloneDX's own properties of npm packages
//! (<https://github.com/CycloneDX/cyclonedx-property-taxonomy>), and ours.

use vetch_model::inventory::{Artifact, Ecosystem, Package, Role, Source};

use super::address;
use super::document::{Component, Scope};

/// Names and values.
pub(super) type Properties = Vec<(&'static str, String)>;

/// All properties of a component, in a fixed order.
pub(super) fn of(component: &Component<'_>) -> Properties {
    let mut properties = Properties::new();
    let Some(package) = component.package else { return properties };
    let all = |name, values: &[&str]| values.iter().map(move |value| (name, (*value).to_owned())).collect::<Vec<_>>();
    if package.ecosystem == Ecosystem::Npm && component.role == Role::Dependency {
        let flags = [
            ("cdx:npm:package:bundled", component.is_bundled),
            ("cdx:npm:package:development", component.scope == Scope::Excluded),
            ("cdx:npm:package:extraneous", component.is_extraneous),
            ("cdx:npm:package:hasInstallScript", component.has_install_script),
        ];
        properties.extend(flags.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (*name, "true".to_owned())));
        properties.extend(all("cdx:npm:package:path", &component.places));
    } else if component.role == Role::Dependency {
        properties.extend(all("vetch:installed", &component.places));
    }
    if component.role == Role::Workspace
        && let Source::Folder { path } = &package.source
    {
        properties.push(("vetch:workspace", path.clone()));
    }
    properties.extend(all("vetch:alias", &component.aliases));
    properties.extend(all("vetch:group", &component.groups));
    properties.extend(component.declared.iter().map(|declared| ("vetch:declared", declared.clone())));
    properties.extend(package.deprecated.iter().map(|text| ("vetch:deprecated", text.clone())));
    properties.extend(source(package).map(|text| ("vetch:source", text)));
    properties.extend(package.artifacts.iter().filter_map(artifact).map(|text| ("vetch:artifact", text)));
    let platform = &package.platform;
    properties.extend(
        [("vetch:os", &platform.os), ("vetch:cpu", &platform.cpu), ("vetch:libc", &platform.libc)]
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(name, values)| (name, values.join(" "))),
    );
    properties.extend(package.cache_checksum.iter().map(|text| ("vetch:cache-checksum", text.clone())));
    properties.extend(component.unresolved.iter().map(|text| ("vetch:unresolved", text.clone())));
    properties
}

/// A source that is no address.
fn source(package: &Package) -> Option<String> {
    let text = match &package.source {
        Source::Registry { url: Some(url), .. } | Source::Tarball { url } => url,
        Source::Git { url, .. } => url,
        Source::File { path } => return address::url(&format!("file:{path}")).is_none().then(|| path.clone()),
        Source::Folder { path } if package.role == Role::Dependency => return Some(path.clone()),
        Source::Unknown { text } => text,
        _ => return None,
    };
    (!text.is_empty() && address::url(text).is_none()).then(|| address::bare(text))
}

/// A file of a release of which no address is known: its name and what it hashes to.
fn artifact(artifact: &Artifact) -> Option<String> {
    let is_addressed = artifact.url.as_deref().is_some_and(|url| address::url(url).is_some());
    if is_addressed || artifact.file.is_empty() {
        return None;
    }
    let digests = artifact.integrity.iter().flat_map(|integrity| &integrity.digests);
    let digests = digests.map(|digest| format!(" {}:{}", digest.algorithm.as_str(), digest.to_hex()));
    Some(format!("{}{}", artifact.file, digests.collect::<String>()))
}
