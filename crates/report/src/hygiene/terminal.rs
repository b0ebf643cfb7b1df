//! The form for people: what is wrong by kind, with why it matters told once; then what would change.

use std::collections::BTreeMap;

use vetch_model::Severity;
use vetch_model::hygiene::{FileDiff, Lint, LintId, Repair};
use vetch_model::outcome::Incomplete;

use super::{DoctorView, PinCommand, PinDeed, PinView};
use crate::label::{count, counted};
use crate::terminal::{Page, Style, Tone, place, severity_tone};

/// Places shown of one kind without `--verbose`.
const MAX_PLACES: usize = 12;

/// Lines of diff shown of one file without `--verbose`.
const MAX_DIFF: usize = 200;

/// The outcome of `vetch pin` or `vetch fix`.
pub fn pin_terminal(view: &PinView<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    kinds(&mut page, view.lints, view.command.flag());
    for diff in view.diff {
        file(&mut page, diff);
    }
    incomplete(&mut page, view.incomplete);
    for note in view.notes {
        labelled(&mut page, "note  ", Tone::Dim, note);
    }
    conclusion(&mut page, view);
    page.finish()
}

/// The outcome of `vetch doctor`.
pub fn doctor_terminal(view: &DoctorView<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    for area in view.areas {
        let title = match area.id {
            "host" => "This host",
            "project" => "The project",
            "ci" => "CI",
            _ => "Vetch",
        };
        page.line(&page.text(title, Tone::Bold));
        if area.lints.is_empty() && !area.looked_at.is_empty() {
            page.line(&page.text("  nothing is wrong", Tone::Clean));
        }
        kinds(&mut page, &area.lints, PinCommand::Pin.flag());
        for text in &area.looked_at {
            labelled(&mut page, "  looked at  ", Tone::Dim, text);
        }
        for text in &area.unavailable {
            labelled(&mut page, "  not known  ", Tone::Incomplete, text);
        }
        page.blank();
    }
    incomplete(&mut page, view.incomplete);
    let wrong: usize = view.areas.iter().map(|area| area.lints.len()).sum();
    let (text, tone) = match wrong {
        0 => ("nothing is wrong with what was looked at".to_owned(), Tone::Clean),
        number => (format!("{} to mend", counted(number, "thing", "things")), Tone::Suspicious),
    };
    page.line(&page.text(&text, tone));
    page.finish()
}

fn labelled(page: &mut Page, label: &str, tone: Tone, text: &str) {
    let first = page.text(label, tone);
    let rest = page.text(&" ".repeat(label.len()), Tone::Plain);
    page.fill(&first, &rest, &page.prose(text, Tone::Plain));
}

/// The lints, the gravest kind first.
fn kinds(page: &mut Page, lints: &[Lint], flag: &str) {
    let mut kinds: BTreeMap<(Severity, LintId), Vec<&Lint>> = BTreeMap::new();
    for lint in lints {
        kinds.entry((lint.id.severity(), lint.id)).or_default().push(lint);
    }
    for ((_, id), lints) in kinds {
        let mut line = page.text(id.as_str(), severity_tone(id.severity()));
        page.push(&mut line, &format!("  {}", id.severity()), Tone::Dim);
        page.line(&line);
        labelled(page, "  why  ", Tone::Dim, id.why());
        let limit = if page.style.verbose { usize::MAX } else { MAX_PLACES };
        // What is said of many places alike is said once, behind the last of them.
        for (index, lint) in lints.iter().take(limit).enumerate() {
            let next = lints.get(index + 1).filter(|_| index + 1 < limit.min(lints.len()));
            let is_last = next.is_none_or(|next| next.repair != lint.repair);
            one(page, lint, is_last.then_some(flag));
        }
        if lints.len() > limit {
            let more = format!("  and {} more (--verbose shows all)", count(lints.len() - limit));
            page.line(&page.text(&more, Tone::Dim));
        }
        page.blank();
    }
}

