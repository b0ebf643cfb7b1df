//! The package under analysis: its manifest, its files, and what was lowered of them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use vetch_model::facts::UnreadReason;
use vetch_model::indicator::FileHashes;
use vetch_model::manifest::{EntryKind, Manifest};
use vetch_syntax::ir::{Language, Module, Node};
use vetch_syntax::js::{Lowerer, ParseFailure};
use vetch_syntax::limits::Limits;

use crate::PythonRelease;
use crate::interest::{inert_functions, is_telling_module, telling_files, tells};
use crate::observables::InFile;
use crate::resolve::{Resolution, package_name, resolve, resolve_path};
use crate::signals::{RawSignal, of_names, of_source};

/// Source text whose IR is kept until the end, in bytes. What is over it is
/// analysed file by file and forgotten: calls across such files are not followed.
const RETAINED_SOURCE: u64 = 12 << 20;

/// Largest data file whose contents are kept.
const MAX_CONTENTS: usize = 8 << 20;

fn bears_marks<'s>(signals: impl IntoIterator<Item = &'s RawSignal>) -> bool {
    signals.into_iter().any(|signal| signal.kind.marks_obfuscator(signal.strength))
}

/// Extensions of source that is lowered.
const SOURCE_EXTENSIONS: &[&str] = &["js", "cjs", "mjs", "jsx", "ts", "cts", "mts", "tsx"];

/// One file.
#[derive(Debug, Default)]
pub(crate) struct PackageFile {
    pub path: String,
    pub size: u64,
    /// Kept until the end, for excerpts and execution.
    pub source: Option<Rc<str>>,
    pub module: Option<Rc<Module>>,
    /// Contents of files that are no source.
    pub contents: Option<Vec<u8>>,
    /// Why it could not be understood.
    pub problem: Option<(UnreadReason, String)>,
    pub signals: Vec<RawSignal>,
    /// Hosts, addresses and the like that stand in it.
    pub observables: Vec<InFile>,
    /// If all of it came.
    pub hashes: Option<FileHashes>,
    /// Specifiers that the file names, and declared dependencies that it mentions.
    pub specifiers: BTreeSet<String>,
    /// Whether its IR is to be kept.
    pub retained: bool,
    /// Whether it can have effects without the other files of the package.
    pub tells_alone: bool,
    /// Whether it can have effects, alone or through files that it loads.
    pub tells: bool,
}

/// A package and its files, sorted by path.
pub(crate) struct Package {
    pub manifest: Option<Manifest>,
    pub files: Vec<PackageFile>,
    /// Of a Python release: what its metadata say.
    pub python: Option<PythonRelease>,
    index: HashMap<String, usize>,
    lowerer: RefCell<Lowerer>,
    limits: Limits,
    /// Which functions of a file are inert, once asked for.
    inert: RefCell<HashMap<usize, Rc<Vec<bool>>>>,
}

impl Package {
    pub(crate) fn new(manifest: Option<Manifest>, listing: &[(String, u64)], python: Option<PythonRelease>) -> Package {
        let mut files: Vec<PackageFile> = listing
            .iter()
            .map(|(path, size)| PackageFile { path: path.clone(), size: *size, ..PackageFile::default() })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        let index = files.iter().enumerate().map(|(index, file)| (file.path.clone(), index)).collect();
        let mut package = Package {
            manifest,
            files,
            python,
            index,
            lowerer: RefCell::new(Lowerer::new()),
            limits: Limits::default(),
            inert: RefCell::default(),
        };
        package.choose_retained();
        package
    }

    /// Entries first, then the smallest: decided by the listing alone, so that the order of arrival does not matter.
    fn choose_retained(&mut self) {
        let entries: BTreeSet<usize> =
            self.entries(EntryKind::Import).into_iter().chain(self.entries(EntryKind::Bin)).collect();
        let mut order: Vec<usize> =
            (0..self.files.len()).filter(|&file| self.is_source(&self.files[file].path)).collect();
        order.sort_by_key(|file| (!entries.contains(file), self.files[*file].size, *file));
        let mut total = 0u64;
        for file in order {
            total = total.saturating_add(self.files[file].size);
            self.files[file].retained = total <= RETAINED_SOURCE;
        }
    }

    /// Whether a file is source in the release's own language.
    pub(crate) fn is_source(&self, path: &str) -> bool {
        if self.python.is_some() { is_python(path) } else { is_source(path) }
    }

    /// Index of the file with this path.
    pub(crate) fn file(&self, path: &str) -> Option<usize> {
        self.index.get(path).copied()
    }

    /// Lowered form of a file, if it was kept.
    pub(crate) fn module(&self, file: usize) -> Option<Rc<Module>> {
        self.files[file].module.clone()
    }

    /// Contents of a file, source or not, where they are at hand.
    pub(crate) fn contents(&self, path: &str) -> Option<&[u8]> {
        let file = &self.files[self.file(path)?];
        file.contents.as_deref().or(file.source.as_ref().map(|source| source.as_bytes()))
    }

