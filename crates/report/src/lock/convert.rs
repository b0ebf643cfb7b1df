//! From the model to the public types.

use std::collections::BTreeSet;

use vetch_model::Capability;
use vetch_model::lock::{Change, LockedCapability};

use super::types::*;
use super::{LockView, LockedFolder, SCHEMA_ID, words};
use crate::ToolInfo;
use crate::json::{evidence, incomplete, step, tool};

pub(super) fn report(view: &LockView<'_>, by: &ToolInfo) -> LockReport {
    let of_releases = view.scan.releases.iter().flat_map(|release| {
        let purl = Some(release.purl.to_string());
        release.incomplete.iter().map(move |one| LockIncomplete { purl: purl.clone(), incomplete: incomplete(one) })
    });
    let of_none = view.scan.incomplete.iter().map(|one| LockIncomplete { purl: None, incomplete: incomplete(one) });
    LockReport {
        schema: SCHEMA_ID,
        tool: tool(by),
        locks: view.folders.iter().map(|one| folder(view, one)).collect(),
        incomplete: of_none.chain(of_releases).collect(),
    }
}

fn folder(view: &LockView<'_>, folder: &LockedFolder<'_>) -> LockOfFolder {
    LockOfFolder {
        file: folder.file.clone(),
        deed: folder.deed.as_str(),
        holds: !folder.check.is_failing(),
        is_current: folder.check.is_current,
        other_analysis: folder.check.other_analysis,
        packages: folder.lock.releases.len(),
        changes: folder.check.changes.iter().map(|one| change(view, folder, one)).collect(),
        removed: folder.check.removed.iter().map(ToString::to_string).collect(),
    }
}

fn change(view: &LockView<'_>, folder: &LockedFolder<'_>, change: &Change) -> LockChange {
    let (standing, replaces) = words::standing(&change.standing);
    let hashes = |hashes: &BTreeSet<String>| hashes.iter().cloned().collect();
    let path = view.results(folder, change).find_map(|result| result.paths.first());
    LockChange {
        purl: change.purl.to_string(),
        standing,
        replaces: replaces.iter().map(ToString::to_string).collect(),
        gained: view.gained(folder, change).into_iter().map(|(one, seen)| gained(one, seen)).collect(),
        locked_integrity: change.integrity.as_ref().map(|(before, _)| hashes(before)),
        integrity: change.integrity.as_ref().map(|(_, now)| hashes(now)),
        profile: change.coverage.as_str(),
        path: path.map(|path| path.iter().map(step).collect()).unwrap_or_default(),
    }
}

fn gained(gained: &LockedCapability, seen: Option<&Capability>) -> Gained {
    Gained {
        trigger: gained.trigger.as_str(),
        id: gained.id.as_str(),
        resource: gained.resource.clone(),
        evidence: seen.map(|capability| evidence(&capability.evidence)),
    }
}
