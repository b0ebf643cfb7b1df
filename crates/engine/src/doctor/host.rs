//! The user's own files: tokens in plain text, who may read them, how old they are; settings; caches.

use std::fs::{self, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vetch_model::Location;
use vetch_model::hygiene::{Area, Lint, LintId, Repair};
use vetch_model::outcome::Incomplete;

use super::{DoctorOptions, accounts};
use crate::pin::lines;
use crate::secrets::{Secret, in_line};

/// Largest file of settings that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// After how many days a token is called old.
pub(super) const OLD_DAYS: i64 = 90;

/// Files below the home folder in which package managers keep tokens, and how one is got rid of.
const FILES: &[(&str, Registry)] = &[
    (".npmrc", Registry::Npm),
    (".yarnrc.yml", Registry::Npm),
    (".yarnrc", Registry::Npm),
    (".bunfig.toml", Registry::Npm),
    (".config/pnpm/rc", Registry::Npm),
    (".config/pnpm/auth.ini", Registry::Npm),
    (".pypirc", Registry::Pypi),
    (".netrc", Registry::Other),
    (".config/pip/pip.conf", Registry::Pypi),
    (".pip/pip.conf", Registry::Pypi),
    (".config/uv/uv.toml", Registry::Pypi),
    (".config/pypoetry/auth.toml", Registry::Pypi),
    (".git-credentials", Registry::Other),
];

/// Variables that hold tokens of registries.
const VARIABLES: &[&str] = &[
    "NPM_TOKEN",
    "NODE_AUTH_TOKEN",
    "NPM_CONFIG__AUTH",
    "YARN_NPM_AUTH_TOKEN",
    "TWINE_PASSWORD",
    "UV_PUBLISH_TOKEN",
    "UV_PUBLISH_PASSWORD",
    "POETRY_PYPI_TOKEN_PYPI",
    "FLIT_PASSWORD",
    "HATCH_INDEX_AUTH",
];

/// Caches from which packages are installed, below the home folder.
const CACHES: &[&str] = &[
    ".npm",
    ".cache/pip",
    ".cache/uv",
    ".cache/yarn",
    ".yarn/berry/cache",
    ".local/share/pnpm/store",
    ".bun/install/cache",
    ".cache/pypoetry",
    "Library/Caches/pip",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Registry {
    Npm,
    Pypi,
    Other,
}

pub(super) fn look(options: &DoctorOptions, incomplete: &mut Vec<Incomplete>) -> Area {
    let mut host = Host { options, lints: Vec::new(), read: 0 };
    if let Some(home) = &options.home {
        for (name, registry) in FILES {
            host.file(&home.join(name), *registry, incomplete);
        }
        if let Some(named) = host.variable("NPM_CONFIG_USERCONFIG").or_else(|| host.variable("npm_config_userconfig")) {
            host.file(Path::new(&named), Registry::Npm, incomplete);
        }
        CACHES.iter().for_each(|name| host.cache(&home.join(name)));
        host.settings(home);
    }
    host.variables();
    let looked_at = vec![
        format!("{} of {} files in which package managers keep tokens are there", host.read, FILES.len()),
        format!("{} variables of the environment, {} caches", VARIABLES.len(), CACHES.len()),
    ];
    let mut area = Area { id: "host", lints: host.lints, looked_at, unavailable: Vec::new() };
    if options.asks_registries {
        let accounts = accounts::ask(options);
        area.lints.extend(accounts.lints);
        area.looked_at.extend(accounts.looked_at);
        area.unavailable = accounts.unavailable;
    } else {
        let what = "whether your accounts at npm's registries have a second factor, and what their tokens may do: \
                    `vetch doctor --ask-registries` asks, with your credentials";
        area.unavailable.push(what.to_owned());
    }
    area.looked_at.push("PyPI lets nobody publish without a second factor".to_owned());
    area
}

struct Host<'o> {
    options: &'o DoctorOptions,
    lints: Vec<Lint>,
    /// Files that are there.
    read: usize,
}

impl Host<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.options
            .environment
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_string_lossy().into_owned())
    }

    fn push(&mut self, location: Location, id: LintId, what: String, repair: Repair) {
        self.lints.push(Lint { location, id, what, repair });
    }

    fn file(&mut self, path: &Path, registry: Registry, incomplete: &mut Vec<Incomplete>) {
        let shown = path.to_string_lossy().into_owned();
        let (text, metadata) = match read(path) {
            Ok(Some(read)) => read,
            Ok(None) => return,
            Err(why) => {
                incomplete.push(Incomplete::new(shown, why, "make it readable, and run this again"));
                return;
            }
        };
        self.read += 1;
        let mut found = 0;
        for (number, line) in (1u32..).zip(text.lines()) {
            let mut secrets = in_line(line);
            secrets.extend(netrc(path, line));
            for secret in secrets {
                found += 1;
                let location = Location { line: number, ..Location::file(shown.clone()) };
                self.token(location, registry, &text, line, &secret);
            }
        }
        if found > 0 {
            self.age_and_mode(path, &shown, &metadata);
        }
    }

    fn token(&mut self, location: Location, registry: Registry, text: &str, line: &str, secret: &Secret) {
        let value = line.get(secret.place.clone()).unwrap_or_default();
        let host = line.trim_start().strip_prefix("//").and_then(|rest| rest.split(['/', ':']).next());
        let of = host.map(|host| format!(" for `{host}`")).unwrap_or_default();
        let rights = rights(value).map(|rights| format!("; {rights}")).unwrap_or_default();
        let what = format!("{} {}{of} stands here in plain text{rights}", secret.article(), secret.kind);
        self.push(location.clone(), LintId::PlaintextToken, what, Repair::Command(revoke(registry).to_owned()));
        let is_public = host.is_none_or(vetch_registries::is_public_host);
        let legacy = match registry {
            Registry::Npm if secret.kind == "registry password" => {
                Some("it is a name and password, as npm kept them before tokens")
            }
            Registry::Npm if secret.kind == "registry token" && host.is_some() && is_public => {
                Some("it has not the form of npm's present tokens (`npm_…`)")
            }
            Registry::Pypi if secret.kind == "registry password" && is_index(text) && !value.starts_with("pypi-") => {
                Some("it is the password of an account, which PyPI takes no more")
            }
            _ => None,
        };
        if let Some(legacy) = legacy {
            let repair = Repair::Command(revoke(registry).to_owned());
            self.push(location, LintId::LegacyToken, format!("the {} is a legacy one: {legacy}", secret.kind), repair);
        }
    }

    fn age_and_mode(&mut self, path: &Path, shown: &str, metadata: &Metadata) {
        let written = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let days = written.map(|since| (self.options.now - since.as_secs() as i64) / (24 * 60 * 60));
        if let Some(days) = days.filter(|days| *days > OLD_DAYS) {
            let what = format!("the file was last written {days} days ago: the token is at least as old");
            let repair = Repair::Command("make a new one with an end, and revoke this: `npm token list`, `npm token revoke <id>`; for PyPI, https://pypi.org/manage/account/token/".to_owned());
            self.push(Location::file(shown), LintId::OldToken, what, repair);
        }
        if let Some(who) = mode(metadata).and_then(|mode| others(mode, 0o44)) {
            let what = format!("{who} may read this file, and it holds a secret");
            let repair = Repair::Command(format!("`chmod 600 {}`", quoted(path)));
            self.push(Location::file(shown), LintId::ReadableSecret, what, repair);
        }
    }

    fn cache(&mut self, path: &Path) {
        let Ok(metadata) = fs::metadata(path) else { return };
        let shown = path.to_string_lossy().into_owned();
        let Some(mode) = mode(&metadata) else { return };
        if let Some(who) = others(mode, 0o22) {
            let what = format!("{who} may write to this cache of packages");
            self.push(
                Location::file(shown),
                LintId::WritableCache,
                what,
                Repair::Command(format!("`chmod -R go-w {}`", quoted(path))),
            );
        } else if mode & 0o5 == 0o5 && is_reachable(path) {
            let what = "every user of this machine may read this cache, private packages included".to_owned();
            self.push(
                Location::file(shown),
                LintId::ReadableCache,
                what,
                Repair::Command(format!("`chmod o-rx {}`", quoted(path))),
            );
        }
    }

    fn variables(&mut self) {
        for name in VARIABLES {
            if self.variable(name).is_some_and(|value| !value.is_empty()) {
                let what = format!(
                    "`{name}` is set: every program that is started here gets the token, install scripts included"
                );
                let repair = Repair::Command(format!("`unset {name}`, and set it only for the command that publishes"));
                self.push(Location::file(format!("${name}")), LintId::PlaintextToken, what, repair);
            }
        }
    }

    /// Settings of the user that hold for every project.
    fn settings(&mut self, home: &Path) {
        let npmrc = home.join(".npmrc");
        let settings = read(&npmrc).ok().flatten().map(|(text, _)| lines::read(text.as_bytes())).unwrap_or_default();
        let shown = npmrc.to_string_lossy().into_owned();
        if let Some(setting) = lines::last(&settings, "strict-ssl").filter(|setting| !setting.is_true()) {
            let what = "`strict-ssl` is off for all projects: certificates of registries are not checked".to_owned();
            self.push(
                setting.location(&shown),
                LintId::CheckSwitchedOff,
                what,
                Repair::Command("`npm config delete strict-ssl`".to_owned()),
            );
        }
        let uses_npm = home.join(".npm").is_dir() || npmrc.is_file();
        if uses_npm && lines::last(&settings, "min-release-age").is_none() && lines::last(&settings, "before").is_none()
        {
            let what = "`min-release-age` is not set for all projects".to_owned();
            self.push(
                Location::file(shown.clone()),
                LintId::ReleaseAgeMissing,
                what,
                Repair::Command("`npm config set min-release-age 7` (days; npm 11.10 or later)".to_owned()),
            );
        }
        if uses_npm && !lines::last(&settings, "ignore-scripts").is_some_and(lines::Setting::is_true) {
            let what = "`ignore-scripts` is not set for all projects: install scripts of every package run".to_owned();
            let repair =
                "`npm config set ignore-scripts true`, and `npm rebuild <package>` for those that need their scripts";
            self.push(Location::file(shown), LintId::InstallScriptsAllowed, what, Repair::Command(repair.to_owned()));
        }
        self.pip(home);
    }

    fn pip(&mut self, home: &Path) {
        let confs: Vec<PathBuf> =
            [".config/pip/pip.conf", ".pip/pip.conf"].iter().map(|name| home.join(name)).collect();
        if !home.join(".cache/pip").is_dir() && !confs.iter().any(|conf| conf.is_file()) {
            return;
        }
        let texts = confs.iter().filter_map(|conf| Some((conf, read(conf).ok().flatten()?.0)));
        let settings: Vec<(String, lines::Setting)> = texts
            .flat_map(|(conf, text)| {
                let shown = conf.to_string_lossy().into_owned();
                lines::read(text.as_bytes()).into_iter().map(move |setting| (shown.clone(), setting))
            })
            .collect();
        if !settings.iter().any(|(_, setting)| setting.key.replace('_', "-") == "uploaded-prior-to") {
            let what = "`uploaded-prior-to` is not set for pip: releases are taken as soon as they are out".to_owned();
            let repair = "`pip config set install.uploaded-prior-to P7D` (pip 26.1 or later; 26.0 takes a date)";
            let file = confs.first().map(|conf| conf.to_string_lossy().into_owned()).unwrap_or_default();
            self.push(Location::file(file), LintId::ReleaseAgeMissing, what, Repair::Command(repair.to_owned()));
        }
        for (shown, setting) in &settings {
            let (id, what) = match setting.key.replace('_', "-").as_str() {
                "extra-index-url" if !setting.value.is_empty() => {
                    (LintId::ExtraPackageIndex, "pip asks a further index beside the main one")
                }
                "trusted-host" => (LintId::CheckSwitchedOff, "pip asks neither https nor certificates of a host"),
                _ => continue,
            };
            let repair = Repair::Command(format!("`pip config unset {}.{}`", setting.section, setting.key));
            self.push(setting.location(shown), id, what.to_owned(), repair);
        }
    }
}