    /// `<package>/lib/x.js`
    pub(crate) fn path_of(&self, file: usize) -> String {
        format!("<package>/{}", self.files[file].path)
    }

    /// `<package>/lib`
    pub(crate) fn directory_of(&self, file: usize) -> String {
        match self.files[file].path.rsplit_once('/') {
            Some((folder, _)) => format!("<package>/{folder}"),
            None => "<package>".to_owned(),
        }
    }

    /// Whether a file is a script of another language that commands may run.
    pub(crate) fn is_shell_script(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or_default();
        self.file(path).is_some()
            && match name.rsplit_once('.') {
                Some((_, extension)) => matches!(extension, "sh" | "bash" | "zsh" | "ps1" | "bat" | "cmd"),
                None => true,
            }
    }

    /// Whether a file bears the marks of an obfuscator.
    pub(crate) fn is_obfuscated(&self) -> bool {
        bears_marks(self.files.iter().flat_map(|file| &file.signals))
    }

    /// Whether a decoded layer bears the marks of an obfuscator.
    pub(crate) fn is_obfuscated_layer(&self, text: &str, module: &Module) -> bool {
        bears_marks(&of_names("layer.js", text, module)) || bears_marks(&of_source("layer.js", text))
    }

    /// Number of IR nodes that are kept.
    pub(crate) fn node_count(&self) -> u64 {
        self.files.iter().filter_map(|file| file.module.as_ref()).map(|module| module.nodes.len() as u64).sum()
    }

    /// Lowers a decoded layer.
    pub(crate) fn parse_layer(&self, source: &str, language: Language) -> Result<Module, ParseFailure> {
        match language {
            Language::JavaScript => self.lowerer.borrow_mut().js(source, "layer.js", &self.limits),
            Language::Python => Ok(self.lowerer.borrow().python(source, &self.limits)?.module),
        }
    }

    /// Lowers a file that has arrived; what it names is noted, and the IR given back.
    pub(crate) fn lower(&mut self, file: usize, source: &str) -> Option<Rc<Module>> {
        let path = self.files[file].path.clone();
        if is_python(&path) {
            return self.lower_python(file, source);
        }
        match self.lowerer.get_mut().js(source, &path, &self.limits) {
            Ok(module) => {
                self.files[file].specifiers = self.named_in(&module);
                self.files[file].tells_alone = tells(&module);
                Some(Rc::new(module))
            }
            // What is no source by name may be loaded by mistake, or by a loader of its own.
            Err(failure) if failure.reason == UnreadReason::SyntaxError && !is_source(&path) => None,
            Err(failure) => {
                self.files[file].problem = Some((failure.reason, failure.detail));
                None
            }
        }
    }

    /// What is no Python 3 is told of, and passed over. Every file counts as one that can have effects.
    fn lower_python(&mut self, file: usize, source: &str) -> Option<Rc<Module>> {
        let lowered = self.lowerer.get_mut().python(source, &self.limits);
        let target = &mut self.files[file];
        target.tells_alone = true;
        match lowered {
            Ok(lowered) => {
                target.problem = lowered.failure.map(|failure| (failure.reason, failure.detail));
                Some(Rc::new(lowered.module))
            }
            Err(failure) => {
                target.problem = Some((failure.reason, failure.detail));
                None
            }
        }
    }

    /// Decides which files can have effects, once all have arrived.
    pub(crate) fn settle_interest(&mut self) {
        let loads: HashMap<usize, Vec<usize>> = (0..self.files.len())
            .map(|file| (file, self.local_files(file)))
            .filter(|(_, files)| !files.is_empty())
            .collect();
        let telling = telling_files(self.files.len(), |file| self.files[file].tells_alone, &loads);
        self.inert.get_mut().clear();
        for (file, tells) in self.files.iter_mut().zip(telling) {
            file.tells = tells;
        }
    }

    /// Which functions of a file are inert; settled interest is taken into account.
    pub(crate) fn inert_functions(&self, file: usize, module: &Module) -> Rc<Vec<bool>> {
        if let Some(known) = self.inert.borrow().get(&file) {
            return known.clone();
        }
        if module.language == Language::Python {
            let inert = Rc::new(vec![false; module.functions.len()]);
            self.inert.borrow_mut().insert(file, inert.clone());
            return inert;
        }
        let inert = Rc::new(inert_functions(module, &|specifier| self.specifier_tells(file, specifier)));
        self.inert.borrow_mut().insert(file, inert.clone());
        inert
    }

    /// The text of a file, where it is at hand.
    pub(crate) fn text(&self, file: usize) -> Option<&str> {
        let file = self.files.get(file)?;
        match &file.source {
            Some(source) => Some(source),
            None => std::str::from_utf8(file.contents.as_deref()?).ok(),
        }
    }

