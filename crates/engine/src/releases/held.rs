//! Releases that the policy holds back for a time, those aside that mend what is known to be wrong with what came before.

use std::collections::BTreeSet;
use std::sync::Arc;

use vetch_detectors::add_findings;
use vetch_model::advisory::Advisory;

use super::{Judged, Judging, Known, Place};
use crate::policy::cooldown::{self, Held};

/// Says what the cooldowns of a release's targets say.
pub(super) fn hold(judged: &mut Judged, place: &Place<'_>, judging: &Judging<'_>, known: &Known<'_>) {
    let key = place.key();
    let history = judging.past.histories.get(key.0, key.1).map(Arc::as_ref);
    for target in judged.targets.clone() {
        let Some(cooldown) = judging.policies.cooldown(target) else { continue };
        match cooldown::judge(cooldown, place.package, history, judging.now) {
            Some(Held::Back { finding, instead }) => {
                let is_mended = instead.is_some_and(|old| mends(judged, place, &old, judging, known));
                let told = if is_mended { Vec::new() } else { vec![finding] };
                add_findings(&mut judged.result.findings, told);
            }
            Some(Held::Unknown(why)) => judged.result.incomplete.push(why),
            None => {}
        }
    }
    judged.result.incomplete.sort();
    judged.result.incomplete.dedup();
}

/// Whether an advisory is known of the version that would be taken instead, and not of this one.
fn mends(judged: &Judged, place: &Place<'_>, old: &str, judging: &Judging<'_>, known: &Known<'_>) -> bool {
    let ids = |advisories: &[Advisory]| -> BTreeSet<String> {
        let own = advisories.iter().filter(|advisory| advisory.counts());
        own.map(|advisory| advisory.id.clone()).collect()
    };
    let of_older = known.of_versions(place, &[old], judging);
    !ids(of_older.first().map_or(&[][..], Vec::as_slice)).is_subset(&ids(&judged.result.advisories))
}
