//! From components and links by reference to packages and edges by id, so that
//! every package has a path from the root.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Inventory, Package, PackageId, Role, Source, Unresolved};
use vetch_model::outcome::Outcome;

use super::REMAKE;
use super::bom::{Bom, Component, Link, LinkKind};
use super::package::{is_package, package};
use super::report::Report;
use crate::error::short;
use crate::format::{Format, Reading};
use crate::npm::package_lock::LockfileNoteKind;

/// The project comes first.
const ROOT: PackageId = PackageId(0);

/// Makes the inventory.
pub(super) fn assemble(bom: Bom<'_>, report: Report<'_, '_>, format: Format) -> Outcome<Reading> {
    let inventory = Inventory { file: report.document.file.to_owned(), ..Inventory::default() };
    let mut assembly = Assembly {
        inventory,
        report,
        components: &bom.components,
        places: HashMap::with_capacity(bom.components.len()),
        ids: vec![None; bom.components.len()],
        origins: Vec::with_capacity(bom.components.len() + 1),
        known: HashSet::with_capacity(bom.links.len()),
    };
    assembly.places.extend(bom.bystanders.iter().map(|reference| (*reference, None)));
    assembly.add_packages(bom.root);
    for link in &bom.links {
        assembly.connect(link);
    }
    assembly.hang();
    flag(
        &mut assembly.inventory,
        |kind| matches!(kind, EdgeKind::Development | EdgeKind::Build),
        |package| {
            package.dev = true;
        },
    );
    flag(&mut assembly.inventory, |kind| kind == EdgeKind::Optional, |package| package.optional = true);
    let Assembly { inventory, report, .. } = assembly;
    let (incomplete, notes) = report.finish();
    let reading = Reading { format, format_version: bom.version, inventory, notes };
    Outcome { value: reading, incomplete }
}

struct Assembly<'b, 'd, 'r, 'a> {
    inventory: Inventory,
    report: Report<'r, 'a>,
    components: &'b [Component<'d>],
    /// References to packages; those of what is no package lead to none.
    places: HashMap<&'d str, Option<PackageId>>,
    /// Components' packages.
    ids: Vec<Option<PackageId>>,
    /// Packages' components; a root made up has none.
    origins: Vec<Option<usize>>,
    known: HashSet<(PackageId, PackageId, EdgeKind)>,
}

