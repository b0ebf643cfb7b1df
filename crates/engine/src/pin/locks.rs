//! Lockfiles themselves: what they hold without a hash, from an odd place, over plain http, or under another name.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;
use vetch_lockfiles::tree::Syntax;
use vetch_lockfiles::{Format, Reading};
use vetch_model::Location;
use vetch_model::hygiene::{Lint, LintId, Repair};
use vetch_model::integrity::HashAlgorithm;
use vetch_model::inventory::{Ecosystem, Package, Role, Source as From};

use super::room::Room;
use super::settings::registries::{self, Registries};
use super::{in_folder, lock_command};
use crate::edit::place::{self, Value};
use crate::map::folder_of;

/// Most lints of one kind that one lockfile gets; what is wrong with all entries need not be said thousands of times.
const MAX_SHOWN: usize = 20;

pub(super) fn lints(room: &mut Room<'_>, file: &str, reading: &Reading) {
    let registries = registries::of(room, folder_of(file));
    let mut lock = Lock { file, reading, registries, counts: BTreeMap::new() };
    for package in reading.inventory.packages.iter().filter(|package| package.role == Role::Dependency) {
        lock.integrity(room, package);
        match &package.source {
            From::Registry { url: Some(url), .. } | From::Tarball { url } => lock.url(room, package, url),
            From::Git { url, commit: None } => lock.git(room, package, url),
            _ => {}
        }
    }
    lock.told(room);
    lock.scopes(room);
}

struct Lock<'r> {
    file: &'r str,
    reading: &'r Reading,
    registries: Registries,
    counts: BTreeMap<LintId, usize>,
}

