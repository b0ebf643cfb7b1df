//! What fails a scan: the decision behind the exit status.

use vetch_model::Verdict;
use vetch_model::scan::{ReleaseResult, Scan};

/// What fails one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// The lowest verdict that fails.
    pub fail_on: Verdict,
    /// Whether something that could not be checked is let pass.
    pub allow_incomplete: bool,
}

impl Default for Gate {
    fn default() -> Self {
        Gate { fail_on: Verdict::Suspicious, allow_incomplete: false }
    }
}

/// How a scan ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judgement {
    /// Nothing at or above the failing level, everything checked (or let pass).
    Passed,
    /// Nothing at or above the failing level, but not everything was checked.
    Incomplete,
    /// Something at or above the failing level.
    Failed,
}

impl Gate {
    /// What one verdict, with or without missing parts beside it, comes to.
    ///
    /// `incomplete` fails only if the failing level is `incomplete` itself; with a lower
    /// or higher level it stays a status of its own, so that "not checked" and "found" are told apart.
    fn judge(&self, verdict: Verdict, missing: bool) -> Judgement {
        let missing = missing || verdict == Verdict::Incomplete;
        if verdict != Verdict::Incomplete && verdict >= self.fail_on {
            Judgement::Failed
        } else if missing && !self.allow_incomplete {
            if self.fail_on == Verdict::Incomplete { Judgement::Failed } else { Judgement::Incomplete }
        } else {
            Judgement::Passed
        }
    }
}

/// The worst that the gates make of a scan. What belongs to no target is judged by all of them.
pub fn judge(scan: &Scan, gates: &[Gate]) -> Judgement {
    let releases = scan.releases.iter().map(|release| judge_release(release, gates));
    let targets = scan.findings.iter().map(|found| {
        let gate = gates.get(found.target).copied().unwrap_or_default();
        gate.judge(found.finding.verdict(), false)
    });
    let missing = (!scan.incomplete.is_empty()).then(|| strictest(gates, Verdict::Clean, true));
    releases.chain(targets).chain(missing).max().unwrap_or(Judgement::Passed)
}

/// What one release comes to: judged by every target it is located in.
pub fn judge_release(release: &ReleaseResult, gates: &[Gate]) -> Judgement {
    let missing = !release.incomplete.is_empty();
    let own = release.locations.iter().filter_map(|location| gates.get(location.target));
    let own = own.map(|gate| gate.judge(release.verdict, missing)).max();
    own.unwrap_or_else(|| strictest(gates, release.verdict, missing))
}

fn strictest(gates: &[Gate], verdict: Verdict, missing: bool) -> Judgement {
    let default = || Gate::default().judge(verdict, missing);
    gates.iter().map(|gate| gate.judge(verdict, missing)).max().unwrap_or_else(default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vetch_model::outcome::Incomplete;
    use vetch_model::profile::Profile;
    use vetch_model::purl::Purl;
    use vetch_model::scan::ReleaseLocation;

    fn release(verdict: Verdict, targets: &[usize]) -> ReleaseResult {
        let location = |target: &usize| ReleaseLocation { target: *target, path: None, declared_at: None };
        ReleaseResult {
            purl: Purl::npm("a", Some("1.0.0")),
            verdict,
            score: 0,
            content_hash: None,
            locations: targets.iter().map(location).collect(),
            paths: Vec::new(),
            more_paths: false,
            findings: Vec::new(),
            excepted: Vec::new(),
            advisories: Vec::new(),
            indicators: Vec::new(),
            campaigns: Vec::new(),
            way_out: None,
            usage: None,
            profile: Profile::default(),
            incomplete: Vec::new(),
        }
    }

    fn scan(releases: Vec<ReleaseResult>) -> Scan {
        Scan { releases, ..Scan::default() }
    }

    #[test]
    fn the_failing_level_decides() {
        let gate = |fail_on| [Gate { fail_on, allow_incomplete: false }];
        for (verdict, fail_on, expected) in [
            (Verdict::Malicious, Verdict::Malicious, Judgement::Failed),
            (Verdict::Suspicious, Verdict::Malicious, Judgement::Passed),
            (Verdict::Incomplete, Verdict::Malicious, Judgement::Incomplete),
            (Verdict::Incomplete, Verdict::Notable, Judgement::Incomplete),
            (Verdict::Incomplete, Verdict::Incomplete, Judgement::Failed),
            (Verdict::Notable, Verdict::Incomplete, Judgement::Passed),
            (Verdict::Notable, Verdict::Notable, Judgement::Failed),
            (Verdict::Clean, Verdict::Notable, Judgement::Passed),
        ] {
            let judged = judge(&scan(vec![release(verdict, &[0])]), &gate(fail_on));
            assert_eq!(judged, expected, "{verdict} under {fail_on}");
        }
    }

    #[test]
    fn missing_parts_are_seen_behind_a_worse_verdict_that_passes() {
        let mut release = release(Verdict::Suspicious, &[0]);
        release.incomplete.push(Incomplete::new("a.js", "too large", "look"));
        let gate = Gate { fail_on: Verdict::Malicious, allow_incomplete: false };
        assert_eq!(judge(&scan(vec![release.clone()]), &[gate]), Judgement::Incomplete);
        let gate = Gate { allow_incomplete: true, ..gate };
        assert_eq!(judge(&scan(vec![release]), &[gate]), Judgement::Passed);
    }

    #[test]
    fn each_target_has_its_own_gate() {
        let lax = Gate { fail_on: Verdict::Malicious, allow_incomplete: true };
        let gates = [Gate::default(), lax];
        assert_eq!(judge(&scan(vec![release(Verdict::Suspicious, &[1])]), &gates), Judgement::Passed);
        assert_eq!(judge(&scan(vec![release(Verdict::Suspicious, &[1, 0])]), &gates), Judgement::Failed);
        assert_eq!(judge(&scan(vec![release(Verdict::Suspicious, &[])]), &gates), Judgement::Failed);
    }
}
