//! The last lines: the numbers, and what they mean, in one sentence.

use vetch_model::Verdict;
use vetch_model::scan::{Scan, TargetKind};

use super::text::{Page, Tone};
use super::{groups, tone};
use crate::label::{count, counted};

/// Writes the summary.
pub(super) fn summary(page: &mut Page, scan: &Scan) {
    page.blank();
    numbers(page, scan);
    let verdict = scan.verdict();
    let blank = page.text("", Tone::Plain);
    page.fill(&blank, &blank, &page.prose(&sentence(scan), tone(verdict)));
}

/// `1,204 releases: 1 malicious, 2 notable, 1,201 clean · 3 incomplete`.
fn numbers(page: &mut Page, scan: &Scan) {
    let mut line = page.text(&counted(scan.releases.len(), "release", "releases"), Tone::Bold);
    let counts: Vec<_> = scan.summary().into_iter().filter(|(_, number)| *number > 0).collect();
    let judged = counts.iter().filter(|(verdict, _)| *verdict != Verdict::Incomplete);
    for (at, (verdict, number)) in judged.enumerate() {
        page.push(&mut line, if at == 0 { ": " } else { ", " }, Tone::Plain);
        let tone = if *verdict == Verdict::Clean { Tone::Plain } else { tone(*verdict) };
        page.push(&mut line, &format!("{} {verdict}", count(*number)), tone);
    }
    if let Some((verdict, number)) = counts.iter().find(|(verdict, _)| *verdict == Verdict::Incomplete) {
        page.push(&mut line, page.glyph(" · ", " - "), Tone::Dim);
        page.push(&mut line, &format!("{} {verdict}", count(*number)), tone(*verdict));
    }
    if !scan.incomplete.is_empty() {
        page.push(&mut line, page.glyph(" · ", " - "), Tone::Dim);
        let parts = format!("{} not checked", counted(scan.incomplete.len(), "other part", "other parts"));
        page.push(&mut line, &parts, tone(Verdict::Incomplete));
    }
    page.line(&line);
}

/// The verdict in words.
pub(crate) fn sentence(scan: &Scan) -> String {
    let thing = thing(scan);
    let bad = |verdict| {
        let releases = scan.releases.iter().filter(|release| release.verdict == verdict).count();
        let targets = scan.findings.iter().filter(|one| one.finding.verdict() == verdict).count();
        match (releases, targets) {
            (0, targets) => counted(targets, "finding about it", "findings about it"),
            (releases, _) => counted(releases, "release", "releases"),
        }
    };
    match scan.verdict() {
        Verdict::Malicious if scan.releases.iter().all(|release| release.verdict != Verdict::Malicious) => {
            format!("Do not install or run {thing}: it was tampered with or asks for harm; see above.")
        }
        Verdict::Malicious => {
            let releases = scan.releases.iter().filter(|release| release.verdict == Verdict::Malicious).count();
            let verb = if releases == 1 { "is" } else { "are" };
            format!("Do not install or run {thing}: {} {verb} malicious.", bad(Verdict::Malicious))
        }
        Verdict::Suspicious => {
            format!("A person must look at {} before {thing} is installed or run.", bad(Verdict::Suspicious))
        }
        Verdict::Incomplete => {
            format!(
                "Nothing bad was seen, but {} could not be judged: this does not count as clean.",
                groups::missing(scan)
            )
        }
        Verdict::Notable | Verdict::Clean if scan.releases.is_empty() => {
            format!("There was no release to judge in {thing}.")
        }
        Verdict::Notable => "Nothing suspicious found; what is notable is worth knowing.".to_owned(),
        Verdict::Clean => "Nothing suspicious found.".to_owned(),
    }
}

fn thing(scan: &Scan) -> &'static str {
    match scan.targets.as_slice() {
        [target] => match target.kind {
            TargetKind::Project | TargetKind::Lockfile => "this project",
            TargetKind::Package => "this package",
            TargetKind::Archive => "this archive",
        },
        _ => "what was scanned",
    }
}
