//! CycloneDX, as its JSON has it; [`super::cyclonedx_xml`] writes the same types.

use std::io;

use serde::Serialize;
use vetch_model::Integrity;
use vetch_model::inventory::{Ecosystem, Source};

use super::document::{Component, Document, Scope};
use super::licence::Licence;
use super::vulnerabilities::{self, Vulnerability};
use super::{CycloneDxVersion, SbomView, Stamp, address, gaps, properties, serial};
use crate::{TOOL_NAME, TOOL_URI, ToolInfo};

/// The document (`bom`).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bom<'d> {
    #[serde(rename = "$schema")]
    schema: String,
    bom_format: &'static str,
    pub(super) spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) serial_number: Option<String>,
    pub(super) version: u32,
    pub(super) metadata: Metadata<'d>,
    pub(super) components: Vec<BomComponent<'d>>,
    pub(super) dependencies: Vec<Dependency<'d>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) compositions: Vec<Composition<'d>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) vulnerabilities: Vec<Vulnerability>,
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timestamp: Option<String>,
    pub(super) tools: Tools<'d>,
    pub(super) component: BomComponent<'d>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
pub(super) struct Tools<'d> {
    pub(super) components: Vec<BomComponent<'d>>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BomComponent<'d> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub(super) bom_ref: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<&'d str>,
    pub(super) name: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) licenses: Vec<License<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<&'d str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) external_references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Hash {
    pub(super) alg: String,
    pub(super) content: String,
}

/// A list may hold one expression, or licences by name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum License<'d> {
    Expression(&'d str),
    License(NamedLicense<'d>),
}

#[derive(Debug, Serialize)]
pub(super) struct NamedLicense<'d> {
    pub(super) name: &'d str,
}

#[derive(Debug, Serialize)]
pub(super) struct Reference {
    pub(super) url: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash>,
}

#[derive(Debug, Serialize)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency<'d> {
    #[serde(rename = "ref")]
    pub(super) reference: &'d str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<&'d str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Composition<'d> {
    pub(super) aggregate: &'static str,
    pub(super) assemblies: Vec<&'d str>,
    pub(super) dependencies: Vec<&'d str>,
}

/// The document of a map.
///
/// # Errors
/// None that its types allow.
pub(super) fn bom<'d>(
    document: &'d Document<'_>,
    view: &SbomView<'d>,
    version: CycloneDxVersion,
    stamp: Stamp,
    tool: &'d ToolInfo,
) -> io::Result<Bom<'d>> {
    let mut components: Vec<BomComponent<'d>> = document.components.iter().map(component).collect();
    let main = if components.is_empty() { BomComponent::default() } else { components.remove(0) };
    let compositions = match (view.incomplete, main.bom_ref) {
        ([], _) | (_, None) => Vec::new(),
        (_, Some(main)) => {
            vec![Composition { aggregate: "incomplete", assemblies: vec![main], dependencies: vec![main] }]
        }
    };
    let mut bom = Bom {
        schema: format!("http://cyclonedx.org/schema/bom-{}.schema.json", version.as_str()),
        bom_format: "CycloneDX",
        spec_version: version.as_str(),
        serial_number: None,
        version: 1,
        metadata: Metadata {
            timestamp: stamp.created.map(|created| created.to_string()),
            tools: Tools { components: vec![self::tool(tool)] },
            component: main,
            properties: about(view),
        },
        components,
        dependencies: dependencies(document),
        compositions,
        vulnerabilities: view.reported.map(|reported| vulnerabilities::of(document, reported)).unwrap_or_default(),
    };
    let contents = serde_json::to_vec(&bom).map_err(io::Error::from)?;
    bom.serial_number = Some(format!("urn:uuid:{}", serial::uuid(&contents, stamp.entropy)));
    Ok(bom)
}

fn tool(tool: &ToolInfo) -> BomComponent<'_> {
    BomComponent {
        kind: "application",
        name: TOOL_NAME,
        version: Some(&tool.version),
        external_references: vec![Reference { url: TOOL_URI.to_owned(), kind: "vcs", hashes: Vec::new() }],
        ..BomComponent::default()
    }
}

