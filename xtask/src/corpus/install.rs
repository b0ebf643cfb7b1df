//! The projects of `xtask/corpus/npm`: ordinary ones, with their direct dependencies pinned, installed once by npm.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::MARKER;
use crate::repo;

/// Installs every project; those that cannot be are reported and left out.
pub(crate) fn all() -> Result<Vec<PathBuf>> {
    let mut installed = Vec::new();
    for name in repo::names_in(&manifests())? {
        match project(&name) {
            Ok(folder) => installed.push(folder),
            Err(error) => println!("left out: {name}: {error:#}"),
        }
    }
    if installed.is_empty() {
        bail!("no project could be installed");
    }
    Ok(installed)
}

/// The folder of one installed project.
pub(crate) fn project(name: &str) -> Result<PathBuf> {
    let manifest = repo::read(&manifests().join(name).join("package.json"))?;
    let folder = repo::corpus_cache()?.join("npm").join(name);
    if super::is_current(&folder, &manifest) {
        return Ok(folder);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    repo::write(&folder.join("package.json"), manifest.as_bytes())?;
    println!("installing {name} into {}", folder.display());
    let mut npm = Command::new("npm");
    npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]);
    npm.current_dir(&folder).stdin(Stdio::null());
    repo::run(&mut npm)?;
    repo::write(&folder.join(MARKER), manifest.as_bytes())?;
    Ok(folder)
}

fn manifests() -> PathBuf {
    repo::root().join("xtask/corpus/npm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direct_dependencies_are_pinned_exactly() {
        let names = repo::names_in(&manifests()).unwrap();
        assert!(names.len() >= 5, "{names:?}");
        for name in names {
            let manifest = repo::read(&manifests().join(&name).join("package.json")).unwrap();
            let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
            for (dependency, version) in manifest["dependencies"].as_object().unwrap() {
                let version = version.as_str().unwrap();
                let exact = version.split(['.', '-']).take(3).all(|part| part.parse::<u32>().is_ok());
                assert!(exact, "{name}: {dependency} {version}");
            }
        }
    }
}
