//! Sends data inside host names.

use crate::rules::prelude::*;
use crate::secrets::{family_of, identifying_item};

pub(crate) static META: RuleMeta = RuleMeta {
    id: "covert-dns-channel",
    summary: "Sends data out in the names of DNS look-ups",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1071.004", "T1048.003"],
    remedy: CONTAIN,
    doc: include_str!("covert_dns_channel.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.flows().filter(|flow| flow.sink.id == CapabilityId::NetDns).filter_map(|flow| judge(c, flow));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    let what = what_leaks(&flow.source)?;
    // `dns.lookup(os.hostname())` asks for one's own address: the look-up of a bare value is no message
    // to anyone. A fixed domain behind it makes it one.
    let has_receiver = name_of(&flow.sink).is_some_and(|name| name.trim_matches(['*', '.', '\u{fffc}']).contains('.'));
    if !has_receiver && matches!(flow.source.id, CapabilityId::SystemInfo | CapabilityId::EnvRead) {
        return None;
    }
    let trigger = when(flow);
    let hidden = c.concealment(&flow.sink);
    let grade = match (is_unasked(trigger), has_receiver, hidden.is_some()) {
        (true, true, _) | (true, _, true) => HARMFUL,
        (true, false, false) | (false, _, true) => DOUBTFUL,
        (false, ..) => UNCLEAR,
    };
    let receiver = name_of(&flow.sink).map(|name| format!(" below {name}")).unwrap_or_default();
    let title = format!("{} puts {what} into DNS names{receiver} {}", c.label(), when_words(trigger));
    let mut evidence = evidence_of([&flow.sink, &flow.source]);
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

fn what_leaks(source: &Capability) -> Option<&'static str> {
    match source.id {
        CapabilityId::EnvEnumerate => Some("the environment"),
        CapabilityId::FsRead if class_of(source) != Some(PathClass::Package) => Some("the contents of a file"),
        CapabilityId::ProcessSpawn => Some("the output of a command"),
        _ => family_of(source).or_else(|| identifying_item(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "covert-dns-channel";

    fn lookup(name: &str) -> Capability {
        cap(CapabilityId::NetDns, named(name))
    }

    #[test]
    fn names_that_carry_data_are_malicious() {
        assert_eq!(Facts::new().flow(enumerate(), lookup("*.collect.invalid")).verdict(RULE), Verdict::Malicious);
        assert_eq!(
            Facts::new().flow(system("hostname"), lookup("*.collect.invalid")).verdict(RULE),
            Verdict::Malicious
        );
        assert_eq!(Facts::new().flow(enumerate(), lookup("*")).verdict(RULE), Verdict::Suspicious);
    }

    #[test]
    fn looking_up_ones_own_address_is_nothing() {
        assert_eq!(Facts::new().flow(system("hostname"), lookup("*")).verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().flow(system("platform"), lookup("*.dl.invalid")).verdict(RULE), Verdict::Clean);
    }
}
