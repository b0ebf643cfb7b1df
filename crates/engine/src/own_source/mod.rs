//! The project's own source at two times, packed as releases, so that it is looked at like any other: what a change adds
//! to what the project itself does. A malicious contribution shows here, in its code or in what its CI runs.

mod gather;
mod pack;
mod workflows;

use std::collections::{BTreeMap, BTreeSet};

use vetch_detectors::{score, verdict_of};
use vetch_model::inventory::Ecosystem;
use vetch_model::outcome::Incomplete;
use vetch_model::purl::Purl;
use vetch_model::scan::ReleaseResult;

pub(crate) use gather::gather;
pub use gather::of_folder;

/// The files of a project at one time, its dependencies aside.
#[derive(Debug, Default)]
pub struct Source {
    files: BTreeMap<String, Vec<u8>>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
}

/// A part of a project that changed, before and after, each packed as a release of its ecosystem.
#[derive(Debug)]
pub struct ChangedPart {
    /// What it is called in reports: its folder, or what CI runs.
    pub shown: String,
    /// A name for the archives.
    pub archive: String,
    /// As it was; of a part that is new, a release without code.
    pub old: Vec<u8>,
    /// As it is.
    pub new: Vec<u8>,
    runs_in_ci: bool,
}

/// What to do about what a change does that nobody has merged yet.
const REMEDY: &str = "Do not merge it, nor run it, before whoever made the change has explained it. If it came under a name that \
                      you trust, ask them by another way whether it was them.";

impl ChangedPart {
    /// The judgement of what the change adds, given those of the part before and after: what was found before as well is
    /// not the change's doing. `label` is what findings call the release that the part was packed as.
    pub fn added(&self, before: Option<&ReleaseResult>, after: &ReleaseResult, label: &str) -> ReleaseResult {
        let known: BTreeSet<(&str, &str)> = before
            .iter()
            .flat_map(|release| &release.findings)
            .map(|finding| (finding.rule, finding.title.as_str()))
            .collect();
        let mut added = after.clone();
        added.findings.retain(|finding| !known.contains(&(finding.rule, finding.title.as_str())));
        for finding in &mut added.findings {
            finding.title = self.told(&finding.title.replace(label, &self.shown));
            REMEDY.clone_into(&mut finding.remedy);
        }
        (added.verdict, added.score) =
            (verdict_of(&added.findings, !added.incomplete.is_empty()), score(&added.findings));
        added.purl = Purl::generic(&self.shown);
        // Where it was put for the comparison is no place of it.
        (added.locations, added.paths) = (Vec::new(), Vec::new());
        added
    }

    /// What is said of a release, of this.
    fn told(&self, title: &str) -> String {
        match self.runs_in_ci {
            true => title.replace("when it is installed", "when CI runs"),
            false => title.replace("as soon as it is imported", "as soon as it starts"),
        }
    }
}

/// What belongs together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// JavaScript and shell below a folder with a `package.json`, or of the whole.
    Npm(String),
    /// Python below a folder with a manifest, or of the whole.
    Python(String),
    /// What CI runs.
    Workflows,
}

/// The parts that differ between two times, those aside that are gone.
///
/// # Errors
/// When a part cannot be packed: a path is longer than archives hold.
pub fn changed(old: &Source, new: &Source) -> std::io::Result<Vec<ChangedPart>> {
    let (before, none) = (parts(old), BTreeMap::new());
    let mut changed = Vec::new();
    for (part, after) in parts(new) {
        let before = before.get(&part).unwrap_or(&none);
        if *before != after {
            let (old, new) = (part.pack(before)?, part.pack(&after)?);
            let runs_in_ci = part == Part::Workflows;
            changed.push(ChangedPart { shown: part.shown(), archive: part.archive(), old, new, runs_in_ci });
        }
    }
    Ok(changed)
}

/// The source of one package in a checkout, packed as a release of its ecosystem, with a name for the archive: of npm what
/// lies below the manifest of that name, of a repository that has none what lies at its top. `None`: there is no code of
/// that ecosystem.
///
/// # Errors
/// When it cannot be packed: a path is longer than archives hold.
pub fn of_package(source: &Source, ecosystem: &Ecosystem, name: &str) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let parts = parts(source);
    let is_named = |files: &BTreeMap<String, &[u8]>| {
        let manifest =
            files.get("package.json").and_then(|bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok());
        manifest.is_some_and(|manifest| manifest.get("name").and_then(serde_json::Value::as_str) == Some(name))
    };
    let of_ecosystem = |part: &&Part| match ecosystem {
        Ecosystem::Pypi => matches!(part, Part::Python(_)),
        _ => matches!(part, Part::Npm(_)),
    };
    let named = parts.iter().find(|(part, files)| of_ecosystem(part) && is_named(files));
    let Some((part, files)) = named.or_else(|| parts.iter().find(|(part, _)| of_ecosystem(part))) else {
        return Ok(None);
    };
    let packed = match part {
        Part::Npm(_) => pack::whole(files)?,
        _ => part.pack(files)?,
    };
    Ok(Some((part.archive(), packed)))
}

