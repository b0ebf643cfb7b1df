//! Python: requirements, manifests, lockfiles, and what they share: specifiers
//! ([`requirement`]), markers ([`marker`]) and sources ([`source`]).

pub(crate) mod build;
pub(crate) mod gaps;
pub(crate) mod hashes;
pub(crate) mod ini;
mod locked;
pub(crate) mod marker;
pub mod pdm;
pub mod pipfile_lock;
pub mod poetry;
pub(crate) mod project;
pub mod pylock;
pub mod pyproject;
pub(crate) mod requirement;
pub mod requirements;
pub mod setup_cfg;
pub(crate) mod source;
pub mod spec;
pub mod uv;
pub(crate) mod wanted;

/// Whether a path is that of a requirements or constraints file: `requirements-dev.txt`,
/// `dev-requirements.in`, `requirements/base.txt`, `constraints.txt`.
pub(crate) fn is_requirements(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.to_ascii_lowercase();
    let Some(stem) = name.strip_suffix(".txt").or_else(|| name.strip_suffix(".in")) else { return false };
    let is_folder = matches!(folder.rsplit('/').next(), Some("requirements" | "reqs"));
    is_folder || stem.contains("requirements") || stem.split(['-', '_', '.']).any(|word| word == "constraints")
}
