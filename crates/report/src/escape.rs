//! One escaping per output (architecture, invariant 11).
//!
//! All of them share [`visible`]: code points that cannot be seen, or that
//! change how others are seen, are written out (`\u{202e}`), so that a reader
//! sees what is there and a terminal obeys nothing. What differs is the syntax
//! around it.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;
pub use vetch_model::text::is_hidden;

/// Combining marks that may follow each other; more is a smear over other lines.
const MAX_MARKS: u8 = 2;

/// Splits a text into units, one per code point, each safe to show and of one line.
/// A unit must not be cut in two.
pub(crate) fn units(text: &str) -> impl Iterator<Item = Cow<'static, str>> {
    // A mark at the very start would sit on whatever was printed before it.
    let mut marks = MAX_MARKS;
    text.chars().map(move |c| match c {
        '\n' => Cow::Borrowed("\\n"),
        '\r' => Cow::Borrowed("\\r"),
        // Tabs are everywhere in honest code, and only their width is a nuisance.
        '\t' => Cow::Borrowed(" "),
        _ if is_hidden(c) => Cow::Owned(code_point(c)),
        _ if c.width() == Some(0) && marks >= MAX_MARKS => Cow::Owned(code_point(c)),
        _ => {
            marks = if c.width() == Some(0) { marks + 1 } else { 0 };
            Cow::Owned(c.to_string())
        }
    })
}

fn code_point(c: char) -> String {
    format!("\\u{{{:x}}}", c as u32)
}

/// The text on one line, with everything hidden written out as `\u{…}`, and with
/// the CI commands that are recognised anywhere in a line broken up.
pub fn visible(text: &str) -> String {
    // Nearly every string is plain, and reports are made of very many of them.
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) && !text.contains("##") {
        return text.to_owned();
    }
    let line: String = units(text).collect();
    match break_hash_commands(&line) {
        Cow::Borrowed(_) => line,
        Cow::Owned(broken) => broken,
    }
}

/// For a terminal, or a CI log that shows what a terminal would: [`visible`],
/// and no `::command::` at the start.
pub fn terminal(text: &str) -> String {
    let line = visible(text);
    match ci_line(&line) {
        Cow::Borrowed(_) => line,
        Cow::Owned(broken) => broken,
    }
}

/// For a terminal that shows ASCII only.
pub fn terminal_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in terminal(text).chars() {
        if c.is_ascii() { out.push(c) } else { out.push_str(&code_point(c)) }
    }
    out
}

/// One finished line of output, neutralised for CI systems that take commands
/// from logs: GitHub (`::name::` after leading blanks, `##[`), Azure Pipelines
/// (`##vso[`), TeamCity (`##teamcity[`). Colour sequences at its start count as
/// blank. The first character of a command is written as a code point.
pub fn ci_line(line: &str) -> Cow<'_, str> {
    let start = blank_prefix(line);
    match line[start..].strip_prefix("::") {
        Some(rest) => Cow::Owned(format!("{}\\u{{3a}}:{}", &line[..start], break_hash_commands(rest))),
        None => break_hash_commands(line),
    }
}

/// Length of the leading blanks and colour sequences.
fn blank_prefix(line: &str) -> usize {
    let mut rest = line;
    loop {
        let trimmed = rest.trim_start();
        let past_colour = trimmed
            .strip_prefix("\u{1b}[")
            .and_then(|tail| tail.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').strip_prefix('m'));
        match past_colour {
            Some(tail) => rest = tail,
            None => return line.len() - trimmed.len(),
        }
    }
}

/// `##[`, `##word[` → `\u{23}#[`, wherever they stand.
fn break_hash_commands(line: &str) -> Cow<'_, str> {
    if !line.contains("##") {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + 16);
    let mut done = 0;
    for (at, _) in line.match_indices('#') {
        if is_hash_command(&line[at..]) {
            out.push_str(&line[done..at]);
            out.push_str("\\u{23}");
            done = at + 1;
        }
    }
    out.push_str(&line[done..]);
    Cow::Owned(out)
}

/// Whether a text starts with `##`, at most 24 letters, and `[`.
fn is_hash_command(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("##") else { return false };
    rest.bytes().take(25).find(|b| !(b.is_ascii_alphabetic() || *b == b'-')) == Some(b'[')
}

/// For HTML text and quoted attribute values.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' | '`' | '=' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            _ => out.push(c),
        }
    }
    out
}

/// For XML 1.0, in text and quoted attribute values. What XML cannot hold in any form is
/// written out (`\u{1b}`); what is hidden otherwise, and line ends, become references by number.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let is_valid = matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ if !is_valid => out.push_str(&code_point(c)),
            // A log that shows the document obeys nothing in it.
            '#' if text.contains("##") => out.push_str("&#35;"),
            _ if is_hidden(c) => {
                let _ = write!(out, "&#{};", c as u32);
            }
            _ => out.push(c),
        }
    }
    out
}

