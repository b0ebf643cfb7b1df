//! Releases of shipped campaigns as records of malware: what stands in where nothing that was imported names a release.

use std::collections::HashMap;
use std::sync::LazyLock;

use vetch_model::advisory::{Advisory, AdvisoryKind};
use vetch_model::history::Time;
use vetch_model::purl::PurlParts;

use super::{Campaign, knowledge};
use crate::matching::{Query, match_records};
use crate::record::{Affected, AffectedPackage, Record, Text, World, micros};

/// One record for each campaign, by each package that it names.
static RECORDS: LazyLock<HashMap<(World, String), Vec<Record>>> = LazyLock::new(|| {
    let mut all: HashMap<(World, String), Vec<Record>> = HashMap::new();
    for campaign in &knowledge().campaigns {
        for affected in affected(campaign) {
            let key = (affected.ecosystem, affected.name.clone());
            all.entry(key).or_default().push(record(campaign, affected));
        }
    }
    all
});

/// What shipped campaigns say of a release: that one of them published exactly this name and version. The name has to
/// mean the package of the public registry, as with records that were imported.
pub fn shipped_advisories(query: &Query<'_>) -> Vec<Advisory> {
    let Some(world) = World::of(query.ecosystem) else { return Vec::new() };
    let Some(records) = RECORDS.get(&(world, world.normal(query.name))) else { return Vec::new() };
    let mut advisories = match_records(records, query, as_of());
    advisories.retain(Advisory::is_of_release);
    advisories
}

/// As of when the shipped knowledge is.
fn as_of() -> Time {
    Time(day(&knowledge().as_of).div_euclid(1_000_000))
}

/// The beginning of a day, in microseconds since 1970.
fn day(text: &str) -> i64 {
    micros(&format!("{text}T00:00:00Z")).unwrap_or_default()
}

fn affected(campaign: &Campaign) -> Vec<AffectedPackage> {
    let mut all: Vec<AffectedPackage> = Vec::new();
    for (world, name, version) in campaign.packages.iter().filter_map(|purl| exact(purl)) {
        let at = all.iter().position(|one| one.ecosystem == world && one.name == name).unwrap_or_else(|| {
            all.push(AffectedPackage { ecosystem: world, name, versions: Affected::default() });
            all.len() - 1
        });
        all.get_mut(at).into_iter().for_each(|one| one.versions.versions.push(version.clone()));
    }
    all
}

/// World, name and version of a purl.
fn exact(purl: &str) -> Option<(World, String, String)> {
    let purl = PurlParts::parse(purl).ok()?;
    let world = World::of_osv(&purl.kind)?;
    Some((world, world.normal(&purl.full_name()), purl.version?))
}

fn record(campaign: &Campaign, affected: AffectedPackage) -> Record {
    Record {
        id: campaign.id.clone(),
        modified: day(&knowledge().as_of),
        published: None,
        withdrawn: None,
        aliases: campaign.records.clone(),
        summary: summary(campaign),
        kind: AdvisoryKind::Malware,
        rating: None,
        affected: vec![affected],
        text: Text::default(),
        indicators: Vec::new(),
    }
}

fn summary(campaign: &Campaign) -> String {
    let more = if campaign.summary.is_empty() { String::new() } else { format!(": {}", campaign.summary) };
    format!("part of the campaign \"{}\"{more}", campaign.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vetch_model::inventory::Ecosystem;

    #[test]
    fn exact_releases_are_named_and_their_neighbours_are_not() {
        let of = |ecosystem: Ecosystem, name: &str, version: &str, known: &[&str]| {
            shipped_advisories(&Query { ecosystem: &ecosystem, name, version, known: known.to_vec() })
        };
        let [one] = of(Ecosystem::Npm, "axios", "1.14.1", &["1.14.0", "1.15.0"]).try_into().unwrap();
        assert_eq!((one.id.as_str(), one.safe.as_deref()), ("axios-2026", Some("1.14.0")));
        assert!(one.summary.contains("axios, March 2026") && one.imported.0 > 0, "{one:?}");
        assert!(of(Ecosystem::Npm, "axios", "1.14.0", &[]).is_empty());
        assert!(of(Ecosystem::Pypi, "axios", "1.14.1", &[]).is_empty());
        assert_eq!(of(Ecosystem::Npm, "@qqbrowser/openclaw-qbot", "0.0.130", &[]).len(), 1);
    }

    #[test]
    fn every_release_that_is_listed_is_one_of_them() {
        let listed: usize = knowledge().campaigns.iter().map(|one| one.packages.len()).sum();
        let records = RECORDS.values().flatten().flat_map(|record| &record.affected);
        assert_eq!(records.map(|one| one.versions.versions.len()).sum::<usize>(), listed);
    }
}