impl Lock<'_> {
    fn add(&mut self, room: &mut Room<'_>, id: LintId, package: &Package, what: String, repair: Repair) {
        let count = self.counts.entry(id).or_default();
        *count += 1;
        if *count <= MAX_SHOWN {
            room.lint(id, self.place(package), what, repair);
        }
    }

    /// What was counted and not shown.
    fn told(&self, room: &mut Room<'_>) {
        for (id, count) in self.counts.iter().filter(|(_, count)| **count > MAX_SHOWN) {
            let what = format!("{} more entries: {id}", count - MAX_SHOWN);
            room.lint(*id, Location::file(self.file), what, Repair::Command(self.relock()));
        }
    }

    fn place(&self, package: &Package) -> Location {
        package.declared_at.clone().unwrap_or_else(|| Location::file(self.file))
    }

    fn relock(&self) -> String {
        let command = lock_command(self.reading.format);
        format!("remove the entry from the lockfile; then {}", in_folder(folder_of(self.file), command))
    }

    fn integrity(&mut self, room: &mut Room<'_>, package: &Package) {
        let (is_release, is_python) = (
            matches!(package.source, From::Registry { .. } | From::Tarball { .. }),
            package.ecosystem == Ecosystem::Pypi,
        );
        // Yarn's newer lockfiles hold checksums of its own cache's archives.
        if !is_release || package.bundled || package.cache_checksum.is_some() {
            return;
        }
        let hashes: Vec<HashAlgorithm> = match is_python {
            true => package.artifacts.iter().filter_map(|it| it.integrity.as_ref()).map(|it| it.algorithm()).collect(),
            false => package.integrity.iter().map(|integrity| integrity.algorithm()).collect(),
        };
        let weak = |algorithm: &HashAlgorithm| *algorithm == HashAlgorithm::Sha1;
        let label = package.label();
        if hashes.is_empty() {
            // Yarn keeps no checksum of what is optional and for another platform.
            if self.reading.format != Format::YarnBerry || !package.optional {
                let what = format!("the entry of {label} has no hash");
                self.add(room, LintId::MissingIntegrity, package, what, Repair::Command(self.relock()));
            }
        } else if hashes.iter().all(weak) {
            let what = format!("the entry of {label} has a hash of a broken kind only ({})", hashes[0].as_str());
            self.add(room, LintId::WeakIntegrity, package, what, Repair::Command(self.relock()));
        }
    }

    fn url(&mut self, room: &mut Room<'_>, package: &Package, text: &str) {
        let Ok(url) = Url::parse(text) else { return };
        let (label, host) = (package.label(), url.host_str().unwrap_or_default().to_ascii_lowercase());
        if url.scheme() == "http" {
            self.plain_http(room, package, text, &host);
        }
        if package.ecosystem != Ecosystem::Npm {
            return;
        }
        if let Some(found) = other_release(package, &url) {
            let what = format!("the entry of {label} downloads {found}");
            self.add(room, LintId::NameAndUrlMismatch, package, what, Repair::Command(self.relock()));
        }
        if matches!(package.source, From::Registry { .. }) && !self.registries.knows(&package.name, &host) {
            let what = format!("{label} comes from `{host}`, which no setting of the project names as a registry");
            let repair = Repair::Decision(format!(
                "if `{host}` is a registry of yours, name it in .npmrc (`registry=` or `@scope:registry=`); if not, {}",
                self.relock()
            ));
            self.add(room, LintId::UnexpectedRegistryHost, package, what, repair);
        }
    }

    fn plain_http(&mut self, room: &mut Room<'_>, package: &Package, text: &str, host: &str) {
        let what = format!("{} is fetched over plain http from `{host}`", package.label());
        // A hash says what has to come, and the public registries all speak https.
        let is_sure = vetch_registries::is_public_host(host) && package.integrity.is_some();
        let steps = if is_sure { self.resolved(room, package, text) } else { None };
        match steps {
            Some(step) => {
                let repair = Repair::Edit("fetch it over https".to_owned());
                let lint = Lint { location: self.place(package), id: LintId::PlainHttpSource, what, repair };
                room.fix(lint, vec![step]);
            }
            None => {
                let repair = Repair::Decision(format!("serve `{host}` over https, or {}", self.relock()));
                self.add(room, LintId::PlainHttpSource, package, what, repair);
            }
        }
    }

    /// The edit of `resolved` in npm's own lockfile.
    fn resolved(&self, room: &mut Room<'_>, package: &Package, text: &str) -> Option<super::room::Step> {
        if self.reading.format != Format::PackageLock {
            return None;
        }
        let source = room.source(self.file, Syntax::Json)?;
        let base = folder_of(self.file);
        let relative = package.path.strip_prefix(base)?.trim_start_matches('/');
        let path = ["packages", relative, "resolved"];
        let node = source.tree.root.at(&path).filter(|node| node.as_str() == Some(text))?;
        let secure = Value::Text(format!("https{}", text.strip_prefix("http")?));
        let edit = place::exchange(&source.bytes, Syntax::Json, node, &secure);
        Some(super::room::Step {
            file: self.file.to_owned(),
            original: Some(std::rc::Rc::clone(&source.bytes)),
            syntax: Some(Syntax::Json),
            edit,
            meant: vec![path.join("\0")],
        })
    }

    fn git(&mut self, room: &mut Room<'_>, package: &Package, url: &str) {
        let what = format!("{} comes from git (`{}`), and no commit is locked", package.label(), without_user(url));
        let repair = Repair::Command(format!(
            "name a commit behind `#` in the manifest; `git ls-remote {}` tells which there are",
            without_user(url)
        ));
        self.add(room, LintId::MutableGitReference, package, what, repair);
    }

    /// Scopes whose packages come from one private host, and that no setting ties to it.
    fn scopes(&mut self, room: &mut Room<'_>) {
        let mut bases: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for package in &self.reading.inventory.packages {
            let From::Registry { url: Some(url), .. } = &package.source else { continue };
            let Some((scope, _)) = package.name.split_once('/').filter(|(scope, _)| scope.starts_with('@')) else {
                continue;
            };
            if let Some(base) = registries::base_of(url, &package.name) {
                bases.entry(scope).or_default().insert(base);
            }
        }
        for (scope, bases) in bases {
            let is_private = |base: &String| {
                let host = Url::parse(base).ok().and_then(|url| url.host_str().map(str::to_owned));
                host.is_some_and(|host| !vetch_registries::is_public_host(&host))
            };
            if self.registries.scopes.contains_key(scope) || !bases.iter().all(is_private) {
                continue;
            }
            registries::bind(room, self.file, self.reading.format, scope, &bases);
        }
    }
}

/// What a URL of the form of a registry's names, if that is another package or version.
fn other_release(package: &Package, url: &Url) -> Option<String> {
    let path = url.path().replace("%2f", "/").replace("%2F", "/").replace("%40", "@");
    let (named, file) = path.split_once("/-/")?;
    let file = file.rsplit('/').next().unwrap_or(file).strip_suffix(".tgz")?;
    let bare = package.name.rsplit('/').next().unwrap_or(&package.name);
    if !format!("/{}", named.trim_start_matches('/')).ends_with(&format!("/{}", package.name)) {
        return Some(format!("`{}`", named.trim_start_matches('/')));
    }
    let version =
        file.strip_prefix(bare)?.strip_prefix('-').filter(|it| it.starts_with(|c: char| c.is_ascii_digit()))?;
    let locked = package.version.as_deref()?;
    let plain = |version: &str| version.split('+').next().unwrap_or(version).to_owned();
    (plain(version) != plain(locked)).then(|| format!("version {version}"))
}

/// A URL as it may be shown: without user and password.
fn without_user(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}/{path}")
        }
        None => url.to_owned(),
    }
}
