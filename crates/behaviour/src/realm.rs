//! Running a package: one realm per way in, each with its own heap.
//!
//! `install` runs what npm runs; `import` and `bin` load the entries that the
//! manifest names, then call what nothing has called, as users of the package
//! would; what is left is loaded by itself and is `test` or `unreached`.

mod python;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use vetch_model::Span;
use vetch_model::capability::{Attributes, CapabilityId, Resource, Trigger};
use vetch_model::facts::InstallCommand;
use vetch_model::manifest::{EntryKind, INSTALL_EVENTS, PREPARE_EVENTS, Script};

use crate::commands;
use crate::evidence::{Resolved, resolve_effects};
use crate::interp::Interp;
use crate::package::{Package, is_source, is_test};
use crate::paths::normalise;
use crate::resolve::{Resolution, resolve, resolve_path};
use crate::value::{Taint, Value};

/// What running a package showed.
#[derive(Default)]
pub(crate) struct Observed {
    pub results: Vec<Resolved>,
    /// First trigger under which each file is loaded.
    pub loaded: BTreeMap<usize, Trigger>,
    pub install_commands: Vec<InstallCommand>,
    /// File at which a realm ran out of fuel, its trigger, and what ran out.
    pub exhausted: Vec<(usize, Trigger, &'static str)>,
    /// Entries and scripts that name files the package does not have.
    pub missing: Vec<(String, Trigger)>,
    /// Files wanted whole before the result is final.
    pub wanted: BTreeSet<String>,
}

/// Runs everything. `standalone` holds the results of files whose IR was not kept.
pub(crate) fn run(package: &Package, standalone: &BTreeMap<usize, Resolved>, is_project_code: bool) -> Observed {
    let mut observed = Observed::default();
    let mut runner = Runner { package, standalone, observed: &mut observed };
    match &package.python {
        Some(release) => runner.python(release),
        None => {
            runner.install(is_project_code);
            runner.entries(EntryKind::Import, Trigger::Import);
            runner.entries(EntryKind::Bin, Trigger::Bin);
            runner.rest();
        }
    }
    observed
}

/// Runs one file by itself, for files whose IR is not kept. Triggers are `import`
/// for the top level and `call` for the rest, until it is known who loads it.
pub(crate) fn run_alone(package: &Package, file: usize) -> (Resolved, Option<&'static str>) {
    let mut interp = Interp::new(package, Trigger::Import);
    interp.load_file(file);
    interp.trigger = Trigger::Call;
    interp.run_uncalled();
    interp.conclude_evals();
    let exhausted = interp.fuel.exhausted;
    (resolve_effects(package, interp), exhausted)
}

struct Runner<'a> {
    package: &'a Package,
    standalone: &'a BTreeMap<usize, Resolved>,
    observed: &'a mut Observed,
}

