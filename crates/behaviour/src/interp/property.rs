//! Reading properties: of objects, strings, arrays and built-ins.

use std::rc::Rc;

use super::Interp;
use super::given::field_taint;
use crate::apis::ApiId;
use crate::value::{Class, Kind, ObjectId, Slot, Taint, Value, join, number_to_string};

/// Longest prototype chain that is followed.
const MAX_CHAIN: usize = 16;

impl Interp<'_> {
    /// `object.name`, with the effects that reading some built-ins has (`process.env.TOKEN`).
    pub(crate) fn read_member(&mut self, object: &Value, name: &str) -> Value {
        match &object.kind {
            Kind::Api(api) => self.api_member(*api, name).tainted(object.taint),
            Kind::OneOf(values) => {
                let mut result: Option<Value> = None;
                for value in values.iter() {
                    let member = self.read_member(value, name);
                    result = Some(match result {
                        Some(earlier) => join(&earlier, &member),
                        None => perhaps(member),
                    });
                }
                result.unwrap_or(Value::UNKNOWN).tainted(object.taint)
            }
            _ => self.get_property(object, name),
        }
    }

    fn api_member(&mut self, api: ApiId, name: &str) -> Value {
        if name == "__dict__" {
            return Value::api(api);
        }
        if self.apis.is_global_object(api) {
            if let Some(value) = self.globals.get(name) {
                return value.clone();
            }
            return match self.apis.global(name) {
                Some(found) => self.read_api(found),
                None => self.unknown(Taint::NONE),
            };
        }
        match self.apis.member(api, name) {
            Some(found) => self.read_api(found),
            None if name == "constructor" => self.apis.global("Function").map_or(Value::UNKNOWN, Value::api),
            None if matches!(name, "call" | "apply" | "bind") => self.method(&Value::api(api), name),
            None if name == "__esModule" => Value::UNDEFINED,
            None if name == "default" => Value::api(api),
            None if name == "__file__" => self.installed_file(Some(api)),
            None => self.read_unlisted(api, name),
        }
    }

    /// `object.name` without effects.
    pub(crate) fn get_property(&mut self, object: &Value, name: &str) -> Value {
        self.nested(|interp| interp.get_any_property(object, name))
    }

    fn get_any_property(&mut self, object: &Value, name: &str) -> Value {
        match &object.kind {
            Kind::Object(id) => self.object_property(*id, name).tainted(object.taint),
            Kind::Str(text) => {
                self.burn(text.len() as u64 >> 10);
                let value = match name {
                    "parent" | "name" | "stem" | "suffix" if self.is_python_here() => {
                        crate::python::part_of_path(text, name)
                    }
                    "length" if object.exact_str().is_some() => {
                        Value::number(crate::builtins::string::units(text) as f64)
                    }
                    "length" => self.unknown(Taint::NONE),
                    "constructor" => self.apis.global("String").map_or(Value::UNKNOWN, Value::api),
                    // A URL is its text.
                    "hostname" | "host" | "pathname" | "protocol" | "origin" | "href" if text.contains("://") => {
                        crate::apis::urls::part_of(text, name).map_or_else(|| self.method(object, name), Value::str)
                    }
                    _ => match name.parse::<usize>() {
                        Ok(index) if object.exact_str().is_some() => crate::builtins::string::char_at(text, index),
                        _ => self.method(object, name),
                    },
                };
                value.tainted(object.taint)
            }
            Kind::Bytes(bytes) => {
                let value = match name {
                    "length" | "byteLength" => Value::number(bytes.len() as f64),
                    "buffer" => object.clone(),
                    _ => match name.parse::<usize>() {
                        Ok(index) => bytes.get(index).map_or(Value::UNDEFINED, |&byte| Value::number(f64::from(byte))),
                        Err(_) => self.method(object, name),
                    },
                };
                value.tainted(object.taint)
            }
            Kind::Number(_) | Kind::Bool(_) if name == "constructor" => self
                .apis
                .global(if matches!(object.kind, Kind::Bool(_)) { "Boolean" } else { "Number" })
                .map_or(Value::UNKNOWN, Value::api),
            Kind::Regex(_) if name == "constructor" => self.apis.global("RegExp").map_or(Value::UNKNOWN, Value::api),
            Kind::Regex(regex) if name == "source" => Value::str(&regex.0),
            Kind::Number(_) | Kind::Regex(_) | Kind::Bool(_) => self.method(object, name),
            Kind::OneOf(values) => {
                let mut result: Option<Value> = None;
                for value in values.iter() {
                    let member = self.get_property(value, name);
                    result = Some(result.map_or_else(|| perhaps(member.clone()), |earlier| join(&earlier, &member)));
                }
                result.unwrap_or(Value::UNKNOWN).tainted(object.taint)
            }
            Kind::Api(api) => match self.apis.member(*api, name) {
                Some(found) => Value::api(found).tainted(object.taint),
                None if matches!(name, "default" | "__dict__") => object.clone(),
                None if name == "__name__" => Value::str(self.apis.name(*api)),
                None if name == "__file__" => self.installed_file(Some(*api)),
                None => self.unknown(object.taint),
            },
            Kind::Unknown | Kind::Undefined | Kind::Null => {
                if name == "__file__" && object.taint.is_foreign() {
                    return self.installed_file(None);
                }
                self.note_foreign_read(object, name);
                match self.part_of_request(object, name) {
                    Some(part) => part,
                    None => self.unknown(field_taint(object.taint, name)),
                }
            }
        }
    }

    fn object_property(&mut self, id: ObjectId, name: &str) -> Value {
        let mut at = id;
        for _ in 0..MAX_CHAIN {
            match self.object(at).props.get(name) {
                Some(Slot::Value(value)) => return value.clone(),
                Some(Slot::Getter(getter)) => {
                    let getter = getter.clone();
                    return self.call_value(&getter, Value::object(id), Vec::new());
                }
                None => {}
            }
            match self.object(at).prototype {
                Some(prototype) => at = prototype,
                None => break,
            }
        }
        self.class_property(id, name)
    }

    fn class_property(&mut self, id: ObjectId, name: &str) -> Value {
        let object = self.object(id);
        let taint = object.taint;
        match &object.class {
            Class::Array(_) => self.array_property(id, name),
            // What goes through the streams of a process or a request goes through it.
            Class::Instance { .. } if matches!(name, "stdin" | "stdout" | "stderr" | "socket" | "connection") => {
                Value::object(id).tainted(taint)
            }
            // What a client keeps is the client's.
            Class::Instance { .. }
                if self.is_python_here() && matches!(name, "containers" | "headers" | "cookies" | "params") =>
            {
                Value::object(id).tainted(taint)
            }
            Class::Instance { .. } | Class::Promise(_) => self.method(&Value::object(id), name),
            Class::Closure { .. }
            | Class::Bound { .. }
            | Class::Resolver(_)
            | Class::Constructor { .. }
            | Class::Method { .. } => match name {
                "prototype" => {
                    let prototype = match &self.object(id).class {
                        Class::Constructor { prototype, .. } => *prototype,
                        _ => {
                            let made = self.alloc(Class::Plain);
                            self.object_mut(id).props.set(Rc::from("prototype"), Slot::Value(Value::object(made)));
                            made
                        }
                    };
                    Value::object(prototype)
                }
                "constructor" => self.apis.global("Function").map_or(Value::UNKNOWN, Value::api),
                "__doc__" if self.is_python_here() => match self.object(id).class {
                    Class::Closure { unit, function, .. } => {
                        crate::python::documentation(&self.unit(unit).module.clone(), function)
                    }
                    _ => self.unknown(Taint::NONE),
                },
                "name" | "length" => self.unknown(Taint::NONE),
                "call" | "apply" | "bind" | "toString" => self.method(&Value::object(id), name),
                _ => match self.superclass_property(id, name) {
                    Some(value) => value,
                    None => Value::UNDEFINED,
                },
            },
            Class::Plain | Class::Keywords | Class::Slice(_) | Class::Integer(_) => match name {
                "__dict__" if self.is_python_here() => Value::object(id),
                "hasOwnProperty"
                | "toString"
                | "valueOf"
                | "propertyIsEnumerable"
                | "isPrototypeOf"
                | "toLocaleString" => self.method(&Value::object(id), name),
                _ if self.is_proxy(id) => self.proxy_property(id, name),
                "constructor" => self.apis.global("Object").map_or(Value::UNKNOWN, Value::api),
                _ if object.open => self.unknown(taint),
                _ => Value::UNDEFINED,
            },
        }
    }

    fn array_property(&mut self, id: ObjectId, name: &str) -> Value {
        let object = self.object(id);
        let taint = object.taint;
        let Class::Array(items) = &object.class else { return Value::UNKNOWN };
        if name == "length" {
            return if object.open || object.grows { self.unknown(taint) } else { Value::number(items.len() as f64) };
        }
        if let Ok(index) = name.parse::<usize>() {
            return match items.get(index) {
                Some(item) => item.clone(),
                None if object.open => self.unknown(taint),
                None => Value::UNDEFINED,
            };
        }
        if name == "constructor" {
            return self.apis.global("Array").map_or(Value::UNKNOWN, Value::api);
        }
        // Decoders keep what they have decoded in an array, by names that no array has.
        let iterates = matches!(name, "@@iterator") && !object.open;
        match is_array_method(name) || iterates || is_generator_method(name) && self.is_iterated(id) {
            true => self.method(&Value::object(id), name),
            false if object.open => self.unknown(taint),
            false => Value::UNDEFINED,
        }
    }

    fn superclass_property(&mut self, id: ObjectId, name: &str) -> Option<Value> {
        let Class::Constructor { superclass, .. } = &self.object(id).class else { return None };
        let superclass = (**superclass).clone();
        match superclass.kind {
            Kind::Undefined => None,
            Kind::Object(parent) if parent == id => None,
            _ => Some(self.get_property(&superclass, name)),
        }
    }

    /// `object[key]`.
    pub(crate) fn get_index(&mut self, object: &Value, key: &Value) -> Value {
        if let Kind::OneOf(keys) = &key.kind {
            let mut result: Option<Value> = None;
            for key in keys.iter() {
                let member = self.get_index(object, key);
                result = Some(result.map_or_else(|| perhaps(member.clone()), |earlier| join(&earlier, &member)));
            }
            return result.unwrap_or(Value::UNKNOWN);
        }
        if self.is_python_here()
            && let Some(item) = crate::python::index(self, object, key)
        {
            return item;
        }
        if let Some(item) = self.element(object, key) {
            return item;
        }
        match self.property_name(key) {
            Some(name) => self.read_member(object, &name),
            None => self.get_unknown_index(object, key),
        }
    }

    /// `array[index]`, for an index that is there.
    fn element(&self, object: &Value, key: &Value) -> Option<Value> {
        let (Kind::Object(id), Kind::Number(number)) = (&object.kind, &key.kind) else { return None };
        let Class::Array(items) = &self.object(*id).class else { return None };
        let index = *number as usize;
        if index as f64 != *number {
            return None;
        }
        items.get(index).map(|item| item.clone().tainted(object.taint))
    }

    /// A computed key that is not known: any of the values that the object holds, if it holds few.
    fn get_unknown_index(&mut self, object: &Value, key: &Value) -> Value {
        let taint = self.deep_taint(object).or(key.taint);
        if let Kind::Api(api) = object.kind {
            return self.read_computed(api).tainted(taint);
        }
        let candidates: Vec<Value> = match &object.kind {
            Kind::Object(id) => {
                let object = self.object(*id);
                let items = match &object.class {
                    Class::Array(items) => items.as_slice(),
                    _ => &[],
                };
                let slots = object.props.values().map(|(_, value)| value);
                items.iter().chain(slots).take(9).cloned().collect()
            }
            _ => Vec::new(),
        };
        self.doubt();
        if candidates.is_empty() || candidates.len() > 8 {
            return Value::unknown(taint);
        }
        candidates.iter().fold(Value::UNKNOWN, |joined, value| join(&joined, value)).tainted(key.taint)
    }

    /// The property name that a key certainly is.
    pub(crate) fn property_name(&self, key: &Value) -> Option<Rc<str>> {
        match &key.kind {
            Kind::Str(text) if key.exact_str().is_some() => Some(text.clone()),
            Kind::Number(number) => Some(Rc::from(number_to_string(*number))),
            Kind::Bool(truth) => Some(Rc::from(if *truth { "true" } else { "false" })),
            Kind::Null => Some(Rc::from("null")),
            Kind::Undefined => Some(Rc::from("undefined")),
            Kind::Object(id) => match &self.object(*id).class {
                Class::Array(items) if items.is_empty() => Some(Rc::from("")),
                Class::Array(items) if items.len() == 1 => self.property_name(&items[0]),
                _ => None,
            },
            _ => None,
        }
    }

    /// Names of an object's own enumerable properties, where they are known.
    pub(crate) fn keys_of(&mut self, value: &Value) -> Option<Vec<Rc<str>>> {
        match &value.kind {
            Kind::Object(id) => {
                let object = self.object(*id);
                if object.open {
                    return None;
                }
                let items = match &object.class {
                    Class::Array(items) => items.len(),
                    _ => 0,
                };
                let mut keys: Vec<Rc<str>> = (0..items).map(|index| Rc::from(index.to_string())).collect();
                let own = object.props.entries.iter().map(|(key, _)| key);
                keys.extend(own.filter(|key| !key.starts_with("@@")).cloned());
                Some(keys)
            }
            Kind::Api(api) => {
                let members = self.apis.members(*api);
                (!members.is_empty() && !self.apis.holds_anything(*api))
                    .then(|| members.iter().map(|name| Rc::from(*name)).collect())
            }
            Kind::Str(text) if value.exact_str().is_some() && text.len() < 4096 => {
                Some((0..crate::builtins::string::units(text)).map(|index| Rc::from(index.to_string())).collect())
            }
            _ => None,
        }
    }

    /// `Object.assign`, spread, `export *`.
    pub(crate) fn copy_properties(&mut self, from: &Value, to: &Value) {
        match self.keys_of(from) {
            Some(keys) => {
                for key in keys {
                    if &*key != "default" {
                        let value = self.get_property(from, &key);
                        self.set_property(to, &key, value);
                    }
                }
            }
            None => {
                let taint = self.deep_taint(from);
                if let Kind::Object(id) = to.kind {
                    let object = self.object_mut(id);
                    object.taint = object.taint.or(taint);
                    object.open |= matches!(from.kind, Kind::Unknown | Kind::OneOf(_) | Kind::Object(_));
                }
            }
        }
        // What cannot be enumerated still flows.
        let taint = self.deep_taint(from);
        if let Kind::Object(id) = to.kind {
            let object = self.object_mut(id);
            object.taint = object.taint.or(taint);
        }
    }
}

