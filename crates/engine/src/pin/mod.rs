//! Whether a project installs what was reviewed, and nothing else: ranges, lockfiles, settings of package managers,
//! workflows. Finds what is wrong and makes the edits that mend it; nothing is written here.
//!
//! ```text
//! room      the files of the target, read once; lints, and the edits that go with them
//! ranges    manifests against lockfiles     npm, Python
//! locks     lockfiles themselves            hashes, hosts, URLs, git
//! settings  .npmrc, pnpm, Yarn, Bun, uv, pip
//! actions   workflows of GitHub
//! leave     bad releases that a scan found     `vetch fix`
//! ```

mod actions;
mod leave;
mod locks;
mod npm_ranges;
mod python_ranges;
mod requirements;
mod room;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use vetch_lockfiles::{DirFiles, Format};
use vetch_model::Location;
use vetch_model::hygiene::{Afterwards, FileDiff, Lint, LintId, Repair};
use vetch_model::outcome::Incomplete;

use crate::EngineError;
use crate::edit::{EditError, EditSet, Written};
use crate::map::{self, Discovered, folder_of, join};
pub use leave::leave;
use room::Room;
pub(crate) use settings::lines;

/// What was found, and what would mend it.
#[derive(Debug)]
pub struct Pinning {
    /// As given.
    pub target: String,
    /// By place.
    pub lints: Vec<Lint>,
    /// What is left as it is on purpose, in sentences.
    pub notes: Vec<String>,
    /// To be run after the edits.
    pub afterwards: Vec<Afterwards>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
    folder: PathBuf,
    edits: EditSet,
}

impl Pinning {
    /// What the edits change.
    pub fn diff(&self) -> Vec<FileDiff> {
        self.edits.diff(crate::secrets::masked)
    }

    /// Whether anything can be mended by edits.
    pub fn is_fixable(&self) -> bool {
        !self.edits.is_empty()
    }

    /// Writes the edits.
    ///
    /// # Errors
    /// When a file may not be written, or is not any more what was looked at. Nothing is written then.
    pub fn write(&self) -> Result<Written, EditError> {
        let dir = Dir::open_ambient_dir(&self.folder, ambient_authority()).map_err(|error| EditError {
            file: self.target.clone(),
            reason: error.to_string(),
            hint: "check the folder and its permissions".to_owned(),
            written: Vec::new(),
        })?;
        self.edits.write(&dir)
    }
}

/// Looks at a folder with everything below it, or at one lockfile or manifest and the settings beside it. Kinds of
/// lints that are `allowed` are left out, with their repairs.
///
/// # Errors
/// When the target is not there, or there is nothing in it that could be pinned.
pub fn review(target: &Path, allowed: &[LintId]) -> Result<Pinning, EngineError> {
    let opened = Opened::new(target)?;
    let discovered = opened.discover()?;
    let files = opened.files();
    let mut room = Room::new(&files, allowed);
    room.incomplete.clone_from(&discovered.incomplete);
    let workflows = if opened.file.is_none() { actions::lints(&mut room) } else { 0 };
    if discovered.readings.is_empty() && discovered.incomplete.is_empty() && workflows == 0 {
        let hint = "name a project's folder, or its lockfile or manifest";
        return Err(map::refused(target, "nothing was found in it that could be pinned", hint));
    }
    look(&mut room, &discovered);
    Ok(room.finish(target.to_string_lossy().into_owned(), opened.folder.clone()))
}

/// The folder of a target, and the one file in it that was named, if one was.
struct Opened {
    dir: Dir,
    folder: PathBuf,
    file: Option<String>,
}

impl Opened {
    fn new(target: &Path) -> Result<Opened, EngineError> {
        let failed =
            |error: &std::io::Error| map::refused(target, error.to_string(), "check the path and its permissions");
        let found = fs::canonicalize(target).map_err(|error| failed(&error))?;
        let (folder, file) = match found.is_dir() {
            true => (found.clone(), None),
            false => {
                let name = found.file_name().and_then(|name| name.to_str()).map(str::to_owned);
                (found.parent().unwrap_or(&found).to_owned(), name)
            }
        };
        let dir = Dir::open_ambient_dir(&folder, ambient_authority()).map_err(|error| failed(&error))?;
        Ok(Opened { dir, folder, file })
    }

