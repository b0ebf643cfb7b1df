//! Which folders of a target hold installed Python distributions.

use crate::error::ReadError;
use crate::files::{Files, ListedKind};

/// Most folders looked into.
const MAX_FOLDERS: usize = 2_000;

/// How deep they lie: `.venv/local/lib/python3.11/site-packages`.
const MAX_DEPTH: usize = 7;

/// Folders named so on the way to `site-packages`.
const ON_THE_WAY: &[&str] =
    &["lib", "lib64", "Lib", "local", "usr", "opt", "envs", "venv", ".venv", "env", ".env", ".tox", ".nox"];

/// What was found.
pub(super) struct Found {
    /// Every folder that holds distributions, in order.
    pub(super) sites: Vec<String>,
    /// There were too many folders to look into all of them.
    pub(super) is_cut: bool,
}

/// Every folder at or below `folder` that holds distributions.
pub(super) fn find(files: &dyn Files, folder: &str) -> Result<Found, ReadError> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    let mut seen = 0;
    while let Some((path, depth)) = open.pop() {
        seen += 1;
        if seen > MAX_FOLDERS {
            return Ok(Found { sites: found, is_cut: true });
        }
        let listed = files.list(&path)?;
        let name = path.rsplit('/').next().unwrap_or_default();
        let has_distributions = listed.iter().any(|entry| is_distribution(&entry.name));
        if has_distributions || is_site(name) {
            found.push(path);
            continue;
        }
        // Below these every folder may be an environment.
        let is_holder = matches!(name, "envs" | ".tox" | ".nox" | "__pypackages__");
        for entry in listed.into_iter().rev() {
            let is_way = ON_THE_WAY.contains(&entry.name.as_str()) || is_site(&entry.name) || is_holder;
            let is_way = is_way || entry.name == "__pypackages__" || is_interpreter(&entry.name);
            if entry.kind == ListedKind::Folder && is_way && depth < MAX_DEPTH {
                let below = if path.is_empty() { entry.name } else { format!("{path}/{}", entry.name) };
                open.push((below, depth + 1));
            }
        }
    }
    Ok(Found { sites: found, is_cut: false })
}

fn is_site(name: &str) -> bool {
    matches!(name, "site-packages" | "dist-packages")
}

fn is_interpreter(name: &str) -> bool {
    let rest = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// Whether an entry's name is that of a distribution. `.egg-info` alone is a
/// project's own build, not something installed.
fn is_distribution(name: &str) -> bool {
    name.ends_with(".dist-info") || name.ends_with(".egg-link")
}
