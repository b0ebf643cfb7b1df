//! Puts together what was found out about each package.

use std::sync::Arc;

use vetch_model::facts::{InstalledDifference, PackageFacts};
use vetch_model::integrity::ContentHash;
use vetch_model::inventory::PackageId;
use vetch_model::outcome::Incomplete;
use vetch_model::scan::Skipped;

use super::archives::Mismatch;
use super::gather::{Gathered, Listing, State};
use super::plan::{Plan, What};
use super::units::{Unit, Units};
use super::{Contents, InstalledContents};

/// In the order of targets and their packages.
pub(crate) fn finish(gathered: Gathered<'_>) -> Vec<Contents> {
    let Gathered { plans, listings, states, units } = gathered;
    let all = plans.into_iter().zip(listings).zip(states);
    all.map(|((plan, listing), state)| one(plan, &listing, state, &units)).collect()
}

fn one(plan: Plan<'_>, listing: &Listing, state: State, units: &Units) -> Contents {
    let mut contents = Contents::new(plan.project, plan.id);
    contents.incomplete.extend(state.lost.clone());
    contents.mismatches.extend(plan.place.into_iter().flat_map(|place| units.mismatches(place)).cloned());
    match &plan.what {
        What::Folder | What::Distribution => folder(&mut contents, &plan, listing, state, units),
        What::OwnScripts => {
            contents.installed = state.facts.map(|facts| InstalledContents::own(with_anomalies(facts, listing)))
        }
        What::OwnManifest(manifest) => {
            // Nothing was read but the manifest, so there are no contents to name.
            let manifest = Some(manifest.as_ref().clone());
            let facts = PackageFacts { manifest, content_hash: ContentHash::default(), ..PackageFacts::default() };
            contents.installed = Some(InstalledContents::own(Arc::new(facts)));
        }
        What::Archive => archive(&mut contents, &plan, units),
        What::Nothing => {}
        What::Listed => contents.is_listed = true,
        What::Skipped(skipped) => contents.skipped = Some(skipped.clone()),
        What::Lost(incomplete) => contents.incomplete.push(incomplete.clone()),
    }
    contents
}

fn folder(contents: &mut Contents, plan: &Plan<'_>, listing: &Listing, state: State, units: &Units) {
    if let Some(facts) = state.facts {
        let facts = with_anomalies(facts, listing);
        contents.installed = Some(InstalledContents { facts, difference: state.difference.clone(), is_own: false });
    }
    let Some((unit, root)) = plan.place.and_then(|place| Some((units.all.get(place.unit)?, place.root))) else {
        return;
    };
    let is_equal = state.difference.as_ref().is_some_and(InstalledDifference::is_empty) && !unit.is_irregular();
    if is_equal || state.difference.is_none() {
        // Where both are the same, the installed facts are the archive's.
        contents.is_locked = is_equal && unit.integrity.is_some();
        contents.incomplete.extend(unit.failed.clone());
        return;
    }
    match facts_of(unit, root) {
        Some(facts) => {
            contents.archive = Some(facts);
            contents.is_locked = unit.integrity.is_some();
        }
        None => contents.incomplete.push(unit.why_not()),
    }
}

fn archive(contents: &mut Contents, plan: &Plan<'_>, units: &Units) {
    let Some((unit, root)) = plan.place.and_then(|place| Some((units.all.get(place.unit)?, place.root))) else {
        return;
    };
    contents.is_locked = unit.integrity.is_some();
    if unit.is_doubtful {
        contents.incomplete.push(doubt(&unit.label));
    }
    match facts_of(unit, root) {
        Some(facts) => contents.archive = Some(facts),
        None => contents.incomplete.push(match &unit.missing {
            Some(missing) => missing.incomplete(&plan.package.label()),
            None => unit.why_not(),
        }),
    }
}

/// It was read as one of two things.
pub(crate) fn doubt(what: &str) -> Incomplete {
    let why = "it holds a package of npm and one of Python, and was read as one of them";
    Incomplete::new(what, why, "say which one it is: --ecosystem npm or --ecosystem pypi")
}

fn facts_of(unit: &Unit, root: usize) -> Option<Arc<PackageFacts>> {
    unit.facts.as_ref()?.get(root).cloned()
}

fn with_anomalies(facts: Arc<PackageFacts>, listing: &Listing) -> Arc<PackageFacts> {
    match listing.folder() {
        Some(walked) if !walked.anomalies.is_empty() => {
            Arc::new(PackageFacts { anomalies: walked.anomalies.clone(), ..facts.as_ref().clone() })
        }
        _ => facts,
    }
}

impl InstalledContents {
    fn own(facts: Arc<PackageFacts>) -> InstalledContents {
        InstalledContents { facts, difference: None, is_own: true }
    }
}

impl Contents {
    fn new(project: usize, package: PackageId) -> Contents {
        Contents {
            project,
            package,
            is_listed: false,
            installed: None,
            archive: None,
            is_locked: false,
            mismatches: Vec::<Mismatch>::new(),
            incomplete: Vec::<Incomplete>::new(),
            skipped: None::<Skipped>,
        }
    }
}
