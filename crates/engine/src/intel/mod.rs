//! What imported threat intelligence says of the releases of a scan. A scan asks nobody: only the store is read.
//!
//! ```text
//! mod     the store, its age, one look-up for all releases
//! update  brings the store up to date from a mirror
//! taxii   brings in what is new at servers of TAXII
//! origin  whether a release is the package that records mean
//! ways    by which projects a release comes in
//! ```

mod origin;
pub mod taxii;
pub mod update;
mod ways;

use std::path::PathBuf;

use vetch_detectors::input::IntelFacts;
use vetch_intel::{IntelStore, Own, Part, Query, Shower, StoreError, shipped_advisories, sightings};
use vetch_model::advisory::{Advisory, AdvisoryKind, Doubt, IntelState};
use vetch_model::history::{DAY, History, Time};
use vetch_model::indicator::IndicatorHit;
use vetch_model::inventory::Package;
use vetch_model::purl::PurlParts;
use vetch_model::scan::Unavailable;
use vetch_model::vex::Vex;

use crate::contents::Run;
use crate::{EngineError, ScanOptions};

pub(crate) use origin::{Origin, origin};
pub(crate) use ways::{called, products, ways};

/// After how long intelligence is called old. Malware is mostly known within a day, and taken down in two.
const OLD: i64 = 7 * DAY;

/// Whether and which intelligence is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntelOptions {
    /// Judge by it.
    pub is_on: bool,
    /// Where it is kept; nowhere if not given.
    pub folder: Option<PathBuf>,
    /// The user named the folder: there has to be some in it.
    pub is_required: bool,
}

/// The intelligence of a scan.
pub(crate) struct Intelligence {
    store: Option<IntelStore>,
    /// As of when indicators count.
    now: Time,
    /// Whether releases are compared with what is shipped of campaigns: what is known now, and is wanted.
    pub(crate) tells_of_campaigns: bool,
    /// How much, and of when.
    pub(crate) state: Option<IntelState>,
    /// Why there is none, or that it is old.
    pub(crate) unavailable: Vec<Unavailable>,
}

/// A release that is asked about.
pub(crate) struct Asked<'a> {
    pub(crate) package: &'a Package,
    /// Why it may not be the package that records mean.
    pub(crate) doubt: Option<Doubt>,
    /// All releases of the package, where its registry was asked.
    pub(crate) history: Option<&'a History>,
}

impl Intelligence {
    /// Opens the store, if there is one and it is wanted.
    ///
    /// # Errors
    /// When the user named it and it cannot be used.
    pub(crate) fn open(options: &ScanOptions, now: Time) -> Result<Intelligence, EngineError> {
        let wanted = &options.intel;
        let tells_of_campaigns = wanted.is_on && options.history.as_of.is_none();
        let mut intelligence =
            Intelligence { store: None, now, tells_of_campaigns, state: None, unavailable: Vec::new() };
        let Some(folder) = wanted.folder.as_ref().filter(|_| wanted.is_on) else { return Ok(intelligence) };
        let opened = IntelStore::open(folder).and_then(|store| {
            let state = store.as_ref().map(IntelStore::age).transpose()?;
            Ok(store.zip(state))
        });
        let (reason, hint) = match opened {
            Ok(Some(_)) if options.history.as_of.is_some() => {
                let why = "it tells what is known now, and releases are judged as of an earlier moment".to_owned();
                intelligence.unavailable.push(Unavailable { what: WHAT.to_owned(), why });
                return Ok(intelligence);
            }
            Ok(Some((store, state))) => {
                intelligence.unavailable.extend(old(state, now));
                (intelligence.store, intelligence.state) = (Some(store), Some(state));
                return Ok(intelligence);
            }
            Ok(None) => ("none was imported".to_owned(), "`vetch intel import PATH` or `vetch intel update` brings it"),
            Err(error) => (error.to_string(), error.hint()),
        };
        if wanted.is_required {
            let what = format!("cannot use the threat intelligence in `{}`", folder.display());
            return Err(EngineError::Environment { what, reason, hint: hint.to_owned() });
        }
        intelligence.unavailable.push(Unavailable { what: WHAT.to_owned(), why: format!("{reason}; {hint}") });
        Ok(intelligence)
    }

