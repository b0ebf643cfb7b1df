//! TOML with spans, as a tree in file order.
//!
//! It gives what readers of lockfiles need: tables in file order, spans that cover a
//! table's members and not only its header, places with lines, bounds on depth and
//! count ([`parse()`]). A key that stands twice is an error, as for every tool that reads TOML.

mod parse;
mod values;

use std::borrow::Cow;

use vetch_model::evidence::{Location, Span};

use crate::error::{ReadError, ReadErrorKind, excerpt, short};
use crate::files::too_large;
use crate::json::{Limits, Lines, conflict_marker};

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) root: Table<'a>,
    pub(crate) lines: Lines,
    pub(crate) file: &'a str,
    bytes: &'a [u8],
}

/// A value and where it stands. A table's span reaches from its header (or the
/// key that made it) to the end of its last member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value<'a> {
    pub(crate) span: Span,
    pub(crate) kind: Kind<'a>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'a> {
    String(Cow<'a, str>),
    /// As written.
    Integer(&'a str),
    /// As written.
    Float(&'a str),
    Bool(bool),
    /// As written.
    Datetime(&'a str),
    Array(Vec<Value<'a>>),
    Table(Table<'a>),
}

/// Members in file order; no key stands twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table<'a> {
    pub(crate) members: Vec<Member<'a>>,
}

/// One key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member<'a> {
    pub(crate) key: Cow<'a, str>,
    /// From the first byte of key or value to past the value's last byte.
    pub(crate) span: Span,
    pub(crate) value: Value<'a>,
}

impl<'a> Table<'a> {
    /// The value of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// The value under a path of keys, as long as each leads to a table.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Value<'a>> {
        let (last, folders) = path.split_last()?;
        let mut table = self;
        for key in folders {
            table = table.get(key)?.as_table()?;
        }
        table.get(last)
    }
}

impl<'a> Value<'a> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A decimal integer that fits.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self.kind {
            Kind::Integer(text) => text.replace('_', "").parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Value<'a>]> {
        match &self.kind {
            Kind::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_table(&self) -> Option<&Table<'a>> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The member `key`, if this is a table that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_table().and_then(|table| table.get(key))
    }

    /// The type in words, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::String(_) => "a string",
            Kind::Integer(_) => "an integer",
            Kind::Float(_) => "a float",
            Kind::Bool(_) => "a boolean",
            Kind::Datetime(_) => "a date or time",
            Kind::Array(_) => "an array",
            Kind::Table(_) => "a table",
        }
    }

    /// `field` holds another type than it should: the problem in words.
    pub(crate) fn wrong_type(&self, field: &str, wanted: &str) -> String {
        format!("`{}` is {}, not {wanted}", short(field), self.type_name())
    }
}

impl Document<'_> {
    /// The place of a span.
    pub(crate) fn location(&self, span: Span) -> Location {
        self.lines.location(self.file, span)
    }

    /// The text of a span, cut to a length that fits a message.
    pub(crate) fn excerpt(&self, span: Span) -> String {
        excerpt(self.bytes, span)
    }
}

/// Parses one file within `limits`; `hint` tells what to do with a broken one.
///
/// # Errors
/// When it is too large, no UTF-8, no TOML, nested too deeply, or an unfinished merge.
pub(crate) fn parse<'a>(bytes: &'a [u8], file: &'a str, limits: Limits, hint: &str) -> Result<Document<'a>, ReadError> {
    // Offsets are kept in 32 bits.
    let limit = limits.bytes.min(u32::MAX as usize - 1);
    if bytes.len() > limit {
        return Err(too_large(file, bytes.len() as u64, limit as u64));
    }
    let skipped = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let fail = |kind, at: usize, problem: String| Err(explain(kind, at, problem, bytes, file, hint));
    let text = match std::str::from_utf8(bytes.get(skipped..).unwrap_or_default()) {
        Ok(text) => text,
        Err(error) => {
            let problem = "it holds a byte that is no UTF-8".to_owned();
            return fail(ReadErrorKind::Syntax, skipped + error.valid_up_to(), problem);
        }
    };
    match parse::parse(text, skipped, limits.values) {
        Ok(root) => Ok(Document { root, lines: Lines::of(bytes), file, bytes }),
        Err(fault) => fail(fault.kind, skipped + fault.at, fault.problem),
    }
}

