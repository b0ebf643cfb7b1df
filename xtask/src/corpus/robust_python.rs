//! The Python half of `cargo xtask corpus robust`: cases of `xtask/corpus/robust-python`, put through python-minifier and
//! generators of layers of our own (`transform.py`), as wheels and source distributions.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::repo;

/// Installs the transformer, once, makes the variants anew, and gives their archives.
pub(super) fn archives() -> Result<Vec<PathBuf>> {
    let given = repo::root().join("xtask/corpus/robust-python");
    let folder = repo::corpus_cache()?.join("robust-python");
    let requirements = given.join("requirements.txt");
    let library = super::kept(folder.join("lib"), &repo::read(&requirements)?, |library| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]);
        pip.arg("--target").arg(library).arg("--requirement").arg(&requirements);
        repo::run(pip.stdin(Stdio::null()))
    })?;
    let variants = folder.join("variants");
    let mut python = Command::new("python3");
    python.arg("-B").arg(given.join("transform.py")).arg(given.join("cases")).arg(&variants);
    repo::run(python.env("PYTHONPATH", library).stdin(Stdio::null()))?;
    super::pypi::archives_in(&variants)
}

/// `<transformer>.<half>.<trigger>.<case>.<kind>` of a name that was normalised after PEP 503.
pub(super) fn dotted(name: &str) -> Option<String> {
    let (transformer, rest) = name.split_once('-')?;
    let halves = ["held-out", "tuning"];
    let (half, rest) = halves.iter().find_map(|half| Some((half, rest.strip_prefix(half)?.strip_prefix('-')?)))?;
    let (trigger, rest) = rest.split_once('-')?;
    let (case, kind) = rest.rsplit_once('-')?;
    Some([transformer, half, trigger, case, kind].join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalised_names_are_told_apart() {
        let dotted = |name| dotted(name).unwrap_or_default();
        assert_eq!(dotted("xor-held-out-import-env-post-malicious"), "xor.held-out.import.env-post.malicious");
        assert_eq!(dotted("written-tuning-install-a-benign"), "written.tuning.install.a.benign");
        assert_eq!(dotted("requests"), "");
    }
}
