//! YAML with spans, as far as lockfiles use it.
//!
//! Two readers make the same tree. [`block`] knows exactly the plain block style
//! that pnpm and Yarn write, and gives up at the first thing beyond it;
//! [`events`] builds on `saphyr-parser` and reads the rest of the language. A
//! property test holds the two to the same tree, spans included. Scalars stay
//! text (`1.10` is a version, not a number), duplicate keys stay, and aliases
//! are expanded against the same budget as everything else, so that a few
//! lines cannot grow into millions of values.

mod block;
mod events;
mod parse;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub(crate) use crate::json::Limits;
pub(crate) use parse::{Stream, parse};
use vetch_model::evidence::Span;

use crate::members::Members;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value<'a> {
    /// From its first to past its last byte; an empty value stands behind its key.
    pub(crate) span: Span,
    pub(crate) kind: Kind<'a>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'a> {
    /// Nothing is written.
    Null,
    Scalar(Cow<'a, str>, Style),
    Sequence(Vec<Value<'a>>),
    Mapping(Mapping<'a>),
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Bare: `true` may be a boolean, `1.10` a number.
    Plain,
    /// In quotes or as a block: text, whatever it looks like.
    Quoted,
}

/// An object's members.
pub(crate) type Mapping<'a> = Members<'a, Value<'a>>;

/// One key and its value.
pub(crate) type Member<'a> = crate::members::Member<'a, Value<'a>>;

impl<'a> Value<'a> {
    /// The text of a scalar, whatever it looks like.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_mapping(&self) -> Option<&Mapping<'a>> {
        match &self.kind {
            Kind::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    pub(crate) fn as_sequence(&self) -> Option<&[Value<'a>]> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// A bare `true` or `false`.
    pub(crate) fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Scalar(text, Style::Plain) => text.parse().ok(),
            _ => None,
        }
    }

    /// Nothing, or a bare `null` or `~`.
    pub(crate) fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Null => true,
            Kind::Scalar(text, Style::Plain) => matches!(text.as_ref(), "null" | "~"),
            _ => false,
        }
    }

    /// The type in words, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Scalar(..) => "a scalar",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
        }
    }
}

/// A span from byte offsets, which [`parse()`] keeps below 4 GiB.
fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}
