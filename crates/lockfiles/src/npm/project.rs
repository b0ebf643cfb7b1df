//! The manifests that belong to a lockfile: the project's own and those of its workspaces.

use vetch_model::evidence::Location;
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Package, PackageId, Role, Source};
use vetch_model::manifest::Manifest;
use vetch_model::outcome::Incomplete;

use super::listing::Listing;
use super::package_json;
use super::workspaces::{below, expand};
use crate::error::ReadError;
use crate::files::Files;

/// The manifests of one project.
#[derive(Debug, Default)]
pub(crate) struct Project {
    /// The folder of the lockfile, relative to the target.
    pub(crate) base: String,
    /// `None` if there is none, or none that can be read.
    pub(crate) root: Option<Manifest>,
    /// In order of folder.
    pub(crate) members: Vec<Member>,
    pub(crate) incomplete: Vec<Incomplete>,
}

/// A member of the workspaces.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its folder, relative to the project.
    pub(crate) folder: String,
    pub(crate) manifest: Manifest,
}

/// Reads the manifests around the lockfile `file`.
pub(crate) fn read(files: &dyn Files, file: &str) -> Project {
    let base = file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let mut project = Project { base, ..Project::default() };
    let path = project.manifest_path("");
    project.root = project.keep(manifest(files, &path));
    let Some(root) = &project.root else {
        let why = "it is not there or cannot be read, so what the project asks for is inferred";
        let hint = "put the package.json beside the lockfile";
        project.incomplete.push(Incomplete::new(path.clone(), why, hint).at(Location::file(path)));
        return project;
    };
    let patterns = root.workspaces.clone();
    for folder in expand(files, &project.base.clone(), &patterns, &path, &mut project.incomplete) {
        if folder.is_empty() {
            continue;
        }
        let path = project.manifest_path(&folder);
        if let Some(manifest) = project.keep(manifest(files, &path)) {
            project.members.push(Member { folder, manifest });
        }
    }
    project
}

/// The manifest at `path`, if there is one.
pub(crate) fn manifest(files: &dyn Files, path: &str) -> Result<Option<Manifest>, ReadError> {
    let bytes = files.read(path, package_json::MAX_BYTES as u64)?;
    bytes.map(|bytes| package_json::read(&bytes, path)).transpose()
}

impl Project {
    /// Where the manifest of `folder` lies, relative to the target.
    pub(crate) fn manifest_path(&self, folder: &str) -> String {
        below(&below(&self.base, folder), "package.json")
    }

    fn keep(&mut self, read: Result<Option<Manifest>, ReadError>) -> Option<Manifest> {
        read.unwrap_or_else(|error| {
            self.incomplete.push(error.into_incomplete());
            None
        })
    }

    /// Adds the project and its members to the inventory, joined by edges; the
    /// project comes first. What the manifests hold that npm would not take is told.
    ///
    /// # Errors
    /// When there are too many.
    pub(crate) fn add(&mut self, listing: &mut Listing) -> Result<Vec<PackageId>, ReadError> {
        listing.incomplete.append(&mut self.incomplete);
        let root = own(self.root.as_ref(), String::new(), Role::Root, self.manifest_path(""));
        let root = listing.push(root)?;
        let mut ids = vec![root];
        self.tell_problems(listing, "", self.root.as_ref());
        for member in &self.members {
            let path = self.manifest_path(&member.folder);
            let id = listing.push(own(Some(&member.manifest), member.folder.clone(), Role::Workspace, path))?;
            let name = listing.inventory.package(id).name.clone();
            listing.inventory.edges.push(Edge::new(root, id, name, "", EdgeKind::Workspace));
            self.tell_problems(listing, &member.folder, Some(&member.manifest));
            ids.push(id);
        }
        Ok(ids)
    }

    /// A dependency field of a wrong type hides dependencies: that is not silence.
    fn tell_problems(&self, listing: &mut Listing, folder: &str, manifest: Option<&Manifest>) {
        let path = self.manifest_path(folder);
        for problem in manifest.into_iter().flat_map(|manifest| &manifest.problems) {
            if problem.contains("ependencies") || problem.contains("workspaces") {
                listing.report("a dependency field", problem.clone(), Location::file(path.clone()));
            }
        }
    }

    /// The manifests that were added by [`Self::add`], in the same order, with their folders.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = (&str, Option<&Manifest>)> {
        let members = self.members.iter().map(|member| (member.folder.as_str(), Some(&member.manifest)));
        std::iter::once(("", self.root.as_ref())).chain(members)
    }
}

/// A package of the user's own.
pub(crate) fn own(manifest: Option<&Manifest>, folder: String, role: Role, file: String) -> Package {
    let name = manifest.and_then(|manifest| manifest.name.clone()).unwrap_or_default();
    let version = manifest.and_then(|manifest| manifest.version.as_deref());
    Package {
        role,
        source: Source::Folder { path: folder.clone() },
        path: folder,
        platform: manifest.map(|manifest| manifest.platform.clone()).unwrap_or_default(),
        declared_at: Some(Location::file(file)),
        ..Package::new(Ecosystem::Npm, name, version)
    }
}
