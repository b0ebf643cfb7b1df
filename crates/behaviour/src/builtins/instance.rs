//! Methods of instances of built-ins: requests, streams, sockets, decoders; and of byte sequences.

use std::rc::Rc;

use vetch_model::capability::CapabilityId;

use crate::apis::{ApiId, Call, codecs};
use crate::interp::Interp;
use crate::value::{Class, Kind, ObjectId, Taint, Value};

/// Methods that send what they are given.
const SENDS: &[&str] =
    &["write", "end", "send", "emit", "sendMail", "publish", "attach", "field", "json", "query", "set"];

/// A method of an instance. `None`: not modelled.
pub(super) fn method(
    interp: &mut Interp<'_>,
    id: ObjectId,
    api: ApiId,
    receiver: &Value,
    name: &str,
    args: &[Value],
) -> Option<Value> {
    let args: Vec<Value> = args.iter().map(|arg| interp.opened(arg.clone())).collect();
    let call = Call { api, this: receiver.clone(), args, is_new: false, keywords: None };
    let path = interp.apis.path(api);
    if let Some(value) = crate::apis::instance_method(interp, &path, name, &call) {
        return Some(value);
    }
    let effect = interp.instance_effect(receiver);
    let taint = interp.object(id).taint;
    match name {
        "decode" if path == "TextDecoder" => return Some(decode_text(interp, &call)),
        "encode" if path == "TextEncoder" => {
            let text = call.arg(0).exact_str().map(|text| text.as_bytes().to_vec())?;
            return Some(Value::bytes(text).tainted(call.arg(0).taint));
        }
        "resolvedOptions" if path.starts_with("Intl.") => return Some(crate::apis::locale(interp)),
        "_compile" => return Some(interp.evaluate_code(&call.arg(0))),
        "require" => return Some(interp.require_value(&call.arg(0))),
        "then" | "catch" | "finally" => {
            let inner = Value { kind: receiver.kind.clone(), taint };
            return super::promise_method(interp, &inner, name, &call.args);
        }
        "pipe" | "pipeTo" => {
            pipe(interp, receiver, &call.arg(0), taint);
            return Some(call.arg(0));
        }
        "text" | "json" | "arrayBuffer" | "blob" | "buffer" | "body" if call.args.is_empty() => {
            return Some(interp.unknown(taint));
        }
        _ => {}
    }
    if SENDS.contains(&name)
        && let Some(effect) = effect
    {
        let sent = match name {
            "sendMail" => crate::apis::given(interp, &call.args),
            _ => call.args.iter().fold(Taint::NONE, |taint, arg| taint.or(interp.surrendered(arg))),
        };
        interp.flow(sent, effect);
        keep_written(interp, id, sent);
        if let Some(text) = call.arg(0).exact_str().filter(|_| matches!(name, "write" | "end")) {
            crate::commands::run_fed(interp, effect, text, sent);
        }
    }
    // What is drawn comes out as pixels.
    if path == "HTMLCanvasElement" {
        let drawn = interp.deep_taint_of(&call.args);
        let canvas = interp.object_mut(id);
        canvas.taint = canvas.taint.or(drawn);
    }
    let callbacks: Vec<Value> = call.args.iter().filter(|arg| interp.is_callable(arg)).cloned().collect();
    for callback in &callbacks {
        interp.invoke(callback, taint);
    }
    Some(Value { kind: receiver.kind.clone(), taint: receiver.taint.or(taint) })
}

/// What is written to a child's standard input or a file's stream may run later.
fn keep_written(interp: &mut Interp<'_>, id: ObjectId, sent: Taint) {
    let object = interp.object_mut(id);
    // Data written does not come back out of a request, so only streams and children keep it.
    if matches!(object.class, Class::Instance { .. }) && sent.is_decoded() {
        object.taint = object.taint.or(Taint::DECODED);
    }
}

/// `source.pipe(target)`: what comes out of one flows into the other.
pub(crate) fn pipe(interp: &mut Interp<'_>, source: &Value, target: &Value, taint: Taint) {
    let Some(sink) = interp.instance_effect(target) else {
        if let Kind::Object(id) = target.kind {
            let object = interp.object_mut(id);
            object.taint = object.taint.or(taint);
        }
        return;
    };
    interp.flow(taint, sink);
    if let Some(written) = interp.written_path_of(sink)
        && let Some(kept) = interp.written_files.get_mut(&written)
    {
        kept.taint = kept.taint.or(taint);
    }
    // A socket piped into a process and back: a shell for whoever is at the other end.
    if let Some(spawn) = interp.instance_effect(source)
        && interp.effects.list[spawn as usize].id == CapabilityId::ProcessSpawn
        && interp.effects.list[sink as usize].id == CapabilityId::NetConnect
    {
        let (socket, shell) = (interp.source(sink), interp.source(spawn));
        interp.flow(socket, spawn);
        interp.flow(shell, sink);
    }
}

