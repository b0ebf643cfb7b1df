//! The form for people: what needs a look first, then the rest by kind, one line each.

use vetch_graph::compare::{Change, ChangeKind, RangeChange};

use super::{DiffView, words};
use crate::changes::reviews_terminal;
use crate::label::{count, counted};
use crate::terminal::{Line, Page, Style, Tone};

/// Changes of one section shown without `--verbose`; those that need a look are always shown,
/// up to a number that nobody reads.
const MAX_CHANGES: usize = 40;
const MAX_ALARMING: usize = 1_000;

/// Widest column of names and versions.
const MAX_COLUMN: usize = 36;

/// The comparison.
pub fn terminal(view: &DiffView<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    heading(&mut page, view);
    let alarming: Vec<&Change> = view.comparison.changes.iter().filter(|change| change.is_alarming).collect();
    section(&mut page, view, "Needs a look", Tone::Malicious, &alarming);
    for (kind, title) in words::SECTIONS {
        let of_kind = |change: &&Change| change.kind == *kind && !change.is_alarming;
        let changes: Vec<&Change> = view.comparison.changes.iter().filter(of_kind).collect();
        section(&mut page, view, title, tone(*kind), &changes);
    }
    ranges(&mut page, view);
    incomplete(&mut page, view);
    summary(&mut page, view);
    let looked_at = [view.own, view.reviews];
    let looked_at: String = looked_at.iter().flatten().map(|all| reviews_terminal(all, style)).collect();
    page.finish() + &looked_at
}

fn tone(kind: ChangeKind) -> Tone {
    match kind {
        ChangeKind::Replaced | ChangeKind::Downgraded | ChangeKind::SameVersion => Tone::Suspicious,
        ChangeKind::Added => Tone::Clean,
        ChangeKind::Upgraded | ChangeKind::OtherVersion => Tone::Notable,
        ChangeKind::Removed => Tone::Dim,
    }
}

fn heading(page: &mut Page, view: &DiffView<'_>) {
    let mut line = Line::default();
    for (at, side) in [&view.old, &view.new].into_iter().enumerate() {
        if at > 0 {
            page.push(&mut line, page.glyph(" → ", " -> "), Tone::Dim);
        }
        page.push(&mut line, side.target, Tone::Bold);
        let files = counted(side.files.len(), "file", "files");
        let packages = counted(side.inventory.packages.len(), "package", "packages");
        let commit = side.commit.map(|commit| format!("{}, ", &commit[..commit.len().min(12)])).unwrap_or_default();
        page.push(&mut line, &format!(" ({commit}{files}, {packages})"), Tone::Dim);
    }
    page.line(&line);
}

fn section(page: &mut Page, view: &DiffView<'_>, title: &str, tone: Tone, changes: &[&Change]) {
    if changes.is_empty() {
        return;
    }
    page.blank();
    let mut line = page.text(title, tone);
    page.push(&mut line, &format!(" ({})", count(changes.len())), Tone::Dim);
    page.line(&line);
    let is_alarming = tone == Tone::Malicious;
    let limit = match (page.style.verbose, is_alarming) {
        (true, _) => usize::MAX,
        (false, true) => MAX_ALARMING,
        (false, false) => MAX_CHANGES,
    };
    let shown = &changes[..changes.len().min(limit)];
    let columns = columns(page, view, shown);
    for change in shown {
        one(page, view, change, columns, is_alarming);
    }
    if changes.len() > limit {
        let more = format!("  and {} more (--verbose shows all)", count(changes.len() - limit));
        page.line(&page.text(&more, Tone::Dim));
    }
}

/// Widths of the names and the versions.
fn columns(page: &Page, view: &DiffView<'_>, changes: &[&Change]) -> (usize, usize) {
    let widest = |text: &dyn Fn(&Change) -> String| {
        let widths = changes.iter().map(|change| page.text(&text(change), Tone::Plain).width());
        widths.filter(|width| *width <= MAX_COLUMN).max().unwrap_or(0)
    };
    (widest(&|change| words::name(view, change)), widest(&|change| arrows(page, words::versions(view, change))))
}

/// Our own arrows as the terminal can show them.
fn arrows(page: &Page, text: String) -> String {
    if page.style.unicode { text } else { text.replace('→', "->").replace('…', "...") }
}

