//! Watches the user: keys, screen, clipboard, camera, microphone.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "input-capture",
    summary: "Records keys, screen, clipboard, camera or microphone and sends them away, without being asked",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1056.001", "T1113", "T1115", "T1123", "T1125"],
    remedy: CONTAIN,
    doc: include_str!("input_capture.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let sent = c.flows().filter_map(|flow| sent(c, &flow.source, &flow.sink, when(flow)));
    let recorded = c.reached().filter_map(|input| recorded(c, input));
    report_worst(out, &META, sent.chain(recorded));
}

/// What is recorded, in words.
fn words_for(id: CapabilityId) -> Option<&'static str> {
    match id {
        CapabilityId::InputKeyboard => Some("the keyboard"),
        CapabilityId::InputScreen => Some("the screen"),
        CapabilityId::InputClipboard => Some("the clipboard"),
        CapabilityId::InputCamera => Some("the camera"),
        CapabilityId::InputMicrophone => Some("the microphone"),
        _ => None,
    }
}

/// What is recorded and followed into the network.
fn sent(c: &Contents<'_>, input: &Capability, sink: &Capability, trigger: Trigger) -> Option<Case> {
    let what = words_for(input.id).filter(|_| is_network(sink.id))?;
    let host = c.host(sink);
    let hidden = c.concealment(input).or_else(|| c.concealment(sink));
    if !host.is_remote() {
        return None;
    }
    // Remote desktops, recorders and dictation do so when they are started.
    let grade = sent_grade(trigger, &host, hidden.is_some()).unwrap_or(FACT);
    let title = format!("{} records {what} and sends it to {} {}", c.label(), host.words(), when_words(trigger));
    Some(Case::sent(grade, &title, [input, sink], hidden))
}

/// What is recorded by code that also has the network. Pages listen to keys and paste from the clipboard by
/// nature; nobody is filmed by being imported.
fn recorded(c: &Contents<'_>, input: &Capability) -> Option<Case> {
    let is_written = name_of(input) == Some("written");
    let what = words_for(input.id).filter(|_| is_unasked(input.trigger) && !is_written)?;
    let hidden = c.concealment(input);
    let network = c.of(CapabilityId::NetConnect).find(|connection| c.host(connection).is_foreign());
    let is_watching =
        matches!(input.id, CapabilityId::InputScreen | CapabilityId::InputCamera | CapabilityId::InputMicrophone);
    let file = &input.evidence.location().file;
    let beside = c
        .at(input.trigger, CapabilityId::NetConnect)
        .find(|connection| connection.evidence.location().file == *file && c.host(connection).is_foreign());
    let grade = match (input.trigger, network.is_some()) {
        (_, true) if hidden.is_some() => HARMFUL,
        // Programs of their own kind listen to keys and show screens; a module that does and connects does not.
        _ if beside.is_some() && file.ends_with(".py") && input.id != CapabilityId::InputClipboard => HARMFUL,
        (Trigger::Install, true) => HARMFUL,
        (Trigger::Install, false) => DOUBTFUL,
        (_, true) if is_watching => DOUBTFUL,
        (_, false) if is_watching || hidden.is_some() => UNCLEAR,
        _ if input.id == CapabilityId::InputClipboard => UNCLEAR,
        _ => return None,
    };
    let network = beside.or(network);
    let beside = if network.is_some() { ", and connects to the network" } else { "" };
    let title = format!("{} records {what} {}{beside}", c.label(), when_words(input.trigger));
    let mut evidence = evidence_of([input].into_iter().chain(network));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "input-capture";

    fn keys(trigger: Trigger) -> Capability {
        cap(CapabilityId::InputKeyboard, Resource::None).at(trigger)
    }

    #[test]
    fn what_is_recorded_and_sent_unasked_is_malicious() {
        let sent = |host: &str, at| Facts::new().flow(keys(at), net(host).at(at)).verdict(RULE);
        assert_eq!(sent("keys.other.invalid", Trigger::Import), Verdict::Malicious);
        assert_eq!(sent("*", Trigger::Import), Verdict::Suspicious);
        assert_eq!(sent("localhost:80", Trigger::Import), Verdict::Clean);
        assert_eq!(sent("api.other.invalid", Trigger::Call), Verdict::Notable);
    }

    #[test]
    fn pages_listen_to_keys() {
        let facts = Facts::new().caps([keys(Trigger::Import), net("api.other.invalid").at(Trigger::Call)]);
        assert_eq!(facts.verdict(RULE), Verdict::Clean);
    }

    #[test]
    fn nobody_is_filmed_by_an_import() {
        let screen = |at| cap(CapabilityId::InputScreen, Resource::None).at(at);
        let with_network = |at| Facts::new().caps([screen(at), net("up.other.invalid").at(at)]).verdict(RULE);
        assert_eq!(with_network(Trigger::Install), Verdict::Malicious);
        assert_eq!(with_network(Trigger::Import), Verdict::Suspicious);
        assert_eq!(with_network(Trigger::Call), Verdict::Clean);
    }
}
