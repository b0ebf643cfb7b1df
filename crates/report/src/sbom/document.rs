//! What every form says: components, each once, and who asks for whom.

use std::collections::{HashMap, HashSet};

use vetch_model::Integrity;
use vetch_model::inventory::{EdgeKind, Inventory, Package, PackageId, Role, Source};

use super::SbomView;
use super::address;
use super::licence::Licence;
use crate::graph::words::{place, public};

/// Entries compared with, at most: more aliases, groups or licences than any honest package has are listed as they come.
const MAX_COMPARED: usize = 64;

/// Components and the links between them.
#[derive(Debug)]
pub(super) struct Document<'m> {
    /// The first is what the document is about; the others follow by reference.
    pub(super) components: Vec<Component<'m>>,
    /// By components' positions; each once, never of one to itself.
    pub(super) links: Vec<Link>,
}

/// One asks for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: EdgeKind,
}

/// Whether the project can run without a component, as CycloneDX has it. The least wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    Required,
    Optional,
    /// Only for development.
    Excluded,
}

/// Packages of one name, version, source and hash.
#[derive(Debug)]
pub(super) struct Component<'m> {
    /// Unique in the document.
    pub(super) reference: String,
    pub(super) name: String,
    /// `None` for what the document is about, where that is no package.
    pub(super) purl: Option<String>,
    pub(super) role: Role,
    pub(super) scope: Scope,
    /// The first of its packages.
    pub(super) package: Option<&'m Package>,
    pub(super) licence: Option<Licence>,
    /// `file:line`
    pub(super) declared: Vec<String>,
    /// Where it is or would be installed.
    pub(super) places: Vec<&'m str>,
    pub(super) aliases: Vec<&'m str>,
    pub(super) groups: Vec<&'m str>,
    pub(super) is_bundled: bool,
    pub(super) is_extraneous: bool,
    pub(super) has_install_script: bool,
    /// What it asks for and is not there.
    pub(super) unresolved: Vec<String>,
}

impl Component<'_> {
    pub(super) fn version(&self) -> Option<&str> {
        self.package?.version.as_deref().filter(|version| !version.is_empty())
    }

    /// Whether it is the user's own code.
    pub(super) fn is_own(&self) -> bool {
        self.role != Role::Dependency
    }
}

/// By what packages are told apart.
type Key<'m> = (String, Role, &'m Source, Option<&'m Integrity>, Vec<Option<&'m Integrity>>);

impl<'m> Document<'m> {
    pub(super) fn new(view: &SbomView<'m>) -> Document<'m> {
        let inventory = view.inventory;
        let mut builder = Builder { inventory, components: Vec::new(), of: vec![0; inventory.packages.len()] };
        builder.merge(view);
        builder.add_unresolved();
        let links = builder.links();
        let main = builder.main(view.name);
        arrange(builder.components, links, main)
    }

    /// For each component those that it asks for, by position, each once.
    pub(super) fn asked_by(&self) -> Vec<Vec<usize>> {
        let mut asked = vec![Vec::new(); self.components.len()];
        for link in &self.links {
            if let Some(asked) = asked.get_mut(link.from)
                && asked.last() != Some(&link.to)
            {
                asked.push(link.to);
            }
        }
        asked
    }
}

struct Builder<'m> {
    inventory: &'m Inventory,
    components: Vec<Component<'m>>,
    /// By package: its component.
    of: Vec<usize>,
}

impl<'m> Builder<'m> {
    /// A component for each release from one source; a link counts to its folder.
    fn merge(&mut self, view: &SbomView<'m>) {
        let mut known: HashMap<Key<'m>, usize> = HashMap::with_capacity(self.of.len());
        let mut names = References::default();
        for id in view.graph.packages() {
            let package = self.inventory.package(id);
            let mut artifacts: Vec<_> = package.artifacts.iter().map(|artifact| artifact.integrity.as_ref()).collect();
            artifacts.sort_unstable();
            let purl = address::purl(package).to_string();
            let key = (purl, package.role, &package.source, package.integrity.as_ref(), artifacts);
            let at = match known.get(&key) {
                Some(at) => *at,
                None => {
                    let at = self.components.len();
                    self.components.push(blank(package, names.take(&key.0), key.0.clone()));
                    known.insert(key, at);
                    at
                }
            };
            self.of[id.0 as usize] = at;
            if let Some(component) = self.components.get_mut(at) {
                component.add(package);
                component.is_extraneous &= view.graph.depth(id).is_none();
            }
        }
        for (id, package) in self.inventory.iter() {
            let folder = view.graph.folder_of(id);
            if folder != id {
                let at = self.at(folder);
                self.of[id.0 as usize] = at;
                if let Some(component) = self.components.get_mut(at) {
                    component.add_place(package);
                }
            }
        }
    }

    fn at(&self, id: PackageId) -> usize {
        self.of.get(id.0 as usize).copied().unwrap_or(usize::MAX)
    }

    fn add_unresolved(&mut self) {
        let mut seen = HashSet::new();
        for missing in &self.inventory.unresolved {
            let at = self.at(missing.from);
            let text = format!("{}@{} ({})", missing.name, public(&missing.range), missing.kind.as_str());
            if seen.insert((at, text.clone()))
                && let Some(component) = self.components.get_mut(at)
            {
                component.unresolved.push(text);
            }
        }
    }

