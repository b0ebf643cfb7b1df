//! One source line, cut to fit around the point of interest, which is marked.

use unicode_width::UnicodeWidthStr;

use super::text::{Line, Page, Tone};
use crate::escape;
use vetch_model::Span;

/// A line of code as shown, and where its mark is.
pub(super) struct Excerpt {
    /// The code.
    pub(super) line: Line,
    /// Cells before the mark.
    pub(super) offset: usize,
    /// Cells of the mark; 0 if nothing is marked.
    pub(super) marked: usize,
}

/// A code point as shown: never cut in two.
struct Cell {
    text: String,
    width: usize,
    marked: bool,
}

/// Lays a source line out in at most `limit` cells.
pub(super) fn excerpt(page: &Page, source: &str, highlight: Span, limit: usize) -> Excerpt {
    let cells = cells(page, source, highlight);
    let window = window(&cells, limit.max(8));
    let more = page.glyph("…", "...");
    let mut line = Line::default();
    if window.start > 0 {
        page.push(&mut line, more, Tone::Dim);
    }
    let shown = &cells[window.clone()];
    let (mut offset, mut marked) = (line.width(), 0);
    let mut runs = shown.chunk_by(|a, b| a.marked == b.marked);
    for run in runs.by_ref() {
        let width: usize = run.iter().map(|cell| cell.width).sum();
        let text: String = run.iter().map(|cell| cell.text.as_str()).collect();
        let is_mark = run.first().is_some_and(|cell| cell.marked);
        if is_mark {
            marked = width;
        } else if marked == 0 {
            offset += width;
        }
        page.push(&mut line, &text, if is_mark { Tone::Mark } else { Tone::Plain });
    }
    if window.end < cells.len() {
        page.push(&mut line, more, Tone::Dim);
    }
    Excerpt { line, offset, marked }
}

fn cells(page: &Page, source: &str, highlight: Span) -> Vec<Cell> {
    // Far more than any line shows: an excerpt is bounded by its maker, not by its type.
    let from = source.floor_char_boundary((highlight.start as usize).saturating_sub(1_000));
    let body = &source[from..source.floor_char_boundary(from + 4_000)];
    let lead = from + body.len() - body.trim_start().len();
    let body = body.trim();
    let (start, end) = (highlight.start as usize, highlight.end as usize);
    body.char_indices()
        .zip(escape::units(body))
        .map(|((at, _), unit)| {
            let text = if page.style.unicode { unit.into_owned() } else { escape::terminal_ascii(&unit) };
            Cell { width: text.width(), text, marked: (start..end).contains(&(at + lead)) }
        })
        .collect()
}

/// The cells to show: all, or those around the start of the mark, a third of the
/// room before it.
fn window(cells: &[Cell], limit: usize) -> std::ops::Range<usize> {
    let total: usize = cells.iter().map(|cell| cell.width).sum();
    if total <= limit {
        return 0..cells.len();
    }
    let room = limit - 6; // both ellipses, in ASCII
    let mark = cells.iter().position(|cell| cell.marked).unwrap_or(0);
    let mark_width: usize = cells.iter().filter(|cell| cell.marked).map(|cell| cell.width).sum();
    let before = if mark_width >= room { 0 } else { (room - mark_width).min(room / 3) };
    let (mut start, mut used) = (mark, 0);
    while start > 0 && used + cells[start - 1].width <= before {
        start -= 1;
        used += cells[start].width;
    }
    let mut end = mark;
    while end < cells.len() && used + cells[end].width <= room {
        used += cells[end].width;
        end += 1;
    }
    // At the end of the line there is room left: show more of what comes before.
    while end == cells.len() && start > 0 && used + cells[start - 1].width <= room {
        start -= 1;
        used += cells[start].width;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Style;

    fn shown(source: &str, mark: &str, limit: usize) -> (String, String) {
        let mut page =
            Page::new(Style { color: false, width: 100, unicode: true, verbose: false, only_findings: false });
        let start = source.find(mark).unwrap();
        let span = Span { start: start as u32, end: (start + mark.len()) as u32 };
        let excerpt = excerpt(&page, source, span, limit);
        page.line(&excerpt.line);
        let text = page.finish().trim_end().to_owned();
        let caret: String = " ".repeat(excerpt.offset) + &"^".repeat(excerpt.marked);
        (text, caret)
    }

    #[test]
    fn the_mark_stays_in_view() {
        assert_eq!(shown("\t\tfoo(bar)", "bar", 40), ("foo(bar)".into(), "    ^^^".into()));
        let long = format!("{}EVIL{}", "a".repeat(100), "b".repeat(100));
        let (text, caret) = shown(&long, "EVIL", 40);
        assert!(text.width() <= 40 && text.starts_with('…') && text.ends_with('…'), "{text}");
        assert_eq!(
            caret.find('^').map(|at| text.chars().skip(at).take(4).collect::<String>()).as_deref(),
            Some("EVIL")
        );
        let (text, _) = shown(&format!("{}EVIL", "a".repeat(100)), "EVIL", 40);
        assert!(text.ends_with("aEVIL") && text.width() >= 34, "{text}");
    }

    #[test]
    fn hidden_characters_show_and_are_counted() {
        let (text, caret) = shown("x\u{202e}evil()", "evil", 40);
        assert_eq!(text, "x\\u{202e}evil()");
        assert_eq!(caret, "         ^^^^");
    }
}
