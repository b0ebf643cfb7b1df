//! Styled text for a terminal: every string is escaped as it enters, and the
//! only control sequences that leave are this module's colours.

use std::borrow::Cow;

use owo_colors::{OwoColorize, Style as Ansi};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Style;
use crate::escape;

/// What a piece of text is, and so how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Dim,
    Bold,
    Malicious,
    Suspicious,
    Incomplete,
    Notable,
    Clean,
    /// The point of interest in an excerpt.
    Mark,
    /// A command to type, or code in prose.
    Command,
}

impl Tone {
    fn ansi(self) -> Option<Ansi> {
        let style = Ansi::new();
        Some(match self {
            Tone::Plain => return None,
            Tone::Dim => style.dimmed(),
            Tone::Bold => style.bold(),
            Tone::Malicious => style.bold().bright_red(),
            Tone::Suspicious => style.bold().yellow(),
            Tone::Incomplete => style.bold().magenta(),
            Tone::Notable => style.bold().blue(),
            Tone::Clean => style.bold().green(),
            Tone::Mark => style.bold().red(),
            Tone::Command => style.cyan(),
        })
    }
}

/// Escaped text of one tone.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    text: String,
    tone: Tone,
}

/// One line of output, or the words of a paragraph to be filled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Vec<Span>);

impl Line {
    /// Cells it takes.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|span| span.text.width()).sum()
    }

    /// Appends text that is already escaped.
    fn push_span(&mut self, text: String, tone: Tone) {
        if !text.is_empty() {
            self.0.push(Span { text, tone });
        }
    }

    /// Appends another line.
    pub(crate) fn extend(&mut self, other: &Line) {
        self.0.extend(other.0.iter().cloned());
    }
}

/// Longest text shown, in bytes: names and notes come from files, and may be of any length.
const MAX_TEXT: usize = 4_000;

/// The output so far.
pub(crate) struct Page {
    pub(crate) style: Style,
    out: String,
}

