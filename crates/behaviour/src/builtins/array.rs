//! Methods of arrays.

use crate::interp::Interp;
use crate::value::{Class, HOLE, Kind, MAX_ELEMENTS, ObjectId, Slot, Taint, Value, join};

/// How far an iterator has gone.
const CURSOR: &str = "@@cursor";

/// Most elements over which a callback runs one by one.
const MAX_CALLBACKS: usize = 4096;

pub(super) fn method(interp: &mut Interp<'_>, id: ObjectId, name: &str, args: &[Value]) -> Option<Value> {
    let object = interp.object(id);
    let taint = object.taint;
    let certain = interp.uncertain <= object.depth && !object.open;
    if matches!(name, "push" | "unshift" | "pop" | "shift" | "splice" | "reverse" | "sort" | "fill") {
        return mutate(interp, id, name, args, certain);
    }
    match name {
        "next" => return next(interp, id),
        "return" | "throw" => return Some(Value::UNDEFINED),
        "@@iterator" | "@@asyncIterator" if interp.is_iterated(id) => return Some(Value::object(id)),
        "@@iterator" | "@@asyncIterator" | "values" => return iterator(interp, id),
        _ => {}
    }
    let Class::Array(items) = &object.class else { return None };
    // Copying is paid for, so that a loop over a long array stays linear in fuel.
    let length = items.len();
    let known = (!object.open).then(|| items.clone());
    interp.burn(length as u64 / 4);
    match name {
        "forEach" | "map" | "filter" | "some" | "every" | "find" | "findIndex" | "flatMap" | "findLast" => {
            each(interp, name, args, known, taint)
        }
        "reduce" | "reduceRight" => Some(reduce(interp, name == "reduceRight", args, known, taint)),
        _ => {
            let items = known?;
            read(interp, name, args, items, taint)
        }
    }
}

fn join_items(interp: &mut Interp<'_>, separator: &Value, items: &[Value], taint: Taint) -> Option<Value> {
    let separator = match separator.kind {
        Kind::Undefined => Value::str(","),
        _ => separator.clone(),
    };
    let mut parts = Vec::with_capacity(items.len() * 2);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            parts.push(separator.clone());
        }
        match item.kind {
            Kind::Undefined | Kind::Null => {}
            Kind::Unknown => parts.push(Value::str(HOLE.to_string()).tainted(item.taint)),
            _ => parts.push(item.clone()),
        }
    }
    if !interp.burn(items.len() as u64) {
        return None;
    }
    // Many alternatives in one join are seldom meant.
    let joined = match parts.iter().filter(|part| matches!(part.kind, Kind::OneOf(_))).count() {
        0..=2 => interp.concat_alternatives(&parts),
        _ => interp.concat(&parts),
    };
    Some(joined.tainted(taint))
}

fn read(interp: &mut Interp<'_>, name: &str, args: &[Value], items: Vec<Value>, taint: Taint) -> Option<Value> {
    let arg = |index: usize| args.get(index).cloned().unwrap_or(Value::UNDEFINED);
    Some(match name {
        "join" | "toString" => join_items(interp, &arg(0), &items, taint)?,
        "slice" => {
            let length = items.len() as f64;
            let bound = |value: Value, default: f64| match value.kind {
                Kind::Undefined => Some(default),
                _ => value.to_number().map(|n| if n < 0.0 { (n + length).max(0.0) } else { n.min(length) }),
            };
            let (from, to) = (bound(arg(0), 0.0)? as usize, bound(arg(1), length)? as usize);
            interp.array(items.get(from..to.max(from)).unwrap_or_default().to_vec())
        }
        "concat" => {
            let mut all = items;
            for arg in args {
                match interp.elements(arg) {
                    Some(more) => all.extend(more),
                    None => all.push(arg.clone()),
                }
                if all.len() > MAX_ELEMENTS {
                    return None;
                }
            }
            interp.array(all)
        }
        "indexOf" | "includes" | "lastIndexOf" => {
            let wanted = arg(0);
            if items.iter().chain([&wanted]).any(|item| matches!(item.kind, Kind::Unknown | Kind::OneOf(_))) {
                return None;
            }
            let found = match name {
                "lastIndexOf" => items.iter().rposition(|item| item.same(&wanted)),
                _ => items.iter().position(|item| item.same(&wanted)),
            };
            match name {
                "includes" => Value::bool(found.is_some()),
                _ => Value::number(found.map_or(-1.0, |at| at as f64)),
            }
        }
        "at" => {
            let index = arg(0).to_number()?;
            let index = if index < 0.0 { index + items.len() as f64 } else { index };
            items.get(index as usize).cloned().unwrap_or(Value::UNDEFINED)
        }
        "flat" => {
            let mut all = Vec::new();
            for item in &items {
                match interp.elements(item) {
                    Some(inner) => all.extend(inner),
                    None => all.push(item.clone()),
                }
            }
            (all.len() <= MAX_ELEMENTS).then_some(())?;
            interp.array(all)
        }
        "keys" => {
            let keys = (0..items.len()).map(|index| Value::number(index as f64)).collect();
            interp.array(keys)
        }
        "entries" => {
            let pairs = items
                .into_iter()
                .enumerate()
                .map(|(index, item)| interp.array(vec![Value::number(index as f64), item]))
                .collect();
            interp.array(pairs)
        }
        _ => return None,
    })
}

