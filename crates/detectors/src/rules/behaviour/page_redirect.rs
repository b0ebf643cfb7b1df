//! The page is sent elsewhere by being loaded.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "page-redirect",
    summary: "Sends the page that loads it to a fixed address elsewhere",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1566.002", "T1189"],
    remedy: REVIEW,
    doc: include_str!("page_redirect.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let leaves = c.of(CapabilityId::BrowserHook).filter(|hook| name_of(hook) == Some("location"));
    report_worst(out, &META, leaves.filter_map(|leave| judge(c, leave)));
}

fn judge(c: &Contents<'_>, leave: &Capability) -> Option<Case> {
    if !is_unasked(leave.trigger) {
        return None;
    }
    let is_here = |connection: &&Capability| connection.evidence.location() == leave.evidence.location();
    let target = c.at(leave.trigger, CapabilityId::NetConnect).find(is_here)?;
    let host = c.host(target);
    let title = format!("{} sends the page to {} {}", c.label(), host.words(), when_words(leave.trigger));
    host.is_foreign().then(|| Case::new(DOUBTFUL, title, evidence_of([leave, target])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn only_what_happens_by_loading_counts() {
        let at = |trigger| {
            let leave = cap(CapabilityId::BrowserHook, named("location")).at(trigger);
            Facts::new().caps([leave, net("login.other.invalid").at(trigger)]).verdict(META.id)
        };
        assert_eq!(at(Trigger::Import), Verdict::Suspicious);
        assert_eq!(at(Trigger::Call), Verdict::Clean);
    }
}
