//! What others know of the releases that are judged.

use std::sync::Arc;

use vetch_detectors::input::IntelFacts;
use vetch_detectors::verdict_of;
use vetch_intel::{Shower, correlate};
use vetch_model::Verdict;
use vetch_model::advisory::{Advisory, Doubt};
use vetch_model::campaign::Correlation;
use vetch_model::facts::PackageFacts;
use vetch_model::inventory::Package;
use vetch_model::scan::ReleaseResult;

use super::{Group, Judging, Place};
use crate::contents::Run;
use crate::intel::{Asked, Intelligence, Origin, origin, ways};

/// What others know of releases.
pub(crate) struct Known<'a> {
    pub(crate) run: &'a Run<'a>,
    pub(crate) intelligence: &'a Intelligence,
}

impl Known<'_> {
    /// By number of the group. Where a release lies at several places, the first that is not the user's own code counts.
    pub(super) fn of(&self, groups: &[Group<'_>], judging: &Judging<'_>) -> Vec<IntelFacts> {
        let asked = groups.iter().map(|(_, places)| places.iter().find_map(|place| self.asked(place, judging)));
        let asked: Vec<Option<Asked<'_>>> = asked.collect();
        let mut facts = self.intelligence.look_up(self.run, &asked);
        for ((facts, (_, places)), asked) in facts.iter_mut().zip(groups).zip(&asked) {
            if let Some(asked) = asked {
                self.judge(asked.package, places, judging, &mut facts.advisories);
            }
        }
        // Own code alone is asked about nowhere.
        let shown = groups.iter().zip(&asked).map(|((_, places), asked)| self.shower(places, judging, asked.is_none()));
        let showers: Vec<Option<Shower<'_>>> = shown.collect();
        let found = self.intelligence.sightings(self.run, &showers);
        facts.iter_mut().zip(found).for_each(|(facts, found)| facts.indicators = found);
        facts
    }

    /// Known campaigns that a release has to do with, once it is found to be malicious or suspicious.
    pub(super) fn campaigns(
        &self,
        result: &ReleaseResult,
        places: &[Place<'_>],
        judging: &Judging<'_>,
    ) -> Vec<Correlation> {
        if !self.intelligence.tells_of_campaigns || verdict_of(&result.findings, false) < Verdict::Suspicious {
            return Vec::new();
        }
        let asked = || places.iter().filter_map(|place| self.asked(place, judging));
        let Some(release) = self.shower(places, judging, asked().next().is_none()) else { return Vec::new() };
        let is_public = asked().any(|asked| asked.doubt.is_none());
        correlate(&release, &result.indicators, &result.findings, is_public)
    }

    /// Of other versions of what lies at a place; in the order of `versions`.
    pub(super) fn of_versions(
        &self,
        place: &Place<'_>,
        versions: &[&str],
        judging: &Judging<'_>,
    ) -> Vec<Vec<Advisory>> {
        let of = |version: &&str| Package { version: Some((*version).to_owned()), ..place.package.clone() };
        let others: Vec<Package> = versions.iter().map(of).collect();
        let asked = |package| self.asked(place, judging).map(|asked| Asked { package, ..asked });
        let asked: Vec<Option<Asked<'_>>> = others.iter().map(asked).collect();
        let found = self.intelligence.look_up(self.run, &asked);
        let mut all: Vec<Vec<Advisory>> = found.into_iter().map(|found| found.advisories).collect();
        for (advisories, package) in all.iter_mut().zip(&others) {
            self.judge(package, std::slice::from_ref(place), judging, advisories);
        }
        all
    }

    /// Why a release may not be the package that records mean; nothing is asked about the user's own code.
    pub(super) fn doubt(&self, place: &Place<'_>, judging: &Judging<'_>) -> Option<Option<Doubt>> {
        self.asked(place, judging).map(|asked| asked.doubt)
    }

    /// What others have judged of what is known of a release that lies at these places.
    fn judge(&self, package: &Package, places: &[Place<'_>], judging: &Judging<'_>, advisories: &mut [Advisory]) {
        let is_elsewhere = || {
            let doubts = places.iter().filter_map(|place| self.asked(place, judging)?.doubt);
            doubts.into_iter().any(|doubt| matches!(doubt, Doubt::Elsewhere(_) | Doubt::Private(_)))
        };
        if !advisories.is_empty() {
            let ways = || places.iter().flat_map(|place| ways(place.project, place.contents.package)).collect();
            self.intelligence.judge(self.run, package, is_elsewhere(), advisories, &ways);
        }
    }

    fn asked<'p>(&self, place: &'p Place<'_>, judging: &'p Judging<'_>) -> Option<Asked<'p>> {
        let (number, id) = place.key();
        let npm = self.run.settings.npm.get(number).and_then(Option::as_ref);
        match origin(place.project, place.package, judging.naming.internal.get(number), npm) {
            Origin::Own => None,
            Origin::Release(doubt) => {
                let history = judging.past.histories.get(number, id).map(Arc::as_ref);
                Some(Asked { package: place.package, doubt, history })
            }
        }
    }

    /// What a release shows, over all places where it lies with these contents. Of what differs from them, each differing copy
    /// is a release of its own.
    fn shower<'p>(&self, places: &'p [Place<'_>], judging: &'p Judging<'_>, is_own: bool) -> Option<Shower<'p>> {
        let first = places.first()?;
        let (number, id) = first.key();
        let installed = first.contents.installed.as_ref().map(|installed| &installed.facts);
        let mut contents: Vec<&PackageFacts> = first.contents.archive.as_deref().into_iter().collect();
        contents.extend(installed.map(Arc::as_ref));
        let history = judging.past.histories.get(number, id).map(Arc::as_ref);
        Some(Shower { package: first.package, contents, history, is_own })
    }
}
