//! Python → IR.
//!
//! The IR is that of JavaScript, with what Python adds: keyword arguments ([`Node::Keywords`](crate::ir::Node::Keywords)), bytes
//! ([`Node::Bytes`](crate::ir::Node::Bytes)), and [`Language::Python`](crate::ir::Language), by which operators and methods mean
//! Python's. What has no form of its own is a call of a global whose name is a keyword, which no program can
//! shadow: `from`, `with`, `except`, `in`, `class`, `@`.

mod comprehensions;
mod context;
mod definitions;
mod expressions;
mod names;
mod patterns;
mod statements;

use ruff_python_ast::PySourceType;
use ruff_python_parser::parse_unchecked_source;
use vetch_model::facts::UnreadReason;

use crate::depth::python as depth;
use crate::ir::Module;
use crate::js::ParseFailure;
use crate::limits::{Limits, too_deep, too_large};
use crate::text::LineIndex;

/// What became of a file: the program, and what the parser did not understand of it.
#[derive(Debug)]
pub struct Lowered {
    /// Everything that was understood.
    pub module: Module,
    /// The first place that is not Python 3, and was passed over.
    pub failure: Option<ParseFailure>,
}

/// Lowers Python. What is not Python 3 (a `print` statement of Python 2) is passed over and told of; the rest is
/// lowered.
///
/// Run it on a thread with at least [`crate::limits::STACK_BYTES`] of stack.
///
/// # Errors
/// When the source is too large or too deep, or nothing of it is Python.
pub(crate) fn lower(source: &str, seed: u64, limits: &Limits) -> Result<Lowered, ParseFailure> {
    if source.len() > limits.max_bytes {
        return Err(too_large(format!("{} bytes, more than the limit of {}", source.len(), limits.max_bytes)));
    }
    if let Some(offset) = depth::too_deep(source, limits) {
        return Err(too_deep(source, offset, limits.max_depth));
    }
    let parsed = parse_unchecked_source(source, PySourceType::Python);
    let failure = parsed.errors().first().map(|error| {
        let (line, column) = LineIndex::new(source).position(u32::from(error.location.start()));
        let detail = format!("{} at {line}:{column}", error.error);
        ParseFailure { reason: UnreadReason::SyntaxError, detail, line }
    });
    let suite = parsed.suite();
    match failure {
        Some(failure) if suite.is_empty() => Err(failure),
        failure => Ok(Lowered { module: context::lower(suite, source, seed), failure }),
    }
}
