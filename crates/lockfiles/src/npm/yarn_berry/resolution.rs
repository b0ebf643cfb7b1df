//! `resolution` and `conditions` of an entry: where a package comes from, and for which platforms.

use vetch_model::inventory::{Platform, Role, Source};

use super::descriptor::{parameter, patched, split, without_parameters};
use crate::npm::paths::joined;
use crate::npm::source::from_resolved;

/// Patches of patches followed.
const MAX_PATCHES: usize = 8;

/// Where a package comes from, what it is to the target, and what is wrong with its path.
pub(super) fn source(name: &str, reference: &str) -> (Source, Role, Option<&'static str>) {
    let mut name = name.to_owned();
    let mut reference = reference.to_owned();
    for _ in 0..MAX_PATCHES {
        let Some(inner) = patched(&reference) else { break };
        match split(&inner) {
            Some((inner_name, inner_reference)) => {
                (name, reference) = (inner_name.to_owned(), inner_reference.to_owned());
            }
            None => return (Source::Unknown { text: reference }, Role::Dependency, None),
        }
    }
    let bare = without_parameters(&reference);
    let (protocol, rest) = match bare.split_once(':') {
        Some((protocol, rest)) if protocol.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'+') => {
            (protocol, rest)
        }
        // Old versions leave `npm:` out.
        _ if bare.starts_with(|first: char| first.is_ascii_digit()) => ("npm", bare),
        _ => ("", bare),
    };
    match protocol {
        "npm" => {
            let url = parameter(&reference, "__archiveUrl");
            (Source::Registry { url, index: None }, Role::Dependency, None)
        }
        "workspace" => {
            let (path, fault) = joined("", rest);
            let role = if path.is_empty() { Role::Root } else { Role::Workspace };
            (Source::Folder { path }, role, fault)
        }
        "file" | "portal" | "link" | "exec" => {
            let path = rest.split_once('#').map_or(rest, |(path, _)| path);
            let (path, fault) = joined(&base(&reference), path);
            let is_archive =
                [".tgz", ".tar.gz", ".tar"].iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
            match protocol == "exec" || is_archive {
                true => (Source::File { path }, Role::Dependency, fault),
                false => (Source::Folder { path }, Role::Workspace, fault),
            }
        }
        _ => (remote(&name, bare), Role::Dependency, None),
    }
}

/// The folder that a path starts from: that of the workspace which declares it.
fn base(reference: &str) -> String {
    let locator = parameter(reference, "locator").unwrap_or_default();
    let folder = split(&locator).and_then(|(_, reference)| reference.strip_prefix("workspace:").map(str::to_owned));
    folder.filter(|folder| folder != ".").unwrap_or_default()
}

/// Repositories (with the commit behind `#commit=`) and archives.
fn remote(name: &str, reference: &str) -> Source {
    let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    if let Some(commit) = fragment.split('&').find_map(|pair| pair.strip_prefix("commit=")) {
        return Source::Git { url: url.to_owned(), commit: Some(commit.to_owned()) };
    }
    from_resolved(reference, name)
}

/// `os=darwin & (cpu=x64 | cpu=arm64) & libc=glibc`
pub(super) fn conditions(text: &str) -> Platform {
    let mut platform = Platform::default();
    for condition in text.split(['&', '|', '(', ')', ' ']).filter(|part| !part.is_empty()) {
        let (negation, condition) = match condition.strip_prefix('!') {
            Some(rest) => ("!", rest),
            None => ("", condition),
        };
        let Some((field, value)) = condition.split_once('=') else { continue };
        let list = match field {
            "os" => &mut platform.os,
            "cpu" => &mut platform.cpu,
            "libc" => &mut platform.libc,
            _ => continue,
        };
        list.push(format!("{negation}{value}"));
    }
    platform
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_is_known() {
        let registry = |url: Option<&str>| Source::Registry { url: url.map(str::to_owned), index: None };
        let folder = |path: &str| Source::Folder { path: path.to_owned() };
        for (reference, expected) in [
            ("npm:1.0.0", registry(None)),
            ("npm:1.0.0::__archiveUrl=https%3A%2F%2Fh.invalid%2Fa.tgz", registry(Some("https://h.invalid/a.tgz"))),
            ("patch:a@npm%3A1.0.0#~/.yarn/patches/a.patch::version=1.0.0&hash=123456", registry(None)),
            ("patch:a@patch%3Aa@npm%253A1.0.0%23x.patch#y.patch", registry(None)),
            ("workspace:packages/a", folder("packages/a")),
            ("workspace:.", folder("")),
            ("portal:../x::locator=b%40workspace%3Apackages%2Fb", folder("packages/x")),
            ("link:./x::locator=shop%40workspace%3A.", folder("x")),
            ("file:x/y#x/y::hash=123456&locator=shop%40workspace%3A.", folder("x/y")),
            ("file:x.tgz#x.tgz::locator=shop%40workspace%3A.", Source::File { path: "x.tgz".into() }),
            ("exec:./make.js#./make.js::locator=shop%40workspace%3A.", Source::File { path: "make.js".into() }),
            ("https://h.invalid/a.tgz", Source::Tarball { url: "https://h.invalid/a.tgz".into() }),
            (
                "https://github.com/u/r.git#commit=0123",
                Source::Git { url: "https://github.com/u/r.git".into(), commit: Some("0123".into()) },
            ),
            (
                "git@github.com:u/r.git#workspace=x&commit=0123",
                Source::Git { url: "git@github.com:u/r.git".into(), commit: Some("0123".into()) },
            ),
        ] {
            assert_eq!(source("a", reference).0, expected, "{reference}");
        }
        assert!(matches!(source("a", "virtual:0#npm:1").0, Source::Unknown { .. }));
        assert!(source("a", "portal:../../x").2.is_some());
    }

    #[test]
    fn conditions_are_platforms() {
        let platform = conditions("(os=darwin | os=linux) & !cpu=x64 & libc=glibc");
        assert_eq!(platform.os, ["darwin", "linux"]);
        assert_eq!(platform.cpu, ["!x64"]);
        assert_eq!(platform.libc, ["glibc"]);
    }
}
