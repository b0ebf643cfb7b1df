//! Questions that rules ask of a package's contents, and how they report.

use std::collections::HashMap;

use vetch_model::capability::{Capability, CapabilityId, EvalSource, PathClass, Resource, Trigger};
use vetch_model::evidence::Evidence;
use vetch_model::facts::{InstallCommand, PackageFacts, Signal, SignalKind};
use vetch_model::finding::{Confidence, Finding, Severity};
use vetch_model::inventory::{Role, Source};
use vetch_model::profile::Flow;
use vetch_model::rule::RuleMeta;

use crate::hosts::Host;
use crate::input::ReleaseFacts;
use crate::lineage::Sign;
use crate::secrets::list;

/// One set of contents of a release: those of its archive, or of an installed copy that differs.
pub struct Contents<'a> {
    /// The release they belong to.
    pub release: &'a ReleaseFacts<'a>,
    /// What they say.
    pub facts: &'a PackageFacts,
    /// Addresses that the release says are its makers'.
    pub(crate) own_addresses: Vec<&'a str>,
    /// By file: where it executes what it decodes. Indexed, because rules ask for every flow.
    decoders: HashMap<&'a str, &'a Capability>,
    /// By file: the strongest sign that it was written not to be read.
    obfuscated: HashMap<&'a str, &'a Signal>,
}

/// How bad, how sure.
pub(crate) type Grade = (Severity, Confidence);

/// `malicious`, beyond doubt.
pub(crate) const CERTAIN: Grade = (Severity::Critical, Confidence::High);
/// `malicious`.
pub(crate) const HARMFUL: Grade = (Severity::Critical, Confidence::Medium);
/// `suspicious`, with several signs that agree.
pub(crate) const ALARMING: Grade = (Severity::High, Confidence::High);
/// `suspicious`.
pub(crate) const DOUBTFUL: Grade = (Severity::High, Confidence::Medium);
/// `notable`: bad if true, but honest code does it too.
pub(crate) const UNCLEAR: Grade = (Severity::High, Confidence::Low);
/// `notable`.
pub(crate) const ODD: Grade = (Severity::Medium, Confidence::Medium);
/// `notable`: a plain fact.
pub(crate) const FACT: Grade = (Severity::Low, Confidence::High);

/// Most evidence that one finding carries: enough to be convinced, short enough to be read.
const MAX_EVIDENCE: usize = 6;

/// Most that is said of one place.
const MAX_NOTES: usize = 3;

/// Adds a finding that rests on `evidence`, strongest first; without evidence there is none.
pub(crate) fn report(
    out: &mut Vec<Finding>,
    meta: &'static RuleMeta,
    grade: Grade,
    title: impl Into<String>,
    evidence: Vec<Evidence>,
) {
    let mut evidence = distinct(evidence).into_iter();
    let Some(first) = evidence.next() else { return };
    let finding = Finding::new(meta, title, first).with_severity(grade.0).with_confidence(grade.1);
    out.push(finding.with_evidence(evidence));
}

/// Each place once with all that is said of it, as much as a finding carries: a line that decodes, connects and
/// runs is shown once.
fn distinct(evidence: impl IntoIterator<Item = Evidence>) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = Vec::new();
    for more in evidence {
        if let Some(known) = all.iter_mut().find(|known| same_place(known, &more)) {
            *known = merged(known, more.note());
        } else if all.len() < MAX_EVIDENCE {
            all.push(more);
        }
    }
    all
}

/// Whether two pieces show the same words of the same place. Decoded layers stand at the place that holds
/// them, so the place alone does not tell.
fn same_place(a: &Evidence, b: &Evidence) -> bool {
    a.clone().with_note("") == b.clone().with_note("")
}

/// The evidence with one more note, unless it is said already or enough is said.
fn merged(known: &Evidence, more: &str) -> Evidence {
    // Several programs of one command: the command is quoted once.
    let more = match more.split_once(": `") {
        Some((start, command)) if known.note().contains(command) => start,
        _ => more,
    };
    let notes: Vec<&str> = known.note().split("; ").filter(|note| !note.is_empty()).collect();
    let is_said = more.is_empty() || more.split("; ").all(|note| notes.contains(&note));
    match is_said || notes.len() >= MAX_NOTES {
        true => known.clone(),
        false => known.clone().with_note([notes.as_slice(), &[more]].concat().join("; ")),
    }
}

