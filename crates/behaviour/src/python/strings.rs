//! Methods of text, and its formatting.

use super::codecs::recode;
use super::conversions::formatted;
use super::{files, text};
use crate::apis::Call;
use crate::interp::Interp;
use crate::value::{HOLE, Kind, MAX_ELEMENTS, Slot, Taint, Value, has_hole};

pub(super) fn known(interp: &mut Interp<'_>, text: String, taint: Taint) -> Value {
    match interp.burn_bytes(text.len()) {
        true => Value::str(text).tainted(taint),
        false => interp.unknown(taint),
    }
}

pub(super) fn text_method(
    interp: &mut Interp<'_>,
    receiver: &Value,
    own: &str,
    name: &str,
    call: &Call,
) -> Option<Value> {
    let taint = receiver.taint;
    let first = call.arg(0);
    let first_text = first.exact_str().map(str::to_owned);
    Some(match name {
        "encode" | "decode" => {
            let encoding = call.encoding(interp, 0);
            recode(interp, receiver, &encoding, name == "decode")
        }
        "join" => match interp.iterate_python(&first) {
            Some(items) => {
                let mut parts = Vec::with_capacity(items.len() * 2);
                for (at, item) in items.into_iter().enumerate() {
                    if at > 0 && !own.is_empty() {
                        parts.push(receiver.clone());
                    }
                    parts.push(item);
                }
                interp.concat_alternatives(&parts)
            }
            None => {
                let taint = taint.or(interp.surrendered(&first));
                interp.unknown(taint)
            }
        },
        "replace" => match (first_text, call.arg(1).exact_str()) {
            (Some(old), Some(new)) if !has_hole(own) || !old.contains(HOLE) => {
                let count = call.get(interp, 2, "count").and_then(|count| count.to_number());
                let grown = own.len().saturating_add(own.len().saturating_mul(new.len()) / old.len().max(1));
                if !interp.burn_bytes(grown.min(64 << 20)) {
                    return Some(interp.unknown(taint));
                }
                let text = match count {
                    Some(count) if count >= 0.0 => own.replacen(&old, new, count as usize),
                    _ => own.replace(&old, new),
                };
                known(interp, text, taint)
            }
            _ => {
                let taint = taint.or(call.surrendered(interp));
                interp.unknown(taint)
            }
        },
        "split" | "rsplit" => return split(interp, receiver, own, name, call),
        "splitlines" => {
            let parts: Vec<Value> = own.lines().map(|part| Value::str(part).tainted(taint)).collect();
            if parts.len() > MAX_ELEMENTS || !interp.burn_bytes(own.len()) {
                return Some(interp.unknown(taint));
            }
            interp.array(parts)
        }
        "strip" | "lstrip" | "rstrip" => {
            let matches = |char: char| match &first_text {
                Some(set) => set.contains(char),
                None => char.is_whitespace(),
            };
            let text = match name {
                "strip" => own.trim_matches(matches),
                "lstrip" => own.trim_start_matches(matches),
                _ => own.trim_end_matches(matches),
            };
            known(interp, text.to_owned(), taint)
        }
        "removeprefix" => known(interp, own.strip_prefix(first_text?.as_str()).unwrap_or(own).to_owned(), taint),
        "removesuffix" => known(interp, own.strip_suffix(first_text?.as_str()).unwrap_or(own).to_owned(), taint),
        "lower" | "casefold" => known(interp, own.to_lowercase(), taint),
        "upper" => known(interp, own.to_uppercase(), taint),
        "swapcase" => known(interp, own.chars().map(swapped).collect(), taint),
        "title" | "capitalize" => known(interp, own.to_owned(), taint),
        _ => return text_query(interp, receiver, own, name, call),
    })
}

/// Questions about a text, and what formats it; methods of `pathlib.Path`, which is its text here.
fn text_query(interp: &mut Interp<'_>, receiver: &Value, own: &str, name: &str, call: &Call) -> Option<Value> {
    let taint = receiver.taint;
    let first = call.arg(0);
    let first_text = first.exact_str().map(str::to_owned);
    Some(match name {
        "startswith" | "endswith" if !has_hole(own) => {
            let end = first_text?;
            Value::bool(if name == "startswith" { own.starts_with(&end) } else { own.ends_with(&end) })
        }
        "find" | "index" if !has_hole(own) => {
            Value::number(own.find(&first_text?).map_or(-1.0, |at| own[..at].chars().count() as f64))
        }
        "isdigit" | "isnumeric" => Value::bool(!own.is_empty() && own.chars().all(|char| char.is_ascii_digit())),
        "zfill" => {
            let width = first.to_number()? as usize;
            let padding = width.min(4096).saturating_sub(own.chars().count());
            known(interp, format!("{}{own}", "0".repeat(padding)), taint)
        }
        "format" => brace_format(interp, receiver, own, call),
        "translate" => translated(interp, receiver, own, &first),
        "maketrans" => return None,
        // `pathlib.Path`, which is its text here.
        "joinpath" => files::joined(interp, std::iter::once(receiver.clone()).chain(call.args.clone()).collect()),
        "read_text" | "read_bytes" | "open" | "write_text" | "write_bytes" | "unlink" | "rmdir" | "exists"
        | "is_file" | "is_dir" | "mkdir" | "resolve" | "absolute" | "expanduser" | "as_posix" | "iterdir" | "glob"
        | "rglob" | "rename" | "touch" | "chmod" | "symlink_to" => files::path_method(interp, receiver, name, call),
        _ => return None,
    })
}

