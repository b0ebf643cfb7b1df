//! Operators and subscripts that mean another thing than JavaScript's.

use vetch_syntax::ir::BinaryOp;

use super::strings::percent_format;
use crate::apis::codecs::bytes_of;
use crate::interp::Interp;
use crate::value::{Class, Kind, MAX_ELEMENTS, Value};

/// An operator, where Python has a meaning of its own for it.
pub(crate) fn binary(interp: &mut Interp<'_>, op: BinaryOp, left: &Value, right: &Value) -> Option<Value> {
    let taint = left.taint.or(right.taint);
    match (op, &left.kind, &right.kind) {
        (BinaryOp::Add, Kind::Bytes(a), Kind::Bytes(b)) => {
            interp.burn_bytes(a.len() + b.len()).then(|| Value::bytes([&**a, &**b].concat()).tainted(taint))
        }
        (BinaryOp::Add, Kind::Object(_), Kind::Object(_)) => {
            let (a, b) = (interp.elements(left)?, interp.elements(right)?);
            interp.burn((a.len() + b.len()) as u64 >> 3);
            (a.len() + b.len() <= MAX_ELEMENTS).then(|| interp.array([a, b].concat()).tainted(taint))
        }
        (BinaryOp::Mul, Kind::Str(_) | Kind::Bytes(_) | Kind::Object(_), Kind::Number(times)) => {
            repeat(interp, left, *times)
        }
        (BinaryOp::Mul, Kind::Number(times), Kind::Str(_) | Kind::Bytes(_) | Kind::Object(_)) => {
            repeat(interp, right, *times)
        }
        (BinaryOp::Rem, Kind::Str(_) | Kind::Bytes(_), _) => Some(percent_format(interp, left, right)),
        (BinaryOp::Rem, Kind::Number(a), Kind::Number(b)) if *b != 0.0 => {
            Some(Value::number(a - b * (a / b).floor()).tainted(taint))
        }
        (BinaryOp::FloorDiv, Kind::Number(a), Kind::Number(b)) => Some(Value::number((a / b).floor()).tainted(taint)),
        // `Path("a") / "b"`
        (BinaryOp::Div, Kind::Str(a), Kind::Str(b)) => {
            let joined = if b.starts_with('/') { b.to_string() } else { format!("{}/{b}", a.trim_end_matches('/')) };
            Some(Value::str(joined).tainted(taint))
        }
        (BinaryOp::Div, Kind::Str(a), Kind::Unknown) => {
            Some(Value::str(format!("{}/{}", a.trim_end_matches('/'), crate::value::HOLE)).tainted(taint))
        }
        (BinaryOp::BitOr, Kind::Object(_), Kind::Object(_)) => {
            let merged = interp.alloc(Class::Plain);
            let merged = Value::object(merged);
            interp.copy_properties(left, &merged);
            interp.copy_properties(right, &merged);
            Some(merged.tainted(taint))
        }
        // Beyond 32 bits, up to what a double holds exactly.
        (BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor, Kind::Number(a), Kind::Number(b)) => {
            let (a, b) = (exact(*a)?, exact(*b)?);
            let bits = match op {
                BinaryOp::BitAnd => a & b,
                BinaryOp::BitOr => a | b,
                _ => a ^ b,
            };
            Some(Value::number(bits as f64).tainted(taint))
        }
        (BinaryOp::Shl | BinaryOp::Shr, Kind::Number(a), Kind::Number(b)) => {
            let (a, by) = (exact(*a)?, u32::try_from(exact(*b)?).ok()?);
            let bits = if op == BinaryOp::Shr { a.checked_shr(by) } else { a.checked_mul(1i64.checked_shl(by)?) }?;
            Some(Value::number(bits as f64).tainted(taint))
        }
        (BinaryOp::Add, Kind::Bytes(_), Kind::Object(_)) | (BinaryOp::Add, Kind::Object(_), Kind::Bytes(_))
            if !is_instance(interp, left) =>
        {
            let both = [bytes_of(interp, left)?, bytes_of(interp, right)?].concat();
            interp.burn_bytes(both.len()).then(|| Value::bytes(both).tainted(taint))
        }
        _ => overloaded(interp, op, left, right),
    }
}

