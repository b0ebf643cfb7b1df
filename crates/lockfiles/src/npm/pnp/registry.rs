//! `packageRegistryData`, `dependencyTreeRoots` and the fallback pool.

use std::collections::{HashMap, HashSet};

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Package, PackageId, Role, Source, Unresolved};
use vetch_model::manifest::Manifest;

use super::locator::{devirtualised, read as read_reference};
use crate::error::{ReadError, short};
use crate::files::Files;
use crate::json::{Document, Kind, Object, Value};
use crate::npm::dependencies::{Problem, Problems, effective};
use crate::npm::edges::infer_edges_to;
use crate::npm::listing::{Listing, array};
use crate::npm::places::{path_fault, sanitised};
use crate::npm::project::manifest;
use crate::npm::range::joined;
use crate::npm::workspaces::below;

/// A package of the map, with every instance of it.
struct Reader<'d, 'a, 'p> {
    document: &'d Document<'a>,
    place: &'p dyn Fn(Span) -> Location,
    listing: &'p mut Listing,
    /// By name and reference, without what is virtual.
    ids: HashMap<(&'d str, &'d str), PackageId>,
    instances: Vec<Instance<'d, 'a>>,
}

/// One instance: a package, and what its names mean.
struct Instance<'d, 'a> {
    id: PackageId,
    object: &'d Object<'a>,
}

/// Reads the whole map into `listing`.
pub(super) fn read<'d, 'a>(
    files: &dyn Files,
    object: &'d Object<'a>,
    document: &'d Document<'a>,
    place: &dyn Fn(Span) -> Location,
    listing: &mut Listing,
) -> Result<(), ReadError> {
    let mut reader = Reader { document, place, listing, ids: HashMap::new(), instances: Vec::new() };
    reader.note_duplicates(object, None);
    let mut problems = Problems::default();
    let rows = array(object, "packageRegistryData", &mut problems);
    if object.get("packageRegistryData").is_none() {
        problems.push(Problem::new(document.root.span, "it has no `packageRegistryData`, which lists the packages"));
    }
    let rows = pairs(rows, "packageRegistryData", &mut problems);
    // The project comes first in an inventory, wherever the map has it.
    let (own, other): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(name, _)| name.is_null());
    let has_project = !own.is_empty();
    if !has_project {
        problems.push(Problem::new(document.root.span, "it has no entry for the project itself"));
    }
    let root = reader.root()?;
    for (name, value) in own.into_iter().chain(other) {
        reader.package(name, value, root, &mut problems)?;
    }
    reader.tell("`packageRegistryData`", problems);
    reader.tree_roots(object, root);
    reader.connect(files);
    reader.fallbacks(object, root);
    if !has_project {
        let tops = reader.listing.inventory.iter().map(|(id, _)| id).filter(|id| *id != root).collect();
        infer_edges_to(&mut reader.listing.inventory, root, tops);
    }
    Ok(())
}

/// `[[key, value], …]`, as JavaScript's maps are written.
fn pairs<'d, 'a>(items: &'d [Value<'a>], field: &str, problems: &mut Problems) -> Vec<(&'d Value<'a>, &'d Value<'a>)> {
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        match item.as_array() {
            Some([key, value]) => found.push((key, value)),
            _ => problems.push(Problem::new(item.span, format!("an item of `{field}` is no pair of key and value"))),
        }
    }
    found
}

