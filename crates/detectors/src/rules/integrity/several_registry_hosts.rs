//! Archives from several registries.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "several-registry-hosts",
    summary: "The lockfile takes packages from several registry hosts",
    category: Category::Integrity,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &["T1195.001"],
    remedy: KNOW,
    doc: include_str!("several_registry_hosts.md"),
};

use std::collections::BTreeMap;

use vetch_model::inventory::Ecosystem;

use super::entry_evidence;
use crate::hosts::Host;

pub(crate) fn check(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    let mut by_host: BTreeMap<String, Vec<(&Package, &str)>> = BTreeMap::new();
    // Python's lockfiles name indexes, and files that may lie anywhere: `extra-package-index` looks at those.
    for package in facts.inventory.packages.iter().filter(|package| package.ecosystem == Ecosystem::Npm) {
        if let Source::Registry { url: Some(url), .. } = &package.source {
            by_host.entry(host_of(url)).or_default().push((package, url));
        }
    }
    if by_host.len() < 2 {
        return;
    }
    let most = by_host.values().map(Vec::len).max().unwrap_or(0);
    let usual = by_host.iter().find(|(_, entries)| entries.len() == most).map(|(host, _)| host.clone());
    let others: Vec<(&String, &Vec<(&Package, &str)>)> =
        by_host.iter().filter(|(host, _)| Some(*host) != usual.as_ref()).collect();
    let names: Vec<&str> = others.iter().map(|(host, _)| host.as_str()).take(4).collect();
    let title = format!(
        "{} packages come from {} rather than {}",
        others.iter().map(|(_, entries)| entries.len()).sum::<usize>(),
        list(&names),
        usual.unwrap_or_default()
    );
    let evidence = others.iter().flat_map(|(_, entries)| entries.iter().take(2));
    let evidence =
        evidence.map(|(package, url)| entry_evidence(package, "resolved", url, "another host than most")).collect();
    report(out, &META, FACT, title, evidence);
}

/// Two names of the same public registry count as one.
fn host_of(url: &str) -> String {
    let host = Host::parse(url, &[]).name;
    if host == "registry.yarnpkg.com" { "registry.npmjs.org".to_owned() } else { host }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn hosts(urls: &[&str]) -> bool {
        let packages = urls.iter().map(|url| {
            let mut entry = package("a", "1.0.0");
            entry.source = Source::Registry { url: Some((*url).to_owned()), index: None };
            entry
        });
        judge_packages(packages.collect(), &[]).iter().any(|(rule, _)| *rule == META.id)
    }

    #[test]
    fn the_odd_host_is_named() {
        let usual = "https://registry.npmjs.org/a/-/a-1.0.0.tgz";
        assert!(hosts(&[usual, usual, "https://r.invalid/a/-/a-1.0.0.tgz"]));
        assert!(!hosts(&[usual, "https://registry.yarnpkg.com/a/-/a-1.0.0.tgz"]));
        assert!(!hosts(&[usual]));
    }
}
