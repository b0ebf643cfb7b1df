//! What the code of a package does, without running it: values are evaluated as
//! far as constants go, names are followed to the APIs they stand for, and the
//! module graph says when each line runs. Out come the facts of one package.

mod addresses;
mod apis;
mod builtins;
mod commands;
mod effects;
mod evidence;
mod interest;
mod interp;
mod observables;
mod package;
mod paths;
mod python;
mod realm;
mod resolve;
mod signals;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use vetch_model::capability::Trigger;
use vetch_model::evidence::Location;
use vetch_model::facts::{
    ImportedPackage, PackageFacts, PythonForm, ReachedFile, Signal, SignalKind, Unread, UnreadReason,
};
use vetch_model::manifest::Manifest;

use crate::evidence::Resolved;
use crate::package::{Package, is_python, is_source};
use crate::realm::Observed;

/// Changes whenever the same bytes could give other facts: part of every cache key.
pub const ANALYSIS_VERSION: u32 = 11;

/// How much of a file the analysis wants to see at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// The first [`HEAD_BYTES`].
    Head,
}

/// What [`Wanted::Head`] means, in bytes.
pub const HEAD_BYTES: usize = 4096;

/// How often files may be asked for after the first pass.
const MAX_ROUNDS: u32 = 2;

/// Most files asked for after the first pass.
const MAX_LATE_FILES: usize = 32;

/// How much of a file with this path the analysis wants to see at first.
/// More may be asked for later ([`Analysis::needs`]), once something refers to the file.
pub fn wanted(path: &str) -> Wanted {
    let whole =
        is_source(path) || is_python(path) || path.ends_with(".pth") || matches!(path, "package.json" | "binding.gyp");
    if whole { Wanted::Whole } else { Wanted::Head }
}

/// Why a file's contents are not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withheld {
    /// A worker died on it before.
    WorkerDied(String),
    /// It could not be read.
    Unreadable(String),
    /// Over the size limit.
    TooLarge(String),
}

/// What the metadata of a Python release say of it, as far as that decides what runs.
#[derive(Debug, Clone)]
pub struct PythonRelease {
    /// In which form it comes: only sources are built.
    pub form: PythonForm,
    /// `build-system.build-backend` of `pyproject.toml` (PEP 517).
    pub build_backend: Option<String>,
    /// `build-system.backend-path`: folders from which the backend is imported, as written.
    pub backend_path: Vec<String>,
    /// Files that build backends run: hooks of hatch and PDM, Poetry's build script.
    pub build_hooks: Vec<String>,
    /// Classes that replace commands of setuptools, as `module.Class`.
    pub build_commands: Vec<String>,
}

/// The whole text of a layer that was decoded and run.
#[derive(Debug, Clone)]
pub struct LayerText {
    /// The shipped line that runs it.
    pub location: Location,
    /// How many decodings deep; at least 1.
    pub layer: u8,
    /// With a mark where something of it is not known.
    pub text: Rc<str>,
}

/// The analysis of one package. Files may come in any order; the result is the same.
pub struct Analysis {
    package: Package,
    is_project_code: bool,
    standalone: BTreeMap<usize, Resolved>,
    exhausted: BTreeMap<usize, &'static str>,
    parsed_files: u32,
    parsed_bytes: u64,
    rounds: u32,
    asked: BTreeSet<String>,
    observed: Option<Observed>,
}

impl Analysis {
    /// Begins a package. `files` lists every file with its size, whether or not its contents follow.
    /// `is_project_code`: the user's own code (`prepare` and the like count as install scripts).
    pub fn new(manifest: Option<Manifest>, files: &[(String, u64)], is_project_code: bool) -> Self {
        Analysis::of(Package::new(manifest, files, None), is_project_code)
    }

    /// Begins a Python release.
    pub fn python(release: PythonRelease, files: &[(String, u64)]) -> Self {
        Analysis::of(Package::new(None, files, Some(release)), false)
    }

    fn of(package: Package, is_project_code: bool) -> Self {
        Analysis {
            package,
            is_project_code,
            standalone: BTreeMap::new(),
            exhausted: BTreeMap::new(),
            parsed_files: 0,
            parsed_bytes: 0,
            rounds: 0,
            asked: BTreeSet::new(),
            observed: None,
        }
    }

    /// The contents of one file: whole, or its first [`HEAD_BYTES`] as [`wanted`] said.
    /// A file that is not in the listing is passed over.
    pub fn file(&mut self, path: &str, bytes: &[u8]) {
        let Some(file) = self.package.file(path) else { return };
        let whole = bytes.len() as u64 >= self.package.files[file].size;
        let seen = &mut self.package.files[file];
        // What came whole before says no more when it comes again.
        if seen.hashes.is_none() {
            seen.observables = observables::in_file(path, bytes);
            seen.hashes = whole.then(|| observables::hashes(path, bytes));
        }
        if self.package.is_source(path) || (self.asked.contains(path) && runs_as_javascript(path, bytes)) {
            self.source(file, bytes);
        } else {
            let signals = signals::of_head(path, &bytes[..bytes.len().min(HEAD_BYTES)]);
            self.package.files[file].signals = signals;
            if whole || self.asked.contains(path) {
                self.package.keep_contents(file, bytes);
            }
        }
        self.observed = None;
    }

