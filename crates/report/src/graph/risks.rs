//! Risk points for a terminal: the releases that most hangs on, and why.

use vetch_graph::risks::RiskPoint;

use super::{MapView, words};
use crate::label::{count, counted};
use crate::terminal::{Line, Page, Style, Tone};

/// Files and publishers named at most.
const MAX_LISTED: usize = 5;

/// The ranked list. Empty if the map's risks were not asked for.
pub fn risks(view: &MapView<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    let Some(risks) = view.risks else { return String::new() };
    if risks.points.is_empty() {
        let line = page.text("No release stands out.", Tone::Plain);
        page.line(&line);
    }
    for (at, one) in risks.points.iter().enumerate() {
        point(&mut page, view, at + 1, one);
    }
    page.blank();
    if risks.more > 0 {
        let left = counted(risks.more, "release of a lower score is", "releases of lower scores are");
        prose(&mut page, &format!("{left} not shown. A score compares releases of one project; it is no finding."));
    } else if !risks.points.is_empty() {
        prose(&mut page, "A score compares releases of one project; it is no finding.");
    }
    if !risks.files_without_integrity.is_empty() {
        let names: Vec<String> = risks
            .files_without_integrity
            .iter()
            .map(|file| if file.is_empty() { "(no file)" } else { file }.to_owned())
            .collect();
        prose(&mut page, &format!("No package has an integrity value in: {}.", words::list(&names, MAX_LISTED)));
    }
    if !risks.publishers.is_empty() {
        let shares: Vec<String> = risks
            .publishers
            .iter()
            .map(|share| format!("{} ({})", share.publisher, counted(share.releases, "release", "releases")))
            .collect();
        prose(&mut page, &format!("Most is published by: {}.", words::list(&shares, MAX_LISTED)));
    }
    if risks.is_limited {
        prose(&mut page, "The graph is too large to count who depends on what at more than one remove.");
    }
    page.finish()
}

fn prose(page: &mut Page, text: &str) {
    let (none, words) = (Line::default(), page.prose(text, Tone::Dim));
    page.fill(&none, &none, &words);
}

fn point(page: &mut Page, view: &MapView<'_>, rank: usize, point: &RiskPoint) {
    let Some(package) = point.packages.first().map(|id| view.inventory.package(*id)) else { return };
    let mut line = page.text(&format!("{rank:>3}. "), Tone::Dim);
    page.push(&mut line, &words::label(package), Tone::Bold);
    page.push(&mut line, "  score ", Tone::Dim);
    page.push(&mut line, &count(point.score as usize), Tone::Bold);
    page.line(&line);
    for reason in &point.reasons {
        let first = page.text(&format!("     {:>3}  ", reason.points), Tone::Dim);
        let rest = page.text(&" ".repeat(10), Tone::Plain);
        let words = page.prose(&reason.text, Tone::Plain);
        page.fill(&first, &rest, &words);
    }
    let mut facts = Vec::new();
    if let Some(source) = words::source(package) {
        facts.push(source);
    }
    if let Some(depth) = point.depth.filter(|depth| *depth > 0) {
        facts.push(if depth == 1 { "asked for directly".to_owned() } else { format!("{depth} levels deep") });
    }
    if point.packages.len() > 1 {
        facts.push(format!("at {} places", count(point.packages.len())));
    }
    if let Some(location) = &package.declared_at {
        facts.push(words::place(location));
    }
    let indent = page.text(&" ".repeat(10), Tone::Plain);
    let words = page.prose(&facts.join(", "), Tone::Dim);
    if !words.is_empty() {
        page.fill(&indent, &indent, &words);
    }
}
