//! Uses the network at install.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "install-time-network",
    summary: "Uses the network when it is installed",
    category: Category::Behaviour,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &["T1105"],
    remedy: KNOW,
    doc: include_str!("install_time_network.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let used: Vec<&Capability> = [CapabilityId::NetConnect, CapabilityId::NetDns, CapabilityId::NetListen]
        .into_iter()
        .flat_map(|id| c.at(Trigger::Install, id))
        .collect();
    let hosts: std::collections::BTreeSet<&str> = used.iter().filter_map(|used| name_of(used)).collect();
    let hosts: Vec<&str> = hosts.into_iter().take(4).collect();
    let to = if hosts.is_empty() { String::new() } else { format!(": {}", list(&hosts)) };
    report(out, &META, FACT, format!("{} uses the network when it is installed{to}", c.label()), evidence_of(used));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn a_fact_at_install_only() {
        assert_eq!(Facts::new().caps([net("*")]).verdict(META.id), Verdict::Notable);
        assert_eq!(Facts::new().caps([net("*").at(Trigger::Import)]).verdict(META.id), Verdict::Clean);
    }
}
