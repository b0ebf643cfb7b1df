//! What an archive or a folder holds: an npm package, or a Python release in one of its forms, and
//! where in it that lies. Told by names alone.

use crate::layout::Layout;
use crate::limits::Limits;
use crate::reader::read_tar;
use crate::zip;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Bound;
use vetch_model::facts::PythonForm;
use vetch_model::inventory::Ecosystem;

/// Most folders around everything that are gone through.
const MAX_AROUND: usize = 8;

/// How sure the names make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    None,
    /// Files of the language.
    Files,
    /// What developers write: `package.json`, `setup.py`, `pyproject.toml`.
    Manifest,
    /// What only packing tools write: `PKG-INFO`, `.dist-info`, `package/package.json`.
    Packed,
}

/// What the names of an archive or a folder say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// In which form, if it is a Python release.
    pub form: PythonForm,
    /// The folder in which it lies; empty if that is all of it.
    pub root: String,
    /// Number of Python files below that.
    pub python_files: usize,
    /// Number of JavaScript files below that.
    pub javascript_files: usize,
    /// Whether there is a `setup.py`.
    pub has_setup: bool,
    npm: Sign,
    python: Sign,
    /// Whether npm, which strips one folder, would find a manifest.
    has_npm_root: bool,
}

impl Shape {
    /// Whose package it is, and whether it may as well be the other's. A `.tgz` is what npm's
    /// registry serves, and PyPI does not: there `package.json` decides.
    pub fn ecosystem(&self, is_tgz: bool) -> (Ecosystem, bool) {
        let is_both = self.npm >= Sign::Manifest && self.python >= Sign::Manifest;
        if is_both && is_tgz {
            return (Ecosystem::Npm, false);
        }
        let is_doubtful = is_both && self.python <= self.npm;
        let is_python = match self.python.cmp(&self.npm) {
            Ordering::Greater => true,
            Ordering::Equal => self.python_files > self.javascript_files,
            Ordering::Less => false,
        };
        (if is_python { Ecosystem::Pypi } else { Ecosystem::Npm }, is_doubtful)
    }

    /// Whether a tool packed it as a Python release: nobody writes `PKG-INFO` or `.dist-info` by hand.
    pub fn is_packed_python(&self) -> bool {
        self.python == Sign::Packed
    }

    /// Whether it says how it is built as a Python release.
    pub fn is_declared_python(&self) -> bool {
        self.python >= Sign::Manifest
    }

    /// How an archive of this shape is installed, as a package of this ecosystem.
    pub fn layout(&self, ecosystem: &Ecosystem) -> Layout {
        match (ecosystem, self.root.as_str()) {
            // A manifest further up or down is no reason to read it otherwise than npm does.
            (Ecosystem::Npm, _) if self.has_npm_root || self.npm < Sign::Manifest => Layout::Npm,
            (_, "") => Layout::AsNamed,
            (_, root) => Layout::Below(root.to_owned()),
        }
    }
}

/// Names of an archive, as they will be placed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey(BTreeSet<String>);

/// Lists an archive that lies in memory. What cannot be read has no names; who reads it hears why.
pub fn survey(bytes: &[u8], limits: &Limits) -> Survey {
    if zip::is_zip(bytes) {
        let names = zip::names(bytes, limits);
        return Survey(names.iter().map(|name| Layout::AsNamed.place(name).path).collect());
    }
    match read_tar(bytes, &Layout::AsNamed, limits, &mut |_| Ok(())) {
        Ok(summary) => Survey(summary.installed.into_keys().chain(summary.links.into_keys()).collect()),
        Err(_) => Survey::default(),
    }
}