/// `split`, `rsplit`: at a separator, or at runs of white space.
fn split(interp: &mut Interp<'_>, receiver: &Value, own: &str, name: &str, call: &Call) -> Option<Value> {
    let taint = receiver.taint;
    let most = call.get(interp, 1, "maxsplit").and_then(|most| most.to_number()).filter(|most| *most >= 0.0);
    let most = most.map_or(usize::MAX, |most| most as usize + 1);
    let separator = call.arg(0);
    let parts: Vec<&str> = match separator.exact_str() {
        Some("") => return None,
        Some(separator) if name == "rsplit" => {
            let mut parts: Vec<&str> = own.rsplitn(most, separator).collect();
            parts.reverse();
            parts
        }
        Some(separator) => own.splitn(most, separator).collect(),
        None => own.split_whitespace().collect(),
    };
    if parts.len() > MAX_ELEMENTS || !interp.burn_bytes(own.len()) {
        return Some(interp.unknown(taint));
    }
    let parts = parts.into_iter().map(|part| Value::str(part).tainted(taint)).collect();
    Some(interp.array(parts))
}

fn swapped(char: char) -> char {
    match char.is_uppercase() {
        true => char.to_ascii_lowercase(),
        false => char.to_ascii_uppercase(),
    }
}

/// `str.translate` with a dictionary of code points.
fn translated(interp: &mut Interp<'_>, receiver: &Value, own: &str, table: &Value) -> Value {
    let Kind::Object(id) = table.kind else { return interp.unknown(receiver.taint) };
    let mut out = String::with_capacity(own.len());
    for char in own.chars() {
        match interp.object(id).props.get(&u32::from(char).to_string()) {
            Some(Slot::Value(Value { kind: Kind::Str(text), .. })) => out.push_str(text),
            Some(Slot::Value(Value { kind: Kind::Number(code), .. })) => out.extend(char::from_u32(*code as u32)),
            Some(Slot::Value(Value { kind: Kind::Null, .. })) => {}
            _ => out.push(char),
        }
    }
    known(interp, out, receiver.taint.or(Taint::DECODED))
}

/// `"{} {name}".format(…)`: as far as fields name arguments.
fn brace_format(interp: &mut Interp<'_>, receiver: &Value, own: &str, call: &Call) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    let (mut rest, mut next) = (own, 0);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        parts.push(Value::str(before));
        let doubled = after.as_bytes().get(1) == after.as_bytes().first();
        if doubled || after.starts_with('}') {
            parts.push(Value::str(&after[..1]));
            rest = &after[if doubled { 2 } else { 1 }..];
            continue;
        }
        let end = after.find('}').unwrap_or(after.len());
        let field = after.get(1..end).unwrap_or_default();
        let name = field.split([':', '!', '.', '[']).next().unwrap_or_default();
        let value = match name.parse::<usize>() {
            Ok(index) => call.args.get(index).cloned(),
            Err(_) if name.is_empty() => {
                next += 1;
                call.args.get(next - 1).cloned()
            }
            Err(_) => call.keyword(interp, name),
        };
        let value = value.unwrap_or(Value::UNKNOWN);
        let spec = field.split_once(':').map_or("", |(_, spec)| spec);
        parts.push(match value.kind {
            Kind::Number(number) if !spec.is_empty() => match formatted(number, spec) {
                Some(text) => Value::str(text).tainted(value.taint),
                None => value,
            },
            _ => value,
        });
        rest = after.get(end + 1..).unwrap_or_default();
    }
    parts.push(Value::str(rest));
    interp.concat_alternatives(&parts).tainted(receiver.taint)
}

/// `"%s" % value`.
pub(super) fn percent_format(interp: &mut Interp<'_>, format: &Value, values: &Value) -> Value {
    let Some(own) = text(interp, format) else {
        let taint = format.taint.or(interp.deep_taint(values));
        return interp.unknown(taint);
    };
    let list: Vec<Value> = match interp.elements(values) {
        Some(items) => items.to_vec(),
        None => vec![values.clone()],
    };
    let mut items = list.into_iter();
    let mut parts: Vec<Value> = Vec::new();
    let mut rest = own.as_str();
    while let Some(at) = rest.find('%') {
        parts.push(Value::str(&rest[..at]));
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            parts.push(Value::str("%"));
            rest = after;
            continue;
        }
        let named = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        let value = match named {
            Some((name, after)) => {
                rest = after;
                interp.get_property(values, name)
            }
            None => items.next().unwrap_or(Value::UNKNOWN),
        };
        let spec = rest.find(|char: char| char.is_ascii_alphabetic()).map_or(rest.len(), |at| at + 1);
        parts.push(value);
        rest = rest.get(spec..).unwrap_or_default();
    }
    parts.push(Value::str(rest));
    interp.concat_alternatives(&parts).tainted(format.taint)
}