/// Whether a value is an object of a class of the package's own.
fn is_instance(interp: &Interp<'_>, value: &Value) -> bool {
    matches!(value.kind, Kind::Object(id)
        if matches!(interp.object(id).class, Class::Plain) && interp.object(id).prototype.is_some())
}

/// An operator that a class of the package's own gives a meaning to.
fn overloaded(interp: &mut Interp<'_>, op: BinaryOp, left: &Value, right: &Value) -> Option<Value> {
    let names = match op {
        BinaryOp::Add => ["__add__", "__radd__"],
        BinaryOp::Sub => ["__sub__", "__rsub__"],
        BinaryOp::Mul => ["__mul__", "__rmul__"],
        BinaryOp::Div => ["__truediv__", "__rtruediv__"],
        BinaryOp::FloorDiv => ["__floordiv__", "__rfloordiv__"],
        BinaryOp::Rem => ["__mod__", "__rmod__"],
        BinaryOp::Shl => ["__lshift__", "__rlshift__"],
        BinaryOp::Shr => ["__rshift__", "__rrshift__"],
        BinaryOp::BitAnd => ["__and__", "__rand__"],
        BinaryOp::BitOr => ["__or__", "__ror__"],
        BinaryOp::BitXor => ["__xor__", "__rxor__"],
        _ => return None,
    };
    let sides = names.into_iter().zip([(left, right), (right, left)]);
    for (name, (own, other)) in sides.filter(|(_, (own, _))| is_instance(interp, own)).collect::<Vec<_>>() {
        let method = interp.get_property(own, name);
        if interp.is_callable(&method) {
            return Some(interp.call_value(&method, own.clone(), vec![other.clone()]));
        }
    }
    None
}

