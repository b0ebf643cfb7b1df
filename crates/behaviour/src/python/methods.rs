//! Methods of Python's own types: text, bytes, lists, dictionaries, files.

use std::rc::Rc;

use vetch_model::capability::{CapabilityId, Resource};

use super::codecs::recode;
use super::operators::position;
use super::strings::{known, text_method};
use super::{ciphers, containers, files, host, later, network, packed, services};
use crate::apis::Call;
use crate::apis::codecs::bytes_of;
use crate::interp::Interp;
use crate::value::{Class, Kind, MAX_ELEMENTS, ObjectId, Taint, Value, has_hole};

/// `receiver.name(…)`; `None` where JavaScript's meaning, or none, will do.
pub(crate) fn call_method(interp: &mut Interp<'_>, receiver: &Value, name: &str, args: &[Value]) -> Option<Value> {
    // Most calls are of functions and modules, which have no methods of their own: nothing is copied for them.
    if matches!(receiver.kind, Kind::Api(_) | Kind::OneOf(_)) {
        return None;
    }
    let call = interp.python_call(receiver, args);
    // Of `object`, it has everything that was ever imported: what is looked for there starts programs.
    if name == "__subclasses__" {
        let popen = interp.python_builtin("subprocess.Popen");
        return Some(interp.array(vec![popen]));
    }
    match &receiver.kind {
        Kind::Str(text) => {
            let text = text.clone();
            text_method(interp, receiver, &text, name, &call)
        }
        Kind::Bytes(bytes) => {
            let bytes = bytes.clone();
            bytes_method(interp, receiver, &bytes, name, &call)
        }
        Kind::Object(id) => match &interp.object(*id).class {
            Class::Array(_) => list_method(interp, *id, receiver, name, &call),
            Class::Plain | Class::Keywords => dict_method(interp, *id, receiver, name, &call),
            Class::Instance { .. } => instance_method(interp, *id, receiver, name, &call),
            Class::Integer(own) => packed::integer_method(&own.clone(), receiver.taint, name, interp, &call),
            _ => None,
        },
        Kind::Unknown => unknown_method(interp, receiver, name, &call),
        Kind::Number(number) if name == "to_bytes" => {
            let length = call.get(interp, 0, "length").and_then(|length| length.to_number())? as usize;
            let is_little = call.get(interp, 1, "byteorder").is_some_and(|order| order.exact_str() == Some("little"));
            let bytes = (*number as u64).to_be_bytes();
            let mut bytes: Vec<u8> = bytes.iter().copied().skip(8usize.checked_sub(length)?).collect();
            if is_little {
                bytes.reverse();
            }
            Some(Value::bytes(bytes).tainted(receiver.taint))
        }
        _ => None,
    }
}

/// Methods of what nothing is known of that keep or send what they are given.
fn unknown_method(interp: &mut Interp<'_>, receiver: &Value, name: &str, call: &Call) -> Option<Value> {
    match name {
        // `await request.json()`
        "json" | "get_json" | "body" | "form" if receiver.taint.is_handed() => {
            let taint = interp.given_source("request body".to_owned());
            Some(interp.unknown(taint))
        }
        "decode" | "encode" | "strip" | "lower" | "upper" | "splitlines" | "read" | "json" | "hex" | "to_dict"
        | "copy" | "items" | "values" | "dict" => Some(interp.unknown(receiver.taint)),
        // Unpacked: whatever lies in that folder from then on came out of it.
        "extractall" | "extract" if !receiver.taint.is_empty() => {
            let folder = call.get(interp, usize::from(name == "extract"), "path");
            let folder = folder.unwrap_or_else(|| Value::str("<project>"));
            interp.write_effects(&folder, &Value::unknown(receiver.taint));
            Some(folder)
        }
        // `environ.get("HTTP_X_…")`: a header (PEP 3333).
        "get" if receiver.taint.is_handed() => {
            let what = match call.arg(0).exact_str()? {
                "QUERY_STRING" => "request query",
                header if header.starts_with("HTTP_") => "request",
                _ => return None,
            };
            let taint = interp.given_source(what.to_owned());
            Some(interp.unknown(taint))
        }
        // `schedule.every(5).minutes.do(job)`: it is run as soon as it is due.
        "do" | "add_job" if interp.is_callable(&call.arg(0)) => {
            Some(interp.call_value(&call.arg(0), Value::UNDEFINED, call.args.get(1..).unwrap_or_default().to_vec()))
        }
        // Of a library that was loaded natively.
        "mmap" | "mprotect" | "VirtualProtect" | "VirtualAlloc" | "VirtualAllocEx" | "CreateRemoteThread"
            if call.args.iter().any(|arg| matches!(arg.to_number(), Some(7.0 | 64.0))) =>
        {
            let memory = Resource::Named("memory that is run".to_owned());
            interp.effect(CapabilityId::ProcessInject, memory, "asks for memory that can be run");
            None
        }
        "decrypt" => {
            let taint = receiver.taint.or(call.surrendered(interp)).or(Taint::DECODED);
            Some(interp.unknown(taint))
        }
        // Written into what it is given: `image.save(buffer)`, `json.dump(data, file)`.
        "save" | "dump" | "write_to" | "export" | "savefig" | "shot" if !receiver.taint.is_empty() => {
            for target in call.args.iter().chain(&call.keyword(interp, "output")) {
                match target.kind {
                    Kind::Object(_) => interp.set_property(target, "held", Value::unknown(receiver.taint)),
                    Kind::Str(_) => drop(interp.write_effects(target, &Value::unknown(receiver.taint))),
                    _ => {}
                }
            }
            Some(Value::UNDEFINED)
        }
        _ => None,
    }
}

