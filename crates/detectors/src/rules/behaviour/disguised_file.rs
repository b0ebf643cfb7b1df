//! A file that is not what its name says.

use std::collections::HashMap;

use vetch_model::facts::Signal;

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "disguised-file",
    summary: "Ships a file whose contents are not what its name says",
    category: Category::Behaviour,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    techniques: &["T1036.008"],
    remedy: KNOW,
    doc: include_str!("disguised_file.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let executed = executed(c);
    let disguised = c.facts.signals.iter().filter(|signal| signal.kind == SignalKind::DisguisedFile);
    let cases = disguised.map(|signal| judge(c, signal, &executed));
    report_worst(out, &META, cases);
}

/// What runs files, by their base name, and when: those that are read and then executed, and those that are loaded.
fn executed<'a>(c: &Contents<'a>) -> HashMap<&'a str, (&'a Capability, Trigger)> {
    let runs = |id| matches!(id, CapabilityId::CodeEval | CapabilityId::CodeLoad | CapabilityId::ProcessSpawn);
    let read = c.flows().filter(|flow| flow.source.id == CapabilityId::FsRead && runs(flow.sink.id));
    let read = read.filter_map(|flow| Some((base(name_of(&flow.source)?), (&flow.sink, when(flow)))));
    let loaded = c.reached().filter(|load| matches!(load.id, CapabilityId::CodeLoad | CapabilityId::ProcessSpawn));
    let loaded = loaded.filter_map(|load| Some((base(name_of(load)?), (load, load.trigger))));
    let mut executed = HashMap::new();
    for (name, run) in loaded.chain(read) {
        let first = executed.entry(name).or_insert(run);
        if run.1 < first.1 {
            *first = run;
        }
    }
    executed
}

fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn judge(c: &Contents<'_>, signal: &Signal, executed: &HashMap<&str, (&Capability, Trigger)>) -> Case {
    let file = &signal.evidence.location().file;
    let runs = executed.get(base(file));
    let grade = match runs {
        Some((_, trigger)) if is_unasked(*trigger) => HARMFUL,
        Some(_) => DOUBTFUL,
        None => (Severity::Low, Confidence::Medium),
    };
    let then = runs.map(|(_, trigger)| format!(" and executes it {}", when_words(*trigger))).unwrap_or_default();
    let title = format!("{} ships {file}, which is not what its name says{then}", c.label());
    let mut evidence = vec![signal.evidence.clone()];
    evidence.extend(runs.map(|(run, _)| run.evidence.clone()));
    Case::new(grade, title, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "disguised-file";

    #[test]
    fn executing_it_is_malicious_and_shipping_it_notable() {
        let facts = Facts::new().signal(SignalKind::DisguisedFile, Trigger::Unreached, "img/logo.png", 100);
        assert_eq!(facts.verdict(RULE), Verdict::Notable);
        let run = facts.flow(read(PathClass::Package, "img/logo.png"), eval(EvalSource::Dynamic));
        assert_eq!(run.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn reading_an_honest_image_is_nothing() {
        let facts = Facts::new().flow(read(PathClass::Package, "img/logo.png"), net("*"));
        assert_eq!(facts.verdict(RULE), Verdict::Clean);
    }
}
