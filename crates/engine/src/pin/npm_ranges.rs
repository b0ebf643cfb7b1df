//! `package.json` against the lockfile: every range is exchanged for the version that is locked, there and where the
//! lockfile repeats the range, so that frozen installs go on as before.

use std::collections::HashMap;
use std::rc::Rc;

use vetch_lockfiles::tree::{Kind, Node, Syntax};
use vetch_lockfiles::{Format, Reading};
use vetch_model::hygiene::{Afterwards, Lint, LintId, Repair};
use vetch_model::inventory::{Edge, Package, PackageId, Role, Source as From};
use vetch_versions::npm::{Options, Range, Version};

use super::room::{Room, Source, Step};
use super::{in_folder, lock_command};
use crate::map::{folder_of, join};

pub(super) const FIELDS: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];

/// Most dependencies that one manifest is pinned for: each is looked for in the lockfile.
pub(super) const MAX_ENTRIES: usize = 5_000;

/// What stands before the range in `npm:name@range`, the real name, and the range.
struct Declared<'t> {
    before: &'t str,
    range: &'t str,
}

pub(super) fn lints(room: &mut Room<'_>, file: &str, reading: &Reading) {
    let inventory = &reading.inventory;
    let mut asked: HashMap<PackageId, HashMap<&str, &Edge>> = HashMap::new();
    for edge in &inventory.edges {
        if inventory.package(edge.from).role != Role::Dependency {
            asked.entry(edge.from).or_default().insert(&edge.name, edge);
        }
    }
    for (id, package) in inventory.iter().filter(|(_, package)| package.role != Role::Dependency) {
        let folder = if package.role == Role::Root { folder_of(file) } else { &package.path };
        let Some(manifest) = room.json(&join(folder, "package.json")) else { continue };
        let own = Own { file, reading, folder, manifest, asked: asked.get(&id) };
        own.lints(room);
    }
}

/// One manifest of the user's own, and what the lockfile says of it.
pub(super) struct Own<'r> {
    /// The lockfile.
    file: &'r str,
    reading: &'r Reading,
    folder: &'r str,
    manifest: Rc<Source>,
    asked: Option<&'r HashMap<&'r str, &'r Edge>>,
}

