//! Settings of package managers, project by project: install scripts, release ages, registries, checks.

mod bun;
pub(crate) mod lines;
mod npm;
mod pip;
mod pnpm;
pub(super) mod registries;
mod uv;
mod yarn;

use std::collections::BTreeSet;

use vetch_lockfiles::tree::{Node, Syntax};
use vetch_lockfiles::{Format, Reading};
use vetch_model::Location;
use vetch_model::hygiene::{Lint, LintId, Repair};

use super::room::{Room, Source, Step};
use crate::edit::Edit;
use crate::edit::place::{self, Value};
use crate::map::{folder_of, join};

/// Days that a release should be out before it is taken.
pub(crate) const AGE_DAYS: u64 = 7;

pub(super) fn lints(room: &mut Room<'_>, readings: &[(String, Reading)]) {
    let mut done: BTreeSet<(String, &'static str)> = BTreeSet::new();
    for (file, reading) in readings {
        let folder = folder_of(file).to_owned();
        let manager = match reading.format {
            Format::PackageLock => "npm",
            Format::Pnpm => "pnpm",
            Format::YarnClassic => "yarn-classic",
            Format::YarnBerry => "yarn",
            Format::Bun => "bun",
            Format::Uv => "uv",
            Format::Requirements => "pip",
            // Of manifests without a lockfile, those below are templates and fixtures as often as projects.
            Format::PackageJson if folder.is_empty() => {
                let manifest = room.json(file);
                manifest.and_then(|it| named_manager(&it.tree.root).map(|(name, _)| name)).unwrap_or("npm")
            }
            _ => continue,
        };
        if !done.insert((folder.clone(), manager)) {
            continue;
        }
        let project = Project { folder: &folder, reading };
        match manager {
            "npm" => npm::lints(room, &project),
            "pnpm" => pnpm::lints(room, &project),
            "yarn-classic" => yarn::classic(room, &project),
            "yarn" => yarn::lints(room, &project),
            "bun" => bun::lints(room, &project),
            "uv" => uv::lints(room, &project),
            _ => pip::lints(room, &project),
        }
    }
    for (file, reading) in readings.iter().filter(|(_, reading)| reading.format == Format::Requirements) {
        pip::options(room, file, reading);
    }
}

/// One project: its folder, and the file that tells its manager.
struct Project<'r> {
    folder: &'r str,
    reading: &'r Reading,
}

impl Project<'_> {
    fn file(&self, name: &str) -> String {
        join(self.folder, name)
    }

    /// The manager's version, where `packageManager` tells it: major and minor.
    fn version(&self, room: &mut Room<'_>) -> Option<(u64, u64)> {
        let manifest = room.json(&self.file("package.json"))?;
        let (_, version) = named_manager(&manifest.tree.root)?;
        let mut parts = version?.split('.').map(str::parse::<u64>);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    }
}

/// `packageManager`: the manager's name and version.
pub(super) fn named_manager(manifest: &Node) -> Option<(&'static str, Option<&str>)> {
    let text = manifest.get("packageManager")?.as_str()?;
    let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
    let name = ["npm", "pnpm", "yarn", "bun"].into_iter().find(|known| *known == name)?;
    Some((name, version))
}

/// A file of settings in a syntax with a tree; one that is not there yet is made by the first repair.
struct Settings {
    file: String,
    syntax: Syntax,
    source: Option<std::rc::Rc<Source>>,
    /// It is there, and could not be read: nothing can be said of it.
    is_broken: bool,
}

impl Settings {
    fn open(room: &mut Room<'_>, file: String, syntax: Syntax) -> Settings {
        let source = room.source(&file, syntax);
        let is_broken = source.is_none() && room.is_unreadable(&file);
        Settings { file, syntax, source, is_broken }
    }

    fn get(&self, path: &[&str]) -> Option<&Node> {
        self.source.as_ref()?.tree.root.at(path)
    }

