//! What there is to say of a scan: each vulnerability that an advisory names of a release, and each release that is malicious or
//! suspicious, with what it means to the products that were scanned.
//!
//! - What imported statements (VEX) say is handed on with their reasons, where they do not contradict each other.
//! - A malicious release **affects** every product that has it: its harm needs no call by the product, for it runs when it is
//!   installed or loaded. What to do is the remedy of the findings.
//! - Whether a product reaches the code of a vulnerability, and whether a suspicious release is bad, is not known:
//!   **under investigation**.

use std::collections::BTreeSet;

use vetch_model::advisory::{Advisory, AdvisoryKind};
use vetch_model::scan::ReleaseResult;
use vetch_model::vex::{VexOutcome, VexStatus};
use vetch_model::{Finding, Verdict};

use super::{DocumentView, Name, digest, digits, text};
use crate::label::release_label;

/// Findings that a text tells of, and remedies.
const MAX_FINDINGS: usize = 10;

/// The labels that OpenVEX and CSAF have for why something is not affected.
const JUSTIFICATIONS: [&str; 5] = [
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
];

/// What it is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum About<'s> {
    /// A vulnerability.
    Vulnerability(&'s Advisory),
    /// The release is malicious.
    Malicious,
    /// The release is suspicious.
    Suspicious,
}

/// One thing to say.
#[derive(Debug)]
pub(super) struct Matter<'s> {
    /// Number of the release.
    pub(super) number: usize,
    pub(super) name: &'s Name,
    pub(super) about: About<'s>,
    /// The id by which others look it up.
    pub(super) id: String,
    /// Its other ids, sorted.
    pub(super) aliases: Vec<String>,
    /// A line or more; never empty.
    pub(super) summary: String,
    /// What it means to the products.
    pub(super) status: VexStatus,
    /// Why they are not affected: one of the labels.
    pub(super) justification: Option<&'static str>,
    /// Why they are not affected in words, or what to do; never empty for the status that demands it.
    pub(super) statement: String,
    /// Whose word that is, or why it is not known.
    pub(super) notes: String,
}

/// Everything that there is to say, in the order of releases.
pub(super) fn matters<'s>(view: &'s DocumentView<'s>) -> Vec<Matter<'s>> {
    let mut all = Vec::new();
    for ((number, release), name) in view.scan.releases.iter().enumerate().zip(view.names) {
        let place = Place { view, number, release, name };
        match release.verdict {
            Verdict::Malicious => all.push(place.bad(true)),
            Verdict::Suspicious => all.push(place.bad(false)),
            _ => {}
        }
        let own = release.advisories.iter();
        let own = own.filter(|one| one.kind == AdvisoryKind::Vulnerability && one.is_of_release());
        all.extend(own.map(|advisory| place.vulnerability(advisory)));
    }
    all
}

/// The id of a release that no record names: it follows from the contents.
pub(super) fn own_id(view: &DocumentView<'_>, release: &ReleaseResult, name: &Name) -> String {
    let hash = release.content_hash.map(|hash| hash.to_string()).unwrap_or_default();
    format!("{}-{}", view.settings.prefix(), digits(&digest([name.purl.as_str(), &hash]), 16))
}

/// The record of malware that names this release, if one does.
pub(super) fn malware(release: &ReleaseResult) -> Option<&Advisory> {
    release.advisories.iter().find(|one| one.kind == AdvisoryKind::Malware && one.is_of_release())
}

/// What the findings that make a release bad say, a line each.
pub(super) fn titles(release: &ReleaseResult) -> String {
    let titles: Vec<&str> = worst(release).map(|finding| finding.title.as_str()).take(MAX_FINDINGS).collect();
    text(&titles.join("\n"))
}

/// The findings of the release's own verdict.
pub(super) fn worst(release: &ReleaseResult) -> impl Iterator<Item = &Finding> {
    release.findings.iter().filter(|finding| finding.verdict() >= Verdict::Suspicious)
}

struct Place<'s> {
    view: &'s DocumentView<'s>,
    number: usize,
    release: &'s ReleaseResult,
    name: &'s Name,
}