impl<'d, 'a> Reader<'d, 'a, '_> {
    fn note_duplicates(&mut self, object: &Object<'_>, package: Option<PackageId>) {
        self.listing.note_duplicates(object, package, self.document, self.place);
    }

    fn tell(&mut self, what: &str, problems: Problems) {
        for problem in problems.into_kept() {
            self.listing.report(what, problem.text, (self.place)(problem.span));
        }
    }

    fn root(&mut self) -> Result<PackageId, ReadError> {
        let location = Location::file(self.listing.file.clone());
        self.listing.push(Package {
            role: Role::Root,
            source: Source::Folder { path: String::new() },
            declared_at: Some(location),
            ..Package::new(Ecosystem::Npm, "", None)
        })
    }

    /// `[name, [[reference, {…}], …]]`
    fn package(
        &mut self,
        name: &'d Value<'a>,
        value: &'d Value<'a>,
        root: PackageId,
        problems: &mut Problems,
    ) -> Result<(), ReadError> {
        let text = name.as_str().unwrap_or_default();
        if name.as_str().is_none() && !name.is_null() {
            problems.push(Problem::wrong_type("a package's name", name, "a string"));
        }
        let Some(items) = value.as_array() else {
            problems.push(Problem::wrong_type(text, value, "an array"));
            return self.instance(text, "", value, None, root).map(drop);
        };
        for (reference, value) in pairs(items, text, problems) {
            let written = reference.as_str().unwrap_or_default();
            if reference.as_str().is_none() && !reference.is_null() {
                problems.push(Problem::wrong_type("a reference", reference, "a string"));
            }
            let object = value.as_object();
            if object.is_none() {
                problems.push(Problem::not_an_object(value));
            }
            let id = match name.is_null() {
                true => root,
                false => self.instance(text, written, reference, object, root)?,
            };
            if let Some(object) = object {
                self.note_duplicates(object, Some(id));
                self.instances.push(Instance { id, object });
            }
        }
        Ok(())
    }

    /// The package of an instance: a new one, or the one that it is an instance of.
    fn instance(
        &mut self,
        name: &'d str,
        reference: &'d str,
        at: &Value<'_>,
        object: Option<&Object<'_>>,
        root: PackageId,
    ) -> Result<PackageId, ReadError> {
        let base = devirtualised(reference);
        let location = (self.place)(at.span);
        let real_location = object.and_then(|object| object.get("packageLocation")).and_then(Value::as_str);
        if let Some(id) = self.ids.get(&(name, base)) {
            return Ok(*id);
        }
        if base == "workspace:." {
            if let Some(package) = self.listing.inventory.packages.get_mut(root.0 as usize) {
                name.clone_into(&mut package.name);
            }
            self.ids.insert((name, base), root);
            return Ok(root);
        }
        let mut package = Package { declared_at: Some(location.clone()), ..Package::new(Ecosystem::Npm, name, None) };
        if let Some(folder) = base.strip_prefix("workspace:") {
            self.own_folder(&mut package, folder, &location);
        } else {
            (package.version, package.source) = read_reference(name, base);
            self.confine(&mut package, &location);
            if package.role == Role::Dependency {
                // Beside the project lies the cache that it shares with others.
                package.path = real_location.and_then(installed_at).unwrap_or_default();
            }
        }
        let id = self.listing.push(package)?;
        if let Source::Unknown { text } = &self.listing.inventory.package(id).source {
            let why = format!("its reference `{}` is none that is known", short(text));
            self.listing.report(&format!("`{name}`"), why, location);
        }
        self.ids.insert((name, base), id);
        Ok(id)
    }

    fn own_folder(&mut self, package: &mut Package, folder: &str, location: &Location) {
        package.role = Role::Workspace;
        package.path = folder.to_owned();
        if let Some(fault) = path_fault(folder) {
            self.listing.report(&format!("`{}`", package.name), fault, location.clone());
            package.path = sanitised(folder, self.listing.inventory.packages.len());
        }
        package.source = Source::Folder { path: package.path.clone() };
    }

    /// Local sources are kept inside the project; a folder is the user's own code.
    fn confine(&mut self, package: &mut Package, location: &Location) {
        let written = match &package.source {
            Source::Folder { path } | Source::File { path } => path.clone(),
            _ => return,
        };
        let path = joined("", &written).unwrap_or_else(|| {
            let why = format!("its source `{}` leads out of the project and is not read", short(&written));
            self.listing.report(&format!("`{}`", package.label()), why, location.clone());
            sanitised(&written, location.span.start as usize)
        });
        match package.source {
            Source::File { .. } => package.source = Source::File { path },
            _ => {
                package.role = Role::Workspace;
                package.path.clone_from(&path);
                package.source = Source::Folder { path };
            }
        }
    }

    /// `dependencyTreeRoots`: the workspaces.
    fn tree_roots(&mut self, object: &'d Object<'a>, root: PackageId) {
        let mut problems = Problems::default();
        for item in array(object, "dependencyTreeRoots", &mut problems) {
            let field = |field: &str| item.as_object().and_then(|object| object.get(field)).and_then(Value::as_str);
            let (Some(name), Some(reference)) = (field("name"), field("reference")) else {
                problems.push(Problem::new(item.span, "it names no package"));
                continue;
            };
            match self.ids.get(&(name, reference)) {
                Some(id) if *id != root => {
                    self.listing.inventory.edges.push(Edge::new(root, *id, name, "", EdgeKind::Workspace));
                }
                Some(_) => {}
                None => problems.push(Problem::new(item.span, format!("`{}` is not listed", short(name)))),
            }
        }
        self.tell("`dependencyTreeRoots`", problems);
    }

    fn connect(&mut self, files: &dyn Files) {
        let base = self.listing.file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut manifests: HashMap<PackageId, Option<Manifest>> = HashMap::new();
        let mut seen = HashSet::new();
        for instance in std::mem::take(&mut self.instances) {
            let Instance { id, object } = instance;
            let package = self.listing.inventory.package(id);
            let wants = if package.role == Role::Dependency {
                HashMap::new()
            } else {
                let path = below(&below(&base, &package.path), "package.json");
                let found = manifests.entry(id).or_insert_with(|| self.manifest(files, id, &path));
                kinds(found.as_ref())
            };
            self.edges(id, object, &wants, &mut seen);
        }
    }

    /// The manifest of one of the user's own packages, which has its version too.
    fn manifest(&mut self, files: &dyn Files, id: PackageId, path: &str) -> Option<Manifest> {
        let found = match manifest(files, path) {
            Ok(found) => found,
            Err(error) => {
                self.listing.incomplete.push(error.into_incomplete());
                None
            }
        };
        if let (Some(found), Some(package)) = (&found, self.listing.inventory.packages.get_mut(id.0 as usize)) {
            package.version.clone_from(&found.version);
            if package.name.is_empty() {
                package.name = found.name.clone().unwrap_or_default();
            }
        }
        found
    }

    /// `packageDependencies`: names, each with a reference, an alias, or `null` for a peer that is not there.
    fn edges(
        &mut self,
        from: PackageId,
        object: &'d Object<'a>,
        wants: &HashMap<String, (EdgeKind, String)>,
        seen: &mut HashSet<(PackageId, &'d str, Option<PackageId>)>,
    ) {
        let mut problems = Problems::default();
        let own_name = self.listing.inventory.package(from).name.clone();
        let peers: HashSet<&str> =
            array(object, "packagePeers", &mut problems).iter().filter_map(Value::as_str).collect();
        let items = array(object, "packageDependencies", &mut problems);
        if object.get("packageDependencies").is_none() {
            let span = object.members.first().map(|member| member.span).unwrap_or_default();
            problems.push(Problem::new(span, "it has no `packageDependencies`, which Yarn always writes"));
        }
        for (name, value) in pairs(items, "packageDependencies", &mut problems) {
            let Some(text) = name.as_str() else {
                problems.push(Problem::wrong_type("a dependency's name", name, "a string"));
                continue;
            };
            let target = target(text, value, &mut problems);
            let to = target.and_then(|(name, reference)| self.ids.get(&(name, devirtualised(reference))).copied());
            // Every package is listed among its own dependencies.
            if (to == Some(from) && text == own_name) || !seen.insert((from, text, to)) {
                continue;
            }
            let declared = wants.get(text);
            let kind = match declared {
                Some((kind, _)) => *kind,
                None if peers.contains(text) => EdgeKind::Peer,
                None => EdgeKind::Production,
            };
            let range = declared.map(|(_, range)| range.clone()).unwrap_or_default();
            match (to, target) {
                (Some(to), _) => self.listing.inventory.edges.push(Edge::new(from, to, text, range, kind)),
                // Whether the peer was optional, the map does not say.
                (None, None) if value.is_null() => {
                    let name = text.to_owned();
                    let kind = EdgeKind::PeerOptional;
                    self.listing.inventory.unresolved.push(Unresolved { from, name, range, kind });
                }
                (None, _) => {
                    let location = (self.place)(value.span);
                    self.listing.missing(from, text, &range, EdgeKind::Production, Some(location));
                }
            }
        }
        let label = self.listing.inventory.package(from).label();
        self.tell(&format!("`{label}`"), problems);
    }

    /// What every package may use without declaring it.
    fn fallbacks(&mut self, object: &'d Object<'a>, root: PackageId) {
        let mut problems = Problems::default();
        let items = array(object, "fallbackPool", &mut problems);
        let edges = self.listing.inventory.edges.iter();
        let mut asked: HashSet<PackageId> = edges.filter(|edge| edge.from == root).map(|edge| edge.to).collect();
        for (name, value) in pairs(items, "fallbackPool", &mut problems) {
            let Some(text) = name.as_str() else { continue };
            let to = target(text, value, &mut problems)
                .and_then(|(name, reference)| self.ids.get(&(name, devirtualised(reference))).copied());
            if let Some(to) = to.filter(|to| asked.insert(*to)) {
                self.listing.inventory.edges.push(Edge::new(root, to, text, "", EdgeKind::Production));
            }
        }
        self.tell("`fallbackPool`", problems);
    }
}

