//! The JSON that `.pnp.cjs` carries, taken out of the program without running it.
//!
//! Yarn 4 (and 3 from 3.2 on) writes it as a text, `const RAW_RUNTIME_STATE = '…'`,
//! with a backslash at the end of every line; older ones as the literal that
//! `$$SETUP_STATE` hands to `hydrateRuntimeState({…})`; with `pnpEnableInlining:
//! false` it lies beside, in `.pnp.data.json`.

/// Where the data is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// In a text, decoded.
    Text(Decoded),
    /// As a literal that begins at this offset.
    Literal(usize),
    /// In the file beside.
    Beside,
    /// In a form that is not known.
    Nowhere,
    /// In a text that does not end, or has an escape that Yarn never writes; the offset.
    Broken(usize),
}

/// The contents of a JavaScript string, and where they came from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// Offsets in `bytes` from which on the offset in the file differs, with that offset.
    map: Vec<(u32, u32)>,
}

impl Decoded {
    /// The offset in the file of an offset in the text.
    pub(super) fn original(&self, at: u32) -> u32 {
        let index = self.map.partition_point(|(decoded, _)| *decoded <= at);
        match index.checked_sub(1).and_then(|index| self.map.get(index)) {
            Some((decoded, original)) => original + (at - decoded),
            None => at,
        }
    }
}

/// Looks for the data in a program of less than 4 GiB.
pub(super) fn find(program: &[u8]) -> Found {
    if let Some(at) = position(program, b"RAW_RUNTIME_STATE", 0) {
        let quote = program.iter().skip(at).position(|byte| matches!(byte, b'\'' | b'"' | b'`' | b';'));
        if let Some(open) = quote.map(|offset| at + offset).filter(|open| program.get(*open) != Some(&b';')) {
            return match decode(program, open) {
                Ok(decoded) => Found::Text(decoded),
                Err(at) => Found::Broken(at),
            };
        }
    }
    let Some(setup) = position(program, b"$$SETUP_STATE", 0) else { return Found::Nowhere };
    let call = b"return hydrateRuntimeState(";
    let Some(call) = position(program, call, setup).map(|at| at + call.len()) else { return Found::Nowhere };
    let argument = program.iter().skip(call).position(|byte| !byte.is_ascii_whitespace()).map(|offset| call + offset);
    match argument {
        Some(at) if program.get(at) == Some(&b'{') => Found::Literal(at),
        _ if position(program, b".pnp.data.json", setup).is_some() => Found::Beside,
        _ => Found::Nowhere,
    }
}

fn position(text: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    text.get(from..)?.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
}

/// Decodes the JavaScript string whose opening quote is at `open`.
fn decode(program: &[u8], open: usize) -> Result<Decoded, usize> {
    let quote = program.get(open).copied().ok_or(open)?;
    let mut decoded = Decoded::default();
    let mut at = open + 1;
    decoded.map.push((0, at as u32));
    loop {
        let rest = program.get(at..).unwrap_or_default();
        let plain = rest.iter().position(|byte| *byte == quote || matches!(byte, b'\\' | b'$' | b'\n')).ok_or(open)?;
        decoded.bytes.extend_from_slice(rest.get(..plain).unwrap_or_default());
        at += plain;
        match program.get(at..at + 2).unwrap_or_default() {
            // Only a template may hold a bare line end, and Yarn writes no template.
            [b'\n', ..] if quote != b'`' => return Err(at),
            [b'$', b'{'] if quote == b'`' => return Err(at),
            [b'\\', escaped] => {
                let length = escape(program, at, *escaped, &mut decoded.bytes).ok_or(at)?;
                at += length;
                decoded.map.push((decoded.bytes.len() as u32, at as u32));
            }
            _ if program.get(at) == Some(&quote) => return Ok(decoded),
            _ => {
                decoded.bytes.extend(program.get(at));
                at += 1;
            }
        }
    }
}

/// Decodes one escape into `bytes`; its length in the program, if it is known.
fn escape(program: &[u8], at: usize, escaped: u8, bytes: &mut Vec<u8>) -> Option<usize> {
    let letter = match escaped {
        b'\n' => return Some(2),
        b'\r' => return Some(if program.get(at + 2) == Some(&b'\n') { 3 } else { 2 }),
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        b'\\' | b'\'' | b'"' | b'`' | b'/' | b'$' => escaped,
        b'u' => {
            let digits = std::str::from_utf8(program.get(at + 2..at + 6)?).ok()?;
            let code = u32::from_str_radix(digits, 16).ok()?;
            // Halves of a pair are not joined: Yarn writes such letters as they are.
            let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(6);
        }
        _ => return None,
    };
    bytes.push(letter);
    Some(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found() {
        let text = b"const RAW_RUNTIME_STATE =\n'{\\\n \"a\": \"it\\'s \\\\\"\\u0041\"}';\n";
        let Found::Text(decoded) = find(text) else { panic!("not found") };
        assert_eq!(decoded.bytes, b"{ \"a\": \"it's \\\"A\"}");
        let at = decoded.bytes.iter().position(|byte| *byte == b's').unwrap() as u32;
        assert_eq!(text[decoded.original(at) as usize], b's');
        let literal = b"function $$SETUP_STATE(hydrateRuntimeState, basePath) {\n  return hydrateRuntimeState({\n";
        assert_eq!(find(literal), Found::Literal(literal.len() - 2));
        let beside = b"function $$SETUP_STATE(h) { const f = '.pnp.data.json'; return hydrateRuntimeState(JSON.parse(";
        assert_eq!(find(&[&beside[..], b"x), '.pnp.data.json'"].concat()), Found::Beside);
        assert_eq!(find(b"module.exports = {}"), Found::Nowhere);
    }

    #[test]
    fn broken_texts_are_told() {
        for text in [&b"RAW_RUNTIME_STATE = 'a"[..], b"RAW_RUNTIME_STATE = 'a\nb'", b"RAW_RUNTIME_STATE = 'a\\x41'"] {
            assert!(matches!(find(text), Found::Broken(_)), "{text:?}");
        }
        assert!(matches!(find(b"RAW_RUNTIME_STATE = `a${b}`"), Found::Broken(_)));
    }
}
