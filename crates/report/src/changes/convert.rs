//! From the model to the public types.

use vetch_model::change::Change;
use vetch_model::history::{Channel, HistoricRelease, History};

use super::sections::moment;
use super::types::*;
use super::{ChangeView, Published, SCHEMA_ID};
use crate::ToolInfo;
use crate::json::{capability, evidence, flow, incomplete, release, tool};

pub(crate) fn report(view: &ChangeView<'_>, by: &ToolInfo) -> ReleaseDiff {
    ReleaseDiff {
        schema: SCHEMA_ID,
        tool: tool(by),
        old: view.old.to_owned(),
        release: release(view.new),
        change: view.change.map(contents),
        incomplete: view.incomplete().into_iter().map(incomplete).collect(),
        publishing: view.published.as_ref().map(publishing),
    }
}

fn contents(change: &Change) -> ChangedContents {
    let command = |command: &vetch_model::facts::InstallCommand| Command {
        event: command.event.clone(),
        command: command.command.clone(),
    };
    let field = |name: &str, before: &Option<String>, now: &Option<String>| ChangedField {
        name: name.to_owned(),
        before: before.clone(),
        now: now.clone(),
    };
    ChangedContents {
        gained: change.gained.iter().map(capability).collect(),
        lost: change.lost.iter().map(capability).collect(),
        flows: change.flows.iter().map(flow).collect(),
        install_commands: change.commands.iter().map(command).collect(),
        former_install_commands: change.former_commands.iter().map(command).collect(),
        dependencies: change.dependencies.iter().map(|(name, before, now)| field(name, before, now)).collect(),
        imports: change.imports.iter().map(|import| import.name.clone()).collect(),
        signals: change
            .signals
            .iter()
            .map(|signal| LookOf { kind: signal.kind.as_str(), evidence: evidence(&signal.evidence) })
            .collect(),
        layers: [change.layers.0, change.layers.1],
        files: [change.files.0, change.files.1],
        bytes: [change.bytes.0, change.bytes.1],
        reached_files: change.reached.clone(),
        changed_files: change
            .contents
            .iter()
            .map(|file| ChangedFile { path: file.path.clone(), before: file.before, now: file.now })
            .collect(),
        fields: change.fields.iter().map(|(name, before, now)| field(name, before, now)).collect(),
    }
}

fn publishing(published: &Published<'_>) -> Publishing {
    Publishing {
        registry: published.history.registry.clone(),
        old: published.old.map(|old| one(published.history, old)),
        new: one(published.history, published.new),
        unavailable: published.history.unavailable.iter().map(|source| source.as_str()).collect(),
    }
}

fn one(history: &History, release: &HistoricRelease) -> PublishedRelease {
    PublishedRelease {
        version: release.version.clone(),
        published: release.published.map(moment),
        publisher: history.publisher(release).map(|account| account.name.clone()),
        trusted: matches!(release.channel, Channel::Trusted { .. }),
        provenance: release.has_provenance,
        commit: release.commit.clone(),
    }
}
