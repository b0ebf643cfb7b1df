//! Encodings and compression: `base64`, `binascii`, `codecs`, `zlib`, `marshal`, Fernet and their like.

use super::containers::{contents_of, unpack};
use crate::apis::codecs::{bytes_of, decode_base64, decode_percent, decompress};
use crate::apis::{Apis, Call, Handler};
use crate::interp::Interp;
use crate::value::{Kind, Taint, Value};

/// From this many bytes on, what was decoded says that something was encoded.
pub(super) const TELLING: usize = 8;

pub(super) fn register(apis: &mut Apis) {
    let base64 = apis.add_python_module(&["base64"]);
    let decoders: [(&[&str], Handler); 4] = [
        (&["b64decode", "urlsafe_b64decode", "standard_b64decode", "decodebytes", "decodestring"], |interp, call| {
            decoded(interp, &call.arg(0), decode_base64)
        }),
        (&["b32decode", "b32hexdecode"], |interp, call| decoded(interp, &call.arg(0), decode_base32)),
        (&["b16decode"], |interp, call| decoded(interp, &call.arg(0), |text| hex::decode(text.to_lowercase()).ok())),
        (&["b85decode", "a85decode", "z85decode"], |interp, call| {
            let is_ascii85 = interp.apis.name(call.api) == "a85decode";
            decoded(interp, &call.arg(0), |text| if is_ascii85 { decode_ascii85(text) } else { decode_base85(text) })
        }),
    ];
    for (names, handler) in decoders {
        apis.add_functions(base64, names, handler);
    }
    apis.add_functions(base64, &["b64encode", "urlsafe_b64encode", "standard_b64encode", "encodebytes"], encode_base64);
    apis.add_functions(base64, &["b32encode", "b16encode", "b85encode", "a85encode"], passed);
    let binascii = apis.add_python_module(&["binascii"]);
    apis.add_functions(binascii, &["unhexlify", "a2b_hex"], |interp, call| from_hex(interp, &call.arg(0)));
    apis.add_functions(binascii, &["a2b_base64"], |interp, call| decoded(interp, &call.arg(0), decode_base64));
    apis.add_functions(binascii, &["hexlify", "b2a_hex", "b2a_base64"], passed);
    for name in ["zlib", "gzip", "bz2", "lzma", "brotli", "zstandard", "snappy", "lz4"] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, &["decompress"], |interp, call| decompressed(interp, &call.arg(0)));
        apis.add_functions(module, &["compress"], passed);
    }
    let codecs = apis.add_python_module(&["codecs"]);
    apis.add_functions(codecs, &["decode", "encode"], |interp, call| {
        let encoding = call.encoding(interp, 1);
        recode(interp, &call.arg(0), &encoding, interp.apis.name(call.api) == "decode")
    });
    let json = apis.add_python_module(&["json", "simplejson", "ujson", "orjson"]);
    apis.add_functions(json, &["loads", "load"], |interp, call| {
        let given = match call.arg(0).kind {
            Kind::Object(_) => contents_of(interp, &call.arg(0)),
            _ => call.arg(0),
        };
        let known = super::text(interp, &given).and_then(|text| crate::builtins::json::parse(interp, &text));
        known.map_or_else(|| passed(interp, call), |value| value.tainted(given.taint))
    });
    apis.add_functions(json, &["dumps"], |interp, call| {
        let taint = interp.surrendered(&call.arg(0));
        match &call.arg(0).kind {
            Kind::Str(text) => Value::str(format!("{text:?}")).tainted(taint),
            _ => interp.unknown(taint),
        }
    });
    let parse = apis.add_python_module(&["urllib.parse"]);
    apis.add_functions(parse, &["unquote", "unquote_plus"], |interp, call| match call.arg(0).exact_str() {
        Some(text) => Value::str(decode_percent(text)).tainted(call.arg(0).taint),
        None => passed(interp, call),
    });
    apis.add_functions(parse, &["quote", "quote_plus", "urlencode", "urlparse", "urlsplit"], passed);
    apis.add_functions(parse, &["urljoin"], |interp, call| interp.concat_alternatives(&call.args));
    fernet(apis);
}

/// Gives back something made of what it is given.
pub(super) fn passed(interp: &mut Interp<'_>, call: &Call) -> Value {
    let taint = call.surrendered(interp);
    interp.unknown(taint)
}