/// What a name means: a reference of the same name, or `[name, reference]`.
fn target<'d>(name: &'d str, value: &'d Value<'_>, problems: &mut Problems) -> Option<(&'d str, &'d str)> {
    match &value.kind {
        Kind::String(reference) => Some((name, reference)),
        Kind::Null => None,
        Kind::Array(items) => match items.as_slice() {
            [real, reference] => real.as_str().zip(reference.as_str()),
            _ => None,
        },
        _ => {
            problems.push(Problem::wrong_type(name, value, "a reference"));
            None
        }
    }
}

/// The declared kinds and ranges of one of the user's own packages, by name.
fn kinds(manifest: Option<&Manifest>) -> HashMap<String, (EdgeKind, String)> {
    let wants = manifest.map(|manifest| effective(&manifest.dependencies, true)).unwrap_or_default();
    wants.into_iter().map(|want| (want.name.clone(), (want.kind, want.range.clone()))).collect()
}

/// `packageLocation` in the project: plain, a virtual folder replaced by what it stands for.
/// `None` for a place outside of it, where Yarn keeps the cache of all projects.
fn installed_at(location: &str) -> Option<String> {
    let plain = joined("", location)?;
    let Some((before, rest)) = plain.split_once("__virtual__/").or_else(|| plain.split_once("$$virtual/")) else {
        return Some(plain);
    };
    // `<base>/__virtual__/<hash>/<n>/<rest>`: `n` folders up from `<base>`.
    let (_hash, rest) = rest.split_once('/')?;
    let (up, rest) = rest.split_once('/')?;
    let ups = up.parse::<usize>().ok().filter(|ups| *ups <= 64)?;
    joined(before, &format!("{}{rest}", "../".repeat(ups)))
}

#[cfg(test)]
mod tests {
    use super::installed_at;

    #[test]
    fn locations_are_plain_and_inside() {
        for (location, expected) in [
            ("./.yarn/cache/a-npm-1.zip/node_modules/a/", Some(".yarn/cache/a-npm-1.zip/node_modules/a")),
            ("./.yarn/__virtual__/a-virtual-0/0/cache/a.zip/node_modules/a/", Some(".yarn/cache/a.zip/node_modules/a")),
            ("./.yarn/__virtual__/a-virtual-0/1/packages/a/", Some("packages/a")),
            ("../../.yarn/berry/cache/a.zip/node_modules/a/", None),
            ("./.yarn/__virtual__/a/9/x/", None),
        ] {
            assert_eq!(installed_at(location).as_deref(), expected, "{location}");
        }
    }
}
