//! The form for people: what is wrong first, why, how it got in, what to do, and
//! one plain sentence at the end.

mod excerpt;
mod finding;
mod groups;
mod release;
mod summary;
mod text;
mod vex;

use vetch_model::scan::Scan;
use vetch_model::{RuleMeta, Severity, Verdict};

pub(crate) use finding::place;
pub(crate) use groups::{file_label, file_words};
pub(crate) use release::{background, findings, title};
pub(crate) use summary::sentence;
pub(crate) use text::{Line, Page, Tone};

/// How to write for a terminal. The caller decides what the terminal can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Use colours.
    pub color: bool,
    /// Cells of a line; taken as at least 40 and at most 120.
    pub width: usize,
    /// Show characters beyond ASCII; otherwise they are written as `\u{…}`.
    pub unicode: bool,
    /// Leave nothing out.
    pub verbose: bool,
    /// Show only what fails a build or could hide what does: no notable findings,
    /// nothing skipped or unavailable.
    pub only_findings: bool,
}

impl Default for Style {
    /// What any file can hold.
    fn default() -> Self {
        Style { color: false, width: 100, unicode: true, verbose: false, only_findings: false }
    }
}

/// The report. `rules` give the summaries under which notable findings are grouped.
pub fn render(scan: &Scan, rules: &[RuleMeta], style: Style) -> String {
    let mut page = Page::new(style);
    for verdict in [Verdict::Malicious, Verdict::Suspicious] {
        let mut releases: Vec<_> = scan.releases.iter().filter(|release| release.verdict == verdict).collect();
        releases.sort_by_key(|release| std::cmp::Reverse(release.score));
        for release in releases {
            release::release(&mut page, scan, release);
        }
        release::targets(&mut page, scan, verdict);
    }
    groups::incomplete(&mut page, scan);
    if !style.only_findings {
        groups::notable(&mut page, scan, rules);
        groups::excepted(&mut page, scan);
        vex::silenced(&mut page, scan);
        groups::skipped(&mut page, scan);
        groups::unavailable(&mut page, scan);
        groups::read(&mut page, scan);
    }
    summary::summary(&mut page, scan);
    page.finish()
}

/// The tone of a verdict.
pub(crate) fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Malicious => Tone::Malicious,
        Verdict::Suspicious => Tone::Suspicious,
        Verdict::Incomplete => Tone::Incomplete,
        Verdict::Notable => Tone::Notable,
        Verdict::Clean => Tone::Clean,
    }
}

/// The tone of a severity.
pub(crate) fn severity_tone(severity: Severity) -> Tone {
    match severity {
        Severity::Critical => Tone::Malicious,
        Severity::High => Tone::Suspicious,
        Severity::Medium | Severity::Low => Tone::Notable,
        Severity::Info => Tone::Dim,
    }
}
