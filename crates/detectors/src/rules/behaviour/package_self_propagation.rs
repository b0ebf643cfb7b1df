//! Publishes packages by itself.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "package-self-propagation",
    summary: "Publishes or edits other packages without being asked",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::High,
    techniques: &["T1195.002", "T1072"],
    remedy: CONTAIN,
    doc: include_str!("package_self_propagation.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.of(CapabilityId::RegistryPublish).filter_map(|publish| judge(c, publish));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, publish: &Capability) -> Option<Case> {
    let hidden = c.concealment(publish);
    let token = c.at(publish.trigger, CapabilityId::FsRead).find(|read| reads_secrets(read));
    let grade = match publish.trigger {
        Trigger::Install => CERTAIN,
        Trigger::Import if hidden.is_some() || token.is_some() => CERTAIN,
        Trigger::Import => HARMFUL,
        // Release tools publish when they are run: that is what they are for.
        _ if hidden.is_some() => HARMFUL,
        _ => return None,
    };
    let with = if token.is_some() { " with a stored token" } else { "" };
    let title = format!("{} publishes packages{with} {}", c.label(), when_words(publish.trigger));
    let mut evidence = evidence_of([publish].into_iter().chain(token));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "package-self-propagation";

    #[test]
    fn worms_are_malicious() {
        let publish = |trigger| cap(CapabilityId::RegistryPublish, named("registry.npmjs.org")).at(trigger);
        assert_eq!(Facts::new().caps([publish(Trigger::Install)]).verdict(RULE), Verdict::Malicious);
        assert_eq!(Facts::new().caps([publish(Trigger::Import)]).verdict(RULE), Verdict::Malicious);
        assert_eq!(Facts::new().caps([publish(Trigger::Bin)]).verdict(RULE), Verdict::Clean);
        let hidden =
            Facts::new().caps([publish(Trigger::Call)]).signal(SignalKind::StringArray, Trigger::Call, "setup.js", 99);
        assert_eq!(hidden.verdict(RULE), Verdict::Malicious);
    }
}
