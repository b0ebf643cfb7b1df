//! One finding: its title, and the evidence as a tree of annotated source lines.

use vetch_model::{Evidence, Finding, Location, Verdict};

use super::excerpt::excerpt;
use super::text::{Line, Page, Tone, fill};
use super::tone;
use crate::label::counted;

/// Evidence shown for one finding unless everything is asked for.
const MAX_EVIDENCE: usize = 6;

/// Places longer than this get a line to themselves.
const MAX_PLACE: usize = 26;

/// Longest value of a field that is shown, in characters.
const MAX_VALUE: usize = 160;

/// Writes a finding.
pub(super) fn finding(page: &mut Page, finding: &Finding) {
    title(page, finding);
    let limit = if page.style.verbose { usize::MAX } else { MAX_EVIDENCE };
    let shown = &finding.evidence[..finding.evidence.len().min(limit)];
    let hidden = finding.evidence.len() - shown.len();
    let column = shown.iter().map(|evidence| place(page, evidence.location()).width()).filter(|w| *w <= MAX_PLACE);
    let column = column.max().unwrap_or(0);
    for (at, evidence) in shown.iter().enumerate() {
        let last = at + 1 == shown.len() && hidden == 0;
        let branch = if last { page.glyph("    ╰ ", "    `- ") } else { page.glyph("    ├ ", "    |- ") };
        let trunk = if last { "" } else { page.glyph("    │ ", "    |  ") };
        let rows = rows(page, evidence, column);
        for (row, line) in rows.iter().enumerate() {
            let mut out = page.text(if row == 0 { branch } else { trunk }, Tone::Dim);
            page.pad(&mut out, page.glyph("123456", "1234567").len());
            out.extend(line);
            page.line(&out);
        }
    }
    if hidden > 0 {
        let mut line = page.text(page.glyph("    ╰ ", "    `- "), Tone::Dim);
        let words = format!("{} ({} shows all)", counted(hidden, "more place", "more places"), "--verbose");
        page.push(&mut line, &words, Tone::Dim);
        page.line(&line);
    }
}

/// The title, with the rule's id at the right edge.
fn title(page: &mut Page, finding: &Finding) {
    let rule = page.text(&format!("[{}]", finding.rule), Tone::Dim);
    let indent = page.text("  ", Tone::Plain);
    let words = page.prose(&finding.title, Tone::Bold);
    let mut lines = fill(&indent, &indent, &words, page.width());
    let fits = lines.last().is_some_and(|line| line.width() + 2 + rule.width() <= page.width());
    if !fits {
        lines.push(Line::default());
    }
    if let Some(line) = lines.last_mut() {
        page.pad(line, page.width() - rule.width().min(page.width()));
        line.extend(&rule);
    }
    for line in &lines {
        page.line(line);
    }
    if page.style.verbose {
        let mut line = page.text("  ", Tone::Plain);
        page.push(&mut line, &details(finding), Tone::Dim);
        page.line(&line);
    }
}

fn details(finding: &Finding) -> String {
    let mut text = format!("{} severity, {} confidence", finding.severity, finding.confidence);
    for technique in finding.techniques {
        text.push_str(", ");
        text.push_str(technique);
    }
    text
}

/// `file:line`.
pub(crate) fn place(page: &Page, location: &Location) -> Line {
    let mut line = page.text(&location.file, Tone::Plain);
    if location.line > 0 {
        page.push(&mut line, &format!(":{}", location.line), Tone::Dim);
    }
    line
}

