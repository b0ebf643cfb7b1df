//! A dependency that comes from no registry.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "non-registry-source",
    summary: "A dependency comes from git or a URL instead of a registry",
    category: Category::Integrity,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &["T1195.001"],
    remedy: KNOW,
    doc: include_str!("non_registry_source.md"),
};

use vetch_model::inventory::{Artifact, Ecosystem};

use super::entry_evidence;

pub(crate) fn check(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    for package in facts.inventory.packages.iter().filter(|package| package.role == Role::Dependency) {
        report_worst(out, &META, judge(package));
    }
}

fn judge(package: &Package) -> Option<Case> {
    let medium = (Severity::Medium, Confidence::High);
    let (grade, words, found) = match &package.source {
        Source::Git { url, commit: Some(_) } => (FACT, "comes from git", url),
        Source::Git { url, commit: None } => (medium, "comes from git and is held to no commit", url),
        Source::Tarball { url } if package.integrity.is_some() || package.artifacts.iter().any(is_held) => {
            (FACT, "comes from a URL instead of a registry", url)
        }
        Source::Tarball { url } => (medium, "comes from a URL, and nothing says what it must hash to", url),
        Source::Unknown { text } if !text.is_empty() => {
            let words = match package.ecosystem {
                Ecosystem::Npm => "comes from a place that npm would not understand",
                _ => "comes from a place that is neither a registry nor understood",
            };
            (medium, words, text)
        }
        _ => return None,
    };
    let title = format!("{} {words}", package.label());
    Some(Case::new(grade, title, vec![entry_evidence(package, "resolved", found, "not fetched from a registry")]))
}

/// Whether it can be nothing else than what was locked.
fn is_held(file: &Artifact) -> bool {
    file.integrity.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    fn from(source: Source) -> Option<Verdict> {
        let mut entry = package("a", "1.0.0");
        entry.source = source;
        let findings = judge_packages(vec![entry], &[]);
        findings.iter().find(|(rule, _)| *rule == META.id).map(|(_, verdict)| *verdict)
    }

    #[test]
    fn sources_outside_registries_are_notable() {
        let url = "https://x.invalid/a".to_owned();
        assert_eq!(from(Source::Git { url: url.clone(), commit: None }), Some(Verdict::Notable));
        assert_eq!(from(Source::Tarball { url }), Some(Verdict::Notable));
        assert_eq!(from(Source::Registry { url: None, index: None }), None);
        assert_eq!(from(Source::Folder { path: "a".to_owned() }), None);
    }
}
