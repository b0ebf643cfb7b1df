//! Whose history is asked of whom.

use vetch_lockfiles::Format;
use vetch_model::inventory::{Ecosystem, Package, Role, Source};
use vetch_registries::{NpmClient, NpmConfig, ProjectRequest, PypiConfig, TarballRequest};
use vetch_store::Key;

use crate::contents::tool;
use crate::project::Project;

/// How a history is asked for.
#[derive(Debug, Clone)]
pub(super) enum Request {
    Npm(TarballRequest),
    Pypi(ProjectRequest),
}

/// Who would be asked for the history of a package. `None` for what is nobody's release, and where nothing says
/// that the registry knows the name: a private name is sent to nobody.
pub(super) fn wanted(
    project: &Project,
    package: &Package,
    npm: Option<&NpmConfig>,
    pypi: Option<&PypiConfig>,
) -> Option<(Key, Request)> {
    let Source::Registry { url, index } = &package.source else { return None };
    if package.role != Role::Dependency || package.name.is_empty() {
        return None;
    }
    match package.ecosystem {
        Ecosystem::Npm => {
            let config = npm?;
            let says_where = url.is_some() || names_registries(project) || config.has_scope_registry(&package.name);
            let archive = TarballRequest::of(package).filter(|_| says_where)?;
            let (registry, _) = NpmClient::packument_place(config, &archive)?;
            Some((Key { registry, name: package.name.clone() }, Request::Npm(archive)))
        }
        Ecosystem::Pypi => {
            let says_where = index.is_some() || names_registries(project);
            let tool = tool(project.format);
            let first = || pypi?.indexes(tool).indexes.first().map(|index| index.url.to_string());
            let registry = index.clone().or_else(first).filter(|_| says_where)?;
            let request = ProjectRequest { name: package.name.clone(), tool, index: index.clone() };
            Some((
                Key { registry: registry.trim_end_matches('/').to_owned(), name: package.name.clone() },
                Request::Pypi(request),
            ))
        }
        Ecosystem::Other(_) => None,
    }
}

/// Whether the lack of a URL means the registry of the settings: so it is in lockfiles, and in what the user asked
/// for by name. An installed tree or an SBOM does not say where a package came from.
fn names_registries(project: &Project) -> bool {
    project.is_named || (project.environment.is_none() && !project.is_sbom() && project.format != Format::NodeModules)
}
