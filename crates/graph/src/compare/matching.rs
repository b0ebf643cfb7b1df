//! Which package of the new side is which of the old one.
//!
//! A *unit* is one version of a package at all its places within one scope. Equal
//! versions belong together; what is left over is paired where it lies at the same
//! place, then by version, highest with highest. Nothing of this depends on which
//! side is called old.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use vetch_model::inventory::{Ecosystem, Inventory, Package, PackageId};

use super::order;

/// The places of one package on both sides; one of them may be empty.
#[derive(Debug, Default)]
pub(super) struct Pair {
    pub(super) old: Vec<PackageId>,
    pub(super) new: Vec<PackageId>,
}

/// Side 0 is the old one.
type Sides = [Vec<PackageId>; 2];

/// Scope, ecosystem, name.
type Key<'a> = (&'a str, &'a Ecosystem, &'a str);

/// Every package of both sides in exactly one pair.
pub(super) fn pairs(old: &Inventory, new: &Inventory) -> Vec<Pair> {
    let inventories = [old, new];
    let scopes = Scopes::new(inventories);
    let mut by_key: BTreeMap<Key<'_>, BTreeMap<Option<&str>, Sides>> = BTreeMap::new();
    for (side, inventory) in inventories.into_iter().enumerate() {
        for (id, package) in inventory.iter() {
            let key = (scopes.of(package), &package.ecosystem, package.name.as_str());
            let units = by_key.entry(key).or_default();
            units.entry(package.version.as_deref()).or_default()[side].push(id);
        }
    }
    let mut pairs = Vec::new();
    let mut left: [Vec<Vec<PackageId>>; 2] = Default::default();
    for units in by_key.into_values() {
        let mut alone: [Vec<Vec<PackageId>>; 2] = Default::default();
        for (_, [mut old_ids, mut new_ids]) in units {
            old_ids.sort_by_key(|id| (old.package(*id).path.as_str(), *id));
            new_ids.sort_by_key(|id| (new.package(*id).path.as_str(), *id));
            match (old_ids.is_empty(), new_ids.is_empty()) {
                (false, true) => alone[0].push(old_ids),
                (true, false) => alone[1].push(new_ids),
                _ => pairs.push(Pair { old: old_ids, new: new_ids }),
            }
        }
        let alone = same_place(inventories, &scopes, alone, &mut pairs);
        let alone = by_version(inventories, alone, &mut pairs);
        for (all, one) in left.iter_mut().zip(alone) {
            all.extend(one);
        }
    }
    // Moved between files of one folder; then: something else under the same alias or at the same place.
    let left = moved(inventories, left, &mut pairs);
    let [old_left, new_left] = same_place(inventories, &scopes, left, &mut pairs);
    pairs.extend(old_left.into_iter().map(|old| Pair { old, new: Vec::new() }));
    pairs.extend(new_left.into_iter().map(|new| Pair { old: Vec::new(), new }));
    pairs
}

/// Pairs units that share a place, the first place by path first.
fn same_place(
    inventories: [&Inventory; 2],
    scopes: &Scopes<'_>,
    alone: [Vec<Vec<PackageId>>; 2],
    pairs: &mut Vec<Pair>,
) -> [Vec<Vec<PackageId>>; 2] {
    let places = |side: usize| {
        let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (unit, ids) in alone[side].iter().enumerate() {
            for package in ids.iter().map(|id| inventories[side].package(*id)).filter(|it| !it.path.is_empty()) {
                found.entry((scopes.of(package), package.path.as_str())).or_insert(unit);
            }
        }
        found
    };
    let (old_places, new_places) = (places(0), places(1));
    let mut partner: [HashMap<usize, usize>; 2] = Default::default();
    for (place, old_unit) in &old_places {
        let Some(new_unit) = new_places.get(place) else { continue };
        if !partner[0].contains_key(old_unit) && !partner[1].contains_key(new_unit) {
            partner[0].insert(*old_unit, *new_unit);
            partner[1].insert(*new_unit, *old_unit);
        }
    }
    let [mut old_units, mut new_units] = alone;
    for (old_unit, new_unit) in &partner[0] {
        let (old, new) = (std::mem::take(&mut old_units[*old_unit]), std::mem::take(&mut new_units[*new_unit]));
        pairs.push(Pair { old, new });
    }
    [old_units, new_units].map(|units| units.into_iter().filter(|ids| !ids.is_empty()).collect())
}

