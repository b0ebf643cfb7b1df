//! What a release does without being asked: when it is installed or imported.

use crate::rules::behaviour::self_deleting_script::is_self_deletion;
use crate::rules::prelude::*;

/// What it does unasked, with the evidence.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    /// What honest packages hardly ever do.
    hostile: Vec<(&'static str, Evidence)>,
    /// What some have a reason for.
    plain: Vec<(&'static str, Evidence)>,
    connects: bool,
    runs: bool,
    has_install_command: bool,
}

impl Deeds {
    pub(crate) fn of(c: &Contents<'_>) -> Deeds {
        let mut deeds = Deeds::default();
        for capability in c.reached().filter(|capability| is_unasked(capability.trigger)) {
            deeds.take(c, capability);
        }
        for flow in c.flows().filter(|flow| is_unasked(when(flow)) && is_network(flow.sink.id)) {
            if flow.source.id == CapabilityId::EnvEnumerate {
                note(&mut deeds.hostile, "sends the environment away", &flow.sink.evidence);
            }
        }
        if let Some(signal) = c.obfuscation().find(|signal| is_unasked(signal.trigger)) {
            note(&mut deeds.hostile, "hides its code", &signal.evidence);
        }
        let command = c.install_commands().find(|command| command.command.trim() != "node-gyp rebuild");
        if let Some(command) = command {
            deeds.has_install_command = true;
            let evidence = Evidence::Field {
                location: command.location.clone(),
                field: command.event.clone(),
                found: command.command.clone(),
                expected: None,
                note: "runs when it is installed".to_owned(),
            };
            note(&mut deeds.plain, "runs a command when it is installed", &evidence);
        }
        deeds
    }

    fn take(&mut self, c: &Contents<'_>, capability: &Capability) {
        let evidence = &capability.evidence;
        let is_install = capability.trigger == Trigger::Install;
        let hostile = match capability.id {
            _ if is_self_deletion(c, capability) => Some("deletes its own code"),
            CapabilityId::FsRead if reads_secrets(capability) => Some("reads secrets"),
            CapabilityId::Persist => Some("makes something start by itself"),
            CapabilityId::ProcessInject => Some("reaches into other processes"),
            CapabilityId::ProcessSpawn if is_install && capability.attributes.detached => {
                Some("leaves a process running")
            }
            CapabilityId::CodeEval => match capability.resource {
                Resource::Eval(EvalSource::Decoded) => Some("runs code that it decodes"),
                Resource::Eval(EvalSource::Downloaded) => Some("runs code that it downloads"),
                _ => None,
            },
            _ => None,
        };
        if let Some(words) = hostile {
            return note(&mut self.hostile, words, evidence);
        }
        match (capability.id, is_install) {
            (id, _) if is_network(id) && c.host(capability).is_remote() => {
                self.connects |= is_install;
                let words =
                    if is_install { "connects when it is installed" } else { "connects as soon as it is imported" };
                note(&mut self.plain, words, evidence);
            }
            // Beyond the install command itself.
            (CapabilityId::ProcessSpawn, _) if evidence.location().file != "package.json" => {
                self.runs |= is_install;
                let words = if is_install {
                    "starts programs when it is installed"
                } else {
                    "starts programs when it is imported"
                };
                note(&mut self.plain, words, evidence);
            }
            _ => {}
        }
    }

    /// Whether any of it is what honest packages hardly ever do.
    pub(crate) fn is_hostile(&self) -> bool {
        !self.hostile.is_empty()
    }

    /// Whether it connects or starts programs.
    pub(crate) fn acts(&self) -> bool {
        self.plain.len() > usize::from(self.has_install_command)
    }

    /// Whether it runs a command of its own when it is installed.
    pub(crate) fn installs(&self) -> bool {
        self.has_install_command
    }

    pub(crate) fn connects_and_runs_at_install(&self) -> bool {
        self.connects && self.runs
    }

    pub(crate) fn words(&self) -> Vec<&'static str> {
        self.hostile.iter().chain(&self.plain).map(|(words, _)| *words).collect()
    }

    pub(crate) fn evidence(&self) -> impl Iterator<Item = Evidence> {
        let with_note = |(words, evidence): &(&str, Evidence)| match evidence.note() {
            "" => evidence.clone().with_note(*words),
            _ => evidence.clone(),
        };
        self.hostile.iter().chain(&self.plain).map(with_note)
    }
}

/// Each deed once.
fn note(deeds: &mut Vec<(&'static str, Evidence)>, words: &'static str, evidence: &Evidence) {
    if deeds.iter().all(|(known, _)| *known != words) {
        deeds.push((words, evidence.clone()));
    }
}
