//! JavaScript and TypeScript → IR.

mod classes;
mod context;
mod expressions;
mod functions;
mod markup;
mod modules;
mod patterns;
mod statements;
mod typescript;

use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::{SemanticBuilder, Stats};
use oxc_span::SourceType;
use vetch_model::facts::UnreadReason;

use crate::ir::Module;
use crate::limits::{self, Limits};
use crate::py::{self, Lowered};
use crate::strings::Interner;
use crate::text::LineIndex;

/// Why a source file was not lowered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ParseFailure {
    /// In which way.
    pub reason: UnreadReason,
    /// The parser's words or the limit, ending with `line:column` where there is a place.
    pub detail: String,
    /// 1-based line of the trouble; 0 when it is the whole file.
    pub line: u32,
}

/// Lowers one file after the other, keeping its memory in between.
///
/// Run it on a thread with at least [`limits::STACK_BYTES`] of stack.
pub struct Lowerer {
    allocator: Allocator,
    seed: u64,
}

/// What is kept of the arena from one file to the next; more is given back.
const KEPT_ARENA: usize = 64 << 20;

impl Default for Lowerer {
    fn default() -> Self {
        Self::new()
    }
}

impl Lowerer {
    /// Without memory yet.
    pub fn new() -> Self {
        Lowerer { allocator: Allocator::new(), seed: Interner::random_seed() }
    }

    /// Lowers JavaScript or TypeScript; `path` tells the dialect by its extension.
    ///
    /// A file that no dialect accepts is refused with the error of the first, the
    /// likeliest. Errors that the parser recovers from (a name declared twice, an
    /// invalid assignment target) do not stop it: whatever program there is, is lowered.
    pub fn js(&mut self, source: &str, path: &str, limits: &Limits) -> Result<Module, ParseFailure> {
        let mut first = None;
        let mut checked: Option<bool> = None;
        for dialect in dialects(path) {
            // What is safe with markup is safe without, too.
            if checked.is_none_or(|jsx| dialect.is_jsx() && !jsx) {
                limits::check(source, dialect.is_jsx(), limits)?;
                checked = Some(dialect.is_jsx());
            }
            let result = attempt(&self.allocator, source, *dialect, self.seed, limits);
            self.recycle();
            match result {
                Err(failure) if failure.reason == UnreadReason::SyntaxError => first = first.or(Some(failure)),
                result => return result,
            }
        }
        Err(first.unwrap_or_else(|| ParseFailure {
            reason: UnreadReason::SyntaxError,
            detail: "no dialect of JavaScript applies".to_owned(),
            line: 0,
        }))
    }

    /// Lowers Python; see [`py::lower`].
    pub fn python(&self, source: &str, limits: &Limits) -> Result<Lowered, ParseFailure> {
        py::lower(source, self.seed, limits)
    }

    fn recycle(&mut self) {
        if self.allocator.capacity() > KEPT_ARENA {
            self.allocator = Allocator::new();
        } else {
            self.allocator.reset();
        }
    }
}

/// JSX costs nothing in plain JavaScript (an expression cannot begin with `<`),
/// and `unambiguous` decides between module and script in one parse.
const ANY_JS: SourceType = SourceType::unambiguous().with_jsx(true);
const ANY_TS: SourceType = SourceType::ts().with_unambiguous(true);
const ANY_TSX: SourceType = SourceType::tsx().with_unambiguous(true);

/// Dialects to try for a path, the likeliest first: an ordinary file needs one parse.
fn dialects(path: &str) -> &'static [SourceType] {
    const JS: &[SourceType] = &[ANY_JS, ANY_TS, ANY_TSX];
    const MODULE: &[SourceType] = &[SourceType::mjs().with_jsx(true), ANY_JS, ANY_TS];
    const COMMON: &[SourceType] = &[SourceType::cjs().with_jsx(true), ANY_JS, ANY_TS];
    const TS: &[SourceType] = &[ANY_TS, ANY_TSX, ANY_JS];
    const TSX: &[SourceType] = &[ANY_TSX, ANY_TS, ANY_JS];
    const DECLARATION: &[SourceType] = &[SourceType::d_ts(), ANY_TS];
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit('.').next().unwrap_or("");
    match extension {
        "ts" | "mts" | "cts" => {
            let stem = &name[..name.len() - extension.len() - 1];
            if stem.ends_with(".d") { DECLARATION } else { TS }
        }
        "tsx" => TSX,
        "mjs" => MODULE,
        "cjs" => COMMON,
        _ => JS,
    }
}

fn attempt(
    allocator: &Allocator,
    source: &str,
    dialect: SourceType,
    seed: u64,
    limits: &Limits,
) -> Result<Module, ParseFailure> {
    let options = ParseOptions {
        parse_regular_expression: false,
        allow_return_outside_function: true,
        preserve_parens: false,
        allow_v8_intrinsics: false,
        enable_ident_hashes: true,
    };
    let parsed = Parser::new(allocator, source, dialect).with_options(options).parse();
    if parsed.panicked {
        let error = parsed.diagnostics.first();
        let message = error.map_or("the parser gave up without a word", |error| &error.message);
        let offset = error.and_then(|error| error.labels.first()).map(|label| label.offset());
        return Err(failure(source, message, offset));
    }
    let program = allocator.alloc(parsed.program);
    let semantic = SemanticBuilder::new().with_stats(expected(source.len())).build(program).semantic;
    let is_esm = parsed.module_record.has_module_syntax || program.source_type.is_module();
    let nodes = semantic.stats().nodes as usize;
    let mut module = context::lower(program, semantic.scoping(), nodes, seed, limits)?;
    module.is_esm = is_esm;
    Ok(module)
}

/// About what a source of this length holds: room to begin with, so that the syntax
/// tree need not be walked to count it.
fn expected(bytes: usize) -> Stats {
    let one_in = |each: usize| (bytes / each + 16) as u32;
    Stats::new(one_in(8), one_in(100), one_in(60), one_in(22))
}

fn failure(source: &str, message: &str, offset: Option<u32>) -> ParseFailure {
    let place = offset.map(|offset| LineIndex::new(source).position(offset));
    let detail = match place {
        Some((line, column)) => format!("{message} at {line}:{column}"),
        None => message.to_owned(),
    };
    ParseFailure { reason: UnreadReason::SyntaxError, detail, line: place.map_or(0, |(line, _)| line) }
}
