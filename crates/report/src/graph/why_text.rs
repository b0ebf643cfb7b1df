//! "Why is it here?" for people.

use vetch_graph::Step;
use vetch_model::inventory::PackageId;

use super::why::{Why, WhyHere, others};
use super::{MapView, words};
use crate::escape;
use crate::label::{count, counted};
use crate::terminal::{Line, Page, Style, Tone};

/// Packages, places and projects named at most.
const MAX_LISTED: usize = 12;

/// Longest Markdown, in bytes: what GitHub takes as a comment, with room for a note.
const MAX_BYTES: usize = 65_000;

/// The answer for a terminal.
pub fn terminal(view: &MapView<'_>, why: &Why, style: Style) -> String {
    let mut page = Page::new(style);
    for here in &why.releases {
        release(&mut page, view, here);
    }
    if why.more_releases > 0 {
        page.blank();
        let text = format!("{} more releases of it are not shown; name a version.", count(why.more_releases));
        prose(&mut page, &Line::default(), &text, Tone::Incomplete);
    }
    if why.releases.len() > 1 {
        page.blank();
        let places: Vec<PackageId> = why.releases.iter().flat_map(|here| here.places.clone()).collect();
        let all = format!("all {} together", count(why.releases.len() + why.more_releases));
        let text = leaving(view, &why.leaving, &places, &all, limit(style));
        prose(&mut page, &Line::default(), &text, Tone::Plain);
    }
    page.finish()
}

fn limit(style: Style) -> usize {
    if style.verbose { usize::MAX } else { MAX_LISTED }
}

fn prose(page: &mut Page, indent: &Line, text: &str, tone: Tone) {
    let words = page.prose(text, tone);
    page.fill(indent, indent, &words);
}

fn release(page: &mut Page, view: &MapView<'_>, here: &WhyHere) {
    let Some(package) = here.places.first().map(|id| view.inventory.package(*id)) else { return };
    page.blank();
    let mut title = page.text(&words::label(package), Tone::Bold);
    if let Some(source) = words::source(package) {
        page.push(&mut title, &format!("  ({source})"), Tone::Notable);
    }
    page.line(&title);
    let indent = page.text("  ", Tone::Plain);
    prose(page, &indent, &summary(view, here, limit(page.style)), Tone::Dim);
    for path in &here.paths.paths {
        page.blank();
        for (level, step) in path.iter().enumerate() {
            path_step(page, view, level, step);
        }
    }
    page.blank();
    if here.paths.more {
        prose(page, &indent, "There are more paths: `--paths N` shows up to N.", Tone::Dim);
    }
    let text = leaving(view, &here.leaving, &here.places, "it", limit(page.style));
    prose(page, &indent, &text, Tone::Plain);
}

fn path_step(page: &mut Page, view: &MapView<'_>, level: usize, step: &Step) {
    let package = view.inventory.package(step.package);
    let branch = if level == 0 { "" } else { page.glyph("└─ ", "`- ") };
    // A path of hundreds of steps is hostile; it is not to wander off the screen.
    let indent = 2 + 3 * level.saturating_sub(1).min(16);
    let mut line = page.text(&format!("{}{branch}", " ".repeat(indent)), Tone::Dim);
    page.push(&mut line, &words::label(package), Tone::Plain);
    let edge = step.edge.and_then(|edge| view.inventory.edges.get(edge));
    let by = edge.map(words::edge).unwrap_or_default();
    let place = package.declared_at.as_ref().map(words::place).unwrap_or_default();
    for (text, tone) in [(by, Tone::Command), (place, Tone::Dim)] {
        if !text.is_empty() {
            page.push(&mut line, "  ", Tone::Plain);
            page.push(&mut line, &text, tone);
        }
    }
    page.line(&line);
}

/// Where it is, and in which projects.
fn summary(view: &MapView<'_>, here: &WhyHere, limit: usize) -> String {
    let projects: Vec<String> = here.projects.iter().map(|id| words::label(view.inventory.package(*id))).collect();
    let mut places: Vec<String> = here
        .places
        .iter()
        .filter_map(|id| view.inventory.package(*id).declared_at.as_ref())
        .map(words::place)
        .collect();
    places.dedup();
    let who = match projects.len() {
        0 => "nobody asks for it".to_owned(),
        _ => format!("in {}", words::list(&projects, limit)),
    };
    match places.len() {
        0 => who,
        _ => format!("{who}; declared at {}", words::list(&places, limit)),
    }
}

fn leaving(view: &MapView<'_>, leaving: &[PackageId], places: &[PackageId], it: &str, limit: usize) -> String {
    let names = others(view, leaving, places);
    match names.len() {
        0 => format!("Nothing else would leave with {it}."),
        n => {
            let others = counted(n, "other release", "other releases");
            format!("{others} would leave with {it}: {}.", words::list(&names, limit))
        }
    }
}

/// The answer as Markdown, for a comment or a ticket.
pub fn markdown(view: &MapView<'_>, why: &Why) -> String {
    let mut out = format!("## Why is {} here?\n", escape::markdown_code(&why.wanted));
    let mut left_out = why.more_releases;
    for here in &why.releases {
        let text = markdown_release(view, here);
        if out.len() + text.len() > MAX_BYTES {
            left_out += 1;
            continue;
        }
        out.push_str(&text);
    }
    if why.releases.is_empty() {
        out.push_str("\nIt is not.\n");
    }
    if left_out > 0 {
        out.push_str(&format!("\n> {} left out for length.\n", counted(left_out, "release is", "releases are")));
    }
    out
}

fn markdown_release(view: &MapView<'_>, here: &WhyHere) -> String {
    let Some(package) = here.places.first().map(|id| view.inventory.package(*id)) else { return String::new() };
    let mut out = format!("\n### {}\n\n", escape::markdown_code(&words::label(package)));
    if let Some(source) = words::source(package) {
        out.push_str(&format!("From {}.\n\n", escape::markdown_code(&source)));
    }
    for path in &here.paths.paths {
        let steps: Vec<String> = path.iter().map(|step| markdown_step(view, step)).collect();
        out.push_str(&format!("- {}\n", steps.join(" › ")));
    }
    if here.paths.paths.is_empty() {
        out.push_str("- nobody asks for it\n");
    }
    if here.paths.more {
        out.push_str("- and more paths\n");
    }
    let names: Vec<String> = others(view, &here.leaving, &here.places);
    let code: Vec<String> = names.iter().take(MAX_LISTED).map(|name| escape::markdown_code(name)).collect();
    let more = match names.len() - code.len() {
        0 => String::new(),
        more => format!(" and {} more", count(more)),
    };
    match names.len() {
        0 => out.push_str("\nNothing else would leave with it.\n"),
        n => {
            let what = counted(n, "other release", "other releases");
            out.push_str(&format!("\n{what} would leave with it: {}{more}.\n", code.join(", ")));
        }
    }
    out
}

fn markdown_step(view: &MapView<'_>, step: &Step) -> String {
    let package = view.inventory.package(step.package);
    let edge = step.edge.and_then(|edge| view.inventory.edges.get(edge));
    let by = edge.map(words::edge).filter(|by| !by.is_empty());
    let place = package.declared_at.as_ref().map(words::place);
    let notes: Vec<String> = by.iter().chain(&place).map(|text| escape::markdown_code(text)).collect();
    let label = escape::markdown_code(&words::label(package));
    if notes.is_empty() { label } else { format!("{label} ({})", notes.join(", ")) }
}
