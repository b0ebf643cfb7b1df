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
            let method = own_text(interp, &value);
            match &value.kind {
                _ if call.args.is_empty() => Value::str(""),
                _ if interp.is_callable(&method) => interp.call_value(&method, value.clone(), Vec::new()),
                Kind::Number(number) if call.args.len() == 2 && interp.apis.name(call.api) == "format" => {
                    let text = call.arg(1).exact_str().and_then(|spec| formatted(*number, spec));
                    text.map_or_else(|| Value::unknown(value.taint), |text| Value::str(text).tainted(value.taint))
                }
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

/// `__str__` or `__repr__` of an object of the package's own.
fn own_text(interp: &mut Interp<'_>, value: &Value) -> Value {
    let is_instance = matches!(value.kind, Kind::Object(id)
        if matches!(interp.object(id).class, Class::Plain) && interp.object(id).prototype.is_some());
    let names = if is_instance { &["__str__", "__repr__"][..] } else { &[] };
    let methods = names.iter().map(|name| interp.get_property(value, name)).collect::<Vec<_>>();
    methods.into_iter().find(|method| interp.is_callable(method)).unwrap_or(Value::UNDEFINED)
}

/// An integer in a format of its own: `08b`, `#x`, `3d`. `None` for what is none of these.
pub(super) fn formatted(number: f64, spec: &str) -> Option<String> {
    const MAX_WIDTH: usize = 4096;
    let (spec, prefixed) = spec.strip_prefix('#').map_or((spec, false), |spec| (spec, true));
    let (width, kind) = match spec.chars().last()? {
        kind if kind.is_ascii_alphabetic() => (&spec[..spec.len() - 1], kind),
        _ => (spec, 'd'),
    };
    let number = (number >= 0.0 && number.fract() == 0.0).then_some(number as u64)?;
    let (digits, prefix) = match kind {
        'b' => (format!("{number:b}"), "0b"),
        'o' => (format!("{number:o}"), "0o"),
        'x' => (format!("{number:x}"), "0x"),
        'X' => (format!("{number:X}"), "0X"),
        'd' => (number.to_string(), ""),
        'c' => (char::from_u32(u32::try_from(number).ok()?)?.to_string(), ""),
        _ => return None,
    };
    let fill = if width.starts_with('0') { '0' } else { ' ' };
    let width = if width.is_empty() { 0 } else { width.parse::<usize>().ok()?.min(MAX_WIDTH) };
    let padding = width.saturating_sub(digits.len());
    Some(format!("{}{}{digits}", if prefixed { prefix } else { "" }, fill.to_string().repeat(padding)))
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

#[cfg(test)]
mod tests {
    use super::formatted;

    #[test]
    fn numbers_are_written_as_asked() {
        for (number, spec, expected) in [
            (5.0, "08b", Some("00000101")),
            (255.0, "#x", Some("0xff")),
            (7.0, "3d", Some("  7")),
            (65.0, "c", Some("A")),
            (7.0, "3", Some("  7")),
            (1.5, "d", None),
            (1.0, "", None),
            (1.0, ">3d", None),
        ] {
            assert_eq!(formatted(number, spec).as_deref(), expected, "{number} {spec}");
        }
    }
}
