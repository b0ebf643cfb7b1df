//! SPDX 2: packages and relationships (<https://spdx.github.io/spdx-spec/v2.3/>).
//! Tag-value comes here as the JSON of the same document.

use std::collections::HashMap;

use vetch_model::evidence::Span;

use super::bom::{Bom, Component, Distribution, Hash, Link, LinkKind};
use super::relations::{Relation, relation};
use super::report::Report;
use super::{REMAKE, shape};
use crate::error::{ReadError, short};
use crate::json::{Object, Value};

const DOCUMENT_FIELDS: &[&str] = &[
    "spdxVersion",
    "SPDXID",
    "name",
    "dataLicense",
    "documentNamespace",
    "creationInfo",
    "packages",
    "files",
    "snippets",
    "relationships",
    "documentDescribes",
    "externalDocumentRefs",
    "hasExtractedLicensingInfos",
    "annotations",
    "comment",
    "revieweds",
];

const PACKAGE_FIELDS: &[&str] = &[
    "SPDXID",
    "name",
    "versionInfo",
    "externalRefs",
    "downloadLocation",
    "checksums",
    "packageFileName",
    "filesAnalyzed",
    "licenseConcluded",
    "licenseDeclared",
    "copyrightText",
    "supplier",
    "originator",
    "homepage",
    "sourceInfo",
    "description",
    "summary",
    "comment",
    "primaryPackagePurpose",
    "packageVerificationCode",
    "licenseInfoFromFiles",
    "licenseComments",
    "hasFiles",
    "attributionTexts",
    "annotations",
    "builtDate",
    "releaseDate",
    "validUntilDate",
];

const RELATIONSHIP_FIELDS: &[&str] = &["spdxElementId", "relatedSpdxElement", "relationshipType", "comment"];

const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// Reads the document's object.
///
/// # Errors
/// When nothing in it is SPDX's.
pub(super) fn read<'d, 'a>(object: &'d Object<'a>, report: &mut Report<'d, 'a>) -> Result<Bom<'d>, ReadError> {
    let document = report.document;
    // GitHub's dependency graph: `{"sbom": {…}}`.
    let object = object.get("sbom").and_then(Value::as_object).unwrap_or(object);
    let marks = ["spdxVersion", "SPDXID", "packages"];
    if !marks.iter().any(|field| object.get(field).is_some()) {
        let problem = "it has neither `spdxVersion` nor `packages`: this is no SPDX SBOM";
        return Err(shape(document, document.root.span, problem, REMAKE));
    }
    report.check_fields(object, "an SPDX document", DOCUMENT_FIELDS);
    let mut bom = Bom { version: version(object, report), ..Bom::default() };
    bom.bystanders.extend([DOCUMENT, "NOASSERTION", "NONE"]);
    if object.get("packages").is_none() {
        report.add_for_file("it has no packages", REMAKE);
    }
    for value in report.items("", object, "packages") {
        read_package(value, &mut bom, report);
    }
    for value in ["files", "snippets"].into_iter().flat_map(|field| report.items("", object, field)) {
        bom.bystanders.extend(value.as_object().and_then(|file| file.get("SPDXID")).and_then(Value::as_str));
    }
    let mut described = Vec::new();
    for item in report.items("", object, "documentDescribes") {
        match item.as_str() {
            Some(reference) => described.push(reference.trim()),
            None => report.wrong_type("", "documentDescribes", item, "a string"),
        }
    }
    for value in report.items("", object, "relationships") {
        read_relationship(value, &mut bom, &mut described, report);
    }
    find_root(&mut bom, described, report);
    Ok(bom)
}

fn version(object: &Object<'_>, report: &mut Report<'_, '_>) -> String {
    let Some(value) = object.get("spdxVersion") else {
        report.add_for_file("it does not say its SPDX version; it was read as 2.3", REMAKE);
        return String::new();
    };
    let text = value.as_str().map_or_else(|| report.document.excerpt(value.span), short);
    let version = text.strip_prefix("SPDX-").unwrap_or(&text).to_owned();
    if !matches!(text.as_str(), "SPDX-2.2" | "SPDX-2.3") {
        let why = format!("its version {text} is neither SPDX-2.2 nor SPDX-2.3; it was read as far as it is like them");
        report.add("", value.span, why, "have the SBOM written as SPDX 2.3");
    }
    version
}

