//! Which installed place belongs to which locked package, for lockfiles of Yarn, pnpm, Bun and Deno.
//!
//! Where a reader says at which place a package would lie, and one lies there, that is it. The
//! others are told by name and version: hoisting is a matter of the tool and its settings, and no
//! lockfile but npm's records its result. A package that lies in several places is listed once
//! for each: they are looked at one by one, as every copy may have been changed by itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use vetch_model::inventory::{Ecosystem, Inventory, Package, PackageId, Role, Source};

use super::inventory::merge_from;

/// Gives locked packages the places at which they are installed, and adds what is installed and not locked.
pub(super) fn join_installed(locked: &mut Inventory, installed: &Inventory, others: &[String]) {
    if installed.packages.len() < 2 {
        return;
    }
    let before = locked.packages.len() as u32;
    let places: HashSet<&str> = real(installed).map(|package| package.path.as_str()).collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut open: Vec<PackageId> = Vec::new();
    for index in 0..before {
        let Some(package) = locked.packages.get_mut(index as usize).filter(|package| is_npm(package)) else { continue };
        if places.contains(package.path.as_str()) {
            taken.insert(package.path.clone());
        } else if !package.bundled {
            // Another layout than the reader took it for, or not installed at all.
            package.path.clear();
            open.push(PackageId(index));
        }
    }
    let mut free = Free::new();
    for package in real(installed).filter(|package| !taken.contains(&package.path)) {
        free.entry(key(package)).or_default().push(&package.path);
    }
    let open = by_version(locked, open, &mut free);
    by_name(locked, &open, &mut free);
    merge_from(locked, installed, before, others);
}

/// Name and version.
type Key = (String, Option<String>);

/// Installed places that belong to no locked package yet.
type Free<'p> = BTreeMap<Key, Vec<&'p str>>;

fn key(package: &Package) -> Key {
    (package.name.clone(), package.version.clone())
}

/// Whether it is someone else's package of npm's world, which may be installed.
fn is_npm(package: &Package) -> bool {
    package.role == Role::Dependency && package.ecosystem == Ecosystem::Npm
}

/// Installed packages that are no links.
fn real(installed: &Inventory) -> impl Iterator<Item = &Package> {
    let is_link = |package: &Package| matches!(&package.source, Source::Folder { path } if *path != package.path);
    installed.packages.iter().filter(move |package| package.role == Role::Dependency && !is_link(package))
}

/// Those with the locked name and version. What finds none is handed back.
fn by_version(locked: &mut Inventory, open: Vec<PackageId>, free: &mut Free<'_>) -> Vec<PackageId> {
    let known = locked.packages.iter().filter(|package| is_npm(package) && !package.path.is_empty());
    let mut placed: HashMap<Key, String> = known.map(|package| (key(package), package.path.clone())).collect();
    let mut rest = Vec::new();
    for id in open {
        let Some(wanted) = locked.packages.get(id.0 as usize).map(key) else { continue };
        match free.remove(&wanted) {
            Some(paths) => {
                place(locked, id, &paths);
                placed.insert(wanted, paths.first().map(|path| (*path).to_owned()).unwrap_or_default());
            }
            // Resolved several times, once for each set of peers; installed in one place.
            None => match placed.get(&wanted) {
                Some(path) => place(locked, id, &[path.as_str()]),
                None => rest.push(id),
            },
        }
    }
    rest
}

/// Of a name of which one version is locked and others are installed: the tree is stale, or was changed.
fn by_name(locked: &mut Inventory, open: &[PackageId], free: &mut Free<'_>) {
    let mut names: HashMap<String, usize> = HashMap::new();
    for id in open {
        *names.entry(locked.package(*id).name.clone()).or_default() += 1;
    }
    for id in open {
        let name = locked.package(*id).name.clone();
        if names.get(&name) != Some(&1) {
            continue;
        }
        let start = (name.clone(), None);
        let keys: Vec<Key> =
            free.range(start..).map(|(key, _)| key.clone()).take_while(|(found, _)| *found == name).collect();
        let paths: Vec<&str> = keys.iter().filter_map(|key| free.remove(key)).flatten().collect();
        place(locked, *id, &paths);
    }
}

