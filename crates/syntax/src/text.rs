//! Bytes → text, places in text, excerpts of text.

use std::borrow::Cow;
use std::cell::OnceCell;

use memchr::memchr_iter;
use vetch_model::Span;
use vetch_model::evidence::MAX_EXCERPT;

/// Text read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'b> {
    /// The text, without a byte order mark.
    pub text: Cow<'b, str>,
    /// Some bytes were no valid UTF-8 (or UTF-16) and became U+FFFD, as Node.js reads them.
    pub lossy: bool,
}

/// Bytes that are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// UTF-32 begins with these marks; no JavaScript engine reads it.
    #[error("UTF-32, which no JavaScript engine reads")]
    Utf32,
    /// UTF-16 takes an even number of bytes.
    #[error("UTF-16 with half a character at the end")]
    OddUtf16,
}

/// Reads UTF-8 (with or without byte order mark) and UTF-16 (with one).
///
/// Invalid UTF-8 is read as Node.js does: each bad sequence becomes U+FFFD, and `lossy` says so.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, EncodingError> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err(EncodingError::Utf32),
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(utf8(rest)),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => Ok(utf8(bytes)),
    }
}

fn utf8(bytes: &[u8]) -> Decoded<'_> {
    // The plain check is several times as fast as the one that repairs, and nearly every file passes it.
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded { text: Cow::Borrowed(text), lossy: false },
        Err(_) => Decoded { text: String::from_utf8_lossy(bytes), lossy: true },
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Decoded<'static>, EncodingError> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(EncodingError::OddUtf16);
    }
    let mut lossy = false;
    let text = char::decode_utf16(units.iter().map(|pair| unit(*pair)))
        .map(|character| {
            character.unwrap_or_else(|_| {
                lossy = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    Ok(Decoded { text: Cow::Owned(text), lossy })
}

/// Finds lines and columns. Built from the text on first use: most files need none.
#[derive(Debug, Clone)]
pub struct LineIndex<'s> {
    source: &'s str,
    /// Offset of the first byte of each line.
    starts: OnceCell<Vec<u32>>,
}

impl<'s> LineIndex<'s> {
    /// An index of this text. Lines end with `\n`.
    pub fn new(source: &'s str) -> Self {
        LineIndex { source, starts: OnceCell::new() }
    }

    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| {
            let ends = memchr_iter(b'\n', self.source.as_bytes());
            std::iter::once(0).chain(ends.map(|at| at as u32 + 1)).collect()
        })
    }

    /// 1-based line and column (in bytes) of an offset; one past the end counts as the end.
    pub fn position(&self, offset: u32) -> (u32, u32) {
        let offset = offset.min(self.source.len() as u32);
        let starts = self.starts();
        let line = starts.partition_point(|start| *start <= offset).max(1);
        (line as u32, offset - starts[line - 1] + 1)
    }
}

/// The line in which `span` begins, cut around the span to at most [`MAX_EXCERPT`] bytes,
/// and where the span lies in it. `…` stands where something was cut. Indentation is left out.
pub fn excerpt(source: &str, span: Span) -> (String, Span) {
    let start = floor(source, span.start as usize);
    let end = floor(source, span.end as usize).max(start);
    // A span as long as a file would make the line look-up as long: see only what may fit.
    let low = floor(source, start.saturating_sub(MAX_EXCERPT));
    let high = floor(source, start.saturating_add(2 * MAX_EXCERPT));
    let line_start = source[low..start].rfind('\n').map_or(low, |at| low + at + 1);
    let line_end = source[start..high].find('\n').map_or(high, |at| start + at);
    let line_start = line_start + (source[line_start..start].len() - source[line_start..start].trim_start().len());
    let line_end = line_start.max(start) + source[start..line_end].trim_end().len();
    let end = end.clamp(start, line_end.max(start));
    let cut_start = line_start == low && low > 0 && !source[..low].ends_with('\n');
    let cut_end = line_end == high && high < source.len() && !source[high..].starts_with(['\n', '\r']);
    window(source, (line_start, line_end), (start, end), (cut_start, cut_end))
}

