//! `vetch rules`: what there is, and rules of the user's own.

mod new;
mod test;

use std::path::PathBuf;

use serde_json::{Value, json};
use vetch_model::RuleMeta;
use vetch_report::explain;

use crate::args::{Global, ListFormat, RulesArgs, RulesCommand};
use crate::exit::{Exit, Failure};
use crate::{interrupt, output, screen};

/// Every rule there is, by id.
pub(super) fn all() -> Vec<RuleMeta> {
    let detectors = vetch_detectors::all_rules().iter();
    let mut rules: Vec<RuleMeta> = detectors.chain(vetch_engine::policy::rules::ALL).map(|rule| **rule).collect();
    rules.sort_unstable_by_key(|rule| rule.id);
    rules
}

/// Every rule there is, and those of the user's own, by id.
pub(super) fn all_with(rules: &[PathBuf], yara: &[PathBuf]) -> Result<Vec<RuleMeta>, Failure> {
    let mut every = all();
    every.extend(vetch_engine::own_rules::describe(rules, yara, &interrupt::watch()?)?.into_iter().copied());
    every.sort_unstable_by_key(|rule| rule.id);
    Ok(every)
}

/// Prints the rules.
pub(crate) fn run(arguments: &RulesArgs, global: &Global) -> Result<Exit, Failure> {
    let (format, own, yara) = match &arguments.command {
        RulesCommand::List { format, rules, yara } => (format, rules, yara),
        RulesCommand::New { id, dir } => return new::run(id, dir),
        RulesCommand::Test { rules } => return test::run(rules),
    };
    let rules = all_with(own, yara)?;
    let text = match format {
        ListFormat::Terminal => explain::rule_list(&rules, screen::stdout_style(global)),
        ListFormat::Json => format!("{:#}\n", as_json(&rules)),
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
