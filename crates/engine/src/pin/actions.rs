//! Workflows of GitHub: `uses:` has to name a commit, images a digest. Which commit a tag means is not guessed: the
//! command that tells it is named.

use vetch_lockfiles::ListedKind;
use vetch_lockfiles::tree::{Kind, Node, Syntax};
use vetch_model::hygiene::{LintId, Repair};

use super::room::Room;
use crate::map::join;

/// Most workflows that are looked at.
const MAX_FILES: usize = 500;

/// Looks at every workflow and action of the target; how many there are.
pub(super) fn lints(room: &mut Room<'_>) -> usize {
    let mut files = vec!["action.yml".to_owned(), "action.yaml".to_owned()];
    files.extend(yaml_in(room, ".github/workflows"));
    for folder in folders_in(room, ".github/actions") {
        files.extend(["action.yml", "action.yaml"].map(|name| join(&folder, name)));
    }
    let mut count = 0;
    for file in files.iter().take(MAX_FILES) {
        let Some(source) = room.source(file, Syntax::Yaml) else { continue };
        count += 1;
        let mut found = Vec::new();
        collect(&source.tree.root, &mut found);
        for (key, node) in found {
            let Some(text) = node.as_str() else { continue };
            let fault = if key == "uses" { uses(text) } else { image(text) };
            if let Some((what, repair)) = fault {
                room.lint(LintId::UnpinnedAction, source.tree.location(node.span), what, repair);
            }
        }
    }
    count
}

fn yaml_in(room: &mut Room<'_>, folder: &str) -> Vec<String> {
    let listed = room.files.list(folder).unwrap_or_default();
    let is_yaml = |name: &str| name.ends_with(".yml") || name.ends_with(".yaml");
    listed
        .into_iter()
        .filter(|it| it.kind == ListedKind::File && is_yaml(&it.name))
        .map(|it| join(folder, &it.name))
        .collect()
}

fn folders_in(room: &mut Room<'_>, folder: &str) -> Vec<String> {
    let listed = room.files.list(folder).unwrap_or_default();
    listed.into_iter().filter(|it| it.kind == ListedKind::Folder).map(|it| join(folder, &it.name)).collect()
}

/// `uses` wherever it stands; `image` of containers and services. Recursion is bounded by the parser's limit.
fn collect<'n>(node: &'n Node, found: &mut Vec<(&'static str, &'n Node)>) {
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| collect(item, found)),
        Kind::Map(entries) => {
            for entry in entries {
                match entry.key.as_str() {
                    "uses" => found.push(("uses", &entry.value)),
                    "image" | "container" if entry.value.as_str().is_some() => found.push(("image", &entry.value)),
                    // Inputs of an action may be called anything.
                    "with" | "env" | "inputs" | "outputs" => {}
                    _ => collect(&entry.value, found),
                }
            }
        }
        _ => {}
    }
}

fn uses(text: &str) -> Option<(String, Repair)> {
    if text.starts_with("./") || text.starts_with("../") || text.contains("${{") {
        return None;
    }
    if let Some(image) = text.strip_prefix("docker://") {
        return self::image(image);
    }
    let (path, reference) = text.split_once('@').unwrap_or((text, ""));
    let is_commit = matches!(reference.len(), 40 | 64) && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit {
        return None;
    }
    let repository: Vec<&str> = path.splitn(3, '/').take(2).collect();
    let is_simple = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let what = match reference {
        "" => format!("`{text}` names neither commit nor tag"),
        _ => format!("`{text}` names a tag or branch, which can be moved"),
    };
    let repair = match repository.as_slice() {
        [owner, name]
            if is_simple(owner)
                && is_simple(name)
                && reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) =>
        {
            let reference = if reference.is_empty() { "HEAD" } else { reference };
            Repair::Command(format!(
                "write the commit behind `@`, and `# {reference}` after it; `git ls-remote https://github.com/{owner}/{name} {reference} '{reference}^{{}}'` tells it (of two lines, the second)"
            ))
        }
        _ => Repair::Decision("write the commit behind `@`".to_owned()),
    };
    Some((what, repair))
}

fn image(text: &str) -> Option<(String, Repair)> {
    if text.contains("@sha256:")
        || text.contains("${{")
        || text.is_empty()
        || text == "Dockerfile"
        || text.starts_with('.')
    {
        return None;
    }
    let text = text.strip_prefix("docker://").unwrap_or(text);
    let repair = Repair::Command(
        "write `@sha256:…` behind the image; `docker buildx imagetools inspect <image>` tells the digest".to_owned(),
    );
    Some((format!("the image `{text}` is named by a tag, which can be moved"), repair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commits_and_digests_are_pinned() {
        let sha = "0123456789012345678901234567890123456789";
        for (text, is_pinned) in [
            ("actions/checkout@v4", false),
            ("actions/checkout", false),
            ("a/b/.github/workflows/x.yml@main", false),
            ("docker://alpine:3", false),
            ("./.github/actions/own", true),
            ("a/b@${{ inputs.ref }}", true),
        ] {
            assert_eq!(uses(text).is_none(), is_pinned, "{text}");
        }
        assert!(uses(&format!("actions/checkout@{sha}")).is_none());
        assert!(uses(&format!("docker://alpine@sha256:{sha}")).is_none());
        assert!(image("postgres:16").is_some() && image("postgres@sha256:0").is_none() && image("${{ x }}").is_none());
    }
}
