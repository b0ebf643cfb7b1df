//! `vetch rules list` and `vetch explain RULE`, for a terminal.

use vetch_model::RuleMeta;

use crate::terminal::{Line, Page, Style, Tone, severity_tone};

/// A table of the rules: id, default severity, summary.
pub fn rule_list(rules: &[RuleMeta], style: Style) -> String {
    let mut page = Page::new(style);
    let id_width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0).max(4) + 2;
    let severity_width = 10;
    let row = |page: &mut Page, id: (&str, Tone), severity: (&str, Tone), summary: &[Line]| {
        let mut first = page.text(id.0, id.1);
        page.pad(&mut first, id_width);
        page.push(&mut first, severity.0, severity.1);
        page.pad(&mut first, id_width + severity_width);
        let mut rest = Line::default();
        page.pad(&mut rest, id_width + severity_width);
        page.fill(&first, &rest, summary);
    };
    let heading = page.prose("what it finds", Tone::Dim);
    row(&mut page, ("rule", Tone::Dim), ("severity", Tone::Dim), &heading);
    let mut category = None;
    for rule in sorted(rules) {
        if category.replace(rule.category) != Some(rule.category) {
            page.blank();
            let line = page.text(rule.category.as_str(), Tone::Bold);
            page.line(&line);
        }
        let summary = page.prose(rule.summary, Tone::Plain);
        let severity = (rule.severity.as_str(), severity_tone(rule.severity));
        row(&mut page, (rule.id, Tone::Command), severity, &summary);
    }
    page.finish()
}

/// By category, in the order of the vocabulary, then worst first, then by id.
fn sorted(rules: &[RuleMeta]) -> Vec<&RuleMeta> {
    let mut sorted: Vec<_> = rules.iter().collect();
    sorted.sort_by_key(|rule| (rule.category, rule.severity, rule.id));
    sorted
}

/// A rule's page: its facts, then its Markdown.
pub fn explain(rule: &RuleMeta, style: Style) -> String {
    let mut page = Page::new(style);
    let mut line = page.text(rule.id, Tone::Bold);
    let facts = format!("  {} · {} severity · {} confidence", rule.category, rule.severity, rule.confidence);
    let facts = if style.unicode { facts } else { facts.replace('·', "-") };
    page.push(&mut line, &facts, Tone::Dim);
    page.line(&line);
    if !rule.techniques.is_empty() {
        let line = page.text(&format!("MITRE ATT&CK: {}", rule.techniques.join(", ")), Tone::Dim);
        page.line(&line);
    }
    page.blank();
    markdown(&mut page, rule.doc, rule.id);
    page.finish()
}

/// Renders the Markdown that rule pages use: headings, paragraphs, lists, code
/// blocks, quotes; links become `text (url)`.
fn markdown(page: &mut Page, text: &str, title: &str) {
    let mut paragraph = String::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let trimmed = line.trim_start();
        let marker = ["```", "~~~"].into_iter().find(|marker| trimmed.starts_with(marker));
        match (fence, marker) {
            (Some(open), Some(marker)) if open == marker => {
                fence = None;
                page.blank();
            }
            (Some(_), _) => {
                let line = page.text(&format!("    {}", line.replace('\t', "    ")), Tone::Command);
                page.line(&line);
            }
            (None, Some(marker)) => {
                flush(page, &mut paragraph);
                page.blank();
                fence = Some(marker);
            }
            (None, None) => prose_line(page, line, &mut paragraph, title),
        }
    }
    flush(page, &mut paragraph);
}

/// One line outside a code block.
fn prose_line(page: &mut Page, line: &str, paragraph: &mut String, title: &str) {
    let trimmed = line.trim();
    if trimmed.is_empty() || trimmed.starts_with("<!--") {
        flush(page, paragraph);
        page.blank();
    } else if trimmed.starts_with('#') {
        flush(page, paragraph);
        let heading = trimmed.trim_start_matches('#').trim();
        // The page already begins with the rule's id.
        if heading.trim_matches('`') != title {
            page.blank();
            let line = page.text(heading, Tone::Bold);
            page.line(&line);
        }
    } else if trimmed.starts_with('|') {
        flush(page, paragraph);
        let line = page.text(trimmed, Tone::Plain);
        page.line(&line);
    } else {
        if item(trimmed).is_some() {
            flush(page, paragraph);
        }
        if !paragraph.is_empty() {
            paragraph.push(' ');
        }
        paragraph.push_str(trimmed);
    }
}

