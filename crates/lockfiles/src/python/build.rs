//! All that is wanted, as an inventory.
//!
//! A requirement without a version gets it from the one other requirement or
//! constraint that pins it. Who asks for what is known where pip-tools or uv noted
//! it; what nobody is noted to ask for, the project does.

use std::collections::HashMap;

use vetch_model::evidence::Location;
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Inventory, Package, PackageId, Role, Source};
use vetch_model::purl::normalised;

use super::wanted::Wanted;

/// Most versions of one package that an annotation is taken to mean.
const MAX_NAMESAKES: usize = 16;

/// Where packages are looked for, as the options of all files together say.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    /// The last `--index-url`.
    pub(crate) main: Option<String>,
    /// Whether packages may come from elsewhere too (`--extra-index-url`, `--find-links`).
    pub(crate) has_others: bool,
}

/// The project itself.
pub(crate) fn root(name: Option<&str>, version: Option<&str>, declared_at: Location) -> Package {
    Package {
        role: Role::Root,
        source: Source::Folder { path: String::new() },
        declared_at: Some(declared_at),
        ..Package::new(Ecosystem::Pypi, name.map(normalised).unwrap_or_default(), version)
    }
}

/// Makes the inventory of `file`.
pub(crate) fn inventory(file: &str, root: Package, wanted: Vec<Wanted>, indexes: &Indexes) -> Inventory {
    let pins = Pins::of(&wanted);
    let mut build =
        Build { inventory: Inventory { file: file.to_owned(), ..Inventory::default() }, ..Build::default() };
    let root = build.inventory.push(root);
    let mut asked: Vec<(Wanted, PackageId)> = Vec::with_capacity(wanted.len());
    for mut wanted in wanted.into_iter().filter(|wanted| !wanted.is_constraint) {
        pins.fill(&mut wanted);
        let id = build.package(&mut wanted, indexes);
        asked.push((wanted, id));
    }
    for (wanted, id) in &asked {
        build.connect(root, wanted, *id);
    }
    build.reach_all(root, &asked);
    build.inventory
}

/// What pins each name.
#[derive(Default)]
struct Pins {
    /// The one version or place that requirements allow; `None` if they name several.
    required: HashMap<String, Option<Pin>>,
    constrained: HashMap<String, Option<Pin>>,
}

/// A version or a place.
type Pin = (Option<String>, Option<Source>);

impl Pins {
    fn of(wanted: &[Wanted]) -> Pins {
        let mut pins = Pins::default();
        for one in wanted.iter().filter(|one| one.version.is_some() || one.source.is_some()) {
            let map = if one.is_constraint { &mut pins.constrained } else { &mut pins.required };
            let pin = (one.version.clone(), one.source.clone());
            map.entry(one.name.clone())
                .and_modify(|known| {
                    if known.as_ref() != Some(&pin) {
                        *known = None;
                    }
                })
                // A pin for some environments settles nothing for the others.
                .or_insert_with(|| one.marker.is_none().then_some(pin.clone()));
        }
        pins
    }

    /// The version of a requirement that leaves it open, where something else settles it.
    fn fill(&self, wanted: &mut Wanted) {
        if wanted.version.is_some() || wanted.source.is_some() || wanted.name.is_empty() {
            return;
        }
        let known = [&self.required, &self.constrained].into_iter().find_map(|map| map.get(&wanted.name));
        if let Some(Some((version, source))) = known {
            wanted.version.clone_from(version);
            wanted.source.clone_from(source);
        }
    }
}

#[derive(Default)]
struct Build {
    inventory: Inventory,
    known: HashMap<(String, Option<String>, Option<Source>), PackageId>,
    by_name: HashMap<String, Vec<PackageId>>,
    /// Of the requirement that made the package.
    markers: HashMap<PackageId, String>,
}

