//! Obfuscated code that can do harm.

use crate::opacity::is_seen_through;
use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "obfuscated-code-with-capabilities",
    summary: "Obfuscated code that reaches secrets, processes or the network",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1027"],
    remedy: REVIEW,
    doc: include_str!("obfuscated_code_with_capabilities.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases =
        c.obfuscation().filter(|signal| signal.trigger != Trigger::Install).filter_map(|signal| judge(c, signal));
    let compiled = c.of(CapabilityId::CodeNative).filter_map(|runs| compiled(c, runs));
    report_worst(out, &META, cases.chain(compiled).chain(c.flows().filter_map(|flow| bytes_command(c, flow))));
}

/// Code that was compiled before, in place of a source that could be read.
fn compiled(c: &Contents<'_>, runs: &Capability) -> Option<Case> {
    let what = name_of(runs)?;
    let is_compiled = what.starts_with("compiled code of ") && is_unasked(runs.trigger);
    let title = format!("{} runs {what} in place of source {}", c.label(), when_words(runs.trigger));
    is_compiled.then(|| Case::new(DOUBTFUL, title, evidence_of([runs])))
}

/// The bytes of a WebAssembly module say which programs are started.
fn bytes_command(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    let is_command = flow.source.id == CapabilityId::CodeNative && flow.sink.id == CapabilityId::ProcessSpawn;
    let connects = c
        .at(flow.trigger, CapabilityId::NetConnect)
        .find(|it| it.evidence.location().file == flow.sink.evidence.location().file && it.resource == Resource::Any);
    // What compilers make of programs in C has their `system`, but runs it when it is called.
    let grade = match (when(flow), connects) {
        (Trigger::Install, _) => DOUBTFUL,
        (Trigger::Import, Some(_)) => DOUBTFUL,
        _ => return None,
    };
    let title = format!("{} starts the programs that a WebAssembly module names {}", c.label(), when_words(when(flow)));
    let evidence = evidence_of([&flow.source, &flow.sink].into_iter().chain(connects));
    is_command.then(|| Case::new(grade, title, evidence))
}

fn judge(c: &Contents<'_>, signal: &vetch_model::facts::Signal) -> Option<Case> {
    let file = &signal.evidence.location().file;
    let here: Vec<&Capability> = c.reached().filter(|deed| deed.evidence.location().file == *file).collect();
    let any = |wanted: fn(&Capability) -> bool| here.iter().copied().find(|deed| wanted(deed));
    let loot = any(|deed| reads_secrets(deed) || deed.id == CapabilityId::BrowserHook && is_wallet(deed));
    let network = any(|deed| is_network(deed.id));
    let runs = any(|deed| deed.id == CapabilityId::ProcessSpawn);
    let environment = any(|deed| deed.id == CapabilityId::EnvEnumerate);
    let evaluates = any(|deed| matches!(deed.resource, Resource::Eval(EvalSource::Decoded | EvalSource::Downloaded)));
    let unasked = is_unasked(signal.trigger);
    let seen_through = is_seen_through(c, file, &here);
    let grade = match () {
        // What honest code does of which nothing is hidden.
        () if seen_through && runs.is_some() => ODD,
        () if loot.is_some() && network.is_some() => HARMFUL,
        () if network.is_some() && (runs.is_some() || environment.is_some() || evaluates.is_some()) && unasked => {
            DOUBTFUL
        }
        () if runs.is_some() && (environment.is_some() || evaluates.is_some()) && unasked => DOUBTFUL,
        () if loot.is_some() || runs.is_some() => ODD,
        () if network.is_some() => (Severity::Low, Confidence::Medium),
        () if unasked && here.iter().all(|deed| is_opaque(deed)) => return Some(opaque(c, signal, here)),
        () => return None,
    };
    let deeds: Vec<&Capability> = [loot, network, runs, environment, evaluates].into_iter().flatten().collect();
    let labels: std::collections::BTreeSet<&str> = deeds.iter().map(|deed| deed.id.as_str()).collect();
    let labels: Vec<&str> = labels.into_iter().collect();
    let title = format!("{file} of {} is obfuscated ({}) and uses {}", c.label(), signal.kind, list(&labels));
    let mut evidence = vec![signal.evidence.clone()];
    evidence.extend(evidence_of(deeds));
    Some(Case::new(grade, title, evidence))
}

/// Nothing, or nothing by name, is seen of what obfuscated code does: that is no sign that it does nothing.
fn opaque(c: &Contents<'_>, signal: &vetch_model::facts::Signal, here: Vec<&Capability>) -> Case {
    let file = &signal.evidence.location().file;
    let title = format!(
        "{file} of {} is obfuscated ({}) and could not be seen through {}",
        c.label(),
        signal.kind,
        when_words(signal.trigger)
    );
    let mut evidence = vec![signal.evidence.clone()];
    evidence.extend(evidence_of(here));
    // A computed module is what those load that have something to hide.
    Case::new(if evidence.len() > 1 { UNCLEAR } else { ODD }, title, evidence)
}

fn is_opaque(deed: &Capability) -> bool {
    match &deed.resource {
        Resource::Any => true,
        Resource::Named(name) => name.chars().all(|c| c == '*'),
        Resource::Eval(source) => *source != EvalSource::Constant,
        _ => false,
    }
}

fn is_wallet(hook: &Capability) -> bool {
    name_of(hook).is_some_and(|name| ["ethereum", "wallet", "solana", "web3"].iter().any(|word| name.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn what_is_not_seen_through_is_told_of() {
        let hidden = |at| Facts::new().caps([]).signal(SignalKind::StringArray, at, "index.js", 90).verdict(RULE);
        assert_eq!(hidden(Trigger::Import), Verdict::Notable);
        assert_eq!(hidden(Trigger::Call), Verdict::Clean);
    }

    const RULE: &str = "obfuscated-code-with-capabilities";

    fn obfuscated(trigger: Trigger, deeds: &[Capability]) -> Verdict {
        let deeds = deeds.iter().cloned().map(|deed| deed.at(trigger));
        Facts::new().signal(SignalKind::MangledNames, trigger, "setup.js", 80).caps(deeds).verdict(RULE)
    }

    #[test]
    fn company_decides() {
        let import = Trigger::Import;
        assert_eq!(obfuscated(import, &[net("*"), read(PathClass::Wallet, "~/x")]), Verdict::Malicious);
        assert_eq!(obfuscated(import, &[net("*"), spawn("sh")]), Verdict::Suspicious);
        assert_eq!(obfuscated(Trigger::Call, &[net("*"), spawn("sh")]), Verdict::Notable);
    }

    #[test]
    fn protected_products_are_at_most_notable() {
        assert_eq!(obfuscated(Trigger::Import, &[net("*")]), Verdict::Notable);
        assert_eq!(obfuscated(Trigger::Import, &[]), Verdict::Notable);
    }

    #[test]
    fn other_files_do_not_count() {
        let facts = Facts::new()
            .signal(SignalKind::MangledNames, Trigger::Import, "vendor.js", 80)
            .caps([net("*").at(Trigger::Import), spawn("sh").at(Trigger::Import)]);
        assert_eq!(facts.verdict(RULE), Verdict::Notable, "not seen through, and no worse for what others do");
    }
}
