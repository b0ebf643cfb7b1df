//! The requirements of `xtask/corpus/pypi`: what ordinary projects ask for, downloaded once by pip.
//!
//! Each folder is one project. `requirements.txt` says in pip's own terms whether wheels or source distributions are
//! wanted (`--only-binary`, `--no-binary`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::repo;

/// The archives of every project.
pub(crate) fn all() -> Result<Vec<PathBuf>> {
    let archives = super::had(&requirements(), |name| archives_in(&project(name)?))?;
    Ok(archives.concat())
}

/// The folder that holds the archives of one project.
fn project(name: &str) -> Result<PathBuf> {
    let given = requirements().join(name).join("requirements.txt");
    let wanted = repo::read(&given)?;
    super::kept(repo::corpus_cache()?.join("pypi").join(name), &wanted, |folder| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest"]).arg(folder);
        repo::run(pip.arg("--requirement").arg(&given).stdin(Stdio::null()))
    })
}

/// The archives of a folder, by name.
pub(crate) fn archives_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_archive = |name: &&String| [".whl", ".tar.gz", ".zip"].iter().any(|end| name.ends_with(end));
    Ok(repo::names_in(folder)?.iter().filter(is_archive).map(|name| folder.join(name)).collect())
}

fn requirements() -> PathBuf {
    repo::root().join("xtask/corpus/pypi")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direct_requirements_are_pinned_exactly() {
        let names = repo::names_in(&requirements()).unwrap();
        assert!(names.len() >= 5, "{names:?}");
        for name in names {
            let text = repo::read(&requirements().join(&name).join("requirements.txt")).unwrap();
            let wanted = text.lines().filter(|line| !line.starts_with(['#', '-']) && !line.is_empty());
            wanted.for_each(|line| assert!(line.contains("=="), "{name}: {line}"));
        }
    }

    #[test]
    fn only_archives_are_scanned() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b-1.0.tar.gz", "a-1.0-py3-none-any.whl", crate::corpus::MARKER, "notes.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = archives_in(folder.path()).unwrap();
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["a-1.0-py3-none-any.whl", "b-1.0.tar.gz"]);
    }
}
