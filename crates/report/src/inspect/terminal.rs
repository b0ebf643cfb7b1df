//! The form for people: an analyst's note, from what happens to what is left open.

use std::collections::BTreeSet;

use vetch_model::Trigger;
use vetch_model::facts::{DecodedLayer, PackageFacts};
use vetch_model::reputation::{Leaning, Remark};

use super::{InspectView, words};
use crate::label::{count, counted, size};
use crate::terminal::{self, Line, Page, Style, Tone};

/// Entries of a section shown without `--verbose`.
const MAX_ENTRIES: usize = 24;

/// Widest column of places.
const MAX_COLUMN: usize = 34;

/// Lines of a layer's text shown without `--verbose`.
const MAX_LINES: usize = 3;

/// The note.
pub fn terminal(view: &InspectView<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    terminal::title(&mut page, view.release);
    if let Some(facts) = view.facts {
        let said = words::says_of_itself(facts);
        for (text, tone) in [(said, Tone::Plain), (words::consists_of(facts), Tone::Dim)] {
            if !text.is_empty() {
                indented(&mut page, "  ", &text, tone);
            }
        }
    }
    findings(&mut page, view);
    reputation(&mut page, view.reputation);
    for trigger in Trigger::ALL {
        deeds(&mut page, view, *trigger);
    }
    flows(&mut page, view);
    if let Some(facts) = view.facts {
        layers(&mut page, &facts.layers);
        modules(&mut page, facts);
        packages(&mut page, facts);
    }
    not_understood(&mut page, view);
    page.blank();
    terminal::background(&mut page, view.scan, view.release);
    page.blank();
    indented(&mut page, "", &words::sentence(view), terminal::tone(view.release.verdict));
    page.finish()
}

fn indented(page: &mut Page, indent: &str, text: &str, tone: Tone) {
    let indent = page.text(indent, Tone::Plain);
    page.fill(&indent, &indent, &page.prose(text, tone));
}

fn heading(page: &mut Page, text: &str) {
    page.blank();
    page.line(&page.text(text, Tone::Bold));
}

fn more(page: &mut Page, left: usize) {
    if left > 0 {
        page.line(&page.text(&format!("  and {} more (--verbose shows all)", count(left)), Tone::Dim));
    }
}

fn limit(page: &Page) -> usize {
    if page.style.verbose { usize::MAX } else { MAX_ENTRIES }
}

fn findings(page: &mut Page, view: &InspectView<'_>) {
    if view.release.findings.is_empty() {
        return;
    }
    heading(page, "What speaks against it");
    terminal::findings(page, view.release);
}

/// What the history says, each with the way it points.
fn reputation(page: &mut Page, remarks: &[Remark]) {
    if remarks.is_empty() {
        return;
    }
    heading(page, "Its history");
    for remark in remarks {
        let (mark, tone) = match remark.leaning {
            Leaning::For => ("+", Tone::Clean),
            Leaning::Neutral => (" ", Tone::Dim),
            Leaning::Against => ("-", Tone::Suspicious),
        };
        let first = page.text(&format!("  {mark} {:<10} ", remark.aspect.as_str()), tone);
        let rest = page.text(&" ".repeat(15), Tone::Plain);
        page.fill(&first, &rest, &page.prose(&remark.words, Tone::Plain));
    }
}

/// What is done at one trigger, in reading order.
fn deeds(page: &mut Page, view: &InspectView<'_>, trigger: Trigger) {
    let capabilities = view.capabilities(trigger);
    let commands = view.facts.iter().flat_map(|facts| &facts.install_commands);
    let commands: Vec<_> = commands.filter(|command| trigger == Trigger::Install && command.for_dependents).collect();
    if capabilities.is_empty() && commands.is_empty() || !trigger.is_reached() && !page.style.verbose {
        return;
    }
    heading(page, words::when(trigger));
    for command in commands {
        indented(page, "  ", &words::install_command(command), Tone::Plain);
    }
    let deeds = words::deeds(&capabilities);
    let shown = &deeds[..deeds.len().min(limit(page))];
    let widths = shown.iter().map(|one| page.text(&words::place(one.first), Tone::Plain).width());
    let column = widths.filter(|width| *width <= MAX_COLUMN).max().unwrap_or(0);
    for one in shown {
        deed(page, one, column);
    }
    more(page, deeds.len() - shown.len());
}

/// `setup.js:12, decoded  connects to x.invalid`, and the capabilities beneath it.
fn deed(page: &mut Page, deed: &words::Deed<'_>, column: usize) {
    let mut first = page.text("  ", Tone::Plain);
    page.push(&mut first, &words::place(deed.first), Tone::Dim);
    if first.width() > column + 2 {
        page.line(&first);
        first = Line::default();
    }
    page.pad(&mut first, column + 3);
    let mut rest = Line::default();
    page.pad(&mut rest, column + 5);
    page.fill(&first, &rest, &page.prose(&deed.text, Tone::Plain));
    let labels: Vec<Line> =
        deed.labels.iter().filter(|label| **label != deed.text).map(|it| page.text(it, Tone::Dim)).collect();
    if !labels.is_empty() {
        page.fill(&rest, &rest, &labels);
    }
}

fn flows(page: &mut Page, view: &InspectView<'_>) {
    let flows = &view.release.profile.flows;
    let reached: Vec<_> = flows.iter().filter(|flow| flow.trigger.is_reached() || page.style.verbose).collect();
    if reached.is_empty() {
        return;
    }
    heading(page, "What is read, and where it goes");
    for flow in reached.iter().take(limit(page)) {
        let first = page.text("  ", Tone::Plain);
        let rest = page.text("    ", Tone::Plain);
        let mut words = page.prose(&flow.source.label(), Tone::Plain);
        words.push(page.text(page.glyph("→", "->"), Tone::Dim));
        words.extend(page.prose(&flow.sink.label(), Tone::Plain));
        words.push(page.text(&format!("({})", flow.trigger), Tone::Dim));
        page.fill(&first, &rest, &words);
    }
    more(page, reached.len().saturating_sub(limit(page)));
}

