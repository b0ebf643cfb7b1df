//! Requirements files of pip: versions and hashes, taken from a lockfile beside them where there is one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use vetch_lockfiles::python::spec::spec;
use vetch_lockfiles::{Format, Reading};
use vetch_model::hygiene::{Lint, LintId, Repair};
use vetch_model::integrity::HashAlgorithm;
use vetch_model::inventory::{Package, PackageId, Role, Source as From};
use vetch_model::{Location, Span};

use super::in_folder;
use super::room::{Room, Step};
use crate::edit::Edit;
use crate::edit::place::line_end;
use crate::map::folder_of;

pub(super) fn lints(room: &mut Room<'_>, file: &str, reading: &Reading, all: &[(String, Reading)]) {
    // What is compiled to a file with versions need not have them itself.
    let compiled = format!("{}.txt", file.strip_suffix(".in").unwrap_or(file));
    let is_input = file.ends_with(".in");
    if is_input && all.iter().any(|(other, _)| *other == compiled) {
        return;
    }
    let of_folder =
        |format: Format| all.iter().find(|(other, one)| one.format == format && folder_of(other) == folder_of(file));
    let lock =
        [Format::Uv, Format::Pylock, Format::Poetry, Format::Pdm, Format::PipfileLock].into_iter().find_map(of_folder);
    let lock = lock.map(|(name, reading)| Lock::of(name, reading));
    let mut by_file: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
    for package in reading.inventory.packages.iter().filter(|package| package.role == Role::Dependency) {
        if let Some(place) = &package.declared_at {
            by_file.entry(&place.file).or_default().push(package);
        }
    }
    for (name, packages) in by_file {
        let Some(bytes) = room.bytes(name) else { continue };
        let list = List { file: name, bytes, packages, lock: lock.as_ref() };
        list.ranges(room);
        if !is_input {
            list.hashes(room);
        }
    }
}

/// A lockfile beside the list.
struct Lock<'r> {
    file: &'r str,
    packages: HashMap<&'r str, Vec<&'r Package>>,
    /// What each asks for, extras aside.
    asks: HashMap<&'r str, BTreeSet<&'r str>>,
}

impl<'r> Lock<'r> {
    fn of(file: &'r str, reading: &'r Reading) -> Lock<'r> {
        let inventory = &reading.inventory;
        let mut lock = Lock { file, packages: HashMap::new(), asks: HashMap::new() };
        for (_, package) in inventory.iter().filter(|(_, package)| package.role == Role::Dependency) {
            lock.packages.entry(&package.name).or_default().push(package);
        }
        for edge in &inventory.edges {
            let name = |id: PackageId| inventory.package(id).name.as_str();
            if !edge.condition.as_deref().is_some_and(|condition| condition.contains("extra")) {
                lock.asks.entry(name(edge.from)).or_default().insert(name(edge.to));
            }
        }
        lock
    }

    /// The one release of a registry that is locked under a name.
    fn release(&self, name: &str) -> Option<&'r Package> {
        match self.packages.get(name).map(Vec::as_slice) {
            Some([package]) if matches!(package.source, From::Registry { .. }) => Some(package),
            _ => None,
        }
    }

    /// What is asked for by one of these and is not among them.
    fn missing(&self, names: &BTreeSet<&str>) -> Option<&'r str> {
        let asked = names.iter().filter_map(|name| self.asks.get(name)).flatten();
        asked.copied().find(|asked| !names.contains(asked))
    }
}

/// One file with its requirements.
pub(super) struct List<'r> {
    file: &'r str,
    bytes: Rc<Vec<u8>>,
    packages: Vec<&'r Package>,
    lock: Option<&'r Lock<'r>>,
}