    fn location(&self, path: &[&str]) -> Location {
        match (&self.source, self.get(path)) {
            (Some(source), Some(node)) => source.tree.location(node.span),
            _ => Location::file(self.file.clone()),
        }
    }

    /// The steps that make the member at `path` say `value`.
    fn set(&self, path: &[&str], value: &Value) -> Option<Step> {
        if let Some(source) = &self.source {
            return source.set(path, value);
        }
        let empty = vetch_lockfiles::tree::parse(b"", &self.file, self.syntax).ok()?;
        let edit = place::set(b"", self.syntax, &empty.root, path, value)?;
        let edit = Edit { text: edit.text.trim_start_matches('\n').to_owned(), ..edit };
        let (file, syntax) = (self.file.clone(), Some(self.syntax));
        Some(Step { file, original: None, syntax, edit, meant: vec![path.join("\0")] })
    }

    /// A lint that is mended by setting `path` to `value`.
    fn want(&self, room: &mut Room<'_>, id: LintId, path: &[&str], value: &Value, what: String) {
        if room.is_allowed(id) {
            return;
        }
        let shown = match value {
            Value::Text(text) => format!("{text:?}"),
            Value::Plain(text) => text.clone(),
        };
        let deed = format!("set `{}` to `{shown}` in `{}`", path.join("."), self.file);
        let location = self.location(path);
        match self.set(path, value).map(|step| self.in_table(room, path, step)) {
            Some(step) => room.fix(Lint { location, id, what, repair: Repair::Edit(deed) }, vec![step]),
            None => room.lint(id, location, what, Repair::Decision(deed)),
        }
    }

    /// The step without the header of its table, where another repair writes that already.
    fn in_table(&self, room: &Room<'_>, path: &[&str], step: Step) -> Step {
        let tables = path.split_last().map_or(&[][..], |(_, tables)| tables);
        let header = format!("[{}]", tables.join("."));
        if tables.is_empty() || !room.writes_line(&self.file, &header) {
            return step;
        }
        let text = match step.edit.text.split_once(&header) {
            Some((_, below)) => below.trim_start_matches(['\r', '\n']).to_owned(),
            None => step.edit.text,
        };
        Step { edit: Edit { text, ..step.edit }, ..step }
    }

    /// A release age, in units of which a day has `per_day`; `unit` is its plural.
    fn age(&self, room: &mut Room<'_>, path: &[&str], per_day: u64, unit: &str) {
        let wanted = AGE_DAYS * per_day;
        let value = Value::Plain(wanted.to_string());
        let key = path.last().copied().unwrap_or_default();
        match self.get(path).map(|node| (node.as_number(), node.scalar())) {
            None => {
                let what = format!("`{key}` is not set: releases are taken as soon as they are out");
                self.want(room, LintId::ReleaseAgeMissing, path, &value, what);
            }
            Some((Some(number), _)) if number <= 0.0 => {
                let what = format!("`{key}` is {number}: releases are taken as soon as they are out");
                self.want(room, LintId::ReleaseAgeMissing, path, &value, what);
            }
            Some((Some(number), Some(text))) => {
                if let Some(what) = odd_age(key, number, &text, per_day, unit) {
                    self.want(room, LintId::ReleaseAgeUnit, path, &value, what);
                }
            }
            // `3d` and the like say their unit.
            Some(_) => {}
        }
    }
}

/// A release age that can hardly be meant: less than an hour, more than a year.
fn odd_age(key: &str, number: f64, text: &str, per_day: u64, unit: &str) -> Option<String> {
    let days = number / per_day as f64;
    let meant = match days {
        days if days * 24.0 < 1.0 => "less than an hour",
        days if days > 366.0 => "more than a year",
        _ => return None,
    };
    Some(format!("`{key}` is {text}, which counts {unit}: {meant}"))
}

/// Whether a registry's URL is plain http to another machine.
fn is_plain_http(url: &str) -> bool {
    let Some(rest) = url.trim().strip_prefix("http://") else { return false };
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    !matches!(host, "localhost" | "127.0.0.1" | "[")
}
