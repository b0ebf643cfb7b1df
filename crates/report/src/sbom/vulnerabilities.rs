//! What a scan found, for the vulnerabilities of an SBOM: advisories, and findings that are high or critical. Read from the report that the scan wrote.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::document::Document;
use crate::json::{ReportError, read_releases};
use crate::{TOOL_NAME, TOOL_URI};

/// What is needed of a report (`vetch.report/1`): releases by purl, those of differing contents beside each other.
#[derive(Debug, Clone, Default)]
pub struct Reported(HashMap<String, Vec<Release>>);

#[derive(Debug, Clone, Deserialize)]
struct Release {
    purl: String,
    #[serde(default)]
    advisories: Vec<Advisory>,
    findings: Vec<Finding>,
}

#[derive(Debug, Clone, Deserialize)]
struct Advisory {
    id: String,
    aliases: Vec<String>,
    summary: String,
    reach: String,
    affected: String,
    safe: Option<String>,
    severity: Option<String>,
    score: Option<f32>,
    counted: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
struct Finding {
    rule: String,
    category: String,
    title: String,
    severity: String,
    remedy: String,
}

impl Reported {
    /// Reads a report.
    ///
    /// # Errors
    /// When it is no report of a scan.
    pub fn of_json(bytes: &[u8]) -> Result<Reported, ReportError> {
        let mut by_purl: HashMap<String, Vec<Release>> = HashMap::new();
        for release in read_releases::<Release>(bytes)? {
            by_purl.entry(release.purl.clone()).or_default().push(release);
        }
        Ok(Reported(by_purl))
    }
}

/// One vulnerability of CycloneDX.
#[derive(Debug, Default, Serialize)]
pub(super) struct Vulnerability {
    pub(super) id: String,
    pub(super) source: Source,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) references: Vec<Other>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ratings: Vec<Rating>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) recommendation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) analysis: Option<Analysis>,
    pub(super) affects: Vec<Affects>,
}

/// Who tells of it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Source {
    pub(super) name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<&'static str>,
}

/// The same under another id.
#[derive(Debug, Serialize)]
pub(super) struct Other {
    pub(super) id: String,
    pub(super) source: Source,
}

#[derive(Debug, Serialize)]
pub(super) struct Rating {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) score: Option<f32>,
    pub(super) severity: String,
}

/// That it was judged not to count.
#[derive(Debug, Serialize)]
pub(super) struct Analysis {
    pub(super) state: &'static str,
    pub(super) detail: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Affects {
    #[serde(rename = "ref")]
    pub(super) reference: String,
}

/// Of every release of the report that the document has, in its order.
pub(super) fn of(document: &Document<'_>, reported: &Reported) -> Vec<Vulnerability> {
    let mut all = Vec::new();
    for component in &document.components {
        let releases = component.purl.as_ref().and_then(|purl| reported.0.get(purl));
        for release in releases.into_iter().flatten() {
            let affects = || vec![Affects { reference: component.reference.clone() }];
            let meant = release.advisories.iter().filter(|one| one.reach != "other-version");
            all.extend(meant.map(|one| Vulnerability { affects: affects(), ..of_advisory(one) }));
            // Advisories are told by themselves.
            let own = release.findings.iter().filter(|one| {
                ["high", "critical"].contains(&one.severity.as_str())
                    && !["known-malware", "known-vulnerability"].contains(&one.rule.as_str())
            });
            all.extend(own.map(|one| Vulnerability { affects: affects(), ..of_finding(one) }));
        }
    }
    all
}

fn of_advisory(one: &Advisory) -> Vulnerability {
    let ratings = one.severity.iter().map(|severity| Rating { score: one.score, severity: severity.clone() });
    let recommendation = one.safe.as_ref().map(|safe| format!("Go to {safe}.")).unwrap_or_default();
    let others = one.aliases.iter().map(|id| Other { id: id.clone(), source: source(id) });
    Vulnerability {
        id: one.id.clone(),
        source: source(&one.id),
        references: others.collect(),
        ratings: ratings.collect(),
        description: format!("{}; affected: {}", one.summary, one.affected),
        recommendation,
        analysis: (one.counted == Some(false))
            .then_some(Analysis { state: "not_affected", detail: "judged so by imported statements (VEX)" }),
        affects: Vec::new(),
    }
}

fn of_finding(one: &Finding) -> Vulnerability {
    Vulnerability {
        id: one.rule.clone(),
        source: Source { name: TOOL_NAME, url: Some(TOOL_URI) },
        ratings: vec![Rating { score: None, severity: one.severity.clone() }],
        description: format!("{} ({})", one.title, one.category),
        recommendation: one.remedy.clone(),
        ..Vulnerability::default()
    }
}

/// The database that gives out ids of this form.
fn source(id: &str) -> Source {
    let (name, url) = match id.split('-').next() {
        Some("CVE") => ("NVD", Some("https://nvd.nist.gov/")),
        Some("GHSA") => ("GitHub", Some("https://github.com/advisories")),
        Some("PYSEC") => ("PyPA", Some("https://github.com/pypa/advisory-database")),
        Some("MAL") => ("OpenSSF malicious-packages", Some("https://github.com/ossf/malicious-packages")),
        _ => ("OSV", None),
    };
    Source { name, url }
}
