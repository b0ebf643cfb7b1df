//! What a scan said of the releases of a graph: for colours and details.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use vetch_model::scan::Scan;
use vetch_model::{Severity, Verdict};

use crate::json::{ReportError, read_releases};
use crate::page::shown;

/// Findings told of one release; its page has the rest.
const MAX_FINDINGS: usize = 20;

/// Verdicts by purl. Of releases that share one (differing contents), the worst counts.
#[derive(Debug, Clone, Default)]
pub struct Verdicts {
    by_purl: HashMap<String, Judged>,
}

/// What is said of one release.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Judged {
    pub(super) verdict: &'static str,
    pub(super) score: u8,
    /// Severity, title and rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) findings: Vec<(&'static str, String, String)>,
    /// What could not be checked, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) missing: Vec<String>,
}

#[derive(Deserialize)]
struct Release {
    purl: String,
    verdict: String,
    score: u8,
    findings: Vec<Finding>,
    incomplete: Vec<Missing>,
}

#[derive(Deserialize)]
struct Finding {
    rule: String,
    title: String,
    severity: String,
}

#[derive(Deserialize)]
struct Missing {
    what: String,
    why: String,
}

impl Verdicts {
    /// Of a scan that was just made.
    pub fn of_scan(scan: &Scan) -> Verdicts {
        let mut verdicts = Verdicts::default();
        for release in &scan.releases {
            let findings = release.findings.iter().take(MAX_FINDINGS);
            let missing = release.incomplete.iter().take(MAX_FINDINGS);
            verdicts.add(
                release.purl.as_str(),
                Judged {
                    verdict: release.verdict.as_str(),
                    score: release.score,
                    findings: findings
                        .map(|one| (one.severity.as_str(), shown(&one.title), one.rule.to_owned()))
                        .collect(),
                    missing: missing.map(|one| shown(&format!("{}: {}", one.what, one.why))).collect(),
                },
            );
        }
        verdicts
    }

    /// From the bytes of a `vetch.report/1`.
    ///
    /// # Errors
    /// When they are none.
    pub fn of_json(bytes: &[u8]) -> Result<Verdicts, ReportError> {
        let mut verdicts = Verdicts::default();
        for release in read_releases::<Release>(bytes)? {
            let known = Verdict::ALL.iter().find(|one| one.as_str() == release.verdict);
            let verdict = known.ok_or_else(|| ReportError::Unknown(shown(&release.verdict)))?;
            let mut findings = Vec::new();
            for one in release.findings.iter().take(MAX_FINDINGS) {
                let known = Severity::ALL.iter().find(|severity| severity.as_str() == one.severity);
                let severity = known.ok_or_else(|| ReportError::Unknown(shown(&one.severity)))?;
                findings.push((severity.as_str(), shown(&one.title), shown(&one.rule)));
            }
            let missing = release.incomplete.iter().take(MAX_FINDINGS);
            let missing = missing.map(|one| shown(&format!("{}: {}", one.what, one.why))).collect();
            let judged = Judged { verdict: verdict.as_str(), score: release.score, findings, missing };
            verdicts.add(&release.purl, judged);
        }
        Ok(verdicts)
    }

    fn add(&mut self, purl: &str, judged: Judged) {
        let rank = |word: &str| Verdict::ALL.iter().position(|one| one.as_str() == word);
        match self.by_purl.get_mut(purl) {
            Some(known) if rank(known.verdict) >= rank(judged.verdict) => {}
            Some(known) => *known = judged,
            None => {
                self.by_purl.insert(purl.to_owned(), judged);
            }
        }
    }

    pub(super) fn of(&self, purl: &str) -> Option<&Judged> {
        self.by_purl.get(purl)
    }
}
