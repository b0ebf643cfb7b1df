//! Methods of strings, numbers and regular expressions, on exact values.

use std::rc::Rc;

use super::regex;
use crate::interp::Interp;
use crate::value::{HOLE, Kind, MAX_ELEMENTS, MAX_TEXT, Taint, Value, number_to_string};

/// The UTF-16 unit at `index`, as a string.
pub(crate) fn char_at(text: &str, index: usize) -> Value {
    match unit_at(text, index) {
        Some(unit) => Value::str(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER).to_string()),
        None => Value::UNDEFINED,
    }
}

/// Length in UTF-16 code units, as JavaScript counts.
pub(crate) fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

fn unit_at(text: &str, index: usize) -> Option<u16> {
    if text.is_ascii() {
        return text.as_bytes().get(index).map(|&byte| u16::from(byte));
    }
    text.encode_utf16().nth(index)
}

/// A method call on a string. `None`: not modelled, or not exact enough.
pub(super) fn method(
    interp: &mut Interp<'_>,
    receiver: &Value,
    text: &Rc<str>,
    name: &str,
    args: &[Value],
) -> Option<Value> {
    if matches!(name, "toString" | "valueOf" | "normalize" | "trim" | "trimStart" | "trimEnd") && args.is_empty() {
        return Some(match name {
            "trim" => Value::str(text.trim()),
            "trimStart" => Value::str(text.trim_start()),
            "trimEnd" => Value::str(text.trim_end()),
            _ => receiver.clone(),
        });
    }
    if name == "concat" {
        let parts: Vec<Value> = std::iter::once(receiver.clone()).chain(args.iter().cloned()).collect();
        return Some(interp.concat_alternatives(&parts));
    }
    if text.contains(HOLE) {
        return holed_method(interp, receiver, text, name, args);
    }
    // What a look into a long text costs, so that a loop over it stays linear in fuel.
    let shift = if text.is_ascii() { 13 } else { 7 };
    interp.burn(text.len() as u64 >> shift);
    let arg = |index: usize| args.get(index).cloned().unwrap_or(Value::UNDEFINED);
    if args.iter().any(|arg| matches!(arg.kind, Kind::OneOf(_))) && !matches!(name, "replace" | "replaceAll") {
        return None;
    }
    Some(match name {
        "charAt" => match unit_at(text, index_of(&arg(0))?) {
            Some(_) => char_at(text, index_of(&arg(0))?),
            None => Value::str(""),
        },
        "at" => {
            let index = arg(0).to_number()?;
            let length = units(text) as f64;
            char_at(text, if index < 0.0 { index + length } else { index } as usize)
        }
        "charCodeAt" => {
            unit_at(text, index_of(&arg(0))?).map_or(Value::number(f64::NAN), |unit| Value::number(f64::from(unit)))
        }
        "codePointAt" => code_point(text, index_of(&arg(0))?)?,
        "slice" | "substring" | "substr" => Value::str(slice(text, name, &arg(0), &arg(1))?),
        "split" => split(interp, text, &arg(0), &arg(1))?,
        "toUpperCase" | "toLocaleUpperCase" => Value::str(text.to_uppercase()),
        "toLowerCase" | "toLocaleLowerCase" => Value::str(text.to_lowercase()),
        "repeat" => {
            let count = index_of(&arg(0))?;
            if !interp.burn_bytes(text.len().saturating_mul(count)) {
                return None;
            }
            Value::str(text.repeat(count))
        }
        "padStart" | "padEnd" => Value::str(pad(text, name == "padStart", &arg(0), &arg(1))?),
        "match" | "search" if matches!(arg(0).kind, Kind::Regex(_)) => {
            let pattern = regex::pattern(interp, &arg(0), text)?;
            return match name {
                "match" => regex::matched(interp, &pattern, text),
                _ => Some(Value::number(regex::position(&pattern, text))),
            };
        }
        "indexOf" | "lastIndexOf" | "search" => Value::number(position(text, name, &arg(0), &arg(1))?),
        "includes" => Value::bool(text.contains(arg(0).exact_str()?)),
        "startsWith" => Value::bool(text.starts_with(arg(0).exact_str()?)),
        "endsWith" => Value::bool(text.ends_with(arg(0).exact_str()?)),
        "replace" | "replaceAll" => return replace(interp, text, name == "replaceAll", &arg(0), &arg(1)),
        "localeCompare" => Value::number(text.as_ref().cmp(arg(0).exact_str()?) as i32 as f64),
        _ => return None,
    })
}

