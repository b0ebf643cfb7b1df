//! Operators on values.

use std::rc::Rc;

use vetch_syntax::ir::{BinaryOp, FunctionId, UnaryOp};

use super::{Interp, UnitId};
use crate::value::{Class, HOLE, Kind, Value, join, number_to_string};

impl Interp<'_> {
    pub(crate) fn binary(&mut self, op: BinaryOp, left: &Value, right: &Value) -> Value {
        if matches!(left.kind, Kind::OneOf(_)) || matches!(right.kind, Kind::OneOf(_)) {
            return self.binary_alternatives(op, left, right);
        }
        if self.is_python_here()
            && let Some(value) = crate::python::binary(self, op, left, right)
        {
            return value;
        }
        let taint = left.taint.or(right.taint);
        if !taint.is_empty()
            && matches!(
                op,
                BinaryOp::StrictEqual | BinaryOp::LooseEqual | BinaryOp::StrictNotEqual | BinaryOp::LooseNotEqual
            )
        {
            let literal = left.exact_str().or(right.exact_str());
            if literal.is_some_and(|text| {
                text.len() > 1 && !matches!(text, "string" | "undefined" | "object" | "function" | "number")
            }) {
                self.compared(taint);
            }
        }
        let result = match op {
            BinaryOp::Add => self.add(left, right),
            BinaryOp::StrictEqual | BinaryOp::LooseEqual => self.equals(left, right, op == BinaryOp::LooseEqual),
            BinaryOp::StrictNotEqual | BinaryOp::LooseNotEqual => {
                self.equals(left, right, op == BinaryOp::LooseNotEqual).map(|equal| match equal.kind {
                    Kind::Bool(truth) => Value::bool(!truth),
                    _ => equal,
                })
            }
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
                compare(op, left, right)
            }
            BinaryOp::In => self.contains_key(left, right),
            BinaryOp::Instanceof => None,
            _ => arithmetic(op, left, right).map(Value::number),
        };
        match result {
            // A comparison's outcome carries no data.
            Some(value) if matches!(value.kind, Kind::Bool(_)) => value,
            Some(value) => value.tainted(taint),
            None if matches!(op, BinaryOp::Add) => self.unknown(self.deep_taint(left).or(self.deep_taint(right))),
            None => self.unknown(taint),
        }
    }

    fn binary_alternatives(&mut self, op: BinaryOp, left: &Value, right: &Value) -> Value {
        let mut result: Option<Value> = None;
        for a in left.alternatives() {
            for b in right.alternatives() {
                let value = self.binary(op, a, b);
                result = Some(match result {
                    Some(earlier) => join(&earlier, &value),
                    None => super::property::perhaps(value),
                });
            }
        }
        self.doubt();
        result.unwrap_or(Value::UNKNOWN).tainted(left.taint.or(right.taint))
    }

    fn add(&mut self, left: &Value, right: &Value) -> Option<Value> {
        let is_text = |interp: &Self, value: &Value| match &value.kind {
            Kind::Str(_) | Kind::Regex(_) | Kind::Bytes(_) => true,
            Kind::Object(id) => !matches!(interp.object(*id).class, Class::Instance { .. }),
            _ => false,
        };
        if is_text(self, left) || is_text(self, right) {
            return Some(self.concat(&[left.clone(), right.clone()]));
        }
        match (left.to_number(), right.to_number()) {
            (Some(a), Some(b)) => Some(Value::number(a + b)),
            _ => None,
        }
    }

    /// Joins values as strings; what is not known becomes a [`HOLE`].
    pub(crate) fn concat(&mut self, parts: &[Value]) -> Value {
        let mut text = String::new();
        let mut taint = crate::value::Taint::NONE;
        for part in parts {
            taint = taint.or(self.deep_taint(part));
            match self.to_text(part) {
                Some(piece) if self.burn_bytes(piece.len() + text.len() / 8) => text.push_str(&piece),
                Some(_) => return self.unknown(taint),
                None => {
                    self.doubt();
                    if !text.ends_with(HOLE) {
                        text.push(HOLE);
                    }
                }
            }
        }
        if text.chars().all(|c| c == HOLE) && !text.is_empty() {
            return self.unknown(taint);
        }
        Value::new(Kind::Str(Rc::from(text))).tainted(taint)
    }

    /// ECMAScript `ToString`, where it is known; may hold [`HOLE`]s.
    pub(crate) fn to_text(&self, value: &Value) -> Option<Rc<str>> {
        match &value.kind {
            Kind::Str(text) => Some(text.clone()),
            Kind::Number(number) => Some(Rc::from(number_to_string(*number))),
            Kind::Bool(truth) => Some(Rc::from(if *truth { "true" } else { "false" })),
            Kind::Null => Some(Rc::from("null")),
            Kind::Undefined => Some(Rc::from("undefined")),
            Kind::Bytes(bytes) => Some(Rc::from(String::from_utf8_lossy(bytes))),
            Kind::Regex(regex) => Some(Rc::from(format!("/{}/{}", regex.0, regex.1))),
            Kind::Object(id) => match &self.object(*id).class {
                Class::Array(items) if items.len() < 65_536 => {
                    let mut text = String::new();
                    for (index, item) in items.iter().enumerate() {
                        if index > 0 {
                            text.push(',');
                        }
                        match &item.kind {
                            Kind::Undefined | Kind::Null => {}
                            // Nested arrays are rare, self-containing ones would not end.
                            Kind::Object(inner) if inner == id => return None,
                            Kind::Object(_) => text.push(HOLE),
                            _ => match self.to_text(item) {
                                Some(piece) if text.len() + piece.len() < crate::value::MAX_TEXT => {
                                    text.push_str(&piece)
                                }
                                _ => text.push(HOLE),
                            },
                        }
                    }
                    Some(Rc::from(text))
                }
                Class::Closure { unit, function, .. } => self.function_text(*unit, *function),
                Class::Plain if self.object(*id).props.get("toString").is_none() => Some(Rc::from("[object Object]")),
                _ => None,
            },
            Kind::Unknown | Kind::Api(_) | Kind::OneOf(_) => None,
        }
    }

    /// A function as it is written, which is what its `toString` gives; who uses the text pays for it.
    fn function_text(&self, unit: UnitId, function: FunctionId) -> Option<Rc<str>> {
        const LONGEST: usize = 64 << 10;
        let unit = self.unit(unit);
        let span = unit.module.function(function).span;
        let source = unit.source.as_ref().or(self.package.files[unit.file].source.as_ref())?;
        let text = source.get(span.start as usize..span.end as usize)?;
        (text.len() <= LONGEST && text.len() as u64 <= self.fuel.bytes).then(|| Rc::from(text))
    }

    fn equals(&self, left: &Value, right: &Value, loose: bool) -> Option<Value> {
        let open = |value: &Value| match &value.kind {
            Kind::Unknown | Kind::Api(_) | Kind::OneOf(_) => true,
            Kind::Str(_) => value.exact_str().is_none(),
            // `response.statusCode`: whatever a built-in keeps there.
            Kind::Object(id) => match &self.object(*id).class {
                Class::Method { receiver, .. } => match &receiver.kind {
                    Kind::Object(id) => matches!(self.object(*id).class, Class::Instance { .. }),
                    Kind::Api(_) => true,
                    _ => false,
                },
                _ => false,
            },
            _ => false,
        };
        if open(left) || open(right) {
            return None;
        }
        if left.same(right) {
            return Some(Value::bool(!matches!(left.kind, Kind::Number(number) if number.is_nan())));
        }
        if loose {
            if let (Some(true), Some(true)) = (left.is_nullish(), right.is_nullish()) {
                return Some(Value::bool(true));
            }
            if left.is_nullish() == Some(false)
                && right.is_nullish() == Some(false)
                && let (Some(a), Some(b)) = (left.to_number(), right.to_number())
                && !(matches!(left.kind, Kind::Str(_)) && matches!(right.kind, Kind::Str(_)))
            {
                return Some(Value::bool(a == b));
            }
        }
        Some(Value::bool(false))
    }

    fn contains_key(&mut self, key: &Value, object: &Value) -> Option<Value> {
        let name = self.property_name(key)?;
        match &object.kind {
            Kind::Object(id) if !self.object(*id).open => {
                let has = self.object(*id).props.get(&name).is_some();
                (has || matches!(self.object(*id).class, Class::Plain)).then(|| Value::bool(has))
            }
            _ => None,
        }
    }

    pub(crate) fn unary(&mut self, op: UnaryOp, value: &Value) -> Value {
        let result = match op {
            UnaryOp::Not => value.truth().map(|truth| Value::bool(!truth)),
            UnaryOp::Void => Some(Value::UNDEFINED),
            UnaryOp::Minus => self.number_of(value).map(|number| Value::number(-number)),
            UnaryOp::Plus => self.number_of(value).map(Value::number),
            UnaryOp::BitNot => self.number_of(value).map(|number| Value::number(f64::from(!to_int32(number)))),
            UnaryOp::Typeof => self.type_of(value),
            UnaryOp::Delete => Some(Value::bool(true)),
        };
        match result {
            Some(value) => value,
            None => self.unknown(value.taint),
        }
    }

    /// `ToNumber`, arrays included (`+[]` is 0, as obfuscators write it).
    pub(crate) fn number_of(&self, value: &Value) -> Option<f64> {
        match &value.kind {
            Kind::Object(id) => match &self.object(*id).class {
                Class::Array(items) if items.is_empty() => Some(0.0),
                Class::Array(items) if items.len() == 1 => self.number_of(&items[0]),
                Class::Array(_) | Class::Plain => Some(f64::NAN),
                _ => None,
            },
            _ => value.to_number(),
        }
    }

    fn type_of(&self, value: &Value) -> Option<Value> {
        let name = match &value.kind {
            Kind::Undefined => "undefined",
            Kind::Null | Kind::Bytes(_) | Kind::Regex(_) => "object",
            Kind::Bool(_) => "boolean",
            Kind::Number(_) => "number",
            Kind::Str(text) if text.starts_with("@@") => "symbol",
            Kind::Str(_) => "string",
            Kind::Api(api) if self.apis.is_language(*api) => match self.apis.is_function(*api) {
                true => "function",
                false => "object",
            },
            Kind::Object(_) if self.is_callable(value) => "function",
            Kind::Object(id) if !matches!(self.object(*id).class, Class::Instance { .. }) => "object",
            _ => return None,
        };
        Some(Value::str(name))
    }
}

