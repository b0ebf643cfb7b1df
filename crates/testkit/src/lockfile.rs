//! npm lockfiles of all three versions, written from a list of placed packages.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::package::Pkg;

/// One package at one place of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// `node_modules/a/node_modules/b`.
    pub(crate) path: String,
    pub(crate) pkg: Pkg,
    pub(crate) installed: bool,
    pub(crate) locked: bool,
    pub(crate) dev: bool,
}

/// What a lockfile is written from.
pub(crate) struct Locked<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) registry: &'a str,
    /// `dependencies`, `devDependencies` of the root.
    pub(crate) root: &'a Map<String, Value>,
    pub(crate) placed: &'a [Placed],
}

impl Locked<'_> {
    /// `package-lock.json` of this version (1, 2 or 3).
    pub(crate) fn document(&self, version: u8) -> Value {
        let mut lock =
            json!({ "name": self.name, "version": self.version, "lockfileVersion": version, "requires": true });
        if version >= 2 {
            let mut root = json!({ "name": self.name, "version": self.version });
            root.as_object_mut().expect("an object").extend(self.root.clone());
            let mut packages = Map::new();
            packages.insert(String::new(), root);
            packages.extend(self.entries(|placed| placed.locked));
            lock["packages"] = Value::Object(packages);
        }
        if version <= 2 {
            lock["dependencies"] = self.nested("");
        }
        lock
    }

    /// `node_modules/.package-lock.json`: what npm says it installed.
    pub(crate) fn hidden(&self) -> Value {
        let on_disk = |path: &str| self.placed.iter().any(|placed| placed.installed && placed.path == path);
        let packages = self.entries(|placed| placed.locked && on_disk(&placed.path));
        json!({ "name": self.name, "version": self.version, "lockfileVersion": 3, "requires": true, "packages": packages })
    }

    fn entries(&self, wanted: impl Fn(&Placed) -> bool) -> Map<String, Value> {
        let sorted: BTreeMap<&str, &Placed> =
            self.placed.iter().filter(|placed| wanted(placed)).map(|placed| (placed.path.as_str(), placed)).collect();
        sorted.into_iter().map(|(path, placed)| (path.to_owned(), self.entry(placed))).collect()
    }

    fn resolved(&self, pkg: &Pkg) -> String {
        format!("{}{}", self.registry.trim_end_matches('/'), pkg.tarball_path())
    }

    /// An entry of `packages` (versions 2 and 3).
    fn entry(&self, placed: &Placed) -> Value {
        let pkg = &placed.pkg;
        let mut entry =
            json!({ "version": pkg.version(), "resolved": self.resolved(pkg), "integrity": pkg.integrity() });
        if installed_name(&placed.path) != pkg.name() {
            entry["name"] = json!(pkg.name());
        }
        if placed.dev {
            entry["dev"] = json!(true);
        }
        if pkg.has_install_script() {
            entry["hasInstallScript"] = json!(true);
        }
        let manifest = pkg.manifest();
        let copied = [
            "license",
            "dependencies",
            "optionalDependencies",
            "peerDependencies",
            "peerDependenciesMeta",
            "bin",
            "engines",
            "os",
            "cpu",
        ];
        for field in copied {
            if let Some(value) = manifest.get(field) {
                entry[field] = value.clone();
            }
        }
        entry
    }

    /// `dependencies` of version 1: nested as the folders are.
    fn nested(&self, below: &str) -> Value {
        let prefix = if below.is_empty() { "node_modules/".to_owned() } else { format!("{below}/node_modules/") };
        let mut entries = Map::new();
        for placed in self.placed.iter().filter(|placed| placed.locked) {
            let Some(name) = placed.path.strip_prefix(&prefix).filter(|rest| !rest.contains("/node_modules/")) else {
                continue;
            };
            let pkg = &placed.pkg;
            let mut entry =
                json!({ "version": pkg.version(), "resolved": self.resolved(pkg), "integrity": pkg.integrity() });
            if name != pkg.name() {
                entry["version"] = json!(format!("npm:{}@{}", pkg.name(), pkg.version()));
            }
            if placed.dev {
                entry["dev"] = json!(true);
            }
            let requires = pkg.table("dependencies");
            if !requires.is_empty() {
                entry["requires"] = json!(requires);
            }
            let inner = self.nested(&placed.path);
            if inner.as_object().is_some_and(|inner| !inner.is_empty()) {
                entry["dependencies"] = inner;
            }
            entries.insert(name.to_owned(), entry);
        }
        Value::Object(entries)
    }
}

/// The name a place stands for: the part after the last `node_modules/`.
pub(crate) fn installed_name(path: &str) -> &str {
    path.rsplit_once("node_modules/").map_or(path, |(_, name)| name)
}