impl<'d> Assembly<'_, 'd, '_, '_> {
    fn add_packages(&mut self, root: Option<usize>) {
        self.add_root(root);
        let mut left_out: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
        for (index, component) in self.components.iter().enumerate() {
            if Some(index) == root || self.repeats_root(root, component) {
                continue;
            }
            if !is_package(component) {
                left_out.entry(component.kind).or_insert((0, component.span)).0 += 1;
                self.place(component, None);
                continue;
            }
            let mut package = package(component, index, &mut self.report);
            if component.workspace.is_some() {
                package.role = Role::Workspace;
            }
            let id = self.inventory.push(package);
            self.ids[index] = Some(id);
            self.origins.push(Some(index));
            self.place(component, Some(id));
        }
        for (kind, (count, span)) in left_out {
            let found = format!("{count} of type {kind}, without a purl");
            self.report.note(LockfileNoteKind::LeftOut, "components", found, span);
        }
    }

    fn add_root(&mut self, root: Option<usize>) {
        let stated = root.and_then(|index| Some((index, self.components.get(index)?)));
        let mut package = match stated {
            Some((index, component)) => package(component, index, &mut self.report),
            None => Package {
                declared_at: Some(Location::file(self.report.document.file)),
                ..Package::new(Ecosystem::Other("generic".to_owned()), "", None)
            },
        };
        package.role = Role::Root;
        package.path = String::new();
        package.alias = None;
        package.source = Source::Folder { path: String::new() };
        let id = self.inventory.push(package);
        self.origins.push(stated.map(|(index, _)| index));
        if let Some((index, component)) = stated {
            self.ids[index] = Some(id);
            self.place(component, Some(id));
        }
    }

    /// Some tools list the component that the SBOM is about among the others once more.
    fn repeats_root(&self, root: Option<usize>, component: &Component<'_>) -> bool {
        let same = |root: &Component<'_>| {
            let purl = |component: &Component<'_>| component.purl.map(|purl| purl.text.to_owned());
            !component.reference.is_empty()
                && root.reference == component.reference
                && root.name == component.name
                && root.version == component.version
                && purl(root) == purl(component)
        };
        root.and_then(|index| self.components.get(index)).is_some_and(same)
    }

    fn place(&mut self, component: &Component<'d>, id: Option<PackageId>) {
        if component.reference.is_empty() {
            return;
        }
        if self.places.contains_key(component.reference) {
            let what = format!("`{}`", short(component.reference));
            let why = "another element has the same reference; dependencies by it are taken to be that one's";
            self.report.add(&what, component.span, why, REMAKE);
            return;
        }
        self.places.insert(component.reference, id);
    }

    fn component(&self, id: PackageId) -> Option<&Component<'d>> {
        self.components.get((*self.origins.get(id.0 as usize)?)?)
    }

    fn connect(&mut self, link: &Link<'d>) {
        let from = match self.places.get(link.from) {
            Some(Some(from)) => *from,
            Some(None) => return,
            None => {
                let what = format!("a dependency of `{}`", short(link.from));
                self.report.add(&what, link.span, "no element has this reference", REMAKE);
                return;
            }
        };
        let to = match self.places.get(link.to) {
            Some(Some(to)) => *to,
            Some(None) => return,
            None => {
                let kind = self.kind(from, from, link.kind);
                let name = link.to.to_owned();
                self.inventory.unresolved.push(Unresolved { from, name, range: String::new(), kind });
                return;
            }
        };
        // What the root holds is in it somehow; who asks for it, the other links tell.
        if from != to && !(link.kind == LinkKind::Contains && from == ROOT) {
            self.add_edge(from, to, link.kind);
        }
    }

    fn add_edge(&mut self, from: PackageId, to: PackageId, link: LinkKind) {
        let kind = self.kind(from, to, link);
        if !self.known.insert((from, to, kind)) {
            return;
        }
        let target = self.inventory.package(to);
        let name = target.alias.clone().unwrap_or_else(|| target.name.clone());
        let component = self.component(to);
        let range = component.and_then(|component| component.range).unwrap_or_default();
        let marker = component.and_then(|component| component.marker).map(str::to_owned);
        let mut edge = Edge::new(from, to, name, range, kind);
        edge.condition = match link {
            LinkKind::WantsAs(_, Some(condition)) => Some(condition.to_owned()),
            _ => marker,
        };
        edge.bundled = link == LinkKind::Contains || target.bundled;
        self.inventory.edges.push(edge);
    }

    /// How `from` asks for `to`, as far as the link or, without its word, the packages' own flags tell.
    fn kind(&self, from: PackageId, to: PackageId, link: LinkKind) -> EdgeKind {
        if let LinkKind::WantsAs(kind, _) = link {
            return kind;
        }
        let (asking, asked) = (self.inventory.package(from), self.inventory.package(to));
        match asked {
            _ if from == to => EdgeKind::Production,
            _ if asked.role == Role::Workspace && from == ROOT => EdgeKind::Workspace,
            _ if asked.dev && !asking.dev && from == ROOT => EdgeKind::Development,
            _ if asked.optional && !asking.optional => EdgeKind::Optional,
            _ => EdgeKind::Production,
        }
    }

    /// Gives a path to each package that no link leads to: under the package that
    /// holds it, or under the root.
    fn hang(&mut self) {
        let mut next = neighbours(&self.inventory, |_| true);
        let mut has_asker = vec![false; next.len()];
        for edge in &self.inventory.edges {
            if let Some(has_asker) = has_asker.get_mut(edge.to.0 as usize) {
                *has_asker = true;
            }
        }
        let mut reached = vec![false; next.len()];
        reach(ROOT, &next, &mut reached);
        let all = || (1..reached.len()).map(|index| PackageId(index as u32));
        let orphans: Vec<PackageId> = all().filter(|id| !is_set(&has_asker, *id)).collect();
        // What then is left are circles, and what only they lead to.
        let circles = askers_first(&next);
        for id in orphans.into_iter().chain(circles) {
            if is_set(&reached, id) {
                continue;
            }
            let holder = Some(self.holder(id)).filter(|holder| is_set(&reached, *holder)).unwrap_or(ROOT);
            let is_extraneous = self.component(id).is_some_and(|component| component.is_extraneous);
            let link = match is_extraneous && holder == ROOT {
                true => LinkKind::WantsAs(EdgeKind::Extraneous, None),
                false => LinkKind::Wants,
            };
            self.add_edge(holder, id, link);
            if let Some(next) = next.get_mut(holder.0 as usize) {
                next.push(id);
            }
            reach(id, &next, &mut reached);
        }
    }

    /// The nearest package around a nested component; the root for all others.
    fn holder(&self, id: PackageId) -> PackageId {
        let mut parent = self.component(id).and_then(|component| component.parent);
        while let Some(index) = parent {
            if let Some(holder) = self.ids.get(index).copied().flatten() {
                return holder;
            }
            parent = self.components.get(index).and_then(|component| component.parent);
        }
        ROOT
    }
}

