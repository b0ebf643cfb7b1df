//! What a Python release says of itself, in whichever form it comes: wheel, egg, source distribution,
//! unpacked folder. Only the few files that [`is_metadata`] names are read.

use vetch_model::evidence::Location;
use vetch_model::outcome::Incomplete;
use vetch_model::purl::normalised;

use super::build_hooks::BuildHooks;
use super::entry_points::{self, EntryPoint};
use super::record::{self, RecordedFile};
use super::site_packages::metadata;
use crate::files::{Files, MemoryFiles};
use crate::python::ini::Ini;
use crate::python::project::LIMITS;
use crate::python::requirement::normal_version;
use crate::toml_tree;

/// Largest file of these that is read, in bytes: the `RECORD` of 100,000 files.
pub const MAX_BYTES: usize = record::MAX_BYTES;

/// Most addresses that are kept.
const MAX_URLS: usize = 32;

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct ReleaseMetadata {
    /// Normalised after PEP 503.
    pub name: Option<String>,
    /// In its normal form, where it is a version.
    pub version: Option<String>,
    /// Where the name stands.
    pub place: Option<Location>,
    /// Commands and plugins.
    pub entry_points: Vec<EntryPoint>,
    /// `build-system.build-backend` of `pyproject.toml`.
    pub build_backend: Option<String>,
    /// `build-system.backend-path`: folders from which the backend is imported, as written.
    pub backend_path: Vec<String>,
    /// What a build runs of it, beside `setup.py` and a backend of its own.
    pub build_hooks: BuildHooks,
    /// Where its makers say that they are: `Home-page`, `Project-URL`, `[project.urls]`.
    pub urls: Vec<String>,
    /// The `.dist-info` folder, and the files that its `RECORD` lists.
    pub record: Option<(String, Vec<RecordedFile>)>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
}

/// Whether a file of this path, below the root of a release, says something about it.
pub fn is_metadata(path: &str) -> bool {
    match path.rsplit_once('/') {
        None => matches!(path, "PKG-INFO" | "pyproject.toml" | "setup.cfg"),
        Some((folder, name)) => match info_folder(folder) {
            Some(".dist-info") => matches!(name, "METADATA" | "RECORD" | "entry_points.txt"),
            Some(_) => matches!(name, "PKG-INFO" | "entry_points.txt"),
            None => false,
        },
    }
}

/// The kind of a folder of metadata: at the root, or an `.egg-info` in `src`.
fn info_folder(folder: &str) -> Option<&'static str> {
    let name = folder.strip_prefix("src/").filter(|name| name.ends_with(".egg-info")).unwrap_or(folder);
    if name.contains('/') {
        return None;
    }
    [".dist-info", ".egg-info", "EGG-INFO"].into_iter().find(|ending| name.ends_with(ending))
}

/// Reads what [`is_metadata`] names; other files are passed over.
pub fn read(files: &MemoryFiles) -> ReleaseMetadata {
    let mut found = ReleaseMetadata::default();
    let folders: Vec<&str> =
        files.0.keys().filter_map(|path| path.rsplit_once('/')).map(|(folder, _)| folder).collect();
    let of_kind = |kind| folders.iter().copied().find(|folder| info_folder(folder) == Some(kind));
    if let Some(folder) = of_kind(".dist-info") {
        found.headers(files, &format!("{folder}/METADATA"));
        found.entry_points(files, folder);
        found.record(files, folder);
    }
    found.headers(files, "PKG-INFO");
    for kind in ["EGG-INFO", ".egg-info"] {
        if let Some(folder) = of_kind(kind) {
            found.headers(files, &format!("{folder}/PKG-INFO"));
            found.entry_points(files, folder);
        }
    }
    found.pyproject(files);
    found.setup_cfg(files);
    found
}