    fn source(&mut self, file: usize, bytes: &[u8]) {
        let path = self.package.files[file].path.clone();
        let mut found = signals::of_head(&path, &bytes[..bytes.len().min(HEAD_BYTES)]);
        let text = match vetch_syntax::text::decode(bytes) {
            Ok(text) => text.text,
            Err(error) => {
                self.package.files[file].problem = Some((UnreadReason::Encoding, error.to_string()));
                self.package.files[file].signals = found;
                return;
            }
        };
        found.extend(signals::of_source(&path, &text));
        self.package.files[file].signals = found;
        let Some(module) = self.package.lower(file, &text) else { return };
        self.parsed_files += 1;
        self.parsed_bytes += bytes.len() as u64;
        let place = &mut self.package.files[file];
        if !text.is_ascii() {
            place.signals.extend(signals::of_names(&path, &text, &module));
        }
        place.source = Some(Rc::from(text.as_ref()));
        place.module = Some(module);
        if !place.retained && !self.asked.contains(&path) {
            let (resolved, exhausted) = realm::run_alone(&self.package, file);
            self.standalone.insert(file, resolved);
            if let Some(what) = exhausted {
                self.exhausted.insert(file, what);
            }
            self.package.files[file].source = None;
            self.package.files[file].module = None;
        }
    }

    /// Says that a file's contents cannot be had.
    pub fn withhold(&mut self, path: &str, why: Withheld) {
        let Some(file) = self.package.file(path) else { return };
        let problem = match why {
            Withheld::WorkerDied(detail) => (UnreadReason::WorkerDied, detail),
            Withheld::Unreadable(detail) => (UnreadReason::Unreadable, detail),
            Withheld::TooLarge(detail) => (UnreadReason::TooLarge, detail),
        };
        self.package.files[file].problem = Some(problem);
        self.observed = None;
    }

    /// Files that are wanted whole after what has been seen; each is answered by
    /// [`Analysis::file`] or [`Analysis::withhold`]. Ask again until it is empty.
    pub fn needs(&mut self) -> Vec<String> {
        let observed = self.observe();
        let wanted: Vec<String> = observed.wanted.iter().cloned().collect();
        if self.rounds >= MAX_ROUNDS {
            return Vec::new();
        }
        let fresh: Vec<String> = wanted
            .into_iter()
            .filter(|path| self.package.file(path).is_some_and(|file| self.package.files[file].problem.is_none()))
            .filter(|path| !self.asked.contains(path))
            .take(MAX_LATE_FILES)
            .collect();
        self.rounds += 1;
        self.asked.extend(fresh.iter().cloned());
        fresh
    }

    fn observe(&mut self) -> &Observed {
        if self.observed.is_none() {
            self.package.settle_interest();
        }
        let (package, standalone, own) = (&self.package, &self.standalone, self.is_project_code);
        self.observed.get_or_insert_with(|| realm::run(package, standalone, own))
    }

    /// What was decoded and run, each text once, in the order of places.
    pub fn layers(&mut self) -> Vec<LayerText> {
        evidence::layer_texts(&self.observe().results)
    }

    /// The facts. `content_hash` is left zero, `anomalies` empty: the caller fills them in.
    pub fn finish(mut self) -> PackageFacts {
        self.observe();
        let observed = self.observed.take().unwrap_or_default();
        let files = &self.package.files;
        let trigger_of = |file: usize| observed.loaded.get(&file).copied().unwrap_or(Trigger::Unreached);
        let unresolved =
            evidence::unresolved_names(&observed.results).into_iter().map(|(file, (count, first))| Signal {
                kind: SignalKind::UnresolvedNames,
                trigger: trigger_of(file),
                evidence: evidence::unresolved_evidence(&self.package, count, first),
                strength: count.saturating_mul(10).min(100) as u8,
            });
        let signals = files
            .iter()
            .enumerate()
            .flat_map(|(index, file)| file.signals.iter().map(move |signal| (index, signal)))
            .map(|(index, signal)| Signal {
                kind: signal.kind,
                trigger: trigger_of(index),
                evidence: signal.evidence.clone(),
                strength: signal.strength,
            })
            .chain(unresolved)
            .collect();
        let opaque = files
            .iter()
            .filter(|file| file.signals.iter().any(|signal| signal.strength >= 50))
            .map(|file| file.path.as_str())
            .collect();
        let profile = evidence::profile(&observed.results, &opaque);
        let (layers, texts) = (evidence::layers(&observed.results), evidence::layer_texts(&observed.results));
        let views = files.iter().enumerate().map(|(index, file)| observables::FileView {
            path: &file.path,
            trigger: trigger_of(index),
            found: &file.observables,
        });
        let urls = observed.results.iter().flat_map(|result| &result.urls);
        let (observables, more_observables) = observables::all(&profile.capabilities, urls, &layers, &texts, views);
        PackageFacts {
            files: files.len() as u32,
            bytes: files.iter().map(|file| file.size).sum(),
            parsed_files: self.parsed_files,
            parsed_bytes: self.parsed_bytes,
            profile,
            signals,
            imports: self.imports(&observed),
            modules: self.modules(&observed),
            layers,
            unread: self.unread(&observed, &trigger_of),
            install_commands: observed.install_commands,
            manifest: self.package.manifest.clone(),
            observables,
            more_observables,
            hashes: files.iter().filter_map(|file| file.hashes.clone()).collect(),
            ..PackageFacts::default()
        }
    }

