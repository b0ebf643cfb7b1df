//! Changes in words. All of them raw: who prints them escapes them.

use vetch_graph::compare::{Ask, Change, ChangeKind, Difference, SourceConcern};
use vetch_model::inventory::{Package, Source};

use super::DiffView;
use crate::graph::words::{kind as edge_kind, list, public};
use crate::label::counted;

/// Sections of the forms for people, in order: those that may surprise first.
pub(super) const SECTIONS: &[(ChangeKind, &str)] = &[
    (ChangeKind::Replaced, "Replaced"),
    (ChangeKind::Added, "Added"),
    (ChangeKind::Downgraded, "Downgraded"),
    (ChangeKind::Upgraded, "Upgraded"),
    (ChangeKind::OtherVersion, "Other versions"),
    (ChangeKind::SameVersion, "Same version, but different"),
    (ChangeKind::Removed, "Removed"),
];

/// Names listed for one difference.
const MAX_NAMES: usize = 5;

/// Digits of a hash shown: enough to tell two apart, not to forge one.
const DIGITS: usize = 16;

/// One thing that is different.
pub(super) fn difference(difference: &Difference, kind: ChangeKind) -> String {
    match difference {
        Difference::Integrity { file, old, new } => {
            let file = if file.is_empty() { String::new() } else { format!(" of {file}") };
            format!("other contents{file} under the same version: {} → {}", hash(old), hash(new))
        }
        Difference::IntegrityRemoved { old } => format!("the hash to check it by is gone; it was {}", hash(old)),
        Difference::Source { old, new, concerns } => {
            let concerns: Vec<&str> = concerns.iter().copied().map(concern).collect();
            let concerns = if concerns.is_empty() { String::new() } else { format!(": {}", concerns.join(", ")) };
            match old {
                Some(old) => format!("other source{concerns}; {} → {}", source(old), source(new)),
                None => format!("from {}{concerns}", source(new)),
            }
        }
        Difference::InstallScript if kind == ChangeKind::Added => "runs install scripts".to_owned(),
        Difference::InstallScript => "runs install scripts, which it did not before".to_owned(),
        Difference::Groups { old, new } => {
            format!("needed for {} → {}", list(old, MAX_NAMES), list(new, MAX_NAMES))
        }
        Difference::Artifacts { added, removed } => {
            let part = |names: &[String], what: &str| {
                let names: Vec<String> = names.iter().map(|name| hash(name)).collect();
                (!names.is_empty()).then(|| format!("{what} {}", list(&names, MAX_NAMES)))
            };
            let parts: Vec<String> = [part(added, "added"), part(removed, "gone")].into_iter().flatten().collect();
            format!("other files of the same version: {}", parts.join("; "))
        }
    }
}

fn concern(concern: SourceConcern) -> &'static str {
    match concern {
        SourceConcern::NotFromRegistry => "not from a registry",
        SourceConcern::OtherHost => "another host",
        SourceConcern::OtherPlace => "another repository",
        SourceConcern::PlainHttp => "without encryption",
        SourceConcern::WasOwnCode => "was the project's own code",
    }
}

/// A hash, cut; anything else as it is.
fn hash(text: &str) -> String {
    match text.split_once([':', '/']) {
        Some((algorithm, digits)) if digits.len() > DIGITS && digits.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            let sign = if text.contains(':') { ':' } else { '/' };
            format!("{algorithm}{sign}{}…", &digits[..DIGITS])
        }
        _ => text.to_owned(),
    }
}

/// Where a package comes from.
fn source(source: &Source) -> String {
    match source {
        Source::Registry { url: Some(url), .. } | Source::Registry { index: Some(url), .. } => public(url).into_owned(),
        Source::Registry { .. } => "the registry".to_owned(),
        Source::Git { url, commit } => match commit {
            Some(commit) => format!("git {}#{commit}", public(url)),
            None => format!("git {}", public(url)),
        },
        Source::Tarball { url } => public(url).into_owned(),
        Source::File { path } => format!("the file {path}"),
        Source::Folder { path } if path.is_empty() => "the project's folder".to_owned(),
        Source::Folder { path } => format!("the folder {path}"),
        Source::Unknown { text } => public(text).into_owned(),
    }
}

