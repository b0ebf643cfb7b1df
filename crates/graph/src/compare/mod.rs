//! What changed between two inventories: packages added, removed, replaced and moved
//! to other versions; and of those that stayed, what is no longer the same.
//!
//! Packages are matched within the file that declares them where both sides have it,
//! else within its folder, else by ecosystem and name alone; so two lockfiles of
//! different tools can be compared, and two projects of one repository are kept apart.
//! Comparing the other way round gives the mirror image. Time is near-linear.

mod differences;
mod matching;
mod order;
mod ranges;
mod ways;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use vetch_model::inventory::{Ecosystem, EdgeKind, Inventory, PackageId, Source};
use vetch_model::stable_ids;

use crate::{Graph, Step};
use ways::Ways;

stable_ids! {
    /// What became of a package.
    ChangeKind {
        /// Only the new side has it.
        Added = "added",
        /// Only the old side has it.
        Removed = "removed",
        /// Its version is higher.
        Upgraded = "upgraded",
        /// Its version is lower.
        Downgraded = "downgraded",
        /// Its version is another, and the two have no order.
        OtherVersion = "other-version",
        /// Another package is installed under the same name or at the same place.
        Replaced = "replaced",
        /// The same version, and yet something about it is different.
        SameVersion = "same-version",
    }
}

stable_ids! {
    /// Why a source is worth a look.
    SourceConcern {
        /// It came from a registry and now comes from elsewhere.
        NotFromRegistry = "not-from-registry",
        /// It comes from another host.
        OtherHost = "other-host",
        /// It comes from another git repository, or another URL of the same host.
        OtherPlace = "other-place",
        /// It is fetched without TLS.
        PlainHttp = "plain-http",
        /// It was the project's own code and now comes from elsewhere.
        WasOwnCode = "was-own-code",
    }
}

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The same version hashes to something else.
    Integrity {
        /// The file of the release, where it has several; else empty.
        file: String,
        /// `<algorithm>-<digest>` as written.
        old: String,
        /// The same of the new side.
        new: String,
    },
    /// The file no longer says what it hashes to.
    IntegrityRemoved {
        /// What it said.
        old: String,
    },
    /// It comes from elsewhere.
    Source {
        /// `None` for what was added.
        old: Option<Source>,
        /// Where it comes from now.
        new: Source,
        /// Empty if that is an ordinary change (another commit of the same repository).
        concerns: Vec<SourceConcern>,
    },
    /// It has install scripts and had none.
    InstallScript,
    /// Other parts of the project need it: `production`, `development`, `optional`, `peer`,
    /// and what groups are called.
    Groups {
        /// Sorted.
        old: Vec<String>,
        /// Sorted.
        new: Vec<String>,
    },
    /// The same version consists of other files, those that both sides have being unchanged.
    Artifacts {
        /// File names, or hashes where no names are known; sorted.
        added: Vec<String>,
        /// The same of what is gone.
        removed: Vec<String>,
    },
}

/// What became of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub kind: ChangeKind,
    /// Whose rules its name follows.
    pub ecosystem: Ecosystem,
    /// Its name; for [`ChangeKind::Replaced`] that of the new package.
    pub name: String,
    /// Every place of it on the old side, the first by path at the head; empty if it was added.
    pub old: Vec<PackageId>,
    /// Every place of it on the new side; empty if it was removed.
    pub new: Vec<PackageId>,
    /// What else is different.
    pub differences: Vec<Difference>,
    /// Whether this needs a person's eyes before it is let in.
    pub is_alarming: bool,
}

/// What a project asks for directly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// The range, as written.
    pub range: String,
    /// How.
    pub kind: EdgeKind,
    /// When it holds, as written.
    pub condition: Option<String>,
}

/// A project asks for something otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeChange {
    /// The project or workspace, on the old side.
    pub old_project: PackageId,
    /// The same on the new side.
    pub new_project: PackageId,
    /// What it asks for.
    pub name: String,
    /// `None` if it did not ask.
    pub old: Option<Ask>,
    /// `None` if it asks no more.
    pub new: Option<Ask>,
}

/// How a package got in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Way {
    /// From a project to the package, both included; empty if no project leads to it.
    pub steps: Vec<Step>,
    /// Steps left out in the middle.
    pub left_out: usize,
}

/// The answer to "what changed?".
#[derive(Debug, Clone)]
pub struct Comparison {
    /// By ecosystem and name.
    pub changes: Vec<Change>,
    /// By project and name; what was added or removed as a package is not repeated here.
    pub ranges: Vec<RangeChange>,
    /// Releases on both sides of which nothing changed.
    pub unchanged: usize,
    ways: [Ways; 2],
}

