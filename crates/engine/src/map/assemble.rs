//! Which of the files found count, and what is read of them.
//!
//! Lockfiles beat manifests, one that covers a folder as a workspace included;
//! lockfiles of different tools are all read; installed trees are read where there
//! is no lockfile. A lockfile that cannot be read is said to be so, and what lies
//! beside it then counts as if it were not there.

use std::collections::{BTreeMap, BTreeSet};

use cap_std::fs::Dir;
use vetch_lockfiles::npm::HIDDEN_LOCKFILE;
use vetch_lockfiles::npm::package_lock::{LockfileNote, LockfileNoteKind};
use vetch_lockfiles::{Files, Format, Reading, beside, format, installed};
use vetch_model::evidence::Location;
use vetch_model::inventory;
use vetch_model::outcome::{Incomplete, Outcome};

use super::kinds::{Role, World, role};
use super::requirements;
use super::walk::{Found, Kind};
use super::{folder_of, join};
use crate::project::inventory::merge;
use crate::project::read_manifest;

/// Most packages of one map, all files together.
const MAX_PACKAGES: usize = 2_000_000;

/// The map as far as it is made.
pub(super) struct Assembly<'f> {
    pub(super) files: &'f dyn Files,
    /// The same tree on disk; installed trees are read from there only.
    pub(super) dir: Option<&'f Dir>,
    pub(super) readings: Vec<(String, Reading)>,
    pub(super) incomplete: Vec<Incomplete>,
    /// Folders of projects whose resolved dependencies are known.
    covered: BTreeSet<(World, String)>,
    packages: usize,
}

