//! Lockfile entries without integrity.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "missing-integrity",
    summary: "The lockfile does not say what archives hash to",
    category: Category::Integrity,
    severity: Severity::Medium,
    confidence: Confidence::High,
    techniques: &["T1195.002"],
    remedy: RELOCK,
    doc: include_str!("missing_integrity.md"),
};

use super::entry_evidence;
use vetch_model::integrity::HashAlgorithm;
use vetch_model::inventory::Ecosystem;

pub(crate) fn check(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    // An installed tree without a lockfile never has any, nor has a manifest or a bill of materials
    // to: there is nothing to miss.
    let is_lockfile = match facts.format {
        "package-lock" => facts.inventory.file.ends_with(".json"),
        "yarn-classic" | "pnpm" | "bun" | "deno" => true,
        "requirements" | "pipfile-lock" | "poetry" | "pdm" | "uv" | "pylock" => true,
        // Yarn 2 and later hash what they make of an archive, not the archive.
        _ => false,
    };
    if !is_lockfile {
        return;
    }
    let entries = || facts.inventory.packages.iter().filter(|package| is_fetched(package));
    let missing: Vec<&Package> = entries().filter(|package| !has_integrity(package)).collect();
    let weak: Vec<&Package> = entries().filter(|package| is_weak(package)).collect();
    let mut cases = Vec::new();
    if let Some(first) = missing.first() {
        let title = format!("{} lockfile entries have no integrity, {} among them", missing.len(), first.label());
        let note = "whatever its URL serves is installed";
        let evidence =
            missing.iter().take(8).map(|package| entry_evidence(package, "integrity", "none", note)).collect();
        // Lists of requirements have hashes only where someone asked for them.
        let is_list = facts.format == "requirements" && !entries().any(has_integrity);
        let grade = if is_list { FACT } else { (Severity::Medium, Confidence::High) };
        cases.push(Case::new(grade, title, evidence));
    }
    if let Some(first) = weak.first() {
        let title = format!("{} lockfile entries have only a SHA-1 digest, {} among them", weak.len(), first.label());
        let note = "another archive with this digest can be made";
        let evidence = weak.iter().take(8).map(|package| entry_evidence(package, "integrity", "sha1", note)).collect();
        cases.push(Case::new(FACT, title, evidence));
    }
    report_worst(out, &META, cases);
}

/// Whether something says what its archive, or each of the files allowed for it, hashes to.
fn has_integrity(package: &Package) -> bool {
    let files = &package.artifacts;
    package.integrity.is_some() || (!files.is_empty() && files.iter().all(|file| file.integrity.is_some()))
}

/// Whether an archive is fetched for it. What is held to no version is not locked at all.
fn is_fetched(package: &Package) -> bool {
    package.role == Role::Dependency
        && !package.bundled
        && (package.ecosystem != Ecosystem::Pypi || package.version.is_some())
        && !matches!(package.ecosystem, Ecosystem::Other(_))
        && matches!(package.source, Source::Registry { .. } | Source::Tarball { .. })
}

fn is_weak(package: &Package) -> bool {
    package.integrity.as_ref().is_some_and(|integrity| integrity.algorithm() == HashAlgorithm::Sha1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::integrity::Integrity;
    use vetch_model::verdict::Verdict;

    fn with_integrity(text: Option<&str>) -> Vec<(&'static str, Verdict)> {
        let mut entry = package("a", "1.0.0");
        entry.integrity = text.map(|text| Integrity::parse(text).unwrap());
        judge_packages(vec![entry], &[])
    }

    #[test]
    fn entries_without_integrity_are_notable() {
        assert_eq!(with_integrity(None), [(META.id, Verdict::Notable)]);
        assert_eq!(with_integrity(Some("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=")), [(META.id, Verdict::Notable)]);
        let strong = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";
        assert_eq!(with_integrity(Some(strong)), []);
    }

    #[test]
    fn what_is_not_fetched_needs_none() {
        let mut bundled = package("a", "1.0.0");
        bundled.bundled = true;
        let mut folder = package("b", "1.0.0");
        folder.source = Source::Folder { path: "packages/b".to_owned() };
        assert_eq!(judge_packages(vec![bundled, folder], &[]), []);
    }
}
