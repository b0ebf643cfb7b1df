//! npm builds it without a script saying so.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "implicit-gyp-build",
    summary: "Is compiled at install only because it ships a binding.gyp",
    category: Category::Manifest,
    severity: Severity::Info,
    confidence: Confidence::High,
    techniques: &["T1059"],
    remedy: KNOW,
    doc: include_str!("implicit_gyp_build.md"),
};

use super::binding_gyp_command::command_evidence;

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let builds = c
        .install_commands()
        .filter(|command| command.event == "binding.gyp" && command.command.trim() == "node-gyp rebuild");
    let evidence =
        builds.map(|command| command_evidence(command, "npm adds this because binding.gyp is there")).collect();
    let title = format!("npm compiles {} at install although no script says so", c.label());
    report(out, &META, (Severity::Info, Confidence::High), title, evidence);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn only_for_the_record() {
        let found =
            |facts: Facts| facts.judge_release(|findings| findings.iter().any(|finding| finding.rule == META.id));
        assert!(found(Facts::new().install("binding.gyp", "node-gyp rebuild", &[])));
        assert!(!found(Facts::new().install("install", "node-gyp rebuild", &[])));
        let facts = Facts::new().install("binding.gyp", "node-gyp rebuild", &[]);
        assert_eq!(facts.overall(), vetch_model::verdict::Verdict::Clean);
    }
}
