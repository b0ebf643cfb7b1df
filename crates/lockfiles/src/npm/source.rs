//! What `resolved` (and, in old lockfiles, `version`) says about where a package comes from.

use url::Url;
use vetch_model::inventory::Source;

use super::places::{path_fault, sanitised};

/// Prefixes of git sources, with the short forms of hosts that npm expands.
const GIT_PREFIXES: &[&str] = &["git+", "git://", "git@", "ssh://", "github:", "gitlab:", "bitbucket:", "gist:"];

/// Reads a `resolved` value of the package called `name`.
pub(crate) fn from_resolved(text: &str, name: &str) -> Source {
    let trimmed = text.trim();
    if GIT_PREFIXES.iter().any(|prefix| starts_with_ignoring_case(trimmed, prefix)) {
        return git(trimmed);
    }
    if let Some(path) = trimmed.strip_prefix("file:") {
        return local(path);
    }
    match Url::parse(trimmed) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            if is_registry_shaped(&url, name) {
                Source::Registry { url: Some(text.to_owned()), index: None }
            } else {
                Source::Tarball { url: text.to_owned() }
            }
        }
        _ => Source::Unknown { text: text.to_owned() },
    }
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// `url#commit`; anything but a full hash after the `#` locks nothing.
fn git(text: &str) -> Source {
    let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
    let is_hash = matches!(fragment.len(), 40 | 64) && fragment.bytes().all(|byte| byte.is_ascii_hexdigit());
    Source::Git { url: url.to_owned(), commit: is_hash.then(|| fragment.to_owned()) }
}

/// `file:` archives by their ending, anything else is a folder.
fn local(path: &str) -> Source {
    let lower = path.to_ascii_lowercase();
    let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| lower.ends_with(ending));
    if is_archive { Source::File { path: path.to_owned() } } else { Source::Folder { path: path.to_owned() } }
}

/// Local sources outside of the project are kept under a path that leads nowhere,
/// with what is wrong in words.
pub(crate) fn confined(source: Source) -> (Source, Option<&'static str>) {
    match source {
        Source::Folder { path } if !path.is_empty() => match path_fault(path.trim_end_matches('/')) {
            Some(fault) => (Source::Folder { path: sanitised(&path, 0) }, Some(fault)),
            None => (Source::Folder { path }, None),
        },
        Source::File { path } => match path_fault(&path) {
            Some(fault) => (Source::File { path: sanitised(&path, 0) }, Some(fault)),
            None => (Source::File { path }, None),
        },
        other => (other, None),
    }
}

/// Whether a URL has the shape in which registries serve the package `name`:
/// `…/<name>/-/<file>.tgz` (npm and what imitates it), or GitHub's
/// `/download/<name>/<version>/<hash>`. Names may be percent-encoded. Which
/// host it is on is not a reader's business.
fn is_registry_shaped(url: &Url, name: &str) -> bool {
    let path = url.path().replace("%2f", "/").replace("%2F", "/").replace("%40", "@");
    if let Some((before, file)) = path.rsplit_once("/-/") {
        let named = before.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
        return named && !name.is_empty() && file.ends_with(".tgz");
    }
    let download = path.strip_prefix("/download/").and_then(|rest| rest.strip_prefix(name));
    download.is_some_and(|rest| rest.starts_with('/') && rest.split('/').count() == 3) && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str, name: &str) -> &'static str {
        match from_resolved(text, name) {
            Source::Registry { .. } => "registry",
            Source::Git { .. } => "git",
            Source::Tarball { .. } => "tarball",
            Source::File { .. } => "file",
            Source::Folder { .. } => "folder",
            Source::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn sources_are_told_apart() {
        for (text, name, expected) in [
            ("https://registry.npmjs.org/ms/-/ms-2.1.3.tgz", "ms", "registry"),
            ("https://registry.npmjs.org/@a/b/-/b-1.0.0.tgz", "@a/b", "registry"),
            ("https://npm.invalid/api/npm/v/@a/b/-/@a/b-1.0.0.tgz", "@a/b", "registry"),
            ("https://npm.invalid/@a%2fb/-/b-1.0.0.tgz", "@a/b", "registry"),
            ("https://npm.invalid/download/@a/b/1.0.0/0123abcd", "@a/b", "registry"),
            ("https://registry.npmjs.org/other/-/other-1.0.0.tgz", "ms", "tarball"),
            ("https://registry.npmjs.org/xms/-/ms-1.0.0.tgz", "ms", "tarball"),
            ("https://registry.npmjs.org/x/-/x.tgz", "", "tarball"),
            ("https://codeload.invalid/a/b/tar.gz/main", "b", "tarball"),
            ("git+ssh://git@host.invalid/a/b.git#0123456789012345678901234567890123456789", "b", "git"),
            ("github:a/b", "b", "git"),
            ("file:../x.tgz", "x", "file"),
            ("file:packages/x", "x", "folder"),
            ("javascript:alert(1)", "x", "unknown"),
            ("", "x", "unknown"),
        ] {
            assert_eq!(kind(text, name), expected, "{text}");
        }
    }

    #[test]
    fn only_a_full_hash_locks_a_commit() {
        let source = from_resolved("git+https://h.invalid/a.git#main", "a");
        assert_eq!(source, Source::Git { url: "git+https://h.invalid/a.git".into(), commit: None });
    }
}
