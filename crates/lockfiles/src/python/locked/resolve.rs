//! From "who asks for what" to edges.

use std::borrow::Cow;
use std::collections::HashMap;

use vetch_model::inventory::{Edge, EdgeKind, Inventory, PackageId, Unresolved};
use vetch_model::purl::normalised;

use super::requirement::satisfies;
use super::{both, in_extra, in_group};

/// What in the asking package a dependency belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::python) enum Part<'d> {
    /// The package as such.
    Main,
    /// One of its extras.
    Extra(&'d str),
    /// One of its dependency groups.
    Group(&'d str),
}

impl Part<'_> {
    /// The kind of edge that it makes.
    pub(in crate::python) fn kind(self) -> EdgeKind {
        match self {
            Part::Main => EdgeKind::Production,
            Part::Extra(_) => EdgeKind::Optional,
            Part::Group(_) => EdgeKind::Development,
        }
    }

    fn condition(self) -> Option<String> {
        match self {
            Part::Main => None,
            Part::Extra(extra) => Some(in_extra(extra)),
            Part::Group(group) => Some(in_group(group)),
        }
    }
}

/// One dependency as it is declared.
#[derive(Debug, Clone)]
pub(in crate::python) struct Want<'d> {
    pub(in crate::python) from: PackageId,
    pub(in crate::python) part: Part<'d>,
    pub(in crate::python) name: &'d str,
    pub(in crate::python) range: Cow<'d, str>,
    pub(in crate::python) marker: Option<Cow<'d, str>>,
    /// Extras asked for.
    pub(in crate::python) extras: Vec<&'d str>,
    /// The version that the lockfile itself names for it.
    pub(in crate::python) version: Option<&'d str>,
    /// The very package, where the lockfile names it beyond doubt.
    pub(in crate::python) to: Option<PackageId>,
    /// Where several extras share it: all of them.
    pub(in crate::python) alternatives: Vec<&'d str>,
    /// It may be missing: a marker or an extra may leave it out.
    pub(in crate::python) may_be_missing: bool,
}

impl<'d> Want<'d> {
    /// A plain wish: no marker, no extras, nothing that the lockfile tells besides.
    pub(in crate::python) fn new(
        from: PackageId,
        part: Part<'d>,
        name: &'d str,
        range: impl Into<Cow<'d, str>>,
    ) -> Want<'d> {
        Want {
            from,
            part,
            name,
            range: range.into(),
            marker: None,
            extras: Vec::new(),
            version: None,
            to: None,
            alternatives: Vec::new(),
            may_be_missing: false,
        }
    }
}

impl Want<'_> {
    /// What asks for it, besides the marker; poetry's markers tell the extra themselves.
    fn condition(&self) -> Option<String> {
        let condition = match self.alternatives.as_slice() {
            [] => self.part.condition()?,
            extras => extras.iter().map(|extra| in_extra(extra)).collect::<Vec<_>>().join(" or "),
        };
        let is_told = self.marker.as_deref().is_some_and(|marker| marker.contains(&condition));
        (!is_told).then_some(condition)
    }
}

/// An edge in terms of what of the two packages it joins.
#[derive(Debug, Clone)]
pub(in crate::python) struct Link<'d> {
    pub(in crate::python) from: PackageId,
    pub(in crate::python) part: Part<'d>,
    pub(in crate::python) to: PackageId,
    pub(in crate::python) extras: Vec<&'d str>,
}

/// Packages by normalised name.
#[derive(Debug, Default)]
pub(in crate::python) struct Names {
    by_name: HashMap<String, Vec<PackageId>>,
}

impl Names {
    pub(in crate::python) fn of(inventory: &Inventory) -> Names {
        let mut by_name: HashMap<String, Vec<PackageId>> = HashMap::with_capacity(inventory.packages.len());
        for (id, package) in inventory.iter().filter(|(_, package)| !package.name.is_empty()) {
            by_name.entry(package.name.clone()).or_default().push(id);
        }
        Names { by_name }
    }

    /// Every package of this name.
    pub(in crate::python) fn all(&self, name: &str) -> &[PackageId] {
        match self.by_name.get(name) {
            Some(found) => found,
            // Lockfiles mostly write names in their normal form.
            None => self.by_name.get(&normalised(name)).map(Vec::as_slice).unwrap_or_default(),
        }
    }
}

/// Adds the edges of all `wants`. Of several packages of one name all that the
/// range and the named version allow are taken: which of them a machine gets, its markers decide.
pub(in crate::python) fn connect<'d>(inventory: &mut Inventory, names: &Names, wants: Vec<Want<'d>>) -> Vec<Link<'d>> {
    let mut links = Vec::with_capacity(wants.len());
    for want in wants {
        let found = candidates(inventory, names.all(want.name), &want);
        if found.is_empty() && !want.may_be_missing {
            let (name, range) = (normalised(want.name), want.range.to_string());
            inventory.unresolved.push(Unresolved { from: want.from, name, range, kind: want.part.kind() });
        }
        for to in found {
            // An extra of a package may ask for other extras of the same package.
            if to != want.from {
                let name = inventory.package(to).name.clone();
                let condition = both(want.marker.as_deref(), want.condition());
                let edge = Edge::new(want.from, to, name, want.range.as_ref(), want.part.kind());
                inventory.edges.push(Edge { condition, ..edge });
            }
            links.push(Link { from: want.from, part: want.part, to, extras: want.extras.clone() });
        }
    }
    links
}

/// Most packages of one name that a dependency is held against.
const MAX_CANDIDATES: usize = 64;

fn candidates(inventory: &Inventory, all: &[PackageId], want: &Want<'_>) -> Vec<PackageId> {
    if let Some(exact) = want.to {
        return vec![exact];
    }
    let version_of = |id: &PackageId| inventory.package(*id).version.as_deref();
    if let Some(version) = want.version {
        return all.iter().take(MAX_CANDIDATES).filter(|id| version_of(id) == Some(version)).copied().collect();
    }
    if all.len() < 2 {
        return all.to_vec();
    }
    let all = all.get(..MAX_CANDIDATES).unwrap_or(all);
    let is_allowed =
        |id: &&PackageId| version_of(id).and_then(|version| satisfies(&want.range, version)) != Some(false);
    let allowed: Vec<PackageId> = all.iter().filter(is_allowed).copied().collect();
    if allowed.is_empty() { all.to_vec() } else { allowed }
}
