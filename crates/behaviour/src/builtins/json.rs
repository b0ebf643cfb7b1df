//! JSON text to values.

use std::rc::Rc;

use crate::interp::Interp;
use crate::value::{Class, Kind, Slot, Value};

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

/// `JSON.stringify(value)`: exact for primitives; of anything else only where it came from is known.
pub(crate) fn stringify(interp: &mut Interp<'_>, value: &Value) -> Value {
    let taint = interp.surrendered(value);
    let text = match &value.kind {
        Kind::Str(_) => value.exact_str().and_then(|text| serde_json::to_string(text).ok()),
        Kind::Number(_) | Kind::Bool(_) | Kind::Null => interp.to_text(value).map(|text| text.to_string()),
        _ => None,
    };
    match text {
        Some(text) => Value::str(text).tainted(taint),
        None => interp.unknown(taint),
    }
}
