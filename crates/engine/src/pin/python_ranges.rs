//! `pyproject.toml` against the lockfile: every requirement is exchanged for the version that is locked.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use vetch_lockfiles::python::spec::spec;
use vetch_lockfiles::tree::{Kind, Node, Syntax};
use vetch_lockfiles::{Format, Reading};
use vetch_model::hygiene::{Afterwards, Lint, LintId, Repair};
use vetch_model::inventory::{PackageId, Role, Source as From};
use vetch_model::purl::normalised;

use super::npm_ranges::MAX_ENTRIES;
use super::room::{Room, Source, Step};
use super::{in_folder, lock_command};
use crate::map::{folder_of, join};

pub(super) fn lints(room: &mut Room<'_>, file: &str, reading: &Reading) {
    for (id, package) in reading.inventory.iter().filter(|(_, package)| package.role != Role::Dependency) {
        let folder = if package.role == Role::Root { folder_of(file) } else { &package.path };
        let Some(manifest) = room.toml(&join(folder, "pyproject.toml")) else { continue };
        let own = Own { file, reading, name: &package.name, manifest, locked: locked(reading, id) };
        own.lints(room);
    }
}

/// The versions that are locked of each package that `from` asks for; all that are locked, where nobody is told to ask.
pub(super) fn locked(reading: &Reading, from: PackageId) -> HashMap<&str, BTreeSet<&str>> {
    let inventory = &reading.inventory;
    let mut locked: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    let asked: BTreeSet<PackageId> =
        inventory.edges.iter().filter(|edge| edge.from == from).map(|edge| edge.to).collect();
    for (id, package) in inventory.iter() {
        let is_release = package.role == Role::Dependency && matches!(package.source, From::Registry { .. });
        if let Some(version) =
            package.version.as_deref().filter(|_| is_release && (asked.is_empty() || asked.contains(&id)))
        {
            locked.entry(&package.name).or_default().insert(version);
        }
    }
    locked
}

struct Own<'r> {
    /// The lockfile.
    file: &'r str,
    reading: &'r Reading,
    name: &'r str,
    manifest: Rc<Source>,
    locked: HashMap<&'r str, BTreeSet<&'r str>>,
}