impl Runner<'_> {
    fn install(&mut self, is_project_code: bool) {
        let commands = install_commands(self.package, is_project_code);
        let settings = self.package.file(".npmrc").filter(|_| ships_program_settings(self.package));
        if commands.is_empty() && settings.is_none() {
            return;
        }
        let manifest_file = self.package.file("package.json");
        let mut interp = Interp::new(self.package, Trigger::Install);
        if let Some(settings) = settings {
            interp.here = interp.site_in(settings, Span::default());
            let order = Resource::Named("program that npm starts".to_owned());
            interp.effect(CapabilityId::Persist, order, "has npm start a program of its own");
        }
        for mut command in commands {
            let file = self.package.file(&command.location.file).or(manifest_file).unwrap_or(0);
            if !self.package.files.is_empty() && (command.for_dependents || is_project_code) {
                interp.here = interp.site_in(file, command.location.span);
                interp.manifest_unit = Some(interp.here.unit);
                let before = interp.loaded.clone();
                commands::run_line(&mut interp, &command.command, Attributes::default(), Taint::NONE);
                let ran = interp.loaded.difference(&before);
                command.runs = ran.map(|&file| self.package.files[file].path.clone()).collect();
            }
            self.observed.install_commands.push(command);
        }
        self.conclude(interp, Trigger::Install, false);
    }

    fn entries(&mut self, kind: EntryKind, trigger: Trigger) {
        let files = self.package.entries(kind);
        if files.is_empty() {
            return;
        }
        let mut interp = Interp::new(self.package, trigger);
        for file in files {
            interp.visit_file(file);
        }
        self.conclude(interp, trigger, true);
    }

    /// What nothing loads, in two realms: tests, and the rest.
    fn rest(&mut self) {
        for (trigger, tests) in [(Trigger::Test, true), (Trigger::Unreached, false)] {
            let left: Vec<usize> = (0..self.package.files.len())
                .filter(|file| {
                    !self.observed.loaded.contains_key(file) && self.package.is_source(&self.package.files[*file].path)
                })
                .filter(|&file| is_test(&self.package.files[file].path) == tests)
                .collect();
            if left.is_empty() {
                continue;
            }
            let mut interp = Interp::new(self.package, trigger);
            for file in left {
                interp.visit_file(file);
            }
            self.conclude(interp, trigger, false);
        }
    }

    /// Loads what files without IR load, runs what was not called, and takes over the results.
    fn conclude(&mut self, mut interp: Interp<'_>, trigger: Trigger, with_calls: bool) {
        let mut followed: HashSet<usize> = HashSet::new();
        loop {
            let next =
                interp.loaded.iter().copied().find(|file| self.standalone.contains_key(file) && followed.insert(*file));
            let Some(file) = next else { break };
            for specifier in &self.package.files[file].specifiers {
                if let Resolution::File(target) = resolve(self.package, file, specifier) {
                    interp.visit_file(target);
                }
            }
        }
        if with_calls {
            interp.trigger = Trigger::Call;
            interp.run_uncalled();
        } else if !matches!(trigger, Trigger::Install) {
            interp.run_uncalled();
        }
        for &file in &interp.loaded {
            let earliest = self.observed.loaded.entry(file).or_insert(trigger);
            *earliest = (*earliest).min(trigger);
            if let Some(alone) = self.standalone.get(&file) {
                self.observed.results.push(alone.under(trigger));
            }
        }
        self.observed.wanted.extend(interp.wanted_files.iter().cloned());
        if let Some(what) = interp.fuel.exhausted {
            let file = interp.loaded.iter().next().copied().unwrap_or(0);
            self.observed.exhausted.push((file, trigger, what));
        }
        interp.conclude_evals();
        for path in interp.missing_programs.drain(..) {
            self.observed.missing.push((path, trigger));
        }
        self.observed.results.push(resolve_effects(self.package, interp));
    }
}

/// A path that can be looked up as it is: no patterns, nothing unknown, no other package's command.
fn is_plain_path(path: &str) -> bool {
    is_source(path) && !path.contains(['*', crate::value::HOLE]) && !path.starts_with("node_modules/")
}

/// What npm runs when the package is installed, in its order.
fn install_commands(package: &Package, is_project_code: bool) -> Vec<InstallCommand> {
    let Some(manifest) = &package.manifest else { return Vec::new() };
    let has_gyp = package.file("binding.gyp").is_some() && manifest.gypfile != Some(false);
    let from_script = |script: &Script, for_dependents| InstallCommand {
        event: script.name.clone(),
        command: script.command.clone(),
        location: script.location.clone(),
        runs: Vec::new(),
        for_dependents,
    };
    let mut commands = Vec::new();
    let explicit = manifest.script("install").is_some() || manifest.script("preinstall").is_some();
    for event in INSTALL_EVENTS {
        commands.extend(manifest.script(event).map(|script| from_script(script, true)));
        if *event == "install" && has_gyp && !explicit {
            commands.push(gyp_command("node-gyp rebuild", Span::default()));
        }
    }
    if has_gyp {
        commands.extend(gyp_expansions(package));
    }
    for event in PREPARE_EVENTS {
        commands.extend(manifest.script(event).map(|script| from_script(script, is_project_code)));
    }
    commands
}

