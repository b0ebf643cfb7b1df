//! Pure built-ins: methods of strings, arrays, bytes and objects, and the
//! functions of the global namespaces that compute without effects.

mod array;
mod global;
mod instance;
pub(crate) mod json;
mod regex;
pub(crate) mod string;

pub(crate) use instance::pipe;

use std::rc::Rc;

use crate::apis::Handler;
use crate::interp::Interp;
use crate::value::{Class, Kind, ObjectId, Taint, Value};

/// Registers the functions of the global namespaces with the API tree.
pub(crate) fn register_globals(add: &mut dyn FnMut(&'static str, &'static [&'static str], Handler)) {
    global::register(add);
}

/// A method of a string, number, regular expression or byte sequence.
pub(crate) fn call_primitive_method(interp: &mut Interp<'_>, receiver: &Value, name: &str, args: Vec<Value>) -> Value {
    let result = match &receiver.kind {
        Kind::Str(text) => {
            let text: Rc<str> = text.clone();
            string::method(interp, receiver, &text, name, &args)
        }
        Kind::Bytes(bytes) => {
            let bytes = bytes.clone();
            instance::bytes_method(interp, &bytes, name, &args)
        }
        Kind::Number(number) => string::number_method(*number, name, &args),
        Kind::Bool(truth) if name == "toString" => Some(Value::str(if *truth { "true" } else { "false" })),
        Kind::Regex(_) => regex::method(interp, receiver, name, &args),
        _ => None,
    };
    match result {
        Some(value) => value.tainted(receiver.taint),
        None => interp.call_unknown(receiver, args),
    }
}

/// A built-in method of a heap object.
pub(crate) fn call_object_method(
    interp: &mut Interp<'_>,
    id: ObjectId,
    receiver: &Value,
    name: &str,
    args: Vec<Value>,
) -> Value {
    let result = match &interp.object(id).class {
        Class::Array(_) => array::method(interp, id, name, &args),
        Class::Promise(inner) => {
            let inner = (**inner).clone();
            promise_method(interp, &inner, name, &args)
        }
        Class::Instance { api, .. } => {
            let api = *api;
            instance::method(interp, id, api, receiver, name, &args)
        }
        Class::Plain => plain_method(interp, id, name, &args),
        _ => None,
    };
    match result {
        Some(value) => value,
        None => {
            // Something is put in or taken out by a method that is not modelled: a container of unknown kind.
            let taint = interp.deep_taint_of(&args);
            let object = interp.object_mut(id);
            object.taint = object.taint.or(taint);
            if name == "submit" && args.first().and_then(Value::as_str).is_some_and(|to| to.contains("://")) {
                submit_form(interp, receiver, &args[0]);
            }
            interp.relay_events(receiver, name, &args);
            interp.call_unknown(receiver, args)
        }
    }
}

/// `form.submit(url)`: what was put into the form is sent.
fn submit_form(interp: &mut Interp<'_>, form: &Value, url: &Value) {
    let sent = interp.deep_taint(form);
    for host in crate::apis::network::hosts(interp, url) {
        crate::apis::network::connect_effect(interp, host, sent);
    }
}

/// `then`, `catch`, `finally` of a value that is already there.
pub(crate) fn promise_method(interp: &mut Interp<'_>, inner: &Value, name: &str, args: &[Value]) -> Option<Value> {
    let callback = args.first().cloned().unwrap_or(Value::UNDEFINED);
    match name {
        "then" => {
            let value = match interp.is_callable(&callback) {
                true => interp.call_value(&callback, Value::UNDEFINED, vec![inner.clone()]),
                false => inner.clone(),
            };
            if let Some(failed) = args.get(1) {
                interp.invoke(failed, Taint::NONE);
            }
            Some(interp.settled(&value))
        }
        // What a server answers with an error comes with the error.
        "catch" => {
            let answered = interp.deep_taint(inner);
            interp.invoke(&callback, answered);
            Some(inner.clone())
        }
        "finally" => {
            interp.call_value(&callback, Value::UNDEFINED, Vec::new());
            Some(inner.clone())
        }
        _ => None,
    }
}

fn plain_method(interp: &mut Interp<'_>, id: ObjectId, name: &str, args: &[Value]) -> Option<Value> {
    match name {
        "hasOwnProperty" | "propertyIsEnumerable" => {
            let key = interp.property_name(args.first()?)?;
            let object = interp.object(id);
            let has = object.props.get(&key).is_some();
            (has || !object.open).then(|| Value::bool(has))
        }
        "toString" if !interp.object(id).open => Some(Value::str("[object Object]")),
        "valueOf" => Some(Value::object(id)),
        // A thenable, or something of ours that was awaited too early.
        "then" | "catch" | "finally" => promise_method(interp, &Value::object(id), name, args),
        _ => None,
    }
}
