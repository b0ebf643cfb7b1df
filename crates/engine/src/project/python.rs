//! Installed Python environments: compared with the lockfile of their project, and file by file
//! with what the installer recorded.
//!
//! `RECORD` lies beside the files that it vouches for, so whoever changes a file can change its
//! line as well: that everything matches proves nothing. What does not match was changed by
//! something that is no installer.
//! Format: <https://packaging.python.org/en/latest/specifications/recording-installed-packages/>.

mod compare;
mod records;
mod startup;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroUsize;

use cap_std::fs::Dir;
use vetch_detectors::input::{EnvironmentFacts, RecordDifference};
use vetch_lockfiles::{DirFiles, Format};
use vetch_model::inventory::{Package, PackageId, Role};
use vetch_model::outcome::Incomplete;

use super::Project;
use crate::contents::installed::walk_all;
use crate::map::folder_of;

/// What is known of an installed environment beyond its inventory.
#[derive(Debug, Default)]
struct Environment {
    facts: EnvironmentFacts,
    /// By distribution.
    records: BTreeMap<PackageId, Checked>,
}

/// One distribution beside its `RECORD`.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) difference: RecordDifference,
    /// Whether an installer wrote the record; otherwise it is the wheel's own.
    pub(crate) is_installed: bool,
    /// The files of the distribution that say what it does, relative to the folder that it is installed in.
    pub(crate) files: Vec<String>,
    /// What could not be compared.
    pub(crate) incomplete: Vec<Incomplete>,
    /// Recorded files that lie outside of the target.
    pub(crate) outside: usize,
}

/// Looks at every environment among the projects of a target.
pub(super) fn check(projects: &mut [Project]) {
    for number in 0..projects.len() {
        let Some(project) = projects.get(number).filter(|project| project.format == Format::SitePackages) else {
            continue;
        };
        let mut environment = check_files(project);
        compare::with_lockfiles(&mut environment.facts, project, projects);
        let outside: usize = environment.records.values().map(|checked| checked.outside).sum();
        if let Some(project) = projects.get_mut(number) {
            if outside > 0 {
                let why = format!("{outside} files that were recorded for it lie outside of the target");
                let hint = "name the environment's own folder, or the project's, to have them compared as well";
                let what = match project.inventory.file.as_str() {
                    "" => "scripts and data of the environment".to_owned(),
                    file => format!("scripts and data of `{file}`"),
                };
                project.incomplete.push(Incomplete::new(what, why, hint));
            }
            project.environment = Some(environment.facts);
            project.records = environment.records;
        }
    }
}

/// Compares the files of every distribution with its record.
fn check_files(project: &Project) -> Environment {
    let files = DirFiles(&project.dir);
    let ids: Vec<PackageId> =
        project.inventory.iter().filter(|(_, package)| is_distribution(package)).map(|(id, _)| id).collect();
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let folders: Vec<&str> = ids.iter().map(|id| project.inventory.package(*id).path.as_str()).collect();
    let read = walk_all(&folders, threads, |folder: &&str| records::read(&project.dir, folder));
    let mut known: HashSet<String> = HashSet::new();
    for record in &read {
        known.extend(record.files.iter().filter_map(|file| file.place.clone()));
    }
    let numbers: Vec<usize> = (0..read.len()).collect();
    let mut checked: Vec<Checked> = walk_all(&numbers, threads, |number: &usize| match read.get(*number) {
        Some(record) => records::verify(&project.dir, record),
        None => Checked::default(),
    });
    let labels = ids.iter().map(|id| project.inventory.package(*id).label());
    set_overwritten_apart(&mut checked, &read, &labels.collect::<Vec<_>>());
    let all_recorded = read.iter().all(|record| record.is_read);
    for (owner, path) in records::extra(&files, &folders, &read, &known) {
        if let Some(checked) = checked.get_mut(owner) {
            checked.difference.extra.push(path);
        }
    }
    let mut sites: Vec<&str> = folders.iter().map(|folder| folder_of(folder)).collect();
    sites.sort_unstable();
    sites.dedup();
    let mut environment = Environment::default();
    for site in sites {
        startup::find(&project.dir, site, &known, all_recorded, &mut environment.facts.startup);
    }
    for ((checked, record), folder) in checked.iter_mut().zip(&read).zip(&folders) {
        checked.is_installed = true;
        checked.files = records::own_files(record, folder, &checked.difference.extra);
    }
    environment.records = ids.into_iter().zip(checked).collect();
    environment
}

/// Tells files that were changed from those that another distribution was installed over: what lies there is what that one
/// recorded, and is judged with it.
fn set_overwritten_apart(checked: &mut [Checked], read: &[records::Record], labels: &[String]) {
    let mut differing: HashMap<String, HashSet<usize>> = HashMap::new();
    for (number, checked) in checked.iter().enumerate() {
        for file in &checked.difference.changed {
            differing.entry(file.path.clone()).or_default().insert(number);
        }
    }
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for ((number, record), label) in read.iter().enumerate().zip(labels) {
        let hashed = record.files.iter().filter(|file| file.integrity.is_some());
        for place in hashed.filter_map(|file| file.place.as_deref()) {
            if differing.get(place).is_some_and(|numbers| !numbers.contains(&number)) {
                owners.insert(place, label);
            }
        }
    }
    for Checked { difference, .. } in checked {
        for file in std::mem::take(&mut difference.changed) {
            match owners.get(file.path.as_str()) {
                Some(owner) => difference.overwritten.push((file, (*owner).to_owned())),
                None => difference.changed.push(file),
            }
        }
    }
}

/// The files of a wheel that was unpacked beside its record; `None` if it has none.
pub(super) fn unpacked_wheel(dir: &Dir, folder: &str, files: &[&str]) -> Option<Checked> {
    let record = records::read(dir, folder);
    let mut checked = records::verify(dir, &record);
    let known: HashSet<&str> = record.files.iter().filter_map(|file| file.place.as_deref()).collect();
    let site = folder_of(folder);
    let is_below = |path: &str| site.is_empty() || path.strip_prefix(site).is_some_and(|rest| rest.starts_with('/'));
    let is_extra = |path: &&&str| is_below(path) && !known.contains(**path) && !records::needs_no_line(folder, path);
    checked.difference.extra = files.iter().filter(is_extra).map(|path| (*path).to_owned()).collect();
    record.is_there().then_some(checked)
}

/// Whether it lies in the environment; not so the environment itself.
fn is_distribution(package: &Package) -> bool {
    package.role != Role::Root && !package.path.is_empty()
}