    /// Files of the package that a file names.
    pub(crate) fn local_files(&self, file: usize) -> Vec<usize> {
        let named = self.files[file].specifiers.iter();
        named
            .filter_map(|specifier| match resolve(self, file, specifier) {
                Resolution::File(target) => Some(target),
                _ => None,
            })
            .collect()
    }

    /// Whether what a file names by this specifier can have effects.
    pub(crate) fn specifier_tells(&self, file: usize, specifier: &str) -> bool {
        match resolve(self, file, specifier) {
            Resolution::File(target) => self.files[target].tells || self.files[target].module.is_none(),
            Resolution::Missing(_) => true,
            _ => is_telling_module(specifier),
        }
    }

    /// Static specifiers, and strings that are the name of a declared dependency (plugins, presets, `require.resolve`).
    fn named_in(&self, module: &Module) -> BTreeSet<String> {
        let mut named: BTreeSet<String> =
            module.imports.iter().map(|import| module.str(import.specifier).to_owned()).collect();
        for export in &module.exports {
            if let vetch_syntax::ir::Exported::From { specifier, .. } = export.exported {
                named.insert(module.str(specifier).to_owned());
            }
        }
        let declared: BTreeSet<&str> = self
            .manifest
            .iter()
            .flat_map(|manifest| manifest.dependencies.iter().map(|dependency| dependency.name.as_str()))
            .collect();
        for node in &module.nodes {
            match *node {
                Node::Call { callee, args } => {
                    let is_require = matches!(module.node(callee), Node::Global(name) if module.str(name) == "require");
                    if let (true, Some(&first)) = (is_require, module.list(args).first())
                        && let Node::Str(text) = module.node(first)
                    {
                        named.insert(module.str(text).to_owned());
                    }
                }
                Node::ImportCall(specifier) => {
                    if let Node::Str(text) = module.node(specifier) {
                        named.insert(module.str(text).to_owned());
                    }
                }
                Node::Str(text) => {
                    let text = module.str(text);
                    if let Some(name) = package_name(text).filter(|name| declared.contains(name)) {
                        named.insert(name.to_owned());
                    }
                }
                _ => {}
            }
        }
        named
    }

    /// Keeps the contents of a file that is no source.
    pub(crate) fn keep_contents(&mut self, file: usize, bytes: &[u8]) {
        if bytes.len() <= MAX_CONTENTS {
            self.files[file].contents = Some(bytes.to_vec());
        }
    }

    /// Files that the manifest names as entries of this kind; `index.js` if it names none.
    pub(crate) fn entries(&self, kind: EntryKind) -> Vec<usize> {
        let mut found = BTreeSet::new();
        let named: Vec<&str> = self
            .manifest
            .iter()
            .flat_map(|manifest| manifest.entries.iter())
            .filter(|entry| entry.kind == kind)
            .map(|entry| entry.path.as_str())
            .collect();
        for path in &named {
            match path.split_once('*') {
                Some((before, after)) => found.extend(self.matching(before, after)),
                None => found.extend(self.entry_file(path)),
            }
        }
        if kind == EntryKind::Import && found.is_empty() {
            found.extend(self.entry_file("index"));
        }
        found.into_iter().collect()
    }

    fn entry_file(&self, path: &str) -> Option<usize> {
        match resolve_path(self, &crate::paths::normalise(&format!("<package>/{path}"))) {
            Resolution::File(file) => Some(file),
            _ => None,
        }
    }

    fn matching<'a>(&'a self, before: &str, after: &'a str) -> impl Iterator<Item = usize> + 'a {
        let before = before.trim_start_matches("./").to_owned();
        self.files.iter().enumerate().filter_map(move |(index, file)| {
            (file.path.starts_with(&before) && file.path.ends_with(after) && is_source(&file.path)).then_some(index)
        })
    }
}

/// Whether a path is source that is lowered as it arrives.
pub(crate) fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let declaration = [".d.ts", ".d.mts", ".d.cts"].iter().any(|ending| lower.ends_with(ending));
    !declaration
        && lower
            .rsplit_once('.')
            .is_some_and(|(stem, extension)| !stem.is_empty() && SOURCE_EXTENSIONS.contains(&extension))
}

/// Whether a path is that of a test, an example or a fixture.
pub(crate) fn is_test(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let in_folder = lower.split('/').rev().skip(1).any(|segment| {
        matches!(
            segment,
            "test"
                | "tests"
                | "__tests__"
                | "spec"
                | "specs"
                | "__mocks__"
                | "fixtures"
                | "__fixtures__"
                | "example"
                | "examples"
                | "demo"
                | "demos"
                | "bench"
                | "benchmark"
                | "benchmarks"
                | "e2e"
                | "docs"
        )
    });
    let name = lower.rsplit('/').next().unwrap_or_default();
    in_folder
        || [".test.", ".spec.", "-test.", "_test.", ".bench."].iter().any(|part| name.contains(part))
        || name.starts_with("test.")
}

/// Whether a file is Python source, by its name.
pub(crate) fn is_python(path: &str) -> bool {
    path.ends_with(".py") || path.ends_with(".pyw")
}
