//! Where a direct reference leads: repositories, archives, local paths, and what file names tell.

use vetch_model::inventory::Source;
use vetch_model::purl::normalised;

use super::requirement::normal_version;
use crate::npm::places::path_fault;
use crate::npm::source::confined;

/// A direct reference, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Direct {
    /// Where it leads.
    pub(crate) source: Source,
    /// The name that its `#egg=` or its file name tells, as written there.
    pub(crate) name: Option<String>,
    /// The version that its file name tells, in normal form.
    pub(crate) version: Option<String>,
    /// `#sha256=…` and the like, as `algorithm` and hexadecimal digest.
    pub(crate) hashes: Vec<(String, String)>,
    /// What is wrong with a local path, in words.
    pub(crate) fault: Option<&'static str>,
}

/// Reads a URL or a path. A relative path is one in `folder` (relative to the
/// target, empty for the target itself).
pub(crate) fn read(text: &str, folder: &str) -> Direct {
    let (place, fragment) = text.split_once('#').unwrap_or((text, ""));
    let mut direct = Direct { source: remote(place, text), name: None, version: None, hashes: Vec::new(), fault: None };
    for (key, value) in fragment.split('&').filter_map(|part| part.split_once('=')) {
        match key {
            // Extras may stand behind the name: `#egg=name[extra]`.
            "egg" => direct.name = value.split('[').next().map(str::to_owned),
            "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512" => {
                direct.hashes.push((key.to_owned(), value.to_owned()));
            }
            "subdirectory" => {
                // Several projects share a repository: the folder is part of where this one is.
                if let Source::Git { url, .. } = &mut direct.source {
                    url.push_str("#subdirectory=");
                    url.push_str(value);
                }
            }
            _ => {}
        }
    }
    if let Source::Unknown { .. } = direct.source
        && let Some(path) = local_path(place)
    {
        (direct.source, direct.fault) = local(path, folder);
    }
    let file = match &direct.source {
        Source::Tarball { .. } | Source::File { .. } => place.split('?').next().unwrap_or(place),
        _ => "",
    };
    if let Some((name, version)) = archive_name(file.rsplit('/').next().unwrap_or(file)) {
        direct.name.get_or_insert(name);
        direct.version = Some(version);
    }
    direct
}

/// What a URL says, given without its fragment and whole; [`Source::Unknown`] if it is none of the web's.
fn remote(place: &str, text: &str) -> Source {
    let lower = place.get(..16).unwrap_or(place).to_ascii_lowercase();
    if lower.starts_with("git+") || lower.starts_with("git:") || lower.starts_with("ssh:") {
        return git(place);
    }
    if lower.starts_with("http://") || lower.starts_with("https://") || lower.starts_with("ftp://") {
        return Source::Tarball { url: text.to_owned() };
    }
    Source::Unknown { text: place.to_owned() }
}

/// `git+https://host/repository.git@revision`. Only a full hash locks a commit;
/// another revision stays part of the URL.
pub(crate) fn git(place: &str) -> Source {
    // The `@` of `git@host` stands before the path.
    let path_start = place.find("://").map_or(0, |at| at + 3);
    let path_start = place.get(path_start..).and_then(|rest| rest.find(['/', ':'])).map_or(0, |at| path_start + at);
    let revision = place.rfind('@').filter(|at| *at > path_start);
    let commit = revision.and_then(|at| place.get(at + 1..)).filter(|revision| is_commit(revision));
    match (revision, commit) {
        (Some(at), Some(commit)) => {
            Source::Git { url: place.get(..at).unwrap_or(place).to_owned(), commit: Some(commit.to_owned()) }
        }
        _ => Source::Git { url: place.to_owned(), commit: None },
    }
}

/// Whether a revision is a full hash.
pub(crate) fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The path of a `file:` URL or of a text without scheme; `None` for other schemes.
fn local_path(place: &str) -> Option<&str> {
    // PDM and Hatch write the project's folder so.
    for home in ["file:///${PROJECT_ROOT}/", "{root:uri}/"] {
        if let Some(rest) = place.strip_prefix(home) {
            return Some(rest);
        }
    }
    if let Some(rest) = place.strip_prefix("file:") {
        return Some(rest.strip_prefix("//localhost").or_else(|| rest.strip_prefix("//")).unwrap_or(rest));
    }
    (!place.contains("://")).then_some(place)
}

