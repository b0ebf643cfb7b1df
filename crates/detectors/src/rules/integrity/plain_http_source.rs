//! Archives fetched without encryption.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "plain-http-source",
    summary: "The lockfile fetches archives by unencrypted HTTP",
    category: Category::Integrity,
    severity: Severity::Medium,
    confidence: Confidence::High,
    techniques: &["T1557"],
    remedy: RELOCK,
    doc: include_str!("plain_http_source.md"),
};

use super::entry_evidence;
use crate::hosts::Host;

pub(crate) fn check(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    let fetched: Vec<(&Package, &str)> =
        facts.inventory.packages.iter().filter_map(|package| Some((package, plain_url(package)?))).collect();
    options(facts, out);
    let Some((first, _)) = fetched.first() else { return };
    let is_held = |package: &Package| {
        package.integrity.is_some() || package.artifacts.iter().any(|file| file.integrity.is_some())
    };
    let open = fetched.iter().any(|(package, _)| !is_held(package));
    let (grade, why) = match open {
        true => (DOUBTFUL, ", some without integrity: whoever is on the way decides what is installed"),
        false => ((Severity::Medium, Confidence::High), ""),
    };
    let title = format!(
        "{} lockfile entries are fetched by unencrypted HTTP, {} among them{why}",
        fetched.len(),
        first.label()
    );
    let evidence =
        fetched.iter().take(8).map(|(package, url)| entry_evidence(package, "resolved", url, "unencrypted")).collect();
    report(out, &META, grade, title, evidence);
}

/// Indexes that a list of requirements names by an option.
fn options(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    let is_index = |note: &&Note<'_>| note.kind == "source-option" && note.field.contains("index");
    let is_plain = |note: &&Note<'_>| note.found.starts_with("http://") && Host::parse(note.found, &[]).is_remote();
    let found: Vec<&Note<'_>> = facts.notes.iter().filter(is_index).filter(is_plain).collect();
    let Some(first) = found.first() else { return };
    let title = format!("packages are looked for at {} by unencrypted HTTP", first.found);
    let evidence = found.iter().take(8).map(|note| Evidence::Field {
        location: note.location.clone(),
        field: note.field.to_owned(),
        found: note.found.to_owned(),
        expected: None,
        note: "unencrypted".to_owned(),
    });
    report(out, &META, (Severity::Medium, Confidence::High), title, evidence.collect());
}

/// Its URL, if that is unencrypted and leaves the machine.
fn plain_url(package: &Package) -> Option<&str> {
    let url = match &package.source {
        Source::Registry { url: Some(url), .. } | Source::Tarball { url } | Source::Git { url, .. } => url.as_str(),
        Source::Registry { url: None, index: Some(index) } => index.as_str(),
        _ => return None,
    };
    let plain = ["http://", "git+http://", "git://"].iter().any(|scheme| url.starts_with(scheme));
    (plain && Host::parse(url, &[]).is_remote()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::integrity::Integrity;
    use vetch_model::verdict::Verdict;

    fn resolved(url: &str, integrity: Option<&str>) -> Option<Verdict> {
        let mut entry = package("a", "1.0.0");
        entry.source = Source::Registry { url: Some(url.to_owned()), index: None };
        entry.integrity = integrity.map(|text| Integrity::parse(text).unwrap());
        let findings = judge_packages(vec![entry], &[]);
        findings.iter().find(|(rule, _)| *rule == META.id).map(|(_, verdict)| *verdict)
    }

    #[test]
    fn what_anyone_can_change_on_the_way_is_suspicious() {
        let url = "http://r.invalid/a/-/a-1.0.0.tgz";
        assert_eq!(resolved(url, None), Some(Verdict::Suspicious));
        assert_eq!(resolved(url, Some("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=")), Some(Verdict::Notable));
        assert_eq!(resolved("http://localhost:4873/a/-/a-1.0.0.tgz", None), None);
        assert_eq!(resolved("https://r.invalid/a/-/a-1.0.0.tgz", None), None);
    }
}
