//! What a declared range says about where a package comes from.
//! Forms: <https://docs.npmjs.com/cli/v11/configuring-npm/package-json#dependencies>,
//! <https://yarnpkg.com/protocols>, <https://pnpm.io/package-sources>.

use vetch_model::inventory::Source;

use super::listing::split_name;
use super::source::from_resolved;

/// A declared dependency, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared<'r> {
    /// The package's own name: for `a: npm:b@1`, this is `b`.
    pub(crate) name: &'r str,
    /// Where it comes from; paths are as written, relative to the asking folder.
    pub(crate) source: Source,
    /// It means a folder of the user's own (`link:`, `file:` without an archive, `workspace:`).
    pub(crate) is_own: bool,
}

/// Takes `name: range` apart.
pub(crate) fn declared<'r>(name: &'r str, range: &'r str) -> Declared<'r> {
    let range = range.trim();
    let of = |name: &'r str, source: Source| {
        let is_own = matches!(source, Source::Folder { .. });
        Declared { name, source, is_own }
    };
    let registry = Source::Registry { url: None, index: None };
    if let Some(target) = range.strip_prefix("npm:") {
        let (real, rest) = split_name(target);
        // `npm:^1.0.0` is Yarn's spelling of a plain range, `npm:b` an alias.
        let is_alias = !real.is_empty() && (!rest.is_empty() || is_name(real));
        return of(if is_alias { real } else { name }, registry);
    }
    if let Some(path) = ["file:", "link:", "portal:"].iter().find_map(|scheme| range.strip_prefix(scheme)) {
        return of(name, from_resolved(&format!("file:{path}"), name));
    }
    if range.starts_with("workspace:") {
        return Declared { name, source: Source::Folder { path: String::new() }, is_own: true };
    }
    if ["./", "../", "/", "~/"].iter().any(|start| range.starts_with(start)) {
        return of(name, from_resolved(&format!("file:{range}"), name));
    }
    if ["patch:", "catalog:", "jsr:"].iter().any(|scheme| range.starts_with(scheme)) {
        return of(name, registry);
    }
    if let Some(git) = git(range) {
        return of(name, git);
    }
    match range.contains("://") {
        true => match from_resolved(range, name) {
            // Said by hand, a registry's archive is an archive at a URL.
            Source::Registry { url: Some(url), .. } => of(name, Source::Tarball { url }),
            other => of(name, other),
        },
        false => of(name, registry),
    }
}

/// Whether a text is a package's name rather than a range or tag with digits and signs.
fn is_name(text: &str) -> bool {
    text.starts_with('@') || text.starts_with(|first: char| first.is_ascii_alphabetic() && first != 'v')
}

/// Git sources in all their spellings; a commit is known only where the range pins it.
pub(crate) fn git(range: &str) -> Option<Source> {
    let bare = range.split_once('#').map_or(range, |(url, _)| url);
    let is_http = bare.starts_with("https://") || bare.starts_with("http://");
    if is_http && bare.ends_with(".git") {
        return Some(from_resolved(&format!("git+{range}"), "")).map(|source| match source {
            Source::Git { url, commit } => Source::Git { url: url.trim_start_matches("git+").to_owned(), commit },
            other => other,
        });
    }
    // `user/repository`, GitHub's short form.
    let is_short = !bare.contains(':')
        && !bare.starts_with(['@', '.', '/', '~', ' '])
        && bare.split('/').count() == 2
        && bare.split('/').all(|part| !part.is_empty() && !part.contains(' '));
    if is_short {
        return Some(from_resolved(&format!("github:{range}"), ""));
    }
    Some(from_resolved(range, "")).filter(|source| matches!(source, Source::Git { .. }))
}

/// `path`, written in the folder `folder`, as a path in the project: plain, with `/`.
/// `None` if it leads out of it, or is absolute.
pub(crate) fn joined(folder: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~', '\\']) || path.contains(['\\', '\0', ':']) {
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
    Some(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(range: &str) -> String {
        let found = declared("x", range);
        let kind = match found.source {
            Source::Registry { .. } => "registry".to_owned(),
            Source::Git { url, commit } => format!("git {url} {}", commit.is_some()),
            Source::Tarball { url } => format!("tarball {url}"),
            Source::File { path } => format!("file {path}"),
            Source::Folder { path } => format!("folder {path}"),
            Source::Unknown { text } => format!("unknown {text}"),
        };
        format!("{} {kind}", found.name)
    }

    #[test]
    fn ranges_say_where_packages_come_from() {
        for (range, expected) in [
            ("^1.0.0", "x registry"),
            ("1 || 2 - 3", "x registry"),
            ("latest", "x registry"),
            ("", "x registry"),
            ("npm:@s/b@^2", "@s/b registry"),
            ("npm:b", "b registry"),
            ("npm:^1.2", "x registry"),
            ("file:../a", "x folder ../a"),
            ("./a.tgz", "x file ./a.tgz"),
            ("link:a", "x folder a"),
            ("workspace:*", "x folder "),
            ("user/repo#main", "x git github:user/repo false"),
            ("github:user/repo", "x git github:user/repo false"),
            ("https://h.invalid/a.git#0123456789012345678901234567890123456789", "x git https://h.invalid/a.git true"),
            ("git@h.invalid:a/b.git", "x git git@h.invalid:a/b.git false"),
            ("https://h.invalid/a.tgz", "x tarball https://h.invalid/a.tgz"),
            ("https://registry.npmjs.org/x/-/x-1.0.0.tgz", "x tarball https://registry.npmjs.org/x/-/x-1.0.0.tgz"),
            ("catalog:", "x registry"),
            ("javascript://x", "x unknown javascript://x"),
        ] {
            assert_eq!(kind(range), expected, "{range}");
        }
    }

    #[test]
    fn paths_join_inside_the_project_only() {
        assert_eq!(joined("packages/a", "../b/./c").as_deref(), Some("packages/b/c"));
        assert_eq!(joined("", ".").as_deref(), Some(""));
        for path in ["../../..", "/etc", "C:/x", "a\\b", "~/x"] {
            assert_eq!(joined("packages/a", path), None, "{path}");
        }
    }
}