impl ReleaseMetadata {
    fn bytes(&mut self, files: &MemoryFiles, path: &str, limit: usize) -> Option<Vec<u8>> {
        files.read(path, limit as u64).unwrap_or_else(|error| {
            self.incomplete.push(error.into_incomplete());
            None
        })
    }

    fn headers(&mut self, files: &MemoryFiles, path: &str) {
        if let Some(bytes) = self.bytes(files, path, metadata::MAX_BYTES) {
            let read = metadata::read(&bytes, path);
            self.named(read.name.as_deref(), read.version.as_deref(), read.place);
            self.linked(read.urls);
        }
    }

    /// What is said first counts.
    fn named(&mut self, name: Option<&str>, version: Option<&str>, place: Option<Location>) {
        if self.name.is_none()
            && let Some(name) = name
        {
            self.name = Some(normalised(name)).filter(|name| !name.is_empty());
            self.place = place;
            self.version = version.map(normal_version);
        }
    }

    fn linked(&mut self, urls: impl IntoIterator<Item = String>) {
        for url in urls {
            if self.urls.len() < MAX_URLS && !self.urls.contains(&url) {
                self.urls.push(url);
            }
        }
    }

    fn entry_points(&mut self, files: &MemoryFiles, folder: &str) {
        match entry_points::of(files, folder) {
            Ok(read) => self.entry_points.extend(read),
            Err(error) => self.incomplete.push(error.into_incomplete()),
        }
    }

    fn record(&mut self, files: &MemoryFiles, folder: &str) {
        match record::of(files, folder) {
            Ok(Some(read)) => {
                self.incomplete.extend(read.incomplete);
                self.record = Some((folder.to_owned(), read.value));
            }
            Ok(None) => {}
            Err(error) => self.incomplete.push(error.into_incomplete()),
        }
    }

    /// A file that no build tool could read has nothing to say, and is no sign of anything.
    fn pyproject(&mut self, files: &MemoryFiles) {
        let file = "pyproject.toml";
        let Some(bytes) = self.bytes(files, file, metadata::MAX_BYTES) else { return };
        let document = match toml_tree::parse(&bytes, file, LIMITS, "look at it by other means") {
            Ok(document) => document,
            Err(error) => return self.incomplete.push(error.into_incomplete()),
        };
        let table = |name: &str| document.root.get(name).and_then(|value| value.as_table());
        if let Some(project) = table("project") {
            let text = |key: &str| project.get(key).and_then(|value| value.as_str()).map(str::to_owned);
            self.named(text("name").as_deref(), text("version").as_deref(), Some(Location::file(file)));
        }
        let tables = [document.root.at(&["project", "urls"]), document.root.at(&["tool", "poetry", "urls"])];
        let urls = tables.into_iter().flatten().filter_map(|urls| urls.as_table()).flat_map(|urls| &urls.members);
        let own = ["homepage", "repository"].map(|key| document.root.at(&["tool", "poetry", key]));
        let urls = urls.map(|member| &member.value).chain(own.into_iter().flatten());
        let urls: Vec<String> = urls.filter_map(|url| url.as_str()).map(str::to_owned).collect();
        self.linked(urls);
        self.build_hooks.of_pyproject(&document.root);
        if let Some(build) = table("build-system") {
            self.build_backend = build.get("build-backend").and_then(|value| value.as_str()).map(str::to_owned);
            let paths = build.get("backend-path").and_then(|value| value.as_array());
            let paths = paths.into_iter().flatten().filter_map(|value| value.as_str());
            self.backend_path = paths.map(str::to_owned).collect();
        }
    }

