//! What of a Python release runs when: `setup.py` and build backends at install, `.pth` files at every start,
//! modules at import, scripts and `__main__` as commands.

use vetch_model::Location;
use vetch_model::capability::Trigger;
use vetch_model::facts::{InstallCommand, PythonForm};
use vetch_syntax::ir::Language;

use super::Runner;
use crate::PythonRelease;
use crate::interp::Interp;
use crate::package::is_test;
use crate::paths::normalise;
use crate::value::Value;

/// Runs when a release is built or installed from source.
const SETUP: &str = "setup.py";

/// Loaded by pytest in the folder in which it lies.
const CONFIGURATION: &str = "conftest.py";

/// Modules that Python loads at every start (library reference, `site`).
const START_FILES: [&str; 2] = ["sitecustomize.py", "usercustomize.py"];

impl Runner<'_> {
    pub(super) fn python(&mut self, release: &PythonRelease) {
        if matches!(release.form, PythonForm::Sdist | PythonForm::Sources) {
            self.python_build(release);
        }
        self.python_starts();
        let (mut imported, mut commands) = (Vec::new(), Vec::new());
        for (number, file) in self.package.files.iter().enumerate() {
            let path = file.path.as_str();
            // pytest loads it before it asks for any test, wherever it is started.
            let is_configuration = path == CONFIGURATION;
            if !self.package.is_source(path) || self.is_aside(path) && !is_configuration {
                continue;
            }
            let is_command = is_configuration || path.ends_with("__main__.py") || path.contains(".data/scripts/");
            if is_command { commands.push(number) } else { imported.push(number) }
        }
        // Packages before the modules in them, as Python loads them.
        imported.sort_by_key(|number| {
            let path = &self.package.files[*number].path;
            (path.matches('/').count(), !path.ends_with("__init__.py"), path.clone())
        });
        self.python_files(&imported, Trigger::Import);
        self.python_files(&commands, Trigger::Bin);
        self.rest();
    }

    /// Neither imported nor installed: builds, tests, documentation.
    fn is_aside(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let folder = path.split('/').next().unwrap_or_default();
        let is_top = !path.contains('/');
        is_test(path)
            || name == CONFIGURATION
            || name.starts_with("test_")
            || is_top
                && matches!(
                    name,
                    SETUP
                        | "hatch_build.py"
                        | "pdm_build.py"
                        | "noxfile.py"
                        | "fabfile.py"
                        | "tasks.py"
                        | "versioneer.py"
                )
            || matches!(folder, "docs" | "doc" | "examples" | "benchmarks" | "tools" | "scripts" | "ci" | ".github")
                && !self.is_package(folder)
    }

    fn is_package(&self, folder: &str) -> bool {
        self.package.file(&format!("{folder}/__init__.py")).is_some()
    }

    /// `setup.py`, and the backend that the release brings itself.
    fn python_build(&mut self, release: &PythonRelease) {
        let mut interp = Interp::new(self.package, Trigger::Install);
        if let Some(file) = self.build_file(SETUP.to_owned()) {
            if let Some(unit) = interp.unit_of(file) {
                interp.units[unit.0 as usize].is_main = true;
            }
            interp.load_file(file);
        }
        let hooks: Vec<String> = self.own_backend(release).into_iter().chain(release.build_hooks.clone()).collect();
        for file in hooks.into_iter().filter_map(|path| self.build_file(path)) {
            interp.load_file(file);
            // The hooks of PEP 517 and of backends are functions and methods.
            interp.run_uncalled();
        }
        for command in &release.build_commands {
            self.build_command(&mut interp, command);
        }
        self.conclude(interp, Trigger::Install, false);
    }

    /// A command of setuptools that `setup.cfg` or `pyproject.toml` replaces by a class: `module.Class`.
    fn build_command(&mut self, interp: &mut Interp<'_>, class: &str) {
        let Some((module, name)) = class.replace(':', ".").rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned()))
        else {
            return;
        };
        let path = module.replace('.', "/");
        let candidates = [format!("{path}.py"), format!("src/{path}.py"), format!("{path}/__init__.py")];
        let Some(path) = candidates.into_iter().find(|path| self.package.file(path).is_some()) else { return };
        if let Some(file) = self.build_file(path) {
            let module = interp.load_file(file);
            let class = interp.get_property(&module, &name);
            crate::python::run_command(interp, &class);
        }
    }

    /// Notes that a file runs at install, if it is there.
    fn build_file(&mut self, path: String) -> Option<usize> {
        let file = self.package.file(&path)?;
        self.observed.install_commands.push(InstallCommand {
            event: path.clone(),
            command: format!("python {path}"),
            location: Location::file(path.clone()),
            runs: vec![path],
            for_dependents: true,
        });
        Some(file)
    }

    /// The file of the backend that lies in its own tree (`backend-path`, PEP 517).
    fn own_backend(&self, release: &PythonRelease) -> Option<String> {
        let module = release.build_backend.as_deref()?.split(':').next()?.replace('.', "/");
        let folders = release.backend_path.iter().map(|folder| normalise(folder));
        let paths = folders.map(|folder| if folder == "." { module.clone() } else { format!("{folder}/{module}") });
        let mut files = paths.flat_map(|path| [format!("{path}.py"), format!("{path}/__init__.py")]);
        files.find(|file| self.package.file(file).is_some())
    }

    /// Lines of `.pth` files that begin with `import` are executed at every start of Python.
    fn python_starts(&mut self) {
        let mut interp = Interp::new(self.package, Trigger::Import);
        for (number, file) in self.package.files.iter().enumerate() {
            if START_FILES.contains(&file.path.as_str()) {
                interp.load_file(number);
            }
            if !file.path.ends_with(".pth") {
                continue;
            }
            let Some(text) = self.package.text(number) else { continue };
            let mut at = 0u32;
            for line in text.split_inclusive('\n') {
                let span = vetch_model::Span { start: at, end: at + line.trim_end().len() as u32 };
                at += line.len() as u32;
                if line.starts_with("import ") || line.starts_with("import\t") {
                    interp.here = interp.site_in(number, span);
                    interp.run_text_as(&Value::str(line), Language::Python);
                }
            }
            interp.loaded.insert(number);
        }
        self.conclude(interp, Trigger::Import, false);
    }

    fn python_files(&mut self, files: &[usize], trigger: Trigger) {
        if files.is_empty() {
            return;
        }
        let mut interp = Interp::new(self.package, trigger);
        for &file in files {
            if trigger == Trigger::Bin
                && let Some(unit) = interp.unit_of(file)
            {
                interp.units[unit.0 as usize].is_main = true;
            }
            interp.visit_file(file);
        }
        self.conclude(interp, trigger, true);
    }
}
