//! Takes commands from the network.

use crate::rules::prelude::*;
use crate::shell::is_interpreter;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "command-and-control",
    summary: "Runs commands or code that a host sends, without being asked",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1059", "T1071.001", "T1071.004", "T1102"],
    remedy: CONTAIN,
    doc: include_str!("command_and_control.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.flows().filter_map(|flow| judge(c, &flow.source, &flow.sink, when(flow)));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, from: &Capability, to: &Capability, trigger: Trigger) -> Option<Case> {
    let by_dns = from.id == CapabilityId::NetDns;
    if !is_network(from.id) || !is_obeyed(to, by_dns) {
        return None;
    }
    let host = c.host(from);
    let hidden = c.concealment(to).or_else(|| c.concealment(from));
    let answers = c.flows().find(|flow| {
        flow.source.id == CapabilityId::ProcessSpawn
            && is_network(flow.sink.id)
            && flow.source.evidence.location().file == to.evidence.location().file
    });
    let grave = by_dns || hidden.is_some() || host.is_alarming();
    let grade = match (is_unasked(trigger), grave) {
        _ if !host.is_remote() => return None,
        (true, true) => CERTAIN,
        (true, false) if host.is_foreign() => HARMFUL,
        (true, false) if answers.is_some() => HARMFUL,
        (true, false) => DOUBTFUL,
        (false, true) if hidden.is_some() => HARMFUL,
        (false, true) => DOUBTFUL,
        // Agents of build services take their jobs so, when they are started.
        (false, false) => ODD,
    };
    let means = if by_dns { "by DNS " } else { "" };
    let back = if answers.is_some() { " and sends back what they print" } else { "" };
    let title =
        format!("{} runs commands that it gets {means}from {}{back} {}", c.label(), host.words(), when_words(trigger));
    let mut evidence = evidence_of([from, to].into_iter().chain(answers.map(|flow| &flow.sink)));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

/// Whether the host says what runs, rather than what a known program is given. What is downloaded and run as code
/// has a rule of its own, unless it comes by a way that no download comes.
fn is_obeyed(sink: &Capability, by_dns: bool) -> bool {
    match sink.id {
        // A program whose path is made of what was downloaded is the download, of which another rule tells.
        CapabilityId::ProcessSpawn if sink.resource == Resource::Any => by_dns || sink.attributes.shell,
        CapabilityId::ProcessSpawn => name_of(sink).is_some_and(|command| by_dns || is_interpreter(command)),
        CapabilityId::CodeEval | CapabilityId::CodeLoad => by_dns,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "command-and-control";

    fn line() -> Capability {
        let mut line = spawn("*");
        line.attributes.shell = true;
        line
    }

    fn dns(name: &str) -> Capability {
        cap(CapabilityId::NetDns, named(name))
    }

    #[test]
    fn who_sends_commands_controls() {
        let obeys = |host: &str, at| Facts::new().flow(net(host).at(at), line().at(at)).verdict(RULE);
        assert_eq!(obeys("c2.other.invalid", Trigger::Import), Verdict::Malicious);
        assert_eq!(obeys("192.0.2.1", Trigger::Install), Verdict::Malicious);
        assert_eq!(obeys("*", Trigger::Import), Verdict::Suspicious);
        assert_eq!(obeys("localhost:9", Trigger::Import), Verdict::Clean);
        assert_eq!(obeys("jobs.other.invalid", Trigger::Call), Verdict::Notable);
    }

    #[test]
    fn answers_of_name_servers_are_no_commands() {
        assert_eq!(Facts::new().flow(dns("a.other.invalid"), line()).verdict(RULE), Verdict::Malicious);
        let evaluated = Facts::new().flow(dns("a.other.invalid"), eval(EvalSource::Downloaded));
        assert_eq!(evaluated.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn a_known_program_that_is_given_data_is_not_controlled() {
        assert_eq!(Facts::new().flow(net("api.other.invalid"), spawn("tar")).verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().flow(net("api.other.invalid"), spawn("*")).verdict(RULE), Verdict::Clean);
    }
}
