//! `bunfig.toml`. Bun runs install scripts only of packages in `trustedDependencies` and of a list of its own.

use vetch_lockfiles::tree::{Node, Syntax};
use vetch_model::hygiene::{LintId, Repair};

use super::{Project, Settings, is_plain_http};
use crate::edit::place::Value;
use crate::pin::room::Room;

/// Seconds of a day.
const PER_DAY: u64 = 24 * 60 * 60;

pub(super) fn lints(room: &mut Room<'_>, project: &Project<'_>) {
    let settings = Settings::open(room, project.file("bunfig.toml"), Syntax::Toml);
    if settings.is_broken {
        return;
    }
    settings.age(room, &["install", "minimumReleaseAge"], PER_DAY, "seconds");
    if settings.get(&["install", "exact"]).and_then(Node::as_bool) != Some(true) {
        let what = "`install.exact` is not set: `bun add` saves a range".to_owned();
        settings.want(room, LintId::RangesSaved, &["install", "exact"], &Value::Plain("true".to_owned()), what);
    }
    let registry = settings.get(&["install", "registry"]);
    let url = registry.and_then(|node| node.as_str().or_else(|| node.get("url").and_then(Node::as_str)));
    if url.is_some_and(is_plain_http) {
        let what = "`install.registry` names a registry over plain http".to_owned();
        let repair = Repair::Decision("serve the registry over https, and name it so".to_owned());
        room.lint(LintId::PlainHttpSource, settings.location(&["install", "registry"]), what, repair);
    }
}
