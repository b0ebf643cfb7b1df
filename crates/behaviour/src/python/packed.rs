//! Numbers as bytes: integers beyond what a double holds, and `struct`.

use std::rc::Rc;

use super::codecs::TELLING;
use crate::apis::codecs::bytes_of;
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Class, Kind, MAX_ELEMENTS, Taint, Value};

/// Longest integer that is followed, in decimal digits: conversion takes time that grows with the square.
const MAX_DIGITS: usize = 1 << 16;

pub(super) fn register(apis: &mut Apis) {
    if let Some(int) = apis.python_global("int") {
        apis.add_functions(int, &["from_bytes"], |interp, call| {
            let taint = interp.deep_taint(&call.arg(0));
            match bytes_of(interp, &call.arg(0)) {
                Some(mut bytes) => {
                    if call.get(interp, 1, "byteorder").is_some_and(|order| order.exact_str() == Some("little")) {
                        bytes.reverse();
                    }
                    integer(interp, bytes).tainted(taint)
                }
                None => interp.unknown(taint),
            }
        });
        apis.add_functions(int, &["to_bytes"], |interp, call| {
            let rest = call.args.get(1..).unwrap_or_default();
            interp.call_method(&call.arg(0), "to_bytes", rest.to_vec())
        });
    }
    let module = apis.add_python_module(&["struct"]);
    apis.add_functions(module, &["pack"], pack);
    apis.add_functions(module, &["unpack", "unpack_from"], unpack);
}

/// An integer of these bytes, the highest first.
fn integer(interp: &mut Interp<'_>, bytes: Vec<u8>) -> Value {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    match &bytes[start..] {
        small if small.len() <= 6 => {
            Value::number(small.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)) as f64)
        }
        large => {
            let large: Rc<[u8]> = Rc::from(large);
            Value::object(interp.alloc(Class::Integer(large)))
        }
    }
}

/// An integer that was written out: decimal, as the parser gives it.
pub(crate) fn literal(interp: &mut Interp<'_>, digits: &str) -> Value {
    if digits.len() > MAX_DIGITS || !interp.burn((digits.len() as u64 / 8).pow(2) / 64) {
        return interp.unknown(Taint::NONE);
    }
    match bytes_of_digits(digits) {
        Some(bytes) => integer(interp, bytes),
        None => interp.unknown(Taint::NONE),
    }
}

