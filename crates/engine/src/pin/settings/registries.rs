//! Which registries the project's own settings name, and what ties a scope to one.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;
use vetch_lockfiles::Format;
use vetch_lockfiles::tree::{Node, Syntax};
use vetch_model::Location;
use vetch_model::hygiene::{Lint, LintId, Repair};

use super::lines;
use crate::edit::place::append;
use crate::map::{folder_of, join};
use crate::pin::room::{Room, Step};

/// The registries of a project. Settings of the user or the machine do not count: they are not there in CI, or on
/// the machine of the next person.
#[derive(Debug, Default)]
pub(in crate::pin) struct Registries {
    /// Hosts of `registry` and of scopes.
    hosts: BTreeSet<String>,
    /// Scope, `@` included → host.
    pub(in crate::pin) scopes: BTreeMap<String, String>,
}

impl Registries {
    /// Whether a package may come from this host: one that is named, or that serves the public packages.
    pub(in crate::pin) fn knows(&self, name: &str, host: &str) -> bool {
        let scope = name.split_once('/').map(|(scope, _)| scope);
        match scope.and_then(|scope| self.scopes.get(scope)) {
            Some(bound) => bound == host,
            None => vetch_registries::is_public_host(host) || self.hosts.contains(host),
        }
    }

    fn add(&mut self, key: &str, url: &str) {
        let Some(host) = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase)) else {
            return;
        };
        if let Some(scope) = key.strip_suffix(":registry").filter(|scope| scope.starts_with('@')) {
            self.scopes.insert(scope.to_owned(), host.clone());
        }
        self.hosts.insert(host);
    }
}

/// The registries that settings in `folder` and above it name.
pub(in crate::pin) fn of(room: &mut Room<'_>, folder: &str) -> Registries {
    let mut found = Registries::default();
    for file in [join(folder, ".npmrc"), ".npmrc".to_owned()] {
        for setting in room.bytes(&file).map(|bytes| lines::read(&bytes)).unwrap_or_default() {
            if setting.key == "registry" || setting.key.ends_with(":registry") {
                found.add(&setting.key, &setting.value);
            }
        }
    }
    if let Some(yarn) = room.source(&join(folder, ".yarnrc.yml"), Syntax::Yaml) {
        let root = &yarn.tree.root;
        root.get("npmRegistryServer").and_then(Node::as_str).into_iter().for_each(|url| found.add("registry", url));
        for scope in root.get("npmScopes").map_or(&[][..], Node::entries) {
            let url = scope.value.get("npmRegistryServer").and_then(Node::as_str);
            url.into_iter().for_each(|url| found.add(&format!("@{}:registry", scope.key), url));
        }
    }
    if let Some(bun) = room.toml(&join(folder, "bunfig.toml")) {
        let url = |node: &Node| node.as_str().or_else(|| node.get("url").and_then(Node::as_str)).map(str::to_owned);
        let root = &bun.tree.root;
        root.at(&["install", "registry"]).and_then(url).into_iter().for_each(|url| found.add("registry", &url));
        for scope in root.at(&["install", "scopes"]).map_or(&[][..], Node::entries) {
            let key = format!("@{}:registry", scope.key.trim_start_matches('@'));
            url(&scope.value).into_iter().for_each(|url| found.add(&key, &url));
        }
    }
    found
}

/// The registry that an archive's URL belongs to: what stands before the package's name, without user and password.
pub(in crate::pin) fn base_of(url: &str, name: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    let text = url.to_string().replace("%2f", "/").replace("%2F", "/").replace("%40", "@");
    let (before, _) = text.split_once(&format!("/{name}/-/"))?;
    Some(format!("{}/", before.trim_end_matches('/')))
}

/// The lint about a scope that no setting ties to its registry, and the edit that does.
pub(in crate::pin) fn bind(room: &mut Room<'_>, lockfile: &str, format: Format, scope: &str, bases: &BTreeSet<String>) {
    let shown = bases.iter().map(|base| format!("`{base}`")).collect::<Vec<_>>().join(" and ");
    let what = format!("packages of `{scope}` come from {shown}, and no setting of the project ties the scope to it");
    let file = join(folder_of(lockfile), if format == Format::YarnBerry { ".yarnrc.yml" } else { ".npmrc" });
    let location = Location::file(lockfile);
    let only = bases.iter().next().filter(|base| bases.len() == 1 && base.starts_with("https://"));
    let (Some(base), true) =
        (only, matches!(format, Format::PackageLock | Format::Pnpm | Format::YarnClassic | Format::Bun))
    else {
        let how = "`npmScopes` in `.yarnrc.yml`, or `@scope:registry=` in `.npmrc`, does that";
        let repair = Repair::Decision(format!("tie the scope to one registry over https: {how}"));
        return room.lint(LintId::UnboundScope, location, what, repair);
    };
    let original = room.bytes(&file);
    if original.is_none() && room.is_unreadable(&file) {
        let repair = Repair::Decision(format!("mend `{file}`, then tie the scope there: `{scope}:registry={base}`"));
        return room.lint(LintId::UnboundScope, location, what, repair);
    }
    let edit =
        append(original.as_deref().map(Vec::as_slice).unwrap_or_default(), &[format!("{scope}:registry={base}")]);
    let repair = Repair::Edit(format!("set `{scope}:registry={base}` in `{file}`"));
    let step = Step { file, original, syntax: None, edit, meant: Vec::new() };
    room.fix(Lint { location, id: LintId::UnboundScope, what, repair }, vec![step]);
}
