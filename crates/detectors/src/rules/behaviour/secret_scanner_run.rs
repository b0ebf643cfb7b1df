//! Runs a scanner for secrets on the machine that it is installed on.

use crate::rules::prelude::*;
use crate::shell::program_of;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "secret-scanner-run",
    summary: "Runs a scanner for secrets when it is installed or imported",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1552.001", "T1083", "T1119"],
    remedy: CONTAIN,
    doc: include_str!("secret_scanner_run.md"),
};

/// Scanners that list the secrets they find, made for the owners of repositories.
const SCANNERS: &[&str] =
    &["trufflehog", "gitleaks", "noseyparker", "ggshield", "whispers", "detect-secrets", "talisman"];

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.of(CapabilityId::ProcessSpawn).filter_map(|spawn| judge(c, spawn));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, spawn: &Capability) -> Option<Case> {
    let scanner = scanner_in(name_of(spawn)?).filter(|_| is_unasked(spawn.trigger))?;
    let hidden = c.concealment(spawn);
    let connection = c.at(spawn.trigger, CapabilityId::NetConnect).find(|connection| c.host(connection).is_foreign());
    let grade = if hidden.is_some() || connection.is_some() { HARMFUL } else { DOUBTFUL };
    let beside = if connection.is_some() { ", and connects to the network" } else { "" };
    let title = format!("{} runs {scanner}, which finds secrets, {}{beside}", c.label(), when_words(spawn.trigger));
    let mut evidence = evidence_of([spawn].into_iter().chain(connection));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

fn scanner_in(command: &str) -> Option<&'static str> {
    let program = program_of(command);
    SCANNERS.iter().copied().find(|scanner| *scanner == program)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "secret-scanner-run";

    #[test]
    fn scanners_are_run_by_owners() {
        let run = || spawn("/tmp/trufflehog filesystem /");
        assert_eq!(Facts::new().caps([run()]).verdict(RULE), Verdict::Suspicious);
        assert_eq!(Facts::new().caps([run(), net("ci.other.invalid")]).verdict(RULE), Verdict::Malicious);
        assert_eq!(Facts::new().caps([run().at(Trigger::Bin)]).verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().caps([spawn("git status")]).verdict(RULE), Verdict::Clean);
    }
}
