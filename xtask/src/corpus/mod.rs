//! `cargo xtask corpus npm|pypi|history`: what the rules say of many ordinary packages.
//!
//! Popular packages are honest, so whatever is not clean here is either a false alarm, to be fixed in general and
//! never by name, or to be justified. The bars are those that a change of rules must keep.

pub(crate) mod history;
pub(crate) mod install;
pub(crate) mod map;
mod pypi;
pub(crate) mod robust;
mod robust_python;
mod tally;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::repo;
pub(crate) use tally::Verdict;
use tally::{Report, Tally};

/// Written last: an installation or download is whole.
const MARKER: &str = ".installed";

/// What a change of rules must keep.
struct Bars {
    /// Fewer releases than this say nothing.
    least: usize,
    /// At most one suspicious release in this many.
    suspicious_one_in: usize,
}

const NPM: Bars = Bars { least: 2_000, suspicious_one_in: 1_000 };
const PYPI: Bars = Bars { least: 500, suspicious_one_in: 500 };

/// Scans installed projects of npm and compares the outcome with the bars.
pub(crate) fn npm(projects: &[PathBuf]) -> Result<()> {
    let projects = if projects.is_empty() { install::all()? } else { projects.to_vec() };
    let vetch = repo::release_build(None)?.join("vetch");
    let mut tally = Tally::default();
    let mut failed = Vec::new();
    for project in &projects {
        println!("scanning {}", project.display());
        match scan(&vetch, std::slice::from_ref(project)) {
            Ok(report) => tally.add(&report, own_purl(project).as_deref()),
            Err(error) => failed.push(format!("{}: {error:#}", project.display())),
        }
    }
    print!("{tally}");
    failed.iter().for_each(|failure| println!("not scanned: {failure}"));
    compare(&tally, &NPM, failed.len())
}

/// Scans archives of PyPI, or those of a folder, and compares the outcome with the bars.
pub(crate) fn pypi(folders: &[PathBuf]) -> Result<()> {
    let mut archives = if folders.is_empty() { pypi::all()? } else { Vec::new() };
    for folder in folders {
        archives.extend(pypi::archives_in(folder)?);
    }
    let vetch = repo::release_build(None)?.join("vetch");
    println!("scanning {} archives", archives.len());
    let mut tally = Tally::default();
    tally.add(&scan(&vetch, &archives)?, None);
    print!("{tally}");
    compare(&tally, &PYPI, 0)
}

fn compare(tally: &Tally, bars: &Bars, failed: usize) -> Result<()> {
    let mut missed = tally.missed(bars.least, bars.suspicious_one_in);
    if failed > 0 {
        missed.push(format!("{failed} projects could not be scanned"));
    }
    if !missed.is_empty() {
        bail!("{}", missed.join("; "));
    }
    Ok(())
}

fn scan(vetch: &Path, targets: &[PathBuf]) -> Result<Report> {
    scan_as(vetch, targets)
}

/// Scans targets in one run and reads what is wanted of the report.
pub(crate) fn scan_as<R: serde::de::DeserializeOwned>(vetch: &Path, targets: &[PathBuf]) -> Result<R> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = folder.path().join("report.json");
    let mut command = Command::new(vetch);
    // No cache: facts of a build between two versions of the analysis would be taken for current ones.
    command.args(["scan", "--offline", "--no-cache", "--format", "json", "--output"]).arg(&file).args(targets);
    let status = command.status().with_context(|| format!("cannot start {}", vetch.display()))?;
    // 1 and 3 are verdicts: the scan was done.
    if !matches!(status.code(), Some(0 | 1 | 3)) {
        bail!("`{} scan` failed: {status}", vetch.display());
    }
    serde_json::from_str(&repo::read(&file)?).context("the report cannot be read")
}

/// What each of the named projects gives; those that cannot be had are reported and left out.
fn had<T>(manifests: &Path, project: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    let mut had = Vec::new();
    for name in repo::names_in(manifests)? {
        match project(&name) {
            Ok(one) => had.push(one),
            Err(error) => println!("left out: {name}: {error:#}"),
        }
    }
    if had.is_empty() {
        bail!("no project could be had");
    }
    Ok(had)
}

/// A folder that holds what `fill` puts there for this manifest: made anew when the manifest changed.
fn kept(folder: PathBuf, manifest: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    if is_current(&folder, manifest) {
        return Ok(folder);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    println!("filling {}", folder.display());
    fill(&folder)?;
    repo::write(&folder.join(MARKER), manifest.as_bytes())?;
    Ok(folder)
}

/// Whether what lies there is of this manifest.
fn is_current(folder: &Path, manifest: &str) -> bool {
    std::fs::read_to_string(folder.join(MARKER)).is_ok_and(|installed| installed == manifest)
}

/// The project itself is no package of the corpus.
fn own_purl(project: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Manifest {
        name: String,
        version: String,
    }
    let manifest = std::fs::read_to_string(project.join("package.json")).ok()?;
    let manifest: Manifest = serde_json::from_str(&manifest).ok()?;
    Some(format!("pkg:npm/{}@{}", manifest.name.replace('@', "%40"), manifest.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_itself_is_known_by_its_manifest() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(own_purl(folder.path()), None);
        std::fs::write(folder.path().join("package.json"), r#"{"name": "@corpus/app", "version": "1.0.0"}"#).unwrap();
        assert_eq!(own_purl(folder.path()).unwrap(), "pkg:npm/%40corpus/app@1.0.0");
    }

    #[test]
    fn a_changed_manifest_is_installed_anew() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_current(folder.path(), "{}"));
        std::fs::write(folder.path().join(MARKER), "{}").unwrap();
        assert!(is_current(folder.path(), "{}"));
        assert!(!is_current(folder.path(), "{ }"));
    }
}
