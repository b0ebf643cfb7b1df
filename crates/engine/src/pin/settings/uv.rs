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
    if let Some(strategy) =
        settings.get(&path("index-strategy")).and_then(Node::as_str).filter(|it| it.starts_with("unsafe-"))
    {
        let what = format!("`index-strategy` is `{strategy}`: all indexes are asked for every name");
        let repair = Repair::Decision(
            "remove it, and tie private packages to their index by `explicit = true` and `[tool.uv.sources]`"
                .to_owned(),
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

/// `exclude-newer` is set where what is locked is old enough; else uv would find no solution for what is pinned.
fn age(room: &mut Room<'_>, project: &Project<'_>, settings: &Settings, path: &[&str]) {
    if settings.get(path).is_some() {
        return;
    }
    let value = Value::Text(format!("{AGE_DAYS} days"));
    let what = "`exclude-newer` is not set: releases are taken as soon as they are out".to_owned();
    let id = LintId::ReleaseAgeMissing;
    if let Some(young) = young(room, project) {
        let decision = format!(
            "set `exclude-newer = \"{AGE_DAYS} days\"` for uv once what is locked is that old ({young} is not), or set it now and take \
             older releases: `uv lock --upgrade`"
        );
        return room.lint(id, settings.location(path), what, Repair::Decision(decision));
    }
    settings.want(room, id, path, &value, what);
    let why = "it notes `exclude-newer` in `uv.lock`; until then, `uv sync --locked` fails".to_owned();
    room.follow(id, Afterwards { folder: project.folder.to_owned(), command: "uv lock".to_owned(), why });
}

/// What keeps the age from being set: a locked release that is younger, or of which the lockfile does not tell.
fn young(room: &mut Room<'_>, project: &Project<'_>) -> Option<String> {
    let lock = room.toml(&project.file("uv.lock"))?;
    let limit = jiff::Timestamp::now().as_second() - (AGE_DAYS * 24 * 60 * 60) as i64;
    for package in lock.tree.root.get("package").map_or(&[][..], Node::items) {
        let name = package.get("name").and_then(Node::as_str).unwrap_or_default();
        let files = package.get("wheels").map_or(&[][..], Node::items).iter().chain(package.get("sdist"));
        for file in files {
            let text = file.get("upload-time").and_then(|time| time.scalar());
            let time = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
            if time.is_none_or(|time| time.as_second() > limit) {
                return Some(format!("`{name}`"));
            }
        }
    }
    None
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
