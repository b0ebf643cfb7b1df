//! From the records that speak of a package to advisories about one release.

use std::collections::HashMap;

use vetch_model::advisory::{Advisory, AdvisoryKind, Exploited, Rating, Reach};
use vetch_model::finding::Severity;
use vetch_model::history::Time;
use vetch_model::inventory::Ecosystem;
use vetch_model::vex::Vex;

use super::reach::{Subject, reach};
use super::safe::{Ask, safe};
use super::words;
use crate::record::{Affected, Record, World};

/// Advisories told of one release, the gravest first. Hundreds are real for what is old.
const MAX_ADVISORIES: usize = 500;

/// A release that is asked about.
#[derive(Debug, Clone)]
pub struct Query<'q> {
    /// Whose name it is.
    pub ecosystem: &'q Ecosystem,
    /// As the inventory has it.
    pub name: &'q str,
    /// Its version.
    pub version: &'q str,
    /// Other versions that are known to be there: one of them may be the one to go to.
    pub known: Vec<&'q str>,
}

/// What is told of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Head {
    pub(crate) id: String,
    pub(crate) kind: AdvisoryKind,
    pub(crate) aliases: Vec<String>,
    pub(crate) summary: String,
    pub(crate) rating: Option<Rating>,
    pub(crate) modified: Time,
    pub(crate) imported: Time,
    pub(crate) exploited: Option<Exploited>,
    pub(crate) probability: Option<u32>,
}

impl Head {
    pub(crate) fn new(record: Record, imported: Time) -> Head {
        let rating = record.rating.map(|rating| Rating {
            severity: rating.severity,
            score: rating.score,
            source: rating.source,
        });
        Head {
            id: record.id,
            kind: record.kind,
            aliases: record.aliases,
            summary: record.summary,
            rating,
            modified: Time(record.modified.div_euclid(1_000_000)),
            imported,
            exploited: None,
            probability: None,
        }
    }
}

/// A record that speaks of the release, or of others of its package.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) head: Head,
    pub(crate) reach: Reach,
    pub(crate) versions: Affected<String>,
}

/// How a record that stands reaches the release, as far as anybody need know: of vulnerabilities of other versions
/// nothing is told.
pub(crate) fn hit_of<T: AsRef<str>>(kind: AdvisoryKind, versions: &Affected<T>, subject: &Subject) -> Option<Reach> {
    reach(versions, subject).or((kind == AdvisoryKind::Malware).then_some(Reach::OtherVersion))
}

/// What these records say of a release, as if they had been imported at that moment.
pub fn match_records(records: &[Record], query: &Query<'_>, imported: Time) -> Vec<Advisory> {
    let Some(world) = World::of(query.ecosystem) else { return Vec::new() };
    let subject = Subject::new(query.ecosystem, query.version);
    let name = world.normal(query.name);
    let mut hits = Vec::new();
    for record in records.iter().filter(|record| record.withdrawn.is_none()) {
        let own = record.affected.iter().filter(|one| one.ecosystem == world && one.name == name);
        for affected in own {
            if let Some(reach) = hit_of(record.kind, &affected.versions, &subject) {
                let head = Head::new(record.clone(), imported);
                hits.push(Hit { head, reach, versions: affected.versions.clone() });
            }
        }
    }
    merge(world, &subject, hits, &query.known)
}

/// Records that call each other aliases are one advisory; the gravest comes first.
pub(crate) fn merge(world: World, subject: &Subject, hits: Vec<Hit>, known: &[&str]) -> Vec<Advisory> {
    let (others, hits): (Vec<Hit>, Vec<Hit>) = hits.into_iter().partition(|hit| hit.reach == Reach::OtherVersion);
    let is_malware = hits.iter().any(|hit| hit.head.kind == AdvisoryKind::Malware);
    let malware: Vec<&Affected<String>> = hits
        .iter()
        .chain(&others)
        .filter(|hit| hit.head.kind == AdvisoryKind::Malware)
        .map(|hit| &hit.versions)
        .collect();
    let mut all: Vec<Advisory> =
        groups(&hits).iter().map(|group| advisory(world, subject, group, &malware, known)).collect();
    // That other versions are bad adds nothing to this one being so.
    if !is_malware {
        all.extend(groups(&others).iter().map(|group| advisory(world, subject, group, &malware, known)));
    }
    all.sort_by(|a, b| order(a).cmp(&order(b)));
    all.truncate(MAX_ADVISORIES);
    all
}