/// For one line of SPDX's tag-value form, whose only syntax in a value is `<text>`.
pub fn tag_value(text: &str) -> String {
    visible(text).replace("<text>", "\\u{3c}text>").replace("</text>", "\\u{3c}/text>")
}

/// A code span for Markdown that holds anywhere: in prose, headings, lists and tables.
/// Code is also where GitHub and GitLab leave `@names`, `#1` and URLs alone.
pub fn markdown_code(text: &str) -> String {
    let text = visible(text);
    let text = text.trim();
    if text.is_empty() {
        return "`(empty)`".to_owned();
    }
    if text.contains('|') || opens_tag(text) {
        return html_code(text);
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Whether something in the text looks like the start of an HTML tag or comment.
fn opens_tag(text: &str) -> bool {
    let next = |at: usize| text.as_bytes().get(at + 1).copied();
    text.match_indices('<').any(|(at, _)| next(at).is_some_and(|b| b.is_ascii_alphabetic() || b"/!?".contains(&b)))
}

/// Code as an HTML element, for what backticks cannot hold everywhere: a pipe, which
/// needs a backslash in a table and none elsewhere, and tags, for readers that are
/// not CommonMark. A character reference never opens a structure (CommonMark 6.2).
fn html_code(text: &str) -> String {
    let mut out = String::from("<code>");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_ascii_punctuation() && !".,/-();=:'\"".contains(c) => {
                let _ = write!(out, "&#{};", c as u32);
            }
            c => out.push(c),
        }
        // Links are looked for in text after references are resolved; not across elements.
        if matches!((c, chars.peek()), (':', Some('/')) | ('@', Some(_)) | ('w' | 'W', Some('.'))) {
            out.push_str("</code><code>");
        }
    }
    out + "</code>"
}

/// Prose for Markdown, on one line. `words in backticks` stay code; words that a
/// forge would turn into a link, a mention or a reference become code.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, code, after)) = split_code(rest) {
        markdown_words(before, &mut out);
        out.push_str(&markdown_code(code));
        rest = after;
    }
    markdown_words(rest, &mut out);
    out
}

/// Splits at the first `code` in single backticks.
pub(crate) fn split_code(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (code, after) = rest.split_once('`')?;
    (!code.trim().is_empty()).then_some((before, code, after))
}

fn markdown_words(text: &str, out: &mut String) {
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        if may_autolink(word) {
            out.push_str(&markdown_code(word));
        } else {
            markdown_word(&visible(word), out);
        }
        if piece.len() > word.len() {
            out.push(' ');
        }
    }
}

/// Whether a forge would make a link, a mention or a reference of the word:
/// `@name`, `#1`, `GH-1`, `!1`, URLs, mail addresses, commit hashes.
fn may_autolink(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
    let reference = bare.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("gh-"));
    let hash =
        bare.len() >= 7 && bare.bytes().all(|b| b.is_ascii_hexdigit()) && bare.bytes().any(|b| b.is_ascii_digit());
    let sigil = word.as_bytes().windows(2).any(|pair| b"#!$%~".contains(&pair[0]) && pair[1].is_ascii_alphanumeric());
    reference || hash || sigil || word.contains('@') || word.contains("//") || word.contains("www.")
}

fn markdown_word(word: &str, out: &mut String) {
    // `1.` and `2)` open lists; `-`, `+`, `---` and `===` lists, rules and headings.
    let number = word.trim_end_matches(['.', ')']);
    let numbered = number.len() < word.len() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let opens_block = numbered || word.bytes().all(|b| b"-+=".contains(&b));
    for c in word.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' => out.push_str("&#124;"),
            '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '^' | '{' | '}' => out.extend(['\\', c]),
            '-' | '+' | '=' | '.' | ')' if opens_block => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
}

/// For a quoted string of Graphviz DOT. Backslashes are doubled: they begin its own
/// escapes (`\n`, `\N`).
pub fn dot(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // Some renderers take character references in labels.
            '&' => out.push_str("&amp;"),
            _ => out.push(c),
        }
    }
    out
}

/// For a quoted label of Mermaid. Its labels take HTML, Markdown and entity codes of their
/// own (`#35;`): everything but letters, digits and a few harmless signs becomes such a code.
pub fn mermaid(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if c.is_alphanumeric() || " .,/@^+=()-".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", c as u32);
        }
    }
    out
}

/// Fragments of JSON strings, already escaped by serde: what else is hidden
/// becomes `\uXXXX`, and `##[` in a log loses its meaning. Parsers see no difference.
pub(crate) fn json_fragment(fragment: &str) -> Cow<'_, str> {
    if fragment.is_ascii() && !fragment.contains("##") && !fragment.contains('\u{7f}') {
        return Cow::Borrowed(fragment);
    }
    let mut out = String::with_capacity(fragment.len() + 16);
    for (at, c) in fragment.char_indices() {
        if is_hidden(c) || (c == '#' && is_hash_command(&fragment[at..])) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
#[path = "escape_tests.rs"]
mod tests;
