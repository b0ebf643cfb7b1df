//! `yarn.lock` of Yarn 2 and later (`__metadata.version` 4 to 10): YAML, one
//! entry for every resolved package, its key the descriptors (`name@range`) that
//! it answers. Virtual packages are not in it.
//! Source: `Project.setupResolutions` and `generateLockfile` of `@yarnpkg/core`.

mod descriptor;
mod edges;
mod overrides;
mod peers;
mod resolution;

use std::collections::HashMap;

use vetch_model::evidence::{Location, Span};
use vetch_model::inventory::{Ecosystem, Package, PackageId, Role, Source};
use vetch_model::outcome::{Incomplete, Outcome};

use super::dependencies::{Problem, Problems};
use super::entries::{Fields, Report, may_hide_entries, wrong_type};
use super::manifests::Manifests;
use super::reach::refine;
use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::{Files, beside};
use crate::format::{Format, Reading, required};
use crate::yaml::{Limits, Mapping, Member, Value, parse};
use descriptor::split;

/// Largest lockfile read, in bytes; a project of 10,000 packages has about 4 MB.
pub const MAX_BYTES: usize = 256 << 20;

/// Most values in one lockfile; a project of 10,000 packages has about 150,000.
const MAX_VALUES: usize = 5_000_000;

/// Most packages in one lockfile.
const MAX_PACKAGES: usize = 500_000;

/// Versions of the format that Yarn 2.0 to 4.18 write.
const KNOWN_VERSIONS: std::ops::RangeInclusive<u32> = 4..=10;

/// What Yarn writes for packages that are folders.
const LOCAL_VERSION: &str = "0.0.0-use.local";

const RESTORE: &str = "restore it from version control, or delete the file and run `yarn install`";

/// Fields of an entry.
const KNOWN_FIELDS: &[&str] = &[
    "bin",
    "checksum",
    "conditions",
    "dependencies",
    "dependenciesMeta",
    "languageName",
    "linkType",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "resolution",
    "version",
];

/// Reads the lockfile `file` of a tree, with the `package.json` files of its
/// workspaces: they say what is for development, and which ranges are overridden.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no YAML, an unfinished
/// merge, nested too deeply, no mapping. A bad entry is [`Outcome::incomplete`],
/// and still a package as far as it is known.
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    let stream = parse(&bytes, file, Limits { bytes: MAX_BYTES, values: MAX_VALUES }, RESTORE)?;
    let root = match stream.documents.as_slice() {
        [root] => root.as_mapping().ok_or(root),
        [first, ..] => Err(first),
        [] => return Err(ReadError::new(ReadErrorKind::Shape, Location::file(file), "it is empty", RESTORE)),
    };
    let root = root.map_err(|value| {
        let problem = format!("it holds {} where a lockfile is one mapping", value.type_name());
        ReadError::new(ReadErrorKind::Shape, stream.location(value.span), problem, RESTORE)
    })?;
    if root.members.len() > MAX_PACKAGES {
        let problem = format!("it lists more than {MAX_PACKAGES} packages");
        return Err(ReadError::new(ReadErrorKind::TooLarge, Location::file(file), problem, RESTORE));
    }
    let mut reader = Reader { report: Report::new(&stream, RESTORE), manifests: Manifests::new(files) };
    let version = reader.version(root);
    let entries = reader.entries(root);
    edges::connect(&mut reader, &entries);
    let Reader { mut report, manifests } = reader;
    manifests.finish().into_iter().for_each(|incomplete| report.push(incomplete));
    let is_own = |entry: &&Entry<'_, '_>| entry.reference.starts_with("workspace:");
    let starts: Vec<PackageId> = entries.iter().filter(is_own).map(|entry| entry.id).collect();
    refine(&mut report.inventory, &starts, &[]);
    let (inventory, notes, incomplete) = report.finish();
    let reading = Reading { format: Format::YarnBerry, format_version: version, inventory, notes };
    Ok(Outcome { value: reading, incomplete })
}

/// What the parts of this module build together.
struct Reader<'d, 'a> {
    report: Report<'d, 'a>,
    manifests: Manifests<'d>,
}

/// One entry, and the package that became of it.
struct Entry<'d, 'a> {
    id: PackageId,
    member: &'d Member<'a>,
    /// `None` for an entry that is no mapping.
    mapping: Option<&'d Mapping<'a>>,
    name: &'d str,
    /// What is behind the name in `resolution`.
    reference: &'d str,
}

impl<'d, 'a> Reader<'d, 'a> {
    /// `__metadata.version`; one that is missing or unheard of is told.
    fn version(&mut self, root: &'d Mapping<'a>) -> String {
        let value = root.get("__metadata").and_then(Value::as_mapping).and_then(|metadata| metadata.get("version"));
        let text = value.and_then(Value::as_str).unwrap_or_default();
        if !text.parse().is_ok_and(|version| KNOWN_VERSIONS.contains(&version)) {
            let file = self.report.stream.file;
            let why = format!("`__metadata.version` is `{}`, not one of 4 to 10; it was read like those", short(text));
            let hint = "update Vetch if Yarn has a newer format; else run `yarn install`";
            let location = value.map_or_else(|| Location::file(file), |value| self.report.stream.location(value.span));
            self.report.push(Incomplete::new(file, why, hint).at(location));
        }
        text.to_owned()
    }

