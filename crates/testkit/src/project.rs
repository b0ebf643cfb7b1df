//! A temporary project built from a description: manifest, lockfile, installed
//! tree, settings, a folder of archives and npm's cache.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::archive;
use crate::lockfile::{Locked, Placed, installed_name};
use crate::package::Pkg;

type Edit = Box<dyn FnOnce(&mut Value)>;

/// Describes a project before it is written.
pub struct ProjectBuilder {
    name: String,
    version: String,
    registry: String,
    lockfile_version: Option<u8>,
    fields: Map<String, Value>,
    placed: Vec<Placed>,
    archives: Vec<(String, Vec<u8>)>,
    cached: Vec<Vec<u8>>,
    files: Vec<(String, Vec<u8>)>,
    removed: Vec<String>,
    home_files: Vec<(String, Vec<u8>)>,
    lock_edits: Vec<Edit>,
}

impl ProjectBuilder {
    fn new(name: &str) -> ProjectBuilder {
        ProjectBuilder {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            registry: "https://registry.npmjs.org/".to_owned(),
            lockfile_version: Some(3),
            fields: Map::new(),
            placed: Vec::new(),
            archives: Vec::new(),
            cached: Vec::new(),
            files: Vec::new(),
            removed: Vec::new(),
            home_files: Vec::new(),
            lock_edits: Vec::new(),
        }
    }

    /// The registry that `resolved` names.
    #[must_use]
    pub fn registry(mut self, url: &str) -> Self {
        url.clone_into(&mut self.registry);
        self
    }

    /// 1, 2 or 3 (the default).
    #[must_use]
    pub fn lockfile_version(mut self, version: u8) -> Self {
        self.lockfile_version = Some(version);
        self
    }

    /// Writes no lockfile, hidden or other.
    #[must_use]
    pub fn no_lockfile(mut self) -> Self {
        self.lockfile_version = None;
        self
    }

    /// Sets a field of the root's `package.json`. Without `dependencies`, the root
    /// asks for every top-level package that no other asks for.
    #[must_use]
    pub fn field(mut self, key: &str, value: Value) -> Self {
        self.fields.insert(key.to_owned(), value);
        self
    }

    /// Adds an entry to the root's `dependencies`.
    #[must_use]
    pub fn dep(mut self, name: &str, range: &str) -> Self {
        let table = self.fields.entry("dependencies").or_insert_with(|| json!({}));
        table[name] = json!(range);
        self
    }

    /// Locked and installed at the top.
    #[must_use]
    pub fn install(self, pkg: Pkg) -> Self {
        let path = format!("node_modules/{}", pkg.name());
        self.place(&path, pkg, true, true)
    }

    /// Locked and installed at a path: nested (`node_modules/a/node_modules/b`) or under an alias.
    #[must_use]
    pub fn install_at(self, path: &str, pkg: Pkg) -> Self {
        self.place(path, pkg, true, true)
    }

    /// Locked at the top, not installed.
    #[must_use]
    pub fn lock_only(self, pkg: Pkg) -> Self {
        let path = format!("node_modules/{}", pkg.name());
        self.place(&path, pkg, false, true)
    }

    /// Locked at a path, not installed.
    #[must_use]
    pub fn lock_only_at(self, path: &str, pkg: Pkg) -> Self {
        self.place(path, pkg, false, true)
    }

    /// Installed at the top, not locked: extraneous.
    #[must_use]
    pub fn install_unlocked(self, pkg: Pkg) -> Self {
        let path = format!("node_modules/{}", pkg.name());
        self.place(&path, pkg, true, false)
    }

    /// Locked as one release, installed as another (as after a dropper has tidied up).
    #[must_use]
    pub fn install_other(self, locked: Pkg, installed: Pkg) -> Self {
        let path = format!("node_modules/{}", locked.name());
        self.place(&path, locked, false, true).place(&path, installed, true, false)
    }

    /// Marks the packages so named as needed by development only.
    #[must_use]
    pub fn dev(mut self, name: &str) -> Self {
        self.placed.iter_mut().filter(|placed| placed.pkg.name() == name).for_each(|placed| placed.dev = true);
        self
    }

    fn place(mut self, path: &str, pkg: Pkg, installed: bool, locked: bool) -> Self {
        self.placed.push(Placed { path: path.to_owned(), pkg, installed, locked, dev: false });
        self
    }

    /// Puts a release's archive into the folder of archives.
    #[must_use]
    pub fn archive(mut self, pkg: &Pkg) -> Self {
        let name = format!("{}-{}.tgz", pkg.name().trim_start_matches('@').replace('/', "-"), pkg.version());
        self.archives.push((name, pkg.tarball()));
        self
    }

    /// Puts any bytes into the folder of archives.
    #[must_use]
    pub fn archive_bytes(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.archives.push((name.to_owned(), bytes.into()));
        self
    }

    /// Puts a release's archive into npm's cache in the home folder.
    #[must_use]
    pub fn cached(mut self, pkg: &Pkg) -> Self {
        self.cached.push(pkg.tarball());
        self
    }

    /// Writes a file of the project after everything else, e.g. inside `node_modules`.
    #[must_use]
    pub fn file(mut self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.files.push((path.to_owned(), contents.as_ref().to_vec()));
        self
    }