/// An iterator over the items as they are now: an array that knows how far it was gone over.
fn iterator(interp: &mut Interp<'_>, id: ObjectId) -> Option<Value> {
    let items = interp.elements(&Value::object(id))?;
    interp.burn(items.len() as u64 / 4);
    let iterator = interp.array(items);
    interp.set_property(&iterator, CURSOR, Value::number(0.0));
    Some(iterator)
}

/// The next item of an iterator, or what a generator gives who drives it.
fn next(interp: &mut Interp<'_>, id: ObjectId) -> Option<Value> {
    if let Some(Slot::Value(cursor)) = interp.object(id).props.get(CURSOR) {
        let at = cursor.to_number()? as usize;
        let Class::Array(items) = &interp.object(id).class else { return None };
        let item = items.get(at).cloned();
        interp.set_property(&Value::object(id), CURSOR, Value::number(at as f64 + 1.0));
        let done = Value::bool(item.is_none());
        return Some(interp.iteration(item.unwrap_or(Value::UNDEFINED), done));
    }
    interp.generator_next(id)
}

fn mutate(interp: &mut Interp<'_>, id: ObjectId, name: &str, args: &[Value], certain: bool) -> Option<Value> {
    let added = interp.deep_taint_of(args);
    let looks_further = interp.looks_further();
    let object = interp.object_mut(id);
    object.taint = object.taint.or(added);
    let (taint, open) = (object.taint, object.open);
    let Class::Array(items) = &mut object.class else { return None };
    if open || items.len() + args.len() > MAX_ELEMENTS {
        object.open = true;
        return Some(interp.unknown(taint));
    }
    if !certain && !matches!(name, "push" | "unshift") {
        // It may have happened: order and length are no longer known.
        object.open = true;
        let any = items.iter().take(8).fold(Value::UNKNOWN, |joined, item| join(&joined, item));
        return Some(any.tainted(taint));
    }
    object.grows |= !certain && looks_further;
    // Worked on outside the heap: comparing and joining need the interpreter.
    let mut items = std::mem::take(items);
    let charge = if matches!(name, "push" | "pop") { 1 } else { 1 + items.len() as u64 / 64 };
    interp.burn(charge);
    let result = change(interp, id, name, args, &mut items);
    let object = interp.object_mut(id);
    object.class = Class::Array(items);
    if result.is_none() {
        object.open = true;
        let callback = args.first().cloned().unwrap_or(Value::UNDEFINED);
        interp.invoke(&callback, taint);
        return Some(Value::object(id));
    }
    result
}

