//! Which names are internal, and who serves them. All of it from what is at hand: the policy, the settings of the
//! package managers, and the hosts that the lockfile names. Nobody is asked.

use std::collections::BTreeMap;

use vetch_detectors::input::{InternalReason, InternalRelease, UnboundName};
use vetch_model::evidence::Location;
use vetch_model::inventory::{Ecosystem, Package, PackageId, Role, Source};
use vetch_names::{Names, normal, scope_of};
use vetch_registries::{NpmConfig, PypiConfig, is_public_host};

use super::indexes::{Asked, Indexes};
use crate::policy::InternalName;
use crate::project::Project;

/// What is known of the internal names of one project.
#[derive(Debug, Default)]
pub(crate) struct Internal {
    declared: Vec<InternalName>,
    /// The policy, as evidence names it.
    policy: String,
    /// Scopes of npm's and names of PyPI's that settings tie to a private registry: its host.
    tied: BTreeMap<String, String>,
    /// Scopes and names that a private registry serves here: its host and the versions, by ecosystem and name.
    served: BTreeMap<(Ecosystem, String), (String, Vec<String>)>,
    /// By ecosystem and name, who would be asked for declared names where the lockfile does not say, and their packages.
    asked: BTreeMap<(Ecosystem, String), (Asked, Vec<PackageId>)>,
}

impl Internal {
    /// Looks through a project. `names` tell a private registry from a mirror of the public one.
    pub(crate) fn new(
        project: &Project,
        policy: (&str, &[InternalName]),
        npm: Option<&NpmConfig>,
        pypi: Option<&PypiConfig>,
        names: &Names,
    ) -> Internal {
        let mut internal = Internal { policy: policy.0.to_owned(), declared: policy.1.to_vec(), ..Internal::default() };
        for (scope, registry) in npm.into_iter().flat_map(NpmConfig::private_scopes) {
            let host = registry.url.host_str().unwrap_or_default().to_owned();
            internal.tied.insert(format!("@{}", scope.trim_start_matches('@')), host);
        }
        let indexes = pypi.map(|config| Indexes::of(project, config));
        internal.tied.extend(indexes.iter().flat_map(|indexes| indexes.pins.clone()));
        internal.serve(project, names);
        if !internal.declared.is_empty() {
            internal.ask(project, npm, indexes.as_ref());
        }
        internal
    }

    /// Learns from the hosts that the lockfile names. One that serves popular packages is a mirror, which tells nothing.
    fn serve(&mut self, project: &Project, names: &Names) {
        let mut by_host: BTreeMap<String, Vec<&Package>> = BTreeMap::new();
        for package in project.inventory.packages.iter().filter(|package| package.role == Role::Dependency) {
            if let Some(host) = host_of(package).filter(|host| !is_public_host(host)) {
                by_host.entry(host).or_default().push(package);
            }
        }
        let is_popular = |package: &&&Package| names.rank(&package.ecosystem, &package.name).is_some();
        for (host, packages) in by_host.iter().filter(|(_, packages)| !packages.iter().any(|it| is_popular(&it))) {
            for package in packages {
                let name = normal(&package.ecosystem, &package.name);
                let scope = scope_of(&name).map(|(scope, _)| format!("@{scope}"));
                let entry = |served: &mut BTreeMap<_, (String, Vec<String>)>, key: String, version: Option<&String>| {
                    let key = (package.ecosystem.clone(), key);
                    let entry = served.entry(key).or_insert_with(|| (host.clone(), Vec::new()));
                    entry.1.extend(version.filter(|version| !entry.1.contains(version)).cloned());
                };
                if let Some(scope) = scope {
                    entry(&mut self.served, scope, None);
                }
                entry(&mut self.served, name, package.version.as_ref());
            }
        }
    }

    /// Finds out who would be asked for declared names whose entry names no host.
    fn ask(&mut self, project: &Project, npm: Option<&NpmConfig>, indexes: Option<&Indexes>) {
        for (id, package) in project.inventory.iter() {
            let is_open = package.role == Role::Dependency && has_no_host(package);
            if !is_open || self.declared(package).is_none() {
                continue;
            }
            let asked = match package.ecosystem {
                Ecosystem::Npm => npm.and_then(|config| {
                    let host = config.registry_for(&package.name).url.host_str()?.to_owned();
                    is_public_host(&host).then_some(Asked { public: host, beside: None })
                }),
                Ecosystem::Pypi => indexes.and_then(|indexes| indexes.asked(package)),
                Ecosystem::Other(_) => None,
            };
            if let Some(asked) = asked {
                let key = (package.ecosystem.clone(), package.name.clone());
                self.asked.entry(key).or_insert_with(|| (asked, Vec::new())).1.push(id);
            }
        }
    }

