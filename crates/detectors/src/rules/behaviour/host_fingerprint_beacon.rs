//! Reports who and where the user is.

use std::collections::BTreeSet;

use crate::hosts::Host;
use crate::rules::prelude::*;
use crate::secrets::identifying_item;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "host-fingerprint-beacon",
    summary: "Sends the names of user, host or network away when installed or imported",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1082", "T1033", "T1016", "T1041"],
    remedy: CONTAIN,
    doc: include_str!("host_fingerprint_beacon.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = [Trigger::Install, Trigger::Import]
        .into_iter()
        .filter_map(|trigger| followed(c, trigger).or_else(|| together(c, trigger)));
    report_worst(out, &META, cases);
}

/// Items that are followed into the network.
fn followed(c: &Contents<'_>, trigger: Trigger) -> Option<Case> {
    let mut items = BTreeSet::new();
    let mut capabilities = Vec::new();
    let mut worst: Option<Host> = None;
    let mut hidden = None;
    for flow in c.flows().filter(|flow| is_network(flow.sink.id) && when(flow) == trigger) {
        let Some(item) = identifying_item(&flow.source) else { continue };
        let host = c.host(&flow.sink);
        if !host.is_remote() {
            continue;
        }
        items.insert(item);
        capabilities.extend([&flow.source, &flow.sink]);
        hidden = hidden.or_else(|| c.concealment(&flow.sink));
        if worst.as_ref().is_none_or(|known| !known.is_alarming() && host.is_foreign()) {
            worst = Some(host);
        }
    }
    let host = worst?;
    let foreign = host.is_foreign();
    let grade = match (trigger, items.len()) {
        (Trigger::Install, 2..) => HARMFUL,
        (_, 2..) if host.is_alarming() || hidden.is_some() => HARMFUL,
        (_, 2..) => DOUBTFUL,
        (Trigger::Install, _) if host.is_alarming() => HARMFUL,
        (_, _) if host.is_alarming() || hidden.is_some() => DOUBTFUL,
        (Trigger::Install, _) if foreign => DOUBTFUL,
        (_, _) => ODD,
    };
    let items: Vec<&str> = items.into_iter().collect();
    let title = format!("{} sends {} to {} {}", c.label(), list(&items), host.words(), when_words(trigger));
    let mut evidence = evidence_of(capabilities);
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

/// Several identifying items read at install beside a connection, in one file, though nothing shows how they get there.
fn together(c: &Contents<'_>, trigger: Trigger) -> Option<Case> {
    if trigger != Trigger::Install {
        return None;
    }
    let connects = c.at(trigger, CapabilityId::NetConnect).find(|connects| c.host(connects).is_remote())?;
    let file = &connects.evidence.location().file;
    let reads: Vec<&Capability> = c
        .at(trigger, CapabilityId::SystemInfo)
        .chain(c.at(trigger, CapabilityId::EnvRead))
        .filter(|read| read.evidence.location().file == *file)
        .collect();
    let items: BTreeSet<&str> = reads.iter().filter_map(|read| identifying_item(read)).collect();
    let host = c.host(connects);
    // Home and working folders are how installers find their way; names of users and hosts are not.
    let names = items.iter().filter(|item| !item.contains("folder")).count();
    let grade = match (names, host.is_alarming()) {
        (2.., true) => HARMFUL,
        (3.., _) => DOUBTFUL,
        (2, false) | (1, true) => ODD,
        _ => return None,
    };
    let items: Vec<&str> = items.into_iter().collect();
    let title = format!("{} reads {} at install and connects to {}", c.label(), list(&items), host.words());
    let reads = reads.into_iter().filter(|read| identifying_item(read).is_some());
    Some(Case::new(grade, title, evidence_of(reads.chain([connects]))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "host-fingerprint-beacon";

    #[test]
    fn beacons_are_malicious() {
        let facts = Facts::new().flow(system("hostname"), net("*")).flow(system("userInfo"), net("*"));
        assert_eq!(facts.verdict(RULE), Verdict::Malicious);
        let unseen = Facts::new().caps([system("hostname"), system("userInfo"), net("192.0.2.1")]);
        assert_eq!(unseen.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn installers_send_the_platform() {
        let facts = Facts::new()
            .flow(system("platform"), net("dl.other.invalid"))
            .flow(system("arch"), net("dl.other.invalid"))
            .flow(env("npm_config_target"), net("dl.other.invalid"));
        assert_eq!(facts.verdict(RULE), Verdict::Clean);
    }

    #[test]
    fn telemetry_on_request_is_left_alone() {
        let at = Trigger::Call;
        let facts = Facts::new()
            .flow(system("hostname").at(at), net("*").at(at))
            .flow(system("userInfo").at(at), net("*").at(at));
        assert_eq!(facts.verdict(RULE), Verdict::Clean);
    }
}
