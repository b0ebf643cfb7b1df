//! JSON with spans.
//!
//! Why not `serde_json`: these readers need what it does not give, in one pass.
//! Byte spans of every value, duplicate keys (npm takes the last, an attacker
//! counts on that), texts that `JSON.parse` takes and `serde_json` refuses (lone
//! surrogates, bytes that are no UTF-8), and one wrong entry among thousands
//! that must not take the others along. A property test holds the two to the
//! same opinion everywhere else.

mod lines;
mod parse;

use std::borrow::Cow;

pub(crate) use lines::Lines;
pub(crate) use parse::{Document, Limits, Syntax, conflict_marker, parse, parse_as};
use vetch_model::evidence::Span;

use crate::members::Members;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value<'a> {
    /// From its first to past its last byte.
    pub(crate) span: Span,
    pub(crate) kind: Kind<'a>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'a> {
    Null,
    Bool(bool),
    /// As written.
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// An object's members.
pub(crate) type Object<'a> = Members<'a, Value<'a>>;

/// One key and its value.
pub(crate) type Member<'a> = crate::members::Member<'a, Value<'a>>;

impl<'a> Value<'a> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Object<'a>> {
        match &self.kind {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Value<'a>]> {
        match &self.kind {
            Kind::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    /// The type in words, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Array(_) => "an array",
            Kind::Object(_) => "an object",
        }
    }
}
