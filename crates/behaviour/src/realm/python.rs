//! What of a Python release runs when: `setup.py` and build backends at install, `.pth` files at every start,
//! modules at import, scripts and `__main__` as commands.

use vetch_model::Location;
use vetch_model::capability::Trigger;
use vetch_model::facts::{InstallCommand, PythonForm};
use vetch_syntax::ir::Language;

use super::Runner;
use crate::interp::Interp;
use crate::package::is_test;
use crate::value::Value;

/// Files that run when a release is built or installed from source.
const BUILD_FILES: [&str; 1] = ["setup.py"];

/// Modules that Python loads at every start (library reference, `site`).
const START_FILES: [&str; 2] = ["sitecustomize.py", "usercustomize.py"];

impl Runner<'_> {
    pub(super) fn python(&mut self, form: PythonForm) {
        if matches!(form, PythonForm::Sdist | PythonForm::Sources) {
            self.python_build();
        }
        self.python_starts();
        let (mut imported, mut commands) = (Vec::new(), Vec::new());
        for (number, file) in self.package.files.iter().enumerate() {
            if !self.package.is_source(&file.path) || self.is_aside(&file.path) {
                continue;
            }
            let is_command = file.path.ends_with("__main__.py") || file.path.contains(".data/scripts/");
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
            || name == "conftest.py"
            || name.starts_with("test_")
            || is_top && matches!(name, "setup.py" | "noxfile.py" | "fabfile.py" | "tasks.py" | "versioneer.py")
            || matches!(folder, "docs" | "doc" | "examples" | "benchmarks" | "tools" | "scripts" | "ci" | ".github")
                && !self.is_package(folder)
    }

    fn is_package(&self, folder: &str) -> bool {
        self.package.file(&format!("{folder}/__init__.py")).is_some()
    }

    /// `setup.py`, and the backend that `pyproject.toml` names in its own tree.
    fn python_build(&mut self) {
        let mut interp = Interp::new(self.package, Trigger::Install);
        let backend = self.own_backend();
        for path in BUILD_FILES.iter().map(|path| (*path).to_owned()).chain(backend) {
            let Some(file) = self.package.file(&path) else { continue };
            self.observed.install_commands.push(InstallCommand {
                event: path.clone(),
                command: format!("python {path}"),
                location: Location::file(path.clone()),
                runs: vec![path.clone()],
                for_dependents: true,
            });
            if let Some(unit) = interp.unit_of(file) {
                interp.units[unit.0 as usize].is_main = path == "setup.py";
            }
            interp.load_file(file);
            if path != "setup.py" {
                // The hooks of PEP 517 are functions.
                interp.run_uncalled();
            }
        }
        self.conclude(interp, Trigger::Install, false);
    }

    /// `build-backend` with a `backend-path` (PEP 517): the module's file.
    fn own_backend(&self) -> Option<String> {
        let text = std::str::from_utf8(self.package.contents("pyproject.toml")?).ok()?;
        let value = |key: &str| {
            let line = text.lines().map(str::trim).find(|line| line.starts_with(key))?;
            let value = line.split_once('=')?.1.trim();
            Some(value.trim_matches(['"', '\'', '[', ']', ' ']).to_owned())
        };
        let folder = value("backend-path")?;
        let module = value("build-backend")?;
        let module = module.split(':').next()?.replace('.', "/");
        let base = folder.split(',').next()?.trim_matches(['"', '\'', ' ']).trim_start_matches("./").trim_matches('.');
        let path = if base.is_empty() { module } else { format!("{}/{module}", base.trim_end_matches('/')) };
        let file = format!("{path}.py");
        Some(if self.package.file(&file).is_some() { file } else { format!("{path}/__init__.py") })
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