    fn declared(&self, package: &Package) -> Option<&InternalName> {
        self.keeps(&package.ecosystem, &package.name)
    }

    /// Whether the user says that this name is internal: no public registry may learn it.
    pub(crate) fn keeps(&self, ecosystem: &Ecosystem, name: &str) -> Option<&InternalName> {
        self.declared.iter().find(|declared| declared.covers(ecosystem, name))
    }

    /// Whether the name is internal, as declared, by settings, or because a registry that is no mirror serves it.
    pub(crate) fn is_private(&self, package: &Package) -> bool {
        let name = normal(&package.ecosystem, &package.name);
        let scope = scope_of(&name).map(|(scope, _)| format!("@{scope}"));
        let key = scope.as_ref().unwrap_or(&name);
        let is_served = |name: &String| self.served.contains_key(&(package.ecosystem.clone(), name.clone()));
        self.declared(package).is_some() || self.tied.contains_key(key) || is_served(key) || is_served(&name)
    }

    /// The release, if its name is internal and a public registry serves it or would.
    pub(crate) fn of(&self, package: &Package) -> Option<InternalRelease> {
        let host = host_of(package);
        if host.as_ref().is_some_and(|host| !is_public_host(host)) {
            return None;
        }
        let name = normal(&package.ecosystem, &package.name);
        let scope = scope_of(&name).map(|(scope, _)| format!("@{scope}"));
        let by_name = self.served.get(&(package.ecosystem.clone(), name.clone()));
        let private_versions = by_name.map(|(_, versions)| versions.clone()).unwrap_or_default();
        if let Some(declared) = self.declared(package) {
            let is_open = has_no_host(package);
            let is_asked = !is_open || self.asked.contains_key(&(package.ecosystem.clone(), package.name.clone()));
            let location = self.location(declared);
            let reason = InternalReason::Declared { pattern: declared.text.clone(), location };
            return is_asked.then_some(InternalRelease { reason, host, private_versions });
        }
        // What is only learned counts only against what the lockfile says.
        host.as_ref()?;
        let key = scope.as_ref().unwrap_or(&name);
        let by_scope = || scope.clone().and_then(|scope| self.served.get(&(package.ecosystem.clone(), scope)));
        let reason = match (self.tied.get(key), by_name.or_else(by_scope)) {
            (Some(host), _) => InternalReason::Tied { host: host.clone() },
            (None, Some((host, _))) => InternalReason::Served { host: host.clone() },
            (None, None) => return None,
        };
        Some(InternalRelease { reason, host, private_versions })
    }

    fn location(&self, declared: &InternalName) -> Location {
        Location { line: declared.line, ..Location::file(self.policy.clone()) }
    }

    /// Declared names that nothing keeps from a public registry, by scope or name.
    pub(crate) fn unbound(&self, project: &Project) -> Vec<UnboundName> {
        let mut found: BTreeMap<(String, &Asked), UnboundName> = BTreeMap::new();
        for (asked, packages) in self.asked.values() {
            let Some(package) = packages.first().map(|id| project.inventory.package(*id)) else { continue };
            let Some(declared) = self.declared(package) else { continue };
            let name = scope_of(&package.name).map_or_else(|| package.name.clone(), |(scope, _)| format!("@{scope}"));
            let entry = found.entry((name.clone(), asked)).or_insert_with(|| UnboundName {
                name,
                declared: self.location(declared),
                packages: Vec::new(),
                public: asked.public.clone(),
                beside: asked.beside.clone(),
            });
            entry.packages.extend(packages);
        }
        found.into_values().collect()
    }
}

/// The host that the lockfile names for a package of a registry.
pub(crate) fn host_of(package: &Package) -> Option<String> {
    let Source::Registry { url, index } = &package.source else { return None };
    let parse = |text: &String| Some(url::Url::parse(text).ok()?.host_str()?.to_ascii_lowercase());
    // An index says more than where its files lie.
    let artifact = || package.artifacts.iter().find_map(|artifact| parse(artifact.url.as_ref()?));
    index.as_ref().and_then(parse).or_else(|| url.as_ref().and_then(parse)).or_else(artifact)
}

/// Whether it comes from a registry, and which is left to the settings.
fn has_no_host(package: &Package) -> bool {
    matches!(package.source, Source::Registry { .. } | Source::Unknown { .. }) && host_of(package).is_none()
}
