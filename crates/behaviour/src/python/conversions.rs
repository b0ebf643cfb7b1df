//! Built-in functions that make values of one type out of others.

use super::codecs::{TELLING, from_hex};
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Class, Kind, Taint, Value, number_to_string};

pub(super) fn register(apis: &mut Apis) {
    texts(apis);
    byte_strings(apis);
    numbers(apis);
}

fn texts(apis: &mut Apis) {
    apis.add_python_function("chr", |interp, call| match call.arg(0).to_number() {
        Some(code) => match char::from_u32(code as u32) {
            Some(char) => Value::str(char.to_string()).tainted(call.arg(0).taint),
            None => interp.unknown(Taint::NONE),
        },
        None => interp.unknown(call.arg(0).taint),
    });
    apis.add_python_function("ord", |interp, call| {
        let value = call.arg(0);
        let code = match &value.kind {
            Kind::Str(_) => {
                value.exact_str().and_then(|text| text.chars().next()).map(|char| f64::from(u32::from(char)))
            }
            Kind::Bytes(bytes) => bytes.first().map(|byte| f64::from(*byte)),
            _ => None,
        };
        code.map_or_else(|| interp.unknown(value.taint), |code| Value::number(code).tainted(value.taint))
    });
    apis.add_python_function("str", |_, _| Value::UNKNOWN);
    if let Some(text) = apis.python_global("str") {
        apis.add_functions(text, &["maketrans"], |interp, call| {
            let table = Value::object(interp.alloc(Class::Plain));
            let (from, to) = (call.arg(0), call.arg(1));
            match (from.exact_str(), to.exact_str()) {
                (Some(from), Some(to)) => {
                    let pairs: Vec<(String, String)> =
                        from.chars().zip(to.chars()).map(|(a, b)| (u32::from(a).to_string(), b.to_string())).collect();
                    for (code, char) in pairs {
                        interp.set_property(&table, &code, Value::str(char));
                    }
                    table
                }
                _ => from,
            }
        });
    }
    for name in ["str", "repr", "ascii", "format", "unicode"] {
        apis.add_python_function(name, |interp, call| {
            let value = call.arg(0);
            match &value.kind {
                _ if call.args.is_empty() => Value::str(""),
                Kind::Bytes(bytes) => {
                    let text = String::from_utf8_lossy(bytes).into_owned();
                    Value::str(text).tainted(value.taint)
                }
                Kind::Str(_) | Kind::Unknown | Kind::OneOf(_) => value,
                Kind::Number(number) => Value::str(number_to_string(*number)).tainted(value.taint),
                _ => match interp.to_text(&value) {
                    Some(text) if !matches!(value.kind, Kind::Object(_)) => Value::str(text),
                    _ => {
                        let taint = interp.surrendered(&value);
                        interp.unknown(taint)
                    }
                },
            }
        });
    }
}

fn byte_strings(apis: &mut Apis) {
    apis.add_python_function("bytes", bytes);
    // It can be changed: a list of its bytes.
    apis.add_python_function("bytearray", |interp, call| {
        let made = bytes(interp, call);
        match interp.iterate_python(&made) {
            Some(items) => interp.array(items).tainted(made.taint),
            None => made,
        }
    });
    let bytes = apis.python_global("bytes");
    if let Some(bytes) = bytes {
        apis.add_functions(bytes, &["fromhex"], |interp, call| from_hex(interp, &call.arg(0)));
    }
    if let Some(bytearray) = apis.python_global("bytearray") {
        apis.add_functions(bytearray, &["fromhex"], |interp, call| from_hex(interp, &call.arg(0)));
    }
}