/// Where a text stands in another, in UTF-16 code units; -1 if it does not.
fn position(text: &str, name: &str, needle: &Value, from: &Value) -> Option<f64> {
    let needle = needle.exact_str()?;
    let from = if name == "indexOf" { units_prefix(text, index_of(from).unwrap_or(0)).len() } else { 0 };
    let found = match name {
        "lastIndexOf" => text.rfind(needle),
        _ => text.get(from..)?.find(needle).map(|at| at + from),
    };
    Some(found.map_or(-1.0, |at| units(&text[..at]) as f64))
}

/// What holds whatever stands in the holes.
fn holed_method(
    interp: &mut Interp<'_>,
    receiver: &Value,
    text: &Rc<str>,
    name: &str,
    args: &[Value],
) -> Option<Value> {
    let first = args.first().and_then(Value::exact_str);
    match (name, first) {
        ("startsWith", Some(prefix)) => {
            let head = text.split(HOLE).next().unwrap_or_default();
            if head.starts_with(prefix) {
                Some(Value::bool(true))
            } else if !prefix.starts_with(head) {
                Some(Value::bool(false))
            } else {
                None
            }
        }
        ("toLowerCase" | "toUpperCase" | "replace" | "replaceAll", _) => {
            interp.doubt();
            Some(receiver.clone())
        }
        _ => None,
    }
}

fn index_of(value: &Value) -> Option<usize> {
    match value.kind {
        Kind::Undefined => Some(0),
        _ => value.to_number().map(|number| if number.is_nan() { 0 } else { number.max(0.0) as usize }),
    }
}

/// The first `count` UTF-16 units, as a byte slice of the text.
fn units_prefix(text: &str, count: usize) -> &str {
    if text.is_ascii() {
        return &text[..count.min(text.len())];
    }
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units >= count {
            return &text[..at];
        }
        units += c.len_utf16();
    }
    text
}

fn code_point(text: &str, index: usize) -> Option<Value> {
    let rest = &text[units_prefix(text, index).len()..];
    Some(rest.chars().next().map_or(Value::UNDEFINED, |c| Value::number(f64::from(c as u32))))
}

fn slice<'t>(text: &'t str, name: &str, from: &Value, to: &Value) -> Option<&'t str> {
    let length = units(text) as f64;
    let number = |value: &Value, default: f64| match value.kind {
        Kind::Undefined => Some(default),
        _ => value.to_number().map(|n| if n.is_nan() { 0.0 } else { n.trunc() }),
    };
    let relative = |n: f64| if n < 0.0 { (n + length).max(0.0) } else { n.min(length) };
    let (mut start, mut end) = match name {
        "slice" => (relative(number(from, 0.0)?), relative(number(to, length)?)),
        "substring" => (number(from, 0.0)?.clamp(0.0, length), number(to, length)?.clamp(0.0, length)),
        _ => {
            let start = relative(number(from, 0.0)?);
            (start, (start + number(to, length)?.max(0.0)).min(length))
        }
    };
    if name == "substring" && start > end {
        std::mem::swap(&mut start, &mut end);
    }
    if start >= end {
        return Some("");
    }
    let head = units_prefix(text, start as usize).len();
    let tail = units_prefix(text, end as usize).len();
    text.get(head..tail)
}

fn split(interp: &mut Interp<'_>, text: &str, separator: &Value, limit: &Value) -> Option<Value> {
    let limit = limit.to_number().filter(|n| n.is_finite()).map_or(MAX_ELEMENTS, |n| n as usize);
    let parts: Vec<Value> = match &separator.kind {
        Kind::Undefined => vec![Value::str(text)],
        Kind::Regex(source) if source.0.is_empty() || source.0 == "(?:)" => {
            text.chars().map(|c| Value::str(c.encode_utf8(&mut [0; 4]))).collect()
        }
        Kind::Regex(_) => {
            let pattern = regex::pattern(interp, separator, text)?;
            regex::split(&pattern, text)?.into_iter().map(Value::str).collect()
        }
        _ => match separator.exact_str()? {
            "" if text.len() > MAX_ELEMENTS => return None,
            "" => text.chars().map(|c| Value::str(c.encode_utf8(&mut [0; 4]))).collect(),
            separator => text.split(separator).take(MAX_ELEMENTS + 1).map(Value::str).collect(),
        },
    };
    if parts.len() > MAX_ELEMENTS || !interp.burn(parts.len() as u64) {
        return None;
    }
    Some(interp.array(parts.into_iter().take(limit).collect()))
}

