//! Built-in functions over anything that can be iterated.

use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Class, Kind, MAX_ELEMENTS, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    sequences(apis);
    endless(apis);
    functions(apis);
    reductions(apis);
    apis.add_python_function("dict", dict);
}

fn sequences(apis: &mut Apis) {
    for name in ["list", "tuple", "set", "frozenset", "iter", "sorted"] {
        apis.add_python_function(name, |interp, call| match call.args.first() {
            None => interp.array(Vec::new()),
            Some(value) => match interp.iterate_python(value) {
                Some(items) => {
                    let taint = value.taint;
                    interp.array(items).tainted(taint)
                }
                None => {
                    let taint = interp.surrendered(value);
                    interp.unknown(taint)
                }
            },
        });
    }
    apis.add_python_function("reversed", |interp, call| match interp.iterate_python(&call.arg(0)) {
        Some(mut items) => {
            items.reverse();
            interp.array(items).tainted(call.arg(0).taint)
        }
        None => interp.unknown(call.arg(0).taint),
    });
    for name in ["range", "xrange"] {
        apis.add_python_function(name, range);
    }
    apis.add_python_function("enumerate", |interp, call| match interp.iterate_python(&call.arg(0)) {
        Some(items) => {
            let start = call.get(interp, 1, "start").and_then(|start| start.to_number()).unwrap_or(0.0);
            let pairs: Vec<Value> = items
                .into_iter()
                .enumerate()
                .map(|(at, item)| interp.array(vec![Value::number(start + at as f64), item]))
                .collect();
            interp.array(pairs)
        }
        None => interp.unknown(call.arg(0).taint),
    });
    for name in ["zip", "zip_longest"] {
        apis.add_python_function(name, |interp, call| {
            let columns: Option<Vec<(Vec<Value>, bool)>> = call.args.iter().map(|arg| column(interp, arg)).collect();
            let Some(columns) = columns else {
                let taint = call.surrendered(interp);
                return interp.unknown(taint);
            };
            let finite = columns.iter().filter(|(_, is_endless)| !is_endless).map(|(items, _)| items.len());
            let is_longest = interp.apis.name(call.api) == "zip_longest";
            let rows = if is_longest { finite.max() } else { finite.min() }.unwrap_or(0);
            let fill = call.keyword(interp, "fillvalue").unwrap_or(Value::new(Kind::Null));
            let cell = |(items, is_endless): &(Vec<Value>, bool), row: usize| match is_endless {
                true => items.get(row % items.len().max(1)).cloned(),
                false => items.get(row).cloned().or_else(|| is_longest.then(|| fill.clone())),
            };
            let rows: Vec<Value> = (0..rows)
                .map(|row| interp.array(columns.iter().filter_map(|column| cell(column, row)).collect()))
                .collect();
            interp.array(rows)
        });
    }
}

/// The items of one argument of `zip`, and whether they begin anew at their end: `itertools.cycle`.
fn column(interp: &mut Interp<'_>, value: &Value) -> Option<(Vec<Value>, bool)> {
    if let Kind::Object(id) = value.kind
        && let Class::Instance { api, .. } = interp.object(id).class
        && interp.apis.path(api) == "itertools.cycle"
    {
        let items = interp.get_property(value, "items");
        return interp.iterate_python(&items).map(|items| (items, true));
    }
    interp.iterate_python(value).map(|items| (items, false))
}

/// `itertools`
fn endless(apis: &mut Apis) {
    let itertools = apis.add_python_module(&["itertools"]);
    if let Some(zip) = apis.python_global("zip_longest") {
        apis.alias(itertools, "zip_longest", zip);
    }
    apis.add_functions(itertools, &["cycle"], |interp, call| {
        let taint = interp.deep_taint(&call.arg(0));
        let cycle = interp.instance(call.api, None, taint);
        interp.set_property(&cycle, "items", call.arg(0));
        cycle
    });
    apis.add_functions(itertools, &["chain"], |interp, call| {
        let parts: Option<Vec<Vec<Value>>> = call.args.iter().map(|arg| interp.iterate_python(arg)).collect();
        match parts.map(|parts| parts.concat()).filter(|items| items.len() <= MAX_ELEMENTS) {
            Some(items) => interp.array(items),
            None => {
                let taint = call.surrendered(interp);
                interp.unknown(taint)
            }
        }
    });
}