fn order(advisory: &Advisory) -> (std::cmp::Reverse<AdvisoryKind>, Reach, Severity, &str) {
    let severity = advisory.rating.as_ref().map_or(Severity::Info, |rating| rating.severity);
    (std::cmp::Reverse(advisory.kind), advisory.reach, severity, &advisory.id)
}

/// Sets of records that are joined by ids, however those go round in circles.
fn groups(hits: &[Hit]) -> Vec<Vec<&Hit>> {
    let mut parents: Vec<usize> = (0..hits.len()).collect();
    let mut owners: HashMap<&str, usize> = HashMap::new();
    for (number, hit) in hits.iter().enumerate() {
        for id in std::iter::once(&hit.head.id).chain(&hit.head.aliases) {
            let owner = *owners.entry(id).or_insert(number);
            let (own, other) = (root(&mut parents, number), root(&mut parents, owner));
            if let Some(parent) = parents.get_mut(own.max(other)) {
                *parent = own.min(other);
            }
        }
    }
    let mut groups: Vec<Vec<&Hit>> = vec![Vec::new(); hits.len()];
    for (number, hit) in hits.iter().enumerate() {
        let root = root(&mut parents, number);
        if let Some(group) = groups.get_mut(root) {
            group.push(hit);
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// The number that stands for the set; ways to it are shortened as they are gone.
fn root(parents: &mut [usize], mut number: usize) -> usize {
    while let Some(&parent) = parents.get(number).filter(|parent| **parent != number) {
        let grandparent = parents.get(parent).copied().unwrap_or(parent);
        if let Some(own) = parents.get_mut(number) {
            *own = grandparent;
        }
        number = grandparent;
    }
    number
}

fn advisory(
    world: World,
    subject: &Subject,
    group: &[&Hit],
    malware: &[&Affected<String>],
    known: &[&str],
) -> Advisory {
    let mut heads: Vec<&Hit> = group.to_vec();
    heads.sort_by_key(|hit| (std::cmp::Reverse(hit.head.kind), hit.reach, rank(&hit.head.id), &hit.head.id));
    let kind = heads.first().map_or(AdvisoryKind::Vulnerability, |hit| hit.head.kind);
    // Where one of them says malware, what the others say of weaknesses is beside the point.
    let speaking: Vec<&&Hit> = heads.iter().filter(|hit| hit.head.kind == kind).collect();
    let lead = speaking.first().map(|hit| &hit.head);
    let id = lead.map(|head| head.id.clone()).unwrap_or_default();
    let mut aliases: Vec<String> = heads
        .iter()
        .flat_map(|hit| std::iter::once(&hit.head.id).chain(&hit.head.aliases))
        .filter(|alias| **alias != id)
        .cloned()
        .collect();
    aliases.sort_unstable();
    aliases.dedup();
    let own: Vec<&Affected<String>> = speaking.iter().map(|hit| &hit.versions).collect();
    let ratings = heads.iter().filter_map(|hit| hit.head.rating.clone());
    let times = |of: fn(&Head) -> Time| heads.iter().map(move |hit| of(&hit.head));
    Advisory {
        kind,
        id,
        aliases,
        summary: heads.iter().map(|hit| &hit.head.summary).find(|text| !text.is_empty()).cloned().unwrap_or_default(),
        reach: speaking.iter().map(|hit| hit.reach).min().unwrap_or(Reach::OtherVersion),
        affected: own.first().map(|first| words::affected(first)).unwrap_or_default(),
        safe: match speaking.first().map(|hit| hit.reach) {
            Some(Reach::OtherVersion) | None => None,
            Some(_) => safe(&Ask { world, subject, kind, own: &own, malware, known }),
        },
        rating: ratings.min_by_key(|rating| rating.severity),
        exploited: heads.iter().find_map(|hit| hit.head.exploited.clone()),
        probability: heads.iter().filter_map(|hit| hit.head.probability).max(),
        modified: times(|head| head.modified).max().unwrap_or(Time(0)),
        imported: times(|head| head.imported).min().unwrap_or(Time(0)),
        vex: Vex::default(),
    }
}

/// Ids by how well they are known.
fn rank(id: &str) -> u8 {
    ["MAL-", "GHSA-", "PYSEC-", "CVE-"].iter().position(|prefix| id.starts_with(prefix)).map_or(4, |rank| rank as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{AffectedPackage, Text};

    fn record(id: &str, kind: AdvisoryKind, aliases: &[&str], versions: &str) -> Record {
        let versions = super::super::reach::tests::affected(versions);
        Record {
            id: id.to_owned(),
            modified: 5_000_000,
            published: None,
            withdrawn: None,
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            summary: format!("about {id}"),
            kind,
            rating: None,
            text: Text::default(),
            indicators: Vec::new(),
            affected: vec![AffectedPackage { ecosystem: World::Npm, name: "a".to_owned(), versions }],
        }
    }

    fn found(records: &[Record], version: &str) -> Vec<Advisory> {
        let query = Query { ecosystem: &Ecosystem::Npm, name: "a", version, known: Vec::new() };
        match_records(records, &query, Time(9))
    }

    use AdvisoryKind::{Malware, Vulnerability};

    #[test]
    fn aliases_are_one_advisory_even_in_circles() {
        let records = [
            record("CVE-2026-1", Vulnerability, &["GHSA-1"], ">0 <2.0.0"),
            record("GHSA-1", Vulnerability, &["PYSEC-1", "GHSA-1"], ">0 <2.1.0"),
            record("PYSEC-1", Vulnerability, &["CVE-2026-1"], ">0 <1.0.0"),
            record("GHSA-2", Vulnerability, &[], "1.5.0"),
        ];
        let all = found(&records, "1.5.0");
        let ids: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["GHSA-1", "GHSA-2"]);
        assert_eq!(all[0].aliases, ["CVE-2026-1", "PYSEC-1"]);
        // What one of them calls fixed and another does not is not safe.
        assert_eq!(all[0].safe.as_deref(), Some("2.1.0"));
    }

    #[test]
    fn malware_comes_first_and_is_no_vulnerability() {
        let records = [
            record("GHSA-9", Vulnerability, &["MAL-2026-9"], ">0"),
            record("MAL-2026-9", Malware, &["GHSA-9"], "1.0.1"),
            record("GHSA-1", Vulnerability, &[], ">0"),
        ];
        let all = found(&records, "1.0.1");
        let shown: Vec<(AdvisoryKind, &str, Reach)> =
            all.iter().map(|one| (one.kind, one.id.as_str(), one.reach)).collect();
        assert_eq!(shown, [(Malware, "MAL-2026-9", Reach::Named), (Vulnerability, "GHSA-1", Reach::Named)]);
        assert_eq!((all[0].affected.as_str(), all[0].safe.as_deref()), ("1.0.1", Some("<1.0.1")));
    }

    #[test]
    fn other_versions_are_told_of_malware_alone() {
        let records = [record("MAL-1", Malware, &[], "1.0.1"), record("GHSA-1", Vulnerability, &[], "1.0.1")];
        let all = found(&records, "1.0.0");
        assert_eq!(
            all.iter().map(|one| (one.id.as_str(), one.reach)).collect::<Vec<_>>(),
            [("MAL-1", Reach::OtherVersion)]
        );
        assert_eq!(all[0].safe, None);
    }

    #[test]
    fn what_is_withdrawn_alarms_nobody() {
        let gone = Record { withdrawn: Some(1), ..record("MAL-1", Malware, &[], ">0") };
        assert_eq!(found(&[gone], "1.0.0"), []);
    }

    #[test]
    fn many_records_about_one_package_are_no_burden() {
        let records: Vec<Record> = (0..3_000)
            .map(|number| {
                record(&format!("X-{number}"), Vulnerability, &[&format!("X-{}", (number + 1) % 3_000)], ">0")
            })
            .collect();
        let all = found(&records, "1.0.0");
        assert_eq!((all.len(), all[0].aliases.len()), (1, 2_999));
    }
}