fn replace(interp: &mut Interp<'_>, text: &str, all: bool, pattern: &Value, with: &Value) -> Option<Value> {
    if matches!(pattern.kind, Kind::Regex(_)) {
        let pattern = regex::pattern(interp, pattern, text)?;
        return regex::replace(interp, &pattern, text, with);
    }
    let needle = pattern.exact_str().filter(|needle| !needle.is_empty())?;
    let matches: Vec<(usize, usize)> = text.match_indices(needle).map(|(at, found)| (at, at + found.len())).collect();
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (start, end) in matches.into_iter().take(if all { MAX_ELEMENTS } else { 1 }) {
        result.push_str(&text[done..start]);
        let found = Value::str(&text[start..end]);
        let replacement = match interp.is_callable(with) {
            true => interp.call_value(with, Value::UNDEFINED, vec![found]),
            false => with.clone(),
        };
        match replacement.exact_str() {
            Some(piece) if result.len() + piece.len() < MAX_TEXT => {
                result.push_str(&piece.replace("$&", &text[start..end]))
            }
            _ => result.push_str(&interp.to_text(&replacement).unwrap_or_else(|| HOLE.to_string().into())),
        }
        done = end;
        if !interp.burn(1) {
            return None;
        }
    }
    result.push_str(&text[done..]);
    Some(Value::str(result).tainted(interp.deep_taint(with)))
}

fn pad(text: &str, at_start: bool, width: &Value, with: &Value) -> Option<String> {
    let width = index_of(width)?;
    let with = if matches!(with.kind, Kind::Undefined) { " " } else { with.exact_str()? };
    let missing = width.saturating_sub(units(text));
    if missing > 65_536 || with.is_empty() {
        return None;
    }
    let filler: String = with.chars().cycle().take(missing).collect();
    Some(if at_start { format!("{filler}{text}") } else { format!("{text}{filler}") })
}

/// `number.toString(radix)`
pub(super) fn number_method(number: f64, name: &str, args: &[Value]) -> Option<Value> {
    match name {
        "toString" => match args.first().and_then(Value::to_number) {
            None => Some(Value::str(number_to_string(number))),
            Some(radix) => in_radix(number, radix as u32).map(Value::str),
        },
        "toFixed" => {
            let digits = args.first().and_then(Value::to_number).unwrap_or(0.0) as usize;
            (digits <= 20).then(|| Value::str(format!("{number:.digits$}")))
        }
        "valueOf" => Some(Value::number(number)),
        _ => None,
    }
}

fn in_radix(number: f64, radix: u32) -> Option<String> {
    if radix == 10 {
        return Some(number_to_string(number));
    }
    if !(2..=36).contains(&radix) || number.fract() != 0.0 || number.abs() > 9e15 {
        return None;
    }
    let mut rest = number.abs() as u64;
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((rest % u64::from(radix)) as u32, radix)?);
        rest /= u64::from(radix);
        if rest == 0 {
            break;
        }
    }
    if number < 0.0 {
        digits.push('-');
    }
    Some(digits.iter().rev().collect())
}

/// `String.fromCharCode(…)`: long results were a way to write text out of sight.
pub(super) fn from_char_codes(interp: &mut Interp<'_>, codes: &[Value], points: bool) -> Option<Value> {
    let mut taint = Taint::NONE;
    let mut units: Vec<u16> = Vec::with_capacity(codes.len());
    for code in codes {
        taint = taint.or(code.taint);
        let number = code.to_number()?;
        match points {
            true => units.extend(char::from_u32(number as u32)?.encode_utf16(&mut [0; 2]).iter()),
            false => units.push(crate::interp::to_int32(number) as u16),
        }
    }
    if !interp.burn_bytes(units.len()) {
        return None;
    }
    let text = String::from_utf16_lossy(&units);
    // Single characters are joined by the caller's loop: each already carries the mark.
    Some(Value::str(text).tainted(taint.or(Taint::DECODED)))
}
