//! Sends the whole environment away.

use crate::hosts::Standing;
use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "environment-exfiltration",
    summary: "Sends the environment as a whole to the network",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1082", "T1552.007", "T1041"],
    remedy: CONTAIN,
    doc: include_str!("environment_exfiltration.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let flows = c.flows().filter(|flow| flow.source.id == CapabilityId::EnvEnumerate && is_network(flow.sink.id));
    let mut cases: Vec<Case> = flows.filter_map(|flow| sent(c, flow)).collect();
    cases.extend(together(c));
    report_worst(out, &META, cases);
}

fn sent(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    let host = c.host(&flow.sink);
    if !host.is_remote() {
        return None;
    }
    let trigger = when(flow);
    let hidden = c.concealment(&flow.sink).or_else(|| c.concealment(&flow.source));
    let grade = match trigger {
        Trigger::Install if hidden.is_some() || host.is_foreign() => CERTAIN,
        Trigger::Install => HARMFUL,
        // A forge is nobody's own: whatever is put there can be fetched by anyone.
        Trigger::Import if hidden.is_some() || host.is_foreign() || host.standing == Standing::Distribution => HARMFUL,
        Trigger::Import => DOUBTFUL,
        _ if hidden.is_some() || host.is_alarming() => DOUBTFUL,
        // Of Python, no error tracker takes all of it.
        Trigger::Call if host.is_foreign() && flow.sink.evidence.location().file.ends_with(".py") => DOUBTFUL,
        // Nor does any command in the very place where it sends.
        Trigger::Bin if host.is_foreign() && is_near(flow) => DOUBTFUL,
        // Error trackers attach what they are told to.
        _ => (Severity::Medium, Confidence::Low),
    };
    let title = format!("{} sends the whole environment to {} {}", c.label(), host.words(), when_words(trigger));
    let mut evidence = evidence_of([&flow.source, &flow.sink]);
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

/// Whether both stand within a few lines of one file.
fn is_near(flow: &vetch_model::profile::Flow) -> bool {
    const NEAR: u32 = 400;
    stand_within(NEAR, &flow.source, &flow.sink)
}

/// Both at install, in one file, without a flow that could be followed: installers hand the environment on
/// to the processes they start, so it only counts in code that hides.
fn together(c: &Contents<'_>) -> Option<Case> {
    let reads = c.at(Trigger::Install, CapabilityId::EnvEnumerate).next()?;
    let file = &reads.evidence.location().file;
    let connects = c
        .at(Trigger::Install, CapabilityId::NetConnect)
        .find(|connects| connects.evidence.location().file == *file && c.host(connects).is_remote())?;
    let hidden = c.concealment(reads).or_else(|| c.concealment(connects));
    let alarming = c.host(connects).is_alarming();
    let grade = match (hidden.is_some(), alarming) {
        (true, true) => HARMFUL,
        (true, false) | (false, true) => DOUBTFUL,
        (false, false) => return None,
    };
    let title =
        format!("{} reads the whole environment and connects to {} at install", c.label(), c.host(connects).words());
    let mut evidence = evidence_of([reads, connects]);
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "environment-exfiltration";

    fn sent_to(trigger: Trigger, host: &str) -> Verdict {
        Facts::new().flow(enumerate().at(trigger), net(host).at(trigger)).verdict(RULE)
    }

    #[test]
    fn exfiltration_is_malicious() {
        assert_eq!(sent_to(Trigger::Install, "*"), Verdict::Malicious);
        assert_eq!(sent_to(Trigger::Import, "collect.other.invalid"), Verdict::Malicious);
        assert_eq!(sent_to(Trigger::Import, "*"), Verdict::Suspicious);
    }

    #[test]
    fn error_trackers_are_notable() {
        assert_eq!(sent_to(Trigger::Call, "*"), Verdict::Notable);
        assert_eq!(sent_to(Trigger::Import, "127.0.0.1:8126"), Verdict::Clean);
    }

    #[test]
    fn installers_hand_the_environment_on() {
        let facts = Facts::new().caps([enumerate(), net("github.com"), spawn("node-gyp")]);
        assert_eq!(facts.verdict(RULE), Verdict::Clean);
        let hidden = facts.signal(SignalKind::MangledNames, Trigger::Install, "setup.js", 90);
        assert_eq!(hidden.verdict(RULE), Verdict::Suspicious);
    }
}
