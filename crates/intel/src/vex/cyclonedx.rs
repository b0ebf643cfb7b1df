//! CycloneDX (<https://cyclonedx.org/docs/1.7/json/>), 1.4 to 1.7: `vulnerabilities[].analysis` of what `affects` refers to, by
//! the reference of a component, a purl, or a BOM-Link that ends in one.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use vetch_model::vex::VexStatus;

use super::product::named;
use super::{Named, Said, VexDocument, Whole, cut, ids, line, name, seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    #[serde(rename = "specVersion")]
    spec_version: Option<String>,
    #[serde(rename = "serialNumber")]
    serial: Option<String>,
    version: Option<i64>,
    metadata: Option<Metadata>,
    components: Option<Vec<Component>>,
    vulnerabilities: Option<Vec<Vulnerability>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    timestamp: Option<String>,
    supplier: Option<Who>,
    /// Of 1.6 and 1.7; `manufacture` before.
    manufacturer: Option<Who>,
    manufacture: Option<Who>,
    authors: Option<Vec<Who>>,
    component: Option<Component>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Who {
    name: Option<String>,
}

/// Components lie in components; the reader of JSON bounds how deep.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Component {
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    name: Option<String>,
    group: Option<String>,
    version: Option<String>,
    purl: Option<String>,
    components: Option<Vec<Component>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Vulnerability {
    id: Option<String>,
    references: Option<Vec<Reference>>,
    updated: Option<String>,
    published: Option<String>,
    analysis: Option<Analysis>,
    affects: Option<Vec<Affects>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Analysis {
    state: Option<String>,
    justification: Option<String>,
    detail: Option<String>,
    #[serde(rename = "firstIssued")]
    first_issued: Option<String>,
    #[serde(rename = "lastUpdated")]
    last_updated: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Affects {
    #[serde(rename = "ref")]
    reference: Option<String>,
    versions: Option<Vec<Value>>,
}

pub(super) fn read(bytes: &[u8]) -> Result<VexDocument, String> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let version = wire.spec_version.as_deref().unwrap_or_default();
    if !["1.4", "1.5", "1.6", "1.7"].contains(&version) {
        return Err(format!("it is CycloneDX `{}`; judgements are read of 1.4 to 1.7", cut(version, 20)));
    }
    let all = wire.vulnerabilities.as_deref().unwrap_or_default();
    if !all.iter().any(|one| one.analysis.is_some()) {
        return Err(
            "it is an SBOM that judges no vulnerability (`vulnerabilities[].analysis`); `vetch scan` takes it as \
                    a target"
                .to_owned(),
        );
    }
    let metadata = wire.metadata.unwrap_or_default();
    let author = metadata.authors.into_iter().flatten().next();
    let who = [metadata.supplier, metadata.manufacturer, metadata.manufacture, author];
    let mut document = VexDocument {
        author: name(who.into_iter().flatten().find_map(|who| who.name).as_deref().unwrap_or_default()),
        id: name(wire.serial.as_deref().unwrap_or_default()),
        modified: seconds(metadata.timestamp.as_deref()),
        version: wire.version.unwrap_or_default(),
        ..VexDocument::default()
    };
    let bill = Bill::new(metadata.component.as_ref(), wire.components.as_deref().unwrap_or_default());
    for vulnerability in all {
        let Some(analysis) = &vulnerability.analysis else { continue };
        match said(vulnerability, analysis) {
            Ok(said) => {
                let affects = vulnerability.affects.as_deref().unwrap_or_default();
                if affects.is_empty() {
                    document.not_understood(format!("{}: it names no component", said.label()));
                }
                for affects in affects {
                    document.add(&said, &bill.named(affects))?;
                }
            }
            Err(why) => document.not_understood(why),
        }
    }
    Ok(document)
}

fn said(vulnerability: &Vulnerability, analysis: &Analysis) -> Result<Said, String> {
    let others = vulnerability.references.iter().flatten().filter_map(|one| one.id.as_deref());
    let ids = ids(vulnerability.id.as_deref().into_iter().chain(others));
    let Some(label) = ids.first() else { return Err("a vulnerability has no `id`".to_owned()) };
    let state = analysis.state.as_deref().unwrap_or_default();
    let status = match state {
        "not_affected" | "false_positive" => VexStatus::NotAffected,
        "resolved" | "resolved_with_pedigree" => VexStatus::Fixed,
        "exploitable" => VexStatus::Affected,
        "in_triage" => VexStatus::UnderInvestigation,
        _ => return Err(format!("{label}: its state `{}` is none of CycloneDX", cut(state, 40))),
    };
    // That it is no weakness at all is a reason by itself.
    let own = analysis.justification.as_deref().or((state == "false_positive").then_some(state));
    let times = [&analysis.last_updated, &analysis.first_issued, &vulnerability.updated, &vulnerability.published];
    let time = times.into_iter().find_map(|time| seconds(time.as_deref()));
    let text = line(analysis.detail.as_deref().unwrap_or_default());
    Ok(Said { status, justification: name(own.unwrap_or_default()), text, time, ids })
}

/// The components, by reference, and what they are parts of.
struct Bill<'b> {
    all: HashMap<&'b str, &'b Component>,
    whole: Option<&'b Component>,
}

impl<'b> Bill<'b> {
    fn new(whole: Option<&'b Component>, components: &'b [Component]) -> Bill<'b> {
        let mut bill = Bill { all: HashMap::new(), whole };
        let mut open: Vec<&Component> = whole.into_iter().chain(components).collect();
        while let Some(component) = open.pop() {
            if let Some(reference) = &component.reference {
                bill.all.entry(reference).or_insert(component);
            }
            open.extend(component.components.iter().flatten());
        }
        bill
    }

    fn named(&self, affects: &Affects) -> Vec<Named> {
        let reference = affects.reference.as_deref().unwrap_or_default();
        // A BOM-Link (`urn:cdx:serial/version#reference`) leads to a component of another document.
        let linked = reference.strip_prefix("urn:cdx:").and_then(|link| link.split_once('#')).map(|(_, rest)| rest);
        let known = self.all.get(reference).copied();
        let (purl, version) = match (known, linked) {
            (Some(component), _) => (component.purl.clone(), component.version.as_deref()),
            (None, Some(link)) => (Some(link.to_owned()), None),
            (None, None) => (Some(reference.to_owned()), None),
        };
        let Some(purl) = purl else { return vec![Named::Foreign] };
        let purl = if linked.is_some() && !purl.starts_with("pkg:") { decoded(&purl) } else { purl };
        let is_whole = self.whole.is_some_and(|whole| known.is_some_and(|known| std::ptr::eq(known, whole)));
        let whole = self.whole.filter(|_| !is_whole).map(whole_of);
        let Some(versions) = affects.versions.as_deref().filter(|versions| !versions.is_empty()) else {
            return vec![named(&purl, version, whole)];
        };
        versions.iter().map(|one| version_of(&purl, one, whole.clone())).collect()
    }
}

/// The percent signs of a BOM-Link's last part.
fn decoded(text: &str) -> String {
    text.replace("%3A", ":").replace("%3a", ":").replace("%2F", "/").replace("%2f", "/").replace("%40", "@")
}

fn whole_of(component: &Component) -> Whole {
    let own = component.name.as_deref().unwrap_or_default();
    let full = match component.group.as_deref().filter(|group| !group.is_empty()) {
        Some(group) => format!("{group}/{own}"),
        None => own.to_owned(),
    };
    Whole::new(component.purl.as_deref().unwrap_or_default(), &full, component.version.as_deref())
}

/// One of the versions that are named: only single ones can be compared with what a purl names.
fn version_of(purl: &str, version: &Value, whole: Option<Whole>) -> Named {
    match version.get("version").and_then(Value::as_str) {
        Some(version) => match named(purl, Some(version), whole) {
            Named::Part(product) if product.version.as_deref() != Some(version) => {
                Named::Unclear(format!("`{}` names another version than `{}`", cut(purl, 120), cut(version, 40)))
            }
            named => named,
        },
        None => Named::Unclear(format!("it speaks of a range of versions of `{}`", cut(purl, 120))),
    }
}
