//! `pdm.lock`, lock versions 2 to 4.x.
//!
//! Dependencies are PEP 508 texts. A package that somebody asks for with extras has
//! an entry of its own for them, which asks for the package itself and for what the
//! extras add: here both are one package. What the project asks for stands in the
//! `pyproject.toml` beside it.
//! Format: <https://pdm-project.org/latest/usage/lockfile/>.

use std::borrow::Cow;
use std::collections::HashMap;

use vetch_model::inventory::{Package, PackageId, Role, Source};
use vetch_model::outcome::Outcome;

use super::locked::fields::Fields;
use super::locked::project;
use super::locked::reach::flag;
use super::locked::requirement::{Parts, parts};
use super::locked::resolve::{Link, Names, Part, Want, connect};
use super::locked::{self, Core, Entry, ROOT, called};
use crate::error::{ReadError, short};
use crate::files::Files;
use crate::format::{Format, Reading};
use crate::toml_tree::{Table, Value};

const HINT: &str = "restore it from version control, or run `pdm lock`";

const SECTIONS: &[&str] = &["metadata", "package"];

/// Reads `pdm.lock`.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no TOML, an unfinished merge.
pub fn read(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = locked::bytes_of(files, file)?;
    let document = locked::parse(&bytes, file, HINT)?;
    let mut core = Core::new(file, &document.lines, HINT);
    core.check_sections(&document.root, SECTIONS);
    let version = read_version(&mut core, &document.root);
    let beside = project::manifest(&mut core, files, file);
    let manifest = project::parse(&mut core, beside.as_ref());
    let root = project::push_root(&mut core, manifest.as_ref());
    // PDM writes no list at all where nothing is locked.
    let is_empty = document.root.get("package").is_none() && document.root.get("metadata").is_some();
    let entries = if is_empty { Vec::new() } else { core.entries(&document.root, "package") };
    let wants = manifest.as_ref().map(|manifest| project::wants(&mut core, manifest)).unwrap_or_default();
    let mut reader =
        Reader { core, wants, told: Vec::new(), by_release: HashMap::new(), hashes: hashes(&document.root) };
    for entry in &entries {
        reader.package(entry);
    }
    let Reader { mut core, wants, told, .. } = reader;
    if is_empty && !wants.is_empty() {
        core.report_file("it has no `package`, which lists what is locked, but the project asks for some");
    }
    let names = Names::of(&core.inventory);
    let links = connect(&mut core.inventory, &names, wants);
    flag(&mut core, &links);
    apply_told(&mut core, &links, told, manifest.is_some());
    let has_root = manifest.is_some() && core.inventory.edges.iter().any(|edge| edge.from == root);
    project::infer(&mut core, has_root || entries.is_empty());
    core.finish(Format::Pdm, version)
}

fn read_version(core: &mut Core<'_>, root: &Table<'_>) -> String {
    let Some(value) = root.at(&["metadata", "lock_version"]) else {
        core.report_file("it states no `metadata.lock_version`; it was read as 4");
        return String::new();
    };
    let version = value.as_str().unwrap_or_default();
    if !["2", "3", "4"].contains(&version.split('.').next().unwrap_or_default()) {
        let why = format!("it is `{}`, which is newer than 4; it was read as 4", short(version));
        core.report("`lock_version`", value.span, why);
    }
    version.to_owned()
}

/// `[metadata.files]` of old versions: `"name version"` → files.
fn hashes<'d, 'a>(root: &'d Table<'a>) -> HashMap<&'d str, &'d Value<'a>> {
    let table = root.at(&["metadata", "files"]).and_then(Value::as_table);
    table.into_iter().flat_map(|table| &table.members).map(|member| (member.key.as_ref(), &member.value)).collect()
}

/// What entries of one release have in common.
struct Release {
    id: PackageId,
    /// Whether one of them is of extras only.
    has_extras: bool,
}

struct Reader<'c, 'd, 'a> {
    core: Core<'c>,
    wants: Vec<Want<'d>>,
    /// The groups that PDM itself names.
    told: Vec<(PackageId, Vec<&'d str>)>,
    by_release: HashMap<(String, Option<String>, Source), Vec<Release>>,
    hashes: HashMap<&'d str, &'d Value<'a>>,
}