    /// Removes a file or folder of the project after everything else.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.removed.push(path.to_owned());
        self
    }

    /// The project's own `.npmrc`.
    #[must_use]
    pub fn npmrc(self, text: &str) -> Self {
        self.file(".npmrc", text)
    }

    /// The user's `.npmrc`, in the home folder.
    #[must_use]
    pub fn user_npmrc(self, text: &str) -> Self {
        self.home_file(".npmrc", text)
    }

    /// Any file of the home folder.
    #[must_use]
    pub fn home_file(mut self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.home_files.push((path.to_owned(), contents.as_ref().to_vec()));
        self
    }

    /// Changes the lockfile before it is written.
    #[must_use]
    pub fn edit_lockfile(mut self, edit: impl FnOnce(&mut Value) + 'static) -> Self {
        self.lock_edits.push(Box::new(edit));
        self
    }

    fn root_fields(&self) -> Map<String, Value> {
        let mut fields = self.fields.clone();
        if fields.contains_key("dependencies") || fields.contains_key("devDependencies") {
            return fields;
        }
        let asked: BTreeSet<String> = self
            .placed
            .iter()
            .flat_map(|placed| {
                ["dependencies", "optionalDependencies", "peerDependencies"].map(|key| placed.pkg.table(key))
            })
            .flat_map(std::collections::BTreeMap::into_keys)
            .collect();
        for placed in self.placed.iter().filter(|placed| placed.locked) {
            let name = installed_name(&placed.path);
            if asked.contains(name) || placed.path != format!("node_modules/{name}") {
                continue;
            }
            let alias = name != placed.pkg.name();
            let range = format!("^{}", placed.pkg.version());
            let range = if alias { format!("npm:{}@{range}", placed.pkg.name()) } else { range };
            let table = if placed.dev { "devDependencies" } else { "dependencies" };
            fields.entry(table).or_insert_with(|| json!({}))[name] = json!(range);
        }
        fields
    }

    /// Writes it all.
    pub fn build(self) -> Project {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let project = Project { scratch };
        for folder in [project.root(), project.home(), project.archives()] {
            fs::create_dir_all(folder).expect("a folder in a temporary folder");
        }
        let fields = self.root_fields();
        let mut manifest = json!({ "name": self.name, "version": self.version });
        manifest.as_object_mut().expect("an object").extend(fields.clone());
        project.write("package.json", pretty(&manifest));
        self.write_packages(&project, &fields);
        for (name, bytes) in &self.archives {
            put(&project.archives().join(name), bytes);
        }
        for bytes in &self.cached {
            put(&project.home().join(".npm").join(archive::content_path(bytes)), bytes);
        }
        for (path, bytes) in &self.home_files {
            put(&project.home().join(path), bytes);
        }
        for (path, bytes) in &self.files {
            project.write(path, bytes);
        }
        for path in &self.removed {
            project.remove(path);
        }
        if let Some(version) = self.lockfile_version {
            let lock = Locked {
                name: &self.name,
                version: &self.version,
                registry: &self.registry,
                root: &fields,
                placed: &self.placed,
            };
            let mut document = lock.document(version);
            self.lock_edits.into_iter().for_each(|edit| edit(&mut document));
            project.write("package-lock.json", pretty(&document));
        }
        project
    }

    fn write_packages(&self, project: &Project, fields: &Map<String, Value>) {
        for placed in self.placed.iter().filter(|placed| placed.installed) {
            for (path, bytes) in placed.pkg.contents() {
                project.write(&format!("{}/{path}", placed.path), bytes);
            }
        }
        let hidden = self.lockfile_version.is_some() && self.placed.iter().any(|placed| placed.installed);
        if hidden {
            let lock = Locked {
                name: &self.name,
                version: &self.version,
                registry: &self.registry,
                root: fields,
                placed: &self.placed,
            };
            project.write("node_modules/.package-lock.json", pretty(&lock.hidden()));
        }
    }
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("JSON");
    text.push(b'\n');
    text
}

fn put(path: &Path, bytes: &[u8]) {
    let folder = path.parent().expect("a path with a folder");
    fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// A project on disk; it goes when dropped.
pub struct Project {
    scratch: TempDir,
}

impl Project {
    /// Describes a project of this name.
    pub fn builder(name: &str) -> ProjectBuilder {
        ProjectBuilder::new(name)
    }

    /// The project's folder.
    pub fn root(&self) -> PathBuf {
        self.scratch.path().join("project")
    }

    /// The home folder that goes with it, for [`crate::Vetch::home`].
    pub fn home(&self) -> PathBuf {
        self.scratch.path().join("home")
    }

    /// The folder of archives.
    pub fn archives(&self) -> PathBuf {
        self.scratch.path().join("archives")
    }

    /// Gives everything in it to a user without rights, for [`crate::Vetch::unprivileged`].
    #[cfg(unix)]
    pub fn hand_over(&self) {
        if crate::running::is_superuser() {
            give_away(self.scratch.path());
        }
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        put(&self.root().join(path), bytes.as_ref());
    }

    /// Removes a file or folder of the project.
    pub fn remove(&self, path: &str) {
        let path = self.root().join(path);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Reads a file of the project.
    pub fn read(&self, path: &str) -> String {
        let path = self.root().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

#[cfg(unix)]
fn give_away(path: &Path) {
    let nobody = Some(crate::running::NOBODY);
    std::os::unix::fs::lchown(path, nobody, nobody).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())) {
            give_away(&entry.expect("a folder entry").path());
        }
    }
}
