//! The parts of CSAF 2.0's JSON that are written, by its schema.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Root {
    pub(super) document: Document,
    pub(super) product_tree: Tree,
    pub(super) vulnerabilities: Vec<Vulnerability>,
}

#[derive(Debug, Serialize)]
pub(super) struct Document {
    pub(super) category: &'static str,
    pub(super) csaf_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) distribution: Option<Distribution>,
    pub(super) lang: &'static str,
    pub(super) notes: Vec<Note>,
    pub(super) publisher: Publisher,
    pub(super) title: String,
    pub(super) tracking: Tracking,
}

#[derive(Debug, Serialize)]
pub(super) struct Distribution {
    pub(super) tlp: Label,
}

#[derive(Debug, Serialize)]
pub(super) struct Label {
    pub(super) label: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Note {
    pub(super) category: &'static str,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Publisher {
    pub(super) category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contact_details: Option<String>,
    pub(super) name: String,
    pub(super) namespace: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Tracking {
    pub(super) current_release_date: String,
    pub(super) generator: Generator,
    pub(super) id: String,
    pub(super) initial_release_date: String,
    pub(super) revision_history: [Revision; 1],
    pub(super) status: &'static str,
    pub(super) version: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Generator {
    pub(super) date: String,
    pub(super) engine: Engine,
}

#[derive(Debug, Serialize)]
pub(super) struct Engine {
    pub(super) name: &'static str,
    pub(super) version: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Revision {
    pub(super) date: String,
    pub(super) number: &'static str,
    pub(super) summary: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Tree {
    pub(super) full_product_names: Vec<FullName>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) relationships: Vec<Relationship>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct FullName {
    pub(super) name: String,
    pub(super) product_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) product_identification_helper: Option<Helper>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Helper {
    pub(super) purl: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Relationship {
    pub(super) category: &'static str,
    pub(super) full_product_name: FullName,
    pub(super) product_reference: String,
    pub(super) relates_to_product_reference: String,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Vulnerability {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cve: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cwe: Option<Weakness>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) flags: Vec<Flag>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ids: Vec<OtherId>,
    pub(super) notes: Vec<Note>,
    pub(super) product_status: Status,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) remediations: Vec<Remediation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) threats: Vec<Threat>,
}

#[derive(Debug, Serialize)]
pub(super) struct Weakness {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Flag {
    pub(super) label: &'static str,
    pub(super) product_ids: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct OtherId {
    pub(super) system_name: String,
    pub(super) text: String,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Status {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fixed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) known_affected: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) known_not_affected: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) under_investigation: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Reference {
    pub(super) category: &'static str,
    pub(super) summary: String,
    pub(super) url: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Remediation {
    pub(super) category: &'static str,
    pub(super) details: String,
    pub(super) product_ids: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Threat {
    pub(super) category: &'static str,
    pub(super) details: String,
    pub(super) product_ids: Vec<String>,
}