impl<'r> List<'r> {
    /// Without its requirements, to edit lines of it.
    pub(super) fn new(file: &'r str, bytes: Rc<Vec<u8>>) -> List<'r> {
        List { file, bytes, packages: Vec::new(), lock: None }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The specifier of a requirement with its first byte; `None` where its line is not plain enough to be edited.
    pub(super) fn written(&self, place: &Location) -> Option<(usize, &str)> {
        if place.span == Span::default() {
            return None;
        }
        let start = place.span.start as usize;
        let line = self.bytes.get(start..place.span.end as usize)?;
        let line = line.split(|byte| *byte == b'\n').next()?;
        let line = std::str::from_utf8(line).ok()?;
        let ends = [" --", " #", "\t#", "\t--", "\\"];
        let end = ends.iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len());
        Some((start, line.get(..end)?.trim_end()))
    }

    pub(super) fn step(&self, edit: Edit) -> Step {
        let original = Some(Rc::clone(&self.bytes));
        Step { file: self.file.to_owned(), original, syntax: None, edit, meant: Vec::new() }
    }

    fn compile(&self) -> String {
        let name = self.file.rsplit('/').next().unwrap_or(self.file);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let command = match self.lock {
            Some(lock) if lock.file.ends_with("uv.lock") => format!("uv export --format requirements-txt -o {name}"),
            _ => format!("uv pip compile --generate-hashes {stem}.in -o {name}"),
        };
        match self.lock {
            Some(lock) if lock.file.ends_with("uv.lock") => in_folder(folder_of(self.file), &command),
            _ => in_folder(folder_of(self.file), &command) + &format!(", with what is asked for now as `{stem}.in`"),
        }
    }

    fn ranges(&self, room: &mut Room<'_>) {
        for package in &self.packages {
            let Some(place) = &package.declared_at else { continue };
            let Some((start, text)) = self.written(place) else { continue };
            let Some(found) = spec(text).filter(|found| found.url.is_none() && found.pinned.is_none()) else {
                continue;
            };
            let shown =
                if found.specifier.is_empty() { "any version".to_owned() } else { format!("`{}`", found.specifier) };
            let locked = self.lock.and_then(|lock| Some((lock, lock.release(&found.name)?.version.as_deref()?)));
            let (what, repair) = match locked {
                Some((lock, version)) => (
                    format!("`{}` takes {shown}; locked in `{}` is {version}", found.name, lock.file),
                    Repair::Edit(format!("pin it to {version}")),
                ),
                None => (format!("`{}` takes {shown}", found.name), Repair::Command(self.compile())),
            };
            let lint = Lint { location: place.clone(), id: LintId::UnpinnedRange, what, repair };
            match locked {
                Some((_, version)) => {
                    let span = start + found.place.start..start + found.place.end;
                    room.fix(lint, vec![self.step(Edit { span, text: format!("=={version}") })]);
                }
                None => room.lints.push(lint),
            }
        }
    }

    fn hashes(&self, room: &mut Room<'_>) {
        let is_release = |package: &Package| matches!(package.source, From::Registry { .. } | From::Unknown { .. });
        let has_hash = |package: &Package| package.artifacts.iter().any(|artifact| artifact.integrity.is_some());
        let bare: Vec<&Package> =
            self.packages.iter().copied().filter(|package| is_release(package) && !has_hash(package)).collect();
        let Some(place) = bare.first().and_then(|package| package.declared_at.clone()) else { return };
        let what = match bare.len() {
            1 => format!("`{}` stands without hashes", bare[0].name),
            count => format!("{count} of {} requirements stand without hashes", self.packages.len()),
        };
        let id = LintId::RequirementWithoutHash;
        match self.hash_steps(&bare) {
            Ok(steps) => {
                let repair = Repair::Edit("add the hashes that the lockfile holds".to_owned());
                room.fix(Lint { location: place, id, what, repair }, steps);
            }
            Err(why) => {
                let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                room.lint(id, place, what, Repair::Command(self.compile() + &why));
            }
        }
    }

    /// pip wants hashes of all that is installed, or of nothing: so all are added, or none.
    fn hash_steps(&self, bare: &[&Package]) -> Result<Vec<Step>, Option<String>> {
        let Some(lock) = self.lock else { return Err(None) };
        let names: BTreeSet<&str> = self.packages.iter().map(|package| package.name.as_str()).collect();
        if let Some(missing) = lock.missing(&names) {
            return Err(Some(format!("with hashes, pip wants a line for `{missing}` as well")));
        }
        bare.iter().map(|package| self.hash_step(package, lock)).collect()
    }

    fn hash_step(&self, package: &Package, lock: &Lock<'_>) -> Result<Step, Option<String>> {
        let unclear = |why: &str| Some(format!("`{}` {why}", package.name));
        let place = package.declared_at.as_ref().ok_or_else(|| unclear("has no place"))?;
        let (start, text) = self.written(place).ok_or_else(|| unclear("is written in a way that is not edited"))?;
        let found = spec(text).ok_or_else(|| unclear("is no plain requirement"))?;
        let release = lock.release(&package.name).ok_or_else(|| unclear("is not locked, or locked several times"))?;
        if found.pinned.is_some() && package.version != release.version {
            return Err(unclear("is locked in another version"));
        }
        let digests = release.artifacts.iter().filter_map(|artifact| artifact.integrity.as_ref());
        let sha256 =
            digests.flat_map(|integrity| &integrity.digests).filter(|it| it.algorithm == HashAlgorithm::Sha256);
        let hashes: BTreeSet<String> = sha256.map(|digest| digest.to_hex()).collect();
        if hashes.is_empty() {
            return Err(unclear("is locked without SHA-256 hashes"));
        }
        let end = line_end(&self.bytes);
        let text_of = hashes.iter().map(|hash| format!(" \\{end}    --hash=sha256:{hash}")).collect();
        let at = start + text.len();
        Ok(self.step(Edit { span: at..at, text: text_of }))
    }
}
