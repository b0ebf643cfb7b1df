//! `pnpm-workspace.yaml`, where pnpm 10 and later keep their settings.

use vetch_lockfiles::tree::{Node, Syntax};
use vetch_model::Location;
use vetch_model::hygiene::{LintId, Repair};

use super::npm::Npmrc;
use super::{Project, Settings};
use crate::edit::place::Value;
use crate::pin::room::Room;

/// Minutes of a day.
const PER_DAY: u64 = 24 * 60;

pub(super) fn lints(room: &mut Room<'_>, project: &Project<'_>) {
    let npmrc = Npmrc::open(room, project.file(".npmrc"));
    npmrc.common(room);
    let settings = Settings::open(room, project.file("pnpm-workspace.yaml"), Syntax::Yaml);
    if settings.is_broken {
        return;
    }
    let version = project.version(room);
    let is_at_least = |wanted: (u64, u64)| version.is_none_or(|version| version >= wanted);
    // From version 11 on a day is the default.
    let has_default = version.is_some_and(|version| version >= (11, 0));
    let is_set = settings.get(&["minimumReleaseAge"]).is_some();
    if is_set || is_at_least((10, 16)) && !has_default && npmrc.get("minimum-release-age").is_none() {
        settings.age(room, &["minimumReleaseAge"], PER_DAY, "minutes");
    }
    if is_at_least((10, 21)) && settings.get(&["trustPolicy"]).and_then(Node::as_str) != Some("no-downgrade") {
        let what =
            "`trustPolicy` is not `no-downgrade`: a release with less proof of its origin than the one before is taken";
        let value = Value::Text("no-downgrade".to_owned());
        settings.want(room, LintId::TrustPolicyMissing, &["trustPolicy"], &value, what.to_owned());
    }
    if settings.get(&["dangerouslyAllowAllBuilds"]).and_then(Node::as_bool) == Some(true) {
        let path = ["dangerouslyAllowAllBuilds"];
        let what = "`dangerouslyAllowAllBuilds` is on: install scripts of every package run".to_owned();
        let repair = Repair::Decision(
            "set it to `false`, and list the packages that need their scripts in `onlyBuiltDependencies`; \
             `pnpm approve-builds` asks for each"
                .to_owned(),
        );
        room.lint(LintId::InstallScriptsAllowed, settings.location(&path), what, repair);
    } else if version.is_some_and(|version| version < (10, 0)) && npmrc.get("ignore-scripts").is_none() {
        let what = "pnpm before version 10 runs the install scripts of every package".to_owned();
        let repair = Repair::Decision(
            "move `packageManager` to pnpm 10 or later, or set `ignore-scripts=true` in `.npmrc`".to_owned(),
        );
        room.lint(LintId::InstallScriptsAllowed, Location::file(project.file("package.json")), what, repair);
    }
}