impl Own<'_> {
    fn lints(&self, room: &mut Room<'_>) {
        let root = &self.manifest.tree.root;
        let mut lists: Vec<Vec<String>> = Vec::new();
        let path = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
        let keys = |parts: &[&str]| -> Vec<String> {
            root.at(parts).map_or(&[][..], Node::entries).iter().map(|entry| entry.key.clone()).collect()
        };
        lists.push(path(&["tool", "uv", "dev-dependencies"]));
        lists.extend(keys(&["dependency-groups"]).iter().map(|key| path(&["dependency-groups", key])));
        let mut tables = vec![path(&["tool", "poetry", "dev-dependencies"])];
        let groups = keys(&["tool", "poetry", "group"]);
        tables.extend(groups.iter().map(|key| path(&["tool", "poetry", "group", key, "dependencies"])));
        let optional = keys(&["project", "optional-dependencies"]);
        let mut at_run_time = vec![path(&["project", "dependencies"])];
        at_run_time.extend(optional.iter().map(|key| path(&["project", "optional-dependencies", key])));
        let poetry = path(&["tool", "poetry", "dependencies"]);
        let is_there = |path: &[String]| {
            node(root, path).is_some_and(|node| !node.items().is_empty() || !node.entries().is_empty())
        };
        if is_published(root) {
            if at_run_time.iter().chain([&poetry]).any(|path| is_there(path)) {
                room.notes.insert(format!(
                    "`{}` is a package for others (it has a build system): what it asks for at run time stays a range",
                    self.manifest.file
                ));
            }
        } else {
            lists.extend(at_run_time);
            tables.push(poetry);
        }
        lists.iter().for_each(|path| self.list(room, path));
        tables.iter().for_each(|path| self.table(room, path));
    }

    /// A list of specifiers (PEP 508).
    fn list(&self, room: &mut Room<'_>, path: &[String]) {
        let Some(list) = node(&self.manifest.tree.root, path) else { return };
        room.tell_of_more(&self.manifest.file, list.items().len());
        for (index, item) in list.items().iter().enumerate().take(MAX_ENTRIES) {
            let Kind::Text(text) = &item.kind else { continue };
            let Some(found) = spec(text).filter(|found| found.url.is_none() && found.pinned.is_none()) else {
                continue;
            };
            let mut path = path.to_vec();
            path.push(index.to_string());
            let pinned = |version: &str| {
                let (before, after) = (text.get(..found.place.start), text.get(found.place.end..));
                format!("{}=={version}{}", before.unwrap_or_default(), after.unwrap_or_default())
            };
            self.entry(room, item, &path, &found.name, &found.specifier, pinned);
        }
    }

    /// A table of Poetry's: `name = "^1"`, `name = {version = "^1"}`.
    fn table(&self, room: &mut Room<'_>, path: &[String]) {
        let Some(table) = node(&self.manifest.tree.root, path) else { return };
        room.tell_of_more(&self.manifest.file, table.entries().len());
        for entry in table.entries().iter().filter(|entry| entry.key != "python").take(MAX_ENTRIES) {
            let mut path = path.to_vec();
            path.push(entry.key.clone());
            let value = match entry.value.get("version") {
                Some(version) => {
                    path.push("version".to_owned());
                    version
                }
                None => &entry.value,
            };
            let Kind::Text(text) = &value.kind else { continue };
            let bare = text.trim().trim_start_matches('=').trim();
            if bare.starts_with(|c: char| c.is_ascii_digit()) && !bare.contains(['*', ',', '|', '<', '>']) {
                continue;
            }
            self.entry(room, value, &path, &normalised(&entry.key), text, str::to_owned);
        }
    }

    fn entry(
        &self,
        room: &mut Room<'_>,
        node: &Node,
        path: &[String],
        name: &str,
        range: &str,
        pinned: impl Fn(&str) -> String,
    ) {
        let location = self.manifest.tree.location(node.span);
        let shown = if range.is_empty() { "any version".to_owned() } else { format!("`{range}`") };
        let versions = self.locked.get(name).map(|versions| versions.iter().copied().collect::<Vec<_>>());
        let version = match versions.as_deref() {
            Some([version]) => *version,
            Some(several) => {
                let what = format!("`{name}` takes {shown}; locked are {}, by environment", several.join(" and "));
                let repair = Repair::Decision("pin each with the marker of its environment".to_owned());
                return room.lint(LintId::UnpinnedRange, location, what, repair);
            }
            None => {
                if self.reading.inventory.packages.iter().any(|package| package.name == name) {
                    return;
                }
                let what = format!("`{name}` takes {shown}, and `{}` does not hold it", self.file);
                let repair = Repair::Command(in_folder(folder_of(self.file), lock_command(self.reading.format)));
                return room.lint(LintId::UnpinnedRange, location, what, repair);
            }
        };
        let what = format!("`{name}` takes {shown}; locked is {version}");
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let mut steps = vec![self.manifest.exchange(&path, node, &pinned(version))];
        match self.in_uv_lock(room, &path, name, range, version) {
            Some(more) => steps.extend(more),
            None => self.tell_afterwards(room),
        }
        let repair = Repair::Edit(format!("pin it to {version}"));
        room.fix(Lint { location, id: LintId::UnpinnedRange, what, repair }, steps);
    }

    /// Where `uv.lock` repeats the specifier: `requires-dist` and `requires-dev` of the project's entry.
    fn in_uv_lock(
        &self,
        room: &mut Room<'_>,
        place: &[&str],
        name: &str,
        range: &str,
        version: &str,
    ) -> Option<Vec<Step>> {
        if self.reading.format != Format::Uv {
            return None;
        }
        let source = room.source(self.file, Syntax::Toml)?;
        let packages = source.tree.root.get("package")?;
        let is_own =
            |item: &Node| item.get("name").and_then(Node::as_str).is_some_and(|own| normalised(own) == self.name);
        let index = packages.items().iter().position(is_own)?;
        let metadata = packages.items().get(index)?.get("metadata")?;
        let mut steps = Vec::new();
        let mut look = |path: &[&str], list: &Node| -> Option<()> {
            for (at, item) in list.items().iter().enumerate() {
                if item.get("name").and_then(Node::as_str) != Some(name) {
                    continue;
                }
                // One that stands without a specifier is written by uv alone.
                let specifier = item.get("specifier")?;
                if bare(specifier.as_str()?) == bare(range) {
                    let (package, at) = (index.to_string(), at.to_string());
                    let mut whole = vec!["package", &package, "metadata"];
                    whole.extend(path);
                    whole.extend([at.as_str(), "specifier"]);
                    steps.push(source.exchange(&whole, specifier, &format!("=={version}")));
                }
            }
            Some(())
        };
        let group = match place {
            ["dependency-groups", group, ..] => Some(*group),
            ["tool", "uv", ..] => Some("dev"),
            _ => None,
        };
        match group {
            Some(group) => look(&["requires-dev", group], metadata.at(&["requires-dev", group])?)?,
            None => look(&["requires-dist"], metadata.get("requires-dist")?)?,
        }
        (!steps.is_empty()).then_some(steps)
    }

    fn tell_afterwards(&self, room: &mut Room<'_>) {
        let why = format!("`{}` repeats what the manifest asks for, and only its own tool writes that", self.file);
        let folder = folder_of(self.file).to_owned();
        room.follow(
            LintId::UnpinnedRange,
            Afterwards { folder, command: lock_command(self.reading.format).to_owned(), why },
        );
    }
}

fn node<'t>(root: &'t Node, path: &[String]) -> Option<&'t Node> {
    path.iter().try_fold(root, |node, key| node.get(key))
}

/// A specifier without blanks, in the order of its clauses: tools write it anew.
fn bare(specifier: &str) -> BTreeSet<String> {
    specifier
        .split(',')
        .map(|clause| clause.split_whitespace().collect::<String>())
        .filter(|it| !it.is_empty())
        .collect()
}

/// Whether others install it from an index.
fn is_published(root: &Node) -> bool {
    let says_no = |path: &[&str]| root.at(path).and_then(Node::as_bool) == Some(false);
    let is_private = root.at(&["project", "classifiers"]).is_some_and(|list| {
        list.items().iter().filter_map(Node::as_str).any(|classifier| classifier.starts_with("Private ::"))
    });
    let is_package = root.get("build-system").is_some();
    is_package && !is_private && !says_no(&["tool", "uv", "package"]) && !says_no(&["tool", "poetry", "package-mode"])
}
