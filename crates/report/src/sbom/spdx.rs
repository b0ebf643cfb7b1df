//! SPDX 2.3, as its JSON has it; [`super::spdx_tag_value`] writes the same types, [`super::spdx3`] the same ids.

use std::collections::{HashMap, HashSet};
use std::io;

use serde::Serialize;
use vetch_model::Integrity;
use vetch_model::inventory::{EdgeKind, Source};

use super::document::{Component, Document};
use super::licence::Licence;
use super::{SbomView, Stamp, address, gaps, serial};
use crate::{TOOL_NAME, ToolInfo};

pub(super) const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const NO_ASSERTION: &str = "NOASSERTION";

/// Longest part of a name in an id, in bytes.
const MAX_ID: usize = 200;

/// The document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpdxDocument<'d> {
    pub(super) spdx_version: &'static str,
    pub(super) data_license: &'static str,
    #[serde(rename = "SPDXID")]
    pub(super) id: &'static str,
    pub(super) name: &'d str,
    pub(super) document_namespace: String,
    pub(super) creation_info: CreationInfo,
    pub(super) packages: Vec<SpdxPackage<'d>>,
    pub(super) relationships: Vec<Relationship>,
}

#[derive(Debug, Serialize)]
pub(super) struct CreationInfo {
    pub(super) created: String,
    pub(super) creators: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpdxPackage<'d> {
    pub(super) name: &'d str,
    #[serde(rename = "SPDXID")]
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version_info: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) package_file_name: Option<&'d str>,
    pub(super) supplier: &'static str,
    pub(super) download_location: String,
    pub(super) files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_info: Option<String>,
    pub(super) license_concluded: &'static str,
    pub(super) license_declared: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) license_comments: Option<String>,
    pub(super) copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) external_refs: Vec<ExternalRef<'d>>,
    pub(super) primary_package_purpose: &'static str,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Checksum {
    pub(super) algorithm: String,
    #[serde(rename = "checksumValue")]
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ExternalRef<'d> {
    #[serde(rename = "referenceCategory")]
    pub(super) category: &'static str,
    #[serde(rename = "referenceType")]
    pub(super) kind: &'static str,
    #[serde(rename = "referenceLocator")]
    pub(super) locator: &'d str,
}

#[derive(Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Relationship {
    #[serde(rename = "spdxElementId")]
    pub(super) from: String,
    #[serde(rename = "relationshipType")]
    pub(super) kind: &'static str,
    #[serde(rename = "relatedSpdxElement")]
    pub(super) to: String,
}

/// The document of a map.
///
/// # Errors
/// None that its types allow.
pub(super) fn document<'d>(
    document: &'d Document<'_>,
    view: &SbomView<'d>,
    stamp: Stamp,
    tool: &ToolInfo,
) -> io::Result<SpdxDocument<'d>> {
    let ids = ids(document);
    let packages = document.components.iter().zip(&ids).map(|(component, id)| package(component, id.clone()));
    let mut spdx = SpdxDocument {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: document.components.first().map_or(view.name, |main| main.name.as_str()),
        document_namespace: String::new(),
        creation_info: CreationInfo {
            created: time(stamp),
            creators: vec![format!("Tool: {TOOL_NAME}-{}", tool.version)],
            comment: incomplete(view),
        },
        packages: packages.collect(),
        relationships: relationships(document, &ids),
    };
    let contents = serde_json::to_vec(&spdx).map_err(io::Error::from)?;
    // What the specification has those write who own no domain.
    let uuid = serial::uuid(&contents, stamp.entropy);
    spdx.document_namespace = format!("https://spdx.org/spdxdocs/{}-{uuid}", plain(spdx.name));
    Ok(spdx)
}

/// When it was made, in seconds; SPDX must have a time.
pub(super) fn time(stamp: Stamp) -> String {
    stamp.created.unwrap_or(jiff::Timestamp::UNIX_EPOCH).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What could not be read, for a comment.
pub(super) fn incomplete(view: &SbomView<'_>) -> Option<String> {
    let gaps: Vec<String> = gaps(view.incomplete).collect();
    (!gaps.is_empty()).then(|| format!("incomplete; could not be read: {}", gaps.join("; ")))
}

/// Letters, digits, `.` and `-`: what an id may hold.
pub(super) fn plain(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let plain: String = text.chars().take(MAX_ID).map(allowed).collect();
    plain.trim_matches('-').to_owned()
}

/// An id for every component, in their order.
pub(super) fn ids(document: &Document<'_>) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::from([DOCUMENT.to_owned()]);
    let mut counts: HashMap<String, usize> = HashMap::new();
    let id = |component: &Component<'_>| {
        let kind = if component.is_own() { "Project" } else { "Package" };
        let parts = [Some(component.name.as_str()), component.version()].into_iter().flatten();
        let name = parts.map(plain).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        let base = format!("SPDXRef-{kind}-{name}");
        let count = counts.entry(base.clone()).or_insert(1);
        let mut id = base.clone();
        while !taken.insert(id.clone()) {
            *count += 1;
            id = format!("{base}-{count}");
        }
        id
    };
    document.components.iter().map(id).collect()
}

