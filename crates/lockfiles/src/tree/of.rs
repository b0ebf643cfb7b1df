//! The trees of the three syntaxes as one. Recursion is bounded by the parsers' limits on depth.

use vetch_model::evidence::Span;

use super::{Entry, Kind, Node, Syntax};
use crate::error::ReadError;
use crate::json::{self, Limits, Lines, conflict_marker};
use crate::{toml_tree, yaml};

const LIMITS: Limits = Limits { bytes: 64 << 20, values: 4_000_000 };

const MEND: &str = "mend the file, then run this again";

pub(super) fn root(bytes: &[u8], file: &str, syntax: Syntax) -> Result<(Node, Lines), ReadError> {
    match syntax {
        Syntax::Json | Syntax::RelaxedJson => {
            let relaxed = syntax == Syntax::RelaxedJson;
            let how = if relaxed { json::Syntax::Relaxed } else { json::Syntax::Strict };
            let document = json::parse_as(how, bytes, file, LIMITS, MEND)?;
            Ok((of_json(&document.root), document.lines))
        }
        Syntax::Toml => {
            let document = toml_tree::parse(bytes, file, LIMITS, MEND)?;
            let span = Span { start: 0, end: bytes.len() as u32 };
            Ok((Node { span, kind: of_table(&document.root) }, document.lines))
        }
        // To the parser a file without a document is an error; as settings it says nothing.
        Syntax::Yaml if is_blank(bytes) && conflict_marker(bytes).is_none() => {
            let end = bytes.len() as u32;
            Ok((Node { span: Span { start: end, end }, kind: Kind::Null }, Lines::of(bytes)))
        }
        Syntax::Yaml => {
            let stream = yaml::parse(bytes, file, LIMITS, MEND)?;
            let end = bytes.len() as u32;
            let none = Node { span: Span { start: end, end }, kind: Kind::Null };
            Ok((stream.documents.last().map_or(none, of_yaml), stream.lines))
        }
    }
}

/// Nothing but blank lines and comments.
fn is_blank(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.split(|byte| *byte == b'\n').all(|line| {
        let line = line.trim_ascii();
        line.is_empty() || line.starts_with(b"#")
    })
}

fn of_json(value: &json::Value<'_>) -> Node {
    let kind = match &value.kind {
        json::Kind::Null => Kind::Null,
        json::Kind::Bool(value) => Kind::Bool(*value),
        json::Kind::Number(text) => Kind::Number((*text).to_owned()),
        json::Kind::String(text) => Kind::Text(text.to_string()),
        json::Kind::Array(items) => Kind::List(items.iter().map(of_json).collect()),
        json::Kind::Object(object) => {
            let entry = |member: &json::Member<'_>| Entry {
                key: member.key.to_string(),
                span: member.span,
                value: of_json(&member.value),
            };
            Kind::Map(object.members.iter().map(entry).collect())
        }
    };
    Node { span: value.span, kind }
}

fn of_table(table: &toml_tree::Table<'_>) -> Kind {
    let entry = |member: &toml_tree::Member<'_>| Entry {
        key: member.key.to_string(),
        span: member.span,
        value: of_toml(&member.value),
    };
    Kind::Map(table.members.iter().map(entry).collect())
}

fn of_toml(value: &toml_tree::Value<'_>) -> Node {
    let kind = match &value.kind {
        toml_tree::Kind::String(text) => Kind::Text(text.to_string()),
        toml_tree::Kind::Integer(text) | toml_tree::Kind::Float(text) | toml_tree::Kind::Datetime(text) => {
            Kind::Number((*text).to_owned())
        }
        toml_tree::Kind::Bool(value) => Kind::Bool(*value),
        toml_tree::Kind::Array(items) => Kind::List(items.iter().map(of_toml).collect()),
        toml_tree::Kind::Table(table) => of_table(table),
    };
    Node { span: value.span, kind }
}

fn of_yaml(value: &yaml::Value<'_>) -> Node {
    let kind = match &value.kind {
        yaml::Kind::Null => Kind::Null,
        yaml::Kind::Scalar(text, yaml::Style::Plain) => of_plain(text),
        yaml::Kind::Scalar(text, yaml::Style::Quoted) => Kind::Text(text.to_string()),
        yaml::Kind::Sequence(items) => Kind::List(items.iter().map(of_yaml).collect()),
        yaml::Kind::Mapping(mapping) => {
            let entry = |member: &yaml::Member<'_>| Entry {
                key: member.key.to_string(),
                span: member.span,
                value: of_yaml(&member.value),
            };
            Kind::Map(mapping.members.iter().map(entry).collect())
        }
    };
    Node { span: value.span, kind }
}

/// The core schema of YAML 1.2, as far as settings use it.
fn of_plain(text: &str) -> Kind {
    match text {
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        "null" | "~" => Kind::Null,
        _ if text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
            && text.parse::<f64>().is_ok() =>
        {
            Kind::Number(text.to_owned())
        }
        _ => Kind::Text(text.to_owned()),
    }
}
