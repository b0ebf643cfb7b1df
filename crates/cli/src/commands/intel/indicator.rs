//! Indicators, as `search` and `show` tell them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use vetch_model::history::Time;
use vetch_model::indicator::Indicator;
use vetch_report::escape::terminal;

use super::show::shown;

/// `domain  evil.invalid  CIRCL  C2 of the worm`.
pub(super) fn line(indicator: &Indicator) -> String {
    let Indicator { kind, value, source, description, .. } = indicator;
    format!("{kind}  {}  {}  {}\n", terminal(value), terminal(source), terminal(description))
}

/// All that is known of it.
pub(super) fn text(indicator: &Indicator, now: Time) -> String {
    let mut text = format!("{}  {}\n", indicator.kind, terminal(&indicator.value));
    let mut line = |what: &str, value: &str| {
        if !value.is_empty() {
            writeln!(text, "  {what:<13} {}", terminal(value)).ok();
        }
    };
    line("description", &indicator.description);
    for one in &indicator.context {
        line(one.kind.as_str(), &one.name);
    }
    line("source", &indicator.source);
    line("record", &indicator.record);
    if let Some(confidence) = indicator.confidence {
        line("confidence", &format!("{confidence} of 100"));
    }
    if let Some(until) = indicator.until {
        let has_ended = if until <= now { " (it has ended, and counts no more)" } else { "" };
        line("valid until", &format!("{}{has_ended}", shown(until)));
    }
    line("imported", &shown(indicator.imported));
    text
}

/// The same in fields.
pub(super) fn json(indicator: &Indicator) -> Value {
    let context: Vec<Value> =
        indicator.context.iter().map(|one| json!({ "kind": one.kind.as_str(), "name": one.name })).collect();
    json!({
        "kind": indicator.kind.as_str(),
        "value": indicator.value,
        "source": indicator.source,
        "record": indicator.record,
        "description": indicator.description,
        "context": context,
        "confidence": indicator.confidence,
        "valid_until": indicator.until.map(shown),
        "imported": shown(indicator.imported),
    })
}