/// When a flow is complete: a secret read at import and sent from a function that users call is sent at call, and so
/// is one that such a function hands to a connection made at import.
pub(crate) fn when(flow: &Flow) -> Trigger {
    flow.trigger.max(flow.sink.trigger).max(flow.source.trigger)
}

/// Whether code of this trigger runs without anyone asking for what it does.
pub(crate) fn is_unasked(trigger: Trigger) -> bool {
    matches!(trigger, Trigger::Install | Trigger::Import)
}

/// When something runs, for a title.
pub(crate) fn when_words(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Install => "when it is installed",
        Trigger::Import => "as soon as it is imported",
        Trigger::Bin => "when its command is run",
        Trigger::Call => "when it is called",
        Trigger::Test => "in its tests",
        Trigger::Unreached => "in code that nothing reaches",
    }
}

/// The path class of a file-system capability.
pub(crate) fn class_of(capability: &Capability) -> Option<PathClass> {
    match capability.resource {
        Resource::Path { class, .. } => Some(class),
        _ => None,
    }
}

/// The path, command, host or item it acts on, where known.
pub(crate) fn name_of(capability: &Capability) -> Option<&str> {
    match &capability.resource {
        Resource::Named(name) => Some(name),
        Resource::Path { path, .. } => path.as_deref(),
        _ => None,
    }
}

/// What it acts on and the line that says so: analysis keeps the program of a command, the line shows the rest.
pub(crate) fn words_of(capability: &Capability) -> String {
    let shown = match &capability.evidence {
        Evidence::Code { excerpt, .. } => excerpt,
        Evidence::Field { found, .. } => found,
        Evidence::File { .. } => "",
    };
    format!("{} {shown}", name_of(capability).unwrap_or_default()).to_ascii_lowercase()
}

/// A path of the package's own, relative to it: `<package>/a.js` and `./a.js` are `a.js`.
pub(crate) fn own_path(capability: &Capability) -> Option<&str> {
    if class_of(capability) != Some(PathClass::Package) {
        return None;
    }
    let path = name_of(capability)?;
    Some(path.strip_prefix("<package>").unwrap_or(path).trim_start_matches("./").trim_start_matches('/'))
}

/// Whether it reads something of the user's that is worth stealing.
pub(crate) fn reads_secrets(capability: &Capability) -> bool {
    capability.id == CapabilityId::FsRead
        && matches!(class_of(capability), Some(PathClass::Credentials | PathClass::Wallet | PathClass::Browser))
}

/// Whether it carries data out of the machine.
pub(crate) fn is_network(id: CapabilityId) -> bool {
    matches!(id, CapabilityId::NetConnect | CapabilityId::NetDns)
}

/// How bad it is that what nobody gives away is sent to a host. `None`: it stays on this machine, or someone asks for it
/// and nothing else is odd.
pub(crate) fn sent_grade(trigger: Trigger, host: &Host, is_hidden: bool) -> Option<Grade> {
    match (is_unasked(trigger), is_hidden) {
        _ if !host.is_remote() => None,
        (true, true) => Some(CERTAIN),
        (true, false) if host.is_foreign() || trigger == Trigger::Install => Some(HARMFUL),
        (true, false) => Some(DOUBTFUL),
        (false, true) => Some(HARMFUL),
        (false, false) => host.is_alarming().then_some(DOUBTFUL),
    }
}

/// The evidence of capabilities, each place once, as much as a finding carries.
pub(crate) fn evidence_of<'a>(capabilities: impl IntoIterator<Item = &'a Capability>) -> Vec<Evidence> {
    distinct(capabilities.into_iter().map(|capability| capability.evidence.clone()))
}

impl<'a> Contents<'a> {
    /// These contents of that release.
    pub fn new(release: &'a ReleaseFacts<'a>, facts: &'a PackageFacts) -> Self {
        let (decoders, obfuscated) = (HashMap::new(), HashMap::new());
        let own_addresses = crate::hosts::own_addresses(facts);
        let mut contents = Contents { release, facts, own_addresses, decoders, obfuscated };
        contents.decoders = contents.decoded_evals().map(|eval| (file_of(&eval.evidence), eval)).collect();
        for signal in contents.obfuscation() {
            let strongest = contents.obfuscated.entry(file_of(&signal.evidence)).or_insert(signal);
            if signal.strength > strongest.strength {
                *strongest = signal;
            }
        }
        contents
    }

