//! Methods of strings, numbers and regular expressions, on exact values.

use std::rc::Rc;

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
        "indexOf" | "lastIndexOf" | "search" => {
            let needle = arg(0);
            let needle = needle.exact_str()?;
            let from = if name == "indexOf" { units_prefix(text, index_of(&arg(1)).unwrap_or(0)).len() } else { 0 };
            let found = if name == "lastIndexOf" {
                text.rfind(needle)
            } else {
                text.get(from..)?.find(needle).map(|at| at + from)
            };
            Value::number(found.map_or(-1.0, |at| units(&text[..at]) as f64))
        }
        "includes" => Value::bool(text.contains(arg(0).exact_str()?)),
        "startsWith" => Value::bool(text.starts_with(arg(0).exact_str()?)),
        "endsWith" => Value::bool(text.ends_with(arg(0).exact_str()?)),
        "replace" | "replaceAll" => return replace(interp, text, name == "replaceAll", &arg(0), &arg(1)),
        "localeCompare" => Value::number(text.as_ref().cmp(arg(0).exact_str()?) as i32 as f64),
        _ => return None,
    })
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
            interp.unknowns += 1;
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
        Kind::Regex(regex) => match literal_of(&regex.0)?.as_str() {
            "" => text.chars().map(|c| Value::str(c.to_string())).collect(),
            literal => text.split(literal).map(Value::str).collect(),
        },
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

/// The text that a regular expression without operators stands for.
fn literal_of(pattern: &str) -> Option<String> {
    let mut literal = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                c if c.is_ascii_alphanumeric() => return None,
                c => literal.push(c),
            },
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            c => literal.push(c),
        }
    }
    (pattern != "(?:)").then_some(literal).or(Some(String::new()))
}

fn replace(interp: &mut Interp<'_>, text: &str, all: bool, pattern: &Value, with: &Value) -> Option<Value> {
    let (needle, global, keep_class) = match &pattern.kind {
        Kind::Regex(regex) => match literal_of(&regex.0) {
            Some(literal) => (literal, regex.1.contains('g'), None),
            None => (String::new(), regex.1.contains('g'), Some(CharClass::parse(&regex.0)?)),
        },
        _ => (pattern.exact_str()?.to_owned(), all, None),
    };
    let matches: Vec<(usize, usize)> = match &keep_class {
        Some(class) => class.matches(text),
        None if needle.is_empty() => return None,
        None => text.match_indices(needle.as_str()).map(|(at, found)| (at, at + found.len())).collect(),
    };
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (start, end) in matches.into_iter().take(if global || all { MAX_ELEMENTS } else { 1 }) {
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

/// A regular expression that is one character class, repeated or not: `[^a-z]+`, `\s`, `.`.
struct CharClass {
    negated: bool,
    ranges: Vec<(char, char)>,
    repeated: bool,
}

impl CharClass {
    fn parse(pattern: &str) -> Option<CharClass> {
        let (body, repeated) = match pattern.strip_suffix('+') {
            Some(body) => (body, true),
            None => (pattern, false),
        };
        let mut class = CharClass { negated: false, ranges: Vec::new(), repeated };
        if let Some(inner) = body.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let inner = match inner.strip_prefix('^') {
                Some(inner) => {
                    class.negated = true;
                    inner
                }
                None => inner,
            };
            class.parse_members(inner)?;
        } else if let Some(escape) = body.strip_prefix('\\').filter(|escape| escape.len() == 1) {
            class.add_escape(escape.chars().next()?)?;
        } else {
            return None;
        }
        Some(class)
    }

    fn parse_members(&mut self, inner: &str) -> Option<()> {
        let chars: Vec<char> = inner.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            if chars[at] == '\\' {
                self.add_escape(*chars.get(at + 1)?)?;
                at += 2;
            } else if chars.get(at + 1) == Some(&'-') && at + 2 < chars.len() {
                self.ranges.push((chars[at], chars[at + 2]));
                at += 3;
            } else {
                self.ranges.push((chars[at], chars[at]));
                at += 1;
            }
        }
        Some(())
    }

    fn add_escape(&mut self, escape: char) -> Option<()> {
        match escape {
            'd' => self.ranges.push(('0', '9')),
            'w' => self.ranges.extend([('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]),
            's' => self.ranges.extend([(' ', ' '), ('\t', '\r'), ('\u{a0}', '\u{a0}'), ('\u{feff}', '\u{feff}')]),
            'n' => self.ranges.push(('\n', '\n')),
            'r' => self.ranges.push(('\r', '\r')),
            't' => self.ranges.push(('\t', '\t')),
            c if !c.is_ascii_alphanumeric() => self.ranges.push((c, c)),
            _ => return None,
        }
        Some(())
    }

    fn matches(&self, text: &str) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for (at, c) in text.char_indices() {
            let inside = self.ranges.iter().any(|&(low, high)| (low..=high).contains(&c)) != self.negated;
            if !inside {
                continue;
            }
            match found.last_mut() {
                Some(last) if self.repeated && last.1 == at => last.1 = at + c.len_utf8(),
                _ => found.push((at, at + c.len_utf8())),
            }
        }
        found
    }
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

/// `regex.test(text)`, for patterns that are plain text.
pub(super) fn regex_method(
    interp: &mut Interp<'_>,
    regex: &(String, String),
    name: &str,
    args: &[Value],
) -> Option<Value> {
    let text = args.first()?.exact_str()?;
    match name {
        "test" if !regex.1.contains('i') => {
            let literal = literal_of(&regex.0)?;
            Some(Value::bool(text.contains(&literal)))
        }
        _ => {
            interp.unknowns += 1;
            None
        }
    }
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
