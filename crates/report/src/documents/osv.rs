//! Records of OSV (<https://ossf.github.io/osv-schema/>, 1.7) of malicious releases, as OpenSSF's malicious-packages has them:
//! the exact version, CWE-506, `database_specific.iocs`. Suspicious releases get none: a record accuses, and whoever imports it
//! fails every build that has the release.

use serde::Serialize;
use serde_json::Value;
use vetch_model::Verdict;
use vetch_model::evidence::Evidence;
use vetch_model::indicator::IndicatorKind;
use vetch_model::inventory::Ecosystem;
use vetch_model::purl::Purl;
use vetch_model::scan::ReleaseResult;

use super::matter::{malware, own_id, titles, worst};
use super::{DocumentView, Name, text, time};
use crate::TOOL_NAME;
use crate::label::release_label;

const SCHEMA: &str = "1.7.5";
/// Most findings, and indicators of one kind, of a record.
const MAX_FINDINGS: usize = 20;
const MAX_INDICATORS: usize = 200;
/// Longest excerpt of source, in characters.
const MAX_EXCERPT: usize = 240;

/// A record.
#[derive(Debug, Serialize)]
pub struct Record {
    schema_version: &'static str,
    /// Its id, which is good as the name of a file.
    pub id: String,
    modified: String,
    published: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    summary: String,
    details: String,
    affected: Vec<Affected>,
    references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credits: Vec<Credit>,
    database_specific: Specific,
}

#[derive(Debug, Serialize)]
struct Affected {
    package: Package,
    versions: Vec<String>,
    database_specific: Weaknesses,
}

#[derive(Debug, Serialize)]
struct Package {
    ecosystem: &'static str,
    name: String,
    purl: String,
}

#[derive(Debug, Serialize)]
struct Weaknesses {
    cwes: [Weakness; 1],
}

#[derive(Debug, Serialize)]
struct Weakness {
    #[serde(rename = "cweId")]
    id: &'static str,
    name: &'static str,
    description: &'static str,
}

#[derive(Debug, Serialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
}

