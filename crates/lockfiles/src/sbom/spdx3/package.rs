//! What an SPDX 3 package says of itself.

use super::super::REMAKE;
use super::super::bom::{Component, Distribution, Hash, Stated};
use super::super::cyclonedx::apply_property;
use super::super::report::Report;
use super::graph::{Graph, Node, term, values};
use crate::error::short;
use crate::json::Object;

/// Most hashes of one file: thousands of packages may name the same.
const MAX_FILE_HASHES: usize = 16;

const FIELDS: &[&str] = &[
    "spdxId",
    "@id",
    "type",
    "@type",
    "creationInfo",
    "name",
    "software_packageVersion",
    "software_packageUrl",
    "software_downloadLocation",
    "software_homePage",
    "software_sourceInfo",
    "software_primaryPurpose",
    "software_additionalPurpose",
    "software_attributionText",
    "software_contentIdentifier",
    "software_copyrightText",
    "externalIdentifier",
    "externalRef",
    "verifiedUsing",
    "extension",
    "comment",
    "description",
    "summary",
    "builtTime",
    "releaseTime",
    "validUntilTime",
    "originatedBy",
    "suppliedBy",
    "standardName",
    "supportLevel",
];

/// Reads a package.
pub(super) fn read<'d, 'a>(
    node: Node<'d, 'a>,
    graph: &mut Graph<'d, 'a>,
    report: &mut Report<'d, 'a>,
) -> Component<'d> {
    let object = node.object;
    if node.class == "Package" {
        // Other profiles have packages with many fields of their own.
        report.check_fields(object, "a package", FIELDS);
    }
    let name = report.text("a package", object, "name");
    let what = match name {
        Some(name) => format!("`{}`", short(name)),
        None => "a package".to_owned(),
    };
    let what = what.as_str();
    if node.id.is_empty() {
        report.add(what, node.span, "it lacks its `spdxId`, so no relationship can name it", REMAKE);
    }
    let mut component = Component {
        reference: node.id,
        name,
        version: report.text(what, object, "software_packageVersion").filter(|text| is_asserted(text)),
        purl: report.stated(what, object, "software_packageUrl"),
        hashes: hashes(what, object, graph, report),
        span: node.span,
        ..Component::default()
    };
    let location = report.stated(what, object, "software_downloadLocation").filter(|stated| is_asserted(stated.text));
    component.distributions.extend(location.map(|url| Distribution { url, hashes: Vec::new() }));
    read_identifiers(what, object, &mut component, graph, report);
    for (reference, _) in graph.objects(object, "externalRef") {
        if reference.get("externalRefType").and_then(|kind| kind.as_str()).map(term) == Some("vcs") {
            let locator = values(reference, "locator").first().and_then(|locator| locator.as_str());
            component.vcs = component.vcs.or(locator);
        }
    }
    read_properties(what, object, &mut component, report);
    component
}

fn is_asserted(text: &str) -> bool {
    !matches!(text, "NOASSERTION" | "NONE")
}

/// Its purl and CPE, of which SPDX 3 has a list beside the field for the purl.
fn read_identifiers<'d, 'a>(
    what: &str,
    object: &'d Object<'a>,
    component: &mut Component<'d>,
    graph: &mut Graph<'d, 'a>,
    report: &mut Report<'d, 'a>,
) {
    for (identifier, span) in graph.objects(object, "externalIdentifier") {
        let kind = report.text(what, identifier, "externalIdentifierType");
        match (kind.map(term), report.stated(what, identifier, "identifier")) {
            (Some("packageUrl"), Some(purl)) => match component.purl {
                None => component.purl = Some(purl),
                Some(known) if known.text == purl.text => {}
                Some(_) => {
                    let why = format!("it has several purls; `{}` was not read", short(purl.text));
                    report.add(what, purl.span, why, REMAKE);
                }
            },
            (Some("cpe23" | "cpe22"), Some(cpe)) => component.cpe = component.cpe.or(Some(cpe.text)),
            (Some(_), Some(_)) => {}
            _ => report.add(what, span, "an external identifier lacks its type or `identifier`", REMAKE),
        }
    }
}

/// What verifies an element, as far as it is a hash of all of it.
fn hashes<'d, 'a>(
    what: &str,
    object: &'d Object<'a>,
    graph: &mut Graph<'d, 'a>,
    report: &mut Report<'d, 'a>,
) -> Vec<Hash<'d>> {
    let mut hashes = Vec::new();
    for (method, span) in graph.objects(object, "verifiedUsing") {
        let class = method.get("type").or_else(|| method.get("@type")).and_then(|class| class.as_str()).map(term);
        if matches!(class, Some("PackageVerificationCode" | "ContentIdentifier")) {
            continue;
        }
        match (report.text(what, method, "algorithm"), report.text(what, method, "hashValue")) {
            (Some(algorithm), Some(text)) => {
                hashes.push(Hash { algorithm: algorithm_name(algorithm), value: text, span })
            }
            _ => report.add(what, span, "a hash lacks its `algorithm` or `hashValue`", REMAKE),
        }
    }
    hashes
}

/// The name, which may be given as an IRI; of some it has underscores.
fn algorithm_name(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// An archive of a package: where it lies, if it says so, and its hashes.
pub(super) fn archive<'d, 'a>(
    file: Node<'d, 'a>,
    graph: &mut Graph<'d, 'a>,
    report: &mut Report<'d, 'a>,
) -> Option<Distribution<'d>> {
    let mut url = None;
    for (reference, _) in graph.objects(file.object, "externalRef") {
        let kind = reference.get("externalRefType").and_then(|kind| kind.as_str()).map(term);
        if matches!(kind, Some("binaryArtifact" | "sourceArtifact" | "altDownloadLocation")) {
            let locator = values(reference, "locator").first();
            url = url.or_else(|| Some(Stated { text: locator?.as_str()?.trim(), span: locator?.span }));
        }
    }
    let url = url.filter(|url| !url.text.is_empty())?;
    let mut hashes = hashes("a file", file.object, graph, report);
    if hashes.len() > MAX_FILE_HASHES {
        let why = format!("a file has more than {MAX_FILE_HASHES} hashes; the first ones were read");
        report.add("", file.span, why, REMAKE);
        hashes.truncate(MAX_FILE_HASHES);
        hashes.shrink_to_fit();
    }
    Some(Distribution { url, hashes })
}

/// Properties as CycloneDX has them, for which SPDX has an extension. Only those that stand in the package itself are its own.
fn read_properties<'d, 'a>(
    what: &str,
    object: &'d Object<'a>,
    component: &mut Component<'d>,
    report: &mut Report<'d, 'a>,
) {
    let extensions = values(object, "extension").iter().filter_map(|extension| extension.as_object());
    for entry in extensions.flat_map(|extension| values(extension, "extension_cdxProperty")) {
        let Some(entry) = entry.as_object() else { continue };
        let name = report.text(what, entry, "extension_cdxPropName");
        if let (Some(name), Some(value)) = (name, report.stated(what, entry, "extension_cdxPropValue")) {
            apply_property(component, name, value);
        }
    }
}
