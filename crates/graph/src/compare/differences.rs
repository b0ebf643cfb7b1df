//! What is no longer the same about a package that both sides have.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vetch_model::integrity::{Digest, HashAlgorithm};
use vetch_model::inventory::{Inventory, Package, PackageId, Role, Source};

use super::{ChangeKind, Difference, SourceConcern};

/// One side of a pair.
type Side<'i> = (&'i Inventory, &'i [PackageId]);

/// What is worth a word about a package that was not there before.
pub(super) fn of_added(inventory: &Inventory, ids: &[PackageId]) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut sources: BTreeSet<&Source> = BTreeSet::new();
    for package in ids.iter().map(|id| inventory.package(*id)) {
        // Of an SBOM's package nobody knows where it came from.
        let is_elsewhere = matches!(package.source, Source::Git { .. } | Source::Tarball { .. });
        if is_elsewhere || is_plain(&package.source) {
            sources.insert(&package.source);
        }
    }
    for source in sources {
        let mut concerns = Vec::new();
        if !matches!(source, Source::Registry { .. }) {
            concerns.push(SourceConcern::NotFromRegistry);
        }
        if is_plain(source) {
            concerns.push(SourceConcern::PlainHttp);
        }
        found.push(Difference::Source { old: None, new: source.clone(), concerns });
    }
    if has_script((inventory, ids)) == Some(true) {
        found.push(Difference::InstallScript);
    }
    found
}

/// What is different between the two sides of a pair.
pub(super) fn between(old: Side<'_>, new: Side<'_>, kind: ChangeKind) -> Vec<Difference> {
    let mut found = Vec::new();
    let source = source(old, new);
    if kind == ChangeKind::SameVersion {
        // Another commit hashes to something else by its nature.
        let is_other_commit = matches!(&source, Some(Difference::Source { new: Source::Git { .. }, .. }));
        if !is_other_commit {
            integrity(old, new, &mut found);
        }
    }
    found.extend(source);
    if has_script(old) == Some(false) && has_script(new) == Some(true) {
        found.push(Difference::InstallScript);
    }
    let (old_groups, new_groups) = (groups(old), groups(new));
    if old_groups != new_groups {
        let [old, new] = [old_groups, new_groups].map(|groups| groups.into_iter().collect());
        found.push(Difference::Groups { old, new });
    }
    found
}

fn packages<'i>((inventory, ids): Side<'i>) -> impl Iterator<Item = &'i Package> {
    ids.iter().map(|id| inventory.package(*id))
}

fn has_script(side: Side<'_>) -> Option<bool> {
    packages(side).filter_map(|package| package.has_install_script).max()
}

/// Who needs it, over all its places.
fn groups(side: Side<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for package in packages(side) {
        found.insert(if package.dev { "development" } else { "production" }.to_owned());
        let flags = [(package.optional, "optional"), (package.peer, "peer")];
        found.extend(flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned()));
        found.extend(package.groups.iter().cloned());
    }
    found
}

/// Digests by file name and algorithm: only like is compared with like.
type Digests<'i> = BTreeMap<(&'i str, HashAlgorithm), BTreeSet<&'i Digest>>;

fn digests(side: Side<'_>) -> Digests<'_> {
    let mut found = Digests::new();
    for package in packages(side) {
        let files = package.artifacts.iter().map(|artifact| (artifact.file.as_str(), artifact.integrity.as_ref()));
        for (file, integrity) in files.chain([("", package.integrity.as_ref())]) {
            for digest in integrity.iter().flat_map(|integrity| &integrity.digests) {
                found.entry((file, digest.algorithm)).or_default().insert(digest);
            }
        }
    }
    found
}

/// The names of a release's files, where they are known.
fn file_names<'i>(digests: &Digests<'i>) -> BTreeSet<&'i str> {
    digests.keys().map(|(file, _)| *file).filter(|file| !file.is_empty()).collect()
}

