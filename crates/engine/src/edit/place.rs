//! From a value that is wanted to the bytes that say it, in the style of the file around it.
//!
//! What these functions make is checked as a whole before anything is written (see the `check` module): they may
//! therefore go by what files look like, and need not know every way to write them.

use vetch_lockfiles::tree::{Kind, Node, Syntax};

use super::Edit;

/// A value to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, put in quotes where the syntax wants them.
    Text(String),
    /// A number or boolean, as all syntaxes write it.
    Plain(String),
}

/// The edit that puts `text` in the place of a scalar, in the same quotes.
pub fn exchange(bytes: &[u8], syntax: Syntax, node: &Node, value: &Value) -> Edit {
    let span = node.span.start as usize..node.span.end as usize;
    let quote = bytes.get(span.start).copied();
    Edit { text: written(value, syntax, quote), span }
}

/// A value as a syntax writes it; `quote` is how the value before it began.
fn written(value: &Value, syntax: Syntax, quote: Option<u8>) -> String {
    let text = match value {
        Value::Plain(text) => return text.clone(),
        Value::Text(text) => text,
    };
    let is_simple = |text: &str| text.chars().all(|c| !c.is_control() && c != '\'' && c != '"' && c != '\\');
    match (syntax, quote) {
        (Syntax::Toml | Syntax::Yaml, Some(b'\'')) if is_simple(text) => format!("'{text}'"),
        (Syntax::Yaml, quote) if quote != Some(b'"') && is_plain(text) => text.clone(),
        // Basic strings of TOML and double quotes of YAML take the escapes of JSON.
        _ => serde_json::Value::String(text.clone()).to_string(),
    }
}

/// Whether YAML reads the bare text as that text.
fn is_plain(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-._+/".contains(c);
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
    let means_other =
        text.parse::<f64>().is_ok() || matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    starts && text.chars().all(is_word) && !means_other
}

/// How lines of a file end.
pub fn line_end(bytes: &[u8]) -> &'static str {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) if at > 0 && bytes.get(at - 1) == Some(&b'\r') => "\r\n",
        _ => "\n",
    }
}

/// The edit that adds whole lines at the end of a file.
pub fn append(bytes: &[u8], lines: &[String]) -> Edit {
    let end = line_end(bytes);
    let is_open = !bytes.is_empty() && !bytes.ends_with(b"\n");
    let mut text = if is_open { end.to_owned() } else { String::new() };
    for line in lines {
        text.push_str(line);
        text.push_str(end);
    }
    Edit { span: bytes.len()..bytes.len(), text }
}

/// The edit that makes the member at `path` say `value`: exchanged where it is, added where it is not. The values
/// that change with it are the path alone. `None` where the file is written in a way that this does not know.
pub fn set(bytes: &[u8], syntax: Syntax, root: &Node, path: &[&str], value: &Value) -> Option<Edit> {
    if let Some(node) = root.at(path) {
        let is_scalar = matches!(node.kind, Kind::Bool(_) | Kind::Number(_) | Kind::Text(_));
        return is_scalar.then(|| exchange(bytes, syntax, node, value));
    }
    let (key, tables) = path.split_last()?;
    match syntax {
        Syntax::Yaml if tables.is_empty() => Some(append(bytes, &[format!("{key}: {}", written(value, syntax, None))])),
        Syntax::Toml => Some(add_to_table(bytes, root, tables, &format!("{key} = {}", written(value, syntax, None)))),
        Syntax::Yaml => {
            let [table] = tables else { return None };
            add_to_block(bytes, root, table, &format!("{}: {}", yaml_key(key), written(value, syntax, None)))
        }
        Syntax::Json => add_to_object(bytes, root, path, &written(value, syntax, None)),
        Syntax::RelaxedJson => None,
    }
}

