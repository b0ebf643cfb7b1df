//! Installed Python environments: virtual ones, and any `site-packages` or `dist-packages`.
//!
//! Each distribution says what it asks for ([`metadata`]) and where it came from
//! ([`distribution`]); names resolve inside one `site-packages` first, then in the
//! others of the target. Markers are kept as conditions: the environment that would
//! decide them is not asked.
//! Formats: <https://packaging.python.org/en/latest/specifications/recording-installed-packages/>.

mod distribution;
mod folders;
pub(in crate::installed) mod metadata;

use std::collections::HashMap;

use vetch_model::evidence::Location;
use vetch_model::inventory::{Edge, EdgeKind, Inventory, PackageId, Role, Source, Unresolved};
use vetch_model::outcome::Outcome;
use vetch_model::purl::normalised;

use self::distribution::Distribution;
use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::Files;
use crate::format::{Format, Reading};
use crate::npm::package_lock::{LockfileNote, LockfileNoteKind};
use crate::python::gaps::Gaps;
use crate::python::source::archive_name;
use crate::python::{build, marker, requirement};

/// Most distributions of one target.
const MAX_DISTRIBUTIONS: usize = 100_000;

const REINSTALL: &str = "install the distribution again";

/// Reads an environment: `folder` is a virtual environment, its `pyvenv.cfg`, or a
/// `site-packages` folder, relative to the target.
///
/// # Errors
/// When nothing installed is found there, or it cannot be listed.
pub fn read_in(files: &dyn Files, folder: &str) -> Result<Outcome<Reading>, ReadError> {
    let folder = match folder.strip_suffix("pyvenv.cfg") {
        Some(before) => before.trim_end_matches('/'),
        None => folder.trim_end_matches('/'),
    };
    let folders::Found { sites, is_cut } = folders::find(files, folder)?;
    if sites.is_empty() {
        let location = Location::file(folder);
        let hint = "name a virtual environment or a site-packages folder; install the dependencies first";
        return Err(ReadError::new(ReadErrorKind::NotFound, location, "no Python environment lies there", hint));
    }
    let mut reader = Reader::new(folder);
    if is_cut {
        let why = "it has more folders than are looked into";
        reader.gaps.tell("the rest", why, "scan each environment on its own", Location::file(folder));
    }
    for (index, site) in sites.iter().enumerate() {
        reader.read_site(files, site, index)?;
    }
    reader.connect();
    reader.connect_root();
    let Reader { inventory, notes, gaps, .. } = reader;
    let reading = Reading { format: Format::SitePackages, format_version: String::new(), inventory, notes };
    Ok(Outcome { value: reading, incomplete: gaps.finish(folder, REINSTALL) })
}

/// A distribution that is part of the inventory.
struct Installed {
    id: PackageId,
    /// Of its `site-packages`.
    site: usize,
    requires: Vec<(String, Location)>,
    is_requested: bool,
    notes_requests: bool,
}

struct Reader {
    inventory: Inventory,
    root: PackageId,
    installed: Vec<Installed>,
    /// By `site-packages` and name: the first of several counts, as for Python.
    by_name: HashMap<(usize, String), PackageId>,
    /// By name in any `site-packages`.
    anywhere: HashMap<String, PackageId>,
    notes: Vec<LockfileNote>,
    gaps: Gaps,
}

impl Reader {
    fn new(folder: &str) -> Reader {
        let mut inventory = Inventory { file: folder.to_owned(), ..Inventory::default() };
        let root = inventory.push(build::root(None, None, Location::file(folder)));
        Reader {
            inventory,
            root,
            installed: Vec::new(),
            by_name: HashMap::new(),
            anywhere: HashMap::new(),
            notes: Vec::new(),
            gaps: Gaps::default(),
        }
    }

    fn read_site(&mut self, files: &dyn Files, site: &str, index: usize) -> Result<(), ReadError> {
        let listed = files.list(site)?;
        for entry in &listed {
            if self.installed.len() >= MAX_DISTRIBUTIONS {
                let problem = format!("more than {MAX_DISTRIBUTIONS} distributions are installed");
                let location = Location::file(site);
                return Err(ReadError::new(ReadErrorKind::TooLarge, location, problem, "scan a part of it"));
            }
            if let Some(distribution) = distribution::read(files, site, entry, &mut self.gaps) {
                self.add(distribution, index);
            }
        }
        for entry in &listed {
            self.add_editable(site, &entry.name, index);
        }
        Ok(())
    }

    fn add(&mut self, distribution: Distribution, site: usize) {
        let Distribution { package, requires, is_requested, notes_requests } = distribution;
        let (name, path) = (package.name.clone(), package.path.clone());
        let id = self.inventory.push(package);
        self.installed.push(Installed { id, site, requires, is_requested, notes_requests });
        self.anywhere.entry(name.clone()).or_insert(id);
        match self.by_name.get(&(site, name.clone())) {
            Some(first) => self.notes.push(LockfileNote {
                kind: LockfileNoteKind::DuplicateKey,
                package: Some(id),
                field: name,
                found: path.clone(),
                expected: Some(self.inventory.package(*first).path.clone()),
                location: Location::file(path),
            }),
            None => {
                self.by_name.insert((site, name), id);
            }
        }
    }

