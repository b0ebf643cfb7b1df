//! What a dependency does when it is installed, and whether those that ask for it use it: what is neither used nor
//! honest was injected.

use std::collections::BTreeSet;

use crate::rules::behaviour::manifest_rewrite::is_own_manifest;
use crate::rules::behaviour::self_deleting_script::is_self_deletion;
use crate::rules::prelude::*;

/// Whether a dependent's code imports the package, names it in a script or runs it as a command. `name` is what the
/// dependent calls it.
pub fn uses(dependent: &PackageFacts, package: Option<&PackageFacts>, name: &str) -> bool {
    let bare = name.rsplit('/').next().unwrap_or(name);
    let manifest = package.and_then(|contents| contents.manifest.as_ref());
    let bins = manifest.into_iter().flat_map(|manifest| &manifest.entries);
    let bins = bins.filter_map(|entry| entry.field.strip_prefix("bin.")).chain([bare]);
    let words: BTreeSet<&str> = bins.collect();
    let named = |text: &str| {
        text.split(|c: char| c.is_whitespace() || "/\\\"';&|()".contains(c)).any(|word| words.contains(word))
    };
    dependent.imports.iter().any(|import| import.name == name)
        || dependent.manifest.iter().flat_map(|manifest| &manifest.scripts).any(|script| named(&script.command))
        || dependent.profile.capabilities.iter().any(|capability| {
            let path =
                matches!(capability.id, CapabilityId::ProcessSpawn | CapabilityId::CodeLoad | CapabilityId::FsRead);
            path && name_of(capability).is_some_and(named)
        })
}

/// Starts a process beyond what the install command itself starts.
fn spawns_more(capability: &Capability) -> bool {
    capability.id == CapabilityId::ProcessSpawn && capability.evidence.location().file != "package.json"
}

/// What a package does when it is installed.
pub(crate) struct Acts {
    pub(crate) connects: bool,
    pub(crate) spawns: bool,
    pub(crate) hostile: Vec<(&'static str, Evidence)>,
}

/// What it does at install. Connecting and spawning alone is what installers do.
pub(crate) fn acts(c: &Contents<'_>) -> Acts {
    let install: Vec<&Capability> = c.reached().filter(|capability| capability.trigger == Trigger::Install).collect();
    let sends_environment = c.flows().any(|flow| {
        flow.source.id == CapabilityId::EnvEnumerate && is_network(flow.sink.id) && when(flow) == Trigger::Install
    });
    let mut hostile: Vec<(&'static str, Evidence)> = Vec::new();
    for capability in &install {
        let words = match capability.id {
            _ if is_self_deletion(c, capability) => "deletes its own code",
            CapabilityId::FsWrite if is_own_manifest(capability) => "rewrites its own package.json",
            CapabilityId::ProcessSpawn if capability.attributes.detached => "leaves a process running",
            CapabilityId::CodeEval if capability.resource != Resource::Eval(EvalSource::Constant) => "evaluates code",
            CapabilityId::FsRead if reads_secrets(capability) => "reads secrets",
            CapabilityId::EnvEnumerate if sends_environment => "sends the environment away",
            CapabilityId::Persist => "makes something start by itself",
            CapabilityId::FsWrite | CapabilityId::ProcessSpawn if is_temporary(capability) => {
                "runs or writes in temporary folders"
            }
            CapabilityId::FsWrite
                if matches!(class_of(capability), Some(PathClass::Home | PathClass::System | PathClass::Autostart)) =>
            {
                "writes outside the project"
            }
            _ => continue,
        };
        if hostile.iter().all(|(known, _)| *known != words) {
            hostile.push((words, capability.evidence.clone()));
        }
    }
    let obfuscated = c.obfuscation().find(|signal| signal.trigger == Trigger::Install);
    hostile.extend(obfuscated.map(|signal| ("is obfuscated", signal.evidence.clone())));
    Acts {
        connects: install.iter().any(|capability| is_network(capability.id)),
        spawns: install.iter().any(|capability| spawns_more(capability)),
        hostile,
    }
}

/// Temporary folders are hostile ground only together with running things from them.
fn is_temporary(capability: &Capability) -> bool {
    capability.id == CapabilityId::ProcessSpawn
        && name_of(capability).is_some_and(|name| {
            ["<temp>", "/tmp/", "%temp%"].iter().any(|part| name.to_ascii_lowercase().contains(part))
        })
}
