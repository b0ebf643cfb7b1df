//! Releases against campaigns. A shared indicator or a listed release is strong; going about it alike is weak, is told as
//! that, and attributes nothing to anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use vetch_model::campaign::{Attribution, Correlation, Likelihood};
use vetch_model::finding::Finding;
use vetch_model::history::Time;
use vetch_model::indicator::{ContextKind, IndicatorHit, IndicatorKind};

use super::{Campaign, knowledge};
use crate::indicator::list;
use crate::indicator::memory::MemoryList;
use crate::matching::{Shower, sightings};

/// Most campaigns told of one release, and most that is named of what is shared.
const MAX_TOLD: usize = 3;
const MAX_SHARED: usize = 5;
/// Signs that have to be shared for a likeness, and what part of the campaign's they have to be, in percent.
const ENOUGH: usize = 3;
const PART: usize = 50;

const LISTED: &str =
    "it is listed by name and version; what another registry serves under that name may be another package";
const SHARED: &str = "lists have errors, and attackers use servers of others again";

/// What a release has to do with known campaigns, the surest first: with those that are shipped, and those that imported
/// indicators belong to. `is_public`: its name and version mean the release of the public registry.
pub fn correlate(
    release: &Shower<'_>,
    hits: &[IndicatorHit],
    findings: &[Finding],
    is_public: bool,
) -> Vec<Correlation> {
    let mut all = shipped(release, is_public);
    all.extend(imported(hits));
    if all.is_empty() {
        all.extend(similar(findings));
    }
    all.sort_by(|a, b| (a.likelihood, &a.id).cmp(&(b.likelihood, &b.id)));
    all.dedup_by(|later, first| later.id == first.id);
    all.truncate(MAX_TOLD);
    all
}

/// Indicators and releases of what is shipped, each under the id of its campaign.
static LISTS: LazyLock<MemoryList> = LazyLock::new(|| {
    let mut all = MemoryList::default();
    for campaign in &knowledge().campaigns {
        let packages = campaign.packages.iter().map(|package| ("purl", package));
        let indicators = campaign.indicators.iter().map(|one| (one.kind.as_str(), &one.value));
        for entry in packages.chain(indicators).filter_map(|(kind, value)| list::of_kind(kind, value)) {
            all.add(entry, &campaign.id);
        }
    }
    all
});

fn shipped(release: &Shower<'_>, is_public: bool) -> Vec<Correlation> {
    // A list in memory can always be read.
    let hits = sightings(&*LISTS, release, Time(0)).unwrap_or_default();
    let mut found: BTreeMap<&str, (Likelihood, BTreeSet<String>)> = BTreeMap::new();
    for indicator in hits.iter().flat_map(|hit| &hit.indicators) {
        let likelihood = match indicator.kind {
            IndicatorKind::Package if is_public => Likelihood::ListedRelease,
            // Others may write to the same place, or have a package of the same name.
            IndicatorKind::Package | IndicatorKind::FileName | IndicatorKind::FilePath => continue,
            _ => Likelihood::SharedIndicator,
        };
        let entry = found.entry(&indicator.record).or_insert((likelihood, BTreeSet::new()));
        entry.0 = entry.0.min(likelihood);
        entry.1.insert(match indicator.kind {
            IndicatorKind::Package => format!("lists {}", indicator.value),
            kind => format!("shared {kind} {}", indicator.value),
        });
    }
    let campaign = |(id, (likelihood, shared)): (&str, (Likelihood, BTreeSet<String>))| {
        let uncertainty = if likelihood == Likelihood::ListedRelease { LISTED } else { SHARED };
        let shared = shared.into_iter().take(MAX_SHARED).collect();
        Some(told(knowledge().campaign(id)?, likelihood, shared, uncertainty.to_owned()))
    };
    found.into_iter().filter_map(campaign).collect()
}

fn told(campaign: &Campaign, likelihood: Likelihood, shared: Vec<String>, uncertainty: String) -> Correlation {
    let is_sure = likelihood != Likelihood::Similar;
    Correlation {
        id: campaign.id.clone(),
        name: campaign.name.clone(),
        likelihood,
        shared,
        uncertainty,
        reported_by: campaign.reported_by.clone(),
        attributed: if is_sure { campaign.attributed.clone() } else { Vec::new() },
    }
}

/// Campaigns to which sources relate the indicators that a release meets.
fn imported(hits: &[IndicatorHit]) -> Vec<Correlation> {
    let mut all: BTreeMap<&str, Correlation> = BTreeMap::new();
    for indicator in hits.iter().flat_map(|hit| &hit.indicators) {
        for campaign in indicator.context.iter().filter(|one| one.kind == ContextKind::Campaign) {
            let entry = all.entry(&campaign.name).or_insert_with(|| Correlation {
                id: campaign.name.clone(),
                name: campaign.name.clone(),
                likelihood: Likelihood::SharedIndicator,
                shared: Vec::new(),
                uncertainty: SHARED.to_owned(),
                reported_by: Vec::new(),
                attributed: Vec::new(),
            });
            let shared = format!("shared {} {}", indicator.kind, indicator.value);
            if entry.shared.len() < MAX_SHARED && !entry.shared.contains(&shared) {
                entry.shared.push(shared);
            }
            if !entry.reported_by.contains(&indicator.source) {
                entry.reported_by.push(indicator.source.clone());
            }
            let groups = indicator.context.iter();
            let groups = groups.filter(|one| matches!(one.kind, ContextKind::IntrusionSet | ContextKind::ThreatActor));
            for group in groups {
                let attribution = Attribution { by: indicator.source.clone(), to: group.name.clone() };
                if !entry.attributed.contains(&attribution) {
                    entry.attributed.push(attribution);
                }
            }
        }
    }
    all.into_values().collect()
}

/// The campaign that goes about it most alike, if any does enough.
fn similar(findings: &[Finding]) -> Option<Correlation> {
    let rules: BTreeSet<&str> = findings.iter().map(|finding| finding.rule).collect();
    let likeness = |campaign: &'static Campaign| {
        let shared: Vec<&str> = campaign.signs.iter().map(String::as_str).filter(|sign| rules.contains(sign)).collect();
        let part = shared.len() * 100 / campaign.signs.len().max(1);
        (shared.len() >= ENOUGH && part >= PART).then_some((shared.len(), part, campaign, shared))
    };
    let all = knowledge().campaigns.iter().filter_map(likeness);
    let (count, _, campaign, shared) = all.max_by_key(|(count, part, campaign, _)| (*count, *part, &campaign.when))?;
    let uncertainty = format!(
        "likeness of method alone, {count} of {} signs: many attacks have them, and nobody is accused by it",
        campaign.signs.len()
    );
    let shared = vec![format!("same signs ({})", shared.join(", "))];
    Some(told(campaign, Likelihood::Similar, shared, uncertainty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vetch_model::inventory::{Ecosystem, Package};

    #[test]
    fn a_listed_release_matches_and_its_neighbour_does_not() {
        let of = |version: &str, is_public: bool| {
            let package = Package::new(Ecosystem::Npm, "axios", Some(version));
            let release = Shower { package: &package, contents: Vec::new(), history: None, is_own: false };
            correlate(&release, &[], &[], is_public)
        };
        let [one] = of("1.14.1", true).try_into().unwrap();
        assert_eq!((one.id.as_str(), one.likelihood), ("axios-2026", Likelihood::ListedRelease));
        assert!(one.words().contains("attributed by Google to UNC1069"), "{}", one.words());
        assert!(of("1.14.0", true).is_empty() && of("1.14.1", false).is_empty());
    }
}
