//! Install scripts that appeared, and those that the registry does not know of.

use std::collections::BTreeSet;

use vetch_model::facts::InstallCommand;

use crate::input::ReleaseFacts;
use crate::installing::acts;
use crate::lineage::{Sign, field};
use crate::query::Contents;
use crate::rules::manifest::binding_gyp_command::command_evidence;

/// What npm adds by itself for native code.
const GYP: &str = "node-gyp rebuild";

/// Something that runs when the release is installed, and nothing did before. Strong if it does more there than
/// builds do.
pub(crate) fn install_script_appeared(facts: &ReleaseFacts<'_>) -> Option<Sign> {
    let before = events_before(facts)?;
    let Some(contents) = facts.contents else { return declared(facts, &before) };
    let contents = Contents::new(facts, contents);
    let new: Vec<&InstallCommand> = contents
        .install_commands()
        .filter(|command| command.event != "binding.gyp" && command.command.trim() != GYP)
        .filter(|command| !before.contains(&command.event))
        .collect();
    let first = new.first()?;
    let doing = acts(&contents);
    let words = match doing.hostile.first() {
        Some((words, _)) => format!("runs `{}` when it is installed, which {words}", first.command),
        None => format!("runs `{}` when it is installed", first.command),
    };
    let note = "no release before it ran this";
    let mut evidence: Vec<_> = new.iter().map(|command| command_evidence(command, note)).collect();
    let is_strong = !doing.hostile.is_empty() || doing.connects || doing.spawns;
    evidence.extend(doing.hostile.into_iter().map(|(_, evidence)| evidence));
    Some(Sign { words, evidence, is_strong })
}

/// The events that ran something before; `None` if that is not known.
fn events_before(facts: &ReleaseFacts<'_>) -> Option<BTreeSet<String>> {
    if let Some(before) = &facts.before {
        let commands = before.contents.install_commands.iter().filter(|command| command.for_dependents);
        return Some(commands.map(|command| command.event.clone()).collect());
    }
    let lineage = facts.lineage?;
    let declaration = lineage.history.declaration(lineage.previous?)?;
    // That something runs may be all that is told.
    let is_opaque = declaration.has_install_script && declaration.install_scripts.is_empty();
    (!is_opaque).then(|| declaration.install_scripts.keys().cloned().collect())
}

/// As far as the registry alone tells.
fn declared(facts: &ReleaseFacts<'_>, before: &BTreeSet<String>) -> Option<Sign> {
    let lineage = facts.lineage?;
    let declaration = lineage.history.declaration(lineage.release)?;
    let is_new = |(event, command): &(&String, &String)| !before.contains(*event) && command.trim() != GYP;
    let (event, command) = declaration.install_scripts.iter().find(is_new)?;
    let name = format!("scripts.{event}");
    let evidence = field(lineage, &name, command.clone(), Some("absent".to_owned()), "no release before it ran this");
    Some(Sign::weak(format!("runs `{command}` when it is installed"), evidence))
}

/// Install scripts of the archive that the registry's document does not have: those who read only that see nothing.
pub(crate) fn manifest_mismatch(facts: &ReleaseFacts<'_>) -> Option<Sign> {
    let (lineage, contents) = (facts.lineage?, facts.contents?);
    let declaration = lineage.history.declaration(lineage.release)?;
    let tells_scripts = |release| lineage.history.declaration(release).is_some_and(|it| it.has_install_script);
    // A registry that never tells of scripts hides nothing of this one.
    let is_told = lineage.history.releases.iter().any(tells_scripts) || contents.manifest.is_some();
    if declaration.has_install_script || !is_told {
        return None;
    }
    let hidden = contents
        .install_commands
        .iter()
        .filter(|command| command.for_dependents && command.event != "binding.gyp" && command.command.trim() != GYP);
    let evidence: Vec<_> =
        hidden.map(|command| command_evidence(command, "the registry's document does not have it")).collect();
    let words = "has an install script that the registry's document does not show".to_owned();
    (!evidence.is_empty()).then_some(Sign { words, evidence, is_strong: true })
}
