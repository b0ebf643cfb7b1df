//! What the projects themselves ask for, before and after.

use std::collections::{BTreeMap, BTreeSet};

use vetch_model::inventory::{EdgeKind, Inventory, PackageId, Role};

use super::matching::Scopes;
use super::{Ask, Change, ChangeKind, RangeChange};

/// Scope, folder, name of the project: what it is on both sides.
type Project<'i> = (&'i str, &'i str);

/// What each project asks for, by name.
type Asks<'i> = BTreeMap<Project<'i>, (PackageId, BTreeMap<&'i str, BTreeSet<Ask>>)>;

/// Ranges that changed, for projects that both sides have.
pub(super) fn changes(old: &Inventory, new: &Inventory, changes: &[Change]) -> Vec<RangeChange> {
    let scopes = Scopes::new([old, new]);
    let (before, after) = (asks(old, &scopes), asks(new, &scopes));
    let named = |kind: ChangeKind| {
        let of_kind = changes.iter().filter(move |change| change.kind == kind);
        of_kind.map(|change| change.name.as_str()).collect::<BTreeSet<_>>()
    };
    let (added, removed) = (named(ChangeKind::Added), named(ChangeKind::Removed));
    let mut found = Vec::new();
    for (project, (new_project, now)) in &after {
        let Some((old_project, then)) = before.get(project) else { continue };
        let names: BTreeSet<&str> = then.keys().chain(now.keys()).copied().collect();
        for name in names {
            let none = BTreeSet::new();
            let (was, is) = (then.get(name).unwrap_or(&none), now.get(name).unwrap_or(&none));
            let is_told = (was.is_empty() && added.contains(name)) || (is.is_empty() && removed.contains(name));
            if was == is || is_told {
                continue;
            }
            let mut gone = was.difference(is).cloned();
            let mut come = is.difference(was).cloned();
            loop {
                let (old, new) = (gone.next(), come.next());
                if old.is_none() && new.is_none() {
                    break;
                }
                let (old_project, new_project) = (*old_project, *new_project);
                found.push(RangeChange { old_project, new_project, name: name.to_owned(), old, new });
            }
        }
    }
    found
}

fn asks<'i>(inventory: &'i Inventory, scopes: &Scopes<'i>) -> Asks<'i> {
    let mut found = Asks::new();
    let project = |id: PackageId| {
        let package = inventory.packages.get(id.0 as usize)?;
        (package.role != Role::Dependency).then(|| (scopes.of(package), package.path.as_str()))
    };
    for (id, _) in inventory.iter() {
        if let Some(key) = project(id) {
            found.entry(key).or_insert_with(|| (id, BTreeMap::new()));
        }
    }
    let edges = inventory.edges.iter().map(|edge| {
        let ask = Ask { range: edge.range.clone(), kind: edge.kind, condition: edge.condition.clone() };
        (edge.from, edge.name.as_str(), ask)
    });
    let unresolved = inventory.unresolved.iter().map(|one| {
        let ask = Ask { range: one.range.clone(), kind: one.kind, condition: None };
        (one.from, one.name.as_str(), ask)
    });
    for (from, name, ask) in edges.chain(unresolved) {
        if matches!(ask.kind, EdgeKind::Workspace | EdgeKind::Extraneous) {
            continue;
        }
        if let Some((_, asks)) = project(from).and_then(|key| found.get_mut(&key)) {
            asks.entry(name).or_default().insert(ask);
        }
    }
    found
}