    fn links(&self) -> Vec<Link> {
        let edges = self.inventory.edges.iter().filter(|edge| edge.kind != EdgeKind::Extraneous);
        let links = edges.map(|edge| Link { from: self.at(edge.from), to: self.at(edge.to), kind: edge.kind });
        links.filter(|link| link.from != link.to && link.from.max(link.to) < self.components.len()).collect()
    }

    /// The component that the document is about: the one project, or else one made up for the target.
    fn main(&mut self, name: &str) -> usize {
        let projects: Vec<usize> = (0..self.components.len())
            .filter(|at| self.components.get(*at).is_some_and(|component| component.role == Role::Root))
            .collect();
        if let [only] = projects.as_slice() {
            if let Some(component) = self.components.get_mut(*only)
                && component.package.is_some_and(|package| package.name.is_empty())
            {
                component.name = name.to_owned();
            }
            return *only;
        }
        let taken: HashSet<&str> = self.components.iter().map(|component| component.reference.as_str()).collect();
        let mut reference = "target".to_owned();
        while taken.contains(reference.as_str()) {
            reference.push('-');
        }
        self.components.push(Component { name: name.to_owned(), role: Role::Root, ..nothing(reference) });
        self.components.len() - 1
    }
}

/// Names that are taken.
#[derive(Default)]
struct References {
    taken: HashSet<String>,
    counts: HashMap<String, usize>,
}

impl References {
    /// The purl, or with a number behind it what nobody has yet.
    fn take(&mut self, purl: &str) -> String {
        let mut reference = purl.to_owned();
        let count = self.counts.entry(purl.to_owned()).or_insert(1);
        while !self.taken.insert(reference.clone()) {
            *count += 1;
            reference = format!("{purl}#{count}");
        }
        reference
    }
}

/// The main component first, the others by reference; links by position, and from the main one to every project.
fn arrange(components: Vec<Component<'_>>, links: Vec<Link>, main: usize) -> Document<'_> {
    let mut order: Vec<usize> = (0..components.len()).collect();
    let reference = |at: &usize| components.get(*at).map(|component| component.reference.as_str());
    order.sort_by_key(|at| (*at != main, reference(at)));
    let mut places = vec![0; components.len()];
    for (place, at) in order.iter().enumerate() {
        places[*at] = place;
    }
    let is_made_up = components.get(main).is_some_and(|component| component.package.is_none());
    let projects = components
        .iter()
        .enumerate()
        .filter(|(at, component)| is_made_up && *at != main && component.role == Role::Root);
    let held = projects.map(|(at, _)| Link { from: main, to: at, kind: EdgeKind::Workspace });
    let moved = |link: Link| Link { from: places[link.from], to: places[link.to], kind: link.kind };
    let mut links: Vec<Link> = held.chain(links).map(moved).collect();
    links.sort_unstable();
    links.dedup();
    let mut sorted: Vec<_> = components.into_iter().enumerate().collect();
    sorted.sort_by_key(|(at, _)| places[*at]);
    Document { components: sorted.into_iter().map(|(_, component)| component).collect(), links }
}

fn nothing<'m>(reference: String) -> Component<'m> {
    Component {
        reference,
        name: String::new(),
        purl: None,
        role: Role::Dependency,
        scope: Scope::Required,
        package: None,
        licence: None,
        declared: Vec::new(),
        places: Vec::new(),
        aliases: Vec::new(),
        groups: Vec::new(),
        is_bundled: false,
        is_extraneous: false,
        has_install_script: false,
        unresolved: Vec::new(),
    }
}

fn blank<'m>(package: &'m Package, reference: String, purl: String) -> Component<'m> {
    let folder = || package.path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("unnamed");
    Component {
        name: if package.name.is_empty() { folder().to_owned() } else { package.name.clone() },
        purl: Some(purl),
        role: package.role,
        scope: Scope::Excluded,
        package: Some(package),
        is_bundled: true,
        is_extraneous: true,
        ..nothing(reference)
    }
}

impl<'m> Component<'m> {
    fn add(&mut self, package: &'m Package) {
        let scope = match package {
            _ if package.role != Role::Dependency => Scope::Required,
            Package { dev: true, .. } => Scope::Excluded,
            Package { optional: true, .. } => Scope::Optional,
            _ => Scope::Required,
        };
        self.scope = self.scope.min(scope);
        self.is_bundled &= package.bundled;
        self.has_install_script |= package.has_install_script == Some(true);
        if self.licence.is_none() {
            self.licence = package.license.as_deref().and_then(Licence::of);
        }
        for group in &package.groups {
            add_new(&mut self.groups, group);
        }
        self.add_place(package);
    }

    fn add_place(&mut self, package: &'m Package) {
        if let Some(alias) = &package.alias {
            add_new(&mut self.aliases, alias);
        }
        if let Some(location) = &package.declared_at {
            let declared = place(location);
            if self.declared.last() != Some(&declared) {
                self.declared.push(declared);
            }
        }
        if !package.path.is_empty() && self.places.last() != Some(&package.path.as_str()) {
            self.places.push(&package.path);
        }
    }
}

fn add_new<'m>(list: &mut Vec<&'m str>, text: &'m str) {
    if list.len() > MAX_COMPARED || !list.contains(&text) {
        list.push(text);
    }
}
