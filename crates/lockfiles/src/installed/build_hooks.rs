//! What a build runs of the release itself, beside `setup.py` and a backend of its own: hooks that backends offer.
//!
//! hatchling <https://hatch.pypa.io/latest/plugins/build-hook/custom/>, Poetry's `build` script, PDM
//! <https://backend.pdm-project.org/hooks/>, setuptools' `cmdclass`.

use crate::python::ini::Ini;
use crate::toml_tree::Table;

/// Most hooks of one release.
const MAX_HOOKS: usize = 32;

/// How deep hatch's tables nest: `tool.hatch.build.targets.wheel.hooks.custom`.
const MAX_DEPTH: u32 = 6;

/// What a build runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildHooks {
    /// Files, relative to the root.
    pub files: Vec<String>,
    /// Classes that replace commands of setuptools, as `module.Class`.
    pub commands: Vec<String>,
}

impl BuildHooks {
    pub(super) fn of_pyproject(&mut self, root: &Table<'_>) {
        let tool = |path: &[&str]| root.get("tool").and_then(|tool| tool.as_table()).and_then(|tool| tool.at(path));
        if let Some(hatch) = tool(&["hatch"]).and_then(|hatch| hatch.as_table()) {
            self.of_hatch(hatch, 0);
        }
        let poetry = tool(&["poetry", "build"]);
        let script = poetry.and_then(|build| build.as_table().map_or(Some(build), |build| build.get("script")));
        self.files.extend(script.and_then(|script| script.as_str()).map(str::to_owned));
        let is_pdm = root
            .at(&["build-system", "build-backend"])
            .and_then(|backend| backend.as_str())
            .is_some_and(|backend| backend.starts_with("pdm"));
        let own = tool(&["pdm", "build", "custom-hook"]).and_then(|hook| hook.as_str());
        self.files.extend(own.or(is_pdm.then_some("pdm_build.py")).map(str::to_owned));
        let commands = tool(&["setuptools", "cmdclass"]).and_then(|commands| commands.as_table());
        let classes = commands.into_iter().flat_map(|table| &table.members).filter_map(|member| member.value.as_str());
        self.commands.extend(classes.take(MAX_HOOKS).map(str::to_owned));
    }

    /// Every table `custom` below one of `hooks`, and a version or metadata that code gives.
    fn of_hatch(&mut self, table: &Table<'_>, depth: u32) {
        for member in &table.members {
            let Some(inner) = member.value.as_table() else { continue };
            let path = inner.get("path").and_then(|path| path.as_str());
            match &*member.key {
                "custom" => self.files.push(path.unwrap_or("hatch_build.py").to_owned()),
                "version" if inner.get("source").and_then(|source| source.as_str()) == Some("code") => {
                    self.files.extend(path.map(str::to_owned));
                }
                _ if depth < MAX_DEPTH && self.files.len() < MAX_HOOKS => self.of_hatch(inner, depth + 1),
                _ => {}
            }
        }
    }

    /// `cmdclass` of `[options]`: lines `command = module.Class`.
    pub(super) fn of_setup_cfg(&mut self, ini: &Ini<'_>) {
        let lines = ini.get("options", "cmdclass").into_iter().flatten().take(MAX_HOOKS);
        self.commands.extend(lines.filter_map(|line| Some(line.text.split_once('=')?.1.trim().to_owned())));
    }
}
