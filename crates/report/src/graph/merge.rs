//! Packages of one release as one: its places, files and groups together.

use std::collections::HashMap;

use vetch_model::inventory::{Ecosystem, Package, PackageId, Role, Source};
use vetch_model::{Location, Purl};

use super::MapView;
use super::types::{Declared, GraphPackage, GraphSource};
use super::words::public;

/// Entries compared with, at most: more sources of one release, or more hashes of it, than
/// any honest file has are listed without a look for repetitions.
const MAX_COMPARED: usize = 256;

/// Releases, and which one each package belongs to.
pub(super) struct Merged {
    pub(super) packages: Vec<GraphPackage>,
    /// By package: index into `packages`.
    of: Vec<usize>,
}

impl Merged {
    /// Merges packages of the same purl, role and source. A link counts to its folder.
    pub(super) fn new(view: &MapView<'_>) -> Merged {
        let count = view.inventory.packages.len();
        let mut merged = Merged { packages: Vec::with_capacity(count), of: vec![0; count] };
        let mut by_purl: HashMap<Purl, Vec<(usize, Source)>> = HashMap::with_capacity(count);
        // Folders before the links to them, which only add to theirs.
        for id in view.graph.packages() {
            let package = view.inventory.package(id);
            let known = by_purl.entry(package.purl()).or_default();
            let role = role(package.role);
            let same = known.iter_mut().take(MAX_COMPARED).position(|(at, source)| {
                merged.packages.get(*at).is_some_and(|other| other.role == role) && joined(source, &package.source)
            });
            let at = match same.and_then(|same| known.get(same)) {
                Some((at, _)) => *at,
                None => {
                    let at = merged.packages.len();
                    merged.packages.push(blank(package, known.len()));
                    known.push((at, package.source.clone()));
                    at
                }
            };
            merged.of[id.0 as usize] = at;
            if let Some(entry) = merged.packages.get_mut(at) {
                add(entry, package, view.graph.depth(id));
            }
        }
        for (id, package) in view.inventory.iter() {
            let folder = view.graph.folder_of(id);
            if folder != id {
                let at = merged.index(folder);
                merged.of[id.0 as usize] = at;
                if let Some(entry) = merged.packages.get_mut(at) {
                    add_place(entry, package);
                }
            }
        }
        merged
    }

    pub(super) fn index(&self, id: PackageId) -> usize {
        self.of.get(id.0 as usize).copied().unwrap_or(usize::MAX)
    }

    /// The release that a package belongs to.
    pub(super) fn of(&self, id: PackageId) -> Option<&GraphPackage> {
        self.packages.get(self.index(id))
    }
}

/// Whether two sources may be the same; what one of them leaves open is then filled in.
fn joined(known: &mut Source, other: &Source) -> bool {
    let fill = |known: &mut Option<String>, other: &Option<String>| {
        if known.is_none() {
            known.clone_from(other);
        }
    };
    let agree = |known: &Option<String>, other: &Option<String>| known.is_none() || other.is_none() || known == other;
    match (&mut *known, other) {
        (Source::Registry { url, index }, Source::Registry { url: other_url, index: other_index }) => {
            let same = agree(url, other_url) && agree(index, other_index);
            if same {
                fill(url, other_url);
                fill(index, other_index);
            }
            same
        }
        (_, Source::Unknown { text }) if text.is_empty() => true,
        (Source::Unknown { text }, _) if text.is_empty() => {
            known.clone_from(other);
            true
        }
        (known, other) => known == other,
    }
}

fn blank(package: &Package, before: usize) -> GraphPackage {
    let purl = package.purl().to_string();
    GraphPackage {
        id: if before == 0 { purl.clone() } else { format!("{purl}#{}", before + 1) },
        purl,
        name: package.name.clone(),
        version: package.version.clone(),
        ecosystem: ecosystem(&package.ecosystem),
        role: role(package.role),
        source: source(&package.source),
        groups: Vec::new(),
        integrity: Vec::new(),
        cache_checksum: None,
        declared_in: Vec::new(),
        installed_at: Vec::new(),
        aliases: Vec::new(),
        install_script: None,
        bundled: true,
        deprecated: None,
        depth: None,
    }
}

