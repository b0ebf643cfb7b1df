//! Markdown for a comment on a pull request: the verdict, the numbers, then each
//! bad release; within the length that GitHub accepts, saying what was left out.

use std::collections::BTreeMap;

use vetch_model::scan::{ReleaseResult, Scan};
use vetch_model::way_out::WayOut;
use vetch_model::{Evidence, Finding, Verdict};

use crate::escape::{markdown, markdown_code};
use crate::label::{count, counted, release_label};
use crate::terminal::{file_label, file_words, sentence};

/// GitHub refuses comments of more than 65,536 characters; counted here in bytes.
pub const MAX_BYTES: usize = 65_536;

/// Kept free for the note on what was left out.
const RESERVE: usize = 512;

/// Evidence shown for one finding, findings for one release, names for one cause.
const MAX_EVIDENCE: usize = 5;
const MAX_FINDINGS: usize = 10;
const MAX_LISTED: usize = 10;

/// Longest piece of a hostile text, in characters.
const MAX_TEXT: usize = 200;

/// The report.
pub fn render(scan: &Scan) -> String {
    let mut out = Bounded { text: heading(scan), left_out: Vec::new() };
    for verdict in [Verdict::Malicious, Verdict::Suspicious] {
        let mut releases: Vec<_> = scan.releases.iter().filter(|release| release.verdict == verdict).collect();
        releases.sort_by_key(|release| std::cmp::Reverse(release.score));
        for one in releases {
            out.push("release", release(one), &format!("\n- **{verdict}** {}\n", code(&release_label(&one.purl))));
        }
        for one in scan.findings.iter().filter(|one| one.finding.verdict() == verdict) {
            let path = scan.targets.get(one.target).map_or("", |target| target.path.as_str());
            let text = format!("\n### {verdict}: {}\n\n{}", code(path), finding(&one.finding));
            out.push("finding", text + &remedies(&[&one.finding]), &format!("\n- **{verdict}** {}\n", code(path)));
        }
    }
    out.push("list of what is incomplete", incomplete(scan), "");
    out.push("list of notable findings", notable(scan), "");
    out.push("list of excepted findings", excepted(scan), "");
    out.push("list of judged advisories", judged(scan), "");
    out.push("list of what was skipped or unavailable", aside(scan), "");
    out.push("list of what was read", read(scan), "");
    out.finish()
}

/// Text that does not outgrow the limit.
struct Bounded {
    text: String,
    left_out: Vec<&'static str>,
}

impl Bounded {
    /// Appends a block; its short form if that is all that fits; or counts it.
    fn push(&mut self, what: &'static str, block: String, short: &str) {
        let room = (MAX_BYTES - RESERVE).saturating_sub(self.text.len());
        if block.len() <= room {
            self.text.push_str(&block);
            return;
        }
        self.left_out.push(what);
        if short.len() <= room {
            self.text.push_str(short);
        }
    }