impl<'f> Assembly<'f> {
    pub(super) fn new(files: &'f dyn Files, dir: Option<&'f Dir>) -> Assembly<'f> {
        let (readings, incomplete, covered) = (Vec::new(), Vec::new(), BTreeSet::new());
        Assembly { files, dir, readings, incomplete, covered, packages: 0 }
    }

    /// Reads what counts of the files found.
    pub(super) fn discovered(&mut self, found: Found) {
        self.incomplete.extend(found.incomplete);
        let mut by_role: BTreeMap<Role, Vec<(&str, Format)>> = BTreeMap::new();
        let mut unread = Vec::new();
        let names: BTreeSet<&str> = found.files.iter().map(|(path, _)| path.as_str()).collect();
        for (path, kind) in &found.files {
            match kind {
                Kind::Known(format) => by_role.entry(role(*format)).or_default().push((path, *format)),
                Kind::Unread(one) => unread.push((path, *one)),
            }
        }
        let of = |role: Role| by_role.get(&role).map(Vec::as_slice).unwrap_or_default();
        self.locks(of(Role::Lock(World::Npm)));
        self.locks(of(Role::Lock(World::Python)));
        self.plug_n_play(of(Role::PlugNPlay));
        for folder in &found.installed {
            if !self.is_covered(World::Npm, folder) {
                self.installed(folder);
            }
        }
        for world in [World::Npm, World::Python] {
            self.manifests(of(Role::Manifest(world)), world);
        }
        let lists: Vec<&str> = of(Role::Requirements).iter().map(|(path, _)| *path).collect();
        for path in requirements::entries(self.files, &lists) {
            self.read(&path, Format::Requirements);
        }
        for (path, format) in of(Role::Own) {
            self.read(path, *format);
        }
        for (path, one) in unread {
            let is_covered = one.world.is_some_and(|world| self.is_covered(world, folder_of(path)));
            if !is_covered && !one.instead.iter().any(|name| names.contains(beside(path, name).as_str())) {
                self.incomplete.push(Incomplete::new(path, one.why, one.hint).at(Location::file(path)));
            }
        }
        self.readings.sort_by(|left, right| left.0.cmp(&right.0));
    }

    /// Reads one file; whether that succeeded.
    pub(super) fn read(&mut self, path: &str, format: Format) -> bool {
        match format::read(self.files, path, format) {
            Ok(outcome) => {
                self.take(path, outcome);
                true
            }
            Err(error) => {
                self.incomplete.push(error.into_incomplete());
                false
            }
        }
    }

    fn take(&mut self, path: &str, outcome: Outcome<Reading>) {
        let Outcome { value: mut reading, incomplete } = outcome;
        self.incomplete.extend(incomplete);
        self.packages += reading.inventory.packages.len();
        if self.packages > MAX_PACKAGES {
            let why = format!("with it there are more than {MAX_PACKAGES} packages; they are not in the map");
            self.packages -= reading.inventory.packages.len();
            return self.incomplete.push(Incomplete::new(path, why, "name its folder as a target of its own"));
        }
        rebase(&mut reading.inventory, base_of(path, reading.format), reading.format);
        let world = match role(reading.format) {
            Role::Lock(world) => Some(world),
            Role::PlugNPlay => Some(World::Npm),
            _ => (reading.format == Format::NodeModules).then_some(World::Npm),
        };
        if let Some(world) = world {
            // A script's lockfile (PEP 723) speaks of nothing but the script.
            if !path.ends_with(".py.lock") {
                self.covered.insert((world, base_of(path, reading.format).to_owned()));
            }
            for package in &reading.inventory.packages {
                if package.role != inventory::Role::Dependency {
                    self.covered.insert((world, place(package).to_owned()));
                }
            }
        }
        self.readings.push((path.to_owned(), reading));
    }

    fn is_covered(&self, world: World, folder: &str) -> bool {
        self.covered.contains(&(world, folder.to_owned()))
    }

    fn locks(&mut self, locks: &[(&str, Format)]) {
        let known: BTreeSet<&str> = locks.iter().map(|(path, _)| *path).collect();
        for (path, format) in locks {
            let shrinkwrap = beside(path, "npm-shrinkwrap.json");
            if path.ends_with("package-lock.json") && known.contains(shrinkwrap.as_str()) {
                continue;
            }
            let is_read = self.read(path, *format);
            let shadowed = beside(path, "package-lock.json");
            if is_read && *path == shrinkwrap && known.contains(shadowed.as_str()) {
                self.note_shadowed(&shadowed, path);
            }
        }
    }

    /// npm heeds one of its two lockfiles; that the other is there is worth knowing.
    fn note_shadowed(&mut self, shadowed: &str, read: &str) {
        let Some((_, reading)) = self.readings.last_mut() else { return };
        reading.notes.push(LockfileNote {
            kind: LockfileNoteKind::IgnoredLockfile,
            package: None,
            field: "package-lock.json".to_owned(),
            found: shadowed.to_owned(),
            expected: Some(read.to_owned()),
            location: Location::file(shadowed),
        });
    }

    /// One of the two forms, where no lockfile tells more.
    fn plug_n_play(&mut self, files: &[(&str, Format)]) {
        let known: BTreeSet<&str> = files.iter().map(|(path, _)| *path).collect();
        for (path, format) in files {
            let data = beside(path, ".pnp.data.json");
            let is_second = *path != data && known.contains(data.as_str());
            if !is_second && !self.is_covered(World::Npm, folder_of(path)) {
                self.read(path, *format);
            }
        }
    }

    /// The manifests of projects whose dependencies no lockfile knows.
    fn manifests(&mut self, manifests: &[(&str, Format)], world: World) {
        for (path, format) in manifests {
            if self.is_covered(world, folder_of(path)) || !self.read(path, *format) {
                continue;
            }
            // `{"type": "module"}` and the settings of tools are no projects.
            let says_nothing = self.readings.last().is_some_and(|(_, reading)| {
                let inventory = &reading.inventory;
                inventory.packages.iter().all(|package| package.name.is_empty())
                    && inventory.edges.is_empty()
                    && inventory.unresolved.is_empty()
            });
            if says_nothing {
                self.readings.pop();
            }
        }
    }

    /// What is installed in `folder`: npm's record of it, and what is really there.
    pub(super) fn installed(&mut self, folder: &str) {
        let modules = join(folder, "node_modules");
        let Some(dir) = self.dir else {
            let hint = "commit a lockfile, or name the folder itself as it is on disk";
            let incomplete = Incomplete::new(modules, "installed packages are not read from a git revision", hint);
            return self.incomplete.push(incomplete);
        };
        let opened = if folder.is_empty() { dir.try_clone() } else { dir.open_dir(folder) };
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                return self.incomplete.push(Incomplete::new(modules, error.to_string(), "make it readable"));
            }
        };
        let manifest = read_manifest(&opened, "").unwrap_or_else(|error| {
            self.incomplete.push(below(folder, error.into_incomplete()));
            None
        });
        let tree = installed::node_modules::read(&opened, &installed::node_modules::Limits::default());
        let Outcome { value: mut inventory, incomplete } = installed::from_installed(&tree, manifest.as_ref());
        self.incomplete.extend(incomplete.into_iter().map(|one| below(folder, one)));
        locate(&mut inventory, folder);
        let mut reading =
            Reading { format: Format::NodeModules, format_version: String::new(), inventory, notes: Vec::new() };
        let hidden = join(folder, HIDDEN_LOCKFILE);
        if opened.symlink_metadata(HIDDEN_LOCKFILE).is_ok() {
            match format::read(self.files, &hidden, Format::PackageLock) {
                Ok(Outcome { value, incomplete }) => {
                    self.incomplete.extend(incomplete);
                    let seen = std::mem::replace(&mut reading.inventory, value.inventory);
                    merge(&mut reading.inventory, &seen);
                    (reading.format_version, reading.notes) = (value.format_version, value.notes);
                }
                Err(error) => self.incomplete.push(error.into_incomplete()),
            }
        }
        self.take(&modules, Outcome::complete(reading));
    }
}