/// The same version, and other contents?
fn integrity(old: Side<'_>, new: Side<'_>, found: &mut Vec<Difference>) {
    let (before, after) = (digests(old), digests(new));
    let (then_names, now_names) = (file_names(&before), file_names(&after));
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    // Where one side knows no names at all, the names are no news.
    if !then_names.is_empty() && !now_names.is_empty() {
        added.extend(now_names.difference(&then_names).map(|name| (*name).to_owned()));
        removed.extend(then_names.difference(&now_names).map(|name| (*name).to_owned()));
    }
    let is_list = is_list(old) && is_list(new);
    for (key @ (file, _), then) in &before {
        let Some(now) = after.get(key) else { continue };
        let gone: Vec<_> = then.difference(now).collect();
        let come: Vec<_> = now.difference(then).collect();
        if file.is_empty() && is_list && gone.len() < then.len() {
            // Hashes of several files without their names, some of which are the same.
            added.extend(come.into_iter().map(|digest| written(digest)));
            removed.extend(gone.into_iter().map(|digest| written(digest)));
        } else if let (Some(is), Some(was)) = (come.first(), gone.first().copied().or(then.first())) {
            found.push(Difference::Integrity { file: (*file).to_owned(), old: written(was), new: written(is) });
        }
    }
    checksums(old, new, found);
    dropped(old, new, (&before, &after), found);
    if !(added.is_empty() && removed.is_empty()) {
        found.push(Difference::Artifacts { added, removed });
    }
}

/// Whether hashes without file names are those of a release's several files (`Pipfile.lock`,
/// requirements), rather than several opinions about one archive.
fn is_list(side: Side<'_>) -> bool {
    packages(side).all(|package| package.integrity.is_none())
}

fn written(digest: &Digest) -> String {
    format!("{}:{}", digest.algorithm.as_str(), digest.to_hex())
}

/// Yarn's checksums of its own archives; comparable if made by the same recipe, which
/// stands before the slash.
fn checksums(old: Side<'_>, new: Side<'_>, found: &mut Vec<Difference>) {
    let of = |side| packages(side).filter_map(|package| package.cache_checksum.as_deref()).collect::<BTreeSet<_>>();
    let (then, now) = (of(old), of(new));
    let recipe = |text: &'_ str| text.split_once('/').map_or(String::new(), |(recipe, _)| recipe.to_owned());
    let by_recipe: BTreeMap<String, &str> = then.iter().map(|was| (recipe(was), *was)).collect();
    let changed = now.difference(&then).find_map(|come| Some((*by_recipe.get(&recipe(come))?, *come)));
    if let Some((was, is)) = changed {
        found.push(Difference::Integrity { file: String::new(), old: was.to_owned(), new: is.to_owned() });
    }
}

/// The same kind of file said what it hashes to, and says so no more.
fn dropped(old: Side<'_>, new: Side<'_>, (before, after): (&Digests<'_>, &Digests<'_>), found: &mut Vec<Difference>) {
    let name = |side| {
        let file = packages(side).next()?.declared_at.as_ref()?.file.as_str();
        Some(file.rsplit('/').next().unwrap_or(file).to_owned())
    };
    let Some(was) = before.values().next().and_then(BTreeSet::first) else { return };
    if after.is_empty() && name(old).is_some() && name(old) == name(new) {
        found.push(Difference::IntegrityRemoved { old: written(was) });
    }
}

/// Where it comes from now, if that is not where it came from.
fn source(old: Side<'_>, new: Side<'_>) -> Option<Difference> {
    let of = |side| packages(side).collect::<Vec<_>>();
    let (then, now) = (of(old), of(new));
    let by_path: HashMap<&str, &Package> = then.iter().rev().map(|was| (was.path.as_str(), *was)).collect();
    let known: BTreeSet<&Source> = then.iter().map(|package| &package.source).collect();
    let mut worst: Option<(Vec<SourceConcern>, &Package, &Package)> = None;
    let mut seen = BTreeSet::new();
    for package in now {
        if known.contains(&package.source) || !seen.insert(&package.source) {
            continue;
        }
        // The place nearest to it: the same path, else the first.
        let was = by_path.get(package.path.as_str()).or_else(|| then.first())?;
        let Some(concerns) = concerns(was, package) else { continue };
        if worst.as_ref().is_none_or(|(least, _, _)| concerns.len() > least.len()) {
            worst = Some((concerns, was, package));
        }
    }
    let (concerns, was, is) = worst?;
    Some(Difference::Source { old: Some(was.source.clone()), new: is.source.clone(), concerns })
}

