//! Rule metadata as code scanning shows it.

use serde_json::{Value, json};
use vetch_model::{RuleMeta, Severity};

use super::limits::{MAX_TAGS, cut};

/// A `reportingDescriptor`.
pub(super) fn descriptor(rule: &RuleMeta) -> Value {
    let own = ["security", "supply-chain", rule.category.as_str()].map(str::to_owned);
    let techniques = rule.techniques.iter().map(|id| format!("attack/{id}"));
    let tags: Vec<String> = own.into_iter().chain(techniques).take(MAX_TAGS).collect();
    json!({
        "id": rule.id,
        "name": rule.id,
        "shortDescription": { "text": cut(rule.summary, 1_000) },
        "fullDescription": { "text": cut(rule.summary, 1_000) },
        "help": { "text": format!("{}\n\n{}", rule.summary, rule.remedy), "markdown": rule.doc },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": tags,
            "precision": precision(rule),
            "security-severity": security_severity(rule.severity),
        },
    })
}

/// The level of a result.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub: over 9.0 is critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

fn precision(rule: &RuleMeta) -> &'static str {
    rule.confidence.as_str()
}