    /// Every capability of code that an entry reaches.
    pub(crate) fn reached(&self) -> impl Iterator<Item = &'a Capability> + use<'a> {
        self.facts.profile.capabilities.iter().filter(|capability| capability.trigger.is_reached())
    }

    /// Capabilities of one id, in reached code.
    pub(crate) fn of(&self, id: CapabilityId) -> impl Iterator<Item = &'a Capability> + use<'a> {
        self.reached().filter(move |capability| capability.id == id)
    }

    /// Capabilities of one id at one trigger.
    pub(crate) fn at(&self, trigger: Trigger, id: CapabilityId) -> impl Iterator<Item = &'a Capability> + use<'a> {
        self.of(id).filter(move |capability| capability.trigger == trigger)
    }

    /// Flows whose whole chain is reached.
    pub(crate) fn flows(&self) -> impl Iterator<Item = &'a Flow> + use<'a> {
        self.facts.profile.flows.iter().filter(|flow| when(flow).is_reached())
    }

    /// Shell lines that npm runs when this release is installed. For git sources and the user's own
    /// code these include `prepare`.
    pub(crate) fn install_commands(&self) -> impl Iterator<Item = &'a InstallCommand> + use<'a> {
        let package = self.release.package;
        let all = package.role != Role::Dependency || matches!(package.source, Source::Git { .. });
        self.facts.install_commands.iter().filter(move |command| all || command.for_dependents)
    }

    /// The place it connects to, if this is a connection.
    pub(crate) fn host(&self, capability: &Capability) -> Host {
        Host::of(capability, &self.own_addresses)
    }

    /// What hides this code from a reader: it was decoded before it ran, or its file is
    /// obfuscated. Minified code is not hidden.
    pub(crate) fn concealment(&self, capability: &Capability) -> Option<Evidence> {
        if let Some(eval) = self.decoder(capability) {
            return Some(eval.evidence.clone());
        }
        self.obfuscated.get(file_of(&capability.evidence)).map(|signal| signal.evidence.clone())
    }

    /// Whether a file bears the marks of an obfuscator.
    pub(crate) fn is_obfuscated(&self, file: &str) -> bool {
        self.obfuscated.contains_key(file)
    }

    /// What decoded this capability's code before it ran. A layer alone does not say that it was decoded:
    /// development bundles `eval` literals, which hides nothing.
    fn decoder(&self, capability: &Capability) -> Option<&'a Capability> {
        (capability.layer > 0).then(|| self.decoders.get(file_of(&capability.evidence)).copied())?
    }

    /// Where decoded data is executed.
    pub(crate) fn decoded_evals(&self) -> impl Iterator<Item = &'a Capability> + use<'a> {
        self.of(CapabilityId::CodeEval).filter(|eval| eval.resource == Resource::Eval(EvalSource::Decoded))
    }

    /// Signs of obfuscation, in reached code. A lone encoded literal is none: WebAssembly and images are shipped so.
    /// Nor are invisible characters: bundles hold tables of emoji. They have a rule of their own.
    pub(crate) fn obfuscation(&self) -> impl Iterator<Item = &'a Signal> + use<'a> {
        self.facts.signals.iter().filter(|signal| signal.trigger.is_reached() && is_obfuscation(signal))
    }

    /// `name@version`.
    pub(crate) fn label(&self) -> String {
        self.release.package.label()
    }
}

fn file_of(evidence: &Evidence) -> &str {
    &evidence.location().file
}

fn is_obfuscation(signal: &Signal) -> bool {
    signal.kind.marks_obfuscator(signal.strength) || signal.kind == SignalKind::EscapedStrings && signal.strength >= 70
}

/// One way in which a rule may fire.
pub(crate) struct Case {
    /// How bad, how sure.
    pub grade: Grade,
    /// What was found, as a sentence.
    pub title: String,
    /// Strongest first.
    pub evidence: Vec<Evidence>,
}

impl Case {
    /// A case of this grade.
    pub(crate) fn new(grade: Grade, title: impl Into<String>, evidence: Vec<Evidence>) -> Case {
        Case { grade, title: title.into(), evidence }
    }