/// What is worrying about the change; `None` if the two do not contradict each other.
fn concerns(old: &Package, new: &Package) -> Option<Vec<SourceConcern>> {
    let mut found = Vec::new();
    match (&old.source, &new.source) {
        (Source::Unknown { text }, _) | (_, Source::Unknown { text }) if text.is_empty() => return None,
        (Source::Registry { url: then_url, index: then_index }, Source::Registry { url, index }) => {
            let hosts =
                |then: &Option<String>, now: &Option<String>| Some((host(then.as_ref()?)?, host(now.as_ref()?)?));
            let moved = hosts(then_url, url).or_else(|| hosts(then_index, index));
            let is_moved = moved.is_some_and(|(then, now)| then != now);
            let is_known_then = then_url.is_some() || then_index.is_some();
            let is_downgraded = is_known_then && is_plain(&new.source) && !is_plain(&old.source);
            if !is_moved && !is_downgraded {
                return None;
            }
            if is_moved {
                found.push(SourceConcern::OtherHost);
            }
        }
        (Source::Folder { path: then }, Source::Folder { path: now }) if then == now => return None,
        (Source::File { path: then }, Source::File { path: now }) if then == now => return None,
        (Source::Folder { .. }, Source::Folder { .. }) | (Source::File { .. }, Source::File { .. }) => {}
        (Source::Folder { .. }, _) if new.role == Role::Dependency => found.push(SourceConcern::WasOwnCode),
        (Source::Git { url: then, .. }, Source::Git { url: now, .. })
        | (Source::Tarball { url: then }, Source::Tarball { url: now }) => {
            if host(then) != host(now) {
                found.push(SourceConcern::OtherHost);
            } else if matches!(new.source, Source::Git { .. }) && repository(then) != repository(now) {
                found.push(SourceConcern::OtherPlace);
            } else if then == now && old.source == new.source {
                return None;
            }
        }
        (_, Source::Git { .. } | Source::Tarball { .. } | Source::File { .. }) => {
            found.push(SourceConcern::NotFromRegistry);
        }
        _ => {}
    }
    if is_plain(&new.source) && !is_plain(&old.source) {
        found.push(SourceConcern::PlainHttp);
    }
    Some(found)
}

/// Whether it is fetched without encryption.
fn is_plain(source: &Source) -> bool {
    let starts = |url: &str| {
        let url = url.trim_start().to_ascii_lowercase();
        ["http://", "git://", "git+http://", "ftp://"].iter().any(|scheme| url.starts_with(scheme))
    };
    match source {
        Source::Registry { url, index } => url.iter().chain(index).any(|url| starts(url)),
        Source::Git { url, .. } | Source::Tarball { url } => starts(url),
        _ => false,
    }
}

/// The host of a URL in lower case, without user and default port; of `git@host:path`, too.
fn host(url: &str) -> Option<String> {
    let rest = match url.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next()?,
        None => url.split_once(':').filter(|(host, _)| host.contains('@') || host.contains('.'))?.0,
    };
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host).to_ascii_lowercase();
    let host = host.trim_end_matches(":443").trim_end_matches(":80").trim_end_matches('.').to_owned();
    // The same service by two names: Yarn's is an alias of npm's, and an index and its files are one.
    Some(match host.as_str() {
        "registry.yarnpkg.com" | "registry.npmjs.com" => "registry.npmjs.org".to_owned(),
        "files.pythonhosted.org" => "pypi.org".to_owned(),
        _ => host,
    })
}

/// A repository's path without what may be written differently.
fn repository(url: &str) -> String {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url.split_once(':').map_or(url, |(_, path)| path),
    };
    let path = path.split(['#', '?']).next().unwrap_or_default().trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path).to_ascii_lowercase()
}
