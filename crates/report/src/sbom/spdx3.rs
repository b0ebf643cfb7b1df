//! SPDX 3.0.1, as its JSON-LD has it (<https://spdx.github.io/spdx-spec/v3.0.1/>).
//!
//! A graph of elements, each with an IRI in the document's own namespace. What SPDX has no field for are CycloneDX's
//! properties, for which version 3 has an extension.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use vetch_model::Integrity;
use vetch_model::inventory::{Artifact, EdgeKind};

use super::document::{Component, Document};
use super::licence::Licence;
use super::{SbomView, Stamp, address, properties, serial, spdx};
use crate::{TOOL_NAME, ToolInfo};

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
const CREATION_INFO: &str = "_:creationinfo";
const NO_ELEMENT: &str = "https://spdx.org/rdf/3.0.1/terms/Core/NoAssertionElement";
const NO_LICENSE: &str = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense";

/// The file.
#[derive(Debug, Serialize)]
pub(super) struct JsonLd<'d> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@graph")]
    graph: Vec<Node<'d>>,
}

/// A member of the graph: an element, or what all elements have in common.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
enum Node<'d> {
    CreationInfo(CreationInfo),
    SoftwareAgent(Plain<'d>),
    Tool(Plain<'d>),
    SpdxDocument(Collection<'d>),
    #[serde(rename = "software_Sbom")]
    Sbom(Collection<'d>),
    #[serde(rename = "software_Package")]
    Package(Box<SpdxPackage<'d>>),
    #[serde(rename = "software_File")]
    File(File<'d>),
    #[serde(rename = "simplelicensing_LicenseExpression")]
    License(LicenseExpression<'d>),
    Relationship(Relationship<'d>),
    LifecycleScopedRelationship(Relationship<'d>),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationInfo {
    #[serde(rename = "@id")]
    id: &'static str,
    spec_version: &'static str,
    created: String,
    created_by: [String; 1],
    created_using: [String; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

/// What every element has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'d> {
    spdx_id: String,
    creation_info: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'d, str>>,
}

#[derive(Debug, Serialize)]
struct Plain<'d> {
    #[serde(flatten)]
    head: Head<'d>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Collection<'d> {
    #[serde(flatten)]
    head: Head<'d>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    profile_conformance: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_license: Option<String>,
    root_element: [String; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    element: Vec<String>,
}

#[derive(Debug, Serialize)]
struct SpdxPackage<'d> {
    #[serde(flatten)]
    head: Head<'d>,
    #[serde(rename = "externalIdentifier", skip_serializing_if = "Vec::is_empty")]
    identifiers: Vec<ExternalIdentifier<'d>>,
    #[serde(rename = "verifiedUsing", skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(rename = "software_packageVersion", skip_serializing_if = "Option::is_none")]
    version: Option<&'d str>,
    #[serde(rename = "software_packageUrl", skip_serializing_if = "Option::is_none")]
    purl: Option<&'d str>,
    #[serde(rename = "software_downloadLocation", skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(rename = "software_primaryPurpose")]
    purpose: &'static str,
    #[serde(rename = "extension", skip_serializing_if = "Vec::is_empty")]
    extensions: Vec<Properties>,
}

/// One of the archives that a release has.
#[derive(Debug, Serialize)]
struct File<'d> {
    #[serde(flatten)]
    head: Head<'d>,
    #[serde(rename = "externalRef")]
    references: [ExternalRef; 1],
    #[serde(rename = "verifiedUsing", skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
}

#[derive(Debug, Serialize)]
struct LicenseExpression<'d> {
    #[serde(flatten)]
    head: Head<'d>,
    #[serde(rename = "simplelicensing_licenseExpression")]
    expression: &'d str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship<'d> {
    #[serde(flatten)]
    head: Head<'d>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    from: String,
    relationship_type: &'static str,
    to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completeness: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
struct ExternalIdentifier<'d> {
    external_identifier_type: &'static str,
    identifier: &'d str,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
struct ExternalRef {
    external_ref_type: &'static str,
    locator: [String; 1],
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
struct Hash {
    algorithm: &'static str,
    hash_value: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "extension_CdxPropertiesExtension")]
struct Properties {
    #[serde(rename = "extension_cdxProperty")]
    entries: Vec<Property>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "extension_CdxPropertyEntry")]
struct Property {
    #[serde(rename = "extension_cdxPropName")]
    name: &'static str,
    #[serde(rename = "extension_cdxPropValue")]
    value: String,
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
) -> io::Result<JsonLd<'d>> {
    let name = document.components.first().map_or(view.name, |main| main.name.as_str());
    let ids = spdx::ids(document);
    let licenses = licenses(document);
    let build = |namespace: &str| {
        let maker = Maker { document, view, ids: &ids, licenses: &licenses, namespace };
        maker.file(name, stamp, tool)
    };
    // The namespace is made of what the document says, of which every IRI is a part.
    let contents = serde_json::to_vec(&build("")).map_err(io::Error::from)?;
    let uuid = serial::uuid(&contents, stamp.entropy);
    Ok(build(&format!("https://spdx.org/spdxdocs/{}-{uuid}", spdx::plain(name))))
}

/// Every expression that is declared, and the number of its element.
fn licenses<'d>(document: &'d Document<'_>) -> BTreeMap<&'d str, usize> {
    let declared = document.components.iter().filter_map(|component| component.licence.as_ref());
    let mut licenses: BTreeMap<&str, usize> = declared
        .filter_map(|licence| match licence {
            Licence::Expression(expression) => Some((expression.as_str(), 0)),
            Licence::Named(_) => None,
        })
        .collect();
    for (number, place) in licenses.values_mut().enumerate() {
        *place = number + 1;
    }
    licenses
}

struct Maker<'m, 'd, 'v> {
    document: &'d Document<'v>,
    view: &'m SbomView<'d>,
    /// Of the components, as SPDX 2 has them.
    ids: &'m [String],
    licenses: &'m BTreeMap<&'d str, usize>,
    namespace: &'m str,
}

impl<'d> Maker<'_, 'd, '_> {
    fn file(&self, name: &'d str, stamp: Stamp, tool: &ToolInfo) -> JsonLd<'d> {
        let mut contents = self.packages();
        contents.extend(self.licenses.iter().map(|(expression, number)| {
            let head = self.head(&format!("SPDXRef-License-{number}"), None);
            Node::License(LicenseExpression { head, expression })
        }));
        contents.extend(self.declared());
        contents.extend(self.dependencies());
        let has_properties = contents.iter().any(|node| match node {
            Node::Package(package) => !package.extensions.is_empty(),
            _ => false,
        });
        let mut profiles = vec!["core", "software", "simpleLicensing"];
        profiles.extend(has_properties.then_some("extension"));
        let sbom = Collection {
            head: self.head("SPDXRef-Sbom", Some(name)),
            profile_conformance: Vec::new(),
            data_license: None,
            root_element: [self.component(0)],
            element: contents.iter().filter_map(Node::id).cloned().collect(),
        };
        let document = Collection {
            head: self.head(spdx::DOCUMENT, Some(name)),
            profile_conformance: profiles,
            data_license: Some(self.iri("SPDXRef-DataLicense")),
            root_element: [sbom.head.spdx_id.clone()],
            element: Vec::new(),
        };
        let mut graph = self.creation(stamp, tool);
        graph.extend([Node::SpdxDocument(document), Node::Sbom(sbom)]);
        graph.extend(contents);
        JsonLd { context: CONTEXT, graph }
    }

    fn iri(&self, id: &str) -> String {
        format!("{}#{id}", self.namespace)
    }

    fn id(&self, at: usize) -> &str {
        self.ids.get(at).map_or("", String::as_str)
    }

    fn component(&self, at: usize) -> String {
        self.iri(self.id(at))
    }

    /// A component's id without the prefix that all have.
    fn short(&self, at: usize) -> &str {
        self.id(at).trim_start_matches("SPDXRef-")
    }

    fn head(&self, id: &str, name: Option<&'d str>) -> Head<'d> {
        Head { spdx_id: self.iri(id), creation_info: CREATION_INFO, name: name.map(Cow::Borrowed) }
    }

    /// Who made the document, when, with what, and under which licence it is.
    fn creation(&self, stamp: Stamp, tool: &ToolInfo) -> Vec<Node<'d>> {
        let agent = Plain { head: self.head("SPDXRef-Agent", Some(TOOL_NAME)) };
        let mut version = Plain { head: self.head("SPDXRef-Tool", None) };
        version.head.name = Some(Cow::Owned(format!("{TOOL_NAME}-{}", tool.version)));
        let info = CreationInfo {
            id: CREATION_INFO,
            spec_version: "3.0.1",
            created: spdx::time(stamp),
            created_by: [agent.head.spdx_id.clone()],
            created_using: [version.head.spdx_id.clone()],
            comment: spdx::incomplete(self.view),
        };
        let license = LicenseExpression { head: self.head("SPDXRef-DataLicense", None), expression: "CC0-1.0" };
        vec![Node::CreationInfo(info), Node::SoftwareAgent(agent), Node::Tool(version), Node::License(license)]
    }

    /// Each package, with its files and how they are its own.
    fn packages(&self) -> Vec<Node<'d>> {
        let mut nodes = Vec::with_capacity(self.document.components.len());
        for (at, component) in self.document.components.iter().enumerate() {
            let purl = component.purl.as_deref();
            let identifier = |identifier| ExternalIdentifier { external_identifier_type: "packageUrl", identifier };
            let properties: Vec<Property> =
                properties::of(component).into_iter().map(|(name, value)| Property { name, value }).collect();
            let extension = (!properties.is_empty()).then_some(Properties { entries: properties });
            nodes.push(Node::Package(Box::new(SpdxPackage {
                head: self.head(self.id(at), Some(&component.name)),
                identifiers: purl.map(identifier).into_iter().collect(),
                hashes: hashes(component),
                version: component.version(),
                purl,
                location: spdx::location(component),
                purpose: if component.is_own() { "application" } else { "library" },
                extensions: extension.into_iter().collect(),
            })));
            let files = self.files(at, component);
            let to: Vec<String> = files.iter().map(|file| file.head.spdx_id.clone()).collect();
            nodes.extend(files.into_iter().map(Node::File));
            if !to.is_empty() {
                nodes.push(Node::Relationship(self.relationship(at, "hasDistributionArtifact", to)));
            }
        }
        nodes
    }

    /// Its archives of which an address is known.
    fn files(&self, at: usize, component: &Component<'d>) -> Vec<File<'d>> {
        let artifacts = component.package.map_or(&[][..], |package| &package.artifacts);
        let file = |(number, artifact): (usize, &'d Artifact)| {
            let url = address::url(artifact.url.as_deref()?)?;
            let is_built = [".whl", ".egg"].iter().any(|ending| artifact.file.ends_with(ending));
            let kind = if is_built { "binaryArtifact" } else { "sourceArtifact" };
            let name = Some(artifact.file.as_str()).filter(|name| !name.is_empty());
            Some(File {
                head: self.head(&format!("SPDXRef-File-{}-{}", number + 1, self.short(at)), name),
                references: [ExternalRef { external_ref_type: kind, locator: [url] }],
                hashes: sorted(artifact.integrity.iter()),
            })
        };
        artifacts.iter().enumerate().filter_map(file).collect()
    }

    fn relationship(&self, from: usize, kind: &'static str, to: Vec<String>) -> Relationship<'d> {
        Relationship {
            // No kind has a hyphen: it ends where the component's own id begins.
            head: self.head(&format!("SPDXRef-{kind}-{}", self.short(from)), None),
            comment: None,
            from: self.component(from),
            relationship_type: kind,
            to,
            scope: None,
            completeness: None,
        }
    }

    fn declared(&self) -> Vec<Node<'d>> {
        let relationship = |(at, component): (usize, &Component<'_>)| {
            let (to, comment) = match component.licence.as_ref()? {
                Licence::Expression(expression) => {
                    let number = self.licenses.get(expression.as_str())?;
                    (self.iri(&format!("SPDXRef-License-{number}")), None)
                }
                Licence::Named(name) => (NO_LICENSE.to_owned(), Some(format!("declared as: {name}"))),
            };
            Some(Node::Relationship(Relationship { comment, ..self.relationship(at, "hasDeclaredLicense", vec![to]) }))
        };
        self.document.components.iter().enumerate().filter_map(relationship).collect()
    }

    /// Who asks for whom: of each component one relationship for each way of asking. What nobody asks for, the first holds.
    fn dependencies(&self) -> Vec<Node<'d>> {
        let mut asked: BTreeMap<(usize, Way), Vec<usize>> = BTreeMap::new();
        let mut has_asker = vec![false; self.ids.len()];
        for link in &self.document.links {
            if let Some(has_asker) = has_asker.get_mut(link.to) {
                *has_asker = true;
            }
            asked.entry((link.from, Way::of(link.kind))).or_default().push(link.to);
        }
        let alone = has_asker.iter().enumerate().skip(1).filter(|(_, has_asker)| !**has_asker);
        for (at, _) in alone {
            asked.entry((0, Way::Contains)).or_default().push(at);
        }
        let is_whole = self.view.incomplete.is_empty();
        if !is_whole {
            // Something must say that there may be more.
            asked.entry((0, Way::DependsOn)).or_default();
        }
        let relationship = |((from, way), mut to): ((usize, Way), Vec<usize>)| {
            // Two kinds of edges may be one way of asking.
            to.sort_unstable();
            to.dedup();
            let mut to: Vec<String> = to.into_iter().map(|at| self.component(at)).collect();
            if to.is_empty() {
                to.push(NO_ELEMENT.to_owned());
            }
            let (kind, scope) = way.words();
            let mut relationship = self.relationship(from, kind, to);
            relationship.completeness = (from == 0 && !is_whole).then_some("incomplete");
            let Some(scope) = scope else { return Node::Relationship(relationship) };
            relationship.head = self.head(&format!("SPDXRef-{kind}.{scope}-{}", self.short(from)), None);
            relationship.scope = Some(scope);
            Node::LifecycleScopedRelationship(relationship)
        };
        asked.into_iter().map(relationship).collect()
    }
}

impl Node<'_> {
    /// The IRI of an element.
    fn id(&self) -> Option<&String> {
        let head = match self {
            Node::CreationInfo(_) => return None,
            Node::SoftwareAgent(plain) | Node::Tool(plain) => &plain.head,
            Node::SpdxDocument(collection) | Node::Sbom(collection) => &collection.head,
            Node::Package(package) => &package.head,
            Node::File(file) => &file.head,
            Node::License(license) => &license.head,
            Node::Relationship(one) | Node::LifecycleScopedRelationship(one) => &one.head,
        };
        Some(&head.spdx_id)
    }
}

/// How one asks for another, as far as the standard tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    DependsOn,
    Development,
    Build,
    Optional,
    Provided,
    Contains,
}

impl Way {
    fn of(kind: EdgeKind) -> Way {
        match kind {
            EdgeKind::Production | EdgeKind::Workspace | EdgeKind::Extraneous => Way::DependsOn,
            EdgeKind::Development => Way::Development,
            EdgeKind::Build => Way::Build,
            EdgeKind::Optional | EdgeKind::PeerOptional => Way::Optional,
            EdgeKind::Peer => Way::Provided,
        }
    }

    /// The type of the relationship, and in which part of the life of the software it counts, if not in all.
    fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Way::DependsOn => ("dependsOn", None),
            Way::Development => ("dependsOn", Some("development")),
            Way::Build => ("dependsOn", Some("build")),
            Way::Optional => ("hasOptionalDependency", None),
            Way::Provided => ("hasProvidedDependency", None),
            Way::Contains => ("contains", None),
        }
    }
}

/// Of its one archive, or of its files that are no elements because no address of them is known.
fn hashes(component: &Component<'_>) -> Vec<Hash> {
    let Some(package) = component.package else { return Vec::new() };
    let is_only = package.artifacts.len() == 1;
    let is_bare = |artifact: &Artifact| artifact.url.as_deref().is_none_or(|url| address::url(url).is_none());
    let artifacts = package.artifacts.iter().filter(|artifact| is_only || is_bare(artifact));
    sorted(package.integrity.iter().chain(artifacts.filter_map(|artifact| artifact.integrity.as_ref())))
}

fn sorted<'i>(integrity: impl Iterator<Item = &'i Integrity>) -> Vec<Hash> {
    let digests = integrity.flat_map(|integrity| &integrity.digests);
    let mut hashes: Vec<Hash> =
        digests.map(|one| Hash { algorithm: one.algorithm.as_str(), hash_value: one.to_hex() }).collect();
    hashes.sort();
    hashes.dedup();
    hashes
}