fn bytes_method(interp: &mut Interp<'_>, receiver: &Value, own: &Rc<[u8]>, name: &str, call: &Call) -> Option<Value> {
    let taint = receiver.taint;
    Some(match name {
        "decode" => {
            let encoding = call.encoding(interp, 0);
            recode(interp, receiver, &encoding, true)
        }
        "hex" => known(interp, hex::encode(&own[..own.len().min(1 << 20)]), taint),
        "join" => match interp.iterate_python(&call.arg(0)) {
            Some(items) => {
                let parts: Option<Vec<Rc<[u8]>>> = items
                    .iter()
                    .map(|item| match &item.kind {
                        Kind::Bytes(bytes) => Some(bytes.clone()),
                        _ => None,
                    })
                    .collect();
                let taint = items.iter().fold(taint, |taint, item| taint.or(item.taint));
                match parts.map(|parts| parts.join(&own[..])) {
                    Some(bytes) if interp.burn_bytes(bytes.len()) => Value::bytes(bytes).tainted(taint),
                    _ => interp.unknown(taint),
                }
            }
            None => interp.unknown(taint.or(call.arg(0).taint)),
        },
        "strip" | "lstrip" | "rstrip" => Value::bytes(own.trim_ascii().to_vec()).tainted(taint),
        "replace" | "split" | "translate" => {
            let known = bytes_of(interp, &call.arg(0)).filter(|_| interp.burn_bytes(own.len()));
            let changed = known.and_then(|first| altered(interp, own, name, &first, call));
            let taint = taint.or(call.surrendered(interp));
            changed.map_or_else(|| Value::unknown(taint), |value| value.tainted(taint))
        }
        _ => return None,
    })
}

/// `bytes.replace(old, new)`, `bytes.split(separator)`, `bytes.translate(table)`.
fn altered(interp: &mut Interp<'_>, own: &[u8], name: &str, first: &[u8], call: &Call) -> Option<Value> {
    match name {
        "translate" => {
            let out: Option<Vec<u8>> = own.iter().map(|byte| first.get(usize::from(*byte)).copied()).collect();
            out.map(Value::bytes)
        }
        "replace" if !first.is_empty() => {
            let new = bytes_of(interp, &call.arg(1))?;
            let parts = split_bytes(own, first);
            interp.burn_bytes(parts.len().saturating_mul(new.len())).then(|| Value::bytes(parts.join(&new[..])))
        }
        "split" if !first.is_empty() => {
            let parts: Vec<Value> =
                split_bytes(own, first).into_iter().map(|part| Value::bytes(part.to_vec())).collect();
            (parts.len() <= MAX_ELEMENTS).then(|| interp.array(parts))
        }
        _ => None,
    }
}

fn split_bytes<'a>(own: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut at = 0;
    for found in memchr::memmem::find_iter(own, separator) {
        parts.push(&own[at..found]);
        at = found + separator.len();
    }
    parts.push(&own[at..]);
    parts
}