impl<'d, 'a> Reader<'_, 'd, 'a> {
    fn package(&mut self, entry: &Entry<'d, 'a>) {
        let Some((mut fields, name, mut package)) = self.core.begin(entry) else { return };
        let source = read_source(&mut fields);
        if package.version.is_none() && matches!(source, Source::Registry { .. }) {
            fields.problem(entry.span, "it names no version");
        }
        package.source = self.core.confine(&called(name), entry.span, source);
        self.files(&mut fields, name, &mut package);
        let extras = fields.texts("extras");
        let id = self.add(package, !extras.is_empty());
        let groups = fields.texts("groups");
        self.told.push((id, groups));
        self.dependencies(&mut fields, id, &extras);
        fields.tell(&mut self.core, &called(name));
    }

    fn files(&mut self, fields: &mut Fields<'d, 'a>, name: &str, package: &mut Package) {
        let mut files = fields.tables("files");
        let key = format!("{name} {}", package.version.as_deref().unwrap_or_default());
        if let Some(items) = self.hashes.get(key.as_str()).and_then(|value| value.as_array()) {
            files.extend(items.iter().filter_map(Value::as_table).map(Fields::of));
        }
        for mut file in files {
            file.artifact(package);
            fields.absorb(file);
        }
    }

    /// A new package; or the one of the same release, if either entry is of its extras.
    fn add(&mut self, package: Package, has_extras: bool) -> PackageId {
        let key = (package.name.clone(), package.version.clone(), package.source.clone());
        let same = self.by_release.entry(key).or_default();
        if let Some(found) = same.iter_mut().take(16).find(|found| found.has_extras || has_extras) {
            found.has_extras &= has_extras;
            if let Some(known) = self.core.inventory.packages.get_mut(found.id.0 as usize) {
                if known.artifacts.is_empty() {
                    known.artifacts = package.artifacts;
                }
                if !has_extras {
                    known.declared_at = package.declared_at;
                }
            }
            return found.id;
        }
        let id = self.core.inventory.push(package);
        same.push(Release { id, has_extras });
        id
    }

    fn dependencies(&mut self, fields: &mut Fields<'d, 'a>, id: PackageId, extras: &[&'d str]) {
        let span = fields.span("dependencies");
        for text in fields.texts("dependencies") {
            let Some(Parts { name, extras: asked, range, marker }) = parts(text) else {
                fields.problem(span, format!("`{}` is no dependency specifier", short(text)));
                continue;
            };
            // PDM does not tell which of several extras of one entry brings what.
            let part = extras.first().map_or(Part::Main, |extra| Part::Extra(extra));
            let may_be_missing = marker.is_some();
            self.wants.push(Want {
                from: id,
                part,
                name,
                range: range.into(),
                marker: marker.map(Cow::Borrowed),
                extras: asked,
                version: None,
                to: None,
                alternatives: extras.to_vec(),
                may_be_missing,
            });
        }
    }
}

fn read_source(fields: &mut Fields<'_, '_>) -> Source {
    if let Some(url) = fields.text("git") {
        let commit = fields.text("revision").map(str::to_owned);
        return Source::Git { url: url.to_owned(), commit };
    }
    if let Some(url) = fields.text("url") {
        return match url.strip_prefix("file:///${PROJECT_ROOT}/") {
            Some(path) => Source::File { path: path.to_owned() },
            None => Source::Tarball { url: url.to_owned() },
        };
    }
    if let Some(path) = fields.text("path") {
        let lower = path.to_ascii_lowercase();
        let is_archive = [".whl", ".zip", ".tar.gz"].iter().any(|ending| lower.ends_with(ending));
        let path = path.to_owned();
        return if is_archive { Source::File { path } } else { Source::Folder { path } };
    }
    Source::Registry { url: None, index: None }
}

/// Where PDM names groups, they count: `default` is the project's own need, the others
/// are what the manifest says they are.
fn apply_told(core: &mut Core<'_>, links: &[Link<'_>], told: Vec<(PackageId, Vec<&str>)>, has_manifest: bool) {
    let mut is_extra: HashMap<&str, bool> = HashMap::new();
    for link in links.iter().filter(|link| link.from == ROOT) {
        match link.part {
            Part::Extra(name) => is_extra.insert(name, true),
            Part::Group(name) => is_extra.insert(name, false),
            Part::Main => None,
        };
    }
    for (id, groups) in told {
        let Some(package) = core.inventory.packages.get_mut(id.0 as usize) else { continue };
        if groups.is_empty() || package.role != Role::Dependency {
            continue;
        }
        for group in groups.iter().filter(|group| !matches!(**group, "default" | "dev")) {
            if !package.groups.iter().any(|known| known == group) {
                package.groups.push((*group).to_owned());
            }
        }
        package.groups.sort();
        if has_manifest && !groups.contains(&"default") {
            let any_extra = groups.iter().any(|group| is_extra.get(group) == Some(&true));
            let any_group = groups.iter().any(|group| is_extra.get(group) != Some(&true));
            package.dev = any_group && !any_extra;
            package.optional = any_extra && !any_group;
        }
    }
}