/// Pairs what is left of one package, highest version with highest.
fn by_version(
    inventories: [&Inventory; 2],
    mut alone: [Vec<Vec<PackageId>>; 2],
    pairs: &mut Vec<Pair>,
) -> [Vec<Vec<PackageId>>; 2] {
    for (inventory, units) in inventories.into_iter().zip(&mut alone) {
        units.sort_by(|left, right| order::natural(version(inventory, left), version(inventory, right)));
    }
    let [old_units, new_units] = &mut alone;
    while !old_units.is_empty() && !new_units.is_empty() {
        if let (Some(old), Some(new)) = (old_units.pop(), new_units.pop()) {
            pairs.push(Pair { old, new });
        }
    }
    alone
}

fn version<'i>(inventory: &'i Inventory, ids: &[PackageId]) -> &'i str {
    ids.first().and_then(|id| inventory.package(*id).version.as_deref()).unwrap_or_default()
}

/// Pairs units of one release that were declared in one file of a folder and now are in another.
fn moved(
    inventories: [&Inventory; 2],
    mut left: [Vec<Vec<PackageId>>; 2],
    pairs: &mut Vec<Pair>,
) -> [Vec<Vec<PackageId>>; 2] {
    let key = |side: usize, ids: &[PackageId]| {
        let package = inventories[side].package(*ids.first()?);
        let folder = folder_of(file_of(package)).to_owned();
        Some((folder, package.ecosystem.clone(), package.name.clone(), package.version.clone()))
    };
    let mut by_key: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (unit, ids) in left[1].iter().enumerate() {
        by_key.entry(key(1, ids)).or_default().push(unit);
    }
    by_key.values_mut().for_each(|units| units.reverse());
    for unit in 0..left[0].len() {
        let Some(partner) = by_key.get_mut(&key(0, &left[0][unit])).and_then(Vec::pop) else { continue };
        let (old, new) = (std::mem::take(&mut left[0][unit]), std::mem::take(&mut left[1][partner]));
        pairs.push(Pair { old, new });
    }
    left.map(|units| units.into_iter().filter(|ids| !ids.is_empty()).collect())
}

/// Within what packages are matched: the file that declares them if both sides have it,
/// else its folder if both have files in it that the other side has not, else everything.
pub(super) struct Scopes<'i> {
    files: HashSet<&'i str>,
    folders: HashSet<&'i str>,
}

impl<'i> Scopes<'i> {
    pub(super) fn new(inventories: [&'i Inventory; 2]) -> Scopes<'i> {
        let files = inventories.map(|inventory| {
            let packages = inventory.packages.iter();
            packages.map(file_of).filter(|file| !file.is_empty()).collect::<BTreeSet<&str>>()
        });
        let [old, new] = &files;
        let shared: HashSet<&str> = old.intersection(new).copied().collect();
        let [old_folders, new_folders] = [old, new].map(|files| {
            files.iter().filter(|file| !shared.contains(*file)).map(|file| folder_of(file)).collect::<HashSet<_>>()
        });
        Scopes { folders: old_folders.intersection(&new_folders).copied().collect(), files: shared }
    }

    pub(super) fn of(&self, package: &'i Package) -> &'i str {
        let file = file_of(package);
        let folder = folder_of(file);
        if self.files.contains(file) {
            file
        } else if self.folders.contains(folder) {
            folder
        } else {
            ""
        }
    }
}

fn file_of(package: &Package) -> &str {
    package.declared_at.as_ref().map_or("", |at| at.file.as_str())
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}
