//! Payments are led to a fixed address.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "wallet-address-swap",
    summary: "Puts a fixed wallet address in place of the one that was meant",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1565.002", "T1115"],
    remedy: CONTAIN,
    doc: include_str!("wallet_address_swap.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let swaps = c.of(CapabilityId::BrowserHook).filter(|swap| name_of(swap) == Some("wallet address"));
    let swaps = swaps.map(|swap| swap_case(c, swap));
    let clipboard = [Trigger::Install, Trigger::Import].into_iter().filter_map(|trigger| clipboard_case(c, trigger));
    report_worst(out, &META, swaps.chain(clipboard));
}

fn swap_case(c: &Contents<'_>, swap: &Capability) -> Case {
    let grade = if is_unasked(swap.trigger) { HARMFUL } else { DOUBTFUL };
    let title = format!("{} puts a fixed wallet address in place of another {}", c.label(), when_words(swap.trigger));
    Case::new(grade, title, evidence_of([swap]))
}

/// Whoever reads the clipboard and writes it, unasked, changes what is pasted.
fn clipboard_case(c: &Contents<'_>, trigger: Trigger) -> Option<Case> {
    let uses: Vec<&Capability> = c.at(trigger, CapabilityId::InputClipboard).collect();
    let (written, read): (Vec<&Capability>, Vec<&Capability>) =
        uses.iter().copied().partition(|capability| name_of(capability) == Some("written"));
    if written.is_empty() || read.is_empty() {
        return None;
    }
    let title = format!("{} reads the clipboard and writes something else there {}", c.label(), when_words(trigger));
    Some(Case::new(HARMFUL, title, evidence_of(uses)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::capability::Resource;
    use vetch_model::verdict::Verdict;

    #[test]
    fn a_clipboard_that_is_only_read_or_written_is_no_swap() {
        let written = || cap(CapabilityId::InputClipboard, named("written")).at(Trigger::Import);
        let read = || cap(CapabilityId::InputClipboard, Resource::None).at(Trigger::Import);
        assert_eq!(Facts::new().caps([written(), read()]).verdict(META.id), Verdict::Malicious);
        assert_eq!(Facts::new().caps([written()]).verdict(META.id), Verdict::Clean);
        assert_eq!(Facts::new().caps([written().at(Trigger::Call), read()]).verdict(META.id), Verdict::Clean);
    }
}
