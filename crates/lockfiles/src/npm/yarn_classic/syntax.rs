//! The syntax of Yarn 1's lockfile: neither YAML nor JSON.
//!
//! Line by line: two spaces a level, `key value`, or `key, key:` before a block.
//! Texts are bare or JSON strings. What Yarn's own parser does:
//! <https://github.com/yarnpkg/yarn/blob/v1.22.22/src/lockfile/parse.js>. A line
//! that it would not take is a [`Fault`], and the lines around it stand.

use std::borrow::Cow;

use vetch_model::evidence::Span;

/// `"a@^1", a@^2:` and what stands below it.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    pub(super) descriptors: Vec<Cow<'a, str>>,
    /// From the first descriptor to the end of the last line.
    pub(super) span: Span,
    pub(super) fields: Vec<Field<'a>>,
}

/// One field of an entry.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) value: FieldValue<'a>,
    pub(super) span: Span,
}

/// What a field holds.
#[derive(Debug)]
pub(super) enum FieldValue<'a> {
    Text(Cow<'a, str>),
    Block(Vec<Pair<'a>>),
}

/// `name range`
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
    pub(super) span: Span,
}

/// A line that is none of Yarn's.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) span: Span,
    pub(super) text: String,
}

/// A parsed file.
#[derive(Debug, Default)]
pub(super) struct Parsed<'a> {
    /// `1` of `# yarn lockfile v1`.
    pub(super) version: Option<&'a str>,
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) faults: Vec<Fault>,
    /// Faults beyond [`MAX_FAULTS`].
    pub(super) more_faults: usize,
    /// Offset of the first line that Git wrote into an unfinished merge.
    pub(super) conflict: Option<u32>,
    /// Entries whose first line was understood.
    pub(super) good_entries: usize,
}

/// Most faults kept.
const MAX_FAULTS: usize = 10_000;

/// What a line is.
enum Line<'a> {
    /// `key[, key]:`
    Header(Vec<Cow<'a, str>>),
    /// `key value`
    Pair(Cow<'a, str>, Cow<'a, str>),
}

/// Parses a whole file, of less than 4 GiB.
pub(super) fn parse(text: &str) -> Parsed<'_> {
    let mut parsed = Parsed::default();
    let mut at = 0;
    for raw in text.split_inclusive('\n') {
        let start = at;
        at += raw.len();
        let line = raw.strip_suffix('\n').unwrap_or(raw);
        let line = line.strip_suffix('\r').unwrap_or(line);
        // A byte-order mark.
        let (line, start) = match line.strip_prefix('\u{feff}') {
            Some(rest) if start == 0 => (rest, 3),
            _ => (line, start),
        };
        let bare = line.trim_start_matches(' ');
        if let Some(comment) = bare.strip_prefix('#') {
            parsed.version = parsed.version.or(comment.trim().strip_prefix("yarn lockfile v"));
        } else if is_conflict_marker(line) {
            parsed.conflict.get_or_insert(start as u32);
        } else if !bare.trim().is_empty() {
            let indent = line.len() - bare.len();
            let span = Span { start: (start + indent) as u32, end: (start + line.trim_end().len()) as u32 };
            parsed.line(indent, bare.trim_end(), span);
        }
    }
    parsed
}

fn is_conflict_marker(line: &str) -> bool {
    ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker))
}

impl<'a> Parsed<'a> {
    fn fault(&mut self, span: Span, text: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { span, text: text.into() });
        } else {
            self.more_faults += 1;
        }
    }

    fn line(&mut self, indent: usize, text: &'a str, span: Span) {
        if indent % 2 == 1 {
            self.fault(span, "it is indented by an odd number of spaces");
        }
        let line = match read_line(text) {
            Ok(line) => line,
            Err(why) => {
                self.fault(span, why);
                // At the margin it can only have been an entry, whose fields follow.
                if indent < 2 {
                    self.entries.push(Entry { descriptors: vec![Cow::Borrowed(text)], span, fields: Vec::new() });
                }
                return;
            }
        };
        match indent / 2 {
            0 => self.entry(line, span),
            1 => self.field(line, span),
            _ => self.pair(line, span),
        }
    }

    fn entry(&mut self, line: Line<'a>, span: Span) {
        let descriptors = match line {
            Line::Header(descriptors) => {
                self.good_entries += 1;
                descriptors
            }
            Line::Pair(key, _) => {
                self.fault(span, "a value stands where an entry should begin");
                vec![key]
            }
        };
        self.entries.push(Entry { descriptors, span, fields: Vec::new() });
    }

    fn field(&mut self, line: Line<'a>, span: Span) {
        let Some(entry) = self.entries.last_mut() else {
            return self.fault(span, "it belongs to no entry");
        };
        entry.span.end = span.end;
        match line {
            Line::Header(mut keys) if keys.len() == 1 => {
                let key = keys.pop().unwrap_or_default();
                entry.fields.push(Field { key, value: FieldValue::Block(Vec::new()), span });
            }
            Line::Header(_) => self.fault(span, "several keys stand before one block"),
            Line::Pair(key, value) => entry.fields.push(Field { key, value: FieldValue::Text(value), span }),
        }
    }

    fn pair(&mut self, line: Line<'a>, span: Span) {
        let Some(entry) = self.entries.last_mut() else {
            return self.fault(span, "it belongs to no entry");
        };
        entry.span.end = span.end;
        match (line, entry.fields.last_mut()) {
            (Line::Pair(key, value), Some(Field { value: FieldValue::Block(pairs), .. })) => {
                pairs.push(Pair { key, value, span });
            }
            (Line::Pair(..), _) => self.fault(span, "it belongs to no list of dependencies"),
            (Line::Header(_), _) => self.fault(span, "it nests deeper than Yarn does"),
        }
    }
}