fn exact(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

fn repeat(interp: &mut Interp<'_>, value: &Value, times: f64) -> Option<Value> {
    let times = times.max(0.0) as usize;
    match &value.kind {
        Kind::Str(text) => {
            let length = text.len().checked_mul(times)?;
            interp.burn_bytes(length).then(|| Value::str(text.repeat(times)).tainted(value.taint))
        }
        Kind::Bytes(bytes) => {
            let length = bytes.len().checked_mul(times)?;
            interp.burn_bytes(length).then(|| Value::bytes(bytes.repeat(times)).tainted(value.taint))
        }
        _ => {
            let items = interp.elements(value)?;
            interp.burn((items.len() as u64).saturating_mul(times as u64) >> 3);
            (items.len().checked_mul(times)? <= MAX_ELEMENTS)
                .then(|| interp.array((0..times).flat_map(|_| items.iter().cloned()).collect()))
        }
    }
}

/// The place that an index means: from the end, if it is negative. `None` past either end.
pub(super) fn position(at: f64, length: usize) -> Option<usize> {
    let at = if at < 0.0 { length as f64 + at } else { at };
    (at >= 0.0 && (at as usize) < length).then_some(at as usize)
}

/// `object[key]`, where Python's rules differ: slices, indices from the end, bytes.
pub(crate) fn index(interp: &mut Interp<'_>, object: &Value, key: &Value) -> Option<Value> {
    if let Some((lower, upper, step)) = as_slice(interp, key) {
        return Some(slice(interp, object, lower, upper, step));
    }
    if is_instance(interp, object) {
        let method = interp.get_property(object, "__getitem__");
        if interp.is_callable(&method) {
            return Some(interp.call_value(&method, object.clone(), vec![key.clone()]));
        }
    }
    let Kind::Number(at) = key.kind else { return None };
    let taint = object.taint;
    match &object.kind {
        Kind::Str(text) if !interp.burn(text.len() as u64 >> 6) => Some(interp.unknown(taint)),
        Kind::Str(text) if text.is_ascii() => {
            let at = position(at, text.len())?;
            text.get(at..=at).map(|one| Value::str(one).tainted(taint))
        }
        Kind::Str(text) => {
            let at = position(at, text.chars().count())?;
            text.chars().nth(at).map(|one| Value::str(one.to_string()).tainted(taint))
        }
        Kind::Bytes(bytes) => {
            let at = position(at, bytes.len())?;
            bytes.get(at).map(|byte| Value::number(f64::from(*byte)).tainted(taint))
        }
        Kind::Object(_) => {
            let items = interp.items(object)?;
            let at = position(at, items.len())?;
            items.get(at).cloned().map(|item| item.tainted(taint))
        }
        _ => None,
    }
}

/// The bounds of a slice object.
type Bounds = (Option<f64>, Option<f64>, f64);

fn as_slice(interp: &Interp<'_>, key: &Value) -> Option<(Option<Value>, Option<Value>, Option<Value>)> {
    let Kind::Object(id) = key.kind else { return None };
    let Class::Slice(parts) = &interp.object(id).class else { return None };
    let part = |at: usize| parts.get(at).filter(|part| !matches!(part.kind, Kind::Null)).cloned();
    Some((part(0), part(1), part(2)))
}

fn slice(
    interp: &mut Interp<'_>,
    object: &Value,
    lower: Option<Value>,
    upper: Option<Value>,
    step: Option<Value>,
) -> Value {
    let number = |value: &Option<Value>| match value {
        None => Some(None),
        Some(value) => value.to_number().map(Some),
    };
    let known = number(&lower).zip(number(&upper)).zip(number(&step));
    let Some(((lower, upper), step)) = known else {
        let taint = interp.deep_taint(object);
        return interp.unknown(taint);
    };
    let bounds: Bounds = (lower, upper, step.unwrap_or(1.0));
    let taint = object.taint;
    match &object.kind {
        Kind::Str(text) => {
            let chars: Vec<char> = text.chars().collect();
            match interp.burn_bytes(text.len()) {
                true => Value::str(picked(&chars, bounds).into_iter().collect::<String>()).tainted(taint),
                false => interp.unknown(taint),
            }
        }
        Kind::Bytes(bytes) => match interp.burn_bytes(bytes.len()) {
            true => Value::bytes(picked(bytes, bounds)).tainted(taint),
            false => interp.unknown(taint),
        },
        Kind::Object(_) => match interp.elements(object).map(|items| picked(&items, bounds)) {
            Some(items) => interp.array(items).tainted(taint),
            None => {
                let taint = interp.deep_taint(object);
                interp.unknown(taint)
            }
        },
        _ => interp.unknown(taint),
    }
}

/// The items of a slice (Python reference, 6.3.3).
fn picked<T: Clone>(items: &[T], (lower, upper, step): Bounds) -> Vec<T> {
    let length = items.len() as f64;
    if step == 0.0 || !step.is_finite() {
        return Vec::new();
    }
    let (least, most) = if step > 0.0 { (0.0, length) } else { (-1.0, length - 1.0) };
    let bound = |value: Option<f64>, default: f64| match value {
        None => default,
        Some(at) => (if at < 0.0 { at + length } else { at }).clamp(least, most),
    };
    let (mut at, end) = match step > 0.0 {
        true => (bound(lower, 0.0), bound(upper, length)),
        false => (bound(lower, length - 1.0), bound(upper, -1.0)),
    };
    let mut out = Vec::new();
    while if step > 0.0 { at < end } else { at > end } {
        out.extend(items.get(at as usize).cloned());
        at += step;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::picked;

    #[test]
    fn slices_are_those_of_python() {
        let text: Vec<char> = "abcdef".chars().collect();
        for (bounds, expected) in [
            ((None, None, 1.0), "abcdef"),
            ((None, None, -1.0), "fedcba"),
            ((Some(1.0), Some(-1.0), 1.0), "bcde"),
            ((Some(-2.0), None, 1.0), "ef"),
            ((None, None, 2.0), "ace"),
            ((Some(4.0), Some(1.0), -2.0), "ec"),
            ((Some(9.0), None, 1.0), ""),
            ((None, Some(-9.0), 1.0), ""),
        ] {
            assert_eq!(picked(&text, bounds).into_iter().collect::<String>(), expected, "{bounds:?}");
        }
    }
}