/// All code of a project, part by part: the folder, a name for the archive, and the archive, which loads every module. What
/// cannot be packed is left out.
pub(crate) fn packed(source: &Source) -> Vec<(String, String, Vec<u8>)> {
    let packed = |(part, files): (Part, BTreeMap<String, &[u8]>)| match &part {
        Part::Npm(folder) => Some((folder.clone(), part.archive(), pack::whole(&files).ok()?)),
        Part::Python(folder) => Some((folder.clone(), part.archive(), pack::python(&files).ok()?)),
        Part::Workflows => None,
    };
    parts(source).into_iter().filter_map(packed).collect()
}

impl Part {
    fn shown(&self) -> String {
        let below = |folder: &str| if folder.is_empty() { String::new() } else { format!(" in {folder}") };
        match self {
            Part::Npm(folder) => format!("own JavaScript{}", below(folder)),
            Part::Python(folder) => format!("own Python{}", below(folder)),
            Part::Workflows => "CI workflows".to_owned(),
        }
    }

    fn archive(&self) -> String {
        match self {
            Part::Npm(_) | Part::Workflows => "source.tgz".to_owned(),
            Part::Python(_) => "source-0.tar.gz".to_owned(),
        }
    }

    fn pack(&self, files: &BTreeMap<String, &[u8]>) -> std::io::Result<Vec<u8>> {
        match self {
            Part::Npm(_) => pack::npm(files),
            Part::Python(_) => pack::python(files),
            Part::Workflows => workflows::pack(files),
        }
    }
}

/// The files of each part, by their paths in it.
fn parts(source: &Source) -> BTreeMap<Part, BTreeMap<String, &[u8]>> {
    let folders = |manifests: &[&str]| -> BTreeSet<&str> {
        let has = source.files.keys().filter_map(|path| {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            manifests.contains(&name).then_some(folder)
        });
        has.chain([""]).collect()
    };
    let npm = folders(&["package.json"]);
    let python = folders(&["pyproject.toml", "setup.py", "setup.cfg"]);
    let mut parts: BTreeMap<Part, BTreeMap<String, &[u8]>> = BTreeMap::new();
    for (path, bytes) in &source.files {
        let mut put = |part: Part, folder: &str| {
            let own = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
            parts.entry(part).or_default().insert(own.to_owned(), bytes.as_slice());
        };
        if workflows::is_workflow(path) {
            put(Part::Workflows, "");
            continue;
        }
        let (in_npm, in_python) = (nearest(&npm, path), nearest(&python, path));
        match kind_of(path) {
            Kind::JavaScript => put(Part::Npm(in_npm.to_owned()), in_npm),
            Kind::Python => put(Part::Python(in_python.to_owned()), in_python),
            // Data may be what either reads and runs.
            Kind::Other => {
                put(Part::Npm(in_npm.to_owned()), in_npm);
                put(Part::Python(in_python.to_owned()), in_python);
            }
        }
    }
    parts.retain(|part, files| match part {
        Part::Npm(_) => files.keys().any(|path| kind_of(path) == Kind::JavaScript),
        Part::Python(_) => files.keys().any(|path| kind_of(path) == Kind::Python),
        Part::Workflows => true,
    });
    parts
}

/// The deepest of some folders that a file lies in.
fn nearest<'f>(folders: &BTreeSet<&'f str>, path: &str) -> &'f str {
    let mut above = path;
    while let Some((folder, _)) = above.rsplit_once('/') {
        if let Some(found) = folders.get(folder) {
            return found;
        }
        above = folder;
    }
    ""
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    JavaScript,
    Python,
    Other,
}

fn kind_of(path: &str) -> Kind {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js" | "cjs" | "mjs" | "jsx" | "ts" | "cts" | "mts" | "tsx") => Kind::JavaScript,
        _ if name == "package.json" => Kind::JavaScript,
        Some("py" | "pyw" | "pth") => Kind::Python,
        _ if matches!(name, "pyproject.toml" | "setup.cfg") => Kind::Python,
        _ => Kind::Other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test's own helper")]
mod tests {
    use super::*;

    fn source(files: &[(&str, &str)]) -> Source {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        Source { files, incomplete: Vec::new() }
    }

    fn shown(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
        changed(&source(old), &source(new)).unwrap().into_iter().map(|part| part.shown).collect()
    }

    #[test]
    fn files_belong_to_the_nearest_manifest() {
        let old = [("package.json", "{}"), ("a.js", "1"), ("web/package.json", "{}"), ("web/b.js", "1")];
        let mut new = old;
        new[3].1 = "2";
        assert_eq!(shown(&old, &new), ["own JavaScript in web"]);
        new[1].1 = "2";
        assert_eq!(shown(&old, &new), ["own JavaScript", "own JavaScript in web"]);
    }

    #[test]
    fn languages_and_ci_are_told_apart() {
        let old = [("tool.py", "1"), ("app.js", "1"), ("README.md", "a")];
        assert_eq!(shown(&old, &[("tool.py", "2"), ("app.js", "1"), ("README.md", "a")]), ["own Python"]);
        assert!(shown(&old, &old).is_empty());
        let ci = [old[0], old[1], old[2], (".github/workflows/ci.yml", "run: make")];
        assert_eq!(shown(&old, &ci), ["CI workflows"]);
    }
}
