//! Whether a release is the package that records mean. They speak of what the public registry serves under a name.

use vetch_model::advisory::Doubt;
use vetch_model::inventory::{Ecosystem, Package, Role, Source};
use vetch_model::scan::TargetKind;
use vetch_registries::{NpmConfig, is_public_host};

use crate::naming::internal::{Internal, host_of};
use crate::project::Project;

/// What is known of where a release comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The user's own code: it only shares a name, if anything.
    Own,
    /// Somebody else's release, and why it may be another package.
    Release(Option<Doubt>),
}

/// Where this package of this project comes from.
pub(crate) fn origin(
    project: &Project,
    package: &Package,
    internal: Option<&Internal>,
    npm: Option<&NpmConfig>,
) -> Origin {
    match project.kind {
        // What is given by itself is what is asked about, whatever it is to its own inventory.
        TargetKind::Archive | TargetKind::Release => return Origin::Release(None),
        TargetKind::Package => {
            let is_installed = project.shown.split(['/', '\\']).any(|part| part == "node_modules");
            return Origin::Release((!is_installed).then_some(Doubt::OwnFolder));
        }
        _ if package.role != Role::Dependency || package.name.is_empty() => return Origin::Own,
        _ => {}
    }
    match &package.source {
        Source::Folder { .. } => Origin::Own,
        Source::Git { .. } => Origin::Release(Some(Doubt::Elsewhere("git".to_owned()))),
        Source::Tarball { .. } => Origin::Release(Some(Doubt::Elsewhere("an address of its own".to_owned()))),
        Source::File { .. } => Origin::Release(Some(Doubt::Elsewhere("a file of its own".to_owned()))),
        Source::Registry { .. } | Source::Unknown { .. } => Origin::Release(registry(package, internal, npm)),
    }
}

/// The registry is the one that the lockfile names, else that of the settings.
fn registry(package: &Package, internal: Option<&Internal>, npm: Option<&NpmConfig>) -> Option<Doubt> {
    let by_settings = || match package.ecosystem {
        Ecosystem::Npm => Some(npm?.registry_for(&package.name).url.host_str()?.to_ascii_lowercase()),
        _ => None,
    };
    let host = host_of(package).or_else(by_settings)?;
    if is_public_host(&host) {
        return None;
    }
    let is_internal = internal.is_some_and(|internal| internal.is_private(package));
    Some(if is_internal { Doubt::Private(host) } else { Doubt::OtherRegistry(host) })
}