    fn finish(mut self) -> String {
        if self.left_out.is_empty() {
            return self.text;
        }
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for what in &self.left_out {
            *kinds.entry(what).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.iter().map(|(what, number)| format!("{}× {what}", count(*number))).collect();
        let note =
            format!("\n> Left out or shortened for length: {}. Run `vetch scan` to see all.\n", kinds.join(", "));
        self.text.push_str(&note);
        self.text
    }
}

fn heading(scan: &Scan) -> String {
    let mut out = format!("## Vetch: {}\n\n| verdict | releases |\n|---|--:|\n", markdown(&sentence(scan)));
    for (verdict, number) in scan.summary() {
        if number > 0 {
            let name = if verdict >= Verdict::Suspicious { format!("**{verdict}**") } else { verdict.to_string() };
            out.push_str(&format!("| {name} | {} |\n", count(number)));
        }
    }
    out
}

fn release(release: &ReleaseResult) -> String {
    let name = code(&release_label(&release.purl));
    let mut out = format!("\n### {}: {name} (score {})\n\n", release.verdict, release.score);
    for one in release.findings.iter().take(MAX_FINDINGS) {
        out.push_str(&finding(one));
    }
    if release.findings.len() > MAX_FINDINGS {
        let more = counted(release.findings.len() - MAX_FINDINGS, "more finding", "more findings");
        out.push_str(&format!("And {more}.\n\n"));
    }
    for campaign in &release.campaigns {
        let (words, unsure) = (markdown(&campaign.words()), markdown(&campaign.uncertainty));
        out.push_str(&format!("**Known campaign:** {words} ({unsure})\n\n"));
    }
    if let Some(path) = release.paths.first() {
        let steps: Vec<String> = path.iter().map(|step| code(&step.label)).collect();
        let more = match (release.paths.len() - 1, release.more_paths) {
            (0, false) => String::new(),
            (0, true) => " (and more paths)".to_owned(),
            (left, false) => format!(" (+{})", counted(left, "more path", "more paths")),
            (left, true) => format!(" (more than {left} other paths)"),
        };
        out.push_str(&format!("**How it got in:** {}{more}\n\n", shortened(&steps).join(" › ")));
    }
    let places: Vec<String> = release
        .locations
        .iter()
        .take(3)
        .flat_map(|location| {
            let declared = location.declared_at.as_ref().map(|at| place(&at.file, at.line));
            location.path.as_deref().map(code).into_iter().chain(declared)
        })
        .collect();
    if !places.is_empty() {
        out.push_str(&format!("**Where:** {}\n\n", places.join(" · ")));
    }
    let way = release.way_out.as_ref().and_then(WayOut::told);
    let way = way.map(|way| format!("**Go to:** {}\n\n", markdown(&way)));
    out + &remedies(&release.findings.iter().collect::<Vec<_>>()) + &way.unwrap_or_default()
}

/// The ends of a long path.
fn shortened(steps: &[String]) -> Vec<String> {
    if steps.len() <= 8 {
        return steps.to_vec();
    }
    let gap = format!("… {} …", counted(steps.len() - 6, "step", "steps"));
    steps[..3].iter().cloned().chain([gap]).chain(steps[steps.len() - 3..].iter().cloned()).collect()
}

fn finding(finding: &Finding) -> String {
    let mut out = format!(
        "**{}** (`{}`, {} severity, {} confidence)\n\n",
        prose(&finding.title),
        finding.rule,
        finding.severity,
        finding.confidence
    );
    for evidence in finding.evidence.iter().take(MAX_EVIDENCE) {
        out.push_str(&format!("- {}\n", self::evidence(evidence)));
    }
    if finding.evidence.len() > MAX_EVIDENCE {
        let more = counted(finding.evidence.len() - MAX_EVIDENCE, "more place", "more places");
        out.push_str(&format!("- and {more}\n"));
    }
    out + "\n"
}

fn evidence(evidence: &Evidence) -> String {
    let at = evidence.location();
    let place = place(&at.file, at.line);
    let (words, layer) = match evidence {
        Evidence::Code { excerpt, layer, .. } => (code(excerpt.trim()), *layer),
        Evidence::Field { field, found, expected, .. } => {
            let expected = expected.as_ref().map(|expected| format!(" (expected {})", code(expected)));
            (format!("{} is {}{}", code(field), code(found), expected.unwrap_or_default()), 0)
        }
        Evidence::File { .. } => (String::new(), 0),
    };
    let mut parts = vec![place, words, prose(evidence.note())];
    parts.retain(|part| !part.is_empty());
    let decoded = if layer > 0 { format!(" (decoded, layer {layer})") } else { String::new() };
    parts.join(" – ") + &decoded
}

/// What to do, each remedy of a finding that counts once.
fn remedies(findings: &[&Finding]) -> String {
    let worst = findings.iter().map(|finding| finding.verdict()).max().unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.verdict() >= worst.min(Verdict::Suspicious)) {
        if !finding.remedy.trim().is_empty() && !seen.contains(&finding.remedy.as_str()) {
            seen.push(&finding.remedy);
        }
    }
    if seen.is_empty() {
        return String::new();
    }
    let mut out = String::from("**What to do**\n\n");
    for line in seen.iter().take(MAX_FINDINGS).flat_map(|remedy| remedy.lines()).filter(|line| !line.trim().is_empty())
    {
        let text = line.trim();
        let indented = line.starts_with("    ").then_some(text);
        match text.strip_prefix("$ ").or(indented).or_else(|| only_code(text)) {
            // A command belongs to the sentence before it.
            Some(command) if out.ends_with(":\n") => out.insert_str(out.len() - 1, &format!(" {}", code(command))),
            Some(command) => out.push_str(&format!("- {}\n", code(command))),
            None => out.push_str(&format!("- {}\n", long_prose(text))),
        }
    }
    out
}