impl<'s> Place<'s> {
    fn bad(&self, is_malicious: bool) -> Matter<'s> {
        let record = malware(self.release).filter(|_| is_malicious);
        let (id, aliases) = match record {
            Some(advisory) => (advisory.id.clone(), advisory.aliases.clone()),
            None => (own_id(self.view, self.release, self.name), Vec::new()),
        };
        let label = release_label(&self.release.purl);
        let verdict = if is_malicious { "malicious" } else { "suspicious" };
        let (about, status, statement, notes) = match is_malicious {
            true => {
                (About::Malicious, VexStatus::Affected, self.remedies(), "found by a scan of the release".to_owned())
            }
            false => {
                let notes = format!("a scan found it suspicious; somebody has to look at it: {}", titles(self.release));
                (About::Suspicious, VexStatus::UnderInvestigation, String::new(), text(&notes))
            }
        };
        let summary = text(&format!("{label} is {verdict}\n{}", titles(self.release)));
        let (number, name) = (self.number, self.name);
        Matter { number, name, about, id, aliases, summary, status, justification: None, statement, notes }
    }

    /// What to do about a bad release.
    fn remedies(&self) -> String {
        let remedies: BTreeSet<&str> = worst(self.release).map(|one| one.remedy.as_str()).take(MAX_FINDINGS).collect();
        let remedies = text(&remedies.into_iter().collect::<Vec<_>>().join("\n"));
        if remedies.is_empty() { format!("Remove {}.", self.name.label()) } else { remedies }
    }

    fn vulnerability(&self, advisory: &'s Advisory) -> Matter<'s> {
        let (id, aliases) = ids(advisory);
        let own = advisory.vex.statements.iter().filter(|one| one.applies);
        let (mut status, mut justification) = (VexStatus::UnderInvestigation, None);
        let (mut statement, mut notes) = (String::new(), String::new());
        match advisory.vex.outcome {
            VexOutcome::Contradicted => {
                notes = format!("judgements contradict each other: {}", advisory.vex.in_words());
            }
            VexOutcome::Silenced => {
                if let Some(one) = own.into_iter().find(|one| one.status.is_relief()) {
                    (status, notes) = (one.status, format!("as {} says in {}", one.author, one.document));
                    justification = JUSTIFICATIONS.into_iter().find(|label| *label == one.justification);
                    let words = [one.justification.as_str(), one.statement.as_str()];
                    statement = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(": ");
                    if statement.is_empty() {
                        statement = notes.clone();
                    }
                }
            }
            VexOutcome::Stands => match own.into_iter().find(|one| one.status == VexStatus::Affected) {
                Some(one) => {
                    (status, notes) = (VexStatus::Affected, format!("as {} says in {}", one.author, one.document));
                    statement =
                        if one.statement.is_empty() { action(advisory, self.name) } else { one.statement.clone() };
                }
                None => "nobody has judged whether the product reaches what is vulnerable".clone_into(&mut notes),
            },
        }
        let summary = if advisory.summary.is_empty() {
            format!("A vulnerability of {}", release_label(&self.release.purl))
        } else {
            advisory.summary.clone()
        };
        Matter {
            number: self.number,
            name: self.name,
            about: About::Vulnerability(advisory),
            id,
            aliases,
            summary: text(&summary),
            status,
            justification,
            statement: text(&statement),
            notes: text(&notes),
        }
    }
}

/// What to do about a vulnerability.
pub(super) fn action(advisory: &Advisory, name: &Name) -> String {
    match advisory.safe.as_deref() {
        Some(safe) => text(&format!("Update {} to {safe}.", name.name)),
        None => "No version without it is known: read the advisory, and see what of it is used.".to_owned(),
    }
}

/// The one CVE, by which most tools look a vulnerability up; else the id of the advisory.
fn ids(advisory: &Advisory) -> (String, Vec<String>) {
    let all: BTreeSet<&str> = std::iter::once(&advisory.id).chain(&advisory.aliases).map(String::as_str).collect();
    let mut cves = all.iter().filter(|id| id.starts_with("CVE-"));
    let id = match (cves.next(), cves.next()) {
        (Some(cve), None) => *cve,
        _ => advisory.id.as_str(),
    };
    (id.to_owned(), all.into_iter().filter(|other| *other != id).map(str::to_owned).collect())
}