/// Gives a package its first place, and makes a copy of it for each other.
fn place(locked: &mut Inventory, id: PackageId, paths: &[&str]) {
    let Some((first, others)) = paths.split_first() else { return };
    let Some(package) = locked.packages.get_mut(id.0 as usize) else { return };
    package.path = (*first).to_owned();
    let package = package.clone();
    for path in others {
        locked.push(Package { path: (*path).to_owned(), ..package.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vetch_model::inventory::{Edge, EdgeKind};

    fn package(name: &str, version: &str, path: &str) -> Package {
        Package { path: path.to_owned(), ..Package::new(Ecosystem::Npm, name, Some(version)) }
    }

    fn inventory(packages: &[(&str, &str, &str)]) -> Inventory {
        let root = Package { role: Role::Root, ..package("app", "1.0.0", "") };
        let mut inventory = Inventory::default();
        inventory.push(root);
        for (name, version, path) in packages {
            let id = inventory.push(package(name, version, path));
            inventory.edges.push(Edge::new(PackageId(0), id, *name, "*", EdgeKind::Production));
        }
        inventory
    }

    fn joined(locked: &[(&str, &str, &str)], installed: &[(&str, &str, &str)]) -> Vec<String> {
        let mut locked = inventory(locked);
        join_installed(&mut locked, &inventory(installed), &["nested".to_owned()]);
        locked.packages.iter().skip(1).map(|package| format!("{} {}", package.label(), package.path)).collect()
    }

    #[test]
    fn places_are_found_by_path_then_version_then_name() {
        let locked =
            [("a", "1.0.0", "node_modules/.pnpm/a@1.0.0/node_modules/a"), ("b", "1.0.0", ""), ("c", "1.0.0", "x")];
        let installed = [
            ("a", "9.9.9", "node_modules/.pnpm/a@1.0.0/node_modules/a"),
            ("b", "1.0.0", "node_modules/b"),
            ("c", "2.0.0", "node_modules/c"),
        ];
        assert_eq!(
            joined(&locked, &installed),
            ["a@1.0.0 node_modules/.pnpm/a@1.0.0/node_modules/a", "b@1.0.0 node_modules/b", "c@1.0.0 node_modules/c"]
        );
    }

    #[test]
    fn each_copy_is_listed_and_strangers_are_added() {
        let installed = [
            ("a", "1.0.0", "node_modules/a"),
            ("a", "1.0.0", "node_modules/b/node_modules/a"),
            ("x", "1.0.0", "node_modules/x"),
        ];
        assert_eq!(
            joined(&[("a", "1.0.0", "")], &installed),
            ["a@1.0.0 node_modules/a", "a@1.0.0 node_modules/b/node_modules/a", "x@1.0.0 node_modules/x"]
        );
        assert_eq!(joined(&[], &[("x", "1.0.0", "nested/node_modules/x")]), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_installed_keeps_no_place() {
        let locked = [("a", "1.0.0", "node_modules/.pnpm/a@1.0.0/node_modules/a"), ("b", "1.0.0", "")];
        assert_eq!(joined(&locked, &[("b", "1.0.0", "node_modules/b")]), ["a@1.0.0 ", "b@1.0.0 node_modules/b"]);
    }

    #[test]
    fn two_resolutions_of_one_release_share_its_place() {
        let locked = [("a", "1.0.0", ""), ("a", "1.0.0", "")];
        assert_eq!(
            joined(&locked, &[("a", "1.0.0", "node_modules/a")]),
            ["a@1.0.0 node_modules/a", "a@1.0.0 node_modules/a"]
        );
    }
}
