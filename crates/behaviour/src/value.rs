//! Abstract values: as concrete as the code allows, with the sources that flowed into them.

use std::collections::HashMap;
use std::rc::Rc;

use vetch_syntax::ir::FunctionId;

use crate::apis::{ApiId, Apis};
use crate::interp::{FrameId, UnitId};

/// Stands in a string for text that is not known: `"curl " + x` is `"curl \u{FFFC}"`.
pub(crate) const HOLE: char = '\u{FFFC}';

/// Whether some of a text is not known. Asked of nearly every string, nearly always in vain.
pub(crate) fn has_hole(text: &str) -> bool {
    const FIRST_BYTE: u8 = 0xEF;
    memchr::memchr(FIRST_BYTE, text.as_bytes()).is_some_and(|at| text[at..].contains(HOLE))
}

/// Longest string or byte sequence that evaluation builds.
pub(crate) const MAX_TEXT: usize = 8 << 20;

/// Most elements of an array that evaluation builds.
pub(crate) const MAX_ELEMENTS: usize = 1 << 17;

/// Most alternatives that a value keeps.
const MAX_ALTERNATIVES: usize = 8;

/// Which sources a value was made from: bit 0 says that it was decoded, each
/// other bit but the last five stands for one effect that reads or fetches (see `Effects::sources`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taint(pub u64);

impl Taint {
    pub(crate) const NONE: Taint = Taint(0);
    /// The value was an encoded literal.
    pub(crate) const DECODED: Taint = Taint(1);
    /// It belongs to a module that is not at hand: says whose it is, and nothing of data.
    pub(crate) const FOREIGN: Taint = Taint(1 << 63);
    /// It depends on what the user answered to a question: says that somebody was asked, and nothing of data.
    pub(crate) const ASKED: Taint = Taint(1 << 62);
    /// It is, or is part of, the first of several things that a caller hands over, as requests are: no data either.
    pub(crate) const HANDED: Taint = Taint(1 << 61);
    /// It is all that a request holds, or the secrets of one, rather than a field of it: no data either.
    pub(crate) const WHOLE: Taint = Taint(1 << 60);
    /// A caller hands it over to be let in somewhere: a password, a token. So many are that none is told as a source
    /// until it goes where nobody is let in.
    pub(crate) const CREDENTIAL: Taint = Taint(1 << 59);

    pub(crate) fn or(self, other: Taint) -> Taint {
        Taint(self.0 | other.0)
    }
    /// Whether no data is known to have flowed in.
    pub(crate) fn is_empty(self) -> bool {
        self.data() == 0
    }
    /// The sources alone.
    pub(crate) fn data(self) -> u64 {
        const FLAGS: u64 = Taint::FOREIGN.0 | Taint::ASKED.0 | Taint::HANDED.0 | Taint::WHOLE.0 | Taint::CREDENTIAL.0;
        self.0 & !FLAGS
    }
    pub(crate) fn is_handed(self) -> bool {
        self.0 & Taint::HANDED.0 != 0
    }
    pub(crate) fn is_credential(self) -> bool {
        self.0 & Taint::CREDENTIAL.0 != 0
    }
    pub(crate) fn is_whole(self) -> bool {
        self.0 & Taint::WHOLE.0 != 0
    }
    pub(crate) fn without(self, other: Taint) -> Taint {
        Taint(self.0 & !other.0)
    }
    pub(crate) fn is_foreign(self) -> bool {
        self.0 & Taint::FOREIGN.0 != 0
    }
    pub(crate) fn is_asked(self) -> bool {
        self.0 & Taint::ASKED.0 != 0
    }
    pub(crate) fn is_decoded(self) -> bool {
        self.0 & 1 != 0
    }
}

/// Index of an object in the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ObjectId(pub u32);

/// A value and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub kind: Kind,
    pub taint: Taint,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Unknown,
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    /// May hold [`HOLE`]s.
    Str(Rc<str>),
    Bytes(Rc<[u8]>),
    Regex(Rc<(String, String)>),
    Object(ObjectId),
    /// A built-in, by its canonical path.
    Api(ApiId),
    /// Perhaps one of these; nothing is certain about it.
    OneOf(Rc<[Value]>),
}

impl Value {
    pub(crate) const UNKNOWN: Value = Value { kind: Kind::Unknown, taint: Taint::NONE };
    pub(crate) const UNDEFINED: Value = Value { kind: Kind::Undefined, taint: Taint::NONE };

    pub(crate) fn new(kind: Kind) -> Value {
        Value { kind, taint: Taint::NONE }
    }
    pub(crate) fn unknown(taint: Taint) -> Value {
        Value { kind: Kind::Unknown, taint }
    }
    pub(crate) fn str(text: impl AsRef<str>) -> Value {
        Value::new(Kind::Str(Rc::from(text.as_ref())))
    }
    pub(crate) fn number(number: f64) -> Value {
        Value::new(Kind::Number(number))
    }
    pub(crate) fn bool(truth: bool) -> Value {
        Value::new(Kind::Bool(truth))
    }
    pub(crate) fn bytes(bytes: Vec<u8>) -> Value {
        Value::new(Kind::Bytes(Rc::from(bytes)))
    }
    pub(crate) fn object(id: ObjectId) -> Value {
        Value::new(Kind::Object(id))
    }
    pub(crate) fn api(id: ApiId) -> Value {
        Value::new(Kind::Api(id))
    }
    pub(crate) fn tainted(mut self, taint: Taint) -> Value {
        self.taint = self.taint.or(taint);
        self
    }

