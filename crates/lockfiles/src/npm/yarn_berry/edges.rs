//! From descriptors to edges.

use std::collections::HashMap;

use vetch_model::evidence::Span;
use vetch_model::inventory::{Edge, EdgeKind, PackageId, Role, Unresolved};
use vetch_model::manifest::Manifest;

use super::descriptor::{as_declared, encoded, normalised, patched, split};
use super::overrides::Overrides;
use super::peers::{self, Peer};
use super::{Entry, Index, Reader, descriptors};
use crate::error::short;
use crate::files::beside;
use crate::npm::dependencies::{Problem, effective};
use crate::npm::entries::Fields;

/// Name, range as the lockfile has it, range as declared, kind.
type Want = (String, String, String, EdgeKind);

/// Adds every edge.
pub(super) fn connect<'d>(reader: &mut Reader<'d, '_>, entries: &[Entry<'d, '_>]) {
    let index = index(entries);
    let overrides = overrides(reader);
    let root = entries.iter().find(|entry| entry.reference == "workspace:.");
    let root = root.map_or_else(String::new, |entry| format!("{}@{}", entry.name, entry.reference));
    link_workspaces(reader, entries);
    let mut all_peers = HashMap::new();
    for entry in entries {
        let resolver = Resolver { index: &index, overrides: &overrides, root: &root, entry };
        connect_entry(reader, &resolver);
        let peers = read_peers(entry);
        if !peers.is_empty() {
            all_peers.insert(entry.id, peers);
        }
    }
    if !peers::connect(&mut reader.report.inventory, &all_peers) {
        let why = "it declares more peer dependencies than any honest lockfile; some were not resolved";
        reader.report.tell("peer dependencies", Problem::new(Span::default(), why));
    }
}

fn index<'d>(entries: &[Entry<'d, '_>]) -> Index<'d> {
    let mut index = Index::default();
    for entry in entries {
        for descriptor in descriptors(&entry.member.key) {
            index.by_descriptor.insert(descriptor, entry.id);
            let Some((_, range)) = split(descriptor).filter(|(_, range)| range.contains("builtin<compat/")) else {
                continue;
            };
            if let Some((name, range)) = patched(range).as_deref().and_then(split) {
                index.built_in.insert(format!("{name}@{}", normalised(range)), entry.id);
            }
        }
    }
    index
}

fn overrides(reader: &mut Reader<'_, '_>) -> Overrides {
    let manifest = beside(reader.report.stream.file, "package.json");
    let overrides = reader.manifests.extra(&manifest, Overrides::read).unwrap_or_default();
    for pattern in &overrides.not_followed {
        let text = format!("the resolution `{}` of {manifest} is not followed", short(pattern));
        reader.report.tell("resolutions", Problem::new(Span::default(), text));
    }
    overrides
}

fn link_workspaces(reader: &mut Reader<'_, '_>, entries: &[Entry<'_, '_>]) {
    for entry in entries.iter().filter(|entry| entry.reference.starts_with("workspace:")) {
        if reader.report.inventory.package(entry.id).role == Role::Workspace {
            let edge = Edge::new(PackageId(0), entry.id, entry.name, "", EdgeKind::Workspace);
            reader.report.inventory.edges.push(edge);
        }
    }
}

/// Resolves what one entry asks for.
struct Resolver<'r, 'd, 'a> {
    index: &'r Index<'d>,
    overrides: &'r Overrides,
    /// The locator of the project.
    root: &'r str,
    entry: &'r Entry<'d, 'a>,
}

impl Resolver<'_, '_, '_> {
    /// The package that answers `name@range`.
    fn resolve(&self, name: &str, range: &str) -> Option<PackageId> {
        let asker = (self.entry.name, self.entry.reference);
        match self.overrides.find(asker, name, range) {
            Some(to) => self.answer(name, to, self.root).or_else(|| self.answer(name, range, &self.locator())),
            None => self.answer(name, range, &self.locator()),
        }
    }

    fn locator(&self) -> String {
        format!("{}@{}", self.entry.name, self.entry.reference)
    }

    /// Paths are bound to who declares them: `file:x::locator=…`.
    fn answer(&self, name: &str, range: &str, locator: &str) -> Option<PackageId> {
        let built_in = self.index.built_in.get(&format!("{name}@{}", normalised(range)));
        built_in.copied().or_else(|| self.unpatched(name, range, locator))
    }

    /// The same, where no patch of Yarn's own may stand in.
    fn unpatched(&self, name: &str, range: &str, locator: &str) -> Option<PackageId> {
        let by_descriptor = &self.index.by_descriptor;
        let full = format!("{name}@{}", normalised(range));
        if let Some(found) = by_descriptor.get(full.as_str()) {
            return Some(*found);
        }
        let as_written = format!("{name}@{range}");
        if let Some(found) = by_descriptor.get(as_written.as_str()) {
            return Some(*found);
        }
        let is_bound =
            ["file:", "portal:", "link:", "exec:", "patch:", "./", "../"].iter().any(|start| range.starts_with(start));
        let bound = is_bound.then(|| format!("{as_written}::locator={}", encoded(locator)))?;
        by_descriptor.get(bound.as_str()).copied()
    }
}