fn add(entry: &mut GraphPackage, package: &Package, depth: Option<u32>) {
    add_source(&mut entry.source, &package.source);
    if package.role == Role::Dependency {
        for group in groups(package) {
            add_new(&mut entry.groups, group);
        }
    }
    let artifacts = package.artifacts.iter().filter_map(|artifact| artifact.integrity.as_ref());
    for integrity in package.integrity.iter().chain(artifacts) {
        add_new(&mut entry.integrity, integrity.text.clone());
    }
    if entry.cache_checksum.is_none() {
        entry.cache_checksum.clone_from(&package.cache_checksum);
    }
    if let Some(alias) = &package.alias {
        add_new(&mut entry.aliases, alias.clone());
    }
    entry.install_script = match (entry.install_script, package.has_install_script) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (known, other) => known.or(other),
    };
    entry.bundled &= package.bundled;
    if entry.deprecated.is_none() {
        entry.deprecated.clone_from(&package.deprecated);
    }
    entry.depth = match (entry.depth, depth) {
        (Some(known), Some(other)) => Some(known.min(other)),
        (known, other) => known.or(other),
    };
    add_place(entry, package);
}

fn add_place(entry: &mut GraphPackage, package: &Package) {
    if let Some(location) = &package.declared_at {
        let declared = declared(location);
        // Places of one release come in file order, so a repetition is nearly always the last.
        if entry.declared_in.last() != Some(&declared) {
            entry.declared_in.push(declared);
        }
    }
    if !package.path.is_empty() && entry.installed_at.last() != Some(&package.path) {
        entry.installed_at.push(package.path.clone());
    }
}

fn add_source(known: &mut GraphSource, other: &Source) {
    let other = source(other);
    if known.kind == "unknown" && known.text.is_none() {
        *known = other;
    } else if known.kind == other.kind {
        known.url = known.url.take().or(other.url);
        known.index = known.index.take().or(other.index);
    }
}

/// What needs it.
fn groups(package: &Package) -> impl Iterator<Item = String> {
    let flags = [(package.dev, "development"), (package.optional, "optional"), (package.peer, "peer")];
    let is_plain = !flags.iter().any(|(is_set, _)| *is_set);
    let flags = flags.into_iter().chain([(is_plain, "production")]);
    let flags = flags.filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned());
    flags.chain(package.groups.clone())
}

fn add_new(list: &mut Vec<String>, text: String) {
    if list.len() > MAX_COMPARED || !list.contains(&text) {
        list.push(text);
    }
}

pub(super) fn declared(location: &Location) -> Declared {
    let known = |number: u32| (number > 0).then_some(number);
    Declared { file: location.file.clone(), line: known(location.line), column: known(location.column) }
}

pub(crate) fn source(source: &Source) -> GraphSource {
    let shown = |text: &str| Some(public(text).into_owned());
    let blank = |kind| GraphSource { kind, ..GraphSource::default() };
    match source {
        Source::Registry { url, index } => GraphSource {
            url: url.as_deref().and_then(shown),
            index: index.as_deref().and_then(shown),
            ..blank("registry")
        },
        Source::Git { url, commit } => GraphSource { url: shown(url), commit: commit.clone(), ..blank("git") },
        Source::Tarball { url } => GraphSource { url: shown(url), ..blank("url") },
        Source::File { path } => GraphSource { path: Some(path.clone()), ..blank("file") },
        Source::Folder { path } => GraphSource { path: Some(path.clone()), ..blank("folder") },
        Source::Unknown { text } => {
            GraphSource { text: shown(text).filter(|text| !text.is_empty()), ..blank("unknown") }
        }
    }
}

pub(super) fn ecosystem(ecosystem: &Ecosystem) -> String {
    match ecosystem {
        Ecosystem::Npm => "npm".to_owned(),
        Ecosystem::Pypi => "pypi".to_owned(),
        Ecosystem::Other(kind) => kind.clone(),
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Root => "root",
        Role::Workspace => "workspace",
        Role::Dependency => "dependency",
    }
}
