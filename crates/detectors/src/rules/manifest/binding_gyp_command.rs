//! Commands inside binding.gyp.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "binding-gyp-command",
    summary: "Runs commands while binding.gyp is evaluated",
    category: Category::Manifest,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &["T1059"],
    remedy: KNOW,
    doc: include_str!("binding_gyp_command.md"),
};

use vetch_model::facts::InstallCommand;

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let commands: Vec<&InstallCommand> = c.install_commands().filter(|command| is_gyp_command(command)).collect();
    let Some(first) = commands.first() else { return };
    let title = format!("binding.gyp of {} runs `{}` when it is built", c.label(), first.command);
    let evidence =
        commands.iter().map(|command| command_evidence(command, "runs while the build is configured")).collect();
    report(out, &META, FACT, title, evidence);
}

/// Written in `binding.gyp`, rather than added by npm for its sake.
fn is_gyp_command(command: &InstallCommand) -> bool {
    command.event == "binding.gyp" && command.command.trim() != "node-gyp rebuild"
}

/// The manifest field that holds a command.
pub(crate) fn command_evidence(command: &InstallCommand, note: &str) -> Evidence {
    let field =
        if command.event == "binding.gyp" { command.event.clone() } else { format!("scripts.{}", command.event) };
    Evidence::Field {
        location: command.location.clone(),
        field,
        found: command.command.clone(),
        expected: None,
        note: note.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn written_commands_are_a_fact() {
        let facts = Facts::new().install("binding.gyp", "node -p \"require('nan')\"", &[]);
        assert_eq!(facts.verdict(META.id), Verdict::Notable);
        assert_eq!(Facts::new().install("binding.gyp", "node-gyp rebuild", &[]).verdict(META.id), Verdict::Clean);
        assert_eq!(Facts::new().install("install", "make", &[]).verdict(META.id), Verdict::Clean);
    }
}
