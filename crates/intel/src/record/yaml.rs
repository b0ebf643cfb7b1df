//! YAML as advisory databases write it (PyPA's): one document, without anchors, tags or other tricks.
//!
//! Built from the events of `saphyr-parser` on a stack of our own: the nesting is the file's to choose. Anchors are
//! refused, for aliases of aliases make gigabytes of a few lines.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Deepest nesting; a record has seven.
const MAX_DEPTH: usize = 64;
/// Most values of one file.
const MAX_VALUES: usize = 400_000;

/// A collection that has not ended yet.
enum Open {
    Sequence(Vec<Value>),
    /// Members so far, and the key that waits for its value.
    Mapping(Map<String, Value>, Option<String>),
}

/// Reads the one document of `text`.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut open: Vec<Open> = Vec::new();
    let mut whole = None;
    let mut values = 0usize;
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let (event, _) = event.map_err(|error| format!("it is no valid YAML: {}", error.info()))?;
        values += 1;
        if values > MAX_VALUES {
            return Err(format!("it has more than {MAX_VALUES} values"));
        }
        let done = match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse_anchors(anchor)?;
                Some(scalar(&text, style == ScalarStyle::Plain && tag.is_none()))
            }
            Event::SequenceStart(anchor, _) => begin(&mut open, anchor, Open::Sequence(Vec::new()))?,
            Event::MappingStart(anchor, _) => begin(&mut open, anchor, Open::Mapping(Map::new(), None))?,
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|ended| match ended {
                Open::Sequence(items) => Value::Array(items),
                Open::Mapping(members, _) => Value::Object(members),
            }),
            Event::Alias(_) => return Err("it has aliases, which are not followed".to_owned()),
            Event::DocumentStart(_) if whole.is_some() => return Err("it has several documents".to_owned()),
            _ => None,
        };
        if let Some(value) = done {
            match open.last_mut() {
                Some(inner) => place(inner, value)?,
                None => whole = Some(value),
            }
        }
    }
    whole.ok_or_else(|| "it is empty".to_owned())
}

fn refuse_anchors(anchor: usize) -> Result<(), String> {
    if anchor == 0 { Ok(()) } else { Err("it has anchors, which are not followed".to_owned()) }
}

fn begin(open: &mut Vec<Open>, anchor: usize, new: Open) -> Result<Option<Value>, String> {
    refuse_anchors(anchor)?;
    if open.len() >= MAX_DEPTH {
        return Err(format!("it is nested more than {MAX_DEPTH} deep"));
    }
    open.push(new);
    Ok(None)
}

/// Puts a value where it belongs: an item, a key, or what a key stands for.
fn place(inner: &mut Open, value: Value) -> Result<(), String> {
    match inner {
        Open::Sequence(items) => items.push(value),
        Open::Mapping(members, key) => match key.take() {
            Some(key) => {
                if members.contains_key(&key) {
                    return Err("it has a key twice".to_owned());
                }
                members.insert(key, value);
            }
            None => match value {
                Value::String(text) => *key = Some(text),
                Value::Number(number) => *key = Some(number.to_string()),
                _ => return Err("it has a key that is no text".to_owned()),
            },
        },
    }
    Ok(())
}

/// Versions and times stay texts: `1.0` is no number here. Only null and booleans are told apart.
fn scalar(text: &str, is_plain: bool) -> Value {
    match text {
        "" | "~" | "null" if is_plain => Value::Null,
        "true" if is_plain => Value::Bool(true),
        "false" if is_plain => Value::Bool(false),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        let value = read("id: A\nversions:\n- 1.0\n- '2'\nmodified: 2021-07-02T02:41:32Z\nwithdrawn:\n").unwrap();
        assert_eq!(
            value,
            serde_json::json!({"id": "A", "versions": ["1.0", "2"], "modified": "2021-07-02T02:41:32Z", "withdrawn": null})
        );
    }

    #[test]
    fn tricks_are_refused() {
        let deep = "- ".repeat(100_000);
        let flow = "[".repeat(100_000);
        for text in ["a: &a [1]\nb: *a\n", "a: 1\na: 2\n", "--- 1\n--- 2\n", "", "a: [", "[a]: 1", &deep, &flow] {
            assert!(read(text).is_err(), "{}", text.get(..text.len().min(20)).unwrap_or_default());
        }
    }
}