    /// Indicators that releases meet; `None` if none are listed.
    pub(crate) fn sightings(&self, run: &Run<'_>, releases: &[Option<Shower<'_>>]) -> Vec<Vec<IndicatorHit>> {
        let found = self.store.as_ref().map(|store| -> Result<_, StoreError> {
            let Some(listed) = store.watchlist()? else { return Ok(Vec::new()) };
            let of = |release: &Option<Shower<'_>>| match release {
                Some(release) => sightings(&listed, release, self.now),
                None => Ok(Vec::new()),
            };
            releases.iter().map(of).collect()
        });
        match found.unwrap_or_else(|| Ok(Vec::new())) {
            Ok(found) => found,
            Err(error) => {
                run.runner.progress.notice(&format!("indicators cannot be read: {error}; {}", error.hint()));
                Vec::new()
            }
        }
    }

    /// What is known of each: by what was imported, and where that names no malware, by what is shipped.
    pub(crate) fn look_up(&self, run: &Run<'_>, asked: &[Option<Asked<'_>>]) -> Vec<IntelFacts> {
        let mut all = vec![IntelFacts::default(); asked.len()];
        let mut numbers = Vec::new();
        let mut queries = Vec::new();
        for (number, (one, facts)) in asked.iter().zip(&mut all).enumerate() {
            let Some(one) = one else { continue };
            facts.doubt.clone_from(&one.doubt);
            let Some(version) = one.package.version.as_deref() else { continue };
            let (ecosystem, name) = (&one.package.ecosystem, one.package.name.as_str());
            queries.push(Query { ecosystem, name, version, known: one.history.map(standing).unwrap_or_default() });
            numbers.push(number);
        }
        for ((number, mut advisories), query) in numbers.into_iter().zip(self.imported(run, &queries)).zip(&queries) {
            let is_malware = |one: &Advisory| one.kind == AdvisoryKind::Malware && one.is_of_release();
            if self.tells_of_campaigns && !advisories.iter().any(is_malware) {
                advisories.splice(0..0, shipped_advisories(query));
            }
            all.get_mut(number).into_iter().for_each(|facts| facts.advisories = std::mem::take(&mut advisories));
        }
        all
    }

    /// What was imported says of each.
    fn imported(&self, run: &Run<'_>, queries: &[Query<'_>]) -> Vec<Vec<Advisory>> {
        let found = self.store.as_ref().map_or(Ok(Vec::new()), |store| store.look_up(queries));
        let mut found = found.unwrap_or_else(|error| {
            run.runner.progress.notice(&format!("{WHAT} cannot be read: {error}; {}", error.hint()));
            Vec::new()
        });
        found.resize_with(queries.len(), Vec::new);
        found
    }

    /// Says of the advisories of one release what others have judged of them. `ways` tells by which projects it comes in.
    pub(crate) fn judge(
        &self,
        run: &Run<'_>,
        package: &Package,
        is_elsewhere: bool,
        advisories: &mut [Advisory],
        ways: &dyn Fn() -> Vec<Vec<Own>>,
    ) {
        let (Some(store), Some(version)) = (&self.store, package.version.as_deref()) else { return };
        if advisories.is_empty() {
            return;
        }
        let stated = package.stated_purl.as_ref().and_then(|purl| PurlParts::parse(purl.as_str()).ok());
        let qualifiers = stated.map(|parts| parts.qualifiers).unwrap_or_default();
        let part = Part { version, qualifiers: &qualifiers, is_elsewhere };
        let judged = store.judgements().and_then(|judgements| match judgements {
            Some(judgements) => judgements.judge(&package.ecosystem, &package.name, &part, advisories, ways),
            None => Ok(()),
        });
        if let Err(error) = judged {
            // What was not read takes nothing off the list.
            advisories.iter_mut().for_each(|advisory| advisory.vex = Vex::default());
            run.runner.progress.notice(&format!("judgements (VEX) cannot be read: {error}; {}", error.hint()));
        }
    }
}

const WHAT: &str = "threat intelligence";

/// Versions that the registry still has.
fn standing(history: &History) -> Vec<&str> {
    let there = history.releases.iter().filter(|release| release.fate.withdrawn.is_none());
    there.map(|release| release.version.as_str()).collect()
}

/// That it is old, if it is.
fn old(state: IntelState, now: Time) -> Option<Unavailable> {
    let age = now.since(state.imported);
    (age > OLD && state.imported.0 > 0).then(|| Unavailable {
        what: "recent threat intelligence".to_owned(),
        why: format!("what there is was imported {} days ago; `vetch intel update` brings what is new", age / DAY),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_told_when_it_matters() {
        let state = IntelState { records: 1, indicators: 0, imported: Time(1_000), newest: Time(0) };
        assert_eq!(old(state, Time(1_000 + OLD)), None);
        assert!(old(state, Time(1_000 + 12 * DAY)).is_some_and(|old| old.why.contains("12 days ago")));
    }
}
