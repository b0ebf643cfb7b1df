//! One version, different contents.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "conflicting-contents",
    summary: "The same name and version is installed with different contents",
    category: Category::Integrity,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1554"],
    remedy: VERIFY,
    doc: include_str!("conflicting_contents.md"),
};

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    // With the locked archive at hand, `installed-files-changed` says which copy is wrong and how.
    if facts.installed.iter().any(|copy| copy.difference.is_some()) {
        return;
    }
    let known: Vec<(&InstalledCopy<'_>, &PackageFacts)> =
        facts.installed.iter().filter_map(|copy| Some((copy, copy.contents?))).collect();
    let Some((_, first)) = known.first() else { return };
    if known.iter().all(|(_, contents)| contents.content_hash == first.content_hash) {
        return;
    }
    let evidence = known.iter().map(|(copy, contents)| Evidence::Field {
        location: Location::file(format!("{}/package.json", copy.path)),
        field: "content hash".to_owned(),
        found: contents.content_hash.to_string(),
        expected: None,
        note: format!("{} files, {} bytes", contents.files, contents.bytes),
    });
    let builds = known.iter().any(|(_, contents)| !contents.install_commands.is_empty());
    // What is built at install differs by what it was built with.
    let grade = if builds { FACT } else { ODD };
    let title = format!("{} is installed {} times with different contents", facts.package.label(), known.len());
    report(out, &META, grade, title, evidence.collect());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::integrity::ContentHash;
    use vetch_model::verdict::Verdict;

    fn copies(hashes: [u8; 2]) -> Verdict {
        let contents = |hash| PackageFacts { content_hash: ContentHash([hash; 32]), ..PackageFacts::default() };
        let facts = Facts::new().copy(None, None).copy_contents(contents(hashes[0]));
        facts.copy(None, None).copy_contents(contents(hashes[1])).verdict(META.id)
    }

    #[test]
    fn copies_of_one_version_are_equal() {
        assert_eq!(copies([1, 2]), Verdict::Notable);
        assert_eq!(copies([1, 1]), Verdict::Clean);
    }
}
