//! Encodings: what turns text into other text and back. Decoding marks the
//! result, so that running it later says `decoded`.

use std::io::Read;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Kind, MAX_TEXT, Taint, Value};

/// As Node.js and browsers decode: padding optional, trailing bits ignored.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decoded text shorter than this is a word, not a payload.
const TELLING: usize = 12;

/// Largest output of decompression.
const MAX_INFLATED: u64 = 8 << 20;

pub(super) fn register(apis: &mut Apis) {
    let atob = apis.add_global(&["atob"]);
    apis.set_call(atob, |interp, call| {
        decode_argument(interp, call, |text| decode_base64(text).map(|b| b.iter().map(|&b| b as char).collect()))
    });
    let btoa = apis.add_global(&["btoa"]);
    apis.set_call(btoa, |interp, call| {
        encode_argument(interp, call, |text| LENIENT.encode(text.chars().map(|c| c as u8).collect::<Vec<u8>>()))
    });
    for name in ["decodeURIComponent", "decodeURI", "unescape"] {
        let id = apis.add_global(&[name]);
        apis.set_call(id, |interp, call| encode_argument(interp, call, decode_percent));
    }
    for name in ["encodeURIComponent", "encodeURI", "escape"] {
        let id = apis.add_global(&[name]);
        apis.set_call(id, |interp, call| encode_argument(interp, call, encode_percent));
    }
    let buffer = apis.add_global(&["Buffer"]);
    apis.set_call(buffer, buffer_from);
    apis.add_functions(buffer, &["from"], buffer_from);
    apis.add_functions(buffer, &["alloc", "allocUnsafe"], |interp, call| match call.arg(0).to_number() {
        Some(size) if (0.0..=65_536.0).contains(&size) => Value::bytes(vec![0; size as usize]),
        // What is put into it stays with it.
        _ => interp.open_object(Taint::NONE),
    });
    apis.add_functions(buffer, &["concat"], buffer_concat);
    let module = apis.add_module(&["buffer", "safe-buffer", "safer-buffer"]);
    apis.alias(module, "Buffer", buffer);
    for name in ["Uint8Array", "Int8Array", "Uint8ClampedArray"] {
        let id = apis.add_global(&[name]);
        apis.set_call(id, byte_array);
        apis.add_functions(id, &["from", "of"], byte_array);
    }
    let decoder = apis.add_global(&["TextDecoder"]);
    apis.set_call(decoder, |interp, call| interp.instance(call.api, None, Taint::NONE));
    let encoder = apis.add_global(&["TextEncoder"]);
    apis.set_call(encoder, |interp, call| interp.instance(call.api, None, Taint::NONE));
    let util = apis.add_module(&["util"]);
    apis.alias(util, "TextDecoder", decoder);
    apis.alias(util, "TextEncoder", encoder);
    let zlib = apis.add_module(&["zlib", "pako", "fflate"]);
    apis.add_functions(
        zlib,
        &[
            "inflateSync",
            "inflateRawSync",
            "gunzipSync",
            "unzipSync",
            "brotliDecompressSync",
            "inflate",
            "inflateRaw",
            "gunzip",
            "unzip",
            "ungzip",
            "decompressSync",
        ],
        inflate,
    );
}

/// Applies a decoder to an exact string and marks the result.
fn decode_argument(interp: &mut Interp<'_>, call: &Call, decode: impl Fn(&str) -> Option<String>) -> Value {
    let value = call.arg(0);
    match value.exact_str().and_then(decode) {
        Some(text) if interp.burn_bytes(text.len()) => {
            let taint = if text.len() >= TELLING { Taint::DECODED } else { Taint::NONE };
            Value::str(text).tainted(value.taint.or(taint))
        }
        _ => {
            let taint = interp.deep_taint(&value);
            interp.unknown(taint.or(Taint::DECODED))
        }
    }
}

fn encode_argument(interp: &mut Interp<'_>, call: &Call, encode: impl Fn(&str) -> String) -> Value {
    let value = call.arg(0);
    let text = value.exact_str().map(encode);
    match text {
        Some(text) if interp.burn_bytes(text.len()) => Value::str(text).tainted(value.taint),
        _ => {
            let taint = interp.deep_taint(&value);
            interp.unknown(taint)
        }
    }
}

