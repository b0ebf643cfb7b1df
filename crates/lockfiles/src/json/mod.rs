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
use std::collections::{HashMap, HashSet};

pub(crate) use lines::Lines;
pub(crate) use parse::{Document, Limits, Syntax, conflict_marker, parse, parse_as};
use vetch_model::evidence::Span;

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

/// Members in file order, duplicates included.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Object<'a> {
    pub(crate) members: Vec<Member<'a>>,
    has_duplicates: bool,
}

/// One `"key": value`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member<'a> {
    pub(crate) key: Cow<'a, str>,
    /// From the key's first to past the value's last byte.
    pub(crate) span: Span,
    pub(crate) value: Value<'a>,
}

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

impl<'a> Object<'a> {
    /// An object of these members; readers of other syntaxes make them too.
    pub(crate) fn new(members: Vec<Member<'a>>) -> Object<'a> {
        // Most objects are small, and comparing a few keys is quicker than hashing them.
        let has_duplicates = if members.len() <= 16 {
            let mut pairs = members.iter().enumerate();
            pairs.any(|(index, member)| members.iter().take(index).any(|other| other.key == member.key))
        } else {
            let mut seen = HashSet::with_capacity(members.len());
            !members.iter().all(|member| seen.insert(member.key.as_ref()))
        };
        Object { members, has_duplicates }
    }

    /// The value that counts for `key`: the last one, as for `JSON.parse`.
    pub(crate) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.members.iter().rev().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Whether a key stands twice.
    pub(crate) fn has_duplicates(&self) -> bool {
        self.has_duplicates
    }

    /// The members that count and, apart from them, those that a later duplicate overrides.
    pub(crate) fn split_duplicates(&self) -> (Vec<&Member<'a>>, Vec<&Member<'a>>) {
        if !self.has_duplicates {
            return (self.members.iter().collect(), Vec::new());
        }
        let mut last = HashMap::with_capacity(self.members.len());
        for (index, member) in self.members.iter().enumerate() {
            last.insert(member.key.as_ref(), index);
        }
        let mut index = 0;
        self.members.iter().partition(|member| {
            index += 1;
            last.get(member.key.as_ref()) == Some(&(index - 1))
        })
    }
}