/// Chooses the part of a line that is shown: the span, and as much around it as fits.
fn window(source: &str, line: (usize, usize), span: (usize, usize), cut: (bool, bool)) -> (String, Span) {
    const MARK: &str = "…";
    let fits = line.1 - line.0 <= MAX_EXCERPT && !cut.0 && !cut.1;
    let room = if fits { MAX_EXCERPT } else { MAX_EXCERPT - 2 * MARK.len() };
    let inner = (span.1 - span.0).min(room);
    let before = ((room - inner) / 2).min(span.0 - line.0);
    let mut from = span.0 - before;
    let to = floor(source, (from + room).min(line.1));
    // What the right side does not use, the left may.
    from = ceil(source, to.saturating_sub(room).max(line.0).min(from));
    let mut text = String::with_capacity(MAX_EXCERPT);
    if from > line.0 || cut.0 {
        text.push_str(MARK);
    }
    let shift = text.len();
    text.push_str(&source[from..to]);
    if to < line.1 || cut.1 {
        text.push_str(MARK);
    }
    let start = span.0 - from + shift;
    let end = span.1.min(to).max(span.0) - from + shift;
    (text, Span { start: start as u32, end: end as u32 })
}

fn floor(source: &str, at: usize) -> usize {
    source.floor_char_boundary(at)
}

fn ceil(source: &str, at: usize) -> usize {
    source.ceil_char_boundary(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(bytes: &[u8]) -> (String, bool) {
        let decoded = decode(bytes).unwrap();
        (decoded.text.into_owned(), decoded.lossy)
    }

    #[test]
    fn encodings() {
        assert_eq!(text("a é".as_bytes()), ("a é".to_owned(), false));
        assert_eq!(text(b"\xef\xbb\xbfa"), ("a".to_owned(), false));
        assert_eq!(text(b"\xff\xfea\0\xe9\0"), ("aé".to_owned(), false));
        assert_eq!(text(b"\xfe\xff\0a\0\xe9"), ("aé".to_owned(), false));
        assert_eq!(text(b"a\xff"), ("a\u{fffd}".to_owned(), true));
        assert_eq!(text(b"\xff\xfe\0\xd8a\0"), ("\u{fffd}a".to_owned(), true));
        assert_eq!(decode(b"\xff\xfea"), Err(EncodingError::OddUtf16));
        assert_eq!(decode(b"\xff\xfe\0\0"), Err(EncodingError::Utf32));
    }

    #[test]
    fn positions() {
        let index = LineIndex::new("ab\nc\n");
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 99].map(|at| index.position(at)),
            [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1), (3, 1)]
        );
        assert_eq!(LineIndex::new("").position(0), (1, 1));
    }

    fn highlighted(source: &str, span: std::ops::Range<u32>) -> (String, String) {
        let (text, highlight) = excerpt(source, Span { start: span.start, end: span.end });
        let inner = text[highlight.start as usize..highlight.end as usize].to_owned();
        (text, inner)
    }

    #[test]
    fn a_short_line_is_shown_without_its_indentation() {
        let source = "first\n    eval(x);  \nlast";
        assert_eq!(highlighted(source, 10..14), ("eval(x);".to_owned(), "eval".to_owned()));
    }

    #[test]
    fn a_span_over_lines_is_highlighted_to_the_end_of_the_first() {
        assert_eq!(highlighted("a(\nb)", 0..5), ("a(".to_owned(), "a(".to_owned()));
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides() {
        let source = format!("{}eval(x){}", "é".repeat(1000), "ü".repeat(1000));
        let (text, inner) = highlighted(&source, 2000..2007);
        assert_eq!(inner, "eval(x)");
        assert!(text.len() <= MAX_EXCERPT && text.len() > MAX_EXCERPT - 8, "{}", text.len());
        assert!(text.starts_with('…') && text.ends_with('…'));
    }

    #[test]
    fn a_cut_at_one_end_only() {
        let source = format!("eval(x){}", "a".repeat(1000));
        let (text, inner) = highlighted(&source, 0..7);
        assert_eq!(inner, "eval(x)");
        assert!(text.starts_with("eval") && text.ends_with("a…"));
    }

    proptest! {
        #[test]
        fn excerpts_stay_in_bounds(source in "[a\n é…]{0,600}", start in 0u32..900, len in 0u32..900) {
            let (text, highlight) = excerpt(&source, Span { start, end: start.saturating_add(len) });
            prop_assert!(text.len() <= MAX_EXCERPT);
            prop_assert!(highlight.start <= highlight.end);
            prop_assert!(text.get(highlight.start as usize..highlight.end as usize).is_some());
            prop_assert!(!text.contains('\n'));
        }

        #[test]
        fn decoding_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = decode(&bytes);
        }
    }
}