/// A list item's marker and text.
fn item(text: &str) -> Option<(&str, &str)> {
    let (marker, rest) = text.split_once(' ')?;
    let number = marker.strip_suffix('.').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    (number || matches!(marker, "-" | "*" | "+" | ">")).then_some((marker, rest))
}

/// Writes the paragraph collected so far.
fn flush(page: &mut Page, paragraph: &mut String) {
    if paragraph.is_empty() {
        return;
    }
    let (first, text) = match item(paragraph) {
        Some(("-" | "*" | "+", text)) => (page.glyph("  • ", "  * ").to_owned(), text),
        Some((marker, text)) => (format!("  {marker} "), text),
        None => (String::new(), paragraph.as_str()),
    };
    let first = page.text(&first, Tone::Dim);
    let mut rest = Line::default();
    page.pad(&mut rest, first.width());
    let words = strong(page, &links(text));
    page.fill(&first, &rest, &words);
    paragraph.clear();
}

/// `[text](url)` → `text (url)`.
fn links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('[') {
        let link = tail.split_once("](").and_then(|(name, tail)| {
            let (url, after) = tail.split_once(')')?;
            (!name.contains('[') && !url.contains(char::is_whitespace)).then_some((name, url, after))
        });
        out.push_str(before);
        match link {
            Some((name, url, after)) => {
                out.push_str(&format!("{name} ({url})"));
                rest = after;
            }
            None => {
                out.push('[');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Words of a text in which `**words**` are bold.
fn strong(page: &Page, text: &str) -> Vec<Line> {
    let parts = strong_parts(text);
    let mut words: Vec<Line> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let tone = if at % 2 == 1 { Tone::Bold } else { Tone::Plain };
        let mut more = page.prose(part, tone).into_iter();
        let apart = part.starts_with(char::is_whitespace)
            || at.checked_sub(1).is_none_or(|before| parts[before].ends_with(char::is_whitespace));
        if let (false, Some(last)) = (apart, words.last_mut())
            && let Some(first) = more.next()
        {
            last.extend(&first);
        }
        words.extend(more);
    }
    words
}

/// Splits at `**` outside code; the parts of odd index are strong. A last `**`
/// without a partner stays text.
fn strong_parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut in_code) = (Vec::new(), 0, false);
    let mut at = 0;
    while at < text.len() {
        match &text.as_bytes()[at..] {
            [b'`', ..] => in_code = !in_code,
            [b'*', b'*', ..] if !in_code && (parts.len() % 2 == 1 || text[at + 2..].contains("**")) => {
                parts.push(&text[start..at]);
                start = at + 2;
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut page = Page::new(Style { width: 60, ..Style::default() });
        markdown(&mut page, text, "self-deletion");
        page.finish()
    }

    #[test]
    fn the_markdown_of_rule_pages() {
        insta::assert_snapshot!(shown(
            "# self-deletion\n\nA **bold** claim, **very**, see [the page](https://x.invalid) and `some code`\nthat goes on.\n\n## Why\n- one\n- two that is long enough that it has to be wrapped somewhere\n1. first\n\n```js\nif (x) {\n\ty();\n}\n```\nAfter.\n\n| a | b |\n"
        ), @r"
        A bold claim, very, see the page (https://x.invalid) and
        `some code` that goes on.

        Why
          • one
          • two that is long enough that it has to be wrapped
            somewhere
          1. first

            if (x) {
                y();
            }

        After.

        | a | b |
        ");
    }

    #[test]
    fn odd_markdown_loses_nothing() {
        assert_eq!(shown("a [b c ** d"), "a [b c ** d\n");
        assert_eq!(shown("`a ** b` **c**"), "`a ** b` c\n");
        assert_eq!(shown("```\nopen"), "    open\n");
        assert_eq!(links("[a] (b) [c](d"), "[a] (b) [c](d");
    }
}
