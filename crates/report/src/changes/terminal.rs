//! The form for people at a terminal: half a page.

use super::sections::{Mark, Section};
use super::{ChangeView, sections};
use crate::label::release_label;
use crate::terminal::{self, Page, Style, Tone};

/// Longest line of source shown, in characters.
const MAX_SOURCE: usize = 100;

/// The page.
pub fn terminal(view: &ChangeView<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    let mut line = page.text(view.old, Tone::Bold);
    page.push(&mut line, page.glyph(" → ", " -> ").to_owned().as_str(), Tone::Dim);
    page.push(&mut line, &release_label(&view.new.purl), Tone::Bold);
    page.line(&line);
    let mut verdict = page.text(view.new.verdict.as_str(), terminal::tone(view.new.verdict));
    page.push(&mut verdict, &format!("  score {}", view.new.score), Tone::Dim);
    page.line(&verdict);
    if !view.new.findings.is_empty() {
        page.blank();
        page.line(&page.text("What speaks against it", Tone::Bold));
        terminal::findings(&mut page, view.new);
    }
    let all = sections::sections(view);
    all.iter().for_each(|section| one(&mut page, section));
    page.blank();
    if view.change.is_some() && all.is_empty() {
        page.line(&page.text("Nothing differs in what it does, brings along or says of itself.", Tone::Plain));
    }
    missing(&mut page, view);
    terminal::background(&mut page, view.scan, view.new);
    page.finish()
}

/// What could not be compared.
fn missing(page: &mut Page, view: &ChangeView<'_>) {
    for incomplete in view.incomplete() {
        let first = page.text("not checked  ", Tone::Incomplete);
        let rest = page.text("             ", Tone::Plain);
        let text = format!("{}: {}; {}", incomplete.what, incomplete.why, incomplete.hint);
        page.fill(&first, &rest, &page.prose(&text, Tone::Plain));
    }
}

/// Several releases: those that tell something in full, the others by name.
pub fn reviews(views: &[ChangeView<'_>], style: Style) -> String {
    let (telling, quiet): (Vec<&ChangeView<'_>>, Vec<&ChangeView<'_>>) =
        views.iter().partition(|view| view.is_telling());
    let mut out = String::new();
    for view in &telling {
        out.push('\n');
        out.push_str(&terminal(view, style));
    }
    if !quiet.is_empty() {
        let mut page = Page::new(style);
        page.blank();
        page.line(&page.text("Do nothing that those before them did not", Tone::Clean));
        let names: Vec<_> = quiet.iter().map(|view| page.text(&release_label(&view.new.purl), Tone::Plain)).collect();
        let indent = page.text("  ", Tone::Plain);
        page.fill(&indent, &indent, &names);
        out.push_str(&page.finish());
    }
    out
}

fn one(page: &mut Page, section: &Section) {
    page.blank();
    page.line(&page.text(section.heading, Tone::Bold));
    for row in &section.rows {
        let tone = match row.mark {
            Mark::New => Tone::Suspicious,
            Mark::Gone => Tone::Dim,
            Mark::Other => Tone::Plain,
        };
        let mut first = page.text("  ", Tone::Plain);
        page.push(&mut first, row.mark.sign(), tone);
        page.push(&mut first, " ", Tone::Plain);
        let rest = page.text("    ", Tone::Plain);
        let mut words = page.prose(&row.text, if row.mark == Mark::Gone { Tone::Dim } else { Tone::Plain });
        if !row.place.is_empty() {
            words.push(page.text(&row.place, Tone::Dim));
        }
        page.fill(&first, &rest, &words);
        if !row.source.is_empty() {
            let mut line = page.text(page.glyph("      │ ", "      | "), Tone::Dim);
            page.push(&mut line, &crate::markdown::cut(&row.source, MAX_SOURCE), Tone::Command);
            page.line(&line);
        }
    }
    if section.left_out > 0 {
        page.line(&page.text(&format!("    and {} more (--format json lists all)", section.left_out), Tone::Dim));
    }
}
