//! From bytes to logical lines, as pip makes them: encodings, line breaks, continuations, comments.
//!
//! pip breaks lines wherever Python's `str.splitlines` does, form feeds and
//! U+2028 included: what an editor shows as the rest of a comment may be a line
//! of its own for pip. This reader breaks them there too.

use vetch_model::evidence::{Location, Span};

use crate::error::{ReadError, ReadErrorKind, short};
use crate::json::{Lines, conflict_marker};

const HINT: &str = "save the file as UTF-8";

/// Decodes a file: byte-order marks, the encoding comment of PEP 263, else UTF-8.
pub(super) fn decode(bytes: Vec<u8>, file: &str) -> Result<String, ReadError> {
    if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") {
        return Err(unreadable(&bytes, file, 0, "it is UTF-32, which is not read"));
    }
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => return utf16(rest, file, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, file, u16::from_be_bytes),
        _ => {}
    }
    let encoding = stated_encoding(&bytes);
    if matches!(encoding.as_deref(), Some("latin-1" | "latin1" | "iso-8859-1" | "l1")) {
        return Ok(bytes.iter().map(|byte| char::from(*byte)).collect());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let problem = match &encoding {
            Some(encoding) => format!("its encoding `{}` is not read", short(encoding)),
            None => "it holds a byte that is no UTF-8".to_owned(),
        };
        unreadable(error.as_bytes(), file, at, problem)
    })?;
    if let Some(at) = conflict_marker(text.as_bytes()) {
        let hint = "finish the merge, or compile the requirements again";
        let location = place(&Lines::of(text.as_bytes()), file, at, at);
        let problem = "an unfinished merge left its conflict markers here";
        return Err(ReadError::new(ReadErrorKind::Conflict, location, problem, hint));
    }
    Ok(text)
}

fn utf16(bytes: &[u8], file: &str, number: fn([u8; 2]) -> u16) -> Result<String, ReadError> {
    let units = bytes.chunks(2).map(|pair| match pair {
        [first, second] => number([*first, *second]),
        // A lone byte at the end is no text: the lone surrogate says so.
        _ => 0xd800,
    });
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.map_err(|_| unreadable(bytes, file, 0, "it is marked as UTF-16, but is none"))
}

/// `# -*- coding: latin-1 -*-` in one of the first two lines.
fn stated_encoding(bytes: &[u8]) -> Option<String> {
    let lines = bytes.split(|byte| *byte == b'\n').take(2);
    let mut comments = lines.filter(|line| line.starts_with(b"#"));
    comments.find_map(|line| {
        let line = String::from_utf8_lossy(line.get(..200.min(line.len())).unwrap_or_default()).into_owned();
        let (_, rest) = line.split_once("coding:").or_else(|| line.split_once("coding="))?;
        let is_inner = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let name: String = rest.trim_start().chars().take_while(|letter| is_inner(*letter)).collect();
        Some(name.to_ascii_lowercase().replace('_', "-")).filter(|name| !name.is_empty())
    })
}

fn unreadable(bytes: &[u8], file: &str, at: usize, problem: impl Into<String>) -> ReadError {
    ReadError::new(ReadErrorKind::Syntax, place(&Lines::of(bytes), file, at, at), problem, HINT)
}

fn place(lines: &Lines, file: &str, start: usize, end: usize) -> Location {
    lines.location(file, Span { start: start as u32, end: end as u32 })
}

/// A logical line: continuations joined, the comment apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Logical {
    /// Without the comment and outer blanks; empty for a line that is only a comment.
    pub(super) text: String,
    /// What stands behind the `#`, if there is one.
    pub(super) comment: Option<String>,
    /// In bytes of the decoded text, from the first to past the last letter.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The text with the places of its lines.
pub(super) struct Source<'t> {
    pub(super) file: &'t str,
    lines: Lines,
    /// The text is what stands in the file, byte for byte.
    is_plain: bool,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &str, file: &'t str, is_plain: bool) -> Source<'t> {
        Source { file, lines: Lines::of(text.as_bytes()), is_plain }
    }

    pub(super) fn location(&self, line: &Logical) -> Location {
        let found = place(&self.lines, self.file, line.start, line.end);
        // Bytes of a decoded text are not those of the file; lines and columns are the same.
        if self.is_plain { found } else { Location { span: Span::default(), ..found } }
    }
}

