//! The `package.json` files that belong to a lockfile: of the project and its members.

use std::collections::HashMap;

use vetch_model::manifest::Manifest;
use vetch_model::outcome::Incomplete;

use super::package_json;
use crate::files::Files;
use crate::json::{Limits, Value, parse};

/// Most manifests read beside one lockfile.
const MAX_MANIFESTS: usize = 20_000;

/// Manifests of a tree, each read once.
pub(crate) struct Manifests<'f> {
    files: &'f dyn Files,
    read: HashMap<String, Option<Manifest>>,
    incomplete: Vec<Incomplete>,
}

impl<'f> Manifests<'f> {
    pub(crate) fn new(files: &'f dyn Files) -> Manifests<'f> {
        Manifests { files, read: HashMap::new(), incomplete: Vec::new() }
    }

    /// The manifest at `path`, if it is there and can be read.
    pub(crate) fn get(&mut self, path: &str) -> Option<&Manifest> {
        if !self.read.contains_key(path) {
            let manifest = self.load(path);
            self.read.insert(path.to_owned(), manifest);
        }
        self.read.get(path).and_then(Option::as_ref)
    }

    fn load(&mut self, path: &str) -> Option<Manifest> {
        if self.read.len() >= MAX_MANIFESTS {
            let why = format!("more than {MAX_MANIFESTS} manifests belong to the lockfile; the rest is not read");
            if self.read.len() == MAX_MANIFESTS {
                self.incomplete.push(Incomplete::new(path, why, "scan its folders on their own"));
            }
            return None;
        }
        let bytes = self.files.read(path, package_json::MAX_BYTES as u64);
        match bytes.and_then(|bytes| bytes.map(|bytes| package_json::read(&bytes, path)).transpose()) {
            Ok(manifest) => manifest,
            Err(error) => {
                self.incomplete.push(error.into_incomplete());
                None
            }
        }
    }

    /// Name and version, as far as a manifest at `path` says them.
    pub(crate) fn identity(&mut self, path: &str) -> (String, Option<String>) {
        let manifest = self.get(path);
        let name = manifest.and_then(|manifest| manifest.name.clone()).unwrap_or_default();
        (name, manifest.and_then(|manifest| manifest.version.clone()))
    }

    /// A member of the manifest at `path` that [`Manifest`] has no field for, as `read` makes of it.
    pub(crate) fn extra<T>(&self, path: &str, read: impl FnOnce(&Value<'_>) -> Option<T>) -> Option<T> {
        let bytes = self.files.read(path, package_json::MAX_BYTES as u64).ok()??;
        let limits = Limits { bytes: package_json::MAX_BYTES, values: 1_000_000 };
        let document = parse(&bytes, path, limits, "mend the file").ok()?;
        read(&document.root)
    }

    /// The major version in `packageManager: pnpm@9.15.0`.
    pub(crate) fn package_manager_major(&self, path: &str) -> Option<u32> {
        self.extra(path, |root| {
            let text = root.as_object()?.get("packageManager")?.as_str()?;
            text.strip_prefix("pnpm@")?.split('.').next()?.parse().ok()
        })
    }

    /// What could not be read.
    pub(crate) fn finish(self) -> Vec<Incomplete> {
        self.incomplete
    }
}