    /// A string without holes.
    pub(crate) fn exact_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Str(text) if !has_hole(text) => Some(text),
            _ => None,
        }
    }

    /// A string, holes and all.
    pub(crate) fn as_str(&self) -> Option<&Rc<str>> {
        match &self.kind {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A number, or what converts to one for certain.
    pub(crate) fn to_number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(number) => Some(*number),
            Kind::Bool(truth) => Some(f64::from(u8::from(*truth))),
            Kind::Null => Some(0.0),
            Kind::Undefined => Some(f64::NAN),
            Kind::Str(_) => self.exact_str().map(string_to_number),
            _ => None,
        }
    }

    /// Whether it is an object, and not this one.
    pub(crate) fn kind_is_other_object(&self, id: ObjectId) -> bool {
        matches!(self.kind, Kind::Object(other) if other != id)
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.kind, Kind::Unknown)
    }

    pub(crate) fn is_nullish(&self) -> Option<bool> {
        match self.kind {
            Kind::Undefined | Kind::Null => Some(true),
            Kind::Unknown | Kind::OneOf(_) => None,
            _ => Some(false),
        }
    }

    /// Whether it counts as true, where that is certain. Environment-dependent
    /// built-ins are never certain: code may run where they are missing.
    pub(crate) fn truth(&self) -> Option<bool> {
        match &self.kind {
            Kind::Undefined | Kind::Null => Some(false),
            Kind::Bool(truth) => Some(*truth),
            Kind::Number(number) => Some(*number != 0.0 && !number.is_nan()),
            Kind::Str(text) if has_hole(text) => (text.chars().any(|c| c != HOLE)).then_some(true),
            Kind::Str(text) => Some(!text.is_empty()),
            Kind::Bytes(_) | Kind::Regex(_) | Kind::Object(_) => Some(true),
            Kind::Api(api) => Apis::get().is_language(*api).then_some(true),
            Kind::Unknown | Kind::OneOf(_) => None,
        }
    }

    /// The possible values: itself, or its alternatives.
    pub(crate) fn alternatives(&self) -> &[Value] {
        match &self.kind {
            Kind::OneOf(values) => values,
            _ => std::slice::from_ref(self),
        }
    }

    /// Whether both are certainly the same primitive or the same object.
    pub(crate) fn same(&self, other: &Value) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Undefined, Kind::Undefined) | (Kind::Null, Kind::Null) => true,
            (Kind::Bool(a), Kind::Bool(b)) => a == b,
            (Kind::Number(a), Kind::Number(b)) => a == b,
            (Kind::Str(a), Kind::Str(b)) => Rc::ptr_eq(a, b) || a == b,
            (Kind::Bytes(a), Kind::Bytes(b)) => Rc::ptr_eq(a, b) || a == b,
            (Kind::Object(a), Kind::Object(b)) => a == b,
            (Kind::Api(a), Kind::Api(b)) => a == b,
            _ => false,
        }
    }
}

/// Either value: what is known of both is kept, nothing stays certain.
pub(crate) fn join(old: &Value, new: &Value) -> Value {
    let taint = old.taint.or(new.taint);
    if old.same(new) {
        return Value { kind: new.kind.clone(), taint };
    }
    // Text that is still to be gathered (`let body = ''`) says nothing beside what is gathered.
    let is_blank = |value: &Value| matches!(&value.kind, Kind::Str(text) if text.is_empty());
    if matches!(new.kind, Kind::Unknown) && old.alternatives().iter().all(is_blank) {
        return Value::unknown(taint);
    }
    let mut known: Vec<Value> = Vec::new();
    for value in old.alternatives().iter().chain(new.alternatives()) {
        let tells = !matches!(value.kind, Kind::Unknown | Kind::Undefined | Kind::Null);
        if tells && known.len() < MAX_ALTERNATIVES && !known.iter().any(|other| other.same(value)) {
            known.push(value.clone().tainted(taint));
        }
    }
    if known.is_empty() { Value::unknown(taint) } else { Value { kind: Kind::OneOf(known.into()), taint } }
}

/// ECMAScript `StringToNumber`, for the forms that constants take.
pub(crate) fn string_to_number(text: &str) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return 0.0;
    }
    let radix = |prefix: &str, radix| {
        text.get(..2).filter(|head| head.eq_ignore_ascii_case(prefix)).map(|_| u64::from_str_radix(&text[2..], radix))
    };
    for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(parsed) = radix(prefix, base) {
            return parsed.map_or(f64::NAN, |number| number as f64);
        }
    }
    match text {
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        // Rust also reads "inf" and "nan", which ECMAScript does not.
        _ if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E')) => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

/// ECMAScript `Number::toString` (radix 10), for the range that code uses.
pub(crate) fn number_to_string(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    if number.trunc() == number && number.abs() < 1e15 {
        return (number as i64).to_string();
    }
    let magnitude = number.abs();
    if (1e-6..1e21).contains(&magnitude) {
        return format!("{number}");
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent}"),
        _ => text,
    }
}

