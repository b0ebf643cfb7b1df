//! Where to go from a release that is known or found to be bad: the nearest version that nothing known speaks against, that
//! the policy does not hold back, and, where there is one, that everybody who asks for the package takes.
//!
//! A weakness is left upwards. Malware is left downwards: who had the account may have published what follows, too.

use std::cmp::Ordering;

use vetch_model::advisory::{Advisory, AdvisoryKind, Doubt, Reach};
use vetch_model::history::{DAY, HistoricRelease, History, Time};
use vetch_model::inventory::{Ecosystem, Role, Source};
use vetch_model::way_out::{Good, WayOut};
use vetch_model::{Finding, Verdict};
use vetch_versions::{Sortable, satisfies};

use super::{Judged, Judging, Known, Place};
use crate::policy::cooldown::appeared;

/// Versions that are looked at in each direction, the nearest ones: histories have thousands.
const MAX_TRIED: usize = 100;

/// Where to go; `None` if nothing speaks against the release, or it comes from no registry.
pub(super) fn find(judged: &Judged, places: &[Place<'_>], judging: &Judging<'_>, known: &Known<'_>) -> Option<WayOut> {
    // Of nearly all releases nothing is known; where they come from need not be found out.
    let is_suspect = |finding: &Finding| finding.verdict() == Verdict::Malicious;
    if judged.result.advisories.is_empty() && !judged.result.findings.iter().any(is_suspect) {
        return None;
    }
    let (place, doubt) = places.iter().find_map(|place| Some((place, known.doubt(place, judging)?)))?;
    let is_release = place.package.role == Role::Dependency
        && !matches!(place.package.ecosystem, Ecosystem::Other(_))
        && matches!(place.package.source, Source::Registry { .. } | Source::Unknown { .. });
    let against = Against::of(judged, doubt.as_ref());
    if !is_release || against.ids.is_empty() {
        return None;
    }
    Some(Search { judged, places, place, judging, known, against }.run())
}

/// What speaks against the release.
struct Against {
    ids: Vec<String>,
    /// How many advisories do.
    advisories: usize,
    is_malicious: bool,
}

impl Against {
    fn of(judged: &Judged, doubt: Option<&Doubt>) -> Against {
        let result = &judged.result;
        let is_other = matches!(doubt, Some(Doubt::Private(_)));
        let speaking = || result.advisories.iter().filter(|one| speaks(one));
        let counting = || speaking().filter(|_| !is_other);
        let mut ids: Vec<String> = counting().map(|one| one.id.clone()).collect();
        let mut is_malicious = counting().any(|one| one.kind == AdvisoryKind::Malware);
        for finding in result.findings.iter().filter(|finding| finding.verdict() == Verdict::Malicious) {
            is_malicious = true;
            if finding.rule != "known-malware" && !ids.iter().any(|id| id == finding.rule) {
                ids.push(finding.rule.to_owned());
            }
        }
        Against { ids, advisories: speaking().count(), is_malicious }
    }
}

/// Whether an advisory means this version, as far as its record can be believed, and nobody has judged otherwise.
fn speaks(advisory: &Advisory) -> bool {
    matches!(advisory.reach, Reach::Named | Reach::OpenRange) && !advisory.is_silenced()
}

/// A version that may be gone to.
struct Candidate<'h> {
    version: &'h str,
    told: Option<&'h HistoricRelease>,
}

/// A version that nothing forbids.
struct Free<'c> {
    candidate: &'c Candidate<'c>,
    is_in_ranges: bool,
    /// Ids of advisories that hold for it, too.
    still: Vec<String>,
    /// How many nearer ones are passed over.
    passed_over: usize,
}

/// Why a version may not be taken.
enum Fault {
    /// All that speaks against the release that is left speaks against it, too.
    Same,
    /// Something that is worth telling.
    Other(String),
}

struct Search<'s> {
    judged: &'s Judged,
    places: &'s [Place<'s>],
    place: &'s Place<'s>,
    judging: &'s Judging<'s>,
    known: &'s Known<'s>,
    against: Against,
}

impl<'s> Search<'s> {
    fn run(self) -> WayOut {
        let candidates = self.candidates();
        let versions: Vec<&str> = candidates.iter().map(|one| one.version).collect();
        let advisories = self.known.of_versions(self.place, &versions, self.judging);
        let mut passed_over = Vec::new();
        let mut free: Vec<Free<'_>> = Vec::new();
        for (candidate, advisories) in candidates.iter().zip(&advisories) {
            match self.fault(candidate, advisories) {
                Some(Fault::Same) => {}
                Some(Fault::Other(why)) => passed_over.push((candidate.version.to_owned(), why)),
                None => {
                    let one = Free {
                        candidate,
                        is_in_ranges: self.is_in_ranges(candidate.version),
                        still: ids(advisories),
                        passed_over: passed_over.len(),
                    };
                    let is_best = one.is_in_ranges && one.still.is_empty();
                    free.push(one);
                    // Whatever comes is farther away.
                    if is_best {
                        break;
                    }
                }
            }
        }
        // Of all that may be taken: what all ranges take, then what the fewest advisories hold for, then the nearest.
        let best = free.into_iter().min_by_key(|one| (!one.is_in_ranges, one.still.len()));
        let to = best.map(|one| {
            passed_over.truncate(one.passed_over);
            self.good(one)
        });
        WayOut { is_malicious: self.against.is_malicious, because: self.against.ids, to, passed_over }
    }

