//! Locations: relative URIs only, percent-encoded, never leaving their base.

use serde_json::{Value, json};
use vetch_model::scan::{Target, TargetKind};

use super::limits::{MAX_MESSAGE, cut};
use crate::escape::visible;
use crate::label::uri_path;

/// Base of the files of releases that are not installed in the project.
pub(super) const PACKAGES: &str = "PACKAGES";

/// A URI and what it is relative to.
pub(super) struct Uri {
    path: String,
    base: &'static str,
}

/// The folder of a target, relative to `root`; empty for the root itself, and
/// for targets that lie outside of it.
pub(super) fn base(target: &Target, root: Option<&str>) -> String {
    if target.kind == TargetKind::Release {
        return String::new();
    }
    let path = target.path.replace('\\', "/");
    let absolute = path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
    let path = match (absolute, root) {
        (false, _) => path,
        (true, Some(root)) => below(&path, &root.replace('\\', "/")).unwrap_or_default().to_owned(),
        (true, None) => String::new(),
    };
    let outside = path.split('/').any(|part| part == "..");
    let mut path = if outside { String::new() } else { clean(&path) };
    if matches!(target.kind, TargetKind::Lockfile | TargetKind::Sbom | TargetKind::Archive) {
        path.truncate(path.rfind('/').unwrap_or(0));
    }
    path
}

fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(root.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// Without empty, `.` and `..` parts.
fn clean(path: &str) -> String {
    path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect::<Vec<_>>().join("/")
}

/// A file of the repository.
pub(super) fn in_project(base: &str, file: &str) -> Uri {
    Uri { path: clean(&format!("{base}/{}", file.replace('\\', "/"))), base: "%SRCROOT%" }
}

/// A file of a release that is not in the repository.
pub(super) fn in_release(label: &str, file: &str) -> Uri {
    Uri { path: clean(&format!("{label}/{}", file.replace('\\', "/"))), base: PACKAGES }
}

/// A `location` with a physical location; line 0 is the whole file.
pub(super) fn physical(uri: &Uri, line: u32, snippet: Option<&str>) -> Value {
    let path = if uri.path.is_empty() { "package.json" } else { &uri.path };
    let mut location =
        json!({ "artifactLocation": { "uri": uri_path(&cut(path, MAX_MESSAGE)), "uriBaseId": uri.base } });
    if line > 0 {
        location["region"] = json!({ "startLine": line });
        if let Some(text) = snippet {
            location["region"]["snippet"] = json!({ "text": cut(&visible(text), MAX_MESSAGE) });
        }
    }
    json!({ "physicalLocation": location })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, kind: TargetKind, root: Option<&str>) -> String {
        base(&Target { path: path.into(), kind }, root)
    }

    #[test]
    fn targets_become_relative() {
        use TargetKind::{Archive, Lockfile, Project};
        assert_eq!(of(".", Project, None), "");
        assert_eq!(of("./packages/app/", Project, None), "packages/app");
        assert_eq!(of("app/package-lock.json", Lockfile, None), "app");
        assert_eq!(of("x.tgz", Archive, None), "");
        assert_eq!(of("/src/repo/app", Project, Some("/src/repo")), "app");
        assert_eq!(of("/src/repo2/app", Project, Some("/src/repo")), "");
        assert_eq!(of("../other", Project, None), "");
        assert_eq!(of("C:\\repo\\app", Project, Some("C:\\repo")), "app");
    }

    #[test]
    fn uris_stay_below_their_base() {
        let value = physical(&in_project("app", "../../etc/pass wd"), 0, None);
        assert_eq!(value["physicalLocation"]["artifactLocation"]["uri"], "app/etc/pass%20wd");
        let value = physical(&in_release("a@1", "/abs"), 3, None);
        assert_eq!(value["physicalLocation"]["artifactLocation"]["uri"], "a@1/abs");
        assert_eq!(value["physicalLocation"]["region"]["startLine"], 3);
    }
}