/// A member in the deepest object that is there on the way to `path`, behind its last one and indented like it; objects
/// that are missing come with it.
fn add_to_object(bytes: &[u8], root: &Node, path: &[&str], value: &str) -> Option<Edit> {
    let depth = (0..path.len()).rev().find(|depth| root.at(path.get(..*depth).unwrap_or_default()).is_some())?;
    let object = root.at(path.get(..depth)?)?;
    if !matches!(object.kind, Kind::Map(_)) {
        return None;
    }
    let end = line_end(bytes);
    // What stands between the begin of a line and this place, if that is nothing but blanks.
    let indent = |at: usize| -> Option<&str> {
        let before = bytes.get(..at)?;
        let start = before.iter().rposition(|byte| *byte == b'\n')? + 1;
        let blanks = std::str::from_utf8(before.get(start..)?).ok()?;
        blanks.chars().all(|c| c == ' ' || c == '\t').then_some(blanks)
    };
    let step = root.entries().first().and_then(|entry| indent(entry.span.start as usize)).unwrap_or("  ");
    let own = match object.entries().first() {
        Some(first) => indent(first.span.start as usize).map(str::to_owned),
        None => Some(step.repeat(depth + 1)),
    };
    let member = member(path.get(depth..)?, value, own.as_deref(), step, end)?;
    let at = object.entries().iter().map(|entry| entry.span.end as usize).max();
    Some(match (at, own) {
        (Some(at), Some(own)) => Edit { span: at..at, text: format!(",{end}{own}{member}") },
        (Some(at), None) => Edit { span: at..at, text: format!(", {member}") },
        (None, own) => {
            let outer = step.repeat(depth);
            let text = format!("{{{end}{}{member}{end}{outer}}}", own.unwrap_or_default());
            Edit { span: object.span.start as usize..object.span.end as usize, text }
        }
    })
}

/// `"a": {"b": value}`, on lines of their own where the first is indented by `own`.
fn member(path: &[&str], value: &str, own: Option<&str>, step: &str, end: &str) -> Option<String> {
    let (key, rest) = path.split_first()?;
    let key = serde_json::Value::String((*key).to_owned());
    if rest.is_empty() {
        return Some(format!("{key}: {value}"));
    }
    Some(match own {
        Some(own) => {
            let inner = format!("{own}{step}");
            let member = member(rest, value, Some(&inner), step, end)?;
            format!("{key}: {{{end}{inner}{member}{end}{own}}}")
        }
        None => format!("{key}: {{{}}}", member(rest, value, None, step, end)?),
    })
}

/// A line in a block mapping at the top of a YAML file, behind its last one; a mapping that is missing comes at the end.
fn add_to_block(bytes: &[u8], root: &Node, table: &str, line: &str) -> Option<Edit> {
    let Some(node) = root.at(&[table]) else {
        return Some(append(bytes, &[format!("{table}:"), format!("  {line}")]));
    };
    let last = node.entries().iter().max_by_key(|entry| entry.span.end)?;
    let start = last.span.start as usize;
    let line_start = bytes.get(..start)?.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let blanks = std::str::from_utf8(bytes.get(line_start..start)?).ok()?;
    if blanks.is_empty() || !blanks.chars().all(|c| c == ' ') {
        return None;
    }
    let rest = bytes.get(last.span.end as usize..)?;
    let end = line_end(bytes);
    Some(match rest.iter().position(|byte| *byte == b'\n') {
        Some(at) => {
            let at = last.span.end as usize + at + 1;
            Edit { span: at..at, text: format!("{blanks}{line}{end}") }
        }
        None => Edit { span: bytes.len()..bytes.len(), text: format!("{end}{blanks}{line}{end}") },
    })
}

/// A key of YAML, in quotes where it would mean something else without.
fn yaml_key(key: &str) -> String {
    if is_plain(key) { key.to_owned() } else { format!("'{}'", key.replace('\'', "''")) }
}