fn one(page: &mut Page, view: &DiffView<'_>, change: &Change, columns: (usize, usize), is_alarming: bool) {
    let mut line = page.text("  ", Tone::Plain);
    page.push(&mut line, &words::name(view, change), Tone::Bold);
    page.pad(&mut line, 2 + columns.0);
    page.push(&mut line, "  ", Tone::Plain);
    let versions = arrows(page, words::versions(view, change));
    let tone = if change.kind == ChangeKind::Downgraded { Tone::Suspicious } else { Tone::Plain };
    page.push(&mut line, &versions, tone);
    if let Some(names) = words::via(view, change) {
        page.pad(&mut line, 4 + columns.0 + columns.1);
        page.push(&mut line, "  via ", Tone::Dim);
        page.push(&mut line, &names.join(page.glyph(" › ", " > ")), Tone::Dim);
    }
    page.line(&line);
    for difference in &change.differences {
        let text = arrows(page, words::difference(difference, change.kind));
        let first = page.text(page.glyph("      • ", "      - "), Tone::Dim);
        let rest = page.text("        ", Tone::Plain);
        let tone = if is_alarming { Tone::Suspicious } else { Tone::Plain };
        page.fill(&first, &rest, &page.prose(&text, tone));
    }
    let place = words::place(view, change).filter(|_| is_alarming || page.style.verbose);
    if let Some(place) = place {
        page.line(&page.text(&format!("        {place}"), Tone::Dim));
    }
}

fn ranges(page: &mut Page, view: &DiffView<'_>) {
    let ranges = &view.comparison.ranges;
    if ranges.is_empty() {
        return;
    }
    page.blank();
    let mut title = page.text("Asked for otherwise", Tone::Notable);
    page.push(&mut title, &format!(" ({})", count(ranges.len())), Tone::Dim);
    page.line(&title);
    let limit = if page.style.verbose { usize::MAX } else { MAX_CHANGES };
    for change in ranges.iter().take(limit) {
        range(page, view, change);
    }
    if ranges.len() > limit {
        let more = format!("  and {} more (--verbose shows all)", count(ranges.len() - limit));
        page.line(&page.text(&more, Tone::Dim));
    }
}

fn range(page: &mut Page, view: &DiffView<'_>, change: &RangeChange) {
    let mut line = page.text("  ", Tone::Plain);
    page.push(&mut line, &change.name, Tone::Bold);
    let (old, new) = (words::ask(change.old.as_ref()), words::ask(change.new.as_ref()));
    page.push(&mut line, "  ", Tone::Plain);
    page.push(&mut line, &old, Tone::Plain);
    page.push(&mut line, page.glyph(" → ", " -> "), Tone::Dim);
    page.push(&mut line, &new, Tone::Plain);
    let project = view.new.inventory.package(change.new_project).label();
    page.push(&mut line, &format!("  by {project}"), Tone::Dim);
    page.line(&line);
}

fn incomplete(page: &mut Page, view: &DiffView<'_>) {
    let all: Vec<_> = view.incomplete().collect();
    if all.is_empty() {
        return;
    }
    page.blank();
    page.line(&page.text("Not read, and so not compared", Tone::Incomplete));
    let limit = if page.style.verbose { usize::MAX } else { MAX_CHANGES };
    for (side, one) in all.iter().take(limit) {
        let at = one.location.as_ref().filter(|at| at.line > 0).map(|at| format!(":{}", at.line)).unwrap_or_default();
        let first = page.text(&format!("  {side}: {}{at}  ", one.what), Tone::Bold);
        let rest = page.text("       ", Tone::Plain);
        let words = page.prose(&format!("{}; {}", one.why, one.hint), Tone::Plain);
        page.fill(&first, &rest, &words);
    }
    if all.len() > limit {
        page.line(&page.text(&format!("  and {} more (--verbose shows all)", count(all.len() - limit)), Tone::Dim));
    }
}

fn summary(page: &mut Page, view: &DiffView<'_>) {
    page.blank();
    page.line(&page.text(&words::numbers(view), Tone::Bold));
    let is_whole = view.incomplete().next().is_none();
    let tone = match (view.comparison.is_alarming(), is_whole) {
        (true, _) => Tone::Malicious,
        (false, false) => Tone::Incomplete,
        (false, true) => Tone::Clean,
    };
    page.line(&page.text(&words::sentence(view), tone));
}