    fn history(&self) -> Option<&'s History> {
        let (project, package) = self.place.key();
        self.judging.past.histories.get(project, package).map(AsRef::as_ref)
    }

    /// Versions to go to, the nearest first in the better direction, then in the other.
    fn candidates(&self) -> Vec<Candidate<'s>> {
        let read = |text: &str| Sortable::parse(&self.place.package.ecosystem, text);
        let current = read(self.place.package.version.as_deref().unwrap_or_default());
        let all: Vec<Candidate<'_>> = match self.history() {
            Some(history) => {
                let standing = history.releases.iter().filter(|release| release.is_standing());
                standing.map(|release| Candidate { version: &release.version, told: Some(release) }).collect()
            }
            // Versions that advisories name.
            None => {
                let safe = self.judged.result.advisories.iter().filter_map(|one| one.safe.as_deref());
                safe.map(|version| Candidate { version, told: None }).collect()
            }
        };
        let mut sorted: Vec<(Sortable, Candidate<'_>)> =
            all.into_iter().map(|candidate| (read(candidate.version), candidate)).collect();
        sorted.retain(|(version, _)| {
            version.is_version() && (current.is_prerelease() || !version.is_prerelease()) && *version != current
        });
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted.dedup_by(|later, first| later.1.version == first.1.version);
        let at = sorted.partition_point(|(version, _)| version.cmp(&current) == Ordering::Less);
        let above = sorted.split_off(at).into_iter().map(|(_, one)| one).take(MAX_TRIED);
        let below = sorted.into_iter().rev().map(|(_, one)| one).take(MAX_TRIED);
        match self.against.is_malicious {
            true => below.chain(above).collect(),
            false => above.chain(below).collect(),
        }
    }

    /// Why a version may not be taken.
    fn fault(&self, candidate: &Candidate<'_>, advisories: &[Advisory]) -> Option<Fault> {
        let counting = || advisories.iter().filter(|one| one.counts());
        if let Some(malware) = counting().find(|one| one.kind == AdvisoryKind::Malware) {
            return Some(Fault::Other(format!("{} calls it malware", malware.id)));
        }
        let same = counting().filter(|one| self.against.ids.contains(&one.id)).count();
        // One that is rid of some of it is better than none.
        if same > 0 && same >= self.against.advisories {
            return Some(Fault::Same);
        }
        self.held(candidate).map(Fault::Other)
    }

    /// That a policy holds a version back.
    fn held(&self, candidate: &Candidate<'_>) -> Option<String> {
        let package = self.place.package;
        let days = |target: &usize| {
            let (_, _, cooldown) = self.judging.policies.cooldown(*target)?;
            Some(cooldown.of(&package.ecosystem, &package.name))
        };
        let days = self.judged.targets.iter().filter_map(days).max().filter(|days| *days > 0)?;
        let Some(published) = candidate.told.and_then(appeared) else {
            return Some(format!("releases are held back for {days} days, and nothing tells how old it is"));
        };
        let until = Time(published.0 + days * DAY);
        (self.judging.now < until).then(|| format!("held back until {}", vetch_detectors::lineage::moment(until)))
    }

    /// Whether everybody who asks for the package takes this version.
    fn is_in_ranges(&self, version: &str) -> bool {
        let takes = |place: &Place<'_>| {
            let (inventory, graph) = (&place.project.inventory, &place.project.graph);
            graph.dependents(place.contents.package).iter().all(|neighbour| {
                let edge = inventory.edges.get(neighbour.edge);
                edge.is_some_and(|edge| satisfies(&place.package.ecosystem, version, &edge.range) == Some(true))
            })
        };
        self.places.iter().all(takes)
    }

    fn good(&self, free: Free<'_>) -> Good {
        let Free { candidate, is_in_ranges, still, .. } = free;
        let history = self.history();
        let asks = |version: &str| {
            let declaration = history.and_then(|all| all.declaration(all.release(version)?))?;
            Some((&declaration.dependencies, &declaration.install_scripts, declaration.has_install_script))
        };
        let current = self.place.package.version.as_deref().and_then(asks);
        let told = candidate.told;
        Good {
            version: candidate.version.to_owned(),
            is_in_ranges,
            published: told.and_then(|release| release.published),
            digests: told.map(|release| release.digests.clone()).unwrap_or_default(),
            url: told.and_then(|release| release.url.clone()),
            asks_for_the_same: current.is_some() && asks(candidate.version) == current,
            still,
        }
    }
}

fn ids(advisories: &[Advisory]) -> Vec<String> {
    advisories.iter().filter(|one| one.counts()).map(|one| one.id.clone()).collect()
}