/// A line in a table of a TOML file, below its header; a table that has none gets one at the end of the file.
fn add_to_table(bytes: &[u8], root: &Node, tables: &[&str], line: &str) -> Edit {
    let end = line_end(bytes);
    let after_line = |offset: usize| {
        let rest = bytes.get(offset..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| offset + at + 1)
    };
    let insert = |at: usize| {
        let is_open = at == bytes.len() && !bytes.is_empty() && !bytes.ends_with(b"\n");
        let before = if is_open { end } else { "" };
        Edit { span: at..at, text: format!("{before}{line}{end}") }
    };
    if tables.is_empty() {
        let is_own = |node: &Node| !matches!(&node.kind, Kind::Map(_)) && !is_array_of_tables(bytes, node);
        let own = root.entries().iter().filter(|entry| is_own(&entry.value)).map(|entry| entry.span.end as usize).max();
        let start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        return insert(own.map_or(start, after_line));
    }
    let header = root.at(tables).filter(|node| is_header(bytes, node, tables));
    match header {
        Some(node) => insert(after_line(node.span.start as usize)),
        None => {
            let mut lines = vec![format!("[{}]", tables.join(".")), line.to_owned()];
            if !bytes.is_empty() {
                lines.insert(0, String::new());
            }
            append(bytes, &lines)
        }
    }
}

