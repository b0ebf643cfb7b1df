//! What was not checked of a release, and could have changed its verdict.

use vetch_model::Trigger;
use vetch_model::facts::{Unread, UnreadReason};
use vetch_model::outcome::Incomplete;
use vetch_model::yara::YaraFacts;

use super::Place;

/// Everything that was not checked here and could have changed the verdict.
pub(super) fn missing(place: &Place<'_>) -> Vec<Incomplete> {
    let mut missing = place.contents.incomplete.clone();
    if let Some(checked) = place.project.records.get(&place.contents.package) {
        missing.extend(checked.incomplete.iter().cloned());
    }
    let archive = place.contents.archive.as_deref();
    let installed = place.contents.installed.as_ref().map(|installed| installed.facts.as_ref());
    for facts in archive.into_iter().chain(installed) {
        let unread = facts.unread.iter().filter(|unread| matters(unread, place.contents.is_locked));
        missing.extend(unread.map(unread_part));
        missing.extend(facts.yara.iter().flat_map(untried));
        let lost = facts.anomalies.iter().filter(|anomaly| anomaly.loses_contents());
        missing.extend(lost.map(|anomaly| {
            let what = if anomaly.path.is_empty() { "part of the contents" } else { &anomaly.path };
            Incomplete::new(what, anomaly.detail.clone(), "look at it by other means before you trust the release")
        }));
    }
    missing
}

/// Files on which the user's YARA rules have no full answer.
fn untried(yara: &YaraFacts) -> Vec<Incomplete> {
    let hint = "try the rules on it by other means, or make them quicker";
    let parts = yara.untried.iter();
    let mut missing: Vec<Incomplete> = parts
        .map(|untried| Incomplete::new(format!("YARA rules on {}", untried.path), untried.why.clone(), hint))
        .collect();
    if yara.more_untried > 0 {
        let what = format!("YARA rules on {} more files", yara.more_untried);
        missing.push(Incomplete::new(what, "for the same reasons", hint));
    }
    missing
}

const MANIFEST: &str = "package.json";

/// Whether a file that was not understood could have changed the verdict. One that is not there
/// cannot run: only at install it may have been there and gone since, unless the archive was seen
/// (which then lacks it as well, or is judged itself). The manifest says what runs.
fn matters(unread: &Unread, is_locked: bool) -> bool {
    match unread.reason {
        UnreadReason::Missing if unread.path == MANIFEST => true,
        UnreadReason::Missing => unread.trigger == Trigger::Install && !is_locked,
        _ => unread.trigger.is_reached(),
    }
}

fn unread_part(unread: &Unread) -> Incomplete {
    let by_hand = "look at the file by other means before you trust the release";
    let (why, hint) = match unread.reason {
        UnreadReason::TooLarge => ("it is too large to be analysed", by_hand),
        UnreadReason::TooDeep => ("it is nested too deeply to be analysed", by_hand),
        UnreadReason::SyntaxError => ("it cannot be parsed", by_hand),
        UnreadReason::Encoding => ("it is neither UTF-8 nor UTF-16", by_hand),
        UnreadReason::WorkerDied => ("the worker process that read it did not survive it", by_hand),
        UnreadReason::OutOfFuel => ("its analysis takes longer than is allowed", by_hand),
        UnreadReason::Unreadable => ("it cannot be read", "correct its permissions, and scan again"),
        UnreadReason::Missing if unread.path == MANIFEST => ("there is none, so what runs is not known", by_hand),
        UnreadReason::Missing => ("it runs at install, and is not there", "pass --archives DIR, or run `npm ci`"),
    };
    let why = if unread.detail.is_empty() { why.to_owned() } else { format!("{why} ({})", unread.detail) };
    let when = format!("{} ({})", unread.path, unread.trigger);
    Incomplete::new(when, why, hint)
}
