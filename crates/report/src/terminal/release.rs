//! One bad release, or the bad findings of a target.

use vetch_model::scan::{PathStep, ReleaseLocation, ReleaseResult, Scan};
use vetch_model::way_out::WayOut;
use vetch_model::{Capability, Finding, Profile, Trigger, Verdict};

use super::finding::{self, finding};
use super::text::{Line, Page, Tone};
use super::tone;
use crate::label::{counted, release_label};

/// Where the text behind `how it got in` and the like begins.
const LABEL: usize = 18;

/// Capabilities shown for one trigger unless everything is asked for.
const MAX_CAPABILITIES: usize = 8;

/// Longest path shown in full unless everything is asked for.
const MAX_STEPS: usize = 12;

/// Locations shown unless everything is asked for.
const MAX_LOCATIONS: usize = 3;

/// Writes a malicious or suspicious release.
pub(super) fn release(page: &mut Page, scan: &Scan, release: &ReleaseResult) {
    title(page, release);
    findings(page, release);
    page.blank();
    profile(page, &release.profile);
    background(page, scan, release);
    page.blank();
}

/// `verdict  name                    score`.
pub(crate) fn title(page: &mut Page, release: &ReleaseResult) {
    header(page, release.verdict, &release_label(&release.purl), &format!("score {}", release.score));
}

/// The findings that make the verdict in full, the others in a line each.
pub(crate) fn findings(page: &mut Page, release: &ReleaseResult) {
    let (main, other) = ranked(release);
    for one in &main {
        finding(page, one);
    }
    finding::also(page, &other);
}

/// How it got in, where it is, and what to do.
pub(crate) fn background(page: &mut Page, scan: &Scan, release: &ReleaseResult) {
    campaigns(page, release);
    paths(page, release);
    locations(page, scan, &release.locations);
    remedies(page, &ranked(release).0);
    if let Some(way) = release.way_out.as_ref().and_then(WayOut::told) {
        labelled(page, "go to", &page.prose(&way, Tone::Plain));
    }
}

/// Known campaigns that it has to do with, and how sure that is.
fn campaigns(page: &mut Page, release: &ReleaseResult) {
    let mut label = "known campaign";
    for campaign in &release.campaigns {
        let mut words: Vec<Line> = campaign.words().split(' ').map(|word| page.text(word, Tone::Plain)).collect();
        words.extend(format!("({})", campaign.uncertainty).split(' ').map(|word| page.text(word, Tone::Dim)));
        labelled(page, label, &words);
        label = "";
    }
}

/// What makes the verdict, and the rest. A verdict can come from a combination of findings that are weak alone.
fn ranked(release: &ReleaseResult) -> (Vec<&Finding>, Vec<&Finding>) {
    let (main, other): (Vec<_>, Vec<_>) =
        release.findings.iter().partition(|finding| finding.verdict() >= Verdict::Suspicious);
    if main.is_empty() { (other, Vec::new()) } else { (main, other) }
}

/// Writes the findings about targets that carry this verdict.
pub(super) fn targets(page: &mut Page, scan: &Scan, verdict: Verdict) {
    for (index, target) in scan.targets.iter().enumerate() {
        let of_target = scan.findings.iter().filter(|one| one.target == index).map(|one| &one.finding);
        let findings: Vec<&Finding> = of_target.filter(|finding| finding.verdict() == verdict).collect();
        if findings.is_empty() {
            continue;
        }
        header(page, verdict, &format!("{} {}", target.kind.as_str(), target.path), "");
        for one in &findings {
            finding(page, one);
        }
        page.blank();
        remedies(page, &findings);
        page.blank();
    }
}

/// `verdict  name                    right`.
fn header(page: &mut Page, verdict: Verdict, name: &str, right: &str) {
    page.blank();
    let mut first = page.text(verdict.as_str(), tone(verdict));
    page.push(&mut first, "  ", Tone::Plain);
    let mut rest = Line::default();
    page.pad(&mut rest, first.width());
    let right = page.text(right, Tone::Dim);
    let room = page.width().saturating_sub(right.width() + 2);
    let mut lines = super::text::fill(&first, &rest, &[page.text(name, Tone::Bold)], room);
    if let Some(line) = lines.last_mut() {
        page.pad(line, room + 2);
        line.extend(&right);
    }
    for line in &lines {
        page.line(line);
    }
}

/// `label           words`, filled.
fn labelled(page: &mut Page, label: &str, words: &[Line]) {
    marked(page, label, "", words);
}

/// The same with a mark (a bullet, an indent) before the words, which hang beneath it.
fn marked(page: &mut Page, label: &str, mark: &str, words: &[Line]) {
    let mut first = page.text("  ", Tone::Plain);
    page.push(&mut first, label, Tone::Dim);
    page.pad(&mut first, LABEL);
    page.push(&mut first, mark, Tone::Dim);
    let mut rest = Line::default();
    page.pad(&mut rest, first.width());
    page.fill(&first, &rest, words);
}

/// What the code does, by trigger.
fn profile(page: &mut Page, profile: &Profile) {
    let mut label = "what it does";
    for &trigger in Trigger::ALL {
        if !trigger.is_reached() && !page.style.verbose {
            continue;
        }
        let texts = capabilities(profile, trigger);
        if texts.is_empty() {
            continue;
        }
        let limit = if page.style.verbose { usize::MAX } else { MAX_CAPABILITIES };
        let mut words = vec![page.text(&format!("{trigger}:"), Tone::Bold)];
        let shown = texts.len().min(limit);
        for (at, text) in texts[..shown].iter().enumerate() {
            let mut word = page.text(text, Tone::Plain);
            if at + 1 < shown {
                page.push(&mut word, ",", Tone::Plain);
            }
            words.push(word);
        }
        if texts.len() > limit {
            words.push(page.text(&format!("and {} more", texts.len() - limit), Tone::Dim));
        }
        labelled(page, label, &words);
        label = "";
    }
}