impl Survey {
    /// A folder's files, relative to it, with `/`.
    pub fn of_folder<'p>(files: impl IntoIterator<Item = &'p str>) -> Survey {
        Survey(files.into_iter().map(str::to_owned).collect())
    }

    /// What they are.
    pub fn shape(&self) -> Shape {
        let mut root = String::new();
        for _ in 0..MAX_AROUND {
            let level = Level::of(&self.0, &root);
            if level.python > Sign::Files || level.npm > Sign::Files || level.has_code {
                return level.shape(&self.0, root);
            }
            match level.only_folder {
                // A folder with `__init__.py` is a module, and what is around it is the root.
                Some(folder) if !self.0.contains(&join(&root, &format!("{folder}/__init__.py"))) => {
                    root = join(&root, &folder);
                }
                _ => break,
            }
        }
        Level::of(&self.0, "").shape(&self.0, String::new())
    }
}

/// One folder's own names.
struct Level {
    npm: Sign,
    python: Sign,
    form: PythonForm,
    /// Whether code lies in it.
    has_code: bool,
    has_setup: bool,
    /// The folder that is all there is.
    only_folder: Option<String>,
}

impl Level {
    fn of(paths: &BTreeSet<String>, root: &str) -> Level {
        let mut level = Level {
            npm: Sign::None,
            python: Sign::None,
            form: PythonForm::Sources,
            has_code: false,
            has_setup: false,
            only_folder: None,
        };
        let (mut folders, mut files) = (BTreeSet::new(), 0);
        for path in below(paths, root) {
            match path.split_once('/') {
                Some((folder, _)) => {
                    if folders.insert(folder) {
                        level.folder(folder);
                    }
                }
                None if is_noise(path) => {}
                None => {
                    files += 1;
                    level.file(path, root);
                }
            }
        }
        folders.remove("__MACOSX");
        if files == 0 && folders.len() == 1 {
            level.only_folder = folders.first().map(|folder| (*folder).to_owned());
        }
        level
    }

    fn folder(&mut self, name: &str) {
        let form = match name {
            "EGG-INFO" => PythonForm::Egg,
            name if name.ends_with(".dist-info") => PythonForm::Wheel,
            name if name.ends_with(".egg-info") => PythonForm::Sdist,
            _ => return,
        };
        self.python = Sign::Packed;
        self.form = self.form.max(form);
    }

    fn file(&mut self, name: &str, root: &str) {
        match name {
            "package.json" => self.npm = if root == "package" { Sign::Packed } else { Sign::Manifest },
            "PKG-INFO" => (self.python, self.form) = (Sign::Packed, self.form.max(PythonForm::Sdist)),
            "setup.py" | "pyproject.toml" | "setup.cfg" => {
                self.has_setup |= name == "setup.py";
                self.python = self.python.max(Sign::Manifest);
                self.form = self.form.max(PythonForm::Sdist);
            }
            name => self.has_code |= is_python(name) || is_javascript(name),
        }
    }

    fn shape(self, paths: &BTreeSet<String>, root: String) -> Shape {
        let count = |is: fn(&str) -> bool| below(paths, &root).filter(|path| is(path)).count();
        let (python_files, javascript_files) = (count(is_python), count(is_javascript));
        let sign = |sign: Sign, files: usize| if sign == Sign::None && files > 0 { Sign::Files } else { sign };
        let (python, npm) = (sign(self.python, python_files), sign(self.npm, javascript_files));
        let is_npm_root = |path: &String| path.split_once('/').is_some_and(|(_, rest)| rest == "package.json");
        let has_npm_root = paths.iter().any(is_npm_root);
        let (form, has_setup) = (self.form, self.has_setup);
        Shape { form, root, python_files, javascript_files, has_setup, npm, python, has_npm_root }
    }
}

/// The paths below a folder, relative to it.
fn below<'p>(paths: &'p BTreeSet<String>, root: &str) -> impl Iterator<Item = &'p str> {
    let prefix = if root.is_empty() { String::new() } else { format!("{root}/") };
    let length = prefix.len();
    let from = paths.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
    from.take_while(move |path| path.starts_with(&prefix)).filter_map(move |path| path.get(length..))
}

fn join(root: &str, name: &str) -> String {
    if root.is_empty() { name.to_owned() } else { format!("{root}/{name}") }
}