    /// A case of something that goes from one deed to the other, with what hides the code that does it.
    pub(crate) fn sent(grade: Grade, title: &str, [source, sink]: [&Capability; 2], hidden: Option<Evidence>) -> Case {
        let hiding = because(if hidden.is_some() { &["in hidden code"] } else { &[] });
        let mut evidence = evidence_of([source, sink]);
        evidence.extend(hidden);
        Case::new(grade, format!("{title}{hiding}"), evidence)
    }
}

/// Reports the worst of several cases as one finding, with the evidence of the equally bad ones.
/// Of any number of cases only that much is kept.
pub(crate) fn report_worst(out: &mut Vec<Finding>, meta: &'static RuleMeta, cases: impl IntoIterator<Item = Case>) {
    let mut worst: Option<Case> = None;
    for case in cases {
        match &mut worst {
            Some(known) if case.grade == known.grade => {
                let both = std::mem::take(&mut known.evidence).into_iter().chain(case.evidence);
                known.evidence = distinct(both);
            }
            Some(known) if case.grade > known.grade => {}
            _ => worst = Some(case),
        }
    }
    if let Some(case) = worst {
        report(out, meta, case.grade, case.title, case.evidence);
    }
}

/// Reports signs as one finding of this grade; one that is strong comes first.
pub(crate) fn report_signs(
    facts: &ReleaseFacts<'_>,
    meta: &'static RuleMeta,
    grade: Grade,
    signs: impl IntoIterator<Item = Option<Sign>>,
    out: &mut Vec<Finding>,
) {
    let mut signs: Vec<Sign> = signs.into_iter().flatten().collect();
    signs.sort_by_key(|sign| std::cmp::Reverse(sign.is_strong));
    let words: Vec<&str> = signs.iter().map(|sign| sign.words.as_str()).collect();
    let title = format!("{} {}", facts.package.label(), list(&words));
    report(out, meta, grade, title, signs.into_iter().flat_map(|sign| sign.evidence).collect());
}

/// ` (a, b)`, or nothing.
pub(crate) fn because(reasons: &[&str]) -> String {
    if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) }
}

/// Whether two things stand within so many bytes of one file.
pub(crate) fn stand_within(bytes: u32, one: &Capability, other: &Capability) -> bool {
    let (one, other) = (one.evidence.location(), other.evidence.location());
    one.file == other.file && one.span.start.abs_diff(other.span.start) < bytes
}

/// Whether `evade` names this mechanism. The ids are open: any spelling that holds the word counts.
pub(crate) fn evades(capability: &Capability, words: &[&str]) -> bool {
    capability.id == CapabilityId::Evade
        && name_of(capability).is_some_and(|name| words.iter().any(|word| name.to_ascii_lowercase().contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vetch_model::evidence::{Location, Span};

    fn code(line: u32, excerpt: &str, note: &str) -> Evidence {
        let location = Location { line, ..Location::file("a.js") };
        let (excerpt, note) = (excerpt.to_owned(), note.to_owned());
        Evidence::Code { location, excerpt, highlight: Span::default(), layer: 0, note }
    }

    #[test]
    fn one_place_is_shown_once_with_all_its_notes() {
        let all = distinct([
            code(1, "x", "connects to x"),
            code(1, "x", "starts chmod"),
            code(1, "x", "connects to x"),
            code(1, "x", ""),
            code(1, "decoded", "deletes y"),
            code(2, "x", "connects to x"),
        ]);
        let notes: Vec<&str> = all.iter().map(Evidence::note).collect();
        assert_eq!(notes, ["connects to x; starts chmod", "deletes y", "connects to x"]);
    }

    #[test]
    fn a_command_is_quoted_once() {
        let all = distinct([code(1, "x", "starts curl: `curl x | sh`"), code(1, "x", "starts sh: `curl x | sh`")]);
        assert_eq!(all.iter().map(Evidence::note).collect::<Vec<_>>(), ["starts curl: `curl x | sh`; starts sh"]);
    }

    #[test]
    fn neither_places_nor_notes_are_without_end() {
        let all = distinct((0..100).map(|number| code(number % 10, "x", &number.to_string())));
        assert_eq!(all.len(), MAX_EVIDENCE);
        assert_eq!(all[0].note(), "0; 10; 20");
    }
}
