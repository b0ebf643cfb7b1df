//! CycloneDX: components, nested or not, and their dependencies
//! (<https://cyclonedx.org/docs/1.7/json/>). XML comes here as the JSON of the same names.

use vetch_model::evidence::Span;
use vetch_model::inventory::{Ecosystem, EdgeKind};

use super::bom::{Bom, Component, Distribution, Hash, Link, LinkKind, Stated};
use super::report::Report;
use super::{REMAKE, shape};
use crate::error::{ReadError, short};
use crate::json::{Object, Value};

const KNOWN_VERSIONS: &[&str] = &["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

const BOM_FIELDS: &[&str] = &[
    "bomFormat",
    "specVersion",
    "serialNumber",
    "version",
    "metadata",
    "components",
    "services",
    "externalReferences",
    "dependencies",
    "compositions",
    "vulnerabilities",
    "annotations",
    "formulation",
    "declarations",
    "definitions",
    "citations",
    "properties",
    "signature",
];

const METADATA_FIELDS: &[&str] = &[
    "timestamp",
    "lifecycles",
    "tools",
    "authors",
    "component",
    "manufacture",
    "manufacturer",
    "supplier",
    "licenses",
    "properties",
    "distributionConstraints",
];

const COMPONENT_FIELDS: &[&str] = &[
    "type",
    "name",
    "version",
    "purl",
    "bom-ref",
    "properties",
    "licenses",
    "hashes",
    "externalReferences",
    "scope",
    "cpe",
    "group",
    "author",
    "authors",
    "description",
    "components",
    "evidence",
    "supplier",
    "manufacturer",
    "publisher",
    "mime-type",
    "copyright",
    "swid",
    "omniborId",
    "swhid",
    "modified",
    "pedigree",
    "releaseNotes",
    "modelCard",
    "data",
    "cryptoProperties",
    "tags",
    "signature",
    "versionRange",
    "isExternal",
    "patentAssertions",
];

const DEPENDENCY_FIELDS: &[&str] = &["ref", "dependsOn", "provides"];

/// Reads the document's object.
///
/// # Errors
/// When nothing in it is CycloneDX's.
pub(super) fn read<'d, 'a>(object: &'d Object<'a>, report: &mut Report<'d, 'a>) -> Result<Bom<'d>, ReadError> {
    let marks = ["bomFormat", "specVersion", "components"];
    if !marks.iter().any(|field| object.get(field).is_some()) {
        let problem = "it has neither `bomFormat` nor `components`: this is no CycloneDX SBOM";
        return Err(shape(report.document, report.document.root.span, problem, REMAKE));
    }
    report.check_fields(object, "a CycloneDX SBOM", BOM_FIELDS);
    let mut bom = Bom { version: version(object, report), ..Bom::default() };
    if let Some(metadata) = object.get("metadata").filter(|value| !value.is_null()) {
        read_metadata(metadata, &mut bom, report);
    }
    if object.get("components").is_none() {
        report.add_for_file("it has no `components`, which list what is in it", REMAKE);
    }
    for value in report.items("", object, "components") {
        read_component(value, None, &mut bom, report);
    }
    read_services(object, &mut bom, report);
    for value in report.items("", object, "dependencies") {
        read_dependency(value, &mut bom, report);
    }
    read_compositions(object, report);
    Ok(bom)
}

fn version(object: &Object<'_>, report: &mut Report<'_, '_>) -> String {
    if let Some(format) = object.get("bomFormat").filter(|value| value.as_str() != Some("CycloneDX")) {
        let why = format!("`bomFormat` is `{}`, not `CycloneDX`", report.document.excerpt(format.span));
        report.add("", format.span, why, REMAKE);
    }
    let Some(value) = object.get("specVersion") else {
        report.add_for_file("it has no `specVersion`; it was read as version 1.7", REMAKE);
        return String::new();
    };
    let text = value.as_str().map_or_else(|| report.document.excerpt(value.span), short);
    if !KNOWN_VERSIONS.contains(&text.as_str()) {
        let why = format!("its version {text} is none of 1.2 to 1.7; it was read as far as it is like them");
        report.add("", value.span, why, "update Vetch, or have the SBOM written in version 1.6");
    }
    text
}

fn read_metadata<'d, 'a>(value: &'d Value<'a>, bom: &mut Bom<'d>, report: &mut Report<'d, 'a>) {
    let Some(metadata) = report.object("", "metadata", value) else { return };
    report.check_fields(metadata, "`metadata`", METADATA_FIELDS);
    if let Some(component) = metadata.get("component").filter(|value| !value.is_null()) {
        bom.root = Some(bom.components.len());
        read_component(component, None, bom, report);
    }
}