/// Base64 as Node.js reads it: both alphabets, white space skipped, stops at the padding.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let cleaned: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .take_while(|&c| c != '=')
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    // A last symbol alone holds no byte.
    let usable = if cleaned.len() % 4 == 1 { &cleaned[..cleaned.len().checked_sub(1)?] } else { cleaned.as_str() };
    LENIENT.decode(usable).ok()
}

/// `%41` and `%u0041`.
pub(crate) fn decode_percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |from: usize, len: usize| {
            text.get(from..from + len).and_then(|digits| u32::from_str_radix(digits, 16).ok())
        };
        if bytes[at] == b'%' {
            if bytes.get(at + 1) == Some(&b'u')
                && let Some(unit) = hex(at + 2, 4)
            {
                let c = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at += 6;
                continue;
            }
            if let Some(byte) = hex(at + 1, 2) {
                out.push(byte as u8);
                at += 3;
                continue;
            }
        }
        out.push(bytes[at]);
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encode_percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Text in an encoding to bytes.
pub(crate) fn to_bytes(text: &str, encoding: &str) -> Option<(Vec<u8>, bool)> {
    Some(match encoding.to_lowercase().as_str() {
        "base64" | "base64url" => (decode_base64(text)?, true),
        "hex" => {
            let digits: Vec<u8> = text.bytes().take_while(u8::is_ascii_hexdigit).collect();
            let even = &digits[..digits.len() / 2 * 2];
            (hex::decode(even).ok()?, true)
        }
        "latin1" | "binary" | "ascii" => (text.chars().map(|c| c as u32 as u8).collect(), false),
        "utf16le" | "ucs2" | "utf-16le" | "ucs-2" => (text.encode_utf16().flat_map(u16::to_le_bytes).collect(), false),
        _ => (text.as_bytes().to_vec(), false),
    })
}