#[derive(Debug, Serialize)]
struct Credit {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contact: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Specific {
    #[serde(rename = "type")]
    kind: &'static str,
    /// The id is made by the publisher, until a database gives a number.
    temporary_id: bool,
    tool: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_hash: Option<String>,
    iocs: Iocs,
    evidence: Vec<Proof>,
}

/// In the words that OpenSSF's records use.
#[derive(Debug, Default, Serialize)]
struct Iocs {
    domains: Vec<String>,
    ips: Vec<String>,
    urls: Vec<String>,
}

/// One finding, and the first place that shows it.
#[derive(Debug, Serialize)]
struct Proof {
    rule: String,
    title: String,
    file: String,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    excerpt: Option<String>,
    techniques: Vec<&'static str>,
}

/// Whom a release contacts, as far as that names somebody: kinds and values by number of the release.
pub type Contacts<'s> = &'s dyn Fn(usize) -> Vec<(IndicatorKind, String)>;

/// The records, in the order of releases, and the names of malicious releases of which there can be none: without a version,
/// or of an ecosystem whose code is not analysed.
pub fn records(view: &DocumentView<'_>, contacts: Contacts<'_>) -> (Vec<Record>, Vec<String>) {
    let (mut records, mut without) = (Vec::new(), Vec::new());
    for ((number, release), name) in view.scan.releases.iter().enumerate().zip(view.names) {
        if release.verdict != Verdict::Malicious {
            continue;
        }
        match package(name) {
            Some(package) => records.push(record(view, release, name, package, contacts(number))),
            None => without.push(release_label(&release.purl)),
        }
    }
    (records, without)
}

/// The package as OSV names it, and the version.
fn package(name: &Name) -> Option<(Package, String)> {
    let version = name.version.clone().filter(|version| !version.is_empty())?;
    let own = Some(name.name.clone()).filter(|own| !own.is_empty())?;
    let (ecosystem, purl) = match name.ecosystem {
        Ecosystem::Npm => ("npm", Purl::npm_as_written(&own, None)),
        Ecosystem::Pypi => ("PyPI", Purl::pypi(&own, None)),
        Ecosystem::Other(_) => return None,
    };
    Some((Package { ecosystem, name: own, purl: purl.to_string() }, version))
}

fn record(
    view: &DocumentView<'_>,
    release: &ReleaseResult,
    name: &Name,
    (package, version): (Package, String),
    contacts: Vec<(IndicatorKind, String)>,
) -> Record {
    let known = malware(release);
    let mut aliases: Vec<String> =
        known.into_iter().flat_map(|one| std::iter::once(&one.id).chain(&one.aliases)).cloned().collect();
    aliases.sort_unstable();
    let id = own_id(view, release, name);
    aliases.retain(|alias| *alias != id);
    let now = time(view.now);
    let credits = view.settings.name.iter().map(|name| Credit {
        name: name.clone(),
        kind: "FINDER",
        contact: view.settings.contact.iter().filter(|contact| contact.contains(':')).cloned().collect(),
    });
    Record {
        schema_version: SCHEMA,
        modified: now.clone(),
        published: now,
        summary: text(&format!("Malicious code in {} ({})", package.name, package.ecosystem)).replace('\n', " "),
        details: titles(release),
        affected: vec![Affected { package, versions: vec![version], database_specific: weaknesses() }],
        references: references(release, &aliases),
        credits: credits.collect(),
        database_specific: Specific {
            kind: "malware",
            temporary_id: true,
            tool: format!("{TOOL_NAME} {}", view.tool.version),
            content_hash: release.content_hash.map(|hash| hash.to_string()),
            iocs: iocs(release, contacts),
            evidence: worst(release).take(MAX_FINDINGS).map(proof).collect(),
        },
        aliases,
        id,
    }
}

fn weaknesses() -> Weaknesses {
    let description = "The product contains code that appears to be malicious in nature.";
    Weaknesses { cwes: [Weakness { id: "CWE-506", name: "Embedded Malicious Code", description }] }
}

/// Other records of it, and the techniques.
fn references(release: &ReleaseResult, aliases: &[String]) -> Vec<Reference> {
    let others = aliases.iter().filter_map(|id| super::address(id));
    let techniques: std::collections::BTreeSet<&str> =
        worst(release).flat_map(|finding| finding.techniques).copied().collect();
    let technique = |id: &str| format!("https://attack.mitre.org/techniques/{}/", id.replace('.', "/"));
    let others = others.map(|url| Reference { kind: "ADVISORY", url });
    others.chain(techniques.into_iter().map(|id| Reference { kind: "WEB", url: technique(id) })).collect()
}

fn iocs(release: &ReleaseResult, contacts: Vec<(IndicatorKind, String)>) -> Iocs {
    let met = release.indicators.iter().flat_map(|hit| &hit.indicators).map(|one| (one.kind, one.value.clone()));
    let mut all: Vec<(IndicatorKind, String)> = contacts.into_iter().chain(met).collect();
    all.sort_unstable();
    all.dedup();
    let of = |kind: IndicatorKind| -> Vec<String> {
        all.iter().filter(|(own, _)| *own == kind).map(|(_, value)| text(value)).take(MAX_INDICATORS).collect()
    };
    // Our normal form of a URL has no scheme: both are one thing.
    let url = |url: String| if url.contains("://") { url } else { format!("https://{url}") };
    let urls = of(IndicatorKind::Url).into_iter().map(url).collect();
    Iocs { domains: of(IndicatorKind::Domain), ips: of(IndicatorKind::Ip), urls }
}

fn proof(finding: &vetch_model::Finding) -> Proof {
    let first = finding.evidence.first();
    let location = first.map(Evidence::location);
    let excerpt = match first {
        Some(Evidence::Code { excerpt, .. }) => Some(text(&excerpt.chars().take(MAX_EXCERPT).collect::<String>())),
        _ => None,
    };
    Proof {
        rule: finding.rule.to_owned(),
        title: text(&finding.title),
        file: location.map(|location| text(&location.file)).unwrap_or_default(),
        line: location.map_or(0, |location| location.line),
        excerpt,
        techniques: finding.techniques.to_vec(),
    }
}

impl Record {
    /// Indented, with a line's end.
    ///
    /// # Errors
    /// As `serde_json` reports.
    pub fn to_json(&self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        crate::json::write_value(self, &mut bytes)?;
        Ok(bytes)
    }

    /// In one line, with its end.
    ///
    /// # Errors
    /// As `serde_json` reports.
    pub fn to_line(&self) -> std::io::Result<Vec<u8>> {
        // Line ends within texts are escaped, so that whatever they hold it is one line.
        let value: Value = serde_json::to_value(self)?;
        let mut bytes = Vec::new();
        crate::json::write_line(&value, &mut bytes)?;
        Ok(bytes)
    }
}
