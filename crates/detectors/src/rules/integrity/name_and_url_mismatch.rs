//! A lockfile entry that downloads something else.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "name-and-url-mismatch",
    summary: "The URL of a lockfile entry names another package or version",
    category: Category::Integrity,
    severity: Severity::High,
    confidence: Confidence::High,
    techniques: &["T1195.001"],
    remedy: RELOCK,
    doc: include_str!("name_and_url_mismatch.md"),
};

use vetch_model::inventory::Ecosystem;

use super::entry_evidence;
use super::installed_differs_from_lock::plain;

pub(crate) fn check(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    for package in facts
        .inventory
        .packages
        .iter()
        .filter(|package| package.role == Role::Dependency && package.ecosystem == Ecosystem::Npm)
    {
        report_worst(out, &META, judge(package));
    }
}

fn judge(package: &Package) -> Option<Case> {
    let url = match &package.source {
        Source::Registry { url: Some(url), .. } | Source::Tarball { url } => url,
        _ => return None,
    };
    let (named, file) = named_in(url)?;
    let bare = named.rsplit('/').next().unwrap_or(&named);
    // Registries below a folder put it before the name; a scope is part of the name.
    let same_name = named == package.name || named.ends_with(&format!("/{}", package.name)) && !package.name.is_empty();
    let version = file.strip_prefix(bare).and_then(|rest| rest.strip_prefix('-'));
    let (grade, title, what) = if !same_name {
        (
            ALARMING,
            format!("the lockfile entry of {} downloads {named}", package.label()),
            "another package is fetched under this name",
        )
    } else {
        let version = version.filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))?;
        let locked = package.version.as_deref()?;
        if plain(version) == plain(locked) {
            return None;
        }
        (
            DOUBTFUL,
            format!("the lockfile entry of {} downloads version {version}", package.label()),
            "another version is fetched",
        )
    };
    Some(Case::new(grade, title, vec![entry_evidence(package, "resolved", url, what)]))
}

/// Package name (with whatever folder the registry has before it) and archive name in `…/name/-/file.tgz`.
fn named_in(url: &str) -> Option<(String, String)> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let path =
        path.split(['?', '#']).next().unwrap_or_default().replace("%2f", "/").replace("%2F", "/").replace("%40", "@");
    let (named, file) = path.split_once("/-/")?;
    let file = file.rsplit('/').next().unwrap_or(file).strip_suffix(".tgz")?;
    Some((named.to_owned(), file.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    fn resolved(name: &str, url: &str) -> Option<Verdict> {
        let mut entry = package(name, "1.0.0");
        entry.source = Source::Registry { url: Some(url.to_owned()), index: None };
        let findings = judge_packages(vec![entry], &[]);
        findings.iter().find(|(rule, _)| *rule == META.id).map(|(_, verdict)| *verdict)
    }

    #[test]
    fn another_package_or_version_is_suspicious() {
        assert_eq!(resolved("a", "https://r.invalid/b/-/b-1.0.0.tgz"), Some(Verdict::Suspicious));
        assert_eq!(resolved("@s/a", "https://r.invalid/a/-/a-1.0.0.tgz"), Some(Verdict::Suspicious));
        assert_eq!(resolved("a", "https://r.invalid/@s/a/-/a-1.0.1.tgz"), Some(Verdict::Suspicious));
    }

    #[test]
    fn registries_have_their_ways() {
        let honest = [
            ("a", "https://r.invalid/a/-/a-1.0.0.tgz"),
            ("@s/a", "https://r.invalid/@s%2fa/-/a-1.0.0.tgz"),
            ("@s/a", "https://r.invalid/api/npm/all/@s/a/-/@s/a-1.0.0.tgz"),
            ("a", "https://r.invalid/repository/npm/a/-/a-1.0.0.tgz"),
            ("a", "https://r.invalid/download/a/1.0.0/0123abc"),
            ("a", "https://r.invalid/a/-/a-1.0.0+build.tgz"),
        ];
        for (name, url) in honest {
            assert_eq!(resolved(name, url), None, "{url}");
        }
    }
}