/// Decodes text or bytes of text, alternatives included.
fn decoded(interp: &mut Interp<'_>, value: &Value, decode: impl Fn(&str) -> Option<Vec<u8>>) -> Value {
    let mut result: Option<Value> = None;
    for alternative in value.alternatives().to_vec() {
        let taint = interp.deep_taint(&alternative).or(value.taint);
        let text = match &alternative.kind {
            Kind::Str(_) => alternative.exact_str().map(str::to_owned),
            Kind::Bytes(bytes) => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
            _ => bytes_of(interp, &alternative).map(|bytes| bytes.iter().map(|byte| char::from(*byte)).collect()),
        };
        let one = match text.as_deref().and_then(&decode) {
            Some(bytes) if interp.burn_bytes(bytes.len()) => {
                let decoded = if bytes.len() >= TELLING { Taint::DECODED } else { Taint::NONE };
                Value::bytes(bytes).tainted(taint.or(decoded))
            }
            _ => interp.unknown(taint.or(Taint::DECODED)),
        };
        result = Some(match result {
            None => one,
            Some(earlier) => crate::value::join(&earlier, &one),
        });
    }
    result.unwrap_or(Value::UNKNOWN)
}

pub(super) fn from_hex(interp: &mut Interp<'_>, value: &Value) -> Value {
    decoded(interp, value, |text| {
        let digits: String = text.chars().filter(|char| !char.is_whitespace()).collect();
        hex::decode(digits).ok()
    })
}

fn decode_base32(text: &str) -> Option<Vec<u8>> {
    let mut bits: u64 = 0;
    let mut held = 0;
    let mut out = Vec::new();
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()).take_while(|byte| *byte != b'=') {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5 | u64::from(digit)) & 0xffff;
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

/// The alphabet of RFC 1924, as Python's `b85encode` uses it.
const BASE85: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

fn decode_base85(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| BASE85.iter().position(|digit| *digit == byte).map(|at| at as u8))
        .collect();
    from_base85(&digits?)
}

/// Adobe's Ascii85, with `z` for four zeros.
fn decode_ascii85(text: &str) -> Option<Vec<u8>> {
    let body = text.trim().trim_start_matches("<~").trim_end_matches("~>");
    let mut digits = Vec::with_capacity(body.len());
    for byte in body.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        match byte {
            b'z' => digits.extend([0; 5]),
            b'!'..=b'u' => digits.push(byte - b'!'),
            _ => return None,
        }
    }
    from_base85(&digits)
}

fn from_base85(digits: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(digits.len() / 5 * 4 + 4);
    for chunk in digits.chunks(5) {
        let padded = (0..5).map(|at| chunk.get(at).copied().unwrap_or(84));
        let number = padded.fold(0u64, |number, digit| number * 85 + u64::from(digit));
        let bytes = u32::try_from(number).ok()?.to_be_bytes();
        out.extend_from_slice(&bytes[..chunk.len().checked_sub(1)?]);
    }
    Some(out)
}

fn encode_base64(interp: &mut Interp<'_>, call: &Call) -> Value {
    use base64::Engine as _;
    let value = call.arg(0);
    match bytes_of(interp, &value) {
        Some(bytes) if interp.burn_bytes(bytes.len() * 2) => {
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            Value::bytes(text.into_bytes()).tainted(value.taint)
        }
        _ => passed(interp, call),
    }
}

/// Gzip, zlib, xz, LZMA and bzip2 are undone, whoever is asked; what else there is stays closed.
pub(super) fn decompressed(interp: &mut Interp<'_>, value: &Value) -> Value {
    let taint = interp.deep_taint(value).or(Taint::DECODED);
    let opened = bytes_of(interp, value).filter(|bytes| interp.burn_bytes(bytes.len())).and_then(|bytes| {
        unpack(&bytes).or_else(|| ["gunzip", "inflate", "inflateRaw"].iter().find_map(|name| decompress(name, &bytes)))
    });
    match opened {
        Some(bytes) if interp.burn_bytes(bytes.len()) => Value::bytes(bytes).tainted(taint),
        _ => interp.unknown(taint),
    }
}