fn bytes_of_digits(digits: &str) -> Option<Vec<u8>> {
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    if let Some(digits) = hexadecimal {
        let even = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
        return hex::decode(even).ok();
    }
    // Limbs of 32 bits, the lowest first; nine digits at a time.
    let mut limbs: Vec<u32> = Vec::new();
    let head = digits.len() % 9;
    let chunks = std::iter::once(&digits.as_bytes()[..head]).chain(digits.as_bytes()[head..].chunks(9));
    for chunk in chunks.filter(|chunk| !chunk.is_empty()) {
        let mut carry = std::str::from_utf8(chunk).ok()?.parse::<u64>().ok()?;
        let factor = 10u64.pow(chunk.len() as u32);
        for limb in &mut limbs {
            carry += u64::from(*limb) * factor;
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    Some(limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect())
}

/// Methods of integers.
pub(super) fn integer_method(own: &[u8], taint: Taint, name: &str, interp: &Interp<'_>, call: &Call) -> Option<Value> {
    let first = own.first().copied().unwrap_or(0);
    match name {
        "bit_length" => Some(Value::number((own.len() * 8) as f64 - f64::from(first.leading_zeros()))),
        "to_bytes" => {
            let length = call.get(interp, 0, "length").and_then(|length| length.to_number()).unwrap_or(1.0) as usize;
            if length > crate::value::MAX_TEXT {
                return None;
            }
            let is_little = call.get(interp, 1, "byteorder").is_some_and(|order| order.exact_str() == Some("little"));
            let mut bytes = vec![0; length.saturating_sub(own.len())];
            bytes.extend(own.iter().skip(own.len().saturating_sub(length)));
            if is_little {
                bytes.reverse();
            }
            // Numbers that become text: as telling as any other encoding.
            let decoded = if bytes.len() >= TELLING { Taint::DECODED } else { Taint::NONE };
            Some(Value::bytes(bytes).tainted(taint.or(decoded)))
        }
        _ => None,
    }
}

/// A format of `struct`: whether the lowest byte comes first, and the size of every item; `s` is a size of its own.
fn format(text: &str) -> Option<(bool, Vec<(char, usize)>)> {
    let little = !text.starts_with(['>', '!']);
    let mut items = Vec::new();
    let mut count: Option<usize> = None;
    for char in text.trim_start_matches(['<', '>', '!', '=', '@']).chars().filter(|char| !char.is_whitespace()) {
        if let Some(digit) = char.to_digit(10) {
            count = Some(count.unwrap_or(0).checked_mul(10)?.checked_add(digit as usize)?);
            continue;
        }
        let times = count.take().unwrap_or(1);
        let size = match char {
            'b' | 'B' | 'c' | '?' => 1,
            'h' | 'H' => 2,
            'i' | 'I' | 'l' | 'L' => 4,
            'q' | 'Q' => 8,
            's' => {
                items.push(('s', times));
                continue;
            }
            _ => return None,
        };
        if items.len().checked_add(times)? > MAX_ELEMENTS {
            return None;
        }
        items.extend(std::iter::repeat_n((char, size), times));
    }
    Some((little, items))
}

fn pack(interp: &mut Interp<'_>, call: &Call) -> Value {
    let taint = call.surrendered(interp);
    let Some((little, items)) = super::text(interp, &call.arg(0)).as_deref().and_then(format) else {
        return interp.unknown(taint);
    };
    let mut out = Vec::new();
    for (at, (_, size)) in items.iter().enumerate() {
        match &call.arg(at + 1).kind {
            Kind::Number(number) => {
                let bytes = (*number as i64).to_be_bytes();
                let mut bytes = bytes[8 - size.min(&8)..].to_vec();
                if little {
                    bytes.reverse();
                }
                out.extend(bytes);
            }
            Kind::Bytes(bytes) => out.extend(bytes.iter().take(*size)),
            _ => return interp.unknown(taint),
        }
    }
    let decoded = if out.len() >= TELLING { Taint::DECODED } else { Taint::NONE };
    Value::bytes(out).tainted(taint.or(decoded))
}

fn unpack(interp: &mut Interp<'_>, call: &Call) -> Value {
    let taint = interp.deep_taint(&call.arg(1));
    let known = super::text(interp, &call.arg(0)).as_deref().and_then(format).zip(bytes_of(interp, &call.arg(1)));
    let Some(((little, items), bytes)) = known else { return interp.unknown(taint) };
    let mut at = 0;
    let mut values = Vec::new();
    for (kind, size) in items {
        let Some(part) = bytes.get(at..at + size) else { return interp.unknown(taint) };
        at += size;
        let value = match kind {
            's' | 'c' => Value::bytes(part.to_vec()),
            _ => {
                let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
                let number = if little { part.iter().rev().fold(0, fold) } else { part.iter().fold(0, fold) };
                Value::number(number as f64)
            }
        };
        values.push(value.tainted(taint));
    }
    interp.array(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_bytes() {
        assert_eq!(bytes_of_digits("340282366920938463463374607431768211457").unwrap(), {
            let mut bytes = vec![0, 0, 0, 1];
            bytes.extend([0; 15]);
            bytes.push(1);
            bytes
        });
        assert_eq!(bytes_of_digits("0x68656c6c6f").as_deref(), Some(&b"hello"[..]));
        assert_eq!(bytes_of_digits("12x"), None);
    }

    #[test]
    fn formats_have_sizes() {
        assert_eq!(format(">2Bh3s"), Some((false, vec![('B', 1), ('B', 1), ('h', 2), ('s', 3)])));
        assert_eq!(format("99999999999B"), None);
        assert_eq!(format("P"), None);
    }
}