    /// Packages named by any file, executed or not.
    fn imports(&self, observed: &Observed) -> Vec<ImportedPackage> {
        let mut named: BTreeMap<String, ImportedPackage> = BTreeMap::new();
        let mut note = |specifier: &str, trigger: Trigger, location: &Location| {
            let Some(name) = resolve::package_name(specifier).filter(|name| !resolve::is_builtin(name)) else { return };
            let entry = named.entry(name.to_owned()).or_insert_with(|| ImportedPackage {
                name: name.to_owned(),
                specifier: specifier.to_owned(),
                location: location.clone(),
                trigger,
            });
            if trigger < entry.trigger {
                (entry.trigger, entry.location) = (trigger, location.clone());
            }
        };
        for result in &observed.results {
            for (specifier, (trigger, location)) in &result.imports {
                note(specifier, *trigger, location);
            }
        }
        for (index, file) in self.package.files.iter().enumerate() {
            let trigger = match observed.loaded.get(&index) {
                Some(trigger) if trigger.is_reached() => Trigger::Call,
                other => other.copied().unwrap_or(Trigger::Unreached),
            };
            for specifier in &file.specifiers {
                note(specifier, trigger, &Location::file(file.path.clone()));
            }
        }
        named.into_values().collect()
    }

    /// The files that something reaches, and which of them each names.
    fn modules(&self, observed: &Observed) -> Vec<ReachedFile> {
        let is_reached = |(file, trigger): &(&usize, &Trigger)| {
            trigger.is_reached()
                && self.package.files.get(**file).is_some_and(|file| self.package.is_source(&file.path))
        };
        let reached: Vec<(usize, Trigger)> =
            observed.loaded.iter().filter(is_reached).map(|(file, trigger)| (*file, *trigger)).collect();
        let numbers: BTreeMap<usize, u32> = reached.iter().map(|(file, _)| *file).zip(0..).collect();
        let module = |&(file, trigger): &(usize, Trigger)| {
            let loads = self.package.local_files(file).iter().filter_map(|named| numbers.get(named).copied()).collect();
            let source = &self.package.files[file];
            ReachedFile { path: source.path.clone(), bytes: source.size, trigger, loads }
        };
        reached.iter().map(module).collect()
    }

    fn unread(&self, observed: &Observed, trigger_of: &dyn Fn(usize) -> Trigger) -> Vec<Unread> {
        let mut unread: Vec<Unread> = Vec::new();
        for (index, file) in self.package.files.iter().enumerate() {
            if let Some((reason, detail)) = &file.problem {
                unread.push(Unread {
                    path: file.path.clone(),
                    trigger: trigger_of(index),
                    reason: *reason,
                    detail: detail.clone(),
                });
            }
            if let Some(what) = self.exhausted.get(&index) {
                unread.push(out_of_fuel(&file.path, trigger_of(index), what));
            }
        }
        for &(file, trigger, what) in &observed.exhausted {
            let path = self.package.files.get(file).map_or("package.json", |file| file.path.as_str());
            unread.push(out_of_fuel(path, trigger, what));
        }
        for (path, trigger) in &observed.missing {
            let detail = "a command runs it, but the package does not have it".to_owned();
            unread.push(Unread { path: path.clone(), trigger: *trigger, reason: UnreadReason::Missing, detail });
        }
        unread.sort();
        unread.dedup();
        unread
    }
}

fn out_of_fuel(path: &str, trigger: Trigger, what: &str) -> Unread {
    let detail = format!("the code {what}");
    Unread { path: path.to_owned(), trigger, reason: UnreadReason::OutOfFuel, detail }
}

/// A file that was asked for because something loads it: JavaScript, unless it says otherwise.
fn runs_as_javascript(path: &str, head: &[u8]) -> bool {
    let first = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let other_shell = first.starts_with(b"#!")
        && !first.windows(4).any(|w| w == b"node" || w == b"deno")
        && !first.windows(3).any(|w| w == b"bun");
    let text = !head.iter().take(512).any(|&byte| byte == 0);
    let script = [".sh", ".bash", ".ps1", ".bat", ".cmd", ".py", ".json"].iter().any(|ending| path.ends_with(ending));
    text && !other_shell && !script
}
