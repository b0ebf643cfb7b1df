//! `package.json` without a lockfile: what is asked for, not what would be installed.
//!
//! Every declared dependency is a package without a version, shared by all who ask
//! for the same name with the same range; the edges carry the ranges. What these
//! packages would bring along nobody has written down.

use std::collections::HashMap;

use vetch_model::evidence::Location;
use vetch_model::inventory::{Ecosystem, Edge, Package, PackageId, Role, Source};
use vetch_model::manifest::Dependency;
use vetch_model::outcome::{Incomplete, Outcome};

use super::MAX_BYTES;
use crate::error::{ReadError, short};
use crate::files::Files;
use crate::format::{Format, Reading, required};
use crate::installed::flags::set_flags;
use crate::json::Lines;
use crate::npm::dependencies::effective;
use crate::npm::listing::Listing;
use crate::npm::places::sanitised;
use crate::npm::project;
use crate::npm::range::{declared, joined};

const MEND: &str = "mend the file";

/// Reads the manifest `file` of a tree, and those of its workspaces.
///
/// # Errors
/// As [`super::read`].
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    super::read(&bytes, file)?;
    let mut listing = Listing::new(file, MEND);
    let mut project = project::read(files, file);
    let own = project.add(&mut listing)?;
    let mut asker = Asker { files, project: &project, listing: &mut listing, known: HashMap::new() };
    asker.own(&own);
    for ((folder, manifest), from) in project.manifests().zip(&own) {
        let wants = manifest.map(|manifest| effective(&manifest.dependencies, true)).unwrap_or_default();
        asker.ask(folder, *from, &wants)?;
    }
    set_flags(&mut listing.inventory);
    let is_alone = listing.inventory.packages.iter().all(|package| package.role != Role::Dependency);
    if !is_alone {
        let why = "there is no lockfile: which versions would be installed, and what they depend on, is unknown";
        let hint = "commit a lockfile, for instance with `npm install --package-lock-only`";
        listing.incomplete.push(Incomplete::new(file, why, hint).at(Location::file(file)));
    }
    Ok(listing.finish(Format::PackageJson, ""))
}

struct Asker<'p> {
    files: &'p dyn Files,
    project: &'p project::Project,
    listing: &'p mut Listing,
    /// By declared name and source or range.
    known: HashMap<(String, String), PackageId>,
}

impl Asker<'_> {
    /// Members of the workspaces answer to their names, whatever the range.
    fn own(&mut self, own: &[PackageId]) {
        for id in own.iter().skip(1) {
            let name = self.listing.inventory.package(*id).name.clone();
            if !name.is_empty() {
                self.known.insert((name, String::new()), *id);
            }
        }
    }

    fn ask(&mut self, folder: &str, from: PackageId, wants: &[&Dependency]) -> Result<(), ReadError> {
        if wants.is_empty() {
            return Ok(());
        }
        let file = self.project.manifest_path(folder);
        // Only the manifest has the columns; that it can be read was seen before.
        let bytes = self.files.read(&file, MAX_BYTES as u64)?.unwrap_or_default();
        let lines = Lines::of(&bytes);
        for want in wants {
            let location = lines.location(&file, want.span);
            let to = match self.known.get(&(want.name.clone(), String::new())).filter(|_| is_of_workspace(want)) {
                Some(member) => *member,
                None => self.package(folder, want, location)?,
            };
            let edge = Edge::new(from, to, want.name.clone(), want.range.clone(), want.kind);
            self.listing.inventory.edges.push(edge);
        }
        Ok(())
    }

    /// The package that a range declares: a new one, or that of an equal range.
    fn package(&mut self, folder: &str, want: &Dependency, location: Location) -> Result<PackageId, ReadError> {
        let found = declared(&want.name, &want.range);
        let mut package = Package {
            alias: (found.name != want.name).then(|| want.name.clone()),
            ..Package::new(Ecosystem::Npm, found.name, None)
        };
        let key = match &found.source {
            Source::Folder { path } | Source::File { path } => {
                let written = path.clone();
                let inside = joined(folder, &written);
                if inside.is_none() {
                    let why = format!("its source `{}` leads out of the project and is not read", short(&written));
                    self.listing.report(&format!("`{}`", want.name), why, location.clone());
                }
                let path = inside.unwrap_or_else(|| sanitised(&written, location.span.start as usize));
                let is_folder = matches!(found.source, Source::Folder { .. });
                if is_folder && want.range.starts_with("workspace:") {
                    let why = format!("it asks for the workspace `{}`, which is not there", short(&want.name));
                    self.listing.report(&format!("`{}`", want.name), why, location.clone());
                    package.source = Source::Unknown { text: want.range.clone() };
                } else if is_folder {
                    self.describe_folder(&mut package, &path);
                } else {
                    package.source = Source::File { path: path.clone() };
                }
                (want.name.clone(), format!("file:{path}"))
            }
            Source::Unknown { text } => {
                let why = format!("its range `{}` is no source that npm knows", short(text));
                self.listing.report(&format!("`{}`", want.name), why, location.clone());
                package.source = found.source.clone();
                (want.name.clone(), format!("range:{}", want.range))
            }
            source => {
                package.source = source.clone();
                (want.name.clone(), format!("range:{}", want.range))
            }
        };
        if let Some(id) = self.known.get(&key) {
            return Ok(*id);
        }
        package.declared_at = Some(location);
        let id = self.listing.push(package)?;
        self.known.insert(key, id);
        Ok(id)
    }

    /// A folder beside the project is the user's own code; its manifest has its version.
    fn describe_folder(&mut self, package: &mut Package, path: &str) {
        match project::manifest(self.files, &self.project.manifest_path(path)) {
            Ok(Some(manifest)) => package.version = manifest.version,
            Ok(None) => {}
            Err(error) => self.listing.incomplete.push(error.into_incomplete()),
        }
        package.role = Role::Workspace;
        package.path = path.to_owned();
        package.source = Source::Folder { path: path.to_owned() };
    }
}

/// Whether a range may be answered by a member of the workspaces: no other source is named.
fn is_of_workspace(want: &Dependency) -> bool {
    want.range.starts_with("workspace:")
        || matches!(declared(&want.name, &want.range).source, Source::Registry { .. })
            && !want.range.starts_with("npm:")
}