/// The lines of one piece of evidence, without the tree: place, excerpt, note.
fn rows(page: &Page, evidence: &Evidence, column: usize) -> Vec<Line> {
    let place = place(page, evidence.location());
    let mut rows = Vec::new();
    let indent = if column == 0 { 2 } else { column + 2 };
    let mut first = place.clone();
    if place.width() > MAX_PLACE {
        rows.extend(fill(&Line::default(), &Line::default(), &[place], page.width().saturating_sub(7)));
        first = Line::default();
    }
    page.pad(&mut first, indent);
    let mut rest = Line::default();
    page.pad(&mut rest, indent);
    let room = page.width().saturating_sub(indent + 7);
    match evidence {
        Evidence::Code { excerpt, highlight, layer, note, .. } => {
            code(page, (excerpt, *highlight), &noted(note, *layer), (&first, &rest), room, &mut rows);
        }
        Evidence::Field { field, found, expected, note, .. } => {
            let mut words = vec![page.text(field, Tone::Command)];
            if let Some(word) = words.last_mut() {
                page.push(word, ":", Tone::Dim);
            }
            words.extend(value(page, found));
            if let Some(expected) = expected {
                words.push(page.text("(expected", Tone::Dim));
                words.extend(value(page, expected));
                if let Some(last) = words.last_mut() {
                    page.push(last, ")", Tone::Dim);
                }
            }
            rows.extend(fill(&first, &rest, &words, indent + room));
            rows.extend(note_rows(page, note, &rest, indent + room));
        }
        Evidence::File { note, .. } => rows.extend(fill(&first, &rest, &page.prose(note, Tone::Plain), indent + room)),
    }
    rows
}

fn noted(note: &str, layer: u8) -> String {
    match layer {
        0 => note.to_owned(),
        1 => format!("{note} (decoded from this line)"),
        _ => format!("{note} (decoded from this line, {layer} layers deep)"),
    }
}

/// The words of a value, cut when it is long.
fn value(page: &Page, text: &str) -> Vec<Line> {
    let short: String = text.chars().take(MAX_VALUE).collect();
    let escaped = page.escape(&short);
    let mut words: Vec<Line> = escaped.split_whitespace().map(|word| page.text(word, Tone::Plain)).collect();
    if words.is_empty() {
        words.push(page.text("(empty)", Tone::Dim));
    }
    if short.len() < text.len() {
        words.push(page.text(page.glyph("…", "..."), Tone::Dim));
    }
    words
}

fn note_rows(page: &Page, note: &str, rest: &Line, limit: usize) -> Vec<Line> {
    if note.trim().is_empty() { Vec::new() } else { fill(rest, rest, &page.prose(note, Tone::Dim), limit) }
}

/// The excerpt, then `^^^^ note` beneath the mark, or the note alone where that does not fit.
fn code(
    page: &Page,
    (source, highlight): (&str, vetch_model::Span),
    note: &str,
    (first, rest): (&Line, &Line),
    room: usize,
    rows: &mut Vec<Line>,
) {
    let shown = excerpt(page, source, highlight, room);
    let mut line = first.clone();
    line.extend(&shown.line);
    rows.push(line);
    let limit = rest.width() + room;
    let mut carets = rest.clone();
    if shown.marked > 0 {
        page.pad(&mut carets, rest.width() + shown.offset);
        page.push(&mut carets, &"^".repeat(shown.marked), Tone::Mark);
    }
    let words = page.prose(note, Tone::Dim);
    let width: usize = words.iter().map(|word| word.width() + 1).sum();
    if shown.marked > 0 && carets.width() + width <= limit {
        for word in &words {
            page.push(&mut carets, " ", Tone::Plain);
            carets.extend(word);
        }
        rows.push(carets);
    } else {
        if shown.marked > 0 {
            rows.push(carets);
        }
        rows.extend(note_rows(page, note, rest, limit));
    }
}

/// Findings of a bad release that would not make it one: a line each.
pub(super) fn also(page: &mut Page, findings: &[&Finding]) {
    if findings.is_empty() {
        return;
    }
    for finding in findings {
        let rule = page.text(&format!("[{}]", finding.rule), Tone::Dim);
        let mut first = page.text("  ", Tone::Plain);
        page.push(&mut first, page.glyph("• ", "* "), tone(finding.verdict().max(Verdict::Notable)));
        let rest = page.text("    ", Tone::Plain);
        let mut words = page.prose(&finding.title, Tone::Plain);
        if let Some(evidence) = finding.evidence.first() {
            let mut at = page.text("(", Tone::Dim);
            at.extend(&place(page, evidence.location()));
            page.push(&mut at, ")", Tone::Dim);
            words.push(at);
        }
        let mut lines = fill(&first, &rest, &words, page.width());
        if lines.last().is_some_and(|line| line.width() + 2 + rule.width() > page.width()) {
            lines.push(Line::default());
        }
        if let Some(line) = lines.last_mut() {
            page.pad(line, page.width().saturating_sub(rule.width()));
            line.extend(&rule);
        }
        for line in &lines {
            page.line(line);
        }
    }
}
