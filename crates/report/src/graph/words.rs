//! Sources, edges and places in words. All of them raw: who prints them escapes them.

use std::borrow::Cow;

use vetch_model::Location;
use vetch_model::inventory::{Edge, EdgeKind, Package, Source};

/// A URL, or a range that may be one, without what it may tell of its user: in
/// `https://token@host/`, `git+https://user:secret@host/`, `ssh://git:secret@host/`.
/// A plain user name stays only where a URL of its kind needs one (`ssh://git@host/`).
pub(crate) fn public(text: &str) -> Cow<'_, str> {
    let Some(scheme_end) = text.find("://") else { return Cow::Borrowed(text) };
    let rest = &text[scheme_end + 3..];
    let authority = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
    let Some(at) = authority.rfind('@') else { return Cow::Borrowed(text) };
    let user = &authority[..at];
    let is_login = text[..scheme_end].contains("ssh") && !user.contains([':', '@']);
    if is_login {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}://***{}", &text[..scheme_end], &rest[at..]))
}

/// Where a package comes from, unless that is a registry or its own folder.
pub(super) fn source(package: &Package) -> Option<String> {
    match &package.source {
        Source::Registry { .. } => None,
        Source::Git { url, commit } => {
            let kind = if url.starts_with("git") { "" } else { "git " };
            let commit = commit.as_ref().map(|commit| format!("#{commit}")).unwrap_or_default();
            Some(format!("{kind}{}{commit}", public(url)))
        }
        Source::Tarball { url } => Some(public(url).into_owned()),
        Source::File { path } => Some(format!("file {path}")),
        Source::Folder { .. } => None,
        Source::Unknown { text } => (!text.is_empty()).then(|| public(text).into_owned()),
    }
}

/// How a package asks, where that is not the plain way.
pub(crate) fn kind(kind: EdgeKind) -> Option<&'static str> {
    Some(match kind {
        EdgeKind::Production => return None,
        EdgeKind::Development => "dev",
        EdgeKind::Optional => "optional",
        EdgeKind::Peer => "peer",
        EdgeKind::PeerOptional => "optional peer",
        EdgeKind::Workspace => "workspace",
        EdgeKind::Extraneous => "extraneous",
        EdgeKind::Build => "build",
    })
}

/// By what an edge lets its package in: the range, and in brackets how and when.
pub(crate) fn edge(edge: &Edge) -> String {
    let mut text = public(&edge.range).into_owned();
    let bundled = edge.bundled.then_some("bundled");
    let notes: Vec<&str> = kind(edge.kind).into_iter().chain(bundled).chain(edge.condition.as_deref()).collect();
    if !notes.is_empty() {
        let gap = if text.is_empty() { "" } else { " " };
        text.push_str(&format!("{gap}[{}]", notes.join("; ")));
    }
    text
}

/// `name@version`, and for an alias what it is called there.
pub(super) fn label(package: &Package) -> String {
    match &package.alias {
        Some(alias) => format!("{} (as {alias})", package.label()),
        None if package.name.is_empty() && !package.path.is_empty() => package.path.clone(),
        None => package.label(),
    }
}

/// `file:line`.
pub(crate) fn place(location: &Location) -> String {
    match location.line {
        0 => location.file.clone(),
        line => format!("{}:{line}", location.file),
    }
}

/// `a, b, c and 4 more`.
pub(crate) fn list(names: &[String], limit: usize) -> String {
    let shown = &names[..names.len().min(limit)];
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), crate::label::count(more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_not_shown() {
        for (text, expected) in [
            ("https://token@host/x", "https://***@host/x"),
            ("git+https://user:p@ss@host/x#abc", "git+https://***@host/x#abc"),
            ("ssh://git:secret@host/x", "ssh://***@host/x"),
            ("git+ssh://git@host/x", "git+ssh://git@host/x"),
            ("https://host/@scope/x", "https://host/@scope/x"),
            ("^1.0.0", "^1.0.0"),
        ] {
            assert_eq!(public(text), expected);
        }
    }
}
