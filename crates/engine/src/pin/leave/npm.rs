//! npm's lockfiles and those of its kin: ranges of manifests, overrides for what others ask for, and entries of
//! `package-lock.json`.

use std::collections::BTreeSet;

use vetch_lockfiles::Format;
use vetch_lockfiles::tree::{Kind, Node, Syntax};
use vetch_model::hygiene::{Afterwards, Repair};
use vetch_model::inventory::{Edge, Role};
use vetch_model::way_out::Good;

use super::Held;
use crate::edit::place::Value;
use crate::map::{folder_of, join};
use crate::pin::npm_ranges::{self, FIELDS};
use crate::pin::room::{Room, Step};
use crate::pin::{in_folder, lock_command};

pub(super) fn leave(held: &Held<'_>, good: &Good, room: &mut Room<'_>) {
    let way = NpmWay { held, good, entry: entry(held, good, room) };
    match way.steps(room) {
        Ok(steps) => {
            let repair = Repair::Edit(way.words(&steps));
            room.fix(held.lint(repair), steps);
            way.follow(room);
        }
        Err(why) => {
            let command = way.command();
            held.tell(room, Repair::Command(format!("{command} ({why})")));
        }
    }
}

struct NpmWay<'h> {
    held: &'h Held<'h>,
    good: &'h Good,
    /// The edits of the lockfile's own entry, where they can be made without its tool.
    entry: Option<Vec<Step>>,
}

impl NpmWay<'_> {
    /// Edits that leave the release; or why there are none.
    fn steps(&self, room: &mut Room<'_>) -> Result<Vec<Step>, String> {
        let held = self.held;
        let inventory = &held.reading.inventory;
        let asking: Vec<&Edge> = inventory.edges.iter().filter(|edge| edge.to == held.id).collect();
        let (own, others): (Vec<&Edge>, Vec<&Edge>) =
            asking.into_iter().partition(|edge| inventory.package(edge.from).role != Role::Dependency);
        let does_not_take = |edge: &&Edge| {
            vetch_versions::satisfies(&held.package.ecosystem, &self.good.version, &edge.range) != Some(true)
        };
        // Where only its tool can write the lockfile, nothing but an override tells the tool which version to take.
        let is_forced = others.iter().any(does_not_take) || (self.entry.is_none() && !others.is_empty());
        let mut steps = Vec::new();
        for edge in own {
            let may_stay = held.may_stay(&edge.range, self.good) && self.entry.is_some() && !is_forced;
            if !may_stay {
                steps.extend(self.exchange(room, edge)?);
            }
        }
        if is_forced {
            steps.push(self.force(room)?);
        }
        steps.extend(self.entry.iter().flatten().cloned());
        match steps.is_empty() {
            true => Err("nothing that could be edited asks for it".to_owned()),
            false => Ok(steps),
        }
    }

    /// The range of one of the user's own manifests, exchanged for the version; there and where the lockfile repeats it.
    fn exchange(&self, room: &mut Room<'_>, edge: &Edge) -> Result<Vec<Step>, String> {
        let held = self.held;
        let from = held.reading.inventory.package(edge.from);
        let folder = if from.role == Role::Root { folder_of(held.file) } else { &from.path };
        let file = join(folder, "package.json");
        let manifest = room.json(&file).ok_or_else(|| format!("`{file}` is not there, or cannot be read"))?;
        let mut steps = Vec::new();
        for field in FIELDS {
            let Some(node) = manifest.tree.root.at(&[field, &edge.name]) else { continue };
            let Kind::Text(text) = &node.kind else { continue };
            let alias = vetch_versions::npm_alias(text).map(|(name, _)| format!("npm:{name}@"));
            let pinned = format!("{}{}", alias.unwrap_or_default(), self.good.version);
            steps.push(manifest.exchange(&[field, &edge.name], node, &pinned));
            let own = npm_ranges::Own::new(held.file, held.reading, folder, manifest.clone());
            // Where it cannot be repeated, the lockfile's tool has to run anyway.
            steps.extend(own.in_lockfile(room, field, &edge.name, node, &pinned).unwrap_or_default());
        }
        match steps.is_empty() {
            true => Err(format!("`{file}` asks for it in a way that is not edited")),
            false => Ok(steps),
        }
    }

    /// An override of the root's: everybody gets this version, whatever they ask for.
    fn force(&self, room: &mut Room<'_>) -> Result<Step, String> {
        let held = self.held;
        let root = folder_of(held.file);
        let name = &held.package.name;
        let others = held.reading.inventory.packages.iter();
        let is_alone = others.filter(|other| other.name == *name).all(|other| other.version == held.package.version);
        // Only these know overrides of one version among several.
        let key = match held.reading.format {
            _ if is_alone => name.clone(),
            Format::PackageLock | Format::Pnpm => format!("{name}@{}", held.version()),
            _ => return Err("other versions of it are locked, which an override would exchange, too".to_owned()),
        };
        let value = Value::Text(self.good.version.clone());
        let settings = join(root, "pnpm-workspace.yaml");
        if held.reading.format == Format::Pnpm
            && let Some(source) = room.source(&settings, Syntax::Yaml)
        {
            let set = source.set(&["overrides", &key], &value);
            return set.ok_or_else(|| format!("the overrides in `{settings}` are written in a way that is not edited"));
        }
        let file = join(root, "package.json");
        let manifest = room.json(&file).ok_or_else(|| format!("`{file}` is not there, or cannot be read"))?;
        let path: &[&str] = match held.reading.format {
            Format::YarnClassic | Format::YarnBerry => &["resolutions", &key],
            Format::Pnpm => &["pnpm", "overrides", &key],
            _ => &["overrides", &key],
        };
        manifest
            .set(path, &value)
            .ok_or_else(|| format!("the overrides in `{file}` are written in a way that is not edited"))
    }

    fn words(&self, steps: &[Step]) -> String {
        let files: BTreeSet<&str> = steps.iter().map(|step| step.file.as_str()).collect();
        let files: Vec<String> = files.into_iter().map(|file| format!("`{file}`")).collect();
        format!("exchange it for {} in {}", self.good.version, files.join(" and "))
    }

    /// What has to run once the files are written.
    fn follow(&self, room: &mut Room<'_>) {
        let held = self.held;
        let folder = folder_of(held.file).to_owned();
        let (command, why) = match (held.reading.format, &self.entry) {
            (Format::PackageLock, Some(_)) => {
                ("npm ci --ignore-scripts", "what is installed is still the release that is left".to_owned())
            }
            (format, _) => (lock_command(format), format!("only its own tool writes `{}`", held.file)),
        };
        room.follow(held.lint_id(), Afterwards { folder, command: command.to_owned(), why });
    }

    /// The command that does it, where no edit can.
    fn command(&self) -> String {
        let (name, version) = (&self.held.package.name, &self.good.version);
        let command = match self.held.reading.format {
            Format::YarnClassic => format!("yarn upgrade {name}@{version} --exact --ignore-scripts"),
            Format::YarnBerry => format!("yarn set resolution {name}@npm:{} npm:{version}", self.held.version()),
            Format::Pnpm => format!("pnpm update {name}@{version} --lockfile-only"),
            Format::Bun => format!("bun add {name}@{version} --exact --ignore-scripts"),
            _ => format!("npm install {name}@{version} --save-exact --package-lock-only --ignore-scripts"),
        };
        in_folder(folder_of(self.held.file), &command)
    }
}

