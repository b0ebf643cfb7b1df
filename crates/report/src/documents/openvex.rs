//! OpenVEX 0.2.0 (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>): one statement for each vulnerability and bad
//! release, about the products that were scanned, with the release as the component of them that has it.

use std::io;

use serde::Serialize;
use vetch_model::vex::VexStatus;

use super::matter::{Matter, matters};
use super::{DocumentError, DocumentView, Name, digest, some, time, uuid};
use crate::TOOL_NAME;
use crate::json::write_value;

const CONTEXT: &str = "https://openvex.dev/ns/v0.2.0";

#[derive(Debug, Serialize)]
struct Document {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: String,
    role: &'static str,
    timestamp: String,
    version: u32,
    tooling: String,
    statements: Vec<Statement>,
}

#[derive(Debug, Serialize)]
struct Statement {
    vulnerability: Vulnerability,
    products: Vec<Product>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
}

#[derive(Debug, Serialize)]
struct Vulnerability {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Product {
    #[serde(rename = "@id")]
    id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subcomponents: Vec<Component>,
}

#[derive(Debug, Serialize)]
struct Component {
    #[serde(rename = "@id")]
    id: String,
}

/// Writes the document.
///
/// # Errors
/// When there is nothing to state, or what `out` reports.
pub fn write(view: &DocumentView<'_>, out: &mut dyn io::Write) -> Result<(), DocumentError> {
    let matters = matters(view);
    if matters.is_empty() {
        return Err(DocumentError::Empty("OpenVEX"));
    }
    let statements: Vec<Statement> = matters.iter().map(|matter| statement(view, matter)).collect();
    // What is stated makes the id, so that two documents of one id never say different things.
    let contents = serde_json::to_string(&statements).map_err(io::Error::from)?;
    let uuid = uuid(&digest(["openvex", contents.as_str()]));
    let id = match &view.settings.namespace {
        Some(namespace) => format!("{namespace}/vex/{uuid}"),
        None => format!("urn:uuid:{uuid}"),
    };
    let document = Document {
        context: CONTEXT,
        id,
        author: view.settings.name.clone().unwrap_or_else(|| TOOL_NAME.to_owned()),
        role: "Document Creator",
        timestamp: time(view.now),
        version: 1,
        tooling: format!("{TOOL_NAME} {}", view.tool.version),
        statements,
    };
    Ok(write_value(&document, out)?)
}

fn statement(view: &DocumentView<'_>, matter: &Matter<'_>) -> Statement {
    let products = view.products.get(matter.number).map(Vec::as_slice).unwrap_or_default();
    let component = || Component { id: matter.name.purl.clone() };
    let product = |product: &Name| Product { id: product.purl.clone(), subcomponents: vec![component()] };
    let products = match products.is_empty() {
        // Scanned by itself, it is the product.
        true => vec![Product { id: matter.name.purl.clone(), subcomponents: Vec::new() }],
        false => products.iter().map(product).collect(),
    };
    // The schema allows one of the two reasons, never both.
    let is_unaffected = matter.status == VexStatus::NotAffected;
    let impact = is_unaffected && matter.justification.is_none();
    Statement {
        vulnerability: Vulnerability {
            name: matter.id.clone(),
            description: some(&matter.summary),
            aliases: matter.aliases.clone(),
        },
        products,
        status: matter.status.as_str(),
        status_notes: some(&matter.notes),
        justification: matter.justification.filter(|_| is_unaffected),
        impact_statement: impact.then(|| matter.statement.clone()),
        action_statement: (matter.status == VexStatus::Affected).then(|| matter.statement.clone()),
    }
}