/// `bytes.decode(encoding)`, `str.encode(encoding)`, `codecs.decode(x, encoding)`.
pub(super) fn recode(interp: &mut Interp<'_>, value: &Value, encoding: &str, decodes: bool) -> Value {
    let name = encoding.to_lowercase().replace(['-', '_'], "");
    match name.as_str() {
        "rot13" => match value.exact_str() {
            Some(text) => {
                Value::str(text.chars().map(rot13).collect::<String>()).tainted(value.taint.or(Taint::DECODED))
            }
            None => interp.unknown(value.taint.or(Taint::DECODED)),
        },
        "hex" | "hexcodec" if decodes => from_hex(interp, value),
        "base64" | "base64codec" if decodes => decoded(interp, value, decode_base64),
        "zip" | "zlib" | "zlibcodec" if decodes => decompressed(interp, value),
        "unicodeescape" | "rawunicodeescape" if decodes => {
            let text = bytes_of(interp, value).filter(|bytes| interp.burn_bytes(bytes.len()));
            match text.and_then(|bytes| unescape(&bytes)) {
                Some(text) => Value::str(text).tainted(value.taint.or(Taint::DECODED)),
                None => interp.unknown(value.taint),
            }
        }
        "utf16" | "utf16le" if decodes => match &value.kind {
            Kind::Bytes(bytes) => {
                let units: Vec<u16> =
                    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                Value::str(String::from_utf16_lossy(&units)).tainted(value.taint)
            }
            _ => interp.unknown(value.taint),
        },
        _ => match &value.kind {
            Kind::Bytes(bytes) => match interp.burn_bytes(bytes.len()) {
                true if name.starts_with("latin") || name == "iso88591" => {
                    Value::str(bytes.iter().map(|byte| char::from(*byte)).collect::<String>()).tainted(value.taint)
                }
                true => Value::str(String::from_utf8_lossy(bytes)).tainted(value.taint),
                false => interp.unknown(value.taint),
            },
            Kind::Str(text) if !decodes && !crate::value::has_hole(text) => match interp.burn_bytes(text.len()) {
                true if name.starts_with("latin") || name == "iso88591" => {
                    Value::bytes(text.chars().map(|char| u32::from(char) as u8).collect()).tainted(value.taint)
                }
                true => Value::bytes(text.as_bytes().to_vec()).tainted(value.taint),
                false => interp.unknown(value.taint),
            },
            _ => value.clone(),
        },
    }
}

/// What `unicode_escape` makes of escapes; `None` if one is not complete.
fn unescape(text: &[u8]) -> Option<String> {
    let mut chars = text.iter().map(|byte| char::from(*byte)).peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        let mut number = |length: usize, radix: u32| {
            let digits: String =
                std::iter::from_fn(|| chars.next_if(|char| char.is_digit(radix))).take(length).collect();
            char::from_u32(u32::from_str_radix(&digits, radix).ok()?)
        };
        let escaped = match number(3, 8) {
            Some(char) => char,
            None => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                kind @ ('x' | 'u' | 'U') => {
                    let length = if kind == 'x' {
                        2
                    } else if kind == 'u' {
                        4
                    } else {
                        8
                    };
                    let digits: String =
                        std::iter::from_fn(|| chars.next_if(char::is_ascii_hexdigit)).take(length).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                other => other,
            },
        };
        out.push(escaped);
    }
    Some(out)
}

fn rot13(char: char) -> char {
    let rotated = |base: u8| char::from(base + (char as u8 - base + 13) % 26);
    match char {
        'a'..='z' => rotated(b'a'),
        'A'..='Z' => rotated(b'A'),
        other => other,
    }
}

/// `Fernet(key).decrypt(token)`: AES-128-CBC under a key that is there.
fn fernet(apis: &mut Apis) {
    let module = apis.add_python_module(&["cryptography.fernet"]);
    apis.add_functions(module, &["Fernet"], |interp, call| {
        let taint = interp.deep_taint(&call.arg(0));
        let instance = interp.instance(call.api, None, taint);
        interp.set_property(&instance, "key", call.arg(0));
        instance
    });
}

/// What a Fernet token holds (spec of `fernet`, version 0x80).
pub(super) fn open_fernet(interp: &mut Interp<'_>, key: &Value, token: &Value) -> Value {
    let taint = interp.deep_taint(key).or(interp.deep_taint(token)).or(Taint::DECODED);
    let (Some(key), Some(token)) = (super::text(interp, key), super::text(interp, token)) else {
        return interp.unknown(taint);
    };
    let opened = decode_base64(&key).zip(decode_base64(&token)).and_then(|(key, token)| {
        let (iv, rest) = token.get(9..)?.split_at_checked(16)?;
        let sealed = rest.get(..rest.len().checked_sub(32)?)?;
        crate::apis::open_aes_cbc(key.get(16..32)?, iv, sealed)
    });
    match opened {
        Some(bytes) if interp.burn_bytes(bytes.len()) => Value::bytes(bytes).tainted(taint),
        _ => interp.unknown(taint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_those_of_python() {
        assert_eq!(decode_base32("NBSWY3DP").as_deref(), Some(&b"hello"[..]));
        assert_eq!(decode_base85("Xk~0{Zv").as_deref(), Some(&b"hello"[..]));
        assert_eq!(decode_ascii85("BOu!rDZ").as_deref(), Some(&b"hello"[..]));
        assert_eq!("Uryyb".chars().map(rot13).collect::<String>(), "Hello");
        assert_eq!(unescape(br"\x68e\154\u006co\n").as_deref(), Some("hello\n"));
        assert_eq!(unescape(br"\xzz"), None);
        assert_eq!(decode_base32("1"), None);
        assert_eq!(decode_base85("~~~~~"), None);
    }
}