    /// `__editable__.name-1.0.pth` of a distribution that has no metadata.
    fn add_editable(&mut self, site: &str, file: &str, index: usize) {
        let Some(stem) = file.strip_prefix("__editable__.").and_then(|rest| rest.strip_suffix(".pth")) else { return };
        let named = archive_name(&format!("{stem}.whl"));
        let (name, version) = match &named {
            Some((name, version)) => (name.as_str(), Some(version.as_str())),
            None => (stem, None),
        };
        if self.by_name.contains_key(&(index, normalised(name))) {
            return;
        }
        let path = if site.is_empty() { file.to_owned() } else { format!("{site}/{file}") };
        let mut package = build::root(Some(name), version, Location::file(path.as_str()));
        package.role = Role::Workspace;
        package.source = Source::Unknown { text: String::new() };
        package.path.clone_from(&path);
        let why = "it makes a project importable of which no metadata are there";
        self.gaps.tell(&format!("`{}`", short(file)), why, REINSTALL, Location::file(path));
        let none = Distribution { package, requires: Vec::new(), is_requested: true, notes_requests: false };
        self.add(none, index);
    }

    /// Edges between the distributions.
    fn connect(&mut self) {
        for installed in &mut self.installed {
            for (text, place) in std::mem::take(&mut installed.requires) {
                let Some(wanted) = requirement::parse(&text) else {
                    let why = format!("`{}` names no project", short(&text));
                    self.gaps.tell("a dependency", why, REINSTALL, place);
                    continue;
                };
                for fault in &wanted.faults {
                    let what = format!("the dependency `{}`", short(&text));
                    self.gaps.tell(&what, fault.as_str(), REINSTALL, place.clone());
                }
                let to = self.by_name.get(&(installed.site, wanted.name.clone()));
                let to = to.or_else(|| self.anywhere.get(&wanted.name)).copied();
                let of_extra = wanted.marker.is_some_and(|marker| !marker::extras(marker).is_empty());
                let kind = if of_extra { EdgeKind::Optional } else { EdgeKind::Production };
                let name = match wanted.extras.as_slice() {
                    [] => wanted.name.clone(),
                    extras => format!("{}[{}]", wanted.name, extras.join(",")),
                };
                match to {
                    // `name[all]` that asks for `name[part]`.
                    Some(to) if to == installed.id => {}
                    Some(to) => {
                        let mut edge = Edge::new(installed.id, to, name, wanted.range(), kind);
                        edge.condition = wanted.marker.map(str::to_owned);
                        self.inventory.edges.push(edge);
                    }
                    // Nobody may have asked for the extra.
                    None if of_extra => {}
                    None => {
                        let (kind, range) = match wanted.marker {
                            // The marker may not hold here.
                            Some(marker) => (EdgeKind::Optional, format!("{} ; {marker}", wanted.range())),
                            None => (EdgeKind::Production, wanted.range()),
                        };
                        self.inventory.unresolved.push(Unresolved { from: installed.id, name, range, kind });
                    }
                }
            }
        }
    }

    /// Edges from the environment: to what the user asked for, then to what no edge leads to.
    fn connect_root(&mut self) {
        let mut next: HashMap<PackageId, Vec<PackageId>> = HashMap::new();
        let mut is_asked = vec![false; self.inventory.packages.len()];
        for edge in &self.inventory.edges {
            next.entry(edge.from).or_default().push(edge.to);
            if let Some(asked) = is_asked.get_mut(edge.to.0 as usize) {
                *asked = true;
            }
        }
        let mut is_reached = vec![false; self.inventory.packages.len()];
        // What the user asked for, what nobody asks for, what only asks in circles.
        let is_asked = |one: &Installed| is_asked.get(one.id.0 as usize) == Some(&true);
        let (requested, rest): (Vec<&Installed>, Vec<&Installed>) =
            self.installed.iter().partition(|one| one.is_requested);
        let (circles, tops): (Vec<&Installed>, Vec<&Installed>) = rest.into_iter().partition(|one| is_asked(one));
        for installed in requested.into_iter().chain(tops).chain(circles) {
            if !installed.is_requested && is_reached.get(installed.id.0 as usize) == Some(&true) {
                continue;
            }
            // Where requests are noted, what is not is left over from something that is gone.
            let is_left = !installed.is_requested && installed.notes_requests;
            let kind = if is_left { EdgeKind::Extraneous } else { EdgeKind::Production };
            let name = self.inventory.package(installed.id).name.clone();
            self.inventory.edges.push(Edge::new(self.root, installed.id, name, "", kind));
            let mut open = vec![installed.id];
            while let Some(id) = open.pop() {
                match is_reached.get_mut(id.0 as usize) {
                    Some(reached) if !*reached => *reached = true,
                    _ => continue,
                }
                open.extend(next.get(&id).into_iter().flatten());
            }
        }
    }
}