fn layers(page: &mut Page, layers: &[DecodedLayer]) {
    if layers.is_empty() {
        return;
    }
    heading(page, "Code that is not shipped as code");
    for layer in layers.iter().take(limit(page)) {
        let mut line = page.text(&format!("  layer {}  ", layer.layer), Tone::Bold);
        line.extend(&terminal::place(page, &layer.location));
        let parsed = if layer.is_understood { "" } else { ", not understood" };
        page.push(&mut line, &format!("  {}, {}{parsed}", layer.trigger, size(layer.bytes)), Tone::Dim);
        page.line(&line);
        let lines = if page.style.verbose { usize::MAX } else { MAX_LINES };
        let rows = wrapped(page, &layer.text);
        for row in rows.iter().take(lines) {
            let mut line = page.text(page.glyph("    │ ", "    | "), Tone::Dim);
            page.push(&mut line, row, Tone::Command);
            page.line(&line);
        }
        if rows.len() > lines {
            page.line(&page.text(page.glyph("    │ …", "    | ..."), Tone::Dim));
        }
    }
    more(page, layers.len().saturating_sub(limit(page)));
}

/// The text in rows of the page's width, with no empty ones.
fn wrapped(page: &Page, text: &str) -> Vec<String> {
    let room = page.width().saturating_sub(8);
    let rows = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).flat_map(|line| {
        let chars: Vec<char> = line.chars().collect();
        chars.chunks(room).map(|row| row.iter().collect()).collect::<Vec<String>>()
    });
    rows.collect()
}

/// The module graph as a tree from each trigger's files; a file that is shown already is not shown below again.
fn modules(page: &mut Page, facts: &PackageFacts) {
    if facts.modules.is_empty() {
        return;
    }
    heading(page, "Which files run");
    let mut tree = Tree { facts, shown: BTreeSet::new(), left: limit(page), skipped: 0 };
    for trigger in Trigger::ALL {
        for root in words::roots(facts, *trigger) {
            tree.grow(page, root);
        }
    }
    // What is left is loaded in circles.
    (0..facts.modules.len()).for_each(|number| tree.grow(page, number));
    more(page, tree.skipped);
}

struct Tree<'f> {
    facts: &'f PackageFacts,
    shown: BTreeSet<usize>,
    left: usize,
    skipped: usize,
}

/// Deepest indent drawn.
const MAX_DEPTH: usize = 12;

impl Tree<'_> {
    /// A file and what hangs below it, each file once.
    fn grow(&mut self, page: &mut Page, root: usize) {
        let mut next = vec![(root, 0)];
        while let Some((number, depth)) = next.pop() {
            if !self.shown.insert(number) {
                continue;
            }
            self.line(page, number, depth);
            let loads = self.facts.modules.get(number).map_or(&[][..], |module| &module.loads);
            next.extend(loads.iter().rev().map(|number| (*number as usize, depth + 1)));
        }
    }

    fn line(&mut self, page: &mut Page, number: usize, depth: usize) {
        let Some(module) = self.facts.modules.get(number) else { return };
        if self.left == 0 {
            self.skipped += 1;
            return;
        }
        self.left -= 1;
        let branch = if depth > 0 { page.glyph("└ ", "`- ") } else { "" };
        let indent = format!("  {}{branch}", "  ".repeat(depth.saturating_sub(1).min(MAX_DEPTH)));
        let mut line = page.text(&indent, Tone::Dim);
        page.push(&mut line, &module.path, Tone::Plain);
        let when = if depth == 0 { format!("{}, ", module.trigger) } else { String::new() };
        page.push(&mut line, &format!("  {when}{}", size(module.bytes)), Tone::Dim);
        page.line(&line);
    }
}

fn packages(page: &mut Page, facts: &PackageFacts) {
    let reached = facts.imports.iter().filter(|import| import.trigger.is_reached());
    let names: Vec<&str> = reached.map(|import| import.name.as_str()).collect();
    if names.is_empty() {
        return;
    }
    heading(page, "Which packages it uses");
    let shown = &names[..names.len().min(limit(page))];
    indented(page, "  ", &shown.join(", "), Tone::Plain);
    more(page, names.len() - shown.len());
}

fn not_understood(page: &mut Page, view: &InspectView<'_>) {
    heading(page, "What was not understood");
    let Some(facts) = view.facts else {
        return indented(page, "  ", "all of it: its contents could not be had", Tone::Incomplete);
    };
    indented(page, "  ", &words::not_understood(view), Tone::Plain);
    for unread in facts.unread.iter().take(limit(page)) {
        indented(page, "    ", &words::unread(unread), Tone::Incomplete);
    }
    more(page, facts.unread.len().saturating_sub(limit(page)));
    for anomaly in facts.anomalies.iter().take(limit(page)) {
        indented(page, "    ", &format!("{}: {}: {}", anomaly.kind, anomaly.path, anomaly.detail), Tone::Notable);
    }
    let unreached = (facts.parsed_files as usize).saturating_sub(facts.modules.len());
    if unreached > 0 {
        let files = counted(unreached, "source file was", "source files were");
        indented(page, "  ", &format!("{files} seen to be run by nothing"), Tone::Dim);
    }
}
