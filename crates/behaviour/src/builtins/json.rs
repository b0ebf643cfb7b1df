//! JSON text to values.

use std::rc::Rc;

use crate::interp::Interp;
use crate::value::{Class, HOLE, Kind, ObjectId, Slot, Value};

/// Parses JSON text; `None` if it is none, or too much of it.
pub(crate) fn parse(interp: &mut Interp<'_>, text: &str) -> Option<Value> {
    if !interp.burn_bytes(text.len()) || !interp.burn(text.len() as u64 / 8) {
        return None;
    }
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(convert(interp, &value))
}

/// Depth is bounded by the parser's own limit.
fn convert(interp: &mut Interp<'_>, value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::new(Kind::Null),
        serde_json::Value::Bool(truth) => Value::bool(*truth),
        serde_json::Value::Number(number) => Value::number(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::str(text),
        serde_json::Value::Array(items) => {
            let items = items.iter().map(|item| convert(interp, item)).collect();
            interp.array(items)
        }
        serde_json::Value::Object(entries) => {
            let id = interp.alloc(Class::Plain);
            for (key, value) in entries {
                let value = convert(interp, value);
                interp.object_mut(id).props.set(Rc::from(key.as_str()), Slot::Value(value));
            }
            Value::object(id)
        }
    }
}

/// Deepest nesting, and longest text, that is written out.
const MAX_DEPTH: u32 = 8;
const MAX_WRITTEN: usize = 64 << 10;

/// `JSON.stringify(value)`: what is not known is a [`HOLE`]; of what cannot be told at all only where it came from is
/// known.
pub(crate) fn stringify(interp: &mut Interp<'_>, value: &Value) -> Value {
    let taint = interp.surrendered(value);
    let mut text = String::new();
    let is_written = write(interp, value, MAX_DEPTH, &mut text);
    // What was in vain costs as much.
    let is_paid = interp.burn_bytes(text.len()) && interp.burn(text.len() as u64 / 8);
    match is_written && is_paid && text.chars().any(|c| c != HOLE) {
        true => Value::str(text).tainted(taint),
        false => interp.unknown(taint),
    }
}

/// Appends a value as JSON; whether it was told as a whole.
fn write(interp: &Interp<'_>, value: &Value, depth: u32, text: &mut String) -> bool {
    if text.len() > MAX_WRITTEN {
        return false;
    }
    match &value.kind {
        Kind::Str(known) => match serde_json::to_string(&**known) {
            Ok(quoted) => text.push_str(&quoted),
            Err(_) => return false,
        },
        Kind::Number(_) | Kind::Bool(_) | Kind::Null => match interp.to_text(value) {
            Some(plain) => text.push_str(&plain),
            None => return false,
        },
        Kind::Object(id) if depth > 0 => return write_object(interp, *id, depth, text),
        Kind::Undefined => text.push_str("null"),
        _ => text.push(HOLE),
    }
    true
}

fn write_object(interp: &Interp<'_>, id: ObjectId, depth: u32, text: &mut String) -> bool {
    let object = interp.object(id);
    match &object.class {
        Class::Array(items) => {
            text.push('[');
            let all = items.iter().enumerate().all(|(index, item)| {
                text.push_str(if index > 0 { "," } else { "" });
                write(interp, item, depth - 1, text)
            });
            text.extend(object.open.then_some(HOLE));
            text.push(']');
            all
        }
        Class::Plain if object.props.get("toJSON").is_none() => {
            text.push('{');
            let all = object.props.entries.iter().enumerate().all(|(index, (name, slot))| {
                let Ok(name) = serde_json::to_string(&**name) else { return false };
                text.push_str(if index > 0 { "," } else { "" });
                text.push_str(&name);
                text.push(':');
                match slot {
                    Slot::Value(value) => write(interp, value, depth - 1, text),
                    Slot::Getter(_) => {
                        text.push(HOLE);
                        true
                    }
                }
            });
            text.push('}');
            all
        }
        _ => {
            text.push(HOLE);
            true
        }
    }
}
