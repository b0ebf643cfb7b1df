//! Bytes that are not the locked ones.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "integrity-mismatch",
    summary: "Bytes were offered that do not hash to the locked integrity",
    category: Category::Integrity,
    severity: Severity::High,
    confidence: Confidence::High,
    techniques: &["T1195.002", "T1557"],
    remedy: VERIFY,
    doc: include_str!("integrity_mismatch.md"),
};

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let evidence: Vec<Evidence> = facts
        .mismatches
        .iter()
        .map(|mismatch| Evidence::Field {
            location: facts.package.declared_at.clone().unwrap_or_else(|| Location::file(facts.package.path.clone())),
            field: "integrity".to_owned(),
            found: mismatch.found.to_owned(),
            expected: Some(mismatch.expected.to_owned()),
            note: format!("offered by {}", mismatch.source),
        })
        .collect();
    let title = format!("bytes offered as {} are not the locked ones", facts.package.label());
    report(out, &META, ALARMING, title, evidence);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn other_bytes_are_suspicious() {
        assert_eq!(Facts::new().mismatch().verdict(META.id), Verdict::Suspicious);
        assert_eq!(Facts::new().verdict(META.id), Verdict::Clean);
    }
}