fn connect_entry(reader: &mut Reader<'_, '_>, resolver: &Resolver<'_, '_, '_>) {
    let entry = resolver.entry;
    let Some(mapping) = entry.mapping else { return };
    let mut fields = Fields::of(mapping);
    let optional = fields.optional_names("dependenciesMeta");
    let mut wants: Vec<Want> = Vec::new();
    for (field, kind) in [("dependencies", EdgeKind::Production), ("optionalDependencies", EdgeKind::Optional)] {
        wants.extend(fields.pairs(field).into_iter().map(|(name, range)| {
            let kind = if optional.contains(name) { EdgeKind::Optional } else { kind };
            (name.to_owned(), range.to_owned(), as_declared(range).to_owned(), kind)
        }));
    }
    if entry.reference.starts_with("workspace:") {
        as_manifest_says(reader, entry, &mut wants);
    }
    let what = format!("`{}`", short(&entry.member.key));
    reader.report.tell_all(&what, fields.problems);
    // A patch is made of the package that it patches, which no other patch takes the place of.
    let original = patched_descriptor(entry).map(|(name, range)| {
        let found = resolver.unpatched(&name, &range, &resolver.locator());
        let declared = as_declared(&range).to_owned();
        (name, range, declared, EdgeKind::Production, found)
    });
    let wants = wants.into_iter().map(|(name, range, declared, kind)| {
        let found = resolver.resolve(&name, &range);
        (name, range, declared, kind, found)
    });
    for (name, range, declared, kind, found) in wants.chain(original) {
        match found {
            Some(to) => reader.report.inventory.edges.push(Edge::new(entry.id, to, name, declared, kind)),
            None => {
                let text = format!("it asks for `{}` as `{}`, which has no entry", short(&name), short(&range));
                reader.report.tell(&what, Problem::new(entry.member.span, text));
                let from = entry.id;
                reader.report.inventory.unresolved.push(Unresolved { from, name, range: declared, kind });
            }
        }
    }
}

/// What a patch applies to: the descriptor in its key, or else the version in its reference.
fn patched_descriptor(entry: &Entry<'_, '_>) -> Option<(String, String)> {
    let from_key = || descriptors(&entry.member.key).find_map(|descriptor| patched(split(descriptor)?.1));
    let from_reference = patched(entry.reference)?;
    let (name, range) = split(&from_reference)?;
    let (name, range) = (name.to_owned(), range.to_owned());
    let in_key = from_key().as_deref().and_then(split).map(|(name, range)| (name.to_owned(), range.to_owned()));
    Some(in_key.unwrap_or((name, range)))
}

/// Kinds and ranges as the workspace's manifest has them; the lockfile mixes
/// what is for development with the rest.
fn as_manifest_says(reader: &mut Reader<'_, '_>, entry: &Entry<'_, '_>, wants: &mut [Want]) {
    let folder = reader.report.inventory.package(entry.id).path.clone();
    let path = if folder.is_empty() { "package.json".to_owned() } else { format!("{folder}/package.json") };
    let path = beside(reader.report.stream.file, &path);
    let Some(manifest) = reader.manifests.get(&path) else {
        let text = format!("{path} is not there: what is for development only cannot be told from the rest");
        reader.report.tell(&format!("`{}`", short(&entry.member.key)), Problem::new(entry.member.span, text));
        return;
    };
    let declared = declared(manifest);
    for (name, _, range, kind) in wants.iter_mut() {
        if let Some((manifest_range, manifest_kind)) = declared.get(name.as_str()) {
            range.clone_from(manifest_range);
            *kind = *manifest_kind;
        }
    }
    let locked: std::collections::HashSet<&str> = wants.iter().map(|(name, ..)| name.as_str()).collect();
    let mut missing: Vec<_> = declared
        .into_iter()
        .filter(|(name, (_, kind))| {
            !locked.contains(name.as_str()) && !matches!(kind, EdgeKind::Peer | EdgeKind::PeerOptional)
        })
        .collect();
    missing.sort();
    for (name, (range, kind)) in missing {
        let text = format!("{path} declares `{}`, which the entry does not know", short(&name));
        reader.report.tell(&format!("`{}`", short(&entry.member.key)), Problem::new(entry.member.span, text));
        reader.report.inventory.unresolved.push(Unresolved { from: entry.id, name, range, kind });
    }
}

fn declared(manifest: &Manifest) -> HashMap<String, (String, EdgeKind)> {
    let effective = effective(&manifest.dependencies, true);
    effective.into_iter().map(|want| (want.name.clone(), (want.range.clone(), want.kind))).collect()
}

/// Declared peers; those that only `peerDependenciesMeta` names are optional ones.
fn read_peers<'d>(entry: &Entry<'d, '_>) -> Vec<Peer<'d>> {
    let Some(mapping) = entry.mapping else { return Vec::new() };
    let mut fields = Fields::of(mapping);
    let optional = fields.optional_names("peerDependenciesMeta");
    let mut found: Vec<Peer<'d>> = Vec::new();
    let declared = fields.pairs("peerDependencies");
    let named: std::collections::HashSet<&str> = declared.iter().map(|(name, _)| *name).collect();
    for (name, range) in declared {
        let kind = if optional.contains(name) { EdgeKind::PeerOptional } else { EdgeKind::Peer };
        found.push(Peer { name, range: as_declared(range), kind });
    }
    let mut unnamed: Vec<&'d str> = optional.into_iter().filter(|name| !named.contains(name)).collect();
    unnamed.sort_unstable();
    found.extend(unnamed.into_iter().map(|name| Peer { name, range: "*", kind: EdgeKind::PeerOptional }));
    found
}
