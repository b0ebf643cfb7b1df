//! Settings that stand one a line: `.npmrc`, `pip.conf`, `.yarnrc` of Yarn 1. With places, to be edited.

use std::ops::Range;

use vetch_model::{Location, Span};

/// One `key = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The section it stands in; empty before the first.
    pub(crate) section: String,
    pub(crate) key: String,
    /// Without quotes.
    pub(crate) value: String,
    /// 1-based.
    pub(crate) line: u32,
    /// Bytes of the value, quotes included.
    pub(crate) place: Range<usize>,
}

/// Every setting of a file, in order. Lines that are none are passed over, as their readers do; a continued line of
/// pip's (indented) is a further value of the same key.
pub(crate) fn read(bytes: &[u8]) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    let (mut offset, mut section) = (0, String::new());
    for (number, raw) in (1u32..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        let (start, line) = (offset, String::from_utf8_lossy(raw));
        offset += raw.len();
        // Bytes that are no UTF-8 would move every place behind them.
        let Ok(text) = std::str::from_utf8(raw) else { continue };
        let trimmed = text.trim_start_matches('\u{feff}').trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_owned();
            continue;
        }
        let indented = line.starts_with([' ', '\t']);
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key.trim_start_matches('\u{feff}').trim(), value),
            None if indented && !section.is_empty() => match found.last().map(|last| last.key.clone()) {
                Some(key) => {
                    push(&mut found, &section, &key, text, text, start, number);
                    continue;
                }
                None => continue,
            },
            None => (trimmed, ""),
        };
        push(&mut found, &section, key, value, text, start, number);
    }
    found
}

fn push(found: &mut Vec<Setting>, section: &str, key: &str, value: &str, text: &str, start: usize, line: u32) {
    let bare = match section.is_empty() {
        true => without_comment(value.trim()),
        false => value.trim(),
    };
    let at = text.len() - value.len() + (value.len() - value.trim_start().len());
    let place = start + at..start + at + bare.len();
    let quoted = |mark: char| bare.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    let value = quoted('"').or_else(|| quoted('\'')).unwrap_or(bare).to_owned();
    found.push(Setting { section: section.to_owned(), key: key.to_owned(), value, line, place });
}

/// The value without a comment behind it, as npm's `ini` reads it: from the first `;` or `#` that no backslash stands
/// before. pip's files, which have sections, know none.
fn without_comment(value: &str) -> &str {
    if value.starts_with(['"', '\'']) && value.len() > 1 && value.ends_with(value.get(..1).unwrap_or_default()) {
        return value;
    }
    let mut is_escaped = false;
    let comment = value.char_indices().find(|(_, c)| {
        let is_comment = !is_escaped && matches!(c, ';' | '#');
        is_escaped = !is_escaped && *c == '\\';
        is_comment
    });
    comment.map_or(value, |(at, _)| value.get(..at).unwrap_or(value).trim_end())
}

impl Setting {
    /// Its place in `file`.
    pub(crate) fn location(&self, file: &str) -> Location {
        let span = Span { start: self.place.start as u32, end: self.place.end as u32 };
        Location { file: file.to_owned(), line: self.line, column: 1, span }
    }

    /// As a boolean; a key without a value is true.
    pub(crate) fn is_true(&self) -> bool {
        self.value.is_empty() || self.value.eq_ignore_ascii_case("true") || self.value == "1"
    }
}

/// The setting that counts for `key`: the last one.
pub(crate) fn last<'s>(settings: &'s [Setting], key: &str) -> Option<&'s Setting> {
    settings.iter().rev().find(|setting| setting.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_behind_values_of_npm_are_none_of_the_value() {
        let text =
            "ignore-scripts=true ; why\na = b#c\nd = \"e;f\"\ng = h\\;i\n[global]\nindex-url = https://a.invalid/#x\n";
        let found = read(text.as_bytes());
        let told: Vec<_> = found.iter().map(|it| (it.value.as_str(), &text[it.place.clone()])).collect();
        let index = "https://a.invalid/#x";
        assert_eq!(told, [("true", "true"), ("b", "b"), ("e;f", "\"e;f\""), ("h\\;i", "h\\;i"), (index, index)]);
        assert!(found[0].is_true());
    }

    #[test]
    fn values_have_their_places() {
        let text = "\u{feff}a = 1 \r\n; c\nb\n//h/:_x = \"q=w\"\n[global]\nextra-index-url =\n  https://a.invalid\n\thttps://b.invalid\n";
        let found = read(text.as_bytes());
        let told: Vec<_> =
            found.iter().map(|it| (it.section.as_str(), it.key.as_str(), it.value.as_str(), it.line)).collect();
        assert_eq!(
            told,
            [
                ("", "a", "1", 1),
                ("", "b", "", 3),
                ("", "//h/:_x", "q=w", 4),
                ("global", "extra-index-url", "", 6),
                ("global", "extra-index-url", "https://a.invalid", 7),
                ("global", "extra-index-url", "https://b.invalid", 8),
            ]
        );
        assert_eq!(&text[found[0].place.clone()], "1");
        assert_eq!(&text[found[2].place.clone()], "\"q=w\"");
        assert_eq!(&text[found[4].place.clone()], "https://a.invalid");
    }
}
