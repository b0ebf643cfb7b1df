//! Judgements of vulnerabilities (VEX), as `search` and `show` tell them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use vetch_intel::ShownVex;
use vetch_report::escape::terminal;

use super::show::shown;

/// `CVE-2026-1  not affected  pkg:npm/axios@1.14.1  Acme  acme-vex-1`.
pub(super) fn line(one: &ShownVex) -> String {
    let own = &one.statement;
    let parts = [&own.vulnerability, own.status.in_words(), &own.product, &own.author, &own.document];
    format!("{}\n", parts.map(|part| terminal(part).to_string()).join("  "))
}

/// All that is known of it.
pub(super) fn text(one: &ShownVex) -> String {
    let own = &one.statement;
    let mut text = format!("{}  {}\n", terminal(&own.vulnerability), own.status.in_words());
    let mut line = |what: &str, value: &str| {
        if !value.is_empty() {
            writeln!(text, "  {what:<13} {}", terminal(value)).ok();
        }
    };
    let others: Vec<&str> = one.ids.iter().filter(|id| **id != own.vulnerability).map(String::as_str).collect();
    line("also", &others.join(", "));
    line("package", &own.product);
    line("as a part of", &own.within);
    line("justification", &own.justification);
    line("statement", &own.statement);
    line("author", &own.author);
    line("document", &own.document);
    line("since", &shown(own.time));
    line("imported", &shown(one.imported));
    text
}

/// The same in fields.
pub(super) fn json(one: &ShownVex) -> Value {
    let own = &one.statement;
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    json!({
        "vulnerability": own.vulnerability,
        "ids": one.ids,
        "status": own.status.as_str(),
        "product": own.product,
        "within": some(&own.within),
        "justification": some(&own.justification),
        "statement": some(&own.statement),
        "author": own.author,
        "document": own.document,
        "time": shown(own.time),
        "imported": shown(one.imported),
    })
}