/// Edits of an entry of `package-lock.json`: possible where the good version asks for the same packages, so that nothing
/// else of the tree changes, and its hash is known.
fn entry(held: &Held<'_>, good: &Good, room: &mut Room<'_>) -> Option<Vec<Step>> {
    let digest = good.digests.iter().find(|digest| digest.starts_with("sha512-"))?;
    if held.reading.format != Format::PackageLock || !good.asks_for_the_same {
        return None;
    }
    let source = room.json(held.file)?;
    let root = &source.tree.root;
    let (old, new) = (held.version(), good.version.as_str());
    let mut steps = Vec::new();
    for path in paths(held) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let Some(node) = root.at(&path) else { continue };
        let mut exchange = |field: &str, wanted: &str| -> Option<()> {
            let value = node.get(field)?;
            let mut path = path.clone();
            path.push(field);
            steps.push(source.exchange(&path, value, wanted));
            Some(())
        };
        let url = resolved(node, old, new, good)?;
        exchange("version", new)?;
        exchange("resolved", &url)?;
        exchange("integrity", digest)?;
    }
    (!steps.is_empty()).then_some(steps)
}

/// Where entries of a package stand: below `packages` by its folder, and below `dependencies` by the folders on the way.
fn paths(held: &Held<'_>) -> [Vec<String>; 2] {
    let folder = folder_of(held.file);
    let inside = held.package.path.strip_prefix(folder).unwrap_or(&held.package.path).trim_start_matches('/');
    let names = inside.split("node_modules/").skip(1).map(|name| name.trim_end_matches('/').to_owned());
    let tree = names.flat_map(|name| ["dependencies".to_owned(), name]).collect();
    [vec!["packages".to_owned(), inside.to_owned()], tree]
}

/// The address of the new archive: like the old one, on the same host.
fn resolved(entry: &Node, old: &str, new: &str, good: &Good) -> Option<String> {
    let known = entry.get("resolved")?.as_str()?;
    let stem = known.strip_suffix(&format!("-{old}.tgz"));
    stem.map(|stem| format!("{stem}-{new}.tgz")).or_else(|| good.url.clone())
}
