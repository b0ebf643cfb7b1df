//! Leaves a process running after it is installed.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "detached-install-process",
    summary: "Starts a process at install that outlives the installation",
    category: Category::Behaviour,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1543", "T1564.003"],
    remedy: REVIEW,
    doc: include_str!("detached_install_process.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c
        .of(CapabilityId::ProcessSpawn)
        .filter(|spawn| spawn.attributes.detached && is_unasked(spawn.trigger))
        .map(|spawn| judge(c, spawn));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, spawn: &Capability) -> Case {
    let hidden = c.concealment(spawn);
    let words = words_of(spawn);
    let interprets = name_of(spawn).is_some_and(crate::shell::is_interpreter);
    let inline =
        interprets && [" -e ", " -c ", "'-e'", "'-c'", "\"-e\"", "\"-c\""].iter().any(|flag| words.contains(flag));
    let places = ["<temp>", "tmpdir", "/tmp/", "/dev/shm/", "\\temp\\", "%temp%", "/library/caches/"];
    let odd_place = places.iter().any(|part| words.contains(part));
    let grade = match (hidden.is_some(), spawn.attributes.hidden) {
        (true, true) => HARMFUL,
        (true, false) => DOUBTFUL,
        (false, true) if spawn.trigger == Trigger::Install && (inline || odd_place) => DOUBTFUL,
        (false, _) => ODD,
    };
    let mut reasons = Vec::new();
    reasons.extend(spawn.attributes.hidden.then_some("out of sight"));
    reasons.extend(hidden.is_some().then_some("started by hidden code"));
    reasons.extend(odd_place.then_some("from a temporary folder"));
    let title = format!("{} leaves a process running {}{}", c.label(), when_words(spawn.trigger), because(&reasons));
    let mut evidence = vec![spawn.evidence.clone()];
    evidence.extend(hidden);
    Case::new(grade, title, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "detached-install-process";

    #[test]
    fn hidden_processes_are_judged_by_company() {
        let plain = Facts::new().caps([spawn("node flush.js").detached()]);
        assert_eq!(plain.verdict(RULE), Verdict::Notable);
        assert_eq!(
            plain.signal(SignalKind::StringArray, Trigger::Install, "setup.js", 80).verdict(RULE),
            Verdict::Malicious
        );
        assert_eq!(Facts::new().caps([spawn("sh -c /tmp/.x").detached()]).verdict(RULE), Verdict::Suspicious);
    }

    #[test]
    fn children_that_are_waited_for_are_nothing() {
        assert_eq!(Facts::new().caps([spawn("node-gyp rebuild")]).verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().caps([spawn("chrome").detached().at(Trigger::Call)]).verdict(RULE), Verdict::Clean);
    }
}