/// Nesting is bounded by the parsers' own depth.
fn read_component<'d, 'a>(value: &'d Value<'a>, parent: Option<usize>, bom: &mut Bom<'d>, report: &mut Report<'d, 'a>) {
    let index = bom.components.len();
    let Some(object) = report.object("", "a component", value) else {
        bom.components.push(Component { parent, span: value.span, ..Component::default() });
        return;
    };
    report.check_fields(object, "a component", COMPONENT_FIELDS);
    let name = report.text("a component", object, "name");
    let what = match name {
        Some(name) => format!("`{}`", short(name)),
        None => "a component".to_owned(),
    };
    let what = what.as_str();
    let mut component = Component {
        reference: report.text(what, object, "bom-ref").unwrap_or_default(),
        kind: report.text(what, object, "type").unwrap_or_default(),
        group: report.text(what, object, "group"),
        name,
        version: report.text(what, object, "version"),
        purl: report.stated(what, object, "purl"),
        cpe: report.text(what, object, "cpe"),
        hashes: read_hashes(what, object, report),
        license: object.get("licenses").and_then(read_license),
        range: report.text(what, object, "versionRange"),
        parent,
        span: value.span,
        ..Component::default()
    };
    read_scope(what, object, &mut component, report);
    read_references(what, object, &mut component, report);
    read_properties(what, object, &mut component, report);
    bom.components.push(component);
    for part in report.items(what, object, "components") {
        read_component(part, Some(index), bom, report);
    }
}

fn read_scope(what: &str, object: &Object<'_>, component: &mut Component<'_>, report: &mut Report<'_, '_>) {
    let Some(value) = object.get("scope").filter(|value| !value.is_null()) else { return };
    match value.as_str() {
        Some("required") => {}
        Some("optional") => component.is_optional = true,
        // "Components that are excluded from scope": tests, build tools.
        Some("excluded") => component.is_development = true,
        _ => {
            let found = report.document.excerpt(value.span);
            let why = format!("`scope` is `{found}`, none of required, optional and excluded");
            report.add(what, value.span, why, REMAKE);
        }
    }
}

fn read_hashes<'d, 'a>(what: &str, object: &'d Object<'a>, report: &mut Report<'d, 'a>) -> Vec<Hash<'d>> {
    let mut hashes = Vec::new();
    for value in report.items(what, object, "hashes") {
        let Some(hash) = report.object(what, "a hash", value) else { continue };
        match (report.text(what, hash, "alg"), report.text(what, hash, "content")) {
            (Some(algorithm), Some(text)) => hashes.push(Hash { algorithm, value: text, span: value.span }),
            _ => report.add(what, value.span, "a hash lacks its `alg` or `content`", REMAKE),
        }
    }
    hashes
}

