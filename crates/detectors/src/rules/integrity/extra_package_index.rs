//! Python packages that may come from more than one index.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "extra-package-index",
    summary: "Python packages may come from more than one index",
    category: Category::Integrity,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1195.001"],
    remedy: ONE_INDEX,
    doc: include_str!("extra_package_index.md"),
};

const ONE_INDEX: &str = "Name one index for each package: a proxy that serves both (`--index-url`), `[[tool.uv.index]]` with \
    `explicit = true` and `[tool.uv.sources]`, or a `source` with `priority = \"explicit\"` in Poetry. Lock with hashes, so that \
    another archive under the same name is refused.";

use std::collections::BTreeMap;

use vetch_model::inventory::Ecosystem;

use crate::hosts::Host;

/// Options that let another index, or no index at all, serve any package.
const EXTRA: &[&str] = &["--extra-index-url", "--find-links", "-f"];
/// Options that switch off how a host proves who it is.
const TRUSTED: &str = "--trusted-host";

pub(crate) fn check(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    let options = |names: &'static [&'static str]| {
        facts.notes.iter().filter(move |note| note.kind == "source-option" && names.contains(&note.field))
    };
    let evidence = |note: &Note<'_>, says: &str| Evidence::Field {
        location: note.location.clone(),
        field: note.field.to_owned(),
        found: note.found.to_owned(),
        expected: None,
        note: says.to_owned(),
    };
    let extra: Vec<&Note<'_>> = options(EXTRA).collect();
    if let Some(first) = extra.first() {
        let is_open = facts.inventory.packages.iter().any(is_open);
        // pip takes the highest version of all indexes, whoever serves it.
        let grade = if is_open { ODD } else { FACT };
        let says = if is_open { ", and not all are held to a hash" } else { "" };
        let title = format!("packages may come from {} as well as from the main index{says}", first.found);
        let shown = extra.iter().take(8).map(|note| evidence(note, "any package may come from there"));
        report(out, &META, grade, title, shown.collect());
    }
    let trusted: Vec<&Note<'_>> = options(&[TRUSTED]).collect();
    if let Some(first) = trusted.first() {
        let title = format!("{} is trusted without a valid certificate", first.found);
        let shown = trusted.iter().take(8).map(|note| evidence(note, "whoever is on the way may answer for it"));
        report(out, &META, ODD, title, shown.collect());
    }
    by_package(facts, out);
}

/// Whether its archive is held to no hash.
fn is_open(package: &Package) -> bool {
    package.ecosystem == Ecosystem::Pypi
        && package.role == Role::Dependency
        && package.integrity.is_none()
        && !package.artifacts.iter().any(|artifact| artifact.integrity.is_some())
}

/// A lockfile that names the index of each package, and names several.
fn by_package(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    let mut by_host: BTreeMap<String, Vec<(&Package, &str)>> = BTreeMap::new();
    for package in facts.inventory.packages.iter().filter(|package| package.ecosystem == Ecosystem::Pypi) {
        if let Source::Registry { index: Some(index), .. } = &package.source {
            by_host.entry(Host::parse(index, &[]).name).or_default().push((package, index));
        }
    }
    if by_host.len() < 2 {
        return;
    }
    let hosts: Vec<&str> = by_host.keys().map(String::as_str).take(4).collect();
    let title = format!("packages come from {} indexes: {}", by_host.len(), list(&hosts));
    let evidence = by_host.values().filter_map(|entries| entries.first());
    let evidence = evidence.map(|(package, index)| super::entry_evidence(package, "index", index, "one of several"));
    report(out, &META, FACT, title, evidence.collect());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    fn python(name: &str, index: &str) -> Package {
        let mut entry = Package::new(Ecosystem::Pypi, name, Some("1.0"));
        entry.source = Source::Registry { url: None, index: Some(index.to_owned()) };
        entry
    }

    #[test]
    fn several_indexes_are_notable() {
        let (one, other) = ("https://pypi.org/simple", "https://pypi.corp.invalid/simple");
        let of = |packages| {
            judge_packages(packages, &[]).into_iter().filter(|(rule, _)| *rule == META.id).collect::<Vec<_>>()
        };
        assert_eq!(of(vec![python("a", one), python("b", other)]), [(META.id, Verdict::Notable)]);
        assert_eq!(of(vec![python("a", one), python("b", one)]), []);
    }
}
