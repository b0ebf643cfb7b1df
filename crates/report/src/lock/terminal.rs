//! The form for people: every release that has something new, with the line that shows it.

use vetch_model::Capability;
use vetch_model::lock::{Change, LockedCapability};

use super::{LockView, LockedFolder, words};
use crate::label::{count, counted, release_label};
use crate::terminal::{Line, Page, Style, Tone};

/// Capabilities shown of one release without `--verbose`.
const MAX_GAINED: usize = 16;

/// Widest column of capabilities.
const MAX_COLUMN: usize = 60;

/// The outcome.
pub fn terminal(view: &LockView<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    for folder in &view.folders {
        let shown = words::shown(folder);
        if view.folders.len() > 1 && !shown.is_empty() {
            page.line(&page.text(&folder.file, Tone::Notable));
        }
        for change in shown {
            one(&mut page, view, folder, change);
            page.blank();
        }
    }
    incomplete(&mut page, view);
    for folder in &view.folders {
        conclusion(&mut page, folder);
    }
    page.finish()
}

fn conclusion(page: &mut Page, folder: &LockedFolder<'_>) {
    let fails = folder.check.is_failing() && folder.deed == super::Deed::Checked;
    let tone = if fails { Tone::Suspicious } else { Tone::Clean };
    page.fill(&Line::default(), &Line::default(), &page.prose(&words::sentence(folder), tone));
    if let Some(advice) = words::advice(folder) {
        let first = page.text("what to do  ", Tone::Dim);
        let rest = page.text("            ", Tone::Plain);
        page.fill(&first, &rest, &page.prose(advice, Tone::Plain));
    }
}

fn one(page: &mut Page, view: &LockView<'_>, folder: &LockedFolder<'_>, change: &Change) {
    let mut line = page.text(&release_label(&change.purl), Tone::Bold);
    page.push(&mut line, &format!("  {}", words::known(change)), Tone::Dim);
    page.line(&line);
    let limit = if page.style.verbose { usize::MAX } else { MAX_GAINED };
    let widths = change.gained.iter().map(|gained| page.text(&label(gained), Tone::Plain).width());
    let column = widths.take(limit).filter(|width| *width <= MAX_COLUMN).max().unwrap_or(0);
    for (gained, seen) in view.gained(folder, change).into_iter().take(limit) {
        capability(page, gained, seen, column);
    }
    if change.gained.len() > limit {
        let more = format!("    and {} more (--verbose shows all)", count(change.gained.len() - limit));
        page.line(&page.text(&more, Tone::Dim));
    }
    for remark in words::remarks(change) {
        let first = page.text("  ! ", Tone::Suspicious);
        let rest = page.text("    ", Tone::Plain);
        page.fill(&first, &rest, &page.prose(&remark, Tone::Plain));
    }
    if let Some(names) = words::via(view, folder, change) {
        let mut line = page.text("    via ", Tone::Dim);
        page.push(&mut line, &names.join(page.glyph(" › ", " > ")), Tone::Dim);
        page.line(&line);
    }
}

fn label(gained: &LockedCapability) -> String {
    format!("{}  {gained}", gained.trigger)
}

/// `+ install  process.spawn(curl)   setup.js:12`.
fn capability(page: &mut Page, gained: &LockedCapability, seen: Option<&Capability>, column: usize) {
    let first = page.text("  + ", Tone::Notable);
    let mut rest = page.text("    ", Tone::Plain);
    page.pad(&mut rest, first.width() + gained.trigger.as_str().len() + 2);
    let mut words = page.prose(&label(gained), Tone::Plain);
    // `prose` splits at blanks: the two of the label come back as one.
    if let Some(trigger) = words.first_mut() {
        *trigger = page.text(gained.trigger.as_str(), Tone::Bold);
        page.push(trigger, " ", Tone::Plain);
    }
    let place = seen.map(|seen| seen.evidence.location());
    let width: usize = words.iter().map(Line::width).sum::<usize>() + words.len().saturating_sub(1);
    if let (Some(last), Some(place)) = (words.last_mut(), place) {
        let target = last.width() + column.saturating_sub(width);
        page.pad(last, target);
        let mut at = page.text("  ", Tone::Plain);
        at.extend(&crate::terminal::place(page, place));
        last.extend(&at);
    }
    page.fill(&first, &rest, &words);
}

fn incomplete(page: &mut Page, view: &LockView<'_>) {
    if !view.is_incomplete() {
        return;
    }
    let releases = view.scan.releases.iter().filter(|release| !release.incomplete.is_empty());
    let of_releases: Vec<_> = releases.map(|release| (release_label(&release.purl), &release.incomplete)).collect();
    let title = match of_releases.len() {
        0 => "not checked".to_owned(),
        number => format!("not checked, in {}", counted(number, "release", "releases")),
    };
    page.line(&page.text(&title, Tone::Incomplete));
    let limit = if page.style.verbose { usize::MAX } else { MAX_GAINED };
    let of_none = view.scan.incomplete.iter().map(|one| (String::new(), one));
    let all = of_none.chain(of_releases.iter().flat_map(|(label, all)| all.iter().map(|one| (label.clone(), one))));
    let all: Vec<_> = all.collect();
    for (label, one) in all.iter().take(limit) {
        let separator = if label.is_empty() { "" } else { ": " };
        let first = page.text(&format!("  {label}{separator}{}  ", one.what), Tone::Bold);
        let rest = page.text("    ", Tone::Plain);
        page.fill(&first, &rest, &page.prose(&format!("{}; {}", one.why, one.hint), Tone::Plain));
    }
    if all.len() > limit {
        let more = format!("  and {} more (--verbose shows all)", count(all.len() - limit));
        page.line(&page.text(&more, Tone::Dim));
    }
    page.blank();
}