/// Whether the package brings settings of npm's that name programs: they count where it is built from its repository.
fn ships_program_settings(package: &Package) -> bool {
    let settings = package.contents(".npmrc").and_then(|bytes| std::str::from_utf8(bytes).ok());
    settings.is_some_and(|text| text.lines().any(crate::apis::filesystem::names_program))
}

fn gyp_command(command: &str, span: Span) -> InstallCommand {
    let mut location = vetch_model::Location::file("binding.gyp");
    location.span = span;
    InstallCommand {
        event: "binding.gyp".to_owned(),
        command: command.to_owned(),
        location,
        runs: Vec::new(),
        for_dependents: true,
    }
}

/// Commands that gyp runs while it reads `binding.gyp`: `<!(command)`, `<!@(command)`.
fn gyp_expansions(package: &Package) -> Vec<InstallCommand> {
    const MAX_EXPANSIONS: usize = 64;
    let Some(text) = package.contents("binding.gyp").and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return Vec::new();
    };
    let mut found: Vec<InstallCommand> = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find("<!") {
        let start = at + next + 2;
        at = start;
        let Some(open) = text[start..].find('(').filter(|open| *open <= 1) else { continue };
        let body = start + open + 1;
        let mut depth = 1;
        let end = text[body..].char_indices().find_map(|(offset, c)| {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(body + offset)
        });
        let Some(end) = end else { break };
        if found.len() < MAX_EXPANSIONS && !found.iter().any(|earlier| earlier.command == text[body..end]) {
            let span = Span { start: body as u32, end: end as u32 };
            found.push(gyp_command(&text[body..end].replace("\\\"", "\"").replace("\\'", "'"), span));
        }
        at = end;
    }
    found
}

impl Interp<'_> {
    /// A path that a command names, relative to the package's root unless it is rooted elsewhere.
    pub(crate) fn package_path(&self, path: &str) -> String {
        let path = path.strip_prefix("file://").unwrap_or(path);
        match path.starts_with(['/', '<', '~', '%', '$']) || path.get(1..2) == Some(":") {
            true => normalise(path),
            // A script's working folder is its package; code's is the project.
            false if matches!(self.trigger, Trigger::Install) => normalise(&format!("<package>/{path}")),
            false => normalise(path),
        }
    }

    /// A program given as a file: of the package, or written by the code before.
    pub(crate) fn run_program_file(&mut self, path: &str) {
        let path = self.package_path(path);
        if let Some(written) = self.written_files.get(path.as_str()).cloned() {
            if let Some(spawn) = self.last_spawn {
                self.flow(written.taint, spawn);
            }
            if !written.is_unknown() {
                let source = Value { kind: written.kind, taint: written.taint };
                self.run_text(&source);
            }
            return;
        }
        match resolve_path(self.package, &path) {
            Resolution::File(file) => {
                self.load_file(file);
            }
            Resolution::Native(path) => self.effect_native(&path),
            Resolution::Missing(missing) => {
                let from_manifest = self.manifest_unit == Some(self.here.unit);
                if let Some(own) = missing.strip_prefix("<package>/").filter(|own| from_manifest && is_plain_path(own))
                {
                    self.missing_programs.push(own.to_owned());
                }
            }
            Resolution::Builtin(_) | Resolution::Package(_) => {}
        }
    }

    /// `npm run name`: a script of the package's own manifest.
    pub(crate) fn run_manifest_script(&mut self, name: &str) {
        if self.running_scripts.iter().any(|running| running == name) || self.running_scripts.len() > 8 {
            return;
        }
        let Some(manifest) = &self.package.manifest else { return };
        let lines: Vec<String> = [format!("pre{name}"), name.to_owned(), format!("post{name}")]
            .iter()
            .filter_map(|event| manifest.script(event).map(|script| script.command.clone()))
            .collect();
        self.running_scripts.push(name.to_owned());
        for line in lines {
            commands::run_line(self, &line, Attributes::default(), Taint::NONE);
        }
        self.running_scripts.pop();
    }
}
