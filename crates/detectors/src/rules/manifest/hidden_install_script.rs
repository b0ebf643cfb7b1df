//! Install scripts that the lockfile does not know of.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "hidden-install-script",
    summary: "Has install scripts although the lockfile says it has none",
    category: Category::Manifest,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1195.002"],
    remedy: REVIEW,
    doc: include_str!("hidden_install_script.md"),
};

use super::binding_gyp_command::command_evidence;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let Some(contents) = facts.contents else { return };
    if facts.package.has_install_script != Some(false) || facts.package.role != Role::Dependency {
        return;
    }
    let scripts =
        contents.install_commands.iter().filter(|command| command.for_dependents && command.event != "binding.gyp");
    let evidence: Vec<Evidence> = scripts
        .map(|command| command_evidence(command, "the lockfile says that there are no install scripts"))
        .collect();
    let title = format!("{} has install scripts that the lockfile does not know of", facts.package.label());
    report(out, &META, ODD, title, evidence);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn a_script_that_was_kept_from_the_lockfile_is_notable() {
        let mut facts = Facts::new().install("postinstall", "node a.js", &["a.js"]);
        assert_eq!(facts.verdict(META.id), Verdict::Clean);
        facts.package.has_install_script = Some(true);
        assert_eq!(facts.verdict(META.id), Verdict::Clean);
        facts.package.has_install_script = Some(false);
        assert_eq!(facts.verdict(META.id), Verdict::Notable);
    }
}