    /// Every entry as a package, the project first.
    fn entries(&mut self, root: &'d Mapping<'a>) -> Vec<Entry<'d, 'a>> {
        self.report.duplicates(root, None);
        let members = root.split_duplicates().0.into_iter().filter(|member| member.key != "__metadata");
        let mut parsed: Vec<Entry<'d, 'a>> = members.map(|member| self.identify(member)).collect();
        match parsed.iter().position(|entry| entry.reference == "workspace:.") {
            Some(at) => parsed.get_mut(..=at).unwrap_or_default().rotate_right(1),
            None => {
                let why = "it has no entry for the project itself, so nothing says what the project asks for";
                self.report.tell("the entry of the project", Problem::new(Span::default(), why));
                let (name, version) = self.manifests.identity(&beside(self.report.stream.file, "package.json"));
                let package = Package::new(Ecosystem::Npm, name, version.as_deref());
                let declared_at = Some(Location::file(self.report.stream.file));
                let source = Source::Folder { path: String::new() };
                self.report.inventory.push(Package { role: Role::Root, source, declared_at, ..package });
            }
        }
        for entry in &mut parsed {
            entry.id = self.add(entry);
        }
        parsed
    }

    /// Name and reference, from `resolution` or else from the key.
    fn identify(&mut self, member: &'d Member<'a>) -> Entry<'d, 'a> {
        let mapping = member.value.as_mapping();
        let resolution = mapping.and_then(|mapping| mapping.get("resolution")).and_then(Value::as_str).and_then(split);
        let (name, reference) = match (resolution, split(&member.key)) {
            (Some(found), _) => found,
            (None, Some((name, _))) => (name, ""),
            (None, None) => (member.key.as_ref(), ""),
        };
        Entry { id: PackageId(0), member, mapping, name, reference }
    }

    fn add(&mut self, entry: &Entry<'d, 'a>) -> PackageId {
        let member = entry.member;
        let mut problems = Problems::default();
        let mut package = Package::new(Ecosystem::Npm, entry.name, None);
        package.declared_at = Some(self.report.stream.location(member.span));
        match entry.mapping {
            Some(mapping) => self.fill(entry, mapping, &mut package, &mut problems),
            None => {
                problems.push(wrong_type(&member.key, &member.value, "a mapping"));
                package.source = Source::Unknown { text: self.report.stream.excerpt(member.value.span) };
            }
        }
        let id = self.report.inventory.push(package);
        if let Some(mapping) = entry.mapping {
            self.report.duplicates(mapping, Some(id));
        }
        self.report.tell_all(&format!("`{}`", short(&member.key)), problems);
        id
    }

    fn fill(&mut self, entry: &Entry<'_, '_>, mapping: &Mapping<'_>, package: &mut Package, problems: &mut Problems) {
        let mut fields = Fields::of(mapping);
        // Every entry of Yarn's has these; the last of them is the last of the entry.
        for field in ["version", "resolution", "linkType"] {
            if fields.text(field).is_none() && mapping.get(field).is_none() {
                fields
                    .problems
                    .push(Problem::new(entry.member.span, format!("it has no `{field}`: it may be cut short")));
            }
        }
        if !entry.member.key.contains('@') {
            fields.problems.push(Problem::new(entry.member.span, "its key is no `name@range`"));
        }
        let version = fields.text("version").filter(|version| *version != LOCAL_VERSION);
        package.version = version.map(str::to_owned);
        package.cache_checksum = fields.text("checksum").map(str::to_owned);
        package.platform = fields.text("conditions").map(resolution::conditions).unwrap_or_default();
        let (source, role, fault) = resolution::source(entry.name, entry.reference);
        if let Some(fault) = fault {
            fields.problems.push(Problem::new(entry.member.span, format!("its source is not read: {fault}")));
        }
        if let Source::Unknown { text } = &source {
            let text = format!("`resolution` names no source that Yarn knows: `{}`", short(text));
            fields.problems.push(Problem::new(entry.member.span, text));
        }
        package.role = role;
        if let Source::Folder { path } = &source
            && package.role != Role::Dependency
        {
            package.path.clone_from(path);
            let manifest = if path.is_empty() { "package.json".to_owned() } else { format!("{path}/package.json") };
            let (_, version) = self.manifests.identity(&beside(self.report.stream.file, &manifest));
            package.version = version.or(package.version.take());
        }
        package.source = source;
        for member in &mapping.members {
            if !KNOWN_FIELDS.contains(&member.key.as_ref()) && may_hide_entries(member) {
                let text = format!("a field `{}` is not known, and was not read", short(&member.key));
                fields.problems.push(Problem::new(member.span, text));
            }
        }
        problems.append(fields.problems);
    }
}

/// Descriptors of a key: `a@npm:1, a@npm:2`.
fn descriptors(key: &str) -> impl Iterator<Item = &str> {
    key.split(',').map(|part| part.trim_matches(' ')).filter(|part| !part.is_empty())
}

/// Entries by what they answer.
#[derive(Default)]
struct Index<'d> {
    by_descriptor: HashMap<&'d str, PackageId>,
    /// Patches that Yarn itself puts in place of a package, by the descriptor they replace.
    built_in: HashMap<String, PackageId>,
}
