//! SPDX 3: a graph of elements and relationships in JSON-LD (<https://spdx.github.io/spdx-spec/v3.0.1/>).
//!
//! [`graph`] finds the objects wherever they stand, [`package`] reads what a package says of itself. Elements of other
//! kinds are passed over: files, agents, licences but for their names, vulnerabilities, annotations. Dependencies in other
//! documents (`import`) are not there, and said to be so.

mod graph;
mod package;

use std::collections::{BTreeMap, HashMap, HashSet};

use vetch_model::evidence::Span;

use super::bom::{Bom, Distribution, Link};
use super::relations::{Relation3, relation3};
use super::report::Report;
use super::{REMAKE, shape};
use crate::error::{ReadError, short};
use crate::json::{Object, Value};
use crate::npm::package_lock::LockfileNoteKind;
use graph::{Graph, Node, PARTS, term, values};

const RELATIONSHIP_FIELDS: &[&str] = &[
    "spdxId",
    "@id",
    "type",
    "@type",
    "creationInfo",
    "from",
    "to",
    "relationshipType",
    "scope",
    "completeness",
    "name",
    "comment",
    "description",
    "summary",
    "startTime",
    "endTime",
    "extension",
    "externalIdentifier",
    "externalRef",
    "verifiedUsing",
];

const COLLECTION_FIELDS: &[&str] = &[
    "@context",
    "spdxId",
    "@id",
    "type",
    "@type",
    "creationInfo",
    "name",
    "rootElement",
    "element",
    "profileConformance",
    "dataLicense",
    "import",
    "namespaceMap",
    "software_sbomType",
    "context",
    "comment",
    "description",
    "summary",
    "extension",
    "externalIdentifier",
    "externalRef",
    "verifiedUsing",
];

/// Elements that are neither packages, relationships nor collections of elements.
const OTHERS: &[&str] = &[
    "Agent",
    "Annotation",
    "Artifact",
    "Build",
    "ConjunctiveLicenseSet",
    "CreationInfo",
    "CustomLicense",
    "CustomLicenseAddition",
    "DisjunctiveLicenseSet",
    "File",
    "IndividualElement",
    "IndividualLicensingInfo",
    "LicenseExpression",
    "ListedLicense",
    "ListedLicenseException",
    "OrLaterOperator",
    "Organization",
    "Person",
    "SimpleLicensingText",
    "Snippet",
    "SoftwareAgent",
    "Tool",
    "Vulnerability",
    "WithAdditionOperator",
];

/// Elements that stand for none, or for anything.
const INDIVIDUALS: &[&str] = &["NoAssertionElement", "NoneElement", "SpdxOrganization"];
const NAMESPACE: &str = "https://spdx.org/rdf/3.";

/// Where SPDX's listed licences are.
const LISTED: &str = "https://spdx.org/licenses/";

/// Whether the object is SPDX 3.
pub(super) fn is_such(object: &Object<'_>) -> bool {
    object.get("@graph").is_some() || object.get("@context").is_some()
}

/// Reads the file's object.
///
/// # Errors
/// When nothing in it is SPDX's.
pub(super) fn read<'d, 'a>(object: &'d Object<'a>, report: &mut Report<'d, 'a>) -> Result<Bom<'d>, ReadError> {
    let document = report.document;
    if !is_such(object) {
        let problem = "it has neither `@context` nor `@graph`: this is no SPDX 3 SBOM";
        return Err(shape(document, document.root.span, problem, REMAKE));
    }
    if object.get("@graph").is_some() {
        report.check_fields(object, "an SPDX 3 file", &["@context", "@graph"]);
    }
    let mut graph = Graph::read(&document.root, object, report);
    let mut reader = Reader {
        bom: Bom::default(),
        described: Vec::new(),
        archives: HashMap::new(),
        places: HashMap::new(),
        lacking: None,
    };
    reader.bom.version = version(object, &graph, report);
    reader.read_elements(&mut graph, report);
    reader.read_relationships(&mut graph, report);
    reader.find_root(&mut graph, report);
    if let Some((count, span)) = reader.lacking {
        let why = format!("it says of {count} of its relationships that they are incomplete");
        report.add("", span, why, "have it written with all packages, or scan the project itself");
    }
    Ok(reader.bom)
}