fn read_package<'d, 'a>(value: &'d Value<'a>, bom: &mut Bom<'d>, report: &mut Report<'d, 'a>) {
    let Some(object) = report.object("", "a package", value) else {
        bom.components.push(Component { span: value.span, ..Component::default() });
        return;
    };
    report.check_fields(object, "a package", PACKAGE_FIELDS);
    let name = report.text("a package", object, "name");
    let what = match name {
        Some(name) => format!("`{}`", short(name)),
        None => "a package".to_owned(),
    };
    let what = what.as_str();
    let mut component = Component {
        reference: report.text(what, object, "SPDXID").unwrap_or_default(),
        name,
        version: report.text(what, object, "versionInfo").filter(|text| is_asserted(text)),
        span: value.span,
        ..Component::default()
    };
    if component.reference.is_empty() {
        report.add(what, value.span, "it lacks its `SPDXID`, so no relationship can name it", REMAKE);
    }
    for item in report.items(what, object, "checksums") {
        let Some(checksum) = report.object(what, "a checksum", item) else { continue };
        match (report.text(what, checksum, "algorithm"), report.text(what, checksum, "checksumValue")) {
            (Some(algorithm), Some(text)) => component.hashes.push(Hash { algorithm, value: text, span: item.span }),
            _ => report.add(what, item.span, "a checksum lacks its algorithm or value", REMAKE),
        }
    }
    let declared = object.get("licenseDeclared").and_then(Value::as_str);
    component.license = declared.map(str::trim).filter(|text| !text.is_empty() && is_asserted(text));
    let location = report.stated(what, object, "downloadLocation").filter(|stated| is_asserted(stated.text));
    component.distributions.extend(location.map(|url| Distribution { url, hashes: Vec::new() }));
    // npm writes the place of installation here, others the archive's name.
    let place = report.stated(what, object, "packageFileName");
    component.path = place.filter(|stated| stated.text.contains("node_modules/"));
    read_references(what, object, &mut component, report);
    bom.components.push(component);
}

fn is_asserted(text: &str) -> bool {
    !matches!(text, "NOASSERTION" | "NONE")
}

fn read_references<'d, 'a>(
    what: &str,
    object: &'d Object<'a>,
    component: &mut Component<'d>,
    report: &mut Report<'d, 'a>,
) {
    for item in report.items(what, object, "externalRefs") {
        let Some(reference) = report.object(what, "an external reference", item) else { continue };
        let kind = report.text(what, reference, "referenceType");
        let locator = report.stated(what, reference, "referenceLocator");
        match (kind.map(|kind| kind.rsplit('/').next().unwrap_or(kind)), locator) {
            (Some("purl"), Some(purl)) if component.purl.is_none() => component.purl = Some(purl),
            (Some("purl"), Some(other)) => {
                let why = format!("it has several purls; `{}` was not read", short(other.text));
                report.add(what, other.span, why, REMAKE);
            }
            (Some("cpe23Type" | "cpe22Type"), Some(cpe)) => component.cpe = component.cpe.or(Some(cpe.text)),
            (Some(_), Some(_)) => {}
            _ => report.add(what, item.span, "an external reference lacks its type or locator", REMAKE),
        }
    }
}

fn read_relationship<'d, 'a>(
    value: &'d Value<'a>,
    bom: &mut Bom<'d>,
    described: &mut Vec<&'d str>,
    report: &mut Report<'d, 'a>,
) {
    let Some(object) = report.object("", "a relationship", value) else { return };
    report.check_fields(object, "a relationship", RELATIONSHIP_FIELDS);
    let first = report.text("a relationship", object, "spdxElementId");
    let second = report.text("a relationship", object, "relatedSpdxElement");
    let kind = report.text("a relationship", object, "relationshipType");
    let (Some(first), Some(second), Some(kind)) = (first, second, kind) else {
        report.add("a relationship", value.span, "it lacks one of its elements or its type", REMAKE);
        return;
    };
    let span = value.span;
    match relation(kind) {
        Some(Relation::Forward(kind)) => bom.links.push(Link { from: first, to: second, kind, span }),
        Some(Relation::Backward(kind)) => bom.links.push(Link { from: second, to: first, kind, span }),
        Some(Relation::Describes) => described.push(second),
        Some(Relation::DescribedBy) => described.push(first),
        Some(Relation::Other) => {}
        None => {
            let why = format!("`{}` is no type of relationship that SPDX has", short(kind));
            report.add("a relationship", span, why, REMAKE);
        }
    }
}

/// The one package that the document is about. Where it is about several, the root
/// is made up and they hang under it.
fn find_root(bom: &mut Bom<'_>, mut described: Vec<&str>, report: &mut Report<'_, '_>) {
    described.sort_unstable();
    described.dedup();
    if described.is_empty() && !bom.components.is_empty() {
        report.add_for_file("it does not say which package it is about (`DESCRIBES`)", REMAKE);
    }
    let places: HashMap<&str, usize> =
        bom.components.iter().enumerate().map(|(index, component)| (component.reference, index)).collect();
    for reference in described.iter().filter(|reference| !places.contains_key(*reference)) {
        if !bom.bystanders.contains(reference) {
            let why = format!("it is about `{}`, which is none of its elements", short(reference));
            report.add("", Span::default(), why, REMAKE);
        }
    }
    if let [only] = described.as_slice() {
        bom.root = places.get(only).copied();
    }
    // A package that the document contains has no other place in it.
    bom.links.retain(|link| link.kind != LinkKind::Contains || link.from != DOCUMENT);
}
