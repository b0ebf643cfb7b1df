//! `cargo xtask corpus npm`: what the rules say of many ordinary packages.
//!
//! Popular packages are honest, so whatever is not clean here is either a false alarm, to be fixed in general and
//! never by name, or to be justified. The bars are those that a change of rules must keep.

pub(crate) mod install;
pub(crate) mod map;
pub(crate) mod robust;
mod tally;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::repo;
use tally::{Report, Tally};

/// Fewer packages than this say nothing.
const LEAST_RELEASES: usize = 1_000;

/// At most one suspicious release in this many.
const SUSPICIOUS_ONE_IN: usize = 300;

/// Scans the projects and compares the outcome with the bars.
pub(crate) fn npm(projects: &[PathBuf]) -> Result<()> {
    let projects = if projects.is_empty() { install::all()? } else { projects.to_vec() };
    let vetch = repo::release_build(None)?.join("vetch");
    let mut tally = Tally::default();
    let mut failed = Vec::new();
    for project in &projects {
        println!("scanning {}", project.display());
        match scan(&vetch, project) {
            Ok(report) => tally.add(&report, own_purl(project).as_deref()),
            Err(error) => failed.push(format!("{}: {error:#}", project.display())),
        }
    }
    print!("{tally}");
    for failure in &failed {
        println!("not scanned: {failure}");
    }
    let missed = tally.missed(LEAST_RELEASES, SUSPICIOUS_ONE_IN);
    if !failed.is_empty() || !missed.is_empty() {
        bail!("{} projects could not be scanned; {}", failed.len(), missed.join("; "));
    }
    Ok(())
}

fn scan(vetch: &Path, project: &Path) -> Result<Report> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = folder.path().join("report.json");
    let mut command = Command::new(vetch);
    // No cache: facts of a build between two versions of the analysis would be taken for current ones.
    command.args(["scan", "--offline", "--no-cache", "--format", "json", "--output"]).arg(&file).arg(project);
    let status = command.status().with_context(|| format!("cannot start {}", vetch.display()))?;
    // 1 and 3 are verdicts: the scan was done.
    if !matches!(status.code(), Some(0 | 1 | 3)) {
        bail!("`{}` failed: {status}", repo::shown(&command));
    }
    serde_json::from_str(&repo::read(&file)?).context("the report cannot be read")
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
}