impl Comparison {
    /// Whether nothing changed at all.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.ranges.is_empty()
    }

    /// Whether something needs a person's eyes.
    pub fn is_alarming(&self) -> bool {
        self.changes.iter().any(|change| change.is_alarming)
    }

    /// Who brings a changed package in: the shortest way on the new side, for what was
    /// removed on the old one.
    pub fn way(&self, change: &Change) -> Way {
        let [old, new] = &self.ways;
        match change.new.is_empty() {
            true => old.shortest(&change.old),
            false => new.shortest(&change.new),
        }
    }

    /// How many changes there are of a kind.
    pub fn count(&self, kind: ChangeKind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }
}

/// Compares two inventories. The ids in the answer are those of the inventories given.
pub fn compare(old: &Inventory, new: &Inventory) -> Comparison {
    let ways = [Ways::new(&Graph::new(old), old), Ways::new(&Graph::new(new), new)];
    let matched = matching::pairs(old, new);
    let mut changes = Vec::new();
    let mut unchanged = 0;
    for pair in matched {
        match change(old, new, &ways, pair) {
            Verdict::Changed(change) => changes.push(change),
            Verdict::Unchanged => unchanged += 1,
            Verdict::OwnCode => {}
        }
    }
    changes.sort_by(|left, right| {
        let key = |change: &Change| (change.kind, change.old.first().copied(), change.new.first().copied());
        (&left.ecosystem, &left.name).cmp(&(&right.ecosystem, &right.name)).then_with(|| key(left).cmp(&key(right)))
    });
    let ranges = ranges::changes(old, new, &changes);
    Comparison { changes, ranges, unchanged, ways }
}

/// What a pair amounts to.
enum Verdict {
    Changed(Change),
    Unchanged,
    /// Both are the user's own: their dependencies count, not they.
    OwnCode,
}

fn change(old: &Inventory, new: &Inventory, ways: &[Ways; 2], pair: matching::Pair) -> Verdict {
    let matching::Pair { old: old_ids, new: new_ids } = pair;
    let is_own = |inventory: &Inventory, ids: &[PackageId]| {
        ids.iter().all(|id| inventory.package(*id).role != vetch_model::inventory::Role::Dependency)
    };
    if is_own(old, &old_ids) && is_own(new, &new_ids) {
        return Verdict::OwnCode;
    }
    let before = old_ids.first().map(|id| old.package(*id));
    let after = new_ids.first().map(|id| new.package(*id));
    let kind = match (before, after) {
        (None, None) => return Verdict::OwnCode,
        (None, Some(_)) => ChangeKind::Added,
        (Some(_), None) => ChangeKind::Removed,
        (Some(before), Some(after)) if before.name != after.name => ChangeKind::Replaced,
        (Some(before), Some(after)) if before.version == after.version => ChangeKind::SameVersion,
        (Some(before), Some(after)) => {
            let versions = before.version.as_deref().zip(after.version.as_deref());
            match versions.and_then(|(before_version, after_version)| {
                vetch_versions::compare(&after.ecosystem, before_version, after_version)
            }) {
                Some(Ordering::Less) => ChangeKind::Upgraded,
                Some(Ordering::Greater) => ChangeKind::Downgraded,
                Some(Ordering::Equal) | None => ChangeKind::OtherVersion,
            }
        }
    };
    let differences = match kind {
        ChangeKind::Removed => Vec::new(),
        ChangeKind::Added => differences::of_added(new, &new_ids),
        _ => differences::between((old, &old_ids), (new, &new_ids), kind),
    };
    if kind == ChangeKind::SameVersion && differences.is_empty() {
        return Verdict::Unchanged;
    }
    let Some(named) = after.or(before) else { return Verdict::OwnCode };
    let is_deep = ways[1].depth(&new_ids).is_none_or(|depth| depth > 1);
    let is_alarming =
        kind == ChangeKind::Replaced || differences.iter().any(|difference| is_alarming(difference, kind, is_deep));
    let (ecosystem, name) = (named.ecosystem.clone(), named.name.clone());
    Verdict::Changed(Change { kind, ecosystem, name, old: old_ids, new: new_ids, differences, is_alarming })
}

/// What must not come in unseen. Somebody who adds a git dependency to the own manifest
/// knows; one that comes with something else is nobody's decision.
fn is_alarming(difference: &Difference, kind: ChangeKind, is_deep: bool) -> bool {
    match difference {
        Difference::Integrity { .. } | Difference::IntegrityRemoved { .. } => true,
        Difference::InstallScript => kind != ChangeKind::Added,
        Difference::Source { concerns, .. } if kind == ChangeKind::Added => {
            concerns.contains(&SourceConcern::PlainHttp) || (is_deep && !concerns.is_empty())
        }
        Difference::Source { concerns, .. } => !concerns.is_empty(),
        Difference::Groups { .. } | Difference::Artifacts { .. } => false,
    }
}
