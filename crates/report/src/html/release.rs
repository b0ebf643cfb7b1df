//! One release of the report: what speaks against it, how it got in, what it does, what to do.

use std::fmt::Write;

use vetch_model::advisory::Advisory;
use vetch_model::scan::{PathStep, ReleaseResult, Scan};
use vetch_model::vex::VexOutcome;
use vetch_model::way_out::WayOut;
use vetch_model::{Capability, Evidence, Finding, Trigger, Verdict};

use super::anchor;
use crate::escape::html as text;
use crate::label::{counted, release_label};

/// Places of one finding, and lines of one table; a release may have thousands.
const MAX_EVIDENCE: usize = 20;
const MAX_ROWS: usize = 60;

/// The whole of one release; open where somebody must look.
pub(super) fn release(out: &mut String, scan: &Scan, release: &ReleaseResult) -> std::fmt::Result {
    let (name, verdict) = (text(&release_label(&release.purl)), release.verdict);
    let open = if verdict >= Verdict::Suspicious { " open" } else { "" };
    let title = release.findings.first().map(|finding| finding.title.as_str());
    let title = title.or_else(|| release.incomplete.first().map(|missing| missing.why.as_str())).unwrap_or_default();
    writeln!(
        out,
        "<details class=\"release {verdict}\" id=\"{}\" data-name=\"{name} {verdict}\"{open}>\n\
         <summary><span class=\"verdict {verdict}\">{verdict}</span><span class=\"name\">{name}</span>\
         <span class=\"dim\">{}</span></summary>\n<div class=\"inside\">",
        anchor(scan, release),
        text(title)
    )?;
    for one in &release.findings {
        finding(out, one)?;
    }
    remedies(out, &release.findings)?;
    if let Some(way) = release.way_out.as_ref().and_then(WayOut::told) {
        writeln!(out, "<p><strong>Go to</strong> {}</p>", text(&way))?;
    }
    for campaign in &release.campaigns {
        let (words, unsure) = (text(&campaign.words()), text(&campaign.uncertainty));
        writeln!(out, "<p><strong>Known campaign</strong> {words} <span class=\"dim\">({unsure})</span></p>")?;
    }
    for missing in release.incomplete.iter().take(MAX_ROWS) {
        let (what, why, hint) = (text(&missing.what), text(&missing.why), text(&missing.hint));
        writeln!(out, "<p><span class=\"verdict incomplete\">not checked</span> {what}: {why}. {hint}</p>")?;
    }
    if let Some(more) = release.incomplete.len().checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        writeln!(out, "<p class=\"dim\">and {more} more things that were not checked</p>")?;
    }
    ways(out, scan, release)?;
    advisories(out, &release.advisories)?;
    profile(out, release)?;
    for (finding, reason) in &release.excepted {
        let (title, rule, reason) = (text(&finding.title), text(finding.rule), text(reason));
        writeln!(out, "<p class=\"dim\">Excepted by policy: {title} (<code>{rule}</code>): {reason}</p>")?;
    }
    let hash = release.content_hash.map_or("contents could not be had".to_owned(), |hash| format!("contents {hash}"));
    writeln!(
        out,
        "<p class=\"dim\"><code>{}</code> · score {} · {}</p>",
        text(release.purl.as_str()),
        release.score,
        text(&hash)
    )?;
    writeln!(out, "</div></details>")
}

/// One finding with the source that it rests on.
pub(super) fn finding(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let techniques = finding.techniques.join(", ");
    let techniques =
        if techniques.is_empty() { String::new() } else { format!(" · ATT&amp;CK {}", text(&techniques)) };
    writeln!(
        out,
        "<div class=\"finding\"><h3 class=\"{}\">{}</h3>\n<p class=\"dim\"><code>{}</code> · {} severity, {} confidence{techniques}</p>",
        finding.verdict(),
        text(&finding.title),
        text(finding.rule),
        finding.severity,
        finding.confidence
    )?;
    writeln!(out, "<table>")?;
    for one in finding.evidence.iter().take(MAX_EVIDENCE) {
        evidence(out, one)?;
    }
    writeln!(out, "</table>")?;
    if finding.evidence.len() > MAX_EVIDENCE {
        let more = counted(finding.evidence.len() - MAX_EVIDENCE, "more place", "more places");
        writeln!(out, "<p class=\"dim\">and {more}</p>")?;
    }
    writeln!(out, "</div>")
}

