//! Functions of the global namespaces: `Object`, `Array`, `String`, `Number`, `Math`, `JSON`.

use crate::apis::{Call, Handler};
use crate::builtins::{json, string};
use crate::interp::Interp;
use crate::value::{Class, Kind, Slot, Taint, Value};

pub(super) fn register(add: &mut dyn FnMut(&'static str, &'static [&'static str], Handler)) {
    add("", &["parseInt", "parseFloat", "Number", "Boolean", "isNaN"], convert);
    add("Number", &["parseInt", "parseFloat", "isInteger", "isNaN"], convert);
    add("", &["String"], |interp, call| match interp.to_text(&call.arg(0)) {
        Some(text) => Value::str(text).tainted(interp.deep_taint(&call.arg(0))),
        None => {
            let taint = interp.deep_taint(&call.arg(0));
            interp.unknown(taint)
        }
    });
    add("String", &["fromCharCode"], |interp, call| from_codes(interp, call, false));
    add("String", &["fromCodePoint"], |interp, call| from_codes(interp, call, true));
    add("String", &["raw"], |_, call| call.arg(0));
    add("JSON", &["parse"], |interp, call| {
        let value = call.arg(0);
        let taint = interp.deep_taint(&value);
        let text = match &value.kind {
            Kind::Bytes(_) => interp.to_text(&value).map(|text| text.to_string()),
            _ => value.exact_str().map(str::to_owned),
        };
        match text.and_then(|text| json::parse(interp, &text)) {
            Some(parsed) => parsed.tainted(taint),
            None => interp.unknown(taint),
        }
    });
    add("JSON", &["stringify"], |interp, call| json::stringify(interp, &call.arg(0)));
    register_objects(add);
    add("", &["Array"], |interp, call| match call.args.as_slice() {
        [Value { kind: Kind::Number(size), .. }] if (0.0..=65_536.0).contains(size) => {
            let items = vec![Value::UNDEFINED; *size as usize];
            interp.array(items)
        }
        _ => interp.array(call.args.clone()),
    });
    add("Array", &["of"], |interp, call| interp.array(call.args.clone()));
    add("Array", &["isArray"], |interp, call| match &call.arg(0).kind {
        Kind::Object(id) => Value::bool(matches!(interp.object(*id).class, Class::Array(_))),
        Kind::Unknown | Kind::OneOf(_) | Kind::Api(_) => interp.unknown(Taint::NONE),
        _ => Value::bool(false),
    });
    add("Array", &["from"], array_from);
    add("Math", &["floor", "ceil", "round", "abs", "trunc", "sqrt", "sign"], math);
    add("Math", &["max", "min", "pow", "imul"], math_of_two);
    add("", &["RegExp"], |interp, call| match (interp.to_text(&call.arg(0)), call.arg(1).exact_str()) {
        (Some(pattern), flags) => {
            Value::new(Kind::Regex(std::rc::Rc::new((pattern.to_string(), flags.unwrap_or_default().to_owned()))))
        }
        _ => interp.unknown(Taint::NONE),
    });
}

fn register_objects(add: &mut dyn FnMut(&'static str, &'static [&'static str], Handler)) {
    add("", &["Object"], |interp, call| match call.arg(0).kind {
        Kind::Undefined | Kind::Null => Value::object(interp.alloc(Class::Plain)),
        _ => call.arg(0),
    });
    add("Object", &["keys", "getOwnPropertyNames"], |interp, call| match interp.keys_of(&call.arg(0)) {
        Some(keys) => {
            let keys = keys.into_iter().map(Value::str).collect();
            interp.array(keys)
        }
        None => {
            let taint = interp.deep_taint(&call.arg(0));
            interp.unknown(taint)
        }
    });
    add("Object", &["values", "entries"], |interp, call| {
        let object = call.arg(0);
        let taint = interp.deep_taint(&object);
        let Some(keys) = interp.keys_of(&object) else { return interp.unknown(taint) };
        let pairs = interp.apis.name(call.api) == "entries";
        let mut items = Vec::with_capacity(keys.len());
        for key in keys {
            let value = interp.get_property(&object, &key);
            items.push(if pairs { interp.array(vec![Value::str(&key), value]) } else { value });
        }
        interp.array(items)
    });
    add("Object", &["assign"], |interp, call| {
        // A parameter that has a default is that object or another.
        for target in call.arg(0).alternatives() {
            for source in call.args.iter().skip(1) {
                interp.copy_properties(source, target);
            }
        }
        call.arg(0)
    });
    add("Object", &["freeze", "seal", "preventExtensions"], |_, call| call.arg(0));
    for namespace in ["Object", "Reflect"] {
        add(namespace, &["getPrototypeOf"], prototype_of);
        add(namespace, &["setPrototypeOf"], |interp, call| {
            if let (Kind::Object(id), Kind::Object(prototype)) = (call.arg(0).kind, call.arg(1).kind) {
                interp.object_mut(id).prototype = Some(prototype);
            }
            call.arg(0)
        });
    }
    add("Object", &["create"], |interp, call| {
        let made = Value::object(interp.alloc(Class::Plain));
        if let (Kind::Object(id), Kind::Object(prototype)) = (&made.kind, call.arg(0).kind) {
            interp.object_mut(*id).prototype = Some(prototype);
        }
        define_all(interp, &made, &call.arg(1));
        made
    });
    add("Object", &["defineProperties"], |interp, call| {
        define_all(interp, &call.arg(0), &call.arg(1));
        call.arg(0)
    });
    add("Object", &["defineProperty"], define_property);
    add("Reflect", &["defineProperty"], define_property);
    add("Object", &["fromEntries"], |interp, call| {
        let id = interp.alloc(Class::Plain);
        for pair in interp.elements(&call.arg(0)).unwrap_or_default() {
            if let Some([key, value]) = interp.elements(&pair).as_deref()
                && let Some(name) = interp.property_name(key)
            {
                interp.set_property(&Value::object(id), &name, value.clone());
            }
        }
        let taint = interp.deep_taint(&call.arg(0));
        interp.object_mut(id).taint = taint;
        Value::object(id)
    });
}

/// What an object inherits from. Of functions and built-ins themselves: their way to a constructor is the same.
fn prototype_of(interp: &mut Interp<'_>, call: &Call) -> Value {
    let value = call.arg(0);
    let Kind::Object(id) = value.kind else { return value };
    let object = interp.object(id);
    match (&object.class, object.prototype) {
        (Class::Constructor { superclass, .. }, _) if !matches!(superclass.kind, Kind::Undefined) => {
            (**superclass).clone()
        }
        (_, Some(prototype)) => Value::object(prototype),
        _ => value,
    }
}

fn define_property(interp: &mut Interp<'_>, call: &Call) -> Value {
    let target = call.arg(0);
    match interp.property_name(&call.arg(1)) {
        Some(name) => define(interp, target, &name, &call.arg(2)),
        None => target,
    }
}

fn define_all(interp: &mut Interp<'_>, target: &Value, descriptors: &Value) {
    if !matches!(descriptors.kind, Kind::Object(_)) {
        return;
    }
    for name in interp.keys_of(descriptors).unwrap_or_default() {
        let descriptor = interp.get_property(descriptors, &name);
        define(interp, target.clone(), &name, &descriptor);
    }
}

/// Babel and TypeScript define exports by getters: they are read through.
fn define(interp: &mut Interp<'_>, target: Value, name: &str, descriptor: &Value) -> Value {
    if let Some(getter) = interp.option(descriptor, "get") {
        if let Kind::Object(id) = target.kind {
            interp.object_mut(id).props.set(name.into(), Slot::Getter(getter));
        } else {
            interp.replace_getter(&target, name, &getter);
        }
    } else if let Some(value) = interp.option(descriptor, "value") {
        if let Kind::Api(api) = target.kind {
            interp.effect_hook(api, name, &value);
        }
        interp.set_property(&target, name, value);
    }
    target
}

fn convert(interp: &mut Interp<'_>, call: &Call) -> Value {
    let value = call.arg(0);
    let name = interp.apis.name(call.api);
    let result = match name {
        "Boolean" => value.truth().map(Value::bool),
        "parseInt" => interp
            .to_text(&value)
            .filter(|text| !text.contains(crate::value::HOLE))
            .map(|text| parse_int(&text, call.arg(1).to_number())),
        "parseFloat" => value
            .exact_str()
            .map(|text| Value::number(parse_float(text)))
            .or_else(|| value.to_number().map(Value::number)),
        "isNaN" => interp.number_of(&value).map(|number| Value::bool(number.is_nan())),
        "isInteger" => value.to_number().map(|number| Value::bool(number.fract() == 0.0)),
        _ => interp.number_of(&value).map(Value::number),
    };
    match result {
        Some(result) => result.tainted(value.taint),
        None => {
            let taint = interp.deep_taint(&value);
            interp.unknown(taint)
        }
    }
}

/// ECMAScript `parseInt`.
fn parse_int(text: &str, radix: Option<f64>) -> Value {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut radix = radix.filter(|radix| radix.is_finite()).map_or(0, |radix| radix as u32);
    let mut digits = digits;
    if (radix == 0 || radix == 16)
        && let Some(rest) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"))
    {
        digits = rest;
        radix = 16;
    }
    if radix == 0 {
        radix = 10;
    }
    if !(2..=36).contains(&radix) {
        return Value::number(f64::NAN);
    }
    let mut number = 0.0;
    let mut any = false;
    for digit in digits.chars().map_while(|c| c.to_digit(radix)) {
        number = number * f64::from(radix) + f64::from(digit);
        any = true;
    }
    Value::number(if !any {
        f64::NAN
    } else if negative {
        -number
    } else {
        number
    })
}

fn parse_float(text: &str) -> f64 {
    let text = text.trim_start();
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E'))).unwrap_or(text.len());
    (0..=end).rev().find_map(|end| text[..end].parse::<f64>().ok()).unwrap_or(f64::NAN)
}

fn from_codes(interp: &mut Interp<'_>, call: &Call, points: bool) -> Value {
    match string::from_char_codes(interp, &call.args, points) {
        Some(text) => text,
        None => {
            let taint = call.args.iter().fold(Taint::DECODED, |taint, arg| taint.or(interp.deep_taint(arg)));
            interp.unknown(taint)
        }
    }
}

fn array_from(interp: &mut Interp<'_>, call: &Call) -> Value {
    let source = call.arg(0);
    let items = match interp.iterate(&source) {
        Some(items) => Some(items),
        None => interp
            .option(&source, "length")
            .and_then(|length| length.to_number())
            .filter(|length| (0.0..=65_536.0).contains(length))
            .map(|length| vec![Value::UNDEFINED; length as usize]),
    };
    let taint = interp.deep_taint(&source);
    let Some(items) = items else {
        interp.invoke_callbacks(&call.args[call.args.len().min(1)..], taint);
        return interp.unknown(taint);
    };
    let callback = call.arg(1);
    if !interp.is_callable(&callback) {
        return interp.array(items);
    }
    let mapped = items
        .into_iter()
        .take(4096)
        .enumerate()
        .map(|(index, item)| interp.call_value(&callback, Value::UNDEFINED, vec![item, Value::number(index as f64)]))
        .collect();
    interp.array(mapped)
}

fn math(interp: &mut Interp<'_>, call: &Call) -> Value {
    let value = call.arg(0);
    let Some(number) = value.to_number() else { return interp.unknown(value.taint) };
    let result = match interp.apis.name(call.api) {
        "floor" => number.floor(),
        "ceil" => number.ceil(),
        "round" => (number + 0.5).floor(),
        "abs" => number.abs(),
        "trunc" => number.trunc(),
        "sqrt" => number.sqrt(),
        _ if number == 0.0 || number.is_nan() => number,
        _ => number.signum(),
    };
    Value::number(result).tainted(value.taint)
}

fn math_of_two(interp: &mut Interp<'_>, call: &Call) -> Value {
    let taint = call.args.iter().fold(Taint::NONE, |taint, arg| taint.or(arg.taint));
    let Some(numbers) = call.args.iter().map(Value::to_number).collect::<Option<Vec<f64>>>() else {
        return interp.unknown(taint);
    };
    let result = match (interp.apis.name(call.api), numbers.as_slice()) {
        ("max", numbers) => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ("min", numbers) => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        ("pow", &[base, exponent, ..]) => base.powf(exponent),
        ("imul", &[a, b, ..]) => f64::from(crate::interp::to_int32(a).wrapping_mul(crate::interp::to_int32(b))),
        _ => f64::NAN,
    };
    Value::number(result).tainted(taint)
}
