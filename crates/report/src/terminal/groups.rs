//! What needs less room than a bad release: grouped, with counts.

use std::collections::BTreeMap;

use vetch_model::scan::{ReadFile, Scan};
use vetch_model::{Finding, RuleMeta, Verdict};

use super::finding::place;
use super::text::{Line, Page, Tone};
use crate::label::{count, counted, release_label};

/// Names listed for one cause, and lines for one rule, unless everything is asked for.
const MAX_LISTED: usize = 3;
const MAX_LINES: usize = 6;

/// Files listed that were read.
const MAX_FILES: usize = 20;

/// Where the text of a group begins.
const INDENT: usize = 12;

/// `label       words`.
pub(super) fn group(page: &mut Page, label: &str, tone: Tone, words: &[Line]) {
    let mut first = page.text(label, tone);
    page.pad(&mut first, INDENT);
    page.fill(&first, &blank(page, INDENT), words);
}

/// Words of their own line, indented.
fn indented(page: &mut Page, words: &[Line], indent: usize) {
    let indent = blank(page, indent);
    page.fill(&indent, &indent, words);
}

fn blank(page: &Page, width: usize) -> Line {
    let mut line = Line::default();
    page.pad(&mut line, width);
    line
}

/// The first few of many, then how many more.
pub(super) fn listed<'a>(page: &Page, names: impl ExactSizeIterator<Item = &'a String>, tone: Tone) -> Vec<Line> {
    let total = names.len();
    let limit = if page.style.verbose { usize::MAX } else { MAX_LISTED };
    let shown = total.min(limit);
    let mut words = Vec::new();
    for (at, name) in names.take(limit).enumerate() {
        let mut word = page.text(name, tone);
        if at + 1 < shown {
            page.push(&mut word, ",", tone);
        }
        words.push(word);
    }
    if total > shown {
        words.extend(page.prose(&format!("and {} more", count(total - shown)), Tone::Dim));
    }
    words
}

/// A release (empty for a target) and what of it was not checked.
type Missing = (String, String);