impl Build {
    /// The package of a requirement, made if it is new.
    fn package(&mut self, wanted: &mut Wanted, indexes: &Indexes) -> PackageId {
        let key = (wanted.name.clone(), wanted.version.clone(), wanted.source.clone());
        let is_dev = wanted.kind == EdgeKind::Development;
        let is_optional = wanted.kind == EdgeKind::Optional;
        // The flag tells that one.
        let group = wanted.group.clone().filter(|group| group != "dev");
        let artifacts = std::mem::take(&mut wanted.artifacts);
        // What has no name is not the same as something else without one.
        let known = self.known.get(&key).filter(|_| !wanted.name.is_empty() || wanted.source.is_some());
        if let Some(id) = known {
            if let Some(package) = self.inventory.packages.get_mut(id.0 as usize) {
                package.dev &= is_dev;
                package.optional &= is_optional;
                package.artifacts.extend(artifacts);
                package.groups.extend(group.filter(|group| !package.groups.contains(group)));
            }
            return *id;
        }
        let mut package = Package::new(Ecosystem::Pypi, wanted.name.as_str(), wanted.version.as_deref());
        package.source = match &wanted.source {
            Some(source) => source.clone(),
            None => {
                let main = indexes.main.clone().filter(|_| !indexes.has_others);
                Source::Registry { url: None, index: wanted.annotation.index.clone().or(main) }
            }
        };
        if let Source::Folder { path } = &package.source {
            package.role = Role::Workspace;
            package.path.clone_from(path);
        }
        package.artifacts = artifacts;
        package.dev = is_dev;
        package.optional = is_optional;
        package.groups.extend(group);
        package.declared_at = Some(wanted.place.clone());
        let id = self.inventory.push(package);
        self.known.insert(key, id);
        if let Some(marker) = &wanted.marker {
            self.markers.insert(id, marker.clone());
        }
        self.by_name.entry(wanted.name.clone()).or_default().push(id);
        id
    }

    /// The edges that lead to a requirement.
    fn connect(&mut self, root: PackageId, wanted: &Wanted, id: PackageId) {
        for name in &wanted.annotation.packages {
            for from in self.askers(name, wanted) {
                let mut edge = Edge::new(from, id, wanted.name.as_str(), "", wanted.kind);
                edge.condition.clone_from(&wanted.marker);
                self.inventory.edges.push(edge);
            }
        }
        if wanted.annotation.is_direct || !wanted.annotation.is_stated() {
            self.inventory.edges.push(from_root(root, wanted, id));
        }
    }

    /// The packages that a name in an annotation means. The versions of one package are
    /// for environments that exclude each other: where one is for the very environments
    /// of the requirement, the others are not meant.
    fn askers(&self, name: &str, wanted: &Wanted) -> Vec<PackageId> {
        let all = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let all = all.get(..MAX_NAMESAKES).unwrap_or(all);
        let is_same = |id: &&PackageId| wanted.marker.is_some() && self.markers.get(id) == wanted.marker.as_ref();
        match all.iter().find(is_same) {
            Some(same) => vec![*same],
            None => all.to_vec(),
        }
    }

    /// Edges from the project to what no chain of edges leads to.
    fn reach_all(&mut self, root: PackageId, asked: &[(Wanted, PackageId)]) {
        let mut next: HashMap<PackageId, Vec<PackageId>> = HashMap::new();
        for edge in &self.inventory.edges {
            next.entry(edge.from).or_default().push(edge.to);
        }
        let mut is_reached = vec![false; self.inventory.packages.len()];
        let reach = |from: PackageId, is_reached: &mut Vec<bool>| {
            let mut open = vec![from];
            while let Some(id) = open.pop() {
                match is_reached.get_mut(id.0 as usize) {
                    Some(reached) if !*reached => *reached = true,
                    _ => continue,
                }
                open.extend(next.get(&id).into_iter().flatten());
            }
        };
        reach(root, &mut is_reached);
        for (wanted, id) in asked {
            if is_reached.get(id.0 as usize) == Some(&false) {
                self.inventory.edges.push(from_root(root, wanted, *id));
                reach(*id, &mut is_reached);
            }
        }
    }
}

fn from_root(root: PackageId, wanted: &Wanted, id: PackageId) -> Edge {
    let mut edge = Edge::new(root, id, wanted.asked.as_str(), wanted.range.as_str(), wanted.kind);
    edge.condition.clone_from(&wanted.marker);
    edge
}
