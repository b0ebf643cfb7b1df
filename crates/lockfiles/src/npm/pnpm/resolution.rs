//! `resolution`: where a package comes from.

use url::Url;
use vetch_model::evidence::Span;
use vetch_model::inventory::{Artifact, Source};

use crate::error::short;
use crate::npm::dependencies::Problem;
use crate::npm::entries::Fields;
use crate::npm::source::{confined, from_resolved};
use crate::yaml::{Mapping, Value};

/// Where a package comes from, and the files allowed for it where there are several.
pub(super) fn read(fields: &mut Fields<'_, '_>, span: Span, name: &str, host: Option<&str>) -> (Source, Vec<Artifact>) {
    let source = if let Some(repository) = fields.text("repo") {
        Source::Git { url: repository.to_owned(), commit: fields.text("commit").map(str::to_owned) }
    } else if let Some(path) = fields.text("directory") {
        Source::Folder { path: path.to_owned() }
    } else if let Some(tarball) = fields.text("tarball") {
        from_archive(tarball).unwrap_or_else(|| from_resolved(tarball, name))
    } else if let Some(url) = fields.text("url") {
        Source::Tarball { url: url.to_owned() }
    } else if fields.mapping.get("variants").is_some() {
        return variants(fields);
    } else if fields.mapping.get("integrity").is_some() || fields.mapping.get("registry").is_some() {
        let index = fields.text("registry").or(host).map(str::to_owned);
        Source::Registry { url: None, index }
    } else {
        Source::Unknown { text: String::new() }
    };
    let (source, fault) = confined(source);
    if let Some(fault) = fault {
        fields.problems.push(Problem::new(span, format!("its source is not read: {fault}")));
    }
    if let Source::Unknown { text } = &source {
        let text = if text.is_empty() { "nothing" } else { text };
        let text = format!("`resolution` names {}, no source that pnpm knows", short(text));
        fields.problems.push(Problem::new(span, text));
    }
    (source, Vec::new())
}

/// `variants`: one archive for each platform (runtimes such as Node.js).
fn variants(fields: &mut Fields<'_, '_>) -> (Source, Vec<Artifact>) {
    let mut artifacts = Vec::new();
    for variant in fields.mapping.get("variants").and_then(Value::as_sequence).unwrap_or_default() {
        let resolution = variant.as_mapping().and_then(|variant| variant.get("resolution")).and_then(Value::as_mapping);
        let text =
            |field: &str| resolution.and_then(|mapping: &Mapping<'_>| mapping.get(field)).and_then(Value::as_str);
        let url = text("url").or(text("tarball"));
        if url.is_none() {
            fields.problems.push(Problem::new(variant.span, "a variant names no archive"));
        }
        artifacts.push(Artifact {
            file: url.and_then(|url| url.rsplit('/').next()).unwrap_or_default().to_owned(),
            url: url.map(str::to_owned),
            integrity: text("integrity").and_then(|text| vetch_model::Integrity::parse(text).ok()),
            size: None,
        });
    }
    let url = artifacts.iter().find_map(|artifact| artifact.url.clone());
    match url {
        Some(url) => (Source::Tarball { url }, artifacts),
        None => (Source::Unknown { text: String::new() }, artifacts),
    }
}

/// pnpm fetches the repositories of the large hosts as archives of one commit:
/// `hosted-git-info`'s templates for GitHub, GitLab and Bitbucket.
pub(crate) fn from_archive(text: &str) -> Option<Source> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https")?;
    let segments: Vec<&str> = url.path_segments()?.collect();
    let git = |host: &str, owner: &str, repository: &str, commit: &str| {
        let is_hash = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        let url = format!("https://{host}/{owner}/{repository}.git");
        is_hash.then(|| Source::Git { url, commit: Some(commit.to_owned()) })
    };
    match (url.host_str()?, segments.as_slice()) {
        ("codeload.github.com", [owner, repository, "tar.gz", commit]) => git("github.com", owner, repository, commit),
        ("gitlab.com", ["api", "v4", "projects", project, "repository", "archive.tar.gz"]) => {
            let (owner, repository) = project.split_once("%2F").or_else(|| project.split_once("%2f"))?;
            let (_, commit) = url.query_pairs().find(|(key, _)| key == "ref" || key == "sha")?;
            git("gitlab.com", owner, repository, &commit)
        }
        ("gitlab.com", [owner, repository, "-", "archive", commit, _]) => git("gitlab.com", owner, repository, commit),
        ("bitbucket.org", [owner, repository, "get", file]) => {
            git("bitbucket.org", owner, repository, file.strip_suffix(".tar.gz")?)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_of_commits_are_repositories() {
        let commit = "0123456789012345678901234567890123456789";
        for (text, repository) in [
            ("https://codeload.github.com/u/r/tar.gz/COMMIT", Some("https://github.com/u/r.git")),
            (
                "https://gitlab.com/api/v4/projects/u%2Fr/repository/archive.tar.gz?ref=COMMIT",
                Some("https://gitlab.com/u/r.git"),
            ),
            ("https://bitbucket.org/u/r/get/COMMIT.tar.gz", Some("https://bitbucket.org/u/r.git")),
            ("https://codeload.github.com/u/r/tar.gz/main", None),
            ("https://codeload.github.com.evil.invalid/u/r/tar.gz/COMMIT", None),
            ("http://codeload.github.com/u/r/tar.gz/COMMIT", None),
        ] {
            let found = from_archive(&text.replace("COMMIT", commit));
            let expected = repository.map(|url| Source::Git { url: url.to_owned(), commit: Some(commit.to_owned()) });
            assert_eq!(found, expected, "{text}");
        }
    }
}