fn relationships(document: &Document<'_>, ids: &[String]) -> Vec<Relationship> {
    let id = |at: usize| ids.get(at).cloned().unwrap_or_default();
    let mut relationships = vec![Relationship { from: DOCUMENT.to_owned(), kind: "DESCRIBES", to: id(0) }];
    let mut has_asker = vec![false; ids.len()];
    for link in &document.links {
        let (from, to) = (id(link.from), id(link.to));
        if let Some(has_asker) = has_asker.get_mut(link.to) {
            *has_asker = true;
        }
        let backward = |kind| Relationship { from: to.clone(), kind, to: from.clone() };
        relationships.push(match link.kind {
            EdgeKind::Development => backward("DEV_DEPENDENCY_OF"),
            EdgeKind::Optional | EdgeKind::PeerOptional => backward("OPTIONAL_DEPENDENCY_OF"),
            EdgeKind::Peer => backward("PROVIDED_DEPENDENCY_OF"),
            EdgeKind::Build => backward("BUILD_DEPENDENCY_OF"),
            EdgeKind::Production | EdgeKind::Workspace | EdgeKind::Extraneous => {
                Relationship { from, kind: "DEPENDS_ON", to }
            }
        });
    }
    let alone = has_asker.iter().enumerate().skip(1).filter(|(_, has_asker)| !**has_asker);
    relationships.extend(alone.map(|(at, _)| Relationship { from: id(0), kind: "CONTAINS", to: id(at) }));
    // Two kinds of edges may be one kind of relationship.
    let mut seen = HashSet::with_capacity(relationships.len());
    let keep: Vec<bool> = relationships.iter().map(|one| seen.insert(one)).collect();
    let mut keep = keep.into_iter();
    relationships.retain(|_| keep.next().unwrap_or(true));
    relationships
}

fn package<'d>(component: &'d Component<'_>, id: String) -> SpdxPackage<'d> {
    let (declared, comments) = match &component.licence {
        Some(Licence::Expression(expression)) => (expression.as_str(), None),
        Some(Licence::Named(name)) => (NO_ASSERTION, Some(format!("declared as: {name}"))),
        None => (NO_ASSERTION, None),
    };
    let purl = component.purl.as_deref();
    let purl = purl.map(|locator| ExternalRef { category: "PACKAGE-MANAGER", kind: "purl", locator });
    SpdxPackage {
        name: &component.name,
        id,
        version_info: component.version(),
        package_file_name: component.places.iter().copied().find(|place| place.contains("node_modules/")),
        supplier: NO_ASSERTION,
        download_location: location(component).unwrap_or_else(|| NO_ASSERTION.to_owned()),
        files_analyzed: false,
        checksums: checksums(component),
        source_info: source_info(component),
        license_concluded: NO_ASSERTION,
        license_declared: declared,
        license_comments: comments,
        copyright_text: NO_ASSERTION,
        comment: files(component),
        external_refs: purl.into_iter().collect(),
        primary_package_purpose: if component.is_own() { "APPLICATION" } else { "LIBRARY" },
    }
}

/// Where its one archive or its repository lies.
pub(super) fn location(component: &Component<'_>) -> Option<String> {
    let package = component.package?;
    let text = match (&package.source, package.artifacts.as_slice()) {
        (Source::Git { url, commit }, _) => address::git(url, commit.as_deref()),
        (Source::Registry { url: Some(url), .. } | Source::Tarball { url }, _) => url.clone(),
        (_, [only]) => only.url.clone()?,
        _ => return None,
    };
    address::url(&text).filter(|url| !url.starts_with("file:"))
}

/// Of its archive, or of each of its files.
fn checksums(component: &Component<'_>) -> Vec<Checksum> {
    let Some(package) = component.package else { return Vec::new() };
    let artifacts = package.artifacts.iter().filter_map(|artifact| artifact.integrity.as_ref());
    let digests = package.integrity.iter().chain(artifacts).flat_map(|integrity: &Integrity| &integrity.digests);
    let mut checksums: Vec<Checksum> = digests
        .map(|digest| Checksum { algorithm: digest.algorithm.as_str().to_ascii_uppercase(), value: digest.to_hex() })
        .collect();
    checksums.sort();
    checksums.dedup();
    checksums
}

fn source_info(component: &Component<'_>) -> Option<String> {
    let declared = component.declared.iter().map(|place| format!("declared at {place}"));
    let installed = component.places.iter().map(|place| format!("installed at {place}"));
    let facts: Vec<String> = declared.chain(installed).collect();
    (!facts.is_empty()).then(|| facts.join("; "))
}

/// Which files its checksums are of, if it has several.
fn files(component: &Component<'_>) -> Option<String> {
    let artifacts = &component.package?.artifacts;
    let files: Vec<String> = artifacts
        .iter()
        .filter(|artifact| !artifact.file.is_empty())
        .map(|artifact| {
            let digests = artifact.integrity.iter().flat_map(|integrity| &integrity.digests);
            let digests = digests.map(|digest| format!(" {}:{}", digest.algorithm.as_str(), digest.to_hex()));
            format!("{}{}", artifact.file, digests.collect::<String>())
        })
        .collect();
    (files.len() > 1).then(|| format!("one checksum for each file of the release: {}", files.join("; ")))
}