fn read_line(text: &str) -> Result<Line<'_>, String> {
    let (first, mut rest) = token(text)?;
    let mut keys = vec![first];
    loop {
        let trimmed = rest.trim_start_matches(' ');
        if let Some(after) = trimmed.strip_prefix(':') {
            return match after.trim() {
                "" => Ok(Line::Header(keys)),
                _ => Err("something stands behind the `:` that begins a block".to_owned()),
            };
        }
        if let Some(after) = trimmed.strip_prefix(',') {
            let (next, after) = token(after.trim_start_matches(' '))?;
            keys.push(next);
            rest = after;
            continue;
        }
        if trimmed.is_empty() {
            return Err("the line ends where a value or `:` should follow".to_owned());
        }
        let (value, after) = token(trimmed)?;
        return match (keys.pop(), after.trim()) {
            (Some(key), "") if keys.is_empty() => Ok(Line::Pair(key, value)),
            _ => Err("something stands behind the value".to_owned()),
        };
    }
}

/// The text that `text` begins with, and what follows it.
fn token(text: &str) -> Result<(Cow<'_, str>, &str), String> {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find([':', ' ', ',', '\t', '"']).unwrap_or(text.len());
        let (bare, rest) = text.split_at(end);
        return match bare {
            "" => Err("a text should stand here".to_owned()),
            _ => Ok((Cow::Borrowed(bare), rest)),
        };
    };
    let mut is_escaped = false;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => {
                let raw = inner.get(..at).unwrap_or_default();
                let rest = inner.get(at + 1..).unwrap_or_default();
                return Ok((unescaped(raw, text.get(..at + 2).unwrap_or_default())?, rest));
            }
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    Err("the line ends inside a quoted text".to_owned())
}

/// The text between two quotes; `quoted` is the same with them.
fn unescaped<'a>(raw: &'a str, quoted: &str) -> Result<Cow<'a, str>, String> {
    if !raw.contains('\\') {
        return Ok(Cow::Borrowed(raw));
    }
    serde_json::from_str::<String>(quoted).map(Cow::Owned).map_err(|_| "it holds an unknown escape".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_fields_and_blocks() {
        let text = "# yarn lockfile v1\r\n\r\n\"@s/a@^1\", b@2:\r\n  version \"1.0\"\r\n  dependencies:\r\n    c \"^1 || 2\"\r\n";
        let parsed = parse(text);
        assert_eq!((parsed.version, parsed.faults.len(), parsed.good_entries), (Some("1"), 0, 1));
        let entry = &parsed.entries[0];
        assert_eq!(entry.descriptors, ["@s/a@^1", "b@2"]);
        assert!(text[entry.span.start as usize..].starts_with("\"@s/a"));
        assert!(text[..entry.span.end as usize].ends_with("|| 2\""));
        assert!(matches!(&entry.fields[0].value, FieldValue::Text(text) if text == "1.0"));
        assert!(matches!(&entry.fields[1].value, FieldValue::Block(pairs) if pairs[0].value == "^1 || 2"));
    }

    #[test]
    fn texts_are_bare_or_quoted() {
        assert!(matches!(read_line(r#""a\"b" "\u0041""#), Ok(Line::Pair(key, value)) if key == "a\"b" && value == "A"));
        assert!(matches!(read_line("uid \"\""), Ok(Line::Pair(_, value)) if value.is_empty()));
        for broken in ["\"a", "a", "a, :", "a b c", "a: b", "\"\\x\" b", ",a:", "a, b c"] {
            assert!(read_line(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn bad_lines_cost_themselves_only() {
        let parsed = parse("a@1:\n  version \"1\n   odd \"1\"\n  x:\n    y z\n\"b@1:\n  version \"2\"\nc 1\n");
        assert_eq!(parsed.faults.len(), 4);
        assert_eq!(parsed.entries.len(), 3);
        assert_eq!(parse("<<<<<<< a\n").conflict, Some(0));
    }
}
