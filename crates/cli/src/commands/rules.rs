//! `vetch rules list`.

use serde_json::{Value, json};
use vetch_model::RuleMeta;
use vetch_report::explain;

use crate::args::{Global, ListFormat, RulesArgs, RulesCommand};
use crate::exit::{Exit, Failure};
use crate::{output, screen};

/// Every rule there is, by id.
pub(super) fn all() -> Vec<RuleMeta> {
    let detectors = vetch_detectors::all_rules().iter();
    let mut rules: Vec<RuleMeta> = detectors.chain(vetch_engine::policy::rules::ALL).map(|rule| **rule).collect();
    rules.sort_unstable_by_key(|rule| rule.id);
    rules
}

/// Prints the rules.
pub(crate) fn run(arguments: &RulesArgs, global: &Global) -> Result<Exit, Failure> {
    let RulesCommand::List { format } = &arguments.command;
    let text = match format {
        ListFormat::Terminal => explain::rule_list(&all(), screen::stdout_style(global)),
        ListFormat::Json => format!("{:#}\n", as_json(&all())),
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Passed)
}

fn as_json(rules: &[RuleMeta]) -> Value {
    let rules: Vec<Value> = rules
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "summary": rule.summary,
                "category": rule.category.as_str(),
                "severity": rule.severity.as_str(),
                "confidence": rule.confidence.as_str(),
                "techniques": rule.techniques,
                "remedy": rule.remedy,
            })
        })
        .collect();
    json!({ "schema": "vetch.rules/1", "rules": rules })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_every_rule_is_documented() {
        let rules = all();
        assert!(rules.windows(2).all(|pair| pair[0].id < pair[1].id));
        for rule in rules {
            assert!(!rule.summary.is_empty() && !rule.remedy.is_empty() && rule.doc.len() > 200, "{}", rule.id);
        }
    }
}
