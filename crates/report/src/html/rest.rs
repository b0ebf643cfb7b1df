//! What belongs to no release: findings about targets, what was not checked, what was read.

use std::fmt::Write;

use vetch_model::scan::Scan;

use super::release::finding;
use crate::escape::html as text;
use crate::label::{count, release_label};
use crate::terminal::{file_label, file_words};

/// Lines of one list.
const MAX_ROWS: usize = 500;

/// Findings about a target rather than a release.
pub(super) fn targets(out: &mut String, scan: &Scan) -> std::fmt::Result {
    if scan.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>About the project</h2>")?;
    for one in scan.findings.iter().take(MAX_ROWS) {
        finding(out, &one.finding)?;
        if !one.finding.remedy.is_empty() {
            writeln!(out, "<p class=\"remedy\">{}</p>", text(&one.finding.remedy))?;
        }
    }
    more(out, scan.findings.len())
}

/// What was not checked, not applicable, not to be had; and what was read.
pub(super) fn rest(out: &mut String, scan: &Scan) -> std::fmt::Result {
    let incomplete = scan.incomplete.iter().map(|one| {
        let place = one.location.as_ref().map(|at| format!(" ({}:{})", at.file, at.line)).unwrap_or_default();
        (format!("{}{place}", one.what), format!("{}. {}", one.why, one.hint))
    });
    table(out, "Not checked", incomplete.collect())?;
    let judged = scan.releases.iter().flat_map(|release| {
        let own = release.advisories.iter().filter(|advisory| advisory.is_silenced());
        own.map(|advisory| {
            (
                format!("{} in {}", advisory.id, release_label(&release.purl)),
                format!("not counted: {}", advisory.vex.in_words()),
            )
        })
    });
    table(out, "Judged by others", judged.collect())?;
    let skipped = scan.skipped.iter().map(|one| (one.what.clone(), one.why.clone()));
    table(out, "Not applicable here", skipped.collect())?;
    let unavailable = scan.unavailable.iter().map(|one| (one.what.clone(), one.why.clone()));
    table(out, "Not to be had", unavailable.collect())?;
    table(out, "Read", scan.files.iter().map(|file| (file_label(scan, file), file_words(file))).collect())?;
    if let Some(state) = &scan.intelligence {
        let records = count(usize::try_from(state.records).unwrap_or(usize::MAX));
        writeln!(out, "<p class=\"dim\">Compared with {records} records of threat intelligence.</p>")?;
    }
    Ok(())
}

fn table(out: &mut String, heading: &str, rows: Vec<(String, String)>) -> std::fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>{heading}</h2>\n<table>")?;
    for (what, why) in rows.iter().take(MAX_ROWS) {
        writeln!(out, "<tr><td>{}</td><td class=\"dim\">{}</td></tr>", text(what), text(why))?;
    }
    writeln!(out, "</table>")?;
    more(out, rows.len())
}

fn more(out: &mut String, all: usize) -> std::fmt::Result {
    match all.checked_sub(MAX_ROWS) {
        Some(left) if left > 0 => writeln!(out, "<p class=\"dim\">and {} more</p>", count(left)),
        _ => Ok(()),
    }
}