/// The folder that the paths of a reading are relative to.
pub(crate) fn base_of(path: &str, format: Format) -> &str {
    match path.strip_suffix(HIDDEN_LOCKFILE) {
        Some(above) if format == Format::PackageLock => above.trim_end_matches('/'),
        _ => folder_of(path),
    }
}

/// Readers of lockfiles tell places relative to the lockfile's folder; a map, relative to its
/// target. Readers of what includes other files, and of environments, tell them so already, but
/// for the project itself.
pub(crate) fn rebase(inventory: &mut inventory::Inventory, folder: &str, format: Format) {
    if folder.is_empty() {
        return;
    }
    let is_told = !matches!(role(format), Role::Lock(_) | Role::PlugNPlay | Role::Manifest(World::Npm))
        && format != Format::NodeModules;
    for package in &mut inventory.packages {
        if is_told && !(package.role == inventory::Role::Root && place(package).is_empty()) {
            continue;
        }
        if !package.path.is_empty() || package.role != inventory::Role::Dependency {
            package.path = join(folder, &package.path);
        }
        if let inventory::Source::Folder { path } | inventory::Source::File { path } = &mut package.source {
            *path = join(folder, path);
        }
    }
}

/// Puts a folder before the files that packages are declared in.
pub(crate) fn locate(inventory: &mut inventory::Inventory, folder: &str) {
    inventory.file = join(folder, &inventory.file);
    for location in inventory.packages.iter_mut().filter_map(|package| package.declared_at.as_mut()) {
        location.file = join(folder, &location.file);
    }
}

/// Puts a folder before what could not be read.
pub(crate) fn below(folder: &str, mut incomplete: Incomplete) -> Incomplete {
    incomplete.what = join(folder, &incomplete.what);
    if let Some(location) = &mut incomplete.location {
        location.file = join(folder, &location.file);
    }
    incomplete
}

/// The folder of one of the user's own packages.
fn place(package: &inventory::Package) -> &str {
    match &package.source {
        inventory::Source::Folder { path } => path,
        _ => &package.path,
    }
}
