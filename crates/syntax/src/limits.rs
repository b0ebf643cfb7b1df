//! What a source file may cost, checked before the parser sees it.
//!
//! A stack overflow cannot be caught, and the parser recurses as deep as its input
//! nests. So a source passes at once if even the worst nesting that its bytes could
//! spell fits the stack; this is certain, quick, and enough for most files. Longer
//! files are looked at by [`crate::depth`], which follows brackets and operators.
//! The depth that counts for later stages, [`Limits::max_depth`], is exact: the
//! lowering measures it.

use vetch_model::facts::UnreadReason;

use crate::depth;
use crate::js::ParseFailure;

/// Stack that a thread needs to parse and lower whatever [`check`] lets through.
/// Only what is touched takes memory.
pub const STACK_BYTES: usize = 256 << 20;

/// Half of the stack is kept in reserve, for what measurements did not show.
const USABLE_STACK: usize = STACK_BYTES / 2;

/// Most stack that one nesting operator or bracket was seen to take in a debug build
/// (1,800 bytes, for tuple types; see the `nesting` test), rounded up.
const STACK_PER_BRACKET: usize = 2_500;

/// Most stack that any other byte can take: a run of `new `, 825 bytes each.
const STACK_PER_BYTE: usize = 210;

/// Deepest nesting that [`crate::depth`] may see.
const MAX_NESTING: u32 = (USABLE_STACK / STACK_PER_BRACKET) as u32;

/// What a source file may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest source, in bytes; less than 1 GiB.
    pub max_bytes: usize,
    /// Deepest nesting of statements, expressions and patterns in the IR, not counting
    /// operators, calls and members that lean to the left.
    pub max_depth: u32,
    /// Most operators, calls and members in one expression that leans to the left
    /// (`a.b().c`, `a || b || c`). Sums of strings are flat and do not count.
    pub max_chain: u32,
    /// Most memory, in bytes, that parsing and lowering may take, as estimated.
    pub max_memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_bytes: 64 << 20, max_depth: 3_000, max_chain: 20_000, max_memory: 400 << 20 }
    }
}

/// Refuses a source that is too long, or that could exhaust memory or the stack, when
/// parsed with or without JSX.
pub fn check(source: &str, jsx: bool, limits: &Limits) -> Result<(), ParseFailure> {
    if source.len() > limits.max_bytes {
        return Err(too_large(format!("{} bytes, more than the limit of {}", source.len(), limits.max_bytes)));
    }
    let counts = count(source.as_bytes());
    let memory = counts.memory();
    if memory > limits.max_memory {
        return Err(too_large(format!(
            "needs about {memory} bytes of memory, more than the limit of {}",
            limits.max_memory
        )));
    }
    if counts.worst_stack() <= USABLE_STACK {
        return Ok(());
    }
    match depth::exceeds(source.as_bytes(), jsx, MAX_NESTING) {
        None => Ok(()),
        Some(offset) => Err(too_deep(source, offset, MAX_NESTING)),
    }
}

pub(crate) fn too_large(detail: String) -> ParseFailure {
    ParseFailure { reason: UnreadReason::TooLarge, detail, line: 0 }
}

/// Nesting beyond `limit` at `offset`.
pub(crate) fn too_deep(source: &str, offset: u32, limit: u32) -> ParseFailure {
    let (line, column) = crate::text::LineIndex::new(source).position(offset);
    ParseFailure {
        reason: UnreadReason::TooDeep,
        detail: format!("nested deeper than {limit} levels at {line}:{column}"),
        line,
    }
}

/// How often bytes of each kind occur.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    bytes: usize,
    /// Bytes that can open a level of nesting.
    nesting: usize,
    /// Bytes that separate tokens other than by blanks; among them all that nest.
    punctuation: usize,
}

impl Counts {
    fn worst_stack(&self) -> usize {
        self.nesting * STACK_PER_BRACKET + (self.bytes - self.nesting) * STACK_PER_BYTE
    }

    /// Syntax tree, scopes and IR take 80 to 100 bytes for each punctuation mark of ordinary
    /// files, and up to 280 of files made for it (`a=>a,a=>a,…`): an estimate between the two.
    fn memory(&self) -> usize {
        self.punctuation * MEMORY_PER_MARK + self.bytes * MEMORY_PER_BYTE
    }
}

const MEMORY_PER_MARK: usize = 150;
const MEMORY_PER_BYTE: usize = 4;

/// Counts in one pass, in blocks that the compiler turns into vector instructions:
/// a block is short enough for the counters of a lane to fit a byte.
fn count(bytes: &[u8]) -> Counts {
    let mut counts = Counts { bytes: bytes.len(), ..Counts::default() };
    for block in bytes.chunks(128) {
        let (mut nesting, mut punctuation) = (0u8, 0u8);
        for &byte in block {
            nesting += u8::from(nests(byte));
            punctuation += u8::from(punctuates(byte));
        }
        counts.nesting += usize::from(nesting);
        counts.punctuation += usize::from(punctuation);
    }
    counts
}

#[inline]
fn nests(byte: u8) -> bool {
    // Bitwise, for the compiler to see no branches.
    (byte == b'(')
        | (byte == b'[')
        | (byte == b'{')
        | (byte == b'`')
        | ((b':'..=b'@').contains(&byte) & (byte != b';') & (byte != b'>'))
        | (byte == b'!')
        | (byte == b'~')
        | (byte == b'+')
        | (byte == b'-')
        | (byte == b'*')
}

#[inline]
fn punctuates(byte: u8) -> bool {
    let ascii = (byte.wrapping_sub(0x21) < 0x0f)
        | (byte.wrapping_sub(0x3a) < 0x07)
        | (byte.wrapping_sub(0x5b) < 0x06)
        | (byte.wrapping_sub(0x7b) < 0x04);
    let of_words = (byte == b'_') | (byte == b'$') | (byte == b'"') | (byte == b'\'') | (byte == b'\\');
    (ascii & !of_words) | (byte == b'\n') | (byte == b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_kind() {
        let counts = count(b"a_$ = {b: [c, \"d\"]};\n");
        assert_eq!(counts, Counts { bytes: 21, nesting: 4, punctuation: 9 });
        let marks = b"()[]{}<>=!~+-*?:@,.;/%&|^#`".repeat(10);
        assert_eq!(count(&marks).nesting, 140);
        assert_eq!(count(&marks).punctuation, 270);
    }

    #[test]
    fn sizes_are_limited() {
        let limits = Limits { max_bytes: 10, ..Limits::default() };
        assert_eq!(check("0123456789a", true, &limits).unwrap_err().reason, UnreadReason::TooLarge);
        assert!(check("0123456789", true, &limits).is_ok());
    }

    #[test]
    fn a_flood_of_small_values_is_too_large() {
        let limits = Limits { max_memory: 10 << 20, ..Limits::default() };
        let failure = check(&"0,".repeat(1 << 20), true, &limits).unwrap_err();
        assert_eq!(failure.reason, UnreadReason::TooLarge);
        assert!(check(&format!("x = '{}'", "0".repeat(1 << 20)), true, &limits).is_ok());
    }
}
