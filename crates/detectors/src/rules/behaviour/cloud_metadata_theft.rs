//! Asks the cloud's metadata service for credentials and sends them away.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "cloud-metadata-theft",
    summary: "Asks the cloud's metadata service and sends its answer to another host",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1552.005", "T1580", "T1041"],
    remedy: CONTAIN,
    doc: include_str!("cloud_metadata_theft.md"),
};

/// The instance metadata services of AWS (with ECS), Azure, Google Cloud, Alibaba Cloud and Oracle Cloud.
const SERVICES: &[&str] = &[
    "169.254.169.254",
    "169.254.170.2",
    "fd00:ec2::254",
    "metadata.google.internal",
    "metadata.goog",
    "100.100.100.200",
    "192.0.0.192",
];

fn is_service(c: &Contents<'_>, capability: &Capability) -> bool {
    capability.id == CapabilityId::NetConnect && SERVICES.contains(&c.host(capability).name.as_str())
}

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let sent = c.flows().filter_map(|flow| sent(c, &flow.source, &flow.sink, when(flow)));
    report_worst(out, &META, sent.chain(asked(c)));
}

/// The answer is followed to another host.
fn sent(c: &Contents<'_>, asks: &Capability, sends: &Capability, trigger: Trigger) -> Option<Case> {
    if !is_service(c, asks) || is_service(c, sends) || !is_network(sends.id) {
        return None;
    }
    let host = c.host(sends);
    let hidden = c.concealment(sends).or_else(|| c.concealment(asks));
    // Clients of a cloud sign their requests with what they are told.
    let grade = sent_grade(trigger, &host, hidden.is_some())?;
    let title = format!(
        "{} asks the cloud's metadata service and sends the answer to {} {}",
        c.label(),
        host.words(),
        when_words(trigger)
    );
    let mut evidence = evidence_of([asks, sends]);
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

/// Nobody who is only installed has business with the machine's role.
fn asked(c: &Contents<'_>) -> Option<Case> {
    let asks = c.at(Trigger::Install, CapabilityId::NetConnect).find(|capability| is_service(c, capability))?;
    let sends = c
        .at(Trigger::Install, CapabilityId::NetConnect)
        .find(|capability| !is_service(c, capability) && c.host(capability).is_remote());
    let beside = if sends.is_some() { ", and connects to another host" } else { "" };
    let title = format!("{} asks the cloud's metadata service {}{beside}", c.label(), when_words(Trigger::Install));
    Some(Case::new(if sends.is_some() { DOUBTFUL } else { ODD }, title, evidence_of([asks].into_iter().chain(sends))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "cloud-metadata-theft";

    #[test]
    fn credentials_that_leave_are_stolen() {
        let sent = |at| Facts::new().flow(net("169.254.169.254").at(at), net("m.other.invalid").at(at)).verdict(RULE);
        assert_eq!(sent(Trigger::Install), Verdict::Malicious);
        assert_eq!(sent(Trigger::Import), Verdict::Malicious);
        assert_eq!(sent(Trigger::Call), Verdict::Clean);
    }

    #[test]
    fn asking_twice_is_no_theft() {
        let twice = Facts::new().flow(net("169.254.169.254"), net("169.254.169.254:80"));
        assert_eq!(twice.verdict(RULE), Verdict::Notable);
        let beside = Facts::new().caps([net("metadata.google.internal"), net("m.other.invalid")]);
        assert_eq!(beside.verdict(RULE), Verdict::Suspicious);
    }
}
