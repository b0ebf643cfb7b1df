//! `.yarnrc.yml` of Yarn 2 and later; `.yarnrc` of Yarn 1.

use vetch_lockfiles::tree::{Node, Syntax};
use vetch_model::Location;
use vetch_model::hygiene::{LintId, Repair};

use super::npm::Npmrc;
use super::{Project, Settings, is_plain_http};
use crate::edit::place::Value;
use crate::pin::room::Room;

/// Minutes of a day.
const PER_DAY: u64 = 24 * 60;

pub(super) fn lints(room: &mut Room<'_>, project: &Project<'_>) {
    let settings = Settings::open(room, project.file(".yarnrc.yml"), Syntax::Yaml);
    if settings.is_broken {
        return;
    }
    let flag = |key: &str| settings.get(&[key]).and_then(Node::as_bool);
    if flag("enableScripts") != Some(false) {
        let what = match flag("enableScripts") {
            Some(_) => "`enableScripts` is on: install scripts of every package run",
            None => "`enableScripts` is not set: older versions of Yarn 4 run the install scripts of every package",
        };
        let repair = Repair::Decision(
            "set `enableScripts: false` in `.yarnrc.yml`, and `built: true` in `dependenciesMeta` of `package.json` for the \
             packages that need their scripts"
                .to_owned(),
        );
        room.lint(LintId::InstallScriptsAllowed, settings.location(&["enableScripts"]), what.to_owned(), repair);
    }
    if project.version(room).is_none_or(|version| version >= (4, 10)) {
        settings.age(room, &["npmMinimalAgeGate"], PER_DAY, "minutes");
    }
    for (key, what) in [
        ("enableStrictSsl", "certificates of registries are not checked"),
        ("enableImmutableInstalls", "CI changes the lockfile instead of failing"),
    ] {
        if flag(key) == Some(false) {
            settings.want(
                room,
                LintId::CheckSwitchedOff,
                &[key],
                &Value::Plain("true".to_owned()),
                format!("`{key}` is off: {what}"),
            );
        }
    }
    if let Some(behaviour) = settings.get(&["checksumBehavior"]).and_then(Node::as_str).filter(|it| *it != "throw") {
        let what = format!("`checksumBehavior` is `{behaviour}`: an archive that was exchanged is taken");
        settings.want(room, LintId::CheckSwitchedOff, &["checksumBehavior"], &Value::Text("throw".to_owned()), what);
    }
    if settings.get(&["npmRegistryServer"]).and_then(Node::as_str).is_some_and(is_plain_http) {
        let what = "`npmRegistryServer` names a registry over plain http".to_owned();
        let repair = Repair::Decision("serve the registry over https, and name it so".to_owned());
        room.lint(LintId::PlainHttpSource, settings.location(&["npmRegistryServer"]), what, repair);
    }
    if settings.get(&["defaultSemverRangePrefix"]).and_then(Node::as_str) != Some("") {
        let what = "`defaultSemverRangePrefix` is not empty: `yarn add` saves a range".to_owned();
        settings.want(room, LintId::RangesSaved, &["defaultSemverRangePrefix"], &Value::Text(String::new()), what);
    }
}

/// Yarn 1 knows no release age; its install scripts can be switched off.
pub(super) fn classic(room: &mut Room<'_>, project: &Project<'_>) {
    let npmrc = Npmrc::open(room, project.file(".npmrc"));
    npmrc.common(room);
    let file = project.file(".yarnrc");
    let text = room.bytes(&file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let is_off = text.lines().any(|line| {
        let mut words = line.split_whitespace().map(|word| word.trim_matches('"'));
        matches!(words.next(), Some("ignore-scripts" | "--install.ignore-scripts" | "--ignore-scripts"))
            && words.next() == Some("true")
    });
    if !is_off && npmrc.get("ignore-scripts").is_none() {
        let what = "install scripts of every package run".to_owned();
        let repair = "add the line `ignore-scripts true` to `.yarnrc`; Yarn 1 has no release age either: Yarn 4.10 or later has both";
        room.lint(LintId::InstallScriptsAllowed, Location::file(file), what, Repair::Decision(repair.to_owned()));
    }
}
