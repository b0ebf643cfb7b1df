//! Code put before another module sends what its callers hand over.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "hooked-module-exfiltration",
    summary: "Replaces a function of another module and sends what it is called with",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1056.004", "T1557", "T1041"],
    remedy: CONTAIN,
    doc: include_str!("hooked_module_exfiltration.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    report_worst(out, &META, c.flows().filter_map(|flow| judge(c, flow)));
}

fn judge(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    let wraps = flow.source.id == CapabilityId::CallGiven
        && name_of(&flow.source) == Some("arguments of functions that it wraps");
    if !(wraps || flow.source.id == CapabilityId::CodeHook) || !is_network(flow.sink.id) {
        return None;
    }
    let host = c.host(&flow.sink);
    let hidden = c.concealment(&flow.sink).or_else(|| c.concealment(&flow.source));
    // Monitoring agents do so too, and report to where they are told when they are started.
    let grade = match (is_unasked(flow.trigger), host.is_foreign()) {
        (true, true) => HARMFUL,
        (false, true) => DOUBTFUL,
        _ if hidden.is_some() => DOUBTFUL,
        _ => return None,
    };
    let does = match name_of(&flow.source) {
        _ if wraps => "wraps functions and sends what they are called with".to_owned(),
        Some(replaced) => format!("replaces {replaced} and sends what it is called with"),
        None => "replaces a function of another module and sends what it is called with".to_owned(),
    };
    let title = format!("{} {does} to {}", c.label(), host.words());
    Some(Case::sent(grade, &title, [&flow.source, &flow.sink], hidden))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn arguments_of_decorated_functions_are_no_business_of_a_decorator() {
        let to = |host: &str| {
            let given = cap(CapabilityId::CallGiven, named("arguments of functions that it wraps"));
            Facts::new().flow(given.at(Trigger::Call), net(host).at(Trigger::Call)).verdict(META.id)
        };
        assert_eq!(to("log.other.invalid"), Verdict::Suspicious);
        assert_eq!(to("*"), Verdict::Clean);
    }

    #[test]
    fn who_is_told_decides() {
        let to = |host: &str, trigger| {
            let hook = cap(CapabilityId::CodeHook, named("sign")).at(trigger);
            Facts::new().flow(hook, net(host).at(trigger)).verdict(META.id)
        };
        assert_eq!(to("log.other.invalid", Trigger::Import), Verdict::Malicious);
        assert_eq!(to("log.other.invalid", Trigger::Call), Verdict::Suspicious);
        assert_eq!(to("*", Trigger::Import), Verdict::Clean);
        assert_eq!(to("localhost:8126", Trigger::Import), Verdict::Clean);
    }
}