fn evidence(out: &mut String, evidence: &Evidence) -> std::fmt::Result {
    let at = evidence.location();
    let line = if at.line > 0 { format!(":{}", at.line) } else { String::new() };
    let place = text(&format!("{}{line}", at.file));
    let source = match evidence {
        Evidence::Code { excerpt, highlight, .. } => {
            excerpt_of(excerpt, highlight.start as usize, highlight.end as usize)
        }
        Evidence::Field { field, found, expected, .. } => {
            let expected = expected.as_ref().map(|expected| format!("\nexpected: {}", text(expected)));
            format!("<pre>{}: {}{}</pre>", text(field), text(found), expected.unwrap_or_default())
        }
        Evidence::File { .. } => String::new(),
    };
    let decoded = match evidence.layer() {
        0 => "",
        1 => "<br><span class=\"dim\">decoded</span>",
        _ => "<br><span class=\"dim\">decoded more than once</span>",
    };
    writeln!(out, "<tr><td><code>{place}</code>{decoded}</td><td>{}{source}</td></tr>", text(evidence.note()))
}

/// A line of source with the point of interest marked. A range that is none of the text's marks nothing.
fn excerpt_of(excerpt: &str, start: usize, end: usize) -> String {
    match (excerpt.get(..start), excerpt.get(start..end), excerpt.get(end..)) {
        (Some(before), Some(point), Some(after)) if !point.is_empty() => {
            let (before, after) = (text(before.trim_start()), text(after.trim_end()));
            format!("<pre>{before}<mark>{}</mark>{after}</pre>", text(point))
        }
        _ => format!("<pre>{}</pre>", text(excerpt.trim())),
    }
}

/// Each remedy once.
fn remedies(out: &mut String, findings: &[Finding]) -> std::fmt::Result {
    let worst = findings.iter().map(Finding::verdict).max().unwrap_or_default();
    let counting = findings.iter().filter(|finding| finding.verdict() >= worst.min(Verdict::Suspicious));
    let mut seen: Vec<&str> = Vec::new();
    for finding in counting {
        let remedy = finding.remedy.trim();
        if !remedy.is_empty() && !seen.contains(&remedy) {
            seen.push(remedy);
        }
    }
    if seen.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>What to do</h3>\n<div class=\"remedy\">")?;
    for line in seen.iter().flat_map(|remedy| remedy.lines()).filter(|line| !line.trim().is_empty()) {
        let words = line.trim();
        match words.strip_prefix("$ ").or(line.starts_with("    ").then_some(words)) {
            Some(command) => writeln!(out, "<pre>{}</pre>", text(command))?,
            None => writeln!(out, "<p>{}</p>", text(words))?,
        }
    }
    writeln!(out, "</div>")
}

/// A path as markup.
pub(super) fn steps(path: &[PathStep]) -> String {
    let steps: Vec<String> = path.iter().map(|step| format!("<code>{}</code>", text(&step.label))).collect();
    format!("<span class=\"steps\">{}</span>", steps.concat())
}

fn ways(out: &mut String, scan: &Scan, release: &ReleaseResult) -> std::fmt::Result {
    let paths: Vec<_> = release.paths.iter().filter(|path| path.len() > 1).collect();
    if !paths.is_empty() {
        writeln!(out, "<h3>How it got in</h3>\n<ul>")?;
        for path in paths.iter().take(MAX_EVIDENCE) {
            writeln!(out, "<li>{}</li>", steps(path))?;
        }
        if release.more_paths || paths.len() > MAX_EVIDENCE {
            writeln!(out, "<li class=\"dim\">and more ways</li>")?;
        }
        writeln!(out, "</ul>")?;
    }
    let places: Vec<String> = release
        .locations
        .iter()
        .take(MAX_EVIDENCE)
        .map(|location| {
            let target = scan.targets.get(location.target).map_or("", |target| target.path.as_str());
            let declared = location.declared_at.as_ref().map(|at| format!("{}:{}", at.file, at.line));
            let parts = location.path.clone().into_iter().chain(declared);
            let target = if scan.targets.len() > 1 { format!("{target}: ") } else { String::new() };
            format!("<code>{}</code>", text(&format!("{target}{}", parts.collect::<Vec<_>>().join(", "))))
        })
        .collect();
    match places.is_empty() {
        true => Ok(()),
        false => writeln!(out, "<p><span class=\"dim\">Where</span> {}</p>", places.join(" · ")),
    }
}

