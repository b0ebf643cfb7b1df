//! Plants instructions in AI agents and editors, or drives them.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "agent-or-editor-tampering",
    summary: "Changes the configuration of AI agents or editors, or drives an agent, without being asked",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1554", "T1546", "T1059"],
    remedy: CONTAIN,
    doc: include_str!("agent_or_editor_tampering.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases =
        c.reached().filter(|capability| is_unasked(capability.trigger)).filter_map(|capability| judge(c, capability));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, capability: &Capability) -> Option<Case> {
    let name = name_of(capability).unwrap_or_default().to_ascii_lowercase();
    let hidden = c.concealment(capability);
    let secrets = c.at(capability.trigger, CapabilityId::FsRead).find(|read| reads_secrets(read));
    let (words, alone) = match (capability.id, class_of(capability)) {
        (CapabilityId::AgentDrive, _) => ("drives an AI agent", DOUBTFUL),
        (CapabilityId::Persist, _) if name.starts_with("agent") => ("has AI agents run a command of its own", HARMFUL),
        (CapabilityId::Persist, _) if name.starts_with("editor") => {
            ("has the editor run a command of its own", HARMFUL)
        }
        (CapabilityId::FsWrite, Some(PathClass::Agent)) if is_program(&name) => {
            ("puts a program into the configuration of AI agents", HARMFUL)
        }
        (CapabilityId::FsWrite, Some(PathClass::Agent)) => ("changes the configuration of AI agents", DOUBTFUL),
        // Tasks can run when a folder is opened; settings rarely run anything.
        (CapabilityId::FsWrite, Some(PathClass::Editor)) if name.contains("tasks") => {
            ("changes the editor's tasks", DOUBTFUL)
        }
        (CapabilityId::FsWrite, Some(PathClass::Editor)) => ("changes the editor's settings", ODD),
        _ => return None,
    };
    let unguarded =
        ["skip-permissions", "--yolo", "trust-all-tools", "full-auto", "--no-interactive", "bypass-approvals"];
    let unguarded =
        capability.id == CapabilityId::AgentDrive && unguarded.iter().any(|flag| words_of(capability).contains(flag));
    // Whoever tries one agent after the other does not integrate with any.
    let several = capability.id == CapabilityId::AgentDrive
        && c.at(capability.trigger, CapabilityId::AgentDrive).any(|other| other.resource != capability.resource);
    let grade = if hidden.is_some() || secrets.is_some() || unguarded || several { HARMFUL } else { alone };
    let mut reasons = Vec::new();
    reasons.extend(unguarded.then_some("with its safeguards switched off"));
    reasons.extend(several.then_some("any that it finds"));
    reasons.extend(secrets.is_some().then_some("beside reading secrets"));
    reasons.extend(hidden.is_some().then_some("in hidden code"));
    let title = format!("{} {words} {}{}", c.label(), when_words(capability.trigger), because(&reasons));
    let mut evidence = evidence_of([capability].into_iter().chain(secrets));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

/// Instructions are text; what an agent is to run is not.
fn is_program(path: &str) -> bool {
    [".js", ".mjs", ".cjs", ".py", ".sh", ".ps1", ".exe"].iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "agent-or-editor-tampering";

    #[test]
    fn planted_instructions_are_suspicious_or_worse() {
        let plant = || write(PathClass::Agent, ".claude/settings.json");
        assert_eq!(Facts::new().caps([plant()]).verdict(RULE), Verdict::Suspicious);
        let with_secrets = Facts::new().caps([plant(), read(PathClass::Credentials, "~/.npmrc")]);
        assert_eq!(with_secrets.verdict(RULE), Verdict::Malicious);
        let driven = Facts::new().caps([cap(CapabilityId::AgentDrive, named("agent --dangerously-skip-permissions"))]);
        assert_eq!(driven.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn generators_write_when_they_are_asked_to() {
        assert_eq!(
            Facts::new().caps([write(PathClass::Agent, "AGENTS.md").at(Trigger::Bin)]).verdict(RULE),
            Verdict::Clean
        );
        assert_eq!(
            Facts::new().caps([write(PathClass::Editor, ".vscode/settings.json")]).verdict(RULE),
            Verdict::Notable
        );
    }
}
