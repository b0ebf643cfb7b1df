//! Mines cryptocurrency.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "crypto-miner",
    summary: "Mines cryptocurrency",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1496.001"],
    remedy: CONTAIN,
    doc: include_str!("crypto_miner.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.of(CapabilityId::CryptoMine).map(|mines| judge(c, mines));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, mines: &Capability) -> Case {
    let hidden = c.concealment(mines);
    // Mining software has always mined.
    let before = c.release.before.map(|before| before.contents.profile.of(CapabilityId::CryptoMine).next());
    let is_new = matches!(before, Some(None));
    let grade = match (is_unasked(mines.trigger), hidden.is_some() || is_new) {
        (true, _) => HARMFUL,
        (false, true) => DOUBTFUL,
        (false, false) => UNCLEAR,
    };
    let new = if is_new { ", as the release before it did not" } else { "" };
    let title = format!("{} mines cryptocurrency {}{new}", c.label(), when_words(mines.trigger));
    let mut evidence = vec![mines.evidence.clone()];
    evidence.extend(hidden);
    Case::new(grade, title, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn mining_unasked_is_malicious_and_on_request_notable() {
        let mines = |trigger| Facts::new().caps([cap(CapabilityId::CryptoMine, Resource::None).at(trigger)]);
        assert_eq!(mines(Trigger::Install).verdict("crypto-miner"), Verdict::Malicious);
        assert_eq!(mines(Trigger::Call).verdict("crypto-miner"), Verdict::Notable);
        assert_eq!(mines(Trigger::Unreached).verdict("crypto-miner"), Verdict::Clean);
    }
}
