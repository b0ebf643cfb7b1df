//! `uv.toml`, or `[tool.uv]` of `pyproject.toml` where there is none.

use vetch_lockfiles::tree::{Node, Syntax};
use vetch_model::hygiene::{Afterwards, LintId, Repair};

use super::{AGE_DAYS, Project, Settings, is_plain_http};
use crate::edit::place::Value;
use crate::pin::room::Room;

pub(super) fn lints(room: &mut Room<'_>, project: &Project<'_>) {
    let own = Settings::open(room, project.file("uv.toml"), Syntax::Toml);
    if own.is_broken {
        return;
    }
    // uv does not look into the manifest where it has a file of its own.
    let (settings, base): (Settings, &[&str]) = match own.source {
        Some(_) => (own, &[]),
        None => (Settings::open(room, project.file("pyproject.toml"), Syntax::Toml), &["tool", "uv"]),
    };
    if settings.source.is_none() {
        return;
    }
    let path = |key: &'static str| base.iter().copied().chain([key]).collect::<Vec<_>>();
    age(room, project, &settings, &path("exclude-newer"));
    if let Some(strategy) = settings.get(&path("index-strategy")).and_then(Node::as_str).filter(|it| it.starts_with("unsafe-")) {
        let what = format!("`index-strategy` is `{strategy}`: all indexes are asked for every name");
        let repair = Repair::Decision(
            "remove it, and tie private packages to their index by `explicit = true` and `[tool.uv.sources]`".to_owned(),
        );
        room.lint(LintId::ExtraPackageIndex, settings.location(&path("index-strategy")), what, repair);
    }
    let hosts = path("allow-insecure-host");
    if settings.get(&hosts).is_some_and(|node| !node.items().is_empty()) {
        let what = "`allow-insecure-host` is set: certificates of those hosts are not checked".to_owned();
        let repair = Repair::Decision("remove it; `SSL_CERT_FILE` names a certificate of your own".to_owned());
        room.lint(LintId::CheckSwitchedOff, settings.location(&hosts), what, repair);
    }
    urls(room, &settings, &path);
}

fn age(room: &mut Room<'_>, project: &Project<'_>, settings: &Settings, path: &[&str]) {
    if settings.get(path).is_some() {
        return;
    }
    let value = Value::Text(format!("{AGE_DAYS} days"));
    let what = "`exclude-newer` is not set: releases are taken as soon as they are out".to_owned();
    settings.want(room, LintId::ReleaseAgeMissing, path, &value, what);
    let why = "`uv.lock` notes `exclude-newer`; until it does, `uv sync --locked` fails".to_owned();
    let folder = project.folder.to_owned();
    room.follow(LintId::ReleaseAgeMissing, Afterwards { folder, command: "uv lock".to_owned(), why });
}

fn urls(room: &mut Room<'_>, settings: &Settings, path: &dyn Fn(&'static str) -> Vec<&'static str>) {
    let Some(source) = settings.source.clone() else { return };
    let mut urls: Vec<&Node> = settings.get(&path("index-url")).into_iter().collect();
    urls.extend(settings.get(&path("index")).map_or(&[][..], Node::items).iter().filter_map(|index| index.get("url")));
    let extra = settings.get(&path("extra-index-url"));
    urls.extend(extra.map_or(&[][..], Node::items));
    for url in urls.into_iter().filter(|url| url.as_str().is_some_and(is_plain_http)) {
        let repair = Repair::Decision("serve the index over https, and name it so".to_owned());
        let what = "an index is named over plain http".to_owned();
        room.lint(LintId::PlainHttpSource, source.tree.location(url.span), what, repair);
    }
}
