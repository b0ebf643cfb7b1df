//! OpenVEX (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>): 0.2.0, and the older forms in which a vulnerability
//! and a product are plain texts.

use serde::Deserialize;
use serde_json::Value;
use vetch_model::vex::VexStatus;

use super::product::named;
use super::{Named, Said, VexDocument, Whole, ids, line, name, seconds};

/// Most products of one statement, and components of one product.
const MAX_PRODUCTS: usize = 20_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    #[serde(rename = "@id")]
    id: Option<String>,
    author: Option<String>,
    timestamp: Option<String>,
    last_updated: Option<String>,
    /// A number; in old documents a text.
    version: Option<Value>,
    statements: Option<Vec<WireStatement>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireStatement {
    /// An object; in old documents the id itself.
    vulnerability: Option<Value>,
    timestamp: Option<String>,
    last_updated: Option<String>,
    /// Objects; in old documents purls.
    products: Option<Vec<Value>>,
    /// Of old documents: parts of all products.
    subcomponents: Option<Vec<Value>>,
    status: Option<String>,
    justification: Option<String>,
    impact_statement: Option<String>,
    action_statement: Option<String>,
    status_notes: Option<String>,
}

pub(super) fn read(bytes: &[u8]) -> Result<VexDocument, String> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let statements = wire.statements.ok_or("it is OpenVEX without `statements`")?;
    let version = match &wire.version {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let mut document = VexDocument {
        author: name(wire.author.as_deref().unwrap_or_default()),
        id: name(wire.id.as_deref().unwrap_or_default()),
        modified: seconds(wire.last_updated.as_deref()).or_else(|| seconds(wire.timestamp.as_deref())),
        version: version.unwrap_or_default(),
        ..VexDocument::default()
    };
    for statement in &statements {
        match said(statement) {
            Ok(said) => {
                let parts = parts(statement)?;
                if parts.is_empty() {
                    document.not_understood(format!("{}: it names no product", said.label()));
                }
                document.add(&said, &parts)?;
            }
            Err(why) => document.not_understood(why),
        }
    }
    Ok(document)
}

fn said(wire: &WireStatement) -> Result<Said, String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let names: Vec<String> = match &wire.vulnerability {
        Some(Value::String(id)) => vec![id.clone()],
        Some(Value::Object(one)) => {
            let aliases = one.get("aliases").and_then(Value::as_array).into_iter().flatten();
            let own = text(one.get("name"));
            // Only documents that have no name may be known by their `@id`, which mostly is an address.
            let address = text(one.get("@id")).filter(|_| own.is_none());
            own.into_iter().chain(address).chain(aliases.filter_map(|alias| text(Some(alias)))).collect()
        }
        _ => Vec::new(),
    };
    let ids = ids(names.iter().map(String::as_str));
    let Some(label) = ids.first() else { return Err("a statement names no vulnerability".to_owned()) };
    let word = wire.status.as_deref().unwrap_or_default();
    let status: VexStatus =
        word.parse().map_err(|_| format!("{label}: its status `{}` is none of OpenVEX", super::cut(word, 40)))?;
    let justification = name(wire.justification.as_deref().unwrap_or_default());
    let words = [&wire.impact_statement, &wire.action_statement, &wire.status_notes];
    let own = match status {
        VexStatus::NotAffected => wire.impact_statement.as_deref(),
        _ => words.into_iter().flatten().map(String::as_str).next(),
    };
    if status == VexStatus::NotAffected && justification.is_empty() && own.is_none_or(|own| own.trim().is_empty()) {
        return Err(format!("{label}: `not_affected` has neither a justification nor an impact statement"));
    }
    let time = seconds(wire.last_updated.as_deref()).or_else(|| seconds(wire.timestamp.as_deref()));
    Ok(Said { status, justification, text: line(own.unwrap_or_default()), time, ids })
}

/// Each product by itself, or each of its parts.
fn parts(wire: &WireStatement) -> Result<Vec<Named>, String> {
    let mut all = Vec::new();
    let shared = wire.subcomponents.as_deref().unwrap_or_default();
    for product in wire.products.iter().flatten() {
        let own = product.get("subcomponents").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut components = own.iter().chain(shared).peekable();
        let purl = purl(product);
        if components.peek().is_none() {
            all.push(purl.map_or(Named::Foreign, |purl| named(purl, None, None)));
        }
        let whole = Whole::new(identifier(product), "", None);
        for component in components {
            let named = |purl| named(purl, None, Some(whole.clone()));
            all.push(self::purl(component).map_or(Named::Foreign, named));
            if all.len() > MAX_PRODUCTS {
                return Err(format!("a statement names more than {MAX_PRODUCTS} products"));
            }
        }
        if all.len() > MAX_PRODUCTS {
            return Err(format!("a statement names more than {MAX_PRODUCTS} products"));
        }
    }
    Ok(all)
}

/// Its own id, else the purl among its identifiers.
fn identifier(component: &Value) -> &str {
    let id = component.as_str().or_else(|| component.get("@id")?.as_str());
    purl(component).or(id).unwrap_or_default()
}

fn purl(component: &Value) -> Option<&str> {
    let own = component.as_str().or_else(|| component.get("@id")?.as_str());
    let listed = || component.get("identifiers")?.get("purl")?.as_str();
    own.filter(|id| id.starts_with("pkg:")).or_else(listed)
}