/// What an object is beside its properties.
#[derive(Debug, Clone)]
pub(crate) enum Class {
    Plain,
    Array(Vec<Value>),
    /// A function with the frame it closes over.
    Closure {
        unit: UnitId,
        function: FunctionId,
        frame: FrameId,
        this: Option<Box<Value>>,
    },
    /// `f.bind(this, …args)`
    Bound {
        target: Box<Value>,
        this: Box<Value>,
        args: Vec<Value>,
    },
    /// A built-in method read as a value: `const f = text.split`.
    Method {
        receiver: Box<Value>,
        name: Rc<str>,
    },
    /// A class: its constructor if it has one, and the prototype with its methods.
    Constructor {
        constructor: Option<Box<Value>>,
        superclass: Box<Value>,
        prototype: ObjectId,
    },
    /// A settled promise, transparent to `await` and `then`.
    Promise(Box<Value>),
    /// `resolve` of a promise under construction.
    Resolver(ObjectId),
    /// Keyword arguments on their way to a function. Python.
    Keywords,
    /// An integer beyond what a double holds, its bytes from the highest. Python.
    Integer(Rc<[u8]>),
    /// `lower:upper:step`. Python.
    Slice(Vec<Value>),
    /// An instance of a built-in (a request, a stream, a hash …): its API path, and
    /// the effect that data written to it flows into.
    Instance {
        api: ApiId,
        effect: Option<u32>,
    },
}

/// A heap object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub class: Class,
    pub props: Props,
    pub prototype: Option<ObjectId>,
    /// Union over everything stored in it.
    pub taint: Taint,
    /// How uncertain the path was on which it was made: writes on less certain paths are weak.
    pub depth: u32,
    /// Properties may have been written under names that are not known.
    pub open: bool,
    /// Of an array: how often something is added to it is not known.
    pub grows: bool,
}

/// Properties in insertion order, indexed once there are many.
#[derive(Debug, Clone, Default)]
pub(crate) struct Props {
    pub entries: Vec<(Rc<str>, Slot)>,
    index: HashMap<Rc<str>, u32>,
}

/// What a property holds.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    Value(Value),
    Getter(Value),
}

/// From this many properties on, look-ups go through a hash index.
const INDEXED_FROM: usize = 12;

impl Props {
    pub(crate) fn get(&self, name: &str) -> Option<&Slot> {
        self.position(name).map(|at| &self.entries[at].1)
    }

    /// Names and values in order, without what getters would give.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&Rc<str>, &Value)> {
        self.entries.iter().filter_map(|(name, slot)| match slot {
            Slot::Value(value) => Some((name, value)),
            Slot::Getter(_) => None,
        })
    }

    pub(crate) fn set(&mut self, name: Rc<str>, slot: Slot) {
        match self.position(&name) {
            Some(at) => self.entries[at].1 = slot,
            None => {
                let at = self.entries.len() as u32;
                if self.entries.len() + 1 >= INDEXED_FROM {
                    if self.index.is_empty() {
                        self.index = self.entries.iter().enumerate().map(|(i, (k, _))| (k.clone(), i as u32)).collect();
                    }
                    self.index.insert(name.clone(), at);
                }
                self.entries.push((name, slot));
            }
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(at) = self.position(name) {
            self.entries.remove(at);
            self.index.clear();
            if self.entries.len() >= INDEXED_FROM {
                self.index = self.entries.iter().enumerate().map(|(i, (k, _))| (k.clone(), i as u32)).collect();
            }
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        if self.index.is_empty() {
            return self.entries.iter().position(|(key, _)| &**key == name);
        }
        self.index.get(name).map(|&at| at as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_ecmascript_does() {
        for (number, text) in
            [(1.0, "1"), (-0.0, "0"), (1.5, "1.5"), (1e21, "1e+21"), (1e-7, "1e-7"), (123456789.0, "123456789")]
        {
            assert_eq!(number_to_string(number), text);
        }
    }

    #[test]
    fn strings_convert_as_ecmascript_does() {
        for (text, number) in [("", 0.0), (" 12 ", 12.0), ("0x1f", 31.0), ("1e3", 1000.0)] {
            assert_eq!(string_to_number(text), number, "{text}");
        }
        for text in ["inf", "nan", "12px", "0x"] {
            assert!(string_to_number(text).is_nan(), "{text}");
        }
    }

    #[test]
    fn a_join_keeps_what_is_known_and_is_never_certain() {
        let joined = join(&Value::UNDEFINED, &Value::str("a"));
        assert_eq!(joined.truth(), None);
        assert_eq!(joined.alternatives()[0].exact_str(), Some("a"));
        assert!(join(&Value::UNKNOWN, &Value::UNKNOWN).is_unknown());
    }
}
