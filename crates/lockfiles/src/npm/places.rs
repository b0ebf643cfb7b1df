//! Where packages lie, and what a name means from there: the walk of Node.js up
//! the `node_modules` folders (<https://nodejs.org/api/modules.html#loading-from-node_modules-folders>).

use std::collections::HashMap;

use vetch_model::inventory::PackageId;

use crate::error::short;

/// Longest path taken as it is, in bytes (Linux's `PATH_MAX`).
const MAX_PATH: usize = 4096;

/// Deepest path taken as it is, in segments.
const MAX_SEGMENTS: usize = 128;

/// A folder in [`Places`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DirId(u32);

impl DirId {
    /// The project folder.
    pub(crate) const ROOT: DirId = DirId(0);
}

/// The folders that packages lie in. Paths are taken apart once and names are
/// interned, so that a look-up costs one step per enclosing folder, however long it is called.
#[derive(Debug)]
pub(crate) struct Places {
    parents: Vec<Option<DirId>>,
    names: HashMap<String, u32>,
    children: HashMap<(DirId, u32), DirId>,
    installed: HashMap<(DirId, u32), PackageId>,
}

impl Places {
    pub(crate) fn new() -> Places {
        Places { parents: vec![None], names: HashMap::new(), children: HashMap::new(), installed: HashMap::new() }
    }

    /// Adds the package at `path`; a path without sense gets a place that resolves to nothing.
    pub(crate) fn add(&mut self, path: &str, id: PackageId) -> DirId {
        if path.len() > MAX_PATH || path.split('/').count() > MAX_SEGMENTS {
            return self.new_folder(None);
        }
        if let Some((host, name)) = installed_as(path) {
            let host = self.folder(host);
            let name = self.intern(name);
            self.installed.insert((host, name), id);
        }
        self.folder(path)
    }

    /// The package that `name` means in `from`.
    pub(crate) fn resolve(&self, from: DirId, name: &str) -> Option<PackageId> {
        let name = *self.names.get(name)?;
        let mut at = Some(from);
        while let Some(dir) = at {
            if let Some(found) = self.installed.get(&(dir, name)) {
                return Some(*found);
            }
            at = self.parents.get(dir.0 as usize).copied().flatten();
        }
        None
    }

    fn folder(&mut self, path: &str) -> DirId {
        let mut dir = DirId::ROOT;
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let key = (dir, self.intern(segment));
            dir = match self.children.get(&key) {
                Some(child) => *child,
                None => {
                    // What lies outside of the project does not see the project's packages.
                    let child = self.new_folder((segment != "..").then_some(dir));
                    self.children.insert(key, child);
                    child
                }
            };
        }
        dir
    }

    fn new_folder(&mut self, parent: Option<DirId>) -> DirId {
        self.parents.push(parent);
        DirId(self.parents.len() as u32 - 1)
    }

    fn intern(&mut self, name: &str) -> u32 {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let next = self.names.len() as u32;
        self.names.insert(name.to_owned(), next);
        next
    }
}

/// For `…/node_modules/<name>`: the folder before it and the name.
pub(crate) fn installed_as(path: &str) -> Option<(&str, &str)> {
    let (host, name) = match path.rsplit_once("/node_modules/") {
        Some(parts) => parts,
        None => ("", path.strip_prefix("node_modules/")?),
    };
    let is_name = match name.split_once('/') {
        Some((scope, bare)) => scope.starts_with('@') && !bare.is_empty() && !bare.contains('/'),
        None => !name.is_empty(),
    };
    is_name.then_some((host, name))
}

/// Whether a path leads into some `node_modules`.
pub(crate) fn is_inside_node_modules(path: &str) -> bool {
    path.split('/').any(|segment| segment == "node_modules")
}