/// The same value, no longer certain.
pub(crate) fn perhaps(value: Value) -> Value {
    match value.kind {
        Kind::Unknown | Kind::OneOf(_) => value,
        Kind::Undefined | Kind::Null => Value::unknown(value.taint),
        _ => {
            let taint = value.taint;
            Value { kind: Kind::OneOf(Rc::from([value])), taint }
        }
    }
}

/// What drives a generator.
fn is_generator_method(name: &str) -> bool {
    matches!(name, "next" | "return" | "throw" | "@@iterator" | "@@asyncIterator")
}

/// Methods of `Array.prototype` and `Object.prototype` (ECMA-262), and of the arrays that libraries extend.
fn is_array_method(name: &str) -> bool {
    const METHODS: &[&str] = &[
        "at",
        "concat",
        "copyWithin",
        "entries",
        "every",
        "fill",
        "filter",
        "find",
        "findIndex",
        "findLast",
        "findLastIndex",
        "flat",
        "flatMap",
        "forEach",
        "hasOwnProperty",
        "includes",
        "indexOf",
        "isPrototypeOf",
        "join",
        "keys",
        "lastIndexOf",
        "map",
        "pop",
        "propertyIsEnumerable",
        "push",
        "reduce",
        "reduceRight",
        "reverse",
        "shift",
        "slice",
        "some",
        "sort",
        "splice",
        "toLocaleString",
        "toReversed",
        "toSorted",
        "toSpliced",
        "toString",
        "unshift",
        "valueOf",
        "values",
        "with",
        "then",
        "catch",
        "finally",
    ];
    METHODS.contains(&name)
}
