//! The last lines: the numbers, and what they mean, in one sentence.

use vetch_model::Verdict;
use vetch_model::scan::{ReleaseResult, Scan, TargetKind};

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
                "Nothing bad was seen{}, but {} could not be judged: this does not count as clean.",
                limit(scan),
                groups::missing(scan)
            )
        }
        Verdict::Notable | Verdict::Clean if scan.releases.is_empty() => {
            format!("There was no release to judge in {thing}.")
        }
        Verdict::Notable => format!("Nothing suspicious found{}; what is notable is worth knowing.", limit(scan)),
        Verdict::Clean => format!("Nothing suspicious found{}.", limit(scan)),
    }
}

/// What the sentence does not speak of, because nothing analyses it yet.
fn limit(scan: &Scan) -> String {
    let is_unanalysed = |release: &&ReleaseResult| {
        let purl = release.purl.as_str();
        release.content_hash.is_none() && !purl.starts_with("pkg:npm/") && !purl.starts_with("pkg:generic/")
    };
    let releases: Vec<&ReleaseResult> = scan.releases.iter().filter(is_unanalysed).collect();
    let python = releases.iter().filter(|release| release.purl.as_str().starts_with("pkg:pypi/")).count();
    match (python, releases.len() - python) {
        (0, 0) => String::new(),
        (python, 0) => {
            format!(" (the code of {} was not analysed)", counted(python, "Python release", "Python releases"))
        }
        (_, _) => {
            let all = counted(releases.len(), "release", "releases");
            format!(" (the code of {all} of Python and other ecosystems was not analysed)")
        }
    }
}

fn thing(scan: &Scan) -> &'static str {
    match scan.targets.as_slice() {
        [target] => match target.kind {
            TargetKind::Project | TargetKind::Lockfile => "this project",
            TargetKind::Environment => "this environment",
            TargetKind::Sbom => "what this SBOM lists",
            TargetKind::Package => "this package",
            TargetKind::Archive => "this archive",
            TargetKind::Release => "this release",
        },
        _ => "what was scanned",
    }
}