/// One place; what to do about it goes with the flag that does it.
fn one(page: &mut Page, lint: &Lint, flag: Option<&str>) {
    let mut first = page.text("  ", Tone::Plain);
    first.extend(&place(page, &lint.location));
    page.push(&mut first, "  ", Tone::Plain);
    let rest = page.text("       ", Tone::Plain);
    page.fill(&first, &rest, &page.prose(&lint.what, Tone::Plain));
    if let Some(flag) = flag {
        let (label, tone, text) = match &lint.repair {
            Repair::Edit(text) => (flag, Tone::Clean, text),
            Repair::Command(text) => ("do", Tone::Notable, text),
            Repair::Decision(text) => ("decide", Tone::Notable, text),
        };
        let width = flag.len().max("decide".len()) + 1;
        labelled(page, &format!("    {label:<width$}"), tone, text);
    }
}

fn file(page: &mut Page, diff: &FileDiff) {
    let limit = if page.style.verbose { usize::MAX } else { MAX_DIFF };
    for line in diff.lines.iter().take(limit) {
        let tone = match line.as_bytes().first() {
            _ if line.starts_with("--- ") || line.starts_with("+++ ") => Tone::Bold,
            Some(b'+') => Tone::Clean,
            Some(b'-') => Tone::Mark,
            Some(b'@') => Tone::Notable,
            _ => Tone::Dim,
        };
        page.line(&page.text(&line.replace('\t', "    "), tone));
    }
    if diff.lines.len() > limit {
        let more = format!("{} more lines (--verbose shows all)", count(diff.lines.len() - limit));
        page.line(&page.text(&more, Tone::Dim));
    }
    page.blank();
}

fn incomplete(page: &mut Page, incomplete: &[Incomplete]) {
    if incomplete.is_empty() {
        return;
    }
    page.line(&page.text("not checked", Tone::Incomplete));
    for one in incomplete {
        let first = page.text(&format!("  {}  ", one.what), Tone::Bold);
        let rest = page.text("    ", Tone::Plain);
        page.fill(&first, &rest, &page.prose(&format!("{}; {}", one.why, one.hint), Tone::Plain));
    }
    page.blank();
}

fn conclusion(page: &mut Page, view: &PinView<'_>) {
    let (fixable, all) = (view.fixable(), view.lints.len());
    let left = all - fixable;
    let things = |number| counted(number, "thing", "things");
    if let PinDeed::Fixed(files) = &view.deed {
        if !files.is_empty() {
            let text = format!(
                "mended {} in {}: `{}`",
                things(fixable),
                counted(files.len(), "file", "files"),
                files.join("`, `")
            );
            labelled(page, "", Tone::Plain, &text);
        }
        for one in view.afterwards {
            let folder = if one.folder.is_empty() { String::new() } else { format!("in `{}` ", one.folder) };
            labelled(page, "then  ", Tone::Notable, &format!("{folder}run `{}`: {}", one.command, one.why));
        }
        let (text, tone) = match left {
            0 => ("nothing is left to mend".to_owned(), Tone::Clean),
            _ => (format!("{} left for you", things(left)), Tone::Suspicious),
        };
        return page.line(&page.text(&text, tone));
    }
    match (fixable, left) {
        (0, 0) => page.line(&page.text(view.command.nothing(), Tone::Clean)),
        (0, _) => page.line(&page.text(&format!("{} for you to mend", things(left)), Tone::Suspicious)),
        (_, _) => {
            let shown = if view.deed == PinDeed::Shown { " what is shown above" } else { "" };
            let rest = if left > 0 { format!("; {} left for you", things(left)) } else { String::new() };
            let command = view.command.words();
            let text = format!("{}: `{command}` mends {}{}{rest}", things(all), count(fixable), shown_as(shown));
            labelled(page, "", Tone::Plain, &text);
        }
    }
}

fn shown_as(shown: &str) -> String {
    if shown.is_empty() { String::new() } else { format!(" and writes{shown}") }
}