/// The code of a line that is nothing else.
fn only_code(text: &str) -> Option<&str> {
    text.strip_prefix('`')?.strip_suffix('`').filter(|code| !code.contains('`'))
}

fn incomplete(scan: &Scan) -> String {
    let mut causes: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for missing in &scan.incomplete {
        causes.entry((&missing.why, &missing.hint)).or_default().push(prose(&missing.what));
    }
    for release in &scan.releases {
        for missing in &release.incomplete {
            let name = format!("{} {}", code(&release_label(&release.purl)), prose(&missing.what));
            causes.entry((&missing.why, &missing.hint)).or_default().push(name);
        }
    }
    let lines = causes.iter().map(|((why, hint), names)| {
        format!("- {}× {}: {}. {}\n", count(names.len()), prose(why), listed(names), prose(hint))
    });
    section("Incomplete (could not be judged, not clean)", lines.collect())
}

fn notable(scan: &Scan) -> String {
    let mut rules: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for release in scan.releases.iter().filter(|release| release.verdict < Verdict::Suspicious) {
        for finding in release.findings.iter().filter(|finding| finding.verdict() >= Verdict::Notable) {
            rules.entry(finding.rule).or_default().push(code(&release_label(&release.purl)));
        }
    }
    for one in scan.findings.iter().filter(|one| one.finding.verdict() == Verdict::Notable) {
        rules.entry(one.finding.rule).or_default().push(prose(&one.finding.title));
    }
    let lines = rules.iter().map(|(rule, names)| format!("- `{rule}` ({}): {}\n", count(names.len()), listed(names)));
    section("Notable", lines.collect())
}

fn excepted(scan: &Scan) -> String {
    let all = scan.releases.iter().flat_map(|release| release.excepted.iter().map(move |one| (release, one)));
    let lines = all.map(|(release, (finding, reason))| {
        format!("- `{}` in {}: {}\n", finding.rule, code(&release_label(&release.purl)), prose(reason))
    });
    section("Excepted by policy", lines.collect())
}

/// Advisories that do not count, by what others have judged (VEX).
fn judged(scan: &Scan) -> String {
    let all = scan.releases.iter().flat_map(|release| release.advisories.iter().map(move |one| (release, one)));
    let lines = all.filter(|(_, advisory)| advisory.is_silenced()).map(|(release, advisory)| {
        let (id, label) = (code(&advisory.id), code(&release_label(&release.purl)));
        format!("- {id} in {label}: {}\n", prose(&advisory.vex.in_words()))
    });
    section("Not counted, as others judge", lines.collect())
}

fn aside(scan: &Scan) -> String {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for skipped in &scan.skipped {
        reasons.entry(&skipped.why).or_default().push(code(&skipped.what));
    }
    let skipped = reasons
        .iter()
        .map(|(why, names)| format!("- skipped, {}: {} ({})\n", prose(why), listed(names), count(names.len())));
    let unavailable = scan.unavailable.iter().map(|one| format!("- {}: {}\n", prose(&one.what), prose(&one.why)));
    section("Skipped or unavailable", skipped.chain(unavailable).collect())
}

fn read(scan: &Scan) -> String {
    let line = |file| format!("- {}: {}\n", code(&file_label(scan, file)), prose(&file_words(file)));
    section("Read", scan.files.iter().map(line).collect())
}

/// A folded section, or nothing.
fn section(title: &str, lines: String) -> String {
    if lines.is_empty() {
        return String::new();
    }
    format!("\n<details><summary>{title}</summary>\n\n{lines}\n</details>\n")
}

fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(MAX_LISTED)].join(", ");
    match names.len().saturating_sub(MAX_LISTED) {
        0 => shown,
        more => format!("{shown} and {} more", count(more)),
    }
}

fn place(file: &str, line: u32) -> String {
    if line > 0 { code(&format!("{}:{line}", cut(file, MAX_TEXT))) } else { code(file) }
}

fn code(text: &str) -> String {
    markdown_code(&cut(text, MAX_TEXT))
}

fn prose(text: &str) -> String {
    markdown(&cut(text, MAX_TEXT))
}

fn long_prose(text: &str) -> String {
    markdown(&cut(text, 5 * MAX_TEXT))
}

pub(crate) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