/// A `.netrc` names what follows: `machine h login u password p`.
fn netrc(path: &Path, line: &str) -> Option<Secret> {
    if path.file_name().is_none_or(|name| name != ".netrc") || line.trim_start().starts_with('#') {
        return None;
    }
    let at = line.find("password ")? + "password ".len();
    let value = line.get(at..)?.trim_start();
    let start = line.len() - value.len();
    let length = value.split_whitespace().next()?.len();
    Some(Secret { kind: "password", place: start..start + length })
}

/// What a token itself says of its rights. A token of PyPI is a macaroon: its caveats are readable.
fn rights(token: &str) -> Option<&'static str> {
    let body = token.strip_prefix("pypi-")?;
    let bytes = URL_SAFE_NO_PAD.decode(body.trim_end_matches('=')).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    // Old ones hold JSON objects, newer ones lists that begin with the caveat's number: 1 names projects.
    let is_limited = text.contains("\"projects\"")
        || text.contains("[1, [")
        || text.contains("[1,[")
        || text.contains("[2, [")
        || text.contains("[2,[");
    Some(if is_limited { "it is limited to projects" } else { "it is for all projects of the account" })
}

fn is_index(text: &str) -> bool {
    text.contains("pypi")
}

fn revoke(registry: Registry) -> &'static str {
    match registry {
        Registry::Npm => {
            "`npm token list`, then `npm token revoke <id>`; publish from CI by trusted publishing, and read private packages with \
             `${NPM_TOKEN}` from the environment"
        }
        Registry::Pypi => {
            "revoke it at https://pypi.org/manage/account/token/; publish from CI by trusted publishing, and keep others in the \
             key ring: `keyring set <index> <user>`"
        }
        Registry::Other => {
            "revoke it where it was made, and let a key ring keep the next: for git, `git config --global credential.helper <helper>`"
        }
    }
}

/// Text and metadata of a file; `None` if there is none. Bytes that are no UTF-8 hold no token.
fn read(path: &Path) -> Result<Option<(String, Metadata)>, String> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Ok(None),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(format!("it cannot be read ({error})")),
    };
    if metadata.len() > MAX_BYTES {
        return Err(format!("it has {} bytes; more than {MAX_BYTES} are not read", metadata.len()));
    }
    let mut bytes = Vec::new();
    let opened = fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    opened.map_err(|error| format!("it cannot be read ({error})"))?;
    Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), metadata)))
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> Option<u32> {
    Some(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()))
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// Who beside the owner has one of these rights.
fn others(mode: u32, rights: u32) -> Option<&'static str> {
    match (mode & rights & 0o7, mode & rights & 0o70) {
        (0, 0) => None,
        (0, _) => Some("the group"),
        _ => Some("every user of this machine"),
    }
}

/// Whether every folder above lets others pass.
fn is_reachable(path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .filter_map(|folder| fs::metadata(folder).ok())
        .all(|it| mode(&it).is_none_or(|mode| mode & 0o1 != 0))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-~".contains(c));
    if is_plain { text.into_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