/// A path in `folder` as a source inside the target, or what is wrong with it.
pub(crate) fn local(path: &str, folder: &str) -> (Source, Option<&'static str>) {
    let joined = joined(folder, path);
    let path = joined.unwrap_or_else(|| path.to_owned());
    let is_archive = archive_stem(&path).is_some();
    let source = if is_archive { Source::File { path } } else { Source::Folder { path } };
    confined(source)
}

/// `path` as seen from the target, in plain form; `None` if it is absolute or leads out of the target.
pub(crate) fn joined(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            _ => segments.push(segment),
        }
    }
    let joined = segments.join("/");
    (joined.is_empty() || path_fault(&joined).is_none()).then_some(joined)
}

/// The file name of an archive without its ending.
pub(crate) fn archive_stem(file: &str) -> Option<&str> {
    const ENDINGS: &[&str] = &[".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz", ".tar", ".egg"];
    let end = ENDINGS.iter().find(|ending| {
        let start = file.len().checked_sub(ending.len());
        start.and_then(|start| file.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
    })?;
    file.get(..file.len() - end.len())
}

/// Name and version that the file name of a wheel or an sdist tells
/// (<https://packaging.python.org/en/latest/specifications/binary-distribution-format/>).
pub(crate) fn archive_name(file: &str) -> Option<(String, String)> {
    let stem = archive_stem(file)?;
    let is_built = file.to_ascii_lowercase().ends_with(".whl") || file.to_ascii_lowercase().ends_with(".egg");
    let (name, version) = if is_built {
        let (name, rest) = stem.split_once('-')?;
        (name, rest.split('-').next()?)
    } else {
        stem.rsplit_once('-')?
    };
    // `main`, `v1`, a commit: archives of code hosts are named after other things.
    let is_version = version.starts_with(|first: char| first.is_ascii_digit());
    let version = percent_decoded(version);
    (is_version && !name.is_empty()).then(|| (name.to_owned(), normal_version(&version.replace('_', "-"))))
}

/// `%2B` is how URLs write the `+` of a local version.
fn percent_decoded(text: &str) -> String {
    text.replace("%2B", "+").replace("%2b", "+").replace("%21", "!")
}

/// Whether two names are those of one project.
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    normalised(one) == normalised(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_apart() {
        let commit = "0123456789012345678901234567890123456789";
        for (text, expected) in [
            ("git+https://h.invalid/a.git@main#egg=A[x]", "git git+https://h.invalid/a.git@main - A -"),
            (
                &format!("git+ssh://git@h.invalid/a.git@{commit}#egg=a"),
                &format!("git git+ssh://git@h.invalid/a.git {commit} a -"),
            ),
            ("git+ssh://git@h.invalid/a.git", "git git+ssh://git@h.invalid/a.git - - -"),
            (
                "https://h.invalid/Foo_Bar-1.0%2Blocal-py3-none-any.whl?x=1",
                "tarball https://h.invalid/Foo_Bar-1.0%2Blocal-py3-none-any.whl?x=1 Foo_Bar 1.0+local",
            ),
            (
                "https://h.invalid/a-b-1.2.tar.gz#sha256=00",
                "tarball https://h.invalid/a-b-1.2.tar.gz#sha256=00 a-b 1.2",
            ),
            ("https://h.invalid/archive/main.zip", "tarball https://h.invalid/archive/main.zip - -"),
            ("./a/../b-1.0-py3-none-any.whl", "file sub/b-1.0-py3-none-any.whl b 1.0"),
            ("file:lib", "folder sub/lib - -"),
            ("..", "folder  - -"),
            ("../../x", "fault"),
            ("file:///etc/x", "fault"),
            ("C:\\x", "fault"),
            ("hg+https://h.invalid/a", "unknown hg+https://h.invalid/a - -"),
        ] {
            let found = read(text, "sub");
            let source = match found.source {
                _ if found.fault.is_some() => "fault".to_owned(),
                Source::Git { url, commit } => format!("git {url} {}", commit.unwrap_or("-".into())),
                Source::Tarball { url } => format!("tarball {url}"),
                Source::File { path } => format!("file {path}"),
                Source::Folder { path } => format!("folder {path}"),
                other => format!("unknown {}", matches!(other, Source::Unknown { .. }).then_some(text).unwrap()),
            };
            let rest = format!(" {} {}", found.name.unwrap_or("-".into()), found.version.unwrap_or("-".into()));
            let told = if found.fault.is_some() { source } else { source + &rest };
            assert_eq!(told, expected, "{text}");
        }
    }
}