impl Page {
    pub(crate) fn new(style: Style) -> Self {
        Page { style, out: String::new() }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// Cells of a line.
    pub(crate) fn width(&self) -> usize {
        self.style.width.clamp(40, 120)
    }

    /// Picks the glyph that the terminal can show.
    pub(crate) fn glyph<'a>(&self, unicode: &'a str, ascii: &'a str) -> &'a str {
        if self.style.unicode { unicode } else { ascii }
    }

    /// Escapes for this terminal; what is absurdly long is cut, visibly.
    pub(crate) fn escape(&self, text: &str) -> String {
        let cut = &text[..text.floor_char_boundary(MAX_TEXT)];
        let mut out = if self.style.unicode { escape::terminal(cut) } else { escape::terminal_ascii(cut) };
        if cut.len() < text.len() {
            out.push_str(self.glyph("…", "..."));
        }
        out
    }

    /// A line of one tone.
    pub(crate) fn text(&self, text: &str, tone: Tone) -> Line {
        let mut line = Line::default();
        self.push(&mut line, text, tone);
        line
    }

    /// Appends to a line.
    pub(crate) fn push(&self, line: &mut Line, text: &str, tone: Tone) {
        line.push_span(self.escape(text), tone);
    }

    /// Appends blanks until the line is `width` cells wide.
    pub(crate) fn pad(&self, line: &mut Line, width: usize) {
        line.push_span(" ".repeat(width.saturating_sub(line.width())), Tone::Plain);
    }

    /// Prose as words for [`Page::fill`]; `words in backticks` look like code.
    pub(crate) fn prose(&self, text: &str, tone: Tone) -> Vec<Line> {
        let mut words = Vec::new();
        // Escaped before it is split at blanks, or line breaks would pass for blanks.
        let escaped = self.escape(text);
        let mut rest = escaped.as_str();
        let mut glued = false;
        while let Some((before, code, after)) = escape::split_code(rest) {
            self.words(before, tone, glued, &mut words);
            let first = before.is_empty() && words.is_empty();
            glued = !first && !before.ends_with(char::is_whitespace);
            // Without colours, only its backticks tell code from prose.
            let tick = if self.style.color { "" } else { "`" };
            self.words(&format!("{tick}{}{tick}", code.trim()), Tone::Command, glued, &mut words);
            glued = true;
            rest = after;
        }
        self.words(rest, tone, glued, &mut words);
        words
    }

    /// Adds the words of a text; when `glued`, the first continues the word before
    /// unless the text begins with a blank.
    fn words(&self, text: &str, tone: Tone, glued: bool, words: &mut Vec<Line>) {
        let mut glued = glued && !text.starts_with(char::is_whitespace);
        for word in text.split_whitespace() {
            match words.last_mut().filter(|_| glued) {
                Some(last) => self.push(last, word, tone),
                None => words.push(self.text(word, tone)),
            }
            glued = false;
        }
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, line: &Line) {
        let plain: String = line.0.iter().map(|span| span.text.as_str()).collect();
        // Pieces are escaped one by one; together they must not form a CI command
        // either, not even for a log that drops colours first. If they do, the line
        // goes without.
        match escape::ci_line(plain.trim_end()) {
            Cow::Borrowed(plain) if !self.style.color => self.out.push_str(plain),
            Cow::Borrowed(_) => self.out.push_str(coloured(line).trim_end()),
            Cow::Owned(broken) => self.out.push_str(&broken),
        }
        self.out.push('\n');
    }

    /// Writes an empty line, unless there is one already.
    pub(crate) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// Writes words filled into lines no wider than the page: the first after
    /// `first`, the others after `rest`.
    pub(crate) fn fill(&mut self, first: &Line, rest: &Line, words: &[Line]) {
        for line in fill(first, rest, words, self.width()) {
            self.line(&line);
        }
    }
}

fn coloured(line: &Line) -> String {
    let mut text = String::new();
    let mut spans = line.0.as_slice();
    while let Some(first) = spans.first() {
        let (run, length) = run(spans, first.tone);
        match first.tone.ansi() {
            Some(ansi) => text.push_str(&run.style(ansi).to_string()),
            None => text.push_str(&run),
        }
        spans = &spans[length..];
    }
    text
}

/// The text of the leading spans of one tone, blanks between them included, and
/// how many spans that is: one colour sequence for a phrase, not one for a word.
fn run(spans: &[Span], tone: Tone) -> (String, usize) {
    let mut length = 0;
    for (at, span) in spans.iter().enumerate() {
        if span.tone == tone {
            length = at + 1;
        } else if span.tone != Tone::Plain || !span.text.trim().is_empty() {
            break;
        }
    }
    (spans[..length].iter().map(|span| span.text.as_str()).collect(), length)
}

/// Fills words into lines of at most `limit` cells. Words that fit on no line are broken.
pub(crate) fn fill(first: &Line, rest: &Line, words: &[Line], limit: usize) -> Vec<Line> {
    let limit = limit.max(rest.width() + 16);
    let mut lines = Vec::new();
    let mut line = first.clone();
    let mut fresh = true;
    for word in words.iter().flat_map(|word| broken(word, limit - rest.width())) {
        if line.width() > rest.width() && line.width() + usize::from(!fresh) + word.width() > limit {
            lines.push(std::mem::replace(&mut line, rest.clone()));
            fresh = true;
        }
        if !fresh {
            line.push_span(" ".to_owned(), Tone::Plain);
        }
        line.extend(&word);
        fresh = false;
    }
    lines.push(line);
    lines
}

/// A word in pieces of at most `limit` cells; one piece if it fits.
fn broken(word: &Line, limit: usize) -> Vec<Line> {
    if word.width() <= limit {
        return vec![word.clone()];
    }
    let mut pieces = vec![Line::default()];
    let mut used = 0;
    for span in &word.0 {
        let mut text = String::new();
        for c in span.text.chars() {
            let cells = c.width().unwrap_or(0);
            if used + cells > limit {
                if let Some(piece) = pieces.last_mut() {
                    piece.push_span(std::mem::take(&mut text), span.tone);
                }
                pieces.push(Line::default());
                used = 0;
            }
            used += cells;
            text.push(c);
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push_span(text, span.tone);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize) -> Page {
        Page::new(Style { color: false, width, unicode: true, verbose: false, only_findings: false })
    }

    fn filled(text: &str, width: usize) -> String {
        let mut page = page(width);
        let (first, rest) = (page.text("> ", Tone::Plain), page.text("  ", Tone::Plain));
        page.fill(&first, &rest, &page.prose(text, Tone::Plain));
        page.finish()
    }

    #[test]
    fn words_wrap_and_long_ones_break() {
        assert_eq!(filled("run `npm ci`, then go", 40), "> run `npm ci`, then go\n");
        let text = format!("a {} b", "x".repeat(90));
        assert_eq!(filled(&text, 40), format!("> a\n  {0}\n  {0}\n  {1} b\n", "x".repeat(38), "x".repeat(14)));
    }

    #[test]
    fn wide_characters_count_double() {
        for line in filled(&"日本".repeat(30), 40).lines() {
            assert!(line.width() <= 40, "{line}");
        }
    }

    #[test]
    fn pieces_cannot_form_a_command_together() {
        let mut page = page(80);
        let mut line = page.text("##", Tone::Plain);
        page.push(&mut line, "[error]x", Tone::Plain);
        page.line(&line);
        assert_eq!(page.finish(), "\\u{23}#[error]x\n");
    }
}
