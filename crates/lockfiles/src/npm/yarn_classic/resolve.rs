//! Which entry answers which `name@range`.

use std::collections::HashMap;

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Edge, EdgeKind, PackageId, Unresolved};

use super::entry::Locked;
use crate::error::short;
use crate::files::Files;
use crate::json::{Limits, parse};
use crate::npm::dependencies::effective;
use crate::npm::edges::infer_edges_to;
use crate::npm::listing::{Listing, split_name};
use crate::npm::package_json;
use crate::npm::project::Project;

/// The entries and the user's own packages, by what they are asked for with.
#[derive(Debug)]
pub(super) struct Resolver<'p, 'e, 'a> {
    project: &'p Project,
    own: &'p [PackageId],
    entries: &'e [Locked<'e, 'a>],
    descriptors: HashMap<(&'e str, &'e str), PackageId>,
    /// Entries by installed name.
    names: HashMap<&'e str, Vec<PackageId>>,
    /// Members of the workspaces by name.
    members: HashMap<String, PackageId>,
    /// `resolutions`: the last name of the pattern, and the range that is forced on it.
    forced: Vec<(String, String)>,
}

impl<'p, 'e, 'a> Resolver<'p, 'e, 'a> {
    /// Indexes what is there; descriptors that stand twice are told.
    pub(super) fn new(
        project: &'p Project,
        own: &'p [PackageId],
        entries: &'e [Locked<'e, 'a>],
        listing: &mut Listing,
        place: &dyn Fn(Span) -> Location,
    ) -> Resolver<'p, 'e, 'a> {
        let mut descriptors: HashMap<(&str, &str), PackageId> = HashMap::with_capacity(entries.len() * 2);
        let mut names: HashMap<&str, Vec<PackageId>> = HashMap::with_capacity(entries.len());
        for locked in entries {
            for descriptor in &locked.entry.descriptors {
                let (name, range) = split_name(descriptor);
                let of_name = names.entry(name).or_default();
                if of_name.last() != Some(&locked.id) {
                    of_name.push(locked.id);
                }
                if let Some(first) = descriptors.insert((name, range), locked.id) {
                    let found = listing.inventory.package(first).label();
                    let counts = listing.inventory.package(locked.id).label();
                    let location = place(locked.entry.span);
                    listing.note_duplicate(Some(locked.id), descriptor, found, Some(counts), location.clone());
                    let why = "the descriptor stands in two entries; Yarn takes the last";
                    listing.report(&format!("`{}`", short(descriptor)), why, location);
                }
            }
        }
        let members = own.iter().map(|id| (listing.inventory.package(*id).name.clone(), *id));
        let members = members.filter(|(name, id)| !name.is_empty() && id.0 > 0).collect();
        Resolver { project, own, entries, descriptors, names, members, forced: Vec::new() }
    }

    /// Adds every edge, and tells of what nothing answers.
    pub(super) fn connect(mut self, files: &dyn Files, listing: &mut Listing, place: &dyn Fn(Span) -> Location) {
        self.forced = forced(files, self.project, listing);
        for ((folder, manifest), from) in self.project.manifests().zip(self.own) {
            let file = self.project.manifest_path(folder);
            for want in manifest.map(|manifest| effective(&manifest.dependencies, true)).unwrap_or_default() {
                let at = || Location { file: file.clone(), line: want.line, column: 0, span: want.span };
                self.ask(listing, *from, (&want.name, &want.range, want.kind), &at);
            }
        }
        for locked in self.entries {
            for (pair, kind) in &locked.wants {
                self.ask(listing, locked.id, (&pair.key, &pair.value, *kind), &|| place(pair.span));
            }
        }
        let Some(root) = self.own.first().filter(|_| self.project.root.is_none()) else { return };
        let tops = self.entries.iter().map(|locked| locked.id).collect();
        infer_edges_to(&mut listing.inventory, *root, tops);
    }

    fn ask(&self, listing: &mut Listing, from: PackageId, want: (&str, &str, EdgeKind), at: &dyn Fn() -> Location) {
        let (name, range, kind) = want;
        let found = match kind {
            // Yarn 1 locks no peers: whatever is there has to do.
            EdgeKind::Peer | EdgeKind::PeerOptional => self.peer(name),
            _ => self.answer(name, range),
        };
        match found {
            Some(to) => listing.inventory.edges.push(Edge::new(from, to, name, range, kind)),
            None if matches!(kind, EdgeKind::PeerOptional) => {}
            None if kind == EdgeKind::Optional => {
                let (name, range) = (name.to_owned(), range.to_owned());
                listing.inventory.unresolved.push(Unresolved { from, name, range, kind });
            }
            None => listing.missing(from, name, range, kind, Some(at())),
        }
    }

    fn answer(&self, name: &str, range: &str) -> Option<PackageId> {
        let exact = |range: &str| self.descriptors.get(&(name, range)).copied();
        exact(range)
            .or_else(|| exact(range.trim()))
            .or_else(|| self.members.get(name).copied())
            .or_else(|| self.forced.iter().filter(|(forced, _)| forced == name).find_map(|(_, range)| exact(range)))
    }

    /// The one package of this name, or the one that the project itself asks for.
    fn peer(&self, name: &str) -> Option<PackageId> {
        let found = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        if let ([only], None) = (found, self.members.get(name)) {
            return Some(*only);
        }
        let root = self.project.root.as_ref()?;
        let asked = root.dependencies.iter().find(|want| want.name == name && want.kind != EdgeKind::Peer);
        let asked = asked.and_then(|want| self.answer(name, &want.range));
        asked.or_else(|| self.members.get(name).copied())
    }
}

