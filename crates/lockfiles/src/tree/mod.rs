//! One tree for settings and manifests in JSON, TOML and YAML, with the place of every value, for
//! those who look at more than dependencies or edit a file where a value stands.
//!
//! The readers of lockfiles keep trees of their own syntaxes, which borrow and are quick; this one
//! is for files of a few kilobytes, and owns what it holds. Bounds on size, depth and count are the
//! parsers'.

mod of;

use vetch_model::evidence::{Location, Span};

use crate::error::ReadError;
use crate::json::Lines;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// RFC 8259.
    Json,
    /// JSON with comments and a comma after the last member: `bun.lock`.
    RelaxedJson,
    /// TOML 1.1.
    Toml,
    /// YAML 1.2; of several documents, the last counts as the root.
    Yaml,
}

/// A parsed file.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The value of the whole.
    pub root: Node,
    file: String,
    lines: Lines,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// From its first to past its last byte, quotes included.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~`, or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, date or time, as written.
    Number(String),
    /// A text, without its quotes and escapes.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Members in file order, duplicates included.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// From the key's first to past the value's last byte.
    pub span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value that counts for `key`: the last one.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The value under a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// A text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text, number or boolean as it reads.
    pub fn scalar(&self) -> Option<String> {
        match &self.kind {
            Kind::Text(text) | Kind::Number(text) => Some(text.clone()),
            Kind::Bool(value) => Some(value.to_string()),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A number that is none of a date's.
    pub fn as_number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(text) => text.replace('_', "").parse().ok(),
            _ => None,
        }
    }

    /// The members; empty if it is no map.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items; empty if it is no list.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }
}

impl Tree {
    /// The place of a span.
    pub fn location(&self, span: Span) -> Location {
        self.lines.location(&self.file, span)
    }

    /// Every scalar with the path that leads to it, keys and indices joined by `\0`, in file order.
    pub fn leaves(&self) -> Vec<(String, String)> {
        let mut leaves = Vec::new();
        collect(&self.root, &mut String::new(), &mut leaves);
        leaves
    }
}

/// Recursion is bounded by the parsers' limits on depth.
fn collect(node: &Node, path: &mut String, leaves: &mut Vec<(String, String)>) {
    let length = path.len();
    let mut child = |step: &str, value: &Node, leaves: &mut Vec<(String, String)>| {
        if !path.is_empty() {
            path.push('\0');
        }
        path.push_str(step);
        collect(value, path, leaves);
        path.truncate(length);
    };
    match &node.kind {
        Kind::List(items) => {
            items.iter().enumerate().for_each(|(index, item)| child(&index.to_string(), item, leaves));
        }
        Kind::Map(entries) => entries.iter().for_each(|entry| child(&entry.key, &entry.value, leaves)),
        Kind::Null => leaves.push((path.clone(), "null".to_owned())),
        Kind::Bool(value) => leaves.push((path.clone(), value.to_string())),
        Kind::Number(text) | Kind::Text(text) => leaves.push((path.clone(), text.clone())),
    }
}

/// Parses one file. `file` is its path for places and messages.
///
/// # Errors
/// When it is larger than 64 MB, not of this syntax, nested too deeply, or an unfinished merge.
pub fn parse(bytes: &[u8], file: &str, syntax: Syntax) -> Result<Tree, ReadError> {
    let (root, lines) = of::root(bytes, file, syntax)?;
    Ok(Tree { root, file: file.to_owned(), lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(text: &str, syntax: Syntax) -> Vec<(String, String)> {
        let tree = parse(text.as_bytes(), "x", syntax).unwrap();
        tree.leaves().into_iter().map(|(path, value)| (path.replace('\0', "/"), value)).collect()
    }

    #[test]
    fn all_syntaxes_make_the_same_tree() {
        let expected = [("a/b", "x"), ("a/c", "1"), ("a/d", "true"), ("l/0", "y"), ("l/1", "z")]
            .map(|(path, value)| (path.to_owned(), value.to_owned()));
        for (text, syntax) in [
            (r#"{"a": {"b": "x", "c": 1, "d": true}, "l": ["y", "z"]}"#, Syntax::Json),
            ("{\"a\": {\"b\": \"x\", \"c\": 1, \"d\": true,}, /* c */ \"l\": [\"y\", \"z\",],}", Syntax::RelaxedJson),
            ("[a]\nb = 'x'\nc = 1\nd = true\n", Syntax::Toml),
            ("a:\n  b: x\n  c: 1\n  d: true\nl:\n  - y\n  - 'z'\n", Syntax::Yaml),
        ] {
            let found = leaves(text, syntax);
            assert_eq!(found[..3], expected[..3], "{text}");
            if syntax != Syntax::Toml {
                assert_eq!(found, expected, "{text}");
            }
        }
    }

    #[test]
    fn spans_are_of_the_file() {
        let text = "\u{feff}a:\r\n  b: 'é x'\r\n";
        let tree = parse(text.as_bytes(), "x.yaml", Syntax::Yaml).unwrap();
        let node = tree.root.at(&["a", "b"]).unwrap();
        assert_eq!(&text[node.span.start as usize..node.span.end as usize], "'é x'");
        assert_eq!(tree.location(node.span).line, 2);
    }

    #[test]
    fn empty_and_broken_files() {
        assert_eq!(parse(b"", "x", Syntax::Toml).unwrap().root.entries().len(), 0);
        assert_eq!(parse(b"\n", "x", Syntax::Yaml).unwrap().root.kind, Kind::Null);
        assert_eq!(parse(b"# only a comment\n", "x", Syntax::Yaml).unwrap().root.kind, Kind::Null);
        assert!(parse(b"{", "x", Syntax::Json).is_err());
        assert!(parse(b"<<<<<<< a\nx: [\n", "x", Syntax::Yaml).is_err());
    }
}