fn list_method(interp: &mut Interp<'_>, id: ObjectId, receiver: &Value, name: &str, call: &Call) -> Option<Value> {
    match name {
        "append" | "add" | "appendleft" => {
            push(interp, id, call.arg(0));
            Some(Value::UNDEFINED)
        }
        "extend" | "update" => {
            match interp.iterate_python(&call.arg(0)) {
                Some(items) => items.into_iter().for_each(|item| push(interp, id, item)),
                None => {
                    let taint = interp.deep_taint(&call.arg(0));
                    let object = interp.object_mut(id);
                    object.open = true;
                    object.taint = object.taint.or(taint);
                }
            }
            Some(Value::UNDEFINED)
        }
        "insert" => {
            push(interp, id, call.arg(1));
            Some(Value::UNDEFINED)
        }
        "copy" => {
            let items = interp.elements(receiver)?;
            interp.burn(items.len() as u64 >> 3);
            Some(interp.array(items))
        }
        "sort" | "clear" | "remove" | "discard" => {
            interp.object_mut(id).open = true;
            Some(Value::UNDEFINED)
        }
        "pop" => {
            let at = call.arg(0).to_number().filter(|at| !at.is_nan()).unwrap_or(-1.0);
            let at = position(at, interp.items(receiver)?.len())?;
            let is_certain = interp.uncertain <= interp.object(id).depth;
            match &mut interp.object_mut(id).class {
                Class::Array(items) if is_certain => Some(items.remove(at)),
                Class::Array(items) => items.get(at).cloned(),
                _ => None,
            }
        }
        "index" | "count" => Some(interp.unknown(Taint::NONE)),
        // A `bytearray` is a list of its bytes.
        "decode" | "hex" | "translate" => {
            let taint = interp.deep_taint(receiver);
            let bytes = bytes_of(interp, receiver)?;
            let decoded = if bytes.len() >= super::codecs::TELLING { Taint::DECODED } else { Taint::NONE };
            let bytes = Value::bytes(bytes).tainted(taint.or(decoded));
            Some(interp.call_method(&bytes, name, call.args.clone()))
        }
        _ => None,
    }
}

fn push(interp: &mut Interp<'_>, id: ObjectId, value: Value) {
    let taint = interp.deep_taint(&value);
    // What is gathered by a function that others call is gathered more than once.
    let is_weak = interp.uncertain > interp.object(id).depth;
    let object = interp.object_mut(id);
    object.taint = object.taint.or(taint);
    object.open |= is_weak;
    if let Class::Array(items) = &mut object.class
        && items.len() < MAX_ELEMENTS
    {
        items.push(value);
    }
}

fn dict_method(interp: &mut Interp<'_>, id: ObjectId, receiver: &Value, name: &str, call: &Call) -> Option<Value> {
    if interp.object(id).prototype.is_some() {
        if !matches!(name, "start" | "spawn") {
            return None;
        }
        let own = interp.get_property(receiver, name);
        let run = interp.get_property(receiver, "run");
        return match name {
            _ if interp.is_callable(&own) => None,
            // A thread or process of one's own class.
            "start" if interp.is_callable(&run) => Some(interp.call_value(&run, receiver.clone(), call.args.clone())),
            // A method that commands of setuptools have.
            "spawn" => super::packaging::spawned(interp, call),
            _ => None,
        };
    }
    match name {
        "get" | "pop" | "setdefault" => {
            let found = interp.get_index(receiver, &call.arg(0));
            let default = call.arg(1);
            if name == "setdefault"
                && matches!(found.kind, Kind::Undefined)
                && let Some(key) = interp.property_name(&call.arg(0))
            {
                interp.set_property(receiver, &key, default.clone());
            }
            Some(match found.kind {
                Kind::Undefined => default,
                _ => found,
            })
        }
        "items" | "iteritems" => {
            let entries = entries(interp, id)?;
            let pairs: Vec<Value> =
                entries.into_iter().map(|(key, value)| interp.array(vec![Value::str(key), value])).collect();
            Some(interp.array(pairs))
        }
        "values" | "itervalues" => {
            let entries = entries(interp, id)?;
            Some(interp.array(entries.into_iter().map(|(_, value)| value).collect()))
        }
        "keys" => {
            let entries = entries(interp, id)?;
            Some(interp.array(entries.into_iter().map(|(key, _)| Value::str(key)).collect()))
        }
        "update" => {
            let source = interp.opened(call.arg(0));
            interp.copy_properties(&source, receiver);
            if let Some(keywords) = call.keywords {
                interp.copy_properties(&Value::object(keywords), receiver);
            }
            Some(Value::UNDEFINED)
        }
        "copy" => {
            let copy = Value::object(interp.alloc(Class::Plain));
            interp.copy_properties(receiver, &copy);
            Some(copy)
        }
        _ => None,
    }
}