/// `resolutions` of the root: `**/a/b` forces `b`.
/// <https://classic.yarnpkg.com/lang/en/docs/selective-version-resolutions/>
fn forced(files: &dyn Files, project: &Project, listing: &mut Listing) -> Vec<(String, String)> {
    let path = project.manifest_path("");
    let Ok(Some(bytes)) = files.read(&path, package_json::MAX_BYTES as u64) else { return Vec::new() };
    let limits = Limits { bytes: package_json::MAX_BYTES, values: 1_000_000 };
    // That it can be read was seen when the project was.
    let Ok(document) = parse(&bytes, &path, limits, "") else { return Vec::new() };
    let Some(value) = document.root.as_object().and_then(|object| object.get("resolutions")) else {
        return Vec::new();
    };
    let Some(object) = value.as_object() else {
        let why = format!("it is {}, not an object", value.type_name());
        listing.report("`resolutions`", why, document.location(value.span));
        return Vec::new();
    };
    let mut forced = Vec::new();
    for member in &object.members {
        match member.value.as_str() {
            Some(range) => forced.push((last_name(&member.key).to_owned(), range.to_owned())),
            None => {
                let why = format!("it is {}, not a string", member.value.type_name());
                listing.report(&format!("`resolutions.{}`", member.key), why, document.location(member.span));
            }
        }
    }
    forced
}

/// The package that a pattern ends in, with its scope.
fn last_name(pattern: &str) -> &str {
    let Some((before, last)) = pattern.rsplit_once('/') else { return pattern };
    let scope = before.rsplit('/').next().unwrap_or_default();
    if !scope.starts_with('@') {
        return last;
    }
    pattern.get(before.len() - scope.len()..).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::last_name;

    #[test]
    fn patterns_end_in_a_name() {
        for (pattern, name) in
            [("a", "a"), ("**/a", "a"), ("x/**/a", "a"), ("@s/a", "@s/a"), ("x/@s/a", "@s/a"), ("@s/x/a", "a")]
        {
            assert_eq!(last_name(pattern), name, "{pattern}");
        }
    }
}
