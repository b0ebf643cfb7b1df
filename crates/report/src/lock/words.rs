//! The words that the forms for people share.

use vetch_model::lock::{Change, Coverage, LockedRelease, Standing};
use vetch_model::scan::PathStep;
use vetch_model::{Purl, Trigger};

use super::{Deed, LockView, LockedFolder};
use crate::label::{count, counted, release_label};

/// The stable id of a standing, and the versions that were compared with.
pub(super) fn standing(standing: &Standing) -> (&'static str, &[Purl]) {
    match standing {
        Standing::SameVersion => ("same-version", &[]),
        Standing::OtherVersion(others) => ("other-version", others),
        Standing::NewPackage => ("new-package", &[]),
    }
}

/// What the lock knows of a release.
pub(super) fn known(change: &Change) -> String {
    match &change.standing {
        Standing::SameVersion => "the version that is locked".to_owned(),
        Standing::NewPackage => "a package that is not locked".to_owned(),
        Standing::OtherVersion(others) => {
            let versions: Vec<String> = others.iter().map(version).collect();
            format!("compared with {}", versions.join(", "))
        }
    }
}

fn version(purl: &Purl) -> String {
    let label = release_label(purl);
    label.rsplit_once('@').map_or(label.clone(), |(_, version)| version.to_owned())
}

/// What else is to be said of a release, besides what it gained.
pub(super) fn remarks(change: &Change) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some((before, now)) = &change.integrity {
        let listed = |hashes: &std::collections::BTreeSet<String>| match hashes.len() {
            0 => "no hash".to_owned(),
            _ => hashes.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        };
        remarks.push(format!("other contents under the same version: was {}, is {}", listed(before), listed(now)));
    }
    match change.coverage {
        Coverage::Complete => {}
        Coverage::Incomplete => remarks.push("not all of it was understood: it may be able to do more".to_owned()),
        Coverage::Unavailable => remarks.push("its contents were not looked at: what it does is not known".to_owned()),
    }
    remarks
}

/// The steps between the root and the release.
pub(super) fn via<'p>(view: &LockView<'p>, folder: &LockedFolder<'p>, change: &Change) -> Option<Vec<&'p str>> {
    let path: &[PathStep] = view.results(folder, change).find_map(|result| result.paths.first())?;
    let between = path.get(1..path.len().saturating_sub(1)).unwrap_or_default();
    (!between.is_empty()).then(|| between.iter().map(|step| step.label.as_str()).collect())
}

/// The changes to show: those that make the check fail, and every new package or version that
/// could not be looked at.
pub(super) fn shown<'f>(folder: &'f LockedFolder<'_>) -> Vec<&'f Change> {
    let counts = |change: &&Change| change.is_failing() || change.coverage != Coverage::Complete;
    let changes = folder.check.changes.iter().filter(counts);
    // Of a new lock everything is new; it is itself the list of it.
    if folder.deed == Deed::Created { Vec::new() } else { changes.collect() }
}

/// How one lock stands, in a sentence.
pub(super) fn sentence(folder: &LockedFolder<'_>) -> String {
    let (file, all) = (&folder.file, counted(folder.lock.releases.len(), "package", "packages"));
    let failing = folder.check.changes.iter().filter(|change| change.is_failing()).count();
    let failing = count(failing);
    let gone = match folder.check.removed.len() {
        0 => String::new(),
        number => format!(", {} gone", counted(number, "release", "releases")),
    };
    match (folder.deed, folder.check.is_failing()) {
        (Deed::Created, _) => {
            let runs = |one: &&LockedRelease| one.capabilities.iter().any(|it| it.trigger == Trigger::Install);
            let at_install = folder.lock.releases.values().filter(runs).count();
            format!("wrote `{file}`: {all}, {at_install} of them doing something at install. Read it, then commit it")
        }
        (Deed::Updated, true) => format!("updated `{file}`: {failing} of {all} have something new{gone}"),
        (Deed::Updated, false) => format!("updated `{file}`: {all}, none has anything new{gone}"),
        (Deed::Unchanged, _) => format!("`{file}` is up to date: {all}"),
        (Deed::Checked, true) => format!("`{file}` does not hold: {failing} of {all} have something new"),
        (Deed::Checked, false) if folder.check.is_current => format!("`{file}` holds: {all}, none has anything new"),
        (Deed::Checked, false) => {
            format!("`{file}` holds: {all}, none has anything new; `vetch lock` would bring it up to date")
        }
    }
}

/// What to do about it; nothing if there is nothing to do.
pub(super) fn advice(folder: &LockedFolder<'_>) -> Option<&'static str> {
    let is_failing = folder.check.is_failing() && folder.deed == Deed::Checked;
    is_failing.then_some(match folder.check.other_analysis {
        false => {
            "look at each of them as you would at code. What is as you want it: `vetch lock --accept NAME`, or all \
             of it: `vetch lock`; then commit the file. What is not: keep the version that is locked"
        }
        true => {
            "the lock was written by another version of the analysis, which may have seen less: what is said of the \
             version that is locked need not be new. Look at what is said of other versions, then run `vetch lock` \
             and commit the file"
        }
    })
}
