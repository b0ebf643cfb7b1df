//! Something wrong with the archive itself.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "archive-anomaly",
    summary: "The archive escapes its folder, links or says things twice",
    category: Category::Integrity,
    severity: Severity::Medium,
    confidence: Confidence::High,
    techniques: &["T1027"],
    remedy: REVIEW,
    doc: include_str!("archive_anomaly.md"),
};

use vetch_model::facts::{AnomalyKind, ContainerAnomaly};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.facts.anomalies.iter().map(|anomaly| judge(c, anomaly));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, anomaly: &ContainerAnomaly) -> Case {
    let (grade, words) = match anomaly.kind {
        AnomalyKind::PathEscape => (ALARMING, "an entry that would be written outside of the package"),
        AnomalyKind::DuplicateEntry if matters(&anomaly.path) => {
            ((Severity::Medium, Confidence::High), "two entries of one name, so that readers may see different code")
        }
        AnomalyKind::DuplicateEntry => (FACT, "two entries of one name"),
        AnomalyKind::Link => (ODD, "a link, which registries do not take"),
        AnomalyKind::SpecialFile => (ODD, "a device, pipe or socket"),
        AnomalyKind::CollidingNames => (FACT, "names that some file systems take for the same"),
        AnomalyKind::TrailingData => (FACT, "data behind its end"),
        AnomalyKind::LimitExceeded => (ODD, "more than is read of any archive"),
        AnomalyKind::Corrupt => (ODD, "damage, so that part of it was not read"),
        AnomalyKind::ContradictoryHeaders => (
            (Severity::Medium, Confidence::High),
            "two accounts of its contents, so that readers may see different code",
        ),
    };
    let title = format!("the archive of {} holds {words}", c.label());
    let evidence = Evidence::File { location: Location::file(anomaly.path.clone()), note: anomaly.detail.clone() };
    Case::new(grade, title, vec![evidence])
}

/// Whether a second version of the file could change what runs.
fn matters(path: &str) -> bool {
    path.ends_with("package.json") || path.ends_with(".pth") || super::installed_files_changed::is_code(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn escapes_are_suspicious_and_quirks_notable() {
        let with = |kind, path: &str| {
            let anomaly = ContainerAnomaly { kind, path: path.to_owned(), detail: String::new() };
            Facts::new().with(|facts| facts.anomalies.push(anomaly)).verdict(META.id)
        };
        assert_eq!(with(AnomalyKind::PathEscape, "../../x"), Verdict::Suspicious);
        assert_eq!(with(AnomalyKind::DuplicateEntry, "index.js"), Verdict::Notable);
        assert_eq!(with(AnomalyKind::TrailingData, ""), Verdict::Notable);
        assert_eq!(Facts::new().with(|_| ()).verdict(META.id), Verdict::Clean);
    }
}