fn entries(interp: &Interp<'_>, id: ObjectId) -> Option<Vec<(Rc<str>, Value)>> {
    let object = interp.object(id);
    if object.open {
        return None;
    }
    Some(object.props.values().map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn instance_method(interp: &mut Interp<'_>, id: ObjectId, receiver: &Value, name: &str, call: &Call) -> Option<Value> {
    let Class::Instance { api, effect } = interp.object(id).class else { return None };
    let path = interp.apis.path(api);
    let found = match path.as_str() {
        "open"
        | "io.open"
        | "os.fdopen"
        | "codecs.open"
        | "tempfile.NamedTemporaryFile"
        | "io.BytesIO"
        | "io.StringIO" => {
            return files::file_method(interp, receiver, name, call);
        }
        "docker.from_env" | "docker.DockerClient" | "docker.APIClient" => {
            services::container_method(interp, receiver, name, call)
        }
        "code.InteractiveInterpreter" | "code.InteractiveConsole"
            if matches!(name, "runsource" | "runcode" | "push") =>
        {
            Some(interp.evaluate_code(&call.arg(0)))
        }
        "tkinter.Tk" | "tkinter.Toplevel" | "Tkinter.Tk" => host::window_method(interp, name, call),
        "crontab.CronTab" => services::cron_method(interp, receiver, name, call),
        _ if path.ends_with("Executor") || path.ends_with(".Pool") || path.ends_with(".ThreadPool") => {
            later::pool_method(interp, receiver, name, call)
        }
        _ if path.starts_with("zipfile.") => containers::archive_method(interp, receiver, name, call),
        _ if path.starts_with("Crypto.") || path.starts_with("cryptography.") => {
            ciphers::method(interp, &path, receiver, name, call)
        }
        _ if STREAMS.iter().any(|module| path.starts_with(module)) => {
            containers::stream_method(interp, receiver, name, call)
        }
        _ => None,
    };
    found.or_else(|| network::instance_method(interp, &path, receiver, effect, name, call))
}

/// Modules whose instances are open streams or decompressors.
const STREAMS: [&str; 7] = ["gzip.", "bz2.", "lzma.", "zlib.", "wave.", "importlib", "pkg_resources."];

impl Interp<'_> {
    /// Arguments as a call, with the keyword arguments apart.
    fn python_call(&self, this: &Value, args: &[Value]) -> Call {
        let (args, keywords) = self.without_keywords(args.to_vec());
        let api = self.apis.python_global("object").unwrap_or_default();
        Call { api, this: this.clone(), args, is_new: false, keywords }
    }

    /// Splits the keyword arguments off.
    pub(crate) fn without_keywords(&self, mut args: Vec<Value>) -> (Vec<Value>, Option<ObjectId>) {
        let last = args.last().and_then(|last| match last.kind {
            Kind::Object(id) if matches!(self.object(id).class, Class::Keywords) => Some(id),
            _ => None,
        });
        if last.is_some() {
            args.pop();
        }
        (args, last)
    }

    /// The items that a `for` goes over: characters, bytes as numbers, keys of dictionaries.
    pub(crate) fn iterate_python(&mut self, value: &Value) -> Option<Vec<Value>> {
        let taint = value.taint;
        match &value.kind {
            Kind::Str(text) if !has_hole(text) && text.len() <= MAX_ELEMENTS => {
                Some(text.chars().map(|char| Value::str(char.to_string()).tainted(taint)).collect())
            }
            Kind::Bytes(bytes) if bytes.len() <= MAX_ELEMENTS => {
                Some(bytes.iter().map(|byte| Value::number(f64::from(*byte)).tainted(taint)).collect())
            }
            Kind::Object(id) => match &self.object(*id).class {
                Class::Plain if !self.object(*id).open && self.object(*id).prototype.is_none() => {
                    Some(self.object(*id).props.entries.iter().map(|(key, _)| Value::str(&**key)).collect())
                }
                Class::Array(_) if self.object(*id).open => None,
                _ => self.iterate(value),
            },
            Kind::OneOf(values) if values.len() == 1 => {
                let only = values[0].clone();
                self.iterate_python(&only)
            }
            _ => None,
        }
    }
}