/// What was read, and what could not be.
fn about(view: &SbomView<'_>) -> Vec<Property> {
    let files = view.files.iter().map(|file| {
        let version = if file.version.is_empty() { "" } else { " " };
        format!("{} ({}{version}{})", file.file, file.format, file.version)
    });
    let files = files.map(|value| Property { name: "vetch:read", value });
    files.chain(gaps(view.incomplete).map(|value| Property { name: "vetch:incomplete", value })).collect()
}

fn dependencies<'d>(document: &'d Document<'_>) -> Vec<Dependency<'d>> {
    let reference = |at: &usize| document.components.get(*at).map(|component| component.reference.as_str());
    let asked = document.asked_by();
    let all = document.components.iter().zip(&asked);
    all.map(|(component, asked)| Dependency {
        reference: &component.reference,
        depends_on: asked.iter().filter_map(reference).collect(),
    })
    .collect()
}

fn component<'d>(component: &'d Component<'_>) -> BomComponent<'d> {
    let (group, name) = match component.package.map(|package| &package.ecosystem) {
        None | Some(Ecosystem::Pypi) => (None, component.name.as_str()),
        Some(_) => match component.name.rsplit_once('/') {
            Some((group, name)) if !group.is_empty() && !name.is_empty() => (Some(group), name),
            _ => (None, component.name.as_str()),
        },
    };
    let licence = component.licence.as_ref().map(|licence| match licence {
        Licence::Expression(expression) => License::Expression(expression),
        Licence::Named(name) => License::License(NamedLicense { name }),
    });
    BomComponent {
        kind: if component.is_own() { "application" } else { "library" },
        bom_ref: Some(&component.reference),
        group,
        name,
        version: component.version(),
        scope: (!component.is_own()).then(|| scope(component.scope)),
        hashes: hashes(component),
        licenses: licence.into_iter().collect(),
        purl: component.purl.as_deref(),
        external_references: references(component),
        properties: properties::of(component).into_iter().map(|(name, value)| Property { name, value }).collect(),
    }
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Required => "required",
        Scope::Optional => "optional",
        Scope::Excluded => "excluded",
    }
}

/// Of its one archive, or of its files of which no address is known.
fn hashes(component: &Component<'_>) -> Vec<Hash> {
    let Some(package) = component.package else { return Vec::new() };
    let artifacts = package.artifacts.iter();
    let bare = artifacts.filter(|artifact| artifact.url.as_deref().is_none_or(|url| address::url(url).is_none()));
    let integrity = package.integrity.iter().chain(bare.filter_map(|artifact| artifact.integrity.as_ref()));
    let mut hashes: Vec<Hash> = integrity.flat_map(digests).collect();
    hashes.sort_by(|left, right| (&left.alg, &left.content).cmp(&(&right.alg, &right.content)));
    hashes.dedup();
    hashes
}

fn digests(integrity: &Integrity) -> impl Iterator<Item = Hash> {
    integrity.digests.iter().map(|digest| Hash {
        // `SHA-512`
        alg: digest.algorithm.as_str().to_ascii_uppercase().replacen("SHA", "SHA-", 1),
        content: digest.to_hex(),
    })
}

fn references(component: &Component<'_>) -> Vec<Reference> {
    let Some(package) = component.package else { return Vec::new() };
    let reference = |kind, text: &str| address::url(text).map(|url| Reference { url, kind, hashes: Vec::new() });
    let own = match &package.source {
        Source::Registry { url: Some(url), .. } | Source::Tarball { url } => reference("distribution", url),
        Source::File { path } => reference("distribution", &format!("file:{path}")),
        Source::Git { url, commit } => reference("vcs", &address::git(url, commit.as_deref())),
        _ => None,
    };
    let artifacts = package.artifacts.iter().filter_map(|artifact| {
        let hashes = artifact.integrity.iter().flat_map(digests).collect();
        Some(Reference { hashes, ..reference("distribution", artifact.url.as_deref()?)? })
    });
    let artifacts: Vec<Reference> = artifacts.collect();
    let is_listed = |own: &Reference| artifacts.iter().any(|artifact| artifact.url == own.url);
    own.filter(|own| !is_listed(own)).into_iter().chain(artifacts).collect()
}