fn is_set(flags: &[bool], id: PackageId) -> bool {
    flags.get(id.0 as usize).copied().unwrap_or(false)
}

/// Whom each package asks for, by edges of certain kinds.
fn neighbours(inventory: &Inventory, is_such: impl Fn(EdgeKind) -> bool) -> Vec<Vec<PackageId>> {
    let mut next = vec![Vec::new(); inventory.packages.len()];
    for edge in inventory.edges.iter().filter(|edge| is_such(edge.kind)) {
        if let Some(next) = next.get_mut(edge.from.0 as usize) {
            next.push(edge.to);
        }
    }
    next
}

/// All packages, each circle before what it leads to: the reverse of the order in
/// which a depth-first search leaves them.
fn askers_first(next: &[Vec<PackageId>]) -> Vec<PackageId> {
    let mut seen = vec![false; next.len()];
    let mut left = Vec::with_capacity(next.len());
    for start in (0..next.len()).map(|index| PackageId(index as u32)) {
        let mut stack = vec![(start, 0)];
        while let Some((id, position)) = stack.pop() {
            if position == 0 {
                match seen.get_mut(id.0 as usize) {
                    Some(is_seen) if !*is_seen => *is_seen = true,
                    _ => continue,
                }
            }
            match next.get(id.0 as usize).and_then(|next| next.get(position)) {
                Some(following) => stack.extend([(id, position + 1), (*following, 0)]),
                None => left.push(id),
            }
        }
    }
    left.reverse();
    left
}

/// Marks what can be reached from `start`.
fn reach(start: PackageId, next: &[Vec<PackageId>], reached: &mut [bool]) {
    let mut queue = VecDeque::from([start]);
    while let Some(id) = queue.pop_front() {
        match reached.get_mut(id.0 as usize) {
            Some(is_reached) if !*is_reached => *is_reached = true,
            _ => continue,
        }
        queue.extend(next.get(id.0 as usize).into_iter().flatten());
    }
}

/// Flags the packages to which only edges of certain kinds lead, where the SBOM states such edges.
fn flag(inventory: &mut Inventory, is_such: fn(EdgeKind) -> bool, set: fn(&mut Package)) {
    if !inventory.edges.iter().any(|edge| is_such(edge.kind)) {
        return;
    }
    let next = neighbours(inventory, |kind| !is_such(kind));
    let mut reached = vec![false; inventory.packages.len()];
    reach(ROOT, &next, &mut reached);
    for (package, is_reached) in inventory.packages.iter_mut().zip(reached) {
        if !is_reached {
            set(package);
        }
    }
}