/// What calls a function for every item.
fn functions(apis: &mut Apis) {
    apis.add_python_function("map", |interp, call| {
        let (function, items) = (call.arg(0), interp.iterate_python(&call.arg(1)));
        match items {
            Some(items) => {
                let mapped = items.into_iter().map(|item| interp.call_value(&function, Value::UNDEFINED, vec![item]));
                let mapped: Vec<Value> = mapped.collect();
                interp.array(mapped)
            }
            None => {
                let taint = interp.deep_taint(&call.arg(1));
                let unknown = Value::unknown(taint);
                let result = interp.call_value(&function, Value::UNDEFINED, vec![unknown]);
                interp.unknown(result.taint.or(taint))
            }
        }
    });
    apis.add_python_function("filter", |interp, call| {
        let (function, items) = (call.arg(0), interp.iterate_python(&call.arg(1)));
        let Some(items) = items else { return interp.unknown(call.arg(1).taint) };
        let mut kept = Vec::new();
        for item in items {
            let test = match function.kind {
                Kind::Null => item.clone(),
                _ => interp.call_value(&function, Value::UNDEFINED, vec![item.clone()]),
            };
            if test.truth() != Some(false) {
                kept.push(item);
            }
        }
        interp.array(kept)
    });
}

/// What makes one value of many.
fn reductions(apis: &mut Apis) {
    apis.add_python_function("len", |interp, call| {
        let value = call.arg(0);
        let length = match &value.kind {
            Kind::Str(text) if !crate::value::has_hole(text) => Some(text.chars().count()),
            Kind::Bytes(bytes) => Some(bytes.len()),
            Kind::Object(id) => match &interp.object(*id).class {
                Class::Array(items) if !interp.object(*id).open => Some(items.len()),
                Class::Plain if !interp.object(*id).open => Some(interp.object(*id).props.entries.len()),
                _ => None,
            },
            _ => None,
        };
        length.map_or_else(|| interp.unknown(Taint::NONE), |length| Value::number(length as f64))
    });
    apis.add_python_function("sum", |interp, call| {
        let items = interp.iterate_python(&call.arg(0));
        let total: Option<f64> = items.and_then(|items| items.iter().map(Value::to_number).sum());
        total.map_or_else(|| interp.unknown(Taint::NONE), Value::number)
    });
    for name in ["min", "max"] {
        apis.add_python_function(name, |interp, call| {
            let items =
                if call.args.len() == 1 { interp.iterate_python(&call.arg(0)) } else { Some(call.args.clone()) };
            let numbers: Option<Vec<f64>> = items.and_then(|items| items.iter().map(Value::to_number).collect());
            let is_min = interp.apis.name(call.api) == "min";
            let best =
                numbers.and_then(|numbers| numbers.into_iter().reduce(|a, b| if is_min { a.min(b) } else { a.max(b) }));
            best.map_or_else(|| interp.unknown(Taint::NONE), Value::number)
        });
    }
    apis.add_python_function("next", |interp, call| match interp.iterate_python(&call.arg(0)) {
        Some(items) => items.into_iter().next().unwrap_or(Value::UNKNOWN),
        None => interp.unknown(call.arg(0).taint),
    });
}

fn dict(interp: &mut Interp<'_>, call: &Call) -> Value {
    let target = Value::object(interp.alloc(Class::Plain));
    if let Some(source) = call.args.first() {
        let source = interp.opened(source.clone());
        match interp.iterate(&source) {
            Some(pairs) => {
                for pair in pairs {
                    let Some(items) = interp.elements(&pair) else { continue };
                    if let [key, value] = items.as_slice()
                        && let Some(name) = interp.property_name(key)
                    {
                        interp.set_property(&target, &name, value.clone());
                    }
                }
            }
            None if source.is_unknown() => return source,
            None => interp.copy_properties(&source, &target),
        }
    }
    if let Some(keywords) = call.keywords {
        interp.copy_properties(&Value::object(keywords), &target);
    }
    target
}

fn range(interp: &mut Interp<'_>, call: &Call) -> Value {
    let numbers: Option<Vec<f64>> = call.args.iter().map(Value::to_number).collect();
    let (start, end, step) = match numbers.as_deref() {
        Some([end]) => (0.0, *end, 1.0),
        Some([start, end]) => (*start, *end, 1.0),
        Some([start, end, step]) if *step != 0.0 => (*start, *end, *step),
        _ => return interp.unknown(Taint::NONE),
    };
    let count = ((end - start) / step).ceil().max(0.0);
    if count > MAX_ELEMENTS as f64 || !interp.burn(count as u64) {
        return interp.unknown(Taint::NONE);
    }
    let items = (0..count as u64).map(|at| Value::number(start + at as f64 * step)).collect();
    interp.array(items)
}
