//! From the model to the public types.

use vetch_model::facts::{self, PackageFacts};

use super::types::*;
use super::{InspectView, SCHEMA_ID};
use crate::ToolInfo;
use crate::json::{evidence, known, release, tool};

pub(super) fn report(view: &InspectView<'_>, by: &ToolInfo) -> InspectReport {
    let facts = view.facts;
    InspectReport {
        schema: SCHEMA_ID,
        tool: tool(by),
        release: release(view.release),
        reputation: view.reputation.iter().map(remark).collect(),
        manifest: facts.and_then(|facts| facts.manifest.as_ref()).map(manifest),
        contents: facts.map(|facts| contents(view, facts)),
        install_commands: facts.iter().flat_map(|facts| &facts.install_commands).map(install_command).collect(),
        layers: facts.iter().flat_map(|facts| &facts.layers).map(layer).collect(),
        modules: facts.map(modules).unwrap_or_default(),
        imports: facts.iter().flat_map(|facts| &facts.imports).map(import).collect(),
        signals: facts.iter().flat_map(|facts| &facts.signals).map(signal).collect(),
        anomalies: facts.iter().flat_map(|facts| &facts.anomalies).map(anomaly).collect(),
    }
}

fn remark(remark: &vetch_model::reputation::Remark) -> Remark {
    Remark { aspect: remark.aspect.as_str(), leaning: remark.leaning.as_str(), words: remark.words.clone() }
}

fn manifest(manifest: &vetch_model::manifest::Manifest) -> Manifest {
    Manifest {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        description: manifest.description.clone(),
        author: manifest.author.clone(),
        license: manifest.license.clone(),
        homepage: manifest.homepage.clone(),
        repository: manifest.repository.clone(),
    }
}

fn contents(view: &InspectView<'_>, facts: &PackageFacts) -> Contents {
    let (reached, understood) = view.understood();
    let not_understood = facts.unread.iter().map(|unread| NotUnderstood {
        path: unread.path.clone(),
        trigger: unread.trigger.as_str(),
        reason: unread.reason.as_str(),
        detail: unread.detail.clone(),
    });
    Contents {
        files: facts.files,
        bytes: facts.bytes,
        source_files: facts.parsed_files,
        source_bytes: facts.parsed_bytes,
        reached_files: reached.files,
        reached_bytes: reached.bytes,
        not_understood_files: reached.files - understood.files,
        not_understood_bytes: reached.bytes - understood.bytes,
        not_understood: not_understood.collect(),
    }
}

fn install_command(command: &facts::InstallCommand) -> InstallCommand {
    InstallCommand {
        event: command.event.clone(),
        command: command.command.clone(),
        runs: command.runs.clone(),
        for_dependents: command.for_dependents,
    }
}

fn layer(layer: &facts::DecodedLayer) -> Layer {
    Layer {
        file: layer.location.file.clone(),
        line: layer.location.line,
        trigger: layer.trigger.as_str(),
        layer: layer.layer,
        bytes: layer.bytes,
        text: layer.text.clone(),
        is_understood: layer.is_understood,
    }
}

fn modules(facts: &PackageFacts) -> Vec<Module> {
    let path = |number: &u32| facts.modules.get(*number as usize).map(|module| module.path.clone());
    let module = |module: &facts::ReachedFile| Module {
        path: module.path.clone(),
        bytes: module.bytes,
        trigger: module.trigger.as_str(),
        loads: module.loads.iter().filter_map(path).collect(),
    };
    facts.modules.iter().map(module).collect()
}

fn import(import: &facts::ImportedPackage) -> Import {
    Import {
        name: import.name.clone(),
        specifier: import.specifier.clone(),
        trigger: import.trigger.as_str(),
        file: import.location.file.clone(),
        line: known(import.location.line),
    }
}

fn signal(signal: &facts::Signal) -> Signal {
    Signal {
        kind: signal.kind.as_str(),
        trigger: signal.trigger.as_str(),
        strength: signal.strength,
        evidence: evidence(&signal.evidence),
    }
}

fn anomaly(anomaly: &facts::ContainerAnomaly) -> Anomaly {
    Anomaly { kind: anomaly.kind.as_str(), path: anomaly.path.clone(), detail: anomaly.detail.clone() }
}