/// Bytes to text in an encoding.
pub(crate) fn to_string(bytes: &[u8], encoding: &str) -> String {
    match encoding.to_lowercase().as_str() {
        "base64" => LENIENT.encode(bytes),
        "base64url" => LENIENT.encode(bytes).replace('+', "-").replace('/', "_"),
        "hex" => hex::encode(bytes),
        "latin1" | "binary" => bytes.iter().map(|&b| b as char).collect(),
        "ascii" => bytes.iter().map(|&b| (b & 0x7f) as char).collect(),
        "utf16le" | "ucs2" | "utf-16le" | "ucs-2" => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// `Buffer.from(value, encoding)`, `new Buffer(value, encoding)`
fn buffer_from(interp: &mut Interp<'_>, call: &Call) -> Value {
    let value = call.arg(0);
    if value.is_unknown() && call.args.len() > 2 {
        // A window of a memory: where it begins says what is in it.
        return interp.unknown(call.args.iter().fold(Taint::NONE, |taint, arg| taint.or(arg.taint)));
    }
    let encoding = call.arg(1).exact_str().unwrap_or("utf8").to_owned();
    match &value.kind {
        Kind::Str(_) => {
            let decoded = value.exact_str().and_then(|text| to_bytes(text, &encoding));
            match decoded {
                Some((bytes, decoded)) if interp.burn_bytes(bytes.len()) => {
                    let taint = if decoded && bytes.len() >= TELLING { Taint::DECODED } else { Taint::NONE };
                    Value::bytes(bytes).tainted(value.taint.or(taint))
                }
                _ => interp.unknown(value.taint),
            }
        }
        Kind::OneOf(values) => {
            let mut result: Option<Value> = None;
            for alternative in values.iter() {
                let args = vec![alternative.clone(), call.arg(1)];
                let each = buffer_from(
                    interp,
                    &Call { api: call.api, this: Value::UNDEFINED, args, is_new: false, keywords: None },
                );
                result = Some(result.map_or_else(|| each.clone(), |earlier| crate::value::join(&earlier, &each)));
            }
            result.unwrap_or(Value::UNKNOWN)
        }
        Kind::Bytes(_) => value,
        Kind::Number(size) if (0.0..=65_536.0).contains(size) => Value::bytes(vec![0; *size as usize]),
        _ => {
            let unknown_decoding = matches!(encoding.as_str(), "base64" | "hex" | "base64url") && value.is_unknown();
            match interp.elements(&value).and_then(|items| byte_values(&items)) {
                Some(bytes) => Value::bytes(bytes).tainted(interp.deep_taint(&value).or(Taint::DECODED)),
                None => {
                    let taint = interp.deep_taint(&value);
                    interp.unknown(if unknown_decoding { taint.or(Taint::DECODED) } else { taint })
                }
            }
        }
    }
}

fn byte_values(items: &[Value]) -> Option<Vec<u8>> {
    items.iter().map(|item| item.to_number().map(|number| crate::interp::to_int32(number) as u8)).collect()
}

fn byte_array(interp: &mut Interp<'_>, call: &Call) -> Value {
    let value = call.arg(0);
    match &value.kind {
        Kind::Bytes(_) => value,
        Kind::Number(size) if (0.0..=65_536.0).contains(size) => {
            let items = vec![Value::number(0.0); *size as usize];
            interp.array(items)
        }
        _ => match interp.elements(&value).and_then(|items| byte_values(&items)) {
            Some(bytes) => {
                let items = bytes.iter().map(|&byte| Value::number(f64::from(byte))).collect();
                let taint = interp.deep_taint(&value);
                interp.array(items).tainted(taint)
            }
            None => {
                let taint = interp.deep_taint(&value);
                interp.unknown(taint)
            }
        },
    }
}

fn buffer_concat(interp: &mut Interp<'_>, call: &Call) -> Value {
    let list = call.arg(0);
    let taint = interp.deep_taint(&list);
    let mut bytes = Vec::new();
    for item in interp.elements(&list).unwrap_or_else(|| vec![Value::UNKNOWN]) {
        match &item.kind {
            Kind::Bytes(part) if bytes.len() + part.len() <= MAX_TEXT => bytes.extend_from_slice(part),
            _ => return interp.unknown(taint),
        }
    }
    Value::bytes(bytes).tainted(taint)
}

/// Bytes of a value that decompression or decoding takes.
pub(crate) fn bytes_of(interp: &Interp<'_>, value: &Value) -> Option<Vec<u8>> {
    match &value.kind {
        Kind::Bytes(bytes) => Some(bytes.to_vec()),
        Kind::Str(_) => value.exact_str().map(|text| text.as_bytes().to_vec()),
        _ => interp.elements(value).and_then(|items| byte_values(&items)),
    }
}

fn inflate(interp: &mut Interp<'_>, call: &Call) -> Value {
    let value = call.arg(0);
    let taint = interp.deep_taint(&value).or(Taint::DECODED);
    let name = interp.apis.name(call.api);
    let inflated = bytes_of(interp, &value).and_then(|bytes| decompress(name, &bytes));
    let result = match inflated {
        Some(bytes) if interp.burn_bytes(bytes.len()) => Value::bytes(bytes).tainted(taint),
        _ => interp.unknown(taint),
    };
    interp.finish_with(call, &result)
}

/// Decompresses with the format that the function's name or the data says.
pub(crate) fn decompress(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let read = |reader: &mut dyn Read, out: &mut Vec<u8>| reader.take(MAX_INFLATED + 1).read_to_end(out).is_ok();
    let gzip = bytes.starts_with(&[0x1f, 0x8b]);
    let ok = if name.contains("brotli") {
        false
    } else if gzip {
        read(&mut flate2::read::MultiGzDecoder::new(bytes), &mut out)
    } else if name.contains("Raw") {
        read(&mut flate2::read::DeflateDecoder::new(bytes), &mut out)
    } else {
        read(&mut flate2::read::ZlibDecoder::new(bytes), &mut out)
    };
    (ok && out.len() as u64 <= MAX_INFLATED).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_decodes_as_node_does() {
        assert_eq!(decode_base64("aGVsbG8="), Some(b"hello".to_vec()));
        assert_eq!(decode_base64("aGVs\nbG8"), Some(b"hello".to_vec()));
        assert_eq!(decode_base64("_-8"), Some(vec![0xff, 0xef]));
        assert_eq!(decode_base64("a"), Some(vec![]));
        assert_eq!(decode_base64("é"), None);
    }

    #[test]
    fn percent_decodes_both_forms() {
        assert_eq!(decode_percent("%61%u0062c%"), "abc%");
        assert_eq!(decode_percent("é%é"), "é%é");
    }
}