fn numbers(apis: &mut Apis) {
    apis.add_python_function("int", |interp, call| {
        let value = call.arg(0);
        let base = call.get(interp, 1, "base").and_then(|base| base.to_number()).unwrap_or(10.0) as u32;
        let number = match &value.kind {
            Kind::Number(number) => Some(number.trunc()),
            Kind::Bool(truth) => Some(f64::from(u8::from(*truth))),
            Kind::Str(_) => value.exact_str().and_then(|text| parse_int(text, base)),
            Kind::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(|text| parse_int(text, base)),
            _ => None,
        };
        number.map_or_else(|| interp.unknown(value.taint), |number| Value::number(number).tainted(value.taint))
    });
    apis.add_python_function("float", |interp, call| match call.arg(0).to_number() {
        Some(number) => Value::number(number),
        None => interp.unknown(call.arg(0).taint),
    });
    apis.add_python_function("bool", |interp, call| match call.arg(0).truth() {
        Some(truth) => Value::bool(truth),
        None => interp.unknown(call.arg(0).taint),
    });
    apis.add_python_function("hex", |interp, call| radix(interp, &call.arg(0), "0x", |number| format!("{number:x}")));
    apis.add_python_function("oct", |interp, call| radix(interp, &call.arg(0), "0o", |number| format!("{number:o}")));
    apis.add_python_function("bin", |interp, call| radix(interp, &call.arg(0), "0b", |number| format!("{number:b}")));
    apis.add_python_function("abs", |interp, call| match call.arg(0).to_number() {
        Some(number) => Value::number(number.abs()),
        None => interp.unknown(call.arg(0).taint),
    });
    apis.add_python_function("pow", |interp, call| {
        let numbers: Option<Vec<f64>> = call.args.iter().map(Value::to_number).collect();
        match numbers.as_deref() {
            Some([base, exponent]) => Value::number(base.powf(*exponent)),
            Some([base, exponent, modulus]) if *modulus > 0.0 => power(*base as u64, *exponent as u64, *modulus as u64),
            _ => interp.unknown(Taint::NONE),
        }
    });
}

/// `pow(base, exponent, modulus)`
fn power(base: u64, mut exponent: u64, modulus: u64) -> Value {
    let (mut result, mut base, modulus) = (1u128, u128::from(base), u128::from(modulus));
    while exponent > 0 {
        base %= modulus;
        if exponent & 1 == 1 {
            result = result * base % modulus;
        }
        base *= base;
        exponent >>= 1;
    }
    Value::number((result % modulus) as f64)
}

fn parse_int(text: &str, base: u32) -> Option<f64> {
    let text = text.trim().replace('_', "");
    let digits = match base {
        16 => text.trim_start_matches("0x").trim_start_matches("0X"),
        8 => text.trim_start_matches("0o"),
        2 => text.trim_start_matches("0b"),
        _ => &text,
    };
    (2..=36).contains(&base).then(|| i64::from_str_radix(digits, base).ok())?.map(|number| number as f64)
}

fn radix(interp: &mut Interp<'_>, value: &Value, prefix: &str, digits: fn(u64) -> String) -> Value {
    match value.to_number() {
        Some(number) if number >= 0.0 => Value::str(format!("{prefix}{}", digits(number as u64))).tainted(value.taint),
        _ => interp.unknown(value.taint),
    }
}

fn bytes(interp: &mut Interp<'_>, call: &Call) -> Value {
    let value = call.arg(0);
    let taint = interp.deep_taint(&value);
    match &value.kind {
        Kind::Undefined => Value::bytes(Vec::new()),
        Kind::Bytes(_) => value,
        Kind::Str(text) => match interp.burn_bytes(text.len()) {
            true => Value::bytes(text.as_bytes().to_vec()).tainted(taint),
            false => interp.unknown(taint),
        },
        Kind::Number(length) if *length >= 0.0 && interp.burn_bytes(*length as usize) => {
            Value::bytes(vec![0; *length as usize])
        }
        _ => {
            let items = interp.iterate_python(&value);
            let bytes: Option<Vec<u8>> = items.and_then(|items| {
                items
                    .iter()
                    .map(|item| item.to_number().filter(|n| (0.0..256.0).contains(n)).map(|n| n as u8))
                    .collect()
            });
            match bytes {
                // Numbers that become text: as telling as any other encoding.
                Some(bytes) if interp.burn_bytes(bytes.len()) => {
                    let decoded = if bytes.len() >= TELLING { Taint::DECODED } else { Taint::NONE };
                    Value::bytes(bytes).tainted(taint.or(decoded))
                }
                _ => interp.unknown(taint),
            }
        }
    }
}