/// What the document states, else what its context is called after.
fn version(object: &Object<'_>, graph: &Graph<'_, '_>, report: &mut Report<'_, '_>) -> String {
    let mut infos = graph.nodes.iter().filter(|node| node.class == "CreationInfo");
    let stated = infos.find_map(|info| info.object.get("specVersion"));
    let of_context = values(object, "@context").iter().filter_map(Value::as_str).find_map(|context| {
        let version = context.split_once("spdx.org/rdf/")?.1.split('/').next()?;
        Some(short(version))
    });
    let (version, span) = match (stated, of_context) {
        (Some(value), _) => {
            (value.as_str().map_or_else(|| report.document.excerpt(value.span), short), Some(value.span))
        }
        (None, Some(version)) => (version, None),
        (None, None) => {
            report.add_for_file("it does not say its SPDX version; it was read as 3.0.1", REMAKE);
            return String::new();
        }
    };
    if !matches!(version.as_str(), "3.0" | "3.0.0" | "3.0.1") {
        let why = format!("its version {version} is neither 3.0.0 nor 3.0.1; it was read as far as it is like them");
        report.add("", span.unwrap_or_default(), why, "update Vetch, or have the SBOM written as SPDX 3.0.1");
    }
    version
}

struct Reader<'d> {
    bom: Bom<'d>,
    /// Ids of what the document is about.
    described: Vec<&'d str>,
    /// Files by id, each read once: thousands of packages may name the same.
    archives: HashMap<&'d str, Option<Distribution<'d>>>,
    /// Packages by id.
    places: HashMap<&'d str, usize>,
    /// How many relationships say that they are incomplete, and where the first is.
    lacking: Option<(usize, Span)>,
}