/// Whether the span of a table begins with its own header, and not with that of a table below it.
fn is_header(bytes: &[u8], node: &Node, tables: &[&str]) -> bool {
    let rest = bytes.get(node.span.start as usize..).unwrap_or_default();
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let Some((inside, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) else { return false };
    inside.split('.').map(|part| part.trim().trim_matches(['"', '\''])).eq(tables.iter().copied())
}

fn is_array_of_tables(bytes: &[u8], node: &Node) -> bool {
    matches!(&node.kind, Kind::List(_))
        && bytes.get(node.span.start as usize..).is_some_and(|rest| rest.starts_with(b"[["))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test's own helper")]
mod tests {
    use vetch_lockfiles::tree::parse;

    use super::*;
    use crate::edit::EditSet;

    fn after(text: &str, syntax: Syntax, path: &[&str], value: Value) -> Option<String> {
        let tree = parse(text.as_bytes(), "x", syntax).unwrap();
        let edit = set(text.as_bytes(), syntax, &tree.root, path, &value)?;
        let mut edits = EditSet::default();
        edits.open("x", Some(text.as_bytes()), Some(syntax));
        edits.add("x", edit, &[path.join("\0")]).unwrap();
        let result = String::from_utf8(edits.result("x").unwrap()).unwrap();
        let rejected = edits.reject_unsafe();
        assert!(rejected.is_empty(), "{rejected:?}: {result}");
        Some(result)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn plain(text: &str) -> Value {
        Value::Plain(text.to_owned())
    }

    #[test]
    fn values_are_exchanged_in_their_quotes() {
        for (before, syntax, value, expected) in [
            ("{\t\"a\" :\"^1\" }", Syntax::Json, text("1.0.0"), "{\t\"a\" :\"1.0.0\" }"),
            ("a = '^1' # why\r\n", Syntax::Toml, text("1.0.0"), "a = '1.0.0' # why\r\n"),
            ("a = \"\"\"^1\"\"\"\n", Syntax::Toml, text("1.0.0"), "a = \"1.0.0\"\n"),
            ("a: ^1 # why\n", Syntax::Yaml, text("1.0.0"), "a: 1.0.0 # why\n"),
            ("a: '^1'\n", Syntax::Yaml, text("1.0.0"), "a: '1.0.0'\n"),
            ("a: x\n", Syntax::Yaml, text("1.10"), "a: \"1.10\"\n"),
            ("a: true\n", Syntax::Yaml, plain("false"), "a: false\n"),
            ("a = true\n", Syntax::Toml, plain("false"), "a = false\n"),
        ] {
            assert_eq!(after(before, syntax, &["a"], value).as_deref(), Some(expected), "{before}");
        }
    }

    #[test]
    fn members_of_objects_are_added_like_their_neighbours() {
        for (before, syntax, path, expected) in [
            ("{}", Syntax::Json, &["k"][..], "{\n  \"k\": 1\n}"),
            ("{\"a\": 2}", Syntax::Json, &["o", "k"], "{\"a\": 2, \"o\": {\"k\": 1}}"),
            ("{\r\n\t\"a\": 2\r\n}", Syntax::Json, &["k"], "{\r\n\t\"a\": 2,\r\n\t\"k\": 1\r\n}"),
            (
                "{\n  \"a\": 2\n}\n",
                Syntax::Json,
                &["p", "o", "k"],
                "{\n  \"a\": 2,\n  \"p\": {\n    \"o\": {\n      \"k\": 1\n    }\n  }\n}\n",
            ),
            (
                "{\n  \"o\": {},\n  \"a\": 2\n}\n",
                Syntax::Json,
                &["o", "k"],
                "{\n  \"o\": {\n    \"k\": 1\n  },\n  \"a\": 2\n}\n",
            ),
            (
                "{\n  \"o\": {\n    \"b\": 2\n  }\n}\n",
                Syntax::Json,
                &["o", "k"],
                "{\n  \"o\": {\n    \"b\": 2,\n    \"k\": 1\n  }\n}\n",
            ),
            ("a: b\n", Syntax::Yaml, &["o", "@k/l"], "a: b\no:\n  '@k/l': 1\n"),
            ("o:\n    b: 2 # c\na: b\n", Syntax::Yaml, &["o", "k"], "o:\n    b: 2 # c\n    k: 1\na: b\n"),
        ] {
            assert_eq!(after(before, syntax, path, plain("1")).as_deref(), Some(expected), "{before}");
        }
        for (before, syntax, path) in [
            ("{\"o\": []}", Syntax::Json, &["o", "k"][..]),
            ("{\"o\": 1}", Syntax::Json, &["o", "k"]),
            ("o: {b: 2}\n", Syntax::Yaml, &["o", "k"]),
            ("o:\n  b: 2\n", Syntax::Yaml, &["o", "b", "c"]),
        ] {
            assert_eq!(after(before, syntax, path, plain("1")), None, "{before}");
        }
    }

    #[test]
    fn members_are_added_where_they_belong() {
        for (before, syntax, path, expected) in [
            ("", Syntax::Yaml, &["k"][..], "k: 1\n"),
            ("# c\r\na: b\r\n", Syntax::Yaml, &["k"], "# c\r\na: b\r\nk: 1\r\n"),
            ("a:\n  - b", Syntax::Yaml, &["k"], "a:\n  - b\nk: 1\n"),
            ("", Syntax::Toml, &["k"], "k = 1\n"),
            ("a = 1\n[t]\nb = 2\n", Syntax::Toml, &["k"], "a = 1\nk = 1\n[t]\nb = 2\n"),
            ("[t]\nb = 2\n", Syntax::Toml, &["k"], "k = 1\n[t]\nb = 2\n"),
            ("[[t]]\nb = 2\n", Syntax::Toml, &["k"], "k = 1\n[[t]]\nb = 2\n"),
            ("[t] # c\nb = 2\n", Syntax::Toml, &["t", "k"], "[t] # c\nk = 1\nb = 2\n"),
            ("[t.u]\nb = 2", Syntax::Toml, &["t", "k"], "[t.u]\nb = 2\n\n[t]\nk = 1\n"),
            (
                "[t]\nb = \"\"\"\n[t.u]\n\"\"\"\n",
                Syntax::Toml,
                &["t", "u", "k"],
                "[t]\nb = \"\"\"\n[t.u]\n\"\"\"\n\n[t.u]\nk = 1\n",
            ),
        ] {
            assert_eq!(after(before, syntax, path, plain("1")).as_deref(), Some(expected), "{before}");
        }
    }
}
