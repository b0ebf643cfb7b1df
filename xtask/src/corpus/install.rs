//! The projects of `xtask/corpus/npm`: ordinary ones, with their direct dependencies pinned, installed once by npm.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::repo;

/// The folders of every project.
pub(crate) fn all() -> Result<Vec<PathBuf>> {
    super::had(&manifests(), project)
}

/// The folder of one installed project.
pub(crate) fn project(name: &str) -> Result<PathBuf> {
    let manifest = repo::read(&manifests().join(name).join("package.json"))?;
    super::kept(repo::corpus_cache()?.join("npm").join(name), &manifest, |folder| {
        repo::write(&folder.join("package.json"), manifest.as_bytes())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]);
        repo::run(npm.current_dir(folder).stdin(Stdio::null()))
    })
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
