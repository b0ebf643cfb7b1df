//! The form for a comment on a pull request.

use std::fmt::Write;

use super::ChangeView;
use super::sections::{Section, sections};
use crate::escape::{markdown as prose, markdown_code as code};
use crate::label::release_label;
use crate::markdown::cut;

/// Longest text of one row, in characters.
const MAX_TEXT: usize = 300;

/// The comment.
pub fn markdown(view: &ChangeView<'_>) -> String {
    let mut out = String::new();
    // Writing to a `String` does not fail.
    let _ = write_page(&mut out, view);
    out
}

/// Several releases: those that tell something in full, the others by name.
pub fn reviews(views: &[ChangeView<'_>]) -> String {
    let (telling, quiet): (Vec<&ChangeView<'_>>, Vec<&ChangeView<'_>>) =
        views.iter().partition(|view| view.is_telling());
    let mut out: String = telling.iter().map(|view| format!("\n{}", markdown(view))).collect();
    if !quiet.is_empty() {
        let names: Vec<String> =
            quiet.iter().map(|view| code(&cut(&release_label(&view.new.purl), MAX_TEXT))).collect();
        let _ = writeln!(out, "\nDo nothing that those before them did not: {}", names.join(", "));
    }
    out
}

fn write_page(out: &mut String, view: &ChangeView<'_>) -> std::fmt::Result {
    let (old, new) = (code(&cut(view.old, MAX_TEXT)), code(&cut(&release_label(&view.new.purl), MAX_TEXT)));
    writeln!(out, "## {old} → {new}: **{}**", view.new.verdict)?;
    for finding in &view.new.findings {
        writeln!(
            out,
            "\n- **{}** {} ({})",
            finding.verdict(),
            prose(&cut(&finding.title, MAX_TEXT)),
            code(finding.rule)
        )?;
    }
    let all = sections(view);
    if view.change.is_some() && all.is_empty() {
        writeln!(out, "\nNothing differs in what it does, brings along or says of itself.")?;
    }
    all.iter().try_for_each(|section| one(out, section))?;
    for missing in view.incomplete() {
        let text = format!("{}: {}", missing.what, missing.why);
        writeln!(out, "\n- **not checked** {}", prose(&cut(&text, MAX_TEXT)))?;
    }
    Ok(())
}

fn one(out: &mut String, section: &Section) -> std::fmt::Result {
    writeln!(out, "\n### {}\n", section.heading)?;
    for row in &section.rows {
        write!(out, "- {} {}", code(row.mark.sign()), prose(&cut(&row.text, MAX_TEXT)))?;
        if !row.place.is_empty() {
            write!(out, " {}", code(&cut(&row.place, MAX_TEXT)))?;
        }
        if !row.source.is_empty() {
            write!(out, "<br>{}", code(&cut(&row.source, MAX_TEXT)))?;
        }
        writeln!(out)?;
    }
    if section.left_out > 0 {
        writeln!(out, "- and {} more", section.left_out)?;
    }
    Ok(())
}