/// ECMAScript `ToInt32`.
pub(crate) fn to_int32(number: f64) -> i32 {
    if !number.is_finite() {
        return 0;
    }
    let modulo = number.trunc().rem_euclid(4_294_967_296.0);
    (modulo as u64 as u32) as i32
}

fn arithmetic(op: BinaryOp, left: &Value, right: &Value) -> Option<f64> {
    let (a, b) = (left.to_number()?, right.to_number()?);
    let (x, y) = (to_int32(a), to_int32(b));
    Some(match op {
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Rem => a % b,
        BinaryOp::Pow => a.powf(b),
        BinaryOp::BitAnd => f64::from(x & y),
        BinaryOp::BitOr => f64::from(x | y),
        BinaryOp::BitXor => f64::from(x ^ y),
        BinaryOp::Shl => f64::from(x.wrapping_shl(y as u32 & 31)),
        BinaryOp::Shr => f64::from(x.wrapping_shr(y as u32 & 31)),
        BinaryOp::UShr => f64::from((x as u32).wrapping_shr(y as u32 & 31)),
        _ => return None,
    })
}

fn compare(op: BinaryOp, left: &Value, right: &Value) -> Option<Value> {
    let decide = |ordering: Option<std::cmp::Ordering>| {
        let Some(ordering) = ordering else { return false };
        match op {
            BinaryOp::Less => ordering.is_lt(),
            BinaryOp::LessEqual => ordering.is_le(),
            BinaryOp::Greater => ordering.is_gt(),
            _ => ordering.is_ge(),
        }
    };
    if let (Some(a), Some(b)) = (left.exact_str(), right.exact_str()) {
        return Some(Value::bool(decide(Some(a.cmp(b)))));
    }
    let (a, b) = (left.to_number()?, right.to_number()?);
    Some(Value::bool(decide(a.partial_cmp(&b))))
}