/// Every logical line that is not blank, as pip's `join_lines` and `ignore_comments` make them.
pub(super) fn logical_lines(text: &str) -> Vec<Logical> {
    let text_start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut found = Vec::new();
    let mut joined = String::new();
    let mut start = None;
    for (line, at) in physical_lines(text, text_start) {
        let first = *start.get_or_insert(at);
        let is_comment = line.trim_start().starts_with('#');
        if line.ends_with('\\') && !is_comment {
            joined.push_str(line.trim_matches('\\'));
            continue;
        }
        if is_comment && !joined.is_empty() {
            // So that the comment is one: a `#` inside a word is none.
            joined.push(' ');
        }
        joined.push_str(line);
        push(&mut found, &joined, first, at + line.len());
        joined.clear();
        start = None;
    }
    if let Some(first) = start {
        push(&mut found, &joined, first, text.len());
    }
    found
}

fn push(found: &mut Vec<Logical>, joined: &str, start: usize, end: usize) {
    let at = comment_start(joined);
    let (text, comment) = match at {
        Some(at) => (joined.get(..at).unwrap_or_default(), joined.get(at + 1..)),
        None => (joined, None),
    };
    let indent = joined.len() - joined.trim_start().len();
    let text = text.trim();
    if text.is_empty() && comment.is_none() {
        return;
    }
    let comment = comment.map(str::to_owned);
    found.push(Logical { text: text.to_owned(), comment, start: (start + indent).min(end), end });
}

/// The `#` that starts a comment: at the start of the line or behind a blank.
fn comment_start(line: &str) -> Option<usize> {
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        if letter == '#' && before.is_whitespace() {
            return Some(at);
        }
        before = letter;
    }
    None
}

/// Lines and their offsets, broken where Python's `str.splitlines` breaks them.
fn physical_lines(text: &str, start: usize) -> impl Iterator<Item = (&str, usize)> {
    let mut at = start;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let first = at;
        let length = rest.find(is_line_break).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let after = rest.get(length..).unwrap_or_default();
        let width = if after.starts_with("\r\n") { 2 } else { after.chars().next().map_or(0, char::len_utf8) };
        at += length + width;
        Some((line, first))
    })
}

fn is_line_break(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, Option<String>)> {
        logical_lines(text).into_iter().map(|line| (line.text, line.comment)).collect()
    }

    #[test]
    fn lines_are_joined_and_broken_as_by_pip() {
        let plain = |text: &str| (text.to_owned(), None);
        let with = |text: &str, comment: &str| (text.to_owned(), Some(comment.to_owned()));
        for (text, expected) in [
            ("a==1 \\\n  --hash=x\nb", vec![plain("a==1   --hash=x"), plain("b")]),
            ("a # c\n# d\n\n", vec![with("a", " c"), with("", " d")]),
            ("a#egg=b", vec![plain("a#egg=b")]),
            ("a \\\n# c\nb", vec![with("a", " c"), plain("b")]),
            ("# c \\\nb", vec![with("", " c \\"), plain("b")]),
            ("# hidden\u{2028}evil==1", vec![with("", " hidden"), plain("evil==1")]),
            ("a \\", vec![plain("a")]),
            ("\u{feff}a\r\nb\rc\u{c}d", vec![plain("a"), plain("b"), plain("c"), plain("d")]),
        ] {
            assert_eq!(told(text), expected, "{text:?}");
        }
        let lines = logical_lines("\n  a \\\n b # c\n");
        assert_eq!((lines[0].start, lines[0].end), (3, 13));
    }

    #[test]
    fn encodings_are_told() {
        let read = |bytes: &[u8]| decode(bytes.to_vec(), "r.txt");
        assert_eq!(read(b"\xff\xfea\0\n\0").unwrap(), "a\n");
        assert_eq!(read(b"# -*- coding: latin-1 -*-\n# \xe9\n").unwrap(), "# -*- coding: latin-1 -*-\n# é\n");
        let error = read(b"a\n# \xe9\n").unwrap_err();
        assert_eq!((error.location.line, error.kind), (2, ReadErrorKind::Syntax));
        assert!(read(b"# coding: koi8-r\n# \xe9\n").unwrap_err().problem.contains("koi8-r"));
        assert!(read(b"\xff\xfea").is_err());
        assert_eq!(read(b"a\n<<<<<<< HEAD\n").unwrap_err().kind, ReadErrorKind::Conflict);
    }
}