/// Changes the items; `None`: how is not known.
fn change(interp: &mut Interp<'_>, id: ObjectId, name: &str, args: &[Value], items: &mut Vec<Value>) -> Option<Value> {
    let number = |index: usize| args.get(index).and_then(Value::to_number);
    Some(match name {
        "push" => {
            items.extend(args.iter().cloned());
            Value::number(items.len() as f64)
        }
        "unshift" => {
            items.splice(0..0, args.iter().cloned());
            Value::number(items.len() as f64)
        }
        "pop" => items.pop().unwrap_or(Value::UNDEFINED),
        "shift" if items.is_empty() => Value::UNDEFINED,
        "shift" => items.remove(0),
        "reverse" => {
            items.reverse();
            Value::object(id)
        }
        "splice" => {
            let length = items.len() as f64;
            let start = number(0)?;
            let start = if start < 0.0 { (start + length).max(0.0) } else { start.min(length) } as usize;
            let count = number(1).map_or(items.len() - start, |n| (n.max(0.0) as usize).min(items.len() - start));
            let removed: Vec<Value> = items.splice(start..start + count, args.iter().skip(2).cloned()).collect();
            interp.array(removed)
        }
        "sort" if args.is_empty() => {
            let texts: Option<Vec<_>> = items.iter().map(|item| interp.to_text(item)).collect();
            let mut pairs: Vec<_> = texts?.into_iter().zip(std::mem::take(items)).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            *items = pairs.into_iter().map(|(_, item)| item).collect();
            Value::object(id)
        }
        "fill" => {
            let value = args.first().cloned().unwrap_or(Value::UNDEFINED);
            items.iter_mut().for_each(|item| *item = value.clone());
            Value::object(id)
        }
        _ => return None,
    })
}

fn each(interp: &mut Interp<'_>, name: &str, args: &[Value], known: Option<Vec<Value>>, taint: Taint) -> Option<Value> {
    let callback = args.first().cloned().unwrap_or(Value::UNDEFINED);
    let Some(items) = known.filter(|items| items.len() <= MAX_CALLBACKS) else {
        let result = interp.invoke(&callback, taint);
        let result_taint = interp.deep_taint(&result).or(taint);
        return Some(interp.unknown(result_taint));
    };
    let mut results = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let arguments = vec![item.clone(), Value::number(index as f64)];
        results.push(interp.call_value(&callback, Value::UNDEFINED, arguments));
        if interp.fuel.steps == 0 {
            break;
        }
    }
    Some(match name {
        "forEach" => Value::UNDEFINED,
        "map" => interp.array(results),
        "flatMap" => {
            let mut all = Vec::new();
            for result in &results {
                match interp.elements(result) {
                    Some(inner) => all.extend(inner),
                    None => all.push(result.clone()),
                }
            }
            interp.array(all)
        }
        "filter" => match results.iter().map(Value::truth).collect::<Option<Vec<bool>>>() {
            Some(kept) => {
                let items = items.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(item, _)| item).collect();
                interp.array(items)
            }
            None => {
                // Some of them: all are kept, none is certain.
                let array = interp.array(items);
                crate::interp::perhaps(array)
            }
        },
        "some" | "every" => match results.iter().map(Value::truth).collect::<Option<Vec<bool>>>() {
            Some(truths) if name == "some" => Value::bool(truths.contains(&true)),
            Some(truths) => Value::bool(!truths.contains(&false)),
            None => interp.unknown(Taint::NONE),
        },
        _ => match results.iter().position(|result| result.truth() != Some(false)) {
            Some(at) if results[at].truth() == Some(true) => match name {
                "findIndex" => Value::number(at as f64),
                _ => items[at].clone(),
            },
            Some(_) => {
                let any = items.iter().take(8).fold(Value::UNKNOWN, |joined, item| join(&joined, item));
                any.tainted(taint)
            }
            None => Value::UNDEFINED,
        },
    })
}

fn reduce(interp: &mut Interp<'_>, from_right: bool, args: &[Value], known: Option<Vec<Value>>, taint: Taint) -> Value {
    let callback = args.first().cloned().unwrap_or(Value::UNDEFINED);
    let Some(mut items) = known.filter(|items| items.len() <= MAX_CALLBACKS) else {
        let result = interp.invoke(&callback, taint);
        return result.tainted(taint);
    };
    if from_right {
        items.reverse();
    }
    let mut items = items.into_iter();
    let mut value = match args.get(1) {
        Some(initial) => initial.clone(),
        None => items.next().unwrap_or(Value::UNDEFINED),
    };
    for (index, item) in items.enumerate() {
        value = interp.call_value(&callback, Value::UNDEFINED, vec![value, item, Value::number(index as f64)]);
        if interp.fuel.steps == 0 {
            break;
        }
    }
    value
}
