//! The facts of a release as conditions see them.

use serde::Serialize;
use vetch_model::capability::{Capability, Resource};
use vetch_model::inventory::Ecosystem;
use vetch_model::profile::Flow;

use crate::input::ReleaseFacts;

/// Most entries of each list.
const MOST: usize = 2048;

/// One capability: `capability.resource`, `capabilities[0].trigger`.
#[derive(Serialize)]
pub(super) struct CapabilityFact {
    id: &'static str,
    /// Host, path, variable, command …; empty where there is none, `*` where it is not known.
    resource: String,
    /// Of a path.
    class: &'static str,
    trigger: &'static str,
    layer: u64,
    file: String,
    line: u64,
    detached: bool,
    hidden: bool,
    shell: bool,
}

/// One flow.
#[derive(Serialize)]
pub(super) struct FlowFact {
    source: CapabilityFact,
    sink: CapabilityFact,
    trigger: &'static str,
}

#[derive(Serialize)]
pub(super) struct PackageFact {
    ecosystem: String,
    name: String,
    version: String,
    dev: bool,
    optional: bool,
    install_commands: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct SignalFact {
    kind: &'static str,
    trigger: &'static str,
    strength: u64,
    file: String,
}

pub(super) struct ReleaseFact {
    pub package: PackageFact,
    pub capabilities: Vec<CapabilityFact>,
    pub flows: Vec<FlowFact>,
    pub signals: Vec<SignalFact>,
}

/// `npm`, `pypi`, or what another ecosystem is called in purls.
pub(super) fn ecosystem_name(ecosystem: &Ecosystem) -> String {
    match ecosystem {
        Ecosystem::Npm => "npm".to_owned(),
        Ecosystem::Pypi => "pypi".to_owned(),
        Ecosystem::Other(name) => name.clone(),
    }
}

/// What a resource is called: by itself, and a path by its class as well.
pub(super) fn names_of(resource: &Resource) -> Vec<String> {
    match resource {
        Resource::None => Vec::new(),
        Resource::Any => vec!["*".to_owned()],
        Resource::Named(name) => vec![name.clone()],
        Resource::Path { class, path } => {
            let path = path.iter().cloned();
            std::iter::once(class.as_str().to_owned()).chain(path).collect()
        }
        Resource::Eval(source) => vec![source.as_str().to_owned()],
    }
}

impl CapabilityFact {
    pub(super) fn of(capability: &Capability) -> CapabilityFact {
        let location = capability.evidence.location();
        let class = match &capability.resource {
            Resource::Path { class, .. } => class.as_str(),
            _ => "",
        };
        CapabilityFact {
            id: capability.id.as_str(),
            resource: names_of(&capability.resource).pop().unwrap_or_default(),
            class,
            trigger: capability.trigger.as_str(),
            layer: u64::from(capability.layer),
            file: location.file.clone(),
            line: u64::from(location.line),
            detached: capability.attributes.detached,
            hidden: capability.attributes.hidden,
            shell: capability.attributes.shell,
        }
    }
}

impl FlowFact {
    pub(super) fn of(flow: &Flow) -> FlowFact {
        FlowFact {
            source: CapabilityFact::of(&flow.source),
            sink: CapabilityFact::of(&flow.sink),
            trigger: flow.trigger.max(flow.sink.trigger).as_str(),
        }
    }
}

impl ReleaseFact {
    pub(super) fn of(release: &ReleaseFacts<'_>) -> ReleaseFact {
        let package = release.package;
        let contents = release.contents;
        let commands = contents.map(|contents| contents.install_commands.as_slice()).unwrap_or_default();
        let capabilities = contents.map(|contents| contents.profile.capabilities.as_slice()).unwrap_or_default();
        let flows = contents.map(|contents| contents.profile.flows.as_slice()).unwrap_or_default();
        let signals = contents.map(|contents| contents.signals.as_slice()).unwrap_or_default();
        ReleaseFact {
            package: PackageFact {
                ecosystem: ecosystem_name(&package.ecosystem),
                name: package.name.clone(),
                version: package.version.clone().unwrap_or_default(),
                dev: package.dev,
                optional: package.optional,
                install_commands: commands.iter().take(MOST).map(|command| command.command.clone()).collect(),
            },
            capabilities: capabilities.iter().take(MOST).map(CapabilityFact::of).collect(),
            flows: flows.iter().take(MOST).map(FlowFact::of).collect(),
            signals: signals
                .iter()
                .take(MOST)
                .map(|signal| SignalFact {
                    kind: signal.kind.as_str(),
                    trigger: signal.trigger.as_str(),
                    strength: u64::from(signal.strength),
                    file: signal.evidence.location().file.clone(),
                })
                .collect(),
        }
    }
}