/// What is declared, if that is one expression or one licence. XML has no list here, only its elements.
fn read_license<'d>(value: &'d Value<'_>) -> Option<&'d str> {
    let only = match value.as_array() {
        Some([only]) => only.as_object()?,
        Some(_) => return None,
        None => value.as_object().filter(|object| object.members.len() == 1)?,
    };
    let text = only.get("expression").or_else(|| {
        let license = only.get("license")?.as_object()?;
        license.get("id").or_else(|| license.get("name"))
    });
    text?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn read_references<'d, 'a>(
    what: &str,
    object: &'d Object<'a>,
    component: &mut Component<'d>,
    report: &mut Report<'d, 'a>,
) {
    for value in report.items(what, object, "externalReferences") {
        let Some(reference) = report.object(what, "an external reference", value) else { continue };
        match (report.text(what, reference, "type"), report.stated(what, reference, "url")) {
            (Some("distribution"), Some(url)) => {
                let hashes = read_hashes(what, reference, report);
                component.distributions.push(Distribution { url, hashes });
            }
            (Some("vcs"), Some(url)) => component.vcs = component.vcs.or(Some(url.text)),
            (Some(_), _) => {}
            (None, _) => report.add(what, value.span, "an external reference lacks its `type`", REMAKE),
        }
    }
}

/// Properties are a tool's own; those of npm, uv, syft and the Python tools tell
/// flags, groups and paths (<https://github.com/CycloneDX/cyclonedx-property-taxonomy>).
fn read_properties<'d, 'a>(
    what: &str,
    object: &'d Object<'a>,
    component: &mut Component<'d>,
    report: &mut Report<'d, 'a>,
) {
    for item in report.items(what, object, "properties") {
        let Some(property) = report.object(what, "a property", item) else { continue };
        let (Some(name), Some(value)) = (report.text(what, property, "name"), report.stated(what, property, "value"))
        else {
            continue;
        };
        apply_property(component, name, value);
        // npm gives development dependencies the scope `optional` as well.
        if name == "cdx:npm:package:development" && component.is_development {
            component.is_optional = false;
        }
    }
}

/// What a property says, if it is one that is known.
pub(super) fn apply_property<'d>(component: &mut Component<'d>, name: &'d str, value: Stated<'d>) {
    let is_true = value.text == "true";
    let own = match name.split_once(':') {
        Some(("cdx", rest)) if rest.starts_with("npm:") => Some(Ecosystem::Npm),
        Some(("cdx", rest)) if rest.starts_with("py") || rest.starts_with("poetry:") || rest.starts_with("pipenv:") => {
            Some(Ecosystem::Pypi)
        }
        Some(("uv", _)) => Some(Ecosystem::Pypi),
        Some(("syft", "package:type")) => match value.text {
            "npm" => Some(Ecosystem::Npm),
            "python" => Some(Ecosystem::Pypi),
            _ => None,
        },
        _ => None,
    };
    component.ecosystem = component.ecosystem.take().or(own);
    match name {
        "cdx:npm:package:development" => component.is_development |= is_true,
        "cdx:npm:package:bundled" => component.is_bundled |= is_true,
        "cdx:npm:package:extraneous" => component.is_extraneous |= is_true,
        "cdx:npm:package:path" => component.path = Some(value),
        "cdx:npm:package:hasInstallScript" => component.has_install_script = Some(is_true),
        "cdx:poetry:group"
        | "cdx:poetry:package:group"
        | "cdx:pipenv:category"
        | "cdx:pipenv:package:category"
        | "cdx:python:package:required-extra"
        | "vetch:group" => component.groups.push(value.text),
        "vetch:alias" => component.alias = component.alias.or(Some(value.text)),
        "uv:package:marker" => component.marker = Some(value.text),
        "uv:workspace:path" | "vetch:workspace" => component.workspace = Some(value),
        _ if name.starts_with("syft:location:") && name.ends_with(":path") => apply_location(component, value),
        _ => {}
    }
}

/// syft names the file that gave a package away; the manifest inside an installed
/// npm package tells where it is installed.
fn apply_location<'d>(component: &mut Component<'d>, value: Stated<'d>) {
    let folder = value.text.trim_start_matches('/').strip_suffix("/package.json");
    if let Some(folder) = folder.filter(|folder| folder.contains("node_modules/") && component.path.is_none()) {
        component.path = Some(Stated { text: folder, span: value.span });
    }
}

/// Services are no packages, but dependencies may name them.
fn read_services<'d, 'a>(object: &'d Object<'a>, bom: &mut Bom<'d>, report: &mut Report<'d, 'a>) {
    for value in report.items("", object, "services") {
        if let Some(service) = value.as_object() {
            if let Some(reference) = service.get("bom-ref").and_then(Value::as_str) {
                bom.bystanders.insert(reference);
            }
            read_services(service, bom, report);
        }
    }
}

fn read_dependency<'d, 'a>(value: &'d Value<'a>, bom: &mut Bom<'d>, report: &mut Report<'d, 'a>) {
    let Some(object) = report.object("", "a dependency", value) else { return };
    report.check_fields(object, "a dependency", DEPENDENCY_FIELDS);
    let Some(from) = report.text("a dependency", object, "ref") else {
        report.add("a dependency", value.span, "it lacks its `ref`: whose dependencies these are", REMAKE);
        return;
    };
    let provides = LinkKind::WantsAs(EdgeKind::Production, Some("provides"));
    for (field, kind) in [("dependsOn", LinkKind::Wants), ("provides", provides)] {
        for item in report.items(from, object, field) {
            match item.as_str() {
                Some(to) => bom.links.push(Link { from, to: to.trim(), kind, span: item.span }),
                None => report.wrong_type(from, field, item, "a string"),
            }
        }
    }
}

/// What the SBOM itself says about what it lacks.
fn read_compositions(object: &Object<'_>, report: &mut Report<'_, '_>) {
    let Some(value) = object.get("compositions").filter(|value| !value.is_null()) else { return };
    let Some(items) = value.as_array() else {
        report.wrong_type("", "compositions", value, "an array");
        return;
    };
    let lacking: Vec<Span> = items
        .iter()
        .filter_map(|item| item.as_object()?.get("aggregate"))
        .filter(|aggregate| aggregate.as_str().is_some_and(|text| text.starts_with("incomplete")))
        .map(|aggregate| aggregate.span)
        .collect();
    if let Some(first) = lacking.first() {
        let why = format!("it says of {} of its compositions that they are incomplete", lacking.len());
        report.add("", *first, why, "have it written with all components, or scan the project itself");
    }
}