/// `net.connect(a, b)`, one for each capability id.
fn capabilities(profile: &Profile, trigger: Trigger) -> Vec<String> {
    let here: Vec<&Capability> = profile.capabilities.iter().filter(|one| one.trigger == trigger).collect();
    let mut texts = Vec::new();
    for same in here.chunk_by(|a, b| a.id == b.id) {
        let mut resources: Vec<String> = Vec::new();
        for capability in same {
            let resource = capability.resource.to_string();
            if resource != "-" && !resources.contains(&resource) && resources.len() < 4 {
                resources.push(resource);
            }
        }
        let id = same[0].id;
        let more = if same.len() > 4 { ", …" } else { "" };
        texts.push(if resources.is_empty() { id.to_string() } else { format!("{id}({}{more})", resources.join(", ")) });
    }
    texts
}

fn paths(page: &mut Page, release: &ReleaseResult) {
    let limit = if page.style.verbose { usize::MAX } else { 1 };
    let shown = &release.paths[..release.paths.len().min(limit)];
    let left = release.paths.len() - shown.len();
    for (at, path) in shown.iter().enumerate() {
        let mut words = steps(page, path);
        if at + 1 == shown.len() && (left > 0 || release.more_paths) {
            let more = match (left, release.more_paths) {
                (0, _) => "(and more paths)".to_owned(),
                (left, false) => format!("(+{})", counted(left, "more path", "more paths")),
                (left, true) => format!("(more than {left} other paths)"),
            };
            words.push(page.text(&more, Tone::Dim));
        }
        labelled(page, if at == 0 { "how it got in" } else { "" }, &words);
    }
}

/// The steps as words that are not broken; of a long path, both ends.
fn steps(page: &Page, path: &[PathStep]) -> Vec<Line> {
    let mut words = Vec::new();
    let left_out = if page.style.verbose || path.len() <= MAX_STEPS { 0..0 } else { 4..path.len() - 4 };
    for (at, step) in path.iter().enumerate() {
        if left_out.contains(&at) {
            if at == left_out.start {
                let gap = format!("({} more steps)", left_out.len());
                words.push(page.text(&gap, Tone::Dim));
                words.push(page.text(page.glyph("›", ">"), Tone::Dim));
            }
            continue;
        }
        let last = at + 1 == path.len();
        let mut word = page.text(&step.label, if last { Tone::Bold } else { Tone::Plain });
        if !step.range.is_empty() {
            page.push(&mut word, &format!(" ({})", step.range), Tone::Dim);
        }
        if !last {
            page.push(&mut word, page.glyph(" ›", " >"), Tone::Dim);
        }
        words.push(word);
    }
    words
}

fn locations(page: &mut Page, scan: &Scan, locations: &[ReleaseLocation]) {
    let limit = if page.style.verbose { usize::MAX } else { MAX_LOCATIONS };
    for (at, location) in locations.iter().take(limit).enumerate() {
        let mut words = Vec::new();
        if scan.targets.len() > 1 {
            let target = scan.targets.get(location.target).map_or("", |target| target.path.as_str());
            words.push(page.text(&format!("{target}:"), Tone::Dim));
        }
        match &location.path {
            Some(path) => words.push(page.text(path, Tone::Plain)),
            None => words.extend(page.prose("not installed", Tone::Dim)),
        }
        if let Some(declared) = &location.declared_at {
            words.push(page.text(page.glyph("·", "-"), Tone::Dim));
            words.push(finding::place(page, declared));
        }
        if at + 1 == limit && locations.len() > limit {
            words.push(
                page.text(&format!("(+{})", counted(locations.len() - limit, "more place", "more places")), Tone::Dim),
            );
        }
        labelled(page, if at == 0 { "where" } else { "" }, &words);
    }
}

/// What to do, each remedy once; commands on lines of their own.
fn remedies(page: &mut Page, findings: &[&Finding]) {
    let mut seen: Vec<&str> = Vec::new();
    for finding in findings {
        let remedy = finding.remedy.trim();
        if remedy.is_empty() || seen.contains(&remedy) {
            continue;
        }
        seen.push(remedy);
    }
    let mut label = "what to do";
    let several = seen.len() > 1;
    for remedy in seen {
        let (mut mark, hang) = if several { (page.glyph("• ", "* "), "  ") } else { ("", "") };
        for line in remedy.lines().filter(|line| !line.trim().is_empty()) {
            let (prose, command) = split_command(line);
            if !prose.is_empty() {
                let words = page.prose(prose, Tone::Plain);
                marked(page, std::mem::take(&mut label), std::mem::replace(&mut mark, hang), &words);
            }
            if let Some(command) = command {
                let indent = format!("{hang}  ");
                marked(page, std::mem::take(&mut label), &indent, &[page.text(command, Tone::Command)]);
            }
        }
    }
}

/// A line's prose, and the command that it is or ends with: indented, after `$`,
/// or in backticks and of several words.
fn split_command(line: &str) -> (&str, Option<&str>) {
    let text = line.trim();
    if let Some(command) = text.strip_prefix("$ ") {
        return ("", Some(command));
    }
    if line.starts_with("    ") {
        return ("", Some(text));
    }
    let end = text.trim_end_matches(['.', ';']);
    match end.strip_suffix('`').and_then(|head| head.rsplit_once('`')) {
        Some((prose, command)) if command.trim().contains(' ') && prose.matches('`').count() % 2 == 0 => {
            (prose.trim(), Some(command))
        }
        _ => (text, None),
    }
}
