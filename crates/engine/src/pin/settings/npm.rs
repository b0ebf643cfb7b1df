//! `.npmrc`, which npm reads, and pnpm up to version 10.

use std::rc::Rc;

use vetch_lockfiles::tree::Node;
use vetch_model::Location;
use vetch_model::hygiene::{Lint, LintId, Repair};

use super::lines::{self, Setting};
use super::{AGE_DAYS, Project, is_plain_http, odd_age};
use crate::edit::Edit;
use crate::edit::place::append;
use crate::pin::room::{Room, Step};

/// Names of packages told in one sentence.
const MAX_NAMED: usize = 5;

/// `.npmrc` of a project, there or not.
pub(super) struct Npmrc {
    file: String,
    bytes: Option<Rc<Vec<u8>>>,
    settings: Vec<Setting>,
    is_broken: bool,
}

impl Npmrc {
    pub(super) fn open(room: &mut Room<'_>, file: String) -> Npmrc {
        let bytes = room.bytes(&file);
        let is_broken = bytes.is_none() && room.is_unreadable(&file);
        let settings = bytes.as_ref().map(|bytes| lines::read(bytes)).unwrap_or_default();
        Npmrc { file, bytes, settings, is_broken }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        lines::last(&self.settings, key)
    }

    fn location(&self, key: &str) -> Location {
        self.get(key).map_or_else(|| Location::file(self.file.clone()), |setting| setting.location(&self.file))
    }

    /// The step that makes `key` say `value`.
    fn set(&self, key: &str, value: &str) -> Step {
        let edit = match self.get(key) {
            Some(setting) if !setting.place.is_empty() => Edit { span: setting.place.clone(), text: value.to_owned() },
            _ => append(self.bytes.as_deref().map(Vec::as_slice).unwrap_or_default(), &[format!("{key}={value}")]),
        };
        Step { file: self.file.clone(), original: self.bytes.clone(), syntax: None, edit, meant: Vec::new() }
    }

    fn want(&self, room: &mut Room<'_>, id: LintId, key: &str, value: &str, what: String) {
        let repair = Repair::Edit(format!("set `{key}={value}` in `{}`", self.file));
        room.fix(Lint { location: self.location(key), id, what, repair }, vec![self.set(key, value)]);
    }

    /// Registries over plain http and switched-off checks, which pnpm takes from here as well.
    pub(super) fn common(&self, room: &mut Room<'_>) {
        for setting in &self.settings {
            let is_registry = setting.key == "registry" || setting.key.ends_with(":registry");
            if is_registry && is_plain_http(&setting.value) {
                let what = format!("`{}` names a registry over plain http", setting.key);
                let repair = Repair::Decision("serve the registry over https, and name it so".to_owned());
                room.lint(LintId::PlainHttpSource, setting.location(&self.file), what, repair);
            }
        }
        if let Some(setting) = self.get("strict-ssl").filter(|setting| !setting.is_true()) {
            let what = "`strict-ssl` is off: certificates of registries are not checked".to_owned();
            let repair = "remove the line; a registry with a certificate of your own is trusted by `cafile=<file>`";
            room.lint(
                LintId::CheckSwitchedOff,
                setting.location(&self.file),
                what,
                Repair::Decision(repair.to_owned()),
            );
        }
    }
}

pub(super) fn lints(room: &mut Room<'_>, project: &Project<'_>) {
    let npmrc = Npmrc::open(room, project.file(".npmrc"));
    if npmrc.is_broken {
        return;
    }
    npmrc.common(room);
    scripts(room, project, &npmrc);
    age(room, &npmrc);
    if npmrc.get("package-lock").is_some_and(|setting| !setting.is_true()) {
        let what = "`package-lock` is off: npm neither reads nor writes the lockfile".to_owned();
        npmrc.want(room, LintId::CheckSwitchedOff, "package-lock", "true", what);
    }
    if !npmrc.get("save-exact").is_some_and(Setting::is_true) {
        let what = "`save-exact` is not set: `npm install <package>` saves a range".to_owned();
        npmrc.want(room, LintId::RangesSaved, "save-exact", "true", what);
    }
}

/// Install scripts: switched off where nothing of the project's needs them, else for somebody to decide.
fn scripts(room: &mut Room<'_>, project: &Project<'_>, npmrc: &Npmrc) {
    if npmrc.get("ignore-scripts").is_some_and(Setting::is_true) {
        return;
    }
    let packages = project.reading.inventory.packages.iter();
    let mut needy: Vec<String> =
        packages.filter(|it| it.has_install_script == Some(true)).map(|it| it.name.clone()).collect();
    needy.sort();
    needy.dedup();
    let own = own_hooks(room, project);
    let what = "`ignore-scripts` is not set: install scripts of every package run".to_owned();
    if needy.is_empty() && own.is_empty() {
        return npmrc.want(room, LintId::InstallScriptsAllowed, "ignore-scripts", "true", what);
    }
    let mut decision = "set `ignore-scripts=true` in `.npmrc`".to_owned();
    if !needy.is_empty() {
        let more =
            if needy.len() > MAX_NAMED { format!(" and {} more", needy.len() - MAX_NAMED) } else { String::new() };
        let named = needy.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>();
        decision.push_str(&format!(
            ", and run `npm rebuild {}` for those that have scripts and need them ({}{more})",
            named.join(" "),
            named.join(", ")
        ));
    }
    if !own.is_empty() {
        decision.push_str(&format!("; scripts of your own that then do not run by themselves: `{}`", own.join("`, `")));
    }
    room.lint(LintId::InstallScriptsAllowed, npmrc.location("ignore-scripts"), what, Repair::Decision(decision));
}

/// Scripts of the project itself that npm runs unasked, and does not with `ignore-scripts`.
fn own_hooks(room: &mut Room<'_>, project: &Project<'_>) -> Vec<String> {
    let Some(manifest) = room.json(&project.file("package.json")) else { return Vec::new() };
    let names: Vec<&str> =
        manifest.tree.root.get("scripts").map_or(&[][..], Node::entries).iter().map(|it| it.key.as_str()).collect();
    let is_hook = |name: &&&str| {
        let of_other =
            ["pre", "post"].iter().filter_map(|start| name.strip_prefix(start)).any(|rest| names.contains(&rest));
        of_other || matches!(**name, "preinstall" | "install" | "postinstall" | "prepare" | "dependencies")
    };
    names.iter().filter(is_hook).take(MAX_NAMED).map(|name| (*name).to_owned()).collect()
}

/// `min-release-age`, in days (npm 11.10).
fn age(room: &mut Room<'_>, npmrc: &Npmrc) {
    let (key, value) = ("min-release-age", AGE_DAYS.to_string());
    if npmrc.get("before").is_some() {
        return;
    }
    let Some(setting) = npmrc.get(key) else {
        let what =
            format!("`{key}` is not set: releases are taken as soon as they are out (npm 11.10 or later knows it)");
        return npmrc.want(room, LintId::ReleaseAgeMissing, key, &value, what);
    };
    match setting.value.parse::<f64>() {
        Ok(days) if days > 0.0 => {
            if let Some(what) = odd_age(key, days, &setting.value, 1, "days") {
                npmrc.want(room, LintId::ReleaseAgeUnit, key, &value, what);
            }
        }
        _ => {
            let what = format!("`{key}` is no number of days above 0: releases are taken as soon as they are out");
            npmrc.want(room, LintId::ReleaseAgeMissing, key, &value, what);
        }
    }
}