fn decode_text(interp: &mut Interp<'_>, call: &Call) -> Value {
    let value = call.arg(0);
    let taint = interp.deep_taint(&value);
    match codecs::bytes_of(interp, &value) {
        Some(bytes) if !matches!(value.kind, Kind::Str(_)) => {
            Value::str(String::from_utf8_lossy(&bytes)).tainted(taint)
        }
        _ => interp.unknown(taint),
    }
}

/// A method of a byte sequence.
pub(super) fn bytes_method(interp: &mut Interp<'_>, bytes: &Rc<[u8]>, name: &str, args: &[Value]) -> Option<Value> {
    let number = |index: usize| args.get(index).and_then(Value::to_number);
    Some(match name {
        "toString" => {
            let encoding = args.first().and_then(|arg| arg.exact_str()).unwrap_or("utf8");
            let text = codecs::to_string(bytes, encoding);
            if !interp.burn_bytes(text.len()) {
                return None;
            }
            Value::str(text)
        }
        "slice" | "subarray" => {
            let length = bytes.len() as f64;
            let bound = |n: f64| if n < 0.0 { (n + length).max(0.0) } else { n.min(length) } as usize;
            let (from, to) = (bound(number(0).unwrap_or(0.0)), bound(number(1).unwrap_or(length)));
            Value::bytes(bytes.get(from..to.max(from)).unwrap_or_default().to_vec())
        }
        "reverse" => {
            let mut reversed = bytes.to_vec();
            reversed.reverse();
            Value::bytes(reversed)
        }
        "readUInt8" => bytes
            .get(number(0).unwrap_or(0.0) as usize)
            .map_or(Value::UNDEFINED, |&byte| Value::number(f64::from(byte))),
        "indexOf" | "lastIndexOf" | "includes" if !matches!(args.first()?.kind, Kind::Number(_)) => {
            let wanted = codecs::bytes_of(interp, args.first()?)?;
            let from = number(1).unwrap_or(0.0).max(0.0) as usize;
            let found = match name {
                "lastIndexOf" => memchr::memmem::rfind(bytes, &wanted),
                _ => bytes.get(from..).and_then(|rest| memchr::memmem::find(rest, &wanted)).map(|at| at + from),
            };
            match name {
                "includes" => Value::bool(found.is_some()),
                _ => Value::number(found.map_or(-1.0, |at| at as f64)),
            }
        }
        // Element by element, as an array would.
        "map" | "forEach" | "reduce" | "join" | "filter" | "indexOf" | "includes" if bytes.len() <= 65_536 => {
            let items = bytes.iter().map(|&byte| Value::number(f64::from(byte))).collect();
            let array = interp.array(items);
            let result = interp.call_method(&array, name, args.to_vec());
            match (name, interp.elements(&result)) {
                ("map" | "filter", Some(items)) => {
                    let bytes: Option<Vec<u8>> =
                        items.iter().map(|item| item.to_number().map(|n| crate::interp::to_int32(n) as u8)).collect();
                    bytes.map_or(result, Value::bytes)
                }
                _ => result,
            }
        }
        _ => return None,
    })
}

impl Interp<'_> {
    /// The effect that data written to an instance flows into.
    pub(crate) fn instance_effect(&self, value: &Value) -> Option<u32> {
        match &value.kind {
            Kind::Object(id) => match self.object(*id).class {
                Class::Instance { effect, .. } => effect,
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn set_instance_effect(&mut self, value: &Value, new: Option<u32>) {
        let Some(effect) = new else { return };
        let source = self.source(effect);
        if let Kind::Object(id) = value.kind
            && let Class::Instance { effect: place, .. } = &mut self.object_mut(id).class
        {
            *place = Some(effect);
            let object = self.object_mut(id);
            object.taint = object.taint.or(source);
        }
    }

    /// The path that a writing effect writes to, if it is known.
    fn written_path_of(&self, effect: u32) -> Option<Rc<str>> {
        match &self.effects.list[effect as usize].resource {
            vetch_model::Resource::Path { path: Some(path), .. } => {
                // Resources show what is not known as people write it.
                Some(Rc::from(crate::paths::normalise(&path.replace('*', crate::value::HOLE.encode_utf8(&mut [0; 4])))))
            }
            _ => None,
        }
    }
}