impl<'d> Reader<'d> {
    fn read_elements<'a>(&mut self, graph: &mut Graph<'d, 'a>, report: &mut Report<'d, 'a>) {
        let mut unknown: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
        for at in 0..graph.nodes.len() {
            let Some(node) = graph.nodes.get(at).copied() else { break };
            match node.class {
                "Package" | "AIPackage" | "DatasetPackage" => self.add_package(node, graph, report),
                "SpdxDocument" => {
                    report.check_fields(node.object, "an SPDX document", COLLECTION_FIELDS);
                    self.bom.bystanders.insert(node.id);
                }
                "Sbom" | "Bom" | "Bundle" => {
                    report.check_fields(node.object, "a collection of elements", COLLECTION_FIELDS);
                    self.bom.bystanders.insert(node.id);
                }
                class if is_relationship(class) || OTHERS.contains(&class) || PARTS.contains(&class) => {
                    self.bom.bystanders.insert(node.id);
                }
                _ if node.object.get("software_packageUrl").is_some() => self.add_package(node, graph, report),
                // Extensions, and what later versions have.
                class => {
                    unknown.entry(class).or_insert((0, node.span)).0 += 1;
                    self.bom.bystanders.insert(node.id);
                }
            }
        }
        for id in self.places.keys() {
            self.bom.bystanders.remove(id);
        }
        for (class, (count, span)) in unknown {
            let found = format!("{count} of the class {}, which SPDX 3.0 does not have", short(class));
            report.note(LockfileNoteKind::LeftOut, "@graph", found, span);
        }
    }

    fn add_package<'a>(&mut self, node: Node<'d, 'a>, graph: &mut Graph<'d, 'a>, report: &mut Report<'d, 'a>) {
        let component = package::read(node, graph, report);
        if !node.id.is_empty() {
            self.places.entry(node.id).or_insert(self.bom.components.len());
        }
        self.bom.components.push(component);
    }

    fn read_relationships<'a>(&mut self, graph: &mut Graph<'d, 'a>, report: &mut Report<'d, 'a>) {
        let mut licenses: HashMap<usize, Option<&'d str>> = HashMap::new();
        for at in 0..graph.nodes.len() {
            let Some(node) = graph.nodes.get(at).copied().filter(|node| is_relationship(node.class)) else { continue };
            if matches!(node.class, "Relationship" | "LifecycleScopedRelationship") {
                report.check_fields(node.object, "a relationship", RELATIONSHIP_FIELDS);
            }
            let kind = report.text("a relationship", node.object, "relationshipType");
            let from = node.object.get("from").and_then(|from| graph.reference(from));
            let to = values(node.object, "to");
            let (Some(kind), Some(from), false) = (kind, from, to.is_empty()) else {
                report.add("a relationship", node.span, "it lacks one of its elements or its type", REMAKE);
                continue;
            };
            let scope = report.text("a relationship", node.object, "scope").map(term);
            let relation = relation3(term(kind), scope);
            let is_lacking = node.object.get("completeness").and_then(Value::as_str).map(term) == Some("incomplete");
            if is_lacking && matches!(relation, Some(Relation3::Link(_))) {
                self.lacking.get_or_insert((0, node.span)).0 += 1;
            }
            if relation.is_none() {
                let why = format!("`{}` is no type of relationship that SPDX has", short(kind));
                report.add("a relationship", node.span, why, REMAKE);
                continue;
            }
            for value in to {
                let Some(to) = graph.reference(value) else {
                    report.wrong_type("a relationship", "to", value, "the id of an element");
                    continue;
                };
                match relation {
                    Some(Relation3::Link(_)) if is_individual(to) || is_individual(from) => {}
                    Some(Relation3::Link(kind)) => self.bom.links.push(Link { from, to, kind, span: node.span }),
                    Some(Relation3::Describes) => self.described.push(to),
                    Some(Relation3::License) => {
                        let license = license(to, graph);
                        if let Some(at) = self.places.get(from) {
                            // Of several, none is the one.
                            licenses.entry(*at).and_modify(|known| *known = None).or_insert(license);
                        }
                    }
                    Some(Relation3::Archive) => self.add_archive(from, to, graph, report),
                    _ => {}
                }
            }
        }
        for (at, license) in licenses {
            if let Some(component) = self.bom.components.get_mut(at) {
                component.license = license;
            }
        }
    }

    fn add_archive<'a>(&mut self, from: &'d str, to: &'d str, graph: &mut Graph<'d, 'a>, report: &mut Report<'d, 'a>) {
        let file = graph.node(to).filter(|node| node.class == "File");
        let component = self.places.get(from).and_then(|at| self.bom.components.get_mut(*at));
        let (Some(file), Some(component)) = (file, component) else { return };
        let archive = self.archives.entry(to).or_insert_with(|| package::archive(file, graph, report));
        let Some(archive) = archive.clone() else { return };
        // What the package itself says of the place has no hashes. It comes first.
        match component.distributions.first_mut() {
            Some(first) if first.url.text == archive.url.text && first.hashes.is_empty() => *first = archive,
            _ => component.distributions.push(archive),
        }
    }

    /// The one package that the document is about. Where it is about several, the root is made up and they hang under it.
    fn find_root<'a>(&mut self, graph: &mut Graph<'d, 'a>, report: &mut Report<'d, 'a>) {
        let is_collection = |node: &Node<'_, '_>| matches!(node.class, "SpdxDocument" | "Sbom" | "Bom" | "Bundle");
        let collections: Vec<Node<'d, 'a>> = graph.nodes.iter().filter(|node| is_collection(node)).copied().collect();
        let has_document = collections.iter().any(|node| node.class == "SpdxDocument");
        let first = collections.iter().filter(|node| !has_document || node.class == "SpdxDocument").copied();
        let mut open: Vec<Node<'d, 'a>> = first.collect();
        let mut seen: HashSet<u32> = open.iter().map(|node| node.span.start).collect();
        while let Some(collection) = open.pop() {
            for value in values(collection.object, "rootElement") {
                let Some(id) = graph.reference(value) else {
                    report.wrong_type("", "rootElement", value, "the id of an element");
                    continue;
                };
                match graph.node(id).filter(is_collection) {
                    Some(inner) if seen.insert(inner.span.start) => open.push(inner),
                    Some(_) => {}
                    None => self.described.push(id),
                }
            }
        }
        // A document describes its collections, too.
        self.described.retain(|id| !graph.node(id).is_some_and(|node| is_collection(&node)));
        self.described.sort_unstable();
        self.described.dedup();
        if self.described.is_empty() && !self.bom.components.is_empty() {
            report.add_for_file("it does not say which package it is about (`rootElement`)", REMAKE);
        }
        for id in &self.described {
            if !self.places.contains_key(id) && !self.bom.bystanders.contains(id) && !is_individual(id) {
                let why = format!("it is about `{}`, which is none of its elements", short(id));
                report.add("", Span::default(), why, REMAKE);
            }
        }
        if let [only] = self.described.as_slice() {
            self.bom.root = self.places.get(only).copied();
        }
        if self.bom.components.is_empty() {
            report.add_for_file("it has no packages", REMAKE);
        }
    }
}

fn is_relationship(class: &str) -> bool {
    class.ends_with("Relationship")
}

fn is_individual(id: &str) -> bool {
    INDIVIDUALS.contains(&id) || (id.starts_with(NAMESPACE) && INDIVIDUALS.contains(&term(id)))
}

/// A licence by its expression, or the name by which SPDX lists it.
fn license<'d>(id: &'d str, graph: &Graph<'d, '_>) -> Option<&'d str> {
    let text = match graph.node(id) {
        Some(node) => node.object.get("simplelicensing_licenseExpression").and_then(Value::as_str),
        None => None,
    };
    let text = text.or_else(|| id.strip_prefix(LISTED)).map(str::trim);
    text.filter(|text| !text.is_empty() && !matches!(*text, "NOASSERTION" | "NONE"))
}
