//! The words that the forms for people share.

use std::collections::BTreeSet;

use vetch_model::facts::{InstallCommand, PackageFacts, ReachedFile, Unread};
use vetch_model::{Capability, Evidence, Trigger, Verdict};

use super::InspectView;
use crate::label::{counted, release_label, size};

/// The heading of what is done at a trigger.
pub(super) fn when(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Install => "When it is installed",
        Trigger::Import => "When it is imported",
        Trigger::Bin => "When its commands are run",
        Trigger::Call => "When its functions are called",
        Trigger::Test => "When its tests are run",
        Trigger::Unreached => "In code that nothing was seen to run",
    }
}

/// A command that runs at install.
pub(super) fn install_command(command: &InstallCommand) -> String {
    match command.event.ends_with(".py") {
        true => format!("the installer runs `{}` if it builds from source", command.command),
        false => format!("npm runs its {} script: `{}`", command.event, command.command),
    }
}

/// What the release is, in one line; nothing if its contents could not be had.
pub(super) fn consists_of(facts: &PackageFacts) -> String {
    let all = counted(facts.files as usize, "file", "files");
    format!("{all}, {}; {} of source code in {}", size(facts.bytes), size(facts.parsed_bytes), facts.parsed_files)
}

/// What the release says of itself, in one line.
pub(super) fn says_of_itself(facts: &PackageFacts) -> String {
    let Some(manifest) = &facts.manifest else { return String::new() };
    let fields = [&manifest.description, &manifest.author, &manifest.license, &manifest.homepage, &manifest.repository];
    let mut said: Vec<&str> = Vec::new();
    for field in fields.into_iter().flatten() {
        if !field.is_empty() && !said.contains(&field.as_str()) {
            said.push(field);
        }
    }
    said.join(" · ")
}

/// What one line of code does: capabilities that are told together.
#[derive(Debug)]
pub(super) struct Deed<'c> {
    /// The first of them.
    pub(super) first: &'c Capability,
    /// In words.
    pub(super) text: String,
    /// `id(resource)` of each.
    pub(super) labels: Vec<String>,
}

/// Capabilities as they are told: those of one line and one command are one deed.
pub(super) fn deeds<'c>(capabilities: &[&'c Capability]) -> Vec<Deed<'c>> {
    let mut deeds: Vec<Deed<'c>> = Vec::new();
    let is_same = |one: &Capability, other: &Capability| {
        let at = |capability: &Capability| (capability.evidence.location().clone(), capability.layer);
        let (one_said, other_said) = (said(one), said(other));
        at(one) == at(other) && (one_said == other_said || one_said.1.is_some() && one_said.1 == other_said.1)
    };
    for capability in capabilities {
        let (head, _) = said(capability);
        match deeds.last_mut().filter(|deed| is_same(deed.first, capability)) {
            Some(deed) => {
                if let Some(program) = head.strip_prefix(STARTS).filter(|_| said(deed.first).0 != head) {
                    deed.text.insert_str(deed.text.find(": `").unwrap_or(0), &format!(", {program}"));
                }
                deed.labels.push(capability.label());
            }
            None => {
                let note = capability.evidence.note().trim();
                let text = if note.is_empty() { capability.label() } else { note.to_owned() };
                deeds.push(Deed { first: capability, text, labels: vec![capability.label()] });
            }
        }
    }
    deeds
}

const STARTS: &str = "starts ";

/// The words of a capability, and the command that they quote.
fn said(capability: &Capability) -> (&str, Option<&str>) {
    let note = capability.evidence.note().trim();
    match note.split_once(": `").filter(|_| note.starts_with(STARTS)) {
        Some((head, command)) => (head, Some(command)),
        None => (note, None),
    }
}

/// `file:line`, and how deep it was decoded.
pub(super) fn place(capability: &Capability) -> String {
    let at = capability.evidence.location();
    let line = if at.line > 0 { format!("{}:{}", at.file, at.line) } else { at.file.clone() };
    match capability.layer {
        0 => line,
        1 => format!("{line}, decoded"),
        layer => format!("{line}, decoded {layer} times"),
    }
}

/// The line of code, where the evidence is one.
pub(super) fn excerpt(capability: &Capability) -> Option<&str> {
    match &capability.evidence {
        Evidence::Code { excerpt, .. } => Some(excerpt.trim()),
        _ => None,
    }
}

/// How much was not understood, in a sentence.
pub(super) fn not_understood(view: &InspectView<'_>) -> String {
    let (reached, understood) = view.understood();
    let files = counted(reached.files, "source file", "source files");
    if reached.files == 0 {
        return "no source file of it is run by anything that was seen".to_owned();
    }
    if reached == understood {
        return format!("nothing: all of the {files} that something runs ({})", size(reached.bytes));
    }
    let missing = (reached.files - understood.files, size(reached.bytes - understood.bytes));
    format!("{} of {files} that something runs, {} of {}", missing.0, missing.1, size(reached.bytes))
}

/// One file that was not understood.
pub(super) fn unread(unread: &Unread) -> String {
    let detail = if unread.detail.is_empty() { String::new() } else { format!(": {}", unread.detail) };
    format!("{} ({}, {}){detail}", unread.path, unread.trigger, unread.reason)
}

/// The files of the module graph from which a trigger starts: those that nothing else reached loads.
pub(super) fn roots(facts: &PackageFacts, trigger: Trigger) -> Vec<usize> {
    let loaded: BTreeSet<u32> = facts.modules.iter().flat_map(|module| module.loads.iter().copied()).collect();
    let is_root = |(number, module): &(usize, &ReachedFile)| {
        let is_loaded = u32::try_from(*number).is_ok_and(|number| loaded.contains(&number));
        module.trigger == trigger && !is_loaded
    };
    facts.modules.iter().enumerate().filter(is_root).map(|(number, _)| number).collect()
}

/// How it ends.
pub(super) fn sentence(view: &InspectView<'_>) -> String {
    let name = release_label(&view.release.purl);
    match view.release.verdict {
        Verdict::Malicious => format!("{name} is malicious: do not install, import or run it."),
        Verdict::Suspicious => format!("{name} is suspicious: a person must look before it is used."),
        Verdict::Incomplete => format!("{name} could not be judged: not all of it was checked."),
        Verdict::Notable => format!("{name} does what is worth knowing, and nothing that speaks against it was found."),
        Verdict::Clean => format!("Everything of {name} was checked, and nothing found."),
    }
}