impl<'r> Own<'r> {
    /// Without what it asks for.
    pub(super) fn new(file: &'r str, reading: &'r Reading, folder: &'r str, manifest: Rc<Source>) -> Own<'r> {
        Own { file, reading, folder, manifest, asked: None }
    }

    fn lints(&self, room: &mut Room<'_>) {
        let root = &self.manifest.tree.root;
        let is_published = is_published(root);
        for field in FIELDS {
            let entries = root.get(field).map_or(&[][..], Node::entries);
            room.tell_of_more(&self.manifest.file, entries.len());
            for entry in entries.iter().take(MAX_ENTRIES) {
                let Kind::Text(text) = &entry.value.kind else { continue };
                let Some(declared) = declared(text) else { continue };
                if is_published && field != "devDependencies" {
                    room.notes.insert(format!(
                        "`{}` is a package for others (it is not `private`): what it asks for at run time stays a range",
                        self.manifest.file
                    ));
                    continue;
                }
                self.entry(room, field, &entry.key, &entry.value, &declared);
            }
        }
    }

    fn entry(&self, room: &mut Room<'_>, field: &str, name: &str, node: &Node, declared: &Declared<'_>) {
        let location = self.manifest.tree.location(node.span);
        let range = if declared.range.is_empty() { "any version" } else { declared.range };
        let locked = self.asked.and_then(|asked| asked.get(name)).map(|edge| self.reading.inventory.package(edge.to));
        let version = match locked {
            Some(Package { role: Role::Dependency, source: From::Registry { .. }, version: Some(version), .. }) => {
                version
            }
            // Their own code, or from git: neither is a release that a range chooses.
            Some(_) => return,
            None => {
                let what = format!("`{name}` takes {}, and `{}` does not hold it", code(range), self.file);
                let repair = Repair::Command(in_folder(self.folder, lock_command(self.reading.format)));
                return room.lint(LintId::UnpinnedRange, location, what, repair);
            }
        };
        if Version::parse(version).is_err() || does_not_hold(declared.range, version) {
            let what =
                format!("`{name}` takes {}, and `{}` holds {version}: it is out of date", code(range), self.file);
            let repair = Repair::Command(in_folder(self.folder, lock_command(self.reading.format)));
            return room.lint(LintId::UnpinnedRange, location, what, repair);
        }
        let pinned = format!("{}{version}", declared.before);
        let what = format!("`{name}` takes {}; locked is {version}", code(range));
        let path = [field, name];
        let mut steps = vec![self.manifest.exchange(&path, node, &pinned)];
        match self.in_lockfile(room, field, name, node, &pinned) {
            Some(more) => steps.extend(more),
            None => self.tell_afterwards(room),
        }
        let repair = Repair::Edit(format!("pin it to {version}"));
        room.fix(Lint { location, id: LintId::UnpinnedRange, what, repair }, steps);
    }

    /// The range where the lockfile repeats it; `None` if only the package manager can change that.
    pub(super) fn in_lockfile(
        &self,
        room: &mut Room<'_>,
        field: &str,
        name: &str,
        node: &Node,
        pinned: &str,
    ) -> Option<Vec<Step>> {
        let syntax = match self.reading.format {
            Format::PackageLock => Syntax::Json,
            Format::Pnpm => Syntax::Yaml,
            Format::Bun => Syntax::RelaxedJson,
            _ => return None,
        };
        let old = node.as_str()?;
        let source = room.source(self.file, syntax)?;
        let lock_folder = folder_of(self.file);
        let relative = self.folder.strip_prefix(lock_folder).unwrap_or(self.folder).trim_start_matches('/');
        let importer = if relative.is_empty() { "." } else { relative };
        let paths: Vec<Vec<&str>> = match self.reading.format {
            Format::PackageLock => vec![vec!["packages", relative, field, name]],
            Format::Bun => vec![vec!["workspaces", relative, field, name]],
            _ => vec![
                vec!["importers", importer, field, name, "specifier"],
                vec!["importers", importer, "specifiers", name],
                vec![field, name, "specifier"],
                vec!["specifiers", name],
            ],
        };
        let found = paths.iter().find_map(|path| Some((path, source.tree.root.at(path)?)));
        match found {
            Some((path, node)) if node.scalar().as_deref() == Some(old) => {
                Some(vec![source.exchange(path, node, pinned)])
            }
            // The first version of the format does not repeat ranges of the project.
            None if self.reading.format == Format::PackageLock && self.reading.format_version == "1" => {
                Some(Vec::new())
            }
            _ => None,
        }
    }

    fn tell_afterwards(&self, room: &mut Room<'_>) {
        let why = format!("`{}` repeats the ranges, and only its own tool writes them", self.file);
        let folder = folder_of(self.file).to_owned();
        room.follow(
            LintId::UnpinnedRange,
            Afterwards { folder, command: lock_command(self.reading.format).to_owned(), why },
        );
    }
}

/// Whether others install it from a registry.
fn is_published(root: &Node) -> bool {
    let is_named = root.get("name").is_some() && root.get("version").is_some();
    let is_private = root.get("private").and_then(Node::as_bool) == Some(true);
    // The root of a workspace is hardly ever published, but nothing else says so.
    is_named && !is_private && root.get("workspaces").is_none()
}

/// A range or tag of a registry's package; `None` for versions, and for what comes from elsewhere.
fn declared(text: &str) -> Option<Declared<'_>> {
    let trimmed = text.trim();
    let (before, range) = match trimmed.strip_prefix("npm:") {
        Some(target) => {
            let at = target.get(1..)?.find('@').map(|at| at + 1);
            match at {
                Some(at) => (&trimmed[..4 + at + 1], &target[at + 1..]),
                // `npm:^1.0.0` is Yarn's spelling of a range.
                None => ("npm:", target),
            }
        }
        None => ("", trimmed),
    };
    let is_elsewhere =
        range.contains(':') || range.contains('/') || range.starts_with(['.', '~', '/']) && range.contains('/');
    if is_elsewhere || Version::parse(range.trim_start_matches(['=', 'v'])).is_ok() {
        return None;
    }
    let is_tag = range.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let is_range = Range::parse(range, Options::default()).is_ok();
    (is_range || is_tag).then_some(Declared { before, range })
}

/// Whether a locked version lies outside of the range; tags say nothing.
fn does_not_hold(range: &str, version: &str) -> bool {
    Range::parse(range, Options::default()).is_ok()
        && vetch_versions::satisfies(&vetch_model::inventory::Ecosystem::Npm, version, range) == Some(false)
}

fn code(text: &str) -> String {
    if text.contains('`') || text == "any version" { text.to_owned() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_from_versions_and_places() {
        for (text, expected) in [
            ("^1.2.3", Some(("", "^1.2.3"))),
            ("~1", Some(("", "~1"))),
            ("1", Some(("", "1"))),
            ("1.x || >=2", Some(("", "1.x || >=2"))),
            ("*", Some(("", "*"))),
            ("", Some(("", ""))),
            ("latest", Some(("", "latest"))),
            ("npm:other@^1", Some(("npm:other@", "^1"))),
            ("npm:@a/b@^1", Some(("npm:@a/b@", "^1"))),
            ("npm:^1", Some(("npm:", "^1"))),
            ("1.2.3", None),
            ("=1.2.3", None),
            ("npm:other@1.2.3", None),
            ("workspace:^", None),
            ("catalog:", None),
            ("file:../x", None),
            ("../x", None),
            ("a/b#main", None),
            ("git+ssh://git@h.invalid/a.git", None),
            ("https://h.invalid/x.tgz", None),
        ] {
            assert_eq!(declared(text).map(|one| (one.before, one.range)), expected, "{text}");
        }
    }
}
