//! A look at the text before it is parsed: how deep it nests, how many values it has.
//!
//! The parser bounds brackets and the dots of one key, but not their product:
//! `{a.a.a = {a.a.a = …}}` makes a tree that overflows the stack when it is dropped.

/// Deepest nesting of values; honest files stay below 10.
const MAX_DEPTH: usize = 64;

/// What is too much.
pub(super) enum FaultKind {
    TooDeep,
    TooMany,
}

/// Where it is too much.
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) at: usize,
}

/// Counts values from above (each has a `=`, a `,` or a bracket before it) and
/// adds up brackets and the dots of the keys before them.
pub(super) fn check(text: &[u8], max_values: usize) -> Result<(), Fault> {
    let mut open: Vec<usize> = Vec::new();
    let (mut depth, mut dots, mut values) = (0, 0, 0usize);
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'#' => at = line_end(text, at),
            b'"' | b'\'' => at = string_end(text, at),
            b'.' => dots += 1,
            b'[' | b'{' => {
                open.push(dots + 1);
                depth += dots + 1;
                dots = 0;
                values += 1;
            }
            b']' | b'}' => {
                depth -= open.pop().unwrap_or(0);
                dots = 0;
            }
            b',' | b'=' => {
                values += 1;
                // The dots of a key count for the bracket that follows its `=`.
                dots = if *byte == b',' { 0 } else { dots };
            }
            b'\n' => dots = 0,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Fault { kind: FaultKind::TooDeep, at });
        }
        if values > max_values {
            return Err(Fault { kind: FaultKind::TooMany, at });
        }
        at += 1;
    }
    Ok(())
}

/// The offset of the line's last byte.
fn line_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    // The line break itself is left for the caller to see.
    rest.iter().position(|byte| *byte == b'\n').map_or(text.len(), |length| at + length - 1)
}

/// The offset of a string's last byte; one left open ends with its line.
fn string_end(text: &[u8], start: usize) -> usize {
    let quote = text.get(start).copied().unwrap_or(b'"');
    let is_triple = text.get(start..start + 3).is_some_and(|three| three.iter().all(|byte| *byte == quote));
    let mut at = start + if is_triple { 3 } else { 1 };
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if !is_triple => return at - 1,
            byte if *byte == quote => {
                let rest = text.get(at..).unwrap_or_default();
                if !is_triple {
                    return at;
                }
                if rest.len() >= 3 && rest.iter().take(3).all(|byte| *byte == quote) {
                    return at + 2;
                }
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}
