//! The wire format, field by field as far as it is used. Everything may be missing or null; unknown fields are passed
//! over; a wrong type in a field that is used makes the record an error.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// A record, or a catalogue of exploited vulnerabilities: their fields do not overlap.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wire {
    pub(super) id: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) published: Option<String>,
    pub(super) withdrawn: Option<String>,
    pub(super) aliases: Option<Vec<String>>,
    pub(super) summary: Option<String>,
    pub(super) details: Option<String>,
    pub(super) severity: Option<Vec<Severity>>,
    pub(super) affected: Option<Vec<Affected>>,
    pub(super) references: Option<Vec<Reference>>,
    pub(super) database_specific: Option<Value>,
    /// Of a STIX bundle: what it is, and whether it has objects.
    #[serde(rename = "type")]
    pub(super) kind: Option<Value>,
    pub(super) objects: Option<IgnoredAny>,
    /// Of MISP.
    #[serde(rename = "Event")]
    pub(super) event: Option<IgnoredAny>,
    pub(super) response: Option<IgnoredAny>,
    /// Of CycloneDX, OpenVEX and CSAF.
    #[serde(rename = "bomFormat")]
    pub(super) bom_format: Option<Value>,
    #[serde(rename = "@context")]
    pub(super) context: Option<Value>,
    pub(super) document: Option<CsafHead>,
    #[serde(rename = "catalogVersion")]
    pub(super) catalog_version: Option<String>,
    pub(super) vulnerabilities: Option<Vec<Exploited>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CsafHead {
    pub(super) csaf_version: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Severity {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) score: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Affected {
    pub(super) package: Option<Package>,
    pub(super) severity: Option<Vec<Severity>>,
    pub(super) ranges: Option<Vec<Range>>,
    pub(super) versions: Option<Vec<String>>,
    pub(super) database_specific: Option<Value>,
    pub(super) ecosystem_specific: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Package {
    pub(super) ecosystem: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Range {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) events: Option<Vec<Event>>,
}

/// One of its fields, by the schema; older records had several in one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    pub(super) introduced: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) last_affected: Option<String>,
    pub(super) limit: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    pub(super) url: Option<String>,
}

/// An entry of CISA's catalogue
/// (<https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Exploited {
    #[serde(rename = "cveID")]
    pub(super) cve: Option<String>,
    #[serde(rename = "dateAdded")]
    pub(super) added: Option<String>,
    #[serde(rename = "knownRansomwareCampaignUse")]
    pub(super) ransomware: Option<String>,
}