/// What systems and tools leave beside what was packed.
fn is_noise(name: &str) -> bool {
    matches!(name, "pax_global_header" | ".DS_Store" | "Thumbs.db")
}

fn is_python(name: &str) -> bool {
    [".py", ".pyw", ".pyx", ".pyc", ".pyd", ".pth"].iter().any(|ending| name.ends_with(ending))
}

fn is_javascript(name: &str) -> bool {
    [".js", ".cjs", ".mjs", ".ts", ".jsx", ".tsx"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(paths: &[&str]) -> (Ecosystem, PythonForm, String) {
        let shape = Survey::of_folder(paths.iter().copied()).shape();
        (shape.ecosystem(false).0, shape.form, shape.root)
    }

    #[test]
    fn shapes() {
        use Ecosystem::{Npm, Pypi};
        use PythonForm::{Egg, Sdist, Sources, Wheel};
        for (paths, ecosystem, form, root) in [
            (&["package/package.json", "package/index.js"][..], Npm, Sources, "package"),
            (&["a-1/package.json", "a-1/lib/x.py"], Npm, Sources, "a-1"),
            (&["a-1/PKG-INFO", "a-1/setup.py", "a-1/package.json"], Pypi, Sdist, "a-1"),
            (&["a-1/setup.py", "a-1/a/__init__.py"], Pypi, Sdist, "a-1"),
            (&["a/__init__.py", "a-1.dist-info/METADATA"], Pypi, Wheel, ""),
            (&["x/a/__init__.py", "x/a-1.dist-info/METADATA"], Pypi, Wheel, "x"),
            (&["a/__init__.py", "EGG-INFO/PKG-INFO"], Pypi, Egg, ""),
            (&["a/__init__.py", "a/b.py"], Pypi, Sources, ""),
            (&["sample/inner/setup.py"], Pypi, Sdist, "sample/inner"),
            (&["a.py"], Pypi, Sources, ""),
            (&["x/a.py", "x/b.py"], Pypi, Sources, "x"),
            (&["README.md"], Npm, Sources, ""),
            (&["pax_global_header", "a-1/pyproject.toml"], Pypi, Sdist, "a-1"),
        ] {
            assert_eq!(shape(paths), (ecosystem, form, root.to_owned()), "{paths:?}");
        }
    }

    #[test]
    fn doubt() {
        let told = |paths: &[&str], is_tgz| Survey::of_folder(paths.iter().copied()).shape().ecosystem(is_tgz);
        let both = ["a/package.json", "a/setup.py", "a/b.js"];
        assert_eq!(told(&both, false), (Ecosystem::Npm, true));
        assert_eq!(told(&both, true), (Ecosystem::Npm, false));
        // An extension of Jupyter: `package.json` is part of the source.
        assert_eq!(told(&["a-1/package.json", "a-1/PKG-INFO", "a-1/b.js"], false), (Ecosystem::Pypi, false));
        // As npm packs it, with metadata of Python's beside.
        assert!(told(&["package/package.json", "package/PKG-INFO"], false).1);
        assert_eq!(told(&["package/package.json", "package/b.py"], false), (Ecosystem::Npm, false));
    }

    #[test]
    fn a_manifest_elsewhere_does_not_change_how_npm_reads() {
        let shape = |paths: &[&str]| Survey::of_folder(paths.iter().copied()).shape();
        let decoy = shape(&["package.json", "package/package.json", "package/evil.js"]);
        assert_eq!(decoy.layout(&Ecosystem::Npm), Layout::Npm);
        assert_eq!(shape(&["package.json"]).layout(&Ecosystem::Npm), Layout::AsNamed);
        assert_eq!(shape(&["a/b/package.json"]).layout(&Ecosystem::Npm), Layout::Below("a/b".to_owned()));
        assert_eq!(shape(&[]).layout(&Ecosystem::Npm), Layout::Npm);
        assert_eq!(shape(&["a/setup.py"]).layout(&Ecosystem::Pypi), Layout::Below("a".to_owned()));
    }
}