/// From what to what: versions, or names where these differ.
pub(super) fn versions(view: &DiffView<'_>, change: &Change) -> String {
    let version = |package: &Package| package.version.clone().unwrap_or_else(|| "(no version)".to_owned());
    match view.packages(change) {
        (Some(old), Some(_)) if change.kind == ChangeKind::SameVersion => version(old),
        (Some(old), Some(new)) if change.kind == ChangeKind::Replaced => format!("{} → {}", old.label(), new.label()),
        (Some(old), Some(new)) => format!("{} → {}", version(old), version(new)),
        (Some(one), None) | (None, Some(one)) => version(one),
        (None, None) => String::new(),
    }
}

/// What it is called at its place.
pub(super) fn name(view: &DiffView<'_>, change: &Change) -> String {
    let (old, new) = view.packages(change);
    let Some(package) = new.or(old) else { return change.name.clone() };
    match &package.alias {
        Some(alias) if change.kind == ChangeKind::Replaced => alias.clone(),
        Some(alias) => format!("{} (as {alias})", change.name),
        None if change.name.is_empty() => package.label(),
        None => change.name.clone(),
    }
}

/// Who brings it in: the names between the project and it.
pub(super) fn via(view: &DiffView<'_>, change: &Change) -> Option<Vec<String>> {
    const MOST: usize = 5;
    let way = view.comparison.way(change);
    let inventory = view.side_of(change).inventory;
    let mut names: Vec<String> = way.steps.iter().map(|step| inventory.package(step.package).label()).collect();
    names.pop()?;
    if names.is_empty() {
        return None;
    }
    if names.len() > MOST {
        let left_out = names.len() - (MOST - 1) + way.left_out;
        names.splice(MOST - 2..names.len() - 2, [format!("({left_out} more)")]);
    }
    Some(names)
}

/// Where it is declared: on the side that is, and on the other if that is another line.
pub(super) fn place(view: &DiffView<'_>, change: &Change) -> Option<String> {
    let (old, new) = view.packages(change);
    let ids = if change.new.is_empty() { &change.old } else { &change.new };
    let at = crate::graph::words::place(new.or(old)?.declared_at.as_ref()?);
    Some(match ids.len() {
        0 | 1 => at,
        more => format!("{at} and {}", counted(more - 1, "other place", "other places")),
    })
}

/// What is asked for, and how.
pub(super) fn ask(ask: Option<&Ask>) -> String {
    let Some(ask) = ask else { return "nothing".to_owned() };
    let range = if ask.range.is_empty() { "any version".to_owned() } else { public(&ask.range).into_owned() };
    let notes: Vec<&str> = edge_kind(ask.kind).into_iter().chain(ask.condition.as_deref()).collect();
    match notes.as_slice() {
        [] => range,
        notes => format!("{range} [{}]", notes.join("; ")),
    }
}

/// The numbers: `2 added, 1 upgraded; 410 unchanged`.
pub(super) fn numbers(view: &DiffView<'_>) -> String {
    let comparison = view.comparison;
    let names = [
        (ChangeKind::Added, "added"),
        (ChangeKind::Removed, "removed"),
        (ChangeKind::Upgraded, "upgraded"),
        (ChangeKind::Downgraded, "downgraded"),
        (ChangeKind::OtherVersion, "of another version"),
        (ChangeKind::Replaced, "replaced"),
        (ChangeKind::SameVersion, "different under the same version"),
    ];
    let counts = names.iter().map(|(kind, name)| (comparison.count(*kind), *name)).filter(|(count, _)| *count > 0);
    let mut parts: Vec<String> = counts.map(|(count, name)| format!("{} {name}", crate::label::count(count))).collect();
    parts.push(format!("{} unchanged", crate::label::count(comparison.unchanged)));
    parts.join(", ")
}

/// What it comes to.
pub(super) fn sentence(view: &DiffView<'_>) -> String {
    let alarming = view.comparison.changes.iter().filter(|change| change.is_alarming).count();
    let is_whole = view.incomplete().next().is_none();
    let rest = if is_whole { "" } else { " Not everything could be read." };
    let what = match (alarming, view.comparison.is_empty(), is_whole) {
        (0, true, true) if view.own.is_some_and(|own| !own.is_empty()) => "No dependency changed.".to_owned(),
        (0, true, true) => "Nothing changed.".to_owned(),
        (0, true, false) => "Nothing changed in what could be read.".to_owned(),
        (0, false, _) => "Nothing alarming in what changed.".to_owned(),
        (1, _, _) => "1 change needs a look before it is let in.".to_owned(),
        (many, _, _) => format!("{} changes need a look before they are let in.", crate::label::count(many)),
    };
    what + rest
}