/// What could not be checked, by cause (why, hint); what concerns most first.
fn causes(scan: &Scan) -> Vec<((&str, &str), Vec<Missing>)> {
    let mut causes: BTreeMap<(&str, &str), Vec<Missing>> = BTreeMap::new();
    for missing in &scan.incomplete {
        let at = missing.location.as_ref().filter(|at| at.line > 0);
        let what = at.map_or_else(|| missing.what.clone(), |at| format!("{} ({}:{})", missing.what, at.file, at.line));
        causes.entry((&missing.why, &missing.hint)).or_default().push((String::new(), what));
    }
    for release in &scan.releases {
        let label = release_label(&release.purl);
        for missing in &release.incomplete {
            causes.entry((&missing.why, &missing.hint)).or_default().push((label.clone(), missing.what.clone()));
        }
        if release.verdict == Verdict::Incomplete && release.incomplete.is_empty() {
            causes.entry(("the reason was not recorded", "")).or_default().push((label, String::new()));
        }
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by_key(|(_, missing)| std::cmp::Reverse(missing.len()));
    causes
}

/// `release: what`, or the release alone where the cause says it all.
fn missing_names(missing: &[Missing]) -> Vec<String> {
    let same = missing.len() > 1 && missing.iter().all(|(_, what)| *what == missing[0].1);
    let name =
        |(label, what): &Missing| match (label.is_empty(), same || what.is_empty() || what.contains(label.as_str())) {
            (true, _) => what.clone(),
            (false, true) if same || what.is_empty() => label.clone(),
            (false, true) => what.clone(),
            (false, false) => format!("{label}: {what}"),
        };
    missing.iter().map(name).collect()
}

/// What could not be checked.
pub(super) fn incomplete(page: &mut Page, scan: &Scan) {
    page.blank();
    for (at, ((why, hint), missing)) in causes(scan).iter().enumerate() {
        let times = page.glyph("×", "x");
        let mut words = vec![page.text(&format!("{}{times}", count(missing.len())), Tone::Bold)];
        words.extend(page.prose(why, Tone::Bold));
        group(page, if at == 0 { "incomplete" } else { "" }, Tone::Incomplete, &words);
        indented(page, &listed(page, missing_names(missing).iter(), Tone::Plain), INDENT);
        if !hint.is_empty() {
            indented(page, &page.prose(hint, Tone::Dim), INDENT);
        }
    }
    page.blank();
}

/// Notable findings of releases and targets that are not bad, by rule.
pub(super) fn notable(page: &mut Page, scan: &Scan, rules: &[RuleMeta]) {
    let mut by_rule: BTreeMap<&str, Vec<(String, &Finding)>> = BTreeMap::new();
    for release in scan.releases.iter().filter(|release| release.verdict < Verdict::Suspicious) {
        for finding in release.findings.iter().filter(|finding| finding.verdict() >= Verdict::Notable) {
            by_rule.entry(finding.rule).or_default().push((release_label(&release.purl), finding));
        }
    }
    for one in scan.findings.iter().filter(|one| one.finding.verdict() == Verdict::Notable) {
        let target = scan.targets.get(one.target).map_or_else(String::new, |target| target.path.clone());
        by_rule.entry(one.finding.rule).or_default().push((target, &one.finding));
    }
    page.blank();
    for (at, (rule, findings)) in by_rule.iter().enumerate() {
        let mut words = vec![page.text(&format!("[{rule}]"), Tone::Dim)];
        if let Some(meta) = rules.iter().find(|meta| meta.id == *rule) {
            words.extend(page.prose(meta.summary, Tone::Bold));
        }
        group(page, if at == 0 { "notable" } else { "" }, Tone::Notable, &words);
        notable_lines(page, findings);
    }
    page.blank();
}

/// A line each: which release, what, where.
fn notable_lines(page: &mut Page, findings: &[(String, &Finding)]) {
    let limit = if page.style.verbose { usize::MAX } else { MAX_LINES };
    let shown = &findings[..findings.len().min(limit)];
    let column = shown.iter().map(|(name, _)| page.text(name, Tone::Plain).width()).filter(|width| *width <= 32).max();
    let column = INDENT + 2 + column.unwrap_or(0);
    for (name, finding) in shown {
        let mut first = blank(page, INDENT);
        page.push(&mut first, name, Tone::Plain);
        page.pad(&mut first, column);
        let mut words = page.prose(&finding.title, Tone::Dim);
        if page.style.verbose
            && let Some(evidence) = finding.evidence.first()
        {
            words.push(place(page, evidence.location()));
        }
        page.fill(&first, &blank(page, column), &words);
    }
    if findings.len() > shown.len() {
        let words = format!("and {} more (--verbose lists all)", count(findings.len() - shown.len()));
        indented(page, &page.prose(&words, Tone::Dim), INDENT);
    }
}

/// What the user's policy excepts, by reason.
pub(super) fn excepted(page: &mut Page, scan: &Scan) {
    let mut reasons: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for release in &scan.releases {
        for (finding, reason) in &release.excepted {
            reasons.entry((finding.rule, reason)).or_default().push(release_label(&release.purl));
        }
    }
    page.blank();
    for (at, ((rule, reason), names)) in reasons.iter().enumerate() {
        let mut words = vec![page.text(&format!("[{rule}]"), Tone::Dim)];
        words.extend(listed(page, names.iter(), Tone::Plain));
        words.push(page.text(page.glyph("–", "-"), Tone::Dim));
        words.extend(page.prose(reason, Tone::Dim));
        group(page, if at == 0 { "excepted" } else { "" }, Tone::Dim, &words);
    }
    page.blank();
}

/// What was not applicable, by reason.
pub(super) fn skipped(page: &mut Page, scan: &Scan) {
    let mut reasons: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for skipped in &scan.skipped {
        reasons.entry(&skipped.why).or_default().push(&skipped.what);
    }
    page.blank();
    for (at, (why, what)) in reasons.iter().enumerate() {
        let mut words = page.prose(&format!("{} {why}:", count(what.len())), Tone::Plain);
        words.extend(listed(page, what.iter().copied(), Tone::Dim));
        group(page, if at == 0 { "skipped" } else { "" }, Tone::Dim, &words);
    }
    page.blank();
}

/// What the registry does not offer.
pub(super) fn unavailable(page: &mut Page, scan: &Scan) {
    page.blank();
    for (at, one) in scan.unavailable.iter().enumerate() {
        let mut words = page.prose(&format!("{}:", one.what), Tone::Plain);
        words.extend(page.prose(&one.why, Tone::Dim));
        group(page, if at == 0 { "unavailable" } else { "" }, Tone::Dim, &words);
    }
    page.blank();
}

/// What was found in the targets and read, a line each.
pub(super) fn read(page: &mut Page, scan: &Scan) {
    let limit = if page.style.verbose { usize::MAX } else { MAX_FILES };
    page.blank();
    for (at, one) in scan.files.iter().take(limit).enumerate() {
        let mut words = vec![page.text(&file_label(scan, one), Tone::Plain)];
        words.extend(page.prose(&file_words(one), Tone::Dim));
        group(page, if at == 0 { "read" } else { "" }, Tone::Dim, &words);
    }
    if scan.files.len() > limit {
        let words = format!("and {} more (--verbose lists all)", count(scan.files.len() - limit));
        indented(page, &page.prose(&words, Tone::Dim), INDENT);
    }
    page.blank();
}

/// Where it lies; with the target, if there are several.
pub(crate) fn file_label(scan: &Scan, file: &ReadFile) -> String {
    let name = if file.file.is_empty() { "." } else { &file.file };
    match scan.targets.get(file.target) {
        Some(target) if scan.targets.len() > 1 => format!("{}: {name}", target.path),
        _ => name.to_owned(),
    }
}

/// Its format, version and number of packages.
pub(crate) fn file_words(file: &ReadFile) -> String {
    let version = if file.version.is_empty() { String::new() } else { format!(" {}", file.version) };
    format!("{}{version}, {}", file.format, counted(file.packages, "package", "packages"))
}

/// How many parts could not be checked, for the last lines.
pub(super) fn missing(scan: &Scan) -> String {
    let releases = scan.releases.iter().filter(|one| one.verdict == Verdict::Incomplete || !one.incomplete.is_empty());
    let releases = releases.count();
    match (releases, scan.incomplete.len()) {
        (0, parts) => counted(parts, "part", "parts"),
        (releases, 0) => counted(releases, "release", "releases"),
        (releases, parts) => {
            format!("{} and {}", counted(releases, "release", "releases"), counted(parts, "other part", "other parts"))
        }
    }
}