    fn setup_cfg(&mut self, files: &MemoryFiles) {
        let Some(bytes) = self.bytes(files, "setup.cfg", metadata::MAX_BYTES) else { return };
        let text = String::from_utf8_lossy(&bytes);
        let ini = Ini::read(&text, "setup.cfg");
        self.build_hooks.of_setup_cfg(&ini);
        let first = |key: &str| ini.get("metadata", key).and_then(|lines| lines.first());
        let literal = |line: &&crate::python::ini::IniLine<'_>| !line.text.contains(':');
        let name = first("name");
        let place = name.map(|line| ini.location(line.span));
        self.named(name.map(|line| line.text), first("version").filter(literal).map(|line| line.text), place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_of(files: &[(&str, &str)]) -> ReleaseMetadata {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        read(&MemoryFiles(files.collect()))
    }

    fn named(files: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let read = read_of(files);
        (read.name, read.version)
    }

    #[test]
    fn names() {
        let some = |name: &str, version: &str| (Some(name.to_owned()), Some(version.to_owned()));
        for (files, expected) in [
            (&[("A_b-1.dist-info/METADATA", "Name: A_b\nVersion: 1.0\n\nName: x\n")][..], some("a-b", "1.0")),
            (&[("PKG-INFO", "Name: a\nVersion: 1.0.0-rc1\n")], some("a", "1.0.0rc1")),
            (&[("src/a.egg-info/PKG-INFO", "Name: a\nVersion: 2\n")], some("a", "2")),
            (&[("EGG-INFO/PKG-INFO", "Name: a\nVersion: 2\n")], some("a", "2")),
            (&[("pyproject.toml", "[project]\nname = \"a\"\nversion = \"3\"\n")], some("a", "3")),
            (&[("setup.cfg", "[metadata]\nname = a\nversion = attr: a.__version__\n")], (Some("a".to_owned()), None)),
            (&[("setup.py", "")], (None, None)),
            (&[("pyproject.toml", "[project\n")], (None, None)),
        ] {
            assert_eq!(named(files), expected, "{files:?}");
        }
    }

    #[test]
    fn what_runs() {
        let read = read_of(&[
            ("pyproject.toml", "[build-system]\nbuild-backend = \"hook:api\"\nbackend-path = [\".\", \"build\"]\n"),
            ("a-1.dist-info/entry_points.txt", "[console_scripts]\na = a.cli:main\n"),
            ("a-1.dist-info/RECORD", "a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"),
        ]);
        assert_eq!(read.build_backend.as_deref(), Some("hook:api"));
        assert_eq!(read.backend_path, [".", "build"]);
        let pyproject = "[tool.hatch.build.targets.wheel.hooks.custom]\n[tool.poetry.build]\nscript = \"b.py\"\n\
                         [tool.setuptools.cmdclass]\nsdist = \"p.cmd.Sdist\"\n[project.urls]\nHome = \"https://p.invalid\"\n";
        let setup_cfg = "[metadata]\nname = p\n[options]\ncmdclass =\n    build_py = p.cmd.Build\n";
        let hooks = read_of(&[("pyproject.toml", pyproject), ("setup.cfg", setup_cfg)]);
        assert_eq!(hooks.build_hooks.files, ["hatch_build.py", "b.py"]);
        assert_eq!(hooks.build_hooks.commands, ["p.cmd.Sdist", "p.cmd.Build"]);
        assert_eq!(hooks.urls, ["https://p.invalid"]);
        assert_eq!((read.entry_points[0].name.as_str(), read.entry_points[0].target.as_str()), ("a", "a.cli:main"));
        let (folder, files) = read.record.unwrap();
        assert_eq!((folder.as_str(), files[0].place.as_deref()), ("a-1.dist-info", Some("a.py")));
    }

    #[test]
    fn which_files() {
        for path in ["PKG-INFO", "a.egg-info/PKG-INFO", "src/a.egg-info/entry_points.txt", "a-1.dist-info/RECORD"] {
            assert!(is_metadata(path), "{path}");
        }
        for path in ["a/PKG-INFO", "a/a-1.dist-info/RECORD", "src/a-1.dist-info/RECORD", "a-1.dist-info/WHEEL"] {
            assert!(!is_metadata(path), "{path}");
        }
    }
}
