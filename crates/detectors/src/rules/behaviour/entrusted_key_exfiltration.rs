//! Sends away the key that it was given to work with.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "entrusted-key-exfiltration",
    summary: "Sends a private key or recovery phrase that it is given to a fixed host",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1552.004", "T1041", "T1657"],
    remedy: CONTAIN,
    doc: include_str!("entrusted_key_exfiltration.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    report_worst(out, &META, c.flows().filter_map(|flow| judge(c, flow)));
}

fn judge(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    if flow.source.id != CapabilityId::CallGiven || !is_network(flow.sink.id) {
        return None;
    }
    let given = name_of(&flow.source)?;
    let key = match given.strip_prefix("argument ") {
        Some(name) => format!("`{name}`, which its callers give it,"),
        None if given == "password or token" => "a password or token, which its callers give it,".to_owned(),
        None if given == "password in a request" => "the passwords of requests".to_owned(),
        None if given.starts_with("password") => "the password that it asks for".to_owned(),
        None if given.starts_with("mail") => "a hidden copy of every mail".to_owned(),
        None => return None,
    };
    let host = c.host(&flow.sink);
    // Whoever names the host when it calls knows where its key goes; a service's own client asks its service.
    if !host.is_foreign() {
        return None;
    }
    let hidden = c.concealment(&flow.sink);
    let title = format!("{} sends {key} to {}", c.label(), host.words());
    // Forms of a site of one's own send a copy, clients of a service that logs people in ask it.
    let is_asked_for = given.starts_with("mail") || given == "password in a request";
    let grade = if is_asked_for { DOUBTFUL } else { HARMFUL };
    Some(Case::sent(grade, &title, [&flow.source, &flow.sink], hidden))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn a_fixed_foreign_host_is_theft() {
        let to = |host: &str| {
            let given = cap(CapabilityId::CallGiven, named("argument privateKey")).at(Trigger::Call);
            Facts::new().flow(given, net(host).at(Trigger::Call)).verdict(META.id)
        };
        assert_eq!(to("rpc.other.invalid"), Verdict::Malicious);
        assert_eq!(to("api.telegram.org"), Verdict::Malicious);
        assert_eq!(to("*"), Verdict::Clean);
        assert_eq!(to("localhost:8545"), Verdict::Clean);
    }
}
