//! Sends elsewhere what an application is asked.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "request-exfiltration",
    summary: "Sends requests to the application, or the secrets in them, to a fixed host",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1056.003", "T1557", "T1041"],
    remedy: CONTAIN,
    doc: include_str!("request_exfiltration.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    report_worst(out, &META, c.flows().filter_map(|flow| judge(c, flow)));
}

fn judge(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    let is_whole = flow.source.id == CapabilityId::CallGiven && name_of(&flow.source) == Some("request as a whole");
    if !is_whole || !is_network(flow.sink.id) {
        return None;
    }
    let host = c.host(&flow.sink);
    let hidden = c.concealment(&flow.sink);
    // Proxies send on what they get, to where they are told.
    let grade = match (host.is_foreign(), hidden.is_some() || host.is_alarming()) {
        (true, true) => HARMFUL,
        (true, false) => DOUBTFUL,
        (false, _) => return None,
    };
    let title = format!("{} sends the requests that an application gets to {}", c.label(), host.words());
    Some(Case::sent(grade, &title, [&flow.source, &flow.sink], hidden))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn what_is_sent_and_to_whom_decides() {
        let to = |part: &str, host: &str| {
            let given = cap(CapabilityId::CallGiven, named(part)).at(Trigger::Call);
            Facts::new().flow(given, net(host).at(Trigger::Call)).verdict(META.id)
        };
        assert_eq!(to("request as a whole", "log.other.invalid"), Verdict::Suspicious);
        assert_eq!(to("request as a whole", "192.0.2.7"), Verdict::Malicious);
        assert_eq!(to("request as a whole", "*"), Verdict::Clean);
        assert_eq!(to("request as a whole", "localhost:9000"), Verdict::Clean);
        assert_eq!(to("request body", "log.other.invalid"), Verdict::Clean);
    }
}