/// An error with its place; an unfinished merge is told by its markers.
fn explain(kind: ReadErrorKind, at: usize, problem: String, bytes: &[u8], file: &str, hint: &str) -> ReadError {
    let (kind, at, problem, hint) = match conflict_marker(bytes) {
        Some(at) if kind == ReadErrorKind::Syntax => (
            ReadErrorKind::Conflict,
            at,
            "an unfinished merge left its conflict markers here".to_owned(),
            "finish the merge, then let the tool that owns the file write it again",
        ),
        _ => (kind, at, problem, hint),
    };
    let offset = at as u32;
    let (line, column) = Lines::of(bytes).position(offset);
    let span = Span { start: offset, end: offset };
    ReadError::new(kind, Location { file: file.to_owned(), line, column, span }, problem, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: 1 << 20, values: 100_000 };

    fn fault(text: &str) -> ReadError {
        parse(text.as_bytes(), "x.toml", LIMITS, "mend it").unwrap_err()
    }

    #[test]
    fn members_keep_their_order_and_place() {
        let text = "\u{feff}b = 'x'\r\n[[package]]\r\nname = \"a\"\r\nn = 1_0\r\n[package.deps]\r\nz = {v = 1.5}\r\na = [1, true]\r\n";
        let document = parse(text.as_bytes(), "x.toml", LIMITS, "mend it").unwrap();
        let keys: Vec<&str> = document.root.members.iter().map(|member| member.key.as_ref()).collect();
        assert_eq!(keys, ["b", "package"]);
        let package = &document.root.get("package").unwrap().as_array().unwrap()[0];
        let location = document.location(package.span);
        assert_eq!((location.line, location.column), (2, 1));
        assert_eq!(&text[package.span.start as usize..package.span.end as usize], text[12..].trim_end());
        assert_eq!(package.get("n").unwrap().as_integer(), Some(10));
        let deps = package.get("deps").unwrap().as_table().unwrap();
        assert_eq!(deps.members.iter().map(|member| member.key.as_ref()).collect::<Vec<_>>(), ["z", "a"]);
        assert_eq!(document.excerpt(deps.get("z").unwrap().span), "{v = 1.5}");
        assert_eq!(deps.at(&["z", "v"]).unwrap().type_name(), "a float");
    }

    #[test]
    fn broken_files_are_told_with_their_place() {
        for (text, kind, line) in [
            ("a = 1\na = 2", ReadErrorKind::Syntax, 2),
            ("a = 1\n<<<<<<< HEAD\nb = 1\n=======\n", ReadErrorKind::Conflict, 2),
            ("a = ", ReadErrorKind::Syntax, 1),
        ] {
            let error = fault(text);
            assert_eq!((error.kind, error.location.line), (kind, line), "{text}");
        }
        let error = parse(b"a = 1\nb = '\xff'", "x.toml", LIMITS, "mend it").unwrap_err();
        assert_eq!((error.kind, error.location.line), (ReadErrorKind::Syntax, 2));
    }

    #[test]
    fn nesting_is_bounded_however_it_is_written() {
        let dotted = format!("{}x = 1", "a.".repeat(100_000));
        let header = format!("[{}x]", "a.".repeat(100_000));
        let arrays = "a = ".to_owned() + &"[".repeat(100_000);
        let both = "a = ".to_owned() + &format!("{{{}a = ", "a.".repeat(70)).repeat(70) + "1" + &"}".repeat(70);
        for text in [dotted, header, arrays, both] {
            assert_eq!(fault(&text).kind, ReadErrorKind::TooDeep, "{}", &text[..40]);
        }
        let many = "a = [".to_owned() + &"1,".repeat(200_000) + "]";
        assert_eq!(fault(&many).kind, ReadErrorKind::TooLarge);
    }
}

#[cfg(test)]
mod differential {
    //! The same opinion as the `toml` crate's.

    use proptest::prelude::*;
    use toml::Value as Theirs;

    use super::*;

    fn as_toml(table: &Table<'_>) -> toml::Table {
        table.members.iter().map(|member| (member.key.to_string(), value(&member.value))).collect()
    }

    fn value(ours: &Value<'_>) -> Theirs {
        match &ours.kind {
            Kind::String(text) => Theirs::String(text.to_string()),
            Kind::Bool(value) => Theirs::Boolean(*value),
            Kind::Integer(text) | Kind::Float(text) | Kind::Datetime(text) => {
                // As written: the crate reads it once more, on its own.
                let table: toml::Table = format!("x = {text}").parse().unwrap();
                table.get("x").unwrap().clone()
            }
            Kind::Array(items) => Theirs::Array(items.iter().map(value).collect()),
            Kind::Table(table) => Theirs::Table(as_toml(table)),
        }
    }

    fn compare(text: &str) -> Result<(), TestCaseError> {
        let ours = parse(text.as_bytes(), "x.toml", Limits { bytes: 1 << 20, values: 100_000 }, "mend it");
        let theirs = text.parse::<toml::Table>();
        // Numbers beyond 64 bits are as written here, an error there; so are NaNs unequal to themselves.
        if theirs.is_err() && text.contains("9999999999") || text.contains("nan") {
            return Ok(());
        }
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}\n{:?}\n{:?}", text, ours.err(), theirs.err());
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(as_toml(&ours.root), theirs, "{:?}", text);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn statements(parts in prop::collection::vec(prop::sample::select(vec![
            "[a]", "[[a]]", "[a.b]", "[[a.b]]", "[b]", "[ b . \"c\" ]", "a = 1", "b = 2", "a.b = 3", "b.c.d = 'x'", "b.c = 1", "a.b.c = 1",
            "c = [1, 2,\n # x\n 3,]", "d = {a = 1, b.c = 2, b.d = 3}", "d = {a.b = 1, a = 2}", "d = {a = {}, a.b = 1}", "e = { }", "\"q\\u00e9\" = '''\nx''y'''",
            "f = \"\"\"\n a \\\n  b\"\"\"\"\"", "g = 1979-05-27 07:32:00Z", "h = 07:32:00", "i = +1_000.5e-3", "j = 0x_1", "k = 01", "l = \"\\x41\\e\"", "m = \"a\tb\"",
            "# c", "", "n = {a = 1,\n b = 2,}", "o = [[], [{}]]", "p = .5", "[a.b.c]", "r = 1__0", "s = 'x' t = 1",
        ]), 0..7)) {
            compare(&parts.join("\n"))?;
        }

        #[test]
        fn any_characters(text in r#"([a-c]|[\[\]{}=,."'\\ \n#]|\r\n|\[\[|\]\]| = |1|-|_|:|é|"""|'''|true|\\u00e9|e[0-9]){0,18}"#) {
            compare(&text)?;
        }

        #[test]
        fn scalars(text in "[-+0-9_.eEx:TZ ]{1,12}") {
            compare(&format!("a = {text}"))?;
        }
    }
}