/// The name that a path suggests: its last segment, with the scope before it.
pub(crate) fn name_from_path(path: &str) -> &str {
    if let Some((_, name)) = installed_as(path) {
        return name;
    }
    let mut slashes = path.rmatch_indices('/').map(|(index, _)| index);
    let last = slashes.next().map_or(0, |index| index + 1);
    let scoped = slashes.next().map_or(0, |index| index + 1);
    let start = if last > 0 && path.get(scoped..).is_some_and(|rest| rest.starts_with('@')) { scoped } else { last };
    path.get(start..).unwrap_or_default()
}

/// What is wrong with a path that should stay inside the project, in words.
pub(crate) fn path_fault(path: &str) -> Option<&'static str> {
    if path.len() > MAX_PATH || path.split('/').count() > MAX_SEGMENTS {
        return Some("the path is longer than any file system allows");
    }
    let has_drive = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if path.starts_with('/') || path.contains('\\') || has_drive {
        return Some("the path is absolute, or one of Windows");
    }
    if path.split('/').any(|segment| segment == "..") {
        return Some("the path leads out of the project");
    }
    if path.split('/').any(|segment| segment.is_empty() || segment == ".") {
        return Some("the path is not in its plain form");
    }
    path.contains('\0').then_some("the path holds a NUL character")
}

/// A path that can lead nowhere: what makes it dangerous is percent-encoded.
/// `index` keeps paths apart that are cut short.
pub(crate) fn sanitised(path: &str, index: usize) -> String {
    let cut = short(path);
    let mut safe = String::with_capacity(cut.len() + 8);
    for (position, segment) in cut.split('/').enumerate() {
        if position > 0 {
            safe.push('/');
        }
        match segment {
            "" => safe.push('%'),
            "." => safe.push_str("%2e"),
            ".." => safe.push_str("%2e%2e"),
            _ => safe.push_str(&segment.replace('\\', "%5c").replace(':', "%3a").replace('\0', "%00")),
        }
    }
    if cut.len() < path.len() {
        safe.push_str(&format!("~{index}"));
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_paths() {
        for (path, name) in [
            ("node_modules/a", "a"),
            ("node_modules/a/node_modules/@s/b", "@s/b"),
            ("packages/a", "a"),
            ("packages/@s/a", "@s/a"),
            ("@s/a", "@s/a"),
            ("@a", "@a"),
            ("a", "a"),
            ("", ""),
        ] {
            assert_eq!(name_from_path(path), name, "{path}");
        }
        assert_eq!(installed_as("node_modules/a/lib"), None);
        assert_eq!(installed_as("packages/a/node_modules/b"), Some(("packages/a", "b")));
    }

    #[test]
    fn names_resolve_as_node_does() {
        let mut places = Places::new();
        let top = places.add("node_modules/a", PackageId(1));
        let nested = places.add("node_modules/a/node_modules/b", PackageId(2));
        places.add("node_modules/b", PackageId(3));
        let workspace = places.add("packages/w", PackageId(4));
        let outside = places.add("../out", PackageId(5));
        assert_eq!(places.resolve(top, "b"), Some(PackageId(2)));
        assert_eq!(places.resolve(nested, "b"), Some(PackageId(2)));
        assert_eq!(places.resolve(nested, "a"), Some(PackageId(1)));
        assert_eq!(places.resolve(DirId::ROOT, "b"), Some(PackageId(3)));
        assert_eq!(places.resolve(workspace, "b"), Some(PackageId(3)));
        assert_eq!(places.resolve(outside, "b"), None);
        assert_eq!(places.resolve(top, "../b"), None);
    }

    #[test]
    fn sanitised_paths_lead_nowhere() {
        let long = format!("node_modules/{}", "x".repeat(5000));
        for path in ["../../etc", "/etc", "node_modules/../x", "C:\\x", "a//b", "./a", "a\0b", long.as_str()] {
            assert!(path_fault(path).is_some(), "{path}");
            assert_eq!(path_fault(&sanitised(path, 7)), None, "{path}");
        }
        for path in ["node_modules/@a/b", "packages/a b", "__proto__"] {
            assert_eq!(path_fault(path), None, "{path}");
        }
    }
}
