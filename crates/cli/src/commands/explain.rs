//! `vetch explain RULE`.

use vetch_engine::policy::suggest::nearest;
use vetch_report::explain;

use super::rules;
use crate::args::{ExplainArgs, Global};
use crate::exit::{Exit, Failure};
use crate::{output, screen};

/// Prints a rule's page.
pub(crate) fn run(arguments: &ExplainArgs, global: &Global) -> Result<Exit, Failure> {
    let rules = rules::all_with(&arguments.rules, &arguments.yara)?;
    let wanted = arguments.rule.trim();
    let Some(rule) = rules.iter().find(|rule| rule.id == wanted) else {
        let hint = match nearest(wanted, rules.iter().map(|rule| rule.id)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`vetch rules list` shows them all; name rules of your own with --rules or --yara".to_owned(),
        };
        return Err(Failure::new(format!("there is no rule `{wanted}`"), hint));
    };
    output::print(explain::explain(rule, screen::stdout_style(global)).as_bytes())?;
    Ok(Exit::Passed)
}