fn advisories(out: &mut String, advisories: &[Advisory]) -> std::fmt::Result {
    if advisories.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>Advisories</h3>\n<table>")?;
    for one in advisories.iter().take(MAX_ROWS) {
        let safe = one.safe.as_ref().map(|safe| format!("; go to {safe}")).unwrap_or_default();
        let severity = one.rating.as_ref().map(|rating| rating.severity.as_str()).unwrap_or_default();
        let judged = match (one.vex.outcome, one.vex.in_words()) {
            (_, words) if words.is_empty() => String::new(),
            (VexOutcome::Silenced, words) => format!("; not counted: {words}"),
            (VexOutcome::Contradicted, words) => format!("; judgements contradict each other: {words}"),
            (VexOutcome::Stands, words) => format!("; {words}"),
        };
        writeln!(
            out,
            "<tr><td><code>{}</code><br><span class=\"dim\">{severity}</span></td><td>{}<br><span class=\"dim\">affected: {}{}{}</span></td></tr>",
            text(&one.id),
            text(&one.summary),
            text(&one.affected),
            text(&safe),
            text(&judged)
        )?;
    }
    left_out(out, advisories.len(), "advisories")?;
    writeln!(out, "</table>")
}

/// What it does, by trigger, and where what it reads goes.
fn profile(out: &mut String, release: &ReleaseResult) -> std::fmt::Result {
    let profile = &release.profile;
    if profile.capabilities.is_empty() && profile.flows.is_empty() {
        return Ok(());
    }
    let number = counted(profile.capabilities.len(), "capability", "capabilities");
    writeln!(out, "<details><summary>Behaviour profile: {number}</summary>\n<table>")?;
    for trigger in Trigger::ALL {
        let here: Vec<&Capability> = profile.capabilities.iter().filter(|one| one.trigger == *trigger).collect();
        for one in here.iter().take(MAX_ROWS) {
            let at = one.evidence.location();
            let (label, place) = (text(&one.label()), text(&format!("{}:{}", at.file, at.line)));
            writeln!(
                out,
                "<tr><td class=\"dim\">{trigger}</td><td><code>{label}</code></td><td><code class=\"dim\">{place}</code></td></tr>"
            )?;
        }
        left_out(out, here.len(), trigger.as_str())?;
    }
    for flow in profile.flows.iter().take(MAX_ROWS) {
        let (source, sink) = (text(&flow.source.label()), text(&flow.sink.label()));
        writeln!(
            out,
            "<tr><td class=\"dim\">{}</td><td colspan=\"2\"><code>{source}</code> → <code>{sink}</code></td></tr>",
            flow.trigger
        )?;
    }
    left_out(out, profile.flows.len(), "flows")?;
    writeln!(out, "</table></details>")
}

/// Says how many rows of a table of these are not shown, if any are not.
fn left_out(out: &mut String, all: usize, of: &str) -> std::fmt::Result {
    match all.saturating_sub(MAX_ROWS) {
        0 => Ok(()),
        more => writeln!(out, "<tr><td class=\"dim\">{of}</td><td class=\"dim\">and {more} more</td><td></td></tr>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_is_marked_and_odd_ranges_mark_nothing() {
        assert_eq!(excerpt_of("  eval(<b>)", 2, 6), "<pre><mark>eval</mark>(&lt;b&gt;)</pre>");
        assert_eq!(excerpt_of("ä", 1, 2), "<pre>ä</pre>");
        assert_eq!(excerpt_of("x", 4, 2), "<pre>x</pre>");
    }
}