    fn files(&self) -> DirFiles<'_> {
        DirFiles(&self.dir)
    }

    fn discover(&self) -> Result<Discovered, EngineError> {
        match &self.file {
            None => Ok(map::discover_all(&self.dir)),
            Some(name) => map::read_one(&self.dir, name),
        }
    }
}

fn look(room: &mut Room<'_>, discovered: &Discovered) {
    for (file, reading) in &discovered.readings {
        match reading.format {
            Format::PackageLock | Format::YarnClassic | Format::YarnBerry | Format::Pnpm | Format::Bun => {
                npm_ranges::lints(room, file, reading);
                locks::lints(room, file, reading);
            }
            Format::PackageJson | Format::NodeModules => missing(room, file, reading.format),
            Format::Uv | Format::Poetry | Format::Pdm | Format::Pylock | Format::PipfileLock => {
                python_ranges::lints(room, file, reading);
                locks::lints(room, file, reading);
            }
            Format::Pyproject if !reading.inventory.edges.is_empty() => missing(room, file, reading.format),
            Format::Requirements => requirements::lints(room, file, reading, &discovered.readings),
            _ => {}
        }
    }
    settings::lints(room, &discovered.readings);
}

/// Dependencies that nothing pins.
fn missing(room: &mut Room<'_>, file: &str, format: Format) {
    let folder = if format == Format::NodeModules { file } else { folder_of(file) };
    let folder = folder.strip_suffix("node_modules").unwrap_or(folder).trim_end_matches('/');
    let (manifest, command) = match format {
        Format::Pyproject => (file.to_owned(), python_lock_command(room, file)),
        _ => {
            let manifest = join(folder, "package.json");
            let Some(source) = room.json(&manifest) else { return };
            let fields = ["dependencies", "devDependencies", "optionalDependencies"];
            let count = |field: &str| source.tree.root.get(field).map_or(0, |node| node.entries().len());
            if fields.iter().all(|field| count(field) == 0) {
                return;
            }
            let manager = settings::named_manager(&source.tree.root).map_or("npm", |(name, _)| name);
            let command = match manager {
                "pnpm" => "pnpm install --lockfile-only",
                "yarn" => "yarn install --mode=update-lockfile",
                "bun" => "bun install --lockfile-only",
                _ => "npm install --package-lock-only --ignore-scripts",
            };
            (manifest, command)
        }
    };
    let what = format!("`{manifest}` asks for packages, and no lockfile holds which ones are installed");
    let repair = Repair::Command(in_folder(folder, command) + ", then commit the lockfile");
    room.lints.push(Lint { location: Location::file(manifest), id: LintId::MissingLockfile, what, repair });
}

fn python_lock_command(room: &mut Room<'_>, file: &str) -> &'static str {
    let source = room.toml(file);
    let has = |tool: &str| source.as_ref().is_some_and(|source| source.tree.root.at(&["tool", tool]).is_some());
    if has("poetry") {
        "`poetry lock`"
    } else if has("pdm") {
        "`pdm lock`"
    } else {
        "`uv lock`"
    }
}

/// The command that writes a lockfile anew, after its manifests.
fn lock_command(format: Format) -> &'static str {
    match format {
        Format::Pnpm => "pnpm install --lockfile-only",
        Format::YarnClassic => "yarn install --ignore-scripts",
        Format::YarnBerry => "yarn install --mode=update-lockfile",
        Format::Bun => "bun install --lockfile-only",
        Format::Uv => "uv lock",
        Format::Poetry => "poetry lock",
        Format::Pdm => "pdm lock --refresh",
        Format::PipfileLock => "pipenv lock",
        Format::Pylock => "pip lock -r requirements.txt",
        _ => "npm install --package-lock-only --ignore-scripts",
    }
}

/// A command with the folder to run it in.
pub(crate) fn in_folder(folder: &str, command: &str) -> String {
    let command = if command.starts_with('`') { command.to_owned() } else { format!("`{command}`") };
    if folder.is_empty() { command } else { format!("in `{folder}`, {command}") }
}
