//! Applies the policies to findings, and reports exceptions that excuse nothing.

use jiff::civil::Date;
use vetch_model::scan::TargetFinding;
use vetch_model::{ContentHash, Evidence, Finding, Location, Purl};

use super::load::{Loaded, Policies};
use super::rules::{EXPIRED_EXCEPTION, STALE_EXCEPTION};
use super::{Exception, Policy};

/// Findings after the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Findings that stand, with the severities that the policy gives them.
    pub kept: Vec<Finding>,
    /// Findings that are excepted, with the reason given.
    pub excepted: Vec<(Finding, String)>,
}

/// One judging of a scan: remembers which exceptions were of use.
#[derive(Debug)]
pub struct Session<'p> {
    policies: &'p Policies,
    today: Date,
    /// By policy, by exception.
    seen: Vec<Vec<Seen>>,
}

/// What an exception met.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// It excused something, or would have if it had not expired.
    matched: bool,
    /// Its release was there, but not its contents: nothing can be said.
    undetermined: bool,
    /// Its rule speaks of its release, of these other contents.
    other_contents: Option<ContentHash>,
}

impl<'p> Session<'p> {
    pub(super) fn new(policies: &'p Policies, today: Date) -> Self {
        let seen = policies.loaded.iter().map(|it| vec![Seen::default(); it.policy.exceptions.len()]).collect();
        Session { policies, today, seen }
    }

    /// Applies the policies to the findings of one release, of the contents that
    /// `content_hash` names. `targets` are the targets it is part of: a finding is
    /// excepted only if the policies of all of them except it, and gets the worst
    /// severity that any of them gives it.
    pub fn apply(
        &mut self,
        targets: &[usize],
        purl: &Purl,
        content_hash: Option<ContentHash>,
        findings: Vec<Finding>,
    ) -> Applied {
        let mut policies: Vec<usize> =
            targets.iter().filter_map(|target| self.policies.by_target.get(*target).copied()).collect();
        policies.sort_unstable();
        policies.dedup();
        if content_hash.is_none() {
            self.mark_undetermined(&policies, purl);
        }
        let mut applied = Applied::default();
        for finding in findings {
            match self.excuse(&policies, purl, content_hash, &finding) {
                Some(reason) => applied.excepted.push((finding, reason)),
                None => applied.kept.push(self.with_severity(&policies, finding)),
            }
        }
        applied
    }

    /// Applies severities to findings about targets; those cannot be excepted.
    pub fn apply_to_target(&self, target: usize, finding: Finding) -> TargetFinding {
        let policy = self.policies.by_target.get(target).copied();
        TargetFinding { target, finding: self.with_severity(policy.as_slice(), finding) }
    }

    /// What there is to say of the policies: changed ones, and exceptions that have
    /// expired or excused nothing. In the order of targets and lines.
    pub fn finish(self) -> Vec<TargetFinding> {
        let mut findings = Vec::new();
        for (index, loaded) in self.policies.loaded.iter().enumerate() {
            let Some(target) = self.policies.by_target.iter().position(|policy| *policy == index) else { continue };
            let seen = self.seen.get(index).map_or(&[][..], Vec::as_slice);
            let exceptions = loaded.policy.exceptions.iter().zip(seen);
            let exceptions = exceptions.filter_map(|(exception, seen)| leftover(loaded, exception, *seen, self.today));
            let all = loaded.findings.iter().cloned().chain(exceptions);
            findings.extend(all.map(|finding| self.apply_to_target(target, finding)));
        }
        findings
    }

    fn mark_undetermined(&mut self, policies: &[usize], purl: &Purl) {
        for &index in policies {
            for (number, exception) in exceptions(self.policies, index) {
                if exception.covers(purl) {
                    self.seen[index][number].undetermined = true;
                }
            }
        }
    }

    /// The reason, if every policy has an exception in force for this finding.
    fn excuse(
        &mut self,
        policies: &[usize],
        purl: &Purl,
        content_hash: Option<ContentHash>,
        finding: &Finding,
    ) -> Option<String> {
        let hash = content_hash?;
        let mut reasons = Vec::new();
        for &index in policies {
            let mut reason = None;
            for (number, exception) in exceptions(self.policies, index) {
                if exception.rule != finding.rule || !exception.covers(purl) || !within(exception, finding) {
                    continue;
                }
                let seen = &mut self.seen[index][number];
                if exception.content_hash != hash {
                    seen.other_contents = Some(hash);
                    continue;
                }
                seen.matched = true;
                if reason.is_none() && !exception.has_expired(self.today) {
                    reason = Some(exception.reason.clone());
                }
            }
            reasons.push(reason);
        }
        // No policy at all excuses nothing.
        reasons.into_iter().collect::<Option<Vec<String>>>()?.into_iter().next()
    }

    fn with_severity(&self, policies: &[usize], finding: Finding) -> Finding {
        let set = |index: &usize| policy(self.policies, *index)?.severity.get(finding.rule);
        let severities = policies.iter().map(|index| set(index).map_or(finding.severity, |setting| setting.value));
        // Severities are ordered from the worst.
        match severities.min() {
            Some(severity) => finding.with_severity(severity),
            None => finding,
        }
    }
}

fn policy(policies: &Policies, index: usize) -> Option<&Policy> {
    policies.loaded.get(index).map(|loaded| &loaded.policy)
}

fn exceptions(policies: &Policies, index: usize) -> impl Iterator<Item = (usize, &Exception)> {
    policy(policies, index).into_iter().flat_map(|policy| policy.exceptions.iter().enumerate())
}

/// An exception with a path excuses a finding only if nothing of it lies elsewhere.
fn within(exception: &Exception, finding: &Finding) -> bool {
    exception.path.as_ref().is_none_or(|glob| finding.evidence.iter().all(|it| glob.matches(&it.location().file)))
}

fn leftover(loaded: &Loaded, exception: &Exception, seen: Seen, today: Date) -> Option<Finding> {
    let (rule, title, note) = if exception.has_expired(today) {
        let title = format!("The exception of {} expired on {}", exception.label(), exception.expires);
        (&EXPIRED_EXCEPTION, title, format!("it was made because: {}", exception.reason))
    } else if seen.matched || seen.undetermined {
        return None;
    } else {
        let title = format!("The exception of {} excuses nothing", exception.label());
        let note = match seen.other_contents {
            Some(hash) => format!("the finding is there, but the contents are now {hash}"),
            None => "no such finding was made".to_owned(),
        };
        (&STALE_EXCEPTION, title, note)
    };
    let location = Location { line: exception.line, ..Location::file(loaded.label.clone()) };
    Some(Finding::new(rule, title, Evidence::File { location, note }))
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
